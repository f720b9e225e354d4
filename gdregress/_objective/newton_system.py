r"""Newton systems: (H + E) x = g with H = A' D A / n and the strengths E of an l2 penalty.

D are the second derivatives of the rows. Several targets, whose predictions are not coupled, have
a system each.
"""

import math

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from gdregress._objective.moments import affordable

# Of the scaled matrix, in units of rounding: columns may depend on each other, and a gradient is
# rounding along what is not curved.
JITTER, STRONGER, MOST_JITTERS = 100, 1e3, 5
EPS = float(np.finfo(float).eps)
# Operations that take no longer than the calls of an epoch.
FEW_OPERATIONS = 1e6


class NewtonSystem:
    """The system of one vector of parameters.

    Parameters
    ----------
    matrix : ndarray of shape (q, q)
        H + E.
    eps : float
        Rounding of gradients, relative to the size of the rows.

    Attributes
    ----------
    is_finite : bool
        Whether there is a factor.
    """

    def __init__(self, matrix, eps=EPS):
        size = np.sqrt(matrix.diagonal())
        self.size = np.where(size > 0, size, 1.0)
        scaled = matrix / (self.size[:, None] * self.size)
        scaled.flat[:: len(size) + 1] += size == 0  # along which nothing is curved
        self.factor = _factor(scaled, eps)

    @property
    def is_finite(self):
        return self.factor is not None

    def solve(self, gradient):
        """x."""
        return dpotrs(self.factor, gradient / self.size)[0] / self.size


class SeparateSystems:
    """The systems of all targets.

    Parameters
    ----------
    hessians : list of ndarray of shape (q, q)
    flat : ndarray of shape (q,), or (q, 1 or n_targets)
        E.
    eps : float
    """

    def __init__(self, hessians, flat, eps=EPS):
        flat = np.broadcast_to(flat.reshape(len(flat), -1), (len(flat), len(hessians)))
        pairs = zip(hessians, flat.T, strict=True)
        self.systems = [NewtonSystem(H + np.diag(extra), eps) for H, extra in pairs]

    @property
    def is_finite(self):
        return all(system.is_finite for system in self.systems)

    def solve(self, gradient):
        """x, in the shape (q,) or (q, n_targets) of the gradient."""
        columns = gradient.reshape(len(gradient), -1).T
        pairs = zip(self.systems, columns, strict=True)
        return np.array([system.solve(g) for system, g in pairs]).T.reshape(gradient.shape)


def cost_in_passes(objective):
    """Return the cost of the systems in passes over the rows; inf if not affordable.

    The moments of one weighting cost 1 + q / 50 passes of one prediction a row.
    """
    design, q = objective.design, objective.design.n_parameters
    # the systems of fewer rows than twice the columns are singular, or nearly so
    if objective.loss.is_quadratic or not affordable(design) or design.n_samples < 2 * q:
        return math.inf  # conjugate gradients are as good where no curvature changes
    if math.prod(objective.output_shape) * design.n_samples * q**2 <= FEW_OPERATIONS:
        return 0.0
    return 1 + q / 50


def _factor(scaled, eps):
    """The Cholesky factor of a matrix whose diagonal is 1; None where it has none."""
    if not np.isfinite(scaled).all():
        return None
    jitter = JITTER * eps
    for _ in range(MOST_JITTERS):
        scaled.flat[:: len(scaled) + 1] += jitter
        factor, failed = dpotrf(scaled, clean=False)
        if not failed:
            return factor
        jitter *= STRONGER
    return None
