"""The parameters of a fit as text, to compare with those of a later fit."""

from hashlib import sha256

import numpy as np

from gdregress._utils.array_api import to_numpy
from gdregress._utils.validation import changed_parameters, defaults

# Parameters that do not change the course of a run, or its length only.
_PASSING = {"max_iter", "verbose", "warm_start", "store_path", "random_state"}


def settings(estimator):
    """The parameters that bear on the course of a run, as text that can be compared.

    Those at their defaults are left out. Of this process: functions have their address in it.
    """
    known, changed = defaults(type(estimator)), changed_parameters(estimator)
    given = {name: _text(value) for name, value in changed.items() if name not in _PASSING}
    return repr({name: text for name, text in given.items() if text != _text(known[name])})


def parameters_as_text(estimator, left_out):
    """The text of each parameter, by its name.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    left_out : set of str
        Names of parameters that are not asked for.
    """
    names = [name for name in defaults(type(estimator)) if name not in left_out]
    return {name: _text(getattr(estimator, name)) for name in names}


def _text(value):
    """Text that differs wherever two values do; `repr` leaves out the middle of long arrays."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return repr(value)
    if hasattr(value, "get_params") and not isinstance(value, type):
        parameters = value.get_params(deep=False).items()
        given = ", ".join(f"{name}={_text(part)}" for name, part in parameters)
        return f"{type(value).__qualname__}({given})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(map(_text, value))})"
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        array = to_numpy(value)
        content = repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()
        return f"array({array.dtype}, {array.shape}, {sha256(content).hexdigest()[:16]})"
    return repr(value)
