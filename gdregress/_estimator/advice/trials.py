"""Advice that has been tried: settings with which a few epochs beat the run that ended."""

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdregress._estimator.input.validation_set import scorer_for
from gdregress._estimator.planning.finish import renewal_for
from gdregress._estimator.planning.plan import Hooks, plan_run
from gdregress._estimator.planning.start import fresh_state
from gdregress._estimator.prepare import prepare
from gdregress._solver.solve import solve
from gdregress._utils.validation import defaults

# A trial takes a tenth of the epochs of the run, or so many.
FEWEST_EPOCHS = 5
# On more numbers than these nothing is tried that costs more than a tenth of the run.
LARGE = 10_000_000
# Share of what was missing, or of what the trial has gained from the null model, by which it has
# to be better: the smaller of both, as what is missing is known near the minimum only. And the
# latter where nothing is known of what was missing.
CLEARLY, CLEARLY_OF_GAIN, AT_LEAST = 0.1, 0.01, 1e-3
# What is left to the package when a setting is called automatic.
OF_RATE = ("learning_rate", "schedule", "power_t", "optimizer", "momentum", "average")
OF_COLUMNS = ("preconditioner",)
OF_BATCHES = ("solver", "batch_size", "shuffle")
# Strengths of the penalty that gives separated classes a minimum.
ALPHAS = (1e-4, 1e-3, 1e-2)


@dataclass(frozen=True, eq=False, repr=False)
class Ended:
    """A run that ended short of its minimum.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    data : tuple of (X, y, sample_weight, validation, offsets)
        As the user gave them.
    result : Result
    null_objective : float
        The objective of the null model.
    missing : float or None
        F - F* of the parameters that were kept, where it is known.
    has_scale : bool
        Whether the null objective says how large objectives are, see `Divergence`.
    """

    estimator: Any
    data: tuple
    result: Any
    null_objective: float
    missing: float | None
    has_scale: bool = True

    @property
    def value(self):
        """The objective of the parameters that were kept."""
        return self.result.run.history["objective"][self.result.kept_row]


def first_that_helps(ended, stable_rate=None):
    """The first settings whose trial is better than the run, to be set over its own; or None.

    Candidates are the automatic rate and optimizer with the same solver, the same over all rows,
    and a rate just below the stable limit.

    Parameters
    ----------
    ended : Ended
    stable_rate : float or None
        A learning rate that is below the stable limit, if there is one.
    """
    estimator = ended.estimator
    automatic = _automatic(estimator, OF_RATE + OF_COLUMNS)
    candidates = [automatic, _automatic(estimator, OF_RATE + OF_COLUMNS + OF_BATCHES)]
    if stable_rate is not None:
        candidates.append({"learning_rate": stable_rate})
    tried = [{}]
    for settings in candidates:
        if settings not in tried and _is_affordable(ended) and _is_better(ended, settings):
            return settings
        tried.append(settings)
    return None


def penalty_that_ends(ended):
    """The weakest penalty, with all else automatic, under which a trial reaches a minimum."""
    automatic = _automatic(ended.estimator, OF_RATE + OF_COLUMNS)
    for alpha in ALPHAS if _is_affordable(ended) else ():
        settings = {**automatic, "penalty": "l2", "alpha": alpha}
        trial = _try(ended, settings)
        if trial is not None and trial.stop_reason == "tolerance":
            return settings
    return None


def as_text(estimator, settings):
    """``GDRegressor(learning_rate="auto")``: what is to be set, all else as it was."""
    pairs = (f"{name}={_shown(value)}" for name, value in settings.items())
    return f"{type(estimator).__name__}({', '.join(pairs)})"


def _shown(value):
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _automatic(estimator, names):
    """The defaults of those parameters that were set to something else."""
    usual = defaults(type(estimator))
    given = {name: getattr(estimator, name) for name in names if name in usual}
    return {name: usual[name] for name, value in given.items() if value != usual[name]}


def _is_affordable(ended):
    X, epochs = ended.data[0], ended.result.n_iter
    size = math.prod(getattr(X, "shape", (0,)))
    size = getattr(X, "nnz", size)
    return size <= LARGE or epochs >= 10 * FEWEST_EPOCHS


def _is_better(ended, settings):
    """Whether a trial ends at a minimum, or clearly below the run.

    Objectives that are proportional to the rate cannot be compared.
    """
    trial = _try(ended, settings) if ended.has_scale else None
    if trial is None:
        return False
    value, noise = _value_of(ended, trial), _noise(ended)
    if not math.isfinite(value):
        return False
    if trial.stop_reason == "tolerance" and not trial.run.stops_on_score:
        return value <= ended.value + noise
    gain = abs(ended.null_objective - value)
    if ended.missing is None:
        enough = AT_LEAST * gain
    else:
        enough = min(CLEARLY * ended.missing, CLEARLY_OF_GAIN * gain)
    return ended.value - value > max(enough, noise)


def _noise(ended):
    return 10 * ended.result.run.objective.rounding * abs(ended.value)


def _value_of(ended, trial):
    """The objective of the run, its rows and its penalty, where a trial has ended."""
    objective = ended.result.run.objective
    with np.errstate(over="ignore", invalid="ignore"):
        params = objective.inside(objective.design.from_user(trial.params))
        objective.recentre_for_value(params)
        return objective.value(params)


def _try(ended, settings):
    """The result of a few quiet epochs with other settings; None where they are refused.

    Everything is planned for as many epochs as the run may have. The estimator, its random
    numbers and its callbacks are left alone.
    """
    given = ended.estimator.get_params(deep=False)
    given["random_state"] = _seed(given["random_state"])
    given |= {"warm_start": False, "store_path": False, "verbose": 0, **settings}
    epochs = max(FEWEST_EPOCHS, ended.result.n_iter // 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            n_features = ended.result.run.objective.design.n_features
            in_use_only = n_features < ended.estimator.n_features_in_
            return _run(type(ended.estimator)(**given), ended.data, epochs, in_use_only)
        except ValueError:  # a combination that is refused, or numbers that overflow
            return None


def _seed(random_state):
    """A number as it is, else 0: generators belong to the user, and NumPy's to everybody."""
    return random_state if np.isscalar(random_state) else 0


def _run(estimator, data, epochs, in_use_only):
    prepared = prepare(estimator, *data, in_use_only=in_use_only)
    validate = None if prepared.held_out is None else scorer_for(estimator, prepared)
    hooks = Hooks(validate=validate)
    hooks = replace(hooks, renewal=renewal_for(estimator, prepared, hooks))
    plan = plan_run(
        estimator, prepared.components, prepared.objective, prepared.frame, None, hooks
    )
    run = replace(plan.run, max_iter=min(epochs, plan.run.max_iter))
    return solve(run, fresh_state(estimator, prepared, plan.first_params))
