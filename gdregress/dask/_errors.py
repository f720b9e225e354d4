"""Errors that say what is wrong on the cluster."""

from concurrent.futures import CancelledError
from contextlib import contextmanager

from gdregress.dask._library import library


@contextmanager
def clear_errors(client):
    """RuntimeError, and what to do, where the scheduler or workers have gone for good."""
    try:
        yield
    except (CancelledError, library("distributed").comm.CommClosedError) as error:
        raise RuntimeError(
            "The cluster has dropped the computation: the scheduler is gone, or the client was "
            f"closed ({client!r}). Connect to a running cluster, and fit again."
        ) from error
    except library("distributed").KilledWorker as error:
        raise RuntimeError(
            f"Workers die at the same work again and again: {error} Often it is memory: cut the "
            "rows into smaller partitions, or give the workers more of it."
        ) from error
