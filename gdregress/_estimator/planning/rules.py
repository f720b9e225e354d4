"""The rules that end a run: its certificate, plateaus and divergence, or a proven gap at kinks."""

import math
from dataclasses import dataclass, field
from typing import Any

from gdregress._solver.certificate import ProvenGap
from gdregress._solver.stopping import (
    Never,
    NotFinite,
    Plateau,
    SmallGradient,
    Stalled,
    Stopping,
    Tolerance,
)

# After so many epochs without progress the gap counts as rounding.
STALLED = 200
# A plateau lasts longer than the swings of a momentum, which are as long as its memory.
SWINGS = 4


@dataclass(frozen=True, eq=False, repr=False)
class Rules:
    """The rules that end a run, see `Run`; by default only values that are not finite."""

    stopping: Stopping = field(default_factory=Never)
    divergence: Any = field(default_factory=NotFinite)
    certificate: Any = None
    plateau: Plateau | Stalled | None = None


def ending_rules(
    estimator, components, objective, diagnostics, certificate, divergence, method="updates"
):
    """The rules for a run over all of the rows.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    objective : Objective
    diagnostics : RunDiagnostics
    certificate : Certificate or None
        None for losses with kinks.
    divergence : Divergence
    method : str
        See `Run`.
    """
    tol, scored = estimator.tol, estimator.early_stopping
    if method != "envelope":
        plateau = _plateau(estimator, components, objective, diagnostics)
        stopping = _of_gradient(estimator, diagnostics, certificate)
        return Rules(stopping, divergence, certificate, plateau)
    if scored:
        plateau = _plateau(estimator, components, objective, diagnostics)
        return Rules(divergence=divergence, plateau=plateau)
    stopping = Never()
    if tol is not None:
        stopping = Tolerance(ProvenGap(diagnostics.null_objective, tol, objective.rounding))
    return Rules(stopping)


def _of_gradient(estimator, diagnostics, certificate):
    """Return the rule that reads the gradient; a subgradient ends a run only at zero."""
    if diagnostics.by_gradient:
        return Tolerance(certificate)
    at_kinks = certificate is None and estimator.tol is not None
    return SmallGradient(0.0) if at_kinks and not estimator.early_stopping else Never()


def _plateau(estimator, components, objective, diagnostics):
    """The plateau that ends the run, or that an adaptive schedule listens to."""
    schedule = components.schedule
    if not schedule.listens and estimator.tol is None:
        return None
    if not schedule.listens and diagnostics.by_gradient:
        return Stalled(STALLED, objective.rounding)
    updates = components.sampler.updates_per_epoch(objective.n_drawn)
    swing = math.ceil(SWINGS * diagnostics.optimizer.gradient_memory / updates)
    falls = not (schedule.is_constant or schedule.listens or estimator.early_stopping)
    no_progress = estimator.schedule == "auto" and schedule.listens
    return Plateau(
        column="validation_score" if estimator.early_stopping else "objective",
        # a plateau of an automatic schedule means no progress at all
        tol=0.0 if no_progress else estimator.tol or 0.0,
        patience=schedule.patience or max(estimator.n_iter_no_change, swing),
        # residuals 1e-8 of those at the start are rounding
        smallest=1e-16 * abs(diagnostics.null_objective),
        # a rate that falls may be too large for a while
        ceiling=diagnostics.null_objective if falls and diagnostics.has_scale else math.inf,
    )
