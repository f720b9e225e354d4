"""The batches of `fit_batches`, read anew in each pass."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from gdregress._utils.arguments import can_be_called

ACCEPTED = (
    "batches must be a function without arguments that returns an iterator of (X, y) or "
    "(X, y, sample_weight), or an object that can be iterated again and again, such as a list or "
    "a DataLoader"
)
_END = object()


class Reader:
    """Makes an iterator of the batches for each pass.

    Parameters
    ----------
    batches : callable or iterable
        As the user gave it.
    prefetch : bool
        Whether a thread reads the next batch while one is used.
    """

    def __init__(self, batches, prefetch=False):
        _check_kind(batches)
        if not isinstance(prefetch, (bool, np.bool_)):
            raise TypeError(f"prefetch must be True or False. Got {prefetch!r}.")
        self.batches = batches
        self.prefetch = prefetch

    def __call__(self, rng=None):
        """The batches of one pass with their numbers; in random order where they can be had by it.

        Parameters
        ----------
        rng : RandomState or None
        """
        read = partial(_naming_what_fails, partial(self._read, rng))
        return read_ahead(read) if self.prefetch else read()

    def _read(self, rng):
        given = self.batches
        if callable(given):
            found = given()
            if not hasattr(found, "__iter__"):
                raise TypeError(
                    f"batches() has returned a {type(found).__name__}, which cannot be "
                    f"iterated. {ACCEPTED}."
                )
            return enumerate(found)
        if rng is None or not isinstance(given, (list, tuple)):
            return enumerate(given)
        return ((number, given[number]) for number in rng.permutation(len(given)).tolist())


def _check_kind(batches):
    """Raise TypeError for an object that cannot be iterated again."""
    kind, problem = type(batches).__name__, None
    if isinstance(batches, (str, bytes, os.PathLike)):
        problem = f"{str(batches)[:40]!r}, the name of a file, and nothing here opens files"
    elif isinstance(batches, tuple) and all(hasattr(part, "shape") for part in batches):
        raise TypeError(
            "batches is a tuple of arrays. One batch of all rows is the list [(X, y)]; fit takes "
            "X and y as they are."
        )
    elif callable(batches) and not can_be_called(batches):
        problem = "a function that needs arguments"
    elif not callable(batches) and not hasattr(batches, "__iter__"):
        problem = f"a {kind}, which cannot be iterated"
    elif hasattr(batches, "__next__"):
        raise TypeError(
            f"batches is a {kind}, which can be read only once, and each epoch is a pass. Pass "
            "the function that makes it, without calling it, or go through it once with "
            "partial_fit."
        )
    elif isinstance(batches, Mapping) or hasattr(batches, "shape"):
        problem = f"a {kind}, and no iterable of batches"
    if problem is not None:
        raise TypeError(f"batches is {problem}. {ACCEPTED}.")


def _naming_what_fails(make):
    """Yield numbered batches; a note says which one could not be read."""
    number = 0
    try:
        for number, batch in make():
            yield number, batch
            number += 1
            del batch  # before the next one is read
    except Exception as error:
        error.add_note(f"It was raised while batch {number} was read.")
        raise


def read_ahead(make):
    """Yield the items of an iterator, and make each while the last one is used.

    Parameters
    ----------
    make : callable
        Makes the iterator, in the thread in which the items are made.
    """
    with ThreadPoolExecutor(1) as thread:
        items = thread.submit(lambda: iter(make())).result()
        coming = thread.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, items, _END)
            yield item
            del item  # before the next one is waited for
