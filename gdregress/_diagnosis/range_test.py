"""One run whose learning rate rises with every update, until the loss of the batches explodes."""

import math
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gdregress._objective.evaluation import mean_loss
from gdregress._utils.array_api import take_rows

# Share of the past in the mean of the losses, and how far above its least it ends the test.
SMOOTHING, EXPLODED = 0.9, 4.0


class RangeTest(NamedTuple):
    """What a run of rising rates has shown.

    Parameters
    ----------
    learning_rates, losses, smoothed : ndarray
        Rate of each update, loss of its batch before it, and the exponential mean of these.
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
    """
    run, objective, params = plan.run, plan.run.objective, plan.plan.first_params
    memory, mean, losses, smoothed = run.optimizer.init(params), 0.0, [], []
    batches = islice(_without_end(objective, run.sampler, rng), len(rates))
    with np.errstate(over="ignore", invalid="ignore"):
        for t, (rate, (rows, share)) in enumerate(zip(rates, batches, strict=True), start=1):
            point = run.optimizer.lookahead(params, memory)
            loss = _loss(objective, point, rows)
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            unbiased = mean / (1 - SMOOTHING**t)
            if not math.isfinite(loss) or unbiased > EXPLODED * min([*smoothed, math.inf]):
                break
            losses.append(loss)
            smoothed.append(unbiased)
            grad = objective.gradient(point, rows)
            params, memory = run.optimizer.step(
                params, grad, memory, float(rate) * share, objective.prox
            )
    return losses, smoothed


def steepest_of(smoothed, least):
    """Number of the update about which the smoothed losses fall fastest, before their least.

    The fall is that over a tenth of the updates, as single batches differ by chance.
    """
    half = max(1, len(smoothed) // 20)
    fall = [
        smoothed[max(0, t - half)] - smoothed[min(t + half, len(smoothed) - 1)]
        for t in range(least + 1)
    ]
    return int(np.argmax(fall))


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
