"""The checks of arguments that displays share."""

from numbers import Integral

from gdregress._utils.neighbours import hint_for_value


def check_choice(name, given, choices):
    """Raise ValueError unless an argument is one of some choices."""
    if given not in choices:
        hint = hint_for_value(name, given, choices, choices.__contains__)
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name} must be one of {listed}. Got {given!r}.{hint}")


def check_count(name, given, least):
    """Raise ValueError unless an argument is a whole number, and large enough."""
    if not isinstance(given, Integral) or given < least:
        raise ValueError(f"{name} must be an int of at least {least}. Got {given!r}.")
