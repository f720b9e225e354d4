"""The categorical cross-entropy of several classes by Newton steps.

L = log sum_t exp(z_t) - z_y,  its Hessian in z: diag(p) - p p'
"""

import numpy as np
from scipy.special import logsumexp, softmax

from panel.newton import descend


def minimise_softmax(A, y, penalty, n_classes):
    """The least mean cross-entropy plus penalty, over one row of coefficients for each class.

    Parameters
    ----------
    A : ndarray of shape (n, p)
    y : ndarray of shape (n,), the classes 0, 1, ...
    penalty : ndarray of shape (p,)
    n_classes : int

    Returns
    -------
    value : float
    """
    n, p = A.shape
    own = np.eye(n_classes)[y]

    def objective(u):
        U = u.reshape(n_classes, p)
        z = A @ U.T
        return np.mean(logsumexp(z, axis=1) - np.sum(own * z, axis=1)) + np.sum(penalty * U**2) / 2

    def derivatives(u):
        U = u.reshape(n_classes, p)
        probability = softmax(A @ U.T, axis=1)
        g = (probability - own).T @ A / n + penalty * U
        H = np.empty((n_classes, p, n_classes, p))
        for s in range(n_classes):
            for t in range(s + 1):
                weight = probability[:, s] * ((s == t) - probability[:, t])
                H[s, :, t] = (A.T * weight) @ A / n + np.diag((s == t) * penalty)
                H[t, :, s] = H[s, :, t].T
        return g.ravel(), H.reshape(n_classes * p, n_classes * p)

    return descend(objective, derivatives, np.zeros(n_classes * p))[1]
