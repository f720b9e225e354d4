"""Numbers of NumPy as those of Python, which leave the type of an array as it is."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_python(value: Any) -> Any:
    """A scalar of NumPy as Python's number, string or bool; anything else unchanged.

    ``np.float64(0.1)``, which every grid over `numpy.logspace` holds, would make single precision
    double, and tensors refuse it.
    """
    is_number = isinstance(value, np.generic) and value.dtype.kind in "biuf"
    return value.item() if is_number else value
