"""Class attributes that state facts about formulas; a subclass with other formulas loses them."""

import re
from typing import TYPE_CHECKING, Any

from gdregress._utils.arguments import NamesParameters


class StatesFacts(NamesParameters):
    """A component whose class attributes state facts about its formulas.

    A class states facts about the formulas of that class. A subclass that overrides a formula is
    another function: each fact about the formula that the subclass does not state goes back to
    the value in the base of all such components, which means "unknown".

    Attributes
    ----------
    formulas_of_facts : dict of str to tuple of str
        The methods that each fact is about.
    is_builtin : bool
        Whether all formulas belong to this package: pure functions, tested with every engine.
    traceable : bool
        Whether JAX may trace the formulas; by default only those of this package.
    """

    formulas_of_facts: dict[str, tuple[str, ...]] = {}
    is_builtin: bool = False
    if TYPE_CHECKING:
        traceable: bool  # a class may state it as a constant
    else:

        @property
        def traceable(self) -> bool:
            return self.is_builtin

    def __init__(self) -> None:
        """A component has no parameters by default."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if _is_here(cls) and "formulas_of_facts" in vars(cls.__bases__[0]):
            # a subclass of the base of its kind, whose facts are all unknown
            cls.is_builtin = vars(cls).get("is_builtin", True)
        else:
            cls._forget_facts_of_overrides()

    @classmethod
    def _forget_facts_of_overrides(cls) -> None:
        """Set facts to "unknown" if a formula that they are about is overridden below them.

        Methods with an underscore are parts of formulas: to override one sets all facts to
        "unknown". Classes of this package state the facts about the parts that they override.
        """
        parts = set() if _is_here(cls) else _parts_of_formulas(cls)
        position, nowhere = _positions(cls), len(cls.__mro__)
        for fact, formulas in cls.formulas_of_facts.items():
            stated = position.get(fact, nowhere)
            if any(position.get(name, nowhere) < stated for name in (*formulas, *parts)):
                unknown = vars(_first_to_state(cls, fact))[fact]
                if getattr(cls, fact) is not unknown:
                    setattr(cls, fact, unknown)
        if not _is_here(cls):
            cls.is_builtin = _all_here(cls, parts)
        elif "is_builtin" not in vars(cls):
            cls.is_builtin = True

    def check_formulas(self) -> None:
        """Set facts to "unknown" after an assignment of formulas to the class.

        Raises
        ------
        TypeError
            For formulas that are attributes of the instance: their facts are unknown.
        """
        cls = type(self)
        own = {f for formulas in cls.formulas_of_facts.values() for f in formulas} & {*vars(self)}
        if own:
            raise TypeError(
                f"{cls.__name__} has {sorted(own)} on the instance. Define it in the class, as a "
                "method."
            )
        if not _is_here(cls):
            cls._forget_facts_of_overrides()


def _is_here(cls: type) -> bool:
    """Whether a class belongs to this package."""
    return cls.__module__.partition(".")[0] == "gdregress"


def _positions(cls: type) -> dict[str, int]:
    """For each attribute of `cls` its position in the method resolution order."""
    positions: dict[str, int] = {}
    for i, base in enumerate(cls.__mro__):
        for name in vars(base):
            positions.setdefault(name, i)
    return positions


def _first_to_state(cls: type, fact: str) -> type:
    """The base of all components of a kind, whose attributes are the unknown facts."""
    return next(base for base in reversed(cls.__mro__) if fact in vars(base))


def _parts_of_formulas(cls: type) -> set[str]:
    """Methods with an underscore in the bases of `cls` that belong to this package."""
    here = [base for base in cls.__mro__[:-1] if _is_here(base) and base is not StatesFacts]
    found = ((name, value) for base in here for name, value in vars(base).items())
    return {name for name, value in found if re.match("_[a-z]", name) and callable(value)}


def _all_here(cls: type[StatesFacts], parts: set[str]) -> bool:
    """Whether all formulas belong to this package and no base states otherwise."""
    formulas = {name for names in cls.formulas_of_facts.values() for name in names} | parts
    position = _positions(cls)
    owners = (cls.__mro__[position[name]] for name in formulas if name in position)
    bases = (base for base in cls.__bases__ if issubclass(base, StatesFacts))
    return all(map(_is_here, owners)) and all(
        base.is_builtin for base in bases if base is not StatesFacts
    )
