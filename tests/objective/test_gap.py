"""The estimated gap, against the minimum that SciPy or least squares finds."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import minimize

from gdregress._objective.coordinates import Columns, metric_of
from gdregress._objective.curvature import Spectrum
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress._objective.gap import remaining
from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES, OneVsRest, Softmax
from gdregress.penalties import L1, L2, Box, ElasticNet, NoPenalty

N, P = 120, 5


def problem(loss, penalty=None, k=1, p=P, weighted=True, storage=np.asarray, coordinates=None):
    """An objective on correlated columns of unequal sizes; bounded targets of each loss's kind."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, p)) @ (np.eye(p) + 0.3 * np.triu(np.ones((p, p)), 1) / p)
    X = X * np.linspace(0.5, 2, p) + np.linspace(-1, 1, p)
    z = X @ rng.normal(size=(p, k)) / math.sqrt(p) + 0.5
    if loss.target_range == "classes":
        y = np.digitize(z[:, 0] + rng.normal(size=N), [-0.5, 1.0]).astype(float)
    elif loss.target_range == "labels":
        y = np.where(z[:, 0] + rng.normal(size=N) > 0, 1.0, -1.0)
    elif loss.link == "log":
        y = rng.poisson(np.exp(0.5 * z)) + 0.1
    else:
        y = z + rng.normal(size=z.shape)
    y = y[:, 0] if y.ndim == 2 and k == 1 else y
    weights = rng.uniform(0.1, 3, size=N) if weighted else None
    weights = weights / weights.mean() if weighted else None
    design = DesignMatrix(storage(X), True, coordinates)
    objective = DataObjective(design, y, weights, loss, penalty or NoPenalty())
    return objective, Spectrum(design, weights, y)


def least_by_newton(objective, shape):
    """Minimiser of a smooth objective, by SciPy."""

    def value_and_gradient(flat):
        params = flat.reshape(shape)
        coef, gradient = objective.design.coef(params), objective.gradient(params)
        smooth = np.asarray(objective.penalty.smooth_part)
        gradient = gradient + objective.design.join(smooth * coef, 0 * params)
        return objective.value(params), gradient.ravel()

    start = np.zeros(math.prod(shape))
    options = {"gtol": 1e-11, "ftol": 0, "maxiter": 5000, "maxls": 100}
    for _ in range(3):
        start = minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", options=options).x
    return start.reshape(shape)


def shape_of(objective):
    return (objective.design.n_parameters, *objective.output_shape)


COORDINATES = {
    "the user's": None,
    "columns": Columns(np.linspace(-1, 1, P), np.linspace(0.5, 2, P), True),
    "metric": metric_of(Columns(np.zeros(P), np.ones(P), True), np.eye(P) + 0.4, 1.0, np.zeros(P)),
}


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("where", COORDINATES)
@pytest.mark.parametrize("k", [1, 3])
def test_of_squared_error_it_is_exact(k, where, weighted, storage, rng):
    given = {"k": k, "weighted": weighted, "storage": storage}
    objective, spectrum = problem(
        LOSSES["squared_error"](), coordinates=COORDINATES[where], **given
    )
    user, _ = problem(LOSSES["squared_error"](), **given)
    X = user.design.X.toarray() if sparse.issparse(user.design.X) else user.design.X
    root = np.sqrt(np.ones(N) if user.weights is None else user.weights)
    root = root[:, None] if k > 1 else root
    A = np.sqrt(1.0 if user.weights is None else user.weights[:, None]) * np.c_[X, np.ones(N)]
    best = np.linalg.lstsq(A, root * user.y, rcond=None)[0]
    params = rng.normal(size=shape_of(objective))
    left = objective.value(params) - user.value(best)
    assert remaining(objective, spectrum, params, 1.0) == pytest.approx(left, rel=1e-6)


@pytest.mark.parametrize("where", ["the user's", "columns"])
def test_of_squared_error_under_l2_it_is_exact_in_the_limit_of_small_steps(where, rng):
    """The gradient mapping is the gradient there."""
    given = {"penalty": L2(0.3)}
    coordinates = COORDINATES[where]
    if coordinates is not None:
        given["penalty"] = coordinates.penalty(given["penalty"])
    objective, spectrum = problem(LOSSES["squared_error"](), coordinates=coordinates, **given)
    best = least_by_newton(objective, shape_of(objective))
    params = best + 0.1 * rng.normal(size=best.shape)
    left = objective.value(params) - objective.value(best)
    assert remaining(objective, spectrum, params, 1e-7) == pytest.approx(left, rel=1e-5)


SMOOTH = {
    "log_loss": CLASSIFICATION_LOSSES["log_loss"](),
    "squared_hinge": CLASSIFICATION_LOSSES["squared_hinge"](),
    "poisson": LOSSES["poisson"](),
    "gamma": LOSSES["gamma"](),
    "huber": LOSSES["huber"](),
    "log_cosh": LOSSES["log_cosh"](),
    "softmax": Softmax(3),
    "one vs rest": OneVsRest(CLASSIFICATION_LOSSES["log_loss"](), 3),
}


@pytest.mark.parametrize("penalty", [None, L2(0.05)], ids=str)
@pytest.mark.parametrize("name", SMOOTH)
def test_near_the_minimum_it_says_what_is_left(name, penalty, rng):
    objective, spectrum = problem(SMOOTH[name], penalty)
    best = least_by_newton(objective, shape_of(objective))
    params = best + 0.01 * rng.normal(size=best.shape)
    left = objective.value(params) - objective.value(best)
    assert remaining(objective, spectrum, params, 1e-4) == pytest.approx(left, rel=0.1)


@pytest.mark.parametrize("name", ["log_loss", "poisson", "huber"])
def test_at_the_minimum_nothing_is_left(name):
    objective, spectrum = problem(SMOOTH[name])
    best = least_by_newton(objective, shape_of(objective))
    assert 0 <= remaining(objective, spectrum, best, 1e-4) < 1e-10


HOLDING = {
    "l1": L1(0.3),
    "elasticnet": ElasticNet(0.5, 0.7),
    "box": Box([-9.0, -9.0, 0.0, 0.0, -9.0], 9.0),
}


def proximal_minimiser(objective, params, step_size, epochs=20_000):
    """By plain proximal steps."""
    for _ in range(epochs):
        moved = objective.prox(params - step_size * objective.gradient(params), step_size)
        if np.array_equal(moved, params):
            break
        params = moved
    return params


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
@pytest.mark.parametrize("name", HOLDING)
def test_coordinates_that_a_penalty_holds_do_not_count(name, loss, rng):
    """Some are at a kink or a bound at the minimum, and stay there; all others are moved."""
    loss = SMOOTH.get(loss) or LOSSES[loss]()
    objective, spectrum = problem(loss, HOLDING[name])
    step = 0.5 / spectrum.largest
    best = proximal_minimiser(objective, np.zeros(P + 1), step)
    held = best == 0
    assert 0 < held[:P].sum() < P
    params = np.where(held, best, best + 1e-3 * rng.normal(size=P + 1))
    left = objective.value(params) - objective.value(best)
    assert remaining(objective, spectrum, params, 1e-6) == pytest.approx(left, rel=0.1)


@pytest.mark.parametrize("name", ["squared_error", "log_loss", "huber"])
def test_of_many_columns_it_comes_from_conjugate_gradients(name, rng):
    """More than 512 parameters, whose matrix is not formed; l2 keeps the minimum unique."""
    loss = SMOOTH.get(name) or LOSSES[name]()
    objective, spectrum = problem(loss, L2(0.05), p=600)
    assert spectrum.matrix is None
    best = least_by_newton(objective, shape_of(objective))
    params = best + 1e-4 * rng.normal(size=best.shape)
    left = objective.value(params) - objective.value(best)
    assert remaining(objective, spectrum, params, 1e-5) == pytest.approx(left, rel=0.1)


@pytest.mark.parametrize("distance", [10.0, 15.0])
def test_where_classes_can_be_separated_it_is_all_of_the_objective(distance):
    """F is exp(-t) there, of which half a Newton decrement is a half."""
    x, y = np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0])
    design = DesignMatrix(x, False)
    loss = CLASSIFICATION_LOSSES["log_loss"]()
    objective = DataObjective(design, y, None, loss, NoPenalty())
    params = np.array([distance])
    left = remaining(objective, Spectrum(design, None, y), params, 1.0)
    assert objective.value(params) <= left <= 1.2 * objective.value(params)


@pytest.mark.parametrize("p", [P, 600], ids=["matrix", "conjugate gradients"])
@pytest.mark.parametrize("name", ["log_loss", "huber", "log_cosh"])
def test_far_from_the_minimum_it_is_not_too_small(name, p, rng):
    """The curvature there says nothing of the way to the minimum: most estimates are refused."""
    objective, spectrum = problem(SMOOTH[name], L2(0.05), p=p)
    best = least_by_newton(objective, shape_of(objective))
    direction = rng.normal(size=best.shape)
    for distance in (1e-2, 0.1, 1, 10, 1e3, 1e12):
        params = best + distance * direction
        left = objective.value(params) - objective.value(best)
        estimate = remaining(objective, spectrum, params, 1e-5)
        assert estimate > left / 2


def test_shares_let_no_target_hide_behind_a_louder_one(rng):
    objective, spectrum = problem(LOSSES["squared_error"](), k=3)
    params = rng.normal(size=(P + 1, 3))
    each = []
    for target in range(3):
        y = np.ascontiguousarray(objective.y[:, target])
        data = (objective.design, y, objective.weights, objective.loss, NoPenalty())
        each.append(remaining(DataObjective(*data), spectrum, params[:, target], 1.0))
    assert remaining(objective, spectrum, params, 1.0) == pytest.approx(sum(each), rel=1e-9)
    shares = [0.01, 0.3, 0.69]
    expected = max(gap / share for gap, share in zip(each, shares, strict=True))
    assert remaining(objective, spectrum, params, 1.0, shares) == pytest.approx(expected)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_infinite_where_it_cannot_be_computed(value):
    objective, spectrum = problem(LOSSES["squared_error"]())
    params = np.full(P + 1, value)
    with np.errstate(all="ignore"):
        assert remaining(objective, spectrum, params, 1.0) == math.inf


def test_columns_that_depend_on_one_another(rng):
    """A singular matrix: what nothing curves has no gradient either."""
    X = rng.normal(size=(N, 3))
    X = np.c_[X, X[:, 0] - X[:, 1]]
    y = rng.normal(size=N)
    design = DesignMatrix(X, True)
    objective = DataObjective(design, y, None, LOSSES["squared_error"](), NoPenalty())
    best = np.linalg.lstsq(np.c_[X, np.ones(N)], y, rcond=None)[0]
    params = rng.normal(size=5)
    left = objective.value(params) - objective.value(best)
    gap = remaining(objective, Spectrum(design, None, y), params, 1.0)
    assert_allclose(gap, left, rtol=1e-6)


@pytest.mark.parametrize("unit", [1.0, 1e-10])
def test_a_slope_along_which_no_row_is_curved_is_no_rounding(unit):
    """Copies of columns make a direction flat; one that Huber's loss makes straight is not."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(40, 2))
    y = 1000 * X[:, 0] + 1000 * rng.normal(size=40)  # far beyond epsilon
    design = DesignMatrix(X, False)
    moments = Spectrum(design, None, y).moments
    scaled = Columns(np.zeros(2), np.ones(2), False)
    metric = metric_of(scaled, moments.covariance, 1.0, np.zeros(2))
    metric.nearly_flat[:] = True
    metric.basis[:] *= unit
    metric.inverse[:] /= unit
    inside = design.in_coordinates(metric)
    objective = DataObjective(inside, y, None, LOSSES["huber"](), NoPenalty())
    assert remaining(objective, Spectrum(inside, None, y), np.zeros(2), 1.0) == math.inf
