"""The attributes of a fitted model."""

import numpy as np
import pandas as pd
import pytest
from components import OVER_ALL_ROWS
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError, UndefinedMetricWarning
from sklearn.linear_model import LinearRegression
from sklearn.metrics import d2_tweedie_score, r2_score

from gdregress import DivergenceWarning, GDRegressor
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FITTED = {
    "coef_",
    "intercept_",
    "n_iter_",
    "t_",
    "n_features_in_",
    "learning_rate_",
    "momentum_",
    "converged_",
    "stop_reason_",
    "loss_curve_",
    "history_",
}
COLUMNS = [
    "epoch",
    "t",
    "objective",
    "loss",
    "penalty",
    "gradient_norm",
    "gap",
    "learning_rate",
    "seconds",
]


def make_data(n=40, p=3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.linspace(1, -2, p) + 1 + 0.5 * rng.normal(size=n)


def scaled(X):
    """The columns in which a run under an automatic rate descends, and that of the intercept."""
    return np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(X))])


@pytest.mark.parametrize("solver", SAMPLERS)
@pytest.mark.parametrize("optimizer", OVER_ALL_ROWS)
def test_all_of_them_and_their_types(optimizer, solver):
    X, y = make_data()
    given = {"learning_rate": 0.01, "max_iter": 4, "tol": None}
    model = GDRegressor(solver=solver, optimizer=optimizer, **given).fit(X, y)
    assert {name for name in vars(model) if name.endswith("_") and name[0] != "_"} == FITTED
    assert model.coef_.shape == (3,)
    assert type(model.intercept_) is float
    assert type(model.n_iter_) is int and model.n_iter_ == 4
    assert type(model.t_) is int
    assert model.t_ == 4 * SAMPLERS[solver]().updates_per_epoch(40)
    assert type(model.learning_rate_) is float and model.learning_rate_ > 0
    assert type(model.converged_) is bool
    assert type(model.loss_curve_) is list
    assert all(type(value) is float for value in model.loss_curve_)


def test_of_early_stopping_and_names():
    X, y = make_data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = GDRegressor(early_stopping=True).fit(frame, y)
    extra = {"validation_scores_", "feature_names_in_"}
    assert {
        name for name in vars(model) if name.endswith("_") and name[0] != "_"
    } == FITTED | extra


def test_none_before_fit():
    model = GDRegressor()
    assert not [name for name in vars(model) if name.endswith("_")]
    for call in (
        lambda: model.predict([[1.0]]),
        lambda: model.score([[1.0]], [1.0]),
        model.to_sklearn,
    ):
        with pytest.raises(NotFittedError):
            call()


class TestRateAndMomentum:
    def test_a_given_rate_is_kept(self):
        assert (
            GDRegressor(learning_rate=0.123, max_iter=3).fit(*make_data()).learning_rate_ == 0.123
        )

    def test_the_automatic_rate_is_one_over_the_curvature(self):
        X, y = make_data()
        expected = len(y) / np.linalg.norm(scaled(X), 2) ** 2
        model = GDRegressor(optimizer="gd").fit(X, y)
        assert_allclose(model.learning_rate_, expected, rtol=1e-9)

    def test_the_rate_is_that_before_the_schedule(self):
        model = GDRegressor(learning_rate=0.1, schedule="exponential", max_iter=30, tol=None)
        model.fit(*make_data())
        assert model.learning_rate_ == 0.1
        assert_allclose(model.history_["learning_rate"][-1], 0.1 * 0.95**29)

    @pytest.mark.parametrize(
        "parameters, expected",
        [
            ({"momentum": 0.3}, 0.3),
            ({}, "auto"),
            ({"solver": "stochastic"}, None),
            ({"solver": "mini-batch"}, None),
            ({"solver": "stochastic", "optimizer": "nesterov"}, 0.9),
            ({"solver": "mini-batch", "learning_rate": 0.01}, 0.9),
            ({"optimizer": "gd"}, None),
            ({"optimizer": "adam"}, None),
            ({"optimizer": "momentum", "momentum": 0.0}, 0.0),
            ({"optimizer": "momentum", "solver": "mini-batch"}, 0.9),
            ({"optimizer": "momentum", "loss": "huber"}, 0.9),
        ],
        ids=str,
    )
    def test_momentum(self, parameters, expected):
        model = GDRegressor(max_iter=3, **parameters).fit(*make_data())
        assert model.momentum_ == expected

    def test_optimal_momentum_where_the_curvatures_are_known(self):
        X, y = make_data()
        A = scaled(X)
        smallest, largest = np.linalg.eigvalsh(A.T @ A / len(y))[[0, -1]]
        model = GDRegressor(optimizer="momentum").fit(X, y)
        assert_allclose(model.learning_rate_, 1 / largest, rtol=1e-9)
        assert_allclose(model.momentum_, (1 - np.sqrt(smallest / largest)) ** 2, rtol=1e-6)


@pytest.mark.parametrize(
    "reason, parameters",
    [
        ("tolerance", {}),
        ("tolerance", {"solver": "stochastic"}),
        ("tolerance", {"loss": "absolute_error"}),
        ("plateau", {"early_stopping": True}),
        ("plateau", {"loss": "absolute_error", "learning_rate": 0.1, "max_iter": 5000}),
        ("max_iter", {"max_iter": 2, "learning_rate": 0.01}),
        ("max_iter", {"max_iter": 2, "tol": None}),
    ],
    ids=str,
)
def test_stop_reason(reason, parameters):
    model = GDRegressor(random_state=0, **parameters).fit(*make_data())
    assert model.stop_reason_ == reason
    assert model.converged_ == (reason == "tolerance")


def test_stop_reason_of_a_divergence():
    with pytest.warns(DivergenceWarning):
        model = GDRegressor(learning_rate=100.0).fit(*make_data())
    assert model.stop_reason_ == "diverged" and not model.converged_


class TestHistory:
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_one_row_per_epoch_and_the_start(self, solver):
        X, y = make_data()
        given = {"learning_rate": 0.01, "max_iter": 5, "tol": None, "random_state": 0}
        model = GDRegressor(solver=solver, **given).fit(X, y)
        history = model.history_
        assert len(history) == 6
        assert history.columns() == COLUMNS
        assert history["epoch"] == [0, 1, 2, 3, 4, 5]
        assert history["t"] == [epoch * model.t_ // 5 for epoch in range(6)]
        assert model.loss_curve_ == history["objective"][1:]
        assert np.all(np.diff(history["seconds"]) >= 0)
        assert_allclose(history["objective"][0], np.mean(y**2) / 2, rtol=1e-12)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_objective_is_that_at_the_end_of_the_epoch(self, solver):
        X, y = make_data()
        model = GDRegressor(
            solver=solver, penalty="l1", alpha=0.2, max_iter=5, tol=None, store_path=True
        ).fit(X, y)
        history = model.history_
        for row, (coef, intercept) in enumerate(zip(history.coef, history.intercept, strict=True)):
            loss = np.mean((X @ coef + intercept - y) ** 2) / 2
            assert_allclose(history["loss"][row], loss, rtol=1e-10)
            assert_allclose(history["penalty"][row], 0.2 * np.abs(coef).sum(), rtol=1e-10)
            assert_allclose(
                history["objective"][row], history["loss"][row] + history["penalty"][row]
            )

    def test_path_begins_at_the_start_and_ends_at_the_model(self):
        X, y = make_data()
        model = GDRegressor(standardize=True, max_iter=5, tol=None, store_path=True).fit(X, y)
        assert len(model.history_.coef) == len(model.history_.intercept) == 6
        assert_array_equal(model.history_.coef[0], np.zeros(3))
        assert_array_equal(model.history_.coef[-1], model.coef_)
        assert model.history_.intercept[-1] == model.intercept_

    def test_no_path_unless_asked_for(self):
        model = GDRegressor(max_iter=3).fit(*make_data())
        assert model.history_.coef == model.history_.intercept == []

    def test_to_frame(self):
        model = GDRegressor(max_iter=5, tol=None).fit(*make_data())
        frame = model.history_.to_frame()
        assert frame.index.name == "epoch"
        assert list(frame.columns) == COLUMNS[1:]
        assert frame["objective"].tolist() == model.history_["objective"]

    def test_to_frame_without_pandas_says_what_to_install(self, monkeypatch):
        def missing(name):
            raise ImportError(name)

        model = GDRegressor(max_iter=3).fit(*make_data())
        monkeypatch.setattr("gdregress._solver.history.import_module", missing)
        with pytest.raises(ImportError, match="pip install pandas"):
            model.history_.to_frame()

    def test_repr_is_a_short_table(self):
        model = GDRegressor(max_iter=50, tol=None).fit(*make_data())
        lines = repr(model.history_).splitlines()
        assert lines[0].startswith("History of 50 epochs")
        assert lines[1].split()[:3] == ["epoch", "t", "objective"]
        assert "validation_score" not in lines[1]
        assert len(lines) == 2 + 5 + 1 + 5

    def test_values_are_numbers_of_python(self):
        X, y = make_data()
        model = GDRegressor(max_iter=3).fit(X.astype(np.float32), y)
        for name in COLUMNS:
            kinds = {type(value) for value in model.history_[name]}
            assert kinds <= {int, float, type(None)}


class TestToSklearn:
    @pytest.mark.parametrize("fit_intercept", [True, False])
    @pytest.mark.parametrize("n_targets", [1, 2])
    def test_predicts_the_same(self, n_targets, fit_intercept):
        X, y = make_data()
        frame = pd.DataFrame(X, columns=["a", "b", "c"])
        target = y if n_targets == 1 else np.column_stack([y, -y])
        model = GDRegressor(fit_intercept=fit_intercept).fit(frame, target)
        linear = model.to_sklearn()
        assert type(linear) is LinearRegression
        assert_array_equal(linear.coef_, model.coef_)
        assert_array_equal(linear.predict(frame), model.predict(frame))
        assert_array_equal(linear.feature_names_in_, ["a", "b", "c"])
        assert linear.n_features_in_ == 3

    def test_is_a_copy(self):
        model = GDRegressor().fit(*make_data())
        model.to_sklearn().coef_[:] = 0
        assert (model.coef_ != 0).all()


class TestScore:
    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
    def test_is_r2(self, loss, weighted):
        X, y = make_data()
        weights = np.linspace(0, 3, len(y)) if weighted else None
        model = GDRegressor(loss, max_iter=20).fit(X, y)
        expected = r2_score(y, model.predict(X), sample_weight=weights)
        assert_allclose(model.score(X, y, weights), expected, rtol=1e-12)
        assert type(model.score(X, y, weights)) is float

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("loss, power", [("poisson", 1), ("gamma", 2)])
    def test_is_d2_under_a_log_link(self, loss, power, weighted):
        X, y = make_data()
        y = np.exp(y / 3)
        if loss == "poisson":
            y[::4] = 0
        weights = np.linspace(0, 3, len(y)) if weighted else None
        model = GDRegressor(loss).fit(X, y)
        expected = d2_tweedie_score(y, model.predict(X), sample_weight=weights, power=power)
        assert_allclose(model.score(X, y, weights), expected, rtol=1e-9)

    @pytest.mark.parametrize("weighted", [False, True])
    def test_of_several_targets_is_their_mean(self, weighted):
        X, y = make_data()
        Y = np.column_stack([y, 10 * y**2])
        weights = np.linspace(0, 3, len(y)) if weighted else None
        model = GDRegressor().fit(X, Y)
        expected = r2_score(Y, model.predict(X), sample_weight=weights)
        assert_allclose(model.score(X, Y, weights), expected, rtol=1e-12)

    def test_of_sparse(self):
        X, y = make_data()
        model = GDRegressor().fit(X, y)
        assert_allclose(model.score(sparse.csc_array(X), y), model.score(X, y), rtol=1e-12)

    def test_of_a_constant_target(self):
        X, y = make_data()
        model = GDRegressor(max_iter=3).fit(X, y)
        ones = np.ones(len(y))
        assert model.score(X, ones) == r2_score(ones, model.predict(X)) == 0.0

    def test_of_one_row_is_not_defined(self):
        X, y = make_data()
        model = GDRegressor().fit(X, y)
        with pytest.warns(UndefinedMetricWarning):
            assert np.isnan(model.score(X[:1], y[:1]))


def test_predict_is_the_linear_function():
    X, y = make_data()
    model = GDRegressor().fit(X, y)
    assert_allclose(model.predict(X), X @ model.coef_ + model.intercept_, rtol=1e-14)
    counts = GDRegressor("poisson").fit(X, np.exp(y))
    assert_allclose(counts.predict(X), np.exp(X @ counts.coef_ + counts.intercept_), rtol=1e-12)
