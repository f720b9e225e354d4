"""Numbers that are still on the device, and how several of them are read at once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import array_api_compat
import numpy as np

from gdregress._utils.array_api import namespace, to_numpy


class Refuted(Exception):
    """What was taken for granted until its number could be read does not hold."""


class Unread(NamedTuple):
    """A number that nobody has waited for yet.

    Parameters
    ----------
    number : float or array of shape ()
    meaning : callable, default=float
        What becomes of it once it is a float. `Refuted` is raised where what has been done
        since would have been something else, had it been known.
    """

    number: Any
    meaning: Callable = float

    def unless(self, refuted):
        """The same, taking for granted that ``refuted(value)`` is false."""

        def meaning(number):
            value = self.meaning(number)
            if refuted(value):
                raise Refuted
            return value

        return Unread(self.number, meaning)


def read(numbers):
    """Bring numbers to the host, waiting only once for the device.

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
