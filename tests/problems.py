"""Small objectives without an estimator, in the user's parameters or those of scaled columns."""

import numpy as np
from twins import PENALISED, in_single

from gdregress._objective.coordinates import Columns
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress._utils.validation import build_component
from gdregress.losses import LOSSES
from gdregress.penalties import PENALTIES

MEAN, SCALE = np.array([0.5, -3.0, 0.0, 0.25, 1.0]), np.array([0.5, 4.0, 1.0, 3.0, 0.75])
COLUMNS = Columns(MEAN, SCALE, True)
ONLY_SCALED = Columns(0 * MEAN, SCALE, True)


def rows_and_targets():
    """Rows with zeros and an empty row, targets of three kinds, and weights of mean 1."""
    rng = np.random.RandomState(0)
    X = rng.randn(23, 5) * (rng.rand(23, 5) < 0.6)
    X[3] = 0
    y = np.abs(X @ rng.randn(5) + 1 + rng.randn(23)) + 0.1
    weights = rng.rand(23)
    Y = np.column_stack([y, 3 - 2 * y, 0.1 * y**2])
    return in_single(X), in_single(Y), weights / weights.mean()


def transformed(X, columns):
    """The columns as the coordinates have them."""
    return X if columns is None else (X - columns.mean) / columns.scale


def objective_of(X, Y, weights, loss, penalty, columns=None, fit_intercept=True):
    """The objective whose parameters are those of the columns' coordinates.

    `loss` and `penalty` are names, or instances; the targets are of shape (rows, targets).
    """
    if isinstance(penalty, str | None) and penalty in PENALISED:
        penalty, _ = build_component(
            PENALISED[penalty][0]["penalty"], PENALTIES, PENALISED[penalty][0]
        )
    loss = LOSSES[loss]() if isinstance(loss, str) else loss
    design = DesignMatrix(X, fit_intercept, coordinates=columns)
    y = (Y[:, 0] if Y.shape[1] == 1 else Y).astype(X.dtype)
    weights = None if weights is None else weights.astype(X.dtype)
    return DataObjective(design, y, weights, loss, penalty)


def start_of(penalty, k):
    """Parameters that are not zero, one column for each target, within the penalty's bounds."""
    coef = [PENALISED[penalty][1](0.1 * (-1) ** j, 0.0, j) for j in range(5)]
    return np.column_stack([[*coef, 1.0 + t] for t in range(k)])


def shaped(params):
    """Parameters of a single target are one-dimensional."""
    return params[:, 0] if params.shape[1] == 1 else params
