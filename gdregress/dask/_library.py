"""Dask itself, which is imported when it is used."""

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
