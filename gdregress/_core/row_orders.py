"""In which order an epoch takes the rows: drawn by NumPy, or by the core where there are many."""

import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from gdregress._core import core
from gdregress._core.threads import in_background, threads_allowed

LARGEST_IN_CACHE = 1 << 16
# Rows that the core shuffles are numbered in 32 bits, which takes a quarter less time than 64.
LARGEST_NUMBER = 2**31 - 1
# Most rows for which the next order is drawn early: a second order takes up memory.
LARGEST_PREFETCHED = 1 << 22


def row_order(
    n_samples: int, rng: np.random.RandomState, shuffle: bool
) -> npt.NDArray[np.integer[Any]]:
    """The order of the rows in one epoch: theirs, or a random one.

    NumPy shuffles an order that is larger than the cache at the pace of the memory; beyond
    `LARGEST_IN_CACHE` rows the core, where there is one, does it piece by piece.
    """
    if not shuffle:
        return np.arange(n_samples)
    if not _is_large(n_samples):
        return rng.permutation(n_samples)
    return _shuffled(n_samples, _seed(rng))


def _is_large(n_samples):
    return LARGEST_IN_CACHE < n_samples <= LARGEST_NUMBER and core.kernels is not None


def _seed(rng):
    return int(rng.randint(2**62, dtype=np.int64))


def _shuffled(n_samples, seed):
    order, ends = np.empty(n_samples, dtype=np.int32), np.zeros(257, dtype=np.int64)
    core.kernels.shuffle(order, ends, seed)
    return order


class RowOrders:
    """The orders of one epoch after the other, the next one drawn while this one descends.

    They are those of `row_order`: an order that was drawn early is only used if the generator
    has come to its seed.
    """

    def __init__(self):
        self._next_order = None
        self._drawn = 0

    def draw(self, n_samples, rng, shuffle, most):
        """The order of the next epoch of at most so many."""
        self._drawn += 1
        if not shuffle or not _is_large(n_samples):
            return row_order(n_samples, rng, shuffle)
        seed, next_order, self._next_order = _seed(rng), self._next_order, None
        if next_order is not None and next_order[:2] == (n_samples, seed):
            order = next_order[2].result()
        else:
            order = _shuffled(n_samples, seed)
        more = self._drawn < most and threads_allowed() > 1
        if more and n_samples <= LARGEST_PREFETCHED:
            next_seed = _seed(copy.deepcopy(rng))
            drawn = in_background(_shuffled, n_samples, next_seed)
            self._next_order = n_samples, next_seed, drawn
        return order
