"""Arrays as Dask collections, for the tests of the cluster."""

import numpy as np
from libraries import needed


def in_chunks(array, rows, columns=None):
    """A Dask array in blocks of so many rows: an int, or one number for each block."""
    arrays = needed("dask.array")
    return arrays.from_array(array, chunks=(rows, *(columns or n for n in array.shape[1:])))


def far(one, other):
    """The largest difference of the coefficients relative to the largest of them."""
    return np.abs(one.coef_ - other.coef_).max() / np.abs(other.coef_).max()
