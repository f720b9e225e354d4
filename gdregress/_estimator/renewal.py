"""The metric of the moments anew, where the curvature has changed along the way."""

from dataclasses import replace

import numpy as np

from gdregress._estimator.coordinates import metric_at, penalty_inside
from gdregress._estimator.plan import plan_run
from gdregress._objective.from_data import DataObjective

# Epochs after which a metric has had its chance: by one that fits, most runs have ended.
EPOCHS = 40


class Renewal:
    """Takes the metric from the second derivatives where the run is, every `EPOCHS` epochs.

    Where a model fits well the curvature is far from that at the start, and not by one factor:
    rows that are fitted lose theirs. Between two renewals the run is plain preconditioned descent.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    hooks : Hooks
    """

    def __init__(self, estimator, prepared, hooks):
        self.estimator = estimator
        self.prepared = prepared
        self.hooks = hooks
        self.waited = 0

    def is_due(self, row):
        """Whether the metric is to be taken anew after this epoch."""
        self.waited += 1
        return self.waited >= EPOCHS

    def renew(self, run, state, best):
        """The run that goes on; state and best parameters are moved to its coordinates."""
        self.waited = 0
        prepared, known = self.prepared, run.objective
        frame = metric_at(self.estimator, prepared, known, state.params)
        if frame is None:
            return run
        penalty = penalty_inside(
            self.estimator, prepared.components.penalty, frame.design.coordinates
        )
        data = (frame.design, known.y, known.weights, known.loss, penalty)
        objective = DataObjective(*data)
        for holder in (state, best):
            holder.params = frame.design.from_user(known.to_user(holder.params))
        state.memory = run.optimizer.init(state.params)
        state.coordinates = frame.design.coordinates
        state.learning_rate = state.searched = None
        with np.errstate(over="ignore", invalid="ignore"):
            plan = plan_run(
                self.estimator, prepared.components, objective, frame, state, self.hooks
            )
        state.learning_rate = plan.run.learning_rate
        return replace(
            plan.run,
            optimizer=run.optimizer,
            schedule=run.schedule,
            schedule_offset=run.schedule_offset,
            divergence=run.divergence,
            plateau=run.plateau,
            max_iter=run.max_iter,
            started=run.started,
            history=run.history,
        )


def renewal_for(estimator, prepared, hooks):
    """A `Renewal` where the run is in the metric of the moments and the curvature varies."""
    coordinates = prepared.objective.design.coordinates
    in_metric = coordinates is not None and not coordinates.separable
    varies = not prepared.components.loss.is_quadratic
    if not (in_metric and varies and prepared.components.sampler.takes_all_rows):
        return None
    return Renewal(estimator, prepared, hooks)
