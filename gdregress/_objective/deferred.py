"""Numbers of an accelerator that are fetched later, many in one transfer.

To fetch each at once would keep the device waiting; `_engines/ahead.py` fetches those of some
epochs together.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import array_api_compat
import numpy as np

from gdregress._utils.array_api import namespace, to_numpy


class AssumptionFailed(Exception):
    """What later work has assumed of a scalar does not hold now that its value is known."""


class DeferredScalar(NamedTuple):
    """A number on the device, for which the host has not waited yet.

    Parameters
    ----------
    number : float or array of shape ()
    convert : callable, default=float
        From the number, once it is a float, to the value. It raises `AssumptionFailed` where the
        work done since then has assumed something else.
    """

    number: Any
    convert: Callable = float

    def assuming(self, holds):
        """The same scalar under the assumption that ``holds(value)`` is true."""

        def convert(number):
            value = self.convert(number)
            if not holds(value):
                raise AssumptionFailed
            return value

        return DeferredScalar(self.number, convert)

    def value(self):
        """The value, after waiting for the device."""
        return self.convert(float(self.number))


def fetch(numbers):
    """Bring numbers to the host in a single transfer.

    Parameters
    ----------
    numbers : list of floats and of arrays of shape ()
        Arrays of one library, of any floating types.

    Returns
    -------
    list of float
    """
    arrays = [number for number in numbers if not isinstance(number, float)]
    floats = iter(_floats(arrays) if arrays else [])
    return [number if isinstance(number, float) else next(floats) for number in numbers]


def _floats(arrays):
    if array_api_compat.is_jax_array(arrays[0]):
        import jax

        # a stack would be compiled anew for each number of arrays
        return np.asarray(jax.device_get(arrays), dtype=float).tolist()
    return to_numpy(namespace(arrays[0]).stack(arrays)).tolist()
