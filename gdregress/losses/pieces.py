r"""Losses of two linear pieces: what follows from their slopes alone.

With u = z - y, or u = y z for labels, such a loss is free on an interval and grows linearly on
both sides of it:

    L = max(lower m, upper m),    m = u - clip(u, low, high),    lower <= 0 <= upper

It is the largest of d u - L*(d) over lower <= d <= upper, where L*(d) = max(low d, high d) is its
conjugate. With t d^2 / 2 taken off, a difference that is at most t / 2 times the square of the
steepest slope, the largest is smooth in u: the Moreau envelope of L with the width t,

    L_t = c m - t c^2 / 2,    c = clip(m / t, lower, upper) = dL_t/du

A loss that is such an envelope itself, of the width r, has L*(d) = max(low d, high d) + r d^2 / 2,
and its own envelope of the width t is that of the width r + t. Huber's loss is one, with r = 1.

References
----------
Beck and Teboulle, "Smoothing and first order methods: a unified framework", 2012, section 4.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array
from gdregress.losses.base import Loss


class Pieces(NamedTuple):
    """Slopes on both sides of the interval on which a loss is free, its ends, and its rounding.

    Parameters
    ----------
    lower, upper : float
        Slopes in u.
    low, high : float, default=0.0
        Ends of the interval.
    rounding : float, default=0.0
        r, zero where the pieces meet at a kink.
    """

    lower: float
    upper: float
    low: float = 0.0
    high: float = 0.0
    rounding: float = 0.0

    def beyond(self, u: Array) -> Array:
        """m, how far u is outside the interval."""
        if self.low == self.high == 0:
            return u
        return u - namespace(u).clip(u, self.low, self.high)

    def value(self, u: Array) -> Array:
        """L."""
        m = self.beyond(u)
        if self.rounding:
            c = self.slope(u, 0.0)
            return c * (m - self.rounding / 2 * c)
        # the larger of the two products: no comparison, so that what is no number stays none
        return abs(m) * ((self.upper - self.lower) / 2) + m * ((self.upper + self.lower) / 2)

    def slope(self, u: Array, width: Any) -> Array:
        """c, the derivative of the envelope."""
        bent = self.rounding + width
        return namespace(u).clip(self.beyond(u) / bent, self.lower, self.upper)

    def curvature(self, slopes: Array, width: Any) -> Array:
        """The second derivative of the envelope with these slopes."""
        return self.is_bent(slopes) / (self.rounding + width)

    def is_bent(self, slopes: Array) -> Array:
        """Where the envelope with these slopes is quadratic."""
        bent = (slopes > self.lower) & (slopes < self.upper)
        # an interval of its own is flat inside
        return bent if self.low == self.high else bent & (slopes != 0)

    def conjugate(self, slopes: Array) -> Array:
        """L*."""
        of_kinks = (self.high + self.low) / 2 * slopes
        if self.low != self.high:
            of_kinks = of_kinks + (self.high - self.low) / 2 * abs(slopes)
        return of_kinks + self.rounding / 2 * slopes * slopes if self.rounding else of_kinks


class Envelope(Loss):
    """The Moreau envelope L_t of a loss of two linear pieces.

    Parameters
    ----------
    loss : Loss
    width : float
        t, in the units of z.
    """

    def __init__(self, loss: Loss, width: float) -> None:
        self.loss = loss
        self.width = width

    @property
    def target_range(self) -> Any:
        return self.loss.target_range

    @property
    def curvature(self) -> float:
        return 1 / (self._pieces().rounding + self.width)

    def value(self, y: Array, z: Array) -> Array:
        u, _ = position(self.loss, y, z)
        pieces = self._pieces()
        c = pieces.slope(u, self.width)
        return c * (pieces.beyond(u) - (pieces.rounding + self.width) / 2 * c)

    def gradient(self, y: Array, z: Array) -> Array:
        u, sign = position(self.loss, y, z)
        return sign * self._pieces().slope(u, self.width)

    def curvature_at(self, y: Array, z: Array) -> Array:
        u, _ = position(self.loss, y, z)
        bent = self._pieces().is_bent(self._pieces().slope(u, self.width))
        return namespace(z).astype(bent, z.dtype) * self.curvature

    def _pieces(self) -> Pieces:
        return self.loss.pieces  # pyright: ignore[reportReturnType]


def position(loss: Loss, y: Array, z: Array) -> tuple[Array, Any]:
    """u, and its derivative by z."""
    if loss.target_range == "labels":
        return y * z, y
    return z - y, 1.0
