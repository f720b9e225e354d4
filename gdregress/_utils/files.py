"""Plain values in a file: arrays as npz, everything else as JSON beside them, nothing pickled."""

import json
import os
from zipfile import BadZipFile

import numpy as np

# The member of the archive that holds all values but the arrays.
_REST = "json"


def write(path, content):
    """Replace a file atomically: a reader finds the old content or the new one.

    The content is written to a file beside it, flushed to the disk, and renamed.

    Parameters
    ----------
    path : Path
    content : object
        Dicts with keys of text, lists, tuples, arrays of NumPy, numbers, text and None.
    """
    arrays = {}
    rest = json.dumps(_encoded(content, arrays)).encode()
    beside = path.with_name(path.name + ".tmp")
    with open(beside, "wb") as file:
        np.savez(file, **arrays, **{_REST: np.frombuffer(rest, dtype=np.uint8)})
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    _bring_to_disk(path.parent)


def read(path):
    """The content of a file that `write` has written.

    Raises
    ------
    ValueError
        For any other file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _decoded(json.loads(arrays[_REST].tobytes()), arrays)
    except (BadZipFile, ValueError, KeyError, AttributeError, TypeError, EOFError) as error:
        raise ValueError(
            f"{str(path)!r} is no file of a Checkpoint, or is damaged. Pass the path of one."
        ) from error


def _bring_to_disk(folder):
    """Flush the folder of a file to the disk, if the system can open folders."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _encoded(value, arrays):
    """The value for JSON; its arrays are added to `arrays` under the names in their place."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, dict):
        return {"dict": {key: _encoded(part, arrays) for key, part in value.items()}}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [_encoded(part, arrays) for part in value]}
    raise TypeError(f"{type(value).__name__} is no plain value: {value!r}.")


def _decoded(value, arrays):
    """The inverse of `_encoded`."""
    if not isinstance(value, dict):
        return value
    ((kind, part),) = value.items()
    if kind == "array":
        return arrays[part]
    if kind == "dict":
        return {key: _decoded(inner, arrays) for key, inner in part.items()}
    return {"list": list, "tuple": tuple}[kind](_decoded(inner, arrays) for inner in part)
