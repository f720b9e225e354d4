"""The kernels on classes: compiled, interpreted, the plain engine and reference.py agree."""

import math
import warnings
from functools import partial

import numpy as np
import pytest
import twins
from components import with_both
from grids import pairwise
from harness import threads
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import CLASSIFICATION_LOSSES as NAIVE
from reference import (
    CLASSIFICATION_SLOPES,
    STEPS,
    averaged,
    class_descent,
    descent,
    one_vs_rest_loss,
    one_vs_rest_slopes,
    softmax_loss,
    softmax_slopes,
)
from scipy import sparse, special
from threadpoolctl import threadpool_limits
from twins import (
    FORMS,
    LAYOUTS,
    PENALISED,
    STORAGES,
    TOLERANCES,
    TWINS,
    assert_near,
    assert_same,
    in_single,
    make_params,
    needs_compiler,
    parameters_of,
)

from gdregress import GDClassifier
from gdregress._core import core
from gdregress._core.threads import pieces_of
from gdregress._objective.design import DesignMatrix
from gdregress._objective.fused_pass import fused_pass
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.losses.multiclass import multiclass_loss
from gdregress.optimizers import OPTIMIZERS

pytestmark = [
    needs_compiler,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

fit = partial(twins.fit, estimator=GDClassifier)
assert_forms_agree = partial(twins.assert_forms_agree, estimator=GDClassifier)
every_loss = pytest.mark.parametrize("loss", with_both(CLASSIFICATION_LOSSES))
RATE = 0.05
# The plain engine leaves the storage to NumPy and SciPy.
FORMS_AND_STORAGES = [
    *((form, store) for form in ("compiled", "interpreted") for store in STORAGES.values()),
    ("plain", np.asarray),
]


@pytest.fixture(scope="module")
def rows():
    """Rows with zeros and an empty row, and unequal weights."""
    rng = np.random.RandomState(0)
    X = rng.randn(23, 5) * (rng.rand(23, 5) < 0.6)
    X[3] = 0
    return in_single(2 * X), in_single(rng.rand(23))


def classes(X, k):
    """Numbers of k classes, all of them among the rows, that the columns say something of."""
    noise = np.random.RandomState(1).randn(len(X))
    y = np.searchsorted(np.linspace(-1, 1, k - 1), X @ [1, -1, 0.5, 0, 1] + noise)
    y[:k] = np.arange(k)
    return y


def start_of(penalty, p):
    """Zero, or the nearest that a box allows."""
    coef = [PENALISED[penalty][1](0.0, 1.0, j) for j in range(p)]
    return np.array([*coef, 0.0])


def reference_path(X, y, weights, loss, optimizer, penalty, epochs, batch_size):
    """Parameters after every update by plain loops: one row for each class, one for two."""
    n, p = X.shape
    k = int(y.max()) + 1
    weights = np.ones(n) if weights is None else weights
    rng = np.random.RandomState(0)
    orders = [rng.permutation(n) for _ in range(epochs)]
    start = start_of(penalty, p)
    rule, prox = STEPS[optimizer], PENALISED[penalty][1]
    given = rule, prox, lambda count: RATE, orders, batch_size
    if k == 2:
        slope = CLASSIFICATION_SLOPES[loss]
        return [w[None, :] for w in descent(X, 2 * y - 1, weights, slope, *given, start)]
    slopes = softmax_slopes if loss == "log_loss" else partial(one_vs_rest_slopes, loss)
    return class_descent(X, y, k, weights, slopes, *given, np.tile(start, (k, 1)))


def given_for(loss, optimizer, penalty, epochs, batch_size):
    """Parameters of the estimator for the same run."""
    return PENALISED[penalty][0] | {
        "loss": loss,
        "optimizer": optimizer,
        "learning_rate": RATE,
        "schedule": "constant",
        "solver": "mini-batch",
        "batch_size": batch_size,
        "max_iter": epochs,
    }


# Two classes: every loss, rule and penalty ------------------------------------------------


@pairwise(
    loss=with_both(CLASSIFICATION_LOSSES),
    optimizer=with_both(OPTIMIZERS),
    penalty=[None, "l2", "l1", "elasticnet", "box"],
)
def test_all_forms_equal_the_reference(loss, optimizer, penalty, rows):
    X, weights = rows
    y = classes(X, 2)
    # rows one by one have a core of their own for plain descent; the last batch holds 3 of 4
    runs = [(4, 2, weights)] + [(1, 1, None)] * (optimizer in ("gd", "adam"))
    for batch_size, epochs, s in runs:
        path = reference_path(X, y, s, loss, optimizer, penalty, epochs, batch_size)
        given = given_for(loss, optimizer, penalty, epochs, batch_size)
        for (form, dtype), rtol in TOLERANCES.items():
            if dtype == np.float32 and (batch_size == 1 or penalty not in ("elasticnet", "box")):
                continue
            for store in [np.asarray] if form == "plain" else STORAGES.values():
                model = fit(form, store(X.astype(dtype)), y, s, **given)
                assert_near(parameters_of(model), path[-1], rtol)
                assert model.coef_.dtype == dtype and model.coef_.shape == (1, 5)


# More than two classes ---------------------------------------------------------------------


@pairwise(
    loss=with_both(CLASSIFICATION_LOSSES),
    k=[3, 5],
    optimizer=["gd", "nesterov", "amsgrad"],
    penalty=["elasticnet", "boxes"],
)
def test_more_than_two_classes(loss, k, optimizer, penalty, rows):
    X, weights = rows
    y = classes(X, k)
    for batch_size, s in ((1, weights), (4, None)):
        path = reference_path(X, y, s, loss, optimizer, penalty, 1, batch_size)
        given = given_for(loss, optimizer, penalty, 1, batch_size)
        for form, store in FORMS_AND_STORAGES:
            model = fit(form, store(X), y, s, **given)
            assert_near(parameters_of(model), path[-1], 1e-11)


@pairwise(optimizer=with_both(OPTIMIZERS), penalty=[None, "l1", "l2", "box"])
def test_softmax_by_every_rule(optimizer, penalty, rows):
    X, weights = rows
    y = classes(X, 3)
    path = reference_path(X, y, weights, "log_loss", optimizer, penalty, 2, 4)
    given = given_for("log_loss", optimizer, penalty, 2, 4)
    for form, store in FORMS_AND_STORAGES:
        model = fit(form, store(X), y, weights, **given)
        assert_near(parameters_of(model), path[-1], 1e-11)


@pairwise(loss=with_both(CLASSIFICATION_LOSSES), optimizer=["gd", "momentum"], storage=STORAGES)
def test_classes_in_single_precision(loss, optimizer, storage, rows):
    X, weights = rows
    y = classes(X, 3)
    path = reference_path(X, y, weights, loss, optimizer, "elasticnet", 2, 4)
    given = given_for(loss, optimizer, "elasticnet", 2, 4)
    for form in ("compiled", "plain"):
        model = fit(form, STORAGES[storage](X.astype(np.float32)), y, weights, **given)
        assert_near(parameters_of(model), path[-1], TOLERANCES[form, np.float32])
        assert model.coef_.dtype == np.float32


# Averages, weights, shapes ----------------------------------------------------------------


@pairwise(
    k=[2, 3],
    average=[True, 5],
    optimizer=["gd", "nesterov", "adam"],
    penalty=[None, "elasticnet"],
)
def test_averages(k, average, optimizer, penalty, rows):
    X, weights = rows
    y = classes(X, k)
    for loss, batch_size, epochs in (("log_loss", 4, 3), ("squared_hinge", 1, 1)):
        path = reference_path(X, y, weights, loss, optimizer, penalty, epochs, batch_size)
        expected = averaged(path, average)
        given = given_for(loss, optimizer, penalty, epochs, batch_size) | {"average": average}
        for form, store in FORMS_AND_STORAGES:
            model = fit(form, store(X), y, weights, **given)
            assert_near(parameters_of(model), expected, 1e-11)


@pairwise(loss=with_both(CLASSIFICATION_LOSSES), k=[2, 3], storage=STORAGES)
def test_rows_of_weight_zero_do_not_exist(loss, k, storage, rows):
    X, weights = rows
    y, store = classes(X, k), STORAGES[storage]
    weights = np.where(np.arange(23) % 4 == 3, 0.0, weights)
    kept = weights > 0
    given = given_for(loss, "momentum", "l1", 2, 4)
    all_rows = assert_forms_agree(store(X), y, weights, **given)
    for form in FORMS:
        assert_same(fit(form, store(X[kept]), y[kept], weights[kept], **given), all_rows, 1e-12)


@pairwise(k=[2, 3], optimizer=["gd", "nesterov"], batch_size=[3, 7, 8, 9, 17, 23])
def test_batches_around_multiples_of_the_vectors(k, optimizer, batch_size, rows):
    X, weights = rows
    y = classes(X, k)
    path = reference_path(X, y, weights, "log_loss", optimizer, "l2", 2, batch_size)
    for form in ("compiled", "interpreted"):
        for store in STORAGES.values():
            given = given_for("log_loss", optimizer, "l2", 2, batch_size)
            assert_near(parameters_of(fit(form, store(X), y, weights, **given)), path[-1], 1e-11)


@pairwise(loss=with_both(CLASSIFICATION_LOSSES), k=[2, 3], batch_size=[19, 40, 100])
def test_batches_of_more_rows_than_the_cache_holds(loss, k, batch_size):
    rng = np.random.RandomState(0)
    X = rng.randn(100, 700)
    y = np.searchsorted([-20.0, 20.0][: k - 1], X @ rng.randn(700))
    for optimizer in ("gd", "momentum"):
        given = given_for(loss, optimizer, "l2", 2, batch_size) | {"learning_rate": 1e-3}
        assert_forms_agree(X, y, rng.rand(100), 1e-11, ("compiled", "plain"), **given)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("optimizer", ["gd", "adagrad"])
def test_weights_of_classes_are_those_of_their_rows(optimizer, k, rows):
    X, weights = rows
    y, of_class = classes(X, k), np.array([0.5, 3.0, 2.0])
    given = given_for("log_loss", optimizer, "l2", 2, 4)
    given["class_weight"] = dict(enumerate(of_class[:k]))
    path = reference_path(X, y, weights * of_class[y], "log_loss", optimizer, "l2", 2, 4)
    for form, store in FORMS_AND_STORAGES:
        model = fit(form, store(X), y, weights, **given)
        assert_near(parameters_of(model), path[-1], 1e-11)


@pairwise(
    optimizer=["gd", "nesterov", "adam"],
    shape=[(2, 1), (4, 7), (9, 1), (10, 33)],
    batch_size=[1, 3, 100],
)
def test_odd_shapes(optimizer, shape, batch_size):
    rng = np.random.RandomState(1)
    X = rng.randn(*shape)
    # equal weights of classes of one size: the intercepts have no gradient but rounding
    weights = rng.rand(len(X))
    for k in {2, min(4, shape[0])}:
        for store in STORAGES.values():
            given = given_for("log_loss", optimizer, "l2", 2, batch_size)
            assert_forms_agree(store(X), np.arange(len(X)) % k, weights, **given)


@st.composite
def problems(draw):
    """Rows of any number and length and any number of classes."""
    k = draw(st.integers(2, 7))
    n, p = draw(st.integers(k, 30)), draw(st.integers(1, 40))
    rng = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    X = rng.randn(n, p) * (rng.rand(n, p) < density)
    y = rng.permutation(np.arange(n) % k)
    optimizer = draw(st.sampled_from(with_both(OPTIMIZERS)))
    # the intercepts of classes of one size and equal weight have no gradient but rounding, which
    # must neither be scaled up nor be all there is
    needed = OPTIMIZERS[optimizer].adaptive or density < 1
    weights = rng.rand(n) + 0.01 if draw(st.booleans()) or needed else None
    single = draw(st.booleans())
    store = STORAGES[draw(st.sampled_from(list(STORAGES)))]
    given = PENALISED[draw(st.sampled_from([None, "l2", "l1", "elasticnet", "box"]))][0] | {
        # without kinks: a rounding there would take another slope
        "loss": draw(st.sampled_from(["log_loss", "squared_hinge", "modified_huber"])),
        "optimizer": optimizer,
        "batch_size": draw(st.integers(1, n + 1)),
        "fit_intercept": draw(st.booleans()),
        "average": draw(st.sampled_from([False, True, 3])),
        "learning_rate": 0.1 / (p + 1),
        "max_iter": 2,
        "solver": "mini-batch",
    }
    return store(X.astype(np.float32) if single else X), y, weights, given


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_any_problem(problem):
    X, y, weights, given = problem
    # see the same test in test_kernels.py
    assume(X.dtype == np.float64 or not OPTIMIZERS[given["optimizer"]].adaptive)
    rtol = 1e-9 if X.dtype == np.float64 else 1e-4
    assert_forms_agree(X, y, weights, rtol, ("compiled", "plain"), **given)


@pairwise(
    penalty=["l1", "elasticnet", "boxes"],
    batches=[(1, False), (7, False), (7, 60)],
    k=[2, 4],
)
def test_coefficients_that_are_seldom_seen(penalty, batches, k):
    """Many updates, most of which do not touch a given coefficient."""
    rng = np.random.RandomState(0)
    X = sparse.random_array((500, 5), density=0.02, random_state=rng, format="csr")
    y = np.minimum((X @ np.arange(1.0, 6.0) + rng.rand(500)).astype(int), k - 1)
    assert len(np.unique(y)) == k
    batch_size, average = batches
    given = {"solver": "mini-batch", "batch_size": batch_size, "optimizer": "gd"}
    given |= {"learning_rate": 0.1, "max_iter": 2, "average": average}
    given |= PENALISED[penalty][0] | ({"alpha": 1e-3} if "box" not in penalty else {})
    expected = assert_forms_agree(X, y, None, 1e-11, ("compiled", "plain"), **given)
    assert (expected.coef_ != 0).any()


@pytest.mark.parametrize("optimizer", with_both(OPTIMIZERS))
def test_memory_is_handed_back(optimizer, rows):
    """Two calls of one epoch are one call of two."""
    X, weights = rows
    y = classes(X, 3)
    given = given_for("log_loss", optimizer, "l2", 4, 4) | {"average": 3}
    for stored in (X, sparse.csr_array(X)):
        once = fit("compiled", stored, y, weights, **given)
        parts = GDClassifier(tol=None, random_state=0, warm_start=True, **given | {"max_iter": 2})
        parts.fit(stored, y, weights).fit(stored, y, weights)
        assert_array_equal(parts.coef_, once.coef_)


# One pass over all rows --------------------------------------------------------------------


def pass_data(k, n=23, p=11, dtype=float):
    """Rows with zeros, an empty one, labels or class numbers, weights of mean 1, one zero."""
    rng = np.random.RandomState(0)
    X = 2 * rng.normal(size=(n, p)) * (rng.uniform(size=(n, p)) < 0.6)
    X[min(3, n - 1)] = 0
    y = rng.permutation(np.arange(n) % k)
    weights = rng.uniform(0.1, 1.0, size=n)
    weights[n // 2] = 0 if n > 1 else 1
    y = 2 * y - 1 if k == 2 else y
    return X.astype(dtype), y.astype(dtype), (weights / weights.mean()).astype(dtype)


def expected_pass(X, y, weights, loss, params, next_point, fit_intercept):
    """Mean loss and gradient there: plain formulas of each row, NumPy's sums."""
    X, params, next_point = (np.asarray(a, dtype=float) for a in (X, params, next_point))
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    s = np.ones(len(X)) if weights is None else weights.astype(float)
    value, slopes = NAIVE[loss], CLASSIFICATION_SLOPES[loss]
    own = [float(label) for label in y]
    if params.ndim == 2:
        own = [int(label) for label in y]
        softmax = loss == "log_loss"
        value = softmax_loss if softmax else partial(one_vs_rest_loss, loss)
        slopes = softmax_slopes if softmax else partial(one_vs_rest_slopes, loss)
    losses = [value(*pair) for pair in zip(own, (A @ params).tolist(), strict=True)]
    r = np.array([slopes(*pair) for pair in zip(own, (A @ next_point).tolist(), strict=True)])
    return s @ losses / len(X), A.T @ (r.T * s).T / len(X)


@pairwise(loss=with_both(CLASSIFICATION_LOSSES), k=[2, 3, 5], layout=LAYOUTS, twin=TWINS)
def test_fused_pass(loss, k, layout, twin):
    joint = multiclass_loss(CLASSIFICATION_LOSSES[loss](), k)
    for dtype, rtol in ((np.float64, 1e-13), (np.float32, 2e-6)):
        for fit_intercept, weighted in ((True, True), (False, False)):
            X, y, weights = pass_data(k, dtype=dtype)
            weights = weights if weighted else None
            design = DesignMatrix(LAYOUTS[layout](X), fit_intercept)
            outputs = 1 if k == 2 else k
            params, next_point = (
                make_params(design.n_parameters, outputs, seed, dtype) for seed in (1, 2)
            )
            args = design, y, weights, joint, params
            for point in (None, next_point):
                at = params if point is None else point
                expected = expected_pass(X, y, weights, loss, params, at, fit_intercept)
                value, gradient = fused_pass(*args, point, kernels=TWINS[twin])
                assert_allclose(value, expected[0], rtol=rtol)
                assert_allclose(gradient, expected[1], rtol=rtol, atol=rtol)
                assert gradient.shape == params.shape and gradient.dtype == dtype
            alone, nothing = fused_pass(*args, next_point, gradient=False, kernels=TWINS[twin])
            assert alone == value and nothing is None


@pairwise(p=[1, 7, 8, 9, 33, 300], k=[2, 3], dtype=[np.float64, np.float32])
def test_every_end_of_the_vector_loops(p, k, dtype):
    """Row lengths around multiples of the vectors, numbers of rows around those of the blocks."""
    joint = multiclass_loss(CLASSIFICATION_LOSSES["log_loss"](), k)
    for n in (1, 2, 5, 9, 70):
        X, y, weights = pass_data(k, n, p, dtype)
        params = make_params(p + 1, 1 if k == 2 else k, 1, dtype)
        value, gradient = fused_pass(DesignMatrix(X, True), y, weights, joint, params)
        expected = expected_pass(X, y, weights, "log_loss", params, params, True)
        rtol = 1e-12 if dtype == np.float64 else 1e-5
        assert_allclose(value, expected[0], rtol=rtol)
        assert_allclose(gradient, expected[1], rtol=rtol, atol=rtol)


@pytest.mark.parametrize(
    ("loss", "k", "layout"),
    [
        ("log_loss", 2, "C"),
        ("log_loss", 2, "csr"),
        ("log_loss", 5, "Fortran"),
        ("log_loss", 5, "csr"),
        ("hinge", 3, "C"),
    ],
)
def test_threads_do_not_change_a_bit(loss, k, layout, monkeypatch):
    monkeypatch.setattr("gdregress._core.threads.SMALLEST_PIECE", 4096)
    X, y, weights = pass_data(k, 2000, 20)
    assert len(pieces_of(2000, 20)) > 8
    joint = multiclass_loss(CLASSIFICATION_LOSSES[loss](), k)
    params, next_point = (make_params(21, 1 if k == 2 else k, seed) for seed in (1, 2))
    args = DesignMatrix(LAYOUTS[layout](X), True), y, weights, joint, params, next_point

    def both():
        value, gradient = fused_pass(*args)
        return np.concatenate([[value], gradient.ravel()])

    freely = both()
    with threadpool_limits(1):
        assert_array_equal(both(), freely)
    for n_threads in (1, 2, 3, 7):
        with threads(n_threads):
            assert_array_equal(both(), freely)
    value, gradient = expected_pass(X, y, weights, loss, params, next_point, True)
    assert_allclose(freely[0], value, rtol=1e-12)
    assert_allclose(freely[1:], gradient.ravel(), rtol=1e-10, atol=1e-12)


# Far and tiny margins, and what is no number ----------------------------------------------


def pass_by_rows(joint, y, z, kernels):
    """Loss and slopes of each row of predictions z, all of them in one block."""
    n = len(z)
    design = DesignMatrix(np.eye(n), False)
    values = [
        fused_pass(design, y, n * one, joint, z, gradient=False, kernels=kernels)[0]
        for one in np.eye(n)
    ]
    return np.array(values), n * fused_pass(design, y, None, joint, z, kernels=kernels)[1]


SIZES = np.concatenate([[0.0], 10 ** np.random.RandomState(0).uniform(-9, 2.8, size=30)])
SIGNED = np.concatenate([-SIZES[:0:-1], SIZES])


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("label", [-1.0, 1.0])
@pytest.mark.parametrize("n", [1, 2, 7, 8, 13, 61])
def test_log_loss_keeps_all_digits_at_every_place_of_a_block(n, label, twin):
    m = SIGNED[::-1][:n]
    values, slopes = pass_by_rows(
        CLASSIFICATION_LOSSES["log_loss"](), np.full(n, label), label * m, TWINS[twin]
    )
    assert_allclose(values, np.where(m > 0, 0, -m) + np.log1p(np.exp(-abs(m))), rtol=2e-15)
    assert_allclose(slopes, -label * special.expit(-m), rtol=4e-15)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("k", [3, 5])
@pytest.mark.parametrize("n", [1, 7, 8, 13, 61])
def test_softmax_keeps_all_digits_at_every_place_of_a_block(n, k, twin):
    """One class at a distance from all others, which are equal; it is the row's own or not."""
    m = SIGNED[::-1][:n]
    e = np.exp(-abs(m))
    for own in (0, k - 1):
        for y in (own, 1):
            z = np.zeros((n, k))
            z[:, own] = m
            values, slopes = pass_by_rows(
                multiclass_loss(CLASSIFICATION_LOSSES["log_loss"](), k),
                np.full(n, float(y)),
                z,
                TWINS[twin],
            )
            # log of the sum of all e^z: of own and k - 1 others
            log_sum = np.where(
                m > 0, m + np.log1p((k - 1) * e), np.log(k - 1.0) + np.log1p(e / (k - 1))
            )
            probability = np.where(m > 0, 1 / (1 + (k - 1) * e), e / (e + k - 1))
            others = np.where(m > 0, e / (1 + (k - 1) * e), 1 / (e + k - 1))
            if y == own:
                expected = np.where(m > 0, np.log1p((k - 1) * e), log_sum - m)
                assert_allclose(slopes[:, own], -(k - 1) * others, rtol=4e-15)
            else:
                expected = log_sum
                assert_allclose(slopes[:, own], probability, rtol=4e-15)
                assert_allclose(slopes[:, 1], -probability - (k - 2) * others, rtol=4e-15)
            assert_allclose(values, expected, rtol=4e-15)
            rest = [t for t in range(k) if t not in (own, y)]
            assert_allclose(slopes[:, rest], np.tile(others[:, None], len(rest)), rtol=4e-15)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("k", [2, 3])
@every_loss
def test_a_prediction_that_is_no_number_is_not_without_loss(loss, k, twin):
    """Also where it is that of a class without rows, as one call of partial_fit may have it."""
    joint = multiclass_loss(CLASSIFICATION_LOSSES[loss](), k)
    for place in range(1 if k == 2 else k):
        z = np.zeros((9, 1 if k == 2 else k))
        z[4, place] = np.nan
        z = z[:, 0] if k == 2 else z
        args = DesignMatrix(np.eye(9), False), np.ones(9), None, joint, z
        assert np.isnan(fused_pass(*args, kernels=TWINS[twin])[0])


@pairwise(
    penalty=[None, "l2"],
    loss=["log_loss", "squared_hinge", "modified_huber"],
    k=[2, 3],
    solver=["stochastic", "mini-batch"],
    storage=STORAGES,
)
def test_an_epoch_that_overflows_has_diverged(penalty, loss, k, solver, storage):
    """The objective of coefficients that are no numbers is no zero."""
    rng = np.random.RandomState(0)
    X = rng.randn(2000, 5)
    y = np.searchsorted([0.0, 1.0][: k - 1], X[:, 0] + rng.randn(2000))
    model = GDClassifier(
        loss, penalty=penalty, solver=solver, learning_rate=1e200, optimizer="gd", random_state=0
    )
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        model.fit(STORAGES[storage](X), y)
    assert np.isfinite(model.coef_).all() and np.isfinite(model.intercept_).all()
    assert np.isfinite(model.loss_curve_[-1]) or model.stop_reason_ == "diverged"
    assert not model.converged_ and raised


def pass_at_margin(loss, k, margin, kernels):
    """Loss and slopes of one row, of the last class, whose margin over all others is given."""
    joint = multiclass_loss(CLASSIFICATION_LOSSES[loss](), k)
    X, y = np.ones((1, 1)), np.array([1.0 if k == 2 else k - 1.0])
    params = np.zeros((1, k))
    params[0, -1] = margin
    params = params[:, -1] if k == 2 else params
    return fused_pass(DesignMatrix(X, False), y, None, joint, params, kernels=kernels)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("margin", [50.0, 600.0])
@pytest.mark.parametrize("k", [2, 3])
def test_tiny_losses_keep_their_digits(k, margin, twin):
    value, gradient = pass_at_margin("log_loss", k, margin, TWINS[twin])
    others = 1 if k == 2 else k - 1
    assert value == pytest.approx(others * math.exp(-margin), rel=1e-14)
    assert gradient.ravel()[-1] == pytest.approx(-others * math.exp(-margin), rel=1e-14)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("far", [1e4, 1e5])
@pytest.mark.parametrize("k", [2, 3])
def test_far_margins_are_finite_and_exact(k, far, twin):
    value, gradient = pass_at_margin("log_loss", k, far, TWINS[twin])
    assert value == 0 and not gradient.any()
    value, gradient = pass_at_margin("log_loss", k, -far, TWINS[twin])
    assert value == pytest.approx(far + math.log(max(1, k - 1)), rel=1e-15)
    assert gradient.ravel()[-1] == -1
    for loss, of_right, of_wrong in (
        ("squared_hinge", 0.0, (1 + far) ** 2),
        ("modified_huber", 0.0, 4 * far),
        ("hinge", 0.0, 1 + far),
        ("perceptron", 0.0, far),
    ):
        # the other classes, if any, lie at zero: a hinge of 1, nothing for the perceptron
        others = (k - 1) * (loss != "perceptron") if k > 2 else 0
        for margin, own in ((far, of_right), (-far, of_wrong)):
            value, gradient = pass_at_margin(loss, k, margin, TWINS[twin])
            assert value == own + others
            assert np.isfinite(gradient).all()


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("k", [3, 5])
@every_loss
def test_the_last_of_equal_predictions_is_no_other_than_the_first(loss, k, twin):
    """All predictions equal, and large: softmax gives each class the same probability."""
    joint = multiclass_loss(CLASSIFICATION_LOSSES[loss](), k)
    X, params = np.ones((k, 1)), np.full((1, k), 1e4)
    value, gradient = fused_pass(
        DesignMatrix(X, False), np.arange(float(k)), None, joint, params, kernels=TWINS[twin]
    )
    assert_allclose(gradient, gradient[0, 0], rtol=1e-14, atol=1e-16)
    if loss == "log_loss":
        assert value == pytest.approx(math.log(k), rel=1e-15)


def test_the_core_covers_every_loss_of_classes():
    design = DesignMatrix(np.ones((2, 1)), True)
    for name in with_both(CLASSIFICATION_LOSSES):
        for k in (2, 3):
            assert core.covers(multiclass_loss(CLASSIFICATION_LOSSES[name](), k), design)
