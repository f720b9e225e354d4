"""Dask collections as blocks of rows: X, y and weights side by side, nothing of them computed."""

import math

import numpy as np

from gdregress.dask._library import library


def is_collection(data):
    """Whether something is a Dask array or a Dask frame."""
    return _is_array(data) or _is_frame(data)


# Of their types: a Delayed has every attribute that it is asked for.
def _is_array(data):
    return hasattr(data, "dask") and hasattr(type(data), "numblocks")


def _is_frame(data):
    return hasattr(data, "dask") and hasattr(type(data), "divisions")


def aligned(X, y, sample_weight=None):
    """The blocks of X, y and the weights: a list of tuples of three, each Delayed or None.

    Rows lie in the blocks of X. Arrays of known chunks are cut like X; of others there must be as
    many blocks, whose rows are counted when they are there.

    Parameters
    ----------
    X : dask Array of shape (n_samples, n_features), or dask DataFrame
    y : dask Array, Series or DataFrame
    sample_weight : dask Array or Series, or None

    Raises
    ------
    TypeError
        For what is no Dask collection.
    ValueError
        For other numbers of rows or of blocks than those of X.
    """
    X = rows_in_blocks(X, "X")
    parts = [_blocks(X)]
    for name, data in (("y", y), ("sample_weight", sample_weight)):
        if data is None and name == "sample_weight":
            parts.append([None] * len(parts[0]))
        else:
            parts.append(_blocks(_cut_like(X, rows_in_blocks(data, name), name)))
    return list(zip(*parts, strict=True))


def rows_in_blocks(data, name):
    """A collection whose blocks are whole rows; TypeError for what is none."""
    if not is_collection(data):
        kind = type(data).__name__
        raise TypeError(
            f"{name} is of type {kind}, and no Dask collection. Pass "
            f"dask.array.from_array({name}, chunks=...) or dask.dataframe.from_pandas({name}, "
            "npartitions=...), or fit the local estimator, such as GDRegressor."
        )
    if _is_frame(data) or data.ndim < 2 or data.numblocks[1] == 1:
        return data
    return data.rechunk({1: -1})


def known_sizes(X):
    """Numbers of rows of the blocks of an array; None where they are not known."""
    sizes = list(X.chunks[0]) if _is_array(X) else [math.nan]
    return None if any(math.isnan(size) for size in sizes) else sizes


def _cut_like(X, data, name):
    """The same rows in the blocks of X."""
    if _is_array(X) and _is_array(data):
        mine, theirs = X.chunks[0], data.chunks[0]
        known = not any(math.isnan(size) for size in (*mine, *theirs))
        if known and sum(mine) != sum(theirs):
            raise ValueError(
                f"{name} has {sum(theirs)} rows and X has {sum(mine)}. There must be one for each."
            )
        if known and mine != theirs:
            return data.rechunk({0: mine})
    if _count(X) != _count(data):
        raise ValueError(
            f"{name} has {_count(data)} partitions and X has {_count(X)}, whose numbers of rows "
            "are not known. Take both from the same collection, or call compute_chunk_sizes() on "
            "arrays, to_dask_array(lengths=True) on frames, and rechunk one like the other."
        )
    return data


def _count(data):
    return data.numblocks[0] if _is_array(data) else data.npartitions


def _blocks(data):
    """The blocks as a list of Delayed."""
    blocks = data.to_delayed()
    return list(blocks.ravel() if _is_array(data) else blocks)


def one_row(X):
    """A row of zeros of the columns and the type of a collection."""
    if _is_array(X):
        return np.zeros((1, X.shape[1]), dtype=X.dtype)
    columns = list(X.columns)
    return type(X._meta)(np.zeros((1, len(columns))), columns=columns)


def map_rows(function, X, meta):
    """A Dask array of function(rows) for every block of X, computed when it is asked for.

    Parameters
    ----------
    function : callable
        From a block of rows to an array with as many. It takes as `block_id` a tuple, of which the
        first is the number of the block, as Dask names it.
    X : Dask collection
    meta : ndarray
        No such rows, for their type and shape.
    """
    X, arrays = rows_in_blocks(X, "X"), library("dask.array")
    if _is_array(X):
        shape = {"drop_axis": 1} if meta.ndim == 1 else {"chunks": (X.chunks[0], meta.shape[1:])}
        return X.map_blocks(function, dtype=meta.dtype, meta=meta, **shape)
    shape, delayed = (math.nan, *meta.shape[1:]), library("dask").delayed(function, pure=True)
    parts = [
        arrays.from_delayed(delayed(rows, block_id=(number,)), shape, meta=meta)
        for number, rows in enumerate(_blocks(X))
    ]
    return arrays.concatenate(parts, allow_unknown_chunksizes=True)
