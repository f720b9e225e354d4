"""A property that is computed once, without a lock.

`functools.cached_property` holds one lock for all instances of a class before Python 3.12. Passes
over the data take long: a process that is forked meanwhile inherits a lock that is never released,
and a small fit waits for a large one in another thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class computed_once:
    """Decorator of a method without arguments: its result is stored as an attribute.

    Two threads that read it at the same time both compute it, with the same result.

    Parameters
    ----------
    method : callable
    """

    def __init__(self, method: Callable[[Any], Any]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return vars(instance).setdefault(self.name, self.method(instance))
