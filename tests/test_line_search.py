"""Backtracking: where a search begins, what follows a trial that fails, and what it costs."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress import GDClassifier, GDRegressor, look
from gdregress._recent import Recent
from gdregress.line_search import LineSearch


class Function:
    """A function of one variable as the searches see an objective; they tell what they tried."""

    rounding = 1e-16

    def __init__(self, value):
        self.value = value
        self.tried = []

    def loss_value(self, point):
        return float(self.value(point[0]))

    def trial_value(self, point, ahead):
        self.tried.append(point[0])
        return self.loss_value(point)

    @staticmethod
    def prox(point, rate):
        return point


def search(line_search, function, point, grad):
    """The rate from a point, and those that were tried on the way."""
    function.tried.clear()
    rate = line_search.search(function, np.array([point]), np.array([grad]), lambda rate: None)
    return rate, [(point - tried) / grad for tried in function.tried]


CURVATURE = 8.0


def parabola(x):
    return CURVATURE * x**2 / 2


class TestLineSearch:
    def test_the_second_trial_fits_the_curvature_of_the_first(self):
        rate, tried = search(LineSearch(0.5), Function(parabola), 1.0, CURVATURE)
        assert_allclose(tried, [0.5 * LineSearch.GROW, 1 / CURVATURE])
        assert rate == tried[-1]

    def test_no_trial_is_less_than_a_tenth_or_more_than_half_of_the_one_before(self):
        wall = Function(lambda x: abs(x) * 1e3)
        _, tried = search(LineSearch(1e6), wall, 1.0, 1e3)
        shares = np.divide(tried[1:], tried[:-1])
        assert len(shares) > 3
        assert shares.min() >= 0.1 * (1 - 1e-9) and shares.max() <= 0.5 * (1 + 1e-9)

    @pytest.mark.parametrize("nothing", [np.inf, np.nan])
    def test_where_the_function_ends_a_tenth_is_tried(self, nothing):
        ends = Function(lambda x: nothing if abs(x) > 1 else parabola(x))
        rate, tried = search(LineSearch(100.0), ends, 1.0, CURVATURE)
        assert_allclose(tried[:3], [110, 11, 1.1])
        assert parabola(1.0 - rate * CURVATURE) < parabola(1.0)

    def test_begins_with_the_curvature_just_passed(self):
        line_search = LineSearch(1e-3)
        search(line_search, Function(parabola), 2.0, 2 * CURVATURE)
        line_search.rate = 10.0
        rate, tried = search(line_search, Function(parabola), 1.0, CURVATURE)
        assert_allclose(tried, [1 / CURVATURE])
        assert rate == tried[0]

    def test_begins_a_little_above_the_last_rate_where_the_curvature_allows_more(self):
        line_search = LineSearch(1e-3)
        search(line_search, Function(parabola), 2.0, 2 * CURVATURE)
        _, tried = search(line_search, Function(parabola), 1.0, CURVATURE)
        assert_allclose(tried, [1e-3 * LineSearch.GROW**2])

    def test_begins_a_little_above_the_last_rate_where_there_is_no_curvature(self):
        line_search = LineSearch(0.1)
        line_search.last = np.array([2.0]), np.array([CURVATURE])  # the gradient has not changed
        _, tried = search(line_search, Function(parabola), 1.0, CURVATURE)
        assert_allclose(tried, [0.1 * LineSearch.GROW])


@pytest.mark.parametrize(
    "model, most",
    # without the curvature just passed and with halves alone it was 16, 27, 20 and 33
    [
        (GDRegressor("huber", tol=1e-2), 12),
        (GDRegressor("huber", tol=1e-4, epsilon=0.03), 23),
        (GDRegressor("log_cosh", tol=1e-5), 18),
        (GDClassifier(tol=1e-5), 30),
    ],
    ids=["huber", "small epsilon", "log_cosh", "log_loss"],
)
def test_passes_over_the_data(model, most, monkeypatch):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(5000, 20))
    y = X @ rng.normal(size=20) + rng.standard_normal(5000)
    if isinstance(model, GDClassifier):
        y = y > 0
    passes, real = [], look.look
    monkeypatch.setattr(look, "look", lambda *args: passes.append(args[4]) or real(*args))
    model.fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ < len(passes) <= most


class TestRecent:
    def test_keeps_the_last_ones_asked_for(self):
        recent = Recent(2)
        first, second, third = np.array([1.0]), np.array([2.0]), np.array([3.0])
        assert recent.get(first) is None
        assert recent.keep(first, "first") == "first"
        recent.keep(second, "second")
        assert recent.get(first) == recent.last() == "first"
        recent.keep(third, "third")
        assert recent.get(second) is None
        assert recent.get(first) == "first" and recent.get(third) == "third"

    def test_other_arrays_of_the_same_numbers_will_do_unless_refused(self):
        recent, params = Recent(1), np.array([1.0, 2.0])
        recent.keep(params, 5.0)
        assert recent.get(params.copy()) == 5.0
        assert recent.get(params.copy(), by_numbers=False) is None
        assert recent.get(params, by_numbers=False) == 5.0
        assert recent.get(np.array([1.0, 3.0])) is None
