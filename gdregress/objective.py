"""The objective F(w) = weighted mean loss + penalty, on any array library, dense or sparse.

    F(w, b) = sum_i s_i L(y_i, x_i . w + b) / sum_i s_i + R(w)

Several targets are summed. The intercept is never penalised.
"""

import numpy as np

from gdregress._array_api import namespace, take_rows
from gdregress.penalties import NoPenalty
from gdregress.samplers import ALL_ROWS


class DataObjective:
    """F from the data themselves.

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
        self._predicted = (None, None)

    def predict(self, params):
        """Raw predictions of all rows; those of the last parameters asked for are kept."""
        if self._predicted[0] is not params:
            self._predicted = (params, self.design.predict(params))
        return self._predicted[1]

    def loss_value(self, params):
        """Weighted mean loss, summed over the targets."""
        return self.weighted_mean(self.loss, params)

    def weighted_mean(self, loss, params):
        """Weighted mean of any loss at the predictions."""
        losses = loss.value(self.y, self.predict(params))
        if self.weights is not None:
            losses = losses * _over_targets(self.weights, losses)
        return float(namespace(losses).sum(losses)) / self.n_samples

    def penalty_value(self, params):
        return float(self.penalty.value(self.design.coef(params)))

    def value(self, params):
        return self.loss_value(params) + self.penalty_value(params)

    def gradient(self, params, rows=ALL_ROWS):
        """Gradient of the weighted mean loss over some rows.

        Over a batch it is the mean of s_i grad L_i with weights of mean 1 over all rows, whose
        expectation is the gradient over all rows.

        Parameters
        ----------
        params : array
        rows : slice or ndarray of int
        """
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

    def scaled_norm(self, gradient, scales):
        """Euclidean norm of a gradient measured in units of the columns' root mean squares."""
        ratio = gradient / _over_targets(scales, gradient)
        return float(namespace(ratio).sum(ratio * ratio)) ** 0.5


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
