"""The check for NaN and infinity, which reads all of X, on all threads."""

import numpy as np
from sklearn.utils import assert_all_finite

from gdregress._core.threads import SMALLEST_PIECE, map_in_threads, pieces_of


def check_all_finite(X, estimator):
    """Raise scikit-learn's error where X holds NaN or infinity.

    A sum over finite numbers is finite or overflows; scikit-learn checks that case again,
    and at arrays that are small or not NumPy's.
    """
    if isinstance(X, np.ndarray) and X.size >= 2 * SMALLEST_PIECE:
        numbers = X.reshape(-1, order="A")  # a view of C and Fortran order alike

        def total(start, stop):
            with np.errstate(over="ignore", invalid="ignore"):
                return np.sum(numbers[start:stop])

        if np.isfinite(map_in_threads(total, pieces_of(X.size, 1))).all():
            return
    assert_all_finite(X, estimator_name=type(estimator).__name__, input_name="X")
