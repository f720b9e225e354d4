"""The estimator of this package inside a Pipeline or a search, and the steps before it."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.base import BaseGD
from gdregress._utils.array_api import to_numpy
from gdregress._utils.types import clone


def chain(model):
    """A model, the model inside it, and so on to the estimator that is fitted last.

    A search such as ``GridSearchCV`` or `GDRegressorCV` stands for its ``best_estimator_``, and
    before its fit for its ``estimator``, a ``TransformedTargetRegressor`` for its ``regressor_``
    or ``regressor``, a Pipeline for its last step.

    Returns
    -------
    list of estimators
    """
    models = [model]
    while (model := _inside(model)) is not None:
        models.append(model)
    return models


def final_estimator(model) -> Any:
    """The `GDRegressor` or `GDClassifier` that a model is or ends with.

    Parameters
    ----------
    model : estimator
        As in `chain`.

    Raises
    ------
    TypeError
        If the model ends with another estimator.
    """
    found = chain(model)[-1]
    if not isinstance(found, BaseGD):
        raise TypeError(
            "The estimator must be a GDRegressor or GDClassifier, or a Pipeline, search or "
            f"TransformedTargetRegressor that ends with one. Got {type(found).__name__}."
        )
    return found


def fitted_estimator(model) -> Any:
    """Return `final_estimator`, and raise an error unless it is fitted.

    Raises
    ------
    TypeError
        If the model ends with another estimator.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    """
    estimator = final_estimator(model)
    for each in chain(model):
        if _is_search(each) and not hasattr(each, "best_estimator_"):
            raise NotFittedError(
                f"This {type(each).__name__} has no best_estimator_: call fit first, with "
                "refit=True."
            )
    check_is_fitted(estimator)
    return estimator


def has_path(model):
    """Whether a model ends with an estimator of this package that has stored its path."""
    return bool(getattr(getattr(chain(model)[-1], "history_", None), "coef", None))


def estimator_with_path(model) -> Any:
    """Return `fitted_estimator`, and raise an error unless it has stored its path.

    Raises
    ------
    TypeError, sklearn.exceptions.NotFittedError
        As in `fitted_estimator`.
    ValueError
        If its history does not hold the coefficients of every epoch.
    """
    estimator = fitted_estimator(model)
    if not has_path(estimator):
        name = type(estimator).__name__
        raise ValueError(
            f"The path is not known, as this {name} was fitted with store_path=False. "
            f"Fit {name}(..., store_path=True), which keeps the coefficients of every epoch."
        )
    return estimator


def by_label(estimators):
    """A dict of estimators, one at least, with str as labels."""
    if not isinstance(estimators, Mapping) or isinstance(estimators, OptimizeResult):
        raise TypeError(
            'from_estimators takes a dict such as {"batch": batch, "stochastic": stochastic}. '
            f"Got {type(estimators).__name__}; from_estimator takes a single estimator."
        )
    if not estimators:
        raise ValueError("from_estimators needs at least one estimator. Got an empty dict.")
    return {str(label): estimator for label, estimator in estimators.items()}


def checked_target(target: Any, n: int, what: str) -> int:
    """The number of a target; None is that of the only one.

    Raises
    ------
    ValueError
        If it is none of the n targets, which the message calls ``what``.
    """
    if n == 1 and target is None:
        return 0
    if isinstance(target, Integral) and 0 <= int(target) < n:
        return int(target)
    raise ValueError(
        f"target must be the number of one of the {n} {what}, from 0 to {n - 1}. Got {target!r}."
    )


def earlier_steps(model):
    """The steps before the final estimator as one Pipeline; None where there are none."""
    pipelines = (each for each in chain(model) if isinstance(each, Pipeline))
    steps = [step for pipeline in pipelines for step in pipeline.steps[:-1]]
    named = [(f"{number}-{name}", step) for number, (name, step) in enumerate(steps)]
    return Pipeline(named) if named else None


def target_transformers(model) -> list[Any]:
    """What stands between the targets and the final estimator: fitted, from outside in.

    Those of a TransformedTargetRegressor that is not fitted are new and have to be.
    """
    return [_transformer_of(each) for each in chain(model) if _transforms_targets(each)]


def transformed_targets(model, y):
    """The targets of the final estimator of a fitted model."""
    for transformer in target_transformers(model):
        y = in_columns(transformer.transform, y)
    return y


def in_columns(transform, y):
    """Targets under a transform of tables, in their own shape."""
    y = np.asarray(to_numpy(y))
    changed = transform(y if y.ndim > 1 else y[:, None])
    return changed if y.ndim > 1 else np.reshape(changed, len(y))


def transformed(model, X):
    """X after the earlier steps of a fitted model: the input of its final estimator."""
    before: Pipeline | None = earlier_steps(model)
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


def _inside(model):
    """The model that another one wraps; None if it wraps none."""
    if isinstance(model, Pipeline):
        return model.steps[-1][1]
    if hasattr(model, "best_estimator_"):
        return model.best_estimator_
    if _is_search(model):
        return model.estimator
    if _transforms_targets(model):
        return getattr(model, "regressor_", model.regressor)
    return None


def _transforms_targets(model):
    return hasattr(model, "regressor") and hasattr(model, "inverse_func")


def _transformer_of(model):
    if hasattr(model, "transformer_"):
        return model.transformer_
    if model.transformer is not None:
        return clone(model.transformer)
    return FunctionTransformer(func=model.func, inverse_func=model.inverse_func)


def _is_search(model):
    return hasattr(model, "estimator") and hasattr(model, "refit")
