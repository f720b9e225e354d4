"""The check that an optimizer of the user keeps its contract.

`init`, `lookahead` and `step` are functions: their arguments belong to the run, their results are
new. The step applies the prox, without which a penalty has no effect.
"""

import math

import array_api_compat
import numpy as np
from sklearn.base import clone

from gdregress._utils.array_api import asarray, namespace

# Trial steps, and a rate at which they stay small.
STEPS, RATE = 3, 1e-3


def check_own_rate(optimizer, learning_rate, penalty):
    """Raise ValueError for a rate or a penalty together with a rule that has its own rate."""
    name = type(optimizer.transformation).__name__
    if isinstance(learning_rate, str) or learning_rate != 1:
        raise ValueError(
            f"A {name} of optax has a learning rate of its own: set learning_rate=1.0, and the "
            f"rate there, as in optax.adam(0.01). Got learning_rate={learning_rate!r}."
        )
    if penalty.active:
        raise ValueError(
            f"A {name} of optax knows no prox, without which {penalty.label} has no effect: set "
            "penalty=None, or use an optimizer of gdregress.optimizers."
        )


def check_optimizer(optimizer, like, needs_prox=False):
    """Make a few steps with random gradients, and check their results.

    Parameters
    ----------
    optimizer : Optimizer
    like : array
        The parameters of the run, whose shape, type and library are those of the steps.
    needs_prox : bool
        Whether there is a penalty.

    Raises
    ------
    ValueError
        With the name of the method, for one that writes into what it is handed, or that returns
        something else than it should.
    """
    optimizer, calls = clone(optimizer), []

    def prox(params, step_size):
        calls.append(step_size)
        return params + 0

    rng = np.random.RandomState(0)
    params = _random(rng, like)
    memory = _lent(optimizer, "init", params)
    for _ in range(STEPS):
        point = _lent(optimizer, "lookahead", params, memory)
        _refuse_other_shape(optimizer, "lookahead", point, like)
        answer = _lent(optimizer, "step", params, _random(rng, like), memory, RATE, prox)
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            raise ValueError(
                f"{type(optimizer).__name__}.step must return two values, the new parameters and "
                f"the new state. Got {_described(answer)}."
            )
        params, memory = answer
        _refuse_other_shape(optimizer, "step", params, like)
    if needs_prox and not calls:
        raise ValueError(
            f"{type(optimizer).__name__}.step never calls the prox that it is handed: the penalty "
            "would have no effect. Return prox(new_params, step_size) in place of new_params."
        )


def _random(rng, like):
    xp = namespace(like)
    values = rng.normal(size=tuple(like.shape))
    return asarray(values, xp, None if xp is np else like.device, dtype=like.dtype)


def _lent(optimizer, method, *arguments):
    """What a method returns; ValueError if it writes into an array that it is handed."""
    before = [(array, array + 0) for argument in arguments for array in _arrays_in(argument)]
    answer = getattr(optimizer, method)(*arguments)
    for array, copy in before:
        if not _equal(array, copy):
            changed = int(np.sum(np.asarray(array != copy)))
            raise ValueError(
                f"{type(optimizer).__name__}.{method} writes into an array that it is handed, "
                f"which belongs to the run: {changed} of {math.prod(copy.shape)} numbers have "
                "changed. Make a new one: params = params - step, and not params -= step."
            )
    return answer


def _equal(array, copy):
    same = (array == copy) | ((array != array) & (copy != copy))
    return tuple(array.shape) == tuple(copy.shape) and bool(namespace(copy).all(same))


def _arrays_in(value):
    """The arrays among an argument: itself, or those that a state holds."""
    if array_api_compat.is_array_api_obj(value):
        if not isinstance(value, np.generic):
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _arrays_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _arrays_in(part)


def _refuse_other_shape(optimizer, method, params, like):
    shape = tuple(like.shape)
    if tuple(getattr(params, "shape", ())) != shape or not hasattr(params, "dtype"):
        raise ValueError(
            f"{type(optimizer).__name__}.{method} must return parameters of the shape of those "
            f"that it is handed, {shape}. Got {_described(params)}."
        )
    if params.dtype != like.dtype:
        raise ValueError(
            f"{type(optimizer).__name__}.{method} must return parameters of the type of those "
            f"that it is handed, {like.dtype}. Got {params.dtype}: a scalar of NumPy, such as "
            "that of numpy.sqrt, decides the type of a product; use math.sqrt, or float(scalar)."
        )
    if not bool(namespace(params).all(namespace(params).isfinite(params))):
        raise ValueError(
            f"{type(optimizer).__name__}.{method} returns numbers that are not finite for finite "
            "parameters and gradients. A division by zero in the first steps is a usual reason."
        )


def _described(answer):
    shape = getattr(answer, "shape", None)
    if shape is None:
        return (
            f"{type(answer).__name__} of {len(answer)}" if hasattr(answer, "__len__") else answer
        )
    return f"one array of shape {tuple(shape)}"
