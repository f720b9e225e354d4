"""The last step before the loop: choose rate, momentum and stopping rules, and build the `Run`."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from gdregress._estimator.advice.run_facts import RunDiagnostics
from gdregress._estimator.planning.certificate import certificate_for
from gdregress._estimator.planning.learning_rate import (
    CONSTANT_MOMENTUM,
    CurvatureBounds,
    auto_searches,
    first_trial,
    is_searched,
    learns_rate,
    resolved_momentum,
)
from gdregress._estimator.planning.method import (
    asks_for_conjugate_gradients,
    method_of,
    samples_curvature,
    takes_row_space,
)
from gdregress._estimator.planning.metric import worth_moments
from gdregress._estimator.planning.null_model import null_model
from gdregress._estimator.planning.rules import Rules, ending_rules
from gdregress._estimator.planning.start import first_parameters
from gdregress._objective.quadratic import QuadraticObjective
from gdregress._solver.between_epochs import EpochMomentum, EpochNewton
from gdregress._solver.history import History
from gdregress._solver.line_search import LineSearch
from gdregress._solver.optimizer_check import check_optimizer, check_own_rate
from gdregress._solver.rate_search import LearnedRate
from gdregress._solver.run import Run
from gdregress._solver.stopping import Divergence
from gdregress.schedules import factor_at, fill_horizon

# Fewest updates after which an automatic schedule begins to fall: an epoch of a few updates
# learns too little.
FEWEST_UPDATES = 100
# A rate falls if the last one of the run is below this share of the first.
FALLING = 0.9


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """A run ready to start, and its start: a state, or parameters where no state is known."""

    run: Run
    start: Any
    first_params: Any
    diagnostics: RunDiagnostics
    momentum: float | str | None


@dataclass(frozen=True, eq=False, repr=False)
class Hooks:
    """The functions that the estimator has called between epochs, see `Run`."""

    validate: Callable | None = None
    store: Callable | None = None
    on_epoch: Callable | None = None
    renewal: Any = None


def plan_run(estimator, components, objective, frame, start=None, hooks=None, in_parts=False):
    """Resolve rate and momentum on these data and assemble the parts of the loop.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    objective : DataObjective
    frame : Frame
        The coordinates of the objective, and what is known of its columns.
    start : State or None
        Where the run starts, if not at `first_parameters`.
    hooks : Hooks or None
    in_parts : bool
        Whether this is the single pass of `partial_fit`: only values that are not finite end it,
        and its automatic rate is at most the last one.

    Returns
    -------
    Plan
    """
    started, hooks = time.perf_counter(), hooks or Hooks()
    null_params = objective.inside(objective.null_parameters())
    first = objective.inside(first_parameters(estimator, objective))
    if not in_parts and _worth_moments(estimator, components, objective, frame):
        by_groups = _takes_groups(estimator, components, objective)
        objective = _by_moments(objective, frame.spectrum, first, by_groups)
    elif not in_parts and takes_row_space(estimator, components, objective):
        objective = objective.with_row_space()
    null = null_model(objective, null_params, first if start is None else start.params)
    curvature, optimizer = _curvature_and_optimizer(
        estimator, components, objective, frame, null_params
    )
    start = _known_start(start, objective, optimizer, in_parts)
    if not optimizer.is_builtin:
        if optimizer.has_own_rate:
            check_own_rate(optimizer, estimator.learning_rate, components.penalty)
        check_optimizer(optimizer, first, needs_prox=components.penalty.active)
    schedule, offset = _schedule_of_run(estimator, components, objective, start, in_parts)
    method = "updates" if in_parts else method_of(estimator, components, objective)
    searched = method == "updates" and is_searched(estimator, components)
    rate = 1.0
    if method == "updates":
        rate = _first_rate(estimator, components, curvature, optimizer, start, in_parts)
    step = curvature.gradient_step()
    null = null.measured(objective, step)
    diagnostics = _diagnostics(estimator, components, curvature, optimizer, frame, null)
    rules = Rules()
    if not in_parts:
        rules = _rules(estimator, components, curvature, diagnostics, null, start, method)
    history, learned = History(), None
    if not in_parts and learns_rate(estimator, components.sampler):
        between = _between_epochs(estimator, components, curvature)
        learned = _learned_rate(curvature, history, between)
    run = Run(
        objective=objective,
        optimizer=optimizer,
        sampler=components.sampler,
        schedule=schedule,
        method=method,
        learning_rate=rate,
        **vars(rules),
        max_iter=1 if in_parts else estimator.max_iter,
        gradient_step=step,
        gradient_units=null.units,
        started=started,
        schedule_offset=offset,
        may_cut_rate=estimator.learning_rate == "auto",
        line_search=LineSearch(rate) if searched else None,
        learned_rate=learned,
        **vars(hooks),
        stops_on_score=bool(estimator.early_stopping),
        history=history,
    )
    return Plan(run, start, first, diagnostics, getattr(optimizer, "momentum", None))


def _known_start(start, objective, optimizer, in_parts):
    """Return the starting state, without the parts that belong to other data."""
    if start is None or not in_parts:
        return start and start.on_data(objective, optimizer)
    # gradients on different rows: their difference does not measure the curvature
    return replace(start, searched=None)


def _worth_moments(estimator, components, objective, frame):
    """Whether the moments of the columns are worth their price of about 1 + p / 50 passes.

    The coordinates may have formed them already. An automatic rate takes the curvature from them.
    For squared error they also give objective and gradient, which cost a pass an epoch without
    them.
    """
    by_steps = objective.loss.is_quadratic and asks_for_conjugate_gradients(estimator)
    if by_steps or frame.sample is not None or not worth_moments(objective.design):
        return False
    no_rate = components.optimizer.adaptive or is_searched(estimator, components)
    for_rate = estimator.learning_rate == "auto" and not no_rate
    saved = estimator.max_iter if objective.loss.is_quadratic else 0
    passes = 1 + objective.design.n_parameters / 50
    return frame.has_moments or for_rate or saved >= passes


def _takes_groups(estimator, components, objective):
    """Whether working sets of groups read the rows, as no other engine has their Newton steps."""
    if components.penalty.kernel_terms is not None:
        return False
    return method_of(estimator, components, objective) == "working sets"


def _by_moments(objective, spectrum, anchor, by_groups):
    """The objective, helped by the moments of its columns."""
    objective = objective.with_moments(spectrum.moments)
    if spectrum.moments is None or not objective.loss.is_quadratic or by_groups:
        return objective
    with np.errstate(over="ignore", invalid="ignore"):
        return QuadraticObjective(objective, anchor=anchor)


def _schedule_of_run(estimator, components, objective, start, in_parts):
    """Return the schedule on these data, called once, and the count of updates at its start."""
    updates = components.sampler.updates_per_epoch(objective.n_drawn)
    schedule = _with_horizon(estimator, components.schedule, updates, in_parts)
    count = start.count if start else 0
    offset = count if components.schedule.runs_out else 0
    factor_at(schedule, count - offset)
    return schedule, offset


def _rules(estimator, components, curvature, diagnostics, null, start, method):
    """Return the rules that end a `fit`."""
    objective, certificate = curvature.objective, None
    if components.loss.smooth:
        certificate = certificate_for(estimator, curvature, null)
    above = _above_stable_limit(estimator, components, objective, diagnostics, start)
    divergence = Divergence(null.largest, above, null.has_scale)
    rules = ending_rules(
        estimator, components, objective, diagnostics, certificate, divergence, method
    )
    if start is not None and start.plateau is not None and components.schedule.listens:
        return replace(rules, plateau=start.plateau)
    return rules


def _above_stable_limit(estimator, components, objective, diagnostics, start):
    """Whether a rate is above the stable limit and will not fall.

    A falling rate may stay above it for long: the parameters settle afterwards, and the limit is
    a bound, above which a rate may still be stable.
    """
    updates = components.sampler.updates_per_epoch(objective.n_drawn)
    schedule = _with_horizon(estimator, components.schedule, updates)
    first = 0 if start is None or components.schedule.runs_out else start.count

    def above_stable_limit(rate):
        if schedule.listens or not diagnostics.is_above_stable_limit(rate):
            return False
        last = first + updates * estimator.max_iter - 1
        return schedule.is_constant or schedule(last) >= FALLING * schedule(first)

    return above_stable_limit


def _curvature_and_optimizer(estimator, components, objective, frame, null_params):
    """Return the curvature, and the optimizer with the momentum that "auto" stands for.

    The automatic rate is for the constant momentum over batches, and for the user's momentum over
    all rows.
    """
    loss, sampler, optimizer = components.loss, components.sampler, components.optimizer
    if not sampler.takes_all_rows and getattr(optimizer, "momentum", None) == "auto":
        optimizer = _with_momentum(optimizer, CONSTANT_MOMENTUM)
    some = None if frame.sample is None else frame.sample.spectrum
    known = objective, optimizer, sampler, frame.spectrum, null_params
    curvature = CurvatureBounds(*known, sample=some)
    automatic = estimator.learning_rate == "auto" or is_searched(estimator, components)
    momentum = resolved_momentum(loss, curvature, None if automatic else estimator.learning_rate)
    return curvature, _with_momentum(optimizer, momentum)


def _with_momentum(optimizer, momentum):
    return optimizer if momentum is None else copy.copy(optimizer).set_params(momentum=momentum)


def _first_rate(estimator, components, curvature, optimizer, start, in_parts):
    """Return the learning rate at the start of the run, before its schedule."""
    if is_searched(estimator, components):
        return first_trial(curvature.objective, optimizer, curvature.null_params, start)
    if estimator.learning_rate != "auto":
        return float(estimator.learning_rate)
    rate = curvature.automatic()
    if in_parts and start is not None and start.learning_rate is not None:
        return min(rate, start.learning_rate)
    return rate


def _learned_rate(curvature, history, between):
    objective, optimizer = curvature.objective, curvature.optimizer
    return LearnedRate(history, objective, optimizer, between, curvature.gains_most())


def _between_epochs(estimator, components, curvature):
    """What moves the parameters between two epochs of variance reduction."""
    if not curvature.optimizer.variance_reduced:
        return None
    if samples_curvature(estimator, components, curvature.objective):
        return EpochNewton(curvature.objective)
    return EpochMomentum()


def _diagnostics(estimator, components, curvature, optimizer, frame, null):
    loss, all_rows = components.loss, components.sampler.takes_all_rows
    return RunDiagnostics(
        name=type(estimator).__name__,
        spectrum=curvature.spectrum,
        user_spectrum=frame.user_spectrum,
        smoothness=curvature.smoothness,
        automatic_rate=curvature.automatic,
        searched=auto_searches(components),
        optimizer=optimizer,
        feature_names=partial(feature_names, estimator, frame.columns),
        tol=estimator.tol,
        null_objective=null.objective,
        has_scale=null.has_scale,
        by_gradient=loss.smooth and not estimator.early_stopping and estimator.tol is not None,
        is_batch=all_rows,
        strong_convexity=components.penalty.strong_convexity,
        curvature_is_exact=all_rows and loss.is_quadratic,
        curvature_is_bounded=loss.curvature is not None,
    )


def _with_horizon(estimator, schedule, updates, in_parts=False):
    """Return the schedule with ``scale=None`` replaced by the updates of an epoch or the run."""
    if estimator.schedule == "auto" and schedule.horizon == "epoch":
        return schedule.with_scale(FEWEST_UPDATES if in_parts else max(updates, FEWEST_UPDATES))
    return fill_horizon(schedule, updates, estimator.max_iter)


def feature_names(estimator, columns=None):
    """Return the names of all or some columns: the user's, or x0, x1, ...."""
    names = getattr(estimator, "feature_names_in_", None)
    columns = range(estimator.n_features_in_) if columns is None else columns
    return [f"x{j}" if names is None else names[j] for j in columns]
