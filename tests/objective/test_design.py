"""Facts of the rows and columns of a design matrix that are read block by block."""

import numpy as np
import pytest
from harness import kernels
from numpy.testing import assert_allclose
from scipy import sparse
from twins import TWINS, needs_compiler

from gdregress._core import core
from gdregress._objective.coordinates import Columns
from gdregress._objective.design import DesignMatrix, largest_deviations, mean_and_variance

SHAPES = [(1, 1), (7, 3), (40, 8), (33, 37), (5000, 30)]
LAYOUTS = {"C": np.ascontiguousarray, "Fortran": np.asfortranarray, "csr": sparse.csr_array}


def rows_of(shape, dtype=float):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_deviations_and_norms_are_those_of_numpy(shape, layout, dtype, compiled):
    X = rows_of(shape, dtype)
    rng = np.random.default_rng(1)
    mean, scale = rng.normal(size=shape[1]), rng.uniform(0.1, 10, size=shape[1])
    design = DesignMatrix(LAYOUTS[layout](X), True, Columns(mean, scale, True))
    with kernels(core.kernels if compiled else None):
        norms, deviations = design.squared_row_norms(), largest_deviations(design.X, mean)
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    assert_allclose(norms, 1 + np.sum(((X - mean) / scale) ** 2, axis=1), rtol=rtol)
    assert_allclose(deviations, np.max((X - mean) ** 2, axis=0), rtol=rtol)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("layout", ["C", "Fortran"])
@pytest.mark.parametrize("shape", SHAPES)
def test_means_and_variances_are_those_of_numpy(shape, layout, weighted, compiled):
    """Also of columns that are large beside their spread, or constant."""
    X = rows_of(shape) + 1e6
    X[:, -1] = 0.1
    weights = np.random.default_rng(1).uniform(0, 2, size=len(X)) if weighted else None
    if weighted and len(X) > 1:
        weights[0], X[0] = 0.0, 1e12
    with kernels(core.kernels if compiled else None):
        mean, variance = mean_and_variance(LAYOUTS[layout](X), weights)
    expected = np.average(X, axis=0, weights=weights)
    assert_allclose(mean, expected, rtol=1e-13)
    expected = np.average((X - expected) ** 2, axis=0, weights=weights)
    assert_allclose(variance[:-1], expected[:-1], rtol=1e-9)
    assert mean[-1] == 0.1 and variance[-1] == 0.0


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", SHAPES[:-1])
def test_compiled_facts_of_rows_and_columns_are_the_interpreted_ones(shape, dtype):
    X = rows_of(shape, dtype)
    mean, factors = np.linspace(-1, 1, shape[1]), np.linspace(0.1, 2, shape[1])
    found = []
    for module in TWINS.values():
        low, high, norms = np.full(shape[1], np.inf), np.full(shape[1], -np.inf), np.empty(len(X))
        module.dense_extremes(X, low, high)
        module.dense_row_norms(X, mean, factors, norms)
        sums, squares = np.zeros((2, shape[1]))
        weights = np.linspace(0, 2, len(X)).astype(dtype)
        module.dense_deviations(X, weights, mean, sums, squares)
        module.dense_deviations(X, weights[:0], mean, sums, squares)
        found.append((low, high, norms, sums, squares))
    for one, other in zip(*found, strict=True):
        assert_allclose(one, other, rtol=1e-13)
