"""Losses of a number: what a prediction z costs where the target is y."""

from __future__ import annotations

from numbers import Real

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array
from gdregress._utils.validation import Interval
from gdregress.losses.base import Loss
from gdregress.losses.pieces import Pieces

# Up to this |d| the series of `exp_remainder` is exact with so many terms; the core has both.
REMAINDER_NEAR, REMAINDER_TERMS = 0.1, 11


class SquaredError(Loss):
    """L = (z - y)^2 / 2."""

    is_quadratic = True
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

    kernel, kernel_parameter = "Huber", "epsilon"
    curvature = 1.0
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, epsilon: float = 1.35) -> None:
        self.epsilon = epsilon

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
    """

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

    Parameters
    ----------
    quantile : float in (0, 1), default=0.5
        The quantile q that the model predicts.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", 1978.
    """

    kernel, kernel_parameter = "Quantile", "quantile"
    smooth = False
    _parameter_constraints = {"quantile": [Interval(Real, 0, 1, closed="neither")]}

    def __init__(self, quantile: float = 0.5) -> None:
        self.quantile = quantile

    @property
    def pieces(self) -> Pieces:
        return Pieces(-self.quantile, 1 - self.quantile)

    def value(self, y: Array, z: Array) -> Array:
        residual = z - y
        return abs(residual) / 2 + (0.5 - self.quantile) * residual

    def gradient(self, y: Array, z: Array) -> Array:
        residual = z - y
        sign = namespace(z).sign(residual)
        return sign / 2 + (0.5 - self.quantile) * abs(sign)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).zeros_like(z)


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

    kernel, kernel_parameter = "EpsilonInsensitive", "epsilon"
    smooth = False
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = epsilon

    @property
    def pieces(self) -> Pieces:
        return Pieces(-1.0, 1.0, -self.epsilon, self.epsilon)

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(abs(z - y) - self.epsilon, min=0)

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

    kernel, kernel_parameter = "SquaredEpsilonInsensitive", "epsilon"
    curvature = 2.0
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = epsilon

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(abs(z - y) - self.epsilon, min=0) ** 2

    def gradient(self, y: Array, z: Array) -> Array:
        residual = z - y
        return 2 * (residual - namespace(z).clip(residual, -self.epsilon, self.epsilon))

    def curvature_at(self, y: Array, z: Array) -> Array:
        return 2 * namespace(z).astype(abs(z - y) > self.epsilon, z.dtype)


class Poisson(Loss):
    """L = exp(z) - y - y (z - log y): half the Poisson deviance, for counts and rates y >= 0.

    Near its minimum y (e^d - 1 - d), d = z - log y, whose digits do not cancel.

    References
    ----------
    McCullagh and Nelder, "Generalized linear models", 2nd edition, section 2.3.
    """

    kernel = "Poisson"
    link = "log"
    target_range = "non-negative"

    def value(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        log_y = xp.log(xp.where(y > 0, y, xp.ones_like(y)))
        d = z - log_y
        is_near = (abs(d) < REMAINDER_NEAR) & (y > 0)
        return xp.where(is_near, y * exp_remainder(d), xp.exp(z) - y - y * d)

    def gradient(self, y: Array, z: Array) -> Array:
        return namespace(z).exp(z) - y

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).exp(z)

    def deviance(self, y: Array, z: Array) -> Array:
        return 2 * self.value(y, z)


class Gamma(Loss):
    """L = z - log y + y exp(-z) - 1: half the gamma deviance, for amounts y > 0.

    Near its minimum e^d - 1 - d, d = log y - z, whose digits do not cancel.

    References
    ----------
    McCullagh and Nelder, "Generalized linear models", 2nd edition, section 8.3.
    """

    kernel = "Gamma"
    link = "log"
    target_range = "positive"

    def value(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        d = xp.log(y) - z
        return xp.where(abs(d) < REMAINDER_NEAR, exp_remainder(d), y * xp.exp(-z) - 1 - d)

    def gradient(self, y: Array, z: Array) -> Array:
        return 1 - y * namespace(z).exp(-z)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return y * namespace(z).exp(-z)

    def deviance(self, y: Array, z: Array) -> Array:
        return 2 * self.value(y, z)


def exp_remainder(d: Array) -> Array:
    """e^d - 1 - d = d^2 / 2 (1 + d / 3 (1 + d / 4 (...))) for d near zero, to the last digit."""
    d = namespace(d).clip(d, -REMAINDER_NEAR, REMAINDER_NEAR)
    series = 1.0
    for k in range(REMAINDER_TERMS, 2, -1):
        series = 1 + d / k * series
    return d * d / 2 * series


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
}
