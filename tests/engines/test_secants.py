"""Secants correct a matrix by how gradients have changed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress._engines.secants import MOST, solved, with_secant


def products(a, b):
    return np.sum(a * b, axis=0)


def positive(n, rng):
    root = rng.normal(size=(n, n))
    return root @ root.T + np.eye(n)


def updated(B, step, change):
    """The formula as it stands in the module."""
    along = B @ step
    return B - np.outer(along, along) / (step @ along) + np.outer(change, change) / (step @ change)


def test_they_are_the_inverse_of_the_updated_matrix():
    rng = np.random.default_rng(0)
    start, true, secants = positive(5, rng), positive(5, rng), ()
    B = start
    for _ in range(3):
        step = rng.normal(size=5)
        secants = with_secant(secants, step, true @ step)
        B = updated(B, step, true @ step)
    for g in (rng.normal(size=5), true @ secants[-1][0]):
        found = solved(lambda v: np.linalg.solve(start, v), secants, g, products)
        assert_allclose(found, np.linalg.solve(B, g), rtol=1e-9)
    assert_allclose(found, secants[-1][0], rtol=1e-9)


def test_every_target_has_its_own_and_what_is_not_curved_is_passed_over():
    rng = np.random.default_rng(0)
    steps, g = rng.normal(size=(2, 4, 3)), rng.normal(size=(4, 3))
    changes = steps * [1.0, 2.0, -1.0]
    secants = tuple(zip(steps, changes, strict=True))
    found = solved(lambda v: v, secants, g, products)
    for k in range(3):
        alone = tuple((s[:, k], v[:, k]) for s, v in secants)
        assert_allclose(found[:, k], solved(lambda v: v, alone, g[:, k], products), rtol=1e-12)
    assert_allclose(found[:, 2], g[:, 2])


@pytest.mark.parametrize("count", [1, MOST + 3])
def test_the_last_ones_are_kept(count):
    secants = ()
    for i in range(count):
        secants = with_secant(secants, i, -i)
    assert secants[-1] == (count - 1, 1 - count)
    assert len(secants) == min(count, MOST)
