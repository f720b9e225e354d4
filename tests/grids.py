"""Grids of parameters: a part that covers all pairs is run by default, the rest is `full`."""

from functools import partial
from itertools import combinations, combinations_with_replacement, product

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


def covering_choices(**factors):
    """Choices of a value of each factor in which every pair of values occurs, as dicts.

    Each begins with a missing pair and takes, factor by factor, the value that covers most.
    """
    values = [list(factor) for factor in factors.values()]
    sizes = [len(factor) for factor in values]
    missing = {
        ((a, i), (b, j))
        for a, b in combinations(range(len(sizes)), 2)
        for i, j in product(range(sizes[a]), range(sizes[b]))
    }
    choices = []
    while missing:
        row = dict(min(missing))
        for factor, size in enumerate(sizes):
            if factor not in row:
                row[factor] = max(range(size), key=partial(_gain, row, factor, missing))
        indices = [row[factor] for factor in range(len(sizes))]
        missing -= pairs_in(indices)
        chosen = [factor[index] for factor, index in zip(values, indices, strict=True)]
        choices.append(dict(zip(factors, chosen, strict=True)))
    return choices


def covering(*, indirect=(), **factors):
    """Parametrize a test by rows that cover every pair of values of a grid too large to list."""
    params = [
        pytest.param(*choice.values(), id="-".join(map(name_of, choice.values())))
        for choice in covering_choices(**factors)
    ]
    return pytest.mark.parametrize(list(factors), params, indirect=indirect)


def _gain(row, factor, missing, index):
    """How many missing pairs a value makes with those that a row has already."""
    return len({tuple(sorted(((factor, index), other))) for other in row.items()} & missing)


def name_of(value):
    return getattr(value, "__name__", None) or str(value)


def each_once(*, indirect=(), **factors):
    """Parametrize a test by as few rows as hold every value, where a row takes long."""
    values = [list(factor) for factor in factors.values()]
    params = []
    for i in range(max(map(len, values))):
        chosen = [factor[i % len(factor)] for factor in values]
        params.append(pytest.param(*chosen, id="-".join(map(name_of, chosen))))
    return pytest.mark.parametrize(list(factors), params, indirect=indirect)


def pairwise(*, indirect=(), **factors):
    """Parametrize a test by a grid; rows beyond a covering set of pairs are marked `full`.

    `indirect` names the factors that are parameters of fixtures.

    References
    ----------
    Kuhn, Wallace and Gallo, "Software fault interactions and implications for software testing",
    2004: most faults show in one value or in a pair.
    """
    values = [list(factor) for factor in factors.values()]
    default = set(covering_rows([len(factor) for factor in values]))
    params = []
    for row in product(*(range(len(factor)) for factor in values)):
        chosen = [factor[index] for factor, index in zip(values, row, strict=True)]
        marks = () if row in default else pytest.mark.full
        params.append(pytest.param(*chosen, marks=marks, id="-".join(map(name_of, chosen))))
    return pytest.mark.parametrize(list(factors), params, indirect=indirect)
