"""First and second moments of the columns, from one look at the data.

They are all that squared error needs to know of the rows: with m the weighted means and C the
centred second moments, A' S A = [[C + m m', m], [m', 1]] for A = [X, 1].
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from gdregress._array_api import take_rows, to_numpy

# Up to this many parameters the p x p matrix is cheap beside the data.
LARGEST = 512
# A sparse product X'X costs (nonzeros per row) times more than one pass over the data.
LARGEST_ROW = 100
BLOCK_ROWS = 4096
# Means of sparse columns, in units of their spread, beyond which x'x - n m m' has lost too many
# digits to be divided by the spread.
LARGEST_SHIFT = 1e3


def check_finite(*arrays):
    """Raise ValueError where the squares of X have overflowed."""
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(
            "The squares of X overflow: its values are too large to descend on. "
            "Divide the columns by their size, for instance with StandardScaler."
        )


@dataclass(frozen=True)
class Moments:
    """Weighted means and centred second moments, in double precision.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
    covariance : ndarray of shape (n_features, n_features)
    """

    mean: np.ndarray
    covariance: np.ndarray

    def matrix(self, fit_intercept):
        """A' S A, with the row and column of the intercept if there is one."""
        second = self.covariance + np.outer(self.mean, self.mean)
        if not fit_intercept:
            return second
        return np.block([[second, self.mean[:, None]], [self.mean, 1.0]])


def moments_of(design, weights):
    """Moments of the columns of a design matrix; None where they would be too large or too slow.

    Dense rows are centred before their products are added up, block by block, so that means
    that are large beside the spreads cost no digits.

    Parameters
    ----------
    design : DesignMatrix
    weights : array of shape (n_samples,) or None
        Weights of mean 1.
    """
    X, n = design.X, design.n_samples
    if design.n_parameters > LARGEST or (sparse.issparse(X) and X.nnz > LARGEST_ROW * n):
        return None
    weights = np.ones(n) if weights is None else to_numpy(weights).astype(float)
    with np.errstate(over="ignore", invalid="ignore"):  # looked at in the next line
        mean, covariance = (_of_sparse if sparse.issparse(X) else _of_dense)(X, weights)
        check_finite(covariance, mean @ mean)
    if design.scale is not None:
        scale = to_numpy(design.scale)
        if (np.abs(to_numpy(design.mean)) > LARGEST_SHIFT * scale).any():
            return None
        mean = (mean - to_numpy(design.mean)) / scale
        covariance = covariance / np.outer(scale, scale)
    return Moments(mean, covariance)


def _of_dense(X, weights):
    n, p = X.shape
    mean, covariance = np.zeros(p), np.zeros((p, p))
    for block, w in _blocks(X, weights):
        mean += w @ block
    mean /= n
    for block, w in _blocks(X, weights):
        block -= mean
        covariance += block.T @ (block * w[:, None])
    return mean, covariance / n


def _of_sparse(X, weights):
    X = X.astype(float)
    mean = X.T @ weights / X.shape[0]
    second = (X.T @ X.multiply(weights[:, None]).tocsr()).toarray() / X.shape[0]
    return mean, second - np.outer(mean, mean)


def _blocks(X, weights):
    """Copies of a few rows at a time in double precision, with their weights."""
    for start in range(0, X.shape[0], BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, X.shape[0]))
        yield np.array(to_numpy(take_rows(X, rows)), dtype=float), weights[rows]
