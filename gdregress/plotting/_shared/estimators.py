"""The estimator of this package inside a Pipeline or a search, and what stands before it."""

from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.base import BaseGD


def final_estimator(model):
    """The `GDRegressor` or `GDClassifier` that a model is or ends with.

    Parameters
    ----------
    model : estimator
        It itself, a Pipeline whose last step it is, or a search over one of them, such as
        ``GridSearchCV``, of which the ``best_estimator_`` counts once there is one.

    Raises
    ------
    TypeError
        If there is none.
    """
    found = _searched(model)
    while isinstance(found, Pipeline):
        found = _searched(found.steps[-1][1])
    if not isinstance(found, BaseGD):
        raise TypeError(
            "The estimator must be a GDRegressor or GDClassifier, a Pipeline whose last step is "
            f"one, or a search over them. Got {type(found).__name__}."
        )
    return found


def fitted_estimator(model):
    """`final_estimator`, once it is known to be fitted.

    Raises
    ------
    TypeError
        If there is none.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
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
    steps, model = [], _searched(model)
    while isinstance(model, Pipeline):
        steps += model.steps[:-1]
        model = _searched(model.steps[-1][1])
    named = [(f"{number}-{name}", step) for number, (name, step) in enumerate(steps)]
    return Pipeline(named) if named else None


def transformed(model, X):
    """X as the final estimator of a fitted model sees it."""
    before = earlier_steps(model)
    return X if before is None else before.transform(X)


def feature_names(model):
    """Names of the columns that the final estimator of a fitted model sees.

    Those of its ``feature_names_in_``; after other steps what their ``get_feature_names_out``
    says; "x0", "x1", ... where nobody knows any.

    Returns
    -------
    names : list of str
    """
    estimator, before = final_estimator(model), earlier_steps(model)
    names = getattr(estimator, "feature_names_in_", None)
    if names is None and before is not None:
        try:
            names = before.get_feature_names_out()
        except AttributeError:  # how scikit-learn says that a step cannot name its columns
            names = None
    if names is None:
        names = [f"x{j}" for j in range(estimator.n_features_in_)]
    return [str(name) for name in names]


def _searched(model):
    """The model that a search has found, or the one that it will vary; else the model itself."""
    while _is_search(model):
        model = getattr(model, "best_estimator_", model.estimator)
    return model


def _is_search(model):
    return hasattr(model, "estimator") and hasattr(model, "refit")
