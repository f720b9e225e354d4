"""The user's data as arrays of one library."""

import math
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, is_classifier
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import check_random_state

from gdregress._estimator.input.finite import check_all_finite
from gdregress._estimator.input.sparse_input import canonical, check_structure
from gdregress._estimator.input.table import checked_weights
from gdregress._estimator.planning.coordinates import takes_variances
from gdregress._utils.array_api import (
    asarray,
    check_dense_and_real,
    in_host_memory,
    input_namespace,
    materialised,
    move_to,
    namespace,
    take_rows,
    to_numpy,
)
from gdregress.losses.gradient_check import check_gradient

# Bytes of X up to which a copy is cheap.
LARGE = 50e6


def validate_input(
    estimator, X, y, sample_weight, components, reset, in_parts=False, seen=False, read_later=False
):
    """X, encoded y and weights as arrays of one namespace, without rows of weight 0; the loss.

    The loss is that of the components in its form for these targets. Rows that have been `seen`
    before are known to be finite. Where all of them are `read_later` for their variances, these
    tell whether they are finite.
    """
    if seen and _is_plain(X, y) and X.shape[1] == estimator.n_features_in_:
        return _encoded(estimator, X, y, sample_weight, components, in_parts)
    if _needs_no_conversion(estimator, X, y, reset):
        estimator.n_features_in_ = X.shape[1]
    else:
        X, y = _converted(estimator, X, y, components, reset)
    xp, device = input_namespace(X)
    sample_weight = move_to(sample_weight, xp, device)
    all_equal = sample_weight is None and getattr(estimator, "class_weight", None) is None
    if not (seen or (read_later and all_equal and takes_variances(estimator, components, X))):
        check_all_finite(X, estimator)
    if sparse.issparse(X):
        X = canonical(X)
    data, loss = _encoded(estimator, X, y, sample_weight, components, in_parts)
    y, _ = loss.split_target(data[1])
    single = loss.without_offset.base_loss
    if not (seen or single.is_builtin) and y.shape[0]:
        # with more than two classes, two are enough to tell
        labels = y if loss.n_outputs is None else 2 * xp.astype(y > 0, y.dtype) - 1
        check_gradient(single, labels)
    return data, loss


def _converted(estimator, X, y, components, reset):
    """X and y as arrays of one library, after scikit-learn's checks."""
    xp = input_namespace(X)[0]
    check_structure(X)
    X = materialised(X)
    if xp is not np:
        check_dense_and_real(X)
    return estimator._check_input(
        X,
        y,
        accept_sparse="csr",
        accept_large_sparse=True,
        dtype=[xp.float64, xp.float32],
        order="C" if xp is np and _wants_rows(X, components) else None,
        ensure_all_finite=False,  # `validate_input` says where X is not
        reset=reset,
    )


def _is_plain(X, y):
    """Whether rows are floating-point numbers in an array of NumPy, and one has targets each."""
    return (
        isinstance(X, np.ndarray)
        and isinstance(y, np.ndarray)
        and X.dtype in (np.float64, np.float32)
        and X.ndim == 2
        and len(X) == len(y)
        and y.dtype.kind in "biufU"
    )


def _needs_no_conversion(estimator, X, y, reset):
    """Whether scikit-learn would hand back X and y as they are, which takes a tenth of a fit.

    All that it may have to say of them, and all that it converts, is left to it.
    """
    numbers = "iu" if isinstance(estimator, ClassifierMixin) else "iuf"
    return (
        _is_plain(X, y)
        and np.asarray(X) is X  # no subclass, as matrices and masked arrays are
        and np.asarray(y) is y
        and X.flags.c_contiguous
        and X.size > 0
        and y.ndim == 1
        and y.dtype.kind in numbers
        and not hasattr(estimator, "feature_names_in_")
        and (reset or X.shape[1] == estimator.n_features_in_)
        and bool(np.isfinite(y).all())
    )


def _encoded(estimator, X, y, sample_weight, components, in_parts):
    """The rows of a weight above 0, with their targets as the loss has them; the loss."""
    if sample_weight is not None:
        sample_weight = checked_weights(sample_weight, X, all_zero=in_parts)
    (X, y, sample_weight), rows = _of_weight(X, y, sample_weight)
    y, sample_weight, loss = estimator._encode_target(
        y, X, sample_weight, components.loss, rows, in_parts
    )
    data, _ = _of_weight(X, y, sample_weight)  # classes may have no weight
    return data, loss


def _of_weight(X, y, sample_weight):
    """The rows whose weight is above 0, and their numbers or None if they are all."""
    kept = None if sample_weight is None else to_numpy(sample_weight) > 0
    if kept is None or kept.all():
        return (X, y, sample_weight), None
    rows = np.flatnonzero(kept)
    return tuple(take_rows(a, rows) for a in (X, y, sample_weight)), rows


def read_in_place(data, components):
    """Arrays of PyTorch and JAX in the host's memory as NumPy's, and the way back.

    The compiled core then reads them where they lie, many times as fast as either library goes
    from row to row. Arrays on other devices stay there, and so do those that a loss needs which
    only their library can differentiate.

    Parameters
    ----------
    data : tuple
        X, y and weights or None.
    components : Components

    Returns
    -------
    data : tuple
    to_user_library : callable
        From a NumPy array to one of the library of X.
    """
    X = data[0]
    if components.loss.base_loss.needs_library or not in_host_memory(X):
        return data, unchanged
    xp, device = namespace(X), X.device
    data = [None if array is None else to_numpy(array) for array in data]
    if _wants_rows(data[0], components):
        data[0] = np.ascontiguousarray(data[0])
    return tuple(data), lambda array: asarray(array, xp, device)


def unchanged(array):
    """The array as it is."""
    return array


def _wants_rows(X, components):
    """Whether a matrix stored by columns is copied, as rows are collected one by one.

    Of a large one the engines copy blocks, and so do passes over all rows.
    """
    return (
        not components.sampler.takes_all_rows and 8 * math.prod(getattr(X, "shape", ())) <= LARGE
    )


def seed_of_held_out(estimator):
    """The number by which the rows of early stopping are drawn."""
    given = estimator.random_state
    is_seed = isinstance(given, Integral)
    return int(given) if is_seed else int(check_random_state(given).randint(2**31))


def hold_out(estimator, data, components, seed=None):
    """Split off the validation rows of early stopping, of every class its share.

    Of large data the rows to train on are all rows, those held out with a weight of zero: the
    same objective without a copy of nearly all rows.

    Returns
    -------
    rows, held_out : tuples of (X, y, weights)
    kept : ndarray of int
        Numbers of the rows to train on.
    """
    n = data[0].shape[0]
    # one row has no R2, and classes are split by their shares
    fewest, fewest_left = 2, 1
    if is_classifier(estimator):
        fewest = fewest_left = estimator.classes_.shape[0]
    n_held_out = max(fewest, round(estimator.validation_fraction * n))
    if n - n_held_out < fewest_left:
        raise ValueError(
            f"early_stopping would hold out {n_held_out} of {n} rows "
            f"(validation_fraction={estimator.validation_fraction}) and leave too few to train "
            f"on: n_samples={n} is too small."
        )
    rows, others = (np.sort(part) for part in _split(estimator, data[1], n_held_out, seed))
    in_place = _nbytes(data[0]) > LARGE and _takes_weights_of_zero(data[0], components)
    training = _without_weight(data, others) if in_place else _take(data, rows)
    return training, _take(data, others), rows


def _take(data, rows):
    return tuple(None if array is None else take_rows(array, rows) for array in data)


def _without_weight(data, rows):
    X, y, weights = data
    weights = np.ones(len(y), dtype=X.dtype) if weights is None else weights.copy()
    weights[rows] = 0
    return X, y, weights


def _nbytes(X):
    return X.data.nbytes if sparse.issparse(X) else getattr(X, "nbytes", 0)


def _takes_weights_of_zero(X, components):
    """Whether all that a run does counts rows by their weights, or draws the others only.

    Steps from kink to kink divide by weights, and losses without a bound of the curvature can be
    infinite in a row that nothing keeps finite.
    """
    loss, numpy = components.loss, isinstance(X, np.ndarray) or sparse.issparse(X)
    return numpy and loss.smooth and loss.curvature is not None


def _split(estimator, y, n_held_out, seed):
    """Numbers of the rows to train on and of those held out."""
    rng = check_random_state(estimator.random_state if seed is None else seed)
    if not is_classifier(estimator):
        order = rng.permutation(y.shape[0])
        return order[n_held_out:], order[:n_held_out]
    y = to_numpy(y)
    if np.unique(y, return_counts=True)[1].min() < 2:
        raise ValueError(
            "early_stopping holds out rows of every class, but one of the classes has only one "
            "row. Remove it, or set early_stopping=False."
        )
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=n_held_out, random_state=rng)
    return next(splitter.split(y[:, None], y))
