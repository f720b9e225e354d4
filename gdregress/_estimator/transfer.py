"""Fitted attributes moved to another library or device, whatever holds their arrays."""

import copy
from dataclasses import fields, is_dataclass, replace

import array_api_compat


def transferred(value, convert):
    """`value` with every array in it converted; where there is none, the same object.

    Parameters
    ----------
    value : object
        An array, or dicts, lists, tuples and objects of this package that hold some.
    convert : callable
        From array to array.
    """
    if array_api_compat.is_array_api_obj(value):
        return convert(value)
    if isinstance(value, dict):
        return {key: transferred(part, convert) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [transferred(part, convert) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        return replace(value, **{n: transferred(getattr(value, n), convert) for n in names})
    if type(value).__module__.startswith("gdregress."):
        moved = copy.copy(value)
        vars(moved).update(transferred(vars(value), convert))
        return moved
    return value
