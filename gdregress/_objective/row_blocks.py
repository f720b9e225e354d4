"""Rows of dense arrays of NumPy as the compiled core reads them."""

import numpy as np

# Rows copied at a time where they do not lie one after the other in memory.
COPIED_ROWS = 1024


def in_rows(X, start, stop):
    """Rows of a range in C order, a few at a time where they have to be copied for it."""
    step = max(stop - start, 1) if X.flags.c_contiguous else COPIED_ROWS
    for first in range(start, stop, step):
        rows = slice(first, min(first + step, stop))
        yield np.ascontiguousarray(X[rows]), rows
