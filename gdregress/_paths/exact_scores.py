"""Scores of squared error from the moments of the folds: of minima, and of descents to them."""

import warnings
from copy import copy
from functools import partial
from numbers import Real

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier

from gdregress._estimator.components import build_components
from gdregress._estimator.input.data import validate_input
from gdregress._estimator.input.table import checked_weights
from gdregress._estimator.planning.metric import l2_strength
from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments import LARGEST, ROUNDING, affordable
from gdregress._objective.spectral import shrunk
from gdregress._paths.candidates import ends_at_minimum, has_default_rules, penalties_of
from gdregress._paths.exact import ExactMinimum, has_exact_minimum, mean_squared_errors
from gdregress._paths.folds import moments_of_folds
from gdregress._utils.array_api import input_namespace, take_rows
from gdregress.exceptions import IgnoredParameterWarning
from gdregress.losses import SquaredError

# Scores that the moments know. A mean squared error below so much of the variance has lost digits.
FROM_MOMENTS = (None, "r2", "neg_mean_squared_error")
SMALLEST_ERROR = 1e-6


def from_moments(estimator, grid, data):
    """The function from moments to all candidates; None where they are fitted.

    It returns their numbers, coefficients of shape (n_candidates, n_features, n_targets) and
    intercepts.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    grid : Grid
    data : tuple of (X, y, sample_weight)
    """
    shape, xp = np.shape(data[0]), input_namespace(data[0])[0]
    if is_classifier(estimator) or xp is not np or len(shape) != 2 or shape[1] >= LARGEST:
        return None
    if sparse.issparse(data[0]) and not affordable(DesignMatrix(data[0].tocsr(), True)):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredParameterWarning)  # those of the fit are enough
        components = build_components(estimator)
    if not (components.loss.is_quadratic and components.loss.is_builtin):
        return None
    penalties = penalties_of(estimator, grid)
    at_minimum = has_default_rules(estimator) and ends_at_minimum(estimator)
    if at_minimum and "learning_rate" not in grid.names and all(map(has_exact_minimum, penalties)):
        return partial(minima, estimator, grid, penalties)
    if _has_descents(estimator, grid, components, penalties):
        return partial(descents, estimator, grid, penalties)
    return None


def _has_descents(estimator, grid, components, penalties):
    """Whether fits are so many epochs of batch descent at given rates, in the user's columns."""
    optimizer = components.optimizer
    strengths = [l2_strength(penalty) for penalty in penalties]
    return (
        estimator.tol is None
        and not (estimator.standardize or estimator.average or estimator.early_stopping)
        and estimator.preconditioner in ("auto", None)
        and components.sampler.takes_all_rows
        and components.schedule.is_constant
        and None not in strengths
        and (optimizer.searched_point or not any(strengths))  # else the prox is no linear update
        and optimizer.recurrence(1.0, np.ones(1)) is not None
        and all(isinstance(_rate(estimator, one), Real) for one in grid.candidates)
    )


def exact_scores(solve, estimator, grid, data, splits, scoring, scorer):
    """Scores of all candidates in all folds, and the moments of all rows if they are known.

    The scores are of shape (n_candidates, n_folds).

    Parameters
    ----------
    solve : callable
        See `from_moments`.
    estimator : GDRegressor
    grid : Grid
    data : tuple of (X, y, sample_weight)
    splits : Splits or SplitsInOrder
    scoring, scorer
        As given, and as a function.
    """
    X, y, weights = checked(estimator, *data)
    folds, whole = moments_of_folds(X, y, weights, splits, estimator.fit_intercept)
    scores = np.empty((len(grid.candidates), len(folds)))
    for k, fold in enumerate(folds):
        numbers, w, b = solve(fold.train)
        scores[numbers, k] = _scores(fold, (X, y, weights), estimator, scoring, scorer, w, b)
    return scores, whole


def minima(estimator, grid, penalties, moments):
    """Numbers, coefficients and intercepts of the candidates, along falling strengths.

    Parameters
    ----------
    estimator : GDRegressor
    grid : Grid
    penalties : list of Penalty
        Of the candidates.
    moments : Moments
    """
    exact = ExactMinimum(moments, estimator.fit_intercept, estimator.standardize)
    numbers = [i for block in grid.in_order() for i in block]
    return numbers, *exact.at([penalties[i].kernel_terms for i in numbers])


def descents(estimator, grid, penalties, moments):
    """The same after ``max_iter`` epochs of batch descent that begin at zero.

    For parameters see `minima`.
    """
    intercept, found = bool(estimator.fit_intercept), []
    matrix = moments.matrix(intercept)
    _, gradient = moments.at_constant(np.zeros(len(moments.target_mean)), intercept)
    optimizer, start = build_components(estimator).optimizer, np.zeros(len(matrix))
    for i, parameters in enumerate(grid.candidates):
        rate, strengths = _rate(estimator, parameters), start.copy()
        strengths[: len(moments.mean)] = l2_strength(penalties[i])
        each = [shrunk(matrix, g, strengths, start, rate) for g in gradient.T]
        found.append([one.displacements([estimator.max_iter], optimizer, rate)[0] for one in each])
    params, p = np.swapaxes(found, 1, 2), len(moments.mean)
    b = params[:, p] if intercept else 0 * params[:, 0]
    return range(len(found)), params[:, :p], b


def _rate(estimator, parameters):
    return parameters.get("learning_rate", estimator.learning_rate)


def checked(estimator, X, y, sample_weight):
    """The user's data as arrays, in which rows of weight 0 keep their numbers."""
    components = build_components(estimator)
    (X, y, _), _ = validate_input(estimator, X, y, None, components, reset=True)
    return X, y, None if sample_weight is None else checked_weights(sample_weight, X)


def _scores(fold, data, estimator, scoring, scorer, w, b):
    """Scores of coefficients and intercepts of many models at the rows left out."""
    by_rows = _score_by_rows(fold, data, estimator, scorer)
    if not (scoring is None or (isinstance(scoring, str) and scoring in FROM_MOMENTS)):
        return [by_rows(*model) for model in zip(w, b, strict=True)]
    errors, variance = mean_squared_errors(fold.test, w, b), fold.test.target_variance
    lost_digits = ~(errors > SMALLEST_ERROR * variance).all(axis=1)
    if scoring == "neg_mean_squared_error":
        scores = -errors.mean(axis=1)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):  # such scores come from the rows
            scores = (1 - errors / variance).mean(axis=1)
        # a target of which R2 is no share, as that of a single row
        spread = np.sqrt(np.maximum(variance, 0.0))
        lost_digits |= (spread <= ROUNDING * abs(fold.test.target_mean)).any()
    for i in np.flatnonzero(lost_digits):
        scores[i] = by_rows(w[i], b[i])
    return scores


def _score_by_rows(fold, data, estimator, scorer):
    """The function from coefficients and intercepts to the score of the rows left out."""
    rows = []  # taken where a score asks for them
    model = copy(estimator)
    vars(model).pop("feature_names_in_", None)  # the rows have come without
    model._loss = SquaredError()

    def score(w, b):
        if not rows:
            rows.extend(None if array is None else take_rows(array, fold.rows) for array in data)
        X, y, weights = rows
        given = {} if weights is None else {"sample_weight": weights}
        model.coef_, model.intercept_ = (w.T, b) if y.ndim == 2 else (w[:, 0], float(b[0]))
        return scorer(model, X, y, **given)

    return score
