"""Docstrings that share parts, which are written once."""

import re
from collections.abc import Callable
from textwrap import indent
from typing import TypeVar

_Documented = TypeVar("_Documented")


def filled_in(**parts: str) -> Callable[[_Documented], _Documented]:
    """A decorator that puts parts into the docstring of a class or function.

    Parameters
    ----------
    **parts : str
        Each stands in for the lines that are its name in braces, as deep as these are indented.
    """

    def decorate(documented: _Documented) -> _Documented:
        if documented.__doc__ is not None:  # as it is under python -OO
            documented.__doc__ = re.sub(
                r"^( *)\{(\w+)\}$",
                lambda line: indent(parts[line[2]].strip(), line[1]),
                documented.__doc__,
                flags=re.MULTILINE,
            )
        return documented

    return decorate
