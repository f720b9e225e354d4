"""Epochs with variance reduction equal plain loops; so do deferred steps."""

from types import SimpleNamespace

import numpy as np
import pytest
from components import with_both
from grids import pairwise
from harness import epochs_alone
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import (
    COLUMNS,
    ONLY_SCALED,
    objective_of,
    rows_and_targets,
    shaped,
    start_of,
    transformed,
)
from reference import SLOPES, STEPS, descent
from scipy import sparse
from twins import (
    PENALISED,
    STORAGES,
    TOLERANCES,
    Weighted,
    assert_near,
    with_long_indices,
)
from twins import needs_compiler as pytestmark  # noqa: F401

from gdregress._core.kernels import interpreted
from gdregress._engines import kernel_choice
from gdregress._objective.fused_pass import fused_pass
from gdregress.losses.multiclass import Softmax
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import Box, NoPenalty

RATE = 0.02
CORE = {key: rtol for key, rtol in TOLERANCES.items() if key[0] != "plain"}
COORDINATES = {"as they are": None, "scaled": ONLY_SCALED, "centred": COLUMNS}


@pytest.fixture(scope="module")
def data():
    return rows_and_targets()


def reduced(optimizer):
    """The rule with variance reduction."""
    rule = OPTIMIZERS[optimizer]()
    rule.variance_reduced = True
    return rule


def taken_of(objective):
    """Function that takes the snapshot of a state."""

    def take(state):
        slopes = np.empty((objective.n_samples, state.params.size // len(state.params)))
        data = objective.design, objective.y, objective.weights, objective.loss
        _, gradient = fused_pass(*data, state.params, slopes=slopes)
        slopes = slopes[:, 0] if state.params.ndim == 1 else slopes
        state.snapshot = SimpleNamespace(
            params=state.params, slopes=slopes.astype(state.params.dtype), gradient=gradient
        )

    return take


def reduced_epochs(form, objective, rule, params, batch_size, epochs):
    take = taken_of(objective)
    return epochs_alone(form, objective, rule, params, RATE, batch_size, epochs, prepare=take)


@pairwise(
    penalty=PENALISED,
    storage=STORAGES,
    coordinates=COORDINATES,
    batch_size=[1, 4],
    k=[1, 3],
    weighted=[True, False],
    lazy_cost=[0.0, np.inf],
)
def test_plain_descent(
    penalty, storage, coordinates, batch_size, k, weighted, lazy_cost, data, monkeypatch
):
    monkeypatch.setattr(kernel_choice, "LAZY_COST", lazy_cost)
    assert_equal_reference("gd", penalty, storage, coordinates, batch_size, k, weighted, data)


@pairwise(
    optimizer=[name for name in with_both(OPTIMIZERS) if name != "gd"],
    penalty=[None, "elasticnet", "weighted"],
    storage=STORAGES,
    coordinates=COORDINATES,
    batch_size=[1, 4],
)
def test_every_rule(optimizer, penalty, storage, coordinates, batch_size, data):
    assert_equal_reference(optimizer, penalty, storage, coordinates, batch_size, 1, True, data)


def assert_equal_reference(
    optimizer, penalty, storage, coordinates, batch_size, k, weighted, data
):
    """Three epochs in all forms, in both precisions."""
    X, Y, weights = data[0], data[1][:, :k], data[2] if weighted else np.ones(23)
    columns, start = COORDINATES[coordinates], start_of(penalty, k)
    rng = np.random.RandomState(0)
    orders = [rng.permutation(23) for _ in range(3)]
    rest = SLOPES["huber"], STEPS[optimizer], PENALISED[penalty][1], lambda count: RATE
    Z = transformed(X, columns)
    expected = [
        descent(Z, Y[:, t], weights, *rest, orders, batch_size, start[:, t], reduced=True)[-1]
        for t in range(k)
    ]
    for (form, dtype), rtol in CORE.items():
        s = weights if weighted else None
        objective = objective_of(
            STORAGES[storage](X.astype(dtype)), Y, s, "huber", penalty, columns
        )
        params = shaped(start).astype(dtype)
        state = reduced_epochs(form, objective, reduced(optimizer), params, batch_size, 3)
        assert_near(state.params, shaped(np.column_stack(expected)), 10 * rtol)
        assert state.params.dtype == dtype


# Classes --------------------------------------------------------------------------------------


@pairwise(storage=STORAGES, coordinates=COORDINATES, batch_size=[1, 4])
def test_softmax(storage, coordinates, batch_size, data):
    """At the snapshot the gradient of every batch is that of all rows."""
    X, weights = data[0], data[2]
    y, columns = np.arange(23)[:, None] % 3, COORDINATES[coordinates]
    params = start_of(None, 3)
    A = np.column_stack([transformed(X, columns), np.ones(23)])
    objective = objective_of(STORAGES[storage](X), y, weights, Softmax(3), None, columns)
    states = [
        reduced_epochs(form, objective, reduced("gd"), params, batch_size, 2)
        for form in ("compiled", "interpreted")
    ]
    assert_near(states[0].params, states[1].params, 1e-12)
    one = epochs_alone(
        "compiled", objective, reduced("gd"), params, RATE, 23, prepare=taken_of(objective)
    )
    slopes = objective.loss.gradient(objective.y, A @ params)
    assert_near(one.params, params - RATE * A.T @ (weights[:, None] * slopes) / 23, 1e-12)


# Steps that wait ------------------------------------------------------------------------------


@pairwise(
    penalty=["none", "weighted", "strong", "box"],
    coordinates=["as they are", "scaled"],
    batch_size=[1, 7],
    taken=[True, False],
    k=[1, 2],
    fit_intercept=[True, False],
    form=["compiled", "interpreted"],
)
def test_coefficients_that_are_seldom_seen(
    penalty, coordinates, batch_size, taken, k, fit_intercept, form, monkeypatch
):
    """Many updates, most of which do not touch a given coefficient, of which some cross zero."""
    rng = np.random.RandomState(0)
    X = sparse.random_array((401, 30), density=0.02, random_state=rng, format="csr")
    X = with_long_indices(X) if batch_size == 7 else X
    Y = rng.randn(401, k) + 3 * np.asarray(X.sum(axis=1))[:, None]
    scale = np.ones(30) if coordinates == "as they are" else np.exp(rng.randn(30))
    columns = type(ONLY_SCALED)(np.zeros(30), scale, fit_intercept)
    penalty = {
        "none": NoPenalty(),
        "weighted": Weighted(0.02 * rng.rand(30), 0.2 * rng.rand(30) * (rng.rand(30) < 0.5)),
        "strong": Weighted(0.01, 5.0 * rng.rand(30)),
        "box": Box(-0.2 * rng.rand(30), 0.2 * rng.rand(30)),
    }[penalty]
    objective = objective_of(X, Y, None, "huber", penalty, columns, fit_intercept)
    params = objective.prox(0.5 * rng.randn(30 + fit_intercept, k), 0.0)
    rule, found = reduced("gd"), []
    rule.variance_reduced = taken
    for cost in (0.0, np.inf):
        monkeypatch.setattr(kernel_choice, "LAZY_COST", cost)
        take = taken_of(objective) if taken else None
        rest = shaped(params), 0.3, batch_size, 2, take
        found.append(epochs_alone(form, objective, rule, *rest).params)
    assert_near(found[0], found[1], 1e-11)
    assert (found[0] != shaped(params)).any()


strengths = st.sampled_from([0.0, 1e-9, 1e-3, 0.3, 4.0])
numbers = st.floats(-3, 3).map(lambda number: float(np.float32(number)))


@settings(max_examples=400, deadline=None)
@given(
    w=numbers,
    drift=st.one_of(numbers, st.just(0.0), st.sampled_from([0.3, -0.3, 1e-3, -1e-12])),
    threshold=strengths,
    l2=strengths,
    bounds=st.sampled_from([(-np.inf, np.inf), (-3.5, 0.7), (0.0, np.inf), (-9.0, 0.0)]),
    rate=st.sampled_from([1e-3, 0.1, 1.0]),
    n=st.integers(1, 300),
)
def test_waiting_is_one_update_after_the_other(w, drift, threshold, l2, bounds, rate, n):
    one = [np.array([number]) for number in (threshold, l2, *bounds)]
    steps = interpreted.Steps(np.zeros(1), np.ones(1), np.array([[drift]]), *one)
    steps.set_rate(rate)
    w = expected = min(max(w, bounds[0]), bounds[1])
    largest = max(abs(w), rate * (abs(drift) + threshold))  # numbers that are rounded
    for _ in range(n):
        expected = steps.step(expected, 0.0, 0, 0)
        largest = max(largest, abs(expected))
    assert steps.wait(w, 0, 0, n) == pytest.approx(expected, abs=1e-12 * largest, rel=0)


@pytest.mark.parametrize("w", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_so(w):
    one = [np.array([number]) for number in (0.1, 0.2, -np.inf, np.inf)]
    steps = interpreted.Steps(np.zeros(1), np.ones(1), np.array([[0.3]]), *one)
    steps.set_rate(0.1)
    with np.errstate(invalid="ignore"):
        assert not np.isfinite(steps.wait(w, 0, 0, 5))
