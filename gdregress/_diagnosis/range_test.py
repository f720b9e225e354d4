"""One run whose learning rate rises with every update, until the loss of the batches explodes."""

import math
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gdregress._objective.evaluation import mean_loss
from gdregress._utils.array_api import take_rows

# Share of the past in the mean of the changes, and how far above the loss of the start it ends
# the test.
SMOOTHING, EXPLODED = 0.9, 4.0
# Standard errors of that mean which a fall of the loss has to exceed.
CLEAR = 3.0


class RangeTest(NamedTuple):
    """What a run of rising rates has shown.

    Parameters
    ----------
    learning_rates, losses, smoothed : ndarray
        Rate of each update; loss of its batch before it; and the loss of all rows at the start
        plus the exponential mean of how far the loss of the batches has changed since then.
    steepest : float
        Rate at which the smoothed loss has fallen fastest.
    least : float
        Rate at which it was least.
    """

    learning_rates: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    smoothed: npt.NDArray[np.float64]
    steepest: float
    least: float


def losses_at_rising_rates(plan, rates, rng):
    """The loss of each batch, before the update at its rate.

    Single batches differ by more than descent changes them. Each is compared with itself at the
    parameters of the start, so that what it has of its own cancels.

    Parameters
    ----------
    plan : Planned
    rates : ndarray
        Ascending, one for each update.
    rng : RandomState

    Returns
    -------
    losses : list of float
        Fewer than the rates where the test has ended before.
    smoothed : list of float
        Loss of the start plus the exponential mean of the changes since then.
    noise : list of float
        Standard error of that mean.
    """
    run, objective, start = plan.run, plan.run.objective, plan.plan.first_params
    params, memory = start, run.optimizer.init(start)
    first, mean, variance = float(objective.loss_value(start)), 0.0, 0.0
    losses, smoothed, noise = [], [], []
    batches = islice(_without_end(objective, run.sampler, rng), len(rates))
    with np.errstate(over="ignore", invalid="ignore"):
        for rate, (rows, share) in zip(rates, batches, strict=True):
            point = run.optimizer.lookahead(params, memory)
            loss = _loss(objective, point, rows)
            change = loss - _loss(objective, start, rows)
            variance = SMOOTHING * variance + (1 - SMOOTHING) * (change - mean) ** 2
            mean = SMOOTHING * mean + (1 - SMOOTHING) * change
            if not math.isfinite(loss) or first + mean > EXPLODED * first:
                break
            losses.append(loss)
            smoothed.append(first + mean)
            noise.append(math.sqrt(variance * (1 - SMOOTHING) / (1 + SMOOTHING)))
            grad = objective.gradient(point, rows)
            params, memory = run.optimizer.step(
                params, grad, memory, float(rate) * share, objective.prox
            )
    return losses, smoothed, noise


def steepest_of(smoothed, least):
    """Number of the update about which the smoothed losses fall fastest, before their least.

    The fall is that over a tenth of the updates, as single batches differ by chance.
    """
    half = max(1, len(smoothed) // 20)
    fall = [
        smoothed[max(0, t - half)] - smoothed[min(t + half, least)] for t in range(max(1, least))
    ]
    return int(np.argmax(fall))


def has_fallen(smoothed, noise, least):
    """Whether the least of the smoothed losses is below the first by more than chance."""
    return smoothed[0] - smoothed[least] > CLEAR * noise[least]


def _without_end(objective, sampler, rng):
    """The batches of one epoch after the other."""
    while True:
        yield from objective.batches(sampler, rng)


def _loss(objective, params, rows):
    """Weighted mean loss of some rows."""
    y, weights = take_rows(objective.y, rows), objective.weights
    weights = None if weights is None else take_rows(weights, rows)
    z = objective.design.take(rows).predict(params)
    return float(mean_loss(objective.loss, y, weights, z))
