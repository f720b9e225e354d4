"""The check for NaN and infinity, which reads all of X, on all threads."""

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite

from gdregress._core.threads import map_in_threads, pieces_of
from gdregress._utils.array_api import to_numpy

# Numbers that threads add up sooner than one thread, with the time that it takes to start them.
WORTH_THREADS = 1 << 22


def check_all_finite(X, estimator):
    """Raise scikit-learn's error where X holds NaN or infinity, and say where.

    A sum over finite numbers is finite or overflows; scikit-learn checks that case again,
    and at arrays that are not NumPy's.
    """
    if isinstance(X, np.ndarray) and np.isfinite(_sums(X)).all():
        return
    try:
        assert_all_finite(X, input_name="X")
    except ValueError as error:
        raise ValueError(f"{str(error).splitlines()[0]} {_where(X, estimator)}") from None


def _sums(X):
    """Sums over pieces of an array of NumPy, on all threads where it is large."""
    numbers = X.reshape(-1, order="A")  # a view of C and Fortran order alike

    def total(start, stop):
        with np.errstate(over="ignore", invalid="ignore"):
            return np.sum(numbers[start:stop])

    if X.size < WORTH_THREADS:
        return total(0, X.size)
    return map_in_threads(total, pieces_of(X.size, 1))


def _where(X, estimator):
    """The first number that is not finite, how many rows have one, and what to do."""
    if sparse.issparse(X):
        entries = X.tocoo()
        bad = ~np.isfinite(entries.data)
        rows, columns = entries.row[bad], entries.col[bad]
    else:
        rows, columns = np.nonzero(~np.isfinite(to_numpy(X)))
    column = int(columns[0])
    names = getattr(estimator, "feature_names_in_", None)
    label = column if names is None else repr(str(names[column]))
    return (
        f"The first is in row {rows[0]}, column {label}; {len(np.unique(rows))} of {X.shape[0]} "
        f"rows have one. {type(estimator).__name__} needs finite numbers: remove those rows, or "
        "fill the gaps, for instance with SimpleImputer in a pipeline."
    )
