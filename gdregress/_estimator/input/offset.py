"""Offsets of the raw prediction under a log link: a column beside the targets.

With z_i = x_i . w + b + o_i a row predicts exp(o_i) exp(x_i . w + b): o_i is the logarithm of its
exposure, such as the years for which it was watched.
"""

from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_array

from gdregress._estimator.input.table import refuse_types, refuse_what_is_no_target
from gdregress._utils.array_api import input_namespace, move_to, namespace, to_numpy
from gdregress.losses.offset import Offset

# exp of more leaves the range of double precision, and with a margin that of sums of squares.
LARGEST_OFFSET = 300.0
# Neither an offset nor an exposure.
NO_OFFSETS = (None, None)


def beside_offsets(components, X, y, offsets):
    """The components and the targets of rows with offsets; both as they are without any.

    Parameters
    ----------
    components : Components
    X, y
        As the user gave them.
    offsets : tuple of (offset, exposure)
        As the user gave them.
    """
    if all(part is None for part in offsets):
        return components, y
    xp, device = input_namespace(X)
    refuse_what_is_no_target(X, y)
    refuse_types(y, "y")
    y = check_array(
        move_to(y, xp, device), ensure_2d=False, dtype=[xp.float64, xp.float32], input_name="y"
    )
    loss, y = target_beside_offset(components.loss, y, total_offset(*offsets, components.loss, y))
    return replace(components, loss=loss), y


def target_beside_offset(loss, y, offset):
    """The loss of targets beside which the offset stands, and these targets.

    Parameters
    ----------
    loss : Loss
    y : array of shape (n_samples,) or (n_samples, n_targets)
    offset : array of shape (n_samples,)
    """
    columns = y[:, None] if y.ndim == 1 else y
    n_targets = None if y.ndim == 1 else y.shape[1]
    return Offset(loss, n_targets), namespace(y).concat([columns, offset[:, None]], axis=1)


def refuse_offset_with_validation(offset, exposure):
    """Raise ValueError for rows to validate on whose own offsets nobody knows."""
    if offset is not None or exposure is not None:
        raise ValueError(
            "offset and exposure are of the rows of X, and those of X_val are not known. Hold "
            "out rows of X instead, early_stopping=True without X_val; or give the rates y / "
            "exposure for both y and y_val, and their weights: for 'poisson' the exposures, for "
            "'gamma' none."
        )


def total_offset(offset, exposure, loss, like):
    """offset + log(exposure) as an array of the library and type of another one.

    Parameters
    ----------
    offset, exposure : array-like of shape (n_samples,) or None
    loss : Loss
    like : array of shape (n_samples, ...)
    """
    name = "offset" if exposure is None else "exposure"
    if loss.link != "log":
        raise ValueError(
            f"{name} needs a loss with a log link: 'poisson', 'gamma', 'tweedie', "
            f"'negative_binomial', or one of yours. {type(loss).__name__} is none of them; use "
            "one of these, or subtract the offset from y."
        )
    xp = namespace(like)
    total = xp.zeros_like(like[(slice(None),) + (0,) * (like.ndim - 1)])
    if offset is not None:
        total = total + _of_rows(offset, "offset", like)
    if exposure is not None:
        exposure = _of_rows(exposure, "exposure", like)
        _refuse("exposure", exposure, exposure <= 0, "Exposures are above 0; remove the row.")
        total = total + xp.log(exposure)
    advice = "Offsets are logarithms of exposures; its exponential leaves the range of numbers."
    _refuse("offset", total, abs(total) > LARGEST_OFFSET, advice)
    return total


def _of_rows(values, name, like):
    """A finite number for each row."""
    xp, device = namespace(like), None if namespace(like) is np else like.device
    what = f"{name} must have one number for each of the {like.shape[0]} rows."
    given = move_to(values, xp, device)
    try:
        values = check_array(given, ensure_2d=False, dtype=like.dtype, ensure_all_finite=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} Got {values!r}.") from error
    if tuple(values.shape) != (like.shape[0],):
        raise ValueError(f"{what} Got an array of shape {tuple(values.shape)}.")
    advice = "Offsets and exposures are finite; fill the gap, or remove the row."
    _refuse(name, values, ~xp.isfinite(values), advice)
    return values


def _refuse(name, values, wrong, advice):
    if bool(namespace(values).any(wrong)):
        row = int(np.argmax(to_numpy(wrong)))
        raise ValueError(f"{name}[{row}] = {float(values[row])}. {advice}")
