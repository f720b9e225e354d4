"""The minimum of a quadratic function plus an l1 norm, for few coefficients.

    Q(v) = c . v + v' H v / 2 + sum_j l1_j |v_j|

A few sweeps of coordinate descent find the coefficients that are zero and the signs of the others.
For fixed signs Q is quadratic: a Newton step to its minimum then replaces many slow sweeps. The
step is cut where a coefficient would change its sign.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from gdregress._core import core

ROUNDS, SWEEPS = 100, 20
ROUNDING, JITTER = 1e-14, 1e-13


def least(H, c, l1, v, enough=0.0, kernels=core.kernels):
    """Return the minimiser of Q.

    Parameters
    ----------
    H : ndarray of shape (k, k)
        Positive semidefinite.
    c, l1 : ndarrays of shape (k,)
    v : ndarray of shape (k,)
        Start of the search.
    enough : float, default=0.0
        The search ends after a sweep that changes the gradient by at most this.
    kernels : module
        The compiled core, or the same files run by Python.
    """
    enough = max(enough, ROUNDING * float(np.max(abs(c) + l1)))
    H, v = np.ascontiguousarray(H), v.copy()
    for _ in range(ROUNDS):
        if kernels.coordinate_descent(H, c + H @ v, l1, v, enough, SWEEPS):
            break
        v = _towards(_within_signs(H, c, l1, v), v, l1)
    return v


def _towards(target, v, l1):
    """The target, or the point on the way at which the first coefficient changes its sign."""
    crossing = np.flatnonzero((v * target < 0) & (l1 > 0))
    if not len(crossing):
        return target
    shares = v[crossing] / (v - target)[crossing]
    first = np.argmin(shares)
    v = v + shares[first] * (target - v)
    v[crossing[first]] = 0.0
    return v


def _within_signs(H, c, l1, v):
    """The minimum for coefficients of these signs, with the others at zero."""
    free = (v != 0) | (l1 == 0)
    slope = c + H @ v + l1 * np.sign(v)  # v is corrected by a change
    target = v.copy()
    target[free] -= solve(H[np.ix_(free, free)], slope[free])
    return target


def solve(H, right):
    """H^-1 right for a positive semidefinite H, with the smallest diagonal term that suffices."""
    size = np.sqrt(np.maximum(np.diag(H), np.finfo(float).tiny))
    scaled, jitter = H / np.outer(size, size), JITTER
    while True:
        scaled[np.diag_indices_from(scaled)] += jitter
        try:
            return cho_solve(cho_factor(scaled), right / size) / size
        except LinAlgError:
            jitter *= 100
