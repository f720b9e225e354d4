"""Scores of the minima of squared error, from the moments of the folds."""

from copy import copy

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier

from gdregress._estimator.components import build_components
from gdregress._estimator.data import validate_input
from gdregress._estimator.table import checked_weights
from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments import LARGEST, affordable
from gdregress._paths.exact import ExactMinimum, has_exact_minimum, mean_squared_errors
from gdregress._paths.fits import ends_at_minimum
from gdregress._paths.folds import moments_of_folds
from gdregress._utils.arguments import defaults
from gdregress._utils.array_api import input_namespace, take_rows
from gdregress._utils.validation import build_component
from gdregress.penalties import PENALTIES

# Scores that the moments know. A mean squared error below so much of the variance has lost digits.
FROM_MOMENTS = (None, "r2", "neg_mean_squared_error")
SMALLEST_ERROR = 1e-6


def is_exact(estimator, grid, data):
    """Whether all candidates have their minimum from moments.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    grid : Grid
    data : tuple of (X, y, sample_weight)
    """
    if is_classifier(estimator) or "learning_rate" in grid.names or not ends_at_minimum(estimator):
        return False
    shape, xp = np.shape(data[0]), input_namespace(data[0])[0]
    if xp is not np or len(shape) != 2 or not _descends_to_the_end(estimator):
        return False
    components = build_components(estimator)
    if not components.loss.is_quadratic or not components.loss.is_builtin:
        return False
    if sparse.issparse(data[0]) and not affordable(DesignMatrix(data[0].tocsr(), True)):
        return False
    return shape[1] < LARGEST and all(map(has_exact_minimum, penalties_of(estimator, grid)))


def exact_scores(estimator, grid, data, splits, scoring, scorer):
    """Scores of all candidates in all folds, of shape (n_candidates, n_folds).

    Parameters
    ----------
    estimator : GDRegressor
    grid : Grid
    data : tuple of (X, y, sample_weight)
    splits : list of (train, test)
    scoring, scorer
        As given, and as a function.
    """
    X, y, weights = checked(estimator, *data)
    folds = moments_of_folds(X, y, weights, splits, estimator.fit_intercept)
    penalties = penalties_of(estimator, grid)
    scores = np.empty((len(penalties), len(folds)))
    for k, fold in enumerate(folds):
        score = _score_of(fold, (X, y, weights), estimator, scoring, scorer)
        for i, w, b in minima(estimator, fold.train, fold.n_train, grid, penalties):
            scores[i, k] = score(w, b)
    return scores


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
    exact = ExactMinimum(moments, n_samples, estimator.fit_intercept, estimator.standardize)
    for block in grid.in_order():
        for i in block:
            terms = penalties[i].kernel_terms
            yield i, *exact.at(terms.l1, terms.l2)


def checked(estimator, X, y, sample_weight):
    """The user's data as arrays, in which rows of weight 0 keep their numbers."""
    components = build_components(estimator)
    (X, y, _), _ = validate_input(estimator, X, y, None, components, reset=True)
    return X, y, None if sample_weight is None else checked_weights(sample_weight, X)


def penalties_of(estimator, grid):
    """The penalty of each candidate."""
    return [_penalty(estimator, parameters) for parameters in grid.candidates]


def _penalty(estimator, parameters):
    inner = {name.removeprefix("penalty__"): value for name, value in parameters.items()}
    flat = {"alpha": estimator.alpha, "l1_ratio": estimator.l1_ratio} | inner
    penalty, _ = build_component(estimator.penalty, PENALTIES, flat)
    return penalty if isinstance(estimator.penalty, str) else penalty.set_params(**inner)


def _descends_to_the_end(estimator):
    """Whether the rules are those by default."""
    names = ("solver", "optimizer", "momentum", "schedule", "average")
    known = defaults(type(estimator))
    return all(getattr(estimator, name) == known[name] for name in names)


def _score_of(fold, data, estimator, scoring, scorer):
    """The function from coefficients and intercepts to the score of the rows left out."""
    X, y, weights = (None if a is None else take_rows(a, fold.rows) for a in data)
    model = copy(estimator)
    vars(model).pop("feature_names_in_", None)  # the rows have come without
    model._loss = build_components(estimator).loss
    given = {} if weights is None else {"sample_weight": weights}

    def by_rows(w, b):
        model.coef_, model.intercept_ = (w.T, b) if y.ndim == 2 else (w[:, 0], float(b[0]))
        return scorer(model, X, y, **given)

    def by_moments(w, b):
        errors, variance = mean_squared_errors(fold.test, w, b), fold.test.target_variance
        if not (errors > SMALLEST_ERROR * variance).all():
            return by_rows(w, b)
        return -float(errors.mean()) if scoring else float((1 - errors / variance).mean())

    if not (scoring is None or (isinstance(scoring, str) and scoring in FROM_MOMENTS)):
        return by_rows
    scoring = None if scoring == "r2" else scoring
    return by_moments
