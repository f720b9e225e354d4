"""The objective as the benchmarks compute it, the same for all libraries."""

import numpy as np
from scipy.special import logsumexp


def half_mean_square(X, y, coef, intercept):
    """The mean of (z - y)^2 / 2, in double precision whatever the data are."""
    residual = X @ np.asarray(coef, dtype=float) + float(intercept) - y
    return float(residual @ residual) / (2 * len(y))


def least_squares_optimum(X, y):
    """The smallest `half_mean_square`, from a solver that is not under test."""
    A = np.column_stack([X, np.ones(len(y))])
    solution = np.linalg.lstsq(A, y)[0]
    return half_mean_square(X, y, solution[:-1], solution[-1])


def relative_gap(value, best):
    """How far above its minimum an objective is; rounding below it counts as 1e-16."""
    return max(value / best - 1, 1e-16) if np.isfinite(value) else np.inf


def huber(w, A, y, epsilon=1.35):
    """Mean Huber loss and its gradient in w; the last column of A is ones."""
    residual = A @ w - y
    clipped = np.clip(residual, -epsilon, epsilon)
    return np.mean(clipped * (residual - clipped / 2)), A.T @ clipped / len(y)


def pinball(X, y, coef, intercept, quantile):
    """Mean quantile loss."""
    residual = y - (X @ coef + intercept)
    return np.mean(np.maximum(quantile * residual, (quantile - 1) * residual))


def log_loss(X, y, coef, intercept, alpha):
    """Mean log loss plus alpha / 2 times the sum of squares, for labels 0, 1, ...

    Parameters
    ----------
    coef, intercept : ndarray of shape (1, p) and (1,), or (n_classes, p) and (n_classes,)
        One row for two classes, whose softmax is that of a second row of zeros.
    """
    z = X @ coef.T + intercept
    if z.shape[1] == 1:
        z = np.column_stack([np.zeros(len(y)), z])
    return np.mean(logsumexp(z, axis=1) - z[np.arange(len(y)), y]) + alpha / 2 * np.sum(coef**2)
