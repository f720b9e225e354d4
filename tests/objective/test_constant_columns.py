"""Which columns are constant, and that their moments are exact."""

import array_api_strict
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from gdregress._objective.column_moments import mean_and_variance
from gdregress._objective.constant_columns import constants_of
from gdregress._objective.coordinates import metric_of
from gdregress._objective.curvature import Spectrum
from gdregress._objective.design import DesignMatrix, column_coordinates
from gdregress._objective.moments import moments_of

N = 5000
CONSTANTS = np.array([0.1, 3.3, 1e4 / 3, 1e-20])
# a few last digits apart, as sums that add up to a constant are
ALMOST = 0.7 * (1 + 2e-16 * np.random.RandomState(4).randint(-9, 9, N))
# a spread that is small, and there
SMALL = 1e9 + 1e-4 * np.random.RandomState(1).normal(size=N)


def table(dtype=float):
    """Columns that vary, constants and what is neither by a hair, in this order."""
    rows = np.random.RandomState(0).normal(size=(N, 2))
    constants = np.broadcast_to(CONSTANTS, (N, len(CONSTANTS)))
    return np.c_[rows, constants, ALMOST, SMALL].astype(dtype)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, array_api_strict.asarray])
def test_moments_of_constant_columns_are_exact(container, weighted):
    X, weights = table(), None
    if weighted:
        weights = np.random.RandomState(2).rand(N)
        weights[:7], X[:7, 2:6] = 0.0, -8.0  # rows that do not count
        if container is array_api_strict.asarray:
            weights = container(weights)
    X = container(X)
    moments = moments_of(DesignMatrix(X, True), None, weights)
    pairs = mean_and_variance(X, weights), (moments.mean, np.diag(moments.covariance))
    for mean, variance in pairs:
        assert_array_equal(np.asarray(mean)[2:6], CONSTANTS)
        assert_array_equal(np.asarray(variance) > 0, [True] * 2 + [False] * 5 + [True])
    assert_array_equal(moments.covariance[2:7], 0.0)


def test_no_row_is_read_where_no_variance_is_rounding():
    mean, variance = np.array([1.0, 1e9]), np.array([1e-12, 1.0])
    assert not len(constants_of(np.empty((N, 0)), None, mean, variance)[0])


def inside(kind):
    """Coordinates of the rows, and their moments in them."""
    design = DesignMatrix(table(), True)
    moments = moments_of(design, None, None)
    coordinates = column_coordinates(moments.mean, np.diag(moments.covariance), True)
    if kind == "metric":
        covariance = moments.in_coordinates(coordinates).covariance
        coordinates = metric_of(coordinates, covariance, 1.0, np.full(8, 0.1))
    return design.in_coordinates(coordinates), moments.in_coordinates(coordinates)


@pytest.mark.parametrize("kind", ["columns", "metric"])
def test_nothing_depends_on_a_constant_column(kind):
    design, moments = inside(kind)
    slopes = np.random.RandomState(3).normal(size=N)
    assert_array_equal(design.adjoint(slopes)[2:7], 0.0)
    assert_array_equal(moments.covariance[2:7], 0.0)
    assert_array_equal(moments.mean[2:7], 0.0)
    if kind == "columns":
        assert_array_equal(design.column_mean_squares(None)[2:7], 0.0)
        assert Spectrum(design, None).condition_number < 1.2


@pytest.mark.parametrize("kind", ["columns", "metric"])
def test_its_coefficient_is_a_coordinate_of_its_own(kind):
    coordinates = inside(kind)[0].coordinates
    params = np.zeros(9)
    params[3] = 1.5
    user = coordinates.to_user(params)
    assert_array_equal(user[:8], params[:8])
    assert user[8] == -1.5 * CONSTANTS[1]
    assert_array_equal(coordinates.from_user(user), params)
