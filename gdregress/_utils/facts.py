"""Class attributes that state facts about formulas; a subclass with other formulas loses them."""

from typing import TYPE_CHECKING, Any


class StatesFacts:
    """A component whose class attributes say what is known of its formulas.

    A class that states a fact vouches for the formulas as they stand in that class. A subclass
    that overrides one of them is another function: each fact about it that the subclass does not
    state anew goes back to what the base of all such components says, which means "unknown".

    Attributes
    ----------
    formulas_of_facts : dict of str to tuple of str
        For each fact, the methods that it is about.
    is_builtin : bool
        Whether all formulas are this package's own: pure functions, tested with every engine.
    traceable : bool
        Whether JAX may trace the formulas; those of this package where nothing else is stated.
    """

    formulas_of_facts: dict[str, tuple[str, ...]] = {}
    is_builtin: bool = False
    if TYPE_CHECKING:
        traceable: bool  # a class may state it as a constant
    else:

        @property
        def traceable(self) -> bool:
            return self.is_builtin

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for fact, formulas in cls.formulas_of_facts.items():
            stated = _position(cls, fact)
            if any(_position(cls, formula) < stated for formula in formulas):
                setattr(cls, fact, vars(_first_to_state(cls, fact))[fact])
        if "is_builtin" not in vars(cls):
            cls.is_builtin = _all_here(cls)


def _position(cls: type, name: str) -> int:
    """How far up the method resolution order the attribute is found that `cls` has."""
    classes = cls.__mro__
    return next((i for i, base in enumerate(classes) if name in vars(base)), len(classes))


def _first_to_state(cls: type, fact: str) -> type:
    """The base of all components of a kind, which says what "unknown" is."""
    return next(base for base in reversed(cls.__mro__) if fact in vars(base))


def _all_here(cls: type[StatesFacts]) -> bool:
    """Whether each formula that a fact is about is defined in this package."""
    formulas = {name for names in cls.formulas_of_facts.values() for name in names}
    owners = (cls.__mro__[_position(cls, name)] for name in formulas if hasattr(cls, name))
    return all(owner.__module__.partition(".")[0] == "gdregress" for owner in owners)
