"""Looks at the data in another thread, while the next epoch descends.

A compiled epoch keeps one processor busy, and most epochs are followed by another. The next one
is therefore begun before the last one has been looked at. If a rule then stops the run or changes
anything, what was begun is forgotten: the result is that of a look after every epoch.
"""

import time

import numpy as np
from scipy import sparse

from gdregress._core.threads import in_background, threads_allowed
from gdregress._engines import compiled
from gdregress._engines.ahead import Moment
from gdregress._objective.quadratic import QuadraticObjective
from gdregress.schedules import SCHEDULES

# Numbers in the data whose look is worth a thread of its own.
SMALLEST_SIZE = 1 << 20


def overlaps(run, state):
    """Whether there is a look that is worth a thread, and a thread for it."""
    return (
        threads_allowed() > 1
        and compiled.applies(run, state)
        and not isinstance(run.objective, QuadraticObjective)  # whose looks cost nothing
        and type(run.schedule) in SCHEDULES.values()  # one's own may do anything when asked
        and _size(run.objective.design.X) >= SMALLEST_SIZE
    )


def _size(X):
    """How many numbers a dense or sparse matrix holds."""
    return X.nnz if sparse.issparse(X) else X.size


def run_overlapped(run, state, n_epochs, run_epoch, measure):
    """Run epochs, and yield after each with the state as it was then.

    Whoever changes the state between two epochs, or closes the generator, goes on from there.

    Parameters
    ----------
    run, state, n_epochs, run_epoch, measure
        As in `_ahead.run_ahead`; the random numbers are the run's own, as they may be put back.

    Yields
    ------
    row : dict
        Of the history.
    """
    shown, following = _Epoch(state), None
    try:
        for left in range(n_epochs, 0, -1):
            epoch = following or _run(run, state, run_epoch)
            numbers = in_background(_look, measure, state.reported())
            following = _run(run, state, run_epoch) if left > 1 else None
            epoch.put_back(state)
            row = measure.append(state, state.reported(), epoch.rate, *numbers.result())
            shown = epoch
            yield row
            if not epoch.is_unchanged(state):
                shown, following = _Epoch(state), None
            elif following is not None:
                following.put_back(state)
        return True
    except GeneratorExit:
        raise
    except BaseException:
        shown.put_back(state)  # an epoch that was interrupted has not been
        raise


class _Epoch(Moment):
    """The state after an epoch, its random numbers included, and the epoch's learning rate."""

    def __init__(self, state, rate=None):
        super().__init__(state)
        self.rate = rate
        self.random = state.rng.get_state(legacy=False)

    def put_back(self, state):
        super().put_back(state)
        state.rng.set_state(self.random)

    def is_unchanged(self, state):
        """Whether the state is as it was put back; an average changes with the parameters."""
        return all(value is getattr(state, name) for name, value in self.fields.items())


def _run(run, state, run_epoch):
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _Epoch(state, run_epoch(run, state)[1])


def _look(measure, params):
    """Loss, penalty and gradient norm, and when they were known."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        numbers = [unread.meaning(float(unread.number)) for unread in measure.unread(params)]
    return *numbers, time.perf_counter()
