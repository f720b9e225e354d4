"""Grids of parameters: a part that covers all pairs is run by default, the rest is `full`."""

from itertools import combinations_with_replacement, product

import pytest


def pairs_in(row):
    """The pairs of values that occur in a row of indices; a value is a pair with itself."""
    return set(combinations_with_replacement(enumerate(row), 2))


def covering_rows(sizes):
    """Rows of the grid of these sizes in which every pair of values of two factors occurs.

    Greedy: the row with the most pairs that are missing yet comes next, the first of equals.
    """
    rows = [(row, pairs_in(row)) for row in product(*map(range, sizes))]
    missing = set().union(*(pairs for _, pairs in rows))
    chosen = []
    while missing:
        best, pairs = max(rows, key=lambda row: len(row[1] & missing))
        missing -= pairs
        chosen.append(best)
    return chosen


def name_of(value):
    return getattr(value, "__name__", None) or str(value)


def pairwise(*, indirect=(), **factors):
    """Parametrize a test by a grid; rows beyond a covering set of pairs are marked `full`.

    `indirect` names the factors that are parameters of fixtures.

    References
    ----------
    Kuhn, Wallace and Gallo, "Software fault interactions and implications for software testing",
    2004: most faults show in one value or in a pair.
    """
    values = [list(factor) for factor in factors.values()]
    covering = set(covering_rows([len(factor) for factor in values]))
    params = []
    for row in product(*(range(len(factor)) for factor in values)):
        chosen = [factor[index] for factor, index in zip(values, row, strict=True)]
        marks = () if row in covering else pytest.mark.full
        params.append(pytest.param(*chosen, marks=marks, id="-".join(map(name_of, chosen))))
    return pytest.mark.parametrize(list(factors), params, indirect=indirect)
