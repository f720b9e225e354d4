"""Scalars of NumPy as numbers of Python, which do not change the type of an array."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_python(value: Any) -> Any:
    """A scalar of NumPy as Python's number, string or bool; anything else unchanged.

    ``np.float64(0.1)``, as in a grid from `numpy.logspace`, would turn single precision into
    double, and operations of tensors do not accept it.
    """
    is_number = isinstance(value, np.generic) and value.dtype.kind in "biuf"
    return value.item() if is_number else value
