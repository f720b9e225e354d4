"""The warnings of runs that have not converged: measurements, predictions and advice.

Advice has been tried on the data, and is the last line of a warning, which can be pasted.
"""

import math
from itertools import pairwise

import numpy as np

from gdregress._estimator.advice.forecast import epochs_needed, fewest_epochs, gaps_of
from gdregress._estimator.advice.trials import Ended, as_text, first_that_helps, penalty_that_ends
from gdregress._utils.array_api import as_column, dot, is_single, to_numpy
from gdregress.exceptions import ConvergenceWarning, DivergenceWarning, warn_user

# Factor of the parameters that tests whether a penalty grows with them.
FAR = 1e6
# Coefficients with so many digits need no remark.
MANY_DIGITS = 8


def report(estimator, result, diagnostics, data=None, continues=False, is_part=False):
    """Warn of a run that has diverged, or has ended short of the minimum without being told to.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    result : Result
    diagnostics : RunDiagnostics
    data : tuple of (X, y, sample_weight, validation, offsets) or None
        As the user gave them, to try advice on; None where they cannot be had.
    continues : bool
        Whether the run went on from an earlier one.
    is_part : bool
        Whether the rows are only a part, as in `partial_fit`.
    """
    reason, wants_minimum = result.stop_reason, estimator.tol is not None
    ended = _ended(estimator, result, diagnostics, data)
    if reason == "diverged":
        _warn_diverged(ended, diagnostics)
    elif reason != "tolerance" and not is_part:
        short = reason == "max_iter" or (reason == "plateau" and not estimator.early_stopping)
        failed = result.best_row == 0 and (wants_minimum or not continues)
        if failed or (short and wants_minimum):
            _warn_not_converged(ended, diagnostics)


def _ended(estimator, result, diagnostics, data):
    run = result.run
    measured = run.certificate is not None or run.method == "envelope"
    gap = run.history.full_row(result.kept_row)["gap"] if measured else None
    gap = None if gap is None or not math.isfinite(gap) else gap
    null = diagnostics.null_objective
    return Ended(estimator, data, result, null, gap, diagnostics.has_scale)


def _warn_diverged(ended, diagnostics):
    """DivergenceWarning: the rates, the growth, the steepest columns, what works."""
    result, run = ended.result, ended.result.run
    objective = run.history["objective"]
    rate = run.history["learning_rate"][-1]
    lines = [
        f"{diagnostics.name} diverged: in epoch {run.history['epoch'][-1]} the objective is "
        f"{objective[-1]:.4g}, after {objective[0]:.4g} at the start{_growth(objective)}. The run "
        f"was ended and the parameters of epoch {run.history['epoch'][result.kept_row]} "
        f"(objective {objective[result.kept_row]:.4g}) are kept.",
        f"The learning rate was {_rate_text(ended, rate)}{limit_text(diagnostics)}.",
    ]
    columns = dominant_columns(diagnostics)
    if columns:
        lines.append(f"The steepest direction is made of {columns}.")
    lines += _condition_text(diagnostics, None)
    lines += _tried(ended, diagnostics)
    warn_user("\n".join(lines), DivergenceWarning)


def _warn_not_converged(ended, diagnostics):
    """ConvergenceWarning: what is missing, why, how many epochs more, and what helps."""
    result, run = ended.result, ended.result.run
    share = diagnostics.share_missing(ended.missing, ended.value)
    sentences = [_what_happened(ended, diagnostics) + _missing_text(ended, diagnostics, share)]
    if result.best_row == 0:
        kept = ", whose parameters are kept" if result.kept_row == 0 else ""
        sentences.append(f"No epoch was better than the start{kept}.")
    rate = run.history["learning_rate"][-1]
    if not (run.may_cut_rate or diagnostics.searched) and diagnostics.is_above_stable_limit(rate):
        was = f"The learning rate was {_rate_text(ended, rate)}{limit_text(diagnostics)}."
        sentences.append(was)
    sentences += _condition_text(diagnostics, share)
    params = run.objective.design.from_user(result.params)
    if result.stop_reason == "plateau" and share is None:
        sentences += _rounding_text(run.objective, params)
    if is_separated(run.objective, params):
        sentences.append(_separation_text(run.objective, result.params))
        advice = [] if ended.data is None else _line(ended, penalty_that_ends(ended))
        warn_user("\n".join([" ".join(sentences), *advice]), ConvergenceWarning)
        return
    needed = _needed(ended, diagnostics)
    if needed is not None:
        sentences.append(f"At the pace of the last epochs about {needed:,} more are needed.")
    text = "\n".join([" ".join(sentences), *_tried(ended, diagnostics, needed)])
    warn_user(text, ConvergenceWarning)


def _what_happened(ended, diagnostics):
    result, run = ended.result, ended.result.run
    if result.stop_reason == "max_iter":
        return f"{diagnostics.name} has not converged in max_iter={run.max_iter} epochs: "
    if result.stop_reason == "callback":
        return f"{diagnostics.name} was ended by a callback after {result.n_iter} epochs: "
    of = "the score on the rows held out" if run.stops_on_score else "the objective"
    return (
        f"{diagnostics.name} has ended on a plateau of {of} after {result.n_iter} epochs, short "
        "of a certain minimum: "
    )


def _missing_text(ended, diagnostics, share):
    """How far from the minimum the objective is, as measured, or that nothing tells."""
    if share is not None:
        asks = f"; tol asks for {diagnostics.tol**2:.2g}" if diagnostics.tol else ""
        asks = asks if not ended.result.run.stops_on_score else ""
        return f"about {share:.2g} of what the null model has left to gain is missing{asks}."
    changes = relative_changes(kept_objectives(ended.result.run.history))
    changed = f", and last changed by {changes[-1]:.2g} of itself" if len(changes) else ""
    return (
        f"how much of the objective is left is not known here. It is {ended.value:.6g}{changed}."
    )


def _rounding_text(objective, params):
    """What single precision makes of predictions, by the half digit that parameters lose."""
    if not is_single(objective.y):
        return []
    squares = to_numpy(objective.column_mean_squares).astype(float)
    size = to_numpy(params).astype(float) ** 2 * as_column(squares, params)
    moved = float(np.finfo(np.float32).eps) / 2 * math.sqrt(float(size.sum()))
    return [f"float32 rounds the parameters, and with them the predictions by about {moved:.1g}."]


def _needed(ended, diagnostics):
    """Epochs to the tolerance, where the pace of the run tells."""
    result, run = ended.result, ended.result.run
    # the noise of batches does not fall like an error; where it is reduced it does
    steady = run.sampler.takes_all_rows or run.optimizer.variance_reduced
    steady = steady and run.schedule.is_constant and result.stop_reason == "max_iter"
    if not steady or ended.missing is None or not diagnostics.tol or run.stops_on_score:
        return None
    whole = diagnostics.null_objective - ended.value + ended.missing
    gaps = gaps_of(run, result.kept_row, ended.missing)
    if gaps is None:
        return None
    needed = epochs_needed(gaps, diagnostics.tol**2 * whole, fewest_epochs(run.optimizer))
    changes = run.renewal is not None and needed is not None and run.renewal.left() < needed
    return None if changes else needed  # the pace would be another one


def _tried(ended, diagnostics, needed=None):
    """The last line of a warning, if anything helps."""
    if ended.data is None:
        return []
    settings = first_that_helps(ended, _rate_below_limit(ended, diagnostics))
    if settings is None and needed is not None:
        settings = {"max_iter": _round_up(ended.result.run.max_iter + 2 * needed)}
    return _line(ended, settings)


def _line(ended, settings):
    return [] if settings is None else [f"Try: {as_text(ended.estimator, settings)}"]


def _rate_below_limit(ended, diagnostics):
    """A constant rate below the limit of plain descent over all rows, where it was above."""
    limit, run = diagnostics.stable_limit(), ended.result.run
    if run.may_cut_rate or not (diagnostics.is_batch and diagnostics.curvature_is_bounded):
        return None
    if limit is None or not run.schedule.is_constant or run.learning_rate < limit:
        return None
    return _round_down(0.9 * limit)


def is_separated(objective, params):
    """Whether the log loss has no minimum: all rows on their right side, and nothing penalised.

    Every multiple of such parameters then fits better than the one before.
    """
    if not objective.loss.always_positive:
        return False
    if objective.penalty_value(FAR * params) > 0:
        return False
    return objective.all_right(params)


def _separation_text(objective, params):
    coef = objective.design.split(params)[0]
    return (
        "Every row is on its right side and nothing is penalised: the classes can be separated, "
        "larger coefficients always fit better, and the objective has no minimum. Their norm is "
        f"{math.sqrt(dot(coef, coef)):.3g} and grows for ever; more epochs do not end that."
    )


def dominant_columns(diagnostics, most=3):
    """The columns with the largest shares of the top eigenvector, as text."""
    coordinates = diagnostics.spectrum.design.coordinates
    if coordinates is not None and not coordinates.separable:
        return ""
    shares = diagnostics.spectrum.top_vector**2
    names = list(diagnostics.feature_names())
    if len(shares) > len(names):
        names.append("the intercept")
    order = np.argsort(shares)[::-1][:most]
    return ", ".join(f"{names[j]} ({shares[j]:.0%})" for j in order if shares[j] >= 0.05)


def _growth(objective):
    """Measured growth per epoch over the last finite rises."""
    finite = [value for value in objective if math.isfinite(value)][-4:]
    rises = [b / a for a, b in pairwise(finite) if b > a > 0]
    return f", growing {np.median(rises):.3g}-fold per epoch" if rises else ""


def _rate_text(ended, rate):
    """A rate; the user's own number beside it where a schedule has changed that."""
    given = ended.estimator.learning_rate
    if isinstance(given, str) or math.isclose(rate, given, rel_tol=1e-3):
        return f"{rate:.4g}"
    return f"{rate:.4g}, {given:.4g} times the schedule's {rate / given:.2g}"


def limit_text(diagnostics):
    """The largest stable rate, as the end of a sentence about a rate."""
    limit = diagnostics.stable_limit()
    if not diagnostics.has_scale:
        return ""
    if limit is None:
        return "; this optimizer scales every coordinate and has no stable limit of its own"
    about = "" if diagnostics.curvature_is_exact else "about "
    sure = "one sure to be stable" if diagnostics.searched else "stable one"
    where = "on these data"
    if not diagnostics.curvature_is_bounded:
        sure, where = "stable one", "at the start, before the curvature has grown,"
    rule = type(diagnostics.optimizer).__name__
    return f"; the largest {sure} for {rule} {where} is {about}{limit:.4g}"


def _condition_text(diagnostics, share):
    """The condition number, of what, and what it makes of the digits of the coefficients.

    F - F* >= mu ||w - w*||^2 / 2 and F_null - F* <= L ||w*||^2 / 2, hence the relative error of
    the coefficients is at most sqrt(share missing * L / mu).
    """
    condition, columns = diagnostics.condition_number_of_columns()
    if condition is None:
        return ["The condition number of X'X is not computed."]
    text = f"The condition number of X'X{columns} is {condition:.3g} (of X {condition**0.5:.3g})"
    if not share:
        return [text + "."]
    digits = -math.log10(share * condition) / 2 if condition < math.inf else 0.0
    if digits >= MANY_DIGITS:
        return [text + "."]
    safe = "no digit"
    if digits >= 1:
        safe = f"about {int(digits)} digit{'s' if digits >= 2 else ''}"
    return [text + f", by which {safe} of the coefficients can be relied on."]


def kept_objectives(history):
    """The objective of each epoch, but for those that were undone and made no update."""
    rows = zip(history["t"], history["objective"], strict=True)
    return list(dict(rows).values())


def relative_changes(objective):
    """How much of itself the objective has changed by in each epoch."""
    return [abs(a - b) / (abs(b) or 1.0) for a, b in pairwise(objective)]


def _round_down(value, digits=3):
    """Round towards zero to some significant digits, so that a limit stays respected."""
    scale = 10.0 ** (digits - 1 - math.floor(math.log10(value)))
    return math.floor(value * scale * (1 + 1e-12)) / scale


def _round_up(count, digits=2):
    """Round a count of epochs up to some significant digits."""
    unit = 10 ** max(0, len(str(count)) - digits)
    return -(-count // unit) * unit
