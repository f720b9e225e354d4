"""Parts that several docstrings share."""

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
        Text that replaces the lines with its name in braces, with their indentation.
    """

    def decorate(documented: _Documented) -> _Documented:
        if documented.__doc__ is not None:  # under python -OO there is none
            documented.__doc__ = re.sub(
                r"^( *)\{(\w+)\}$",
                lambda line: indent(parts[line[2]].strip(), line[1]),
                documented.__doc__,
                flags=re.MULTILINE,
            )
        return documented

    return decorate
