"""The order of a sum does not depend on the worker that computes a part."""

import numpy as np
import pytest

from gdregress.dask._tree import combined, root


def written(one, other):
    return f"({one}{other})"


def test_the_order_of_the_tree():
    answers = {(0, i): "ABCDEFG"[i] for i in range(7)}
    assert combined(written, 7, answers) == {(3, 0): "(((AB)(CD))((EF)G))"}
    assert combined(written, 1, {(0, 0): "A"}) == {root(1): "A"}


def test_what_has_no_neighbour_waits_for_it():
    some = {(0, i): "ABCDEFG"[i] for i in (1, 2, 3, 6)}
    assert combined(written, 7, some) == {(0, 1): "B", (1, 1): "(CD)", (1, 3): "G"}


@pytest.mark.parametrize("count", [2, 3, 8, 13, 31])
def test_wherever_the_blocks_lie(count):
    rng = np.random.RandomState(count)
    leaves = {(0, i): chr(65 + i) for i in range(count)}
    whole = combined(written, count, leaves)
    for workers in (1, 2, 5):
        place = rng.randint(workers, size=count)
        parts = [
            combined(written, count, {(0, i): leaves[0, i] for i in np.flatnonzero(place == k)})
            for k in range(workers)
        ]
        together = {node: answer for part in parts for node, answer in part.items()}
        assert combined(written, count, together) == whole


def test_blocks_without_an_answer_are_left_out():
    answers = {(0, 0): None, (0, 1): "B", (0, 2): None}
    assert combined(written, 3, answers) == {(2, 0): "B"}
    assert combined(written, 2, {(0, 0): None, (0, 1): None}) == {(1, 0): None}
