r"""The engine of batches of rows in blocks on many machines: local descent, and averages.

In a round every block k descends separately from the same parameters w, with as many updates as
all others; the next round starts at

    w <- sum_k p_k w_k,    p_k = the share of block k in the weight of all rows.

One reduction transfers as many numbers as there are parameters. Blocks with different rows descend
to different minima, so that without a correction the averages come near the minimum only. Under
variance reduction the gradient of an update is that over all rows at the snapshot w_0, and its
change since then over the rows of the batch,

    g = mean_B s_i (r_i(w) - r_i(w_0)) a_i + grad F(w_0).

It is zero at the minimum of all rows if w = w_0, in every block, so that the minimum is a fixed
point of the rounds.

References
----------
Stich, "Local SGD converges fast and communicates little", 2019. Johnson and Zhang, "Accelerating
stochastic gradient descent using predictive variance reduction", 2013. De and Goldstein,
"Efficient distributed SGD with variance reduction", 2016. Cen, Zhang, Chi, Chen and Liu,
"Convergence of distributed stochastic variance reduced methods without sampling extra data", 2020.
"""

from dataclasses import replace

import numpy as np

from gdregress._engines.compiled import Compiled
from gdregress._engines.engine import EpochEngine
from gdregress._engines.plain import Plain
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress._utils.array_api import take_rows
from gdregress.samplers import ALL_ROWS

# Parts of the run that updates do not need; they are not sent to the blocks.
_NOT_SENT = (
    "objective",
    "stopping",
    "divergence",
    "certificate",
    "learned_rate",
    "plateau",
    "validate",
    "store",
    "on_epoch",
    "renewal",
    "gradient_units",
    "history",
)


class BlocksAtOnce(EpochEngine):
    """Rounds in which all blocks descend at the same time, see the module docstring."""

    @classmethod
    def supports(cls, run, state):
        partitions = run.objective.partitions
        elsewhere = partitions is not None and not partitions.is_local
        return elsewhere and not run.sampler.takes_all_rows

    def epoch(self, state):
        run, partitions = self.run, self.run.objective.partitions
        n, blocks = run.objective.n_samples, partitions.n_blocks
        size = run.sampler.size(n)
        updates = partitions.updates_per_round or -(-n // (size * blocks))
        for _ in range(max(1, round(n / (size * blocks * updates)))):
            rate = self._round(state, size, updates)
            state.count += updates * blocks
            if state.average is not None:
                state.average.update(state.params)
        state.epoch += 1
        return None, rate

    def _round(self, state, size, updates):
        """Move the parameters and the optimizer's memory to the average over the blocks."""
        run, objective = self.run, self.run.objective
        partitions, design = objective.partitions, objective.design
        sent = replace(run, **dict.fromkeys(_NOT_SENT), max_iter=1)
        start = replace(state, rng=None, average=None, epoch_momentum=None, anchor=None)
        parts = design.fit_intercept, design.coordinates, objective.loss, objective.penalty
        seed = int(state.rng.randint(2**32, dtype=np.uint32))
        length, total = (size, updates), partitions.summary.weight_total
        params, memory, rate = partitions.reduce(_moved, sent, start, parts, length, seed, total)
        state.params = params.astype(state.params.dtype, copy=False)
        state.memory = type(state.memory)(*map(_like, memory, state.memory))
        return rate


def _like(mean, value):
    """The mean of entries of the optimizer's memory, in the type of these entries."""
    if isinstance(value, int):  # a count of updates, the same for all blocks
        return round(mean)
    return mean.astype(value.dtype, copy=False) if isinstance(value, np.ndarray) else mean


def _moved(block, run, state, parts, length, seed, total):
    """The contribution of a block to the averages of parameters, memory and rate after a round."""
    fit_intercept, coordinates, loss, penalty = parts
    size, updates = length
    rng = np.random.RandomState([seed, block.start % 2**32])
    snapshot, rate = state.snapshot, 0.0
    state = replace(state, rng=rng)
    for rows in _rows(block.n_samples, size * updates, run, state, rng):
        design = DesignMatrix(block.X, fit_intercept, coordinates).take(rows)
        y, weights = take_rows(block.y, rows), _of_mean_one(block, rows)
        objective = DataObjective(design, y, weights, loss, penalty)
        if run.optimizer.variance_reduced:
            slopes = objective.snapshot(snapshot.params).slopes
            state.snapshot = snapshot._replace(slopes=slopes)
        sampler = _of_size(run.sampler, min(size, design.n_samples))
        here = replace(run, objective=objective, sampler=sampler)
        engine = Compiled if Compiled.supports(here, state) else Plain
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            _, rate = engine(here, None).epoch(state)
    share = block.weight_total / total
    return share * state.params, tuple(share * each for each in state.memory), share * rate


def _rows(n, wanted, run, state, rng):
    """Return the rows of a round: all rows as often as they fit, then the first of them.

    Without shuffling a round begins at the row after the last one of the previous round.
    """
    for _ in range(wanted // n):
        yield ALL_ROWS
    rest = wanted % n
    if rest and run.sampler.shuffle:
        yield np.sort(rng.permutation(n)[:rest])
    elif rest:
        yield (np.arange(rest) + state.count) % n


def _of_mean_one(block, rows):
    if block.weights is None:
        return None
    return take_rows(block.weights, rows) / (block.weight_total / block.n_samples)


def _of_size(sampler, size):
    """The sampler with batches of so many rows; a sampler of single rows is returned unchanged."""
    known = sampler.get_params()
    return type(sampler)(**{**known, "batch_size": size}) if "batch_size" in known else sampler
