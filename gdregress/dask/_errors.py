"""Errors that say what is wrong on the cluster."""

from concurrent.futures import CancelledError
from contextlib import contextmanager

from gdregress.dask._library import library


@contextmanager
def clear_errors(client):
    """RuntimeError, and what to do, where the scheduler or workers have gone for good."""
    gone = (
        "The cluster has dropped the computation: the scheduler is gone, or the client was "
        f"closed ({client!r}). Connect to a running cluster, and fit again."
    )
    if client.status == "closed":
        raise RuntimeError(gone)
    try:
        yield
    except (CancelledError, library("distributed").comm.CommClosedError) as error:
        if isinstance(error, CancelledError) and client.status == "running":
            raise RuntimeError(
                "Rows have been lost with the only worker that had them, and Dask cannot compute "
                "them again: they were scattered, or the collection that they came from has been "
                "deleted or cancelled. Pass collections that read or make their rows, such as "
                "dask.array.from_array or dask.dataframe.read_parquet, and fit again."
            ) from error
        raise RuntimeError(gone) from error
    except library("distributed").KilledWorker as error:
        raise RuntimeError(
            f"Workers die at the same work again and again: {error} Often it is memory: cut the "
            "rows into smaller partitions, or give the workers more of it."
        ) from error
