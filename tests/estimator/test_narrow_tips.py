"""Losses whose round tip is narrow beside the residuals, as of prices: minimum and honest gap.

Huber's loss of width epsilon is at most epsilon |r| and at least epsilon (|r| - epsilon / 2), log
cosh at most |r| and at least |r| - log 2: the linear programme of absolute error bounds their
minima.
"""

import math
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import linprog
from sklearn.exceptions import ConvergenceWarning

from gdregress import GDRegressor

EPSILON = 1.35
SLOPE = {"huber": EPSILON, "log_cosh": 1.0}
ROUNDED = {"huber": EPSILON**2 / 2, "log_cosh": math.log(2)}
every_loss = pytest.mark.parametrize("loss", SLOPE)
every_solver = pytest.mark.parametrize("solver", ["batch", "mini-batch", "stochastic"])


def large_columns():
    rng = np.random.default_rng(0)
    X = 1e6 * rng.normal(size=(200, 3))
    return X, X[:, 0] + 1e5 * rng.normal(size=200)


def larger_columns():
    X, y = large_columns()
    return 1e3 * X, 1e3 * y


def far_columns():
    X, y = large_columns()
    return X + 1e9, y


def large_target():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 5))
    return X, 1e6 * (X[:, 0] + 0.1 * rng.normal(size=300))


def houses(currency=1.0):
    rng, n = np.random.default_rng(0), 500
    area, rooms = rng.lognormal(7, 0.4, n), rng.integers(1, 6, n)
    year, other = rng.integers(1900, 2020, n), rng.normal(size=n)
    price = 150 * area + 2e4 * rooms + 300 * (year - 1900) + 3e4 * rng.standard_t(3, n)
    return np.column_stack([area, rooms, year, other]), currency * price


def dear_houses():
    return houses(100.0)


def last():
    rng, (n, p) = np.random.default_rng(0), (200, 3)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.5 * rng.normal(size=(p, p)))
    y = X[:, 0] + 0.3 * rng.standard_t(3, n)
    return X, 1e4 * y / y.std()


TABLES = [large_columns, larger_columns, far_columns, large_target, houses, dear_houses]


def least_absolute_error(X, y, alpha):
    """The minimum of the mean of |y - z| + alpha |w|, by HiGHS, of centred columns of size 1."""
    X, (n, p) = X - X.mean(axis=0), X.shape
    sizes = X.std(axis=0)
    X, one, level = X / sizes, sparse.eye(n), abs(y).max()
    A = sparse.hstack([X, -X, np.ones((n, 1)), one, -one]).tocsc()
    cost = np.concatenate([np.tile(alpha / sizes, 2), [0.0], np.full(2 * n, 1 / n)])
    bounds = [(0, None)] * 2 * p + [(None, None)] + [(0, None)] * 2 * n
    return level * linprog(cost, A_eq=A, b_eq=y / level, bounds=bounds, method="highs").fun


@every_solver
@pytest.mark.parametrize("penalty", [None, "l1"])
@pytest.mark.parametrize("table", TABLES)
@every_loss
def test_ends_at_the_minimum_and_proves_it(loss, table, penalty, solver):
    X, y = table()
    alpha = 1e-2 if table is large_columns else 1e-4
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model = GDRegressor(loss, penalty=penalty, alpha=alpha, solver=solver, random_state=0)
        model.fit(X, y)
    value, gap = model.loss_curve_[-1], model.history_["gap"][-1]
    slope = SLOPE[loss]
    known = slope * least_absolute_error(X, y, alpha / slope if penalty else 0.0)
    assert model.converged_
    assert known - ROUNDED[loss] - 1e-6 * known <= value <= known * (1 + 1e-7)
    assert 0 <= gap <= 1e-7 * value


@every_solver
@every_loss
def test_under_l2_as_well(loss, solver):
    """Also where one slope is all but at its bound, as it is in the last table."""
    for table, alpha in (
        (large_target, 1e-4),
        (larger_columns, 1e-2),
        (houses, 1e-4),
        (last, 1e-3),
    ):
        X, y = table()
        known = GDRegressor(loss, penalty="l2", alpha=alpha, tol=1e-7).fit(X, y)
        model = GDRegressor(loss, penalty="l2", alpha=alpha, solver=solver, random_state=0)
        model.fit(X, y)
        least, value = known.loss_curve_[-1], model.loss_curve_[-1]
        assert model.converged_ and known.converged_
        assert value - least <= model.history_["gap"][-1] + 1e-12 * least <= 1e-7 * least


@pytest.mark.parametrize("penalty", [None, "l1", "l2"])
def test_the_width_of_huber_plays_no_part(penalty):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X[:, 0] + 0.3 * rng.normal(size=200)
    given = {"penalty": penalty, "max_iter": 60} if penalty else {"max_iter": 60}
    for epsilon in np.geomspace(1e-12, 1e-2, 6):
        # a strength in units of the slopes
        given |= {"alpha": 1e-2 * epsilon} if penalty else {}
        model = GDRegressor("huber", epsilon=epsilon, **given).fit(X, y)
        assert model.converged_


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_columns_that_depend_on_each_other_need_many_epochs(solver):
    """The stored positions of the rows are those of one run, in the coordinates of its start."""
    rng, (n, p) = np.random.default_rng(0), (500, 30)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.5 * rng.normal(size=(p, p)))
    y = 1e4 * (X[:, 0] + 0.3 * rng.standard_t(3, n))
    model = GDRegressor("huber", solver=solver, random_state=0).fit(X, y)
    known = EPSILON * least_absolute_error(X, y, 0.0)
    assert model.converged_
    assert known - ROUNDED["huber"] <= model.loss_curve_[-1] <= known


def test_weights_targets_and_blocks():
    X, y = houses()
    weights = np.random.default_rng(1).integers(1, 4, size=len(y))
    Y = np.column_stack([y, -3 * y + X[:, 0] ** 2])
    given = {"penalty": "l1", "alpha": 1e-4, "tol": 1e-7}
    weighted = GDRegressor("huber", **given).fit(X, y, sample_weight=weights)
    copied = GDRegressor("huber", **given).fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert_allclose(weighted.loss_curve_[-1], copied.loss_curve_[-1], rtol=1e-10)
    both = GDRegressor("huber", **given).fit(X, Y)
    each = [GDRegressor("huber", **given).fit(X, target) for target in Y.T]
    total = sum(model.loss_curve_[-1] for model in each)
    assert both.converged_
    assert_allclose(both.loss_curve_[-1], total, rtol=1e-10)
    blocks = [(X[:200], y[:200]), (X[200:], y[200:])]
    in_blocks = GDRegressor("huber", **given).fit_batches(blocks)
    assert in_blocks.converged_
    assert_allclose(in_blocks.loss_curve_[-1], each[0].loss_curve_[-1], rtol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("loss", "optimizer", "penalty"),
    [
        (loss, optimizer, penalty)
        for loss in ("huber", "log_cosh", "cauchy")
        for optimizer in ("nesterov", "gd", "cg")
        for penalty in (None, "l1", "l2")
        if optimizer != "cg" or (loss != "cauchy" and penalty != "l1")  # which it refuses
    ],
)
def test_a_named_optimizer_states_no_gap_that_is_too_small(loss, optimizer, penalty):
    X, y = large_target()
    best = GDRegressor(loss, penalty=penalty, tol=1e-7).fit(X, y).loss_curve_[-1]
    model = GDRegressor(loss, penalty=penalty, optimizer=optimizer, max_iter=50).fit(X, y)
    value, gap = model.loss_curve_[-1], model.history_["gap"][-1]
    assert gap >= value - best - 1e-9 * best
    assert gap == math.inf or gap <= value


def test_cauchy_states_no_gap_above_the_objective():
    X, y = large_target()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        history = GDRegressor("cauchy", penalty="l1").fit(X, y).history_
    gap, value = np.array(history["gap"]), np.array(history["objective"])
    assert (np.isinf(gap) | (gap <= value)).all()


def test_cauchy_does_not_begin_above_the_best_constant():
    """An l1 penalty of residuals that large is far more than all that Cauchy's loss may gain."""
    X, y = large_target()
    model = GDRegressor("cauchy", penalty="l1").fit(X, y)
    assert model.converged_ and not model.coef_.any()
