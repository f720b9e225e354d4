"""What to do with an X that is no table: it gives rows or batches of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_PROTOCOLS = ("__array__", "__array_interface__", "__array_struct__", "__dlpack__", "shape")


def advice_for_source(X: Any) -> str | None:
    """The advice for an object that gives rows or batches; None for what may be a table."""
    if _is_array(X) or isinstance(X, (str, bytes, Mapping)) or hasattr(X, "collect"):
        return None
    is_list = _is_list_of_batches(X)
    if isinstance(X, Sequence) and not is_list:
        return None
    if is_list or callable(X) or hasattr(X, "__iter__"):
        batches = "the function that makes it" if hasattr(X, "__next__") else "it"
    elif hasattr(X, "__getitem__"):
        batches = "torch.utils.data.DataLoader(X, batch_size=4096)"
    else:
        return None
    kind = "list of batches" if is_list else f"{type(X).__name__}, which hands out rows or batches"
    return (
        f"X is a {kind}, and no table. Pass arrays, or pass {batches} to fit_batches, which reads "
        "batches of (X, y) again and again."
    )


def _is_array(X: Any) -> bool:
    """Whether NumPy or the array API finds rows in an object."""
    return any(hasattr(X, name) for name in _PROTOCOLS)


def _is_list_of_batches(X: Any) -> bool:
    if not isinstance(X, (list, tuple)) or not X or not isinstance(X[0], (list, tuple)):
        return False
    return len(X[0]) in (2, 3) and all(_is_array(part) for part in X[0]) and bool(X[0][0].shape)
