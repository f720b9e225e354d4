"""The result of a run that has ended: the parameters that are kept, and their gap."""

import math

import numpy as np

from gdregress._objective.in_double import rounding_of_predictions, value_as_stored
from gdregress._solver.run import Result

# Reasons to stop after which the gap is not measured: it is known, or not needed.
UNMEASURED = ("tolerance", "interrupted")
# Changes below so many times the rounding of the objective are none.
NOISE = 100.0


def result_of(run, state, best, reason, n_iter, interrupt):
    """The result of a run, whose state is left ready to be resumed.

    The parameters are the last ones, or the best ones where the run was stopped by early
    stopping, divergence, a plateau or an interrupt, or where a rate that is automatic or falls
    has ended above the null objective.

    Parameters
    ----------
    run : Run
    state : State
    best : Best
    reason : str
    n_iter : int
    interrupt : BaseException or None

    Returns
    -------
    Result
    """
    last_row, best_row = len(run.history) - 1, best.epoch - run.history["epoch"][0]
    reason = _measured(run, last_row, state.reported(), reason)
    keeps_best = _settle(run, state, best, reason, best_row)
    if keeps_best:
        reason = _measured(run, best_row, best.params, reason)
    params = run.objective.to_user(best.params if keeps_best else state.reported())
    kept_row = best_row if keeps_best else last_row
    if reason == "tolerance":
        reason = _as_stored(run, kept_row, params)
    if reason == "tolerance":
        run.history.measure_gaps_from_last()
    return Result(params, run, reason, n_iter, best_row, kept_row, interrupt)


def _measured(run, index, params, reason):
    """Measure the last gap, and return why the run has ended: it may be small enough."""
    certificate = run.certificate
    if certificate is None or not certificate.measures_end or reason in UNMEASURED:
        return reason
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        gap = certificate.measured(params, run.history["objective"][index])
    run.history.correct(index, "gap", gap)
    if not math.isfinite(gap):
        return reason
    ended_early = reason not in ("max_iter", "plateau")
    return reason if ended_early else run.stopping.update(run.history.full_row(index)) or reason


def _as_stored(run, index, params):
    """Return why a run that meets its tolerance ends: rounding may take its parameters too far.

    Where means are large beside spreads, or columns all but cancel, predictions are differences
    of large numbers, and half a digit of a parameter moves them visibly. F is measured again
    where parameters have fewer digits than the sums over rows, and along envelopes, whose rows
    move by sums of steps; at kinks what rounding makes of predictions is added to the gap.
    """
    objective, row = run.objective, run.history.full_row(index)
    known, value = row["gap"], row["objective"]
    if known is None or not isinstance(params, np.ndarray):
        return "tolerance"
    gap = known
    along_envelopes = run.method == "envelope"
    if objective.has_rows and (along_envelopes or params.dtype == np.float32):
        loss, penalty = value_as_stored(objective, params)
        gap, value = gap + max(loss + penalty - value, 0.0), loss + penalty
        for column, number in (("objective", value), ("loss", loss), ("penalty", penalty)):
            run.history.correct(index, column, number)
    if along_envelopes:
        gap += rounding_of_predictions(objective, params)
    run.history.correct(index, "gap", gap)
    noise = NOISE * objective.rounding * abs(value)
    proven = gap <= known + noise or run.stopping.still_proves(gap, value)
    return "tolerance" if proven else "plateau"


def _settle(run, state, best, reason, best_row):
    """Put the state to the start of a later run; return whether the best parameters are kept."""
    if run.objective.from_moments:
        state.anchor = run.objective.finite_anchor()
    state.snapshot = state.multipliers = None
    values = run.history["objective"]
    state.objective, worse_than_null = values[-1], values[-1] > _ceiling(run)
    if run.stops_on_score or reason in run.keep_best_on:
        state.restart_at(best.params, run.optimizer)
        state.objective = values[best_row]
        return True
    return worse_than_null


def _ceiling(run):
    """Return the objective above which the best parameters are kept; inf under a constant rate.

    A rate that is automatic or falls is expected to end below the null model.
    """
    if run.may_cut_rate:
        return run.divergence.null_objective
    return math.inf if run.plateau is None else run.plateau.ceiling
