"""Coordinates of their own in which a run descends: centred and scaled columns."""

from dataclasses import dataclass
from typing import Any

from gdregress._utils.array_api import namespace


@dataclass(frozen=True, eq=False, repr=False)
class Columns:
    """Every column centred by its mean m and divided by its scale s.

    The parameters (u, b') in these coordinates are w = u / s, b = b' - m . w by the user's
    columns.

    Parameters
    ----------
    mean, scale : arrays of shape (n_features,)
    fit_intercept : bool
        Without an intercept the mean must be zero, as a shift would need the intercept to undo it.
    """

    mean: Any
    scale: Any
    fit_intercept: bool
    separable = True

    def to_user(self, params):
        """The user's parameters at those in the coordinates."""
        if not self.fit_intercept:
            return params / _column(self.scale, params)
        coef = params[:-1, ...] / _column(self.scale, params)
        return _joined(coef, params[-1:, ...] - (self.mean @ coef)[None, ...])

    def from_user(self, params):
        """The inverse of `to_user`."""
        if not self.fit_intercept:
            return params * _column(self.scale, params)
        coef = params[:-1, ...]
        intercept = params[-1:, ...] + (self.mean @ coef)[None, ...]
        return _joined(coef * _column(self.scale, params), intercept)

    def pull_back(self, gradient):
        """The gradient by the coordinates, from that by the user's parameters."""
        if not self.fit_intercept:
            return gradient / _column(self.scale, gradient)
        last = gradient[-1:, ...]
        centred = gradient[:-1, ...] - _column(self.mean, gradient) * last
        return _joined(centred / _column(self.scale, gradient), last)


def _joined(coef, intercept):
    return namespace(coef).concat([coef, intercept])


def _column(values, like):
    return values[:, None] if len(like.shape) == 2 else values
