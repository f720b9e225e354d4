"""The first step of a fit: check the input, build the components and the objective."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from gdregress._estimator.components import Components, build_components
from gdregress._estimator.input.columns_in_use import columns_in_use, take_columns
from gdregress._estimator.input.data import (
    read_in_place,
    seed_of_held_out,
    unchanged,
    validate_input,
)
from gdregress._estimator.input.finite import check_all_finite
from gdregress._estimator.input.offset import NO_OFFSETS, beside_offsets
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
from gdregress._utils.array_api import namespace
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
    offsets=NO_OFFSETS,
    reset=True,
    in_parts=False,
    earlier=(0.0, 0),
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
    offsets : tuple of (offset, exposure)
        As the user gave them.
    reset : bool
        Whether X sets the number of features; otherwise it must have that of an earlier fit.
    in_parts : bool
        Whether there are more rows than these, as in `partial_fit`.
    earlier : tuple of (weight, rows)
        Totals of the parts before this one.
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
    components = build_components(estimator, in_parts, validated)
    components, y = beside_offsets(components, X, y, offsets)
    given = X, y, sample_weight
    flags = validated, reset, in_parts, moments is not None
    components, data = _checked_input(estimator, components, given, *flags)
    data, to_user_library = read_in_place(data, components)
    n_features, columns = data[0].shape[1], None
    if in_use_only and sparse.issparse(data[0]):
        columns = columns_in_use(estimator, data[0], components.penalty)
    if columns is not None:
        moments = None
        data = (take_columns(data[0], columns), *data[1:])
    rows, held_out, kept = data, None, None
    if validated or (estimator.early_stopping and not in_parts):
        if held_out_seed is None and not validated:
            held_out_seed = seed_of_held_out(estimator)
        to_validate = validation, components, held_out_seed
        rows, held_out, kept = rows_to_validate(estimator, data, *to_validate)
    X, y, weights = rows
    weights, total = _relative_weights(y, weights, earlier)
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
    if frame.sample is not None:
        objective = objective.with_sample(frame.sample.spectrum)
    return Prepared(
        components,
        rows,
        held_out,
        objective,
        frame,
        total,
        data[0].shape[0] if kept is None else len(kept),
        to_user_library,
        n_features,
        held_out_seed,
    )


def _checked_input(estimator, components, given, validated, reset, in_parts, seen):
    """The components for these data, and the data as checked arrays.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    given : tuple of (X, y, sample_weight)
        As the user gave them, offsets beside the targets.
    validated, reset, in_parts : bool
        See `prepare`; whether a validation set was given.
    seen : bool
        Whether an earlier reading has checked the rows.
    """
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


def _relative_weights(y, weights, earlier):
    """Weights relative to their mean, None where all are 1; and their sum.

    The weights of a part of `partial_fit` are relative to the mean of all rows so far, as the
    mean of the part says nothing of the others.

    Parameters
    ----------
    y : array of shape (n_samples,) or (n_samples, n_targets)
    weights : array of shape (n_samples,) or None
    earlier : tuple of (weight, rows)
        Totals of the parts before this one.
    """
    total = y.shape[0] if weights is None else float(namespace(weights).sum(weights))
    weights = None if weights is None else normalised_weights(weights)
    if not earlier[1]:
        return weights, total
    mean_so_far = (earlier[0] + total) / (earlier[1] + y.shape[0])
    mean = total / y.shape[0] / mean_so_far
    if mean == 1:
        return weights, total
    ones = 0 * y[(slice(None),) + (0,) * (y.ndim - 1)] + 1
    return (ones if weights is None else weights) * mean, total
