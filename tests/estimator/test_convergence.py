"""When a run ends, what it says if it ended too early, and that the units of y play no part."""

import re
import warnings

import numpy as np
import pytest
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from gdregress import DivergenceWarning, GDRegressor
from gdregress._estimator.diagnosis import epochs_needed
from gdregress.losses import Loss
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


class TestWarning:
    def test_states_the_gradient_against_the_tolerance(self):
        X, y = make_data()
        model = GDRegressor(optimizer="gd", max_iter=15)
        text = fit_and_catch(model, X, y)
        assert text.startswith("GDRegressor has not converged in max_iter=15 epochs")
        norms = model.history_["gradient_norm"]
        stated = float(re.search(rf"gradient norm is {NUMBER} of that at the start", text)[1])
        assert_allclose(stated, norms[-1] / norms[0], rtol=0.06)
        assert "tol asks for 1e-05" in text
        assert model.stop_reason_ == "max_iter"
        assert not model.converged_

    def test_states_the_condition_number(self):
        X, y = make_data()
        text = fit_and_catch(GDRegressor(max_iter=3), X, y)
        A = np.column_stack([X, np.ones(len(X))])
        stated = float(re.search(rf"condition number is {NUMBER}", text)[1])
        assert_allclose(stated, np.linalg.cond(A) ** 2, rtol=0.01)

    def test_points_at_the_line_of_the_caller(self):
        with pytest.warns(ConvergenceWarning) as caught:
            GDRegressor(max_iter=3).fit(*make_data())
        assert caught[0].filename == __file__

    def test_is_no_divergence_warning(self):
        with pytest.warns(ConvergenceWarning) as caught:
            GDRegressor(max_iter=3).fit(*make_data())
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

    @pytest.mark.parametrize("after", [20, 40, 80])
    @pytest.mark.parametrize(
        "parameters",
        [
            {"optimizer": "gd"},
            {"optimizer": "gd", "learning_rate": 0.1},
            {"optimizer": "momentum", "momentum": 0.5},
            {"optimizer": "nesterov", "momentum": 0.5},
            {"optimizer": "gd", "penalty": "l2", "alpha": 0.01},
            {"optimizer": "gd", "learning_rate": "line-search"},
        ],
        ids=str,
    )
    def test_predicts_the_epochs_still_needed(self, parameters, after):
        X, y = make_data(sizes=(1.0, 4.0, 0.5))
        truth = GDRegressor(max_iter=5000, **parameters).fit(X, y)
        assert truth.stop_reason_ == "tolerance"
        text = fit_and_catch(GDRegressor(max_iter=after, **parameters), X, y)
        if truth.n_iter_ <= after:
            assert text is None
            return
        stated = int(re.search(r"about ([\d,]+) more are needed", text)[1].replace(",", ""))
        needed = truth.n_iter_ - after
        assert needed / 3 <= stated <= needed * 3

    @pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
    def test_of_random_batches_states_the_change_of_the_objective(self, solver):
        model = GDRegressor(solver=solver, max_iter=3, random_state=0)
        text = fit_and_catch(model, *make_data())
        before, last = model.history_["objective"][-2:]
        stated = float(
            re.search(rf"last changed by {NUMBER} of itself, tol asks for 1e-05", text)[1]
        )
        assert_allclose(stated, abs(before - last) / last, rtol=0.06)

    def test_needs_one_more_epoch_where_the_gradient_is_already_small(self):
        assert epochs_needed([1.0, 0.1, 0.0], 1e-6) == 1
        assert epochs_needed([1.0, 0.1, 0.01], 1e-4) == 2
        assert epochs_needed([1.0, 1.0, 1.0], 1e-4) is None


class TestAdvice:
    """What would help most does help, once applied."""

    def advice(self, text):
        return re.search(r"What would help most: (.*)\.$", text)[1]

    def test_badly_scaled_columns_are_to_be_standardised(self):
        X, y = make_data(sizes=(1.0, 300.0, 0.01))
        model = GDRegressor(max_iter=60)
        advice = self.advice(fit_and_catch(model, X, y))
        assert "standardize=True" in advice
        before, after = re.search(rf"number {NUMBER} before, {NUMBER} after", advice).groups()
        scaled = np.column_stack([StandardScaler().fit_transform(X), np.ones(len(X))])
        assert float(before) > 1e6
        assert_allclose(float(after), np.linalg.cond(scaled) ** 2, rtol=0.01)
        assert fit_and_catch(model.set_params(standardize=True), X, y) is None

    def test_a_small_learning_rate_is_to_be_automatic(self):
        X, y = make_data()
        model = GDRegressor(learning_rate=1e-4, max_iter=200)
        advice = self.advice(fit_and_catch(model, X, y))
        assert 'learning_rate="auto"' in advice
        stated = float(re.search(rf"here {NUMBER}, not 0.0001", advice)[1])
        assert fit_and_catch(model.set_params(learning_rate="auto"), X, y) is None
        assert_allclose(model.learning_rate_, stated, rtol=1e-3)

    def test_plain_descent_is_to_be_accelerated(self):
        X, y = correlated_data()
        model = GDRegressor(optimizer="gd", max_iter=100)
        assert 'optimizer="nesterov"' in self.advice(fit_and_catch(model, X, y))
        assert fit_and_catch(model.set_params(optimizer="nesterov"), X, y) is None

    def test_more_epochs_by_number(self):
        X, y = correlated_data()
        model = GDRegressor(max_iter=25)
        advice = self.advice(fit_and_catch(model, X, y))
        enough = int(re.search(r"max_iter=(\d+)", advice)[1])
        assert 25 < enough < 250
        assert fit_and_catch(model.set_params(max_iter=3 * enough), X, y) is None

    @pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
    def test_random_batches(self, solver):
        X, y = correlated_data()
        text = fit_and_catch(GDRegressor(solver=solver, max_iter=3, random_state=0), X, y)
        assert 'a larger batch_size, average=True, or solver="batch"' in text


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
        assert model.converged_ and n_iter > 1
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
    def test_not_of_slopes_that_are_small_beside_the_targets(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(300, 3))
        y = 1e30 * (X @ [1.0, 2.0, 3.0] + rng.normal(size=300))
        model = GDRegressor("log_cosh", max_iter=100).fit(X, y)
        assert not model.converged_ and model.n_iter_ == 100


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


class Press:
    """A callback that presses Ctrl-C at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch" and context.task_id + 1 == self.epoch:
            raise KeyboardInterrupt


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
