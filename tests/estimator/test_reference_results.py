"""Three small textbook experiments, to all published digits.

They descend the mean squared error without the factor 1/2: our learning rates are twice theirs,
and their losses twice our objective.
"""

import re

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from gdregress import DivergenceWarning, GDRegressor


def assert_prints_as(value, digits):
    """`value`, printed with as many decimals as `digits` has, reads the same."""
    decimals = len(digits.split(".")[1])
    assert f"{value:.{decimals}f}" == digits


def descend(X, y, learning_rate, steps):
    """Plain batch descent of the mean squared error from zero."""
    model = GDRegressor(optimizer="gd", learning_rate=2 * learning_rate, max_iter=steps, tol=None)
    return model.fit(X, y)


def mean_squared_errors(model):
    """At the start and after every update."""
    return [2 * value for value in model.history_["objective"]]


# Temperature by depth, eight measurements


def test_geothermal_gradient():
    depth = np.arange(0.5, 4.5, 0.5)[:, None]
    temperature = np.array([30.0, 45.0, 58.0, 72.0, 88.0, 97.0, 115.0, 128.0])
    model = descend(StandardScaler().fit_transform(depth), temperature, 0.1, 100)
    assert_prints_as(model.coef_[0], "31.8870892042")
    assert_prints_as(model.intercept_, "79.1249999839")
    assert_prints_as(mean_squared_errors(model)[0], "7279.375")
    assert_prints_as(mean_squared_errors(model)[99], "1.8229166667")


# A line through 50 points


@pytest.fixture
def fifty_points():
    rng = np.random.RandomState(42)
    x = rng.uniform(0, 10, 50)
    return x[:, None], 2 * x + 1 + rng.normal(0, 2, 50)


def test_line(fifty_points):
    model = descend(*fifty_points, 0.01, 1000)
    assert_prints_as(model.coef_[0], "1.9557738086")
    assert_prints_as(model.intercept_, "1.1905091672")
    # exact rational arithmetic gives ...8040; it was published as 26.7974978046
    assert_prints_as(mean_squared_errors(model)[1], "26.7974978040")
    assert_prints_as(mean_squared_errors(model)[-1], "3.2922869750")


def test_line_by_default_is_least_squares(fifty_points):
    model = GDRegressor(tol=1e-12).fit(*fifty_points)
    assert_prints_as(model.coef_[0], "1.9553132008")
    assert_prints_as(model.intercept_, "1.1933785489")


@pytest.mark.parametrize(
    ("learning_rate", "loss"), [(0.001, "3.4136547387"), (0.01, "3.2930017396")]
)
def test_line_at_stable_rates(fifty_points, learning_rate, loss):
    model = descend(*fifty_points, learning_rate, 500)
    assert_prints_as(mean_squared_errors(model)[-1], loss)


@pytest.mark.parametrize("learning_rate", [0.05, 0.1])
def test_line_at_diverging_rates(fifty_points, learning_rate):
    """The warning names the largest stable rate; the best parameters stay."""
    X, y = fifty_points
    with pytest.warns(DivergenceWarning) as warned:
        model = descend(X, y, learning_rate, 500)
    named = re.search(r"the largest stable one .* is ([\d.]+\d)", str(warned[0].message))[1]
    assert float(named) == pytest.approx(2 * 0.03474750, rel=1e-3)
    assert model.stop_reason_ == "diverged"
    assert model.n_iter_ < 10
    assert np.mean((model.predict(X) - y) ** 2) <= np.mean(y**2)


def test_line_on_both_sides_of_the_largest_stable_rate(fifty_points):
    below = descend(*fifty_points, 0.0347474, 2000)
    assert below.stop_reason_ == "max_iter"
    assert mean_squared_errors(below)[-1] < mean_squared_errors(below)[0]
    with pytest.warns(DivergenceWarning):
        descend(*fifty_points, 0.0347476, 200_000)


def test_line_grows_as_published_when_nothing_stops_it(fifty_points):
    model = GDRegressor(optimizer="gd", learning_rate=2 * 0.05)
    with pytest.warns(ConvergenceWarning, match="diverges: .* is 0.06949") as warned:
        for _ in range(500):
            model.partial_fit(*fifty_points)
    assert len(warned) == 1
    assert f"{mean_squared_errors(model)[-1]:.1e}" == "6.1e+275"


def test_line_overflows_at_the_largest_rate(fifty_points):
    """The published run ends in nan; here the run is ended while all is finite, with a warning."""
    model = GDRegressor(optimizer="gd", learning_rate=2 * 0.1)
    with pytest.warns(DivergenceWarning):
        for _ in range(500):
            model.partial_fit(*fifty_points)
            if model.stop_reason_ == "diverged":
                break
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_)


# One and two features, batch descent


def test_one_feature():
    rng = np.random.RandomState(42)
    x = 2 * rng.rand(100)
    model = descend(x[:, None], 4 + 3 * x + rng.randn(100) * 0.5, 0.1, 100)
    assert_prints_as(model.coef_[0], "2.9095527605")
    assert_prints_as(model.intercept_, "4.0798045054")
    assert_prints_as(mean_squared_errors(model)[-1], "0.2018786061")


def test_two_features():
    rng = np.random.RandomState(42)
    X = rng.randn(100, 2)
    model = descend(X, X @ [3, -2] + 5 + rng.randn(100) * 0.5, 0.1, 500)
    assert_prints_as(model.coef_[0], "3.0953601687")
    assert_prints_as(model.coef_[1], "-2.0860710515")
    assert_prints_as(model.intercept_, "5.0463966906")
    assert_prints_as(mean_squared_errors(model)[0], "32.5010583724")
    assert_prints_as(mean_squared_errors(model)[-1], "0.2775086702")


# Five features with the coefficients 1 to 5


@pytest.mark.parametrize("solver", ["batch", "stochastic", "mini-batch"])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
def test_five_features_find_the_true_coefficients(solver, optimizer):
    rng = np.random.RandomState(42)
    X = rng.randn(1000, 5)
    y = X @ [1, 2, 3, 4, 5] + rng.randn(1000) * 0.5
    model = GDRegressor(
        solver=solver,
        optimizer=optimizer,
        standardize=True,
        max_iter=40,
        tol=None,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_allclose(model.coef_, [1, 2, 3, 4, 5], atol=0.05)
