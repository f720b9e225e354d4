"""The default part of a grid covers every pair of values, and is small."""

from itertools import combinations, product

import pytest
from grids import covering, covering_rows, each_once, pairwise


@pytest.mark.parametrize("sizes", [(3,), (2, 3), (2, 2, 2), (4, 1, 3, 2), (3, 8, 9, 4)])
def test_every_pair_of_values_occurs(sizes):
    rows = covering_rows(sizes)
    for factor, size in enumerate(sizes):
        assert {row[factor] for row in rows} == set(range(size))
    for one, other in combinations(range(len(sizes)), 2):
        expected = set(product(range(sizes[one]), range(sizes[other])))
        assert {(row[one], row[other]) for row in rows} == expected
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("sizes", [(2, 3), (3, 8, 9, 4), (2,) * 6, (6, 1, 5, 4, 3, 2)])
def test_every_pair_of_values_occurs_in_grids_too_large_to_list(sizes):
    mark = covering(**{f"f{i}": range(size) for i, size in enumerate(sizes)}).mark
    rows = [param.values for param in mark.args[1]]
    for one, other in combinations(range(len(sizes)), 2):
        expected = set(product(range(sizes[one]), range(sizes[other])))
        assert {(row[one], row[other]) for row in rows} == expected
    largest, second = sorted(sizes)[-1:-3:-1]
    assert len(rows) <= 2 * largest * second


def test_a_covering_part_is_small():
    assert len(covering_rows((3, 8, 9, 4))) < 1.3 * 8 * 9
    assert len(covering_rows((2,) * 6)) <= 8


def test_the_rest_of_the_grid_is_there_and_marked():
    mark = pairwise(a=[1, 2, None], b=["x", "y"], c=[len, max]).mark
    names, params = mark.args
    assert names == ["a", "b", "c"]
    assert [param.values for param in params] == list(
        product([1, 2, None], ["x", "y"], [len, max])
    )
    default = [param.values for param in params if not param.marks]
    assert len(default) == 6
    assert {values[:2] for values in default} == set(product([1, 2, None], ["x", "y"]))
    assert all(mark.name == "full" for param in params for mark in param.marks)
    assert params[0].id == "1-x-len"


def test_each_value_occurs_in_a_row():
    names, params = each_once(a=[1, 2, 3], b=["x", "y"]).mark.args
    assert names == ["a", "b"]
    assert [param.values for param in params] == [(1, "x"), (2, "y"), (3, "x")]
