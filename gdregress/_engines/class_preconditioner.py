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

from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments_inside import curved_products
from gdregress._utils.array_api import namespace, to_numpy


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
    probabilities, z : arrays of shape (n_samples, K)
    weights : array of shape (n_samples,) or None
        Their mean is 1.
    """

    def __init__(self, params, fit_intercept, squares, l2, probabilities, z, weights):
        k, p = params.shape[1], params.shape[0] - fit_intercept
        beside = z - params[-1, ...] if fit_intercept else z
        H, M = _along(probabilities, beside, weights)
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


def _along(P, z, weights):
    """V' H V of the rows, coefficients before intercepts, and M."""
    xp, k = namespace(P), P.shape[1]
    both = xp.concat([P * z, P], axis=1)
    s = xp.ones_like(P[:, 0]) if weights is None else xp.astype(weights, P.dtype)
    if xp is np:  # the same bits for any number of threads
        H = -curved_products(DesignMatrix(both, False), s)
    else:
        H = -to_numpy(both.T @ (s[:, None] * both)).astype(float) / P.shape[0]
    for rows, columns, values in ((0, 0, both[:, :k] * z), (0, k, both[:, :k]), (k, k, P)):
        mean = to_numpy(xp.sum(s[:, None] * values, axis=0)).astype(float) / P.shape[0]
        H[range(rows, rows + k), range(columns, columns + k)] += mean
    H[k:, :k] = H[:k, k:].T
    return H, H[k:, k:].copy()


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
