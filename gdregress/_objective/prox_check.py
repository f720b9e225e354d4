"""Does a penalty's prox belong to its value? Asked of every penalty that is not ours.

prox(w, s) is the u that minimises s R(u) + ||u - w||^2 / 2; with a step size for each coefficient,
R(u) + sum_j (u_j - w_j)^2 / (2 s_j).
"""

import math

import numpy as np

from gdregress._utils.array_api import asarray, namespace, widest_type

# Lengths of the moves from u that are tried, in units of the largest coefficient.
MOVES = (0.3, 1e-1, 1e-2, 1e-3)
# By how much less than at u the function may be, as a share of it: some are found by iterations.
TOLERANCE = 1e-5


def check_prox(penalty, shape, like, names=None):
    """Compare ``penalty.prox`` with its value at random coefficients.

    Parameters
    ----------
    penalty : Penalty
    shape : tuple
        Of the coefficients.
    like : array
        Of the library and on the device of the coefficients.
    names : sequence of str or None
        Of the features.

    Returns
    -------
    takes_arrays : bool
        Whether the prox also takes a step size for each coefficient.

    Raises
    ------
    ValueError
        With the numbers of the worst point, for a prox that is that of another value, that has
        another shape, or that writes into what it is handed.
    """
    penalty.check_features(shape[0], names)
    if penalty.is_builtin or not math.prod(shape):
        return True
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
    try:
        u = _prox(penalty, w, steps)
    except Exception:
        return False  # the caller says so where it matters
    return _better_point(penalty, w, u, steps, rng) is None


def _telling_step(penalty, w):
    """The step size at which the penalty counts as much as the distance."""
    value = float(penalty.value(w))
    size = float(namespace(w).sum(w * w))
    return size / value if 0 < value < math.inf and size / value < math.inf else 1.0


def _prox(penalty, w, step_size):
    """The prox of a copy of w."""
    name, given = penalty.label, w + 0
    u = penalty.prox(given, step_size)
    if tuple(getattr(u, "shape", ())) != tuple(w.shape):
        raise ValueError(
            f"{name}.prox(w, step_size) must return an array of the shape of w, "
            f"{tuple(w.shape)}. Got {getattr(u, 'shape', type(u).__name__)}."
        )
    if not bool(namespace(w).all(given == w)):
        raise ValueError(
            f"{name}.prox writes into the coefficients that it is handed, which belong to the "
            "run. Return a new array: w = w / 2, and not w /= 2."
        )
    return u


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
