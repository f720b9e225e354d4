"""Checks of parameters, components and targets, with errors that say what to do.

scikit-learn's own constraint language is used, so that errors read like scikit-learn's and its
`check_param_validation` applies; no other file imports that private module.
"""

from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils._param_validation import (
    HasMethods,
    InvalidParameterError,
    RealNotInt,
    make_constraint,
    validate_parameter_constraints,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils._param_validation import StrOptions as _StrOptions

from gdregress._utils.arguments import defaults
from gdregress._utils.array_api import namespace, to_numpy
from gdregress._utils.neighbours import hint_for_value
from gdregress._utils.numbers import as_python
from gdregress.exceptions import IgnoredParameterWarning, warn_user

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "RealNotInt",
    "ScorerName",
    "StrOptions",
    "build_component",
    "check_choices",
    "check_loss",
    "check_parameters",
    "check_partial_fit",
    "check_target",
    "defaults",
    "keep_fitted_state",
    "naming",
    "warn_ignored",
]


class Interval(_Interval):
    """scikit-learn's range of numbers, without True and False."""

    def is_satisfied_by(self, val: Any) -> bool:
        return not isinstance(val, (bool, np.bool_)) and super().is_satisfied_by(val)


class StrOptions(_StrOptions):
    """scikit-learn's choice of names, which errors list in the given order.

    Parameters
    ----------
    names : iterable of str
    elsewhere : dict of str to str or None
        Names that another estimator accepts, each with a sentence that says so.
    """

    def __init__(self, names: Iterable[str], elsewhere: dict[str, str] | None = None) -> None:
        self.names = list(dict.fromkeys(names))
        self.elsewhere = elsewhere or {}
        super().__init__(set(self.names))

    def __str__(self) -> str:
        return f"a str among {{{', '.join(map(repr, self.names))}}}"


class ScorerName(StrOptions):
    """One of some names, or the name of a scorer of scikit-learn.

    Parameters
    ----------
    names : iterable of str
    """

    def is_satisfied_by(self, val: Any) -> bool:
        if super().is_satisfied_by(val) or not isinstance(val, str):
            return super().is_satisfied_by(val)
        from sklearn.metrics import get_scorer_names  # slow to import

        return val in get_scorer_names()

    def __str__(self) -> str:
        scorers = "one of sklearn.metrics.get_scorer_names()"
        return f"{super().__str__()} or {scorers}" if self.names else scorers


def check_parameters(component):
    """Raise InvalidParameterError for the first parameter outside its stated range.

    Defaults are within their ranges and are not checked: it would take a tenth of a small fit.
    """
    changed = changed_parameters(component)
    check_choices(type(component).__name__, component._parameter_constraints, changed)


def changed_parameters(component):
    """The parameters that are not their defaults, and their values."""
    return {
        name: value
        for name, default in defaults(type(component)).items()
        if (value := getattr(component, name)) is not default
    }


def check_choices(caller, constraints, values):
    """The same for the arguments of a function, by their names."""
    _refuse_classes(caller, constraints, values)
    for name, value in values.items():
        try:
            validate_parameter_constraints(constraints, {name: value}, caller_name=caller)
        except InvalidParameterError as error:
            hint = _hint(name, value, constraints[name])
            text = " ".join(str(error).split())  # a value may be shown in many lines
            raise InvalidParameterError(f"{text}{hint}") from None


def _hint(name, value, constraints):
    """A suggestion for a value that is not accepted: a sentence, or ""."""
    made = [make_constraint(constraint) for constraint in constraints]
    names = [word for one in made for word in getattr(one, "names", ())]
    elsewhere = {k: v for one in made for k, v in getattr(one, "elsewhere", {}).items()}

    def accepts(other):
        return any(one.is_satisfied_by(other) for one in made)

    return hint_for_value(name, value, names, accepts, elsewhere)


def _refuse_classes(caller, constraints, values):
    """Raise InvalidParameterError for a class that stands where its instance is meant."""
    for name, value in values.items():
        if not isinstance(value, type):
            continue
        accepted, hint = f"an instance, {value.__name__}()", ""
        if value.__module__.startswith("torch."):
            accepted = " or ".join(str(make_constraint(one)) for one in constraints[name])
            hint = _hint(name, value, constraints[name])
        raise InvalidParameterError(
            f"The {name!r} parameter of {caller} must be {accepted}. Got {value!r} instead.{hint}"
        )


def check_partial_fit(estimator):
    """Raise AttributeError for settings that need all rows at once; True otherwise."""
    for name in ("early_stopping", "standardize"):
        if isinstance(getattr(estimator, name), (bool, np.bool_)) and getattr(estimator, name):
            advice = " and scale the rows before" if name == "standardize" else ""
            raise AttributeError(
                f"partial_fit cannot be combined with {name}=True, which needs all rows at once. "
                f"Set {name}=False{advice}."
            )
    estimator._check_schedule_of_parts()
    return True


def build_component(choice, registry, flat_parameters):
    """Instance for a name or an instance, and the names of the flat parameters it took.

    Parameters
    ----------
    choice : str, None or component instance
        A key of `registry`, or an instance, which is cloned and used as given.
    registry : dict
        Names and classes, such as ``LOSSES``.
    flat_parameters : dict
        Parameters of the estimator that a component built from its name may take, such as
        ``alpha``; None stands for the component's own default.
    """
    if not isinstance(choice, str) and choice is not None:
        component, taken = _with_python_numbers(clone(choice)), set()
        component.check_formulas()
    else:
        component_class = registry[choice]
        taken = defaults(component_class).keys() & flat_parameters.keys()
        given = {name: as_python(flat_parameters[name]) for name in taken}
        component = component_class(**{k: v for k, v in given.items() if v is not None})
    if taken or not isinstance(choice, str):  # defaults are within their ranges
        check_parameters(component)
    return component, taken


def _with_python_numbers(component):
    """The component with the NumPy scalars among its parameters as numbers of Python."""
    parameters = component.get_params(deep=False)
    numbers = {name: as_python(value) for name, value in parameters.items()}
    changed = {name: numbers[name] for name in numbers if numbers[name] is not parameters[name]}
    return component.set_params(**changed)


def warn_ignored(estimator, unused):
    """Warn of every parameter that was set and has no effect here.

    Parameters
    ----------
    unused : dict of str to str
        Parameter name and the reason why it has no effect.
    """
    for name, reason in unused.items():
        value, default = getattr(estimator, name), defaults(type(estimator))[name]
        if value is not default and np.any(value != default):
            warn_user(f"{name}={value!r} has no effect: {reason}.", IgnoredParameterWarning)


def warn_large_batch(sampler, n_samples):
    """Warn of a batch_size that is larger than the count of rows."""
    asked = getattr(sampler, "batch_size", 0)
    if n_samples < asked != defaults(type(sampler)).get("batch_size"):
        warn_user(
            f"batch_size={asked!r} has no effect beyond the {n_samples} rows that there are: "
            "every update takes all of them, as solver='batch' does.",
            IgnoredParameterWarning,
        )


def check_loss(loss, estimator):
    """Raise ValueError for a loss of other targets, or with unknown words for its facts."""
    known = {
        "link": ("identity", "log"),
        "target_range": ("real", "non-negative", "positive", "labels", "classes"),
    }
    for attribute, words in known.items():
        if getattr(loss, attribute) not in words:
            raise ValueError(
                f"{type(loss).__name__}.{attribute} must be one of {words}. "
                f"Got {getattr(loss, attribute)!r} instead."
            )
    if loss.target_range not in estimator._target_ranges:
        raise ValueError(
            f"{type(loss).__name__} is a loss for {loss.target_range} targets, which "
            f"{type(estimator).__name__} does not have: {estimator._target_ranges_advice}."
        )


def check_target(loss, y, rows=None, in_parts=False):
    """Raise ValueError naming the first target outside the domain of the loss.

    Parameters
    ----------
    loss : Loss
    y : array
    rows : ndarray of int or None
        Numbers of the rows in the data of the user, if some have been removed.
    in_parts : bool
        Whether there are more rows than these; they may hold the first positive target.
    """
    outside = {
        "real": None,
        "non-negative": lambda: y < 0,
        "positive": lambda: y <= 0,
    }[loss.target_range]
    name = type(loss).__name__
    if outside is not None and bool(namespace(y).any(outside())):
        mask = to_numpy(outside()).reshape(y.shape[0], -1)
        worst = int(np.argmax(np.any(mask, axis=1)))
        row = worst if rows is None else rows[worst]
        raise ValueError(
            f"{name} loss needs {loss.target_range} targets, but y[{row}] = {to_numpy(y)[worst]}; "
            f"{int(mask.sum())} of {mask.size} values are outside. Remove or correct those rows, "
            "or use a loss for any real target, such as 'squared_error'."
        )
    if loss.link == "log" and not in_parts and not bool(namespace(y).any(y > 0)):
        raise ValueError(
            f"{name} loss predicts exp(z) > 0, but every target is 0: there is nothing to fit."
        )


@contextmanager
def keep_fitted_state(estimator):
    """Restore the earlier fitted attributes if the block ends before the new ones are set.

    After an interrupt that comes later the model is fitted; after an error it never is.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException as error:
        state = vars(estimator).get("_state")
        is_fitted = state is not None and state is not before.get("_state")
        if isinstance(error, Exception) or not is_fitted:
            vars(estimator).clear()
            vars(estimator).update(before)
        raise


@contextmanager
def naming(part):
    """Name the part of the rows in the message of a ValueError or TypeError.

    Parameters
    ----------
    part : str
        Such as "Batch 3".
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{part}: {error}") from error
