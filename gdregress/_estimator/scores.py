"""How good predictions are: the share of the loss explained, the share of classes met."""

import math

from sklearn.exceptions import UndefinedMetricWarning

from gdregress._utils.array_api import namespace
from gdregress.exceptions import warn_user
from gdregress.losses.base import predict_mean, raw_prediction


def explained(loss, y, z, weights=None):
    """D2 of a loss that states its deviance, R2 of the prediction for all others.

        1 - sum_i s_i d(y_i, z_i) / sum_i s_i d(y_i, z_0),   the mean over the targets

    where z_0 predicts the weighted mean of y, and d is the deviance or the squared error of the
    prediction. A loss as it stands will not do: its minimum need not be 0.

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
        warn_user("The score is not defined for fewer than two rows.", UndefinedMetricWarning)
        return math.nan
    xp = namespace(y)
    y, z = (xp.reshape(a, (y.shape[0], -1)) for a in (y, z))
    s = 0 * y[:, :1] + 1 if weights is None else weights[:, None]
    mean = xp.sum(s * y, axis=0) / xp.sum(s)
    if loss.deviance is None:
        left, total = _squares(y, predict_mean(loss, z), mean)
    else:
        some = xp.where(mean > 0, mean, xp.ones_like(mean))  # a fold without an event
        left, null = loss.deviance(y, z), loss.deviance(y, raw_prediction(loss, some) + 0 * y)
        total = xp.where(mean > 0, null, 0 * null)
    left, total = xp.sum(s * left, axis=0), xp.sum(s * total, axis=0)
    scores = [
        1 - float(a) / float(b) if float(b) > 0 else float(float(a) == 0)
        for a, b in zip(left, total, strict=True)
    ]
    return sum(scores) / len(scores)


def _squares(y, predicted, mean):
    """Squared errors of the predictions and of the mean, in units that do not overflow."""
    xp = namespace(y)
    largest = xp.max(abs(y - mean), axis=0)
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
