"""What a model predicts now, and what it would have predicted after every epoch."""

import copy
from collections.abc import Sequence

import numpy as np
from sklearn.base import is_classifier

from gdregress._utils.array_api import to_numpy
from gdregress.plotting._shared.estimators import fitted_estimator, transformed
from gdregress.plotting._shared.stored_path import check_stored


def response(model, X, target=None):
    """What is drawn of a model: predictions, or what it says of the classes.

    Parameters
    ----------
    model : fitted estimator
    X : array of shape (n_samples, n_features)
    target : int or None
        Which of several targets of a regressor.

    Returns
    -------
    values : ndarray of shape (n_lines, n_samples)
        A regressor has one line; a classifier one of its second class, or one for each of more
        than two: the probability where it is known, the decision function otherwise.
    """
    if not is_classifier(model):
        predicted = to_numpy(model.predict(X))
        return predicted[None] if predicted.ndim == 1 else predicted.T[[target]]
    if hasattr(model, "predict_proba"):
        probability = to_numpy(model.predict_proba(X)).T
        return probability[1:] if len(probability) == 2 else probability
    return np.atleast_2d(to_numpy(model.decision_function(X)).T)


class ResponseByEpoch(Sequence):
    """`response` after every epoch, the start being number 0; computed when asked for.

    Parameters
    ----------
    model : estimator
        Fitted with ``store_path=True``; a Pipeline or search transforms X once.
    X, target
        As for `response`.

    Raises
    ------
    ValueError
        If the path has not been stored.
    """

    def __init__(self, model, X, target=None):
        self.estimator = fitted_estimator(model)
        check_stored(self.estimator)
        self.X = transformed(model, X)
        self.target = target

    def __len__(self):
        return len(self.estimator.history_.coef)

    def __getitem__(self, epoch):
        then = copy.copy(self.estimator)
        then.coef_ = self.estimator.history_.coef[epoch]
        then.intercept_ = self.estimator.history_.intercept[epoch]
        with np.errstate(over="ignore", invalid="ignore"):
            return response(then, self.X, self.target)
