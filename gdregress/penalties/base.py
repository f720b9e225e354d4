r"""Penalties R(w): the base of all.

The intercept is never penalised. Every penalty states its value and its proximal operator

    prox(w, s) = argmin_u  R(u) + (u - w)^2 / (2 s),

where the step size s is a number, or an array with one step per coefficient as the adaptive
optimizers use it. The optimizers apply the prox inside the step, which is why l1 gives exact
zeros and why every optimizer reaches the same minimiser. To add a penalty, write a class with
`value` and `prox` and add a line to `PENALTIES` in separable.py.

References
----------
Parikh and Boyd, "Proximal algorithms", Foundations and Trends in Optimization, 2014.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gdregress._utils.array_api import to_numpy
from gdregress._utils.facts import StatesFacts
from gdregress._utils.types import Array, BaseEstimator


class Penalty(StatesFacts, BaseEstimator, ABC):
    """Base of all penalties; subclass it to bring your own.

    1. `value` returns R(w), for coefficients of shape (n_features,) or (n_features, n_targets).
    2. `prox` returns the u that minimises s R(u) + ||u - w||^2 / 2, a new array. Adaptive
       optimizers and scaled columns hand it an array of step sizes, one for each coefficient:
       R(u) + sum_j (u_j - w_j)^2 / (2 s_j) is then to be minimised. A prox that cannot, as that of
       a group, is descended in the user's own columns, by optimizers with one step size.

    Both are compared at the first fit, and refused with the numbers if they do not belong
    together.

    The facts are about `value` and `prox`; a subclass that overrides one of them states its own.

    ====================  =============================================================
    fact                  meaning
    ====================  =============================================================
    ``active``            False where R is zero
    ``strong_convexity``  the largest c for which R(w) - c ||w||^2 / 2 is still convex;
                          0 is always safe
    ``smooth_part``       c for which R(w) is sum_j c_j w_j^2 / 2 and a part without
                          curvature: a number or one for each coefficient; 0 is always safe
    ``kernel_terms``      `KernelTerms`, by which the compiled core has the prox; None
                          where it has not
    ``norm_terms``        a method: `NormTerms`, the norms whose sum R(w) is but for its smooth
                          part, by which working sets have it; None where it is not
    ``traceable``         whether JAX may trace the formulas
    ====================  =============================================================

    Examples
    --------
    Coefficients that are drawn to earlier ones, alpha ||w - earlier||^2 / 2:

    >>> import numpy as np
    >>> from gdregress import GDRegressor
    >>> from gdregress.penalties import Penalty
    >>> class NearEarlier(Penalty):
    ...     def __init__(self, earlier, alpha: float = 1.0) -> None:
    ...         self.earlier = earlier
    ...         self.alpha = alpha
    ...     def value(self, w):
    ...         return self.alpha * ((w - np.asarray(self.earlier)) ** 2).sum() / 2
    ...     def prox(self, w, step_size):
    ...         strength = step_size * self.alpha
    ...         return (w + strength * np.asarray(self.earlier)) / (1 + strength)
    >>> X, y = [[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], [1.0, 3.0, 5.0]
    >>> GDRegressor(penalty=NearEarlier([0.5, -0.5], alpha=1e6)).fit(X, y).coef_.round(3)
    array([ 0.5, -0.5])
    """

    _parameter_constraints: dict[str, list[Any]] = {}
    active: bool = True
    kernel_terms: KernelTerms | None = None
    formulas_of_facts: dict[str, tuple[str, ...]] = {
        "active": ("value", "prox"),
        "strong_convexity": ("value", "prox"),
        "smooth_part": ("value", "prox"),
        "kernel_terms": ("value", "prox"),
        "norm_terms": ("value", "prox"),
        "traceable": ("value", "prox"),
    }

    @abstractmethod
    def value(self, w: Array) -> Any:
        """R(w).

        Parameters
        ----------
        w : array of shape (n_features,) or (n_features, n_targets)
            Coefficients.

        Returns
        -------
        float or 0-d array
        """

    @abstractmethod
    def prox(self, w: Array, step_size: Any) -> Array:
        """Proximal operator: argmin_u R(u) + (u - w)^2 / (2 step_size).

        Parameters
        ----------
        w : array of shape (n_features,) or (n_features, n_targets)
            Coefficients.
        step_size : float or array of the shape of `w`
            One for all coefficients, or one for each.

        Returns
        -------
        array of the shape of `w`
        """

    @property
    def strong_convexity(self) -> float:
        return 0.0

    @property
    def smooth_part(self) -> Any:
        """c for which R(w) is sum_j c_j w_j^2 / 2 and a part without curvature where it is smooth.

        A number or one for each coefficient; 0 is always safe.
        """
        return self.strong_convexity

    def norm_terms(self, n_features: int, n_targets: int = 1) -> NormTerms | None:
        """The norms whose sum R(w) is but for its smooth part; None if unknown.

        Parameters
        ----------
        n_features, n_targets : int
            How many there are.

        Returns
        -------
        terms : NormTerms or None
            Groups of the coefficients, numbered row after row, and the strengths of their norms.
        """
        terms = self.kernel_terms
        if terms is None or terms.bounds is not None:
            return None
        strengths = np.broadcast_to(np.asarray(to_numpy(terms.l1), float), n_features)
        count = n_features * n_targets
        return NormTerms(np.arange(count), np.repeat(strengths, n_targets), np.ones(count))

    @property
    def is_quadratic(self) -> bool:
        """Whether R(w) is sum_j c_j w_j^2 / 2 and nothing else, as far as is known."""
        terms = self.kernel_terms
        return terms is not None and terms.bounds is None and not to_numpy(terms.l1).any()

    @property
    def label(self) -> str:
        """What messages call the penalty."""
        return type(self).__name__

    def check_features(self, n_features: int, names: Sequence[str] | None = None) -> None:
        """Raise ValueError for parameters that do not suit so many features.

        Parameters
        ----------
        n_features : int
            How many there are.
        names : sequence of str or None
            Of the features, where they have names.
        """
        return None

    def _numbers(self) -> dict[str, Array]:
        """Arrays of the formulas by name, which JAX traces."""
        return {}

    def _with_numbers(self, numbers: dict[str, Array]) -> Penalty:
        """The same penalty with other arrays."""
        return self


class NormTerms(NamedTuple):
    """The parts of a penalty that are sum_g t_g sqrt(sum_{j in g} (w_j / s_j)^2).

    The coefficients of several targets are numbered feature after feature.

    Parameters
    ----------
    groups : ndarray of int of shape (n_features * n_targets,)
        The number of each coefficient's group.
    strengths : ndarray of shape (n_groups,)
        t.
    scale : ndarray of shape (n_features * n_targets,)
        s.
    """

    groups: npt.NDArray[np.intp]
    strengths: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]


class KernelTerms(NamedTuple):
    """The parts of a penalty whose prox is clip(soft(w, s l1) / (1 + s l2), lower, upper).

    Each part is one number for all coefficients, or an array with one for each.

    Parameters
    ----------
    l1, l2 : float or array, default=0.0
        Strengths of sum_j l1_j abs(w_j) + l2_j w_j^2 / 2.
    bounds : tuple of (lower, upper) or None, default=None
        Between which the coefficients are.
    """

    l1: Any = 0.0
    l2: Any = 0.0
    bounds: tuple[Any, Any] | None = None
