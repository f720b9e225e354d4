"""The estimator of this package inside a Pipeline or a search, and the steps before it."""

from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.base import BaseGD


def final_step(model):
    """The last step of a model: a search is unwrapped and a Pipeline followed to its end.

    Parameters
    ----------
    model : estimator
        A search such as ``GridSearchCV`` stands for its ``best_estimator_``, and before its fit
        for its ``estimator``.
    """
    found = _unwrapped(model)
    while isinstance(found, Pipeline):
        found = _unwrapped(found.steps[-1][1])
    return found


def final_estimator(model):
    """The `GDRegressor` or `GDClassifier` that a model is or ends with.

    Parameters
    ----------
    model : estimator
        As in `final_step`.

    Raises
    ------
    TypeError
        If the model ends with another estimator.
    """
    found = final_step(model)
    if not isinstance(found, BaseGD):
        raise TypeError(
            "The estimator must be a GDRegressor or GDClassifier, a Pipeline whose last step is "
            f"one, or a search over them. Got {type(found).__name__}."
        )
    return found


def fitted_estimator(model):
    """Return `final_estimator`, and raise an error unless it is fitted.

    Raises
    ------
    TypeError
        If the model ends with another estimator.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    """
    estimator = final_estimator(model)
    if _is_search(model) and not hasattr(model, "best_estimator_"):
        raise NotFittedError(
            f"This {type(model).__name__} has no best_estimator_: call fit first, with refit=True."
        )
    check_is_fitted(estimator)
    return estimator


def earlier_steps(model):
    """The steps before the final estimator as one Pipeline; None where there are none."""
    steps, model = [], _unwrapped(model)
    while isinstance(model, Pipeline):
        steps += model.steps[:-1]
        model = _unwrapped(model.steps[-1][1])
    named = [(f"{number}-{name}", step) for number, (name, step) in enumerate(steps)]
    return Pipeline(named) if named else None


def transformed(model, X):
    """X after the earlier steps of a fitted model: the input of its final estimator."""
    before = earlier_steps(model)
    return X if before is None else before.transform(X)


def feature_names(model):
    """Names of the columns that the final estimator of a fitted model is given.

    They are its ``feature_names_in_``, or else the ``get_feature_names_out`` of the earlier
    steps, or else "x0", "x1", ....

    Returns
    -------
    names : list of str
    """
    estimator, before = final_estimator(model), earlier_steps(model)
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and before is not None:
        try:
            names = before.get_feature_names_out()
        except AttributeError:  # scikit-learn raises it where a step cannot name its columns
            names = None
    if names is None:
        names = [f"x{j}" for j in range(estimator.n_features_in_)]
    return [str(name) for name in names]


def _unwrapped(model):
    """The best estimator of a search, or the estimator that it varies; else the model itself."""
    while _is_search(model):
        model = getattr(model, "best_estimator_", model.estimator)
    return model


def _is_search(model):
    return hasattr(model, "estimator") and hasattr(model, "refit")
