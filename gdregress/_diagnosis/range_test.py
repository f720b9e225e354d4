"""A run whose learning rate rises with every update, until the loss explodes."""

import math
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gdregress._objective.evaluation import mean_loss
from gdregress._utils.array_api import take_rows, to_numpy

# Most rows on which the loss is measured; they are the same before every update.
SAMPLE = 4096
# The test ends where the loss is more than this many times the smallest so far.
EXPLODED = 4.0
# A decrease is certain if it is more than so many standard errors or this share of the loss.
CERTAIN, PLAIN = 3.0, 0.1


class RangeTest(NamedTuple):
    """The losses of a run of rising learning rates.

    Parameters
    ----------
    learning_rates, losses, sample_losses : ndarray
        Rate of each update; losses of its batch and of a fixed sample of the rows before it.
    steepest : float
        Rate at which the loss of the sample decreased fastest.
    least : float
        Rate at which the loss of the sample was smallest.
    """

    learning_rates: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    sample_losses: npt.NDArray[np.float64]
    steepest: float
    least: float


class Sample:
    """The loss on evenly spaced rows, without the noise of the batches.

    Parameters
    ----------
    objective : Objective
    """

    def __init__(self, objective):
        rows = np.arange(0, objective.n_samples, -(-objective.n_samples // SAMPLE))
        self.loss, self.design = objective.loss, objective.design.take(rows)
        self.y, weights = take_rows(objective.y, rows), objective.weights
        weights = np.ones(len(rows)) if weights is None else to_numpy(take_rows(weights, rows))
        self.shares = weights / weights.sum()
        self.means = []
        self.first = self.best = None

    def measure(self, params):
        """Compute, store and return the mean loss at some parameters."""
        losses = to_numpy(self.loss.value(self.y, self.design.predict(params))).astype(float)
        losses = losses.reshape(len(losses), -1).sum(axis=1)
        mean = float(self.shares @ losses)
        if self.first is None:
            self.first = losses
        if mean < min(self.means, default=math.inf):
            self.best = losses
        self.means.append(mean)
        return mean

    def falls(self):
        """Whether the loss has decreased by more than chance explains."""
        falls = self.first - self.best
        fall = float(self.shares @ falls)
        error = math.sqrt(float(self.shares**2 @ (falls - fall) ** 2))
        return fall > 0 and (fall > CERTAIN * error or fall > PLAIN * self.means[0])


def losses_at_rising_rates(plan, rates, rng):
    """The loss of each batch before the update at its rate, and the `Sample`.

    Parameters
    ----------
    plan : Planned
    rates : ndarray
        Ascending, one for each update.
    rng : RandomState

    Returns
    -------
    losses : list of float
        Fewer than the rates if the test ends early.
    sample : Sample
        With as many losses as the list.
    """
    run, objective, params = plan.run, plan.run.objective, plan.plan.first_params
    memory, losses, sample = run.optimizer.init(params), [], Sample(objective)
    batches = islice(_without_end(objective, run.sampler, rng), len(rates))
    with np.errstate(over="ignore", invalid="ignore"):
        for rate, (rows, share) in zip(rates, batches, strict=True):
            point = run.optimizer.lookahead(params, memory)
            loss, measured = _loss(objective, point, rows), sample.measure(point)
            if not (math.isfinite(loss) and measured <= EXPLODED * min(sample.means)):
                sample.means.pop()
                break
            losses.append(loss)
            grad = objective.gradient(point, rows)
            params, memory = run.optimizer.step(
                params, grad, memory, float(rate) * share, objective.prox
            )
    return losses, sample


def steepest_of(losses, least):
    """Number of the update at which the losses decrease fastest, before their minimum.

    The decrease is that over a tenth of the updates, because single steps are noisy.
    """
    half = max(1, len(losses) // 20)
    fall = [
        losses[max(0, t - half)] - losses[min(t + half, len(losses) - 1)]
        for t in range(max(1, least))
    ]
    return int(np.argmax(fall))


def _without_end(objective, sampler, rng):
    """The batches of epoch after epoch, without end."""
    while True:
        yield from objective.batches(sampler, rng)


def _loss(objective, params, rows):
    """Weighted mean loss of some rows."""
    y, weights = take_rows(objective.y, rows), objective.weights
    weights = None if weights is None else take_rows(weights, rows)
    z = objective.design.take(rows).predict(params)
    return float(mean_loss(objective.loss, y, weights, z))
