"""The objective F(w) = weighted mean loss + penalty, on any array library, dense or sparse.

    F(w, b) = sum_i s_i L(y_i, x_i . w + b) / sum_i s_i + R(w)

Several targets are summed. The intercept is never penalised.
"""

import math
from abc import ABC, abstractmethod

import numpy as np

from gdregress._array_api import asarray, namespace, take_rows
from gdregress.penalties import NoPenalty
from gdregress.samplers import ALL_ROWS


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
    """

    def __init__(self, design, y, weights, loss, penalty):
        self.design = design
        self.y = y
        self.weights = weights
        self.loss = loss
        self.penalty = penalty
        self.n_samples = design.n_samples
        self.n_targets = 1 if len(y.shape) == 1 else y.shape[1]

    @abstractmethod
    def loss_value(self, params):
        """Weighted mean loss, summed over the targets."""

    @abstractmethod
    def gradient(self, params, rows=ALL_ROWS):
        """Gradient of the weighted mean loss over some rows.

        Over a batch it is the mean of s_i grad L_i with weights of mean 1 over all rows, whose
        expectation is the gradient over all rows.

        Parameters
        ----------
        params : array
        rows : slice or ndarray of int
        """

    def penalty_value(self, params):
        return float(self.penalty.value(self.design.coef(params)))

    def value(self, params):
        return self.loss_value(params) + self.penalty_value(params)

    def prox(self, params, step_size):
        """Proximal step of the penalty on the coefficients, the intercept left as it is.

        Parameters
        ----------
        params : array
        step_size : float or array of the shape of `params`
        """
        if isinstance(self.penalty, NoPenalty):
            return params
        if not isinstance(step_size, float):
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

    def column_scales(self):
        """Root mean square of each column, 1 where it is zero: the units of the gradient."""
        squares = self.design.column_mean_squares(self.weights)
        xp = namespace(squares)
        return xp.sqrt(xp.where(squares > 0, squares, xp.ones_like(squares)))

    def measuring_units(self, gradient):
        """Units by which a gradient is measured, and its norm in them.

        Each column counts in units of its root mean square, and each of several targets in
        units of its own share of the gradient given, so that none hides behind a louder one.
        """
        scales = self.column_scales()
        if len(gradient.shape) == 2:
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
        xp = namespace(gradient)
        ratio = gradient / (scales if scales.ndim == gradient.ndim else scales[:, None])
        largest = float(xp.max(abs(ratio)))
        if largest == 0:
            return 0.0
        ratio = ratio / largest  # squares of tiny gradients would underflow
        return largest * float(xp.sum(ratio * ratio)) ** 0.5


class DataObjective(Objective):
    """F from the data themselves: any loss, any rows."""

    _predicted = (None, None)

    def predict(self, params):
        """Raw predictions of all rows; those of the last parameters asked for are kept."""
        if self._predicted[0] is not params:
            self._predicted = (params, self.design.predict(params))
        return self._predicted[1]

    def loss_value(self, params):
        return self.weighted_mean(self.loss, params)

    def weighted_mean(self, loss, params):
        """Weighted mean of any loss at the predictions, summed over the targets."""
        losses = loss.value(self.y, self.predict(params))
        if self.weights is not None:
            losses = losses * _over_targets(self.weights, losses)
        return float(namespace(losses).sum(losses)) / self.n_samples

    def gradient(self, params, rows=ALL_ROWS):
        if rows is ALL_ROWS:
            design, y, weights, z = self.design, self.y, self.weights, self.predict(params)
        else:
            design, y = self.design.take(rows), take_rows(self.y, rows)
            weights = None if self.weights is None else take_rows(self.weights, rows)
            z = design.predict(params)
        slopes = self.loss.gradient(y, z)
        if weights is not None:
            slopes = slopes * _over_targets(weights, slopes)
        return design.adjoint(slopes / design.n_samples)


class QuadraticObjective(Objective):
    """F for squared error with all rows per update, from the moments of the columns.

    Around an anchor a, where value and gradient are taken from the data, F is exactly

        F(w) = F(a) + g(a) . (w - a) + (w - a)' H (w - a) / 2,    g(w) = g(a) + H (w - a)

    with H = A' S A. An update costs O(p^2) whatever the number of rows. As the gradient falls
    far below that at the anchor its leading digits cancel; the anchor then moves to where the
    run is, so that no digits are lost.

    Parameters
    ----------
    data : DataObjective
    moments : Moments
    """

    # Cancellation costs at most this much of the sixteen digits.
    SMALLEST_RATIO = 1e-3

    def __init__(self, data, moments):
        super().__init__(data.design, data.y, data.weights, data.loss, data.penalty)
        xp, y = namespace(data.y), data.y
        device = None if xp is np else y.device
        self._data = data
        self._mean = asarray(moments.mean, xp, device, dtype=y.dtype)
        self._covariance = asarray(moments.covariance, xp, device, dtype=y.dtype)
        self.anchor = None
        self._product = (None, None)

    def move_anchor(self, params):
        """Take value and gradient at `params` from the data."""
        self.anchor = params
        self._value = self._data.loss_value(params)
        self._gradient = self._data.gradient(params)
        self._size = _square(self._gradient)
        self._product = (None, None)

    def loss_value(self, params):
        if params is not self.anchor:
            step, curved = self._from_anchor(params)
            xp = namespace(step)
            value = self._value + float(xp.sum(step * (self._gradient + curved / 2)))
            # also where it is not finite, which the data decide
            if value > self.SMALLEST_RATIO * self._value:
                return value
            self.move_anchor(params)
        return self._value

    def gradient(self, params, rows=ALL_ROWS):
        if params is not self.anchor:
            curved = self._from_anchor(params)[1]
            gradient = self._gradient + curved
            if not _square(gradient) < self.SMALLEST_RATIO**2 * self._size:
                return gradient
            self.move_anchor(params)
        return self._gradient

    def _from_anchor(self, params):
        """w - a and H (w - a); those of the last parameters asked for are kept."""
        if self.anchor is None:
            self.move_anchor(params)
        if self._product[0] is not params:
            step = params - self.anchor
            coef, intercept = self.design.split(step)
            shift = self._mean @ coef + intercept
            curved = self._covariance @ coef + _outer(self._mean, shift)
            if self.design.fit_intercept:
                xp = namespace(curved)
                curved = xp.concat([curved, xp.reshape(shift, (1, *shift.shape))])
            self._product = (params, (step, curved))
        return self._product[1]


def normalised_weights(sample_weight):
    """Weights divided by their mean, or None when all are equal."""
    xp = namespace(sample_weight)
    if bool(xp.all(sample_weight == sample_weight[0])):
        return None
    relative = sample_weight / xp.max(sample_weight)  # a sum of huge weights would overflow
    return relative / xp.mean(relative)


def null_parameters(design, y, weights, loss):
    """Where a fit starts: zero, but for the intercept of a log link, which is log(mean of y)."""
    xp = namespace(y)
    shape = (design.n_parameters, *y.shape[1:])
    params = xp.zeros(shape, dtype=y.dtype, device=None if xp is np else y.device)
    if loss.link == "log" and design.fit_intercept:
        losses = y if weights is None else y * _over_targets(weights, y)
        intercept = xp.log(xp.mean(losses, axis=0, keepdims=True))
        params = xp.concat([params[:-1, ...], intercept])
    return params


def _over_targets(values, like):
    """`values` of shape (m,) shaped to broadcast over (m,) or (m, n_targets)."""
    return values[:, None] if len(like.shape) == 2 else values


def _outer(mean, shift):
    """mean * shift of shape (p,), or their outer product for several targets."""
    return mean * shift if len(shift.shape) == 0 else mean[:, None] * shift


def _square(array):
    """Sum of squares."""
    return float(namespace(array).sum(array * array))
