"""Means and variances of single columns.

Dense rows of NumPy are read once: with s a guess of the means m, from few rows,

    m = s + mean(x - s),    variance = mean((x - s)^2) - (m - s)^2,

which is right to the last digits where s is not much farther from m than the spread. Elsewhere
the rows are read again, with s the mean that was found.
"""

import numpy as np
from scipy import sparse
from sklearn.utils.sparsefuncs import mean_variance_axis

from gdregress._core import core
from gdregress._core.threads import pieces_of, sum_in_threads
from gdregress._objective.constant_columns import constants_of
from gdregress._utils.array_api import array_like, namespace, to_numpy, widest_type

# Rows from which the means are guessed, and the largest square of the error of a guess in units of
# the variance: of the digits of the variance it costs two.
SAMPLE_ROWS, FAR = 128, 100.0
# Numbers of rows that the array library takes at once, and most rows of them.
BLOCK, MOST_ROWS = 1 << 16, 4096


def mean_and_variance(X, weights):
    """Weighted mean and variance of each column of a dense or sparse matrix.

    A constant column has its value as the mean, and the variance 0.
    """
    if sparse.issparse(X):
        sample_weight = None if weights is None else weights.astype(X.dtype)
        # the sums are of double precision, whatever the type of X
        found = mean_variance_axis(X, axis=0, weights=sample_weight)
        found = tuple(moment.astype(float) for moment in found)
    else:
        by_core = isinstance(X, np.ndarray) and core.is_compiled()
        found = (by_reading_once if by_core else _by_reading_twice)(X, weights)
    mean, variance = (np.array(to_numpy(a)) for a in found)
    constant, values = constants_of(X, weights, mean, variance)
    if not len(constant):
        return found
    mean[constant], variance[constant] = values, 0.0
    return array_like(mean, found[0]), array_like(variance, found[0])


def by_reading_once(X, weights, kernels=core.kernels):
    """The same of rows of NumPy, see the module docstring."""
    sample = slice(None, None, max(1, len(X) // SAMPLE_ROWS))
    rows = X[sample]
    if weights is not None and (weights[sample] > 0).any():
        rows = rows[weights[sample] > 0]  # what others hold may be far away
    guess = np.add.reduce(rows, axis=0, dtype=float) / len(rows)
    mean, variance = _about(guess, X, weights, kernels)
    if ((mean - guess) ** 2 > FAR * variance).any():
        mean, variance = _about(mean, X, weights, kernels)
    return mean, variance


def _about(guess, X, weights, kernels):
    """The mean and variance of each column, from sums of the deviations from a guess."""
    n, p = X.shape
    total = n if weights is None else np.sum(weights, dtype=float)
    weights = core.kernel_weights(None if weights is None else weights.astype(X.dtype), X.dtype)

    def add(start, stop, sums, squares):
        for some, rows in core.in_rows(X, start, stop):
            kernels.dense_deviations(some, weights[rows], guess, sums, squares)

    sums, squares = sum_in_threads(add, pieces_of(n, p, 2 * p), (p,), (p,))
    shift = sums / total
    return guess + shift, np.maximum(squares / total - shift**2, 0.0)


def _by_reading_twice(X, weights):
    """The same of other libraries, with the most digits that these have.

    A float32 column whose spread is small beside its mean would otherwise pass for a constant.
    """
    xp, wide = namespace(X), widest_type(X)
    size = min(MOST_ROWS, max(1, BLOCK // X.shape[1]))
    starts = range(0, X.shape[0], size)
    weights = None if weights is None else xp.astype(weights, wide)
    total_weight = X.shape[0] if weights is None else xp.sum(weights)

    def mean_of(function):
        """Weighted mean over the rows, a few rows at a time, as wide ones are a copy of X."""
        total = 0.0
        for start in starts:
            rows = slice(start, min(start + size, X.shape[0]))
            values = function(xp.astype(X[rows, :], wide, copy=False))
            if weights is not None:
                values = values * weights[rows, None]
            total = total + xp.sum(values, axis=0)
        return total / total_weight

    mean = mean_of(lambda rows: rows)
    return mean, mean_of(lambda rows: (rows - mean) ** 2)
