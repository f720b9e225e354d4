"""Scores of predictions: the share of the loss explained, and the accuracy."""

import math
from typing import NamedTuple

from sklearn.exceptions import UndefinedMetricWarning

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array
from gdregress.exceptions import warn_user
from gdregress.losses.base import predict_mean, raw_prediction
from gdregress.losses.constant import best_constant
from gdregress.losses.offset import targets_and_predictions


def explained(loss, y, z, weights=None):
    """D2 of a loss that states its deviance, R2 of the prediction for all others.

        1 - sum_i s_i d(y_i, z_i) / sum_i s_i d(y_i, z_0),   the mean over the targets

    where z_0 predicts the weighted mean of y, or is the best constant beside offsets, and d is the
    deviance or the squared error of the prediction. A loss as it stands will not do: its minimum
    need not be 0.

    Parameters
    ----------
    loss : Loss
    y, z : arrays of shape (n_samples,) or (n_samples, n_targets)
        Targets and raw predictions.
    weights : array of shape (n_samples,) or None

    Returns
    -------
    score : float
        1 is perfect, 0 the mean of y. A constant target scores 1 if met exactly, else 0.
    """
    if y.shape[0] < 2:
        return undefined()
    targets, offset = loss.split_target(y)
    sums, null = target_sums(targets, weights), None
    if offset is not None and loss.deviance is not None:
        _, null = targets_and_predictions(loss, y, 0 * z + best_constant(loss, y, weights))
    targets, z = targets_and_predictions(loss, y, z)
    return share_explained(*loss_sums(loss.without_offset, targets, z, weights, sums, null))


def undefined():
    """The score of less than two rows: NaN, and a warning."""
    warn_user("The score is not defined for fewer than two rows.", UndefinedMetricWarning)
    return math.nan


class TargetSums(NamedTuple):
    """What is known of the targets of some rows, each an array with a number for every target.

    Parameters
    ----------
    weight : array
        sum_i s_i, a single number.
    weighted : array
        sum_i s_i y_i.
    low, high : array
        The least and the largest y_i.
    """

    weight: Array
    weighted: Array
    low: Array
    high: Array

    @property
    def mean(self):
        """Weighted means of the targets."""
        return self.weighted / self.weight

    def merged(self, other):
        """Of these rows and others."""
        xp = namespace(self.low)
        return TargetSums(
            self.weight + other.weight,
            self.weighted + other.weighted,
            xp.minimum(self.low, other.low),
            xp.maximum(self.high, other.high),
        )


def target_sums(y, weights=None):
    """The `TargetSums` of some rows."""
    xp, y, s = namespace(y), _columns(y), _weight_column(y, weights)
    return TargetSums(xp.sum(s), xp.sum(s * y, axis=0), xp.min(y, axis=0), xp.max(y, axis=0))


def loss_sums(loss, y, z, weights, sums, null=None):
    """The two sums of `explained` over some rows, an array each with a number for every target.

    Parameters
    ----------
    loss, y, z, weights
        As for `explained`.
    sums : TargetSums
        Of all rows.
    null : array of the shape of z or None
        z_0 of each row, where it is not the same in all.
    """
    xp, s, mean = namespace(y), _weight_column(y, weights), sums.mean
    y, z = _columns(y), _columns(z)
    if loss.deviance is None:
        largest = xp.maximum(sums.high - mean, mean - sums.low)
        left, total = _squares(y, predict_mean(loss, z), mean, largest)
    else:
        some = xp.where(mean > 0, mean, xp.ones_like(mean))  # a fold without an event
        null = raw_prediction(loss, some) + 0 * y if null is None else _columns(null)
        left, total = loss.deviance(y, z), loss.deviance(y, null)
        total = xp.where(mean > 0, total, 0 * total)
    return xp.sum(s * left, axis=0), xp.sum(s * total, axis=0)


def share_explained(left, total):
    """The score by the sums of `loss_sums`."""
    scores = [
        1 - float(a) / float(b) if float(b) > 0 else float(float(a) == 0)
        for a, b in zip(left, total, strict=True)
    ]
    return sum(scores) / len(scores)


def _columns(array):
    """A column for each target."""
    return namespace(array).reshape(array, (array.shape[0], -1))


def _weight_column(y, weights):
    return 0 * _columns(y)[:, :1] + 1 if weights is None else weights[:, None]


def _squares(y, predicted, mean, largest):
    """Squared errors of the predictions and of the mean, in units that do not overflow."""
    xp = namespace(y)
    largest = xp.where(largest > 0, largest, xp.ones_like(largest))
    return ((y - predicted) / largest) ** 2, ((y - mean) / largest) ** 2


def accuracy(y, predicted, weights=None):
    """Weighted share of the rows whose class is predicted.

    Parameters
    ----------
    y, predicted : arrays of shape (n_samples,)
    weights : array of shape (n_samples,) or None
    """
    xp = namespace(y)
    right = xp.astype(y == predicted, y.dtype)
    if weights is None:
        return float(xp.mean(right))
    return float(xp.sum(weights * right)) / float(xp.sum(weights))
