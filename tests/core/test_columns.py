"""Descent in centred and scaled columns is descent on columns that were centred and scaled."""

import numpy as np
import pytest
from components import with_both
from grids import pairwise
from harness import epochs_alone
from numpy.testing import assert_allclose
from problems import (
    COLUMNS,
    ONLY_SCALED,
    SCALE,
    objective_of,
    rows_and_targets,
    shaped,
    start_of,
    transformed,
)
from reference import SLOPES, STEPS, descent
from twins import FORMS, LAYOUTS, PENALISED, STORAGES, TOLERANCES, TWINS, assert_near
from twins import needs_compiler as pytestmark  # noqa: F401

from gdregress._objective.coordinates import Columns
from gdregress._objective.design import DesignMatrix
from gdregress._objective.fused_pass import fused_pass
from gdregress._solver.averaging import SuffixAverage
from gdregress.losses import LOSSES
from gdregress.optimizers import OPTIMIZERS

RATE = 0.02


@pytest.fixture(scope="module")
def data():
    return rows_and_targets()


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
    Z = transformed(X, COLUMNS)
    paths = [descent(Z, Y[:, t], weights, *rest, start[:, t]) for t in range(k)]
    expected = np.column_stack([path[-1] for path in paths])
    for (form, dtype), rtol in TOLERANCES.items():
        rows = np.asarray if form == "plain" else STORAGES[storage]
        s = weights if weighted else None
        objective = objective_of(rows(X.astype(dtype)), Y, s, "huber", penalty, COLUMNS)
        rule, params = OPTIMIZERS[optimizer](), shaped(start).astype(dtype)
        state = epochs_alone(form, objective, rule, params, RATE, batch_size, 2)
        assert_near(state.params, shaped(expected), rtol)
        assert state.params.dtype == dtype


@pairwise(optimizer=["gd", "momentum", "nesterov"], storage=STORAGES, batch_size=[1, 4], k=[1, 3])
def test_columns_that_are_only_scaled_need_no_intercept(optimizer, storage, batch_size, k, data):
    X, Y, weights = data[0], data[1][:, :k], data[2]
    params, columns, states = shaped(start_of("l2", k)[:5]), Columns(0 * SCALE, SCALE, False), []
    for form in FORMS:
        rows = STORAGES[storage](X)
        objective = objective_of(rows, Y, weights, "huber", "l2", columns, fit_intercept=False)
        rule = OPTIMIZERS[optimizer]()
        states.append(epochs_alone(form, objective, rule, params, RATE, batch_size, 2))
    for state in states[:2]:
        assert_near(state.params, states[2].params, 1e-12)


@pairwise(
    average=[None, 5],
    storage=STORAGES,
    batch_size=[1, 4],
    k=[1, 3],
    centred=[True, False],
)
def test_averages_are_those_of_the_coordinates(average, storage, batch_size, k, centred, data):
    columns = COLUMNS if centred else ONLY_SCALED
    X, Y, weights = data[0], data[1][:, :k], data[2]
    averages = []
    for form in FORMS:
        objective = objective_of(STORAGES[storage](X), Y, weights, "huber", "weighted", columns)
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
    A = np.column_stack([transformed(X, COLUMNS), np.ones(23)])
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
