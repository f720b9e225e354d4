"""The minimum of the objective, by a long descent."""

from typing import NamedTuple

import numpy as np

from gdregress.plotting._shared.quietly import quietly
from gdregress.plotting._shared.training import flat_parameters

# The descent reads at most this count of numbers, but its epochs stay between the two limits.
NUMBERS_READ = 2e9
FEWEST, MOST = 1000, 20_000
# What the objective depends on; class weights are in those of the rows.
OF_THE_OBJECTIVE = {
    "loss",
    "epsilon",
    "penalty",
    "alpha",
    "l1_ratio",
    "fit_intercept",
    "standardize",
}


class Minimum(NamedTuple):
    """The smallest objective known.

    Parameters
    ----------
    point : ndarray
        Flat vector in the units of ``coef_``.
    value : float
    reached : bool
        Whether a descent has converged there. It cannot if there is no minimum.
    """

    point: np.ndarray
    value: float
    reached: bool


def find_minimum(estimator, training, point):
    """Find the minimum by a long batch descent from the best point known.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    training : Training
    point : ndarray
        Flat vector in the units of ``coef_``.
    """
    X, y, weights = training.rows
    design = training.objective.design
    parameters = estimator.get_params(deep=False)
    twin = type(estimator)(
        **{name: parameters[name] for name in OF_THE_OBJECTIVE & parameters.keys()},
        max_iter=int(np.clip(NUMBERS_READ / X.shape[0] / len(point), FEWEST, MOST)),
        tol=1e-7,
    )
    coef, intercept = design.split(point.reshape(design.n_parameters, -1))
    start = {"coef_init": coef.T, "intercept_init": intercept}
    if not training.objective.output_shape:
        start = {"coef_init": coef[:, 0], "intercept_init": intercept[0]}
    with quietly():
        twin.fit(X, _as_given(y, training.objective.loss), weights, **start)
    found = flat_parameters(twin.coef_, twin.intercept_, design.fit_intercept)
    lowest = min(point, found, key=training.value)
    return Minimum(lowest, training.value(lowest), bool(twin.converged_))


def _as_given(y, loss):
    """The targets before the loss has repeated them, as that of several quantiles does."""
    first = y[:, 0] if y.ndim == 2 else y
    return first if tuple(loss.expand_target(first).shape) == tuple(y.shape) else y
