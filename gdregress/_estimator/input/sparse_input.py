"""Checks of sparse matrices: damaged ones are refused, duplicates are added up.

SciPy trusts the arrays of a matrix, whoever has written to them; what reads them in C reads beyond
their ends.
"""

import numpy as np
from scipy import sparse

# Which way the arrays of the compressed formats run: rows or columns, and the entries of each.
_COMPRESSED = {"csr": ("row", 0), "bsr": ("row", 0), "csc": ("column", 1)}


def check_structure(X):
    """Raise ValueError if a sparse matrix points outside of itself.

    Parameters
    ----------
    X : object
        Anything but a sparse matrix passes.
    """
    if not sparse.issparse(X) or X.ndim != 2:
        return
    if X.format in _COMPRESSED:
        _check_compressed(X)
    elif X.format == "coo":
        _check_coordinates(X)


def canonical(X):
    """A CSR matrix whose rows are sorted and hold every column once; X itself if it is one.

    The entries of X at one place are added up: the value there is their sum.
    """
    if X.has_canonical_format and len(X.data) == len(X.indices) == X.indptr[-1]:
        return X
    X = type(X)((X.data, X.indices, X.indptr), shape=X.shape, copy=True)
    X.sum_duplicates()
    X.prune()
    return X


def _check_compressed(X):
    name, axis = _COMPRESSED[X.format]
    block = X.blocksize if X.format == "bsr" else (1, 1)
    n_lines, n_across = X.shape[axis] // block[axis], X.shape[1 - axis] // block[1 - axis]
    indptr, indices = X.indptr, X.indices
    _refuse(X, len(indptr) != n_lines + 1, f"indptr has {len(indptr)} numbers, not {n_lines + 1}")
    _check_integers(X, indptr=indptr, indices=indices)
    _refuse(X, indptr[0] != 0, f"indptr begins with {indptr[0]}, not 0")
    falls = indptr[1:] < indptr[:-1]
    if falls.any():
        line = int(np.argmax(falls))
        numbers = f"{indptr[line]} to {indptr[line + 1]}"
        _refuse(X, True, f"indptr falls from {numbers} at {name} {line}")
    for array in ("indices", "data"):
        length = len(getattr(X, array))
        _refuse(X, length < indptr[-1], f"indptr ends at {indptr[-1]}, and {array} at {length}")
    across = "column" if axis == 0 else "row"
    _check_range(X, indices[: indptr[-1]], n_across, across)


def _check_coordinates(X):
    _check_integers(X, row=X.row, col=X.col)
    lengths = {len(X.data), len(X.row), len(X.col)}
    _refuse(X, len(lengths) > 1, "row, col and data have different lengths")
    _check_range(X, X.row, X.shape[0], "row")
    _check_range(X, X.col, X.shape[1], "column")


def _check_integers(X, **arrays):
    for name, array in arrays.items():
        wrong = array.dtype.kind not in "iu"
        _refuse(X, wrong, f"{name} is of {array.dtype}, and has to be of integers")


def _check_range(X, numbers, size, name):
    if not len(numbers):
        return
    low, high = numbers.min(), numbers.max()
    message = f"it has {name} indices from {low} to {high}, but only {size} {name}s"
    _refuse(X, low < 0 or high >= size, message)


def _refuse(X, damaged, what):
    if damaged:
        raise ValueError(
            f"X is not a valid {X.format.upper()} matrix: {what}. Its arrays have been changed "
            "since it was made; build it again from rows, columns and values."
        )
