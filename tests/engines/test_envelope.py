"""Losses with kinks over all rows: the minimum of the linear programme, with a proven gap."""

import warnings
from functools import cache

import numpy as np
import pytest
from grids import covering
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import linprog
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.svm import LinearSVC

from gdregress import GDClassifier, GDRegressor
from gdregress._engines.exact_search import zero_of_increasing
from gdregress._objective.design import DesignMatrix
from gdregress._objective.products import Products, newton_step
from gdregress.losses import EpsilonInsensitive, Quantile
from gdregress.penalties import Box

CANCER = load_breast_cancer().data
CANCER = (CANCER - CANCER.mean(axis=0)) / CANCER.std(axis=0)


def least_objective(X, y, model, weights=None):
    """The least objective by HiGHS.

    With y - z = a - c + e, a and c >= 0 cost the slopes of the loss and |e| <= free costs
    nothing; coefficients are differences of two that are >= 0, each of which costs alpha.
    """
    (n, p), loss = X.shape, model.loss
    below, above, free = np.ones(n), np.ones(n), 0.0
    if isinstance(loss, Quantile):
        below, above = loss.quantile * below, (1 - loss.quantile) * above
    elif isinstance(loss, EpsilonInsensitive):
        free = loss.epsilon
    elif loss == "hinge":
        below, above = 1.0 * (y > 0), 1.0 * (y < 0)
    s = np.ones(n) / n if weights is None else weights / np.sum(weights)
    price = np.full(2 * p, model.alpha if model.penalty == "l1" else 0.0)
    one = sparse.eye(n)
    A = sparse.hstack([X, -X, np.ones((n, 1)), one, -one, one]).tocsc()
    cost = np.concatenate([price, [0.0], s * below, s * above, np.zeros(n)])
    constant = (None, None) if model.fit_intercept else (0, 0)
    of_coefs = [(0, None)] * 2 * p
    if isinstance(model.penalty, Box):
        ends = np.broadcast_to(model.penalty.lower, p), np.broadcast_to(model.penalty.upper, p)
        of_coefs = [*zip(*ends, strict=True), *[(0, 0)] * p]
    bounds = [*of_coefs, constant] + [(0, None)] * 2 * n + [(-free, free)] * n
    return linprog(cost, A_eq=A, b_eq=y, bounds=bounds, method="highs").fun


def regression(n, p, correlation=0.0, heavy=False, seed=0):
    rng = np.random.RandomState(seed)
    X = np.sqrt(1 - correlation) * rng.normal(size=(n, p))
    X += np.sqrt(correlation) * rng.normal(size=(n, 1))
    noise = rng.standard_t(2, size=n) if heavy else rng.normal(size=n)
    return X, X @ rng.normal(size=p) + (1 + 0.5 * abs(X[:, 0])) * noise


def labels(X, y):
    return X, np.where(y + 2 * np.random.RandomState(1).normal(size=len(y)) > 0, 1.0, -1.0)


def median(**given):
    return GDRegressor(loss="absolute_error", **given)


def quantile(q, **given):
    return GDRegressor(loss=Quantile(q), **given)


PROBLEMS = {
    "median of three numbers": (np.zeros((3, 1)), np.array([1.0, 2.0, 10.0]), median()),
    "line of three": (np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 0.0, 10.0]), median()),
    "few rows": (*regression(50, 5), quantile(0.05)),
    "correlated, 95 %": (*regression(200, 10, 0.99), quantile(0.95)),
    "80 %": (*regression(600, 20), quantile(0.8)),
    "heavy tails, 5 %": (*regression(800, 10, heavy=True), quantile(0.05)),
    "heavy tails, median": (*regression(800, 10, heavy=True), median()),
    "correlated, median": (*regression(800, 20, 0.99), median()),
    "cancer, 5 %": (CANCER[:, 1:], CANCER[:, 0], quantile(0.05)),
    "cancer, 95 %": (np.delete(CANCER, 5, axis=1), CANCER[:, 5], quantile(0.95)),
    "diabetes, raw": (*load_diabetes(return_X_y=True, scaled=False), quantile(0.8)),
    "diabetes, l1": (
        *load_diabetes(return_X_y=True, scaled=False),
        median(penalty="l1", alpha=0.5),
    ),
    "whole numbers": (*(np.round(a) for a in regression(300, 5)), median()),
    "free zone": (*regression(500, 10), GDRegressor(loss=EpsilonInsensitive(0.5))),
    "wide free zone, correlated": (
        *regression(300, 8, 0.99),
        GDRegressor(loss=EpsilonInsensitive(2.0), penalty="l1", alpha=0.02),
    ),
    "hinge": (*labels(*regression(500, 10)), GDClassifier(loss="hinge", penalty=None)),
    "hinge, correlated, l1": (
        *labels(*regression(500, 15, 0.99)),
        GDClassifier(loss="hinge", penalty="l1", alpha=3e-3),
    ),
    "l1": (*regression(300, 30), quantile(0.5, penalty="l1", alpha=0.02)),
    "no intercept": (*regression(300, 10), quantile(0.2, fit_intercept=False)),
    "more columns than rows": (*regression(20, 40), median(penalty="l1", alpha=0.1)),
    "non-negative": (*regression(300, 10, 0.5), quantile(0.2, penalty=Box())),
    "not zero": (*regression(300, 10), median(penalty=Box(0.1, 0.3))),
    "some bounds": (
        *regression(300, 4),
        GDRegressor(
            loss=EpsilonInsensitive(0.5),
            penalty=Box([-9, -np.inf, 0.5, -1], [0, 0.1, 0.5, np.inf]),
        ),
    ),
    "diabetes, raw, bounds": (
        *load_diabetes(return_X_y=True, scaled=False),
        quantile(0.8, penalty=Box(-0.1, 5.0)),
    ),
    "hinge, non-negative": (
        *labels(*regression(400, 8)),
        GDClassifier(loss="hinge", penalty=Box()),
    ),
    "bounds and more columns than rows": (*regression(20, 40), median(penalty=Box(-0.2, 0.4))),
}


def in_memory(model, X, y):
    return model.fit(X, y)


def in_blocks(model, X, y):
    third = len(y) // 3
    return model.fit_batches([(X[:third], y[:third]), (X[third:], y[third:])])


@pytest.mark.parametrize("solver", ["batch", "mini-batch", "blocks"])
@pytest.mark.parametrize("apart", [1e-7, 1e-9])
def test_columns_that_all_but_add_up_end_where_their_difference_does(solver, apart):
    """The moments of the columns have no digits along it; the rows have."""
    first, second, difference, noise = np.random.RandomState(0).normal(size=(4, 200))
    y = first - difference + 0.3 * noise
    expected = median().fit(np.column_stack([first, second, difference]), y)
    X = np.column_stack([first, second, first + second + apart * difference])
    if solver == "blocks":
        model = in_blocks(median(), X, y)
    else:
        model = median(solver=solver, random_state=0).fit(X, y)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ < 60
    assert_allclose(model.loss_curve_[-1], expected.loss_curve_[-1], rtol=1e-7)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("fit", [in_memory, in_blocks])
@pytest.mark.parametrize(
    "given", [{"preconditioner": "columns"}, {"penalty": "l1", "alpha": 1e-14}]
)
def test_nothing_is_proven_along_directions_without_digits(given, fit):
    """In scaled columns steps along the difference of columns that all but add up are noise."""
    first, second, difference, noise = np.random.RandomState(0).normal(size=(4, 200))
    X = np.column_stack([first, second, first + second + 1e-10 * difference])
    y = first - difference + 0.3 * noise
    model = fit(median(max_iter=100, **given), X, y)
    history = model.history_
    least = median().fit(np.column_stack([first, second, difference]), y).loss_curve_[-1]
    assert history["objective"][-1] - history["gap"][-1] <= least
    assert not model.converged_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("apart", "expected"), [(1.0, True), (1e-5, False)])
def test_in_single_precision_less_is_proven(apart, expected):
    first, second, difference, noise = np.random.RandomState(0).normal(size=(4, 200))
    X = np.column_stack([first, second, first + second + apart * difference]).astype(np.float32)
    y = (first - difference + 0.3 * noise).astype(np.float32)
    assert median(max_iter=50, preconditioner="columns").fit(X, y).converged_ is expected


@cache
def least_of_problem(name):
    return least_objective(*PROBLEMS[name])


@pytest.mark.parametrize("fit", [in_memory, in_blocks])
@pytest.mark.parametrize("name", PROBLEMS)
def test_ends_at_the_minimum_of_the_linear_programme_and_proves_it(name, fit, monkeypatch):
    monkeypatch.setattr("gdregress._estimator.input.batches.BLOCK_SIZE", 1)
    X, y, model = PROBLEMS[name]
    fit(model, X, y)
    least = least_of_problem(name)
    history = model.history_
    assert model.stop_reason_ == "tolerance" and model.converged_
    assert model.n_iter_ < 200
    values, gaps = np.array(history["objective"]), np.array(history["gap"][1:])
    assert values[-1] - least <= model.tol**2 * (values[0] - least) + 1e-12 * abs(least)
    # the lower bound holds at every epoch, and the objective of the best never rises
    assert (values[1:] - gaps <= least + 1e-9 * values[0]).all()
    assert (np.diff(values) <= 1e-14 * values[0]).all()


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_objective_is_that_of_the_parameters(name):
    X, y, model = PROBLEMS[name]
    model.fit(X, y)
    penalty = model.alpha * abs(model.coef_).sum() if model.penalty == "l1" else 0.0
    z = X @ model.coef_.ravel() + model.intercept_
    if isinstance(model.loss, str):
        losses = abs(z - y) if model.loss == "absolute_error" else np.clip(1 - y * z, 0, None)
    else:
        losses = model.loss.value(y, z)
    assert model.history_["objective"][-1] == pytest.approx(losses.mean() + penalty, rel=1e-12)


def test_hinge_with_l2_is_that_of_linear_svc():
    X, y = labels(*regression(400, 8, 0.9))
    model = GDClassifier(loss="hinge", penalty="l2", alpha=0.01, fit_intercept=False).fit(X, y)
    svc = LinearSVC(loss="hinge", C=1 / (400 * 0.01), fit_intercept=False, tol=1e-8)
    svc.fit(X, y, sample_weight=None)
    assert_allclose(model.coef_, svc.coef_, atol=1e-4)


def test_l1_leaves_exact_zeros_where_the_linear_programme_has_them():
    X, y = regression(300, 30, seed=3)
    model = median(penalty="l1", alpha=0.3).fit(X, y)
    assert 0 < np.count_nonzero(model.coef_) < 30
    kept = model.coef_ != 0
    least = least_objective(X[:, kept], y, model)
    assert model.history_["objective"][-1] == pytest.approx(least, rel=1e-9)


# Rows in blocks


def test_the_way_in_blocks_is_that_in_memory(monkeypatch):
    """But for the lengths of steps, which are read off between those that blocks are asked for."""
    monkeypatch.setattr("gdregress._estimator.input.batches.BLOCK_SIZE", 1)
    monkeypatch.setattr("gdregress._engines.envelope_rows.SHORT", np.geomspace(1e-8, 1, 999))
    monkeypatch.setattr("gdregress._engines.envelope_rows.LONG", np.linspace(0.001, 3, 3000))
    X, y = regression(300, 10)
    known = quantile(0.8).fit(X, y)
    model = in_blocks(quantile(0.8), X, y)
    assert model.n_iter_ == known.n_iter_
    assert_allclose(model.loss_curve_, known.loss_curve_, rtol=1e-3)
    assert_allclose(model.coef_, known.coef_, atol=1e-6)


@pytest.mark.parametrize("kind", ["targets", "classes", "weights", "float32", "sparse"])
def test_blocks_of_all_kinds(kind, monkeypatch):
    monkeypatch.setattr("gdregress._estimator.input.batches.BLOCK_SIZE", 1)
    X, y = regression(300, 4)
    y, model, weights = np.column_stack([y, -2 * y + X[:, 0]]), median(), ()
    if kind == "classes":
        y, model = np.digitize(y[:, 0], [-1, 1]), GDClassifier(loss="hinge", alpha=1e-3)
    elif kind == "weights":
        weights = (np.random.RandomState(0).randint(0, 4, size=300).astype(float),)
    elif kind == "float32":
        X, y = X.astype(np.float32), y.astype(np.float32)
    elif kind == "sparse":
        X = sparse.csr_array(np.where(abs(X) > 1, X, 0))
    known = clone(model).fit(X, y, *weights)
    parts = [
        (X[rows], y[rows], *(w[rows] for w in weights)) for rows in (slice(100), slice(100, 300))
    ]
    found = clone(model).fit_batches(parts)
    assert found.stop_reason_ == known.stop_reason_ == "tolerance"
    assert found.loss_curve_[-1] == pytest.approx(known.loss_curve_[-1], rel=1e-6)
    assert_allclose(found.coef_, known.coef_, atol=2e-3 * abs(known.coef_).max())


@pytest.mark.parametrize("solver", ["batch", "mini-batch", "stochastic"])
@pytest.mark.parametrize("form", [np.asarray, np.float32, sparse.csr_array])
def test_coefficients_are_within_their_bounds(solver, form):
    X, y = regression(300, 6)
    X, penalty = np.round(X * 8) / 8 * (abs(X) > 0.5), Box(0.1, 0.7)
    y = np.column_stack([y, -2 * y + X[:, 0]]).astype(np.float32 if form is np.float32 else float)
    model = median(penalty=penalty, solver=solver, random_state=0).fit(form(X), y)
    ends = (np.array(end, model.coef_.dtype) for end in (0.1, 0.7))
    assert model.stop_reason_ == "tolerance"
    assert (np.clip(model.coef_, *ends) == model.coef_).all()
    assert (model.coef_ == model.coef_.dtype.type(0.1)).any()
    model.set_params(penalty=Box(0.1, 0.7))
    least = sum(least_objective(X, target, model) for target in y.T.astype(float))
    start, *_, last = model.history_["objective"]
    assert abs(last - least) <= 1e-6 * start


@pytest.mark.parametrize("solver", ["mini-batch", "stochastic"])
def test_batches_in_blocks_go_on_to_the_minimum(solver, monkeypatch):
    monkeypatch.setattr("gdregress._estimator.input.batches.BLOCK_SIZE", 1)
    X, y = regression(600, 10)
    model = in_blocks(quantile(0.8, solver=solver, random_state=0), X, y)
    least = least_objective(X, y, model.set_params(loss=Quantile(0.8)))
    assert model.stop_reason_ == "tolerance"
    assert model.loss_curve_[-1] - least <= model.tol**2 * (model.history_["objective"][0] - least)


# Weights, targets, classes, forms of the data


def test_a_weight_of_k_is_k_copies():
    X, y = regression(100, 4)
    weights = np.random.RandomState(0).randint(0, 4, size=100)
    weighted = median().fit(X, y, sample_weight=weights)
    copied = median().fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert_allclose(weighted.coef_, copied.coef_, rtol=1e-6)
    least = least_objective(X, y, weighted, weights)
    assert weighted.history_["objective"][-1] == pytest.approx(least, rel=1e-9)


def test_several_targets_are_each_their_own():
    X, y = regression(200, 4)
    both = quantile(0.3).fit(X, np.column_stack([y, 1e3 * abs(y)]))
    assert both.stop_reason_ == "tolerance"
    for k, target in enumerate([y, 1e3 * abs(y)]):
        alone = quantile(0.3).fit(X, target)
        assert_allclose(both.coef_[k], alone.coef_, rtol=1e-5, atol=1e-5 * abs(target).max())


def test_one_class_against_the_rest():
    X, y = regression(200, 4)
    classes = np.digitize(y, [-1, 1])
    model = GDClassifier(loss="hinge", penalty="l1", alpha=1e-3).fit(X, classes)
    assert model.stop_reason_ == "tolerance"
    least = sum(least_objective(X, np.where(classes == k, 1.0, -1.0), model) for k in range(3))
    assert model.history_["objective"][-1] == pytest.approx(least, rel=1e-8)


@pytest.mark.parametrize("form", [sparse.csr_array, np.asfortranarray, np.float32])
def test_forms_of_the_data(form):
    X, y = regression(300, 6)
    X = np.round(X * (abs(X) > 1))
    dense = quantile(0.7).fit(X, y)
    other = quantile(0.7).fit(form(X), y)
    assert other.stop_reason_ == "tolerance"
    rtol = 1e-4 if form is np.float32 else 1e-9
    assert other.history_["objective"][-1] == pytest.approx(
        dense.history_["objective"][-1], rel=rtol
    )


def test_more_columns_than_the_moments_are_formed_for():
    X, y = regression(200, 600)
    model = median(penalty="l2", alpha=0.1, tol=1e-4).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    longer = median(penalty="l2", alpha=0.1, tol=1e-6).fit(X, y)
    values = model.history_["objective"][-1], longer.history_["objective"][-1]
    assert values[0] - values[1] <= 1.01 * model.history_["gap"][-1] + 1e-12


@pytest.mark.parametrize("shift", [0, 1024])
@pytest.mark.parametrize("scale", [2.0**-20, 1.0, 2.0**20])
def test_units_play_no_part(scale, shift):
    X, y = (np.round(a * 64) / 64 for a in regression(200, 4))
    plain, other = median().fit(X, y), median().fit((X + shift) * scale, (y - shift) * scale)
    assert other.stop_reason_ == "tolerance"
    assert abs(other.n_iter_ - plain.n_iter_) <= 3
    assert_allclose(other.coef_, plain.coef_, rtol=1e-6)


def test_classes_that_can_be_separated_end_at_zero():
    X, _ = regression(100, 3)
    model = GDClassifier(loss="hinge", penalty=None).fit(X, X[:, 0] > 0.1)
    assert model.stop_reason_ == "tolerance"
    assert model.history_["objective"][-1] == pytest.approx(0, abs=model.tol**2)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("y", [np.full(30, 7.0), np.arange(30.0)], ids=["constant", "exact"])
def test_nothing_is_left_of_a_perfect_fit(y):
    model = median().fit(np.arange(30.0)[:, None], y)
    assert model.stop_reason_ == "tolerance"
    assert_allclose(model.predict(np.arange(30.0)[:, None]), y, atol=1e-12)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_goes_on_at_the_minimum_without_a_tolerance():
    X, y = regression(60, 3)
    model = median(tol=None, max_iter=300).fit(X, y)
    assert model.n_iter_ == 300
    assert model.history_["objective"][-1] == min(model.history_["objective"])


@covering(
    name=["few rows", "hinge", "l1"],
    constant=[0.1, 3.3, 1e5],
    dtype=[float, np.float32],
    storage=[np.asarray, sparse.csr_array],
    weighted=[False, True],
)
def test_a_constant_column_changes_nothing(name, constant, dtype, storage, weighted):
    """Centred it is rounding, which is no direction."""
    X, y, model = PROBLEMS[name]
    more = np.c_[np.full(len(y), constant), X].astype(dtype)
    weights = np.linspace(0.5, 2.0, len(y)) if weighted else None
    start, *_, least = model.fit(X, y, weights).history_["objective"]
    model.fit(storage(more), y, weights)
    assert model.stop_reason_ == "tolerance"
    assert np.ravel(model.coef_)[0] == 0.0
    assert abs(model.history_["objective"][-1] - least) <= 1e-6 * start


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_steps_in_blocks_stay_where_the_derivative_is_known():
    """Where no row is bent a step may be too short, and its end is beyond all lengths asked."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 30))
    y, weights = X @ rng.normal(size=30) > 0, 10.0 ** rng.uniform(-4, 4, 80)
    model = GDClassifier("hinge", penalty=None, fit_intercept=False, tol=1e-6, max_iter=200)
    model.fit_batches([(X[:40], y[:40], weights[:40]), (X[40:], y[40:], weights[40:])])
    assert abs(model.coef_).max() < 1e6


# Parts


@pytest.mark.parametrize("copied", [1 << 20, 10])
def test_products_are_those_of_the_rows_that_are_curved(copied, monkeypatch):
    monkeypatch.setattr("gdregress._objective.products.COPIED", copied)
    X, _ = regression(50, 4)
    A = np.column_stack([X, np.ones(50)])
    for curved in (40, 3, 0):
        d = np.where(np.arange(50) < curved, np.arange(50) + 1.0, 0.0)
        products = Products(DesignMatrix(X, True), d)
        expected = A.T @ (d[:, None] * A)
        assert_allclose(products.matrix, expected, rtol=1e-12, atol=1e-12)
        assert_allclose(products.times(np.arange(5.0)), expected @ np.arange(5.0), atol=1e-10)


@pytest.mark.parametrize("p", [4, 600])
def test_newton_step_solves_its_system(p):
    X, _ = regression(50, p)
    A, d = np.column_stack([X, np.ones(50)]), np.arange(50.0)
    products = Products(DesignMatrix(X, True), d)
    gradient, extra = np.linspace(-1, 1, p + 1), np.full(p + 1, 0.5)
    base = np.zeros(p + 1) if p > 512 else np.zeros((p + 1, p + 1))
    step, residual = newton_step(products, base, extra, gradient, np.zeros(p + 1, bool))
    left = gradient + A.T @ (d * (A @ step)) + extra * step
    assert_allclose(left, 0, atol=1e-6)
    assert_allclose(residual, left, atol=1e-9)


def test_a_singular_newton_system_is_solved_as_far_as_it_can_be():
    X, _ = regression(50, 3)
    X = np.column_stack([X, X])
    A = np.column_stack([X, np.ones(50)])
    products = Products(DesignMatrix(X, True), np.ones(50))
    gradient = A.T @ np.arange(50.0)
    system = np.zeros((7, 7)), np.zeros(7), gradient, np.zeros(7, bool)
    step, residual = newton_step(products, *system)
    assert_allclose(residual, 0, atol=1e-8 * abs(gradient).max())
    assert np.isfinite(step).all()


@pytest.mark.parametrize("p", [4, 600])
def test_a_newton_step_does_not_go_along_what_is_rounding(p):
    X, _ = regression(50, p)
    X[:, 1] = 1e-13 * np.sign(X[:, 1])
    products = Products(DesignMatrix(X, True), np.ones(50))
    gradient, extra, flat = np.ones(p + 1), np.full(p + 1, 0.5), np.arange(p + 1) == 1
    gradient[1] = extra[1] = 0.0
    base = np.zeros(p + 1) if p > 512 else np.zeros((p + 1, p + 1))
    step, residual = newton_step(products, base, extra, gradient, flat)
    assert step[1] == residual[1] == 0.0
    assert_allclose(residual, 0, atol=1e-6)


@pytest.mark.parametrize("zero", [1e-12, 0.3, 1.0, 7.0, 1e6])
def test_zero_of_an_increasing_function(zero):
    def function(x):
        return max(min(x - zero, 5.0), -1e3) + (x - zero) * 1e-3

    found = zero_of_increasing(function, function(0.0))
    assert abs(function(found)) <= -0.01 * function(0.0)


def test_no_step_where_the_function_does_not_fall():
    assert zero_of_increasing(lambda x: x, 0.0) == 0.0


def test_what_was_reported_is_kept_between_two_calls():
    X, y = regression(100, 3)
    model = median(warm_start=True, tol=None, max_iter=12).fit(X, y)
    first = model.history_["objective"][-1]
    model.fit(X, y)
    assert model.history_["objective"][-1] <= first * (1 + 1e-14)


@pytest.mark.parametrize("apart", [1e-4, 1e-6, 1e-8, 1e-10, 1e-12])
@pytest.mark.parametrize("seed", range(3))
def test_a_gap_counts_the_rounding_of_predictions(apart, seed):
    """Of near copies the coefficients are huge, and predictions are differences of products."""
    rng = np.random.default_rng(seed)
    X, way = rng.normal(size=(200, 3)), rng.normal(size=200)
    y = way + 0.1 * rng.normal(size=200)
    X[:, 2] = X[:, 0] + apart * way
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = GDRegressor("absolute_error").fit(X, y)
    terms = np.sqrt((X**2).mean(axis=0)) @ abs(model.coef_)
    left = abs(y - np.median(y)).mean() - model.history_["objective"][-1]
    assert model.history_["gap"][-1] >= np.finfo(float).eps * terms
    assert not model.converged_ or np.finfo(float).eps * terms <= 1e-6 * left
