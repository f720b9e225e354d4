"""Least squares with tol=0 are right to the last digit, by elimination in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from gdregress import GDRegressor
from gdregress._estimator.planning.refinement import two_product

EPS = float(np.finfo(float).eps)


def exact_least_squares(X, y, weights, fit_intercept):
    """(A' S A)^-1 A' S y, rounded once."""
    rows = [[*map(Fraction, row), *[Fraction(1)] * fit_intercept] for row in X.tolist()]
    y, weights = [[Fraction(v) for v in column.tolist()] for column in (y, weights)]
    p = len(rows[0])

    def sum_of(a, b):
        return sum(w * u * v for w, u, v in zip(weights, a, b, strict=True))

    columns = list(zip(*rows, strict=True))
    system = [[*(sum_of(a, b) for b in columns), sum_of(a, y)] for a in columns]
    for i in range(p):
        system[i] = [value / system[i][i] for value in system[i]]
        for k in (k for k in range(p) if k != i):
            system[k] = [a - system[k][i] * b for a, b in zip(system[k], system[i], strict=True)]
    return np.array([float(row[-1]) for row in system])


def polynomial(rng):
    """Powers of x: condition 1e10 of X'X in columns of one size, residuals far from zero."""
    x = np.arange(15.0)
    X = x[:, None] ** np.arange(1, 6)
    return X, X @ np.ones(5) + 1e5 * rng.normal(size=15)


def near_copies(rng):
    X = rng.normal(size=(20, 3))
    X[:, 2] = X[:, 0] + 1e-5 * X[:, 2]
    return 1e3 * X, rng.normal(size=20)


def far_from_zero(rng):
    X = 1e6 + rng.normal(size=(20, 3))
    return X, X.sum(axis=1) + rng.normal(size=20)


@pytest.mark.parametrize("table", [polynomial, near_copies, far_from_zero])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_coefficients_are_exact(table, fit_intercept, weighted):
    rng = np.random.default_rng(0)
    X, y = table(rng)
    weights = 2.0 ** rng.integers(0, 3, size=len(y)) if weighted else np.ones(len(y))
    model = GDRegressor(tol=0, fit_intercept=fit_intercept).fit(X, y, sample_weight=weights)
    assert model.converged_
    exact = exact_least_squares(X, y, weights, fit_intercept)
    np.testing.assert_allclose(model.coef_, exact[: X.shape[1]], rtol=4 * EPS)


def test_several_targets_and_columns_of_one_size():
    rng = np.random.default_rng(0)
    X, y = polynomial(rng)
    Y = np.column_stack([y, X @ np.arange(5.0)])
    model = GDRegressor(tol=0, standardize=True).fit(X, Y)
    for coef, column in zip(model.coef_, Y.T, strict=True):
        exact = exact_least_squares(X, column, np.ones(len(X)), True)[:5]
        np.testing.assert_allclose(coef, exact, rtol=4 * EPS, atol=4 * EPS)


def test_product_and_its_rest_are_exact():
    a, b = np.random.default_rng(0).normal(size=(2, 100))
    for x, y, product, rest in zip(a, b, *two_product(a, b), strict=True):
        assert Fraction(product) + Fraction(rest) == Fraction(x) * Fraction(y)
        assert product == x * y
