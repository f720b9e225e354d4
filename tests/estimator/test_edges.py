"""Extreme settings, each of which gave a wrong result once."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from gdregress import GDRegressor
from gdregress.penalties import Box, Penalty
from gdregress.schedules import Adaptive, Schedule


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.randn(200, 5)
    return X, X @ [1.0, -2.0, 0.0, 0.0, 0.5] + 1 + 0.1 * rng.randn(200)


def test_a_quiet_target_does_not_hide_behind_a_loud_one(data):
    X = data[0] * [10, 1, 1, 1, 0.5]
    Y = np.column_stack([1e6 * X[:, 0], X[:, 4]])
    model = GDRegressor(fit_intercept=False).fit(X, Y)
    assert model.converged_
    assert_allclose(model.coef_[1], [0, 0, 0, 0, 1], atol=1e-3)


@pytest.mark.parametrize("optimizer", ["gd", "nesterov", "adam"])
def test_a_box_without_zero(optimizer, data):
    model = GDRegressor(penalty=Box(0.5, 2), optimizer=optimizer).fit(*data)
    assert_allclose(model.coef_, [1, 0.5, 0.5, 0.5, 0.5], atol=0.15)
    assert model.coef_.min() >= 0.5


def test_warm_start_under_another_schedule_forgets_the_old_rate(data):
    X, y = data
    model = GDRegressor(
        solver="mini-batch", optimizer="gd", schedule="adaptive", learning_rate=0.1,
        warm_start=True, random_state=0,
    ).fit(X, y)  # fmt: skip
    model.set_params(schedule="constant", learning_rate=0.01).fit(X, y + 3)
    assert model.score(X, y + 3) > 0.99


def test_warm_start_without_the_early_stopping_of_before(data):
    model = GDRegressor(
        solver="mini-batch", schedule="adaptive", early_stopping=True, warm_start=True
    ).fit(*data)
    assert model.set_params(early_stopping=False).fit(*data).score(*data) > 0.99


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_schedule_of_the_run_begins_anew_with_the_next_run(data):
    model = GDRegressor(
        solver="mini-batch", schedule="cosine", learning_rate=0.1, max_iter=5, tol=None,
        warm_start=True, random_state=0,
    ).fit(*data)  # fmt: skip
    first = model.history_["learning_rate"][1]
    assert model.fit(*data).history_["learning_rate"][1] == pytest.approx(first)


class Early(Schedule):
    """A schedule that only takes numbers."""

    def __call__(self, count):
        return 1.0 if count < 10 else 0.1


@pytest.mark.parametrize("solver", ["batch", "stochastic", "mini-batch"])
def test_a_schedule_of_ones_own(solver, data):
    model = GDRegressor(solver=solver, schedule=Early(), max_iter=20, tol=None, random_state=0)
    assert model.fit(*data).score(*data) > 0.9


@pytest.mark.parametrize("solver", ["batch", "stochastic"])
@pytest.mark.parametrize("factor", [np.nan, -1.0, np.inf])
def test_a_schedule_that_makes_no_sense_is_refused(factor, solver, data):
    model = GDRegressor(solver=solver, schedule=lambda count: factor)
    with pytest.raises(ValueError, match="'schedule' parameter must be"):
        model.fit(*data)


def test_no_tolerance_and_a_plateau_that_has_stalled(data):
    X, y = data
    A = np.column_stack([X, np.ones(200)])
    nothing_left = y - A @ np.linalg.lstsq(A, y)[0]
    model = GDRegressor(
        solver="stochastic", tol=None, optimizer="gd", random_state=0,
        schedule=Adaptive(smallest=0.3, patience=1),
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert np.isfinite(model.fit(X, nothing_left).coef_).all()


def test_initial_coefficients_in_the_wrong_shape_are_refused(data):
    X = data[0]
    Y = X[:, :3]
    model = GDRegressor().fit(X, Y)
    GDRegressor().fit(X, Y, coef_init=model.coef_)
    with pytest.raises(ValueError, match=r"coef_init .* shape \(3, 5\)"):
        GDRegressor().fit(X, Y, coef_init=model.coef_.T)


def test_initial_coefficients_leave_the_intercept_of_a_log_link(data):
    X, y = data
    model = GDRegressor(loss="poisson", max_iter=1, tol=None)
    start = model.fit(X, np.exp(y)).history_["objective"][0]
    given = model.fit(X, np.exp(y), coef_init=np.zeros(5)).history_["objective"][0]
    assert given == start


def test_partial_fit_stores_and_prints(data, capsys):
    model = GDRegressor(store_path=True, verbose=2, solver="mini-batch", random_state=0)
    for _ in range(3):
        model.partial_fit(*data)
    assert len(model.history_) == len(model.history_.coef) == 4
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_partial_fit_weighs_its_rows_against_those_of_fit(data):
    X, y = data
    coefs = []
    for weight in (1.0, 100.0):
        model = GDRegressor(solver="mini-batch", random_state=0, max_iter=3, tol=None)
        model.fit(X, y, sample_weight=np.ones(200))
        coefs.append(model.partial_fit(X, 2 * y, sample_weight=np.full(200, weight)).coef_)
    assert not np.array_equal(*coefs)


@pytest.mark.parametrize("dtype, scale", [(np.float64, 1e-170), (np.float32, 1e-23)])
def test_tiny_targets_are_fitted(dtype, scale, data):
    X, y = data[0].astype(dtype), (scale * data[1]).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = GDRegressor().fit(X, y)
    assert_allclose(model.coef_ / scale, [1, -2, 0, 0, 0.5], atol=0.05)


def test_large_means_in_a_sparse_matrix(data):
    X, y = data[0].copy(), data[1]
    X[:, 0] += 1e6
    dense = GDRegressor(standardize=True).fit(X, y)
    same = GDRegressor(standardize=True).fit(sparse.csr_array(X), y)
    assert_allclose(same.coef_, dense.coef_, atol=1e-3)


def test_a_component_that_lacks_a_method_says_so():
    class NoProx(Penalty):
        def value(self, w):
            return 0.0

    with pytest.raises(TypeError, match="prox"):
        NoProx()


def test_targets_beyond_the_range_of_float32(data):
    X, y = data
    with pytest.raises(ValueError, match="range of float32"):
        GDRegressor().fit(X.astype(np.float32), 1e60 * y)


def test_partial_fit_goes_on_under_another_learning_rate(data):
    model = GDRegressor(solver="mini-batch", learning_rate=1e-3, random_state=0)
    model.partial_fit(*data).set_params(learning_rate="auto")
    assert model.partial_fit(*data).learning_rate_ != 1e-3


def test_a_heavy_row_in_partial_fit_is_stable(data):
    X, y = data
    model = GDRegressor(random_state=0, optimizer="gd", solver="stochastic").partial_fit(X, y)
    for _ in range(20):
        model.partial_fit(X[:1], y[:1], sample_weight=[1000.0])
    assert abs(model.predict(X[:1])[0] - y[0]) < 0.5
    assert np.abs(model.coef_).max() < 5
