"""Fits with many learning rates, and the stable limit of the rate."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from gdregress._estimator.plan import plan_run
from gdregress.exceptions import ConvergenceWarning, IgnoredParameterWarning
from gdregress.plotting._shared.estimators import (
    earlier_steps,
    final_estimator,
    in_columns,
    target_transformers,
)
from gdregress.plotting._shared.preparation import prepare_quietly

# Smallest rate tried, as a multiple of the smaller of limit and automatic rate; largest rate, as
# a multiple of the larger. Each rate is twice the rate before.
BELOW, ABOVE = 2.0**-7, 2.0**3
# Name of a limit that is one, rather than a bound or an estimate.
EXACT = "stable limit"


class Trial(NamedTuple):
    """A fit with one learning rate.

    Attributes
    ----------
    learning_rate : float
    objective : float
        Objective after the last epoch.
    epochs : int
    stop_reason : str
    """

    learning_rate: float
    objective: float
    epochs: int
    stop_reason: str

    @property
    def diverged(self) -> bool:
        """Whether the run diverged."""
        return self.stop_reason == "diverged"


class Sweep(NamedTuple):
    """The fits of one estimator with many learning rates.

    Attributes
    ----------
    label : str or None
    trials : list of Trial
        By ascending rate.
    automatic : Trial or None
    automatic_range : tuple of two floats or None
    stable_limit : float or None
    limit_name : str
    """

    label: str | None
    trials: Sequence[Trial]
    automatic: Trial | None
    automatic_range: tuple[float, float] | None
    stable_limit: float | None
    limit_name: str

    @property
    def known(self):
        """All trials, that of the automatic rate included."""
        return [*self.trials, *filter(None, [self.automatic])]


def sweep(label, model, rates, X, y, sample_weight):
    """Fit clones of a model with many learning rates.

    Returns
    -------
    sweep : Sweep
    least : list of tuple
        What each fit has left, if it knows, and how low the minimum is by that.
    """
    final, X, y = prepared(model, X, y)
    plan = automatic_plan(final, X, y, sample_weight)
    limit = plan.diagnostics.stable_limit()
    fitted = fit_without_warnings(final, "auto", X, y, sample_weight)
    automatic, automatic_range = automatic_trial(fitted, plan.run)
    if rates is None:
        first = automatic.learning_rate
        rates = rates_around(limit, plan.run.learning_rate if math.isnan(first) else first)
    trials, least = [], [_least_by(fitted)]
    for rate in rates:
        fitted = fit_without_warnings(final, float(rate), X, y, sample_weight)
        trials.append(trial_from(fitted, rate))
        least.append(_least_by(fitted))
    name = limit_name(plan.diagnostics)
    return Sweep(label, trials, automatic, automatic_range, limit, name), least


def _least_by(model):
    """What a fit has left at its end, infinite if it does not know, and the minimum by that."""
    row = model.history_.full_row(-1)
    gap = row["gap"] if row["gap"] is not None and math.isfinite(row["gap"]) else math.inf
    return gap, row["objective"] - (gap if math.isfinite(gap) else 0.0)


def least_objective(least):
    """The minimum by the fit that came closest, not above any end seen.

    Parameters
    ----------
    least : list of tuple
        As `sweep` returns them.
    """
    ends = [low for _, low in least if math.isfinite(low)]
    gap, low = min(least)
    return min(ends) if math.isinf(gap) else low


def prepared(model, X, y):
    """The final estimator of a model, and its data after the earlier steps, fitted anew.

    Rates can be compared in the same coordinates only: under ``preconditioner="auto"`` those of
    the numbers, which are the user's own columns, are the automatic rate's as well.
    """
    before = earlier_steps(model)
    X = X if before is None else clone(before).fit_transform(X, y)
    for transformer in target_transformers(model):
        y = in_columns(clone(transformer).fit_transform, y)
    estimator = clone(final_estimator(model))
    if estimator.preconditioner == "auto":
        estimator.set_params(preconditioner=None)
    return estimator, X, y


def fit_without_warnings(estimator, learning_rate, *data):
    """Fit a clone with this learning rate, and suppress warnings about what the picture shows."""
    model = clone(estimator).set_params(learning_rate=learning_rate, verbose=0, store_path=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", IgnoredParameterWarning)
        return model.fit(*data)


def trial_from(model, learning_rate):
    """The trial of a fitted model."""
    objective = model.history_["objective"][-1]
    return Trial(float(learning_rate), objective, model.n_iter_, model.stop_reason_)


def automatic_trial(model, run):
    """The trial of a fit with ``learning_rate="auto"``, and the range of the rates it has used.

    A rate that is found along the way may end anywhere in this range. Otherwise the trial holds
    the first rate, because a schedule may have reduced it after plateaus; the range is None. Runs
    that do without a rate have nan.
    """
    rates = model.history_["learning_rate"]
    if run.method != "updates":
        return trial_from(model, math.nan), None
    if run.line_search is not None or run.learned_rate is not None:
        return trial_from(model, model.learning_rate_), (min(rates), max(rates))
    return trial_from(model, rates[0]), None


def automatic_plan(estimator, X, y, sample_weight=None):
    """The plan of a fit with ``learning_rate="auto"`` to these data, without fitting.

    Returns
    -------
    plan : Plan
    """
    model = clone(estimator).set_params(learning_rate="auto")
    prepared = prepare_quietly(model, X, y, sample_weight)
    return plan_run(model, prepared.components, prepared.objective, prepared.frame)


def limit_name(diagnostics):
    """The name of the stable limit in a legend: exact, below which it cannot be, or estimated."""
    if diagnostics.curvature_is_exact:
        return EXACT
    if not diagnostics.is_batch:
        return "estimated limit of an average batch"
    bounded = diagnostics.curvature_is_bounded
    return "lower bound of the limit" if bounded else "estimated limit"


def rates_around(limit, automatic):
    """Rates from far below the limit and the automatic rate to well above; none is the limit."""
    if limit is None:
        anchor, low, high = automatic, BELOW * automatic, automatic / BELOW
    else:
        anchor = limit * math.sqrt(2.0)
        low, high = BELOW * min(limit, automatic), ABOVE * max(limit, automatic)
    first, last = np.floor(np.log2(low / anchor)), np.ceil(np.log2(high / anchor))
    return anchor * 2.0 ** np.arange(first, last + 1)


def checked_rates(learning_rates):
    """The user's own rates, ascending."""
    rates = np.asarray(learning_rates, dtype=float)
    if rates.ndim != 1 or not rates.size or not (np.isfinite(rates) & (rates > 0)).all():
        raise ValueError(
            "learning_rates must be one or more positive finite numbers, such as "
            f"numpy.geomspace(0.001, 1, 10). Got {learning_rates!r}."
        )
    return np.unique(rates)
