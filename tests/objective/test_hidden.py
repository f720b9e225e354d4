"""Directions along which the rows differ although the moments of the columns have no digits."""

import numpy as np
import pytest
from scipy import sparse

from gdregress._objective.coordinates import Columns
from gdregress._objective.curvature import Spectrum
from gdregress._objective.design import DesignMatrix
from gdregress._objective.hidden import hides_directions, may_hide_directions

FIRST, SECOND, THIRD = np.random.RandomState(0).normal(size=(3, 200))
GROUP = np.arange(200) % 3


def hides(X, l1=0.0, l2=0.0, fit_intercept=True, storage=np.asarray, inside=True):
    p = X.shape[1]
    mean = X.mean(axis=0) if fit_intercept else np.zeros(p)
    columns = Columns(mean, np.sqrt(np.mean((X - mean) ** 2, axis=0)), fit_intercept)
    design = DesignMatrix(storage(X), fit_intercept, columns if inside else None)
    penalty = np.full(p, l1), np.full(p, l2)
    return hides_directions(design, Spectrum(design, None).matrix, None, 1.0, *penalty)


def sums(apart):
    return np.column_stack([FIRST, SECOND, FIRST + SECOND + apart * THIRD])


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize(("apart", "expected"), [(1e-4, False), (1e-7, True), (1e-11, True)])
def test_where_columns_all_but_add_up(apart, expected, fit_intercept, storage):
    assert hides(sums(apart), fit_intercept=fit_intercept, storage=storage) is expected


@pytest.mark.parametrize(("apart", "expected"), [(1e-4, False), (1e-7, True), (0.0, False)])
def test_in_the_columns_of_the_user(apart, expected):
    assert hides([1e-3, 1.0, 1e3] * sums(apart), inside=False) is expected


@pytest.mark.parametrize("mean", [0.0, 1e6])
def test_not_where_they_add_up_but_for_rounding(mean):
    X = np.column_stack([mean + FIRST, SECOND, mean + FIRST + SECOND, mean + FIRST])
    assert not hides(X)


def test_not_where_groups_add_up_to_the_intercept():
    assert not hides(1.0 * (GROUP[:, None] == np.arange(3)))


@pytest.mark.parametrize("penalty", ["l1", "l2"])
@pytest.mark.parametrize(("strength", "expected"), [(1e-20, True), (0.01, False)])
def test_not_where_a_penalty_holds_them(penalty, strength, expected):
    assert hides(sums(1e-9), **{penalty: strength}) is expected


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_not_where_a_penalty_is_large_beside_one_column(size):
    """It holds a small column, and says nothing of the digits of all others."""
    assert not hides(np.column_stack([FIRST, SECOND, size * THIRD]), l2=0.01, inside=False)


def of_sample(X, step=16):
    """Whether every so many-th row says that all may hide directions."""
    mean = X.mean(axis=0)
    columns = Columns(mean, np.sqrt(np.mean((X - mean) ** 2, axis=0)), True)
    design = DesignMatrix(np.ascontiguousarray(X[::step]), True, columns)
    return may_hide_directions(design, Spectrum(design, None).matrix, np.zeros(X.shape[1]))


@pytest.mark.parametrize(("apart", "expected"), [(1e-2, False), (1e-7, True), (1e-11, True)])
def test_a_sample_tells_where_rows_may_hide_directions(apart, expected):
    assert of_sample(sums(apart)) is expected


@pytest.mark.parametrize("others", [1.0, 1e-7])
def test_a_sample_without_the_rows_that_differ_says_that_they_may(others):
    X = sums(1.0)
    X[:, 2] = FIRST
    X[1, 2] += others
    assert of_sample(X)
    X[:, 2] = 0.0
    X[1, 2] = others
    assert of_sample(X)
