"""Descent in centred and scaled columns is descent on columns that were centred and scaled."""

import numpy as np
import pytest
from components import with_both
from grids import pairwise
from harness import epochs_alone
from numpy.testing import assert_allclose
from reference import SLOPES, STEPS, descent
from twins import (
    FORMS,
    LAYOUTS,
    PENALISED,
    STORAGES,
    TOLERANCES,
    TWINS,
    assert_near,
    in_single,
    needs_compiler,
)

from gdregress._objective.coordinates import Columns
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress._objective.fused_pass import fused_pass
from gdregress._solver.averaging import SuffixAverage
from gdregress._utils.validation import build_component
from gdregress.losses import LOSSES
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import PENALTIES

pytestmark = needs_compiler

MEAN, SCALE = np.array([0.5, -3.0, 0.0, 0.25, 1.0]), np.array([0.5, 4.0, 1.0, 3.0, 0.75])
COLUMNS = Columns(MEAN, SCALE, True)
RATE = 0.02


@pytest.fixture(scope="module")
def data():
    """Rows with zeros and an empty row, targets of three kinds, and weights of mean 1."""
    rng = np.random.RandomState(0)
    X = rng.randn(23, 5) * (rng.rand(23, 5) < 0.6)
    X[3] = 0
    y = np.abs(X @ rng.randn(5) + 1 + rng.randn(23)) + 0.1
    weights = rng.rand(23)
    Y = np.column_stack([y, 3 - 2 * y, 0.1 * y**2])
    return in_single(X), in_single(Y), weights / weights.mean()


def objective_of(X, Y, weights, loss, penalty, columns):
    """The objective whose parameters are those of the columns' coordinates."""
    given = PENALISED[penalty][0]
    penalty, _ = build_component(given["penalty"], PENALTIES, given)
    design = DesignMatrix(X, columns.fit_intercept, coordinates=columns)
    y = (Y[:, 0] if Y.shape[1] == 1 else Y).astype(X.dtype)
    weights = None if weights is None else weights.astype(X.dtype)
    return DataObjective(design, y, weights, LOSSES[loss](), penalty)


def start_of(penalty, k):
    """Parameters that are not zero, one column for each target, within the penalty's bounds."""
    coef = [PENALISED[penalty][1](0.1 * (-1) ** j, 0.0, j) for j in range(5)]
    return np.column_stack([[*coef, 1.0 + t] for t in range(k)])


def shaped(params):
    """Parameters of a single target are one-dimensional."""
    return params[:, 0] if params.shape[1] == 1 else params


@pairwise(
    optimizer=with_both(OPTIMIZERS),
    penalty=PENALISED,
    storage=STORAGES,
    batch_size=[1, 4],
    k=[1, 3],
    weighted=[True, False],
)
def test_the_path_is_that_of_transformed_columns(
    optimizer, penalty, storage, batch_size, k, weighted, data
):
    X, Y, weights = data[0], data[1][:, :k], data[2] if weighted else np.ones(23)
    rng = np.random.RandomState(0)
    orders = [rng.permutation(23) for _ in range(2)]
    prox, start = PENALISED[penalty][1], start_of(penalty, k)
    rest = SLOPES["huber"], STEPS[optimizer], prox, lambda count: RATE, orders, batch_size
    Z = (X - MEAN) / SCALE
    paths = [descent(Z, Y[:, t], weights, *rest, start[:, t]) for t in range(k)]
    expected = np.column_stack([path[-1] for path in paths])
    for (form, dtype), rtol in TOLERANCES.items():
        rows = np.asarray if form == "plain" else STORAGES[storage]
        objective = objective_of(
            rows(X.astype(dtype)), Y, weights if weighted else None, "huber", penalty, COLUMNS
        )
        rule, params = OPTIMIZERS[optimizer](), shaped(start).astype(dtype)
        state = epochs_alone(form, objective, rule, params, RATE, batch_size, 2)
        assert_near(state.params, shaped(expected), rtol)
        assert state.params.dtype == dtype


@pairwise(optimizer=["gd", "momentum", "nesterov"], storage=STORAGES, batch_size=[1, 4], k=[1, 3])
def test_columns_that_are_only_scaled_need_no_intercept(optimizer, storage, batch_size, k, data):
    X, Y, weights = data[0], data[1][:, :k], data[2]
    columns, params = Columns(0 * MEAN, SCALE, False), shaped(start_of("l2", k)[:5])
    states = []
    for form in FORMS:
        objective = objective_of(STORAGES[storage](X), Y, weights, "huber", "l2", columns)
        rule = OPTIMIZERS[optimizer]()
        states.append(epochs_alone(form, objective, rule, params, RATE, batch_size, 2))
    for state in states[:2]:
        assert_near(state.params, states[2].params, 1e-12)


@pairwise(average=[None, 5], storage=STORAGES, batch_size=[1, 4], k=[1, 3])
def test_averages_are_those_of_the_coordinates(average, storage, batch_size, k, data):
    X, Y, weights = data[0], data[1][:, :k], data[2]
    averages = []
    for form in FORMS:
        objective = objective_of(STORAGES[storage](X), Y, weights, "huber", "weighted", COLUMNS)
        start, average_of = shaped(start_of("weighted", k)), SuffixAverage(average)
        rest = start, RATE, batch_size, 2
        state = epochs_alone(form, objective, OPTIMIZERS["gd"](), *rest, average=average_of)
        averages.append(state.reported())
    for found in averages[:2]:
        assert_near(found, averages[2], 1e-12)


# The pass over all rows ---------------------------------------------------------------------


@pairwise(loss=["huber", "poisson"], layout=LAYOUTS, twin=TWINS, k=[1, 3])
def test_a_pass_in_the_coordinates(loss, layout, twin, k, data):
    X, Y, weights = data[0], np.abs(data[1][:, :k]), data[2]
    A = np.column_stack([(X - MEAN) / SCALE, np.ones(23)])
    rng = np.random.RandomState(1)
    point, next_point = (shaped(0.1 * rng.normal(size=(6, k))) for _ in range(2))
    y, s = shaped(Y), weights if k == 1 else weights[:, None]
    loss = LOSSES[loss]()
    value = np.sum(s * loss.value(y, A @ point)) / 23
    gradient = A.T @ (s * loss.gradient(y, A @ next_point)) / 23
    for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-5)):
        design = DesignMatrix(LAYOUTS[layout](X.astype(dtype)), True, coordinates=COLUMNS)
        args = design, y.astype(dtype), weights.astype(dtype), loss
        points = point.astype(dtype), next_point.astype(dtype)
        found = fused_pass(*args, *points, kernels=TWINS[twin])
        assert_allclose(found[0], value, rtol=rtol)
        assert_allclose(found[1], gradient, rtol=rtol, atol=rtol)
        assert found[1].dtype == dtype and found[1].shape == points[0].shape
