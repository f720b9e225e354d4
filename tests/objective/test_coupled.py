"""Second derivatives of softmax: differences of gradients, and systems with a flat direction."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from gdregress._objective.coordinates import Columns
from gdregress._objective.coupled import CoupledSystem, cost_in_passes, coupled_products
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress.losses import Softmax
from gdregress.penalties import NoPenalty

N, P, K = 80, 4, 3


def problem(storage=np.asarray, weighted=True, inside=True):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, P)) * [1.0, 3.0, 0.2, 1.0] + 2.0
    y = rng.randint(K, size=N).astype(float)
    weights = rng.uniform(0.2, 2.0, N) if weighted else None
    weights = weights / weights.mean() if weighted else None
    coordinates = Columns(X.mean(axis=0), X.std(axis=0), True) if inside else None
    design = DesignMatrix(storage(X), True, coordinates)
    return DataObjective(design, y, weights, Softmax(K), NoPenalty()), rng.normal(size=(P + 1, K))


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("inside", [True, False])
def test_they_are_differences_of_gradients(storage, weighted, inside):
    objective, params = problem(storage, weighted, inside)
    H, step = objective.coupled_hessian(params), 1e-6
    for k in range(K):
        for j in range(P + 1):
            there, before = params.copy(), params.copy()
            there[j, k] += step
            before[j, k] -= step
            change = (objective.gradient(there) - objective.gradient(before)) / (2 * step)
            assert_allclose(H[:, k * (P + 1) + j], change.T.ravel(), rtol=1e-7, atol=1e-8)


def test_blocks_of_rows_add_up():
    objective, params = problem()
    P_all, design = objective.loss.probability(objective.predict(params)), objective.design
    parts = [
        len(rows) * coupled_products(design.take(rows), P_all[rows], objective.weights[rows])
        for rows in (np.arange(30), np.arange(30, N))
    ]
    assert_allclose(sum(parts) / N, objective.coupled_hessian(params), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("strength", [0.0, 0.1])
def test_the_direction_in_which_all_classes_are_the_same_is_flat(strength):
    """The least change of the parameters among all that have the gradient, as lstsq has it."""
    objective, params = problem()
    flat = np.append(np.full(P, strength), 0.0)[:, None]
    H = objective.coupled_hessian(params)
    g = objective.gradient(params) + flat * params
    full = H + np.diag(np.broadcast_to(flat, (P + 1, K)).T.ravel())
    expected = np.linalg.lstsq(full, g.T.ravel(), rcond=1e-12)[0]
    x = CoupledSystem(H, flat, K).solve(g)
    assert_allclose(x.T.ravel(), expected, rtol=1e-8, atol=1e-10)
    assert x.sum(axis=1)[-1] == pytest.approx(0.0, abs=1e-10)


def test_columns_that_are_copies_leave_a_descent_direction():
    objective, params = problem(inside=False)
    X = np.c_[objective.design.X, objective.design.X[:, 0]]
    twice = DataObjective(DesignMatrix(X, True), objective.y, None, Softmax(K), NoPenalty())
    params = 0.05 * np.insert(params, P, 0.5, axis=0)
    system = CoupledSystem(twice.coupled_hessian(params), np.zeros((P + 2, 1)), K)
    g = twice.gradient(params)
    step = system.solve(g)
    assert np.sum(g * step) > 0
    assert twice.value(params - 0.01 * step) < twice.value(params)


def test_infinite_curvature_has_no_system():
    with np.errstate(invalid="ignore"):  # as in the engines
        assert not CoupledSystem(np.full((6, 6), np.inf), np.zeros((2, 1)), 3).is_finite


def test_many_classes_of_many_columns_cost_more():
    few, _ = problem()
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(N, 20)), rng.randint(10, size=N).astype(float)
    more = DataObjective(DesignMatrix(X, True), y, None, Softmax(10), NoPenalty())
    wide = DataObjective(
        DesignMatrix(rng.normal(size=(N, 300)), True), y, None, Softmax(10), NoPenalty()
    )
    assert cost_in_passes(few) < cost_in_passes(more) < cost_in_passes(wide) == np.inf
