"""The state of a fitted estimator as plain arrays, numbers, strings and dicts.

Pickles, joblib, skops and copies then know one type of this package, the estimator.
"""

import copy
import math

import array_api_compat
import numpy as np

from gdregress import losses
from gdregress._objective import coordinates as coordinates_module
from gdregress._solver.averaging import SuffixAverage
from gdregress._solver.history import History
from gdregress._solver.run import State
from gdregress._solver.stopping import Plateau

# Parts of a state that have a form of their own to be saved in.
_PARTS = {"average": SuffixAverage, "plateau": Plateau}
# Attributes that are lists of numbers.
_LISTS = ("loss_curve_", "validation_scores_")


def saved(state):
    """A state as a dict; the inverse of `restored`.

    The generator stays what it is until the estimator is saved: its state takes as long to read
    as a tenth of a small fit.
    """
    plain = dict(vars(state))
    if hasattr(state.memory, "_asdict"):
        plain["memory"] = dict(state.memory._asdict())
    plain["memory_type"] = type(state.memory).__name__
    for name in _PARTS:
        plain[name] = None if plain[name] is None else plain[name].to_dict()
    plain["coordinates"] = _plain_coordinates(state.coordinates)
    return plain


def restored(plain, optimizer):
    """A state from what `saved` has kept.

    Parameters
    ----------
    plain : dict
    optimizer : Optimizer
        Begins with an empty memory where it keeps another one than that which was saved.
    """
    state = {name: value for name, value in plain.items() if name != "memory_type"}
    state["rng"] = copy.deepcopy(plain["rng"])
    state["memory"] = _memory(plain, optimizer.init(plain["params"]))
    for name, part in _PARTS.items():
        state[name] = None if plain[name] is None else part.from_dict(plain[name])
    state["coordinates"] = _live_coordinates(plain["coordinates"])
    return State(**state)


def _memory(plain, fresh):
    """The saved memory of an optimizer, or a fresh one if that is of another kind."""
    memory = plain["memory"]
    if type(fresh).__name__ != plain["memory_type"]:
        return fresh
    if not hasattr(fresh, "_fields"):
        return memory
    return type(fresh)(**memory) if set(fresh._fields) == set(memory) else fresh


def same_coordinates(plain, coordinates):
    """Whether saved coordinates hold the same numbers as others."""
    known = _live_coordinates(plain)
    return known is coordinates if None in (known, coordinates) else known.equals(coordinates)


def _plain_coordinates(coordinates):
    return coordinates and {"type": type(coordinates).__name__, **vars(coordinates)}


def _live_coordinates(plain):
    if plain is None:
        return None
    fields = {name: value for name, value in plain.items() if name != "type"}
    return getattr(coordinates_module, plain["type"])(**fields)


def plain_attributes(attributes):
    """The attributes of a fitted estimator with history, loss and generator as dicts.

    Numbers are saved as arrays: in lists each would take as much as an object of its own.
    """
    plain = dict(attributes)
    for name in _LISTS:
        if name in plain:
            plain[name] = np.array(plain[name], dtype=float)
    if "history_" in plain:
        history = plain["history_"].to_dict()
        columns = {name: _as_array(values) for name, values in history["columns"].items()}
        plain["history_"] = {**history, "columns": columns}
    if "_loss" in plain:
        plain["_loss"] = _plain_loss(plain["_loss"])
    if "_state" in plain:
        generator = plain["_state"]["rng"].get_state(legacy=False)
        plain["_state"] = {**plain["_state"], "rng": generator}
    return plain


def live_attributes(plain):
    """The inverse of `plain_attributes`."""
    attributes = dict(plain)
    for name in _LISTS:
        if name in attributes:
            attributes[name] = _as_list(attributes[name])
    if "columns" in attributes.get("history_", ()):
        saved_history = attributes["history_"]
        columns = {name: _as_list(values) for name, values in saved_history["columns"].items()}
        attributes["history_"] = History.from_dict({**saved_history, "columns": columns})
    if "_loss" in attributes:
        attributes["_loss"] = _live_loss(attributes["_loss"])
    if "_state" in attributes:
        saved_generator = attributes["_state"]["rng"]
        bits = getattr(np.random, saved_generator["bit_generator"])()
        bits.state = saved_generator
        generator = np.random.RandomState(bits)
        attributes["_state"] = {**attributes["_state"], "rng": generator}
    return attributes


def _as_array(values):
    """A column of numbers, in which NaN stands for None."""
    if None in values:
        values = [math.nan if value is None else value for value in values]
        return {"with_none": np.array(values, dtype=float)}
    return np.array(values)


def _as_list(values):
    """The inverse of `_as_array`, as numbers of Python."""
    if isinstance(values, dict):
        return [None if math.isnan(value) else value for value in values["with_none"].tolist()]
    return np.asarray(values).tolist() if isinstance(values, np.ndarray) else values


def _plain_loss(loss):
    """The name and parameters of a loss of this package; any other is the user's own to save."""
    name = type(loss).__name__
    if getattr(losses, name, None) is not type(loss):
        return loss
    parameters = loss.get_params(deep=False)
    if loss.base_loss is not loss:
        parameters["loss"] = _plain_loss(parameters["loss"])
    return {"loss": name, "parameters": parameters}


def _live_loss(plain):
    if not isinstance(plain, dict):
        return plain
    parameters = dict(plain["parameters"])
    if "loss" in parameters:
        parameters["loss"] = _live_loss(parameters["loss"])
    return getattr(losses, plain["loss"])(**parameters)


def converted(value, convert):
    """`value` with every array in it converted; where there is none, the same object.

    Parameters
    ----------
    value : object
        An array, or dicts, lists and tuples that hold some.
    convert : callable
        From array to array.
    """
    if array_api_compat.is_array_api_obj(value):
        return convert(value)
    if type(value) is dict:
        return {key: converted(part, convert) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(converted(part, convert) for part in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(converted(part, convert) for part in value))
    return value
