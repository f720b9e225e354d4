"""The check that a fit has stored the coefficients of every epoch."""

from gdregress._estimator.base import BaseGD
from gdregress.plotting._shared.estimators import chain


def has_path(model):
    """Whether a model ends with an estimator of this package that has stored its path."""
    estimator = chain(model)[-1]
    is_fitted = isinstance(estimator, BaseGD) and hasattr(estimator, "history_")
    return is_fitted and bool(estimator.history_.coef)


def check_stored(estimator):
    """Raise ValueError unless the history holds the coefficients of every epoch."""
    if not estimator.history_.coef:
        name = type(estimator).__name__
        raise ValueError(
            f"The path is not known, as this {name} was fitted with store_path=False. "
            f"Fit {name}(..., store_path=True), which keeps the coefficients of every epoch."
        )
