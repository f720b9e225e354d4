"""Scores of squared error from the moments of the folds: of minima, and of descents to them."""

import warnings
from copy import copy
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
    """What has all candidates from moments, `minima` or `descents`; None where they are fitted.

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
        return minima
    return descents if _has_descents(estimator, grid, components, penalties) else None


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
        `minima` or `descents`.
    estimator : GDRegressor
    grid : Grid
    data : tuple of (X, y, sample_weight)
    splits : list of (train, test)
    scoring, scorer
        As given, and as a function.
    """
    X, y, weights = checked(estimator, *data)
    folds, whole = moments_of_folds(X, y, weights, splits, estimator.fit_intercept)
    penalties = penalties_of(estimator, grid)
    scores = np.empty((len(penalties), len(folds)))
    for k, fold in enumerate(folds):
        score = _score_of(fold, (X, y, weights), estimator, scoring, scorer)
        for i, w, b in solve(estimator, fold.train, fold.n_train, grid, penalties):
            scores[i, k] = score(w, b)
    return scores, whole


def minima(estimator, moments, n_samples, grid, penalties):
    """Number, coefficients and intercepts of each candidate, along falling strengths.

    Parameters
    ----------
    estimator : GDRegressor
    moments : Moments
    n_samples : int
    grid : Grid
    penalties : list of Penalty
        Of the candidates.
    """
    exact = ExactMinimum(moments, estimator.fit_intercept, estimator.standardize)
    for block in grid.in_order():
        for i in block:
            terms = penalties[i].kernel_terms
            yield i, *exact.at(terms.l1, terms.l2)


def descents(estimator, moments, n_samples, grid, penalties):
    """The same after ``max_iter`` epochs of batch descent that begin at zero.

    For parameters see `minima`.
    """
    intercept = bool(estimator.fit_intercept)
    matrix = moments.matrix(intercept)
    _, gradient = moments.at_constant(np.zeros(len(moments.target_mean)), intercept)
    optimizer, start = build_components(estimator).optimizer, np.zeros(len(matrix))
    for i, parameters in enumerate(grid.candidates):
        rate, strengths = _rate(estimator, parameters), start.copy()
        strengths[: len(moments.mean)] = l2_strength(penalties[i])
        each = [shrunk(matrix, g, strengths, start, rate) for g in gradient.T]
        params = np.column_stack(
            [one.displacements([estimator.max_iter], optimizer, rate)[0] for one in each]
        )
        yield i, *((params[:-1], params[-1]) if intercept else (params, 0 * params[0]))


def _rate(estimator, parameters):
    return parameters.get("learning_rate", estimator.learning_rate)


def checked(estimator, X, y, sample_weight):
    """The user's data as arrays, in which rows of weight 0 keep their numbers."""
    components = build_components(estimator)
    (X, y, _), _ = validate_input(estimator, X, y, None, components, reset=True)
    return X, y, None if sample_weight is None else checked_weights(sample_weight, X)


def _score_of(fold, data, estimator, scoring, scorer):
    """The function from coefficients and intercepts to the score of the rows left out."""
    rows = []  # taken where a score asks for them
    model = copy(estimator)
    vars(model).pop("feature_names_in_", None)  # the rows have come without
    model._loss = SquaredError()

    def by_rows(w, b):
        if not rows:
            rows.extend(None if array is None else take_rows(array, fold.rows) for array in data)
        X, y, weights = rows
        given = {} if weights is None else {"sample_weight": weights}
        model.coef_, model.intercept_ = (w.T, b) if y.ndim == 2 else (w[:, 0], float(b[0]))
        return scorer(model, X, y, **given)

    def by_moments(w, b):
        errors, variance = mean_squared_errors(fold.test, w, b), fold.test.target_variance
        lost_digits = not (errors > SMALLEST_ERROR * variance).all()
        if lost_digits or (scoring is None and is_constant.any()):
            return by_rows(w, b)
        return -float(errors.mean()) if scoring else float((1 - errors / variance).mean())

    if not (scoring is None or (isinstance(scoring, str) and scoring in FROM_MOMENTS)):
        return by_rows
    scoring = None if scoring == "r2" else scoring
    # a target of which R2 is no share, as that of a single row
    spread = np.sqrt(np.maximum(fold.test.target_variance, 0.0))
    is_constant = spread <= ROUNDING * abs(fold.test.target_mean)
    return by_moments
