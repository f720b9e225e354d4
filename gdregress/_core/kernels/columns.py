"""Coordinates: a run may descend in scaled columns or a metric, while its rows stay as they are.

Letters
-------
u   parameters in the coordinates, of shape (targets, features + intercept), the intercept last
w   the same parameters by the user's columns
g   gradient, in the shape of u
m   means of the columns
s   scales of the columns
B   matrix of a metric
b   intercept of w; b' is that of u
t   target
j   coordinate
k   coordinate
p   number of features
"""

import cython
import numpy as np


class Columns:
    """The parameters w = u / s with the intercept b = b' - m . w, for parameters u and b'.

    A gradient (g, g_b) with respect to (w, b) becomes ((g - m g_b) / s, g_b) with respect to
    (u, b'). In a metric w = B u, and the gradient becomes B' (g - m g_b). Both maps are applied
    once a batch, so that the products take the rows as they are.

    Parameters
    ----------
    mean, inverse_scale : ndarrays of shape (n_features,)
        m and 1 / s; empty where the parameters are the user's own. Without an intercept m is 0.
    basis : ndarray of shape (n_features, n_features)
        B; empty for scaled columns.
    w : ndarray of shape (n_targets, n_features + intercept)
        Scratch space, empty where the other arrays are.
    """

    def __init__(self, mean, inverse_scale, basis, w):
        self.mean = mean
        self.inverse_scale = inverse_scale
        self.basis = basis
        self.total = np.zeros(len(basis))
        self.w = w
        self.active = len(inverse_scale) > 0

    def to_user(self, u):
        """w <- the user's parameters at u."""
        p = self.inverse_scale.shape[0]
        for t in range(self.w.shape[0]):
            if self.basis.shape[0] > 0:
                self.multiply(u, t)
            else:
                for j in range(p):
                    self.w[t, j] = u[t, j] * self.inverse_scale[j]
            if self.w.shape[1] > p:
                self.w[t, p] = u[t, p] - self.along_mean(t)

    def multiply(self, u, t):
        """w <- B u of a target."""
        p = self.basis.shape[0]
        for j in range(p):
            if cython.compiled:
                row, u_t = cython.address(self.basis[j, 0]), cython.address(u[t, 0])
                self.w[t, j] = c_dot(row, u_t, p, cython.NULL)
            else:
                self.w[t, j] = 0.0
                for k in range(p):
                    self.w[t, j] += self.basis[j, k] * u[t, k]

    def multiply_back(self, g, t, total):
        """g <- B' (g - m total) of a target."""
        p = self.basis.shape[0]
        for k in range(p):
            self.total[k] = 0.0
        for j in range(p):
            factor = g[t, j] - self.mean[j] * total
            if cython.compiled:
                c_add(factor, cython.address(self.basis[j, 0]), cython.address(self.total[0]), p)
            else:
                for k in range(p):
                    self.total[k] += factor * self.basis[j, k]
        for k in range(p):
            g[t, k] = self.total[k]

    def along_mean(self, t):
        """m . w of a target."""
        p = self.mean.shape[0]
        total = 0.0
        if cython.compiled:
            m, w = cython.address(self.mean[0]), cython.address(self.w[t, 0])
            total = c_dot(m, w, p, cython.NULL)
        else:
            for j in range(p):
                total += self.mean[j] * self.w[t, j]
        return total

    def pull_back(self, g):
        """g <- the gradient with respect to u, from that with respect to w."""
        p = self.inverse_scale.shape[0]
        for t in range(self.w.shape[0]):
            total = g[t, p] if g.shape[1] > p else 0.0
            if self.basis.shape[0] > 0:
                self.multiply_back(g, t, total)
                continue
            for j in range(p):
                g[t, j] = (g[t, j] - self.mean[j] * total) * self.inverse_scale[j]
