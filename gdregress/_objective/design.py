"""The design matrix: parameters to raw predictions and back, dense or sparse.

Parameters are one array of shape (p + 1,) or (p + 1, n_targets): the coefficients, then the
intercept, which is left out without `fit_intercept`. The column of ones that the intercept
stands for is never stored, and a sparse matrix is standardised without being filled in.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.sparsefuncs import mean_variance_axis

from gdregress._utils.array_api import namespace, take_rows, to_numpy, widest_type
from gdregress.samplers import ALL_ROWS

SQUARED_ROWS = 4096


class DesignMatrix:
    """The linear map A = [(X - mean) / scale, 1].

    Parameters
    ----------
    X : array or CSR array of shape (n_samples, n_features)
    fit_intercept : bool
    mean, scale : arrays of shape (n_features,) or None
        Applied on the fly; None where X is used as it is.
    coordinates : Columns or None
        A change of the parameters, which come before A: predictions are those of A T.
    """

    def __init__(self, X, fit_intercept, mean=None, scale=None, coordinates=None):
        self.X = X
        self.fit_intercept = fit_intercept
        self.mean = mean
        self.scale = scale
        self.coordinates = coordinates
        self.n_samples, self.n_features = X.shape
        self.n_parameters = self.n_features + bool(fit_intercept)

    @property
    def size(self):
        """How many numbers X holds."""
        return self.X.nnz if sparse.issparse(self.X) else self.X.size

    def take(self, rows):
        """The same map for some rows."""
        if rows is ALL_ROWS:
            return self
        X = take_rows(self.X, rows)
        return DesignMatrix(X, self.fit_intercept, self.mean, self.scale, self.coordinates)

    def predict(self, params):
        """A @ params: raw predictions z of shape (n_samples,) or (n_samples, n_targets)."""
        if self.coordinates is not None:
            params = namespace(params).astype(self.coordinates.to_user(params), params.dtype)
        coef = self.coef(params)
        if isinstance(coef, np.ndarray) and not coef.any():  # as at the start of most runs
            shape = (self.n_samples, *coef.shape[1:])
            z = np.zeros(shape, dtype=np.result_type(self.X.dtype, coef.dtype))
        elif self.scale is None:
            z = self.X @ coef
        else:
            coef = coef / _column(self.scale, coef)
            z = self.X @ coef - self.mean @ coef
        return z + params[-1, ...] if self.fit_intercept else z

    def adjoint(self, r):
        """A.T @ r: how the predictions' derivatives r become those of the parameters."""
        xp = namespace(r)
        gradient = self.X.T @ r
        total = xp.sum(r, axis=0, keepdims=True)
        if self.scale is not None:
            gradient = (gradient - _column(self.mean, gradient) * total) / _column(
                self.scale, gradient
            )
        gradient = xp.concat([gradient, total]) if self.fit_intercept else gradient
        if self.coordinates is not None:
            gradient = xp.astype(self.coordinates.pull_back(gradient), gradient.dtype)
        return gradient

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
        if sparse.issparse(self.X):
            if self.scale is None:
                return _sparse_row_norms(self.X, np.ones(self.n_features)) + self.fit_intercept
            ratio = self.mean / self.scale**2
            norms = _sparse_row_norms(self.X, 1 / self.scale**2)
            norms = norms - 2 * (self.X @ ratio) + self.mean @ ratio
        else:
            norms = namespace(self.X).linalg.vecdot(self.X, self.X)
        return norms + 1 if self.fit_intercept else norms

    def column_mean_squares(self, weights):
        """Weighted mean of a_ij^2 of every column, shape (n_parameters,).

        Parameters
        ----------
        weights : array of shape (n_samples,) or None
            Weights of mean 1.
        """
        X = self.X
        if self.scale is not None:
            squares = 0 * self.scale + 1
        elif sparse.issparse(X):
            ones = np.ones(X.shape[0], dtype=X.dtype) if weights is None else weights
            squares = X.multiply(X).T @ ones / X.shape[0]
        else:
            squares = _dense_mean_squares(X, weights)
        if not self.fit_intercept:
            return squares
        return namespace(squares).concat([squares, 0 * squares[:1] + 1])


@dataclass(frozen=True)
class Scaling:
    """Mean and scale of the columns, by which coefficients change their units.

    Parameters
    ----------
    mean, scale : arrays of shape (n_features,) or None
        None stands for columns that are used as they are.
    """

    mean: Any = None
    scale: Any = None

    def to_original(self, coef, intercept):
        """Coefficients and intercept for the columns as the user gave them."""
        if self.scale is None:
            return coef, intercept
        coef = coef / _column(self.scale, coef)
        return coef, intercept - self.mean @ coef

    def from_original(self, coef, intercept):
        """Inverse of `to_original`."""
        if self.scale is None:
            return coef, intercept
        return coef * _column(self.scale, coef), intercept + self.mean @ coef

    def to_dict(self):
        """The numbers, to be saved."""
        return {"mean": self.mean, "scale": self.scale}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        return cls(**saved)

    def equals(self, other):
        """Whether both hold the same numbers."""
        if self.scale is None or other.scale is None:
            return self.scale is other.scale
        same = [(self.mean, other.mean), (self.scale, other.scale)]
        return all(np.array_equal(to_numpy(a), to_numpy(b)) for a, b in same)


def standardised(X, weights, fit_intercept):
    """Design matrix whose columns have weighted mean 0 and variance 1, and their Scaling.

    Constant columns keep their scale. Without an intercept the columns are divided by their
    root mean square and not centred, as a shift would need the intercept to undo it.

    Parameters
    ----------
    X : array or CSR array of shape (n_samples, n_features)
    weights : array of shape (n_samples,) or None
        Weights of mean 1.
    fit_intercept : bool
    """
    if sparse.issparse(X):
        sample_weight = None if weights is None else weights.astype(X.dtype)
        # the sums are of double precision, whatever the type of X
        mean, variance = mean_variance_axis(X, axis=0, weights=sample_weight)
        mean, variance = mean.astype(float), variance.astype(float)
    else:
        mean, variance = _mean_and_variance(X, weights)
    xp = namespace(mean)
    if not fit_intercept:
        variance, mean = variance + mean * mean, 0 * mean
    # a constant column has a variance of rounding size: see StandardScaler
    eps = X.shape[0] * float(xp.finfo(mean.dtype).eps)
    constant = variance <= eps * variance + (eps * mean) ** 2
    scale = xp.where(constant, xp.ones_like(variance), xp.sqrt(variance))
    scaling = Scaling(xp.astype(mean, X.dtype), xp.astype(scale, X.dtype))
    if sparse.issparse(X):
        return DesignMatrix(X, fit_intercept, scaling.mean, scaling.scale), scaling
    return DesignMatrix((X - scaling.mean) / scaling.scale, fit_intercept), scaling


def _mean_and_variance(X, weights):
    """Weighted mean and variance of each column, with the most digits that the library has.

    A float32 column whose spread is small beside its mean would otherwise pass for a constant.
    """
    xp, wide = namespace(X), widest_type(X)
    starts = range(0, X.shape[0], SQUARED_ROWS)
    weights = None if weights is None else xp.astype(weights, wide)
    total_weight = X.shape[0] if weights is None else xp.sum(weights)

    def mean_of(function):
        """Weighted mean over the rows, a few rows at a time, as wide ones are a copy of X."""
        total = 0.0
        for start in starts:
            rows = slice(start, min(start + SQUARED_ROWS, X.shape[0]))
            values = function(xp.astype(X[rows, :], wide))
            if weights is not None:
                values = values * weights[rows, None]
            total = total + xp.sum(values, axis=0)
        return total / total_weight

    mean = mean_of(lambda rows: rows)
    return mean, mean_of(lambda rows: (rows - mean) ** 2)


def _sparse_row_norms(X, factors):
    """sum_j factors_j x_ij^2 of every row, a few rows at a time: the squares are a copy of X."""
    starts = range(0, X.shape[0], SQUARED_ROWS)
    blocks = (X[start : start + SQUARED_ROWS] for start in starts)
    return np.concatenate([block.multiply(block) @ factors for block in blocks])


def _dense_mean_squares(X, weights):
    xp = namespace(X)
    if xp is np:
        w = np.ones(1, dtype=X.dtype) if weights is None else weights
        return np.einsum("ij,ij,i->j", X, X, np.broadcast_to(w, X.shape[:1])) / X.shape[0]
    squares = X * X if weights is None else X * X * weights[:, None]
    return xp.sum(squares, axis=0) / X.shape[0]


def _column(values, like):
    """`values` of shape (p,) shaped to broadcast over `like` of shape (p,) or (p, n_targets)."""
    return values[:, None] if len(like.shape) == 2 else values
