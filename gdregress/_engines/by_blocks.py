"""The engine of stochastic and mini-batch epochs over rows in blocks.

An epoch takes one block after the other, and the rows of a block in random order. Each block is
given to the engine for rows in memory, which starts at the end of the last block. Under variance
reduction a block computes the slopes of its rows at the snapshot again, so that no array of the
length of the rows is stored.
"""

import copy
from dataclasses import replace

from gdregress._engines.compiled import Compiled
from gdregress._engines.engine import EpochEngine
from gdregress._engines.plain import Plain
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress._objective.snapshot import Snapshot


class ByBlocks(EpochEngine):
    """Batches of one block after the other, see the module docstring."""

    @classmethod
    def supports(cls, run, state):
        partitions = run.objective.partitions
        return partitions is not None and partitions.is_local and not run.sampler.takes_all_rows

    def epoch(self, state):
        sampler, rate, snapshot = self._sampler(), 0.0, state.snapshot
        for block in self.run.objective.partitions.blocks(state.rng, sampler.shuffle):
            objective = self._objective(block)
            if self.run.optimizer.variance_reduced:
                slopes = objective.snapshot(snapshot.params).slopes
                state.snapshot = Snapshot(snapshot.params, slopes, snapshot.gradient)
            part = replace(self.run, objective=objective, sampler=sampler, max_iter=1)
            inner = Compiled if Compiled.supports(part, state) else Plain
            _, rate = inner(part, None).epoch(state)
            state.epoch -= 1  # the count is that of all blocks
        state.snapshot = snapshot
        state.epoch += 1
        return None, rate

    def _sampler(self):
        """The sampler of single blocks, whose batches are as large as those of all rows."""
        sampler = copy.copy(self.run.sampler)
        if getattr(sampler, "batch_size", None) is not None:
            sampler.batch_size = self.run.sampler.size(self.run.objective.n_samples)
        return sampler

    def _objective(self, block):
        known, mean_weight = self.run.objective, self.run.objective.partitions.summary.mean_weight
        design = DesignMatrix(block.X, known.design.fit_intercept, known.design.coordinates)
        weights = block.weights_over(mean_weight)
        return DataObjective(design, block.y, weights, known.loss, known.penalty)
