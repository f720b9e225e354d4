"""Leave sparse columns without entries out of a run: their coefficients stay at zero.

The documents of hashed text use a few of a million columns; every vector of a run on all of them
would be a million numbers long.
"""

import numpy as np

from gdregress._utils.array_api import to_numpy

# Column numbers of the entries are written anew. That is less than the vectors of a run hold where
# this many entries come upon an empty column.
ENTRIES_OF_A_COLUMN = 16


def columns_in_use(estimator, X, penalty):
    """The numbers of the columns that a run needs; None for all.

    A coefficient whose column is empty stays where it begins, or is drawn to zero by a penalty
    without bounds: zero is right for it unless it begins elsewhere.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X : CSR array of shape (n_samples, n_features)
    penalty : Penalty
    """
    terms = penalty.kernel_terms
    if terms is None or terms.bounds is not None:
        return None
    if np.ndim(terms.l1) or np.ndim(terms.l2):
        return None  # a strength for each of all columns
    if estimator.early_stopping and estimator.scoring not in ("loss", "score"):
        return None  # scorers are handed rows and a model of all columns
    n_features = X.shape[1]
    if n_features <= X.nnz / ENTRIES_OF_A_COLUMN:
        return None
    used = np.zeros(n_features, dtype=bool)
    used[X.indices] = True
    empty = n_features - int(used.sum())
    if empty <= X.nnz / ENTRIES_OF_A_COLUMN or empty == n_features:
        return None
    if estimator.warm_start and hasattr(estimator, "coef_"):
        coef = to_numpy(estimator.coef_)
        if coef.shape[-1] != n_features or coef[..., ~used].any():
            return None
    return np.flatnonzero(used)


def take_columns(X, columns):
    """The columns of a CSR array that hold its entries; values and rows are those of X."""
    numbers = np.zeros(X.shape[1], dtype=X.indices.dtype)
    numbers[columns] = np.arange(len(columns), dtype=numbers.dtype)
    shape = (X.shape[0], len(columns))
    narrow = type(X)((X.data, numbers[X.indices], X.indptr), shape=shape)
    narrow.has_canonical_format = True
    return narrow


def of_all_columns(coef, columns, n_features):
    """Coefficients, with a row for each of some columns, and the zeros of the others."""
    full = np.zeros((n_features, *coef.shape[1:]), dtype=coef.dtype)
    full[columns] = coef
    return full


def same_columns(known, columns):
    """Whether two runs have the same columns; `known` may be a list that has been loaded."""
    return known is columns if known is None or columns is None else np.array_equal(known, columns)
