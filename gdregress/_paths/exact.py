"""The minimum of squared error under l1, l2 or both, from the moments of the columns.

    F(w) = v / 2 - c . w + w' C w / 2 + sum_j (l1 |w_j| + l2 w_j^2 / 2)

with C the second moments of the columns, c those with the target, and v that of the target: all
centred where there is an intercept, which then is the mean of y - X w.
"""

import numpy as np

from gdregress._core import core
from gdregress._engines.quadratic_and_norms import least
from gdregress._objective.design import column_coordinates

# Of the diagonal, added to it: less than rounding has made of moments.
JITTER = 1e-15


class ExactMinimum:
    """Minima on the same rows, one from another.

    Parameters
    ----------
    moments : Moments
    fit_intercept : bool
    standardize : bool
        Whether the coefficients of columns of unit variance are penalised.
    """

    def __init__(self, moments, fit_intercept, standardize):
        self.moments, self.fit_intercept = moments, fit_intercept
        variance = np.diag(moments.covariance)
        # in units of their size, as rounding would count in units of the largest
        columns = column_coordinates(moments.mean, variance, fit_intercept)
        self.scale = scale = columns.scale
        self.of_penalty = np.ones_like(scale) if standardize else scale
        covariance, target = moments.covariance, moments.target_covariance
        if not fit_intercept:
            covariance = covariance + np.outer(moments.mean, moments.mean)
            target = target + np.outer(moments.mean, moments.target_mean)
        self.H = np.ascontiguousarray(covariance / np.outer(scale, scale))
        self.c = target / scale[:, None]

    def at(self, strengths):
        """Coefficients of shape (n_strengths, n_features, n_targets) and their intercepts.

        Parameters
        ----------
        strengths : list of KernelTerms
            Of the norms. Each minimum is searched for from the last one.
        """
        each = np.empty((len(strengths), *self.c.shape))
        H, curvature, u = self.H.copy(), self.H.diagonal() + JITTER, np.zeros_like(self.c)
        for k, (l1, l2, _) in enumerate(strengths):
            np.fill_diagonal(H, curvature + l2 / self.of_penalty**2)
            each[k] = u = self._least(H, l1, u)
        w = each / self.scale[:, None]
        return w, (self.moments.target_mean - self.moments.mean @ w) * bool(self.fit_intercept)

    def _least(self, H, l1, start):
        """The minimum of each target in columns of one size."""
        if not np.any(l1):
            return np.linalg.solve(H, self.c)
        parts = zip(self.c.T, start.T, strict=True)
        return np.column_stack([least(H, -c, l1 / self.of_penalty, s) for c, s in parts])


def mean_squared_errors(moments, w, b):
    """Weighted mean of (y - X w - b)^2 for each target, from the moments of the rows.

    Parameters
    ----------
    moments : Moments
    w : ndarray of shape (n_models, n_features, n_targets)
    b : ndarray of shape (n_models, n_targets)
    """
    curved = np.sum(w * (moments.covariance @ w - 2 * moments.target_covariance), axis=1)
    distance = moments.target_mean - moments.mean @ w - b
    return moments.target_variance + curved + distance**2


def has_exact_minimum(penalty):
    """Whether a penalty is made of the two norms, and leaves one minimum."""
    terms = penalty.kernel_terms
    made_of_norms = penalty.active and terms is not None and terms.bounds is None
    if not made_of_norms:
        return False
    swept = core.kernels is not None or not np.any(terms.l1)
    return swept and bool(np.all(np.asarray(terms.l1) + terms.l2 > 0))
