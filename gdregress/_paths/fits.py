"""Scores of fits, each from where the last one has ended if that changes no minimum."""

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.parallel import Parallel, delayed

from gdregress._utils.arguments import defaults


def scores_of_fits(estimator, grid, data, splits, scorer, n_jobs):
    """Scores of all candidates in all folds, of shape (n_candidates, n_folds).

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    grid : Grid
    data : tuple of (X, y, sample_weight)
    splits : list of (train, test)
    scorer : callable
    n_jobs : int or None
    """
    tasks = (delayed(_fold)(estimator, grid, data, split, scorer) for split in splits)
    return np.column_stack(Parallel(n_jobs=n_jobs, prefer="threads")(tasks))


def _fold(estimator, grid, data, split, scorer):
    """Scores of all candidates in one fold."""
    train, test = (
        [None if a is None else _safe_indexing(a, rows) for a in data] for rows in split
    )
    scores = [0.0] * len(grid.candidates)
    weights = {} if test[2] is None else {"sample_weight": test[2]}
    for i, model in path_of(estimator, grid, train):
        scores[i] = scorer(model, *test[:2], **weights)
    return scores


def path_of(estimator, grid, data):
    """Number and fitted model of each candidate, along falling strengths.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    grid : Grid
    data : tuple of (X, y, sample_weight)
    """
    for block in grid.in_order():
        model = clone(estimator)
        if ends_at_minimum(estimator):
            model.set_params(warm_start=True)
        for i in block:
            model.set_params(**grid.candidates[i]).fit(*data)
            yield i, model


def ends_at_minimum(estimator):
    """Whether fits end at one minimum wherever they begin, with as many epochs as by default."""
    searched = estimator.learning_rate in ("auto", "line-search")
    enough = estimator.max_iter >= defaults(type(estimator))["max_iter"]
    return searched and enough and estimator.tol is not None and not estimator.early_stopping
