"""Samplers: which rows each update sees.

A sampler yields, for one epoch, the rows of each update and the share of a full batch that they
are. The share multiplies the learning rate, so that the rows of a last, shorter batch count no
more than all others.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np

from gdregress._core.row_orders import row_order
from gdregress._utils.facts import StatesFacts
from gdregress._utils.types import BaseEstimator, Rows
from gdregress._utils.validation import Interval, RealNotInt

ALL_ROWS = slice(None)


class Sampler(StatesFacts, BaseEstimator, ABC):
    """Base of all samplers; subclass it to bring your own.

    The facts are about `batches`; a subclass that overrides it states its own.

    ===================  ============================================================
    fact                 meaning
    ===================  ============================================================
    ``takes_all_rows``   whether each update sees all rows
    ``cuts_one_order``   whether the batches of an epoch are one order of all rows,
                         random with ``shuffle``, cut into pieces of `size`
    ===================  ============================================================

    `size` is the number of rows in a full batch. `batches` yields the rows of each update of one
    epoch and the share of a full batch that they are, by which the learning rate of the update is
    multiplied. All randomness comes from the generator that it is handed.

    The estimators choose a sampler by its name, ``solver``; `minimize` takes instances.

    Examples
    --------
    >>> import numpy as np
    >>> from gdregress import minimize
    >>> from gdregress.samplers import Sampler
    >>> class WithReplacement(Sampler):
    ...     def size(self, n_samples):
    ...         return 10
    ...     def batches(self, n_samples, rng):
    ...         for _ in range(self.updates_per_epoch(n_samples)):
    ...             yield rng.randint(n_samples, size=10), 1.0
    >>> y = np.arange(100.0)
    >>> result = minimize(
    ...     lambda x, rows: ((x - y[rows]) ** 2).mean(),
    ...     0.0,
    ...     jac=lambda x, rows: 2 * (x - y[rows]).mean(),
    ...     n_samples=100,
    ...     sampler=WithReplacement(),
    ...     learning_rate=0.01,
    ...     schedule="invscaling",
    ...     max_iter=200,
    ...     tol=None,
    ...     random_state=0,
    ... )
    >>> bool(abs(result.x - 49.5) < 5)
    True
    """

    takes_all_rows: bool = False
    cuts_one_order: bool = False
    _parameter_constraints: dict[str, list[Any]] = {}
    formulas_of_facts: dict[str, tuple[str, ...]] = {
        "takes_all_rows": ("batches",),
        "cuts_one_order": ("batches",),
    }

    @abstractmethod
    def size(self, n_samples: int) -> int:
        """Rows of a full batch.

        Parameters
        ----------
        n_samples : int
            Rows of the data.

        Returns
        -------
        int
        """

    @abstractmethod
    def batches(self, n_samples: int, rng: np.random.RandomState) -> Iterable[tuple[Rows, float]]:
        """Yield (rows, share) for every update of one epoch.

        Parameters
        ----------
        n_samples : int
            Rows of the data.
        rng : numpy.random.RandomState
            Source of the order.

        Yields
        ------
        rows : slice or ndarray of int
        share : float in (0, 1]
        """

    def updates_per_epoch(self, n_samples: int) -> int:
        """Updates that it takes to see all rows once.

        Parameters
        ----------
        n_samples : int
            Rows of the data.

        Returns
        -------
        int
        """
        return -(-n_samples // self.size(n_samples))


class Batch(Sampler):
    """All rows in every update: one update is one epoch."""

    takes_all_rows = True

    def size(self, n_samples: int) -> int:
        return n_samples

    def batches(self, n_samples: int, rng: np.random.RandomState) -> Iterable[tuple[Rows, float]]:
        yield ALL_ROWS, 1.0


class Stochastic(Sampler):
    """One row per update, each row once in an epoch.

    Parameters
    ----------
    shuffle : bool, default=True
        A fresh permutation each epoch, or the order of the data.
    """

    cuts_one_order = True
    _parameter_constraints = {"shuffle": ["boolean"]}

    def __init__(self, shuffle: bool = True) -> None:
        self.shuffle = shuffle

    def size(self, n_samples: int) -> int:
        return 1

    def batches(self, n_samples: int, rng: np.random.RandomState) -> Iterable[tuple[Rows, float]]:
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

    cuts_one_order = True
    _parameter_constraints = {
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
        ],
        "shuffle": ["boolean"],
    }

    def __init__(self, batch_size: float = 32, shuffle: bool = True) -> None:
        self.batch_size = batch_size
        self.shuffle = shuffle

    def size(self, n_samples: int) -> int:
        if isinstance(self.batch_size, Integral):
            return min(int(self.batch_size), n_samples)
        return max(1, round(float(self.batch_size) * n_samples))

    def batches(self, n_samples: int, rng: np.random.RandomState) -> Iterable[tuple[Rows, float]]:
        size = self.size(n_samples)
        order = row_order(n_samples, rng, True) if self.shuffle else None
        for start in range(0, n_samples, size):
            stop = min(start + size, n_samples)
            rows = slice(start, stop) if order is None else order[start:stop]
            yield rows, (stop - start) / size


SAMPLERS: dict[str, type[Sampler]] = {
    "batch": Batch,
    "stochastic": Stochastic,
    "mini-batch": MiniBatch,
}


def __getattr__(name: str) -> Any:
    """The name that the registry had in version 0.1."""
    if name != "SOLVERS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn("SOLVERS is now gdregress.samplers.SAMPLERS", DeprecationWarning, stacklevel=2)
    return SAMPLERS
