"""The objective F(w) = weighted mean loss + penalty, on any array library, dense or sparse.

    F(w, b) = sum_i s_i L(y_i, x_i . w + b) / sum_i s_i + R(w)

Several targets are summed. The intercept is never penalised.
"""

import math
from abc import ABC, abstractmethod
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from gdregress import jitted, look
from gdregress._array_api import (
    asarray,
    dot,
    namespace,
    rows_beside,
    same_numbers,
    sum_of_products,
    take_rows,
)
from gdregress._unread import Unread
from gdregress.evaluation import mean_gradient, mean_loss, over_targets
from gdregress.losses import SquaredError
from gdregress.penalties import NoPenalty
from gdregress.samplers import ALL_ROWS

# Squares of numbers above 1e-20 keep their digits in single precision too.
SMALLEST_SQUARE = 1e-20


class Objective(ABC):
    """F, and what all forms of it share.

    Parameters
    ----------
    design : DesignMatrix
    y : array of shape (n_samples,) or (n_samples, n_targets)
    weights : array of shape (n_samples,) or None
        Sample weights of mean 1; None when all are equal.
    loss : Loss
    penalty : Penalty

    Attributes
    ----------
    moments : Moments or None
        Of the columns, where they have been formed.
    output_shape : tuple
        Of the raw predictions of one row, () for a single number.
    granted : list of Unread or None
        While the loop runs ahead of its looks, what gradients have taken for granted.
    """

    moments = None
    granted = None

    def __init__(self, design, y, weights, loss, penalty):
        self.design = design
        self.y = y
        self.weights = weights
        self.loss = loss
        self.penalty = penalty
        self.n_samples = design.n_samples
        self.output_shape = output_shape(y, loss)

    @abstractmethod
    def loss_value(self, params, ahead=None):
        """Weighted mean loss, summed over the targets.

        Parameters
        ----------
        params : array
        ahead : array or None
            Where the next gradient over all rows will be asked for: one pass may serve both.
        """

    @property
    def rounding(self):
        """Relative rounding error of `loss_value`, a sum over the rows."""
        in_double = self.is_looked_at() and isinstance(self.y, np.ndarray)
        return (
            1e-6
            if str(self.y.dtype).endswith("32") and not in_double
            else 1e-15 * math.sqrt(self.n_samples)
        )

    def is_looked_at(self):
        """Whether loss and gradient over all rows come together, from the core or from JAX."""
        return False

    def trial_value(self, params, ahead):
        """`loss_value` of parameters that a line search tries; `ahead` as there."""
        return self.loss_value(params, ahead)

    @abstractmethod
    def gradient(self, params, rows=ALL_ROWS):
        """Gradient of the weighted mean loss over some rows.

        Over a batch it is the mean of s_i grad L_i with weights of mean 1 over all rows, whose
        expectation is the gradient over all rows.

        Parameters
        ----------
        params : array
        rows : slice or array of int
        """

    def batches(self, sampler, rng):
        """The batches of an epoch as `Sampler.batches` has them, numbered where the data are."""
        return rows_beside(self.y, sampler.batches(self.n_samples, rng))

    def penalty_value(self, params):
        return float(self.penalty.value(self.design.coef(params)))

    def unread_penalty(self, params):
        """`penalty_value` as `Unread`."""
        return Unread(self.penalty.value(self.design.coef(params)))

    def value(self, params, ahead=None):
        return self.loss_value(params, ahead) + self.penalty_value(params)

    def prox(self, params, step_size):
        """Proximal step of the penalty on the coefficients, the intercept left as it is.

        Parameters
        ----------
        params : array
        step_size : float or array of the shape of `params`
        """
        if isinstance(self.penalty, NoPenalty):
            return params
        if getattr(step_size, "ndim", 0):
            step_size = self.design.coef(step_size)
        coef = self.penalty.prox(self.design.coef(params), step_size)
        return self.design.join(coef, params)

    def gradient_mapping(self, params, grad, step_size):
        """(w - prox(w - s g)) / s: the gradient, extended to penalties that have none.

        Zero exactly at the minimiser, for every s > 0.
        """
        if isinstance(self.penalty, NoPenalty):
            return grad
        return (params - self.prox(params - step_size * grad, step_size)) / step_size

    @cached_property
    def column_mean_squares(self):
        """Weighted mean of the squares of each column of the design matrix."""
        if self.moments is not None:
            return self.like_y(self.moments.mean_squares(self.design.fit_intercept), exact=True)
        if look.applies(self.design, self.y, self.loss):
            return look.column_mean_squares(self.design, self.weights)
        return self.design.column_mean_squares(self.weights)

    def like_y(self, values, exact=False):
        """A NumPy array in the namespace, on the device and of the type of the targets.

        ``exact`` leaves it in double precision where the namespace is NumPy.
        """
        xp = namespace(self.y)
        dtype = None if exact and xp is np else self.y.dtype
        return asarray(values, xp, None if xp is np else self.y.device, dtype=dtype)

    def column_scales(self):
        """Root mean square of each column, 1 where it is zero: the units of the gradient."""
        squares = self.column_mean_squares
        xp = namespace(squares)
        return xp.sqrt(xp.where(squares > 0, squares, xp.ones_like(squares)))

    def measuring_units(self, gradient):
        """Units by which a gradient is measured, and its norm in them.

        Each column counts in units of its root mean square, and each of several targets in
        units of its own share of the gradient given, so that none hides behind a louder one.
        Classes are no targets of their own: one of them may have no gradient to begin with.
        """
        scales = self.column_scales()
        if len(gradient.shape) == 2 and self.loss.n_outputs is None:
            norms = [self.scaled_norm(gradient[:, k], scales) for k in range(gradient.shape[1])]
            largest = max(norms)
            relative = [norm / largest if norm > 0 else 1.0 for norm in norms]
            xp = namespace(scales)
            device = None if xp is np else scales.device
            scales = scales[:, None] * asarray(relative, xp, device, dtype=scales.dtype)[None, :]
        return scales, self.scaled_norm(gradient, scales)

    def inside(self, params):
        """`params`, or the nearest ones that the penalty allows."""
        return params if math.isfinite(self.penalty_value(params)) else self.prox(params, 1.0)

    def scaled_norm(self, gradient, scales):
        """Euclidean norm of a gradient measured in units of the columns' root mean squares."""
        ratio = _in_units(gradient, scales)
        return _root(ratio, dot(ratio, ratio))

    def unread_norm(self, gradient, scales):
        """`scaled_norm` as `Unread`."""
        ratio = _in_units(gradient, scales)
        return Unread(sum_of_products(ratio, ratio), partial(_root, ratio))


class DataObjective(Objective):
    """F from the data themselves: any loss, any rows."""

    _predicted = _valued = _valued_ahead = _sloped = (None, None)

    def predict(self, params):
        """Raw predictions of all rows; those of the last parameters asked for are kept."""
        if self._predicted[0] is not params:
            self._predicted = (params, self.design.predict(params))
        return self._predicted[1]

    def loss_value(self, params, ahead=None):
        if not self.is_looked_at():
            return self._weighted_mean(self.loss, params)
        if same_numbers(self._valued_ahead[0], params):
            return self._valued_ahead[1]
        if not same_numbers(self._valued[0], params):
            self._look(params, ahead, ahead is not None)
        return float(self._valued[1])

    def unread_loss(self, params):
        """`loss_value` as `Unread`; the gradient will be asked for at the same parameters."""
        if not self.is_looked_at():
            return Unread(self._mean_loss(self.loss, params))
        if self._valued[0] is not params:
            self._look(params, params, True)
        return Unread(self._valued[1])

    def trial_value(self, params, ahead):
        """The loss at parameters that a line search tries, whose own next trial starts ahead.

        Loss and gradient there come from the same pass over the data.
        """
        if not self.is_looked_at() or ahead is None:
            return self.loss_value(params)
        values, grad = self._pass(params, ahead, both_values=True)
        self._valued, self._sloped = (params, float(values[0])), (ahead, grad)
        self._valued_ahead = (ahead, float(values[1]))
        return self._valued[1]

    def mean_squared_residual(self, params):
        """Weighted mean of (z - y)^2, summed over the targets."""
        return 2 * self._weighted_mean(SquaredError(), params)

    def _weighted_mean(self, loss, params):
        return float(self._mean_loss(loss, params))

    def _mean_loss(self, loss, params):
        return mean_loss(loss, self.y, self.weights, self.predict(params))

    def gradient(self, params, rows=ALL_ROWS):
        if rows is not ALL_ROWS:
            design, y = self.design.take(rows), take_rows(self.y, rows)
            weights = None if self.weights is None else take_rows(self.weights, rows)
            return mean_gradient(design, self.loss, y, weights, design.predict(params))
        if not self.is_looked_at():
            z = self.predict(params)
            return mean_gradient(self.design, self.loss, self.y, self.weights, z)
        if not same_numbers(self._sloped[0], params):
            self._look(params, None, True)
        return self._sloped[1]

    def is_looked_at(self):
        by_core = look.applies(self.design, self.y, self.loss)
        return by_core or jitted.applies(self.y, self.loss)

    def _look(self, params, ahead, gradient):
        ahead = None if ahead is params else ahead
        value, grad = self._pass(params, ahead, gradient)
        self._valued = (params, value)
        if gradient:
            self._sloped = (params if ahead is None else ahead, grad)

    def _pass(self, params, ahead, gradient=True, both_values=False):
        """One pass over all rows, see `look.look`."""
        by = look if isinstance(self.y, np.ndarray) else jitted
        return by.look(
            self.design, self.y, self.weights, self.loss, params, ahead, gradient, both_values
        )


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
        self.moments = moments
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


def normalised_weights(sample_weight):
    """Weights divided by their mean, or None when all are equal."""
    xp = namespace(sample_weight)
    if bool(xp.all(sample_weight == sample_weight[0])):
        return None
    relative = sample_weight / xp.max(sample_weight)  # a sum of huge weights would overflow
    return relative / xp.mean(relative)


def output_shape(y, loss):
    """Shape of the raw predictions of one row: of its targets, or a number for each class."""
    return y.shape[1:] if loss.n_outputs is None else (loss.n_outputs,)


def null_parameters(design, y, weights, loss):
    """Where a fit starts: zero, but for the intercept of a log link, which is log(mean of y)."""
    xp = namespace(y)
    shape = (design.n_parameters, *output_shape(y, loss))
    params = xp.zeros(shape, dtype=y.dtype, device=None if xp is np else y.device)
    if loss.link == "log" and design.fit_intercept:
        losses = y if weights is None else y * over_targets(weights, y)
        intercept = xp.log(xp.mean(losses, axis=0, keepdims=True))
        params = xp.concat([params[:-1, ...], intercept])
    return params


def _in_units(gradient, scales):
    return gradient / (scales if scales.ndim == gradient.ndim else scales[:, None])


def _root(ratio, square):
    """Euclidean norm of an array whose square is known."""
    if SMALLEST_SQUARE < square < math.inf:
        return math.sqrt(square)
    largest = float(namespace(ratio).max(abs(ratio)))
    if not 0 < largest < math.inf:
        return largest
    ratio = ratio / largest  # the squares have underflowed, or overflowed
    return largest * math.sqrt(dot(ratio, ratio))


def _outer(mean, shift):
    """mean * shift of shape (p,), or their outer product for several targets."""
    return mean * shift if len(shift.shape) == 0 else mean[:, None] * shift
