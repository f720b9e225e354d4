"""A new metric of the moments where the curvature has changed during a run."""

from dataclasses import replace

import numpy as np

from gdregress._estimator.planning.coordinates import penalty_inside
from gdregress._estimator.planning.metric import metric_at
from gdregress._estimator.planning.plan import plan_run
from gdregress._objective.from_data import DataObjective

# Epochs between two metrics: with one that fits, most runs end before.
EPOCHS, EPOCHS_OF_BATCHES = 40, 100
# Adaptive rules lose the gradients that scale their steps in a new metric, and their first steps
# there lead away again: the epochs between two metrics grow by this factor.
GROWTH = 3


class Renewal:
    """Takes the metric from the current second derivatives, every so many epochs.

    Where a model fits well the curvature differs from that at the start, and not by one factor:
    rows that are fitted lose theirs. Between two renewals the run is plain preconditioned descent.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    hooks : Hooks
    epochs : int
        Between two renewals.
    """

    course = ("epochs", "waited")

    def __init__(self, estimator, prepared, hooks, epochs):
        self.estimator = estimator
        self.prepared = prepared
        self.hooks = hooks
        self.epochs, self.waited = epochs, 0

    def is_due(self, row, stop):
        """Whether the metric is to be taken anew after this epoch, unless that ends the run."""
        if stop is not None:
            return False
        self.waited += 1
        return self.waited >= self.epochs

    def left(self):
        """Epochs until then."""
        return self.epochs - self.waited

    def renew(self, run, state, best):
        """Return the run that continues, with state and best parameters in its coordinates."""
        self.waited = 0
        if run.optimizer.adaptive:
            self.epochs *= GROWTH
            if run.plateau is not None:
                run.plateau.restart()
        prepared, known = self.prepared, run.objective
        metric = metric_at(self.estimator, prepared, known, state.params)
        if metric is None:
            return run
        frame = prepared.frame.in_coordinates(metric)
        penalty = penalty_inside(
            self.estimator, prepared.components.penalty, frame.design.coordinates
        )
        data = (frame.design, known.y, known.weights, known.loss, penalty)
        objective = DataObjective(*data, known.drawn)
        move(known, frame.design, state, best)
        state.memory = run.optimizer.init(state.params)
        state.learning_rate = state.searched = state.conjugate = None
        with np.errstate(over="ignore", invalid="ignore"):
            plan = plan_run(
                self.estimator, prepared.components, objective, frame, state, self.hooks
            )
        state.learning_rate = plan.run.learning_rate
        run = replace(
            plan.run,
            optimizer=run.optimizer,
            schedule=run.schedule,
            schedule_offset=run.schedule_offset,
            divergence=run.divergence,
            plateau=run.plateau,
            max_iter=run.max_iter,
            started=run.started,
            renewal=self,
            history=run.history,
        )
        self._begin_batches(run, state)
        return run

    def _begin_batches(self, run, state):
        """Give batches the snapshot and the rate to begin with in other coordinates."""
        if run.learned_rate is None:
            return
        state.snapshot = run.objective.snapshot(state.params)
        state.rate_factor, state.rate_has_failed, state.epoch_momentum = 1.0, False, None
        run.learned_rate.history = run.history
        run.learned_rate.begin(state, run.history.full_row(-1))


def move(known, design, state, best):
    """Take parameters from the coordinates of an objective to those of a design matrix."""
    for holder in (state, best):
        holder.params = design.from_user(known.to_user(holder.params))
    state.coordinates = design.coordinates
