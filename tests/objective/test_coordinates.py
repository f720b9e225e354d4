"""Coordinates of a run: the map and its derivative against NumPy, penalties against a search."""

import math

import array_api_strict
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn import config_context

from gdregress import GDRegressor
from gdregress._objective.coordinates import Columns, DiagonalL2, metric_for_each, metric_of
from gdregress._objective.design import DesignMatrix
from gdregress._utils.array_api import to_numpy
from gdregress.penalties import L1, L2, Box, ElasticNet, NoPenalty

P, TARGETS, ALPHA, H = 4, 3, 0.3, 0.7
MEAN, SCALE = np.array([2.0, -5.0, 0.0, 1e3]), np.array([1e-2, 3.0, 1.0, 50.0])
# in which bounds stay what they are, as they must
POWERS_OF_TWO = np.array([2.0**-7, 4.0, 1.0, 64.0])


def covariance_of(seed):
    """Of four columns that depend on one another."""
    rows = np.random.RandomState(seed).normal(size=(9, P))
    return np.cov(rows @ np.triu(np.ones((P, P))), rowvar=False)


def columns(fit_intercept=True):
    return Columns(MEAN if fit_intercept else 0 * MEAN, SCALE, fit_intercept)


def metric(fit_intercept=True, alpha=ALPHA, seed=0):
    """Round for the columns scaled by s, under l2 of the user's coefficients."""
    return metric_of(columns(fit_intercept), covariance_of(seed), H, alpha / SCALE**2)


def metrics(fit_intercept=True, alpha=ALPHA):
    return metric_for_each([metric(fit_intercept, alpha, seed) for seed in range(TARGETS)])


KINDS = {"columns": columns, "metric": metric, "a metric for each target": metrics}
every_kind = pytest.mark.parametrize("kind", KINDS)
with_or_without_intercept = pytest.mark.parametrize("fit_intercept", [True, False])


def shape_of(coordinates, k, fit_intercept):
    p = P + fit_intercept
    return (p,) if k == 1 and coordinates.is_shared else (p, TARGETS)


def by_definition(coordinates, params, fit_intercept):
    """w = B u and b = b' - m . w, target by target."""
    each = params.reshape(len(params), -1).T
    user = []
    for target, u in enumerate(each):
        own = coordinates.of_target(target)
        B = own.basis if hasattr(own, "basis") else np.diag(1 / own.scale)
        w = B @ u[:P]
        user.append([*w, u[P] - own.mean @ w] if fit_intercept else w)
    return np.array(user).T.reshape(params.shape)


# The map ----------------------------------------------------------------------------------


@every_kind
@with_or_without_intercept
@pytest.mark.parametrize("k", [1, TARGETS])
def test_to_user_and_back(kind, fit_intercept, k, rng):
    coordinates = KINDS[kind](fit_intercept)
    params = rng.normal(size=shape_of(coordinates, k, fit_intercept))
    user = coordinates.to_user(params)
    expected = by_definition(coordinates, params, fit_intercept)
    assert_allclose(user, expected, rtol=1e-12, atol=1e-9)
    assert_allclose(coordinates.from_user(user), params, rtol=1e-8, atol=1e-8)
    assert_allclose(coordinates.to_user(coordinates.from_user(params)), params, rtol=1e-9)


@every_kind
@with_or_without_intercept
@pytest.mark.parametrize("k", [1, TARGETS])
def test_pull_back_is_the_gradient_in_the_coordinates(kind, fit_intercept, k, rng):
    """Against differences of f(to_user(u)), f being quadratic, of which they are exact."""
    coordinates = KINDS[kind](fit_intercept)
    params = rng.normal(size=shape_of(coordinates, k, fit_intercept))
    slopes, bends = rng.normal(size=params.shape), rng.uniform(size=params.shape)

    def f(u):
        w = coordinates.to_user(u)
        return np.sum(slopes * w + bends * w * w / 2)

    user = coordinates.to_user(params)
    gradient = coordinates.pull_back(slopes + bends * user)
    for index in np.ndindex(params.shape):
        step = np.zeros(params.shape)
        step[index] = 0.5
        difference = f(params + step) - f(params - step)
        assert gradient[index] == pytest.approx(difference, rel=1e-8)


@every_kind
@with_or_without_intercept
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_design_in_coordinates(kind, fit_intercept, storage, dtype, rng):
    """Predictions are those of the user's parameters, and the adjoint is the transpose."""
    coordinates = KINDS[kind](fit_intercept)
    X = rng.normal(MEAN / 50, SCALE, size=(11, P)).astype(dtype)
    design = DesignMatrix(storage(X), fit_intercept, coordinates)
    v, r = (rng.normal(size=(n, TARGETS)).astype(dtype) for n in (P + fit_intercept, 11))
    user = by_definition(coordinates, v.astype(float), fit_intercept)
    z = X.astype(float) @ user[:P] + (user[P] if fit_intercept else 0.0)
    rtol = 1e-10 if dtype is np.float64 else 2e-4
    assert_allclose(design.predict(v), z, rtol=rtol, atol=rtol * np.abs(z).max())
    adjoint = design.adjoint(r)
    assert adjoint.dtype == design.to_user(v).dtype == dtype
    assert np.vdot(adjoint, v) == pytest.approx(np.vdot(r, z), rel=10 * rtol, abs=rtol)


@pytest.mark.parametrize("kind", ["columns", "metric"])
def test_in_another_array_library(kind, rng):
    params = rng.normal(size=(P + 1, TARGETS))
    here = KINDS[kind]()
    there = array_api_strict.asarray(params)
    with config_context(array_api_dispatch=True):
        other = here.in_library_of(there)
        for method in ("to_user", "from_user", "pull_back"):
            found = to_numpy(getattr(other, method)(there))
            assert_allclose(found, getattr(here, method)(params), rtol=1e-12, atol=1e-12)


@every_kind
def test_equal_coordinates_hold_the_same_numbers(kind):
    one, same = KINDS[kind](), KINDS[kind]()
    assert one.equals(same)
    assert not one.equals(KINDS[kind](False))
    numbers = {name: array.copy() for name, array in one.numbers().items()}
    assert one.with_numbers(numbers).equals(one)
    numbers["mean"] = numbers["mean"] + 1
    assert not one.with_numbers(numbers).equals(one)
    assert not columns().equals(metric())


# The metric -------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 1e-6, ALPHA, 1e3])
def test_in_a_metric_loss_and_penalty_are_round_together(alpha):
    """B' (h C + alpha) B = h, by the user's columns, of whose penalty a diagonal is left."""
    found, C = metric(alpha=alpha), covariance_of(0)
    curvature = H * np.outer(SCALE, SCALE) * C
    penalty = alpha * np.eye(P)
    B = found.basis
    assert_allclose(B.T @ (curvature + penalty) @ B, H * np.eye(P), atol=1e-10)
    strengths = np.zeros(P) if found.strengths is None else found.strengths
    assert_allclose(B.T @ penalty @ B, np.diag(strengths), atol=1e-10)
    assert_allclose(B @ found.inverse, np.eye(P), atol=1e-10)


def test_flat_directions_are_as_flat_as_the_flattest_that_is_not():
    C = covariance_of(0)
    C[3], C[:, 3] = C[2], C[:, 2]  # two columns that are the same
    found = metric_of(Columns(0 * MEAN, np.ones(P), True), C, 1.0, np.zeros(P))
    values = np.linalg.eigvalsh(found.basis.T @ C @ found.basis)
    assert_allclose(values, [0.0, 1.0, 1.0, 1.0], atol=1e-10)
    assert np.linalg.cond(found.basis) < 1e3
    assert_allclose(found.basis @ found.inverse, np.eye(P), atol=1e-10)


@pytest.mark.parametrize("share", [1e-3, 1e-9, 1e-12])
@pytest.mark.parametrize("strength", [0.0, 1e-20])
def test_directions_in_which_moments_have_no_digits_come_from_the_rows(share, strength, rng):
    X = rng.normal(size=(500, 4))
    X[:, 3] = X[:, 2] + share * X[:, 3]
    X -= X.mean(axis=0)
    columns = Columns(np.zeros(4), np.ones(4), True)
    strengths = np.full(4, strength)

    def products(V):
        z = X @ V
        return X.T @ z / 500, z.T @ z / 500

    found = metric_of(columns, X.T @ X / 500, 1.0, strengths, products, 500)
    z = X @ found.basis
    curvature = z.T @ z / 500 + found.basis.T @ (strength * found.basis)
    assert_allclose(curvature, np.eye(4), atol=1e-3)
    assert_allclose(found.inverse @ found.basis, np.eye(4), atol=1e-3)
    assert found.nearly_flat.any() == (share < 1e-6)


def test_rows_that_cancel_are_flat(rng):
    X = rng.normal(size=(500, 3))
    X = np.c_[X, X[:, 2]]

    def products(V):
        z = X @ V
        return X.T @ z / 500, z.T @ z / 500

    columns = Columns(np.zeros(4), np.ones(4), True)
    found = metric_of(columns, X.T @ X / 500, 1.0, np.zeros(4), products, 500)
    assert found.nearly_flat.sum() == 1
    assert np.abs(found.basis).max() < 2
    assert_allclose(X @ found.basis[:, found.nearly_flat], 0, atol=1e-14)


def test_columns_of_zeros_keep_their_size():
    C = np.diag([4.0, 0.0])
    found = metric_of(Columns(np.zeros(2), np.ones(2), True), C, 1.0, np.zeros(2))
    assert_allclose(found.basis @ found.inverse, np.eye(2), atol=1e-12)
    values = np.linalg.eigvalsh(found.basis.T @ C @ found.basis)
    assert_allclose(values, [0.0, 1.0], atol=1e-12)


def test_metrics_of_several_targets():
    each = [metric(seed=seed) for seed in range(TARGETS)]
    found = metric_for_each(each)
    assert not found.is_shared and each[0].is_shared
    for target, own in enumerate(each):
        assert found.of_target(target).equals(own)
        assert_allclose(found.of_target(target).strengths, own.strengths)
    assert each[0].of_target(2) is each[0]


# Penalties in coordinates -----------------------------------------------------------------

PENALTIES = {
    "l1": L1(ALPHA),
    "l2": L2(ALPHA),
    "elasticnet": ElasticNet(ALPHA, 0.4),
    "box": Box(-0.5, 0.2),
    "boxes": Box([-1.0, 0.0, -math.inf, 0.5], [1.0, 0.1, 0.0, 2.0]),
}
every_penalty = pytest.mark.parametrize("name", PENALTIES)
step_sizes = pytest.mark.parametrize("step", [0.01, 2.0, np.array([0.1, 1.0, 5.0, 0.3])], ids=str)


def scale_for(name):
    return POWERS_OF_TWO if name.startswith("box") else SCALE


def inside(name):
    """A penalty in the coordinates of scaled columns."""
    return Columns(MEAN, scale_for(name), True).penalty(PENALTIES[name])


@every_penalty
@pytest.mark.parametrize("k", [1, TARGETS])
def test_value_in_scaled_columns(name, k, rng):
    penalty, w = PENALTIES[name], rng.normal(size=(P, k) if k > 1 else P)
    scale = scale_for(name) if k == 1 else scale_for(name)[:, None]
    for coef in (w, penalty.prox(w, 1.0)):
        assert inside(name).value(coef * scale) == pytest.approx(penalty.value(coef), rel=1e-12)


@every_penalty
@step_sizes
def test_prox_in_scaled_columns_is_the_minimiser(name, step, rng):
    """argmin_u R(u / s) + (u - v)^2 / (2 t), coefficient by coefficient, by a search."""
    penalty, scale = PENALTIES[name], scale_for(name)
    v = rng.normal(size=P) * scale
    found = inside(name).prox(v, step)
    for j, t in enumerate(np.broadcast_to(step, P)):
        one = Box(penalty.lower[j], penalty.upper[j]) if name == "boxes" else penalty
        low, high = -100 * scale[j], 100 * scale[j]
        if isinstance(one, Box):
            low, high = max(low, one.lower * scale[j]), min(high, one.upper * scale[j])

        def cost(u, one=one, j=j, t=t):
            return float(one.value(np.array([u / scale[j]]))) + (u - v[j]) ** 2 / (2 * t)

        searched = minimize_scalar(cost, bounds=(low, high), options={"xatol": 1e-9 * scale[j]})
        assert found[j] == pytest.approx(searched.x, abs=1e-5 * scale[j])
        assert cost(found[j]) <= searched.fun * (1 + 1e-9) + 1e-12


@every_penalty
@step_sizes
def test_several_targets_share_the_step_sizes(name, step, rng):
    V = rng.normal(size=(P, TARGETS))
    steps = step[:, None] if np.ndim(step) else step
    found = inside(name).prox(V, steps)
    for target in range(TARGETS):
        assert_allclose(found[:, target], inside(name).prox(V[:, target], step), rtol=1e-14)


@every_penalty
def test_kernel_terms_in_scaled_columns_are_the_prox(name, rng):
    v, t = rng.normal(size=P) * SCALE, 0.4
    l1, l2, bounds = inside(name).kernel_terms
    expected = np.sign(v) * np.maximum(np.abs(v) - t * l1, 0.0) / (1 + t * l2)
    expected = expected if bounds is None else np.clip(expected, *bounds)
    assert_allclose(inside(name).prox(v, t), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["l1", "l2", "elasticnet"])
def test_curvature_of_penalties_in_scaled_columns(name):
    """c of R(u / s) = sum_j c_j u_j^2 / 2 + .., by second differences away from the kinks."""
    smooth = np.broadcast_to(inside(name).smooth_part, P)
    for j, step in enumerate(np.diag(1e-2 * SCALE)):
        u = 0.1 * SCALE
        values = [inside(name).value(point) for point in (u - step, u, u + step)]
        second = values[0] - 2 * values[1] + values[2]
        assert smooth[j] * SCALE[j] ** 2 == pytest.approx(second / 1e-4, abs=1e-7)
    assert inside(name).strong_convexity == pytest.approx(smooth.min(), abs=1e-15)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("box", [Box(0.3, 0.7), Box([0.1] * P, [0.3] * P)], ids=str)
def test_scaled_columns_keep_coefficients_at_their_bounds(box, dtype, solver, rng):
    """None is outside by the rounding of a scale, where the penalty would be infinite."""
    X = rng.normal(MEAN, np.array([3.0, 8.0, 10.0, 1e3]), size=(60, P)).astype(dtype)
    y = (X @ np.array([1.0, -1.0, 0.2, 0.5]) + rng.normal(size=60)).astype(dtype)
    model = GDRegressor(penalty=box, solver=solver, preconditioner="columns", random_state=0)
    model.fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert np.isfinite(model.history_["objective"]).all()
    assert box.value(model.coef_) == 0
    assert (model.coef_ == np.asarray(box.upper, dtype)).any()


@pytest.mark.parametrize("kind", ["metric", "a metric for each target"])
def test_l2_in_a_metric(kind, rng):
    coordinates, shape = KINDS[kind](), (P, TARGETS)
    u, t = rng.normal(size=shape), 0.8
    inside = coordinates.penalty(L2(ALPHA))
    w = coordinates.scaled(u)
    assert inside.value(u) == pytest.approx(ALPHA * np.sum(w**2) / 2, rel=1e-8)
    found = inside.prox(u, t)
    # at the minimum of R(B u) + (u - v)^2 / (2 t) the gradient is zero
    gradient = coordinates.pulled(ALPHA * coordinates.scaled(found)) + (found - u) / t
    assert_allclose(gradient, 0.0, atol=1e-9)
    strengths = coordinates.strengths
    assert_allclose(inside.smooth_part, strengths)
    assert inside.strong_convexity == strengths.min()
    assert (inside.kernel_terms is None) == (strengths.ndim == 2)


def test_diagonal_l2_of_one_target(rng):
    inside, u = DiagonalL2(np.arange(4.0)), rng.normal(size=P)
    assert inside.value(u) == pytest.approx(sum(j * u[j] ** 2 / 2 for j in range(P)))
    assert_allclose(inside.prox(u, 2.0), [u[j] / (1 + 2 * j) for j in range(P)], rtol=1e-14)
    assert_allclose(inside.kernel_terms.l2, np.arange(4.0))


@every_kind
def test_no_penalty_stays_none(kind):
    penalty = NoPenalty()
    assert KINDS[kind]().penalty(penalty) is penalty
