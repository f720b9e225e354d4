"""Checks at x0 that ``jac`` is the derivative of ``fun``."""

import math

import numpy as np

from gdregress._utils.array_api import asarray, dot, is_single, namespace, to_numpy, widest_type

# Step of a difference, relative to the size of x, and its relative error.
STEP, TOLERANCE = 1e-5, 1e-2
# Differences to both sides that differ by more than this share belong to a kink, or to noise.
BENT = 0.1


def check_jac(objective, flat):
    """Compare the gradient with central differences, along itself and along a random direction.

        g . d ~ (f(x + h d) - f(x - h d)) / (2 h)

    It raises no error where `fun` has a kink or noise, is not finite, or has single precision.

    Parameters
    ----------
    objective : FunctionObjective
        It stores its value and gradient at x0, where the run begins.
    flat : array
        x0.

    Raises
    ------
    ValueError
        If the two differ, or if the gradient is not finite and the value is.
    """
    by_hand = objective.function.by_hand
    if not by_hand or flat.dtype != widest_type(flat) or is_single(flat):
        return
    here, gradient = objective.loss_value(flat, flat), objective.gradient(flat)
    norm = math.sqrt(dot(gradient, gradient))
    if not norm < math.inf:
        _refuse_gradient(here, gradient)
        return
    xp = namespace(flat)
    random = np.random.RandomState(0).normal(size=tuple(flat.shape))
    random = asarray(random, xp, None if xp is np else flat.device, dtype=flat.dtype)
    for direction in ([gradient / norm] if norm > 0 else []) + [
        random / dot(random, random) ** 0.5
    ]:
        stated, measured = dot(gradient, direction), _difference(objective, flat, here, direction)
        if measured is None:
            continue
        if abs(stated - measured) > TOLERANCE * max(abs(stated), abs(measured)):
            raise ValueError(
                "jac is not the derivative of fun: at x0, along a direction of length 1, jac says "
                f"{stated:.6g}, while fun changes by {measured:.6g} per unit. Correct one of the "
                "two, or leave jac out."
            )


def _refuse_gradient(value, gradient):
    """Raise ValueError for a gradient that is not finite where the function is."""
    numbers = to_numpy(gradient).ravel()
    bad = numbers[~np.isfinite(numbers)]
    if bad.size and math.isfinite(value):
        raise ValueError(
            f"jac returns {bad.size} numbers like {bad[0]} at x0, where fun is {value:.6g}. "
            "Correct it, leave jac out, or begin at another x0."
        )


def _difference(objective, flat, here, direction):
    """The derivative along a direction by differences; None if they are not conclusive."""
    step = STEP * max(1.0, float(namespace(flat).max(abs(flat))))
    with np.errstate(all="ignore"):
        low, high = (
            objective.function.value(flat + k * step * direction, objective.all_rows)
            for k in (-1, 1)
        )
    if not all(map(math.isfinite, (low, here, high))):
        return None
    before, after = (here - low) / step, (high - here) / step
    noise = 1e-12 * max(abs(low), abs(here), abs(high)) / step
    if abs(after - before) > BENT * max(abs(before), abs(after)) + noise:
        return None
    central = (high - low) / (2 * step)
    return central if abs(central) > noise else None
