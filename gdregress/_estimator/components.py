"""Build components from parameters such as ``loss="huber"``; refuse some combinations."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdregress._estimator.planning.learning_rate import learns_rate
from gdregress._estimator.planning.method import asks_for_conjugate_gradients
from gdregress._objective.prox_check import check_prox
from gdregress._utils.validation import (
    build_component,
    changed_parameters,
    check_loss,
    warn_ignored,
)
from gdregress.losses import Loss
from gdregress.losses.from_function import CallableLoss
from gdregress.optimizers import OPTIMIZERS
from gdregress.optimizers.from_optax import as_optimizer
from gdregress.penalties import PENALTIES
from gdregress.penalties.from_object import as_penalty
from gdregress.samplers import SAMPLERS, Batch
from gdregress.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    FromFunction,
    InverseScaling,
    Schedule,
)

# Epochs without progress after which an automatic schedule halves the rate: four times the ten
# steps over which Adam averages gradients, so that its swings do not count as plateaus; twenty for
# kinks, where the objective swings from one epoch to the next.
PATIENCE_WITH_MEMORY, PATIENCE_AT_KINKS = 40, 20


# The failure of a prox that takes only one step size for all coefficients.
_NEEDS_ARRAYS = (
    "Let prox(w, step_size) minimise value(u) + sum((u - w)**2 / (2 * step_size)) for an array "
    "step_size of the shape of w,"
)


@dataclass(frozen=True, eq=False, repr=False)
class Components:
    """The objects that the parameters stand for.

    ``failure_of_prox`` says why the prox of the penalty cannot take a step size for each
    coefficient; None where it can.
    """

    loss: Any
    penalty: Any
    optimizer: Any
    sampler: Any
    schedule: Any
    failure_of_prox: str | None = None

    def with_checked_penalty(self, n_features, loss, y, names=None):
        """Return these components after a check of the penalty's prox.

        Raises
        ------
        ValueError
            For strengths that do not suit the features, a prox that is not that of the value,
            or that does not suit the optimizer.
        """
        shape = (n_features, *loss.output_shape(y))
        self.penalty.check_features(n_features, names)
        failure = None if self.penalty.is_builtin else check_prox(self.penalty, shape, y)
        if failure is not None and self.optimizer.adaptive:
            raise ValueError(
                f"{_name(self.optimizer)} has a step size for each coefficient, for which "
                f"{self.penalty.label}.prox has no right answer: {failure}. "
                f"{_NEEDS_ARRAYS} or use an optimizer with one step size, such as 'nesterov'."
            )
        return replace(self, loss=loss, failure_of_prox=failure)


def build_components(estimator, in_parts=False, validated=False):
    """Build every component; refuse combinations, warn of parameters without effect.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    in_parts : bool
        Whether this is `partial_fit`.
    validated : bool
        Whether `fit` has been given rows to validate on.
    """
    alpha, l1_ratio = estimator.alpha, estimator.l1_ratio
    batch_size, shuffle = estimator.batch_size, estimator.shuffle
    loss, by_loss = build_loss(estimator)
    check_loss(loss, estimator)
    penalty, by_penalty = build_component(
        as_penalty(estimator.penalty), PENALTIES, {"alpha": alpha, "l1_ratio": l1_ratio}
    )
    sampler, by_sampler = build_component(
        estimator.solver, SAMPLERS, {"batch_size": batch_size, "shuffle": shuffle}
    )
    chosen = _optimizer(estimator, loss, sampler, in_parts)
    optimizer, by_optimizer = build_component(chosen, OPTIMIZERS, {"momentum": estimator.momentum})
    learned = learns_rate(estimator, sampler) and not in_parts
    schedule, by_schedule = _build_schedule(estimator, loss, optimizer, sampler, learned)
    components = Components(loss, penalty, optimizer, sampler, schedule)
    _refuse_line_search(estimator, components)
    _refuse_variance_reduction(estimator, components, in_parts)
    if asks_for_conjugate_gradients(estimator):
        _refuse_for_conjugate_gradients(estimator, components, in_parts)
    used = by_loss | by_penalty | by_optimizer | by_sampler | by_schedule
    if estimator.early_stopping or validated:
        used |= {"validation_fraction", "scoring"}
    _warn_unused(estimator, components, used)
    return components


def over_all_rows(estimator, components):
    """Return the components that continue batches over all rows.

    An optimizer or a momentum that was given stays; variance reduction has no meaning there.
    """
    sampler, optimizer = Batch(), components.optimizer
    if estimator.optimizer == "auto" or optimizer.variance_reduced:
        optimizer, _ = build_component("nesterov", OPTIMIZERS, {"momentum": estimator.momentum})
    schedule, _ = _build_schedule(estimator, components.loss, optimizer, sampler, learned=False)
    return replace(components, optimizer=optimizer, sampler=sampler, schedule=schedule)


def _optimizer(estimator, loss, sampler, in_parts):
    """The optimizer, or the name of that which "auto" stands for.

    Variance reduction ends at the minimum with batches, of a smooth loss and at an automatic
    rate; it needs epochs over all rows, and the last parameters. All other runs, and those with a
    given momentum, descend by Nesterov's momentum, unless `method_of` chooses another method.
    """
    if asks_for_conjugate_gradients(estimator):
        return "nesterov"  # which has no part in such a run
    if not (isinstance(estimator.optimizer, str) and estimator.optimizer == "auto"):
        return as_optimizer(estimator.optimizer)
    reduced = (
        not sampler.takes_all_rows
        and loss.smooth
        and not in_parts
        and not estimator.average
        and estimator.learning_rate == "auto"
        and estimator.momentum == "auto"
    )
    return "svrg" if reduced else "nesterov"


def _warn_unused(estimator, components, used):
    """Warn of parameters that were set although these components do not use them.

    Parameters
    ----------
    used : set of str
        Parameters that the components were built with.
    """
    if _uses_n_iter_no_change(estimator, components):
        used.add("n_iter_no_change")
    if not (components.penalty.active or np.any(estimator.alpha)):
        used.add("alpha")  # it says the same
    unused = changed_parameters(estimator).keys() - used
    if not unused:
        return
    penalty = f"penalty={_name(estimator.penalty)} does not use it"
    solver, schedule = _name(estimator.solver), _name(estimator.schedule)
    reasons = {
        "epsilon": f"loss={_name(estimator.loss)} does not use it",
        "alpha": penalty,
        "l1_ratio": penalty,
        "momentum": f"optimizer={_name(estimator.optimizer)} does not use it",
        "batch_size": f"solver={solver} does not use it, only 'mini-batch' does",
        "shuffle": "solver='batch' uses all rows at once",
        "power_t": f"schedule={schedule} does not use it, only 'invscaling' does",
        "validation_fraction": "early_stopping is False",
        "scoring": "early_stopping is False",
        "n_iter_no_change": "this run is not ended by a plateau",
    }
    warn_ignored(estimator, {name: why for name, why in reasons.items() if name in unused})


def build_loss(estimator):
    """The loss, a function wrapped into one, and the parameters it took."""
    if callable(estimator.loss) and not isinstance(estimator.loss, Loss):
        return CallableLoss(estimator.loss), set()
    of_loss = {name: getattr(estimator, name) for name in ("epsilon",) if hasattr(estimator, name)}
    return build_component(estimator.loss, estimator._losses, of_loss)


def _uses_n_iter_no_change(estimator, components):
    schedule = components.schedule
    if schedule.listens:
        return schedule.patience is None
    # other runs of smooth losses are ended by what is left of the objective
    by_plateau = estimator.early_stopping or not components.loss.smooth
    return estimator.tol is not None and by_plateau


def _build_schedule(estimator, loss, optimizer, sampler, learned):
    """The schedule, and the names of the parameters it took.

    "auto", with all rows per update:

    - constant for a smooth loss and an optimizer whose steps shrink with the gradient;
    - for rules that divide by a decaying mean of past gradients, whose steps keep their length
      for ever, and for losses with kinks, whose gradients do: halved whenever a plateau is
      reached. On piecewise linear objectives steps that shrink geometrically converge
      geometrically (Goffin, "On convergence rates of subgradient optimization methods", 1977).

    "auto", with batches: constant where the rate is `learned`, for AdaGrad, whose steps fall like
    1 / sqrt(t) by themselves, and for SVRG, whose gradients become exact; otherwise
    (1 + epochs)^-0.75, whose sum diverges and whose sum of squares does not, as Robbins and Monro
    ask; a hundred updates count as an epoch where it has fewer.
    """
    if callable(estimator.schedule) and not isinstance(estimator.schedule, Schedule):
        return FromFunction(estimator.schedule), set()
    if not isinstance(estimator.schedule, str) or estimator.schedule != "auto":
        return build_component(estimator.schedule, SCHEDULES, {"power_t": estimator.power_t})
    if not sampler.takes_all_rows:
        constant = learned or optimizer.decays_by_itself or optimizer.variance_reduced
        return Constant() if constant else InverseScaling(power_t=0.75, scale=None), set()
    if not loss.smooth:
        smallest = max(1e-12, estimator.tol or 0.0)
        return Adaptive(2.0, smallest=min(smallest, 0.5), patience=PATIENCE_AT_KINKS), set()
    if optimizer.keeps_step_length:
        return Adaptive(2.0, smallest=1e-12, patience=PATIENCE_WITH_MEMORY), set()
    return Constant(), set()


def _refuse_line_search(estimator, components):
    """Raise ValueError for a combination without a line search."""
    if estimator.learning_rate != "line-search":
        return
    loss, optimizer = _name(estimator.loss), _name(estimator.optimizer)
    schedule = estimator.schedule
    problems = {
        f"solver={estimator.solver!r}, whose batches are a different function at each update; "
        "use solver='batch'": not components.sampler.takes_all_rows,
        f"optimizer={optimizer}, whose steps are scaled per coordinate; use 'gd', "
        "'momentum' or 'nesterov'": components.optimizer.adaptive,
        f"loss={loss}, which has kinks; use learning_rate='auto'": not components.loss.smooth,
        f"schedule={schedule!r}; use 'auto' or 'constant'": schedule not in ("auto", "constant"),
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(f"learning_rate='line-search' cannot be combined with {problem}.")


def _refuse_variance_reduction(estimator, components, in_parts):
    """Raise ValueError for a combination without variance reduction."""
    if not components.optimizer.variance_reduced:
        return
    solver, loss = estimator.solver, _name(estimator.loss)
    problems = {
        f"solver={solver!r}: a full batch has no variance; use 'nesterov' or 'gd', or "
        "solver='mini-batch'": components.sampler.takes_all_rows,
        f"loss={loss}: it has kinks, at which slopes jump, and differences of slopes do not "
        "vanish near the minimum; use 'gd' or 'adam'": not components.loss.smooth,
        "partial_fit: a call knows some of the rows, and there is no epoch over all of them whose "
        "gradient could be kept; use 'gd' or 'adam'": in_parts,
        f"average={estimator.average!r}: the last parameters have no noise left to average; use "
        "average=False": bool(estimator.average),
    }
    for problem, present in problems.items():
        if present:
            optimizer = _name(estimator.optimizer)
            raise ValueError(f"optimizer={optimizer} cannot be combined with {problem}.")


def _refuse_for_conjugate_gradients(estimator, components, in_parts):
    """Raise ValueError for parameters that conjugate gradients do not support or use."""
    rate, loss, terms = estimator.learning_rate, components.loss, components.penalty.kernel_terms
    smooth = terms is not None and terms.bounds is None and not np.any(terms.l1)
    problems = {
        f"solver={estimator.solver!r}, whose batches are a different function at each update; "
        "use solver='batch'": not components.sampler.takes_all_rows,
        "partial_fit: the rows of another call are another function; use 'auto', 'gd' or "
        "'adam'": in_parts,
        f"loss={_name(estimator.loss)}, which has kinks, or is not known to be convex; use "
        "optimizer='auto'": not (loss.smooth and loss.convex and loss.kernel is not None),
        f"penalty={_name(estimator.penalty)}, which is not l2 alone; use penalty='l2' or None, "
        "or optimizer='auto'": not smooth,
        f"learning_rate={rate!r}, since each step ends where the objective is least along it; use "
        "learning_rate='auto'": rate != "auto",
        f"momentum={estimator.momentum!r}, since conjugacy chooses it; use "
        "momentum='auto'": estimator.momentum != "auto",
        f"schedule={_name(estimator.schedule)}, since there is no rate that could fall; use "
        "schedule='auto'": estimator.schedule not in ("auto", "constant"),
        f"average={estimator.average!r}, whose steps have no noise to average; use "
        "average=False": bool(estimator.average),
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(
                f"optimizer={estimator.optimizer!r} cannot be combined with {problem}."
            )


def refuse_columns(components, where):
    """Raise ValueError for scaled columns with a penalty whose prox takes one step size only."""
    if components.failure_of_prox is not None:
        name = components.penalty.label
        raise ValueError(
            f"{where} descends in scaled columns, which have a step size for each coefficient, "
            f"and {name}.prox has no right answer for these: {components.failure_of_prox}. "
            f"{_NEEDS_ARRAYS} or give the learning_rate as a number and leave the preconditioner "
            "as it is."
        )


def _name(choice):
    return repr(choice) if isinstance(choice, str) or choice is None else type(choice).__name__
