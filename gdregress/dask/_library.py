"""Dask itself, which is imported when it is used."""

from contextlib import contextmanager
from importlib import import_module


def library(name):
    """A module of Dask; ImportError that says how to install it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"gdregress.dask needs {name.partition('.')[0]}: pip install 'gdregress[dask]', or "
            "'dask[array,distributed]'."
        ) from error


@contextmanager
def beside_tasks():
    """Leave the threads of a worker to its tasks while a task of it waits for others.

    As many fits as there are threads, each in a task, would otherwise wait for tasks of their own
    that no thread is left to run.
    """
    distributed = library("distributed")
    is_task = getattr(library("distributed.threadpoolexecutor").thread_state, "proceed", False)
    if is_task:  # and has not left its thread already
        distributed.secede()
    try:
        yield
    finally:
        if is_task:
            distributed.rejoin()
