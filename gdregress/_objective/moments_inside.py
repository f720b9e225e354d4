"""Moments in the coordinates of a design matrix, with digits where the columns all but cancel.

The moments of the columns are known to rounding times their largest. Where the columns differ
along some direction b by less than the root of that, b' C b is noise; the mean of z^2 over the
rows, z = X b, is not.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import sparse

from gdregress._objective.moments import COPIED_ROWS, LARGEST, moments_of
from gdregress._utils.array_api import namespace

# Largest second derivative of a row: a larger exp(z) means a step too long, and overflows.
LARGEST_CURVATURE = 1e30


def moments_inside(moments, design, y, weights):
    """The moments in the coordinates of a design matrix.

    Along nearly flat coordinates of a `Metric` the products of the columns cancel down to their
    rounding; those of the rows, z = X b, do not, and are taken instead. Where z is rounding as
    well the moments are zero.

    Parameters
    ----------
    moments : Moments
        Of the user's own columns.
    design : DesignMatrix
    y, weights : arrays or None
        Of the rows, as `moments_of` had them.
    """
    inside = moments.in_coordinates(design.coordinates)
    few = design.coordinates.nearly_flat
    if few is None or not few.any():
        return inside
    exact = row_products(design, np.eye(design.n_features)[:, few], y, weights)
    mean, covariance = inside.mean.copy(), inside.covariance.copy()
    target_covariance = inside.target_covariance.copy()
    mean[few] = exact.mean
    covariance[:, few] = exact.columns - np.outer(mean, exact.mean)
    covariance[few] = covariance[:, few].T
    covariance[np.ix_(few, few)] = exact.square - np.outer(exact.mean, exact.mean)
    if moments.target_mean.size:
        target_covariance[few] = exact.targets - np.outer(exact.mean, moments.target_mean)
    squares = np.diag(covariance) + mean**2
    flat = few & (squares <= len(squares) * np.finfo(float).eps * squares.max())
    mean[flat] = covariance[flat] = covariance[:, flat] = target_covariance[flat] = 0.0
    return replace(inside, mean=mean, covariance=covariance, target_covariance=target_covariance)


def curved_products(design, row_curvature, target=0, largest=LARGEST):
    """A' D A / n for the rows A in the coordinates of a design matrix and D of its rows.

    Infinite where D is too large for digits.

    Parameters
    ----------
    design : DesignMatrix
        Whose moments are `affordable`.
    row_curvature : array of shape (n_samples,)
        The diagonal of D.
    target : int
        Whose coordinates are meant, where each target has its own.
    largest : int
        Most parameters.
    """
    shape = (design.n_parameters,) * 2
    xp, least, most = namespace(row_curvature), 0.0, 0.0
    if design.n_samples:
        least, most = float(xp.min(row_curvature)), float(xp.max(row_curvature))
    if not (least < 0 or most > 0):
        return np.zeros(shape)
    if most >= LARGEST_CURVATURE:
        return np.full(shape, np.inf)
    if design.few_rows is not None:
        return design.few_rows.T @ (row_curvature[:, None] * design.few_rows) / design.n_samples
    if least < 0:
        # of a loss that is not convex: moments are those of weights, which are not negative
        up, down = ((abs(row_curvature) + sign * row_curvature) / 2 for sign in (1, -1))
        parts = (curved_products(design, part, target, largest) for part in (up, down))
        return next(parts) - next(parts)
    moments = moments_of(design, None, row_curvature, largest)
    if design.coordinates is not None:
        own = design.of_targets()
        design = own[target] if len(own) > 1 else design
        moments = moments_inside(moments, design, None, row_curvature)
    return moments.matrix(design.fit_intercept)


class RowProducts(NamedTuple):
    """Weighted means of z = A V over the rows a of A, and of its products.

    Attributes
    ----------
    mean : ndarray of shape (k,)
        Of z.
    columns : ndarray of shape (n_features, k)
        Of a z'.
    square : ndarray of shape (k, k)
        Of z z'.
    targets : ndarray of shape (k, n_targets)
        Of z y'.
    """

    mean: np.ndarray
    columns: np.ndarray
    square: np.ndarray
    targets: np.ndarray

    @property
    def spread(self):
        """Standard deviation of z over the rows, shape (k,)."""
        return np.sqrt(np.maximum(np.diag(self.square) - self.mean**2, 0.0))


def row_products(design, directions, y, weights):
    """The `RowProducts` of some directions V, from one pass over the rows.

    Parameters
    ----------
    design : DesignMatrix
        Whose coordinates the directions are given in; without the column of the intercept.
    directions : ndarray of shape (n_features, k)
    y : array of shape (n_samples,) or (n_samples, n_targets) or None
    weights : array of shape (n_samples,) or None
    """
    inside = design.coordinates.in_library_of(directions)
    coef, shift = inside.scaled(directions), inside.mean
    totals = design.sums_over_rows(_row_totals, coef, shift, y=y, weights=weights)
    weight, mean, columns, square, targets = totals
    if design.is_sparse:
        columns = columns - np.outer(shift, mean)
    columns = inside.pulled(columns / weight)
    return RowProducts(mean / weight, columns, square / weight, targets / weight)


def _row_totals(X, y, weights, coef, shift):
    """Sums over rows: of the weights, and weighted of z, x z', z z' and z y'."""
    y = np.empty((X.shape[0], 0)) if y is None else y.reshape(X.shape[0], -1)
    totals = [0.0] * 5
    for start in range(0, X.shape[0], COPIED_ROWS):
        rows = slice(start, start + COPIED_ROWS)
        centred, z = _centred_rows(X[rows], coef, shift)
        s = np.ones(len(z)) if weights is None else weights[rows].astype(float)
        sz = s[:, None] * z
        parts = (s.sum(), sz.sum(axis=0), centred.T @ sz, z.T @ sz, sz.T @ y[rows])
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
    return tuple(totals)


def _centred_rows(X, coef, shift):
    """Some rows in double precision, centred if they are dense, and their products with `coef`."""
    if sparse.issparse(X):
        return X, X @ coef - shift @ coef
    X = X - shift
    return X, X @ coef
