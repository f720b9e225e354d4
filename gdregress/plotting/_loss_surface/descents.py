"""The course of the parameters through a fit, from its history."""

from typing import NamedTuple

import numpy as np

from gdregress.exceptions import warn_user
from gdregress.plotting._shared.training import flat_parameters, stored_path

# Largest difference between the last objective of the history and the objective on the data that
# the caller passes, relative to itself and to the start; a larger one means other data.
SAME, ROUNDING = 1e-4, 1e-9


class Descent(NamedTuple):
    """The parameters of a fit after every epoch.

    Parameters
    ----------
    points : ndarray of shape (n_epochs + 1, n_parameters)
        Flat vectors in the units of ``coef_``, see `Training`.
    objective : ndarray of shape (n_epochs + 1,)
    kept : ndarray of shape (n_parameters,) or None
        ``coef_`` and ``intercept_`` if they differ from the last point, as after early stopping.
    """

    points: np.ndarray
    objective: np.ndarray
    kept: np.ndarray | None

    @property
    def end(self):
        """The parameters that the fit has returned."""
        return self.points[-1] if self.kept is None else self.kept


def read_descent(estimator, training):
    """Read the path of a fitted estimator from its history.

    Warns
    -----
    UserWarning
        If the objective differs from the history, because the data are not those of the fit.
    """
    points = stored_path(estimator)
    # early calls to partial_fit may have run with store_path=False
    objective = np.asarray(estimator.history_["objective"][-len(points) :], dtype=float)
    _check_objective(training.value(points[-1]), objective)
    kept = flat_parameters(estimator.coef_, estimator.intercept_, estimator.fit_intercept)
    is_last = np.allclose(kept, points[-1], rtol=1e-12, atol=0)
    return Descent(points, objective, None if is_last else kept)


def _check_objective(value, objective):
    known = objective[-1]
    close = SAME * abs(known) + ROUNDING * abs(objective[0])
    if not np.isfinite([value, known]).all() or abs(value - known) <= close:
        return
    warn_user(
        f"The objective at the end of the path is {value:.6g} on these data, but {known:.6g} in "
        "history_: X, y or sample_weight are not those of the fit, or parameters have been set "
        "since. The surface shows the objective on these data.",
        UserWarning,
    )
