"""Each penalty: its value, and its prox against a search for the minimum."""

import numpy as np
import pytest
from libraries import array_functions
from reference import elasticnet_prox, elasticnet_value, l1_prox, l1_value, l2_prox, l2_value
from scipy.optimize import minimize_scalar

from gdregress import GDRegressor
from gdregress.penalties import L1, L2, PENALTIES, Box, ElasticNet, NoPenalty

ALPHA, RATIO = 0.7, 0.4
NAMED = {
    **{name: penalty() for name, penalty in PENALTIES.items()},
    "l2": L2(ALPHA),
    "l1": L1(ALPHA),
    "elasticnet": ElasticNet(ALPHA, RATIO),
}
w = np.array([-3.0, -0.2, 0.0, 0.05, 0.6, 4.0])

every_penalty = pytest.mark.parametrize("penalty", NAMED.values(), ids=str)
step_sizes = pytest.mark.parametrize(
    "step", [0.01, 1.0, 5.0, np.array([0.01, 0.1, 0.3, 1.0, 2.0, 5.0])], ids=str
)


# Values


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (NoPenalty(), 0.0),
        (L1(ALPHA), l1_value(w, ALPHA)),
        (L2(ALPHA), l2_value(w, ALPHA)),
        (ElasticNet(ALPHA, RATIO), elasticnet_value(w, ALPHA, RATIO)),
    ],
    ids=str,
)
def test_value(penalty, expected):
    assert float(penalty.value(w)) == pytest.approx(expected, rel=1e-14)
    two_targets = np.column_stack([w, -w])
    assert float(penalty.value(two_targets)) == pytest.approx(2 * expected, rel=1e-14)


def test_elasticnet_lies_between_l1_and_l2():
    assert ElasticNet(ALPHA, 1.0).value(w) == pytest.approx(L1(ALPHA).value(w))
    assert ElasticNet(ALPHA, 0.0).value(w) == pytest.approx(L2(ALPHA).value(w))
    np.testing.assert_allclose(ElasticNet(ALPHA, 1.0).prox(w, 0.3), L1(ALPHA).prox(w, 0.3))
    np.testing.assert_allclose(ElasticNet(ALPHA, 0.0).prox(w, 0.3), L2(ALPHA).prox(w, 0.3))


# Prox


@step_sizes
@every_penalty
def test_prox_is_the_minimiser(penalty, step):
    """argmin_u R(u) + (u - w)^2 / (2 s), found by a search over the line."""
    prox = penalty.prox(w, step)
    for target, size, found in zip(w, np.broadcast_to(step, w.shape), prox, strict=True):

        def cost(u, target=target, size=size):
            return float(penalty.value(np.array([u]))) + (u - target) ** 2 / (2 * size)

        searched = minimize_scalar(cost, bounds=(-10, 10), options={"xatol": 1e-10})
        assert found == pytest.approx(searched.x, abs=2e-6)
        assert cost(found) <= searched.fun + 1e-12


NAIVE_PROX = {
    "l2": (L2(ALPHA), lambda u, s: l2_prox(u, s, ALPHA)),
    "l1": (L1(ALPHA), lambda u, s: l1_prox(u, s, ALPHA)),
    "elasticnet": (ElasticNet(ALPHA, RATIO), lambda u, s: elasticnet_prox(u, s, ALPHA, RATIO)),
}


@step_sizes
@pytest.mark.parametrize("name", NAIVE_PROX)
def test_prox_is_that_of_the_plain_formula(name, step):
    penalty, naive = NAIVE_PROX[name]
    expected = np.vectorize(naive)(w, step)
    np.testing.assert_allclose(penalty.prox(w, step), expected, rtol=1e-14, atol=1e-15)


def test_one_step_for_all_is_a_step_for_each():
    for penalty in NAMED.values():
        each = penalty.prox(w, np.full(w.shape, 0.3))
        np.testing.assert_array_equal(penalty.prox(w, 0.3), each)


@pytest.mark.parametrize("penalty", [L1(ALPHA), ElasticNet(ALPHA, RATIO)], ids=str)
def test_l1_gives_exact_zeros(penalty):
    threshold = 0.5 * ALPHA * getattr(penalty, "l1_ratio", 1.0)
    small = np.array([-0.99, -0.3, 0.1, 1.0]) * threshold
    assert (penalty.prox(small, 0.5) == 0.0).all()
    assert (penalty.prox(1.01 * np.sign(small) * threshold, 0.5) != 0.0).all()


def test_l2_gives_no_zeros():
    assert (L2(ALPHA).prox(w[w != 0], 5.0) != 0.0).all()


@every_penalty
def test_two_targets_are_two_columns(penalty):
    both = penalty.prox(np.column_stack([w, 2 * w]), 0.3)
    expected = np.column_stack([penalty.prox(w, 0.3), penalty.prox(2 * w, 0.3)])
    np.testing.assert_array_equal(both, expected)


@every_penalty
def test_strong_convexity_is_the_curvature_of_the_smooth_part(penalty):
    """Far from zero the second difference of R along one coordinate."""
    at = [float(penalty.value(np.array([u]))) for u in (4.0, 5.0, 6.0)]
    curvature = at[0] - 2 * at[1] + at[2]
    assert penalty.strong_convexity == pytest.approx(curvature, abs=1e-12)


@pytest.mark.parametrize("penalty", [*NAMED.values(), Box(-1, 1), Box([-1.0] * 6, 2)], ids=str)
@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_same_numbers_on_every_array_library(penalty, library):
    xp = array_functions(library)
    for dtype in ("float64", "float32"):
        there = xp.asarray(w.tolist(), dtype=getattr(xp, dtype))
        prox = penalty.prox(there, 0.3)
        assert prox.dtype == getattr(xp, dtype)
        np.testing.assert_allclose(np.asarray(prox), penalty.prox(w, 0.3), rtol=1e-6)
        assert float(penalty.value(there)) == pytest.approx(float(penalty.value(w)), rel=1e-6)


# Box


BOXES = {
    "non-negative": (Box(), 0.0, np.inf),
    "both sides": (Box(-0.1, 0.5), -0.1, 0.5),
    "array": (Box([-1.0, 0.0, 0.0, 0.1, -np.inf, 3.0], 3.5), [-1, 0, 0, 0.1, -np.inf, 3], 3.5),
    "a point": (Box(0.2, 0.2), 0.2, 0.2),
}


@step_sizes
@pytest.mark.parametrize("name", BOXES)
def test_box_projects(name, step):
    box, lower, upper = BOXES[name]
    projected = box.prox(w, step)
    np.testing.assert_array_equal(projected, np.clip(w, lower, upper))
    assert box.value(projected) == 0.0
    assert box.value(w) == np.inf


def test_box_of_two_targets():
    box = Box(np.array([-1.0, 0.0, 0.0, 0.1, -np.inf, 3.0]), 3.5)
    both = box.prox(np.column_stack([w, -w]), 0.3)
    np.testing.assert_array_equal(both, np.column_stack([box.prox(w, 0.3), box.prox(-w, 0.3)]))


def test_box_in_a_fit(rng):
    X = rng.normal(size=(40, 3))
    y = X @ [1.0, -2.0, 0.3] + 5.0
    model = GDRegressor(penalty=Box([0.0, -1.0, -np.inf], [0.5, 3.0, np.inf])).fit(X, y)
    assert model.coef_[0] == 0.5
    assert model.coef_[1] == -1.0
    assert model.intercept_ > 4.0  # never bounded


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (Box(1.0, 0.0), "lower <= upper"),
        (Box([0.0, 0.0, 3.0], [1.0, 1.0, 1.0]), "lower <= upper"),
        (Box([0.0, 1.0]), "one number for each of the 3 features"),
        (Box(0.0, [[1.0, 1.0, 1.0]]), "one number for each of the 3 features"),
        (Box([0.0, np.nan, 0.0]), "'lower' parameter of Box"),
        (Box(upper="high"), "'upper' parameter of Box"),
    ],
    ids=str,
)
def test_box_refuses(small_data, box, message):
    with pytest.raises(ValueError, match=message):
        GDRegressor(penalty=box).fit(*small_data)


@pytest.mark.parametrize(
    "penalty",
    [L1(-1.0), L2(np.nan), ElasticNet(l1_ratio=1.5), ElasticNet(alpha="strong")],
    ids=str,
)
def test_bad_parameters_are_refused_by_name(small_data, penalty):
    with pytest.raises(ValueError, match=r"The '(alpha|l1_ratio)' parameter of (L1|L2|Elastic)"):
        GDRegressor(penalty=penalty).fit(*small_data)


def test_l1_is_its_name_for_scikit_learn():
    one, other = L1(0.1), L1(0.1)
    assert one == "l1" and hash(one) == hash("l1") and "l1" in {one}
    assert one != "l2" and one != other and len({one, other}) == 2
