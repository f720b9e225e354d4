"""Fits whose warnings the picture itself shows."""

import warnings
from contextlib import contextmanager

from gdregress.exceptions import ConvergenceWarning, IgnoredParameterWarning


@contextmanager
def quietly():
    """Suppress warnings of convergence, and of parameters that are ignored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", IgnoredParameterWarning)
        yield
