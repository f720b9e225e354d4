"""The components, rows and objective that a fit builds before it descends."""

import warnings

from gdregress._estimator.components import build_components
from gdregress._estimator.data import build_objective, hold_out, read_in_place, validate_input
from gdregress._utils.validation import check_parameters
from gdregress.exceptions import IgnoredParameterWarning


def before_the_descent(model, X, y, sample_weight=None):
    """Validate parameters and data and build the objective, like a fit before it descends.

    Parameters
    ----------
    model : GDRegressor or GDClassifier
        A clone: validation sets attributes on it.
    X, y, sample_weight
        As in ``fit``.

    Returns
    -------
    components : Components
    rows : tuple
        X, y and weights of the rows to train on.
    objective : DataObjective
    scaling : Scaling
    """
    check_parameters(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredParameterWarning)
        components = build_components(model)
    data = validate_input(model, X, y, sample_weight, components, reset=True)
    data, _ = read_in_place(model, data, components)
    rows, _ = hold_out(model, data)
    return components, tuple(rows), *build_objective(model, rows, components)
