"""Errors for unknown parameters and arguments, and for methods that are not available.

The errors of Python and scikit-learn name private classes, or have the reason in an earlier
traceback only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, update_wrapper, wraps
from types import MethodType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gdregress._utils.neighbours import ATTRIBUTES, belongs_to_estimator, hint_for_name
from gdregress._utils.sources import advice_for_source

_Function = TypeVar("_Function", bound=Callable[..., Any])


@cache
def defaults(component_class: type) -> dict[str, Any]:
    """Names and defaults of the parameters of a component or estimator.

    They are cached, because reading signatures takes half the time of a fit on a few rows.
    """
    return {name: parameter.default for name, parameter in _parameters(component_class).items()}


@cache
def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


class NamesParameters:
    """Raises an error for parameters that its class does not have, with a suggestion."""

    # For each parameter that takes components by name, the classes that the names stand for.
    _registries: Mapping[str, Mapping[Any, type]] = {}
    # The class of an inner estimator, whose parameters a user may pass by mistake.
    _inner: type | None = None

    def __new__(cls, *args: Any, **parameters: Any) -> Self:
        known = _parameters(cls)
        if not (known.keys() >= parameters.keys() or _takes(known, inspect.Parameter.VAR_KEYWORD)):
            name = next(name for name in parameters if name not in known)
            raise TypeError(_unknown(name, cls.__name__, known, cls._inner))
        if len(args) > len(known) or (args and len(args) > len(_by_position(known))):
            _refuse_positions(cls.__name__, args, known)
        return super().__new__(cls)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of components as ``optimizer__beta_1``.

        Parameters
        ----------
        **params : dict
            The parameters by their names.

        Returns
        -------
        self : object
            The estimator or component.
        """
        known = _parameters(type(self))
        for name in params:
            first, nested, inner = name.partition("__")
            if first not in known and not _takes(known, inspect.Parameter.VAR_KEYWORD):
                raise ValueError(_unknown(first, type(self).__name__, known, self._inner))
            component = params.get(first, getattr(self, first, None))
            if nested and not hasattr(component, "set_params"):
                example = ""
                if isinstance(component, str) and component in self._registries.get(first, {}):
                    named = self._registries[first][component]
                    example = f", {named.__name__}() for {component!r}"
                raise ValueError(
                    f"{name!r} sets a parameter of {first}, which is {component!r} and has none. "
                    f"Set {first} to an instance before{example}; {inner} is then its own."
                )
        return super().set_params(**params)  # type: ignore[misc]


class NamesAttributes:
    """Says what neighbouring libraries' attributes and methods are called here."""

    # What a fit sets.
    _fitted_attributes: tuple[str, ...] = ()

    if not TYPE_CHECKING:  # which would take any name for an attribute

        def __getattr__(self, name):
            hint = "".join(ATTRIBUTES.get(name, ()))
            if name in self._fitted_attributes and "coef_" not in vars(self):
                hint = "It is set by fit."
            if not hint or name.startswith("_"):
                return object.__getattribute__(self, name)  # raises the error with its reason
            text = f"{type(self).__name__!r} object has no attribute {name!r}. {hint}"
            raise AttributeError(text, name=name, obj=self)


def _takes(known: dict[str, inspect.Parameter], kind: Any) -> bool:
    return any(parameter.kind is kind for parameter in known.values())


def _by_position(known: dict[str, inspect.Parameter]) -> list[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    return [name for name, parameter in known.items() if parameter.kind in kinds]


def _refuse_positions(owner: str, args: tuple[Any, ...], known: dict[str, Any]) -> None:
    if _takes(known, inspect.Parameter.VAR_POSITIONAL):
        return
    names = _by_position(known)
    others = [name for name in known if name not in names]
    advice = f" Name the others, as in {others[0]}=..." if others else ""
    if names == ["batches"]:
        advice = " A batch has X and y, as in fit_batches([(X, y)]); fit takes both as they are."
    raise TypeError(
        f"{owner} takes by position no more than: {', '.join(names) or 'nothing'}. "
        f"Got {len(args)} values.{advice}"
    )


def _refuse_source(called: str, X: Any) -> None:
    """Raise TypeError where y is missing as X has the targets: Python's error says less."""
    if (advice := advice_for_source(X)) is not None:
        raise TypeError(f"{called} takes X and y. {advice}")


def _unknown(name: str, owner: str, known: dict[str, Any], inner: type | None = None) -> str:
    is_call = owner.endswith("()")
    kind = "argument" if is_call else "parameter"
    hint = hint_for_name(name, known)
    meant = "" if hint or inner is None else belongs_to_estimator(name, _parameters(inner))
    if meant and inner is not None and (is_call or meant == name):
        example = f"{inner.__name__}({meant}=...)"
        hint = f" It belongs to the estimator: {example if is_call else f'{owner}({example})'}."
    there_are = f" It has {', '.join(known)}." if known else " It has none."
    return f"{owner} has no {kind} {name!r}.{hint or there_are}"


def explains_arguments(function: _Function) -> _Function:
    """Decorator: the error for an unknown argument suggests one that the function has."""
    known = _parameters(function)
    names = {name: parameter for name, parameter in known.items() if name != "self"}
    most = len(_by_position(known))
    is_init = function.__name__ == "__init__"
    called = f"{function.__qualname__.split('.')[0] if is_init else function.__name__}()"
    function.__qualname__ = function.__name__  # errors for missing arguments name it

    @wraps(function)
    def checked(*args: Any, **arguments: Any) -> Any:
        if not known.keys() >= arguments.keys():
            name = next(name for name in arguments if name not in known)
            inner = type(args[0]) if args and hasattr(args[0], "_registries") else None
            raise TypeError(_unknown(name, called, names, inner))
        given = args[len(known) - len(names) :]
        if len(args) > most:
            _refuse_positions(called, given, names)
        if "y" in names and len(given) == 1 and "y" not in arguments:
            _refuse_source(called, given[0])
        return function(*args, **arguments)

    return checked  # type: ignore[return-value]


def can_be_called(function: Callable[..., Any], *args: Any) -> bool:
    """Whether a function takes so many arguments; True if its signature is unknown."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*args)
    except TypeError:
        return False
    return True


def check_is_one_of(call: str, name: str, value: Any, *classes: type) -> None:
    """Raise TypeError for an argument of another class, often one at a wrong position.

    Parameters
    ----------
    call : str
        The function with its arguments in their order, such as "f(X, y)".
    name : str
        Name of the argument.
    value : object
    *classes : type
        The classes that are accepted.
    """
    if isinstance(value, classes):
        return
    names = " or ".join(one.__name__ for one in classes)
    what, advice = f"of type {type(value).__name__}", ""
    if isinstance(value, type):
        what, advice = f"the class {value.__name__}", f" Make an instance: {value.__name__}()."
    elif hasattr(value, "steps"):
        advice = " Pass its last step, model[-1], and the rows that it is given, of model[:-1]."
    elif hasattr(value, "estimator"):
        advice = " Pass its estimator; after a search, best_estimator_."
    order = f"The order of the arguments is {call}."
    raise TypeError(f"{name} must be a {names}, and is {what}.{advice} {order}")


def available_if(check: Callable[[Any], bool]) -> Callable[[_Function], _Function]:
    """A method that exists if a check passes; otherwise AttributeError states the reason.

    The error of scikit-learn's own decorator has the reason in an earlier traceback only.

    Parameters
    ----------
    check : callable
        ``check(instance)``: True, or AttributeError.
    """

    def decorate(method: _Function) -> _Function:
        available: Any = _Available(method, check)
        return available

    return decorate


class _Available:
    def __init__(self, method: Callable[..., Any], check: Callable[[Any], bool]) -> None:
        self.method = method
        self.check = check
        update_wrapper(self, method)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is not None:
            self.check(instance)
            return MethodType(self.method, instance)

        @wraps(self.method)
        def of_class(instance: Any, *args: Any, **kwargs: Any) -> Any:
            self.check(instance)
            return self.method(instance, *args, **kwargs)

        return of_class
