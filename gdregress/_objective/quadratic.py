"""The quadratic objective: squared error over all rows, from the moments of the columns."""

import math
from typing import Any, NamedTuple

import numpy as np

from gdregress._objective.base import Objective
from gdregress._objective.deferred import Unread
from gdregress._utils.array_api import dot, namespace, sum_of_products
from gdregress.samplers import ALL_ROWS


class Expansion(NamedTuple):
    """A quadratic objective around its anchor, in the letters of `QuadraticObjective`.

    The anchor has to move where the value has fallen to ``smallest_value``, or the square of
    the gradient to ``smallest_square``.
    """

    centred: Any
    mean: Any
    anchor: Any
    gradient: Any
    value: float
    smallest_value: float
    smallest_square: float


class QuadraticObjective(Objective):
    """F for squared error, over all rows from the moments of the columns.

    Around an anchor a, where value and gradient are taken from the data, F is exactly

        F(w) = F(a) + g(a) . (w - a) + (w - a)' H (w - a) / 2,    g(w) = g(a) + H (w - a)

    with H = A' S A = C + m m', C the centred second moments and m the means of the columns of A,
    kept apart as large means would swallow the spreads. An update costs O(p^2) whatever the
    number of rows. As the gradient falls far below that at the anchor its leading digits cancel;
    the anchor then moves to where the run is, so that no digits are lost.

    Parameters
    ----------
    data : DataObjective
    moments : Moments
    """

    # Cancellation costs at most five of the sixteen digits of a value and ten of a gradient,
    # whose norm only has to be compared.
    SMALLEST_VALUE = 1e-5
    SMALLEST_GRADIENT = 1e-10
    # The gradient at an anchor has seven digits in single precision.
    SMALLEST_SINGLE = 1e-2

    def __init__(self, data, moments):
        super().__init__(data.design, data.y, data.weights, data.loss, data.penalty)
        self.moments = data.moments = moments
        self._data = data
        centred, mean = moments.augmented(self.design.fit_intercept)
        self._centred = self.like_y(centred, exact=True)
        self._mean = self.like_y(mean, exact=True)
        self.anchor = None
        if str(self.y.dtype).endswith("32"):
            self.SMALLEST_VALUE = self.SMALLEST_GRADIENT = self.SMALLEST_SINGLE
        self._product = (None, None)

    def move_anchor(self, params):
        """Take value and gradient at `params` from the data; at zero the moments hold them."""
        self.anchor = params
        self._origin = params.astype(float) if isinstance(params, np.ndarray) else params
        if bool(namespace(params).any(params != 0)):
            self._gradient = self._data.gradient(params)
            self._value = self._data.loss_value(params)
        else:
            self._value, gradient = self.moments.at_zero(self.design.fit_intercept)
            self._gradient = self.like_y(gradient.reshape(params.shape), exact=True)
        self._square = dot(self._gradient, self._gradient)
        self._product = (None, None)

    def _is_anchor(self, params):
        """Whether parameters are those of the anchor, which the first ones become."""
        if self.anchor is None:
            self.move_anchor(params)
        return params is self.anchor

    def mean_squared_residual(self, params):
        """Weighted mean of (z - y)^2, summed over the targets."""
        return 2 * self.loss_value(params)

    def loss_value(self, params, ahead=None):
        if not self._is_anchor(params):
            step, curved = self._from_anchor(params)
            value = self._value + dot(step, self._gradient + curved / 2)
            if not self._has_cancelled(value):
                return value
            self.move_anchor(params)
        return self._value

    def unread_loss(self, params):
        """`loss_value` as `Unread`, taking for granted that the anchor may stay."""
        if self._is_anchor(params):
            return Unread(self._value)
        step, curved = self._from_anchor(params)
        change = sum_of_products(step, self._gradient + curved / 2)
        value = Unread(change, lambda number: self._value + number)
        return value.unless(self._has_cancelled)

    def _has_cancelled(self, value):
        """Whether too few digits are left; also of what is not finite, which the data decide."""
        return not value > self.SMALLEST_VALUE * self._value

    def gradient(self, params, rows=ALL_ROWS):
        if rows is not ALL_ROWS:
            return self._data.gradient(params, rows)
        if not self._is_anchor(params):
            gradient = self._gradient + self._from_anchor(params)[1]
            smallest = self.SMALLEST_GRADIENT**2 * self._square
            if self.granted is not None:
                square = Unread(sum_of_products(gradient, gradient))
                self.granted.append(square.unless(lambda square: square < smallest))
                return self._as_params(gradient)
            if not dot(gradient, gradient) < smallest:
                return self._as_params(gradient)
            self.move_anchor(params)
        return self._as_params(self._gradient)

    def expansion(self):
        """The objective around the present anchor."""
        return Expansion(
            self._centred,
            self._mean,
            self._origin,
            self._gradient,
            self._value,
            self.SMALLEST_VALUE * self._value,
            self.SMALLEST_GRADIENT**2 * self._square,
        )

    def _as_params(self, gradient):
        return gradient if gradient.dtype == self.y.dtype else gradient.astype(self.y.dtype)

    def finite_anchor(self):
        """Where the run may be taken up again; None if it has diverged there."""
        return self.anchor if math.isfinite(self._value) else None

    def _from_anchor(self, params):
        """w - a and H (w - a); those of the last parameters asked for are kept."""
        if self._product[0] is not params:
            step = params - self._origin
            curved = self._centred @ step + _outer(self._mean, self._mean @ step)
            self._product = (params, (step, curved))
        return self._product[1]


def _outer(mean, shift):
    """mean * shift of shape (p,), or their outer product for several targets."""
    return mean * shift if len(shift.shape) == 0 else mean[:, None] * shift
