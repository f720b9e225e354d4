"""Epochs run ahead of the look at them, so that an accelerator is not kept waiting.

To know whether a run has converged, the host reads numbers from the device. It waits for them,
and the device then waits for its next work. A few epochs are therefore run at a time, their
numbers read together, and the rules asked epoch by epoch. What was run beyond the epoch at which
a rule has stopped is forgotten: the result is that of a look after every epoch.
"""

import numpy as np

from gdregress._objective.deferred import Refuted, read
from gdregress._objective.from_data import DataObjective
from gdregress._objective.jitted import TRACEABLE_LOSSES, TRACEABLE_OPTIMIZERS, TRACEABLE_PENALTIES
from gdregress._objective.quadratic import QuadraticObjective
from gdregress._utils.array_api import in_host_memory
from gdregress.losses.multiclass import of_one_label
from gdregress.optimizers import Nesterov
from gdregress.samplers import Batch
from gdregress.schedules import SCHEDULES, Adaptive

# Most epochs between two looks; a tenth of the waiting is little beside the epochs themselves.
EPOCHS_AHEAD = 10
# Most updates between two looks. A look costs as much as a few updates: where an epoch has many,
# looking after each is cheap, and epochs that are forgotten are dear.
UPDATES_AHEAD = 100


def most_epochs_ahead(run, state):
    """How many epochs of a run may go between two looks.

    1 where the next epoch depends on the look, where the caller sees each epoch, where a component
    is the caller's own and might do anything with an update too many, and in the memory of the
    host, where there is nothing to wait for. Nesterov over all rows decides in each step whether
    to restart, and waits anyway.
    """
    if isinstance(state.params, np.ndarray) or in_host_memory(state.params):
        return 1
    objective, is_batch = run.objective, isinstance(run.sampler, Batch)
    of_package = (
        type(objective) in (DataObjective, QuadraticObjective)
        and type(of_one_label(objective.loss)) in TRACEABLE_LOSSES
        and type(objective.penalty) in TRACEABLE_PENALTIES
        and type(run.optimizer) in TRACEABLE_OPTIMIZERS
        and type(run.schedule) in SCHEDULES.values()
    )
    listens = (
        isinstance(run.schedule, Adaptive)
        or (is_batch and isinstance(run.optimizer, Nesterov))
        or any(part is not None for part in (run.validate, run.line_search, run.on_epoch))
    )
    if listens or not of_package:
        return 1
    updates = run.sampler.updates_per_epoch(objective.n_samples)
    return max(1, min(EPOCHS_AHEAD, UPDATES_AHEAD // updates))


def run_ahead(run, state, n_epochs, run_epoch, measure):
    """Run some epochs, look at them together, and yield after each with the state as it was then.

    Whoever closes the generator between two epochs goes on from the one shown last.

    Parameters
    ----------
    run, state
        As in `solver.run_epoch`.
    n_epochs : int
        Most epochs.
    run_epoch : callable
        `solver.run_epoch`.
    measure : object
        ``measure.unread(params, evaluated)`` gives loss, penalty and gradient norm as `Unread`,
        ``measure.append(state, params, rate, loss, penalty, norm)`` adds a row to the history,
        known now or at a time that is given as well, and gives it back.

    Yields
    ------
    row : dict
        Of the history.

    Returns
    -------
    whole : bool
        False if something taken for granted in the epoch after the last one shown does not hold.
    """
    # of a short run no more is thrown away at its end than it has taken
    n_epochs = min(n_epochs, len(run.history))
    drawn = state.rng.get_state(legacy=False)
    shown = 0
    try:
        moments, rates, rows = _run(run, state, n_epochs, run_epoch, measure)
        values = iter(read([unread.number for row in rows for unread in row]))
        for moment, rate, row in zip(moments, rates, rows, strict=True):
            try:
                loss, penalty, norm, *_ = [unread.meaning(next(values)) for unread in row]
            except Refuted:
                return False
            shown += 1
            moment.put_back(state)
            yield measure.append(state, state.reported(), rate, loss, penalty, norm)
    finally:
        if shown < n_epochs:
            _redraw(run, state.rng, drawn, shown)
    return True


def _run(run, state, n_epochs, run_epoch, measure):
    """Moments, rates and unread rows of the next epochs; the state is left as before them."""
    start, moments, rates, rows = Moment(state), [], [], []
    run.objective.granted = []
    try:
        for _ in range(n_epochs):
            evaluated, rate = run_epoch(run, state)
            row = measure.unread(state.reported(), evaluated)
            rows.append([*row, *run.objective.granted])
            run.objective.granted.clear()
            moments.append(Moment(state))
            rates.append(rate)
    finally:
        run.objective.granted = None
        start.put_back(state)
    return moments, rates, rows


class Moment:
    """The state of a run between two epochs. Its arrays are never written to, and not copied.

    The random numbers are left out: to draw those of a few epochs again is cheaper than to keep
    them after each.
    """

    def __init__(self, state):
        self.fields = dict(vars(state))
        self.average = self.fields.pop("average")
        if self.average is not None:
            self.average = self.average.copy()

    def put_back(self, state):
        vars(state).update(self.fields)
        state.average = None if self.average is None else self.average.copy()


def _redraw(run, rng, drawn, n_epochs):
    """Put the random numbers to where so many epochs have left them that began at `drawn`."""
    rng.set_state(drawn)
    for _ in range(n_epochs):
        next(run.sampler.batches(run.objective.n_samples, rng))
