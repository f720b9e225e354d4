"""The steps of `diagnose`: plan the run, take its eigenvalues, predict, recommend."""

import math
import warnings
from dataclasses import replace

import numpy as np
from sklearn.base import clone

from gdregress._diagnosis.columns import column_faults
from gdregress._diagnosis.planned import planned
from gdregress._diagnosis.predictions import Quadratic, predictions
from gdregress._diagnosis.report import Diagnosis, count_of_epochs
from gdregress._diagnosis.second_derivatives import (
    PRODUCTS,
    along_eigenvectors,
    second_derivatives,
)
from gdregress._estimator.advice.forecast import epochs_needed, fewest_epochs, gaps_of
from gdregress._estimator.planning.finish import renewal_for
from gdregress._estimator.planning.metric import l2_strength
from gdregress._estimator.planning.plan import Hooks, feature_names
from gdregress._estimator.planning.start import fresh_state
from gdregress._objective.moments import LARGEST
from gdregress._solver.solve import solve
from gdregress._utils.array_api import to_numpy

# Epochs of a trial, where no formula gives the number of epochs.
TRIAL = 60
DEFAULT_TOL = 1e-4
# Settings of plain gradient descent, whose eigenvalues the report states.
PLAIN = {
    "optimizer": "gd",
    "momentum": "auto",
    "learning_rate": 1.0,
    "schedule": "constant",
    "solver": "batch",
    "standardize": False,
    "average": False,
    "early_stopping": False,
    "warm_start": False,
}


def report_on(estimator, X, y, sample_weight):
    """The `Diagnosis` of a fit.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user has not asked for these runs
        raw = _plain(estimator, X, y, sample_weight, None)
        scaled = _plain(estimator, X, y, sample_weight, "columns")
        _refuse(raw)
        fitted = None if raw.run.objective.loss.is_quadratic else clone(estimator)
        if fitted is not None:
            fitted.fit(X, y, sample_weight)
        quadratics = [_quadratic(plan, fitted, estimator.tol) for plan in (raw, scaled)]
        found = [predictions(one) for one in quadratics]
        finishes, epochs, how_known = _outcome(estimator, X, y, sample_weight)
    spectra = [plan.prepared.frame.spectrum for plan in (raw, scaled)]
    conditions = [_condition(spectrum) for spectrum in spectra]
    names = feature_names(raw.estimator)
    faults = column_faults(*_moments(spectra[0]), names, estimator.fit_intercept)
    critical = spectra[1].largest_row / (spectra[1].largest or 1.0)
    diagnosis = {
        "finishes": finishes,
        "epochs": epochs,
        "how_known": how_known,
        "condition_number": conditions[0],
        "condition_number_of_columns": conditions[1],
        "eigenvalues": (quadratics[0].smallest, quadratics[0].largest),
        "eigenvalues_of_columns": (quadratics[1].smallest, quadratics[1].largest),
        "predictions": found[0],
        "predictions_of_columns": found[1],
        "columns": faults,
        "critical_batch_size": float(critical),
        "theory": _theory(raw.run.objective.loss, spectra[0].moments is not None),
    }
    return Diagnosis(**diagnosis, recommendations=_recommended(estimator, raw, diagnosis))


def _refuse(plan):
    """Raise ValueError for a loss without second derivatives."""
    loss = plan.run.objective.loss
    if not loss.smooth:
        raise ValueError(
            f"diagnose reads the curvature of the loss, and {type(loss).__name__} has kinks. Fit "
            "it: over all rows it ends by a proven gap, and history_ says how fast."
        )


def _theory(loss, forms_matrices):
    """The sentence that says how the epochs of the tables are computed."""
    if not forms_matrices:
        said = f"More than {LARGEST - 1} columns: eigenvalues are those of {PRODUCTS} products. "
        return said + _theory(loss, True)
    if loss.is_quadratic:
        return "Epochs are those of the objective along its eigenvectors."
    model = "Epochs are those of the quadratic model at the minimum, at rates that "
    if loss.curvature is not None:
        return f"{model}are stable wherever descent may come."
    return (
        f"{model}are stable at the start and there. {type(loss).__name__} has no bound of its "
        "curvature: on the way less may be stable, of momentum above all."
    )


def _plain(estimator, X, y, sample_weight, preconditioner):
    """The run of plain gradient descent in the coordinates of a preconditioner."""
    model = clone(estimator).set_params(**PLAIN, preconditioner=preconditioner)
    return planned(model, X, y, sample_weight)


def _quadratic(plan, fitted, tol):
    """The objective of a run as a `Quadratic`: exactly, or by its model at the minimum.

    Parameters
    ----------
    plan : Planned
    fitted : estimator or None
        Fitted to the minimum; None where the objective is quadratic.
    tol : float or None
    """
    objective, start, on_the_way = plan.prepared.objective, plan.start, 0.0
    strengths = np.broadcast_to(objective.penalty_curvature(), plan.shape)
    if fitted is None:
        gradient = to_numpy(objective.gradient(plan.plan.first_params)).astype(float)
        each = second_derivatives(plan)
        slopes = gradient.reshape(plan.shape) + strengths * start.reshape(plan.shape)
    else:
        minimum = _parameters(plan, fitted)
        each = second_derivatives(plan, minimum)
        away = (start - to_numpy(minimum)).reshape(plan.shape)
        slopes = np.column_stack([H @ d for H, d in zip(each, away.T, strict=True)])
        on_the_way = _largest_on_the_way(plan, slopes)
    found = [along_eigenvectors(H, slope) for H, slope in zip(each, slopes.T, strict=True)]
    curvature, along = (np.concatenate(parts) for parts in zip(*found, strict=True))
    whole = Quadratic(curvature, along, 0.0, on_the_way)
    whole.threshold = _threshold(plan, whole, tol)
    return whole


def _largest_on_the_way(plan, slopes):
    """A bound of the curvature on the path of descent; without one, the curvature at the start."""
    objective, spectrum = plan.prepared.objective, plan.prepared.frame.spectrum
    bound = objective.loss.curvature
    if bound is not None:
        return bound * spectrum.largest + float(np.max(objective.penalty_curvature()))
    each = zip(second_derivatives(plan, plan.plan.first_params), slopes.T, strict=True)
    return max(float(along_eigenvectors(H, slope)[0].max()) for H, slope in each)


def _threshold(plan, whole, tol):
    """The gap at which descent ends: tol^2 times the gap of the best constant."""
    objective = plan.prepared.objective
    left = whole.gap(0 * whole.slopes)
    if objective.loss.is_quadratic:
        start = objective.value(plan.plan.first_params)
        left -= start - plan.plan.diagnostics.null_objective
    return (tol or DEFAULT_TOL) ** 2 * max(left, 0.0)


def _parameters(plan, fitted):
    """The parameters of a fitted model in the coordinates of a run."""
    design, like = plan.prepared.objective.design, plan.plan.first_params
    coef = np.asarray(fitted.coef_, dtype=float)
    coef = coef.reshape(-1, design.n_features).T
    intercept = np.reshape(fitted.intercept_, (1, -1))
    params = np.concatenate([coef, intercept]) if design.fit_intercept else coef
    return design.from_user(np.ascontiguousarray(params.reshape(like.shape), dtype=like.dtype))


def _outcome(estimator, X, y, sample_weight):
    """Whether the run of the estimator ends, its count of epochs, and how both are known."""
    plan = planned(estimator, X, y, sample_weight)
    run, most = plan.run, estimator.max_iter
    rule, rate = run.optimizer, run.learning_rate
    of_rule = rule.restarts or rule.recurrence(rate, np.ones(1)) is not None
    known = (
        run.method == "updates"
        and run.objective.loss.is_quadratic
        and run.sampler.takes_all_rows
        and run.schedule.is_constant
        and run.line_search is None
        and of_rule
        and not plan.prepared.components.penalty.active
        and not (estimator.average or estimator.early_stopping)
    )
    if not known:
        return _by_trial(estimator, X, y, sample_weight)
    quadratic = _quadratic(plan, None, estimator.tol)
    limit = rule.stable_limit(quadratic.largest)
    if rate > limit:
        reason = f"the learning rate {rate:.3g} is above the largest stable one, {limit:.3g}"
        return False, None, reason
    if estimator.tol is None:
        return _all_epochs(most)
    if estimator.tol == 0:  # only rounding may end it
        return _by_trial(estimator, X, y, sample_weight)
    epochs = quadratic.epochs(rule, rate)
    if epochs == math.inf:
        return False, None, "it would take more than 100,000 epochs, by its eigenvalues"
    return epochs <= most, epochs, _known_by("by its eigenvalues", epochs, most)


def _by_trial(estimator, X, y, sample_weight):
    """The same as `_outcome`, from the first epochs of the run and their rate of convergence."""
    plan = planned(estimator, X, y, sample_weight)
    run = replace(plan.run, renewal=renewal_for(plan.estimator, plan.prepared, Hooks()))
    most = estimator.max_iter
    by_moments = run.objective.loss.is_quadratic and plan.prepared.frame.has_moments
    if not (by_moments and run.sampler.takes_all_rows):  # else its epochs read no rows
        run = replace(run, max_iter=min(TRIAL, most))
    state = fresh_state(plan.estimator, plan.prepared, plan.plan.first_params)
    result = solve(run, state)
    if result.stop_reason == "tolerance":
        return True, result.n_iter, _known_by("as tried", result.n_iter, most)
    tried = count_of_epochs(result.n_iter)
    if result.stop_reason == "diverged":
        return False, None, f"it has diverged after {tried}, as tried"
    if estimator.tol is None:
        return _all_epochs(most)
    gap = result.run.history.full_row(result.kept_row)["gap"]
    whole = plan.plan.diagnostics.null_objective - result.run.history["objective"][-1]
    needed = None
    if gap is not None and math.isfinite(gap) and estimator.tol:
        gaps = gaps_of(result.run, result.kept_row, gap)
        if gaps is not None:
            threshold = estimator.tol**2 * (whole + gap)
            needed = epochs_needed(gaps, threshold, fewest_epochs(run.optimizer))
    if needed is None:
        return None, None, f"it has not ended in the {tried} that were tried"
    epochs = result.n_iter + needed
    return epochs <= most, epochs, _known_by(f"at the pace of {tried}", epochs, most)


def _known_by(how, epochs, most):
    """How a number of epochs is known, with max_iter unless no epoch is needed."""
    return how if epochs == 0 else f"of max_iter={most:,}, {how}"


def _all_epochs(most):
    """The same as `_outcome` for tol=None, under which only max_iter ends a run."""
    return False, most, "all of max_iter, which tol=None asks for"


def _condition(spectrum):
    """Condition number of the design matrix; inf if it is singular, nan if that is not known."""
    number, design = spectrum.condition_number, spectrum.design
    if number is None:
        return math.inf if design.n_samples < design.n_parameters else math.nan
    return math.sqrt(number)


def _moments(spectrum):
    """Means, variances and, where they are formed, covariances of the user's columns."""
    moments = spectrum.moments
    if moments is not None:
        return moments.mean, np.diag(moments.covariance), moments.covariance
    return *(to_numpy(a).astype(float) for a in spectrum.mean_and_variance()), None


def _recommended(estimator, raw, facts):
    """Recommendations, each with its reason."""
    said = []
    numeric = not isinstance(estimator.learning_rate, str)
    best = min(one.epochs for one in facts["predictions"])
    best_scaled = min(one.epochs for one in facts["predictions_of_columns"])
    if numeric and best_scaled < best / 2:
        said.append(
            "preconditioner='columns': scaled columns take "
            f"{count_of_epochs(best_scaled)} at best, yours {count_of_epochs(best)}. Under "
            "learning_rate='auto' they are the default."
        )
    ends_short = facts["epochs"] is None or facts["epochs"] > estimator.max_iter
    if numeric and facts["finishes"] is False and ends_short:
        said.append("learning_rate='auto': a rate that does not blow up is derived from the data.")
    columns = facts["columns"]
    if columns.one_hot or columns.constant or columns.duplicates:
        said.append(
            "Drop one column of each set that is named above, or penalty='l2': the coefficients "
            "are then determined one by one, and predictions stay the same."
        )
    if raw.run.objective.loss.is_quadratic:
        said += _closed_form(raw, min(best, best_scaled), facts["epochs"])
    return said or ["Keep the estimator as it is."]


def _closed_form(raw, best, epochs):
    """A recommendation of the closed form, if it takes fewer multiplications than descent."""
    strength = l2_strength(raw.prepared.components.penalty)
    if strength is None or np.ndim(strength):
        return []
    n, p = raw.prepared.objective.n_samples, raw.prepared.objective.design.n_parameters
    needed = best if epochs is None else epochs
    solved, descended = n * p * p + p**3 / 3, 2.0 * n * p * needed
    if solved >= descended:
        return []
    name = f"Ridge(alpha={n * strength:.3g})" if strength else "LinearRegression()"
    return [
        f"A closed form is faster here: {name} has the same minimum for about {solved:.2g} "
        f"multiplications, not the {descended:.2g} of {count_of_epochs(needed)} over the rows."
    ]
