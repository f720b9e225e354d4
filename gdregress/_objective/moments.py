"""First and second moments of the columns and targets, from one pass over the data.

Squared error depends on the rows by these alone: with m the weighted means and C the
centred second moments of X, A' S A = [[C + m m', m], [m', 1]] for A = [X, 1].
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from gdregress._core import core
from gdregress._core.threads import memory_apart, pieces_of, sum_in_threads
from gdregress._objective.constant_columns import constants_of
from gdregress._utils.array_api import take_rows, to_numpy

# Up to this many parameters the p x p matrix is cheap beside the data.
LARGEST = 512
# A sparse product X'X costs (nonzeros per row) times more than one pass over the data.
LARGEST_ROW = 100
# Bytes of a block of centred rows, which stays in the cache while its products are added up, and
# columns of a panel of it: see add_gram in the kernels.
BLOCK_BYTES, PANEL = 1 << 18, 24
LEAST_ROWS, MOST_ROWS = 32, 256
COPIED_ROWS = 4096
# Entries of a block of sparse rows, which are copied.
SPARSE_BLOCK = 1 << 19
# Of a mean, relative to the sizes of what it is the mean of.
ROUNDING = 16 * float(np.finfo(float).eps)
# Rows from which the means are guessed before the pass.
SAMPLE_ROWS = 128


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
    target_mean : ndarray of shape (n_targets,)
    target_covariance : ndarray of shape (n_features, n_targets)
        Of the columns with the targets.
    target_variance : ndarray of shape (n_targets,)
    weight : float
        Mean weight of the rows: 1, but for the calls of `partial_fit`.
    """

    mean: np.ndarray
    covariance: np.ndarray
    target_mean: np.ndarray
    target_covariance: np.ndarray
    target_variance: np.ndarray
    weight: float

    def matrix(self, fit_intercept):
        """A' S A, with the row and column of the intercept if there is one."""
        p = len(self.mean)
        mean = np.append(self.mean, 1.0) if fit_intercept else self.mean
        matrix = np.outer(mean, mean)  # in place from here on: fresh memory takes as long as a sum
        matrix[:p, :p] += self.covariance
        matrix *= self.weight
        return matrix

    def augmented(self, fit_intercept):
        """C and m of A' S A = C + m m', the intercept being a column of ones."""
        if not fit_intercept:
            return self.covariance, self.mean
        p = len(self.mean)
        centred, mean = np.zeros((p + 1, p + 1)), np.ones(p + 1)
        centred[:p, :p], mean[:p] = self.covariance, self.mean
        return centred, mean

    def mean_squares(self, fit_intercept):
        """Diagonal of A' S A."""
        squares = np.diag(self.covariance) + self.mean**2
        return self.weight * (np.append(squares, 1.0) if fit_intercept else squares)

    def at_constant(self, constant, fit_intercept):
        """Mean of (b - y)^2 / 2, summed over the targets, and its gradient where w = 0.

        Parameters
        ----------
        constant : ndarray of shape (n_targets,)
            The intercept b; zero without one.
        fit_intercept : bool
        """
        distance = self.target_mean - constant
        # at the mean it is rounding, which rules that divide by the gradient would make a step of
        size = abs(self.target_mean) + np.sqrt(np.maximum(self.target_variance, 0.0))
        distance = np.where(abs(distance) <= ROUNDING * size, 0.0, distance)
        value = float(np.sum(self.target_variance + distance**2)) / 2
        gradient = -(self.target_covariance + np.outer(self.mean, distance))
        if fit_intercept:
            gradient = np.vstack([gradient, -distance])
        return self.weight * value, self.weight * gradient

    def in_coordinates(self, coordinates):
        """The moments of the columns of A = [X, 1] T without the last, see `DesignMatrix`."""
        coordinates = coordinates.in_library_of(self.mean)
        covariance = coordinates.pulled(coordinates.pulled(self.covariance).T)
        both = covariance + covariance.T
        both /= 2
        return replace(
            self,
            mean=coordinates.pulled(self.mean - coordinates.mean),
            covariance=np.ascontiguousarray(both),
            target_covariance=coordinates.pulled(self.target_covariance),
        )


def affordable(design, largest=LARGEST):
    """Whether the moments are neither too large nor too slow to form."""
    return design.n_parameters <= largest and not (
        design.is_sparse and design.size > LARGEST_ROW * design.n_samples
    )


def moments_of(design, y, weights, largest=LARGEST):
    """Moments of the columns of X, as the user gave them; None where they are not affordable.

    Dense rows are centred by a guess of the means before their products are added up, so that
    means that are large beside the spreads cost no digits. The moments of constant columns are
    exact: the number that they hold, and zeros.

    Parameters
    ----------
    design : DesignMatrix
    y : array of shape (n_samples,) or (n_samples, n_targets) or None
        None leaves the targets out.
    weights : array of shape (n_samples,) or None
        Weights of mean 1.
    largest : int
        Most parameters.
    """
    if not affordable(design, largest):
        return None
    X, p = design.X, design.n_features
    y = np.empty((design.n_samples, 0)) if y is None else y
    with np.errstate(over="ignore", invalid="ignore"):  # checked in the next lines
        weight, mean, second = (_of_sparse if design.is_sparse else _of_dense)(X, y, weights)
        check_finite(second[:p, :p], mean[:p] @ mean[:p])
        constant, values = constants_of(X, weights, mean[:p], second.diagonal()[:p])
    mean[constant], second[constant], second[:, constant] = values, 0.0, 0.0
    return Moments(
        mean=mean[:p],
        covariance=np.ascontiguousarray(second[:p, :p]),
        target_mean=mean[p:],
        target_covariance=second[:p, p:],
        target_variance=second.diagonal()[p:],
        weight=float(weight),
    )


def _of_dense(X, y, weights):
    """Mean weight of the rows, means and centred second moments of [X, y]."""
    n, p = X.shape
    y = y if len(y.shape) == 2 else y[:, None]
    q = p + y.shape[1]
    sample = slice(None, None, max(1, n // SAMPLE_ROWS))
    rows = slice(None)
    if weights is not None:  # what rows without a weight hold may be far from the means
        counted = to_numpy(weights[sample]) > 0
        rows = counted if counted.any() else rows
    shift = np.concatenate([_mean_row(to_numpy(a[sample, :])[rows]) for a in (X, y)])
    if isinstance(X, np.ndarray) and core.is_compiled():
        y = np.ascontiguousarray(y, dtype=X.dtype)
        total = _products(X, y, weights, shift)[: q + 1, : q + 1]
    else:
        total = _products_by_blocks(X, y, weights, shift)
    # the last column holds the sums of the weights and of the shifted values
    weight, offset = total[q, q], total[:q, q] / total[q, q]
    second = total[:q, :q] / weight
    second -= np.outer(offset, offset)
    return weight / n, shift + offset, second


def _mean_row(rows):
    # np.mean takes twice as long on a few rows
    return np.add.reduce(rows, axis=0, dtype=float) / len(rows)


def _products(X, y, weights, shift, kernels=core.kernels):
    """Weighted products of the columns [X - shift, y - shift, 1] with each other."""
    n, p = X.shape
    panels = -(-(p + y.shape[1] + 1) // PANEL)
    width = panels * PANEL
    rows = min(MOST_ROWS, max(LEAST_ROWS, BLOCK_BYTES // (8 * width)))
    shifts = np.ascontiguousarray(shift[:p]), np.ascontiguousarray(shift[p:])
    weights = core.kernel_weights(weights, X.dtype)

    def add(start, stop, total):
        block = memory_apart(panels, rows, PANEL)
        step = stop - start if X.flags.c_contiguous else COPIED_ROWS
        for first in range(start, stop, step):
            some = slice(first, min(first + step, stop))
            some_X = np.ascontiguousarray(X[some])
            kernels.dense_moments(
                some_X, y[some], weights[some], 0, len(some_X), *shifts, block, total
            )

    pieces = pieces_of(n, p, width * width)
    total = sum_in_threads(add, pieces, (width, width))[0]
    kernels.mirror(total)
    return total


def _products_by_blocks(X, y, weights, shift):
    """The same with matrix products, for other array libraries and without the core."""
    q, total = len(shift), np.zeros((len(shift) + 1,) * 2)
    for start in range(0, X.shape[0], COPIED_ROWS):
        rows = slice(start, min(start + COPIED_ROWS, X.shape[0]))
        block = np.ones((rows.stop - rows.start, q + 1))
        block[:, :q] = np.hstack([to_numpy(take_rows(a, rows)) for a in (X, y)]) - shift
        if weights is not None:
            block *= np.sqrt(to_numpy(take_rows(weights, rows)).astype(float))[:, None]
        total += block.T @ block
    return total


def _of_sparse(X, y, weights):
    """The same as `_of_dense`; columns that hold no zeros are centred by a guess before."""
    n, p = X.shape
    y = y if y.ndim == 2 else y[:, None]
    shift = _shift_of_sparse(X, y, weights)
    by_core = core.is_compiled() and core.has_indices(X)
    products = _sparse_products if by_core else _sparse_products_by_blocks
    offset, second = products(X, y, weights, shift)
    offset[p:], second[p:, p:] = _of_targets(y, weights, shift[p:])
    second[p:, :p] = second[:p, p:].T
    total = n if weights is None else float(np.sum(weights, dtype=float))
    offset /= total
    return total / n, shift + offset, second / total - np.outer(offset, offset)


def _shift_of_sparse(X, y, weights):
    """About the means of the columns that hold no zeros, and of the targets."""
    n, p = X.shape
    starts = range(0, X.nnz, SPARSE_BLOCK)
    parts = (X.indices[start : start + SPARSE_BLOCK] for start in starts)
    entries = sum((np.bincount(part, minlength=p) for part in parts), np.zeros(p))
    sample = np.arange(0, n, max(1, n // SAMPLE_ROWS))
    if weights is not None and weights[sample].any():
        sample = sample[weights[sample] > 0]
    rows = X[sample].astype(float)  # SciPy adds up in the type of the rows, whatever its result
    of_columns = np.asarray(rows.sum(axis=0)).ravel() / len(sample)
    is_full = X.has_canonical_format & (entries == n)
    return np.concatenate([np.where(is_full, of_columns, 0.0), _mean_row(y[sample])])


def _of_targets(y, weights, shift):
    """Weighted sums of the shifted targets, and of their products with each other."""
    sums, products = np.zeros(len(shift)), np.zeros((len(shift),) * 2)
    for start in range(0, len(y), COPIED_ROWS):
        rows = slice(start, start + COPIED_ROWS)
        centred = y[rows].astype(float) - shift
        weighted = centred if weights is None else centred * weights[rows, None]
        sums += weighted.sum(axis=0)
        products += np.einsum("ij,ik->jk", centred, weighted)
    return sums, products


def _sparse_products(X, y, weights, shift, kernels=core.kernels):
    """Weighted sums of the shifted columns, zeros for the targets; and the columns' products."""
    n, p = X.shape
    q = p + y.shape[1]
    y = np.ascontiguousarray(y, dtype=X.dtype)
    shifts = np.ascontiguousarray(shift[:p]), np.ascontiguousarray(shift[p:])
    weights, arrays = core.kernel_weights(weights, X.dtype), core.arrays_of(X)
    longest = int(np.diff(X.indptr).max(initial=0))

    def add(start, stop, *sums):
        row = memory_apart(longest)
        kernels.csr_moments(*arrays, y, weights, start, stop, *shifts, row, *sums)

    of_row = X.nnz / n
    shapes = (p, p), (p,), (p,), (p, y.shape[1])
    found = sum_in_threads(add, pieces_of(n, of_row * of_row, p * q), *shapes)
    each_once, squares, sums, with_targets = found
    offset, second = np.zeros(q), np.zeros((q, q))
    offset[:p] = sums
    second[:p, :p] = each_once + each_once.T
    second.flat[: p * q : q + 1] += squares
    second[:p, p:] = with_targets
    return offset, second


def _sparse_products_by_blocks(X, y, weights, shift):
    """The same without the core."""
    p = X.shape[1]
    q = len(shift)
    offset, second = np.zeros(q), np.zeros((q, q))
    for rows, targets, s in _sparse_blocks(X, y, weights):
        rows.data -= shift[rows.indices]
        offset[:p] += rows.T @ s
        weighted = _with_data(rows, rows.data * np.repeat(s, np.diff(rows.indptr)))
        second[:p, :p] += (rows.T @ weighted).toarray()
        second[:p, p:] += weighted.T @ (targets - shift[p:])
    return offset, second


def _sparse_blocks(X, y, weights):
    """Some rows after the other, with their targets and weights, in double precision: copies."""
    n = X.shape[0]
    step = max(1, SPARSE_BLOCK * n // max(X.nnz, n))
    for start in range(0, n, step):
        some = slice(start, min(start + step, n))
        s = np.ones(some.stop - start) if weights is None else weights[some].astype(float)
        first, last = X.indptr[start], X.indptr[some.stop]
        parts = (
            X.data[first:last].astype(float),
            X.indices[first:last],
            X.indptr[start : some.stop + 1] - first,
        )
        shape = (some.stop - start, X.shape[1])
        yield sparse.csr_array(parts, shape=shape), y[some].astype(float), s


def _with_data(X, data):
    """A sparse matrix with other entries in the same places."""
    return sparse.csr_array((data, X.indices, X.indptr), shape=X.shape)
