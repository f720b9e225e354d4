"""Every epoch of a fit equals the plain loops of reference.py."""

import numpy as np
import pytest
from reference import (
    batch_descent,
    mini_batch_descent,
    momentum_descent,
    nesterov_descent,
    stochastic_descent,
)
from scipy import sparse

from gdregress import GDRegressor

EPOCHS = 7
RATE = 0.05
ONES = np.ones(23)
IN_ORDER = [range(23)] * EPOCHS
SEED = 5


def permutations():
    """The orders that `random_state=SEED` stands for."""
    rng = np.random.RandomState(SEED)
    return [rng.permutation(23) for _ in range(EPOCHS)]


def orders(shuffle):
    return permutations() if shuffle else IN_ORDER


def fitted_path(X, y, sample_weight=None, **parameters):
    """Parameters at the start and after every epoch, as GDRegressor records them."""
    model = GDRegressor(
        learning_rate=RATE,
        schedule="constant",
        tol=None,
        max_iter=EPOCHS,
        store_path=True,
        random_state=SEED,
        **parameters,
    ).fit(X, y, sample_weight)
    return np.column_stack([model.history_.coef, model.history_.intercept])


def assert_same_path(path, expected):
    assert len(path) == len(expected) == EPOCHS + 1
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
def test_batch(small_data, small_weights, storage, weighted):
    X, y = small_data
    weights = small_weights if weighted else None
    path = fitted_path(storage(X), y, weights, optimizer="gd")
    assert_same_path(path, batch_descent(X, y, small_weights if weighted else ONES, RATE, EPOCHS))


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_stochastic(small_data, small_weights, shuffle, weighted, storage):
    X, y = small_data
    weights = small_weights if weighted else None
    path = fitted_path(
        storage(X), y, weights, optimizer="gd", solver="stochastic", shuffle=shuffle
    )
    expected = stochastic_descent(X, y, small_weights if weighted else ONES, RATE, orders(shuffle))
    assert_same_path(path, expected)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_mini_batch_with_a_short_last_batch(small_data, small_weights, shuffle, weighted, storage):
    X, y = small_data  # 23 rows: four batches of 5 and one of 3
    weights = small_weights if weighted else None
    path = fitted_path(
        storage(X), y, weights, optimizer="gd", solver="mini-batch", batch_size=5, shuffle=shuffle
    )
    expected = mini_batch_descent(
        X, y, small_weights if weighted else ONES, RATE, orders(shuffle), batch_size=5
    )
    assert_same_path(path, expected)


DESCENTS_WITH_MEMORY = {"momentum": momentum_descent, "nesterov": nesterov_descent}
BATCH_SIZES = {"batch": 23, "stochastic": 1, "mini-batch": 5}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", BATCH_SIZES)
@pytest.mark.parametrize("optimizer", DESCENTS_WITH_MEMORY)
def test_momentum(small_data, small_weights, optimizer, solver, weighted):
    X, y = small_data
    size = BATCH_SIZES[solver]
    given = {} if solver == "batch" else {"shuffle": True}
    if solver == "mini-batch":
        given["batch_size"] = size
    path = fitted_path(
        X,
        y,
        small_weights if weighted else None,
        optimizer=optimizer,
        momentum=0.6,
        solver=solver,
        **given,
    )
    expected = DESCENTS_WITH_MEMORY[optimizer](
        X, y, small_weights if weighted else ONES, RATE, 0.6, permutations(), batch_size=size
    )
    assert_same_path(path, expected)


def test_the_loops_agree_where_they_are_the_same_thing(small_data):
    """Mini-batches of one row are stochastic, of all rows batch; momentum 0 is neither."""
    X, y = small_data
    one_row = mini_batch_descent(X, y, ONES, RATE, permutations(), batch_size=1)
    np.testing.assert_array_equal(one_row, stochastic_descent(X, y, ONES, RATE, permutations()))
    all_rows = mini_batch_descent(X, y, ONES, RATE, IN_ORDER, batch_size=23)
    np.testing.assert_array_equal(all_rows, batch_descent(X, y, ONES, RATE, EPOCHS))
    for descent in DESCENTS_WITH_MEMORY.values():
        no_momentum = descent(X, y, ONES, RATE, 0.0, IN_ORDER, batch_size=23)
        np.testing.assert_allclose(no_momentum, all_rows, rtol=1e-14)
