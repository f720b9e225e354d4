"""Least squares from running moments: the solution of all rows, and when it is used."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from gdregress import GDRegressor
from gdregress._stream.least_squares import DRIFT, LARGEST_WIDTH, LeastSquares
from gdregress._stream.stream import Stream
from gdregress.losses import Huber, SquaredError
from gdregress.penalties import L1, L2, Box, NoPenalty


def make_rows(n=80):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 4)) * [1, 100, 0.01, 1] + [0, 5000, 1, 0]
    X[:, 3] = X[:, 0]  # a copy
    return X, np.column_stack([X[:, 0] + rng.normal(size=n), X[:, 1]]), rng.uniform(0.5, 2, n)


def solved(X, y, weights, fit_intercept, l2, parts):
    exact = LeastSquares.at(np.zeros((y.shape[1], 4 + fit_intercept)), fit_intercept, True)
    for rows in np.split(np.arange(len(y)), parts):
        exact.add(X[rows], y[rows], weights[rows])
    exact.solve(l2)
    return exact


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_is_the_solution_of_all_rows(fit_intercept, l2):
    X, y, weights = make_rows()
    exact = solved(X, y, weights, fit_intercept, l2, [1, 3, 40])
    A = np.column_stack([X, np.ones(len(X))])[:, : 4 + fit_intercept]
    penalty = np.sqrt(l2 * weights.sum()) * np.eye(4, A.shape[1])
    rows = np.vstack([np.sqrt(weights)[:, None] * A, penalty])
    of_rows = np.vstack([np.sqrt(weights)[:, None] * y, np.zeros((4, 2))])
    best = np.linalg.lstsq(rows, of_rows, rcond=1e-12)[0]
    assert_allclose(A @ exact.params.T, A @ best, rtol=1e-5, atol=1e-5)


def test_too_few_rows_are_not_believed():
    X, y, weights = make_rows(9)
    assert not solved(X, y, weights, True, 0.0, []).is_reported
    X, y, weights = make_rows(10)
    assert solved(X, y, weights, True, 0.0, []).is_reported


def test_the_learners_are_reported_where_they_were_better_and_again_where_they_were_not():
    X, y, weights = make_rows()
    exact, zero, one = solved(X, y, weights, True, 0.0, []), np.zeros(4), np.ones(4)
    exact.compare(one, zero, one)  # four rows of loss 1 more: two standard errors
    assert not exact.is_reported and exact.rows == 80
    exact.compare(zero, 2 * one, one)
    assert exact.is_reported


def test_a_drift_forgets_the_rows():
    X, y, weights = make_rows()
    exact, many = solved(X, y, weights, True, 0.0, []), np.ones(64)
    assert DRIFT**2 < 10  # rows that count, of the last 80
    exact.compare(many, 0 * many, many)
    assert exact.rows == 0 and not exact.moments.any() and not exact.is_reported


def test_covers_squared_error_whose_minimum_solves_a_linear_system():
    square = SquaredError()
    assert all(LeastSquares.covers(5, square, penalty) for penalty in (NoPenalty(), L2(0.1)))
    assert not any(LeastSquares.covers(5, square, penalty) for penalty in (L1(0.1), Box(0, 1)))
    assert not LeastSquares.covers(5, Huber(), NoPenalty())
    assert not LeastSquares.covers(LARGEST_WIDTH + 1, square, NoPenalty())


def test_after_a_fit_it_waits_until_it_predicts_better():
    start = Stream.at(np.zeros((1, 5)), True, False, rows=100)
    X, y, weights = make_rows(5)
    start.learn(X, y[:, 0], weights, SquaredError(), NoPenalty())
    assert not start.least_squares.believed


def test_sparse_rows_are_those_of_arrays():
    rng = np.random.RandomState(0)
    dense, compressed = GDRegressor(), GDRegressor()
    for _ in range(20):
        X = sparse.random(10, 6, 0.3, "csr", random_state=rng)
        y = X @ np.arange(6.0) + rng.normal(size=10)
        compressed.partial_fit(X, y)
        dense.partial_fit(X.toarray(), y)
    assert_allclose(compressed.coef_, dense.coef_, rtol=1e-8)
