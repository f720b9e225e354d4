"""What to tell the user when a run has not converged: measured, predicted, advised."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from gdregress._utils.array_api import dot, namespace
from gdregress.exceptions import ConvergenceWarning, DivergenceWarning, warn_user

# Share of the first gradient norm above which a plateau is not taken for a minimum.
STALLED = 0.1
# How far parameters are blown up to see whether a penalty minds.
FAR = 1e6


def warn_diverged(run, diagnostics):
    """DivergenceWarning: the rates, the growth, the steepest columns, the ways out."""
    objective = run.history["objective"]
    rate = run.history["learning_rate"][-1]
    best = int(np.nanargmin(objective))
    lines = [
        f"{diagnostics.name} diverged: in epoch {run.history['epoch'][-1]} the objective is "
        f"{objective[-1]:.4g}, after {objective[0]:.4g} at the start{_growth(objective)}. The run "
        f"was ended and the parameters of epoch {run.history['epoch'][best]} "
        f"(objective {objective[best]:.4g}) are kept.",
        f"The learning rate was {rate:.4g}; {_limit_text(diagnostics)}.",
    ]
    columns = dominant_columns(diagnostics)
    if columns:
        lines.append(f"The steepest direction is made of {columns}.")
    lines.append("Ways out:")
    ways = []
    if not run.may_cut_rate:
        found = (
            "found by trying"
            if diagnostics.searched
            else f"here {diagnostics.automatic_rate():.4g}"
        )
        ways.append(f'learning_rate="auto" ({found}), which cannot diverge')
    limit = diagnostics.stable_limit()
    # below it random batches are stable but noisy, and a curvature without bound may grow
    if limit is not None and diagnostics.is_batch and diagnostics.curvature_is_bounded:
        ways.append(f"learning_rate={_round_down(0.9 * limit):g}, just below the limit")
    if scaling_gain(diagnostics) > 1:
        ways.append(
            'StandardScaler before it, or standardize=True, with learning_rate="auto"'
            + _condition_text(diagnostics)
        )
    lines += [f"  {number}. {way}" for number, way in enumerate(ways, start=1)]
    warn_user("\n".join(lines), DivergenceWarning)


def warn_not_converged(run, diagnostics, params, stalled=False):
    """ConvergenceWarning: gradient against tolerance, epochs still needed, what helps most."""
    history = run.history
    reference, norm = diagnostics.reference, history["gradient_norm"][-1]
    changes = relative_changes(kept_objectives(history))
    asked = f", tol asks for {diagnostics.tol:g}" if diagnostics.tol else ""
    relative = norm / reference if reference else 0.0
    lines = [
        f"{diagnostics.name} has not converged in {_how_long(run, stalled)}: the gradient norm is "
        f"{relative:.2g} of that at the start"
        + (f", tol asks for {diagnostics.tol:g}." if diagnostics.by_gradient else ".")
    ]
    if not diagnostics.by_gradient:
        lines.append(f"The objective last changed by {changes[-1]:.2g} of itself{asked}.")
    limit, rate = diagnostics.stable_limit(), history["learning_rate"][-1]
    if limit is not None and rate > limit and not diagnostics.searched:
        lines.append(f"The learning rate was {rate:.4g}; {_limit_text(diagnostics)}.")
    condition = diagnostics.condition_number()
    if condition is not None:
        lines.append(f"The condition number is {condition:.3g}.")
    else:
        lines.append("The condition number of so many columns is not computed.")
    if is_separated(run.objective, params):
        lines.append(_separation_text(run.objective, params))
        warn_user(" ".join(lines), ConvergenceWarning)
        return
    if (
        not (diagnostics.by_gradient or stalled)
        and diagnostics.tol
        and changes[-1] <= diagnostics.tol
    ):
        lines.append(
            "It hardly changes any more, and the run was about to end by itself: more epochs will "
            "show it, or a larger tol."
        )
        warn_user(" ".join(lines), ConvergenceWarning)
        return
    needed = None
    if diagnostics.by_gradient:
        needed = epochs_needed(history["gradient_norm"], diagnostics.tol * reference)
    elif diagnostics.tol:
        needed = epochs_needed(changes, diagnostics.tol)
    if not stalled:
        lines.append(
            f"At the pace of the last epochs about {needed:,} more are needed."
            if needed is not None
            else "The last epochs brought no progress that could be extrapolated."
        )
    lines.append(f"What would help most: {_best_advice(run, diagnostics, needed)}.")
    warn_user(" ".join(lines), ConvergenceWarning)


def is_separated(objective, params):
    """Whether the log loss has no minimum: all rows on their right side, and nothing penalised.

    Every multiple of such parameters then fits better than the one before.
    """
    if not objective.loss.always_positive:
        return False
    if objective.penalty_value(FAR * params) > 0:
        return False
    y, z = objective.y, objective.design.predict(params)
    xp = namespace(z)
    right = y * z > 0 if z.ndim == 1 else xp.astype(xp.argmax(z, axis=1), y.dtype) == y
    return bool(xp.all(right))


def _separation_text(objective, params):
    coef = objective.design.coef(params)
    return (
        "Every row is on its right side and nothing is penalised: the classes can be separated, "
        "larger coefficients always fit better, and the objective has no minimum. Their norm is "
        f"{math.sqrt(dot(coef, coef)):.3g} and grows for ever; more epochs do not end that. What "
        'would: penalty="l2" with an alpha such as 1e-4, early_stopping=True, or a larger tol.'
    )


def _how_long(run, stalled):
    if not stalled:
        return f"max_iter={run.max_iter} epochs"
    return f"{len(run.history) - 1} epochs, after which the objective hardly changed any more"


def epochs_needed(gradient_norms, threshold):
    """Epochs until the norm falls to a threshold at the geometric pace of the last half.

    The pace is that of the running minimum, which momentum's ripples do not disturb; None where
    it has not fallen.
    """
    norms = np.minimum.accumulate(np.asarray(gradient_norms, dtype=float))
    norms = norms[len(norms) // 2 :]
    if threshold <= 0 or len(norms) < 2 or not norms[-1] < norms[0]:
        return None
    if norms[-1] <= threshold:
        return 1
    pace = (math.log(norms[0]) - math.log(norms[-1])) / (len(norms) - 1)
    return math.ceil((math.log(norms[-1]) - math.log(threshold)) / pace)


def dominant_columns(diagnostics, most=3):
    """The columns with the largest shares of the top eigenvector, as text."""
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


def _limit_text(diagnostics):
    limit = diagnostics.stable_limit()
    if limit is None:
        return "this optimizer scales every coordinate and has no stable limit of its own"
    about = "" if diagnostics.curvature_is_exact else "about "
    sure = "one sure to be stable" if diagnostics.searched else "stable one"
    where = "on these data"
    if not diagnostics.curvature_is_bounded:
        sure, where = "stable one", "at the start, before the curvature has grown,"
    rule = type(diagnostics.optimizer).__name__
    return f"the largest {sure} for {rule} {where} is {about}{limit:.4g}"


def _condition_text(diagnostics):
    before = diagnostics.spectrum.condition_number
    after = diagnostics.spectrum.standardised_condition_number
    if before is None or after is None:
        return ""
    return f" (condition number {before:.3g} before, {after:.3g} after)"


def kept_objectives(history):
    """The objective of each epoch, but for those that were undone and made no update."""
    rows = zip(history["t"], history["objective"], strict=True)
    return list(dict(rows).values())


def relative_changes(objective):
    """How much of itself the objective has changed by in each epoch."""
    return [abs(a - b) / (abs(b) or 1.0) for a, b in pairwise(objective)]


def scaling_gain(diagnostics):
    """How many times smaller standardising makes the condition number; 1 where unknown."""
    before = diagnostics.spectrum.condition_number
    after = diagnostics.spectrum.standardised_condition_number
    if diagnostics.standardize or None in (before, after) or after == math.inf:
        return 1.0
    return before / after


def _best_advice(run, diagnostics, needed):
    gain, faster, limit = scaling_gain(diagnostics), 1.0, diagnostics.stable_limit()
    if diagnostics.searched and run.line_search is None and gain <= 10:
        return 'learning_rate="auto", found by trying as the curvature of this loss varies'
    if not (run.may_cut_rate or diagnostics.searched):
        automatic = diagnostics.automatic_rate()
        faster = automatic / run.learning_rate
    too_fast = not run.may_cut_rate and limit is not None and run.learning_rate > limit
    if faster > max(2, gain) or (too_fast and not diagnostics.searched):
        return f'learning_rate="auto" (here {automatic:.4g}, not {run.learning_rate:.4g})'
    if gain > 10:
        return f"StandardScaler before it, or standardize=True{_condition_text(diagnostics)}"
    if diagnostics.is_batch and not run.optimizer.restarts:
        return 'optimizer="nesterov" with momentum="auto"'
    if not diagnostics.is_batch:
        return 'a larger batch_size, average=True, or solver="batch"'
    if needed is not None:
        return f"max_iter={run.max_iter + needed}, or a larger tol"
    return "a larger tol, or a penalty that makes the problem better conditioned"


def _round_down(value, digits=3):
    """Round towards zero to some significant digits, so that a limit stays respected."""
    scale = 10.0 ** (digits - 1 - math.floor(math.log10(value)))
    return math.floor(value * scale * (1 + 1e-12)) / scale


@dataclass(eq=False, repr=False)
class RunDiagnostics:
    """What the diagnosis knows of a run beyond its history, computed when asked for."""

    name: str
    spectrum: Any
    user_spectrum: Any
    smoothness: Callable[[], float]
    automatic_rate: Callable[[], float]
    searched: bool
    optimizer: Any
    feature_names: Callable[[], Sequence[str]]
    tol: float
    reference: float
    by_gradient: bool
    standardize: bool
    is_batch: bool
    is_smooth: bool
    strong_convexity: float
    curvature_is_exact: bool
    curvature_is_bounded: bool

    def condition_number(self):
        """Of the objective, the penalty's curvature included; None where it is not known."""
        spectrum, mu = self.spectrum, self.strong_convexity
        if spectrum.smallest is None or not mu > 0:
            return spectrum.condition_number
        of_loss = 1.0
        if self.is_batch and spectrum.largest > 0:
            of_loss = self.smoothness() / spectrum.largest
        return (of_loss * spectrum.largest + mu) / (of_loss * spectrum.smallest + mu)

    def has_stalled(self, history):
        """Whether a plateau was reached with the gradient still near where it began."""
        stalled = history["gradient_norm"][-1] > STALLED * self.reference
        return self.is_smooth and stalled and history["validation_score"][-1] is None

    def is_above_stable_limit(self, learning_rate):
        limit = self.stable_limit()
        return limit is not None and learning_rate > limit

    def stable_limit(self):
        """Largest learning rate that is stable on these data, or None where there is none."""
        smoothness = self.smoothness()
        return self.optimizer.stable_limit(smoothness) if smoothness else None
