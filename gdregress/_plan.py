"""From the estimator's parameters and the data to a run: what "auto" and the names mean here."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gdregress._validation import build_component, warn_ignored
from gdregress.curvature import (
    Spectrum,
    automatic_learning_rate,
    batch_smoothness,
    loss_curvature,
    optimal_momentum,
    smallest_curvature,
    stable_limit,
)
from gdregress.diagnosis import Facts
from gdregress.line_search import LineSearch
from gdregress.losses import LOSSES, SquaredError
from gdregress.objective import QuadraticObjective, null_parameters
from gdregress.optimizers import OPTIMIZERS, AdaGrad, Adam, Momentum, NAdam, Nesterov, RMSProp
from gdregress.penalties import PENALTIES, NoPenalty
from gdregress.samplers import SOLVERS, Batch
from gdregress.schedules import SCHEDULES, Adaptive, Constant, InverseScaling, fill_horizon
from gdregress.solver import Run
from gdregress.stopping import Divergence, Never, NotFinite, Plateau, Tolerance

CONSTANT_MOMENTUM = 0.9
# Epochs without any progress after which an automatic schedule halves the rate. Four times the
# ten steps over which Adam averages gradients, so that its swings are not taken for plateaus;
# kinks make the objective swing from one epoch to the next, and twenty are enough to tell.
PATIENCE_WITH_MEMORY, PATIENCE_AT_KINKS = 40, 20
# Fewest updates after which an automatic schedule begins to fall: epochs of a few updates would
# be over before anything is learned.
FEWEST_UPDATES = 100
# A plateau lasts longer than the swings of a momentum, which are as long as its memory.
SWINGS = 4


@dataclass
class Components:
    """The objects that the names among the parameters stand for."""

    loss: Any
    penalty: Any
    optimizer: Any
    sampler: Any
    schedule: Any


def build_components(estimator):
    """Build every component, refuse what cannot go together, warn of what has no effect."""
    e = estimator
    loss, by_loss = build_component(e.loss, LOSSES, {"epsilon": e.epsilon})
    penalty, by_penalty = build_component(
        e.penalty, PENALTIES, {"alpha": e.alpha, "l1_ratio": e.l1_ratio}
    )
    optimizer, by_optimizer = build_component(e.optimizer, OPTIMIZERS, {"momentum": e.momentum})
    sampler, by_sampler = build_component(
        e.solver, SOLVERS, {"batch_size": e.batch_size, "shuffle": e.shuffle}
    )
    schedule, by_schedule = _build_schedule(e, loss, optimizer, sampler)
    _refuse_combinations(e, loss, optimizer, sampler)
    taken = by_loss | by_penalty | by_optimizer | by_sampler | by_schedule
    if e.early_stopping:
        taken.add("validation_fraction")
    if _waits_for_plateaus(e, loss, sampler, schedule):
        taken.add("n_iter_no_change")
    reasons = {
        "epsilon": f"loss={_name(e.loss)} does not use it",
        "alpha": f"penalty={_name(e.penalty)} does not use it",
        "l1_ratio": f"penalty={_name(e.penalty)} does not use it",
        "momentum": f"optimizer={_name(e.optimizer)} does not use it",
        "batch_size": f"solver={_name(e.solver)} does not use it, only 'mini-batch' does",
        "shuffle": "solver='batch' uses all rows at once",
        "power_t": f"schedule={_name(e.schedule)} does not use it, only 'invscaling' does",
        "validation_fraction": "early_stopping is False",
        "n_iter_no_change": "this run is not ended by a plateau",
    }
    warn_ignored(e, {name: why for name, why in reasons.items() if name not in taken})
    return Components(loss, penalty, optimizer, sampler, schedule)


def _waits_for_plateaus(e, loss, sampler, schedule):
    """Whether ``n_iter_no_change`` plays a part."""
    if isinstance(schedule, Adaptive):
        return schedule.patience is None
    by_gradient = isinstance(sampler, Batch) and loss.smooth and not e.early_stopping
    return e.tol is not None and not by_gradient


def _build_schedule(e, loss, optimizer, sampler):
    """The schedule, and the names of the parameters it took.

    "auto", with all rows per update:

    - constant for a smooth loss and an optimizer whose steps shrink with the gradient;
    - for rules that divide by a decaying mean of past gradients, whose steps keep their length
      for ever, and for losses with kinks, whose gradients do: halved whenever a plateau is
      reached. On piecewise linear objectives steps that shrink geometrically converge
      geometrically (Goffin, "On convergence rates of subgradient optimization methods", 1977).

    "auto", with batches: constant for AdaGrad, whose steps fall like 1 / sqrt(t) by themselves,
    and (1 + epochs)^-0.75 otherwise, whose sum diverges and whose sum of squares does not, as
    Robbins and Monro ask; a hundred updates count as an epoch where it has fewer.
    """
    if callable(e.schedule) and not hasattr(e.schedule, "get_params"):
        return e.schedule, set()
    if e.schedule != "auto":
        return build_component(e.schedule, SCHEDULES, {"power_t": e.power_t})
    if not isinstance(sampler, Batch):
        by_itself = isinstance(optimizer, AdaGrad)
        return Constant() if by_itself else InverseScaling(power_t=0.75, scale=None), set()
    if not loss.smooth:
        smallest = max(1e-12, e.tol or 0.0)
        return Adaptive(2.0, smallest=min(smallest, 0.5), patience=PATIENCE_AT_KINKS), set()
    if isinstance(optimizer, (RMSProp, Adam, NAdam)):
        return Adaptive(2.0, smallest=1e-12, patience=PATIENCE_WITH_MEMORY), set()
    return Constant(), set()


def _refuse_combinations(e, loss, optimizer, sampler):
    if e.learning_rate != "line-search":
        return
    problems = {
        f"solver={e.solver!r}, whose batches are a different function at each update; "
        "use solver='batch'": not isinstance(sampler, Batch),
        f"optimizer={_name(e.optimizer)}, whose steps are scaled per coordinate; use 'gd', "
        "'momentum' or 'nesterov'": optimizer.adaptive,
        f"loss={_name(e.loss)}, which has kinks; use learning_rate='auto'": not loss.smooth,
        f"schedule={e.schedule!r}; use 'auto' or 'constant'": e.schedule
        not in ("auto", "constant"),
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(f"learning_rate='line-search' cannot be combined with {problem}.")


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
    e, c = estimator, components
    design, weights = objective.design, objective.weights
    null_params = null_parameters(design, objective.y, weights, c.loss)
    null_objective = _finite_start(objective, null_params, start)
    spectrum = Spectrum(design, weights)
    is_batch = isinstance(c.sampler, Batch)
    h = loss_curvature(objective, null_params)
    automatic = _automatic_rate(c, objective, spectrum, null_params)
    unbounded = c.loss.curvature is None and c.loss.smooth
    search = e.learning_rate == "line-search" or (
        e.learning_rate == "auto" and unbounded and is_batch and not c.optimizer.adaptive
    )
    rate = automatic() if isinstance(e.learning_rate, str) else float(e.learning_rate)
    _resolve_momentum(c, objective, spectrum, rate)

    def smoothness():
        return h * batch_smoothness(objective, c.sampler, spectrum)

    def above_stable_limit(learning_rate):
        limit = stable_limit(c.optimizer, smoothness())
        return limit is not None and learning_rate > limit

    plain = isinstance(c.penalty, NoPenalty)
    gradient_step = 1.0 if plain else 1 / (h * spectrum.largest or 1.0)
    if is_batch and whole_run and _is_quadratic(c.loss, objective, spectrum):
        objective = QuadraticObjective(objective, spectrum.moments)
    reference = objective.scaled_norm(
        objective.gradient_mapping(null_params, objective.gradient(null_params), gradient_step),
        objective.column_scales(),
    )
    by_gradient = is_batch and c.loss.smooth and not e.early_stopping and e.tol is not None
    updates = c.sampler.updates_per_epoch(objective.n_samples)
    swing = math.ceil(SWINGS * memory(c.optimizer) / updates)
    stopping, plateau = _stopping(e, c, reference, by_gradient, null_objective, swing)
    if e.schedule == "auto" and isinstance(c.schedule, InverseScaling):
        c.schedule.set_params(scale=max(updates, FEWEST_UPDATES))
    divergence = Divergence(null_objective, above_stable_limit)
    if not whole_run:
        stopping, plateau, divergence = Never(), None, NotFinite()
    run = Run(
        objective=objective,
        optimizer=c.optimizer,
        sampler=c.sampler,
        schedule=fill_horizon(c.schedule, updates, e.max_iter),
        learning_rate=rate,
        stopping=stopping,
        plateau=plateau,
        divergence=divergence,
        max_iter=e.max_iter if whole_run else 1,
        gradient_step=gradient_step,
        safeguard=e.learning_rate == "auto",
        line_search=LineSearch(rate) if search else None,
    )
    facts = Facts(
        name=type(e).__name__,
        spectrum=spectrum,
        smoothness=smoothness,
        automatic_rate=automatic,
        optimizer=c.optimizer,
        feature_names=_feature_names(e),
        tol=e.tol,
        reference=reference,
        by_gradient=by_gradient,
        standardize=e.standardize,
        is_batch=is_batch,
        is_smooth=c.loss.smooth,
        curvature_is_exact=is_batch and c.loss.curvature is not None,
    )
    return Plan(run, null_params, facts, getattr(c.optimizer, "momentum", None))


def _automatic_rate(c, objective, spectrum, null_params):
    """A function that computes the automatic rate for the momentum as the user gave it."""
    if not isinstance(c.sampler, Batch) and getattr(c.optimizer, "momentum", None) == "auto":
        c.optimizer.set_params(momentum=CONSTANT_MOMENTUM)
    optimizer = type(c.optimizer)(**c.optimizer.get_params())

    def automatic():
        return automatic_learning_rate(objective, optimizer, c.sampler, spectrum, null_params)

    return automatic


def _resolve_momentum(c, objective, spectrum, rate):
    """Heavy ball over all rows: the optimal constant where mu is known, 0.9 otherwise."""
    if isinstance(c.optimizer, Momentum) and c.optimizer.momentum == "auto":
        mu = smallest_curvature(objective, spectrum)
        momentum = CONSTANT_MOMENTUM if mu is None else optimal_momentum(rate, mu)
        c.optimizer.set_params(momentum=momentum)
    if isinstance(c.optimizer, Nesterov) and not c.loss.smooth and c.optimizer.momentum == "auto":
        # the accelerated sequence would add up the errors of subgradients
        c.optimizer.set_params(momentum=CONSTANT_MOMENTUM)


def _is_quadratic(loss, objective, spectrum):
    """Whether the moments may stand for the rows.

    They cost p^2 operations a row once, a pass over the data 4 p a row and epoch: with the
    p <= 512 for which they are formed at all, the price of at most 128 epochs, and of far fewer
    as matrix products run several times faster than passes over memory. They are formed for the
    learning rate in any case. Fewer rows than twice the columns are used as they are.
    """
    enough_rows = objective.n_samples >= 2 * objective.design.n_parameters
    return isinstance(loss, SquaredError) and enough_rows and spectrum.moments is not None


def _finite_start(objective, null_params, start):
    """Objective at the null parameters or at the start, the larger; an error if it overflows."""
    points = [null_params] if start is None else [null_params, start.params]
    with np.errstate(over="ignore", invalid="ignore"):
        largest = max(objective.value(point) for point in points)
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


def _stopping(e, c, reference, by_gradient, null_objective, swing):
    """The rule that ends the run, and the plateau that an adaptive schedule listens to."""
    column = "validation_score" if e.early_stopping else "objective"
    listens = isinstance(c.schedule, Adaptive)
    tol = 0.0 if e.schedule == "auto" and listens else e.tol or 0.0
    patience = getattr(c.schedule, "patience", None) or max(e.n_iter_no_change, swing)
    # residuals 1e-8 of those at the start are rounding
    plateau = Plateau(column, tol, patience, smallest=1e-16 * abs(null_objective))
    if by_gradient:
        return Tolerance(e.tol, reference), plateau if listens else None
    if e.tol is None and not listens:
        return Never(), None
    return Never(), plateau


def _feature_names(e):
    names = getattr(e, "feature_names_in_", None)
    return [f"x{j}" for j in range(e.n_features_in_)] if names is None else list(names)


def _name(choice):
    return repr(choice) if isinstance(choice, str) or choice is None else type(choice).__name__
