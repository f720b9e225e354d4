"""A pace: an epoch is measured in another thread, while the next epoch descends.

A compiled epoch uses one processor, and most epochs are followed by another. The next epoch
therefore begins before the last one has been measured. If a rule then stops the run or changes its
state, the next epoch is dropped, so that the result is that of measuring after every epoch.
"""

import time

import numpy as np

from gdregress._core.threads import in_background, threads_allowed
from gdregress._engines.engine import Engine
from gdregress._engines.snapshot import RunSnapshot

# Numbers in the data from which on a fused pass runs in its own thread.
SMALLEST_SIZE = 1 << 20


class Overlapped(Engine):
    """Measures an epoch of another engine while that engine runs the next.

    Parameters
    ----------
    engine : EpochEngine
        Its random generator must be its own, because it may be reset.
    """

    wraps = "frees_python"

    def __init__(self, engine):
        super().__init__(engine.run, engine.meter)
        self.engine = engine

    @classmethod
    def supports(cls, run, state):
        """Whether a pass over all rows takes long enough for a thread, and a thread is free."""
        return (
            run.max_iter > 1
            and not run.waits_for_measure
            and threads_allowed() > 1
            and not run.objective.from_moments  # it needs no pass
            and run.schedule.takes_arrays  # others may have side effects in a dropped epoch
            and run.objective.design.size >= SMALLEST_SIZE
        )

    def epochs(self, state, max_epochs):
        shown, following = _Epoch(state), None
        try:
            for left in range(max_epochs, 0, -1):
                epoch = following or self._run(state)
                numbers = in_background(self._measure, state.reported())
                following = self._run(state) if left > 1 else None
                epoch.restore(state)
                params = state.reported()
                row = self.meter.append(state, params, epoch.rate, *numbers.result())
                shown = epoch
                yield row
                if not epoch.is_current(state):
                    shown, following = _Epoch(state), None
                elif following is not None:
                    following.restore(state)
        except GeneratorExit:
            raise
        except BaseException:
            shown.restore(state)  # an interrupted epoch changes nothing
            raise

    def _run(self, state):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return _Epoch(state, self.engine.epoch(state)[1])

    def _measure(self, params):
        """Loss, penalty and gradient norm, and the time at which they were computed."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            numbers = [scalar.value() for scalar in self.meter.deferred(params)]
        return *numbers, time.perf_counter()


class _Epoch(RunSnapshot):
    """The state after an epoch and the epoch's learning rate."""

    def __init__(self, state, rate=None):
        super().__init__(state, with_random_state=True)
        self.rate = rate
