"""The fused pass: mean loss and gradient over all rows, in a single reading of them.

NumPy needs two passes and a handful of temporary arrays for the same. The pass is shared out
between threads.
"""

import numpy as np
from scipy import sparse

from gdregress._core import core
from gdregress._core.threads import memory_apart, pieces_of, sum_in_threads

# Bytes of a block of rows: it is multiplied up to three times while it is in the cache. The fewest
# rows of one, as many as products take at once: more of long rows would leave the cache.
BLOCK_BYTES, FEWEST_ROWS = 1 << 14, 4
# Longest row in double precision: blocks of longer ones leave the cache, and two products of BLAS
# are as fast.
LONGEST_ROW = 1 << 15
_NOTHING, _NO_NUMBERS = np.empty((0, 0)), np.empty(0)


def supports(design, y, loss):
    """Whether the compiled core can do it; otherwise the array library does."""
    if not (isinstance(y, np.ndarray) and core.is_compiled() and core.covers(loss, design)):
        return False
    return design.is_sparse or y.dtype != float or design.n_features <= LONGEST_ROW


def fused_pass(
    design,
    y,
    weights,
    loss,
    params,
    next_point=None,
    gradient=True,
    both_values=False,
    squares=None,
    slopes=None,
    predictions=None,
    kernels=core.kernels,
):
    """Mean weighted loss at `params` and its gradient at `next_point`.

    Parameters
    ----------
    design : DesignMatrix
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
        Weights of mean 1.
    loss : Loss
    params : ndarray
    next_point : ndarray or None
        Where the gradient is taken; None for `params`.
    gradient : bool
        False leaves the gradient out.
    both_values : bool
        Also the loss at `next_point`.
    squares : ndarray of shape (n_parameters,) or None
        With `gradient`: becomes the `column_mean_squares`, at no pass of their own.
    slopes : ndarray of shape (n_samples, n_predictions) or None
        With `gradient`: becomes dL/dz of every row at the point of the gradient, without its
        weight; of double precision.
    predictions : ndarray of shape (n_samples, n_predictions) or None
        With `gradient`: becomes z of every row there; of double precision.
    kernels : module
        The compiled core, or the same files run by Python.

    Returns
    -------
    value : float, or ndarray of shape (2,) with `both_values`
    gradient : ndarray of the shape of `params`, or None
    """
    n, y = design.n_samples, core.target_columns(y)
    w = _user_rows(design, params)
    u = _NOTHING if next_point is None or not gradient else _user_rows(design, next_point)
    kept = [_NOTHING if array is None else array for array in (slopes, predictions)]
    weights = core.kernel_weights(weights, y.dtype)
    row_length = max(1, design.n_features)
    if design.is_sparse:
        row_length = 1 + design.X.nnz // n
    rows_at_once = max(FEWEST_ROWS, BLOCK_BYTES // (8 * row_length))
    kernel_loss, arrays = core.kernel_loss(loss, kernels), core.arrays_of(design.X)

    def add(start, stop, values, g=_NOTHING, squares=_NO_NUMBERS):
        rows = memory_apart(y.shape[1] + len(w) + 1, rows_at_once)
        scratch = rows[: y.shape[1]], rows[y.shape[1] : -1], rows[-1]
        if design.is_sparse:
            rest = (design.fit_intercept, kernel_loss, w, u, g, *scratch, values, squares, *kept)
            kernels.csr_pass(*arrays, y, weights, start, stop, *rest)
            return
        rest = (kernel_loss, w, u, g, *scratch, values, squares)
        for X, rows in core.in_rows(design.X, start, stop):
            some = (array[rows] for array in kept)
            kernels.dense_pass(X, y[rows], weights[rows], 0, len(X), *rest, *some)

    pieces = pieces_of(n, len(w) * (1 + row_length), w.size if gradient else 0)
    shapes = [(1 + both_values,)]
    if gradient:
        shapes += [w.shape] if squares is None else [w.shape, squares.shape]
    value, *sums = sum_in_threads(add, pieces, *shapes)
    if squares is not None:
        squares[:] = _with_intercept(sums[1] / n, design, weights)
    value = value / n if both_values else float(value[0]) / n
    return value, _gradient_like(design, sums[0] / n, params) if gradient else None


def _user_rows(design, params):
    """The user's parameters at the run's, in double precision with a row for each target."""
    if design.coordinates is None:
        return core.target_rows(params)
    return core.target_rows(design.coordinates.to_user(params.astype(float)))


def _gradient_like(design, rows, params):
    """The gradient of the shape and type of `params`, from that by the user's own."""
    if design.coordinates is None:
        return core.like_params(rows, params)
    gradient = rows[0] if params.ndim == 1 else rows.T
    gradient = design.coordinates.pull_back(gradient)
    return np.ascontiguousarray(gradient, dtype=params.dtype)


def has_squares(X):
    """Whether `column_mean_squares` can read them off the entries: of duplicates it is the sum."""
    return not sparse.issparse(X) or X.has_canonical_format


def column_mean_squares(design, weights, kernels=core.kernels):
    """Weighted mean of the squares of each column, that of the intercept included."""
    if design.coordinates is not None:
        return design.column_mean_squares(weights)
    X, n = design.X, design.n_samples
    given, weights, arrays = weights, core.kernel_weights(weights, X.dtype), core.arrays_of(X)
    if not has_squares(X):
        return _with_intercept(design.column_mean_squares(given), design, weights)

    def add(start, stop, squares):
        if sparse.issparse(X):
            kernels.csr_squares(*arrays, weights, start, stop, squares)
        else:
            for some, rows in core.in_rows(X, start, stop):
                kernels.dense_squares(some, weights[rows], squares)

    row_length = design.n_parameters if not sparse.issparse(X) else 1 + X.nnz / n
    pieces = pieces_of(n, row_length, design.n_parameters)
    squares = sum_in_threads(add, pieces, (design.n_parameters,))[0] / n
    return _with_intercept(squares, design, weights)


def _with_intercept(squares, design, weights):
    """Mean squares of the columns; the last is that of the intercept if there is one."""
    if design.fit_intercept:
        squares[-1] = 1.0 if len(weights) == 0 else float(np.mean(weights, dtype=float))
    return squares
