"""The loop: batch, stochastic and mini-batch descent are this one loop with other samplers."""

import math
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from gdregress._core.row_orders import RowOrders
from gdregress._engines import compiled
from gdregress._engines import jitted as jitted_epoch
from gdregress._engines import moments as compiled_batch
from gdregress._engines.ahead import most_epochs_ahead, run_ahead
from gdregress._engines.overlapped import overlaps, run_overlapped
from gdregress._objective.quadratic import QuadraticObjective
from gdregress._solver.averaging import SuffixAverage
from gdregress._solver.history import History
from gdregress._solver.stopping import Plateau, Tolerance
from gdregress.losses.classification import Perceptron
from gdregress.losses.multiclass import of_one_label
from gdregress.penalties import NoPenalty
from gdregress.samplers import Batch
from gdregress.schedules import Adaptive, check_factor

# An automatic rate that did not hold is divided by this much, at most so often.
CUT, MOST_CUTS = 4.0, 40


@dataclass
class State:
    """Everything that a resumed run needs.

    ``learning_rate`` is the last one before the schedule and ``rate_factor``, which is what
    plateaus and cuts have left of it. ``searched`` is the point and gradient of the last line
    search, ``objective`` the value at the end, by which the same data are known again.
    ``anchor`` is where a quadratic objective was last taken from the data, ``plateau`` what an
    adaptive schedule listens to. The totals of the weights and rows seen so far make the weights
    of calls to `partial_fit` comparable. ``settings`` are the parameters under which the state
    came about.
    """

    params: Any
    rng: np.random.RandomState
    optimizer: Any = None
    count: int = 0
    epoch: int = 0
    learning_rate: float | None = None
    rate_factor: float = 1.0
    searched: Any = None
    objective: float | None = None
    average: SuffixAverage | None = None
    anchor: Any = None
    plateau: Any = None
    weight_total: float = 0.0
    row_total: int = 0
    settings: str = ""
    scaling: Any = None

    def reported(self):
        """The parameters that are evaluated, validated and returned."""
        return self.params if self.average is None else self.average.value(self.params)


@dataclass
class Run:
    """Parts of one run, none of which knows the others.

    ``learning_rate`` is a float; ``safeguard`` allows the loop to cut it when the run diverges;
    ``line_search`` replaces it. ``gradient_step`` is the step size of the gradient mapping.
    It is measured in ``gradient_units``. ``first_count`` is the count at which the schedule
    begins. ``started`` is the reading of the clock from which the history counts its seconds.
    ``best_after`` are the reasons to stop after which the best parameters are kept, not the last.
    ``validate(params)`` is the score on the rows held out, ``store(params)`` gives coefficients
    and intercept to be kept in the history, ``on_epoch(params)`` may end the run by True.
    """

    objective: Any
    optimizer: Any
    sampler: Any
    schedule: Any
    learning_rate: float
    stopping: Any
    divergence: Any
    max_iter: int
    gradient_step: float
    started: float
    gradient_units: Any
    first_count: int = 0
    safeguard: bool = False
    line_search: Any = None
    best_after: tuple = ("diverged", "interrupted", "plateau")
    plateau: Plateau | None = None
    validate: Any = None
    store: Any = None
    on_epoch: Any = None
    history: History = field(default_factory=History)
    row_orders: RowOrders = field(default_factory=RowOrders)


@dataclass
class Result:
    """How a run ended: the parameters to keep, why it stopped, and the last whole epoch."""

    params: Any
    stop_reason: str
    n_iter: int
    interrupt: BaseException | None = None


def solve(run, state):
    """Descend until a rule says stop; `state` is left at the last update.

    Returns
    -------
    Result
        Its parameters are the last ones, or the best ones where the run was stopped by early
        stopping, divergence, a plateau or an interrupt, or where an automatic rate has ended
        above the null objective.
    """
    _begin(run, state)
    measure = _Meter(run)
    row = measure(state, rate=run.learning_rate * state.rate_factor)
    _take_up_search(run, state, row)
    best = _Best(run, state.reported(), row)
    several, most = _several(run, state)
    stop, interrupt, n_iter, cuts = None, None, 0, 0
    try:
        while n_iter < run.max_iter and stop is None:
            epochs = _epochs(run, state, measure, several, min(most, run.max_iter - n_iter))
            for row in epochs:
                n_iter += 1
                diverged = run.divergence.update(row)
                if diverged and run.safeguard and cuts < MOST_CUTS:
                    cuts += 1
                    state.rate_factor /= CUT
                    restart_at(state, run.optimizer, best.params)
                    break
                best.offer(row, state.reported())
                stop = diverged or run.stopping.update(row) or _on_plateau(run, state, row)
                if run.on_epoch is not None and run.on_epoch(state.reported()):
                    stop = stop or "callback"
                if stop is not None:
                    break
            epochs.close()
    except KeyboardInterrupt as error:
        stop, interrupt = "interrupted", error
    reason = stop or "max_iter"
    if isinstance(run.objective, QuadraticObjective):
        state.anchor = run.objective.finite_anchor()
    last = state.objective = run.history["objective"][-1]
    worse_than_nothing = run.safeguard and last > run.divergence.null_objective
    if run.validate is not None or reason in run.best_after:
        restart_at(state, run.optimizer, best.params)
    params = best.params if worse_than_nothing else state.reported()
    return Result(params, reason, n_iter, interrupt)


def _begin(run, state):
    """Fill in the optimizer's memory unless it continues, and the last rate of a line search."""
    fresh = run.optimizer.init(state.params)
    if type(state.optimizer) is not type(fresh):
        state.optimizer = fresh
    if run.line_search is not None and state.learning_rate is not None:
        run.line_search.rate = state.learning_rate
    state.learning_rate = run.learning_rate
    if isinstance(run.schedule, Adaptive):
        run.plateau = state.plateau = state.plateau or run.plateau
    if isinstance(run.objective, QuadraticObjective) and state.anchor is not None:
        run.objective.move_anchor(state.anchor)


def _take_up_search(run, state, row):
    """Remember the last search if it was made on these data: others have another objective.

    The difference of gradients on different data is no curvature.
    """
    if run.line_search is None or state.searched is None or state.objective is None:
        return
    if math.isclose(row["objective"], state.objective, rel_tol=10 * run.objective.rounding):
        run.line_search.last = state.searched


def restart_at(state, optimizer, params):
    """Put the run back to given parameters, with the memory of its optimizer cleared."""
    state.params = params
    state.optimizer = optimizer.init(params)
    if state.average is not None:
        state.average = SuffixAverage(state.average.start)


def _several(run, state):
    """By what several epochs of this run go together, None if by nothing, and how many at most."""
    if compiled_batch.applies(run, state):
        return compiled_batch.run_in_core, run.max_iter
    if run.max_iter > 1 and overlaps(run, state):
        return run_overlapped, run.max_iter
    most = most_epochs_ahead(run, state)
    return (run_ahead, most) if most > 1 else (None, 1)


def _epochs(run, state, measure, several, most):
    """Run at most so many epochs; yields the row of each, with the state as it was after it."""
    if several is not None:
        whole = yield from several(run, state, most, run_epoch, measure)
        if whole:
            return
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        evaluated, rate = run_epoch(run, state)
        row = measure(state, rate, evaluated)
    yield row


def run_epoch(run, state):
    """One pass over the data; returns (point, gradient) of a batch update and the last rate."""
    if compiled.applies(run, state):
        return None, compiled.compiled_epoch(run, state)
    if jitted_epoch.applies(run, state):
        return None, jitted_epoch.jitted_epoch(run, state)
    objective, optimizer = run.objective, run.optimizer
    base = run.learning_rate * state.rate_factor
    evaluated, rate = None, base
    for rows, share in objective.batches(run.sampler, state.rng):
        point = optimizer.lookahead(state.params, state.optimizer)
        grad = objective.gradient(point, rows)
        if run.line_search is not None:
            base = state.learning_rate = run.line_search.search(
                objective, point, grad, partial(_point_after, run, state, grad)
            )
            state.searched = run.line_search.last
        factor = float(run.schedule(state.count - run.first_count))
        check_factor(run.schedule, factor)
        rate = base * factor * share
        state.params, state.optimizer = optimizer.step(
            state.params, grad, state.optimizer, rate, objective.prox
        )
        state.count += 1
        if state.average is not None:
            state.average.update(state.params)
        if isinstance(run.sampler, Batch) and state.average is None:
            evaluated = (point, grad)
    state.epoch += 1
    return evaluated, rate / share


def _point_after(run, state, grad, rate):
    """Where the gradient will be taken after a step at this rate."""
    optimizer = run.optimizer
    return optimizer.lookahead(
        *optimizer.step(state.params, grad, state.optimizer, rate, run.objective.prox)
    )


def _on_plateau(run, state, row):
    """Reduce the learning rate of an adaptive schedule; "plateau" once it is exhausted."""
    if run.plateau is None or run.plateau.update(row) is None:
        return None
    schedule = run.schedule
    if not isinstance(schedule, Adaptive):
        return "plateau"
    state.rate_factor /= schedule.divisor
    run.plateau.restart()
    return "plateau" if state.rate_factor < schedule.smallest else None


class _Meter:
    """Appends a row to the history after each epoch, and gives it back."""

    def __init__(self, run):
        self.run = run

    def __call__(self, state, rate, evaluated=None):
        run, objective, params = self.run, self.run.objective, state.reported()
        point, grad = evaluated or (params, objective.gradient(params))
        mapping = objective.gradient_mapping(point, grad, run.gradient_step)
        norm = objective.scaled_norm(mapping, run.gradient_units)
        ahead = None
        if evaluated is not None and self._ends(norm):
            # the step taken since may have left the point again, with the swing of a momentum
            params = point
            if not isinstance(objective.penalty, NoPenalty):
                # where the curvature has no bound only the rate is known not to be too large
                step_size = min(run.gradient_step, rate)
                params = objective.prox(point - step_size * grad, step_size)
            restart_at(state, run.optimizer, params)
        elif evaluated is not None:
            ahead = run.optimizer.lookahead(params, state.optimizer)
        loss, penalty = objective.loss_value(params, ahead), objective.penalty_value(params)
        return self.append(state, params, rate, loss, penalty, norm)

    def unread(self, params, evaluated=None):
        """Loss, penalty and gradient norm as `Unread`, granted that the point ends no run."""
        objective = self.run.objective
        loss, penalty = objective.unread_loss(params), objective.unread_penalty(params)
        point, grad = evaluated or (params, objective.gradient(params))
        mapping = objective.gradient_mapping(point, grad, self.run.gradient_step)
        norm = objective.unread_norm(mapping, self.run.gradient_units)
        return loss, penalty, norm if evaluated is None else norm.unless(self._ends)

    def _ends(self, norm):
        """Whether a norm at the point of an update ends the run there."""
        return isinstance(self.run.stopping, Tolerance) and self.run.stopping.met(norm)

    def append(self, state, params, rate, loss, penalty, norm, now=None):
        """Add a row to the history; ``now`` is the time at which it was known."""
        run, score, now = self.run, None, now or time.perf_counter()
        if run.validate is not None or run.store is not None:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                score = None if run.validate is None else run.validate(params)
                kept = None if run.store is None else run.store(params)
        row = {
            "epoch": state.epoch,
            "t": state.count,
            "objective": loss + penalty,
            "loss": loss,
            "penalty": penalty,
            "gradient_norm": norm,
            "learning_rate": rate,
            "validation_score": score,
            "seconds": now - run.started,
        }
        run.history.append(row)
        if run.store is not None:
            coef, intercept = kept
            run.history.coef.append(coef)
            run.history.intercept.append(intercept)
        return row


class _Best:
    """The best finite parameters: by validation score, or else by objective.

    Of equal scores, which few rows held out often have, that of the lower objective. The
    perceptron has no loss before it has learned anything: such a start is the best only until
    there is something else.
    """

    def __init__(self, run, params, row):
        self.validated = run.validate is not None
        self.params = params
        score, objective = self._rank(row)
        is_perceptron = isinstance(of_one_label(run.objective.loss), Perceptron)
        self.rank = score, math.inf if is_perceptron and objective == 0 else objective

    def offer(self, row, params):
        rank = self._rank(row)
        if rank < self.rank:
            self.rank, self.params = rank, params

    def _rank(self, row):
        """What the best have the least of; what is not finite is never better."""
        objective = row["objective"]
        score = row["validation_score"] if self.validated else 0.0
        if not math.isfinite(objective):
            return math.inf, math.inf
        return math.inf if math.isnan(score) else -score, objective
