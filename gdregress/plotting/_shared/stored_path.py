"""Whether a fit has stored the coefficients of every epoch."""

from gdregress.plotting._shared.estimators import final_estimator


def has_path(model):
    """Whether a model is or ends with an estimator that has stored its path."""
    try:
        estimator = final_estimator(model)
    except TypeError:  # by which it says that the model is none of this package
        return False
    history = getattr(estimator, "history_", None)
    return history is not None and bool(history.coef)


def check_stored(estimator):
    """Raise ValueError unless the history holds the coefficients of every epoch."""
    if not estimator.history_.coef:
        name = type(estimator).__name__
        raise ValueError(
            f"The path is not known, as this {name} was fitted with store_path=False. "
            f"Fit {name}(..., store_path=True), which keeps the coefficients of every epoch."
        )
