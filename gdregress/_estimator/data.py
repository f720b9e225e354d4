"""What the user hands in, as arrays of one library; and the objective that they make."""

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from gdregress._estimator.finite import check_all_finite
from gdregress._objective.base import normalised_weights
from gdregress._objective.design import DesignMatrix, Scaling, standardised
from gdregress._objective.from_data import DataObjective
from gdregress._utils.array_api import (
    asarray,
    check_dense_and_real,
    detached,
    in_host_memory,
    input_namespace,
    move_to,
    namespace,
    take_rows,
    to_numpy,
)
from gdregress._utils.validation import check_indices
from gdregress.losses import SquaredError
from gdregress.losses.from_function import CallableLoss
from gdregress.losses.gradient_check import check_gradient
from gdregress.losses.multiclass import of_one_label


def validate_input(estimator, X, y, sample_weight, components, reset, in_parts=False):
    """X, encoded y and weights as arrays of one namespace, rows of weight 0 removed."""
    xp, device = input_namespace(X)
    if xp is not np:
        X = detached(X)
        check_dense_and_real(X)
    sample_weight = move_to(sample_weight, xp, device)
    X, y = estimator._check_input(
        X,
        y,
        accept_sparse="csr",
        accept_large_sparse=True,
        dtype=[xp.float64, xp.float32],
        order="C" if xp is np and _many_passes(estimator, components) else None,
        ensure_all_finite=False,  # in the next line
        reset=reset,
    )
    check_all_finite(X, estimator)
    if sparse.issparse(X):
        check_indices(X)
    if sample_weight is not None:
        sample_weight = _check_sample_weight(
            sample_weight, X, dtype=X.dtype, ensure_non_negative=True
        )
    (X, y, sample_weight), rows = _of_weight(X, y, sample_weight)
    own = components.loss if type(components.loss) not in estimator._losses.values() else None
    y, sample_weight = estimator._encode_target(y, X, sample_weight, components, rows, in_parts)
    (X, y, sample_weight), _ = _of_weight(X, y, sample_weight)  # classes may have no weight
    if own is not None:
        # of several classes, two are enough to tell
        check_gradient(own, y if components.loss is own else 2 * xp.astype(y > 0, y.dtype) - 1)
    return X, y, sample_weight


def _of_weight(X, y, sample_weight):
    """The rows whose weight is above 0, and their numbers or None if they are all."""
    kept = None if sample_weight is None else to_numpy(sample_weight) > 0
    if kept is None or kept.all():
        return (X, y, sample_weight), None
    rows = np.flatnonzero(kept)
    return tuple(take_rows(a, rows) for a in (X, y, sample_weight)), rows


def read_in_place(estimator, data, components):
    """Arrays of PyTorch and JAX in the host's memory as NumPy's, and the way back.

    The compiled core then reads them where they lie, many times as fast as either library goes
    from row to row. Arrays on other devices stay there, and so do those that a loss needs which
    only their library can differentiate.

    Parameters
    ----------
    estimator : BaseGD
    data : tuple
        X, y and weights or None.
    components : Components

    Returns
    -------
    data : tuple
    give_back : callable
        From a NumPy array to one of the library of X.
    """
    X = data[0]
    needs_library = isinstance(of_one_label(components.loss), CallableLoss)
    if needs_library or not in_host_memory(X):
        return data, _unchanged
    xp, device = namespace(X), X.device
    data = [None if array is None else to_numpy(array) for array in data]
    if _many_passes(estimator, components):
        data[0] = np.ascontiguousarray(data[0])
    return tuple(data), lambda array: asarray(array, xp, device)


def _unchanged(array):
    return array


def _many_passes(estimator, components):
    """Whether rows are collected more often than the moments do, from columns a slow thing."""
    return estimator.solver != "batch" or not isinstance(components.loss, SquaredError)


def hold_out(estimator, data):
    """Split off the validation rows of early stopping, of every class its share."""
    if not estimator.early_stopping:
        return data, None
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
    parts = _split(estimator, data[1], n_held_out)
    return [
        tuple(None if array is None else take_rows(array, np.sort(rows)) for array in data)
        for rows in parts
    ]


def _split(estimator, y, n_held_out):
    """Numbers of the rows to train on and of those held out."""
    rng = check_random_state(estimator.random_state)
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


def build_objective(estimator, data, components):
    """The objective on the data, and the scaling between its units and theirs."""
    X, y, weights = data
    weights = None if weights is None else normalised_weights(weights)
    design, scaling = DesignMatrix(X, estimator.fit_intercept), Scaling()
    if estimator.standardize:
        design, scaling = standardised(X, weights, estimator.fit_intercept)
    objective = DataObjective(design, y, weights, components.loss, components.penalty)
    return objective, scaling


def count_weights(weights, n, state):
    """Add n rows and their weights to the totals of the state; returns the weights' total."""
    total = n if weights is None else float(namespace(weights).sum(weights))
    state.weight_total += total
    state.row_total += n
    return total


def weigh_against_earlier(objective, weights, state):
    """Give the rows of one `partial_fit` their weight among all rows seen so far.

    Weights count relative to their mean, and that of a single call says nothing of the others.
    """
    n = objective.n_samples
    total = count_weights(weights, n, state)
    relative = total / n / (state.weight_total / state.row_total)
    if relative != 1:
        ones = 0 * objective.y[(slice(None),) + (0,) * (objective.y.ndim - 1)] + 1
        weights = ones if objective.weights is None else objective.weights
        objective.weights = weights * relative


class Scorer:
    """Score of parameters on the rows held out."""

    def __init__(self, estimator, held_out, objective, scaling):
        self.estimator = estimator
        self.X, self.y, self.weights = held_out
        self.objective = objective
        self.scaling = scaling

    def __call__(self, params):
        coef, intercept = self.scaling.to_original(*self.objective.design.split(params))
        z = self.X @ coef + intercept
        return self.estimator._validation_score(self.objective.loss, self.y, z, self.weights)
