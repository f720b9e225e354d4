"""The first step of a fit: check the input, build the components and the objective."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gdregress._estimator.components import Components, build_components
from gdregress._estimator.coordinates import Frame, choose_frame, penalty_inside
from gdregress._estimator.data import hold_out, read_in_place, validate_input
from gdregress._estimator.sizes import check_sizes
from gdregress._objective.base import normalised_weights, null_parameters
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_loss
from gdregress._objective.from_data import DataObjective
from gdregress._utils.array_api import namespace, widest_type
from gdregress._utils.validation import check_parameters, warn_large_batch


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """What is ready before anything descends.

    Parameters
    ----------
    components : Components
        The loss in its form for these targets.
    rows, held_out : tuple of (X, y, weights)
        To train on, and for the score of early stopping; None without it.
    objective : DataObjective
        Of the rows to train on.
    frame : Frame
        The coordinates of the objective, and what is known of its columns.
    weight_total : float
        Of the rows to train on, as it is divided by.
    to_user_library : callable
        From an array of the run to one of the library of X.
    """

    components: Components
    rows: tuple
    held_out: tuple | None
    objective: DataObjective
    frame: Frame
    weight_total: float
    to_user_library: Callable[[Any], Any]


class NoRows(ValueError):
    """No row of a call of `partial_fit` has a weight."""


def prepare(
    estimator, X, y, sample_weight, reset=True, in_parts=False, earlier=(0.0, 0), growth=1.0
):
    """Check parameters and input, and build components and objective.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.
    reset : bool
        Whether the number of features is that of X, or must equal that of an earlier fit.
    in_parts : bool
        Whether there are more rows than these, as in `partial_fit`.
    earlier : tuple of (weight, rows)
        Totals of the parts before this one.
    growth : float
        How many times the sum of the weights is the one that the objective is divided by.
    """
    check_parameters(estimator)
    components = build_components(estimator, in_parts)
    data, loss = validate_input(estimator, X, y, sample_weight, components, reset, in_parts)
    if in_parts and not data[1].shape[0]:
        raise NoRows
    names = getattr(estimator, "feature_names_in_", None)
    components = components.with_checked_penalty(data[0].shape[1], loss, data[1], names)
    if not in_parts:
        warn_large_batch(components.sampler, data[1].shape[0])
        check_sizes(data[0], data[1], loss, names)
    data, to_user_library = read_in_place(data, components)
    rows, held_out = (data, None) if in_parts else hold_out(estimator, data)
    X, y, weights = rows
    total = y.shape[0] if weights is None else float(namespace(weights).sum(weights))
    mean_so_far = (earlier[0] + total / growth) / (earlier[1] + y.shape[0])
    mean = total / y.shape[0] / mean_so_far if earlier[1] else growth
    weights = _relative_weights(y, weights, mean)
    frame = choose_frame(estimator, components, X, y, weights, in_parts)
    penalty = penalty_inside(estimator, components.penalty, frame.design.coordinates)
    objective = DataObjective(frame.design, y, weights, components.loss, penalty)
    return Prepared(components, rows, held_out, objective, frame, total / growth, to_user_library)


def _relative_weights(y, weights, mean):
    """Weights of a given mean, or None where all are 1.

    Weights count relative to their mean, and that of a single part says nothing of the others:
    the mean of a part is that of its rows relative to all rows so far.
    """
    weights = None if weights is None else normalised_weights(weights)
    if mean == 1:
        return weights
    ones = 0 * y[(slice(None),) + (0,) * (y.ndim - 1)] + 1
    return (ones if weights is None else weights) * mean


class Scorer:
    """Score of the user's parameters on the rows held out.

    With ``scoring="loss"`` the share 1 - L(w) / L(null) of the mean loss there that the null
    model of the training rows has; with "score" what the estimator's `score` is.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    """

    def __init__(self, estimator, prepared):
        self.estimator = estimator
        self.X, self.y, self.weights = prepared.held_out
        self.objective = prepared.objective
        self.null_loss = 1.0
        if estimator.scoring == "loss":
            self.y = _wide(self.y)
            self.null_loss = self._null_loss(prepared)

    def __call__(self, params):
        coef, intercept = self.objective.design.split(params)
        z = self.X @ coef + intercept
        if self.estimator.scoring == "loss":
            return 1 - self._loss(_wide(z)) / self.null_loss
        return self.estimator._validation_score(self.objective.loss, self.y, z, self.weights)

    def _loss(self, z):
        return float(mean_loss(self.objective.loss, self.y, self.weights, z))

    def _null_loss(self, prepared):
        """Of the rows held out; of those to train on where all of the former are met exactly."""
        loss, (X, y, weights) = self.objective.loss, prepared.rows
        null = null_parameters(DesignMatrix(X, self.estimator.fit_intercept), y, weights, loss)
        intercept = null[-1, ...] if self.estimator.fit_intercept else 0 * null[0, ...]
        losses = [
            float(mean_loss(loss, targets, some, _constant(intercept, targets)))
            for targets, some in ((self.y, self.weights), (_wide(y), weights))
        ]
        return losses[0] or losses[1] or 1.0


def _wide(array):
    """The same with the most digits that the library has: squares leave single precision soon."""
    return namespace(array).astype(array, widest_type(array))


def _constant(value, targets):
    """Raw predictions of the same value for all rows."""
    rows = 0 * targets[(slice(None),) + (0,) * (targets.ndim - 1)]
    return rows + value if value.ndim == 0 else rows[:, None] + value
