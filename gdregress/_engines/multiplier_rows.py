r"""The rows of one target in the method of multipliers, and the sums over them.

Every result is a sum or a maximum over rows, so that rows may be in blocks. A row has a position u
and the slope c0 at the end of the last round; at the width t its slope is

    c = clip((m(u) + t c0) / (r + t), lower, upper)

See `Multipliers` for the letters.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np

from gdregress._objective.partitions import added

# Rows of a block, which bounds the length of temporary arrays.
BLOCK = 1 << 15


class Along(NamedTuple):
    """Sums over rows at their positions, with the linearised slopes d at the end of a Newton step.

    Attributes
    ----------
    reach : float
        Ratio of d to its bounds, if they are on both sides of zero.
    loss, candidate : float
        Mean of L at the positions and at the candidate.
    gap : float
        Mean of L + L*(d) - d u, the difference of L and the dual.
    dual : float
        Mean of d u - L*(d).
    missed : float
        Mean of L + L*(c) - c u.
    cut : float
        Mean of the part of d beyond its bounds times the distance that the row may have to move.
    squares : ndarray of shape (5,)
        Means of d^2, d (d - c), (d - c)^2, d (c - c0) and (d - c) (c - c0).
    """

    reach: float
    loss: float
    candidate: float
    gap: float
    dual: float
    missed: float
    cut: float
    squares: np.ndarray

    def moved_squares(self, scale):
        """Mean of (scale d - c0)^2 - (c - c0)^2, without cancellation."""
        a = scale - 1
        return float(np.array([a * a, 2 * a, 1, 2 * a, 2]) @ self.squares)


def joined(one, other):
    """The sums over both sets of rows, target by target."""
    return tuple(
        Along(max(a.reach, b.reach), *added(a[1:], b[1:])) for a, b in zip(one, other, strict=True)
    )


class Rows:
    """Rows at their positions, at the width of a round.

    Parameters
    ----------
    pieces : Pieces
        The linear pieces of the loss.
    u : ndarray of shape (n_samples,)
    sign : ndarray of shape (n_samples,) or 1.0
        du_i / dz_i.
    shares : ndarray of shape (n_samples,)
        s, which sum to about 1 over all rows.
    centres : ndarray of shape (n_samples,) or 0.0
        c0.
    width : float
        t.
    """

    def __init__(self, pieces, u, sign, shares, centres, width):
        self.pieces = pieces
        self.u, self.sign, self.shares = u, sign, shares
        self.centres, self.width = centres, width

    def at(self, u):
        """The same rows at other positions."""
        return Rows(self.pieces, u, self.sign, self.shares, self.centres, self.width)

    def blocks(self, *arrays):
        """Blocks of these rows, each with its part of some arrays."""
        for start in range(0, max(1, len(self.u)), BLOCK):
            rows = slice(start, start + BLOCK)
            parts = self.u, self.sign, self.shares, self.centres, *arrays
            u, sign, shares, centres, *rest = (a[rows] if np.ndim(a) else a for a in parts)
            yield Rows(self.pieces, u, sign, shares, centres, self.width), *rest

    def _filled(self, function, *arrays):
        """function(rows, *arrays) of all blocks, concatenated."""
        found = np.empty(len(self.u))
        for rows, part, *rest in self.blocks(found, *arrays):
            part[...] = function(rows, *rest)
        return found

    def slopes_at(self, u):
        """c at other positions."""
        return self._filled(Rows._slopes, u)

    def gradient(self):
        """The contributions of the rows to the gradient: s dL_t/dz."""
        return self._filled(lambda rows: rows.shares * rows._slopes(rows.u) * rows.sign)

    def curvature(self):
        """Their contributions to the second derivatives, zero unless a row is bent."""
        return self._filled(
            lambda rows: rows.pieces.curvature(rows._slopes(rows.u), rows.width) * rows.shares
        )

    def _slopes(self, u):
        return self.pieces.slope(u + self.width * self.centres, self.width)

    def derivative(self, du, length):
        """The contribution of the rows to the derivative of F_t along a direction."""
        parts = (
            (rows.shares * du) @ rows._slopes(rows.u + length * du) for rows, du in self.blocks(du)
        )
        return float(sum(parts))

    def along(self, du, candidate, damping, scale):
        """The `Along` of these rows.

        Parameters
        ----------
        du : ndarray of shape (n_samples,)
            Change of the positions by the Newton step.
        candidate : ndarray of shape (n_samples,) or None
            Positions at the candidate; None for the positions of the rows.
        damping : float
            Term of the Newton system that is added to the curvature of each row.
        scale : float
            Scale of the positions.
        """
        blocks = self.blocks(du, candidate)
        return reduce(joined, ((rows._along(*parts, damping, scale),) for rows, *parts in blocks))[
            0
        ]

    def _along(self, du, candidate, damping, scale):
        pieces, s, u, c = self.pieces, self.shares, self.u, self._slopes(self.u)
        losses = pieces.value(u)
        ends = kept = c + (pieces.curvature(c, self.width) + damping) * du
        reach, cut = 0.0, 0.0
        if pieces.lower < 0 < pieces.upper:
            reach = max(float(np.max(ends)) / pieces.upper, float(np.min(ends)) / pieces.lower)
        else:
            kept = np.clip(ends, pieces.lower, pieces.upper)
            cut = float(s @ (abs(ends - kept) * (abs(u) + abs(du) + scale)))
        dual, step, way = kept * u - pieces.conjugate(kept), kept - c, c - self.centres
        products = (kept * kept, kept * step, step * step, kept * way, step * way)
        return Along(
            reach,
            float(s @ losses),
            float(s @ (losses if candidate is None else pieces.value(candidate))),
            float(s @ (losses - dual)),
            float(s @ dual),
            float(s @ (losses + pieces.conjugate(c) - c * u)),
            cut,
            np.array([float(s @ values) for values in products]),
        )
