"""A penalty that is any object with a value and a prox."""

from __future__ import annotations

from typing import Any

from gdregress._utils.types import Array
from gdregress.penalties.base import Penalty


class ObjectPenalty(Penalty):
    """R(w) = penalty.value(w), with the prox of an object that is no `Penalty`.

    Parameters
    ----------
    penalty : object
        With the methods ``value(w)`` and ``prox(w, step_size)``, as `Penalty` describes them.
    """

    is_builtin = False

    def __init__(self, penalty: Any) -> None:
        self.penalty = penalty

    @property
    def label(self) -> str:
        return type(self.penalty).__name__

    def value(self, w: Array) -> Any:
        return self.penalty.value(w)

    def prox(self, w: Array, step_size: Any) -> Array:
        return self.penalty.prox(w, step_size)


def as_penalty(choice: Any) -> Any:
    """The choice, where it is a name, None or a penalty; an `ObjectPenalty` of other objects."""
    states_facts = hasattr(choice, "formulas_of_facts")
    if choice is None or isinstance(choice, str) or states_facts:
        return choice
    return ObjectPenalty(choice)
