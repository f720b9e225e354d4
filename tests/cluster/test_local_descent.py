"""Stochastic and mini-batch epochs on all blocks at once, in memory and on a cluster."""

import numpy as np
import pytest
from in_blocks import fit
from libraries import needed
from on_cluster import far, in_chunks
from sklearn.datasets import make_regression

from gdregress import GDClassifier, GDRegressor
from gdregress._engines.blocks_at_once import BlocksAtOnce
from gdregress._estimator.components import build_components
from gdregress.dask import DaskGDClassifier, DaskGDRegressor


@pytest.fixture
def sorted_rows():
    """Rows in the order of a column, so that each block is another part of the world."""
    X, y = make_regression(2000, 5, noise=10.0, random_state=0)
    order = np.argsort(X[:, 0])
    return X[order] * [1, 2, 5, 1, 0.1] + [0, 3, 0, 0, 0], y[order]


SIZES = {"equal": (500,) * 4, "unequal": (1500, 400, 90, 10)}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_variance_reduction_ends_at_the_minimum_of_all_rows(sorted_rows, loss, solver, sizes):
    X, y = sorted_rows
    weights = np.linspace(0.1, 3, 2000)
    best = GDRegressor(loss, tol=1e-8).fit(X, y, weights)
    model = GDRegressor(loss, solver=solver, tol=1e-6, random_state=0)
    fit(model, X, y, sizes, weights)
    assert model.stop_reason_ == "tolerance"
    assert far(model, best) < 1e-4
    # the certificate has told the truth
    left = model.history_["objective"][-1] - best.history_["objective"][-1]
    assert left < 1e-11 * model.history_["objective"][0]


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_penalties(sorted_rows, penalty):
    X, y = sorted_rows
    parameters = {"penalty": penalty, "alpha": 1.0, "tol": 1e-6}
    best = GDRegressor(**parameters).fit(X, y)
    model = GDRegressor(**parameters, solver="mini-batch", random_state=0)
    assert far(fit(model, X, y, SIZES["unequal"]), best) < 1e-4


def test_one_round_is_the_average_of_epochs_on_the_blocks(sorted_rows):
    """By the definition, with the epochs of a plain local fit."""
    X, y = sorted_rows
    parameters = {
        "solver": "stochastic",
        "optimizer": "gd",
        "learning_rate": 1e-3,
        "schedule": "constant",
        "shuffle": False,
        "max_iter": 1,
        "tol": None,
    }
    weights = np.repeat([1.0, 3.0], 1000)
    ends = [
        GDRegressor(**parameters).fit(X[rows], y[rows]).coef_
        for rows in (slice(0, 1000), slice(1000, 2000))
    ]
    model = fit(GDRegressor(**parameters), X, y, (1000, 1000), weights)
    np.testing.assert_allclose(model.coef_, 0.25 * ends[0] + 0.75 * ends[1], rtol=1e-12)
    assert model.t_ == 2000


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adam", "adagrad"])
def test_the_memory_of_optimizers_is_averaged(sorted_rows, optimizer):
    X, y = sorted_rows
    rows = np.random.RandomState(0).permutation(2000)
    best = GDRegressor().fit(X, y)
    model = GDRegressor(
        solver="mini-batch", optimizer=optimizer, max_iter=60, tol=None, random_state=0
    )
    fit(model, X[rows], y[rows], SIZES["equal"])
    assert far(model, best) < 0.02


@pytest.mark.parametrize("shuffle", [True, False])
def test_rounds_shorter_than_an_epoch(sorted_rows, shuffle):
    X, y = sorted_rows
    best = GDRegressor(tol=1e-8).fit(X, y)
    model = GDRegressor(solver="mini-batch", tol=1e-6, shuffle=shuffle, random_state=0)
    fit(model, X, y, SIZES["equal"], updates_per_round=5)
    assert model.stop_reason_ == "tolerance"
    assert far(model, best) < 1e-4
    kept = model.history_["t"]
    assert (kept[1] - kept[0]) == 60  # three rounds of five updates on four blocks


def test_averages_of_the_rounds(sorted_rows):
    X, y = sorted_rows
    model = GDRegressor(
        solver="mini-batch", optimizer="gd", average=True, max_iter=50, tol=None, random_state=0
    )
    fit(model, X, y, SIZES["equal"])
    assert far(model, GDRegressor().fit(X, y)) < 0.05


def test_it_is_chosen_for_batches_on_a_cluster_only(sorted_rows):
    class OfRun:
        sampler = build_components(GDRegressor()).sampler

        class objective:
            class partitions:
                is_local = False

    assert not BlocksAtOnce.supports(OfRun, None)
    OfRun.sampler = build_components(GDRegressor(solver="stochastic")).sampler
    assert BlocksAtOnce.supports(OfRun, None)
    OfRun.objective.partitions.is_local = True
    assert not BlocksAtOnce.supports(OfRun, None)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_what_travels_does_not_grow_with_the_rows(solver):
    X, y = make_regression(4000, 5, noise=10.0, random_state=0)
    y /= 100  # beside larger ones the loss's tip is narrow, and few rows take another method
    few, many = (
        fit(GDRegressor("huber", solver=solver, random_state=0), X[:n], y[:n], (n // 4,) * 4).sent
        for n in (400, 4000)
    )
    # a sample of the targets sets the best constant of some losses
    few.pop("some_targets"), many.pop("some_targets")
    assert few.keys() == many.keys() and len(few) > 2
    for name in few:
        assert abs(many[name] - few[name]) < 0.02 * few[name], name


# On a cluster


def test_the_same_on_a_cluster(sorted_rows, cluster):
    needed("dask")
    X, y = sorted_rows
    model = GDRegressor("huber", solver="mini-batch", random_state=0)
    fit(model, X, y, SIZES["unequal"], updates_per_round=10)
    there = DaskGDRegressor("huber", solver="mini-batch", random_state=0)
    sizes = SIZES["unequal"]
    there.fit(in_chunks(X, sizes), in_chunks(y, sizes), updates_per_round=10)
    assert there.n_iter_ == model.n_iter_
    np.testing.assert_array_equal(there.coef_, model.coef_)


def test_classes_on_a_cluster(table, cluster):
    X, y, labels, _ = table
    three = np.digitize(y, np.quantile(y, [0.4, 0.7]))
    for target in (labels, three):
        parameters = {"solver": "mini-batch", "penalty": "l2", "alpha": 0.01, "random_state": 0}
        model = DaskGDClassifier(**parameters).fit(in_chunks(X, 250), in_chunks(target, 250))
        assert model.stop_reason_ == "tolerance"
        assert far(model, GDClassifier(penalty="l2", alpha=0.01).fit(X, target)) < 1e-3
