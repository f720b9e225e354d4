"""The best constant prediction: where a run begins, and what its progress is measured from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from gdregress._utils.array_api import asarray, namespace, to_numpy, widest_type
from gdregress._utils.types import Array
from gdregress.losses.base import Loss, raw_prediction

# The best constant of a loss without a formula is that of so many rows, found by narrowing an
# interval to a sixteenth of itself so many times.
SAMPLE, POINTS, ROUNDS = 512, 17, 7
# Constants of labels are looked for up to here: log odds of a share below 1e-27.
FARTHEST = 64.0
# Share of the slopes of the rows that is lost where they are added up.
ROUNDING = 1e-13
# Newton steps to the best constant beside offsets, of which a handful is the rule.
NEWTON_STEPS = 50


def best_constant(loss: Loss, y: Array, weights: Array | None) -> Array:
    """b with the least weighted mean of L(y_i, b), of the shape of one row's raw predictions.

    The mean of y for squared error, its logarithm under a log link (that of half an event in all
    where every y is zero), the log odds of the labels
    for the log loss and the logarithms of their shares for softmax. Beside offsets, and for any
    other loss, the zero of the mean slope, for the latter over `SAMPLE` rows; all convex losses
    have just one.

    Parameters
    ----------
    loss : Loss
    y : array of shape (n_samples,) or (n_samples, n_targets)
    weights : array of shape (n_samples,) or None
    """
    xp = namespace(y)
    if loss.without_offset is not loss:
        return _beside_offsets(loss, y, weights)
    if not xp.isdtype(y.dtype, "real floating"):  # of which the constants would be truncated
        y = xp.astype(y, widest_type(y))
    mean = mean_of_targets(loss, y, weights)
    if mean is None:
        return _like(_of_sample(loss, y, weights), y)
    return constant_of_mean(loss, mean, y, y.shape[0])


def mean_of_targets(loss: Loss, y: Array, weights: Array | None) -> Array | None:
    """The weighted mean by which the best constant is known: of y, or of being of a class.

    None where there is no formula. For parameters see `best_constant`.
    """
    if loss.is_quadratic or loss.link == "log":
        return _mean(y, weights)
    if loss.target_range == "labels":
        return to_numpy(_mean((y + 1) / 2, weights))
    if loss.target_range == "classes" and isinstance(y, np.ndarray):
        counts = np.bincount(y.astype(np.intp), weights, minlength=loss.n_outputs or 0)
        return counts / counts.sum()
    if loss.target_range == "classes":
        is_class = namespace(y).astype(y[:, None] == _numbers(loss.n_outputs, y), y.dtype)
        return to_numpy(_mean(is_class, weights))
    return None


def constant_of_mean(loss: Loss, mean: Array, y: Array, n_samples: int) -> Array:
    """The best constant where `mean_of_targets` is known.

    Parameters
    ----------
    loss : Loss
    mean : array
    y : array
        Some of the targets, of their library and type.
    n_samples : int
        How many rows there are in all.
    """
    if loss.is_quadratic or loss.link == "log":
        if loss.link == "log":  # half an event, where a part of the rows has none
            mean = namespace(mean).where(mean > 0, mean, 0.5 / n_samples + 0 * mean)
        return raw_prediction(loss, mean)
    if loss.target_range == "labels":
        return _like(_of_share(loss, mean[()], y, n_samples), y)
    if loss.base_loss is loss:
        logs = np.log(np.where(mean > 0, mean, 1 / (1 + n_samples)))
        return _like(logs - logs.mean(), y)
    return _like([_of_share(loss.base_loss, share, y, n_samples) for share in mean], y)


def _like(constants: Any, y: Array) -> Array:
    xp = namespace(y)
    return asarray(np.asarray(constants), xp, None if xp is np else y.device, dtype=y.dtype)


def _mean(values: Array, weights: Array | None) -> Array:
    xp = namespace(values)
    if weights is None:
        return xp.mean(values, axis=0)
    weights = weights[:, None] if values.ndim == 2 else weights
    return xp.sum(values * weights, axis=0) / xp.sum(weights)


def _numbers(n: Any, like: Array) -> Array:
    xp = namespace(like)
    return asarray(np.arange(n), xp, None if xp is np else like.device, dtype=like.dtype)


def _of_share(loss: Loss, share: Any, y: Array, n_samples: int) -> float:
    """The constant for labels of which a share is 1, all others -1."""
    if share in (0, 1):  # where a part of the rows has one class only, a row more of the other
        share = abs(share - 1 / (1 + n_samples))
    if loss.multinomial:
        return float(np.log(share) - np.log1p(-share))
    labels, weights = np.array([-1.0, 1.0]), np.array([1 - share, share])
    high = _bracket(lambda z: float(weights @ _slopes(loss, labels, np.full(2, z), y)))
    low = -_bracket(lambda z: -float(weights @ _slopes(loss, labels, np.full(2, -z), y)))
    return _zero_of_slope(loss, labels, weights, (low, high), y)


def _bracket(slope: Callable[[float], float]) -> float:
    """The least power of two, from 1 up, where a slope is not negative; at most `FARTHEST`."""
    z = 1.0
    while z < FARTHEST and slope(z) < 0:
        z *= 2
    return z


def _beside_offsets(loss: Loss, y: Array, weights: Array | None) -> Array:
    """The same beside offsets o, under a log link: Newton steps from log(sum y / sum exp(o)).

    That is the constant of "poisson". A step is at most 1, beyond which exp(z) is no line.
    """
    xp, (targets, offset) = namespace(y), loss.split_target(y)
    mean = _mean(targets, weights)
    mean = xp.where(mean > 0, mean, 0.5 / y.shape[0] + 0 * mean)
    b = xp.log(mean / _mean(xp.exp(offset), weights))
    for _ in range(NEWTON_STEPS):
        z = b + 0 * targets
        bent = _mean(loss.curvature_at(y, z), weights)
        bent = xp.where(bent > 0, bent, 0 * bent + 1)
        step = xp.clip(_mean(loss.gradient(y, z), weights) / bent, -1.0, 1.0)
        b = b - step
        if not bool(xp.any(abs(step) > ROUNDING)):
            break
    return b


def _of_sample(loss: Loss, y: Array, weights: Array | None) -> npt.NDArray[np.float64]:
    """The constant of every target, from some of the rows."""
    some = slice(None, None, -(-y.shape[0] // SAMPLE))
    targets = to_numpy(y[some, ...]).astype(float)
    s = np.ones(len(targets)) if weights is None else to_numpy(weights[some]).astype(float)
    if not s.sum() > 0:
        s = np.ones(len(targets))
    columns = targets[:, None] if targets.ndim == 1 else targets
    found = [
        _zero_of_slope(loss.of_target(k), t, s, (t.min(), t.max()), y)
        for k, t in enumerate(columns.T)
    ]
    return np.array(found).reshape(targets.shape[1:])


def _zero_of_slope(
    loss: Loss,
    targets: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    interval: tuple[float, float],
    like: Array,
) -> float:
    """Where the weighted sum of dL/dz changes its sign within an interval, or one of its ends.

    A loss that needs its library is given arrays like `like`.
    """
    low, high = (float(end) for end in interval)
    for _ in range(ROUNDS):
        points = np.linspace(low, high, POINTS)
        with np.errstate(over="ignore", invalid="ignore"):
            slopes = _slopes(loss, *np.broadcast_arrays(targets[:, None], points[None, :]), like)
            # where any constant of an interval is best, its lower end: not where rounding says
            negative = np.flatnonzero(weights @ slopes < -ROUNDING * (weights @ abs(slopes)))
        last = int(negative[-1]) if len(negative) else 0
        low, high = points[last], points[min(last + 1, POINTS - 1)]
    return float(high if abs(high) < abs(low) else low)


def _slopes(
    loss: Loss, y: npt.NDArray[np.float64], z: npt.NDArray[np.float64], like: Array
) -> npt.NDArray[np.float64]:
    if not loss.needs_library:
        return np.asarray(loss.gradient(y, z))
    xp, device = namespace(like), getattr(like, "device", None)
    y, z = (asarray(np.ascontiguousarray(a), xp, device, dtype=like.dtype) for a in (y, z))
    return to_numpy(loss.gradient(y, z)).astype(float)
