"""Damped Newton steps for smooth convex objectives: the reference optima.

min_u  mean_i L(y_i, a_i . u) + sum_j penalty_j u_j^2 / 2
"""

import numpy as np

STEPS = 300
ENOUGH = 1e-14  # of the objective, in the decrement g' H^-1 g / 2


def minimise(formula, A, y, penalty, start):
    """Minimise over a dense A whose columns have one size.

    Parameters
    ----------
    formula : Formula
    A : ndarray of shape (n, p)
    y : ndarray of shape (n,)
    penalty, start : ndarray of shape (p,)

    Returns
    -------
    u : ndarray of shape (p,)
    value : float
    """

    def objective(u):
        return np.mean(formula.value(y, A @ u)) + penalty @ u**2 / 2

    def derivatives(u):
        z = A @ u
        g = A.T @ formula.slope(y, z) / len(y) + penalty * u
        H = (A.T * formula.curvature(y, z)) @ A / len(y) + np.diag(penalty)
        return g, H

    return descend(objective, derivatives, start)


def descend(objective, derivatives, u):
    """Newton steps whose damping grows where they do not lower the objective.

    Levenberg's (H + d trace(H) I / p)^-1 g, d from 1e-15 to 1e15.
    """
    value, damping = objective(u), 1e-15
    for _ in range(STEPS):
        g, H = derivatives(u)
        size = max(np.trace(H) / len(g), 1e-12)
        while damping < 1e15:
            step = np.linalg.lstsq(H + damping * size * np.eye(len(g)), g, rcond=None)[0]
            with np.errstate(over="ignore"):
                tried = objective(u - step)
            if tried < value:
                break
            damping *= 10
        else:
            return u, value
        decrement, u, value = g @ step / 2, u - step, tried
        if decrement <= ENOUGH * abs(value) and damping <= 1e-12:
            return u, value
        damping = max(damping / 100, 1e-15)
    return u, value
