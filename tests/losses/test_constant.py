"""The best constant of each loss, against explicit formulas and SciPy's search."""

import math

import array_api_strict
import numpy as np
import pytest
from components import with_formula
from libraries import array_functions
from numpy.testing import assert_allclose, assert_array_equal
from reference import CLASSIFICATION_LOSSES as LABEL_FORMULAS
from reference import LOSSES as FORMULAS
from reference import one_vs_rest_loss, quantile_loss, softmax_loss
from scipy.optimize import minimize, minimize_scalar
from sklearn import config_context

from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES, OneVsRest, Quantile, Softmax
from gdregress.losses.constant import SAMPLE, best_constant

N = 41
FORMULAS = {**FORMULAS, "quantile 0.1": lambda y, z: quantile_loss(y, z, 0.1)}
LOG_LOSS = CLASSIFICATION_LOSSES["log_loss"]()
EVERY_LOSS = {**{name: loss() for name, loss in LOSSES.items()}, "quantile 0.1": Quantile(0.1)}


def targets(seed=0, n=N):
    """Positive and skewed, so that mean, median and mode are three things."""
    return np.random.RandomState(seed).gamma(1.5, size=n) + 0.05


def some_weights(n=N):
    weights = np.random.RandomState(1).uniform(0, 3, size=n)
    weights[::7] = 0
    return weights / weights.mean()


def mean_of(formula, y, b, weights=None):
    """Weighted mean of a loss at one constant prediction."""
    losses = [formula(float(target), b) for target in y]
    return float(np.average(losses, weights=weights))


def least(formula, y, weights, low, high):
    """The least that SciPy finds: from the best of a grid, as kinks make plains."""
    grid = np.linspace(low, high, 401)
    values = [mean_of(formula, y, b, weights) for b in grid]
    best, step = grid[int(np.argmin(values))], grid[1] - grid[0]
    found = minimize_scalar(
        lambda b: mean_of(formula, y, b, weights),
        bounds=(best - step, best + step),
        options={"xatol": 1e-12},
    )
    return min(found.fun, min(values))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", [*with_formula(LOSSES), "quantile 0.1"])
def test_no_constant_is_better(name, weighted):
    y, weights = targets(), some_weights() if weighted else None
    b = float(best_constant(EVERY_LOSS[name], y, weights))
    low, high = (-5.0, 3.0) if EVERY_LOSS[name].link == "log" else (y.min(), y.max())
    known = least(FORMULAS[name], y, weights, low, high)
    assert mean_of(FORMULAS[name], y, b, weights) <= known + 1e-7


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("squared_error", np.mean),
        ("absolute_error", np.median),
        ("quantile 0.1", lambda y: np.sort(y)[math.floor(0.1 * N)]),
        ("poisson", lambda y: np.log(np.mean(y))),
        ("gamma", lambda y: np.log(np.mean(y))),
    ],
)
def test_constants_that_have_a_name(name, expected):
    y = targets()
    rtol = 1e-13 if EVERY_LOSS[name].smooth else 1e-6
    assert_allclose(best_constant(EVERY_LOSS[name], y, None), expected(y), rtol=rtol)


@pytest.mark.parametrize("name", EVERY_LOSS)
def test_several_targets_have_one_each(name):
    Y = np.column_stack([targets(0), 5 * targets(1), 0.1 * targets(2)])
    constants = best_constant(EVERY_LOSS[name], Y, some_weights())
    assert constants.shape == (3,)
    for y, b in zip(Y.T, constants, strict=True):
        alone = best_constant(EVERY_LOSS[name], np.ascontiguousarray(y), some_weights())
        assert b == pytest.approx(float(alone), rel=1e-12)


@pytest.mark.parametrize("name", EVERY_LOSS)
def test_units_of_weights_do_not_matter(name):
    y, weights = targets(), some_weights()
    one, other = (best_constant(EVERY_LOSS[name], y, k * weights) for k in (1.0, 1e3))
    assert_allclose(other, one, rtol=1e-12)


@pytest.mark.parametrize("name", EVERY_LOSS)
def test_a_constant_target_is_met(name):
    b = best_constant(EVERY_LOSS[name], np.full(N, 2.5), None)
    expected = math.log(2.5) if EVERY_LOSS[name].link == "log" else 2.5
    # losses that are zero around the target have many
    width = 0.1 if "insensitive" in name else 1e-12
    assert float(b) == pytest.approx(expected, abs=width)


@pytest.mark.parametrize("library", [np, array_api_strict])
@pytest.mark.parametrize("name", EVERY_LOSS)
def test_of_integers_it_is_no_integer(name, library):
    y = np.array([1, 2, 2, 5, 9, 3])
    expected = best_constant(EVERY_LOSS[name], y.astype(float), None)
    found = best_constant(EVERY_LOSS[name], library.asarray(y), None)
    assert_array_equal(np.asarray(found), expected)


def test_of_integer_labels_it_is_no_integer():
    found = best_constant(LOG_LOSS, np.array([-1, 1, 1, 1]), None)
    assert_allclose(found, math.log(3), rtol=1e-12)


def test_of_many_rows_a_sample_will_do():
    y = targets(n=40 * SAMPLE)
    b = float(best_constant(LOSSES["absolute_error"](), y, None))
    assert np.mean(y < b) == pytest.approx(0.5, abs=0.05)


def test_a_sample_without_weight_counts_as_it_is():
    y, weights = np.arange(3.0 * SAMPLE), np.ones(3 * SAMPLE)
    weights[::3] = 0  # all that the sample sees
    b = float(best_constant(LOSSES["absolute_error"](), y, weights))
    assert 0 < b < len(y)


# Labels and classes -----------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
@pytest.mark.parametrize("name", with_formula(CLASSIFICATION_LOSSES))
def test_no_constant_is_better_for_labels(name, share, weighted):
    y = np.where(np.random.RandomState(0).uniform(size=N) < share, 1.0, -1.0)
    weights = some_weights() if weighted else None
    b = float(best_constant(CLASSIFICATION_LOSSES[name](), y, weights))
    known = least(LABEL_FORMULAS[name], y, weights, -4.0, 4.0)
    assert mean_of(LABEL_FORMULAS[name], y, b, weights) <= known + 1e-7


def test_log_odds_of_labels():
    y = np.repeat([1.0, -1.0], [30, 10])
    assert_allclose(best_constant(CLASSIFICATION_LOSSES["log_loss"](), y, None), np.log(3.0))


@pytest.mark.parametrize("name", CLASSIFICATION_LOSSES)
@pytest.mark.parametrize("label", [-1.0, 1.0])
def test_one_label_alone_is_no_certainty(name, label):
    """As if one more row had the other label."""
    b = float(best_constant(CLASSIFICATION_LOSSES[name](), np.full(N, label), None))
    assert math.isfinite(b) and b * label >= 0
    assert abs(b) <= math.log(N) + 1e-12


def classes():
    return np.random.RandomState(0).choice([0.0, 1.0, 2.0], size=N, p=[0.6, 0.3, 0.1])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["softmax", *with_formula(CLASSIFICATION_LOSSES)])
def test_no_constants_are_better_for_classes(name, weighted):
    y, weights = classes(), some_weights() if weighted else None

    def mean_loss(z):
        if name == "softmax":
            losses = [softmax_loss(int(t), list(z)) for t in y]
        else:
            losses = [one_vs_rest_loss(name, int(t), list(z)) for t in y]
        return float(np.average(losses, weights=weights))

    loss = Softmax(3) if name == "softmax" else OneVsRest(CLASSIFICATION_LOSSES[name](), 3)
    found = best_constant(loss, y, weights)
    assert found.shape == (3,)
    better = minimize(mean_loss, found, method="Nelder-Mead", options={"xatol": 1e-8})
    assert mean_loss(found) <= better.fun + 1e-7


def test_classes_that_no_row_has():
    b = best_constant(Softmax(5), classes(), None)
    assert np.isfinite(b).all()
    assert b.sum() == pytest.approx(0.0, abs=1e-12)
    assert b[3] == b[4] < b[:3].min()


@pytest.mark.parametrize("small", [1e-3, 1e-9])
def test_classes_of_next_to_no_weight(small):
    """Their share is that of the weights, however few rows there are."""
    y, weights = np.array([-1.0, 1.0, 1.0]), np.array([small, 1.0, 1.0])
    expected = math.log(2 / small)
    assert_allclose(best_constant(LOG_LOSS, y, weights), expected, rtol=1e-6)
    assert_allclose(best_constant(LOG_LOSS, -y, weights), -expected, rtol=1e-6)
    for_each = best_constant(OneVsRest(LOG_LOSS, 3), np.array([0.0, 1.0, 2.0]), weights)
    assert_allclose(for_each[0], -expected, rtol=1e-6)
    logits = best_constant(Softmax(3), np.array([0.0, 1.0, 2.0]), weights)
    assert_allclose(logits - logits[2], [math.log(small), 0.0, 0.0], rtol=1e-12)


# Types ------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["array_api_strict", "torch", "jax"])
@pytest.mark.parametrize("name", ["squared_error", "huber", "poisson"])
def test_arrays_of_other_libraries(name, library):
    xp, y = array_functions(library), targets().astype(np.float32)
    expected = best_constant(EVERY_LOSS[name], y, None)
    with config_context(array_api_dispatch=True):
        b = best_constant(EVERY_LOSS[name], xp.asarray(y), None)
    assert type(b) is type(xp.asarray(y)) and b.dtype == xp.asarray(y).dtype
    assert float(b) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("name", EVERY_LOSS)
def test_single_precision_stays(name):
    y = targets()
    single = best_constant(EVERY_LOSS[name], y.astype(np.float32), None)
    assert single.dtype == np.float32
    assert_allclose(single, best_constant(EVERY_LOSS[name], y, None), rtol=1e-5)


@pytest.mark.parametrize("unweighted", range(8))
def test_the_lower_end_of_an_interval_of_best_constants(unweighted):
    """Rounding, which is another one for weights and copies, does not choose among them."""
    y, counts = np.array([0.0, 0.0, 3.0, 3.0]), np.array([2, 3, 2, 3])
    copies = best_constant(LOSSES["huber"](), np.repeat(y, counts), None)
    y, weights = np.r_[y, np.zeros(unweighted)], np.r_[counts, np.zeros(unweighted)]
    weighted = best_constant(LOSSES["huber"](), y, weights / weights.mean())
    assert_allclose([weighted, copies], 1.35, rtol=1e-6)
