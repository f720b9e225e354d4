"""Rows that lie in blocks: in files that are read again and again, or on machines of a cluster.

A sum over the rows is a sum over the blocks. A function returns the contribution of one block, and
`Partitions.reduce` adds up in the order of the blocks, so that the result depends neither on
which block was ready first nor on where it lies.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from gdregress._utils.caches import computed_once
from gdregress.losses.constant import SAMPLE


@dataclass(frozen=True, eq=False, repr=False)
class Block:
    """Some rows: checked, encoded, of NumPy, without those of weight 0.

    Parameters
    ----------
    X : ndarray in C order or CSR array of shape (m, n_features)
    y : ndarray of shape (m,) or (m, n_targets)
        Of the type of X.
    weights : ndarray of shape (m,) or None
        Of any mean; None where each is 1.
    start : int
        Rows in the blocks before this one.
    """

    X: Any
    y: np.ndarray
    weights: np.ndarray | None = None
    start: int = 0

    @property
    def n_samples(self):
        """The number of rows."""
        return self.X.shape[0]

    @property
    def weight_total(self):
        """Sum of the weights."""
        return float(self.n_samples if self.weights is None else self.weights.sum(dtype=float))

    def each(self, step):
        """Each so many-th of all rows, which may be none here: a block, and their numbers."""
        if step == 1:
            return self, slice(None)
        rows = slice(-self.start % step, None, step)
        X = self.X[rows] if sparse.issparse(self.X) else np.ascontiguousarray(self.X[rows])
        y = np.ascontiguousarray(self.y[rows])
        weights = None if self.weights is None else np.ascontiguousarray(self.weights[rows])
        return Block(X, y, weights, -(-self.start // step)), rows

    def weights_over(self, mean):
        """The weights divided by the mean of all blocks; None where each is then 1."""
        if self.weights is None:
            return None if mean == 1 else np.full(self.n_samples, 1 / mean, dtype=self.y.dtype)
        return (self.weights / mean).astype(self.y.dtype)


def added(one, other):
    """The sum of two answers: of numbers, of arrays, or item by item of tuples of them."""
    if isinstance(one, tuple):
        return tuple(added(a, b) for a, b in zip(one, other, strict=True))
    return one + other


def some_targets(block, step):
    """Targets and weights of each so many-th of all rows, to be `appended`."""
    rows = slice(-block.start % step, None, step)
    weights = np.ones(block.n_samples) if block.weights is None else block.weights
    return block.y[rows], weights[rows]


def appended(one, other):
    """The answers of `some_targets` for both."""
    return tuple(np.concatenate(pair) for pair in zip(one, other, strict=True))


def step_of_targets(n_samples):
    """Of how many rows one is taken."""
    return max(1, -(-n_samples // SAMPLE))


def _each(block, functions, args):
    """The answers of several functions."""
    return tuple(function(block, *each) for function, each in zip(functions, args, strict=True))


def _each_combined(combine, one, other):
    """Those for two blocks as those for both; None stands for no answer."""
    return tuple(
        (a if b is None else b) if a is None or b is None else of_these(a, b)
        for of_these, a, b in zip(combine, one, other, strict=True)
    )


class Partitions(ABC):
    """Blocks of rows in a fixed order, wherever they lie.

    A subclass reaches them in `reduce`.

    Attributes
    ----------
    summary : Summary
        Counts, means and moments of all rows, by one reduction of `summary_of` with `merged`.
    is_local : bool
        Whether this process can take the blocks one after the other, by `blocks`.
    n_blocks : int
        The number of blocks, where they are not local.
    updates_per_round : int or None
        Updates of each block between two averages, where blocks descend at the same time; None
        for a round of an epoch.
    """

    summary: Any
    is_local = False
    n_blocks: int
    updates_per_round: int | None = None

    @computed_once
    def some_targets(self):
        """Targets and weights of `SAMPLE` rows or less, which all objectives share."""
        step = step_of_targets(self.summary.n_samples)
        return self.reduce(some_targets, step, combine=appended)

    @abstractmethod
    def reduce(
        self, function: Callable[..., Any], *args: Any, combine: Callable[..., Any] = added
    ) -> Any:
        """``function(block, *args)`` of each block, combined in the order of the blocks.

        Parameters
        ----------
        function : callable
            A function of a module, which can be pickled by its name. It changes no argument.
            Its answer is as small as the parameters are, however many rows the block has.
        *args
            Arrays, numbers and components: they are sent to wherever a block is.
        combine : callable, default=added
            A function of a module that is associative up to rounding: two answers to one.
            Neighbouring blocks may be combined before they meet the others.
        """

    def reduce_all(self, *sums):
        """The answers of several reductions, which read the blocks once.

        Parameters
        ----------
        *sums : tuple of (function, args, combine)
        """
        functions, args, combine = zip(*sums, strict=True)
        return self.reduce(_each, functions, args, combine=partial(_each_combined, combine))


class LocalPartitions(Partitions):
    """Blocks that this process reads one after the other."""

    is_local = True

    @abstractmethod
    def blocks(self, rng: np.random.RandomState | None = None, shuffle: bool = False) -> Any:
        """Yield one block after the other.

        Parameters
        ----------
        rng : RandomState or None
        shuffle : bool
            Whether the blocks come in an order drawn from `rng`, where any order can be read.
        """

    def reduce(self, function, *args, combine=added):
        total, is_first = None, True
        for block in self.blocks():
            found = function(block, *args)
            del block  # before the next one is read
            total, is_first = found if is_first else combine(total, found), False
        return total
