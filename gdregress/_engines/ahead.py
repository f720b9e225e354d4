"""A pace: some epochs run before their numbers are fetched, so that an accelerator never waits.

To know whether a run has converged, the host fetches numbers from the device. It waits for them,
and the device then waits for its next work. Some epochs are therefore run at a time, their
numbers fetched together, and the rules asked epoch by epoch. What was run beyond the epoch at
which a rule has stopped the run is dropped: the result is that of measuring after every epoch.
"""

from dataclasses import replace

import numpy as np

from gdregress._engines.engine import Engine
from gdregress._engines.snapshot import RunSnapshot
from gdregress._objective.deferred import AssumptionFailed, fetch
from gdregress._utils.array_api import in_host_memory

# Most epochs between two transfers; a tenth of the waiting is little beside the epochs themselves.
MAX_EPOCHS = 10
# Most updates between two transfers. A transfer costs as much as a few updates: where an epoch has
# many, measuring each is cheap, and epochs that are dropped are dear.
MAX_UPDATES = 100


class Ahead(Engine):
    """Runs some epochs of another engine, then measures them together.

    Parameters
    ----------
    engine : EpochEngine
    """

    def __init__(self, engine):
        super().__init__(engine.run, engine.meter)
        self.engine = engine

    @classmethod
    def supports(cls, run, state):
        return epochs_at_once(run, state) > 1

    @classmethod
    def wraps(cls, engine):
        """Whether the engine runs one epoch after the other."""
        return engine.by_epoch

    def epochs(self, state, max_epochs):
        left, most = max_epochs, epochs_at_once(self.run, state)
        while left > 0:
            # of a short run no more is dropped at its end than it has taken
            n_epochs = min(left, most, len(self.run.history))
            taken, complete = yield from self._some(state, n_epochs)
            left -= taken
            if not complete and left > 0:
                yield from self.engine.epochs(state, 1)
                left -= 1

    def _some(self, state, n_epochs):
        """Yield the rows of some epochs, with the state as it was after each.

        Returns
        -------
        taken : int
            How many rows were shown.
        complete : bool
            False if an assumption of the epoch after the last one shown does not hold.
        """
        drawn = state.rng.get_state(legacy=False)
        taken = 0
        try:
            snapshots, rates, rows = self._run_all(state, n_epochs)
            values = iter(fetch([scalar.number for row in rows for scalar in row]))
            for snapshot, rate, row in zip(snapshots, rates, rows, strict=True):
                try:
                    loss, penalty, norm, *_ = [scalar.convert(next(values)) for scalar in row]
                except AssumptionFailed:
                    return taken, False
                taken += 1
                snapshot.restore(state)
                yield self.meter.append(state, state.reported(), rate, loss, penalty, norm)
                if not snapshot.is_current(state):
                    return taken, True
        finally:
            if taken < n_epochs:
                self._redraw(state.rng, drawn, taken)
        return taken, True

    def _run_all(self, state, n_epochs):
        """Snapshots, rates and deferred rows of the next epochs; the state stays as it is."""
        assumptions = []
        objective = self.run.objective.assuming(assumptions)
        meter = self.meter.on(objective)
        engine = type(self.engine)(replace(self.run, objective=objective), meter)
        start, snapshots, rates, rows = RunSnapshot(state), [], [], []
        try:
            for _ in range(n_epochs):
                evaluated, rate = engine.epoch(state)
                rows.append([*meter.deferred(state.reported(), evaluated), *assumptions])
                assumptions.clear()
                snapshots.append(RunSnapshot(state))
                rates.append(rate)
        finally:
            start.restore(state)
        return snapshots, rates, rows

    def _redraw(self, rng, drawn, n_epochs):
        """Put the random numbers to where this many epochs have left them since `drawn`."""
        rng.set_state(drawn)
        for _ in range(n_epochs):
            next(self.run.sampler.batches(self.run.objective.n_samples, rng))


def epochs_at_once(run, state):
    """How many epochs of a run may go between two transfers.

    1 where the next epoch depends on the numbers of the last, where the caller sees each epoch,
    where a component is the caller's own and might do anything with an update too many, and in
    the memory of the host, where nothing has to be waited for. Nesterov over all rows decides in
    each step whether to restart, and waits anyway.
    """
    objective, optimizer, sampler = run.objective, run.optimizer, run.sampler
    if isinstance(state.params, np.ndarray) or in_host_memory(state.params):
        return 1
    of_package = (
        objective.has_rows
        and objective.loss.traceable
        and objective.penalty.traceable
        and optimizer.traceable
        and run.schedule.takes_arrays
        and (sampler.takes_all_rows or sampler.cuts_one_order)
    )
    depends = (
        run.schedule.listens
        or run.waits_for_measure
        or (sampler.takes_all_rows and optimizer.restarts)
        or any(part is not None for part in (run.validate, run.line_search, run.on_epoch))
    )
    if depends or not of_package:
        return 1
    updates = sampler.updates_per_epoch(objective.n_samples)
    return max(1, min(MAX_EPOCHS, MAX_UPDATES // updates))
