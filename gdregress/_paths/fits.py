"""Scores of fits, each from where the last one has ended if that changes no minimum."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed

from gdregress._estimator.components import build_components
from gdregress._estimator.input.data import validate_input
from gdregress._estimator.planning.start import original_units
from gdregress._estimator.prepare import prepare
from gdregress._objective.base import normalised_weights
from gdregress._objective.evaluation import over_targets
from gdregress._paths.candidates import ends_at_minimum, has_default_rules, penalties_of
from gdregress._paths.newton import NewtonPath, has_newton_path

# Of a row, where scikit-learn clips probabilities.
LARGEST_LOG_LOSS = -float(np.log(np.finfo(float).eps))


def scores_of_fits(estimator, grid, data, splits, scoring, scorer, n_jobs):
    """Scores of all candidates in all folds, of shape (n_candidates, n_folds).

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    grid : Grid
    data : tuple of (X, y, sample_weight)
    splits : Splits or SplitsInOrder
    scoring, scorer
        As given, and as a function.
    n_jobs : int or None
    """
    fold = delayed(_fold)
    tasks = (fold(estimator, grid, data, split, scoring, scorer) for split in splits)
    return np.column_stack(Parallel(n_jobs=n_jobs, prefer="threads")(tasks))


def _fold(estimator, grid, data, split, scoring, scorer):
    """Scores of all candidates in one fold."""
    train, test = (
        [None if array is None else _safe_indexing(array, rows) for array in data]
        for rows in split
    )
    scores = [0.0] * len(grid.candidates)
    weights = {} if test[2] is None else {"sample_weight": test[2]}
    score = None
    for i, model in path_of(estimator, grid, train):
        if score is None:
            score = _score_by_predictions(model, test, scoring)
        scores[i] = scorer(model, *test[:2], **weights) if score is False else score(model)
    return scores


def _score_by_predictions(model, test, scoring):
    """The function that scores a model by its raw predictions; False where a scorer has to.

    It checks the rows once for all models.
    """
    own = scoring is None or (scoring == "neg_log_loss" and model.loss == "log_loss")
    if not own or getattr(model, "class_weight", None) is not None or len(test[1]) < 2:
        return False
    components = build_components(model)
    (X, y, weights), loss = validate_input(model, *test, components, reset=False, in_parts=True)
    s = None if weights is None else normalised_weights(weights)

    def score(fitted):
        z = X @ (fitted.coef_.T if y.ndim == 2 or loss.n_outputs else fitted.coef_.ravel())
        z = z + (fitted.intercept_ if z.ndim == 2 else float(np.squeeze(fitted.intercept_)))
        if scoring is None:
            return fitted._validation_score(loss, y, z, weights)
        losses = np.minimum(loss.value(y, z), LARGEST_LOG_LOSS)
        return -float(np.mean(losses if s is None else losses * over_targets(s, losses)))

    return score


def path_of(estimator, grid, data):
    """Number and fitted model of each candidate, along falling strengths.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    grid : Grid
    data : tuple of (X, y, sample_weight)
    """
    newton = _newton_path(estimator, grid, data)
    if newton is not None:
        yield from newton
        return
    for block in grid.in_order():
        model = clone(estimator)
        if ends_at_minimum(estimator):
            model.set_params(warm_start=True)
        for i in block:
            model.set_params(**grid.candidates[i]).fit(*data)
            yield i, model


def _newton_path(estimator, grid, data):
    """The same by Newton steps, or None where these are not known to lead there."""
    known = has_default_rules(estimator) and ends_at_minimum(estimator)
    if not known or grid.names.keys() != {"alpha"} or estimator.standardize:
        return None
    if estimator.preconditioner not in ("auto", "columns"):
        return None
    penalties = penalties_of(estimator, grid)
    first = grid.in_order()[0]
    model = clone(estimator).set_params(preconditioner="columns", **grid.candidates[first[0]])
    prepared = prepare(model, *data)
    if not has_newton_path(prepared, penalties):
        return None
    model.set_params(preconditioner=estimator.preconditioner)
    return _newton_models(model, prepared, grid, penalties, data)


def _newton_models(model, prepared, grid, penalties, data):
    """Number and model of each candidate; one is fitted where Newton steps lead nowhere."""
    path, original = NewtonPath(model, prepared), original_units(prepared, model._coef_as_rows)
    for i in grid.in_order()[0]:
        model.set_params(**grid.candidates[i])
        params = path.at(penalties[i])
        if params is None:
            model.fit(*data)
        else:
            model.coef_, model.intercept_ = original(params)
            model._loss = prepared.objective.loss
        yield i, model
