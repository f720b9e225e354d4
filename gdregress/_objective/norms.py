"""The norms of groups of parameters, in which a penalty is a sum over groups.

    R(u) = sum_g t_g sqrt(sum_{j in g} (u_j / s_j)^2) = sum_g t_g / r_g ||v_g||

with v_j = u_j r_g / s_j and r_g the root mean square of the scales s_j of a group, so that v is of
the size of u, and is u itself in groups of one.
"""

import numpy as np


class Norms:
    """The groups of a penalty, of all parameters or of some.

    Those of several targets are numbered row after row, as by ``ravel``. Parameters without a
    norm, such as the intercept, are groups of their own, of strength zero.

    Parameters
    ----------
    groups : ndarray of int of shape (n_parameters,)
        Numbers of the groups.
    strengths : ndarray of shape (n_groups,)
        Of the norms of v.
    units : ndarray of shape (n_parameters,)
        u / v.
    """

    def __init__(self, groups, strengths, units):
        self.groups, self.strengths, self.units = groups, strengths, units
        self.sizes = np.bincount(groups, minlength=len(strengths))
        self.are_single = len(groups) == len(strengths) and bool((self.sizes == 1).all())
        # groups one after the other, the intercept last
        self.order = np.argsort(groups, kind="stable")

    def of(self, v):
        """||v_g|| of each group."""
        if self.are_single:
            sizes = np.empty_like(v)
            sizes[self.groups] = abs(v)
            return sizes
        return np.sqrt(np.bincount(self.groups, v * v, minlength=len(self.strengths)))

    def value(self, u):
        """R(u)."""
        return float(self.strengths @ self.of(u / self.units))

    def straight_change(self, step, u, gradient):
        """The change of R along a step, and of a function with that gradient were it straight."""
        growth = self.value((u + step).ravel()) - self.value(u.ravel())
        return float(np.vdot(gradient, step)) + growth

    def by_parameter(self, values):
        """The value of the group of each parameter."""
        return values[self.groups]

    def mapping(self, u, gradient):
        """v - prox(v - g) for a step of 1, g being the gradient by v."""
        v, moved = u / self.units, (u / self.units) - self.units * gradient
        size = self.by_parameter(self.of(moved))
        left = np.maximum(size - self.by_parameter(self.strengths), 0.0)
        return v - moved * np.divide(left, size, 0 * v, where=size > 0)


def norms_of(penalty, n_features, n_parameters, n_targets):
    """`Norms` of a penalty; None where it has none, or they are not known.

    Parameters
    ----------
    penalty : Penalty
        In the coordinates of a run.
    n_features, n_parameters, n_targets : int
    """
    terms = penalty.norm_terms(n_features, n_targets)
    if terms is None or not np.any(terms.strengths):
        return None
    # numbers without gaps
    used, groups = np.unique(terms.groups, return_inverse=True)
    sizes = np.bincount(groups)
    size = np.sqrt(np.bincount(groups, terms.scale**2) / sizes)
    others = (n_parameters - n_features) * n_targets
    return Norms(
        np.concatenate([groups, len(used) + np.arange(others)]),
        np.concatenate([terms.strengths[used] / size, np.zeros(others)]),
        np.concatenate([terms.scale / size[groups], np.ones(others)]),
    )
