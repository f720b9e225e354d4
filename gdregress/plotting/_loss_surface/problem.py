"""The check that all estimators on a surface minimise the same objective."""

import numpy as np
from scipy import sparse

from gdregress._utils.array_api import to_numpy
from gdregress.plotting._shared.estimators import transformed, transformed_targets
from gdregress.plotting._shared.training import rebuild_training


def common_training(models, estimators, X, y, sample_weight):
    """The objective that all fits have minimised.

    Parameters
    ----------
    models : dict of label to fitted estimator or Pipeline
    estimators : dict of label to GDRegressor or GDClassifier
        The final estimators of the models.
    X, y, sample_weight
        The data of the fits.

    Raises
    ------
    ValueError
        If they have minimised different objectives.
    """
    first = next(iter(models))
    data = {k: (transformed(m, X), transformed_targets(m, y)) for k, m in models.items()}
    trainings, problems = {}, {}
    for label, estimator in estimators.items():
        for name, given, other in zip(("X", "y"), data[label], data[first], strict=True):
            if not _same_numbers(given, other):
                raise ValueError(
                    "Estimators on one surface must be fitted to the same data, but the steps "
                    f"before {label!r} transform {name} differently from those before {first!r}."
                )
        trainings[label] = rebuild_training(estimator, *data[label], sample_weight)
        problems[label] = _problem(estimator, trainings[label])
        for name, value in problems[first].items():
            if (other := problems[label][name]) != value:
                raise ValueError(
                    "Estimators on one surface must minimise the same objective, but "
                    f"{first!r} has {name}={value} and {label!r} has {name}={other}. "
                    "Draw a surface for each."
                )
    return trainings[first]


def _problem(estimator, training):
    """The parameters on which an objective depends, apart from the data."""
    held_out = estimator.validation_fraction, estimator.random_state
    return {
        "loss": repr(training.objective.loss),
        "penalty": repr(training.objective.penalty),
        "fit_intercept": estimator.fit_intercept,
        "standardize": estimator.standardize,
        "class_weight": repr(getattr(estimator, "class_weight", None)),
        "early_stopping, with validation_fraction and random_state": (
            held_out if estimator.early_stopping else None
        ),
    }


def _same_numbers(a, b):
    if a is b:
        return True
    if sparse.issparse(a) and sparse.issparse(b):
        return a.shape == b.shape and (a != b).nnz == 0
    is_mixed = sparse.issparse(a) or sparse.issparse(b)
    return not is_mixed and np.array_equal(to_numpy(a), to_numpy(b))
