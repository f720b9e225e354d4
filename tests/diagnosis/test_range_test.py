"""The range test finds learning rates that converge, and has no side effects."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gdregress import GDClassifier, GDRegressor, learning_rate_range_test
from gdregress.samplers import SAMPLERS


def make_data(n=400, p=3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.arange(1.0, p + 1) + 0.1 * rng.normal(size=n)


def test_the_losses_are_those_of_plain_descent():
    X, y = make_data()
    rates = np.geomspace(1e-3, 1e-2, 20)
    found = learning_rate_range_test(
        X, y, GDRegressor(optimizer="gd"), smallest=1e-3, largest=1e-2, n_updates=20
    )
    A, w, losses = np.column_stack([X, np.ones(len(X))]), np.zeros(4), []
    for rate in rates:
        losses.append(np.mean((A @ w - y) ** 2) / 2)
        w -= rate * A.T @ (A @ w - y) / len(y)
    assert_allclose(found.learning_rates, rates)
    assert_allclose(found.losses, losses, rtol=1e-9)


def test_the_rates_are_around_the_stable_limit():
    X, y = make_data()
    A = np.column_stack([X, np.ones(len(X))])
    limit = 2 / np.linalg.eigvalsh(A.T @ A / len(A))[-1]
    found = learning_rate_range_test(X, y, GDRegressor(optimizer="gd"), largest=100.0)
    assert len(found.losses) < 200, "it has to end where the loss explodes"
    assert limit / 100 < found.steepest < limit
    assert found.steepest < found.least < 10 * limit


@pytest.mark.parametrize("solver", SAMPLERS)
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "adam"])
def test_other_solvers_and_rules_end_below_where_they_began(solver, optimizer):
    X, y = make_data()
    weights = np.linspace(0.5, 2, len(y))
    model = GDClassifier(solver=solver, optimizer=optimizer, random_state=0)
    found = learning_rate_range_test(X, y > 0, model, weights)
    assert found.sample_losses.min() < 0.7 * found.losses[0]
    assert found.learning_rates[0] < found.steepest < found.least
    again = learning_rate_range_test(X, y > 0, model, weights)
    assert_array_equal(again.losses, found.losses)
    assert not hasattr(model, "coef_")


@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
@pytest.mark.parametrize("seed", range(4))
def test_the_noise_of_batches_has_no_part_in_the_answer(solver, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(3000, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0] + 10 * rng.normal(size=3000)
    model = GDRegressor(optimizer="gd", solver=solver, random_state=seed)
    found = learning_rate_range_test(X, y, model)
    assert 5e-3 < found.steepest < found.least < 1


def test_where_there_is_nothing_to_learn_it_warns():
    X, _ = make_data()
    y = np.random.default_rng(0).normal(size=len(X))
    model = GDRegressor(optimizer="gd", solver="mini-batch", random_state=0)
    with pytest.warns(UserWarning, match="does not fall by more than chance"):
        learning_rate_range_test(X, y, model)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"smallest": 0.0}, "'smallest' parameter of learning_rate_range_test must be a float"),
        ({"smallest": "a"}, "'smallest' parameter of learning_rate_range_test must be a float"),
        ({"largest": np.inf}, "'largest' parameter of learning_rate_range_test must be a float"),
        ({"smallest": 2.0, "largest": 1.0}, "largest must be above smallest"),
        ({"n_updates": 3}, "'n_updates' parameter of learning_rate_range_test must be an int"),
        ({"n_updates": 10.5}, "'n_updates' parameter of learning_rate_range_test must be an int"),
        ({"smallest": 1e9, "largest": 1e12}, "explodes at once"),
    ],
    ids=str,
)
def test_what_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        learning_rate_range_test(*make_data(), GDRegressor(optimizer="gd"), **given)
