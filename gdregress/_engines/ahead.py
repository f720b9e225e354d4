"""A pace: several epochs run before their numbers are fetched; an accelerator does not wait.

The host fetches numbers from the device to decide whether a run has converged. While it waits for
them, the device has no work. This pace therefore runs several epochs, fetches their numbers
together, and applies the stopping rules epoch by epoch. Epochs after the one at which a rule stops
the run are dropped, so that the result is that of measuring after every epoch. The host also waits
for the estimates of the certificate.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from gdregress._engines.engine import Engine
from gdregress._engines.snapshot import RunSnapshot
from gdregress._objective.deferred import AssumptionFailed, DeferredScalar, fetch
from gdregress._utils.array_api import in_host_memory

# Most epochs between two transfers: the epochs then take much longer than the transfer.
MAX_EPOCHS = 10
# Most updates between two transfers. A transfer costs as much as a few updates: if an epoch has
# many, measuring each is cheap, and dropped epochs are expensive.
MAX_UPDATES = 100


class Ahead(Engine):
    """Runs several epochs of another engine, then measures them together.

    Parameters
    ----------
    engine : EpochEngine
    """

    wraps = "by_epoch"

    def __init__(self, engine):
        super().__init__(engine.run, engine.meter)
        self.engine = engine

    @classmethod
    def supports(cls, run, state):
        return epochs_at_once(run, state) > 1

    def epochs(self, state, max_epochs):
        left, most = max_epochs, epochs_at_once(self.run, state)
        while left > 0:
            # a run drops at most as many epochs as it has had
            n_epochs = min(left, most, len(self.run.history))
            taken, complete = yield from self._some(state, n_epochs)
            left -= taken
            if not complete and left > 0:
                yield from self.engine.epochs(state, 1)
                left -= 1

    def _some(self, state, n_epochs):
        """Yield the rows of several epochs, with the state after each.

        Returns
        -------
        taken : int
            Count of the rows yielded.
        complete : bool
            False if an assumption of the epoch after the last row does not hold.
        """
        drawn = state.rng.get_state(legacy=False)
        taken, shown = 0, RunSnapshot(state)
        try:
            epochs = self._run_all(state, n_epochs)
            values = iter(fetch([scalar.number for epoch in epochs for scalar in epoch.numbers]))
            for epoch in epochs:
                try:
                    numbers = [scalar.convert(next(values)) for scalar in epoch.numbers]
                except AssumptionFailed:
                    return taken, False
                epoch.after.restore(state)
                row = self._row(state, epoch, *numbers[:3])
                taken, shown = taken + 1, epoch.after
                yield row
                if not epoch.after.is_current(state):
                    return taken, True
        except GeneratorExit:
            raise
        except BaseException:
            shown.restore(state)  # an interrupted epoch changes nothing
            raise
        finally:
            if taken < n_epochs:
                self._redraw(state.rng, drawn, taken)
        return taken, True

    def _run_all(self, state, n_epochs):
        """The next epochs, as a list of `_Epoch`; the state does not change."""
        assumptions = []
        objective = self.run.objective.assuming(assumptions)
        meter = self.meter.on(objective)
        engine = type(self.engine)(replace(self.run, objective=objective), meter)
        start, epochs = RunSnapshot(state), []
        try:
            for _ in range(n_epochs):
                evaluated, rate = engine.epoch(state)
                numbers = [*meter.deferred(state.reported(), evaluated), *assumptions]
                assumptions.clear()
                epochs.append(_Epoch(RunSnapshot(state), rate, evaluated, numbers))
        finally:
            start.restore(state)
        return epochs

    def _row(self, state, epoch, loss, penalty, norm):
        """The row of an epoch; its gap is that at the point of the gradient."""
        gap = None
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if epoch.evaluated is not None:
                gap, ends = self.meter.judge(norm, epoch.evaluated[0])
                if ends:
                    return self.meter(state, epoch.rate, epoch.evaluated)
            numbers = loss, penalty, norm
            return self.meter.append(state, state.reported(), epoch.rate, *numbers, gap=gap)

    def _redraw(self, rng, drawn, n_epochs):
        """Set the random generator to its state after so many epochs since `drawn`."""
        rng.set_state(drawn)
        for _ in range(n_epochs):
            next(self.run.sampler.batches(self.run.objective.n_samples, rng))


class _Epoch(NamedTuple):
    """An epoch before its numbers are fetched: the state after it, and the results of the engine.

    ``numbers`` are loss, penalty, gradient norm and further assumptions, as `DeferredScalar`.
    """

    after: RunSnapshot
    rate: float
    evaluated: tuple[Any, Any] | None
    numbers: list[DeferredScalar]


def epochs_at_once(run, state):
    """Count of the epochs of a run between two transfers.

    It is 1 if the next epoch depends on the numbers of the last, if a callback receives each
    epoch, if a component belongs to the caller and may have side effects in dropped updates, and
    if the arrays are in the memory of the host, so that there is no transfer. Nesterov over all
    rows waits in each step, to decide whether to restart.
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
