r"""The preconditioner of conjugate gradients for softmax, whose classes are coupled.

With M = sum_i s_i (diag(p_i) - p_i p_i') / n over the rows, m_j the mean square of column j and
E_j the strength of l2, B is block diagonal, with one block for the K parameters of each column,

    B_j = m_j M + E_j.

The columns of V are the coefficients of each class and the intercept of each class; the curvature
along them follows from the predictions. As for one class (`preconditioner`),

    P^-1 = B^-1 + V ((V' H V)^-1 - (V' B V)^-1) V'.

A change that is the same for all classes changes no probability. The columns of V contain no such
change: they are u_k for class k less u_k / K for all classes. Along such changes B has the
curvature of l2, as H has; without l2 the gradient along them is zero, and B gets the mean
curvature.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from gdregress._core.threads import pieces_of, sum_in_threads
from gdregress._utils.array_api import namespace, to_numpy

# Rows whose probabilities are computed at once, and stay in the cache.
ROWS = 1 << 12


class CorrectedClasses:
    """P, see the module docstring.

    Parameters
    ----------
    params : array of shape (q, K)
        The last row holds the intercepts if `fit_intercept`.
    fit_intercept : bool
    squares : array of shape (q,)
        m.
    l2 : array of shape (q, 1)
    loss : Loss
    z : array of shape (n_samples, K)
        Predictions.
    weights : array of shape (n_samples,) or None
        Their mean is 1.
    """

    def __init__(self, params, fit_intercept, squares, l2, loss, z, weights):
        k, p = params.shape[1], params.shape[0] - fit_intercept
        H, M = _along(loss, params[-1, ...] if fit_intercept else 0.0, z, weights)
        params, squares, l2 = (to_numpy(a).astype(float) for a in (params, squares, l2))
        values, self.turn = np.linalg.eigh(M)
        values[0] = 0.0
        self.curvature = squares[:, None] * values + l2
        flat = l2[:, 0] == 0
        self.curvature[flat, 0] = squares[flat] * values.mean()
        self.curvature[~(self.curvature > 0)] = 1.0  # as along constant columns
        self.u = params[:p]
        of_l2 = ((self.u * l2[:p]).T @ self.u) * (np.eye(k) - 1 / k)
        B = np.zeros_like(H)
        B[:k, :k] = M * ((self.u.T * squares[:p]) @ self.u) + of_l2
        H[:k, :k] += of_l2
        H[k:, k:] = M + values.mean() / k
        B[k:, k:] = H[k:, k:] * squares[-1]
        size = 2 * k if fit_intercept else k
        self.correction = _difference_of_inverses(H[:size, :size], B[:size, :size])

    def solve(self, gradient):
        """P^-1 g of an ndarray."""
        solved = ((gradient @ self.turn) / self.curvature) @ self.turn.T
        if self.correction is None:
            return solved
        k, p = self.u.shape[1], len(self.u)
        g = _unlike(gradient)
        along = np.concatenate([np.sum(self.u * g[:p], axis=0), *g[p:]])
        along = self.correction @ along
        solved[:p] += _unlike(self.u * along[:k])
        solved[p:] += _unlike(along[k:].reshape(-1, k))
        return solved


def _unlike(changes):
    """Return changes of the parameters without the part that is the same for all classes."""
    return changes - changes.mean(axis=1, keepdims=True)


def _along(loss, intercept, z, weights):
    """V' H V of the rows, coefficients before intercepts, and M."""
    n, k = z.shape

    def add(start, stop, products, sums):
        for first in range(start, stop, ROWS):
            rows = slice(first, min(first + ROWS, stop))
            # class by class, as NumPy is slow along the few classes of a row
            some = np.asfortranarray(z[rows])
            parts = _sums(loss, intercept, some, None if weights is None else weights[rows])
            products += parts[0]
            sums += parts[1]

    if isinstance(z, np.ndarray):
        products, sums = sum_in_threads(add, pieces_of(n, 8 * k), (2 * k, 2 * k), (3, k))
    else:
        found = _sums(loss, intercept, z, weights)
        products, sums = (to_numpy(array).astype(float) for array in found)
    H = -products / n
    for (rows, columns), means in zip(((0, 0), (0, k), (k, k)), sums / n, strict=True):
        H[range(rows, rows + k), range(columns, columns + k)] += means
    H[k:, :k] = H[:k, k:].T
    return H, H[k:, k:].copy()


def _sums(loss, intercept, z, weights):
    """Sums over some rows of s b b' with b = (P z, P), and of s P z^2, s P z and s P."""
    xp, k, P = namespace(z), z.shape[1], loss.probability(z)
    z = z - intercept
    both = xp.concat([P * z, P], axis=1)
    weighted = both if weights is None else both * xp.astype(weights, P.dtype)[:, None]
    each = (weighted[:, :k] * z, weighted[:, :k], weighted[:, k:])
    return both.T @ weighted, xp.stack([xp.sum(values, axis=0) for values in each])


def _difference_of_inverses(H, B):
    """H^-1 - B^-1; None if a matrix is singular, as for coefficients of zero."""
    size = np.sqrt(np.abs(np.diag(B)))
    if not (np.isfinite(H).all() and (size > 0).all()):
        return None
    inverses = []
    for matrix in (H, B):
        try:
            factor = cho_factor(matrix / np.outer(size, size))
        except LinAlgError:
            return None
        inverses.append(cho_solve(factor, np.eye(len(size))) / np.outer(size, size))
    return inverses[0] - inverses[1]
