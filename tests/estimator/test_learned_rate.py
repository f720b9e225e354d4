"""Automatic rates of batches: learned from the objective after every epoch."""

import math
from itertools import pairwise

import numpy as np
import pytest
from components import OVER_ALL_ROWS
from grids import pairwise as all_pairs
from scipy.optimize import minimize as scipy_minimize

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.planning import learning_rate as automatic
from gdregress._solver.between_epochs import EpochMomentum
from gdregress._solver.run import State

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ALPHA = 0.01
SOLVERS = ["stochastic", "mini-batch"]
# Gap that the corrected rates leave, relative to that of the start: plain steps have to be short
# for the noise of the large rows. At a thousandth of the rate or a thousand times as much, an
# uncorrected run keeps most of it.
CORRECTED = {"svrg": 1e-8, "adam": 0.02, "gd": 0.1}


@pytest.fixture(scope="module")
def rows():
    """Two classes, columns that are correlated, and a few rows much larger than the others."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 5)) @ (np.eye(5) + 0.5)
    X[:4] *= 8
    y = np.where(X @ rng.normal(size=5) + 2 * rng.logistic(size=120) > 0, 1, -1)
    return X, y


@pytest.fixture(scope="module")
def least(rows):
    """Least value of the log loss with l2, by SciPy."""
    X, y = rows

    def value(params):
        losses = np.logaddexp(0, -y * (X @ params[:-1] + params[-1]))
        return losses.mean() + ALPHA * (params[:-1] ** 2).sum() / 2

    return scipy_minimize(value, np.zeros(6), method="BFGS", options={"gtol": 1e-10}).fun


def classifier(**given):
    given = {"solver": "mini-batch", "optimizer": "svrg", "max_iter": 60, "tol": None, **given}
    return GDClassifier(penalty="l2", alpha=ALPHA, random_state=0, **given)


def relative_gap(history, least):
    objective = history["objective"]
    return (objective[-1] - least) / (objective[0] - least)


def with_rates_times(monkeypatch, factor):
    derived = automatic.CurvatureBounds.automatic
    scaled = lambda bounds: factor * derived(bounds)  # noqa: E731
    monkeypatch.setattr(automatic.CurvatureBounds, "automatic", scaled)


@all_pairs(factor=[1e-3, 1.0, 1e3], optimizer=["svrg", "gd", "adam"], solver=SOLVERS)
def test_a_rate_that_is_far_off_is_corrected(factor, optimizer, solver, rows, least, monkeypatch):
    with_rates_times(monkeypatch, factor)
    model = classifier(optimizer=optimizer, solver=solver).fit(*rows)
    assert relative_gap(model.history_, least) < CORRECTED[optimizer]


@all_pairs(optimizer=OVER_ALL_ROWS, solver=SOLVERS, loss=["log_loss", "hinge"])
def test_the_objective_never_rises(optimizer, solver, loss, rows):
    model = classifier(loss=loss, optimizer=optimizer, solver=solver, max_iter=25).fit(*rows)
    objective = np.array(model.history_["objective"])
    assert (np.diff(objective) <= 1e-13 * objective[:-1]).all()
    assert objective[-1] < objective[0]


@pytest.mark.parametrize("solver", SOLVERS)
def test_nor_under_variance_reduction(solver, rows):
    objective = np.array(classifier(solver=solver, max_iter=25).fit(*rows).history_["objective"])
    assert (np.diff(objective) <= 1e-13 * objective[:-1]).all()
    assert objective[-1] < objective[0]


@pytest.mark.parametrize("optimizer", ["svrg", "gd", "adam"])
def test_the_rates_follow_the_rule(optimizer, rows, monkeypatch):
    with_rates_times(monkeypatch, 30.0)
    history = classifier(optimizer=optimizer, max_iter=25).fit(*rows).history_
    objective, rates, failed = history["objective"], history["learning_rate"][1:], False
    undone = [after == before for before, after in pairwise(objective)]
    assert 1 <= sum(undone) < 20
    for rate, following, fails in zip(rates, rates[1:], undone, strict=False):
        failed = failed or fails
        expected = rate / 4 if fails else rate * (1.1 if failed else 4)
        assert following == pytest.approx(expected, rel=1e-12)


def test_an_undone_epoch_leaves_a_row_and_no_other_trace(rows, monkeypatch):
    with_rates_times(monkeypatch, 1e4)
    model = classifier(optimizer="adam", max_iter=1, store_path=True, learning_rate="auto")
    model.fit(*rows)
    assert model.n_iter_ == 1 and model.history_["epoch"] == [0, 1]
    start, undone = model.history_.row(0), model.history_.row(1)
    assert {name for name in start if start[name] != undone[name]} <= {"epoch", "seconds"}
    np.testing.assert_array_equal(model.coef_, np.zeros((1, 5)))
    np.testing.assert_array_equal(model.history_.coef[1], np.zeros((1, 5)))
    assert model.t_ == 0 and model._state["memory"]["count"] == 0
    assert model.learning_rate_ == pytest.approx(start["learning_rate"] / 4)


def test_an_undone_epoch_finds_slopes_that_were_too_many_to_keep(rows, monkeypatch):
    with_rates_times(monkeypatch, 30.0)
    kept = classifier(optimizer="svrg", max_iter=25).fit(*rows)
    monkeypatch.setattr("gdregress._solver.rate_search.MOST_SLOPES", 0)
    again = classifier(optimizer="svrg", max_iter=25).fit(*rows)
    np.testing.assert_array_equal(again.coef_, kept.coef_)
    assert again.loss_curve_ == kept.loss_curve_


@all_pairs(
    optimizer=["gd", "momentum", "adam", "adagrad"],
    solver=SOLVERS,
    average=[False, True, 7],
    first=[1, 4, 13],
)
def test_a_resumed_run_is_the_uninterrupted_one(optimizer, solver, average, first, rows):
    X, y = rows
    y = X[:, 0] + 0.3 * y
    given = {"solver": solver, "optimizer": optimizer, "average": average, "random_state": 0}
    given |= {"tol": None, "warm_start": True}
    whole = GDRegressor("huber", max_iter=20, **given).fit(X, y)
    parts = GDRegressor("huber", max_iter=first, **given).fit(X, y)
    parts.set_params(max_iter=20 - first).fit(X, y)
    np.testing.assert_array_equal(parts.coef_, whole.coef_)
    assert parts.history_["learning_rate"][1:] == whole.history_["learning_rate"][1 + first :]
    assert parts.history_["objective"][1:] == whole.history_["objective"][1 + first :]


def test_epochs_that_are_undone_are_no_plateau(rows, least, monkeypatch):
    with_rates_times(monkeypatch, 4.0**9)
    model = classifier(tol=1e-6, max_iter=400, n_iter_no_change=3).fit(*rows)
    assert relative_gap(model.history_, least) < 1e-4


def test_a_warm_start_on_other_data_finds_another_rate(rows):
    X, y = rows
    y = X[:, 0] + 0.3 * y
    model = GDRegressor("huber", solver="mini-batch", optimizer="gd", tol=None, warm_start=True)
    model.set_params(max_iter=60, random_state=0).fit(X, y)
    assert model._state["rate_has_failed"]  # and grows slowly from then on
    model.set_params(max_iter=10).fit(X, -y)
    objective = model.history_["objective"]
    assert objective[-1] < 0.3 * objective[0]


def test_a_number_is_not_learned(rows):
    model = classifier(optimizer="gd", learning_rate=0.01, schedule="constant").fit(*rows)
    assert set(model.history_["learning_rate"]) == {0.01}


def test_partial_fit_does_not_learn(rows):
    model = GDClassifier(solver="mini-batch", optimizer="gd", random_state=0)
    for _ in range(5):
        model.partial_fit(*rows, **({} if hasattr(model, "classes_") else {"classes": [-1, 1]}))
    assert model._state["rate_factor"] == 1.0


# Momentum from epoch to epoch


def test_epochs_start_where_nesterovs_sequence_says():
    ends, momentum, t = [np.zeros(2)], EpochMomentum(), 1.0
    state = State(params=ends[0], rng=None)
    for k in range(1, 6):
        momentum.begin_epoch(state)
        next_t = (1 + math.sqrt(1 + 4 * t**2)) / 2
        before = ends[-2] if k > 1 else ends[-1]
        np.testing.assert_allclose(state.params, ends[-1] + (t - 1) / next_t * (ends[-1] - before))
        ends.append(state.params + np.array([1.0, 0.5]))  # onwards, so that nothing turns
        state.params, t = ends[-1], next_t
        momentum.end_epoch(state)
    momentum.begin_epoch(state)
    state.params = ends[-1] + 0.01 * (ends[-1] - ends[-2])  # the momentum had gone further
    momentum.end_epoch(state)
    assert state.epoch_momentum[1] == 1.0


def test_it_pays_where_the_condition_number_is_large():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 6)) * np.logspace(0, -1.5, 6)
    y = X @ np.logspace(0, 1.5, 6) + 0.1 * rng.normal(size=300)
    given = {"solver": "mini-batch", "optimizer": "svrg", "max_iter": 60, "tol": None}
    model = GDRegressor(random_state=0, **given).fit(X, y)
    plain = GDRegressor(
        random_state=0, learning_rate=max(model.history_["learning_rate"]) / 2, **given
    ).fit(X, y)
    A = np.column_stack([X, np.ones(300)])
    residual = y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
    gaps = [m.history_["objective"][-1] - (residual**2).mean() / 2 for m in (model, plain)]
    assert gaps[0] < 0.1 * gaps[1]
