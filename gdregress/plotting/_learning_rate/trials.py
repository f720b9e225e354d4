"""Fits with many learning rates, and the stable limit of the rate."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.prepare import prepare
from gdregress._utils.types import clone
from gdregress.plotting._shared.estimators import (
    earlier_steps,
    final_estimator,
    in_columns,
    target_transformers,
)
from gdregress.plotting._shared.least_objective import least_objective
from gdregress.plotting._shared.quietly import quietly

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
    trials : list of Trial
        By ascending rate.
    label : str or None
        Name in the legend; None for a single estimator.
    automatic : Trial or None
        The fit with ``learning_rate="auto"``; its rate is nan where the run has none.
    automatic_range : tuple of two floats or None
        Smallest and largest rate of the automatic fit, if it has found the rate along the way.
    stable_limit : float or None
        Largest rate that does not diverge.
    limit_name : str
        Name of the limit in the legend.
    """

    trials: Sequence[Trial]
    label: str | None = None
    automatic: Trial | None = None
    automatic_range: tuple[float, float] | None = None
    stable_limit: float | None = None
    limit_name: str = EXACT

    @property
    def known(self):
        """All trials, that of the automatic rate included."""
        return [*self.trials, *filter(None, [self.automatic])]


def read_sweeps(models, X, y, sample_weight, learning_rates, show, best):
    """The parameters of a `LearningRateDisplay`, as keyword arguments.

    Parameters
    ----------
    models : dict of label to estimator
    X, y, sample_weight, learning_rates, show, best
        As in `LearningRateDisplay.from_estimator`.
    """
    rates = None if learning_rates is None else _checked_rates(learning_rates)
    sweeps, runs = [], []
    for label, model in models.items():
        final, *data = _prepared(model, X, y)
        plan = _automatic_plan(final, *data, sample_weight)
        limit = plan.diagnostics.stable_limit()
        fits = [_fit(final, "auto", *data, sample_weight)]
        automatic, automatic_range = _automatic_trial(fits[0], plan.run)
        has_rate = not math.isnan(automatic.learning_rate)
        first = automatic.learning_rate if has_rate else plan.run.learning_rate
        tried = rates_around(limit, first) if rates is None else rates
        fits += [_fit(final, float(rate), *data, sample_weight) for rate in tried]
        trials = [_trial(fit, rate) for fit, rate in zip(fits[1:], tried, strict=True)]
        name = _limit_name(plan.diagnostics)
        sweeps.append(Sweep(trials, label, automatic, automatic_range, limit, name))
        runs += [(fit.history_, fit.stop_reason_) for fit in fits]
    how = "known"
    if show == "gap" and best is None:
        best, how = least_objective(runs)
    return {"sweeps": sweeps, "show": show, "best": best, "best_is": how}


def _prepared(model, X, y):
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


def _fit(estimator, learning_rate, *data):
    """Fit a clone with this learning rate."""
    model = clone(estimator).set_params(learning_rate=learning_rate, verbose=0, store_path=False)
    with quietly():
        return model.fit(*data)


def _trial(model, learning_rate):
    """The trial of a fitted model."""
    objective = model.history_["objective"][-1]
    return Trial(float(learning_rate), objective, model.n_iter_, model.stop_reason_)


def _automatic_trial(model, run):
    """The trial of a fit with ``learning_rate="auto"``, and the range of the rates it has used.

    A rate that is found along the way may end anywhere in this range. Otherwise the trial holds
    the first rate, because a schedule may have reduced it after plateaus; the range is None. Runs
    that do without a rate have nan.
    """
    rates = model.history_["learning_rate"]
    if run.method != "updates":
        return _trial(model, math.nan), None
    if run.line_search is not None or run.learned_rate is not None:
        return _trial(model, model.learning_rate_), (min(rates), max(rates))
    return _trial(model, rates[0]), None


def _automatic_plan(estimator, *data):
    """The plan of a fit with ``learning_rate="auto"`` to these data, without fitting."""
    model = clone(estimator).set_params(learning_rate="auto")
    with quietly():
        prepared = prepare(model, *data)
    return plan_run(model, prepared.components, prepared.objective, prepared.frame)


def _limit_name(diagnostics):
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


def _checked_rates(learning_rates):
    """The user's own rates, ascending."""
    rates = np.asarray(learning_rates, dtype=float)
    if rates.ndim != 1 or not rates.size or not (np.isfinite(rates) & (rates > 0)).all():
        raise ValueError(
            "learning_rates must be one or more positive finite numbers, such as "
            f"numpy.geomspace(0.001, 1, 10). Got {learning_rates!r}."
        )
    return np.unique(rates)
