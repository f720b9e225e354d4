"""Eigenvalues against NumPy, and the learning rates that follow from them against simulation."""

import itertools
import math

import array_api_strict
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, eigsh

from gdregress import GDRegressor
from gdregress._objective.base import null_parameters
from gdregress._objective.column_moments import mean_and_variance
from gdregress._objective.curvature import (
    Spectrum,
    expected_smoothness,
    optimal_momentum,
)
from gdregress._objective.design import DesignMatrix, column_coordinates
from gdregress._objective.moments import COPIED_ROWS, LARGEST, LARGEST_ROW, moments_of
from gdregress.losses.classification import LogLoss
from gdregress.losses.multiclass import multiclass_loss
from gdregress.optimizers import OPTIMIZERS, GradientDescent, Momentum, Nesterov

# Eigenvalues


def eigenvalues(X, weights=None, fit_intercept=True):
    """Of A' S A / n, in ascending order."""
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    s = np.ones(len(X)) if weights is None else weights
    return np.linalg.eigvalsh((A.T * s) @ A / len(X))


@pytest.fixture
def table(rng):
    """40 rows with many zeros, columns of different sizes, and weights of mean 1."""
    X = rng.normal([0.0, 1.0, -2.0, 0.0], [1.0, 0.1, 3.0, 10.0], size=(40, 4))
    X[rng.uniform(size=X.shape) < 0.4] = 0.0
    weights = rng.uniform(0.1, 3.0, size=40)
    return X, weights / weights.mean()


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_spectrum(table, storage, weighted, fit_intercept):
    X, weights = table
    weights = weights if weighted else None
    spectrum = Spectrum(DesignMatrix(storage(X), fit_intercept), weights)
    expected = eigenvalues(X, weights, fit_intercept)
    assert spectrum.largest == pytest.approx(expected[-1], rel=1e-10)
    assert spectrum.smallest == pytest.approx(expected[0], rel=1e-8)
    assert spectrum.condition_number == pytest.approx(expected[-1] / expected[0], rel=1e-8)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
def test_means_and_variances_keep_their_digits(layout, dtype, weighted, rng):
    """Columns in order, far from zero, with one row far away, and with rows without a weight."""
    X = rng.normal(size=(3000, 5))
    X[:, 1], X[:, 2], X[17, 3] = np.sort(X[:, 1]), X[:, 2] + 1e4, 1e6
    weights = rng.uniform(0.1, 3.0, size=3000) if weighted else None
    if weighted:
        weights[::9], X[::9, 4] = 0.0, 1e12
        weights = (weights / weights.mean()).astype(dtype)
    X = layout(X.astype(dtype))
    found = mean_and_variance(X, weights)
    exact = X.astype(np.longdouble)
    s = np.ones(3000) if weights is None else weights.astype(np.longdouble)
    mean = s @ exact / s.sum()
    variance = s @ (exact - mean) ** 2 / s.sum()
    assert_allclose(found[0].astype(float), mean.astype(float), rtol=1e-12, atol=1e-13)
    assert_allclose(found[1].astype(float), variance.astype(float), rtol=1e-12)


def standardised(X, weights, fit_intercept):
    """The design in the coordinates of columns of mean 0 and variance 1, and these."""
    mean, variance = mean_and_variance(X, weights)
    columns = column_coordinates(mean, variance, fit_intercept)
    return DesignMatrix(X, fit_intercept, columns), columns


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_spectrum_of_standardised_columns(table, storage, weighted, fit_intercept):
    """A sparse matrix is standardised without being filled in."""
    X, weights = table
    weights = weights if weighted else None
    design, _ = standardised(storage(X), weights, fit_intercept)
    mean = np.average(X, axis=0, weights=weights) if fit_intercept else 0.0
    scale = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))
    expected = eigenvalues((X - mean) / scale, weights, fit_intercept)
    spectrum = Spectrum(design, weights)
    assert spectrum.largest == pytest.approx(expected[-1], rel=1e-9)
    assert spectrum.smallest == pytest.approx(expected[0], rel=1e-9)
    if fit_intercept:
        before = Spectrum(DesignMatrix(storage(X), True), weights)
        foretold = before.standardised_condition_number
        assert foretold == pytest.approx(expected[-1] / expected[0], rel=1e-8)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
def test_largest_row(table, storage, weighted):
    """The largest s_i ||a_i||^2, which is not the largest norm times the largest weight."""
    X, weights = table
    s = weights if weighted else np.ones(40)
    spectrum = Spectrum(DesignMatrix(storage(X), True), weights if weighted else None)
    assert spectrum.largest_row == pytest.approx((s * ((X**2).sum(axis=1) + 1)).max(), rel=1e-12)
    design, _ = standardised(storage(X), weights if weighted else None, True)
    mean = np.average(X, axis=0, weights=s)
    Z = (X - mean) / np.sqrt(np.average((X - mean) ** 2, axis=0, weights=s))
    spectrum = Spectrum(design, weights if weighted else None)
    assert spectrum.largest_row == pytest.approx((s * ((Z**2).sum(axis=1) + 1)).max(), rel=1e-10)


def test_rows_are_added_up_in_blocks(rng):
    X = rng.normal(1.0, 1.0, size=(2 * COPIED_ROWS + 100, 2))
    weights = rng.uniform(0.5, 1.5, size=len(X))
    weights /= weights.mean()
    for s in (None, weights):
        spectrum = Spectrum(DesignMatrix(X, True), s)
        np.testing.assert_allclose(
            [spectrum.smallest, spectrum.largest], eigenvalues(X, s)[[0, -1]], rtol=1e-10
        )


def test_moments_keep_their_digits_beside_large_means(rng):
    """Spreads of 1 about means of 1e7: squares of the columns alone would have lost them."""
    X = rng.normal(size=(50, 3))
    moments = moments_of(DesignMatrix(X + 1e7, True), None, None)
    np.testing.assert_allclose(moments.mean, X.mean(axis=0) + 1e7, rtol=1e-14)
    np.testing.assert_allclose(moments.covariance, np.cov(X.T, bias=True), rtol=1e-6, atol=1e-7)


def test_top_vector(table):
    X, weights = table
    spectrum = Spectrum(DesignMatrix(X, True), weights)
    A, v = np.column_stack([X, np.ones(40)]), spectrum.top_vector
    np.testing.assert_allclose((A.T * weights) @ A @ v / 40, spectrum.largest * v, atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_condition_number_of_dependent_columns_is_infinite(dtype, rng):
    X = rng.normal(size=(30, 2)).astype(dtype)
    spectrum = Spectrum(DesignMatrix(np.column_stack([X, X[:, 0]]), True), None)
    assert spectrum.condition_number > 1e6
    if dtype is np.float64:
        assert spectrum.condition_number == math.inf
        assert spectrum.standardised_condition_number == math.inf


def test_spectrum_of_another_array_library(table):
    X, weights = table
    there = (array_api_strict.asarray(array) for array in (X, weights))
    spectrum = Spectrum(DesignMatrix(next(there), True), next(there))
    assert spectrum.largest == pytest.approx(eigenvalues(X, weights)[-1], rel=1e-10)


def test_overflow_is_an_error_that_says_so(rng):
    spectrum = Spectrum(DesignMatrix(1e200 * rng.normal(size=(10, 2)), True), None)
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="squares of X overflow"):
        _ = spectrum.largest


# Too many parameters for the matrix itself: Lanczos


def wide_tables(rng):
    n, p = 60, LARGEST + 40
    X = rng.normal(size=(n, p)) * rng.uniform(0.1, 2.0, size=p) + 0.3
    zeros = X * (rng.uniform(size=X.shape) < 0.05)
    crowded = rng.normal(size=(50, LARGEST_ROW + 80)) + 0.5  # few columns, but too many nonzeros
    return {
        "dense": (X, np.asarray),
        "sparse": (zeros, sparse.csr_array),
        "crowded sparse": (crowded, sparse.csr_array),
    }


@pytest.mark.parametrize("kind", ["dense", "sparse", "crowded sparse"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
def test_lanczos_gives_a_tight_upper_bound(kind, weighted, standardize, rng):
    X, storage = wide_tables(rng)[kind]
    weights = rng.uniform(0.2, 2.0, size=len(X))
    weights = weights / weights.mean() if weighted else None
    if standardize:
        design, columns = standardised(storage(X), weights, True)
        X = (X - columns.mean) / columns.scale
    else:
        design = DesignMatrix(storage(X), True)
    spectrum = Spectrum(design, weights)
    assert spectrum.matrix is None
    largest = eigenvalues(X, weights)[-1]
    assert largest * (1 - 1e-12) <= spectrum.largest <= largest * (1 + 1e-3)
    assert spectrum.smallest is None
    assert spectrum.condition_number is None


def without_convergence(*args, **kwargs):
    return eigsh(*args, **{**kwargs, "maxiter": 1, "tol": 0})


def with_the_second_pair(operator, **kwargs):
    values, vectors = np.linalg.eigh(operator @ np.eye(operator.shape[0]))
    raise ArpackNoConvergence("stopped", values[-2:-1], vectors[:, -2:-1])


@pytest.mark.parametrize("stopped", [without_convergence, with_the_second_pair])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_upper_bound_without_convergence(weighted, kind, stopped, rng, monkeypatch):
    """Whether ARPACK stops with no pair or with one that is not the largest."""
    X, storage = wide_tables(rng)[kind]
    weights = rng.uniform(0.2, 2.0, size=len(X))
    weights = weights / weights.mean() if weighted else None
    monkeypatch.setattr("gdregress._objective.curvature.eigsh", stopped)
    spectrum = Spectrum(DesignMatrix(storage(X), True), weights)
    values = eigenvalues(X, weights)
    assert values[-1] <= spectrum.largest <= values.sum() * (1 + 1e-10)
    assert np.linalg.norm(spectrum.top_vector) == pytest.approx(1.0)


# Stable limits


def largest_distance(optimizer, curvature, learning_rate, steps=4000):
    """From the minimum of curvature w^2 / 2, over the last steps of a run that starts at 1."""
    params = np.ones(1)
    state, distances = optimizer.init(params), []
    for _ in range(steps):
        gradient = curvature * optimizer.lookahead(params, state)
        params, state = optimizer.step(params, gradient, state, learning_rate, lambda w, s: w)
        distances.append(abs(params[0]))
    return max(distances[-50:])


MOMENTA = [0.0, 0.5, 0.9]
RULES = [
    GradientDescent(),
    *(rule(momentum) for rule in (Momentum, Nesterov) for momentum in MOMENTA),
]


@pytest.mark.parametrize("curvature", [0.1, 1.0, 300.0])
@pytest.mark.parametrize("optimizer", RULES, ids=str)
def test_limit_separates_convergence_from_divergence(optimizer, curvature):
    limit = optimizer.stable_limit(curvature)
    assert largest_distance(optimizer, curvature, 0.99 * limit) < 1e-6
    assert largest_distance(optimizer, curvature, 1.01 * limit) > 1e6


def test_limits_are_those_of_the_textbooks():
    assert GradientDescent().stable_limit(4.0) == pytest.approx(2 / 4)
    assert Momentum(0.5).stable_limit(4.0) == pytest.approx(2 * 1.5 / 4)
    assert Nesterov(0.5).stable_limit(4.0) == pytest.approx((2 + 1) / ((1 + 1) * 4))
    assert Nesterov("auto").stable_limit(4.0) == pytest.approx(4 / (3 * 4))
    assert Nesterov(0.9).stable_limit(4.0) < GradientDescent().stable_limit(4.0)


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if OPTIMIZERS[name].adaptive])
def test_adaptive_rules_have_no_limit(name):
    assert OPTIMIZERS[name]().stable_limit(4.0) is None


# Expected smoothness


def test_expected_smoothness_of_one_row_and_of_all():
    assert expected_smoothness(2.0, 30.0, n_samples=50, batch_size=1) == pytest.approx(30.0)
    assert expected_smoothness(2.0, 30.0, n_samples=50, batch_size=50) == pytest.approx(2.0)
    assert expected_smoothness(2.0, 2.0, n_samples=1, batch_size=1) == pytest.approx(2.0)


def test_expected_smoothness_falls_with_the_batch_size():
    values = [expected_smoothness(2.0, 30.0, 50, size) for size in range(1, 51)]
    assert np.diff(values).max() < 0


@pytest.mark.parametrize("batch_size", [1, 2, 3, 5, 6])
def test_expected_smoothness_bounds_the_mean_square_of_batch_gradients(batch_size, rng):
    """E ||g_B(w) - g_B(w*)||^2 <= 2 E (f(w) - f(w*)), over all batches of six rows."""
    A, n = rng.normal(size=(6, 2)), 6
    largest, largest_row = eigenvalues(A, fit_intercept=False)[-1], (A**2).sum(axis=1).max()
    bound = expected_smoothness(largest, largest_row, n, batch_size)
    batches = [list(rows) for rows in itertools.combinations(range(n), batch_size)]
    for error in rng.normal(size=(200, 2)):  # w - w*
        gradients = [A[rows].T @ (A[rows] @ error) / batch_size for rows in batches]
        mean_square = np.mean([g @ g for g in gradients])
        assert mean_square <= bound * np.mean((A @ error) ** 2) * (1 + 1e-12)


# Learning rates of a fit


def fitted_rate(table, **parameters):
    X, weights = table
    y = X[:, :4] @ np.arange(1.0, 5.0) + 1.0
    settings = {"max_iter": 1, "tol": None, "random_state": 0, "preconditioner": None}
    settings |= parameters
    return GDRegressor(**settings).fit(X, y, weights)


@pytest.mark.parametrize(
    ("optimizer", "loss", "curvature"),
    [
        ("gd", "squared_error", 1.0),
        ("nesterov", "squared_error", 1.0),
        ("momentum", "squared_epsilon_insensitive", 2.0),
    ],
)
def test_batch_rate_is_one_over_the_curvature(table, optimizer, loss, curvature):
    model = fitted_rate(table, optimizer=optimizer, loss=loss)
    largest = curvature * eigenvalues(*table)[-1]
    assert model.learning_rate_ == pytest.approx(1 / largest, rel=1e-9)


@pytest.mark.parametrize(("optimizer", "momentum"), [("gd", 0.0), ("momentum", 0.5)])
@pytest.mark.parametrize(
    ("solver", "size"), [("stochastic", 1), ("mini-batch", 8), ("mini-batch", 40)]
)
def test_rate_of_batches_begins_at_half_of_one_over_the_expected_smoothness(
    table, solver, size, optimizer, momentum
):
    """Later epochs have what has been learned of it."""
    X, weights = table
    given = {"batch_size": size} if solver == "mini-batch" else {}
    given |= {"momentum": momentum} if momentum else {}
    model = fitted_rate(table, solver=solver, optimizer=optimizer, schedule="constant", **given)
    largest_row = (weights * ((X**2).sum(axis=1) + 1)).max()
    smoothness = expected_smoothness(eigenvalues(X, weights)[-1], largest_row, 40, size)
    first = model.history_["learning_rate"][0]
    assert first == pytest.approx((1 - momentum) / (2 * smoothness), rel=1e-9)


@pytest.mark.parametrize("preconditioner", [None, "columns"])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam"])
def test_columns_of_zeros_cost_an_adaptive_rate_nothing(table, storage, optimizer, preconditioner):
    X, weights = table
    wider = storage(np.column_stack([X, np.zeros((len(X), 50))]))
    given = {"optimizer": optimizer, "preconditioner": preconditioner}
    rates = [fitted_rate((A, weights), **given).learning_rate_ for A in (X, wider)]
    assert rates[1] == pytest.approx(rates[0], rel=1e-12)
    nothing = fitted_rate((0 * X, weights), **given)
    assert not nothing.coef_.any()


def test_batch_rate_in_coordinates_is_one_over_the_curvature_there(table):
    X, weights = table
    mean = np.average(X, axis=0, weights=weights)
    Z = (X - mean) / np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))
    for given, rows in [("columns", Z), ("moments", None)]:
        model = fitted_rate(table, optimizer="gd", preconditioner=given)
        largest = 1.0 if rows is None else eigenvalues(rows, weights)[-1]
        assert model.learning_rate_ == pytest.approx(1 / largest, rel=1e-9)


def test_heavy_ball_takes_the_optimal_rate_and_momentum(table):
    """1 / L, and (1 - sqrt(mu / L))^2, which damps the slowest direction critically."""
    values = eigenvalues(*table)
    model = fitted_rate(table, optimizer="momentum", max_iter=2000)
    assert model.learning_rate_ == pytest.approx(1 / values[-1], rel=1e-6)
    expected = (1 - math.sqrt(max(values[0] / values[-1], 1e-4))) ** 2
    assert model.momentum_ == pytest.approx(expected, rel=1e-6)


def test_optimal_momentum_damps_the_slowest_direction_critically():
    """z^2 - (1 + m - lr mu) z + m has a double root there."""
    for rate, mu in [(0.1, 0.5), (1.0, 1e-4), (0.5, 1.9)]:
        m = optimal_momentum(rate, mu)
        assert (1 + m - rate * mu) ** 2 == pytest.approx(4 * m, rel=1e-10)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("k", [2, 3])
def test_null_curvature_of_classes_is_the_mean_over_the_rows(k, fit_intercept):
    rng = np.random.RandomState(0)
    y, weights = rng.randint(k, size=60).astype(float), rng.uniform(0.5, 2.0, 60)
    weights /= weights.mean()
    y = 2 * y - 1 if k == 2 else y
    loss = multiclass_loss(LogLoss(), k)
    design = DesignMatrix(rng.normal(size=(60, 2)), fit_intercept)
    null = null_parameters(design, y, weights, loss)
    bent = loss.curvature_at(y, design.predict(null))
    expected = np.mean(bent * (weights if k == 2 else weights[:, None]))
    assert_allclose(Spectrum(design, weights, y).null_curvature(loss), expected, rtol=1e-13)
