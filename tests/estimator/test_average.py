"""Averages of a suffix of the iterates; the history reports the returned parameters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gdregress import GDRegressor
from gdregress.penalties import Box
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=40, p=3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.linspace(1, -2, p) + 1 + rng.normal(size=n)


def iterates(updates, **parameters):
    """Coefficients and intercept after every update of a batch run."""
    X, y = make_data()
    given = {"max_iter": updates, "tol": None, "learning_rate": 0.1, **parameters}
    model = GDRegressor(store_path=True, **given).fit(X, y)
    path = np.column_stack([model.history_.coef, model.history_.intercept])
    return path[1:]


def averaged(updates, average, **parameters):
    X, y = make_data()
    given = {"max_iter": updates, "tol": None, "learning_rate": 0.1, **parameters}
    model = GDRegressor(average=average, **given).fit(X, y)
    return np.append(model.coef_, model.intercept_)


@pytest.mark.parametrize("optimizer", ["gd", "nesterov", "adam"])
@pytest.mark.parametrize("updates", [6, 10, 25])
def test_a_count_averages_all_updates_after_it(updates, optimizer):
    path = iterates(updates, optimizer=optimizer)
    assert_allclose(averaged(updates, 5, optimizer=optimizer), path[5:].mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("updates", [1, 2, 3, 4, 7, 8, 9, 31, 32, 33, 47, 48, 63, 100])
def test_true_averages_the_last_half_or_more(updates):
    path = iterates(updates, optimizer="gd")
    value = averaged(updates, True, optimizer="gd")
    means = [path[-length:].mean(axis=0) for length in range(1, updates + 1)]
    errors = [np.abs(value - mean).max() for mean in means]
    length = int(np.argmin(errors)) + 1
    assert errors[length - 1] < 1e-12
    assert updates / 2 <= length <= max(1, 3 * updates / 4)


def test_a_count_beyond_the_run_averages_nothing():
    path = iterates(8, optimizer="gd")
    assert_array_equal(averaged(8, 8, optimizer="gd"), path[-1])
    assert_array_equal(averaged(8, 1000, optimizer="gd"), path[-1])


def test_none():
    assert_array_equal(averaged(8, False), iterates(8)[-1])


def test_one_averages_all_but_the_first():
    assert_allclose(averaged(8, 1), iterates(8)[1:].mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("solver", SAMPLERS)
@pytest.mark.parametrize("average", [True, 7])
def test_history_reports_the_average(average, solver):
    X, y = make_data()
    model = GDRegressor(
        solver=solver, average=average, max_iter=20, tol=None, store_path=True, random_state=0
    ).fit(X, y)
    assert_array_equal(model.coef_, model.history_.coef[-1])
    for row, (coef, intercept) in enumerate(
        zip(model.history_.coef, model.history_.intercept, strict=True)
    ):
        objective = np.mean((X @ coef + intercept - y) ** 2) / 2
        assert_allclose(model.history_["objective"][row], objective, rtol=1e-12)


@pytest.mark.parametrize("average", [True, 7])
def test_the_gradient_norm_is_that_of_the_average(average):
    X, y = make_data()
    given = {"learning_rate": 0.1, "max_iter": 20, "tol": None}
    model = GDRegressor(average=average, **given).fit(X, y)
    A = np.column_stack([X, np.ones(len(y))])
    gradient = A.T @ (A @ np.append(model.coef_, model.intercept_) - y) / len(y)
    norm = np.linalg.norm(gradient / np.sqrt(np.mean(A**2, axis=0)))
    assert_allclose(model.history_["gradient_norm"][-1], norm, rtol=1e-9)


@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
def test_the_average_is_nearer_to_the_optimum(solver):
    X, y = make_data()
    given = {"batch_size": 4} if solver == "mini-batch" else {}
    given |= {"max_iter": 60, "tol": None}
    # of the batches: an automatic rate falls until there is no noise left to average
    rate = 0.02 if solver == "stochastic" else 0.05
    A = np.column_stack([X, np.ones(len(y))])
    optimum = np.linalg.lstsq(A, y, rcond=None)[0][:-1]

    def distance(average):
        model = GDRegressor(
            solver=solver, average=average, schedule="constant", learning_rate=rate, **given
        )
        fits = [model.set_params(random_state=s).fit(X, y).coef_ for s in range(8)]
        return np.mean(np.linalg.norm(np.array(fits) - optimum, axis=1))

    assert distance(True) < distance(False) / 2


def test_the_early_iterates_are_forgotten():
    """From a start far away, the mean of all iterates would still be far from the optimum."""
    X, y = make_data()
    A = np.column_stack([X, np.ones(len(y))])
    optimum = np.linalg.lstsq(A, y, rcond=None)[0]
    given = {"solver": "stochastic", "average": True, "max_iter": 100, "random_state": 0}
    model = GDRegressor(tol=None, **given)
    model.fit(X, y, coef_init=optimum[:3] + 100, intercept_init=optimum[3])
    assert_allclose(model.coef_, optimum[:3], atol=0.1)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_stays_within_a_box(solver):
    X, y = make_data()
    model = GDRegressor(
        solver=solver, penalty=Box(0, 0.5), average=True, max_iter=400, tol=None, random_state=0
    ).fit(X, y)
    assert_allclose(model.coef_, [0.5, 0.0, 0.0], atol=0.05)
    assert model.coef_.min() >= 0 and model.coef_.max() <= 0.5 + 1e-12
