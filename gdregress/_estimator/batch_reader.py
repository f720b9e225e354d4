"""The batches of `fit_batches`, read anew in each pass."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

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
        if not callable(batches) and not hasattr(batches, "__iter__"):
            kind = type(batches).__name__
            raise TypeError(f"batches is a {kind}, which cannot be iterated. {ACCEPTED}.")
        if hasattr(batches, "__next__"):
            raise TypeError(
                f"batches is a {type(batches).__name__}, which can be read only once, and each "
                "epoch is a pass. Pass the function that makes it, without calling it, or go "
                "through it once with partial_fit."
            )
        if isinstance(batches, Mapping) or hasattr(batches, "shape"):
            kind = type(batches).__name__
            raise TypeError(f"batches is a {kind}, and no iterable of batches. {ACCEPTED}.")
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
        return read_ahead(partial(self._read, rng)) if self.prefetch else self._read(rng)

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


def read_ahead(make):
    """The items of an iterator, each of which is made while the last one is used.

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
