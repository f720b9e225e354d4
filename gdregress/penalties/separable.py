"""Penalties of one coefficient after the other: l1, l2, both, and bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Number, Real
from typing import Any

import numpy as np

from gdregress._utils.array_api import array_like, as_column, asarray, namespace, to_numpy
from gdregress._utils.types import Array, ArrayLike
from gdregress._utils.validation import Interval
from gdregress.penalties.base import KernelTerms, Penalty

_STRENGTH = [Interval(Real, 0, None, closed="left"), "array-like"]


def _refuse_other_order(penalty: str, known: list[Any], names: list[Any]) -> None:
    """Raise ValueError for strengths by name that stand in another order than the columns."""
    if known != names and set(known) == set(names):
        raise ValueError(
            f"The 'alpha' parameter of {penalty} is a Series whose names are in another order "
            "than the columns of X, and strengths go by position. Pass alpha[X.columns]."
        )


class NoPenalty(Penalty):
    """R(w) = 0."""

    active = False
    kernel_terms = KernelTerms()

    def value(self, w: Array) -> Any:
        return 0.0

    def prox(self, w: Array, step_size: Any) -> Array:
        return w


class _Strengths(Penalty):
    """A penalty of strength alpha, which may be a number or an array with one for each feature."""

    alpha: ArrayLike

    def check_features(self, n_features: int, names: Sequence[str] | None = None) -> None:
        if isinstance(self.alpha, Number):  # within its range by now
            return
        name = type(self).__name__
        if isinstance(self.alpha, Mapping):
            raise ValueError(
                f"The 'alpha' parameter of {name} must be a number or an array of numbers, one "
                f"for each of the {n_features} features in their order. Got a "
                f"{type(self.alpha).__name__}: pass [alpha[name] for name in X.columns]."
            )
        index = getattr(self.alpha, "index", None)
        if names is not None and not callable(index) and index is not None:
            _refuse_other_order(name, list(index), list(names))
        alpha = to_numpy(self.alpha)
        if alpha.shape != (n_features,) or alpha.dtype.kind not in "biuf":
            raise ValueError(
                f"The 'alpha' parameter of {name} must be a number or an array of numbers, one "
                f"for each of the {n_features} features. Got an array of shape {alpha.shape} and "
                f"of {alpha.dtype} instead."
            )
        wrong = np.flatnonzero(~((alpha >= 0) & np.isfinite(alpha)))
        if len(wrong):
            j = wrong[0]
            of_column = "" if names is None else f", the strength of column {names[j]!r}"
            raise ValueError(
                f"The 'alpha' parameter of {name} must hold finite numbers of at least 0. Got "
                f"alpha[{j}] = {alpha[j]}{of_column}; 0 leaves a coefficient unpenalised."
            )

    def _alpha_like(self, w: Array) -> Any:
        """alpha as a number, or as an array that broadcasts over the coefficients."""
        if isinstance(self.alpha, Number):
            return self.alpha
        return as_column(array_like(self.alpha, w), w)

    def _strength(self) -> Any:
        """alpha as a number, or as an array of NumPy."""
        if isinstance(self.alpha, Number):
            return self.alpha
        return to_numpy(self.alpha).astype(float)

    def _numbers(self) -> dict[str, Array]:
        return {} if isinstance(self.alpha, Number) else {"alpha": to_numpy(self.alpha)}

    def _with_numbers(self, numbers: dict[str, Array]) -> Penalty:
        return type(self)(**{**self.get_params(deep=False), **numbers})


class ElasticNet(_Strengths):
    """R(w) = alpha (l1_ratio ||w||_1 + (1 - l1_ratio) ||w||_2^2 / 2).

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1e-4
        Strength, of all features or of each.
    l1_ratio : float in [0, 1], default=0.15
        Share of the l1 norm: 0 is l2, 1 is l1.
    """

    _parameter_constraints = {
        "alpha": _STRENGTH,
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, alpha: ArrayLike = 1e-4, l1_ratio: float = 0.15) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio

    def value(self, w: Array) -> Any:
        xp = namespace(w)
        alpha, rho = self._alpha_like(w), self.l1_ratio
        return xp.sum(alpha * (rho * abs(w) + (1 - rho) / 2 * w * w))

    def prox(self, w: Array, step_size: Any) -> Array:
        alpha, rho = self._alpha_like(w), self.l1_ratio
        return _soft_threshold(w, step_size * (alpha * rho)) / (
            1 + step_size * (alpha * (1 - rho))
        )

    @property
    def strong_convexity(self) -> float:
        return float(np.min(self.smooth_part))

    @property
    def smooth_part(self) -> Any:
        return self._strength() * (1 - self.l1_ratio)

    @property
    def kernel_terms(self) -> KernelTerms:
        alpha, rho = self._strength(), self.l1_ratio
        l1, l2 = alpha * rho, alpha * (1 - rho)
        return KernelTerms(l1 if rho > 0 else 0.0, l2 if rho < 1 else 0.0)


class L1(_Strengths):
    """R(w) = alpha ||w||_1, whose prox is the soft threshold: exact zeros.

    It equals the name "l1", by which scikit-learn knows where coefficients are exactly zero.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1e-4
        Strength, of all features or of each.
    """

    _parameter_constraints = {"alpha": _STRENGTH}

    def __init__(self, alpha: ArrayLike = 1e-4) -> None:
        self.alpha = alpha

    def value(self, w: Array) -> Any:
        return namespace(w).sum(self._alpha_like(w) * abs(w))

    def prox(self, w: Array, step_size: Any) -> Array:
        return _soft_threshold(w, step_size * self._alpha_like(w))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and other == "l1")

    def __hash__(self) -> int:
        return hash("l1")

    @property
    def kernel_terms(self) -> KernelTerms:
        return KernelTerms(l1=self._strength())


class L2(_Strengths):
    """R(w) = alpha ||w||_2^2 / 2, whose prox is the shrinkage w / (1 + s alpha).

    With squared error the minimiser is that of ``Ridge(alpha=n_samples * alpha)``.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1e-4
        Strength, of all features or of each.

    Examples
    --------
    The first column is left unpenalised:

    >>> from gdregress import GDRegressor
    >>> from gdregress.penalties import L2
    >>> X, y = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]], [1.0, 2.0, 5.0, 6.0]
    >>> GDRegressor(penalty=L2(alpha=[0.0, 100.0])).fit(X, y).coef_.round(2)
    array([1.8, 0. ])
    """

    _parameter_constraints = {"alpha": _STRENGTH}

    def __init__(self, alpha: ArrayLike = 1e-4) -> None:
        self.alpha = alpha

    def value(self, w: Array) -> Any:
        return namespace(w).sum(self._alpha_like(w) * w * w) / 2

    def prox(self, w: Array, step_size: Any) -> Array:
        return w / (1 + step_size * self._alpha_like(w))

    @property
    def strong_convexity(self) -> float:
        return float(np.min(self._strength()))

    @property
    def smooth_part(self) -> Any:
        return self._strength()

    @property
    def kernel_terms(self) -> KernelTerms:
        return KernelTerms(l2=self._strength())


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
