"""Backtracking: the first trial, what follows a failed one, and the cost."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress._objective import fused_pass
from gdregress._objective.cache import Cache
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress._solver.line_search import LineSearch, trial_by_distance
from gdregress.losses import Huber
from gdregress.penalties import NoPenalty


class Function:
    """A function of one variable as the searches see an objective; they tell what they tried."""

    rounding = 1e-16

    def __init__(self, value):
        self.value = value
        self.tried = []

    def recentre_for_value(self, point):
        """Nothing is expanded."""

    def loss_value(self, point):
        return float(self.value(point[0]))

    def trial_value(self, point, next_point):
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


@pytest.mark.parametrize("outputs", [(), (2,)])
@pytest.mark.parametrize("distance", [1.0, 30.0])
def test_the_first_trial_takes_the_predictions_as_far_as_they_have_to_go(outputs, distance):
    rng = np.random.RandomState(0)
    X, _ = np.linalg.qr(rng.normal(size=(400, 5)))  # columns without correlations
    X *= 20 * np.array([1, 1e-3, 1e3, 7, 0.1])
    y = rng.normal(size=(400, *outputs))
    objective = DataObjective(DesignMatrix(X, False), y, None, Huber(), NoPenalty())
    start = np.zeros((5, *outputs))
    rate = trial_by_distance(objective, start, distance)
    moved = X @ (rate * objective.gradient(start))
    assert_allclose(np.sqrt(np.sum(moved**2) / len(X)), distance)


def test_the_first_trial_where_there_is_no_way_to_go():
    design = DesignMatrix(np.ones((4, 1)), False)
    objective = DataObjective(design, np.zeros(4), None, Huber(), NoPenalty())
    assert trial_by_distance(objective, np.zeros(1), 1.0) == 1.0


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
        line_search.rate = 0.2
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

    def test_no_curvature_halves_more_than_a_failed_trial_would(self):
        """Near a saddle s.y / ||y||^2 is as small as the run is unlucky."""
        line_search = LineSearch(1.0)
        line_search.last = np.array([1.0, 0.0]), np.array([0.0, 0.0])
        point, grad = np.array([1.0 + 1e-6, 1.0]), np.array([1e-3, 1e-12])
        function = Function(lambda x: 0.0)
        line_search.search(function, point, grad, lambda rate: None)
        assert_allclose((1.0 + 1e-6 - function.tried[0]) / 1e-3, LineSearch.FALL)

    @pytest.mark.parametrize("dtype, size", [(np.float32, 1e-22), (np.float64, 1e-170)])
    def test_a_curvature_without_digits_is_passed_over(self, dtype, size):
        line_search = LineSearch(0.1)
        line_search.last = np.array([2.0], dtype=dtype), np.array([3 * size], dtype=dtype)
        point, grad = np.array([1.0], dtype=dtype), np.array([size], dtype=dtype)
        rate = line_search.search(Function(lambda x: 0.0), point, grad, lambda rate: None)
        assert rate in (0.1, 0.1 * LineSearch.GROW)

    def test_small_targets_in_single_precision(self):
        rng = np.random.RandomState(0)
        X = (rng.normal(size=(300, 5)) * [1, 0.3, 0.1, 0.03, 0.01]).astype(np.float32)
        y = (X @ rng.normal(size=5) * 1e-17).astype(np.float32)
        model = GDRegressor("huber", epsilon=1.0, optimizer="gd", max_iter=400)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert np.isfinite(model.fit(X, y).coef_).all()


class TestWhereTheFallIsLostInRounding:
    def test_a_rise_is_refused(self):
        """A first rate that is far too large is not taken because no fall can be seen."""
        function, tiny = Function(lambda x: 1 + parabola(x)), 1e-15
        rate, tried = search(LineSearch(1e15), function, tiny, CURVATURE * tiny)
        assert len(tried) > 1
        assert parabola(tiny - rate * CURVATURE * tiny) <= 1e-14

    def test_any_other_step_is_taken(self):
        rate, tried = search(LineSearch(0.2), Function(lambda x: 1 + parabola(x)), 1e-9, 1e-16)
        assert rate == 0.2 and len(tried) == 1

    @pytest.mark.parametrize("learning_rate", ["auto", "line-search"])
    @pytest.mark.parametrize("loss", ["squared_error", "huber", "log_cosh"])
    def test_residuals_of_a_fit_have_nothing_to_give(self, loss, learning_rate):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 3))
        y = X @ [1, 2, 3.0] + 0.2 * rng.normal(size=200)
        optimum = GDRegressor(loss, tol=1e-13, max_iter=5000).fit(X, y)
        residuals = y - optimum.predict(X)
        model = GDRegressor(loss, learning_rate=learning_rate).fit(X, residuals)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.history_["objective"], model.history_["objective"][0], rtol=1e-12)
        assert_allclose(model.coef_, 0, atol=1e-8)
        # under an automatic rate learners of a stream move with every row
        model.set_params(max_iter=1).partial_fit(X, residuals)
        assert_allclose(model.coef_, 0, atol=1e-8 if learning_rate == "line-search" else 1e-6)


class TestNoResiduals:
    """Where targets are met exactly, values are small differences of large numbers."""

    @pytest.mark.parametrize("scale", [1.0, 1e-5, 1e-9])
    def test_of_log_cosh(self, scale):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 3))
        y = scale * (X @ [1, 2, 3.0] + 0.2 * rng.normal(size=200))
        model = GDRegressor("log_cosh", tol=1e-6).fit(X, y)
        assert model.stop_reason_ == "tolerance" and model.n_iter_ < 30
        assert model.learning_rate_ > 0.1

    @pytest.mark.parametrize("scale", [1.0, 1000.0])
    @pytest.mark.parametrize("optimizer", ["gd", "nesterov"])
    @pytest.mark.parametrize("loss", ["poisson", "gamma"])
    def test_of_a_log_link(self, loss, optimizer, scale):
        rng = np.random.default_rng(0)
        X, coef = rng.normal(size=(500, 4)), [0.3, -0.2, 0.5, 0.1]
        y = scale * np.exp(X @ coef)
        model = GDRegressor(loss, optimizer=optimizer, tol=1e-11).fit(X, y)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, coef, rtol=1e-9)

    @pytest.mark.parametrize("y", [3.0, 7.0])
    @pytest.mark.parametrize("loss", ["poisson", "gamma"])
    def test_of_a_constant(self, loss, y):
        X = np.random.default_rng(0).normal(size=(200, 3))
        model = GDRegressor(loss).fit(X, np.full(200, y))
        assert model.stop_reason_ == "tolerance" and model.n_iter_ == 1
        assert_allclose(model.predict(X), y)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
@pytest.mark.parametrize("optimizer", ["gd", "nesterov"])
def test_the_step_that_ends_the_run_raises_nothing(optimizer, loss, penalty):
    """The curvature at the start says nothing of that at the minimum, far away."""
    rng = np.random.default_rng(0)
    X = rng.normal([2, 0, 0], size=(200, 3))
    y = 1e6 * (1 + rng.poisson(np.exp(0.3 * X @ [1, 0.5, -0.5])))
    if loss == "gamma":
        y = 1 / y
    model = GDRegressor(
        loss, optimizer=optimizer, penalty=penalty, alpha=1e-6, fit_intercept=False, max_iter=5000
    )
    objective = model.fit(X, y).history_["objective"]
    assert model.stop_reason_ == "tolerance"
    assert objective[-1] <= objective[-2] * (1 + 1e-12)


@pytest.mark.parametrize("start", [1e3, 1e5])
def test_a_start_far_away(start):
    """Where the loss is linear no curvature tells how far the way is."""
    rng = np.random.default_rng(0)
    X = rng.normal([0, 0, 0, 0, 3], size=(150, 5))
    y = X @ rng.normal(size=5) + rng.standard_t(2, size=150)
    far = GDRegressor("huber", tol=1e-6).fit(X, y, coef_init=np.full(5, start))
    near = GDRegressor("huber", tol=1e-6).fit(X, y)
    assert far.stop_reason_ == "tolerance" and far.n_iter_ < 300
    assert far.history_["learning_rate"][1] > 100
    assert_allclose(far.coef_, near.coef_, rtol=1e-4)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("start", [300.0, 340.0])
def test_a_start_whose_curvature_overflows(start):
    X = np.random.default_rng(0).normal(size=(100, 2))
    model = GDRegressor("poisson", max_iter=50).fit(X, np.ones(100), intercept_init=start)
    objective = model.history_["objective"]
    assert objective[-1] < objective[0]


def test_the_automatic_heavy_ball_does_not_depend_on_the_start_of_a_search():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(203, 4)) * [1, 3, 0.3, 1], rng.normal(size=203)
    given = {"optimizer": "momentum", "tol": 1e-8, "max_iter": 2000}
    searched = GDRegressor(learning_rate="line-search", **given).fit(X, y)
    automatic = GDRegressor(**given).fit(X, y)
    assert searched.momentum_ == automatic.momentum_
    assert searched.n_iter_ < 1.2 * automatic.n_iter_


class TestOtherData:
    """The difference of gradients on different data is no curvature."""

    @staticmethod
    def classes(n=2000, p=20):
        rng = np.random.RandomState(0)
        X = rng.normal(size=(n, p))
        return X, rng.uniform(size=n) < 1 / (1 + np.exp(-X @ rng.normal(size=p)))

    def test_rates_of_partial_fit_do_not_collapse(self):
        X, y = self.classes()
        model, rates = GDClassifier(penalty=None, learning_rate="line-search"), []
        for first in range(0, len(X), 50):
            rows = slice(first, first + 50)
            model.partial_fit(X[rows], y[rows], classes=[False, True])
            rates.append(model.learning_rate_)
        assert min(rates) > 0.3

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_rates_of_warm_starts_do_not_collapse(self):
        X, y = self.classes()
        model = GDClassifier(penalty=None, optimizer="nesterov", warm_start=True)
        model.set_params(max_iter=20, tol=None)
        for first in range(0, len(X), 500):
            model.fit(X[first : first + 500], y[first : first + 500])
            assert model.history_["learning_rate"][1] > 1


def test_a_gradient_in_a_buffer_of_the_caller():
    """Which it writes to again at the next call."""
    A, buffer = np.diag([1.0, 10.0, 100.0]), np.empty(3)
    results = [
        minimize(
            lambda x: x @ A @ x / 2,
            np.ones(3),
            jac=jac,
            optimizer="gd",
            learning_rate="line-search",
            max_iter=50,
            tol=None,
        )
        for jac in (lambda x: A @ x, lambda x: np.matmul(A, x, out=buffer))
    ]
    assert results[0].fun == results[1].fun


@pytest.mark.parametrize(
    "model, most",
    # it was 16, 27, 20 and 33 with halves alone, from the curvature at the start; each estimate of
    # what is left now costs a pass more, that of the gradient after a Newton step
    [
        (GDRegressor("huber", optimizer="nesterov", tol=1e-2), 12),
        (GDRegressor("huber", optimizer="nesterov", tol=1e-4, epsilon=0.03), 19),
        (GDRegressor("log_cosh", optimizer="nesterov", tol=1e-5), 15),
        (GDClassifier(optimizer="nesterov", tol=1e-5), 42),
    ],
    ids=["huber", "small epsilon", "log_cosh", "log_loss"],
)
def test_passes_over_the_data(model, most, monkeypatch):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(5000, 20))
    y = X @ rng.normal(size=20) + rng.standard_normal(5000)
    if isinstance(model, GDClassifier):
        y = y > 0
    passes, one_pass = [], fused_pass.fused_pass

    def counted(*args, **given):
        passes.append(args)
        return one_pass(*args, **given)

    monkeypatch.setattr(fused_pass, "fused_pass", counted)
    model.fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ < len(passes) <= most


class TestCache:
    def test_keeps_the_last_ones_asked_for(self):
        cache = Cache(2)
        first, second, third = np.array([1.0]), np.array([2.0]), np.array([3.0])
        assert cache.get(first) is None
        assert cache.keep(first, "first") == "first"
        cache.keep(second, "second")
        assert cache.get(first) == cache.last() == "first"
        cache.keep(third, "third")
        assert cache.get(second) is None
        assert cache.get(first) == "first" and cache.get(third) == "third"

    def test_other_arrays_of_the_same_numbers_will_do_unless_refused(self):
        cache, params = Cache(1), np.array([1.0, 2.0])
        cache.keep(params, 5.0)
        assert cache.get(params.copy()) == 5.0
        assert cache.get(params.copy(), by_numbers=False) is None
        assert cache.get(params, by_numbers=False) == 5.0
        assert cache.get(np.array([1.0, 3.0])) is None
