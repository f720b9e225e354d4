"""Constant columns, which are zeros but for rounding once they are centred."""

import numpy as np
from scipy import sparse

from gdregress._utils.array_api import to_numpy

# A column is constant where no row differs from the first by more than this share: products of so
# small differences are lost in the rounding of their sums.
ROUNDING = 1e-14
# Numbers of a block of rows.
BLOCK = 1 << 16


def constants_of(X, weights, mean, variance):
    """Find the columns that are constant over the rows with a weight, and their values.

    It reads only columns whose variance is rounding.

    Parameters
    ----------
    X : array or CSR array of shape (n_samples, n_features)
    weights : array of shape (n_samples,) or None
    mean, variance : ndarrays of shape (n_features,)
        Weighted, of the columns.

    Returns
    -------
    columns : ndarray of int
    values : ndarray of shape (len(columns),)
    """
    rounding = X.shape[0] * np.finfo(mean.dtype).eps * abs(mean)
    suspects = np.flatnonzero((mean != 0) & (variance <= rounding**2))
    if not len(suspects):
        return suspects, np.empty(0)
    counted = None if weights is None else to_numpy(weights) > 0
    first = 0 if counted is None else int(np.argmax(counted))
    values = _entries(X, slice(first, first + 1), suspects)[0]
    constant = np.ones(len(suspects), dtype=bool)
    step = max(1, BLOCK // len(suspects))
    for start in range(first, X.shape[0], step):
        rows = slice(start, min(start + step, X.shape[0]))
        differ = abs(_entries(X, rows, suspects) - values) > ROUNDING * abs(values)
        if counted is not None:
            differ &= counted[rows, None]
        constant &= ~differ.any(axis=0)
    return suspects[constant], values[constant]


def _entries(X, rows, columns):
    """Return some columns of some rows as an ndarray, in double precision."""
    if sparse.issparse(X):
        return X[rows][:, columns].toarray().astype(float)
    if isinstance(X, np.ndarray):
        return X[rows, columns].astype(float)
    some = X[rows, :]
    return np.stack([to_numpy(some[:, j]) for j in columns.tolist()], axis=1).astype(float)
