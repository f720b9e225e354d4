"""From the estimator's parameters and the data to a run: what "auto" means here."""

import copy
import math
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gdregress._estimator.diagnosis import Facts
from gdregress._objective.base import null_parameters
from gdregress._objective.curvature import (
    Spectrum,
    automatic_learning_rate,
    batch_smoothness,
    loss_curvature,
    optimal_momentum,
    prediction_scale,
    smallest_curvature,
)
from gdregress._objective.moments import affordable, check_finite
from gdregress._objective.quadratic import QuadraticObjective
from gdregress._solver.line_search import LineSearch, trial_by_curvature, trial_by_distance
from gdregress._solver.solve import Run
from gdregress._solver.stopping import Divergence, Never, NotFinite, Plateau, Tolerance
from gdregress._utils.array_api import dot, namespace
from gdregress.losses import SquaredError
from gdregress.optimizers import Momentum, Nesterov
from gdregress.penalties import NoPenalty
from gdregress.samplers import Batch
from gdregress.schedules import Adaptive, InverseScaling, fill_horizon, runs_out

CONSTANT_MOMENTUM = 0.9
# Fewest updates after which an automatic schedule begins to fall: epochs of a few updates would
# be over before anything is learned.
FEWEST_UPDATES = 100
# Gradients so much smaller than the slopes that they are the mean of are rounding.
ROUNDING = 1e-14
# A plateau lasts longer than the swings of a momentum, which are as long as its memory.
SWINGS = 4


@dataclass
class Plan:
    """A run ready to start, and where it starts from without a warm start."""

    run: Run
    null_params: Any
    facts: Facts
    momentum: float


def plan_run(estimator, components, objective, start=None, whole_run=True):
    """Resolve rate and momentum on these data and assemble the loop's parts.

    Parameters
    ----------
    estimator : GDRegressor
    components : Components
    objective : DataObjective
    start : State or None
        Where the run starts, if not at the null parameters.
    whole_run : bool
        Whether this is a fit, or the single pass of `partial_fit`, which only values that are
        not finite can end.
    """
    started = time.perf_counter()
    e, c = estimator, components
    null_params = objective.inside(
        null_parameters(objective.design, objective.y, objective.weights, c.loss)
    )
    if start is not None:
        start.params = objective.inside(start.params)
    curvature = _Curvature(c, objective, null_params)
    if whole_run and _worth_moments(e, c, objective):
        objective = curvature.objective = _by_moments(objective, curvature.spectrum)
    null_objective = _finite_start(objective, null_params, start)
    searches = _searches(e, c)
    automatic = searches or e.learning_rate == "auto"
    _resolve_momentum(c, curvature, None if automatic else e.learning_rate)
    if searches:
        rate = first_trial(objective, c.optimizer, null_params, start)
    else:
        rate = curvature.automatic() if automatic else float(e.learning_rate)
    first_count = start.count if start is not None and runs_out(c.schedule) else 0
    updates = c.sampler.updates_per_epoch(objective.n_samples)
    if e.schedule == "auto" and isinstance(c.schedule, InverseScaling):
        c.schedule.set_params(scale=max(updates, FEWEST_UPDATES))
    run = Run(
        objective=objective,
        optimizer=c.optimizer,
        sampler=c.sampler,
        schedule=fill_horizon(c.schedule, updates, e.max_iter),
        learning_rate=rate,
        stopping=Never(),
        divergence=NotFinite(),
        max_iter=e.max_iter if whole_run else 1,
        gradient_step=curvature.gradient_step(),
        started=started,
        gradient_units=None,
        first_count=first_count,
        safeguard=e.learning_rate == "auto",
        line_search=LineSearch(rate) if searches else None,
    )
    mapping = objective.gradient_mapping(
        null_params, objective.gradient(null_params), run.gradient_step
    )
    run.gradient_units, reference = objective.measuring_units(mapping)
    facts = Facts(
        name=type(e).__name__,
        spectrum=curvature.spectrum,
        smoothness=curvature.smoothness,
        automatic_rate=curvature.automatic,
        searched=_would_search(c),
        optimizer=c.optimizer,
        feature_names=partial(_feature_names, e),
        tol=e.tol,
        reference=reference,
        by_gradient=_ends_by_gradient(e, c),
        standardize=e.standardize,
        is_batch=curvature.is_batch,
        is_smooth=c.loss.smooth,
        strong_convexity=c.penalty.strong_convexity,
        curvature_is_exact=curvature.is_batch and isinstance(c.loss, SquaredError),
        curvature_is_bounded=c.loss.curvature is not None,
    )
    if whole_run:
        run.divergence = Divergence(null_objective, facts.is_above_stable_limit)
        rounding = 0.0
        if facts.by_gradient:
            rounding = curvature.rounding(e.tol * reference, null_objective)
        _set_stopping(run, e, facts, null_objective, updates, rounding)
    return Plan(run, null_params, facts, getattr(c.optimizer, "momentum", None))


class _Curvature:
    """What the curvature of loss x data x weights says about the rates, computed when asked."""

    def __init__(self, components, objective, null_params):
        c = components
        if not isinstance(c.sampler, Batch) and getattr(c.optimizer, "momentum", None) == "auto":
            c.optimizer.set_params(momentum=CONSTANT_MOMENTUM)
        self.objective = objective
        self.null_params = null_params
        self.sampler = c.sampler
        self.is_batch = isinstance(c.sampler, Batch)
        self.spectrum = Spectrum(objective.design, objective.weights, objective.y)
        self.of_loss = loss_curvature(objective, null_params)
        # the automatic rate is that for the momentum as the user gave it
        self.optimizer = copy.copy(c.optimizer)

    def automatic(self):
        """The automatic learning rate."""
        return automatic_learning_rate(
            self.objective, self.optimizer, self.sampler, self.spectrum, self.null_params
        )

    def smoothness(self):
        """Largest curvature that the sampler's batches show in expectation."""
        return self.of_loss * batch_smoothness(self.objective, self.sampler, self.spectrum)

    def rounding(self, threshold, null_objective):
        """Norm of a gradient that is nothing but rounding: a share of the slopes of the rows.

        Those of classes are of the size of h; under a log link they are differences of numbers
        of that size. Otherwise they are at most sqrt(2 h L) at the null parameters, and looked
        at where that might bear on the end of the run.

        Parameters
        ----------
        threshold : float
            Norm that ends the run.
        null_objective : float
            The objective at the null parameters, or more.
        """
        objective, loss = self.objective, self.objective.loss
        if loss.target_range in ("labels", "classes") or loss.link == "log":
            return ROUNDING * self.of_loss
        rounding = ROUNDING * math.sqrt(2 * self.of_loss * max(0.0, null_objective))
        if threshold < rounding:
            slopes = loss.gradient(objective.y, objective.design.predict(self.null_params))
            rounding = ROUNDING * math.sqrt(dot(slopes, slopes) / objective.n_samples)
        return rounding

    def gradient_step(self):
        """Step size of the gradient mapping: any will do, the trace bounds the curvature."""
        if isinstance(self.objective.penalty, NoPenalty):
            return 1.0
        squares = self.objective.column_mean_squares
        total = float(namespace(squares).sum(squares))
        check_finite(total)
        return 1 / (self.of_loss * total or 1.0)


def _worth_moments(e, c, objective):
    """Whether the moments of the columns are worth their price.

    They cost one pass over the data and p^2 operations a row, about 1 + p / 50 passes in all.
    An automatic rate needs them for the curvature. For squared error they also give objective
    and gradient over all rows, one pass an epoch otherwise. Fewer rows than twice the columns
    are used as they are.
    """
    for_rate = e.learning_rate == "auto" and not (c.optimizer.adaptive or _searches(e, c))
    squared = isinstance(objective.loss, SquaredError)
    saved = e.max_iter if squared else 0
    passes = 1 + objective.design.n_parameters / 50
    enough_rows = objective.n_samples >= 2 * objective.design.n_parameters
    return affordable(objective.design) and enough_rows and (for_rate or saved >= passes)


def _by_moments(objective, spectrum):
    """The objective, helped by the moments of its columns."""
    if spectrum.moments is not None and isinstance(objective.loss, SquaredError):
        return QuadraticObjective(objective, spectrum.moments)
    objective.moments = spectrum.moments
    return objective


def _resolve_momentum(c, curvature, rate):
    """Heavy ball over all rows: the optimal constant where mu is known, 0.9 otherwise.

    A rate of None is the automatic one, which a search is taken to find.
    """
    if isinstance(c.optimizer, Momentum) and c.optimizer.momentum == "auto":
        mu = smallest_curvature(curvature.objective, curvature.spectrum)
        if mu is None:
            momentum = CONSTANT_MOMENTUM
        else:
            momentum = optimal_momentum(curvature.automatic() if rate is None else rate, mu)
        c.optimizer.set_params(momentum=momentum)
    if isinstance(c.optimizer, Nesterov) and not c.loss.smooth and c.optimizer.momentum == "auto":
        # the accelerated sequence would add up the errors of subgradients
        c.optimizer.set_params(momentum=CONSTANT_MOMENTUM)


def first_trial(objective, optimizer, null_params, start):
    """The rate that a line search tries first.

    The targets of a regression tell how far there is to go, of which a heavy ball must leave its
    momentum the most. A given start may be close to the minimum, and margins of classes go as far
    as they can: there the curvature tells. A run that is taken up again has its rate.
    """
    if start is not None and start.learning_rate is not None:
        return start.learning_rate
    params = null_params if start is None else start.params
    distance = prediction_scale(objective, params)
    if objective.loss.target_range in ("labels", "classes"):
        return trial_by_curvature(objective, params, distance)
    if isinstance(optimizer, Momentum):
        distance *= 1 - optimizer.momentum
    rate = trial_by_distance(objective, params, distance)
    return rate if start is None else min(rate, trial_by_curvature(objective, params, distance))


def _searches(e, c):
    """Whether the rate is found by backtracking: as asked for, or under "auto"."""
    return e.learning_rate == "line-search" or (e.learning_rate == "auto" and _would_search(c))


def _would_search(c):
    """Whether "auto" stands for backtracking, as it does where the curvature varies.

    A bound on it is then a guess of what it is, too high by far where a model fits well. The
    heavy ball moves on from points that were not searched, and keeps to the bound if there is
    one.
    """
    varies = c.loss.smooth and not isinstance(c.loss, SquaredError)
    bound_is_better = isinstance(c.optimizer, Momentum) and c.loss.curvature is not None
    possible = isinstance(c.sampler, Batch) and not c.optimizer.adaptive
    return varies and possible and not bound_is_better


def _ends_by_gradient(e, c):
    """Whether the norm of the gradient mapping ends the run."""
    smooth_batch = isinstance(c.sampler, Batch) and c.loss.smooth
    return smooth_batch and not e.early_stopping and e.tol is not None


def _finite_start(objective, null_params, start):
    """Objective at the null parameters or at the start, the larger; an error if it overflows."""
    points = [null_params] if start is None else [null_params, start.params]
    with np.errstate(over="ignore", invalid="ignore"):
        values = [objective.value(point, ahead=point) for point in points]
    if values[0] == 0 and not objective.loss.smooth:
        # of the perceptron, which has no loss before it has learned anything
        values[0] = prediction_scale(objective, null_params)
    largest = max(values)
    if not largest < float("inf"):
        raise ValueError(
            f"The objective is {largest} before the first update: y, X or the initial "
            "coefficients are too large, or outside the penalty's domain. Rescale them."
        )
    return largest


def memory(optimizer):
    """Updates over which an optimizer averages its gradients."""
    decay = getattr(optimizer, "momentum", getattr(optimizer, "beta_1", 0.0))
    return 1.0 if decay == "auto" else 1 / (1 - decay)


def _set_stopping(run, e, facts, null_objective, updates, rounding):
    """The rule that ends the run, and the plateau that an adaptive schedule listens to."""
    listens = isinstance(run.schedule, Adaptive)
    if facts.by_gradient:
        run.stopping = Tolerance(e.tol, facts.reference, rounding)
    if not listens and (facts.by_gradient or e.tol is None):
        return
    swing = math.ceil(SWINGS * memory(run.optimizer) / updates)
    run.plateau = Plateau(
        column="validation_score" if e.early_stopping else "objective",
        # a plateau of an automatic schedule means no progress at all
        tol=0.0 if e.schedule == "auto" and listens else e.tol or 0.0,
        patience=getattr(run.schedule, "patience", None) or max(e.n_iter_no_change, swing),
        # residuals 1e-8 of those at the start are rounding
        smallest=1e-16 * abs(null_objective),
    )


def _feature_names(e):
    names = getattr(e, "feature_names_in_", None)
    return [f"x{j}" for j in range(e.n_features_in_)] if names is None else list(names)
