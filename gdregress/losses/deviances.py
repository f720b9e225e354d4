r"""Losses of a mean exp(z): half the deviance of a distribution of counts or amounts.

The unit deviance 2 L is zero where the prediction is y. Near there it is a sum of terms that
cancel, but for the remainders of series, of which nothing does.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Literal

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array
from gdregress._utils.validation import Interval
from gdregress.losses.base import Loss

# Up to this |d| the series of the remainders are exact with so many terms; the core has all three.
REMAINDER_NEAR, REMAINDER_TERMS, LOG_TERMS = 0.1, 11, 7


class Poisson(Loss):
    """L = exp(z) - y - y (z - log y): half the Poisson deviance, for counts and rates y >= 0.

    Near its minimum y (e^d - 1 - d), d = z - log y, whose digits do not cancel.

    References
    ----------
    McCullagh and Nelder, "Generalized linear models", 2nd edition, section 2.3.
    """

    convex = True
    kernel = "Poisson"
    link = "log"
    tweedie_power = 1.0
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

    convex = True
    kernel = "Gamma"
    link = "log"
    tweedie_power = 2.0
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


class Tweedie(Loss):
    r"""L = y^(2-p) (e(d (2-p)) / (2-p) - e(d (1-p)) / (1-p)), half the Tweedie deviance.

    d = z - log y and e(x) = exp(x) - 1 - x; where y = 0, L = exp((2-p) z) / (2-p). The variance
    grows as the p-th power of the mean. p = 1 is "poisson" and p = 2 "gamma"; between them are
    amounts of which some are exactly zero, such as claims. Beyond 2 L is not convex in z.

    Parameters
    ----------
    power : float, default=1.5
        The p of the variance, at least 1. Targets are non-negative below 2 and positive from
        there on.

    References
    ----------
    Jørgensen, "The theory of dispersion models", 1997, chapter 4.
    """

    kernel, kernel_parameter = "Tweedie", "power"
    link = "log"
    _parameter_constraints = {"power": [Interval(Real, 1, None, closed="left")]}

    def __init__(self, power: float = 1.5) -> None:
        self.power = power

    @property
    def target_range(self) -> Literal["non-negative", "positive"]:
        return "non-negative" if self.power < 2 else "positive"

    @property
    def convex(self) -> bool:
        return self.power <= 2

    @property
    def tweedie_power(self) -> float:
        return self.power

    def value(self, y: Array, z: Array) -> Array:
        xp, p = namespace(z), self.power
        positive = xp.where(y > 0, y, xp.ones_like(y))
        d = z - xp.log(positive)
        value = positive ** (2 - p) * (_over(2 - p, d) - _over(1 - p, d))
        if p >= 2:
            return value
        return xp.where(y > 0, value, xp.exp((2 - p) * z) / (2 - p))

    def gradient(self, y: Array, z: Array) -> Array:
        xp, p = namespace(z), self.power
        return xp.exp((2 - p) * z) - y * xp.exp((1 - p) * z)

    def curvature_at(self, y: Array, z: Array) -> Array:
        xp, p = namespace(z), self.power
        return (2 - p) * xp.exp((2 - p) * z) + (p - 1) * y * xp.exp((1 - p) * z)

    def deviance(self, y: Array, z: Array) -> Array:
        return 2 * self.value(y, z)


class NegativeBinomial(Loss):
    r"""L = (y + 1/a) log((1 + a exp(z)) / (1 + a y)) - y (z - log y), half its deviance.

    For counts whose variance is m + a m^2 where their mean is m: more than Poisson's m.

    Near the minimum, with d = z - log y, q = a y / (1 + a y) and u = q (exp(d) - 1), that is
    (y + 1/a) (q (exp(d) - 1 - d) - (u - log(1 + u))).

    Parameters
    ----------
    dispersion : float, default=1.0
        The a of the variance, which is ``alpha`` in statsmodels and 1 / theta in R. It is not
        estimated.

    References
    ----------
    Cameron and Trivedi, "Regression analysis of count data", 2nd edition, 2013, section 3.3.
    """

    convex = True
    kernel, kernel_parameter = "NegativeBinomial", "dispersion"
    link = "log"
    target_range = "non-negative"
    _parameter_constraints = {"dispersion": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, dispersion: float = 1.0) -> None:
        self.dispersion = dispersion

    def value(self, y: Array, z: Array) -> Array:
        xp, a = namespace(z), self.dispersion
        log_y = xp.log(xp.where(y > 0, y, xp.ones_like(y)))
        d = z - log_y
        is_near = (abs(d) < REMAINDER_NEAR) & (y > 0)
        q = a * y / (1 + a * y)
        d_near = xp.where(is_near, d, xp.zeros_like(d))
        near = q * exp_remainder(d_near) - log_remainder(q * xp.expm1(d_near))
        log_odds = z + math.log(a)
        softplus = xp.clip(log_odds, min=0.0) + xp.log1p(xp.exp(-abs(log_odds)))
        far = (y + 1 / a) * (softplus - xp.log1p(a * y)) - y * d
        return xp.where(is_near, (y + 1 / a) * near, far)

    def gradient(self, y: Array, z: Array) -> Array:
        m, over, under = self._parts(z)
        xp = namespace(z)
        return xp.where(z > 0, 1 - y * m, m - y) / xp.where(z > 0, over, under)

    def curvature_at(self, y: Array, z: Array) -> Array:
        m, over, under = self._parts(z)
        return m * (1 + self.dispersion * y) / namespace(z).where(z > 0, over, under) ** 2

    def deviance(self, y: Array, z: Array) -> Array:
        return 2 * self.value(y, z)

    def _parts(self, z: Array) -> tuple[Array, Array, Array]:
        """m = exp(-|z|), which does not overflow, m + a and 1 + a m."""
        m = namespace(z).exp(-abs(z))
        return m, m + self.dispersion, 1 + self.dispersion * m


def exp_remainder(d: Array) -> Array:
    """e^d - 1 - d = d^2 / 2 (1 + d / 3 (1 + d / 4 (...))) for d near zero, to the last digit."""
    d = namespace(d).clip(d, -REMAINDER_NEAR, REMAINDER_NEAR)
    series = 1.0
    for k in range(REMAINDER_TERMS, 2, -1):
        series = 1 + d / k * series
    return d * d / 2 * series


def log_remainder(u: Array) -> Array:
    """u - log(1 + u) = u s - 2 s^3 (1/3 + s^2 / 5 + s^4 / 7 + ...), s = u / (2 + u), u near 0."""
    s = u / (2 + u)
    series, square = 0.0, s * s
    for k in range(LOG_TERMS, 0, -1):
        series = 1 / (2 * k + 1) + square * series
    return u * s - 2 * s * square * series


def _over(k: float, d: Array) -> Array:
    """(exp(k d) - 1 - k d) / k, and its limit 0 for k = 0."""
    if k == 0:
        return 0 * d
    xp, x = namespace(d), k * d
    return xp.where(abs(x) < REMAINDER_NEAR, exp_remainder(x), xp.expm1(x) - x) / k
