"""The learning rate of batches, learned from the objective after each epoch."""

import math

import numpy as np

from gdregress._engines.snapshot import RunSnapshot

# Slopes of a snapshot that are kept beside those of the next one; more are computed again.
MOST_SLOPES = 1 << 20


class LearnedRate:
    """Raises the learning rate after an epoch that lowered the objective; undoes any other.

        F(epoch) < F(kept):  the epoch is kept,    lr <- 4 lr until a rate has failed, then 1.1 lr
        otherwise:           the epoch is undone,  lr <- lr / 4

    From batches only a bound of the best rate is known in advance, which may be a hundred times
    too low; the objective at the end of an epoch is known anyway. Just below a rate that fails an
    epoch gains little, as the noise of the batches nearly outweighs the descent: a quarter of it
    is fast, and the slow growth finds out whether more has become possible, as it does where the
    curvature falls. It is slow as well where the rate is expected to be the best and an epoch has
    brought the gradient down to a third. An epoch that changed F by no more than its rounding is
    kept; if the gradient has not become smaller either, as at a rate of exactly 2 / L, the rate
    is divided by 4.

    An epoch that is undone leaves parameters, optimizer, averages and count of updates as they
    were before it. It has read the data, and counts as an epoch; the random numbers go on, or the
    next epoch would be the same again. A velocity is made of steps at the rate that has failed
    and would carry the parameters on: it starts again from zero. The memory of adaptive rules
    holds gradients, and stays.

    Where averages are reported, F is measured at the parameters as well: an average lags behind,
    and rises whenever it forgets its older half.

    Parameters
    ----------
    history : History
        To which the epochs are added.
    objective : Objective
    optimizer : Optimizer
    between : EpochMomentum or EpochNewton or None
        Moves the parameters between two epochs.
    is_best : bool
        Whether the first rate is expected to be the best, and is no mere bound of it.

    References
    ----------
    The "bold driver" of Battiti, "Accelerated backpropagation learning: two optimization
    methods", 1989, section 2, with a faster beginning.
    """

    FIRST_GROWTH, GROWTH, CUT = 4.0, 1.1, 4.0
    FAST = 1 / 3
    course = ("value", "gradient_norm")

    def __init__(self, history, objective, optimizer, between=None, is_best=False):
        self.history = history
        self.objective = objective
        self.optimizer = optimizer
        self.between = between
        self.is_best = is_best

    def begin(self, state, row):
        """Start from a state and its row.

        A run resumed on the same data decides as if it had never ended.
        """
        self.value, known = self._value(state, row), state.objective
        if known is not None and state.average is None:
            self.value = known
        if self.objective.is_unlearned(self.value):
            self.value = math.inf
        self.gradient_norm = row["gradient_norm"]
        self._keep(state)

    def begin_epoch(self, state):
        """Called before the first update of each epoch."""
        if self.between is not None:
            self.between.begin_epoch(state)

    def keeps(self, state, row):
        """Return whether an epoch is kept; otherwise undo it and its row."""
        value = self._value(state, row)
        margin = self.objective.rounding * abs(value)
        if not (math.isfinite(value) and value <= self.value + margin):
            self._undo(state)
            return False
        if value < self.value - margin:
            fast = self.is_best and row["gradient_norm"] <= self.FAST * self.gradient_norm
            growth = self.GROWTH if state.rate_has_failed or fast else self.FIRST_GROWTH
            state.rate_factor *= growth
        elif row["gradient_norm"] >= self.gradient_norm:
            state.rate_factor, state.rate_has_failed = state.rate_factor / self.CUT, True
        self.value, self.gradient_norm = min(value, self.value), row["gradient_norm"]
        if self.between is not None:
            self.between.end_epoch(state)
        self._keep(state)
        return True

    def _value(self, state, row):
        if state.average is None:
            return row["objective"]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return self.objective.value(state.params)

    def _undo(self, state):
        epoch, factor = state.epoch, state.rate_factor
        self.kept.restore(state)
        if self.forgets_slopes:
            state.snapshot = self.objective.snapshot(state.snapshot.params)
        state.epoch, state.rate_factor, state.rate_has_failed = epoch, factor / self.CUT, True
        state.epoch_momentum = None
        if not self.optimizer.adaptive:
            state.memory = self.optimizer.init(state.params)
        self.history.undo_last(self.index)

    def _keep(self, state):
        """Keep what undoes the next epoch; slopes of many rows are computed again for it."""
        self.kept, self.index = RunSnapshot(state), len(self.history) - 1
        snapshot, self.forgets_slopes = state.snapshot, False
        if snapshot is not None and snapshot.slopes is not None:
            self.forgets_slopes = math.prod(snapshot.slopes.shape) > MOST_SLOPES
            if self.forgets_slopes:
                self.kept.fields["snapshot"] = snapshot._replace(slopes=None)
