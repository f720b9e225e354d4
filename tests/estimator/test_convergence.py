"""Ends of runs, warnings of early ends, and independence of the units of y."""

import re
import warnings

import numpy as np
import pytest
from grids import pairwise
from hooks import Press
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from gdregress import DivergenceWarning, GDClassifier, GDRegressor
from gdregress._estimator.advice.forecast import epochs_needed
from gdregress.losses import Loss
from gdregress.penalties import GroupL2
from gdregress.samplers import SAMPLERS

NUMBER = r"(\d+(?:\.\d+)?(?:e[-+]\d+)?)"


def make_data(sizes=(1.0, 2.0, 0.5), n=80):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3)) * sizes
    return X, X @ (1 / np.array(sizes)) + 1 + 0.3 * rng.normal(size=n)


def correlated_data(n=80):
    """Columns of one size whose condition number standardising does not change."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3)) + 2 * rng.normal(size=(n, 1))
    X = StandardScaler().fit_transform(X)
    return X, X @ [1.0, -1.0, 0.5] + 1 + 0.3 * rng.normal(size=n)


def fit_and_catch(model, X, y, **given):
    """The text of the ConvergenceWarning of a fit, None where there is none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, **given)
    texts = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    assert len(texts) <= 1
    return texts[0] if texts else None


def least_squares(X, y):
    """The least of mean((z - y)^2) / 2 over all linear z."""
    A = np.column_stack([X, np.ones(len(X))])
    return np.mean((A @ np.linalg.lstsq(A, y, rcond=None)[0] - y) ** 2) / 2


def advised(text):
    """The settings of the last line of a warning, as it is pasted; None without one."""
    last = text.splitlines()[-1]
    if not last.startswith("Try: "):
        return None
    return eval(last.removeprefix("Try: "), {"GDRegressor": dict, "GDClassifier": dict})


class TestWarning:
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_states_what_is_missing_of_the_objective(self, solver):
        X, y = correlated_data()
        model = GDRegressor(solver=solver, learning_rate=0.01, max_iter=4, random_state=0)
        text = fit_and_catch(model, X, y)
        assert text.startswith("GDRegressor has not converged in max_iter=4 epochs")
        stated = float(re.search(rf"about {NUMBER} of what the null model has left", text)[1])
        least, reached = least_squares(X, y), np.mean((model.predict(X) - y) ** 2) / 2
        assert_allclose(stated, (reached - least) / (np.var(y) / 2 - least), rtol=0.06)
        assert_allclose(model.history_["gap"][-1], reached - least, rtol=1e-6)
        assert "tol asks for 1e-08" in text
        assert model.stop_reason_ == "max_iter"
        assert not model.converged_

    def test_states_the_condition_number_and_of_what(self):
        X, y = make_data()
        A = np.column_stack([X, np.ones(len(X))])
        text = fit_and_catch(GDRegressor(learning_rate=1e-3, max_iter=3), X, y)
        stated = re.search(rf"number of X'X is {NUMBER} \(of X {NUMBER}\)", text).groups()
        assert_allclose(float(stated[0]), np.linalg.cond(A) ** 2, rtol=0.01)
        assert_allclose(float(stated[1]), np.linalg.cond(A), rtol=0.01)

    @pytest.mark.parametrize("rate, max_iter", [(0.02, 800), (0.1, 100), (0.1, 300)])
    def test_states_how_many_digits_of_the_coefficients_are_safe(self, rate, max_iter):
        X, y = correlated_data()
        model = GDRegressor(optimizer="gd", learning_rate=rate, max_iter=max_iter)
        text = fit_and_catch(model, X, y)
        stated = re.search(r"about (\d+) digits of the coefficients", text)
        least = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[0]
        found = np.append(model.coef_, model.intercept_)
        error = np.linalg.norm(found - least) / np.linalg.norm(least)
        assert error <= 10.0 ** -(int(stated[1]) if stated else 0)

    def test_points_at_the_line_of_the_caller(self):
        with pytest.warns(ConvergenceWarning) as caught:
            GDRegressor(learning_rate=0.02, max_iter=3).fit(*correlated_data())
        assert caught[0].filename == __file__

    def test_is_no_divergence_warning(self):
        with pytest.warns(ConvergenceWarning) as caught:
            GDRegressor(learning_rate=0.02, max_iter=3).fit(*correlated_data())
        assert not issubclass(caught[0].category, DivergenceWarning)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_none_without_tol(self, solver):
        model = GDRegressor(solver=solver, max_iter=7, tol=None)
        assert fit_and_catch(model, *make_data()) is None
        assert model.n_iter_ == 7

    def test_none_after_convergence(self):
        model = GDRegressor()
        assert fit_and_catch(model, *make_data()) is None
        assert model.stop_reason_ == "tolerance"

    def test_none_where_the_last_epoch_allowed_is_good_enough(self):
        """The gap is measured at the end: "about 1 more epoch" is never asked for."""
        X, y = correlated_data()
        model = GDRegressor(optimizer="gd", learning_rate=0.2)
        enough = model.fit(X, y).n_iter_
        for max_iter in range(enough - 3, enough + 1):
            text = fit_and_catch(model.set_params(max_iter=max_iter), X, y)
            gap = np.mean((model.predict(X) - y) ** 2) / 2 - least_squares(X, y)
            small = gap <= 1.01e-8 * (np.var(y) / 2 - least_squares(X, y))
            assert (text is None) == model.converged_
            assert not model.converged_ or small

    @pytest.mark.parametrize("after", [20, 40, 80])
    @pytest.mark.parametrize("loss", ["squared_error", "huber", "log_cosh"])
    @pytest.mark.parametrize(
        "parameters",
        [
            {"optimizer": "gd", "learning_rate": 0.1},
            {"optimizer": "gd", "learning_rate": 0.02},
            {"optimizer": "momentum", "momentum": 0.5, "learning_rate": 0.02},
            {"optimizer": "nesterov", "momentum": 0.5, "learning_rate": 0.02},
            {"optimizer": "gd", "penalty": "l2", "alpha": 0.01, "learning_rate": 0.1},
            {"optimizer": "nesterov", "learning_rate": 0.02},
        ],
        ids=str,
    )
    def test_predicts_the_epochs_still_needed_or_none(self, parameters, loss, after):
        X, y = make_data(sizes=(1.0, 2.0, 0.5))
        truth = GDRegressor(loss, max_iter=20_000, **parameters).fit(X, y)
        assert truth.stop_reason_ == "tolerance"
        text = fit_and_catch(GDRegressor(loss, max_iter=after, **parameters), X, y)
        stated = text and re.search(r"about ([\d,]+) more are needed", text)
        if stated:
            predicted = int(stated[1].replace(",", ""))
            needed = truth.n_iter_ - after
            assert needed / 2 <= predicted <= 2 * needed

    def test_a_geometric_pace_is_extrapolated_and_no_other(self):
        k = np.arange(41.0)
        assert epochs_needed(0.5**k, 0.5**60) == 20
        assert epochs_needed(0.5**k, 0.5**82) is None  # too far
        assert epochs_needed(1 / (1 + k) ** 2, 1e-4) is None  # it slackens
        assert epochs_needed(np.ones(41), 1e-4) is None
        assert epochs_needed(0.5 ** k[:5], 0.5**6) is None  # too short to tell

    @pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
    def test_of_kinks_under_an_optimizer_nothing_is_claimed(self, solver):
        X, y = correlated_data()
        model = GDRegressor("absolute_error", solver=solver, optimizer="gd", random_state=0)
        text = fit_and_catch(model, X, y)
        assert model.stop_reason_ == "plateau" and not model.converged_
        assert "has ended on a plateau of the objective" in text
        assert "how much of the objective is left is not known" in text
        stated = float(re.search(rf"It is {NUMBER}, and last", text)[1])
        assert_allclose(stated, np.mean(np.abs(model.predict(X) - y)), rtol=1e-4)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"loss": "absolute_error", "optimizer": "adam", "learning_rate": 1000.0},
            {"loss": "huber", "optimizer": "gd", "learning_rate": 1.0, "early_stopping": True},
            {"optimizer": "gd", "learning_rate": 50.0, "tol": None, "max_iter": 2},
        ],
        ids=str,
    )
    def test_a_run_that_never_got_better_than_its_start_says_so(self, parameters):
        X, y = make_data(sizes=(1.0, 300.0, 0.01))
        model = GDRegressor(random_state=0, **parameters)
        text = fit_and_catch(model, X, y)
        assert not model.converged_
        if model.stop_reason_ != "diverged":
            assert "No epoch was better than the start" in text

    def test_a_zero_subgradient_is_a_proof(self):
        X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
        model = GDClassifier("perceptron", penalty=None, random_state=0)
        assert fit_and_catch(model, X, X[:, 0] > 0) is None
        assert model.stop_reason_ == "tolerance" and model.converged_


class TestAdvice:
    """What a warning says is to be tried has been tried, and is better when it is followed."""

    @pytest.mark.parametrize(
        "parameters, least",
        [
            ({"learning_rate": 1e-4, "max_iter": 200}, {"learning_rate": "auto"}),
            ({"optimizer": "gd", "max_iter": 30, "learning_rate": 0.02}, {"optimizer": "auto"}),
            ({"solver": "mini-batch", "optimizer": "adam", "max_iter": 30}, {"optimizer": "auto"}),
            ({"solver": "stochastic", "average": True, "max_iter": 20}, {"average": False}),
        ],
        ids=str,
    )
    def test_followed_literally_it_ends_at_the_minimum(self, parameters, least):
        X, y = correlated_data()
        model = GDRegressor(random_state=0, **parameters)
        settings = advised(fit_and_catch(model, X, y))
        assert least.items() <= settings.items()
        assert all(model.get_params()[name] != value for name, value in settings.items())
        assert fit_and_catch(model.set_params(**settings), X, y) is None
        assert model.converged_

    def test_more_epochs_by_number_are_enough(self):
        X, y = correlated_data()
        model = GDRegressor(optimizer="gd", learning_rate=0.3, max_iter=100)
        text = fit_and_catch(model, X, y)
        needed = int(re.search(r"about ([\d,]+) more are needed", text)[1].replace(",", ""))
        enough = advised(text)["max_iter"]
        assert 100 + 2 * needed <= enough <= 1.1 * (100 + 2 * needed)
        assert fit_and_catch(model.set_params(max_iter=enough), X, y) is None

    def test_kinks_over_batches_are_to_be_followed_over_all_rows(self):
        X, y = make_data()
        model = GDRegressor("absolute_error", optimizer="gd", learning_rate=1.0, random_state=0)
        model.set_params(solver="mini-batch", schedule="constant")
        settings = advised(fit_and_catch(model, X, y))
        before = model.history_["objective"]
        fit_and_catch(model.set_params(**settings), X, y)
        assert min(model.loss_curve_) < min(before)

    def test_separated_classes_are_given_a_penalty(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 2))
        y = X[:, 0] > 0
        model = GDClassifier(penalty=None, optimizer="gd", learning_rate=10.0, max_iter=500)
        text = fit_and_catch(model, X, y)
        assert "the classes can be separated" in text
        settings = advised(text)
        assert settings["penalty"] == "l2"
        assert fit_and_catch(model.set_params(**settings), X, y) is None

    def test_nothing_is_said_that_does_not_help(self):
        """Twelve orders of magnitude away from what an epoch can do, nothing is promised."""
        X, y = correlated_data()
        text = fit_and_catch(GDRegressor(preconditioner="columns", max_iter=2), X, y)
        assert advised(text) is None or fit_and_catch(GDRegressor(**advised(text)), X, y) is None

    def test_a_trial_touches_nothing(self):
        X, y = correlated_data()
        generator, copy = np.random.RandomState(3), np.random.RandomState(3)
        given = {"solver": "mini-batch", "learning_rate": 1e-4, "max_iter": 30}
        np.random.seed(5)
        model = GDRegressor(random_state=generator, **given)
        assert advised(fit_and_catch(model, X, y)) is not None
        quiet = GDRegressor(random_state=copy, tol=None, **given).fit(X, y)
        assert_array_equal(model.coef_, quiet.coef_)
        assert_array_equal(generator.get_state()[1], copy.get_state()[1])
        left = np.random.random_sample()
        np.random.seed(5)
        assert left == np.random.random_sample()
        assert model.get_params()["learning_rate"] == 1e-4 and len(model.history_) == 31

    def test_a_part_of_the_rows_is_not_tried_on(self):
        X, y = make_data()
        with pytest.warns(DivergenceWarning) as caught:
            for _ in range(200):
                GDRegressor(solver="stochastic", learning_rate=1e9).partial_fit(1e9 * X, y)
        assert "Try:" not in str(caught[0].message)


class TestScaleFree:
    # powers of two, as rounding decides after hundreds of epochs whether one is undone
    @pairwise(
        solver=SAMPLERS,
        optimizer=["gd", "momentum", "nesterov"],
        scale=[2.0**-10, 2.0**10, 2.0**20],
    )
    def test_units_of_y_change_no_epoch_count(self, solver, optimizer, scale):
        X, y = make_data()
        model = GDRegressor(
            solver=solver, optimizer=optimizer, max_iter=1000, tol=1e-3, random_state=0
        )
        model.fit(X, y)
        n_iter, coef, reason = model.n_iter_, model.coef_, model.stop_reason_
        assert n_iter > 1
        model.fit(X, scale * y)
        assert model.n_iter_ == n_iter
        assert model.stop_reason_ == reason
        assert_allclose(model.coef_, scale * coef, rtol=1e-9)

    @pytest.mark.parametrize("scale", [1e-3, 1e3, 1e6])
    @pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam", "amsgrad", "nadam"])
    def test_nor_for_adaptive_rules(self, optimizer, scale):
        X, y = make_data()
        model = GDRegressor(optimizer=optimizer, max_iter=3000).fit(X, y)
        n_iter, coef = model.n_iter_, model.coef_
        assert model.converged_ and n_iter > 1
        model.fit(X, scale * y)
        # a rule's epsilon has the units of the gradient
        assert abs(model.n_iter_ - n_iter) <= 1 + n_iter // 50
        assert_allclose(model.coef_, scale * coef, rtol=1e-3)

    @pytest.mark.parametrize("scale", [1e-3, 1e3])
    @pytest.mark.parametrize("loss", ["huber", "absolute_error", "squared_epsilon_insensitive"])
    def test_nor_where_the_threshold_follows_y(self, loss, scale):
        X, y = make_data()
        given = {} if loss == "absolute_error" else {"epsilon": 0.5}
        model = GDRegressor(loss, max_iter=3000, **given).fit(X, y)
        n_iter, coef = model.n_iter_, model.coef_
        assert model.converged_ and n_iter > 1
        given = {} if loss == "absolute_error" else {"epsilon": 0.5 * scale}
        model.set_params(**given).fit(X, scale * y)
        assert model.n_iter_ == n_iter
        assert_allclose(model.coef_, scale * coef, rtol=1e-6)

    @pytest.mark.parametrize("scale", [1e-3, 1e3])
    @pytest.mark.parametrize("penalty", ["l1", "l2"])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_nor_with_a_penalty_that_follows(self, solver, penalty, scale):
        X, y = make_data()
        model = GDRegressor(
            solver=solver, penalty=penalty, alpha=0.1, max_iter=1000, tol=1e-3, random_state=0
        ).fit(X, y)
        n_iter, coef = model.n_iter_, model.coef_
        assert model.converged_ and n_iter > (0 if (solver, penalty) == ("batch", "l1") else 1)
        model.set_params(alpha=0.1 * scale if penalty == "l1" else 0.1).fit(X, scale * y)
        assert model.n_iter_ == n_iter
        assert_allclose(model.coef_, scale * coef, rtol=1e-8, atol=1e-12 * scale)

    @pytest.mark.parametrize("scale", [1e-3, 1e3])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_one_unit_for_all_columns_changes_no_epoch_count(self, solver, scale):
        X, y = make_data()
        model = GDRegressor(
            solver=solver, fit_intercept=False, max_iter=1000, tol=1e-3, random_state=0
        ).fit(X, y)
        n_iter, coef = model.n_iter_, model.coef_
        assert model.converged_ and n_iter > 1
        model.fit(scale * X, y)
        assert model.n_iter_ == n_iter
        assert_allclose(model.coef_, coef / scale, rtol=1e-9)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_standardised_columns_may_have_any_units(self, solver):
        X, y = make_data()
        scales = np.array([1e-4, 1e3, 1e7])
        model = GDRegressor(
            solver=solver, standardize=True, max_iter=1000, tol=1e-3, random_state=0
        )
        model.fit(X, y)
        n_iter, coef = model.n_iter_, model.coef_
        assert model.converged_ and n_iter > 1
        model.fit(X * scales, y)
        assert model.n_iter_ == n_iter
        assert_allclose(model.coef_, coef / scales, rtol=1e-7)
        model.fit(X * scales + 5 * scales, y)
        assert model.n_iter_ == n_iter
        assert_allclose(model.coef_, coef / scales, rtol=1e-6)

    @pytest.mark.parametrize("early_stopping", [False, True])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_early_stopping_too(self, solver, early_stopping):
        X, y = make_data()
        model = GDRegressor(solver=solver, early_stopping=early_stopping, random_state=0)
        n_iter = model.fit(X, y).n_iter_
        assert model.fit(X, 1e3 * y).n_iter_ == n_iter


class TestStopReasons:
    def test_tolerance_is_kept(self):
        X, y = make_data()
        for tol in (1e-2, 1e-4, 1e-8):
            model = GDRegressor(tol=tol, max_iter=5000).fit(X, y)
            norms = model.history_["gradient_norm"]
            assert model.stop_reason_ == "tolerance" and model.converged_
            assert norms[-1] <= tol * norms[0] < norms[-2] + 1e-300

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
    def test_plateau(self, solver):
        X, y = make_data()
        model = GDRegressor(
            "absolute_error",
            solver=solver,
            learning_rate=0.05,
            schedule="invscaling",
            tol=1e-3,
            n_iter_no_change=4,
            random_state=0,
        ).fit(X, y)
        assert model.stop_reason_ == "plateau" and not model.converged_
        # the last epochs have brought no relative improvement of tol over all before
        objective = np.array(model.history_["objective"])
        assert objective[-4:].min() > objective[:-4].min() * (1 - 4e-3)
        assert model.n_iter_ > 4

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_kinks_under_groups_end_on_one_and_a_smooth_loss_close_by_does_not(self):
        penalty = GroupL2([0, 0, 1], 0.01)
        X, y = load_diabetes(return_X_y=True)
        X = X[:, 1:4]
        kinks = GDRegressor("absolute_error", penalty=penalty).fit(X, y)
        assert kinks.stop_reason_ == "plateau"
        smooth = GDRegressor("huber", epsilon=1.0, penalty=penalty).fit(X, y)
        assert smooth.stop_reason_ == "tolerance"
        objectives = [
            np.mean(abs(model.predict(X) - y)) + penalty.value(model.coef_)
            for model in (kinks, smooth)
        ]
        assert objectives[1] < objectives[0] * (1 + 1e-3)

    @pytest.mark.parametrize("optimizer", ["gd", "adam", "rmsprop"])
    def test_a_plateau_keeps_the_best_parameters(self, optimizer):
        rng = np.random.RandomState(0)
        X = rng.normal(size=(200, 3))
        y = X @ [1.0, 2.0, 3.0] + rng.standard_t(2, size=200)
        model = GDRegressor(
            "absolute_error",
            solver="mini-batch",
            optimizer=optimizer,
            learning_rate=0.1,
            store_path=True,
            random_state=0,
        ).fit(X, y)
        assert model.stop_reason_ == "plateau"
        best = int(np.argmin(model.history_["objective"]))
        assert best < model.n_iter_
        assert_array_equal(model.coef_, model.history_.coef[best])
        kept = model.coef_
        model.set_params(warm_start=True, max_iter=1, tol=None).fit(X, y)  # and goes on from them
        assert_array_equal(model.history_.coef[0], kept)

    def test_more_patience_more_epochs(self):
        X, y = make_data()
        given = {"loss": "absolute_error", "solver": "stochastic", "schedule": "invscaling"}
        counts = [
            GDRegressor(n_iter_no_change=n, learning_rate=0.05, random_state=0, **given)
            .fit(X, y)
            .n_iter_
            for n in (2, 5, 20)
        ]
        assert counts[0] < counts[1] < counts[2]

    @pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
    @pytest.mark.parametrize("n", [1, 60])
    def test_the_upswing_of_a_momentum_is_no_plateau(self, n, solver):
        rng = np.random.RandomState(0)
        X = rng.normal(size=(n, 3)) * [1.0, 2.0, 3.0] + 1
        y = X @ [1.0, 0.0, -1.0] + 2 + 0.1 * rng.normal(size=n)
        model = GDRegressor(solver=solver, standardize=n > 1, tol=1e-3, random_state=0).fit(X, y)
        objective = model.history_["objective"]
        assert model.converged_
        assert objective[-1] - min(objective) <= 0.01 * objective[0]

    def test_starting_at_the_optimum_stops_at_once(self):
        X, y = make_data()
        A = np.column_stack([X, np.ones(len(X))])
        optimum = np.linalg.lstsq(A, y, rcond=None)[0]
        model = GDRegressor().fit(X, y, coef_init=optimum[:3], intercept_init=optimum[3])
        assert model.n_iter_ == 1
        assert_allclose(model.coef_, optimum[:3], rtol=1e-9)


class TestRounding:
    """A gradient counts as rounding where the slopes at the null parameters say so, no others."""

    @pytest.mark.parametrize("loss", ["squared_error", "log_cosh"])
    @pytest.mark.parametrize("tol", [1e-5, 1e-12])
    def test_not_after_a_warm_start_from_far(self, tol, loss):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 5))
        y = X @ np.arange(1, 6.0) + rng.normal(size=200)
        cold = GDRegressor(loss, tol=1e-13, max_iter=20_000).fit(X, y)
        model = GDRegressor(loss, tol=tol, warm_start=True, max_iter=20_000)
        model.fit(X, 1e12 * y).fit(X, y)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, cold.coef_, rtol=100 * tol)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("penalty", [None, "l2", "l1"])
    @pytest.mark.parametrize("optimizer", ["auto", "nesterov", "adam"])
    @pytest.mark.parametrize("p", [3, 600], ids=["narrow", "wide"])
    def test_not_of_slopes_that_are_small_beside_the_targets(self, p, optimizer, penalty):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(300 if p == 3 else 100, p))
        y = 1e30 * (X[:, :3] @ [1.0, 2.0, 3.0] + rng.normal(size=len(X)))
        given = {"penalty": penalty, "alpha": 1e-40 if penalty else 1e-4, "max_iter": 100}
        model = GDRegressor("log_cosh", optimizer=optimizer, **given).fit(X, y)
        if p == 600 and optimizer == "auto":  # ends where the targets are met but for rounding
            assert model.loss_curve_[-1] <= 1e-8 * abs(y).max()
        else:
            assert not model.converged_ and model.n_iter_ == 100

    @pytest.mark.parametrize("loss", ["huber", "log_cosh"])
    @pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
    @pytest.mark.parametrize(("mean", "level"), [(0.0, 1e6), (1e5, 0.0)], ids=["y", "X"])
    def test_of_predictions_that_are_large_beside_the_slopes_ends_a_run(
        self, mean, level, storage, loss
    ):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 3))
        y = level + X @ [1.0, 2.0, 3.0] + rng.normal(size=200)
        model = GDRegressor(loss).fit(storage(X + mean), y)
        assert model.stop_reason_ == "tolerance" and model.n_iter_ < 20


class TestSinglePrecision:
    """Targets beside which float32 rounds predictions by as much as the loss is curved over."""

    @staticmethod
    def data(mean):
        rng = np.random.RandomState(0)
        rows = rng.normal(size=(500, 5))
        y = 1e6 * (rows @ rng.normal(size=5) + 0.1 * rng.normal(size=500))
        return 1e6 * (rows + mean), y

    def test_the_rounding_of_parameters_hides_no_minimum(self):
        X, y = self.data(0.0)
        model = GDRegressor("huber").fit(X, y)
        least = model.history_["objective"][-1]
        model.fit(1e-12 * X.astype(np.float32), y.astype(np.float32))
        assert model.stop_reason_ == "tolerance"
        start, *_, value = model.history_["objective"]
        assert value - least <= 1e-7 * start

    def test_means_far_from_zero(self):
        """The intercept is that of the coefficients as they are stored."""
        X, y = (data.astype(np.float32) for data in self.data(3.0))
        model = GDRegressor("log_cosh").fit(X, y)
        least = GDRegressor("log_cosh").fit(X.astype(float), y.astype(float))
        residuals = X.astype(float) @ model.coef_.astype(float) + float(model.intercept_) - y
        value = np.mean(np.logaddexp(residuals, -residuals) - np.log(2))
        start = model.history_["objective"][0]
        assert model.stop_reason_ == "tolerance"
        assert value - least.history_["objective"][-1] <= 1e-7 * start


class Interrupted(Loss):
    """Squared error during whose gradient somebody presses Ctrl-C."""

    curvature = 1.0
    pressed_after = None

    def value(self, y, z):
        return (z - y) ** 2 / 2

    def gradient(self, y, z):
        if Interrupted.pressed_after is not None:
            Interrupted.pressed_after -= 1
            if Interrupted.pressed_after < 0:
                raise KeyboardInterrupt
        return z - y


class TestInterrupt:
    @pytest.mark.parametrize("calls", [60, 90, 150])  # some are made before the first epoch
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_in_the_middle_of_an_epoch(self, solver, calls, monkeypatch):
        X, y = make_data()
        monkeypatch.setattr(Interrupted, "pressed_after", calls)
        model = GDRegressor(
            Interrupted(),
            solver=solver,
            batch_size=20,
            optimizer="gd",
            tol=None,
            store_path=True,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(KeyboardInterrupt):
                model.fit(X, y)
        monkeypatch.setattr(Interrupted, "pressed_after", None)
        assert model.stop_reason_ == "interrupted"
        assert not model.converged_
        objective = model.history_["objective"]
        assert len(objective) == model.n_iter_ + 1
        best = int(np.argmin(objective))
        assert_array_equal(model.coef_, model.history_.coef[best])
        assert_allclose(np.mean((model.predict(X) - y) ** 2) / 2, objective[best], rtol=1e-9)

    @pytest.mark.parametrize("epoch", [1, 7])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_in_a_callback(self, solver, epoch):
        X, y = make_data()
        model = GDRegressor(solver=solver, tol=None, random_state=0).set_callbacks(Press(epoch))
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        assert model.stop_reason_ == "interrupted"
        assert model.n_iter_ == epoch
        best = min(model.history_["objective"])
        assert_allclose(np.mean((model.predict(X) - y) ** 2) / 2, best, rtol=1e-9)

    def test_can_be_continued_with_a_warm_start(self):
        X, y = make_data()
        model = GDRegressor(warm_start=True).set_callbacks(Press(5))
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        model.set_callbacks().fit(X, y)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, GDRegressor().fit(X, y).coef_, rtol=1e-3)

    def test_with_early_stopping_keeps_the_best_validated(self):
        X, y = make_data()
        model = GDRegressor(early_stopping=True, tol=None, store_path=True, random_state=0)
        with pytest.raises(KeyboardInterrupt):
            model.set_callbacks(Press(6)).fit(X, y)
        best = int(np.argmax(model.history_["validation_score"]))
        assert_array_equal(model.coef_, model.history_.coef[best])

    def test_in_partial_fit(self, monkeypatch):
        X, y = make_data()
        model = GDRegressor(Interrupted(), solver="mini-batch", learning_rate=0.01)
        model.partial_fit(X, y)
        monkeypatch.setattr(Interrupted, "pressed_after", 8)
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(X, y)
        assert np.isfinite(model.predict(X)).all()
        assert len(model.history_["objective"]) == len(model.loss_curve_) + 1

    def test_no_warning_comes_with_it(self):
        X, y = make_data()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(KeyboardInterrupt):
                GDRegressor().set_callbacks(Press(3)).fit(X, y)
