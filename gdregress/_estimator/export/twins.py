"""Models of scikit-learn with the coefficients and predictions of a fit."""

import numpy as np
from sklearn.linear_model import (
    GammaRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    SGDClassifier,
    TweedieRegressor,
)

from gdregress._utils.array_api import to_numpy
from gdregress.losses.classification import CLASSIFICATION_LOSSES, LogLoss
from gdregress.losses.multiclass import Softmax

# Powers of the Tweedie deviance for which scikit-learn has a class.
NAMED = {1: PoissonRegressor, 2: GammaRegressor}


def regressor_twin(model):
    """The twin of a fitted `GDRegressor`.

    Parameters
    ----------
    model : GDRegressor
    """
    loss, several = model._loss, np.ndim(model.intercept_) > 0
    power = loss.tweedie_power
    if loss.link == "identity":
        twin = LinearRegression()
    elif power is None or several:
        which = "several targets" if several else type(loss).__name__
        raise ValueError(
            f"scikit-learn has no regressor of {which} with a log link. Keep this estimator, or "
            "convert it to ONNX."
        )
    else:
        twin = NAMED[power]() if power in NAMED else TweedieRegressor(power=power, link="log")
        vars(twin)["_base_loss"] = twin._get_loss()  # predict uses it
    _hand_over(model, twin)
    twin.intercept_ = twin.intercept_ if several else float(twin.intercept_)
    return twin


def classifier_twin(model):
    """The twin of a fitted `GDClassifier`.

    Parameters
    ----------
    model : GDClassifier
    """
    if type(model._loss) in (LogLoss, Softmax):
        twin = LogisticRegression()
    else:
        twin = SGDClassifier(loss=_name_of_loss(model._loss.base_loss))
    _hand_over(model, twin)
    twin.classes_ = np.array(to_numpy(model.classes_))
    return twin


def _hand_over(model, twin):
    """Set the attributes that all twins have."""
    twin.set_params(fit_intercept=model.fit_intercept)
    twin.coef_ = np.array(to_numpy(model._dense_coef()))
    twin.intercept_ = np.array(to_numpy(model.intercept_))
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            setattr(twin, name, getattr(model, name))


def _name_of_loss(loss):
    """Scikit-learn's name of a loss of labels."""
    for name, loss_class in CLASSIFICATION_LOSSES.items():
        if type(loss) is loss_class:
            return name
    raise ValueError(
        f"scikit-learn has no classifier with {type(loss).__name__} loss. Keep this estimator."
    )
