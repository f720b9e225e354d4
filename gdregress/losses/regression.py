"""Losses of a number: what a prediction z costs where the target is y."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy.typing as npt

from gdregress._utils.array_api import array_like, namespace, to_numpy
from gdregress._utils.types import Array
from gdregress._utils.validation import Interval
from gdregress.losses.base import Loss
from gdregress.losses.deviances import Gamma, NegativeBinomial, Poisson, Tweedie
from gdregress.losses.pieces import Pieces


class SquaredError(Loss):
    """L = (z - y)^2 / 2."""

    is_quadratic = True
    convex = True
    kernel = "SquaredError"
    curvature = 1.0

    def value(self, y: Array, z: Array) -> Array:
        residual = z - y
        return residual * residual / 2

    def gradient(self, y: Array, z: Array) -> Array:
        return z - y

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).ones_like(z)


class Huber(Loss):
    """L = ``r^2 / 2`` where ``|r| <= epsilon``, ``epsilon |r| - epsilon^2 / 2`` beyond; r = z - y.

    Parameters
    ----------
    epsilon : float, default=1.35
        Residual, in the units of y, from which the loss grows linearly.

    References
    ----------
    Huber, "Robust estimation of a location parameter", 1964.
    """

    convex = True
    kernel, kernel_parameter = "Huber", "epsilon"
    curvature = 1.0
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, epsilon: float = 1.35) -> None:
        self.epsilon = epsilon

    @property
    def pieces(self) -> Pieces:
        return Pieces(-self.epsilon, self.epsilon, rounding=1.0)

    def value(self, y: Array, z: Array) -> Array:
        residual = z - y
        # c (r - c / 2) with c = clip(r): r^2 / 2 inside, epsilon |r| - epsilon^2 / 2 outside
        clipped = namespace(z).clip(residual, -self.epsilon, self.epsilon)
        return clipped * (residual - clipped / 2)

    def gradient(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(z - y, -self.epsilon, self.epsilon)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).astype(abs(z - y) <= self.epsilon, z.dtype)


class AbsoluteError(Loss):
    """L = ``|z - y|``, whose minimiser is the median."""

    convex = True
    kernel = "AbsoluteError"
    smooth = False
    pieces = Pieces(-1.0, 1.0)

    def value(self, y: Array, z: Array) -> Array:
        return abs(z - y)

    def gradient(self, y: Array, z: Array) -> Array:
        return namespace(z).sign(z - y)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).zeros_like(z)


class LogCosh(Loss):
    """L = log cosh(z - y): squared error near zero, absolute error far out.

    Near zero log(1 + sinh^2(z - y)) / 2, whose digits are not lost beside those of log 2.

    Where residuals are far more than 1, as those of prices are, this is absolute error but for a
    tip. A fit that leaves optimizer, learning rate, momentum and schedule to "auto" then begins at
    the minimum of Huber's loss of ``epsilon=1``; the epochs that this takes are not counted.
    """

    convex = True
    convex_start = Huber(1.0)
    tip = 1.0
    kernel = "LogCosh"
    curvature = 1.0

    def value(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        size = abs(z - y)
        near = xp.log1p(xp.sinh(xp.clip(size, max=1.0)) ** 2) / 2
        far = size + xp.log1p(xp.exp(-2 * size)) - 0.6931471805599453
        return xp.where(size < 1, near, far)

    def gradient(self, y: Array, z: Array) -> Array:
        return namespace(z).tanh(z - y)

    def curvature_at(self, y: Array, z: Array) -> Array:
        # 1 - tanh^2 = 4 e / (1 + e)^2, whose digits do not cancel far out
        e = namespace(z).exp(-2 * abs(z - y))
        return 4 * e / (1 + e) ** 2


class Quantile(Loss):
    """L = q (y - z) where y > z, (1 - q) (z - y) elsewhere: the pinball loss.

    Of several quantiles each is fitted by itself, and `predict` has a column for each. Nothing
    keeps them from crossing where rows are few; sorting the columns of a prediction does
    (Chernozhukov, Fernández-Val and Galichon, "Quantile and probability curves without crossing",
    2010).

    Parameters
    ----------
    quantile : float in (0, 1), or array-like of these, default=0.5
        The quantile q that the model predicts; several for a y of one column.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", 1978.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> from gdregress.losses import Quantile
    >>> X, y = [[0.0]] * 5 + [[1.0]] * 5, [1.0, 2.0, 3.0, 4.0, 5.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    >>> GDRegressor(Quantile([0.1, 0.5, 0.9])).fit(X, y).predict([[0.0], [1.0]]).round(2)
    array([[ 1.,  3.,  5.],
           [ 2.,  6., 10.]])
    """

    convex = True
    kernel, kernel_parameter = "Quantile", "quantile"
    smooth = False
    _parameter_constraints = {"quantile": [Interval(Real, 0, 1, closed="neither"), "array-like"]}

    def __init__(self, quantile: float | Sequence[float] | npt.NDArray[Any] = 0.5) -> None:
        self.quantile = quantile

    @property
    def pieces(self) -> Pieces:
        return Pieces(-self._q(), 1 - self._q())

    @property
    def traceable(self) -> bool:
        return self.is_builtin and isinstance(self.quantile, Real)

    def value(self, y: Array, z: Array) -> Array:
        residual = z - y
        return abs(residual) / 2 + (0.5 - self._q(z)) * residual

    def gradient(self, y: Array, z: Array) -> Array:
        residual = z - y
        sign = namespace(z).sign(residual)
        return sign / 2 + (0.5 - self._q(z)) * abs(sign)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).zeros_like(z)

    def expand_target(self, y: Array) -> Array:
        """y once for each of several quantiles."""
        if isinstance(self.quantile, Real):
            return y
        levels = to_numpy(self.quantile)
        right = levels.ndim == 1 and len(levels) and levels.dtype.kind == "f"
        if not (right and ((levels > 0) & (levels < 1)).all()):
            raise ValueError(
                "The 'quantile' parameter of Quantile must be a number in (0, 1) or an array of "
                f"such numbers. Got {self.quantile!r} instead."
            )
        if y.ndim == 2:
            raise ValueError(
                f"Several quantiles need a y of one column; y has the shape {tuple(y.shape)}. "
                "Fit each target by itself, or one quantile for all of them."
            )
        return y[:, None] + namespace(y).zeros_like(array_like(levels, y))

    def of_target(self, target: int) -> Loss:
        return self if isinstance(self.quantile, Real) else Quantile(float(self._q()[target]))

    def _q(self, z: Array | None = None) -> Any:
        """The quantile, or the quantiles as an array of NumPy or like z."""
        if isinstance(self.quantile, Real):
            return self.quantile
        return to_numpy(self.quantile) if z is None else array_like(self.quantile, z)


class EpsilonInsensitive(Loss):
    """L = ``max(0, |z - y| - epsilon)``: errors up to epsilon are free.

    Parameters
    ----------
    epsilon : float, default=0.1
        Half-width of the free zone, in the units of y.

    References
    ----------
    Vapnik, "The nature of statistical learning theory", 1995.
    """

    convex = True
    kernel, kernel_parameter = "EpsilonInsensitive", "epsilon"
    smooth = False
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = epsilon

    @property
    def pieces(self) -> Pieces:
        return Pieces(-1.0, 1.0, -self.epsilon, self.epsilon)

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(abs(z - y) - self.epsilon, min=0.0)

    def gradient(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        residual = z - y
        return xp.sign(residual - xp.clip(residual, -self.epsilon, self.epsilon))

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).zeros_like(z)


class SquaredEpsilonInsensitive(Loss):
    """L = ``max(0, |z - y| - epsilon)^2``, without a factor 1/2, as scikit-learn defines it.

    Parameters
    ----------
    epsilon : float, default=0.1
        Half-width of the free zone, in the units of y.
    """

    convex = True
    kernel, kernel_parameter = "SquaredEpsilonInsensitive", "epsilon"
    curvature = 2.0
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = epsilon

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(abs(z - y) - self.epsilon, min=0.0) ** 2

    def gradient(self, y: Array, z: Array) -> Array:
        residual = z - y
        return 2 * (residual - namespace(z).clip(residual, -self.epsilon, self.epsilon))

    def curvature_at(self, y: Array, z: Array) -> Array:
        return 2 * namespace(z).astype(abs(z - y) > self.epsilon, z.dtype)


class Cauchy(Loss):
    """L = epsilon^2 / 2 log(1 + (r / epsilon)^2), r = z - y: outliers count less the farther out.

    Not convex: the slope is largest at a residual of epsilon, and a run ends at a minimum that may
    be a local one. A fit that leaves optimizer, learning rate, momentum and schedule to "auto"
    begins at the minimum of Huber's loss of the same epsilon, which is convex; the epochs that
    this takes are not counted.

    Parameters
    ----------
    epsilon : float, default=2.385
        Residual, in the units of y, beyond which the slope falls. The default has 95 % of the
        efficiency of least squares for normal errors of variance 1.

    References
    ----------
    Holland and Welsch, "Robust regression using iteratively reweighted least-squares", 1977.
    """

    kernel, kernel_parameter = "Cauchy", "epsilon"
    curvature = 1.0
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, epsilon: float = 2.385) -> None:
        self.epsilon = epsilon

    @property
    def convex_start(self) -> Loss:
        return Huber(self.epsilon)

    def value(self, y: Array, z: Array) -> Array:
        scaled = (z - y) / self.epsilon
        return self.epsilon**2 / 2 * namespace(z).log1p(scaled * scaled)

    def gradient(self, y: Array, z: Array) -> Array:
        residual = z - y
        return residual / (1 + (residual / self.epsilon) ** 2)

    def curvature_at(self, y: Array, z: Array) -> Array:
        square = ((z - y) / self.epsilon) ** 2
        return (1 - square) / (1 + square) ** 2


LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "huber": Huber,
    "absolute_error": AbsoluteError,
    "log_cosh": LogCosh,
    "quantile": Quantile,
    "epsilon_insensitive": EpsilonInsensitive,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
    "negative_binomial": NegativeBinomial,
    "cauchy": Cauchy,
}
