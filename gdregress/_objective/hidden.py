"""Directions that the rows tell apart, and the moments of their columns do not.

Curvatures are known to rounding times the largest of them. Where columns all but add up, along
some direction b, that of b' C b is noise, and so is a Newton step along it; the predictions X b
still differ from row to row by the root of it, of which eight more digits are known. Nothing that
is estimated from the curvatures then tells how far the minimum is. Where columns add up but for
rounding, X b is rounding too, and nothing is to be gained along b.
"""

import numpy as np
from scipy.linalg.lapack import dpotrf

from gdregress._objective.coordinates import Columns
from gdregress._objective.curvature import EPS, NO_DIGITS
from gdregress._objective.moments_inside import row_products
from gdregress._utils.array_api import namespace, to_numpy

# As NO_DIGITS in a sample, whose share of all rows is more than one in a thousand.
NO_DIGITS_OF_SAMPLE = 1e6


def hides_directions(design, matrix, weights, slope, l1, l2):
    """Whether there are such directions, along which no penalty holds the parameters.

    Parameters
    ----------
    design : DesignMatrix
    matrix : ndarray of shape (n_parameters, n_parameters) or None
        A' S A; None where it is not known.
    weights : array of shape (n_samples,) or None
        Of the rows, S.
    slope : float
        What dL/dz is at most, or about: a direction along which all that predictions may gain is
        less than what an l1 penalty costs is not gone.
    l1, l2 : ndarrays of shape (n_features,)
        Strengths of the penalty, the second in units of the curvature of the loss.
    """
    if matrix is None or namespace(design.X) is not np:
        return False
    if design.coordinates is None:
        n_features = design.n_features
        same = Columns(np.zeros(n_features), np.ones(n_features), design.fit_intercept)
        design = design.in_coordinates(same)
    inside = design.coordinates
    if not inside.separable:  # of a metric the rows have told the curvatures
        return False
    directions = _without_digits(_covariance(matrix, design.n_features), l2)
    if not directions.shape[1]:
        return False
    sizes = row_products(design, directions, None, weights).spread
    coef = abs(to_numpy(inside.in_library_of(directions).scaled(directions)))
    means = abs(to_numpy(inside.mean).astype(float)) @ coef
    rounding = max(design.n_samples, len(directions)) * EPS
    counts = sizes > rounding * (1 + means)
    return bool((counts & (slope * sizes > l1 @ abs(directions))).any())


def may_hide_directions(design, matrix, l2):
    """Whether there may be such directions in rows of which these are a sample.

    Squares of all rows are at least those of the sample: along no direction is the curvature
    smaller by more than the share of the sample.

    Parameters
    ----------
    design : DesignMatrix
        Of the sample, whose columns are scaled.
    matrix : ndarray of shape (n_parameters, n_parameters) or None
        A' S A of the sample.
    l2 : ndarray of shape (n_features,)
        As for `hides_directions`.
    """
    inside = design.coordinates
    if matrix is None or inside is None or not inside.separable:
        return True
    covariance = _covariance(matrix, design.n_features)
    if not (covariance.diagonal()[inside.varying] > 0).all():
        return True
    return bool(_without_digits(covariance, l2, NO_DIGITS_OF_SAMPLE).shape[1])


def _covariance(matrix, n_features):
    """Of the columns, where the last parameter is an intercept; their products otherwise."""
    columns, mean = matrix[:n_features, :n_features], matrix[n_features:, :n_features]
    if not len(mean):
        return columns
    return columns - mean.T @ mean / matrix[-1, -1]


def _without_digits(covariance, l2, no_digits=NO_DIGITS):
    """Directions in columns of size 1 along which curvatures are rounding, in those as given."""
    some = np.flatnonzero(covariance.diagonal() > 0)
    # the penalty counts in the sizes: a small column that it holds is no reason to doubt others
    scaled = covariance[some[:, None], some]
    scaled.flat[:: len(some) + 1] += l2[some]
    size = np.sqrt(scaled.diagonal())
    scaled /= size[:, None] * size
    noise = no_digits * len(some) * EPS
    directions = np.zeros((len(covariance), 0))
    # the largest eigenvalue is at most the largest sum of a row: this is the quicker answer
    lowered = scaled.copy()
    lowered.flat[:: len(some) + 1] -= noise * abs(scaled).sum(axis=1).max(initial=0.0)
    if len(some) and dpotrf(lowered)[1]:
        values, vectors = np.linalg.eigh(scaled)
        few = values <= noise * values[-1]
        directions = np.zeros((len(covariance), int(few.sum())))
        directions[some] = vectors[:, few] / size[:, None]
    return directions
