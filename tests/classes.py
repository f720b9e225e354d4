"""Data, classifiers and parameters that the tests of classifiers share."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, SGDClassifier

from gdregress import GDClassifier
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.samplers import SAMPLERS

every_loss = pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
every_solver = pytest.mark.parametrize("solver", SAMPLERS)
two_and_three = pytest.mark.parametrize("k", [2, 3])
WITH_PROBABILITIES = [n for n, loss in CLASSIFICATION_LOSSES.items() if loss.probability]
IN_SCIKIT_LEARN = ["log_loss", "hinge", "squared_hinge", "modified_huber", "perceptron"]


def make_data(k=2, n=60, p=4, noise=0.7):
    """Rows of k classes that overlap, with labels 0, ..., k - 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    scores = 2 * X[:, :k] + noise * rng.normal(size=(n, k))
    return X, scores.argmax(axis=1)


def short(loss="log_loss", **parameters):
    """A classifier of a few epochs."""
    return GDClassifier(loss, **{"max_iter": 20, "tol": None, "random_state": 0, **parameters})


def with_coefficients(model, coef, intercept):
    """The model with other coefficients."""
    model.coef_, model.intercept_ = np.asarray(coef, float), np.asarray(intercept, float)
    return model


def as_sklearn(model, reference):
    """A classifier of scikit-learn that is given the coefficients of the model."""
    for name in ("coef_", "intercept_", "classes_", "n_features_in_"):
        setattr(reference, name, getattr(model, name))
    return reference


def reference_for(loss):
    return LogisticRegression() if loss == "log_loss" else SGDClassifier(loss=loss)


LABELS = {
    "text": ["no", "yes", "maybe"],
    "boolean": [False, True],
    "minus 7 and 3": [3, -7],
    "float": [1.0, 0.0, 2.0],
    "unsigned": np.array([200, 7, 3], dtype=np.uint8),
    "object": np.array(["b", "a", "c"], dtype=object),
    "long text": ["a", "a longer label", "b"],
    "digits as text": ["10", "9", "8"],
}
