"""How good predictions are: the share of the loss explained, the share of classes met."""

import math

from sklearn.exceptions import UndefinedMetricWarning

from gdregress._utils.array_api import namespace
from gdregress.exceptions import warn_user
from gdregress.losses import SquaredError
from gdregress.losses.base import raw_prediction


def explained(loss, y, z, weights=None):
    """1 - sum_i s_i L(y_i, z_i) / sum_i s_i L(y_i, z_0), the mean over the targets.

    z_0 predicts the weighted mean of y. L is the squared error, which makes it R2, but for
    losses with a log link, whose own deviance makes it D2.

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
    metric = loss if loss.link == "log" else SquaredError()
    y, z = (xp.reshape(a, (y.shape[0], -1)) for a in (y, z))
    s = 0 * y[:, :1] + 1 if weights is None else weights[:, None]
    mean = xp.sum(s * y, axis=0) / xp.sum(s)
    if loss.link != "log":  # the score has no units, but large numbers have squares out of range
        largest = xp.max(abs(y - mean), axis=0)
        largest = xp.where(largest > 0, largest, xp.ones_like(largest))
        y, z, mean = (y - mean) / largest, (z - mean) / largest, 0 * mean
    left = xp.sum(s * metric.value(y, z), axis=0)
    total = xp.sum(s * metric.value(y, raw_prediction(loss, mean) + 0 * y), axis=0)
    scores = [
        1 - float(a) / float(b) if float(b) > 0 else float(float(a) == 0)
        for a, b in zip(left, total, strict=True)
    ]
    return sum(scores) / len(scores)


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
