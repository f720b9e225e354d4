"""The loss on rows that were not fitted, epoch by epoch, from a stored path."""

from collections.abc import Mapping

import numpy as np

from gdregress._objective.evaluation import mean_loss
from gdregress.plotting._shared.estimators import (
    estimator_with_path,
    transformed,
    transformed_targets,
)
from gdregress.plotting._shared.frames import chosen_frames
from gdregress.plotting._shared.training import rebuild_training, stored_path

# Largest count of epochs whose loss is computed.
MOST = 200


def check_validation(validation, y):
    """Raise ValueError unless these are rows, for a picture of the loss."""
    if y != "loss":
        raise ValueError(f"validation requires y='loss'. Got y={y!r}.")
    if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
        raise ValueError(
            "validation must be a tuple (X, y) or (X, y, sample_weight) of rows that were not "
            f"fitted. Got {type(validation).__name__}."
        )


def held_out_losses(model, column, validation):
    """Points of the curve of the mean loss on other rows.

    Parameters
    ----------
    model : estimator
        Fitted with ``store_path=True``.
    column : str
        Column of the history on the horizontal axis.
    validation : tuple of X, y and possibly weights

    Returns
    -------
    ndarray of shape (2, n_points)

    Raises
    ------
    TypeError
        For a result of `minimize`, which knows no rows.
    ValueError
        If the path is not stored, or the rows have other columns or classes.
    """
    if isinstance(model, Mapping):
        raise TypeError("validation needs fitted estimators. Got a result of minimize.")
    estimator = estimator_with_path(model)
    X, y, *weights = validation
    rows = transformed(model, X), transformed_targets(model, y), *weights
    training = rebuild_training(estimator, *rows, early_stopping=False)
    objective, path = training.objective, stored_path(estimator)
    losses, chosen = [], chosen_frames(len(path), MOST)
    for flat in path[chosen]:
        with np.errstate(over="ignore", invalid="ignore"):
            z = objective.design.predict(training.as_parameters(training.to_run(flat)))
            losses.append(float(mean_loss(objective.loss, objective.y, objective.weights, z)))
    # early calls to partial_fit may have run with store_path=False
    along = np.array(estimator.history_[column][-len(path) :])
    return np.array([along[chosen], losses], dtype=float)
