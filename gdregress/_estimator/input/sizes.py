"""Columns and targets whose sizes leave the range of numbers: refused before anything descends."""

import numpy as np
from scipy import sparse

from gdregress._utils.array_api import is_single, take_rows, to_numpy

# Rows that are looked at: sizes that differ by a hundred orders of magnitude show in the first.
ROWS = 200
# The variance of columns below it may be less than `SMALLEST_VARIANCE`, as that of constant ones.
SMALLEST = 1e-140
# Sizes up to it, and down to its inverse, need no look at single columns.
ORDINARY = 1e12
# By how much coefficients may differ from the size of the targets over that of the columns.
MARGIN = 1e3


def check_sizes(X, y, loss, names, own_columns=False):
    """Raise ValueError for columns, or coefficients to be expected, out of the range of numbers.

    Squares that overflow show by themselves. Those that underflow are zeros, which a run would
    take for columns without anything in them, or for a minimum.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
    y : array of shape (n_samples,) or (n_samples, n_targets)
    loss : Loss
    names : sequence of str or None
        Of the columns.
    own_columns : bool
        Whether the run descends in the columns as they are, and not in scaled ones.
    """
    columns, targets = _sizes(X), _target_sizes(y, loss)
    if _are_ordinary(columns) and _are_ordinary(targets):
        return
    present = np.flatnonzero(columns)
    if not present.size:
        return
    least = present[np.argmin(columns[present])]
    label = least if names is None else repr(str(names[least]))
    if columns[least] < SMALLEST:
        raise ValueError(
            f"The squares of X underflow: the values of column {label} are about "
            f"{columns[least]:.1g}, too small to descend on. Divide the columns by their "
            "size, for instance with StandardScaler."
        )
    with np.errstate(over="ignore", under="ignore"):
        expected = targets[:, None] / columns[present]
        gradient = float(targets.max()) * float(columns[least])
    limits = np.finfo(np.float32 if is_single(X) else np.float64)
    if own_columns and targets.any() and gradient < float(limits.smallest_normal):
        raise ValueError(
            f"The gradient along column {label}, about {columns[least]:.1g} times the "
            f"{targets.max():.1g} of the targets, underflows {limits.dtype}, the type of X. Leave "
            "preconditioner and learning_rate at 'auto', which descends in scaled columns, or "
            "bring the columns and y to sizes nearer to 1, for instance with StandardScaler."
        )
    largest, smallest = float(limits.max) / MARGIN, float(limits.smallest_normal) * MARGIN
    outside = expected[(expected > largest) | ((expected > 0) & (expected < smallest))]
    if outside.size:
        raise ValueError(
            f"Coefficients of about {outside[0]:.1g}, the size of y over that of a column, leave "
            f"the range of {limits.dtype}, the type of X. Bring the columns and y to sizes nearer "
            "to 1, for instance with StandardScaler, or pass X as float64."
        )


def _are_ordinary(sizes):
    """Whether ratios and products of any two of these sizes are far from the ends of any type."""
    return sizes.min(initial=ORDINARY) > 1 / ORDINARY and sizes.max(initial=0.0) < ORDINARY


def _sizes(array):
    """The largest absolute value of each column, in the rows that are looked at."""
    rows = take_rows(array, slice(0, min(ROWS, array.shape[0])))
    if sparse.issparse(rows):
        sizes = np.zeros(rows.shape[1])
        np.maximum.at(sizes, rows.indices, np.abs(rows.data))
        return sizes
    values = to_numpy(rows)
    return abs(values.reshape(len(values), -1)).max(axis=0, initial=0).astype(float)


def _target_sizes(y, loss):
    """Sizes of the raw predictions, for each target."""
    if loss.link == "log" or loss.target_range in ("labels", "classes"):
        return np.ones(1)
    return _sizes(y)
