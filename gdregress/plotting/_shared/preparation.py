"""What a fit prepares before it descends, without its warnings."""

import warnings

from gdregress._estimator.prepare import prepare
from gdregress.exceptions import IgnoredParameterWarning


def prepare_quietly(model, X, y, sample_weight=None):
    """Check parameters and data and build the objective, like a fit before it descends.

    Parameters
    ----------
    model : GDRegressor or GDClassifier
        A clone: validation sets attributes on it.
    X, y, sample_weight
        As in ``fit``.

    Returns
    -------
    Prepared
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IgnoredParameterWarning)
        return prepare(model, X, y, sample_weight)
