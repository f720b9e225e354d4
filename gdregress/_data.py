"""What the user hands in, as arrays of one library; and the objective that they make."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from gdregress._array_api import input_namespace, move_to, namespace, take_rows, to_numpy
from gdregress._finite import check_all_finite
from gdregress._validation import check_indices
from gdregress.design import DesignMatrix, Scaling, standardised
from gdregress.gradient_check import check_gradient
from gdregress.losses import LOSSES
from gdregress.objective import DataObjective, normalised_weights
from gdregress.scores import explained


def validate_input(estimator, X, y, sample_weight, components, reset):
    """X, y and weights as arrays of one namespace, rows of weight 0 removed."""
    xp, device = input_namespace(X)
    y, sample_weight = move_to(y, xp, device), move_to(sample_weight, xp, device)
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        accept_large_sparse=True,
        dtype=[xp.float64, xp.float32],
        # rows at random are slow to collect from columns
        order="C" if xp is np and estimator.solver != "batch" else None,
        multi_output=True,
        y_numeric=True,
        ensure_all_finite=False,  # in the next line
        reset=reset,
    )
    check_all_finite(X, estimator)
    if sparse.issparse(X):
        check_indices(X)
    rows = None
    if sample_weight is not None:
        sample_weight = _check_sample_weight(
            sample_weight, X, dtype=X.dtype, ensure_non_negative=True
        )
        kept = to_numpy(sample_weight) > 0
        if not kept.all():
            rows = np.flatnonzero(kept)
            X, y, sample_weight = (take_rows(a, rows) for a in (X, y, sample_weight))
    y = estimator._validate_target(y, X, components.loss, rows)
    if type(components.loss) not in LOSSES.values():
        check_gradient(components.loss, y)
    return X, y, sample_weight


def hold_out(estimator, data):
    """Split off the validation rows of early stopping."""
    if not estimator.early_stopping:
        return data, None
    n = data[0].shape[0]
    n_held_out = max(2, round(estimator.validation_fraction * n))  # one row has no R2
    if n_held_out >= n:
        raise ValueError(
            f"early_stopping would hold out {n_held_out} of {n} rows "
            f"(validation_fraction={estimator.validation_fraction}) and leave none to train on: "
            f"n_samples={n} is too small."
        )
    order = check_random_state(estimator.random_state).permutation(n)
    parts = order[n_held_out:], order[:n_held_out]
    return [
        tuple(None if array is None else take_rows(array, np.sort(rows)) for array in data)
        for rows in parts
    ]


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

    def __init__(self, held_out, objective, scaling, loss):
        self.X, self.y, self.weights = held_out
        self.objective = objective
        self.scaling = scaling
        self.loss = loss

    def __call__(self, params):
        coef, intercept = self.scaling.to_original(*self.objective.design.split(params))
        return explained(self.loss, self.y, self.X @ coef + intercept, self.weights)
