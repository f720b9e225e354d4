"""The first step of a fit: check the input, build the components and the objective."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdregress._estimator.components import Components, build_components
from gdregress._estimator.input.columns_in_use import columns_in_use, take_columns
from gdregress._estimator.input.data import (
    read_in_place,
    seed_of_held_out,
    unchanged,
    validate_input,
)
from gdregress._estimator.input.finite import check_all_finite
from gdregress._estimator.input.sizes import check_sizes
from gdregress._estimator.input.validation_set import rows_to_validate
from gdregress._estimator.planning.coordinates import (
    Frame,
    choose_frame,
    frame_of,
    penalty_inside,
    preconditioner,
)
from gdregress._objective.base import normalised_weights
from gdregress._objective.from_data import DataObjective
from gdregress._objective.partitioned import (
    PartitionedDesign,
    PartitionedObjective,
    PartitionedSpectrum,
)
from gdregress._utils.array_api import array_like, namespace, to_numpy
from gdregress._utils.validation import check_parameters, warn_large_batch


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """The input, the components and the objective of a fit before its descent.

    Parameters
    ----------
    components : Components
        The loss in its form for these targets.
    rows, held_out : tuple of (X, y, weights) or None
        The rows to train on, None where they lie in blocks; the rows to validate on, or None.
    objective : DataObjective or PartitionedObjective
        Of the rows to train on.
    frame : Frame
        The coordinates of the objective, and what is known of its columns.
    weight_total, row_total : float, int
        Sum of the weights that the objective is divided by, and number of the rows to train on;
        `rows` may hold more, with a weight of zero.
    to_user_library : callable
        From an array of the run to one of the library of X.
    n_features : int
        Columns of the user's X; the run may leave out some.
    held_out_seed : int or None
        Seed that draws the rows of early stopping.
    """

    components: Components
    rows: tuple | None
    held_out: tuple | None
    objective: DataObjective | PartitionedObjective
    frame: Frame
    weight_total: float
    row_total: int
    to_user_library: Callable[[Any], Any]
    n_features: int
    held_out_seed: int | None = None

    @property
    def columns(self):
        """The numbers of the columns that the run has; None for all."""
        return self.frame.columns


class NoRows(ValueError):
    """No row of a call of `partial_fit` has a weight."""


NOT_GIVEN = (None, None, None)


def prepare(
    estimator,
    X,
    y,
    sample_weight,
    validation=NOT_GIVEN,
    reset=True,
    in_parts=False,
    earlier=(0.0, 0),
    user_weights=None,
    in_use_only=False,
    held_out_seed=None,
    moments=None,
):
    """Check parameters and input, and build components and objective.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.
    validation : tuple of (X_val, y_val, sample_weight_val)
        As the user gave them.
    reset : bool
        Whether X sets the number of features; otherwise it must have that of an earlier fit.
    in_parts : bool
        Whether there are more rows than these, as in `partial_fit`.
    earlier : tuple of (weight, rows)
        Totals of the parts before this one.
    user_weights : ndarray of shape (n_samples,) or None
        Weights by whose sum the objective is divided, where that is not the sum of sample_weight.
    in_use_only : bool
        Whether columns without entries may be left out.
    held_out_seed : int or None
        Seed that drew the rows of early stopping in an earlier run; None to draw one.
    moments : Moments or None
        Of all rows, where an earlier reading has formed them: the rows are then not checked and
        their moments not formed again.
    """
    check_parameters(estimator)
    validated = any(part is not None for part in validation)
    given, seen = (X, y, sample_weight), moments is not None
    components, data = _checked_input(estimator, given, validated, reset, in_parts, seen)
    data, to_user_library = read_in_place(data, components)
    n_features = data[0].shape[1]
    columns = columns_in_use(estimator, data[0], components.penalty) if in_use_only else None
    if columns is not None:
        moments = None
        data = (take_columns(data[0], columns), *data[1:])
    rows, held_out, kept = data, None, None
    if not in_parts:
        if held_out_seed is None and not validated:
            held_out_seed = seed_of_held_out(estimator)
        to_validate = validation, components, held_out_seed
        rows, held_out, kept = rows_to_validate(estimator, data, *to_validate)
    X, y, weights = rows
    divisor = _sum_of_rows(user_weights, sample_weight, y, kept)
    weights, divisor = _relative_weights(y, weights, divisor, earlier)
    frame = _frame(estimator, components, (X, y, weights), in_parts, moments)
    frame = replace(frame, columns=columns)
    penalty = penalty_inside(estimator, components.penalty, frame.design.coordinates)
    # rows held out that have only lost their weight are not drawn
    in_place = kept is not None and rows[0] is data[0]
    drawn = None
    if in_place and not components.sampler.takes_all_rows:
        drawn = kept.astype(np.min_scalar_type(-len(y)))
        rows = X, y, weights
    objective = DataObjective(frame.design, y, weights, components.loss, penalty, drawn)
    return Prepared(
        components,
        rows,
        held_out,
        objective,
        frame,
        divisor,
        data[0].shape[0] if kept is None else len(kept),
        to_user_library,
        n_features,
        held_out_seed,
    )


def _checked_input(estimator, given, validated, reset, in_parts, seen):
    """The components for these data, and the data as checked arrays.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    given : tuple of (X, y, sample_weight)
        As the user gave them.
    validated, reset, in_parts : bool
        See `prepare`; whether a validation set was given.
    seen : bool
        Whether an earlier reading has checked the rows.
    """
    components = build_components(estimator, in_parts, validated)
    read_later = not (in_parts or validated or estimator.early_stopping)
    several = {"seen": seen, "read_later": read_later}
    data, loss = validate_input(estimator, *given, components, reset, in_parts, **several)
    X, y, _ = data
    if in_parts and not y.shape[0]:
        raise NoRows
    names = getattr(estimator, "feature_names_in_", None)
    components = components.with_checked_penalty(X.shape[1], loss, y, names)
    if not in_parts:
        warn_large_batch(components.sampler, y.shape[0])
        own_columns = preconditioner(estimator) is None and not estimator.standardize
        check_sizes(X, y, loss, names, own_columns)
    return components, data


def _frame(estimator, components, rows, in_parts, moments):
    """`choose_frame`, with an error that says where X is not finite."""
    try:
        return choose_frame(estimator, components, *rows, in_parts, moments)
    except ValueError:
        check_all_finite(rows[0], estimator)  # the moments say that it is not, but not where
        raise


def prepare_partitions(estimator, components, partitions, validation=NOT_GIVEN):
    """As `prepare`, for rows that lie in blocks and have been checked there.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
        With the loss in its form for the targets.
    partitions : Partitions
    validation : tuple of (X_val, y_val, sample_weight_val)
        As the user gave them.
    """
    loss, summary = components.loss, partitions.summary
    X, y = summary.like
    components = components.with_checked_penalty(X.shape[1], loss, y)
    warn_large_batch(components.sampler, summary.n_samples)
    held_out = None
    if any(part is not None for part in validation):
        _, held_out, _ = rows_to_validate(estimator, (X, y, None), validation, components)
    spectrum = PartitionedSpectrum(PartitionedDesign(partitions, estimator.fit_intercept))
    frame = frame_of(estimator, components, spectrum, None, None)
    penalty = penalty_inside(estimator, components.penalty, frame.design.coordinates)
    objective = PartitionedObjective(frame.design, loss, penalty)
    return Prepared(
        components,
        None,
        held_out,
        objective,
        frame,
        summary.weight_total,
        summary.n_samples,
        unchanged,
        X.shape[1],
    )


def _sum_of_rows(user_weights, sample_weight, like, kept):
    """The sum of the user's weights over the rows that are trained on; None without any.

    Parameters
    ----------
    user_weights : ndarray of shape (n_samples,) or None
    sample_weight : array of shape (n_samples,)
        The rows that have a weight by it are those of the run.
    like : array
        Of the type in which weights are numbers.
    kept : ndarray of int or None
        Numbers of the rows that are trained on; None for all.
    """
    if user_weights is None:
        return None
    weights = array_like(to_numpy(sample_weight), like)
    weights = user_weights[to_numpy(weights) > 0]
    return float((weights if kept is None else weights[kept]).sum())


def _relative_weights(y, weights, divisor, earlier):
    """Weights relative to their mean, None where all are 1; and the sum that is divided by.

    The weights of a part of `partial_fit` are relative to the mean of all rows so far, as the
    mean of the part says nothing of the others.

    Parameters
    ----------
    y : array of shape (n_samples,) or (n_samples, n_targets)
    weights : array of shape (n_samples,) or None
    divisor : float or None
        The sum to divide by, where it is not that of the weights.
    earlier : tuple of (weight, rows)
        Totals of the parts before this one.
    """
    total = y.shape[0] if weights is None else float(namespace(weights).sum(weights))
    divisor = total if divisor is None else divisor
    mean_so_far = (earlier[0] + divisor) / (earlier[1] + y.shape[0])
    mean = total / y.shape[0] / mean_so_far if earlier[1] else total / divisor
    weights = None if weights is None else normalised_weights(weights)
    if mean == 1:
        return weights, divisor
    ones = 0 * y[(slice(None),) + (0,) * (y.ndim - 1)] + 1
    return (ones if weights is None else weights) * mean, divisor
