"""Epochs of batches, block after block, are those of the rows in memory in the same order."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gdregress import GDClassifier, GDRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Each batch is a block."""
    monkeypatch.setattr("gdregress._estimator.input.batches.SHUFFLED_SIZE", 1)


def make_data(n=60):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3))
    return X, X @ [1.0, -2.0, 0.5] + rng.normal(size=n), rng.randint(1, 4, size=n).astype(float)


def cut(*arrays, size=20):
    return [tuple(a[i : i + size] for a in arrays) for i in range(0, len(arrays[0]), size)]


# blocks of 20 rows are whole batches of single rows, and of 5
@pytest.mark.parametrize(
    "given",
    [
        {"solver": "stochastic", "optimizer": "gd"},
        {"solver": "mini-batch", "batch_size": 5, "optimizer": "adam"},
        {"solver": "stochastic", "optimizer": "momentum", "penalty": "l2", "alpha": 0.01},
        {"solver": "mini-batch", "batch_size": 5, "optimizer": "gd", "average": True},
        {"solver": "mini-batch", "batch_size": 1 / 12, "optimizer": "gd", "schedule": "step"},
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_in_the_order_of_the_rows_it_is_the_fit(given, weighted):
    X, y, weights = make_data()
    rest = (weights,) if weighted else ()
    given = {"learning_rate": 0.01, "shuffle": False, "max_iter": 3, "tol": None, **given}
    whole = GDRegressor(loss="huber", **given).fit(X, y, *rest)
    model = GDRegressor(loss="huber", **given).fit_batches(cut(X, y, *rest))
    assert model.t_ == whole.t_ and model.n_iter_ == 3
    assert_allclose(model.coef_, whole.coef_, rtol=1e-10)
    assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=1e-10)


def test_variance_reduction_in_the_order_of_the_rows():
    X, y, weights = make_data()
    given = {"solver": "mini-batch", "batch_size": 5, "shuffle": False, "max_iter": 4, "tol": None}
    whole = GDRegressor(loss="huber", **given).fit(X, y, weights)
    model = GDRegressor(loss="huber", **given).fit_batches(cut(X, y, weights))
    assert_allclose(model.coef_, whole.coef_, rtol=1e-9)


def test_the_same_random_state_gives_the_same_bits():
    X, y, _ = make_data()
    given = {"solver": "mini-batch", "max_iter": 4, "tol": None}
    one, same, other = (
        GDRegressor(random_state=seed, **given).fit_batches(cut(X, y)) for seed in (0, 0, 1)
    )
    assert_array_equal(one.coef_, same.coef_)
    assert not np.array_equal(one.coef_, other.coef_)


def test_three_classes():
    X, y, _ = make_data()
    labels = np.digitize(y, [-1, 1])
    given = {"solver": "mini-batch", "batch_size": 5, "shuffle": False, "max_iter": 3, "tol": None}
    whole = GDClassifier(**given).fit(X, labels)
    model = GDClassifier(**given).fit_batches(cut(X, labels))
    assert_allclose(model.coef_, whole.coef_, rtol=1e-9, atol=1e-12)
