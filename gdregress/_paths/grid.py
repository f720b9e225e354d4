"""Strengths of a penalty that are worth a try, where the user gives their number only."""

import warnings
from numbers import Integral

import numpy as np

from gdregress._estimator.prepare import prepare
from gdregress._objective.base import null_parameters
from gdregress._objective.curvature import loss_curvature
from gdregress._utils.array_api import to_numpy
from gdregress.exceptions import IgnoredParameterWarning

# Smallest strength as a share of the largest, with an l1 norm and without.
SHARE, SHARE_OF_L2 = 1e-3, 1e-6
# Largest strength of l2, in units of the curvature of the loss along a mean column.
LARGEST_OF_L2 = 10.0
# l1_ratio below which the largest strength is that of a ratio of this.
SMALLEST_RATIO = 1e-3
# By which rounding might leave a coefficient that is not zero.
ROUNDING = 1e-12


def alphas_of(alphas, estimator, X, y, sample_weight, l1_ratio):
    """The strengths as given, not yet checked, or so many on a grid, the largest first.

    With an l1 norm the largest is the smallest at which all coefficients are zero,
    max_j |dF/dw_j| / l1_ratio at the best constant. That of l2 is ten times the mean curvature of
    the loss along the columns.

    Parameters
    ----------
    alphas : int or array-like
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.
    l1_ratio : float
        0 where there is no l1 norm.
    """
    if not isinstance(alphas, Integral):
        return alphas
    largest = largest_alpha(estimator, X, y, sample_weight, l1_ratio)
    share = SHARE if l1_ratio > 0 else SHARE_OF_L2
    return largest * (1 + ROUNDING) * np.geomspace(1, share, alphas)


def largest_alpha(estimator, X, y, sample_weight, l1_ratio):
    """The largest strength of a grid, see `alphas_of`."""
    given = {"preconditioner": None, "learning_rate": 1.0, "optimizer": "gd", "schedule": "auto"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredParameterWarning)  # of what is set here
        objective = prepare(estimator.set_params(**given), X, y, sample_weight).objective
    null = null_parameters(objective.design, objective.y, objective.weights, objective.loss)
    if l1_ratio > 0:
        gradient = to_numpy(objective.design.coef(objective.gradient(null)))
        return float(np.max(abs(gradient))) / max(l1_ratio, SMALLEST_RATIO) or 1.0
    squares = to_numpy(objective.design.coef(objective.column_mean_squares))
    return LARGEST_OF_L2 * loss_curvature(objective, null) * float(np.mean(squares)) or 1.0
