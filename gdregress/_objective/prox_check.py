"""The check that the prox of a user's penalty belongs to its value.

prox(w, s) is the u that minimises s R(u) + ||u - w||^2 / 2; with a step size for each coefficient,
R(u) + sum_j (u_j - w_j)^2 / (2 s_j).
"""

import math
from numbers import Number

import numpy as np

from gdregress._utils.array_api import asarray, namespace, widest_type

# Lengths of the trial moves from u, in units of the largest coefficient.
MOVES = (0.3, 1e-1, 1e-2, 1e-3)
# Share by which the function may be less than at u, as some users find u by iterations.
TOLERANCE = 1e-5
# Errors of formulas for one number that get an array: a conversion to a number, a shape, or a
# condition, for which NumPy, JAX and PyTorch have an error each.
BY_ARRAYS = TypeError, ValueError, RuntimeError


def check_prox(penalty, shape, like):
    """Compare ``penalty.prox`` with its value at random coefficients.

    Parameters
    ----------
    penalty : Penalty
    shape : tuple
        Of the coefficients.
    like : array
        Of the library and on the device of the coefficients.

    Returns
    -------
    failure : str or None
        What happens where the prox is given a step size for each coefficient; None where it takes
        them.

    Raises
    ------
    ValueError
        With the numbers of the worst point, for a prox that is that of another value, that has
        another shape, or that writes into what it is handed.

    Errors of a prox that an array in place of a number does not explain are not caught.
    """
    if not math.prod(shape):
        return None
    name, xp = penalty.label, namespace(like)
    device = None if xp is np else like.device
    rng = np.random.RandomState(0)
    w = asarray(rng.normal(size=shape), xp, device, dtype=widest_type(like))
    step_size = _telling_step(penalty, w)
    for s in (step_size, step_size / 10):
        u = _prox(penalty, w, s)
        if (worse := _better_point(penalty, w, u, s, rng)) is not None:
            raise ValueError(
                f"{name}.prox does not belong to {name}.value: prox(w, s) has to return the u "
                "that minimises s * value(u) + ||u - w||^2 / 2. At a random w and "
                f"s = {s:.6g} that is {worse[0]:.6g} where prox says, and {worse[1]:.6g} at a "
                "point beside it. Correct one of the two."
            )
    steps = 0 * w + step_size * asarray(rng.uniform(0.5, 1, size=shape), xp, device, w.dtype)
    given = w + 0
    try:
        u = penalty.prox(given, steps)
    except BY_ARRAYS as error:  # the caller says so where it matters
        return f"it raises {type(error).__name__}: {str(error).rstrip('.')}"
    _check_untouched(penalty, given, w)
    if _shape(u) != tuple(w.shape):
        return f"it returns {_shape(u)} for coefficients of the shape {tuple(w.shape)}"
    worse = _better_point(penalty, w, u, steps, rng)
    return worse and f"it says {worse[0]:.6g} where a point beside has {worse[1]:.6g}"


def _telling_step(penalty, w):
    """The step size at which the penalty counts as much as the distance."""
    value = _value(penalty, w)
    size = float(namespace(w).sum(w * w))
    return size / value if 0 < value < math.inf and size / value < math.inf else 1.0


def _value(penalty, w):
    """The value at w as a number; ValueError for what is none."""
    given = w + 0
    value = penalty.value(given)
    _check_untouched(penalty, given, w, "value")
    if not (isinstance(value, Number) or _shape(value) == ()) or isinstance(value, complex):
        raise ValueError(
            f"{penalty.label}.value(w) must return one number, the sum over the coefficients. Got "
            f"{_described(value)}."
        )
    return float(value)


def _described(value):
    return f"an array of shape {_shape(value)}" if hasattr(value, "shape") else repr(value)


def _prox(penalty, w, step_size):
    """The prox of a copy of w."""
    given = w + 0
    u = penalty.prox(given, step_size)
    if _shape(u) != tuple(w.shape):
        raise ValueError(
            f"{penalty.label}.prox(w, step_size) must return an array of the shape of w, "
            f"{tuple(w.shape)}. Got {_shape(u)}."
        )
    _check_untouched(penalty, given, w)
    return u


def _shape(array):
    """The shape, or the name of what has none."""
    return tuple(array.shape) if hasattr(array, "shape") else type(array).__name__


def _check_untouched(penalty, given, w, method="prox"):
    """Raise ValueError where a method has written into what it was given, a copy of w."""
    if not bool(namespace(w).all(given == w)):
        raise ValueError(
            f"{penalty.label}.{method} writes into the coefficients that it is handed, which "
            "belong to the run. Return a new array: w = w / 2, and not w /= 2."
        )


def _better_point(penalty, w, u, step_size, rng):
    """The function at u and at a point where it is less, or None."""
    xp = namespace(w)
    device = None if xp is np else w.device

    def distance_and_value(point):
        left = xp.sum((point - w) ** 2 / (2 * step_size))
        value = float(left) + float(penalty.value(point + 0))
        return value * (step_size if isinstance(step_size, float) else 1.0)

    at_u = distance_and_value(u)
    size = float(xp.max(abs(w)))
    random = asarray(rng.normal(size=tuple(w.shape)), xp, device, dtype=w.dtype)
    for direction in (u - w, w, random):
        largest = float(xp.max(abs(direction)))
        for move in (*MOVES, *(-m for m in MOVES)):
            if not largest > 0:
                continue
            beside = distance_and_value(u + (move * size / largest) * direction)
            if not at_u <= beside + TOLERANCE * abs(beside):
                return at_u, beside
    return None
