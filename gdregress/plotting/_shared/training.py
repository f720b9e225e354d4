"""The objective of a fit, rebuilt from its estimator and data."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from gdregress._estimator.prepare import prepare
from gdregress._utils.array_api import asarray, namespace, to_numpy
from gdregress._utils.types import clone
from gdregress.plotting._shared.quietly import quietly


@dataclass(frozen=True)
class Training:
    """The objective of a fit and its rows.

    Parameters are flat vectors in the units of ``coef_``: the coefficients of the first feature
    for every target, then those of the second, and so on, then the intercepts.

    Parameters
    ----------
    objective : DataObjective
    rows : tuple
        X, y and weights of the training rows; y holds classes as numbers.
    """

    objective: Any
    rows: Any

    @property
    def n_targets(self):
        """Numbers predicted for each row."""
        return int(np.prod(self.objective.output_shape, dtype=int))

    def to_run(self, flat):
        """The same parameters, or rows of them, in the units of the run: standardised columns."""
        flat, design = np.asarray(flat, dtype=float), self.objective.design
        if design.coordinates is None:
            return flat
        rows = flat.reshape(*flat.shape[:-1], design.n_parameters, self.n_targets)
        table = np.moveaxis(rows, -2, 0)
        columns = table.reshape(design.n_parameters, -1)
        inside = design.coordinates.in_library_of(columns).from_user(columns)
        return np.moveaxis(inside.reshape(table.shape), 0, -2).reshape(flat.shape)

    def value(self, flat):
        """The objective at a flat vector."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.objective.value(self.as_parameters(self.to_run(flat)))

    def as_parameters(self, flat):
        """A flat vector in the units of the run, in the shape and library of the objective."""
        y = self.objective.y
        xp = namespace(y)
        shaped = flat.reshape(self.objective.design.n_parameters, *self.objective.output_shape)
        return shaped if xp is np else asarray(shaped, xp, y.device, dtype=y.dtype)


def rebuild_training(estimator, X, y, sample_weight=None, **changes):
    """Rebuild the training of a fitted estimator, which stays unchanged.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        The data of the fit.
    **changes
        Parameters of the estimator that are to be others.

    Raises
    ------
    ValueError
        If X has another number of columns than in the fit, if y has other classes, or if
        `random_state` does not reproduce the rows that early stopping held out.
    """
    # the surface is drawn over the user's parameters, however they were found
    twin = clone(estimator).set_params(preconditioner=None, **changes)
    _check_split(twin)
    with quietly():
        prepared = prepare(twin, X, y, sample_weight)
    _check_like_fit(estimator, twin)
    return Training(prepared.objective, prepared.rows)


def _check_split(estimator):
    if estimator.early_stopping and not isinstance(estimator.random_state, Integral):
        raise ValueError(
            "With early_stopping the objective depends on the rows held out, and only an int as "
            "random_state reproduces them. "
            f"Got random_state={estimator.random_state!r}: fit again with random_state=0."
        )


def _check_like_fit(estimator, twin):
    if twin.n_features_in_ != estimator.n_features_in_:
        raise ValueError(
            f"X has {twin.n_features_in_} features, but {type(twin).__name__} was fitted on "
            f"{estimator.n_features_in_}. Pass the X and y of the fit."
        )
    fitted = to_numpy(getattr(estimator, "classes_", np.empty(0)))
    given = to_numpy(getattr(twin, "classes_", np.empty(0)))
    if not np.array_equal(fitted, given):
        raise ValueError(
            f"The classes of y are {given}, those of the fit were {fitted}. "
            "Pass the X and y of the fit."
        )


def stored_path(estimator):
    """The parameters after each epoch of a fit with ``store_path=True``, as flat vectors."""
    history, fit_intercept = estimator.history_, estimator.fit_intercept
    stored = zip(history.coef, history.intercept, strict=True)
    return np.array([flat_parameters(c, b, fit_intercept) for c, b in stored])


def flat_parameters(coef, intercept, fit_intercept):
    """``coef_`` and ``intercept_`` as a flat vector, see `Training`."""
    coef = np.atleast_2d(to_numpy(coef)).astype(float)
    intercept = np.reshape(to_numpy(intercept), (1, -1)).astype(float)
    return (np.vstack([coef.T, intercept]) if fit_intercept else coef.T).ravel()
