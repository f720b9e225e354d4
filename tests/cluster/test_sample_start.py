"""Newton steps on a cluster begin at the minimum of some of the rows, and end at that of all."""

import numpy as np
import pytest
from in_blocks import fit
from numpy.testing import assert_allclose
from on_cluster import far

from gdregress import GDRegressor
from gdregress._estimator.planning import sample_start

SIZES = (1, 700, 7299)


@pytest.fixture
def few_are_worth_it(monkeypatch):
    monkeypatch.setattr(sample_start, "NUMBERS", 8000 * 4 // 16)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8000, 4)) * [1, 2, 3, 0.1] + [0, 1, 50, 0]
    return X, X @ [1.0, -2.0, 3.0, 10.0] + rng.standard_t(2, size=8000)


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize("parameters", [{}, {"penalty": "l1", "alpha": 0.1}], ids=str)
def test_it_ends_at_the_minimum_of_all_rows_in_fewer_readings(rows, parameters, monkeypatch):
    X, y = rows
    weights = np.linspace(0.1, 3, 8000)
    tight = {**parameters, "loss": "huber", "tol": 1e-8}
    best = GDRegressor(**tight, max_iter=10_000).fit(X, y, weights)
    model = fit(GDRegressor(**tight), X, y, SIZES, weights)
    assert model.stop_reason_ == "tolerance"
    assert far(model, best) < 1e-6
    monkeypatch.undo()
    from_null = fit(GDRegressor(**tight), X, y, SIZES, weights)
    assert model.calls["_model"] + 2 < from_null.calls["_model"]


@pytest.mark.usefixtures("few_are_worth_it")
def test_it_begins_at_the_minimum_of_each_16th_row_wherever_blocks_are_cut(rows):
    X, y = rows
    some = GDRegressor("huber", tol=1e-8, max_iter=10_000).fit(X[::16], y[::16])
    z = X @ some.coef_ + some.intercept_
    residual = abs(y - z)
    losses = np.where(residual < 1.35, residual**2 / 2, 1.35 * (residual - 1.35 / 2))
    models = [fit(GDRegressor("huber"), X, y, sizes) for sizes in (SIZES, (8000,))]
    for model in models:
        assert_allclose(model.history_["objective"][0], losses.mean(), rtol=1e-6)
    assert far(*models) < 1e-10


@pytest.mark.usefixtures("few_are_worth_it")
def test_rows_that_mislead_are_not_followed(rows):
    X, y = rows
    y = y - y.mean()
    y[::16] *= -100
    model = fit(GDRegressor("huber"), X, y, SIZES)
    from_null = GDRegressor("huber").fit(X, y).history_["objective"][0]
    assert_allclose(model.history_["objective"][0], from_null, rtol=1e-3)
    assert model.stop_reason_ == "tolerance"


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "squared_error"},
        {"loss": "huber", "learning_rate": 0.1, "max_iter": 2, "tol": None},
        {"loss": "absolute_error", "max_iter": 2, "tol": None},
        {"loss": "huber", "solver": "mini-batch", "max_iter": 2, "tol": None},
    ],
    ids=str,
)
def test_only_newton_steps_begin_there(rows, parameters):
    X, y = rows
    assert not fit(GDRegressor(**parameters), X, y, SIZES).calls["_each"]


def test_few_rows_begin_at_the_best_constant(rows):
    assert not fit(GDRegressor("huber"), *rows, SIZES).calls["_each"]
