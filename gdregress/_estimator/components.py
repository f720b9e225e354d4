"""The objects that names stand for, and the combinations of them that are refused."""

from dataclasses import dataclass
from typing import Any

from gdregress._utils.validation import (
    InvalidParameterError,
    build_component,
    check_loss,
    warn_ignored,
)
from gdregress.losses import Loss
from gdregress.losses.from_function import CallableLoss
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import PENALTIES
from gdregress.samplers import SOLVERS
from gdregress.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    FromFunction,
    InverseScaling,
    Schedule,
)

# Epochs without any progress after which an automatic schedule halves the rate. Four times the
# ten steps over which Adam averages gradients, so that its swings are not taken for plateaus;
# kinks make the objective swing from one epoch to the next, and twenty are enough to tell.
PATIENCE_WITH_MEMORY, PATIENCE_AT_KINKS = 40, 20


@dataclass(frozen=True)
class Components:
    """The objects that the parameters stand for."""

    loss: Any
    penalty: Any
    optimizer: Any
    sampler: Any
    schedule: Any


def build_components(estimator):
    """Build every component; refuse combinations, warn of parameters without effect."""
    e = estimator
    loss, by_loss = _build_loss(e)
    check_loss(loss, e)
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
    unused = {name: why for name, why in reasons.items() if name not in taken and hasattr(e, name)}
    warn_ignored(e, unused)
    return Components(loss, penalty, optimizer, sampler, schedule)


def _build_loss(e):
    """The loss, a function wrapped into one, and the parameters it took."""
    if isinstance(e.loss, type):
        raise InvalidParameterError(
            f"The 'loss' parameter of {type(e).__name__} must be an instance, "
            f"{e.loss.__name__}(). Got {e.loss!r} instead."
        )
    if callable(e.loss) and not isinstance(e.loss, Loss):
        return CallableLoss(e.loss), set()
    of_loss = {name: getattr(e, name) for name in ("epsilon",) if hasattr(e, name)}
    return build_component(e.loss, e._losses, of_loss)


def _waits_for_plateaus(e, loss, sampler, schedule):
    """Whether ``n_iter_no_change`` plays a part."""
    if schedule.listens:
        return schedule.patience is None
    by_gradient = sampler.takes_all_rows and loss.smooth and not e.early_stopping
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
    if callable(e.schedule) and not isinstance(e.schedule, Schedule):
        return FromFunction(e.schedule), set()
    if not isinstance(e.schedule, str) or e.schedule != "auto":
        return build_component(e.schedule, SCHEDULES, {"power_t": e.power_t})
    if not sampler.takes_all_rows:
        by_itself = optimizer.decays_by_itself
        return Constant() if by_itself else InverseScaling(power_t=0.75, scale=None), set()
    if not loss.smooth:
        smallest = max(1e-12, e.tol or 0.0)
        return Adaptive(2.0, smallest=min(smallest, 0.5), patience=PATIENCE_AT_KINKS), set()
    if optimizer.keeps_step_length:
        return Adaptive(2.0, smallest=1e-12, patience=PATIENCE_WITH_MEMORY), set()
    return Constant(), set()


def _refuse_combinations(e, loss, optimizer, sampler):
    if e.learning_rate != "line-search":
        return
    problems = {
        f"solver={e.solver!r}, whose batches are a different function at each update; "
        "use solver='batch'": not sampler.takes_all_rows,
        f"optimizer={_name(e.optimizer)}, whose steps are scaled per coordinate; use 'gd', "
        "'momentum' or 'nesterov'": optimizer.adaptive,
        f"loss={_name(e.loss)}, which has kinks; use learning_rate='auto'": not loss.smooth,
        f"schedule={e.schedule!r}; use 'auto' or 'constant'": e.schedule
        not in ("auto", "constant"),
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(f"learning_rate='line-search' cannot be combined with {problem}.")


def _name(choice):
    return repr(choice) if isinstance(choice, str) or choice is None else type(choice).__name__
