"""Is a loss's gradient the derivative of its value? Asked once of every loss that is not ours."""

import numpy as np

from gdregress._utils.array_api import is_single, namespace, to_numpy
from gdregress._utils.types import Array
from gdregress.losses.base import DIFFERENCE_STEP, Loss

# Generic offsets z - y in units of y's size, so that no kink lies within a difference step.
OFFSETS = (-2.318, -0.7127, -0.1343, 0.1719, 0.5913, 1.9177)
MOST_ROWS = 32
TOLERANCE = 1e-3


def check_gradient(loss: Loss, y: Array) -> None:
    """Compare ``loss.gradient`` with central differences of ``loss.value``.

        dL/dz ~ (L(y, z + h) - L(y, z - h)) / (2 h)

    Parameters
    ----------
    loss : Loss
    y : array of shape (n_samples,) or (n_samples, n_targets)
        Targets; the check takes some of them.

    Raises
    ------
    ValueError
        With the numbers of the worst point, if the two differ by more than rounding.
    """
    xp = namespace(y)
    y = y[:MOST_ROWS, ...]
    if xp is np:  # not every device knows double precision
        y = y.astype(float)
    single = is_single(y)
    share, epsilon = (DIFFERENCE_STEP**0.5, 1e-6) if single else (DIFFERENCE_STEP, 1e-15)
    size = float(xp.sqrt(xp.mean(y * y))) or 1.0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        compared = _compared(loss, y, size, share, epsilon)
    if not compared:
        raise ValueError(
            f"{type(loss).__name__}.value is finite at none of the predictions that were tried, "
            f"from {OFFSETS[0]} to {OFFSETS[-1]} times the size of y around y. Correct it."
        )


def _compared(loss, y, size, share, epsilon):
    """Compare at all offsets, and count those where the loss is defined for some rows."""
    xp, compared = namespace(y), 0
    for offset in OFFSETS:
        z = 0 * y + offset if loss.link == "log" else y + offset * size
        step = share * (1.0 if loss.link == "log" else max(size, 1e-3))
        values = _shaped_like(z, loss, "value", y)
        stated = _shaped_like(z, loss, "gradient", y)
        measured = (loss.value(y, z + step) - loss.value(y, z - step)) / (2 * step)
        # where the loss is not defined there is nothing to compare
        defined = xp.isfinite(values) & xp.isfinite(measured)
        if not bool(xp.any(defined)):
            continue
        compared += 1
        zero = xp.zeros_like(z)
        values, measured = xp.where(defined, values, zero), xp.where(defined, measured, zero)
        error = xp.where(defined, abs(stated - measured), zero)
        rounding = epsilon * (1 + float(xp.max(abs(values)))) / step
        allowed = TOLERANCE * float(xp.max(abs(measured))) + rounding
        worst = int(to_numpy(xp.argmax(xp.reshape(error, (-1,)))))
        y0, z0, g, m, e = (
            float(xp.reshape(a, (-1,))[worst]) for a in (y, z, stated, measured, error)
        )
        if not e <= allowed:
            raise ValueError(
                f"{type(loss).__name__}.gradient is not the derivative of its value: at "
                f"y = {y0:.6g}, z = {z0:.6g} gradient() says {g:.6g}, while the value changes by "
                f"{m:.6g} per unit of z. Correct one of the two."
            )
    return compared


def _shaped_like(z: Array, loss: Loss, name: str, y: Array) -> Array:
    """Value or gradient of a loss; ValueError unless it has the shape of z."""
    lent_y, lent_z = y + 0, z + 0
    array = getattr(loss, name)(lent_y, lent_z)
    xp = namespace(z)
    for argument, lent, kept in (("y", lent_y, y), ("z", lent_z, z)):
        if not bool(xp.all(lent == kept)):
            raise ValueError(
                f"{type(loss).__name__}.{name} writes into {argument}, which belongs to the run. "
                f"Make a new array: {argument} = {argument} - 1, and not {argument} -= 1."
            )
    shape = tuple(getattr(array, "shape", ()))
    if shape != tuple(z.shape):
        raise ValueError(
            f"{type(loss).__name__}.{name}(y, z) must return an array of the shape of z, "
            f"{tuple(z.shape)}. Got {shape}; return the loss of each row, not their mean or sum."
        )
    return array
