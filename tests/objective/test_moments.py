"""Means and second moments of columns and targets, however the rows are stored."""

import tracemalloc

import array_api_strict
import numpy as np
import pytest
from grids import pairwise
from harness import kernels
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn import config_context
from twins import TWINS, needs_compiler, strided

from gdregress import GDRegressor
from gdregress._core import core
from gdregress._objective import moments as moments_module
from gdregress._objective.coordinates import Columns, metric_of
from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments import (
    LARGEST,
    LARGEST_ROW,
    _products,
    _products_by_blocks,
    _sparse_products,
    _sparse_products_by_blocks,
    affordable,
    moments_of,
)


def strict(array):
    return array_api_strict.asarray(np.ascontiguousarray(array))


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": strided,
    "csr": sparse.csr_array,
    "strict": strict,
}


def make_data(n=300, p=6, k=1, dtype=float):
    """Rows with zeros and means, targets that depend on them, weights of mean 1."""
    rng = np.random.RandomState(0)
    X = (rng.normal(size=(n, p)) + np.arange(p)) * (rng.uniform(size=(n, p)) < 0.7)
    y = X @ rng.normal(size=(p, k)) + 3 + rng.normal(size=(n, k))
    weights = rng.uniform(0.01, 1, size=n)
    return X.astype(dtype), y.astype(dtype), (weights / weights.mean()).astype(dtype)


def assert_moments(moments, X, y, weights, rtol):
    """Compared with NumPy, in double precision and units of the columns' sizes."""
    X, p = np.asarray(X, dtype=float), X.shape[1]
    y = np.asarray(y, dtype=float).reshape(len(X), -1)
    mean = np.average(np.hstack([X, y]), axis=0, weights=weights)
    second = np.cov(np.hstack([X, y]), rowvar=False, aweights=weights, ddof=0)
    size = np.sqrt(np.diag(second)) + np.abs(mean) * rtol

    def near(value, expected, units):
        assert value.shape == expected.shape and value.dtype == float
        assert_allclose(value / units, expected / units, rtol=0, atol=rtol)

    near(moments.mean, mean[:p], np.abs(mean[:p]) + size[:p])
    near(moments.target_mean, mean[p:], np.abs(mean[p:]) + size[p:])
    near(moments.covariance, second[:p, :p], np.outer(size[:p], size[:p]))
    near(moments.target_covariance, second[:p, p:], np.outer(size[:p], size[p:]))
    near(moments.target_variance, np.diag(second)[p:], size[p:] ** 2)
    assert moments.weight == pytest.approx(1.0 if weights is None else np.mean(weights))


@pairwise(
    layout=LAYOUTS,
    compiled=[True, False],
    k=[1, 3],
    weighted=[False, True],
    dtype=[np.float64, np.float32],
)
def test_moments_are_those_of_numpy(layout, compiled, k, weighted, dtype):
    X, y, weights = make_data(k=k, dtype=dtype)
    weights = weights if weighted else None
    targets = y[:, 0] if k == 1 else y
    given = strict if layout == "strict" else (lambda array: array)
    with config_context(array_api_dispatch=True), kernels(core.kernels if compiled else None):
        moments = moments_of(
            DesignMatrix(LAYOUTS[layout](X), True),
            given(targets),
            None if weights is None else given(weights),
        )
    # sums are in double precision, whatever the data
    assert_moments(moments, X, y, weights, rtol=1e-12 if dtype == np.float64 else 1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_rows_are_copied_a_few_at_a_time(dtype, weighted, monkeypatch):
    """In blocks, the last of which is short; one column holds no zeros."""
    monkeypatch.setattr(moments_module, "SPARSE_BLOCK", 1 << 12)
    X, y, weights = make_data(n=50_001, k=2, dtype=dtype)
    X[:, 0] = 1000 + np.arange(len(X)) % 7
    weights = weights if weighted else None
    design = DesignMatrix(sparse.csr_array(X), True)
    tracemalloc.start()
    moments = moments_of(design, y, weights)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_moments(moments, X, y, weights, rtol=1e-11 if dtype == np.float64 else 1e-6)
    assert peak < design.X.data.nbytes / 2


def test_without_targets():
    X, y, weights = make_data()
    moments = moments_of(DesignMatrix(X, True), None, weights)
    assert moments.target_mean.shape == moments.target_variance.shape == (0,)
    assert_moments(moments, X, y[:, :0], weights, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_mapped_rows(order, dtype, tmp_path):
    X, y, weights = make_data(n=5000, dtype=dtype)
    written = np.memmap(tmp_path / "X", dtype, "w+", shape=X.shape, order=order)
    written[:] = X
    written.flush()
    mapped = np.memmap(tmp_path / "X", dtype, "r", shape=X.shape, order=order)
    targets = y[:, 0].copy()
    for array in (targets, weights):
        array.flags.writeable = False
    moments = moments_of(DesignMatrix(mapped, True), targets, weights)
    assert_moments(moments, X, y, weights, rtol=1e-11 if dtype == np.float64 else 1e-6)
    models = [GDRegressor(random_state=0).fit(rows, targets, weights) for rows in (mapped, X)]
    assert_allclose(models[0].coef_, models[1].coef_, rtol=1e-10 if dtype == np.float64 else 1e-4)


@pytest.mark.parametrize("first_rows", ["alike", "far"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("compiled", [True, False])
def test_large_means_keep_the_digits_of_the_spreads(compiled, order, first_rows):
    """Eighths around 2^20: the numbers are exact, and so are their squares once centred."""
    rng = np.random.RandomState(0)
    eighths = rng.randint(-16, 17, size=(20_000, 5)) / 8
    eighths[:, 4] = eighths[:, 0] + rng.randint(-1, 2, size=len(eighths)) / 8
    weights = np.ones(len(eighths))
    if first_rows == "far":
        # with full weights these rows would make up the spread, and leave no digits to lose
        eighths[:50] += 2**17
        weights[:50] = 1e-6
    y = eighths[:, 0] - 2 * eighths[:, 1]
    both = np.column_stack([eighths, y])
    expected = np.cov(both, rowvar=False, ddof=0, aweights=weights)
    X = np.asarray(eighths + 2**20, order=order)
    with kernels(core.kernels if compiled else None):
        moments = moments_of(DesignMatrix(X, True), y + 2**20, weights)
    assert_allclose(moments.covariance, expected[:5, :5], rtol=1e-9, atol=1e-12)
    assert_allclose(moments.target_covariance[:, 0], expected[:5, 5], rtol=1e-9)
    assert_allclose(moments.target_variance, expected[5:, 5], rtol=1e-9)
    mean = np.average(eighths, axis=0, weights=weights) + 2**20
    assert_allclose(moments.mean, mean, rtol=1e-15)


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("indices", [np.int32, np.int64])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_core_equals_sparse_matrix_products(weighted, indices, dtype):
    """Indices in any order, some of them twice, and rows without a nonzero."""
    X, y, weights = make_data(n=70, p=7, k=2, dtype=dtype)
    X[3] = 0.0
    weights = weights if weighted else None
    rows = sparse.csr_array(X)
    rows.indices[: rows.indptr[1]] = rows.indices[: rows.indptr[1]][::-1]
    rows.indices[rows.indptr[5] + 1] = rows.indices[rows.indptr[5]]
    parts = rows.data, rows.indices.astype(indices), rows.indptr.astype(indices)
    rows = sparse.csr_array(rows.shape, dtype=dtype)
    rows.data, rows.indices, rows.indptr = parts
    shift = np.append(np.zeros(7), [0.5, -0.5])
    shift[2] = 0.25  # of a column that is taken to have no zeros
    expected = _sparse_products_by_blocks(rows, y, weights, shift)
    for module in TWINS.values():
        found = _sparse_products(rows, y, weights, shift, module)
        for one, other in zip(found, expected, strict=True):
            other = np.tril(other) if other.ndim == 2 else other
            one = np.tril(one) if one.ndim == 2 else one
            assert_allclose(one, other, rtol=1e-12, atol=1e-12 * len(X))


@needs_compiler
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("p", "k"), [(1, 1), (5, 1), (6, 1), (7, 1), (8, 2), (15, 3), (33, 0)])
def test_the_core_equals_matrix_products(p, k, weighted, dtype):
    """Widths around multiples of the tiles, rows around multiples of the blocks."""
    for n in (2, 63, 257):
        X, y, weights = make_data(n, p, k, dtype)
        weights = weights if weighted else None
        shift = np.random.RandomState(1).normal(size=p + k)
        expected = _products_by_blocks(X, y, weights, shift)
        q = p + k + 1
        twins = TWINS if n < 100 and p < 10 else ["compiled"]
        for module in map(TWINS.get, twins):
            for rows in (X, np.asfortranarray(X)):
                total = _products(rows, y, weights, shift, module)
                tolerance = {np.float64: 1e-11, np.float32: 2e-5}[dtype] * expected.max()
                assert_allclose(total[:q, :q], expected, rtol=0, atol=tolerance)
                assert (total[q:] == 0).all() and (total[:, q:] == 0).all()


@pytest.mark.parametrize("weight", [1.0, 0.3, 7.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["C", "csr"])
def test_weights_of_any_mean(layout, fit_intercept, weight):
    """A call of partial_fit weighs its rows against all others: A' S A keeps the factor."""
    X, y, weights = make_data()
    s = weight * weights
    moments = moments_of(DesignMatrix(LAYOUTS[layout](X), fit_intercept), y, s)
    assert_moments(moments, X, y, s, rtol=1e-12)
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    matrix = A.T @ (s[:, None] * A) / len(X)
    assert_allclose(moments.matrix(fit_intercept), matrix, rtol=1e-12, atol=1e-12)
    assert_allclose(moments.mean_squares(fit_intercept), np.diag(matrix), rtol=1e-12)
    centred, mean = moments.augmented(fit_intercept)
    assert_allclose(
        weight * (centred + np.outer(mean, mean)),
        moments.matrix(fit_intercept),
        rtol=1e-12,
        atol=1e-12,
    )
    if fit_intercept:
        assert mean[-1] == 1 and not centred[-1].any() and not centred[:, -1].any()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("k", [1, 3])
def test_value_and_gradient_at_a_constant(k, fit_intercept):
    X, y, weights = make_data(k=k)
    moments = moments_of(DesignMatrix(X, fit_intercept), y, weights)
    constant = np.arange(1.0, 1 + k) if fit_intercept else np.zeros(k)
    value, gradient = moments.at_constant(constant, fit_intercept)
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    r = constant - y
    assert value == pytest.approx(np.average(r**2 / 2, axis=0, weights=weights).sum(), rel=1e-12)
    assert_allclose(gradient, A.T @ (weights[:, None] * r) / len(X), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("layout", ["C", "csr"])
def test_in_scaled_columns(layout):
    """Those of the rows that the coordinates stand for, though X itself is left as it is."""
    X, y, weights = make_data()
    columns = Columns(X.mean(axis=0) + 0.5, X.std(axis=0), True)
    design = DesignMatrix(LAYOUTS[layout](X), True, columns)
    as_given = moments_of(design, y, weights)
    assert_moments(as_given, X, y, weights, rtol=1e-12)
    moments = as_given.in_coordinates(columns)
    assert_moments(moments, (X - columns.mean) / columns.scale, y, weights, rtol=1e-10)


def test_in_a_metric():
    X, y, weights = make_data()
    mean = X.mean(axis=0)
    metric = metric_of(Columns(mean, X.std(axis=0), True), np.eye(6) + 0.3, 1.0, np.zeros(6))
    moments = moments_of(DesignMatrix(X, True), y, weights).in_coordinates(metric)
    assert_moments(moments, (X - mean) @ metric.basis, y, weights, rtol=1e-10)


def test_affordable():
    assert affordable(DesignMatrix(np.ones((3, LARGEST - 1)), True))
    assert not affordable(DesignMatrix(np.ones((3, LARGEST)), True))
    assert affordable(DesignMatrix(np.ones((3, LARGEST)), False))
    assert affordable(DesignMatrix(sparse.csr_array(np.ones((3, LARGEST_ROW))), True))
    too_full = DesignMatrix(sparse.csr_array(np.ones((3, LARGEST_ROW + 1))), True)
    assert not affordable(too_full)
    assert moments_of(too_full, np.ones(3), None) is None


@pytest.mark.parametrize("layout", ["C", "csr"])
def test_squares_that_overflow_are_named(layout):
    X = np.array([[1e200, 1.0], [-1e200, 2.0], [1.0, 3.0]])
    with pytest.raises(ValueError, match="squares of X overflow"):
        moments_of(DesignMatrix(LAYOUTS[layout](X), True), np.ones(3), None)
