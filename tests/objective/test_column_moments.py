"""Means and variances of columns, read once about a guess: right wherever the guess is."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress._core import core
from gdregress._core.kernels import interpreted
from gdregress._objective import column_moments
from gdregress._objective.column_moments import by_reading_once, mean_and_variance

TWINS = {"compiled": core.kernels, "interpreted": interpreted}
LAYOUTS = {"rows": np.ascontiguousarray, "columns": np.asfortranarray}


def expected(X, weights):
    mean = np.average(X, axis=0, weights=weights)
    return mean, np.average((X - mean) ** 2, axis=0, weights=weights)


@pytest.mark.parametrize("p", [1, 3, 8, 21])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("twin", TWINS)
def test_all_layouts_types_and_weights(twin, layout, p):
    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        for n in (1, 5, 1026):
            X = (rng.normal(size=(n, p)) * 3 + 2).astype(dtype)
            for weights in (None, rng.uniform(0.1, 2.0, n).astype(dtype)):
                found = by_reading_once(LAYOUTS[layout](X), weights, TWINS[twin])
                for moment, right in zip(found, expected(X.astype(float), weights), strict=True):
                    assert_allclose(moment, right, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("twin", TWINS)
def test_means_that_are_large_beside_the_spread_cost_no_digits(twin):
    X = np.random.default_rng(1).integers(0, 9, size=(2000, 3)) + np.array([0.0, 2.0**40, -1e9])
    mean, variance = by_reading_once(X, None, TWINS[twin])
    right = expected(X - X[0], None)
    assert_allclose(mean - X[0], right[0], atol=2e-4)  # a unit in the last place of the mean
    assert_allclose(variance, right[1], rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_guess_far_from_the_mean(weighted):
    """The rows of the guess are all outliers, or have no weight: the rows are read again."""
    n = 64 * column_moments.SAMPLE_ROWS
    X = np.random.default_rng(2).normal(size=(n, 2))
    X[:, 0] += 5.0
    weights, every = None, slice(None, None, n // column_moments.SAMPLE_ROWS)
    if weighted:
        weights = np.ones(n)
        weights[every] = 0.0
        X[every] = 1e12
    else:
        X[every, 1] = 1e6
    for moment, right in zip(mean_and_variance(X, weights), expected(X, weights), strict=True):
        assert_allclose(moment, right, rtol=1e-12, atol=1e-13)
