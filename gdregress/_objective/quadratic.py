"""The quadratic objective: squared error over all rows, from the moments of the columns."""

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdregress._objective.base import Objective
from gdregress._objective.deferred import DeferredScalar
from gdregress._utils.array_api import dot, is_single, namespace, sum_of_products, to_numpy
from gdregress._utils.caches import computed_once
from gdregress.samplers import ALL_ROWS

# Cancellation costs at most five of the sixteen digits of a value and ten of a gradient, whose
# norm only has to be compared. In single precision the gradient at an anchor has seven digits.
SMALLEST_VALUE, SMALLEST_GRADIENT, SMALLEST_SINGLE = 1e-5, 1e-10, 1e-2


@dataclass(frozen=True, eq=False, repr=False)
class Expansion:
    """A quadratic objective around an anchor a, in the letters of `QuadraticObjective`.

    Digits are lost where the value falls to ``smallest_value``, or the square of the norm of the
    gradient to ``smallest_square``.
    """

    centred: Any
    mean: Any
    point: Any
    origin: Any
    gradient: Any
    value: float
    smallest_value: float
    smallest_square: float

    def step_to(self, params):
        """w - a and H (w - a)."""
        step = params - self.origin
        return step, self.centred @ step + _outer(self.mean, self.mean @ step)


class QuadraticObjective(Objective):
    """F for squared error, over all rows from the moments of the columns.

    Around an anchor a, where value and gradient are taken from the data, F is exactly

        F(w) = F(a) + g(a) . (w - a) + (w - a)' H (w - a) / 2,    g(w) = g(a) + H (w - a)

    with H = A' S A = C + m m', C the centred second moments and m the means of the columns of A,
    kept apart as large means would swallow the spreads. An update costs O(p^2) whatever the
    number of rows. As the gradient falls far below that at the anchor its leading digits cancel.
    Such an answer comes from the data, by a pass over all rows; `recentre_for_value` and
    `recentre_for_gradient` move the anchor there first, so that the next answers are cheap again.

    Parameters
    ----------
    data : DataObjective
        With the moments of its columns.
    anchor : array
        Parameters of the first anchor.
    """

    from_moments = True

    def __init__(self, data, anchor):
        rows = data.design, data.y, data.weights
        super().__init__(*rows, data.loss, data.penalty, data.drawn)
        self.moments = data.moments
        self.has_rows, self.partitions = data.has_rows, data.partitions
        self._data = data
        centred, mean = self.moments.augmented(self.design.fit_intercept)
        self._centred = self.like_y(centred, exact=True)
        self._mean = self.like_y(mean, exact=True)
        self._assumptions = None
        self.move_anchor(anchor)

    def move_anchor(self, params):
        """Take value and gradient at `params` from the data, or of constants from the moments."""
        origin = params.astype(float) if isinstance(params, np.ndarray) else params
        coef, constant = self.design.split(params)
        if bool(namespace(coef).any(coef != 0)):
            gradient = self._data.gradient(params)
            value = self._data.loss_value(params)
        else:
            constant = np.atleast_1d(to_numpy(constant).astype(float))
            value, gradient = self.moments.at_constant(constant, self.design.fit_intercept)
            gradient = self.like_y(gradient.reshape(params.shape), exact=True)
        single = is_single(self.y)
        least_value, least_gradient = (
            (SMALLEST_SINGLE, SMALLEST_SINGLE) if single else (SMALLEST_VALUE, SMALLEST_GRADIENT)
        )
        self.expansion = Expansion(
            centred=self._centred,
            mean=self._mean,
            point=params,
            origin=origin,
            gradient=gradient,
            value=value,
            smallest_value=least_value * value,
            smallest_square=least_gradient**2 * dot(gradient, gradient),
        )
        self._product = (None, None)

    def recentre_for_value(self, params):
        if not self._is_anchor(params) and not self._keeps_digits(self._expanded_value(params)):
            self.move_anchor(params)

    def recentre_for_gradient(self, params):
        if self._is_anchor(params):
            return
        gradient = self._expanded_gradient(params)
        square = DeferredScalar(sum_of_products(gradient, gradient))
        if self._assumptions is not None:
            self._assumptions.append(square.assuming(self._gradient_keeps_digits))
        elif not self._gradient_keeps_digits(square.value()):
            self.move_anchor(params)

    def assuming(self, assumptions):
        other = copy.copy(self)
        other._assumptions = assumptions
        return other

    def finite_anchor(self):
        """Where the run may be taken up again; None if it has diverged there."""
        return self.expansion.point if math.isfinite(self.expansion.value) else None

    def mean_squared_residual(self, params):
        """Weighted mean of (z - y)^2, summed over the targets."""
        return 2 * self.loss_value(params)

    def slope_size(self, params):
        """Root mean square of dL/dz over the rows."""
        return self._data.slope_size(params)

    def loss_value(self, params, next_point=None):
        if self._is_anchor(params):
            return self.expansion.value
        value = self._expanded_value(params)
        return value if self._keeps_digits(value) else self._data.loss_value(params)

    def deferred_loss(self, params):
        if self._is_anchor(params):
            return DeferredScalar(self.expansion.value)
        start = self.expansion.value
        change = DeferredScalar(self._change(params), lambda number: start + number)
        return change.assuming(self._keeps_digits)

    def gradient(self, params, rows=ALL_ROWS):
        if rows is not ALL_ROWS:
            return self._data.gradient(params, rows)
        if self._is_anchor(params):
            return self._as_params(self.expansion.gradient)
        gradient = self._expanded_gradient(params)
        is_known = self._assumptions is None
        if is_known and not self._gradient_keeps_digits(dot(gradient, gradient)):
            gradient = self._data.gradient(params)
        return self._as_params(gradient)

    def has_hessians(self):
        """Whether `model` knows the second derivatives: they are constant."""
        return isinstance(self.y, np.ndarray)

    def model(self, params, exact=False):
        """Losses, their gradient and second derivatives, as of `PartitionedObjective`."""
        self.recentre_for_gradient(params)
        several = math.prod(self.output_shape)
        losses = (
            self._data.model(params, exact)[0]
            if several > 1
            else np.array([self.loss_value(params)])
        )
        return losses, self.gradient(params), np.array([self.products[0]] * several)

    @computed_once
    def products(self):
        """A' S A, one matrix for all targets."""
        return (self._centred + np.outer(self._mean, self._mean))[None]

    def secant_curvatures(self, params):
        """Those of squared error: 1."""
        return np.ones(math.prod(self.output_shape))

    def snapshot(self, params):
        return self._data.snapshot(params)

    def reduced_gradient(self, params, rows, snapshot):
        return self._data.reduced_gradient(params, rows, snapshot)

    def _is_anchor(self, params):
        return params is self.expansion.point

    def _keeps_digits(self, value):
        """False for what is not finite, too: the data decide."""
        return value > self.expansion.smallest_value

    def _gradient_keeps_digits(self, square):
        return not square < self.expansion.smallest_square

    def _change(self, params):
        """F(w) - F(a)."""
        step, curved = self._step_to(params)
        return sum_of_products(step, self.expansion.gradient + curved / 2)

    def _expanded_value(self, params):
        return self.expansion.value + float(self._change(params))

    def _expanded_gradient(self, params):
        return self.expansion.gradient + self._step_to(params)[1]

    def _as_params(self, gradient):
        return gradient if gradient.dtype == self.y.dtype else gradient.astype(self.y.dtype)

    def _step_to(self, params):
        """`Expansion.step_to`; that of the last parameters is kept."""
        if self._product[0] is not params:
            self._product = (params, self.expansion.step_to(params))
        return self._product[1]


def _outer(mean, shift):
    """mean * shift of shape (p,), or their outer product if there is more than one target."""
    return mean * shift if len(shift.shape) == 0 else mean[:, None] * shift
