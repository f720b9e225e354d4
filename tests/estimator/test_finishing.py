"""Runs with defaults end at the minimum, or say what is missing."""

import warnings
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import Quantile

SOLVERS = ["batch", "mini-batch", "stochastic"]


def fit(model, X, y, **given):
    """The fitted model, and whether it warned that it has not converged."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, **given)
    return model, any(issubclass(w.category, ConvergenceWarning) for w in caught)


def best_score(X, y):
    return LinearRegression().fit(X, y).score(X, y)


@cache
def ten_digits():
    """Ten classes of standardised columns, and scikit-learn's minimum under alpha = 1e-3."""
    X, y = load_digits(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    exact = LogisticRegression(C=1 / (len(y) * 1e-3), tol=1e-8, max_iter=10_000)
    with threadpool_limits(1):  # its many small products wait for threads that tests share
        return X, y, exact.fit(X, y)


class TestMeansOfColumns:
    """Far from zero, they are no progress of the fit."""

    def degrees(self):
        rng = np.random.default_rng(0)
        X = np.c_[rng.normal(-122.4, 0.05, 2000), rng.normal(37.77, 0.03, 2000)]
        noise = rng.normal(0, 0.05, 2000)
        return X, 13 - 2 * (X[:, 0] + 122.4) + 3 * (X[:, 1] - 37.77) + noise

    def dates(self):
        rng = np.random.default_rng(1)
        day = rng.normal(20200000, 5000, (2000, 1))
        return day, 1e4 + 0.1 * (day[:, 0] - 2.02e7) + rng.normal(0, 50, 2000)

    @pytest.mark.parametrize("data", ["degrees", "dates"])
    @pytest.mark.parametrize("solver", SOLVERS)
    def test_end_at_least_squares(self, data, solver):
        X, y = getattr(self, data)()
        model, _ = fit(GDRegressor(solver=solver, random_state=0), X, y)
        assert model.score(X, y) > best_score(X, y) - 1e-5
        assert model.stop_reason_ == "tolerance"


class TestColumnsThatAllButCancel:
    """Two columns differ by so little that the second moments of the columns cannot tell."""

    def columns(self, share):
        rng = np.random.default_rng(0)
        X, difference = rng.normal(size=(300, 5)), rng.normal(size=300)
        y = X[:, 1] + difference + 0.5 * rng.normal(size=300)
        twin = X[:, 0] + share * difference
        # what is stored differs from X by this, which spans the same predictions
        spread = np.c_[X, (twin - X[:, 0]) / share]
        return np.c_[X, twin], spread, y

    @pytest.mark.parametrize("share", [1e-3, 1e-5, 3e-6, 1e-6, 1e-8, 1e-10])
    @pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
    def test_end_at_least_squares(self, share, storage):
        X, spread, y = self.columns(share)
        model, warned = fit(GDRegressor(), storage(X), y)
        assert not warned and model.n_iter_ < 20
        assert_allclose(model.score(storage(X), y), best_score(spread, y), atol=1e-6)
        real = ((y - model.predict(storage(X))) ** 2).mean() / 2
        assert_allclose(model.loss_curve_[-1], real, rtol=1e-6)

    @pytest.mark.parametrize("share", [1e-6, 1e-10])
    def test_end_at_the_least_log_loss(self, share):
        X, spread, y = self.columns(share)
        model, warned = fit(GDClassifier(penalty=None), X, y > 0)
        assert not warned
        exact = GDClassifier(penalty=None, tol=1e-8).fit(spread, y > 0)
        assert_allclose(model.history_["loss"][-1], exact.history_["loss"][-1], rtol=1e-6)

    def test_columns_that_do_cancel_move_no_coefficient(self):
        X, _, y = self.columns(1e-3)
        model, warned = fit(GDRegressor(), np.c_[X[:, :5], X[:, :5].sum(axis=1)], y)
        assert not warned
        assert_allclose(
            model.score(np.c_[X[:, :5], X[:, :5].sum(axis=1)], y), best_score(X[:, :5], y)
        )
        assert np.abs(model.coef_).max() < 2

    def test_full_sets_of_indicators(self):
        rng = np.random.default_rng(1)
        labels = rng.integers(0, 8, size=(2000, 3)) + 8 * np.arange(3)
        X = sparse.csr_array((np.ones(6000), labels.ravel(), np.arange(0, 6001, 3)))
        y = X @ rng.normal(size=24) + rng.normal(size=2000)
        model, warned = fit(GDRegressor(), X, y)
        assert not warned and model.n_iter_ < 20
        assert_allclose(model.score(X, y), best_score(X.toarray(), y), rtol=1e-8)


class TestMeanOfTarget:
    """Nor is that of y."""

    def data(self, mean):
        X = np.random.default_rng(0).standard_normal((300, 5))
        return X, X @ [1, -2, 3, -1, 0.5] + mean

    @pytest.mark.parametrize("mean", [1e5, 1e6, 1e7])
    @pytest.mark.parametrize("standardize", [False, True])
    @pytest.mark.parametrize("solver", SOLVERS)
    def test_does_not_count_as_progress(self, mean, standardize, solver):
        X, y = self.data(mean)
        model = GDRegressor(solver=solver, standardize=standardize, random_state=0)
        model, _ = fit(model, X, y)
        assert model.score(X, y) > 1 - 1e-5
        assert model.converged_

    def test_as_the_start(self):
        X, y = self.data(1e7)
        model, _ = fit(GDRegressor(), X, y, intercept_init=y.mean())
        assert model.score(X, y) > 1 - 1e-5
        assert_allclose(model.coef_, [1, -2, 3, -1, 0.5], atol=1e-2)


class TestNeverMoved:
    """A run whose best epoch is its start has failed and says so."""

    @pytest.mark.parametrize(
        "settings",
        [
            {
                "loss": "absolute_error",
                "solver": "mini-batch",
                "optimizer": "adam",
                "learning_rate": 1000.0,
            },
            {
                "loss": "huber",
                "optimizer": "gd",
                "learning_rate": 0.01,
                "early_stopping": True,
            },
        ],
        ids=["absolute_error", "huber"],
    )
    def test_warns(self, settings):
        X, y = load_diabetes(return_X_y=True, scaled=False)
        model, warned = fit(GDRegressor(**settings, random_state=0), X, y)
        if not np.any(model.coef_):
            assert warned
            assert not model.converged_

    @pytest.mark.parametrize("seed", range(6))
    def test_rows_held_out_of_one_value_do_not_end_the_run(self, seed):
        y = np.r_[np.zeros(95), 5 * np.ones(5)]
        X = (y + 0.1 * np.random.default_rng(1).normal(size=100))[:, None]
        model, _ = fit(GDRegressor(early_stopping=True, random_state=seed), X, y)
        assert model.score(X, y) > 0.99


class TestPlateau:
    """The objective of noisy updates hardly changes: no proof of a minimum."""

    @pytest.mark.parametrize("solver", SOLVERS)
    def test_a_line_through_four_hundred_numbers(self, solver):
        x = np.arange(400.0)[:, None]
        model, _ = fit(GDRegressor(solver=solver, random_state=0), x, 4 * x[:, 0] + 3)
        assert_allclose(model.coef_, [4], rtol=1e-4)
        assert_allclose(model.intercept_, 3, rtol=1e-1)
        assert model.converged_

    @pytest.mark.parametrize("solver", SOLVERS)
    def test_one_raw_column(self, solver):
        rng = np.random.default_rng(0)
        wait = rng.normal(70, 13, (272, 1))
        y = -1.9 + 0.0756 * wait[:, 0] + rng.normal(0, 0.5, 272)
        model, _ = fit(GDRegressor(solver=solver, random_state=0), wait, y)
        assert model.score(wait, y) > best_score(wait, y) - 1e-5
        assert model.stop_reason_ == "tolerance"

    @pytest.mark.parametrize("solver", SOLVERS)
    def test_ten_digits(self, solver):
        X, y, exact = ten_digits()
        model = GDClassifier(alpha=1e-3, solver=solver, max_iter=300, random_state=0)
        model, _ = fit(model, X, y)
        losses = -exact.predict_log_proba(X)[np.arange(len(y)), y]
        best = losses.mean() + 1e-3 / 2 * np.sum(exact.coef_**2)
        assert model.loss_curve_[-1] < best + 1e-4 * (np.log(10) - best)
        assert abs(model.score(X, y) - exact.score(X, y)) < 2e-3


@pytest.mark.parametrize("early_stopping", [False, True])
def test_probabilities_of_a_rare_class(early_stopping):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 6))
    y = (rng.random(40_000) < 1 / (1 + np.exp(6.5 - X @ [1, -1, 0.5, 0, 0, 0.0]))).astype(int)
    model = GDClassifier(early_stopping=early_stopping, random_state=0)
    model, _ = fit(model, X, y)
    # at the minimum they are right on average; the epoch that is kept is that which 18 held-out
    # rows of the class like best, and their number alone has a standard error of 24 %
    rtol = 0.15 if early_stopping else 1e-4
    assert_allclose(model.predict_proba(X)[:, 1].mean(), y.mean(), rtol=rtol)


class TestBatchesOfKinks:
    """Subgradients of batches rest near the minimum; the run goes on over all rows to its end."""

    def regression(self):
        return load_diabetes(return_X_y=True, scaled=False)

    def classes(self):
        X, y = load_breast_cancer(return_X_y=True)
        return X[::2], y[::2]

    def three_classes(self):
        return load_iris(return_X_y=True)

    MODELS = {
        "absolute_error": ("regression", lambda **k: GDRegressor("absolute_error", **k)),
        "quantile": ("regression", lambda **k: GDRegressor(Quantile(0.9), **k)),
        "epsilon_insensitive": (
            "regression",
            lambda **k: GDRegressor("epsilon_insensitive", penalty="l1", alpha=0.1, **k),
        ),
        "hinge": ("classes", lambda **k: GDClassifier("hinge", **k)),
        "hinge of three": ("three_classes", lambda **k: GDClassifier("hinge", **k)),
    }

    @pytest.mark.parametrize("name", MODELS)
    @pytest.mark.parametrize("solver", ["mini-batch", "stochastic"])
    def test_end_at_the_minimum(self, name, solver):
        data, make = self.MODELS[name]
        X, y = getattr(self, data)()
        exact = make().fit(X, y)
        model, warned = fit(make(solver=solver, random_state=0), X, y)
        assert model.stop_reason_ == "tolerance" and not warned
        assert_allclose(
            model.history_["objective"][-1], exact.history_["objective"][-1], rtol=1e-6
        )
        assert np.diff(model.history_["t"])[0] > 1  # it began with batches

    @pytest.mark.parametrize(
        "settings", [{"learning_rate": 0.01}, {"optimizer": "adam"}, {"tol": None, "max_iter": 60}]
    )
    def test_not_where_something_else_was_asked_for(self, settings):
        X, y = self.classes()
        model, _ = fit(GDClassifier("hinge", solver="mini-batch", **settings), X, y)
        assert not (np.diff(model.history_["t"]) == 1).any()  # no epoch of a single update

    def test_rows_to_validate_on_change_nothing(self):
        X, y = self.classes()
        alone = GDClassifier("hinge", solver="mini-batch", random_state=0)
        model = clone(alone).fit(X, y, X_val=X[:50], y_val=y[:50])
        assert model.stop_reason_ == "tolerance"
        assert np.array_equal(model.coef_, alone.fit(X, y).coef_)

    def test_the_same_again(self):
        X, y = self.classes()
        one, two = (
            GDClassifier("hinge", solver="mini-batch", random_state=0).fit(X, y) for _ in range(2)
        )
        assert one.n_iter_ == two.n_iter_ and np.array_equal(one.coef_, two.coef_)

    def test_a_callback_may_end_it(self):
        X, y = self.classes()
        model = GDClassifier("hinge", solver="mini-batch", random_state=0)
        whole = clone(model).fit(X, y).n_iter_
        model.set_callbacks(lambda row: row["epoch"] == whole - 2).fit(X, y)
        assert model.n_iter_ == whole - 2 and model.stop_reason_ == "callback"


class TestBatchesOfSeveralPredictions:
    """Classes whose curvatures are far apart: one rate serves none, so all rows end the run."""

    @pytest.mark.parametrize("solver", ["mini-batch", "stochastic"])
    @pytest.mark.parametrize("load", [load_iris, load_wine])
    def test_end_at_the_minimum(self, load, solver):
        X, y = load(return_X_y=True)
        exact = GDClassifier("squared_hinge", tol=1e-6).fit(X, y)
        model, warned = fit(GDClassifier("squared_hinge", solver=solver, random_state=0), X, y)
        assert model.stop_reason_ == "tolerance" and not warned
        left = model.history_["objective"][-1] / exact.history_["objective"][-1] - 1
        assert left < 1e-5
        assert np.diff(model.history_["t"])[0] > 1  # it began with batches

    def test_all_epochs_are_of_batches_where_all_are_asked_for(self):
        X, y = load_iris(return_X_y=True)
        model = GDClassifier("squared_hinge", solver="mini-batch", tol=None, max_iter=120)
        model.fit(X, y)
        assert not (np.diff(model.history_["t"]) == 1).any()


@pytest.mark.parametrize(
    "chosen",
    [
        *({"optimizer": name} for name in ("momentum", "nesterov", "adam")),
        *({"optimizer": name} for name in ("gd", "rmsprop", "adagrad")),
        {"momentum": 0.9},
    ],
)
@pytest.mark.parametrize("solver", ["mini-batch", "batch"])
def test_a_named_optimizer_ends_at_the_minimum(chosen, solver):
    X, y = load_diabetes(return_X_y=True, scaled=False)
    model, warned = fit(GDRegressor(solver=solver, random_state=0, **chosen), X, y)
    assert model.stop_reason_ == "tolerance" and not warned
    assert model.score(X, y) > best_score(X, y) - 1e-6
