"""The quadratic model of a loss plus norms of groups, over the parameters of a working set."""

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.quadratic_and_norms import least

# Entries of the gradient mapping below this share of the largest one are rounding.
SMALL = 1e-9


class WorkingSetModel:
    """The model at some parameters, for any gradient g of loss and l2 there.

        m(d) = g . d + d' H d / 2 + R(w + d) - R(w)

    Parameters
    ----------
    H : ndarray of shape (k, k)
        Second derivatives of loss and l2 by the parameters of the set.
    norms : Norms
        R, and the units in which it is a sum of norms. H is multiplied by them in place.
    chosen : ndarray of int of shape (k,)
        The parameters of the set, group after group; d is zero elsewhere.
    """

    def __init__(self, H, norms, chosen):
        self.norms, self.chosen, self.units = norms, chosen, norms.units[chosen]
        H *= np.outer(self.units, self.units)
        self.H = H

    def is_straight(self, mapping):
        """Whether there is no curvature along a parameter that the gradient mapping moves."""
        mapping = abs(mapping)
        moves = mapping[self.chosen] > SMALL * np.max(mapping)
        return bool((moves & (self.H.diagonal() <= 0)).any())

    def step(self, params, gradient, enough):
        """Return the minimum of m.

        Parameters
        ----------
        params, gradient : ndarray of shape (n_parameters,) or (n_parameters, n_targets)
        enough : float
            Size of the changes of the gradient at which the search may end.
        """
        u, g = (array.ravel()[self.chosen] for array in (params, gradient))
        numbers, sizes = np.unique(self.norms.groups[self.chosen], return_counts=True)
        strengths, v = self.norms.strengths[numbers], u / self.units
        step = np.zeros(params.size)
        with one_thread_of_blas():
            c = self.units * g - self.H @ v
            step[self.chosen] = self.units * least(self.H, c, strengths, v, enough, sizes) - u
        return step.reshape(params.shape)

    def change(self, step, params, gradient):
        """Return m of a step."""
        v = step.ravel()[self.chosen] / self.units
        return self.norms.straight_change(step, params, gradient) + float(v @ (self.H @ v)) / 2
