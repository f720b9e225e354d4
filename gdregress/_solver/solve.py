"""The loop: batch, stochastic and mini-batch descent are this one loop with other samplers."""

import math
from contextlib import closing
from functools import partial

import numpy as np

from gdregress._engines import choose_engine
from gdregress._solver.best import Best
from gdregress._solver.course import course_of, take_up_rows, take_up_rules
from gdregress._solver.meter import Meter
from gdregress._solver.run import Result

# An automatic rate that did not hold is divided by this much, at most so often.
CUT, MAX_CUTS = 4.0, 40
# Reasons after which nothing is measured any more: the gap is known, or nobody waits for it.
UNMEASURED = ("tolerance", "interrupted")


def solve(run, state, course=None):
    """Descend until a rule says stop; `state` is left at the last update.

    Parameters
    ----------
    run : Run
    state : State
    course : dict or None
        Of an interrupted run, which is taken up from the state that belongs to it.

    Returns
    -------
    Result
        Its parameters are the last ones, or the best ones where the run was stopped by early
        stopping, divergence, a plateau or an interrupt, or where a rate that is automatic or
        falls has ended above the null objective.
    """
    _begin(run, state)
    row = Meter(run)(state, rate=run.learning_rate * state.rate_factor)
    if course is not None:
        row = take_up_rows(course, run)
        _move_anchor(run, state)  # which measuring may have moved
    if run.line_search is not None:
        run.line_search.last = state.searched
    if run.learned_rate is not None:
        run.learned_rate.begin(state, row)
    state.objective = None  # that of the last run
    best = Best(run, state.reported(), row)
    stop, interrupt, n_iter, cuts = None, None, 0, 0
    if course is not None:
        n_iter, cuts, stop = take_up_rules(course, run, best).values()
        if _is_renewed(run, row, stop):
            stop = None
            run = run.renewal.renew(run, state, best) if n_iter < run.max_iter else run
    try:
        while stop is None and n_iter < run.max_iter:
            with closing(_epochs(run, state, run.max_iter - n_iter)) as epochs:
                for row in epochs:
                    n_iter += 1
                    kept = run.learned_rate is None or run.learned_rate.keeps(state, row)
                    row = row if kept else run.history.full_row(-1)
                    diverged = run.divergence.update(row)
                    if diverged and run.may_cut_rate and cuts < MAX_CUTS:
                        cuts += 1
                        state.rate_factor /= CUT
                        state.restart_at(best.params, run.optimizer)
                        continue
                    best.offer(row, state.reported())
                    stop = diverged or (_stopped(run, state, row) if kept else None)
                    if run.on_epoch is not None:
                        counts = {"n_iter": n_iter, "cuts": cuts, "stop": stop}
                        so_far = partial(course_of, run, state, best, **counts)
                        if run.on_epoch(run.history, _user(run, state), so_far):
                            stop = stop or "callback"
                    renewed = _is_renewed(run, row, stop)
                    stop = None if renewed else stop
                    if stop is not None or renewed:
                        break
            if stop is None and n_iter < run.max_iter:
                run = run.renewal.renew(run, state, best)
    except KeyboardInterrupt as error:
        stop, interrupt = "interrupted", error
    reason = stop or "max_iter"
    best_row = _row_of(best, run)
    reason = _measured(run, len(run.history) - 1, state.reported(), reason)
    params, keeps_best = _end(run, state, best, reason)
    kept_row = best_row if keeps_best else len(run.history) - 1
    if keeps_best:
        _measured(run, best_row, best.params, reason)
    params = run.objective.to_user(params)
    return Result(params, run, reason, n_iter, best_row, kept_row, interrupt)


def _measured(run, index, params, reason):
    """Why a run has ended, after its last gap has been measured: it may be small enough."""
    certificate = run.certificate
    if certificate is None or not certificate.measures_end or reason in UNMEASURED:
        return reason
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        gap = certificate.estimate(params)
    if not math.isfinite(gap):
        return reason
    run.history.correct(index, "gap", gap)
    ended_early = reason not in ("max_iter", "plateau")
    return reason if ended_early else run.stopping.update(run.history.full_row(index)) or reason


def _epochs(run, state, most):
    """The rows of the epochs, by the engine for this run."""
    return choose_engine(run, state, Meter(run)).epochs(state, most)


def _is_renewed(run, row, stop):
    """Whether the run continues in other coordinates, or by another method."""
    return run.renewal is not None and run.renewal.is_due(row, stop)


def _user(run, state):
    return run.objective.to_user(state.reported())


def _begin(run, state):
    """Set the optimizer's memory unless it continues, and the last rate of a line search."""
    fresh = run.optimizer.init(state.params)
    if type(state.memory) is not type(fresh):
        state.memory = fresh
    if run.line_search is not None and state.learning_rate is not None:
        run.line_search.rate = state.learning_rate
    state.learning_rate = run.learning_rate
    if run.schedule.listens:
        state.plateau = run.plateau
    _move_anchor(run, state)


def _move_anchor(run, state):
    """Expand a quadratic objective where the last run has."""
    if state.anchor is not None and run.objective.from_moments:
        run.objective.move_anchor(state.anchor)


def _stopped(run, state, row):
    """Why the run ends with this epoch, or None."""
    return run.stopping.update(row) or _on_plateau(run, state, row)


def _on_plateau(run, state, row):
    """Reduce the learning rate of an adaptive schedule; "plateau" once it is exhausted."""
    if run.plateau is None or run.plateau.update(row) is None:
        return None
    if not run.schedule.listens:
        return "plateau"
    state.rate_factor /= run.schedule.divisor
    run.plateau.restart()
    return "plateau" if state.rate_factor < run.schedule.smallest else None


def _nothing(run):
    """The objective above which the last parameters are worth nothing; inf under a constant rate.

    A rate that is automatic or falls is expected to end below the null model.
    """
    if run.may_cut_rate:
        return run.divergence.null_objective
    return math.inf if run.plateau is None else run.plateau.ceiling


def _end(run, state, best, reason):
    """Leave the state ready to be resumed; parameters to keep, and whether those are the best."""
    if run.objective.from_moments:
        state.anchor = run.objective.finite_anchor()
    state.snapshot = state.multipliers = None
    values = run.history["objective"]
    state.objective, worse_than_nothing = values[-1], values[-1] > _nothing(run)
    keeps_best = run.stops_on_score or reason in run.keep_best_on
    if keeps_best:
        state.restart_at(best.params, run.optimizer)
        state.objective = values[_row_of(best, run)]
    keeps_best = keeps_best or worse_than_nothing
    return best.params if keeps_best else state.reported(), keeps_best


def _row_of(best, run):
    """Number of the row at whose end the best parameters were."""
    return best.epoch - run.history["epoch"][0]
