"""The optima of losses with kinks: linear programmes by HiGHS, and the hinge by its envelope."""

import numpy as np
from scipy.optimize import linprog

from panel.formulas import QUANTILE, Formula
from panel.newton import minimise

BOUNDS = {  # of the multipliers d_i in `programme`
    "quantile": (QUANTILE - 1, QUANTILE),
    "absolute_error": (-1, 1),
}


def programme(loss, A, y):
    """The least mean loss of numbers, by the dual linear programme.

    min_u sum_i L(y_i, a_i . u) = max_d y . d  subject to  A' d = 0  and bounds on d; a free zone
    of half-width e takes e |d| off (Koenker and Bassett 1978).
    """
    if loss == "epsilon_insensitive":
        c = np.concatenate([-(y - 0.1), y + 0.1])  # d = d_+ - d_-
        equations, bounds = np.vstack([A, -A]).T, (0, 1)
    else:
        c, equations, bounds = -y, A.T, BOUNDS[loss]
    size = np.abs(c).max()
    answer = linprog(c / size, A_eq=equations, b_eq=np.zeros(len(equations)), bounds=bounds)
    if answer.status != 0:
        raise RuntimeError(f"HiGHS: {answer.message}")
    return -answer.fun * size / len(y)


def hinge(A, y, penalty):
    """The least mean hinge loss plus penalty, between two bounds that meet.

    The envelope with curvature 1 / d lies below the hinge by at most d / 2: its minimum is a lower
    bound, and the hinge at its minimiser an upper one.
    """
    u = np.zeros(A.shape[1])
    for delta in 10.0 ** -np.arange(0, 9.5, 0.5):
        u, lower = minimise(_envelope(delta), A, y, penalty, u)
        upper = np.mean(np.maximum(1 - y * (A @ u), 0)) + penalty @ u**2 / 2
        if upper - lower < 1e-9 * upper:
            break
    return lower


def _envelope(delta):
    """Moreau's of the hinge: m^2 / (2 d) where m = 1 - y z is in (0, d), m - d / 2 beyond."""

    def value(y, z):
        missing = np.maximum(1 - y * z, 0)
        return np.where(missing < delta, missing**2 / (2 * delta), missing - delta / 2)

    def slope(y, z):
        return -y * np.clip((1 - y * z) / delta, 0, 1)

    def curvature(y, z):
        return ((1 - y * z > 0) & (1 - y * z < delta)) / delta

    return Formula(value, slope, curvature)
