"""A learning rate that is too large ends the run early, with a warning and a remedy."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from components import OVER_ALL_ROWS
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import DivergenceWarning, GDClassifier, GDRegressor
from gdregress.losses import LOSSES
from gdregress.samplers import SAMPLERS

NAMES = ["quiet", "loud", "small"]
LIMITS = {
    "gd": lambda L, m: 2 / L,
    "momentum": lambda L, m: 2 * (1 + m) / L,
    "nesterov": lambda L, m: (2 + 2 * m) / ((1 + 2 * m) * L),
}
LOUD_COLUMN = (1.0, 100.0, 0.1)
NUMBER = r"(\d+(?:\.\d+)?(?:e[-+]\d+)?)"


def make_data(sizes=LOUD_COLUMN, n=80):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3)) * sizes
    return X, X @ (1 / np.array(sizes)) + 1 + 0.1 * rng.normal(size=n)


def largest_curvature(X, weights=None):
    A = np.column_stack([X, np.ones(len(X))])
    weights = np.ones(len(X)) if weights is None else weights
    return np.linalg.eigvalsh(A.T @ (weights[:, None] * A) / weights.sum())[-1]


def fit_and_catch(model, X, y, **given):
    """The text of the DivergenceWarning of a fit, None where there is none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, **given)
    texts = [str(w.message) for w in caught if issubclass(w.category, DivergenceWarning)]
    assert len(texts) <= 1
    return texts[0] if texts else None


@pytest.mark.parametrize("momentum", [0.3, 0.9])
@pytest.mark.parametrize("optimizer", LIMITS)
class TestStableLimit:
    def model(self, optimizer, momentum, rate):
        given = {} if optimizer == "gd" else {"momentum": momentum}
        return GDRegressor(optimizer=optimizer, learning_rate=rate, max_iter=500, **given)

    def test_above_it_the_run_diverges_and_names_it(self, optimizer, momentum):
        X, y = make_data()
        limit = LIMITS[optimizer](largest_curvature(X), momentum)
        model = self.model(optimizer, momentum, 1.05 * limit)
        text = fit_and_catch(model, X, y)
        assert model.stop_reason_ == "diverged"
        assert not model.converged_
        rate = re.search(rf"learning rate was {NUMBER}", text)[1]
        stated = re.search(rf"largest stable one for \w+ on these data is {NUMBER}", text)[1]
        assert_allclose(float(rate), 1.05 * limit, rtol=1e-3)
        assert_allclose(float(stated), limit, rtol=2e-3)

    def test_below_it_the_run_does_not_diverge(self, optimizer, momentum):
        X, y = make_data()
        limit = LIMITS[optimizer](largest_curvature(X), momentum)
        model = self.model(optimizer, momentum, 0.95 * limit)
        assert fit_and_catch(model, X, y) is None
        assert model.stop_reason_ != "diverged"
        assert model.loss_curve_[-1] < 0.9 * model.history_["objective"][0]

    def test_knows_the_weights(self, optimizer, momentum):
        X, y = make_data()
        weights = np.where(np.abs(X[:, 1]) > 100, 20.0, 0.1)
        limit = LIMITS[optimizer](largest_curvature(X, weights), momentum)
        model = self.model(optimizer, momentum, 1.05 * limit)
        text = fit_and_catch(model, X, y, sample_weight=weights)
        assert_allclose(float(re.search(rf"data is {NUMBER}", text)[1]), limit, rtol=2e-3)


@pytest.mark.parametrize("loss, factor", [("huber", 1), ("squared_epsilon_insensitive", 2)])
def test_limit_knows_the_curvature_of_the_loss(loss, factor):
    X, y = make_data()
    limit = 2 / (factor * largest_curvature(X))
    model = GDRegressor(loss, optimizer="gd", learning_rate=100 * limit)
    text = fit_and_catch(model, X, 10 * y)
    assert_allclose(float(re.search(rf"data is about {NUMBER}", text)[1]), limit, rtol=2e-3)


class TestMessage:
    def diverge(self, factor=4.0, data=None, **parameters):
        X, y = data or make_data()
        limit = 2 / largest_curvature(X)
        model = GDRegressor(optimizer="gd", learning_rate=factor * limit, **parameters)
        return model, fit_and_catch(model, pd.DataFrame(X, columns=NAMES), y)

    def test_is_a_convergence_warning_at_the_line_of_the_caller(self):
        X, y = make_data()
        with pytest.warns(DivergenceWarning) as caught:
            GDRegressor(learning_rate=1.0).fit(X, y)
        assert caught[0].filename == __file__

    def test_names_the_estimator_and_the_epoch(self):
        model, text = self.diverge()
        assert text.startswith("GDRegressor diverged: in epoch")
        assert f"in epoch {model.n_iter_} the objective is" in text

    @pytest.mark.parametrize("factor", [1.5, 2.0, 4.0])
    def test_growth_is_that_of_the_steepest_direction(self, factor):
        X, _ = make_data()
        _, text = self.diverge(factor, data=(X, X[:, 1]))
        growth = float(re.search(rf"growing {NUMBER}-fold per epoch", text)[1])
        assert_allclose(growth, (1 - 2 * factor) ** 2, rtol=0.05)

    def test_names_the_columns_that_dominate(self):
        _, text = self.diverge()
        assert "The steepest direction is made of loud (100%)." in text

    def test_names_columns_without_names_by_number(self):
        X, y = make_data()
        text = fit_and_catch(GDRegressor(learning_rate=1.0), X, y)
        assert "made of x1 (100%)" in text

    def test_names_several_columns_and_their_shares(self):
        rng = np.random.RandomState(0)
        shared = rng.normal(size=80)
        X = np.column_stack([3 * shared, 4 * shared, rng.normal(size=80)])
        _, text = self.diverge(data=(X, shared))
        shares = dict(re.findall(r"(\w+) \((\d+)%\)", text))
        assert_allclose([int(shares["quiet"]), int(shares["loud"])], [36, 64], atol=2)
        assert "small" not in shares

    def test_names_the_intercept_where_it_dominates(self):
        X, y = make_data(sizes=(0.1, 0.1, 0.1))
        _, text = self.diverge(data=(X, y))
        assert "made of the intercept (100%)" in text

    def test_condition_number(self):
        X, _ = make_data()
        _, text = self.diverge()
        A = np.column_stack([X, np.ones(80)])
        stated = re.search(rf"number of X'X is {NUMBER} \(of X {NUMBER}\)", text).groups()
        assert_allclose(float(stated[0]), np.linalg.cond(A) ** 2, rtol=0.01)
        assert_allclose(float(stated[1]), np.linalg.cond(A), rtol=0.01)

    @pytest.mark.parametrize("epochs", [0, 7, 10])
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_names_the_epoch_that_is_kept(self, epochs, early_stopping):
        X, y = make_data(sizes=(1.0, 1.0, 1.0))
        model = GDRegressor(
            optimizer="gd",
            learning_rate=0.1,
            schedule=lambda count: 1.0 + (count >= epochs) * 1e4,
            early_stopping=early_stopping,
            store_path=True,
            random_state=0,
        )
        text = fit_and_catch(model, X, y)
        stated, value = re.search(rf"epoch (\d+) \(objective {NUMBER}\) are kept", text).groups()
        assert int(stated) == epochs
        assert_array_equal(model.coef_, model.history_.coef[epochs])
        assert_allclose(float(value), model.history_["objective"][epochs], rtol=1e-3)

    def test_counts_epochs_on_over_a_warm_start(self):
        X, y = make_data()
        model = GDRegressor(warm_start=True, tol=None, max_iter=4).fit(X, y)
        text = fit_and_catch(model.set_params(learning_rate=1.0, max_iter=99), X, y)
        assert f"the parameters of epoch {model.history_['epoch'][0]} " in text

    def test_adaptive_rules_have_no_limit_to_state(self):
        X, y = make_data()
        model = GDRegressor(optimizer="adam", learning_rate=1e200)
        text = fit_and_catch(model, X, y)
        assert "largest stable one" not in text
        assert np.isfinite(model.coef_).all()


def advised(text):
    """The settings of the last line, as it is pasted."""
    last = text.splitlines()[-1]
    assert last.startswith("Try: ")
    return eval(last.removeprefix("Try: "), {"GDRegressor": dict, "GDClassifier": dict})


@pairwise(
    sizes=[LOUD_COLUMN, (1.0, 1.0, 1.0), (0.01, 0.01, 0.01), (1e4, 1e4, 1e4)],
    optimizer=LIMITS,
    solver=SAMPLERS,
)
def test_what_is_advised_works(sizes, optimizer, solver):
    X, y = make_data(sizes)
    limit = LIMITS[optimizer](largest_curvature(X), 0.5)
    given = {"solver": solver, "optimizer": optimizer, "max_iter": 50, "random_state": 0}
    if optimizer != "gd":
        given["momentum"] = 0.5
    model = GDRegressor(learning_rate=5 * limit, **given)
    text = fit_and_catch(model, X, y)
    assert model.stop_reason_ == "diverged"
    repaired = GDRegressor(**{**model.get_params(), **advised(text)})
    assert fit_and_catch(repaired, X, y) is None
    assert repaired.loss_curve_[-1] < 0.1 * repaired.history_["objective"][0]


class TestUnits:
    """No rate is too large by itself, and no objective."""

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_the_perceptron_takes_the_same_course_at_any_rate(self, solver):
        """Its coefficients are proportional to the rate."""
        X, y = load_iris(return_X_y=True)
        given = {"solver": solver, "penalty": None, "optimizer": "gd", "random_state": 0}
        models = [
            GDClassifier("perceptron", learning_rate=rate, max_iter=60, **given)
            for rate in (2.0**-10, 1.0, 2.0**10)
        ]
        for model in models:
            assert fit_and_catch(model, X, y) is None
            assert model.stop_reason_ == models[0].stop_reason_
            assert model.n_iter_ == models[0].n_iter_
            assert_array_equal(model.predict(X), models[0].predict(X))
        assert_allclose(models[2].coef_, 2.0**20 * models[0].coef_, rtol=1e-9)

    @pytest.mark.parametrize("loss", ["hinge", "log_loss"])
    def test_a_rate_that_falls_is_given_its_time(self, loss):
        """The rates of SGDClassifier, 1 / (alpha (t0 + t)), are far above the limit at first."""
        X, y = load_iris(return_X_y=True)
        model = GDClassifier(
            loss,
            solver="stochastic",
            optimizer="gd",
            learning_rate=10.0,
            schedule=lambda count: 1 / (1 + count / 1000),
            random_state=0,
        )
        assert fit_and_catch(model, X, y) is None
        assert model.stop_reason_ != "diverged"
        assert model.score(X, y) > 0.94

    @pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
    def test_the_unit_of_y_does_not_matter(self, unit):
        X, y = make_data()
        model = GDRegressor("absolute_error", optimizer="gd", learning_rate=1e3 * unit)
        fit_and_catch(model, X, unit * y)
        expected = GDRegressor("absolute_error", optimizer="gd", learning_rate=1e3)
        fit_and_catch(expected, X, y)
        assert model.stop_reason_ == expected.stop_reason_
        assert model.n_iter_ == expected.n_iter_


class TestStopping:
    @pytest.mark.parametrize("solver", SAMPLERS)
    @pytest.mark.parametrize("optimizer", LIMITS)
    def test_comes_within_a_few_epochs(self, optimizer, solver):
        X, y = make_data()
        model = GDRegressor(solver=solver, optimizer=optimizer, learning_rate=1.0)
        assert fit_and_catch(model, X, y)
        assert model.n_iter_ <= 5

    @pytest.mark.parametrize("optimizer", LIMITS)
    def test_comes_soon_even_just_above_the_limit(self, optimizer):
        X, y = make_data()
        limit = LIMITS[optimizer](largest_curvature(X), 0.5)
        given = {} if optimizer == "gd" else {"momentum": 0.5}
        model = GDRegressor(optimizer=optimizer, learning_rate=1.1 * limit, **given)
        assert fit_and_catch(model, X, y)
        assert model.n_iter_ <= 60

    @pairwise(
        optimizer=LIMITS,
        solver=SAMPLERS,
        dtype=[np.float64, np.float32],
        container=[np.asarray, sparse.csr_array],
    )
    def test_keeps_the_best_finite_parameters(self, optimizer, solver, dtype, container):
        X, y = (a.astype(dtype) for a in make_data())
        model = GDRegressor(
            solver=solver,
            optimizer=optimizer,
            learning_rate=10.0,
            store_path=True,
            random_state=0,
        )
        fit_and_catch(model, container(X), y)
        objective = np.array(model.history_["objective"])
        best = int(np.nanargmin(objective))
        assert model.stop_reason_ == "diverged"
        assert np.isfinite(model.coef_).all()
        assert_array_equal(model.coef_, model.history_.coef[best])
        kept = np.mean((model.predict(container(X)) - y) ** 2) / 2
        assert_allclose(kept, objective[best], rtol=1e-4)
        assert kept <= objective[0] * (1 + 1e-5)

    def test_keeps_an_epoch_in_the_middle(self):
        X, y = make_data(sizes=(1.0, 1.0, 1.0))
        model = GDRegressor(
            optimizer="gd", learning_rate=0.1, schedule=lambda count: 1.0 + (count > 9) * 1e4
        )
        fit_and_catch(model, X, y)
        assert model.stop_reason_ == "diverged"
        assert_allclose(
            np.mean((model.predict(X) - y) ** 2) / 2, model.history_["objective"][10], rtol=1e-9
        )

    @pytest.mark.parametrize("loss", ["poisson", "gamma"])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_under_a_log_link(self, solver, loss):
        X, y = make_data()
        model = GDRegressor(loss, solver=solver, learning_rate=10.0)
        fit_and_catch(model, X, np.exp(y / 10))
        assert model.stop_reason_ == "diverged"
        assert np.isfinite(model.coef_).all()
        assert np.isfinite(model.predict(X)).all()

    def test_of_a_good_start_keeps_it(self):
        X, y = make_data()
        A = np.column_stack([X, np.ones(80)])
        optimum = np.linalg.lstsq(A, y, rcond=None)[0]
        model = GDRegressor(learning_rate=1.0)
        fit_and_catch(model, X, y, coef_init=optimum[:3] * 1.001, intercept_init=optimum[3])
        assert model.stop_reason_ == "diverged"
        assert model.score(X, y) > 0.99

    def test_of_a_warm_start_keeps_the_earlier_fit_good(self):
        X, y = make_data()
        model = GDRegressor(standardize=True, warm_start=True).fit(X, y)
        score = model.score(X, y)
        fit_and_catch(model.set_params(learning_rate=100.0, tol=1e-12), X, y)
        assert model.stop_reason_ == "diverged"
        assert_allclose(model.score(X, y), score, rtol=1e-3)

    def test_can_be_continued(self):
        X, y = make_data()
        model = GDRegressor(standardize=True, learning_rate=100.0, warm_start=True)
        fit_and_catch(model, X, y)
        model.set_params(learning_rate="auto").fit(X, y)
        assert model.stop_reason_ == "tolerance"

    def test_with_early_stopping(self):
        X, y = make_data()
        model = GDRegressor(learning_rate=1.0, early_stopping=True, random_state=0)
        assert fit_and_catch(model, X, y)
        assert model.stop_reason_ == "diverged"
        assert np.isfinite(model.predict(X)).all()

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_with_averages(self, solver):
        X, y = make_data()
        model = GDRegressor(solver=solver, learning_rate=1.0, average=True, random_state=0)
        assert fit_and_catch(model, X, y)
        assert np.isfinite(model.coef_).all()

    def test_in_partial_fit(self):
        X, y = make_data()
        model = GDRegressor(solver="stochastic", learning_rate=1e3)
        with pytest.warns(DivergenceWarning):
            for _ in range(20):
                model.partial_fit(X, y)
        assert np.isfinite(model.coef_).all()


def test_in_a_grid_search_the_candidate_scores_badly_and_nothing_crashes():
    X, y = make_data()
    search = GridSearchCV(
        make_pipeline(StandardScaler(), GDRegressor(max_iter=200)),
        {"gdregressor__learning_rate": [0.1, 1e3, "auto"]},
        cv=3,
        error_score="raise",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert scores[1] < 0.5 < min(scores[0], scores[2])
    assert search.best_index_ != 1


def scaled(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


DATA = {
    "scaled": lambda X: scaled(X),
    "raw": lambda X: X * [1.0, 1e3, 1e-3] + [0.0, 1e4, 0.0],
    "collinear": lambda X: np.column_stack([X, X[:, 0] + 1e-6 * X[:, 1], np.ones(len(X))]),
    "heavy tails": lambda X: X**5,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pairwise(solver=SAMPLERS, optimizer=OVER_ALL_ROWS, loss=LOSSES, data=DATA)
def test_the_automatic_rate_never_diverges(solver, optimizer, loss, data):
    rng = np.random.RandomState(0)
    X = DATA[data](rng.normal(size=(40, 3)))
    y = scaled(X)[:, 0] if data != "collinear" else X[:, 0]
    y = 10 * (y + 0.3 * rng.normal(size=40))
    if LOSSES[loss].target_range != "real":
        y = np.exp(y / 20)
    model = GDRegressor(loss, solver=solver, optimizer=optimizer, max_iter=12, random_state=0)
    text = fit_and_catch(model, X, y)
    assert text is None
    assert np.isfinite(model.coef_).all()
    z = X @ model.coef_ + model.intercept_
    rounding = 1 + 1e-12
    assert np.mean(model._loss.value(y, z)) <= rounding * model.history_["objective"][0]


def test_nothing_is_promised_of_a_curvature_without_bound():
    """Poisson's grows with the prediction: the limit at the start is no limit."""
    rng = np.random.RandomState(0)
    X = 2 * rng.normal(size=(200, 2))
    y = rng.poisson(np.exp(np.clip(X @ [0.9, -0.7], -20, 8)))
    model = GDRegressor("poisson", optimizer="gd", learning_rate=0.0395)
    text = fit_and_catch(model, X, y)
    assert "at the start, before the curvature has grown" in text
    assert "sure to be" not in text and "below the limit" not in text
