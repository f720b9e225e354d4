"""The moments of folds: each row is read once, whatever the number of folds and candidates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments import Moments, moments_of
from gdregress._objective.summary import merged_moments
from gdregress._utils.array_api import take_rows


@dataclass(frozen=True, eq=False, repr=False)
class Fold:
    """The moments of the rows that are trained on and of those that are scored.

    Parameters
    ----------
    train, test : Moments
    rows : ndarray of int
        Numbers of the rows that are scored.
    """

    train: Moments
    test: Moments
    rows: np.ndarray


class Splits(list):
    """Pairs of (train, test), arrays of row numbers."""

    def tests(self):
        return [test for _, test in self]

    def are_complements(self, n):
        """Whether the rows of each fold are trained on in all others, and nowhere else."""
        owner = np.full(n, -1, dtype=np.min_scalar_type(-len(self) - 1))
        for k, (_, test) in enumerate(self):
            owner[_as_slice(test)] = k
        if sum(len(test) for _, test in self) != n or (owner < 0).any():
            return False
        return all(
            len(train) == n - len(test) and (owner[train] != k).all() and _rise(train)
            for k, (train, test) in enumerate(self)
        )


class SplitsInOrder(Sequence):
    """The same of KFold without shuffling, each made when it is asked for.

    Parameters
    ----------
    n, n_splits : int
        Counts of rows and of folds.
    """

    def __init__(self, n, n_splits):
        self._tests = np.array_split(np.arange(n), n_splits)

    def __len__(self):
        return len(self._tests)

    def __getitem__(self, k):
        return np.concatenate(self._tests[:k] + self._tests[k + 1 :]), self._tests[k]

    def tests(self):
        return self._tests

    def are_complements(self, n):
        return True


def moments_of_folds(X, y, weights, splits, fit_intercept):
    """A `Fold` for each split, and the moments of all rows, where the folds add up to them.

    Where each row is scored once and trained on in all other folds, the moments of those that are
    trained on are put together from the folds.

    Parameters
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
    splits : Splits or SplitsInOrder
    fit_intercept : bool
    """

    def of_rows(rows):
        some = _as_slice(rows)
        part = [None if a is None else take_rows(a, some) for a in (X, y, weights)]
        moments = moments_of(DesignMatrix(part[0], fit_intercept), *part[1:])
        return moments, (len(rows) if weights is None else float(part[2].sum()))

    scored, parted = splits.tests(), splits.are_complements(X.shape[0])
    tests = [of_rows(rows) for rows in scored]
    whole = replace(merged(tests), weight=1.0) if parted else None
    folds = []
    for k, rows in enumerate(scored):
        others = tests[:k] + tests[k + 1 :]
        moments = merged(others) if parted else of_rows(splits[k][0])[0]
        # weights count relative to their mean
        pair = (replace(one, weight=1.0) for one in (moments, tests[k][0]))
        folds.append(Fold(*pair, rows))
    return folds, whole


def merged(parts):
    """The moments of the rows of several parts together.

    Parameters
    ----------
    parts : list of (Moments, weight)
        The weight is the total over the rows of a part.
    """
    (moments, total), *others = parts
    for other, weight in others:
        total += weight
        moments = merged_moments(moments, other, weight / total)
    return moments


def _as_slice(rows):
    """The rows as a slice where they follow one another, which copies nothing."""
    follow = len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1 and _rise(rows)
    return slice(rows[0], rows[-1] + 1) if follow else rows


def _rise(rows):
    """Whether each number is larger than the one before it."""
    return bool((rows[1:] > rows[:-1]).all())
