r"""Penalties R(w): what large or forbidden coefficients cost.

The intercept is never penalised. Every penalty states its value and its proximal operator

    prox(w, s) = argmin_u  R(u) + (u - w)^2 / (2 s),

where the step size s is a number, or an array with one step per coefficient as the adaptive
optimizers use it. The optimizers apply the prox inside the step, which is why l1 gives exact
zeros and why every optimizer reaches the same minimiser. To add a penalty, write a class with
`value` and `prox` and add a line to `PENALTIES`.

References
----------
Parikh and Boyd, "Proximal algorithms", Foundations and Trends in Optimization, 2014.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from gdregress._utils.array_api import asarray, namespace
from gdregress._utils.facts import StatesFacts
from gdregress._utils.types import Array, ArrayLike, BaseEstimator
from gdregress._utils.validation import Interval

_NON_NEGATIVE = [Interval(Real, 0, None, closed="left")]


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
    ``kernel_terms``      `KernelTerms`, by which the compiled core has the prox; None
                          where it has not
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
        "kernel_terms": ("value", "prox"),
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

    def _numbers(self) -> dict[str, Array]:
        """Arrays of the formulas by name, which JAX traces."""
        return {}

    def _with_numbers(self, numbers: dict[str, Array]) -> Penalty:
        """The same penalty with other arrays."""
        return self


class KernelTerms(NamedTuple):
    """The parts of a penalty whose prox is clip(soft(w, s l1) / (1 + s l2), *bounds).

    Each part is one number for all coefficients, or an array with one for each.
    """

    l1: Any = 0.0
    l2: Any = 0.0
    bounds: tuple[Any, Any] | None = None


class NoPenalty(Penalty):
    """R(w) = 0."""

    active = False
    kernel_terms = KernelTerms()

    def value(self, w: Array) -> Any:
        return 0.0

    def prox(self, w: Array, step_size: Any) -> Array:
        return w


class ElasticNet(Penalty):
    """R(w) = alpha (l1_ratio ||w||_1 + (1 - l1_ratio) ||w||_2^2 / 2).

    Parameters
    ----------
    alpha : float, default=1e-4
        Strength.
    l1_ratio : float in [0, 1], default=0.15
        Share of the l1 norm: 0 is l2, 1 is l1.
    """

    _parameter_constraints = {
        "alpha": _NON_NEGATIVE,
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, alpha: float = 1e-4, l1_ratio: float = 0.15) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio

    def value(self, w: Array) -> Any:
        xp = namespace(w)
        l1, l2 = xp.sum(abs(w)), xp.sum(w * w) / 2
        return self.alpha * (self.l1_ratio * l1 + (1 - self.l1_ratio) * l2)

    def prox(self, w: Array, step_size: Any) -> Array:
        threshold = step_size * (self.alpha * self.l1_ratio)
        shrinkage = 1 + step_size * (self.alpha * (1 - self.l1_ratio))
        return _soft_threshold(w, threshold) / shrinkage

    @property
    def strong_convexity(self) -> float:
        return self.alpha * (1 - self.l1_ratio)

    @property
    def kernel_terms(self) -> KernelTerms:
        return KernelTerms(self.alpha * self.l1_ratio, self.alpha * (1 - self.l1_ratio))


class L1(Penalty):
    """R(w) = alpha ||w||_1, whose prox is the soft threshold: exact zeros.

    It equals the name "l1", by which scikit-learn knows where coefficients are exactly zero.

    Parameters
    ----------
    alpha : float, default=1e-4
        Strength.
    """

    __hash__ = object.__hash__

    _parameter_constraints = {"alpha": _NON_NEGATIVE}

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def value(self, w: Array) -> Any:
        return self.alpha * namespace(w).sum(abs(w))

    def prox(self, w: Array, step_size: Any) -> Array:
        return _soft_threshold(w, step_size * self.alpha)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and other == "l1")

    @property
    def kernel_terms(self) -> KernelTerms:
        return KernelTerms(l1=self.alpha)


class L2(Penalty):
    """R(w) = alpha ||w||_2^2 / 2, whose prox is the shrinkage w / (1 + s alpha).

    With squared error the minimiser is that of ``Ridge(alpha=n_samples * alpha)``.

    Parameters
    ----------
    alpha : float, default=1e-4
        Strength.
    """

    _parameter_constraints = {"alpha": _NON_NEGATIVE}

    def __init__(self, alpha: float = 1e-4) -> None:
        self.alpha = alpha

    def value(self, w: Array) -> Any:
        return self.alpha * namespace(w).sum(w * w) / 2

    def prox(self, w: Array, step_size: Any) -> Array:
        return w / (1 + step_size * self.alpha)

    @property
    def strong_convexity(self) -> float:
        return self.alpha

    @property
    def kernel_terms(self) -> KernelTerms:
        return KernelTerms(l2=self.alpha)


class Box(Penalty):
    """R(w) = 0 where lower <= w <= upper, infinite outside; the prox is the projection.

    Parameters
    ----------
    lower : float or array-like of shape (n_features,), default=0.0
        Smallest coefficients allowed. The default keeps them non-negative.
    upper : float or array-like of shape (n_features,), default=inf
        Largest coefficients allowed.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> from gdregress.penalties import Box
    >>> X, y = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]], [1.0, -1.0, 0.0, -1.0]
    >>> GDRegressor(penalty=Box(lower=0)).fit(X, y).coef_.round(2)
    array([0., 1.])
    """

    traceable = False
    _parameter_constraints = {
        "lower": [Interval(Real, None, None, closed="both"), "array-like"],
        "upper": [Interval(Real, None, None, closed="both"), "array-like"],
    }

    def __init__(self, lower: ArrayLike = 0.0, upper: ArrayLike = math.inf) -> None:
        self.lower = lower
        self.upper = upper

    def value(self, w: Array) -> Any:
        lower, upper = self._bounds(w)
        outside = (w < lower) | (w > upper)
        return math.inf if bool(namespace(w).any(outside)) else 0.0

    def prox(self, w: Array, step_size: Any) -> Array:
        xp = namespace(w)
        lower, upper = self._bounds(w)
        return xp.where(w < lower, lower, xp.where(w > upper, upper, w))

    @property
    def kernel_terms(self) -> KernelTerms:
        return KernelTerms(bounds=(self.lower, self.upper))

    def _bounds(self, w: Array) -> list[Array]:
        """Lower and upper bound as arrays that broadcast over the coefficients."""
        xp = namespace(w)
        device = None if xp is np else w.device
        bounds = []
        for name in ("lower", "upper"):
            bound = np.asarray(getattr(self, name), dtype=float)
            if np.isnan(bound).any() or bound.shape not in ((), w.shape[:1]):
                raise ValueError(
                    f"The {name!r} parameter of Box must be a number or an array with one number "
                    f"for each of the {w.shape[0]} features. Got {getattr(self, name)!r} instead."
                )
            if bound.ndim and len(w.shape) == 2:
                bound = bound[:, None]
            bounds.append(asarray(bound, xp, device, dtype=w.dtype))
        if bool(xp.any(bounds[0] > bounds[1])):
            raise ValueError(
                "Box needs lower <= upper for every coefficient. "
                f"Got lower={self.lower!r} and upper={self.upper!r}."
            )
        return bounds


PENALTIES: dict[str | None, type[Penalty]] = {
    None: NoPenalty,
    "l2": L2,
    "l1": L1,
    "elasticnet": ElasticNet,
}


def _soft_threshold(w: Array, threshold: Any) -> Array:
    """sign(w) max(|w| - threshold, 0), written so that small w become exactly 0."""
    xp = namespace(w)
    return w - xp.clip(w, -threshold, threshold)
