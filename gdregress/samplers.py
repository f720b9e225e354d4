"""Samplers: which rows each update sees.

A sampler yields, for one epoch, the rows of each update and the share of a full batch that they
are. The share multiplies the learning rate, so that the rows of a last, shorter batch count no
more than all others.
"""

import copy
from abc import ABC, abstractmethod
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator

from gdregress import core
from gdregress._validation import Interval, RealNotInt
from gdregress.threads import in_background, threads_allowed

ALL_ROWS = slice(None)
LARGEST_IN_CACHE = 1 << 16
# Rows that the core shuffles are numbered in 32 bits, which takes a quarter less time than 64.
LARGEST_NUMBER = 2**31 - 1
# Rows whose next order is drawn ahead: a second one takes up memory.
LARGEST_AHEAD = 1 << 22


def row_order(n_samples, rng, shuffle):
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

    They are those of `row_order`: what was drawn ahead is only taken if the generator has come
    to its seed.
    """

    def __init__(self):
        self._ahead = None
        self._drawn = 0

    def draw(self, n_samples, rng, shuffle, most):
        """The order of the next epoch of at most so many."""
        self._drawn += 1
        if not shuffle or not _is_large(n_samples):
            return row_order(n_samples, rng, shuffle)
        seed, ahead, self._ahead = _seed(rng), self._ahead, None
        if ahead is not None and ahead[:2] == (n_samples, seed):
            order = ahead[2].result()
        else:
            order = _shuffled(n_samples, seed)
        more = self._drawn < most and threads_allowed() > 1
        if more and n_samples <= LARGEST_AHEAD:
            next_seed = _seed(copy.deepcopy(rng))
            drawn = in_background(_shuffled, n_samples, next_seed)
            self._ahead = n_samples, next_seed, drawn
        return order


class Sampler(BaseEstimator, ABC):
    """Base of all samplers."""

    _parameter_constraints: dict = {}

    @abstractmethod
    def size(self, n_samples):
        """Rows of a full batch."""

    @abstractmethod
    def batches(self, n_samples, rng):
        """Yield (rows, share) for every update of one epoch.

        Parameters
        ----------
        n_samples : int
        rng : numpy.random.RandomState

        Yields
        ------
        rows : slice or ndarray of int
        share : float in (0, 1]
        """

    def updates_per_epoch(self, n_samples):
        return -(-n_samples // self.size(n_samples))


class Batch(Sampler):
    """All rows in every update: one update is one epoch."""

    def size(self, n_samples):
        return n_samples

    def batches(self, n_samples, rng):
        yield ALL_ROWS, 1.0


class Stochastic(Sampler):
    """One row per update, each row once in an epoch.

    Parameters
    ----------
    shuffle : bool, default=True
        A fresh permutation each epoch, or the order of the data.
    """

    _parameter_constraints = {"shuffle": ["boolean"]}

    def __init__(self, shuffle=True):
        self.shuffle = shuffle

    def size(self, n_samples):
        return 1

    def batches(self, n_samples, rng):
        for row in row_order(n_samples, rng, self.shuffle).tolist():
            yield slice(row, row + 1), 1.0


class MiniBatch(Sampler):
    """A few rows per update, without replacement, each row once in an epoch.

    Parameters
    ----------
    batch_size : int or float, default=32
        Rows per update; a float in (0, 1] is a fraction of all rows.
    shuffle : bool, default=True
        A fresh permutation each epoch, or the order of the data.
    """

    _parameter_constraints = {
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "shuffle": ["boolean"],
    }

    def __init__(self, batch_size=32, shuffle=True):
        self.batch_size = batch_size
        self.shuffle = shuffle

    def size(self, n_samples):
        if isinstance(self.batch_size, Integral):
            return min(int(self.batch_size), n_samples)
        return max(1, round(float(self.batch_size) * n_samples))

    def batches(self, n_samples, rng):
        size = self.size(n_samples)
        order = row_order(n_samples, rng, True) if self.shuffle else None
        for start in range(0, n_samples, size):
            stop = min(start + size, n_samples)
            rows = slice(start, stop) if order is None else order[start:stop]
            yield rows, (stop - start) / size


SOLVERS = {"batch": Batch, "stochastic": Stochastic, "mini-batch": MiniBatch}
