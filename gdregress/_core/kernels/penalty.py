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
    l1s, l2s : ndarrays of shape (1,) or (n_features,)
        Strengths: one of each for all coefficients, or one for each.
    lower, upper : ndarrays of shape (n_features,)
        Bounds of the coefficients; empty where there are none.

    Attributes
    ----------
    varies : bool
        Whether there is a strength for each coefficient; `l1` and `l2` are 0 then.
    l2_alone : bool
        Whether all coefficients shrink by the same factor, if at all, and nothing else.
    """

    def __init__(self, l1s, l2s, lower, upper):
        self.l1s = l1s
        self.l2s = l2s
        self.varies = len(l1s) > 1
        self.l1 = 0.0 if self.varies else l1s[0]
        self.l2 = 0.0 if self.varies else l2s[0]
        self.lower = lower
        self.upper = upper
        self.bounded = len(lower) > 0
        self.l2_alone = not (self.varies or self.l1 > 0 or self.bounded)
        self.active = l1s.max() > 0 or l2s.max() > 0 or self.bounded

    def prox(self, w, step_size, j):
        """The prox of coefficient j."""
        if self.varies:
            w = (w - clip(w, step_size * self.l1s[j])) / (1 + step_size * self.l2s[j])
        else:
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
            if not cython.compiled:
                for j in range(p):
                    w[t, j] = self.prox(w[t, j], step_size, j)
                continue
            if self.varies:
                l1s, l2s = cython.address(self.l1s[0]), cython.address(self.l2s[0])
                shrink_each(cython.address(w[t, 0]), l1s, l2s, step_size, p)
            else:
                shrink_all(cython.address(w[t, 0]), threshold, factor, p)
            if self.bounded:
                for j in range(p):
                    w[t, j] = self.inside(w[t, j], j)
