"""The design matrix: parameters to raw predictions and back, dense or sparse.

Parameters are one array of shape (p + 1,) or (p + 1, n_targets): the coefficients, then the
intercept, which is left out without `fit_intercept`. The column of ones that the intercept
stands for is never stored, and a sparse matrix is standardised without being filled in.
"""

from functools import partial

import numpy as np
from scipy import sparse

from gdregress._core import core
from gdregress._core.threads import map_in_threads, pieces_of
from gdregress._objective.column_moments import mean_and_variance
from gdregress._objective.coordinates import Columns
from gdregress._utils.array_api import (
    asarray,
    namespace,
    take_rows,
    to_numpy,
)
from gdregress._utils.caches import computed_once
from gdregress.samplers import ALL_ROWS

SQUARED_ROWS = 4096
# Numbers in a block of rows that stays in the cache during its sums.
BLOCK = 1 << 16
# Numbers in several rows that are taken at once.
SIDE_BY_SIDE = 512
# Operations of a product of all rows that take no longer than the calls of a pass, and for which
# BLAS takes one thread.
FEW_OPERATIONS = 1 << 18
# Smaller squares have lost digits, and their inverses overflow.
SMALLEST_VARIANCE = 1e-290
# Share of the largest squared deviation in a column that is added to its variance.
DAMPING = 0.1


class DesignMatrix:
    """The linear map A = [X, 1] T from parameters to raw predictions.

    Parameters
    ----------
    X : array or CSR array of shape (n_samples, n_features)
    fit_intercept : bool
    coordinates : Coordinates or None
        The map T, `Coordinates.to_user`, by which the parameters become those of the user's own
        columns; X stays as it is. None where they are these.
    moments_of_columns : dict or None
        What is known already of the user's own columns, see `mean_and_variance`.

    Attributes
    ----------
    is_sparse : bool
        Whether rows are stored by their nonzeros.
    """

    # Whether X is all of the rows.
    has_rows = True

    def __init__(self, X, fit_intercept, coordinates=None, moments_of_columns=None):
        self.X, self.is_sparse = X, sparse.issparse(X)
        self.fit_intercept = fit_intercept
        self.coordinates = coordinates
        self.n_samples, self.n_features = X.shape
        self.n_parameters = self.n_features + bool(fit_intercept)
        self._moments_of_columns = {} if moments_of_columns is None else moments_of_columns

    @computed_once
    def few_rows(self):
        """A itself, in double precision, if it is so small that products with it cost nothing.

        None for all others, and where each target or a nearly flat direction has its own digits.
        """
        X, inside = self.X, self.coordinates
        if not isinstance(X, np.ndarray) or X.size * self.n_parameters > FEW_OPERATIONS:
            return None
        if inside is not None and not (inside.is_shared and not np.any(inside.nearly_flat)):
            return None
        rows = np.ones((self.n_samples, self.n_parameters))
        some = rows[:, : self.n_features]
        some[:] = X
        if inside is not None:
            some -= inside.mean
            some[:] = inside.in_library_of(some).pulled(some.T).T
        return rows

    @property
    def size(self):
        """Count of the numbers that X holds."""
        return self.X.nnz if self.is_sparse else self.X.size

    def in_coordinates(self, coordinates):
        """The map of the same rows from other coordinates."""
        return DesignMatrix(self.X, self.fit_intercept, coordinates, self._moments_of_columns)

    def mean_and_variance(self, weights):
        """Weighted mean and variance of each of the user's columns, computed once."""
        known = self._moments_of_columns
        if known.get("weights", known) is not weights:
            known.update(weights=weights, numbers=mean_and_variance(self.X, weights))
        return known["numbers"]

    def take(self, rows):
        """The same map for some rows."""
        if rows is ALL_ROWS:
            return self
        return DesignMatrix(take_rows(self.X, rows), self.fit_intercept, self.coordinates)

    def of_targets(self):
        """The maps of single targets: this one, unless each has coordinates of its own."""
        inside = self.coordinates
        if inside is None or inside.is_shared:
            return [self]
        targets = range(inside.mean.shape[1])
        return [DesignMatrix(self.X, self.fit_intercept, inside.of_target(k)) for k in targets]

    def predict(self, params):
        """A @ params: raw predictions z of shape (n_samples,) or (n_samples, n_targets)."""
        params = self.to_user(params)
        coef = self.coef(params)
        if isinstance(coef, np.ndarray) and not coef.any():  # the start of most runs
            shape = (self.n_samples, *coef.shape[1:])
            z = np.zeros(shape, dtype=np.result_type(self.X.dtype, coef.dtype))
        else:
            z = self.X @ coef
        if not self.fit_intercept:
            return z
        if isinstance(z, np.ndarray) and z.dtype == params.dtype:
            z += params[-1]
            return z
        return z + params[-1, ...]

    def adjoint(self, r):
        """A.T @ r: how the predictions' derivatives r become those of the parameters."""
        xp = namespace(r)
        gradient = self.X.T @ r
        if self.fit_intercept:
            gradient = xp.concat([gradient, xp.sum(r, axis=0, keepdims=True)])
        if self.coordinates is None:
            return gradient
        return _of_type(self.coordinates.pull_back(gradient), gradient.dtype)

    def sums_over_rows(self, function, *args, y=None, weights=None):
        """``function(X, y, weights, *args)``, a tuple of sums over the rows.

        Parameters
        ----------
        function : callable
            Of a module.
        *args
        y, weights : arrays or None
            Of the rows.
        """
        return function(self.X, y, weights, *args)

    def second_moments_times(self, vector, weights):
        """A' S A v for a NumPy vector v, S being the weights over n."""
        xp = namespace(self.X)
        device = None if xp is np else self.X.device
        z = self.predict(asarray(vector, xp, device, dtype=self.X.dtype))
        z = z if weights is None else z * weights
        return to_numpy(self.adjoint(z / self.n_samples)).astype(float)

    def to_user(self, params):
        """Parameters by the user's own columns, of the type of `params`."""
        if self.coordinates is None:
            return params
        return _of_type(self.coordinates.to_user(params), params.dtype)

    def from_user(self, params):
        """The inverse of `to_user`."""
        if self.coordinates is None:
            return params
        return _of_type(self.coordinates.from_user(params), params.dtype)

    def coef(self, params):
        """The coefficients among the parameters."""
        return params[:-1, ...] if self.fit_intercept else params

    def split(self, params):
        """Coefficients and intercept, which is zero where none is fitted."""
        intercept = params[-1, ...] if self.fit_intercept else 0 * params[0, ...]
        return self.coef(params), intercept

    def join(self, coef, params):
        """`params` with its coefficients replaced."""
        return namespace(coef).concat([coef, params[-1:, ...]]) if self.fit_intercept else coef

    def squared_row_norms(self):
        """||a_i||^2 of every row, intercept included, shape (n_samples,)."""
        if self.coordinates is not None and not self.coordinates.separable:
            norms = _row_norms_by_blocks(self.X, self.coordinates)
        elif self.is_sparse:
            norms = _sparse_row_norms(self.X, self.coordinates)
        elif self.coordinates is None:
            norms = namespace(self.X).linalg.vecdot(self.X, self.X)
        else:
            norms = _row_norms_by_blocks(self.X, self.coordinates)
        return norms + 1 if self.fit_intercept else norms

    def column_mean_squares(self, weights):
        """Weighted mean of a_ij^2 of every column, shape (n_parameters,).

        Parameters
        ----------
        weights : array of shape (n_samples,) or None
            Weights of mean 1.
        """
        X = self.X
        if self.coordinates is not None and not self.coordinates.separable:
            squares = np.ones(self.n_features)  # by the definition of a metric, but for a factor
        elif self.coordinates is not None:
            mean, variance = self.mean_and_variance(weights)
            scale = self.coordinates.scale
            squares = (variance + (mean - self.coordinates.mean) ** 2) / scale**2
        elif self.is_sparse:
            ones = np.ones(X.shape[0], dtype=X.dtype) if weights is None else weights
            squares = X.multiply(X).T @ ones / X.shape[0]
        else:
            squares = _dense_mean_squares(X, weights)
        if not self.fit_intercept:
            return squares
        return namespace(squares).concat([squares, 0 * squares[:1] + 1])


def column_coordinates(mean, variance, fit_intercept, largest=None):
    """Coordinates whose columns have weighted mean 0 and variance 1.

    Constant columns keep their scale. Without an intercept the columns are divided by their
    root mean square and not centred, as a shift would need the intercept to undo it.

    Parameters
    ----------
    mean, variance : arrays of shape (n_features,)
        Weighted, of the columns, exact where these are constant: see `mean_and_variance`.
    fit_intercept : bool
    largest : array of shape (n_features,) or None
        Squares of the largest deviation in each column, of which `DAMPING` is added to the
        variance: single rows of a rare column would otherwise be huge.
    """
    xp = namespace(mean)
    if not fit_intercept:
        variance, mean = variance + mean * mean, 0 * mean
    constant, one = variance <= SMALLEST_VARIANCE, xp.ones_like(variance)
    if largest is not None:
        variance = variance + DAMPING * largest
    scale = xp.where(constant, one, xp.sqrt(variance))
    varies = xp.where(constant, 0 * one, one) if bool(xp.any(constant)) else None
    return Columns(mean, scale, fit_intercept, varies)


def largest_deviations(X, mean, counts=None):
    """Squares of the largest deviation from the mean in each column, shape (n_features,).

    Parameters
    ----------
    X : array or CSR array of shape (n_samples, n_features)
    mean : ndarray of shape (n_features,)
    counts : ndarray of bool of shape (n_samples,) or None
        Which rows of NumPy's count; None for all.
    """
    if sparse.issparse(X):
        return _largest_sparse_deviations(X, mean, counts)
    xp = namespace(X)
    if counts is not None:
        counted = {"axis": 0, "where": counts[:, None]}
        low, high = np.min(X, initial=np.inf, **counted), np.max(X, initial=-np.inf, **counted)
    elif xp is np:
        low, high = extremes(X)
    else:
        low, high = (to_numpy(find(X, axis=0)) for find in (xp.min, xp.max))
    low, high = low.astype(float), high.astype(float)
    return np.maximum(abs(high - mean), abs(low - mean)) ** 2


def extremes(X):
    """Smallest and largest value of each column of dense rows of NumPy."""
    if _reads_rows(X):
        ends = np.array(map_in_threads(partial(_extremes_by_core, X), pieces_of(*X.shape)))
    else:
        ends = np.array(_of_blocks(_extremes_of_some, X))
    return ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)


def _reads_rows(X):
    """Whether the core is there and can read the rows one after the other."""
    return isinstance(X, np.ndarray) and X.flags.c_contiguous and core.is_compiled()


def _extremes_by_core(X, start, stop, kernels=core.kernels):
    """The same of some rows."""
    low, high = np.full(X.shape[1], np.inf), np.full(X.shape[1], -np.inf)
    kernels.dense_extremes(X[start:stop], low, high)
    return low, high


def _extremes_of_some(X):
    """The same of a block, several rows side by side: NumPy is slow along short ones."""
    n, p = X.shape
    abreast = max(1, min(n, SIDE_BY_SIDE // p)) if X.flags.c_contiguous else 1
    whole = n // abreast * abreast
    rows = X[:whole].reshape(-1, abreast * p)
    ends = (find(rows, axis=0).reshape(abreast, p) for find in (np.min, np.max))
    low, high = (np.concatenate([end, X[whole:]]) for end in ends)
    return low.min(axis=0), high.max(axis=0)


def _largest_sparse_deviations(X, mean, counts):
    """The same of a CSR matrix, of a few rows at a time."""
    largest, count = np.zeros(X.shape[1]), np.zeros(X.shape[1], dtype=np.int64)
    n_rows = X.shape[0] if counts is None else int(counts.sum())
    for start in range(0, X.shape[0], SQUARED_ROWS):
        rows = slice(start, start + SQUARED_ROWS)
        block = X[rows] if counts is None else X[rows][counts[rows]]
        np.maximum.at(largest, block.indices, (block.data - mean[block.indices]) ** 2)
        count += np.bincount(block.indices, minlength=X.shape[1])
    return np.where(count < n_rows, np.maximum(largest, mean**2), largest)


def _sparse_row_norms(X, coordinates):
    """sum_j (x_ij - m_j)^2 / s_j^2 of every row, m and s those of the coordinates.

    The squares of a few rows at a time: those of all are a copy of X.
    """
    p = X.shape[1]
    mean = np.zeros(p) if coordinates is None else coordinates.mean
    factors = np.ones(p) if coordinates is None else coordinates.pulled(1 / coordinates.scale)
    starts = range(0, X.shape[0], SQUARED_ROWS)
    blocks = (X[start : start + SQUARED_ROWS] for start in starts)
    norms = np.concatenate([block.multiply(block) @ factors for block in blocks])
    return norms - 2 * (X @ (factors * mean)) + mean @ (factors * mean)


def _row_norms_by_blocks(X, coordinates):
    """||B' (x_i - m)||^2 of every row, a few rows at a time, as they are a copy of X."""
    if coordinates.separable and _reads_rows(X):
        return _row_norms_by_core(X, coordinates)
    norms = _of_blocks(lambda rows: _row_norms(rows, coordinates), X)
    return namespace(norms[0]).concat(norms)


def _row_norms_by_core(X, coordinates, kernels=core.kernels):
    """The same where columns are centred and scaled."""
    norms, mean = np.empty(len(X)), np.array(coordinates.mean, dtype=float)
    factors = np.array(coordinates.scale, dtype=float) ** -2.0

    def of_piece(start, stop):
        kernels.dense_row_norms(X[start:stop], mean, factors, norms[start:stop])

    map_in_threads(of_piece, pieces_of(*X.shape))
    return norms


def _row_norms(rows, coordinates):
    rows = rows.toarray() if sparse.issparse(rows) else rows
    centred = rows - coordinates.mean
    if coordinates.separable and isinstance(rows, np.ndarray):
        centred /= coordinates.scale
        return np.einsum("ij,ij->i", centred, centred)
    # the coordinates of rows are pulled back as gradients are
    inside = coordinates.pulled(centred.T)
    return namespace(rows).sum(inside * inside, axis=0)


def _of_blocks(function, X):
    """[function(rows) for blocks of rows], which stay in the cache; NumPy's on all threads."""
    size = max(1, BLOCK // X.shape[1])

    def of_piece(start, stop):
        starts = range(start, stop, size)
        return [function(X[first : min(first + size, stop), ...]) for first in starts]

    if not isinstance(X, np.ndarray):
        return of_piece(0, X.shape[0])
    pieces = map_in_threads(of_piece, pieces_of(*X.shape))
    return [found for piece in pieces for found in piece]


def _dense_mean_squares(X, weights):
    xp = namespace(X)
    if xp is np:
        w = np.ones(1, dtype=X.dtype) if weights is None else weights
        return np.einsum("ij,ij,i->j", X, X, np.broadcast_to(w, X.shape[:1])) / X.shape[0]
    squares = X * X if weights is None else X * X * weights[:, None]
    return xp.sum(squares, axis=0) / X.shape[0]


def _of_type(array, dtype):
    return array if array.dtype == dtype else namespace(array).astype(array, dtype)
