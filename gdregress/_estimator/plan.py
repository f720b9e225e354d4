"""The last step before the loop: the learning rate, momentum, stopping rules; the `Run`."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gdregress._estimator.diagnosis import RunDiagnostics
from gdregress._estimator.learning_rate import (
    CONSTANT_MOMENTUM,
    CurvatureBounds,
    auto_searches,
    first_trial,
    is_searched,
    learns_rate,
    resolved_momentum,
)
from gdregress._objective.base import null_parameters
from gdregress._objective.curvature import Spectrum, prediction_scale
from gdregress._objective.moments import affordable
from gdregress._objective.quadratic import QuadraticObjective
from gdregress._solver.history import History
from gdregress._solver.line_search import LineSearch
from gdregress._solver.rate_search import EpochMomentum, LearnedRate
from gdregress._solver.run import Run
from gdregress._solver.stopping import Divergence, Never, NotFinite, Plateau, Tolerance
from gdregress.schedules import fill_horizon

# Fewest updates after which an automatic schedule begins to fall: epochs of a few updates would
# be over before anything is learned.
FEWEST_UPDATES = 100
# A plateau lasts longer than the swings of a momentum, which are as long as its memory.
SWINGS = 4


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """A run ready to start, and where it starts from without a warm start."""

    run: Run
    null_params: Any
    diagnostics: RunDiagnostics
    momentum: float | str | None


@dataclass(frozen=True, eq=False, repr=False)
class Hooks:
    """What the estimator does between epochs, see `Run`."""

    validate: Callable | None = None
    store: Callable | None = None
    on_epoch: Callable | None = None


def plan_run(estimator, components, objective, start=None, hooks=None, in_parts=False):
    """Resolve rate and momentum on these data and assemble the parts of the loop.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    objective : DataObjective
    start : State or None
        Where the run starts, if not at the null parameters.
    hooks : Hooks or None
    in_parts : bool
        Whether this is the single pass of `partial_fit`: only values that are not finite end it,
        and its automatic rate is at most the last one.

    Returns
    -------
    Plan
    """
    started, hooks = time.perf_counter(), hooks or Hooks()
    loss, sampler = components.loss, components.sampler
    null_params = objective.inside(
        null_parameters(objective.design, objective.y, objective.weights, loss)
    )
    spectrum = Spectrum(objective.design, objective.weights, objective.y)
    if not in_parts and _worth_moments(estimator, components, objective):
        objective = _by_moments(objective, spectrum, null_params)
    null_objective = _finite_start(objective, null_params, start)
    curvature, optimizer = _curvature_and_optimizer(
        estimator, components, objective, spectrum, null_params
    )
    rate = _first_rate(estimator, components, curvature, optimizer, start, in_parts)
    step = curvature.gradient_step()
    null_mapping = objective.gradient_mapping(null_params, objective.gradient(null_params), step)
    units, reference = objective.measuring_units(null_mapping)
    diagnostics = _diagnostics(estimator, components, curvature, optimizer, reference)
    updates = sampler.updates_per_epoch(objective.n_samples)
    stopping, plateau, divergence = Never(), None, NotFinite()
    if not in_parts:
        divergence = Divergence(null_objective, diagnostics.is_above_stable_limit)
        stopping = _stopping(estimator, diagnostics, curvature, null_objective)
        plateau = _plateau(estimator, components, diagnostics, null_objective, updates)
    if start is not None and start.plateau is not None and components.schedule.listens:
        plateau = start.plateau
    history, learns = History(), not in_parts and learns_rate(estimator, components.sampler)
    run = Run(
        objective=objective,
        optimizer=optimizer,
        sampler=sampler,
        schedule=_with_horizon(estimator, components.schedule, updates),
        learning_rate=rate,
        stopping=stopping,
        divergence=divergence,
        max_iter=1 if in_parts else estimator.max_iter,
        gradient_step=step,
        gradient_units=units,
        started=started,
        schedule_offset=start.count if start and components.schedule.runs_out else 0,
        may_cut_rate=estimator.learning_rate == "auto",
        line_search=LineSearch(rate) if is_searched(estimator, components) else None,
        learned_rate=_learned_rate(objective, optimizer, history) if learns else None,
        plateau=plateau,
        validate=hooks.validate,
        store=hooks.store,
        on_epoch=hooks.on_epoch,
        history=history,
    )
    return Plan(run, null_params, diagnostics, getattr(optimizer, "momentum", None))


def _worth_moments(estimator, components, objective):
    """Whether the moments of the columns are worth their price.

    They cost one pass over the data and p^2 operations a row, about 1 + p / 50 passes in all.
    An automatic rate needs them for the curvature. For squared error they also give objective
    and gradient over all rows, one pass an epoch otherwise. Fewer rows than twice the columns
    are used as they are.
    """
    no_rate = components.optimizer.adaptive or is_searched(estimator, components)
    for_rate = estimator.learning_rate == "auto" and not no_rate
    saved = estimator.max_iter if objective.loss.is_quadratic else 0
    passes = 1 + objective.design.n_parameters / 50
    enough_rows = objective.n_samples >= 2 * objective.design.n_parameters
    return affordable(objective.design) and enough_rows and (for_rate or saved >= passes)


def _by_moments(objective, spectrum, null_params):
    """The objective, helped by the moments of its columns."""
    objective = objective.with_moments(spectrum.moments)
    if spectrum.moments is None or not objective.loss.is_quadratic:
        return objective
    with np.errstate(over="ignore", invalid="ignore"):
        return QuadraticObjective(objective, anchor=null_params)


def _finite_start(objective, null_params, start):
    """Objective at the null parameters or at the start, the larger; an error if it overflows."""
    points = [null_params] if start is None else [null_params, start.params]
    values = []
    with np.errstate(over="ignore", invalid="ignore"):
        for point in points:
            objective.recentre_for_value(point)
            values.append(objective.value(point, next_point=point))
    if values[0] == 0 and not objective.loss.smooth:
        # of the perceptron, which has no loss before it has learned anything
        values[0] = prediction_scale(objective, null_params)
    largest = max(values)
    if not largest < math.inf:
        raise ValueError(
            f"The objective is {largest} before the first update: y, X or the initial "
            "coefficients are too large, or outside the penalty's domain. Rescale them."
        )
    return largest


def _curvature_and_optimizer(estimator, components, objective, spectrum, null_params):
    """The curvature, and the optimizer with the momentum that "auto" stands for.

    Over batches the automatic rate is that for the constant momentum, over all rows that for the
    momentum as the user gave it.
    """
    loss, sampler, optimizer = components.loss, components.sampler, components.optimizer
    if not sampler.takes_all_rows and getattr(optimizer, "momentum", None) == "auto":
        optimizer = _with_momentum(optimizer, CONSTANT_MOMENTUM)
    curvature = CurvatureBounds(objective, optimizer, sampler, spectrum, null_params)
    automatic = estimator.learning_rate == "auto" or is_searched(estimator, components)
    momentum = resolved_momentum(loss, curvature, None if automatic else estimator.learning_rate)
    return curvature, _with_momentum(optimizer, momentum)


def _with_momentum(optimizer, momentum):
    return optimizer if momentum is None else copy.copy(optimizer).set_params(momentum=momentum)


def _first_rate(estimator, components, curvature, optimizer, start, in_parts):
    """The learning rate at which the run starts, before its schedule."""
    if is_searched(estimator, components):
        return first_trial(curvature.objective, optimizer, curvature.null_params, start)
    if estimator.learning_rate != "auto":
        return float(estimator.learning_rate)
    rate = curvature.automatic()
    if in_parts and start is not None and start.learning_rate is not None:
        return min(rate, start.learning_rate)
    return rate


def _learned_rate(objective, optimizer, history):
    momentum = EpochMomentum() if optimizer.variance_reduced else None
    return LearnedRate(history, objective, optimizer, momentum)


def _diagnostics(estimator, components, curvature, optimizer, reference):
    loss, all_rows = components.loss, components.sampler.takes_all_rows
    smooth_batch = all_rows and loss.smooth
    return RunDiagnostics(
        name=type(estimator).__name__,
        spectrum=curvature.spectrum,
        smoothness=curvature.smoothness,
        automatic_rate=curvature.automatic,
        searched=auto_searches(components),
        optimizer=optimizer,
        feature_names=partial(_feature_names, estimator),
        tol=estimator.tol,
        reference=reference,
        by_gradient=smooth_batch and not estimator.early_stopping and estimator.tol is not None,
        standardize=estimator.standardize,
        is_batch=all_rows,
        is_smooth=loss.smooth,
        strong_convexity=components.penalty.strong_convexity,
        curvature_is_exact=all_rows and loss.is_quadratic,
        curvature_is_bounded=loss.curvature is not None,
    )


def _stopping(estimator, diagnostics, curvature, null_objective):
    """The rule that ends the run by the gradient, where it does."""
    if not diagnostics.by_gradient:
        return Never()
    rounding = curvature.rounding(estimator.tol * diagnostics.reference, null_objective)
    return Tolerance(estimator.tol, diagnostics.reference, rounding)


def _plateau(estimator, components, diagnostics, null_objective, updates):
    """The plateau that ends the run, or that an adaptive schedule listens to."""
    schedule = components.schedule
    if not schedule.listens and (diagnostics.by_gradient or estimator.tol is None):
        return None
    swing = math.ceil(SWINGS * diagnostics.optimizer.gradient_memory / updates)
    no_progress = estimator.schedule == "auto" and schedule.listens
    return Plateau(
        column="validation_score" if estimator.early_stopping else "objective",
        # a plateau of an automatic schedule means no progress at all
        tol=0.0 if no_progress else estimator.tol or 0.0,
        patience=schedule.patience or max(estimator.n_iter_no_change, swing),
        # residuals 1e-8 of those at the start are rounding
        smallest=1e-16 * abs(null_objective),
    )


def _with_horizon(estimator, schedule, updates):
    if estimator.schedule == "auto" and schedule.horizon == "epoch":
        return schedule.with_scale(max(updates, FEWEST_UPDATES))
    return fill_horizon(schedule, updates, estimator.max_iter)


def _feature_names(estimator):
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return [f"x{j}" for j in range(estimator.n_features_in_)]
    return list(names)
