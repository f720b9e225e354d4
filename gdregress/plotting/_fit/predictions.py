"""The predictions of a model now and after every epoch."""

import copy
from collections.abc import Sequence

import numpy as np
from sklearn.base import is_classifier

from gdregress._utils.array_api import to_numpy
from gdregress.plotting._shared.estimators import (
    fitted_estimator,
    in_columns,
    target_transformers,
    transformed,
)
from gdregress.plotting._shared.stored_path import check_stored


def response(model, X, target=None, transformers=()):
    """The numbers that a `FitDisplay` draws: predictions, or a number for each class.

    Parameters
    ----------
    model : fitted estimator
    X : array of shape (n_samples, n_features)
    target : int or None
        Number of the target, for a regressor of several; None for all predictions of one.
    transformers : sequence of transformers
        The targets of the model are transformed by these; predictions are transformed back.

    Returns
    -------
    values : ndarray of shape (n_lines, n_samples)
        A regressor has one line, or one for each of its quantiles. A classifier of two classes
        has one line, for the second class; one of more classes has a line for each. They show
        ``predict_proba``, or the decision function of a classifier without it.
    """
    if not is_classifier(model):
        predicted: np.ndarray = to_numpy(model.predict(X))
        for transformer in reversed(transformers):
            predicted = np.asarray(in_columns(transformer.inverse_transform, predicted))
        columns = predicted[:, None] if predicted.ndim == 1 else predicted
        return columns.T if target is None else columns[:, [target]].T
    if hasattr(model, "predict_proba"):
        probability = to_numpy(model.predict_proba(X)).T
        return probability[1:] if len(probability) == 2 else probability
    return np.atleast_2d(to_numpy(model.decision_function(X)).T)


class ResponseByEpoch(Sequence):
    """A sequence of `response` after every epoch, with the start as number 0.

    Each item is computed on access.

    Parameters
    ----------
    model : estimator
        Fitted with ``store_path=True``. The earlier steps of a Pipeline transform X once.
    X, target
        As for `response`.

    Raises
    ------
    ValueError
        If the estimator has not stored its path.
    """

    def __init__(self, model, X, target=None):
        self.estimator = fitted_estimator(model)
        check_stored(self.estimator)
        self.X = transformed(model, X)
        self.target = target
        self.transformers = target_transformers(model)

    def __len__(self):
        return len(self.estimator.history_.coef)

    def __getitem__(self, epoch):
        then = copy.copy(self.estimator)
        then.coef_ = self.estimator.history_.coef[epoch]
        then.intercept_ = self.estimator.history_.intercept[epoch]
        with np.errstate(over="ignore", invalid="ignore"):
            return response(then, self.X, self.target, self.transformers)


class StackedResponses(Sequence):
    """The lines of some models after every epoch; a shorter run stays at its end.

    Parameters
    ----------
    runs : list of ResponseByEpoch
    """

    def __init__(self, runs):
        self.runs = runs

    def __len__(self):
        return max(map(len, self.runs))

    def __getitem__(self, epoch):
        return np.vstack([run[min(epoch, len(run) - 1)] for run in self.runs])
