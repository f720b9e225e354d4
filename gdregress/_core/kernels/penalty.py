"""The penalty: one prox for all penalties that have a kernel.

Letters
-------
w   parameters of shape (targets, features + intercept), or one of them
t   target
j   coordinate
p   number of features
l1  strength of the absolute values
l2  strength of the squares
"""

import cython

if not cython.compiled:
    from gdregress._core.kernels.common import clip


class Penalty:
    """prox(w, step_size) = clip(soft(w, step_size l1) / (1 + step_size l2), lower, upper).

    Parameters
    ----------
    l1, l2 : float
    lower, upper : ndarray of shape (n_features,)
        Bounds of the coefficients; empty where there are none.
    """

    def __init__(self, l1, l2, lower, upper):
        self.l1 = l1
        self.l2 = l2
        self.lower = lower
        self.upper = upper
        self.bounded = len(lower) > 0
        self.active = l1 > 0 or l2 > 0 or self.bounded

    def prox(self, w, step_size, j):
        """The prox of coefficient j."""
        w = (w - clip(w, step_size * self.l1)) / (1 + step_size * self.l2)
        return self.inside(w, j) if self.bounded else w

    def inside(self, w, j):
        """The value nearest to w within the bounds of coefficient j."""
        w = self.lower[j] if w < self.lower[j] else w
        return self.upper[j] if w > self.upper[j] else w

    def shrink(self, w, p, step_size):
        """The prox of all coefficients at once."""
        threshold = step_size * self.l1
        factor = 1 / (1 + step_size * self.l2)
        for t in range(w.shape[0]):
            if cython.compiled:
                shrink_all(cython.address(w[t, 0]), threshold, factor, p)
            else:
                for j in range(p):
                    w[t, j] = (w[t, j] - clip(w[t, j], threshold)) * factor
            if self.bounded:
                for j in range(p):
                    w[t, j] = self.inside(w[t, j], j)
