"""The predictions of a model now and after every epoch."""

import copy
from collections.abc import Sequence

import numpy as np
from sklearn.base import is_classifier

from gdregress._utils.array_api import to_numpy
from gdregress.plotting._shared.estimators import (
    estimator_with_path,
    in_columns,
    target_transformers,
    transformed,
)


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


class ResponsesByEpoch(Sequence):
    """A sequence of the lines of some models after every epoch, with the start as number 0.

    Each item is computed on access; a shorter run stays at its end.

    Parameters
    ----------
    models : list of estimator
        Fitted with ``store_path=True``. The earlier steps of a Pipeline transform X once.
    X, target
        As for `response`.
    """

    def __init__(self, models, X, target=None):
        self.target = target
        self.runs = [
            (estimator_with_path(model), transformed(model, X), target_transformers(model))
            for model in models
        ]

    def __len__(self):
        return max(len(estimator.history_.coef) for estimator, *_ in self.runs)

    def __getitem__(self, epoch):
        return np.vstack([self._response(epoch, *run) for run in self.runs])

    def _response(self, epoch, estimator, X, transformers):
        then, history = copy.copy(estimator), estimator.history_
        at = min(epoch, len(history.coef) - 1)
        then.coef_, then.intercept_ = history.coef[at], history.intercept[at]
        with np.errstate(over="ignore", invalid="ignore"):
            return response(then, X, self.target, transformers)
