r"""Offsets of the raw prediction under a log link, as other targets and weights.

With z_i = x_i . w + b + o_i a row predicts exp(o_i) exp(x_i . w + b): o_i is the logarithm of its
exposure, such as the years for which it was watched. For a loss of degree h,

    L(c y, z + log c) = c^h L(y, z),    so that    L(y, z + o) = exp(h o) L(y exp(-o), z).

A row with an offset equals a row without one whose target is y exp(-o) and whose weight is
exp(h o) times as large: for Poisson the rate per unit of exposure, weighted by the exposure.
"""

import numpy as np
from sklearn.utils.validation import check_array

from gdregress._estimator.components import build_loss
from gdregress._estimator.input.table import (
    checked_weights,
    refuse_types,
    refuse_what_is_no_target,
)
from gdregress._utils.array_api import input_namespace, move_to, namespace, to_numpy
from gdregress._utils.validation import check_parameters, check_target

# exp of more leaves the range of double precision, and with a margin that of sums of squares.
LARGEST_OFFSET = 300.0


def as_rates(estimator, X, y, sample_weight, offset, exposure, loss=None):
    """Targets and weights whose loss without an offset is that of y with it.

    Parameters
    ----------
    estimator : GDRegressor
    X, y, sample_weight
        As the user gave them.
    offset, exposure : array-like of shape (n_samples,) or None
        At least one of them.
    loss : Loss or None
        Of the fit; None for that of the parameters.

    Returns
    -------
    y, sample_weight
    user_weights : ndarray of shape (n_samples,) or None
        The weights without the offsets, by whose sum objective and penalty are still divided;
        None where they are the same.
    """
    if loss is None:
        check_parameters(estimator)
        loss, _ = build_loss(estimator)
    xp, device = input_namespace(X)
    refuse_what_is_no_target(X, y)
    refuse_types(y, "y")
    y, sample_weight = move_to(y, xp, device), move_to(sample_weight, xp, device)
    y = check_array(y, ensure_2d=False, dtype=[xp.float64, xp.float32], input_name="y")
    o = total_offset(offset, exposure, loss, y)
    check_target(loss, y, in_parts=True)
    y = y * xp.exp(-(o if y.ndim == 1 else o[:, None]))
    if not loss.degree:
        return y, sample_weight, None
    weights = 0 * o + 1 if sample_weight is None else checked_weights(sample_weight, y, True)
    return y, weights * xp.exp(loss.degree * o), to_numpy(weights)


def refuse_offset_with_validation(offset, exposure):
    """Raise ValueError for rows to validate on whose own offsets nobody knows."""
    if offset is not None or exposure is not None:
        raise ValueError(
            "offset and exposure are of the rows of X, and those of X_val are not known. Give the "
            "rates y / exposure for both y and y_val, and their weights: for 'poisson' the "
            "exposures, for 'gamma' none."
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
    if loss.degree is None:
        what = "subtract the offset from y" if loss.link == "identity" else "leave it out"
        raise ValueError(
            f"{name} needs a loss for which it is another target and weight: 'poisson', 'gamma' "
            f"or 'tweedie', or one of yours that states its degree. {type(loss).__name__} is "
            f"none of them; use one of these, or {what}."
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
