"""Averages of the iterates: which iterates they include, and that they are returned."""

import numpy as np
import pytest

from gdregress import GDRegressor
from gdregress._solver.averaging import SuffixAverage


def averaged(iterates, start=None):
    """The average after each of some iterates."""
    average, values = SuffixAverage(start), []
    for iterate in iterates:
        average.update(iterate)
        values.append(average.value(iterate))
    return np.array(values)


@pytest.mark.parametrize("start", [0, 1, 5, 12])
def test_average_of_all_after_the_start(start, rng):
    iterates = rng.normal(size=(20, 3))
    values = averaged(iterates, start)
    for count in range(1, 21):
        expected = iterates[start:count].mean(axis=0) if count > start else iterates[count - 1]
        np.testing.assert_allclose(values[count - 1], expected, rtol=1e-12, atol=1e-15)


def test_average_of_a_suffix_of_half_to_three_quarters():
    """The mean of k, k + 1, ..., n is (k + n) / 2, which tells k."""
    n = np.arange(1, 1001)
    first = 2 * averaged(n.astype(float)) - n
    share = (n - first + 1) / n
    assert share[0] == 1.0
    assert share[1:].min() >= 0.5 - 1e-12
    assert share[1:].max() <= 0.75 + 1e-12
    np.testing.assert_allclose(first, np.round(first), atol=1e-9)


def test_the_early_iterates_are_forgotten():
    garbage_first = np.concatenate([np.full(10, 1e6), np.ones(40)])
    assert averaged(garbage_first)[-1] == 1.0


def test_before_the_start_the_parameters_themselves_are_the_value():
    average = SuffixAverage(start=3)
    average.update(1.0)
    assert average.value(5.0) == 5.0


# In a fit

PARAMETERS = {
    "optimizer": "gd",
    "learning_rate": 0.05,
    "schedule": "constant",
    "tol": None,
    "store_path": True,
    "random_state": 0,
}


def stored_path(model):
    """Parameters of every row of the history."""
    history = model.history_
    return np.array(
        [np.append(w, b) for w, b in zip(history.coef, history.intercept, strict=True)]
    )


@pytest.mark.parametrize("average", [True, 1, 4])
def test_fit_returns_the_average_of_the_iterates(small_data, average):
    """With one update per epoch the plain path holds every iterate."""
    X, y = small_data
    plain = stored_path(GDRegressor(max_iter=11, **PARAMETERS).fit(X, y))
    model = GDRegressor(max_iter=11, average=average, **PARAMETERS).fit(X, y)
    expected = averaged(plain[1:], None if average is True else average)
    np.testing.assert_allclose(stored_path(model)[1:], expected, rtol=1e-11)
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), expected[-1], rtol=1e-11)
    assert abs(expected[-1] - plain[-1]).max() > 1e-3


@pytest.mark.parametrize("solver", ["batch", "stochastic", "mini-batch"])
@pytest.mark.parametrize("average", [True, 10])
def test_the_objective_reported_is_that_of_the_average(small_data, solver, average):
    X, y = small_data
    model = GDRegressor(solver=solver, average=average, max_iter=15, **PARAMETERS).fit(X, y)
    mean_loss = np.mean((model.predict(X) - y) ** 2) / 2
    assert model.loss_curve_[-1] == pytest.approx(mean_loss, rel=1e-12)


def test_the_average_of_a_stochastic_fit_is_over_its_updates(small_data):
    """Averages over the updates of one epoch, not over epochs: one epoch suffices."""
    X, y = small_data
    parameters = {**PARAMETERS, "solver": "stochastic", "shuffle": False}
    iterates = []
    for n_rows in range(1, 24):  # the rows in order: the first k updates see the first k rows
        iterates.append(
            stored_path(GDRegressor(max_iter=1, **parameters).fit(X[:n_rows], y[:n_rows]))[-1]
        )
    model = GDRegressor(max_iter=1, average=5, **parameters).fit(X, y)
    found = np.append(model.coef_, model.intercept_)
    np.testing.assert_allclose(found, np.mean(iterates[5:], axis=0), rtol=1e-10)


def test_averages_are_closer_to_the_minimum_than_the_last_iterate(rng):
    """At a constant rate stochastic descent swings about the minimum; averages do not."""
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, -2.0, 0.5] + rng.normal(size=200)
    best = np.linalg.lstsq(np.c_[X, np.ones(200)], y, rcond=None)[0]
    parameters = {**PARAMETERS, "solver": "stochastic", "max_iter": 50}

    def distance(average):
        return abs(
            stored_path(GDRegressor(average=average, **parameters).fit(X, y))[-1] - best
        ).max()

    assert distance(average=True) < distance(average=False) / 3
