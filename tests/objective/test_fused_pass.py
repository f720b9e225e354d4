"""One pass over all rows gives what NumPy gives: loss, gradient and squares of the columns."""

import numpy as np
import pytest
from components import with_kernel
from grids import pairwise
from harness import threads
from numpy.testing import assert_allclose, assert_array_equal
from reference import exp_remainder_in_many_digits, log_cosh_in_many_digits
from scipy import sparse
from threadpoolctl import threadpool_limits
from twins import LAYOUTS, TWINS, make_params, needs_compiler

from gdregress import GDRegressor
from gdregress._objective.design import DesignMatrix
from gdregress._objective.fused_pass import column_mean_squares, fused_pass
from gdregress.losses import LOSSES

pytestmark = needs_compiler


def make_data(n=23, p=11, k=1, dtype=float):
    """Rows with zeros, an empty one, positive targets, weights of mean 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) * (rng.uniform(size=(n, p)) < 0.6)
    X[3] = 0
    y = rng.uniform(0.1, 3.0, size=(n, k) if k > 1 else n)
    weights = rng.uniform(size=n)
    weights[n // 2] = 0
    return X.astype(dtype), y.astype(dtype), (weights / weights.mean()).astype(dtype)


def expected_pass(X, y, weights, loss, params, next_point, fit_intercept):
    """Mean loss at `params` and gradient at `next_point`, in double precision."""
    X, y, params, next_point = (np.asarray(a, dtype=float) for a in (X, y, params, next_point))
    A = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    s = np.ones(len(X)) if weights is None else weights.astype(float)
    s = s if y.ndim == 1 else s[:, None]
    value = np.sum(s * loss.value(y, A @ params)) / len(X)
    return value, A.T @ (s * loss.gradient(y, A @ next_point)) / len(X)


@pairwise(loss=with_kernel(LOSSES), layout=LAYOUTS, twin=TWINS)
def test_all_losses(loss, layout, twin):
    loss = LOSSES[loss]()
    for dtype, rtol in ((np.float64, 1e-13), (np.float32, 2e-6)):
        for k, fit_intercept, weighted in ((1, True, True), (1, False, False), (3, True, False)):
            X, y, weights = make_data(k=k, dtype=dtype)
            weights = weights if weighted else None
            design = DesignMatrix(LAYOUTS[layout](X), fit_intercept)
            params, next_point = (
                make_params(design.n_parameters, k, seed, dtype) for seed in (1, 2)
            )
            args = design, y, weights, loss, params
            kernels = TWINS[twin]
            for point in (None, next_point):
                at = params if point is None else point
                expected = expected_pass(X, y, weights, loss, params, at, fit_intercept)
                value, gradient = fused_pass(*args, point, kernels=kernels)
                assert_allclose(value, expected[0], rtol=rtol)
                assert_allclose(gradient, expected[1], rtol=rtol, atol=rtol)
                assert gradient.shape == params.shape and gradient.dtype == dtype
            alone, nothing = fused_pass(*args, next_point, gradient=False, kernels=kernels)
            assert alone == value and nothing is None


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("n", [1, 11])
@pytest.mark.parametrize("d", [-1.2, -0.3, -0.05, 1e-4, 1e-9, 1e-140, 0.09, 0.15, 0.9, 3.0])
def test_small_residuals_keep_their_digits(d, n, twin):
    design, params = DesignMatrix(np.ones((n, 1)), False), np.array([d])
    remainder = exp_remainder_in_many_digits(d)
    for loss, y, expected in (
        ("log_cosh", 0.0, log_cosh_in_many_digits(d)),
        ("poisson", 1.0, remainder),
        ("gamma", 1.0, exp_remainder_in_many_digits(-d)),
    ):
        y = np.full(n, y)
        value, _ = fused_pass(design, y, None, LOSSES[loss](), params, kernels=TWINS[twin])
        assert value == pytest.approx(expected, rel=1e-13, abs=0), loss


@pairwise(p=[1, 7, 8, 9, 31, 32, 33, 41, 300], k=[1, 2], dtype=[np.float64, np.float32])
def test_every_end_of_the_vector_loops(p, k, dtype):
    """Row lengths around multiples of the vectors, numbers of rows around those of the blocks."""
    for n in (1, 2, 3, 4, 5, 9, 70):
        X, y, weights = make_data(n=n + 4, p=p, k=k, dtype=dtype)
        X, y, weights = X[4:], y[4:], weights[4:]
        params = make_params(p + 1, k, 1, dtype)
        args = DesignMatrix(X, True), y, weights, LOSSES["huber"](), params
        value, gradient = fused_pass(*args)
        expected = expected_pass(X, y, weights, LOSSES["huber"](), params, params, True)
        rtol = 1e-12 if dtype == np.float64 else 1e-5
        assert_allclose(value, expected[0], rtol=rtol)
        assert_allclose(gradient, expected[1], rtol=rtol, atol=rtol)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_column_mean_squares(layout, twin):
    for dtype, rtol in ((np.float64, 1e-13), (np.float32, 1e-6)):
        X, _, weights = make_data(dtype=dtype)
        for s in (None, weights):
            mean_squares = np.average(X.astype(float) ** 2, axis=0, weights=s)
            for fit_intercept in (True, False):
                design = DesignMatrix(LAYOUTS[layout](X), fit_intercept)
                squares = column_mean_squares(design, s, TWINS[twin])
                expected = [*mean_squares, 1.0] if fit_intercept else mean_squares
                assert_allclose(squares, expected, rtol=rtol)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "csr scattered"])
def test_squares_of_the_columns_on_the_way(layout, twin):
    for dtype, rtol in ((np.float64, 1e-14), (np.float32, 1e-6)):
        for k, p, fit_intercept, weighted in ((1, 11, True, True), (3, 4, False, False)):
            X, y, weights = make_data(p=p, k=k, dtype=dtype)
            weights = weights if weighted else None
            design = DesignMatrix(LAYOUTS[layout](X), fit_intercept)
            args = (
                design,
                y,
                weights,
                LOSSES["huber"](),
                make_params(design.n_parameters, k, 1, dtype),
            )
            squares = np.full(design.n_parameters, np.nan)
            seen = fused_pass(*args, squares=squares, kernels=TWINS[twin])
            assert_allclose(squares, column_mean_squares(design, weights), rtol=rtol)
            alone = fused_pass(*args, kernels=TWINS[twin])
            assert seen[0] == alone[0]
            assert_array_equal(seen[1], alone[1])


@pairwise(loss=["huber", "poisson"], layout=LAYOUTS, twin=TWINS, k=[1, 3], elsewhere=[True, False])
def test_slopes_and_predictions_are_kept_on_the_way(loss, layout, twin, k, elsewhere):
    """Those at the point of the gradient, of every row and without its weight."""
    loss = LOSSES[loss]()
    for dtype, rtol in ((np.float64, 1e-13), (np.float32, 2e-6)):
        X, y, weights = make_data(k=k, dtype=dtype)
        design = DesignMatrix(LAYOUTS[layout](X), True)
        params, next_point = (make_params(12, k, seed, dtype) for seed in (1, 2))
        args = design, y, weights, loss, params, next_point if elsewhere else None
        slopes, predictions = np.full((2, 23, k), np.nan)
        kept = {"slopes": slopes, "predictions": predictions}
        seen = fused_pass(*args, **kept, kernels=TWINS[twin])
        A = np.column_stack([X, np.ones(23)]).astype(float)
        at = (next_point if elsewhere else params).astype(float)
        expected = loss.gradient(y.astype(float), A @ at).reshape(23, k)
        assert_allclose(slopes, expected, rtol=rtol, atol=rtol)
        assert_allclose(predictions, (A @ at).reshape(23, k), rtol=rtol, atol=rtol)
        alone = fused_pass(*args, kernels=TWINS[twin])
        assert seen[0] == alone[0]
        assert_array_equal(seen[1], alone[1])


@pytest.mark.parametrize("twin", TWINS)
def test_poisson_of_a_tiny_target(twin):
    design = DesignMatrix(np.ones((1, 1)), False)
    args = design, np.array([1e-306]), None, LOSSES["poisson"](), np.array([8.0])
    value, _ = fused_pass(*args, kernels=TWINS[twin])
    assert value == pytest.approx(np.exp(8.0), rel=1e-14)


def test_squares_of_the_columns_cost_a_fit_no_pass(monkeypatch):
    def refuse(*args):
        raise AssertionError

    monkeypatch.setattr("gdregress._objective.fused_pass.column_mean_squares", refuse)
    X, y, weights = make_data()
    for storage in (np.asarray, sparse.csr_array):
        for loss, solver in (("huber", "batch"), ("poisson", "stochastic")):
            model = GDRegressor(loss, solver=solver, learning_rate=1e-3, max_iter=30, tol=None)
            model.fit(storage(X), y, weights)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_intercept_counts_by_the_mean_weight(layout):
    """Rows of one call of partial_fit weigh other than 1 on average."""
    X, _, weights = make_data()
    design = DesignMatrix(LAYOUTS[layout](X), True)
    assert column_mean_squares(design, 3 * weights)[-1] == pytest.approx(3.0)
    assert_allclose(column_mean_squares(design, 3 * weights), design_squares(X, 3 * weights))


def design_squares(X, weights):
    A = np.column_stack([X, np.ones(len(X))])
    return (weights[:, None] * A**2).mean(axis=0)


# Larger than one piece --------------------------------------------------------------------

LARGE = (40_000, 20)


@pytest.fixture(scope="module")
def large():
    """800,000 numbers, which are cut into three pieces."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=LARGE)
    return X, X @ rng.normal(size=20) + rng.normal(size=LARGE[0]), rng.uniform(0.5, 1.5, LARGE[0])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_threads_do_not_change_a_bit(layout, large):
    X, y, weights = large
    if layout == "csr scattered":
        X, y, weights = X[:20_000], y[:20_000], weights[:20_000]
    rows = LAYOUTS[layout](X)
    loss, params = LOSSES["huber"](), np.linspace(-1, 1, 21)
    args = DesignMatrix(rows, True), y, weights, loss, params, params / 2

    def both():
        slopes = np.empty((len(y), 1))
        value, gradient = fused_pass(*args, slopes=slopes)
        squares = column_mean_squares(args[0], weights)
        return np.concatenate([[value], gradient, squares, slopes[:, 0]])

    freely = both()
    with threadpool_limits(1):
        alone = both()
    assert_array_equal(alone, freely)
    # more threads than processors, as elsewhere
    for n_threads in (1, 2, 3, 7):
        with threads(n_threads):
            assert_array_equal(both(), freely)
    expected = expected_pass(X, y, weights, loss, params, params / 2, True)
    assert_allclose(freely[0], expected[0], rtol=1e-12)
    assert_allclose(freely[1:22], expected[1], rtol=1e-10, atol=1e-12)
