"""A run as it is planned for some data, and its quadratic objective along eigenvectors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from gdregress._estimator.planning.metric import l2_strength
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.prepare import prepare
from gdregress._objective.base import null_parameters
from gdregress._objective.spectral import shrunk
from gdregress._utils.array_api import to_numpy


@dataclass(frozen=True, eq=False, repr=False)
class Planned:
    """A run that has not begun.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    plan : Plan
    """

    estimator: Any
    prepared: Any
    plan: Any

    @property
    def run(self):
        return self.plan.run

    @property
    def start(self):
        """The parameters at which the run begins, in its coordinates."""
        return to_numpy(self.plan.first_params).astype(float)

    def second_moments(self):
        """A' S A of the design matrix in the coordinates of the run."""
        objective, spectrum = self.prepared.objective, self.prepared.frame.spectrum
        if spectrum.matrix is not None:
            return spectrum.matrix
        A = to_numpy(objective.design.predict(np.eye(objective.design.n_parameters)))
        weights = objective.weights
        s = np.ones(len(A)) if weights is None else to_numpy(weights)
        return (A * s[:, None]).T @ A / len(A)

    def spectral(self):
        """A `SpectralDescent` for each target."""
        objective, moments = self.prepared.objective, self.second_moments()
        strengths = np.broadcast_to(objective.penalty_curvature(), self.shape)
        gradient = to_numpy(objective.gradient(self.plan.first_params)).astype(float)
        gradient, start = (array.reshape(self.shape) for array in (gradient, self.start))
        each = zip(gradient.T, strengths.T, start.T, strict=True)
        return [shrunk(moments, *of_target, self.run.learning_rate) for of_target in each]

    @property
    def shape(self):
        """Shape of the parameters, with a column for each target."""
        return len(self.start), self.start.size // len(self.start)


def planned(estimator, X, y, sample_weight=None):
    """The run that ``fit(X, y, sample_weight)`` would begin."""
    model = clone(estimator).set_params(warm_start=False, early_stopping=False)
    prepared = prepare(model, X, y, sample_weight)
    plan = plan_run(model, prepared.components, prepared.objective, prepared.frame)
    return Planned(model, prepared, plan)


def refuse_what_has_no_closed_form(plan):
    """Raise ValueError for runs whose iterates are no linear function of the targets.

    Parameters
    ----------
    plan : Planned
    """
    components, run, estimator = plan.prepared.components, plan.run, plan.estimator
    optimizer = run.optimizer
    rule = optimizer.recurrence(1.0, np.ones(1)) is not None
    constants = f"momentum={getattr(optimizer, 'momentum', None)!r}"
    problems = {
        f"loss={type(components.loss).__name__}, which is not quadratic; use 'squared_error'": (
            not components.loss.is_quadratic
        ),
        f"solver={estimator.solver!r}; use 'batch'": not run.sampler.takes_all_rows,
        f"optimizer={type(optimizer).__name__} with {constants}; use 'gd', or 'momentum' or "
        "'nesterov' with a number as momentum": not rule,
        "a schedule that changes the rate; use 'constant'": not run.schedule.is_constant,
        f"penalty={type(components.penalty).__name__}; use 'l2' or None": (
            l2_strength(components.penalty) is None
        ),
        "a heavy ball and a penalty; use 'nesterov', or penalty=None": (
            components.penalty.active and not optimizer.searched_point
        ),
        "average=True": bool(estimator.average),
        f"learning_rate={estimator.learning_rate!r}; use a number, or 'auto'": (
            run.line_search is not None or run.method != "updates"
        ),
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(f"There is no closed form for {problem}.")


def starts_at_best_constant(plan):
    """Whether the run begins at the mean of y, and not at zero."""
    objective = plan.prepared.objective
    null = null_parameters(objective.design, objective.y, objective.weights, objective.loss)
    return bool(objective.design.fit_intercept) and np.array_equal(
        to_numpy(objective.inside(null)), to_numpy(plan.plan.first_params)
    )
