"""A run that was continued equals the run that was not interrupted, to the bit."""

import contextlib
import copy
import pickle
import sys

import numpy as np
import pytest
from components import OVER_ALL_ROWS
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from gdregress import GDRegressor
from gdregress._estimator.saving.settings import settings
from gdregress.losses import Huber, Loss
from gdregress.optimizers import Adam
from gdregress.penalties import Box, GroupL2
from gdregress.samplers import SAMPLERS
from gdregress.schedules import Exponential

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=48, p=4):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.linspace(1, -2, p) + 1 + 0.5 * rng.normal(size=n)


def assert_halves_equal_whole(data=None, halves=(7, 6), weights=None, **parameters):
    """Fit `halves` epochs one after the other, and all of them at once."""
    X, y = data or make_data()
    given = {"tol": None, "random_state": 3, **parameters}
    whole = GDRegressor(max_iter=sum(halves), **given).fit(X, y, weights)
    model = GDRegressor(warm_start=True, **given)
    for epochs in halves:
        model.set_params(max_iter=epochs).fit(X, y, weights)
    assert_array_equal(model.coef_, whole.coef_)
    assert_array_equal(model.intercept_, whole.intercept_)
    assert model.t_ == whole.t_
    assert model.learning_rate_ == whole.learning_rate_
    assert model.loss_curve_ == whole.loss_curve_[-halves[-1] :]
    assert model.history_["epoch"][-1] == whole.history_["epoch"][-1]
    assert not np.array_equal(whole.coef_, GDRegressor(max_iter=1, **given).fit(X, y).coef_)


class TestWarmStart:
    @pairwise(
        solver=SAMPLERS,
        optimizer=[name for name in OVER_ALL_ROWS if name != "momentum"],
        average=[False, True, 5],
    )
    def test_halves_equal_the_whole(self, solver, optimizer, average):
        assert_halves_equal_whole(solver=solver, optimizer=optimizer, average=average)

    @pytest.mark.parametrize("momentum", ["auto", 0.5])
    @pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_with_momentum(self, solver, optimizer, momentum):
        assert_halves_equal_whole(solver=solver, optimizer=optimizer, momentum=momentum)

    def test_with_automatic_momentum_on_badly_conditioned_data(self):
        X, y = make_data()
        data = X * [1, 30, 1, 1], y
        assert_halves_equal_whole(data, optimizer="momentum")

    @pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
    @pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson", "gamma"])
    def test_with_a_line_search(self, loss, optimizer):
        X, y = make_data()
        assert_halves_equal_whole(
            (X, np.exp(y / 4)),
            loss=loss,
            optimizer=optimizer,
            momentum=0.5 if optimizer != "gd" else "auto",
            learning_rate="line-search",
        )

    def test_with_a_line_search_and_the_automatic_heavy_ball(self):
        X, y = make_data()
        data = X * [1, 30, 1, 1], y
        assert_halves_equal_whole(data, optimizer="momentum", learning_rate="line-search")

    @pytest.mark.parametrize("loss", ["squared_error", "huber"])
    @pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
    def test_with_a_line_search_from_given_coefficients(self, optimizer, loss):
        X, y = make_data()
        given = {"loss": loss, "optimizer": optimizer, "learning_rate": "line-search", "tol": None}
        start = np.full(X.shape[1], 5.0)
        whole = GDRegressor(max_iter=9, **given).fit(X, y, coef_init=start)
        halves = GDRegressor(max_iter=5, warm_start=True, **given).fit(X, y, coef_init=start)
        halves.set_params(max_iter=4).fit(X, y)
        assert_array_equal(halves.coef_, whole.coef_)

    @pytest.mark.parametrize(
        "schedule", ["constant", "invscaling", "exponential", "step", lambda count: 0.99**count]
    )
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_with_a_schedule(self, solver, schedule):
        assert_halves_equal_whole(solver=solver, schedule=schedule)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_with_the_adaptive_schedule(self, solver):
        # halves that end between a stall and the cut of the rate that it causes
        for first in (9, 10, 11, 12, 13):
            assert_halves_equal_whole(
                halves=(first, 24 - first),
                solver=solver,
                schedule="adaptive",
                learning_rate=0.3 if solver == "batch" else 0.1,
                optimizer="gd",
                loss="absolute_error",
                n_iter_no_change=2,
            )

    @pytest.mark.parametrize(
        "loss, optimizer, rate", [("absolute_error", "gd", 0.3), ("huber", "adam", "auto")]
    )
    def test_with_the_automatic_schedules_that_listen(self, loss, optimizer, rate):
        # a metric that a run has taken anew on its way is not the one that the next run begins in
        given = {"preconditioner": "columns" if rate == "auto" else None}
        given |= {"loss": loss, "optimizer": optimizer, "learning_rate": rate}
        assert_halves_equal_whole(halves=(130, 170), **given)

    @pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
    def test_at_kinks_goes_on_from_the_best_parameters(self, loss):
        """The envelopes start anew, and end at the same kink."""
        X, y = make_data()
        given = {"loss": loss, "tol": 1e-8}
        whole = GDRegressor(**given).fit(X, y)
        model = GDRegressor(max_iter=3, warm_start=True, **given).fit(X, y)
        assert model.history_["objective"][-1] > whole.history_["objective"][-1]
        start = model.history_["objective"][-1]
        model.set_params(max_iter=1000).fit(X, y)
        assert_allclose(model.history_["objective"][0], start, rtol=1e-12)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, whole.coef_, rtol=1e-9)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"penalty": "l1", "alpha": 0.1},
            {"penalty": "elasticnet", "alpha": 0.1, "standardize": True},
            {"penalty": Box(-1, 1)},
            {"fit_intercept": False},
            {"standardize": True, "average": True},
            {"loss": Huber(0.5), "optimizer": Adam(beta_1=0.5)},
            {"early_stopping": False, "solver": "stochastic", "shuffle": False},
        ],
        ids=str,
    )
    def test_with_other_parameters(self, parameters):
        assert_halves_equal_whole(**parameters)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_of_sparse_weighted_float32_and_several_targets(self, solver):
        X, y = make_data()
        weights = np.linspace(1, 3, len(y))
        for data in (
            (sparse.csr_array(X), y),
            (X.astype(np.float32), y),
            (X, np.column_stack([y, -y])),
        ):
            assert_halves_equal_whole(data, weights=weights, solver=solver)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_in_many_parts(self, solver):
        assert_halves_equal_whole(halves=(1, 1, 3, 1, 6), solver=solver, average=True)

    @pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
    def test_with_a_random_state_instance(self, solver):
        X, y = make_data()
        given = {"solver": solver, "tol": None}
        whole = GDRegressor(max_iter=8, random_state=np.random.RandomState(3), **given).fit(X, y)
        model = GDRegressor(
            max_iter=4, random_state=np.random.RandomState(3), warm_start=True, **given
        )
        assert_array_equal(model.fit(X, y).fit(X, y).coef_, whole.coef_)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_across_a_pickle(self, solver):
        X, y = make_data()
        model = GDRegressor(solver=solver, optimizer="adam", max_iter=5, tol=None, random_state=0)
        model.set_params(warm_start=True).fit(X, y)
        copy = pickle.loads(pickle.dumps(model))
        assert_array_equal(copy.fit(X, y).coef_, model.fit(X, y).coef_)

    def test_without_it_fit_starts_anew(self):
        X, y = make_data()
        model = GDRegressor(solver="stochastic", max_iter=3, random_state=0)
        once = model.fit(X, y).coef_
        assert_array_equal(model.fit(X, y).coef_, once)

    def test_onto_other_data_starts_from_the_earlier_parameters(self):
        X, y = make_data()
        model = GDRegressor(warm_start=True).fit(X, y)
        coef, intercept = model.coef_, model.intercept_
        model.set_params(max_iter=1, tol=None).fit(X[:30], y[:30] + 0.01)
        start = np.mean((X[:30] @ coef + intercept - y[:30] - 0.01) ** 2) / 2
        assert_allclose(model.history_["objective"][0], start, rtol=1e-9)

    def test_onto_other_data_converges_to_their_optimum(self):
        X, y = make_data()
        model = GDRegressor(warm_start=True, tol=1e-8).fit(X, y)
        A = np.column_stack([X[:30], np.ones(30)])
        optimum = np.linalg.lstsq(A, 5 * y[:30], rcond=None)[0]
        assert_allclose(model.fit(X[:30], 5 * y[:30]).coef_, optimum[:-1], rtol=1e-5)

    def test_onto_standardised_data_of_other_units(self):
        X, y = make_data()
        model = GDRegressor(warm_start=True, standardize=True).fit(X, y)
        predicted = model.predict(X[:20])
        model.set_params(max_iter=1, tol=None).fit(X[:20] * 1.0, y[:20])
        start = np.mean((predicted - y[:20]) ** 2) / 2
        assert_allclose(model.history_["objective"][0], start, rtol=1e-9)

    @pytest.mark.parametrize("first, then", [(np.float32, float), (float, np.float32)])
    def test_onto_data_of_another_type(self, first, then):
        X, y = make_data()
        model = GDRegressor(warm_start=True, max_iter=20).fit(X.astype(first), y)
        assert model.fit(X.astype(then), y).coef_.dtype == then

    def test_with_another_optimizer_forgets_only_its_memory(self):
        X, y = make_data()
        model = GDRegressor(optimizer="adam", max_iter=30, tol=None, warm_start=True).fit(X, y)
        objective = model.loss_curve_[-1]
        model.set_params(optimizer="gd", max_iter=1).fit(X, y)
        assert_allclose(model.history_["objective"][0], objective, rtol=1e-12)
        assert model.loss_curve_[-1] < objective

    def test_of_a_converged_fit_ends_at_once(self):
        X, y = make_data()
        model = GDRegressor(warm_start=True).fit(X, y)
        assert model.n_iter_ > 2
        assert model.fit(X, y).n_iter_ == 1


class TestOtherParameters:
    """What plateaus have left of a rate is forgotten, whatever `repr` shows of the parameters."""

    @pytest.mark.parametrize(
        "first, then",
        [
            ({"alpha": np.full(1200, 0.1)}, {"alpha": np.r_[np.full(600, 0.1), np.zeros(600)]}),
            (
                {"penalty": GroupL2([0] * 600 + [1] * 600)},
                {"penalty": GroupL2([0] * 601 + [1] * 599)},
            ),
            ({"optimizer": Adam(beta_1=0.5)}, {"optimizer": Adam(beta_1=0.6)}),
        ],
        ids=["strengths", "groups", "optimizer"],
    )
    def test_are_told_apart(self, first, then):
        given = {"penalty": "l2", "learning_rate": 0.1}
        models = [GDRegressor(**{**given, **one}) for one in (first, first, then)]
        same, again, other = map(settings, map(copy.deepcopy, models))
        assert same == again != other

    def test_are_told_apart_by_warm_starts(self):
        X, y = make_data(n=60, p=1200)
        alpha = np.full(1200, 1e-3)
        model = GDRegressor(penalty="l2", alpha=alpha, learning_rate=1e-3, schedule="adaptive")
        model.set_params(warm_start=True, n_iter_no_change=1, tol=1e-1, max_iter=300).fit(X, y)
        assert model.learning_rate_ < 1e-3
        alpha = np.r_[alpha[:600], 2 * alpha[600:]]
        assert model.set_params(alpha=alpha, max_iter=1).fit(X, y).learning_rate_ == 1e-3


class TestInitialCoefficients:
    @pytest.mark.parametrize("standardize", [False, True])
    @pytest.mark.parametrize("n_targets", [1, 2])
    def test_are_where_the_run_starts(self, n_targets, standardize):
        X, y = make_data()
        y = y if n_targets == 1 else np.column_stack([y, -y])
        shape = (4,) if n_targets == 1 else (2, 4)
        coef = np.arange(1.0, 4 * n_targets + 1).reshape(shape)
        intercept = 0.5 if n_targets == 1 else np.array([0.5, -0.5])
        model = GDRegressor(standardize=standardize, store_path=True, max_iter=2, tol=None)
        model.fit(X, y, coef_init=coef, intercept_init=intercept)
        assert_allclose(model.history_.coef[0], coef, rtol=1e-12)
        assert_allclose(model.history_.intercept[0], intercept, rtol=1e-12)
        expected = np.sum((X @ coef.T + intercept - y) ** 2) / 2 / len(y)
        assert_allclose(model.history_["objective"][0], expected, rtol=1e-12)

    @pytest.mark.parametrize("rate", ["auto", 0.1])
    def test_one_alone_leaves_the_other_where_a_run_begins(self, rate):
        X, y = make_data()
        model = GDRegressor(learning_rate=rate, store_path=True, max_iter=1, tol=None)
        model.fit(X, y, coef_init=np.ones(4))
        start = y.mean() if rate == "auto" else 0
        assert_allclose(model.history_.intercept[0], start, rtol=1e-12)
        model.fit(X, y, intercept_init=2.0)
        assert_array_equal(model.history_.coef[0], np.zeros(4))
        assert model.history_.intercept[0] == 2

    def test_continue_plain_descent_to_the_bit(self):
        X, y = make_data()
        given = {"optimizer": "gd", "learning_rate": 0.1, "tol": None}
        half = GDRegressor(max_iter=4, **given).fit(X, y)
        model = GDRegressor(max_iter=6, **given)
        model.fit(X, y, coef_init=half.coef_, intercept_init=half.intercept_)
        assert_array_equal(model.coef_, GDRegressor(max_iter=10, **given).fit(X, y).coef_)

    def test_override_a_warm_start(self):
        X, y = make_data()
        model = GDRegressor(warm_start=True, store_path=True, max_iter=2, tol=None).fit(X, y)
        model.fit(X, y, coef_init=np.ones(4))
        assert_allclose(model.history_.coef[0], np.ones(4), rtol=1e-14)


def chunks(n, size):
    return [slice(start, start + size) for start in range(0, n, size)]


class TestPartialFit:
    @pairwise(
        call=[("batch", 48), ("stochastic", 1), ("stochastic", 11), ("mini-batch", 16)],
        optimizer=OVER_ALL_ROWS,
        average=[False, True, 5],
    )
    def test_over_the_same_batches_equals_fit(self, call, optimizer, average):
        X, y = make_data()
        solver, size = call
        given = {
            "solver": solver,
            "optimizer": optimizer,
            "average": average,
            "learning_rate": 0.02,
            "schedule": "invscaling",
            "penalty": "l1",
            "alpha": 0.01,
        }
        if solver == "mini-batch":
            given["batch_size"] = 8
        if solver != "batch":
            given["shuffle"] = False
        if optimizer == "momentum":
            given["momentum"] = 0.9  # "auto" looks at the rows of a call
        whole = GDRegressor(max_iter=1, tol=None, **given).fit(X, y)
        model = GDRegressor(**given)
        for rows in chunks(48, size):
            model.partial_fit(X[rows], y[rows])
        assert_array_equal(model.coef_, whole.coef_)
        assert model.intercept_ == whole.intercept_
        assert model.t_ == whole.t_

    @pairwise(optimizer=["gd", "nesterov", "adam"], average=[False, True], solver=SAMPLERS)
    def test_again_and_again_equals_epochs(self, optimizer, average, solver):
        X, y = make_data()
        given = {
            "solver": solver,
            "optimizer": optimizer,
            "average": average,
            "learning_rate": 0.02,
            "schedule": Exponential(scale=SAMPLERS[solver]().updates_per_epoch(len(y))),
            "random_state": 5,
        }
        whole = GDRegressor(max_iter=6, tol=None, **given).fit(X, y)
        model = GDRegressor(**given)
        for _ in range(6):
            model.partial_fit(X, y)
        assert model.t_ == whole.t_
        assert model.n_iter_ == whole.n_iter_ == 6
        # fit takes objective and, for batch, gradient from the moments of the columns
        assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=1e-12)
        if solver == "batch":
            assert_allclose(model.coef_, whole.coef_, rtol=1e-12)
        else:
            assert_array_equal(model.coef_, whole.coef_)

    @pytest.mark.parametrize(
        "solver, updates", [("batch", 1), ("stochastic", 48), ("mini-batch", 6)]
    )
    @pytest.mark.parametrize("rate", [0.01, "auto"])
    def test_goes_over_the_rows_once(self, solver, updates, rate):
        X, y = make_data()
        given = {"learning_rate": rate}
        if solver == "mini-batch":
            given["batch_size"] = 8
        if rate == "auto":
            updates = 48  # the rows one after the other
        model = GDRegressor(solver=solver, max_iter=500, **given).partial_fit(X, y)
        assert model.t_ == updates
        assert model.partial_fit(X, y).t_ == 2 * updates
        assert len(model.loss_curve_) == 2
        assert len(model.history_) == 3

    def test_after_fit_goes_on_from_it(self):
        X, y = make_data()
        given = {"optimizer": "adam", "learning_rate": 0.02, "schedule": "constant"}
        model = GDRegressor(max_iter=4, tol=None, **given).fit(X, y).partial_fit(X, y)
        whole = GDRegressor(max_iter=5, tol=None, **given).fit(X, y)
        assert_allclose(model.coef_, whole.coef_, rtol=1e-12)

    def test_fit_after_it_starts_anew(self):
        X, y = make_data()
        expected = GDRegressor().fit(X, y).coef_
        assert_array_equal(GDRegressor().partial_fit(X, 100 * y).fit(X, y).coef_, expected)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_of_a_stream_learns_with_the_automatic_rate(self, solver):
        rng = np.random.RandomState(0)
        truth = np.array([1.0, -2.0, 0.5])
        model = GDRegressor(solver=solver, random_state=0)
        for _ in range(300):
            X = rng.normal(size=(20, 3))
            model.partial_fit(X, X @ truth + 1 + 0.1 * rng.normal(size=20))
        assert_allclose(model.coef_, truth, atol=0.1)

    def test_weights_of_single_rows_count(self):
        X, y = make_data()
        rng = np.random.RandomState(1)
        weights = rng.choice([0.1, 10.0], size=len(y))
        given = {"solver": "stochastic", "learning_rate": 0.01, "schedule": "constant"}
        weighted, plain = GDRegressor(**given), GDRegressor(**given)
        for i in range(len(y)):
            row = slice(i, i + 1)
            weighted.partial_fit(X[row], y[row], sample_weight=weights[row])
            plain.partial_fit(X[row], y[row])
        assert not np.allclose(weighted.coef_, plain.coef_)

    def test_keeps_the_features_of_the_first_call(self):
        X, y = make_data()
        model = GDRegressor().partial_fit(X, y)
        with pytest.raises(ValueError, match="features"):
            model.partial_fit(X[:, :3], y)


class TestOtherData:
    """What the last data have left of the rate says nothing of others."""

    @pytest.mark.parametrize(
        "parameters",
        [
            {"schedule": "adaptive"},
            {"schedule": "adaptive", "learning_rate": 0.3, "optimizer": "gd"},
            {"optimizer": "gd"},
            {"optimizer": "adagrad", "loss": "huber", "learning_rate": 0.3},
            {"loss": "huber", "solver": "mini-batch", "average": True, "learning_rate": 0.1},
        ],
        ids=str,
    )
    def test_are_fitted_as_well_as_by_a_cold_start(self, parameters):
        X, y = make_data()
        other = X @ [-5.0, 2, 7, 1] + 30 + np.random.RandomState(1).normal(size=len(y))
        given = {"loss": "absolute_error", "random_state": 0, **parameters}
        warm = GDRegressor(warm_start=True, **given).fit(X, 1e-3 * y).fit(X, other)
        cold = GDRegressor(**given).fit(X, other)
        assert warm.loss_curve_[-1] <= 1.02 * cold.loss_curve_[-1]

    def test_begin_at_the_coefficients_that_stand_in_the_attributes(self):
        X, y = make_data()
        given = {"solver": "mini-batch", "average": True, "learning_rate": 0.1, "max_iter": 5}
        model = GDRegressor(warm_start=True, tol=None, random_state=0, **given).fit(X, y)
        start = np.mean((X @ model.coef_ + model.intercept_ - 2 * y) ** 2) / 2
        assert_allclose(model.fit(X, 2 * y).history_["objective"][0], start, rtol=1e-12)

    def test_the_same_data_are_known_again(self):
        """The rate goes on where plateaus have left it."""
        X, y = make_data()
        given = {"loss": "absolute_error", "schedule": "adaptive", "n_iter_no_change": 2}
        given |= {"learning_rate": 0.3, "optimizer": "gd", "tol": None, "max_iter": 40}
        model = GDRegressor(warm_start=True, **given).fit(X, y)
        rate = model.learning_rate_
        assert model.fit(X, y).learning_rate_ <= rate < 0.3


class TestAssignedCoefficients:
    """One source of truth: the attributes."""

    SETTINGS = [
        {},
        {"loss": "huber"},
        {"learning_rate": 0.01},
        {"learning_rate": 0.01, "optimizer": "momentum", "solver": "mini-batch"},
        {"learning_rate": 0.01, "average": True, "solver": "stochastic"},
    ]

    @pytest.mark.parametrize("given", SETTINGS, ids=str)
    def test_partial_fit_goes_on_from_them(self, given):
        X, y = make_data()
        models = [GDRegressor(random_state=0, **given).partial_fit(X, y) for _ in range(2)]
        models[0].coef_, models[0].intercept_ = np.full(4, 50.0), -3.0
        models[1].coef_[:] = 50.0
        models[1].intercept_ = -3.0
        for model in models:
            model.partial_fit(X[:1], y[:1] + 1e-3)
            assert_allclose(model.coef_, 50, atol=10)
            assert model.t_ > 1
        assert_array_equal(models[0].coef_, models[1].coef_)

    @pytest.mark.parametrize("given", SETTINGS, ids=str)
    def test_warm_starts_go_on_from_them(self, given):
        X, y = make_data()
        model = GDRegressor(random_state=0, warm_start=True, max_iter=2, tol=None, **given)
        model.fit(X, y)
        model.coef_ = np.full(4, 50.0)
        z = X @ model.coef_ + model.intercept_
        start = GDRegressor(max_iter=1, tol=None, **given).fit(
            X, y, coef_init=model.coef_, intercept_init=model.intercept_
        )
        model.fit(X, y)
        assert_allclose(model.history_["objective"][0], start.history_["objective"][0])
        if given.get("loss") is None:
            assert_allclose(model.history_["objective"][0], np.mean((z - y) ** 2) / 2)

    def test_pruned_ones_stay_zero_where_nothing_moves_them(self):
        X, y = make_data()
        X[:, 1] = 0
        model = GDRegressor(learning_rate=0.1, optimizer="momentum").fit(X + 1e-3, y)
        model.coef_[1] = 0.0
        assert model.partial_fit(X, y).coef_[1] == 0.0

    def test_of_a_wrong_shape_are_refused_by_name(self):
        X, y = make_data()
        model = GDRegressor(learning_rate=0.1).partial_fit(X, y)
        model.coef_ = np.ones(7)
        with pytest.raises(ValueError, match="coef_ must have the shape"):
            model.partial_fit(X, y)

    @pytest.mark.parametrize("given", SETTINGS, ids=str)
    def test_averages_of_models(self, given):
        """Federated averaging: each learns from its rows and goes on from the mean of all."""
        given = given | {"learning_rate": 0.1} if "learning_rate" in given else given
        rng = np.random.RandomState(0)
        models = [GDRegressor(random_state=0, **given) for _ in range(3)]
        for _ in range(60):
            for shift, model in enumerate(models):
                X = rng.normal(size=(20, 3)) + shift
                model.partial_fit(X, X @ [1.0, -2.0, 0.5] + 1 + 0.1 * rng.normal(size=20))
            coef = np.mean([model.coef_ for model in models], axis=0)
            intercept = float(np.mean([model.intercept_ for model in models]))
            for model in models:
                model.coef_, model.intercept_ = coef, intercept
        assert_allclose(coef, [1.0, -2.0, 0.5], atol=0.15)


class TestOtherTypes:
    """Chunks of another precision: what is known is cast, not forgotten."""

    @pytest.mark.parametrize("given", TestAssignedCoefficients.SETTINGS, ids=str)
    @pytest.mark.parametrize("optimizer", ["gd", "adam"])
    def test_chunks_of_alternating_types(self, optimizer, given):
        X, y = make_data()
        if "learning_rate" in given:
            given = {"optimizer": optimizer, **given}
        model, expected = (GDRegressor(random_state=0, **given) for _ in range(2))
        for i in range(16):
            rows = slice(3 * i, 3 * i + 3)
            chunk = X[rows].astype(np.float32)
            expected.partial_fit(chunk.astype(float), y[rows])
            model.partial_fit(chunk if i % 3 else chunk.tolist(), y[rows])
        assert model.t_ == expected.t_
        assert model.n_iter_ == 16
        assert len(model.history_) == 17
        assert_allclose(model.coef_, expected.coef_, rtol=1e-4, atol=1e-5)

    def test_warm_starts_keep_count_and_memory(self):
        X, y = make_data()
        X = X.astype(np.float32)
        given = {"optimizer": "adam", "learning_rate": 0.05, "tol": None, "schedule": "constant"}
        model = (
            GDRegressor(warm_start=True, max_iter=10, **given).fit(X, y).fit(X.astype(float), y)
        )
        whole = GDRegressor(max_iter=20, **given).fit(X.astype(float), y)
        assert model.t_ == 20
        assert_allclose(model.coef_, whole.coef_, rtol=1e-5)


class TestRollback:
    """A call that fails or is interrupted leaves everything as it was, or is complete."""

    class Stops(Loss):
        """Squared error that raises at its n-th call."""

        left, error = np.inf, RuntimeError

        def _count(self):
            cls = type(self)
            cls.left -= 1
            if cls.left < 0:
                raise cls.error("stopped")

        def value(self, y, z):
            self._count()
            return (z - y) ** 2 / 2

        def gradient(self, y, z):
            self._count()
            return z - y

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"learning_rate": 0.01, "optimizer": "adam"},
            {"learning_rate": 0.01, "solver": "mini-batch", "average": True, "store_path": True},
        ],
        ids=str,
    )
    def test_at_every_call_of_the_loss(self, given, error):
        X, y = make_data()
        self.Stops.left, stopped = np.inf, 0
        for calls in range(0, 60, 3):
            model = GDRegressor(self.Stops(), random_state=0, **given)
            model.partial_fit(X[:20], y[:20]).partial_fit(X[20:24], y[20:24])
            before, shallow = pickle.dumps(vars(model)["_state"]["count"]), dict(vars(model))
            rows, coef, t = len(model.history_), model.coef_.copy(), model.t_
            self.Stops.left, self.Stops.error = calls, error
            try:
                model.partial_fit(X[24:40], y[24:40])
            except error:
                stopped += 1
                if model.t_ == t and model._state is shallow["_state"]:
                    assert_array_equal(model.coef_, coef)
                    assert len(model.history_) == rows
                    assert vars(model) == shallow
                    assert pickle.dumps(model._state["count"]) == before
                assert model.history_["t"][-1] == model.t_
                assert len(model.loss_curve_) == len(model.history_) - 1
            finally:
                self.Stops.left = np.inf
        assert stopped > 3

    def test_at_any_line(self, monkeypatch):
        """Interrupts between any two lines of the package."""
        X, y = make_data()
        model = GDRegressor(learning_rate=0.01, optimizer="adam", store_path=True)
        model.partial_fit(X, y).partial_fit(X, y)
        lines = lines_of(lambda: clone_fitted(model).partial_fit(X[:9], y[:9]))
        changed = 0
        for line in range(1, lines, max(1, lines // 200)):
            copy = clone_fitted(model)
            interrupt_at(line, lambda copy=copy: copy.partial_fit(X[:9], y[:9]))
            assert copy.t_ == copy.history_["t"][-1] == copy._state["count"]
            assert copy.n_iter_ == copy.history_["epoch"][-1] == len(copy.loss_curve_)
            assert len(copy.history_) == len(copy.history_.coef) == 1 + copy.n_iter_
            assert_array_equal(copy.history_.coef[-1], copy.coef_)
            changed += copy.t_ != model.t_
        assert changed < lines / 4

    def test_a_shallow_copy_has_a_history_of_its_own(self):
        X, y = make_data()
        for given in ({}, {"learning_rate": 0.01}):
            model = GDRegressor(**given).partial_fit(X, y)
            other, kept = copy.copy(model), pickle.dumps(model)
            alias = GDRegressor(**given)
            vars(alias).update(vars(model))
            model.partial_fit(X, y)
            for left in (other, alias):
                assert len(left.history_) == 2
                assert pickle.dumps(left) == kept


def clone_fitted(model):
    return pickle.loads(pickle.dumps(model))


def traced(function, on_line):
    """Run a function, calling `on_line` before every line of the package."""

    def trace(frame, event, _):
        if "gdregress" not in frame.f_code.co_filename:
            return None
        if event == "line":
            on_line()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)


def lines_of(function):
    """How many lines of the package a function runs."""
    count = iter(range(10**9))
    traced(function, lambda: next(count))
    return next(count)


def interrupt_at(line, function):
    """Run a function until that line of the package, and interrupt it there."""
    left = iter(range(line))

    def on_line():
        if next(left, None) is None and not done:
            done.append(True)
            raise KeyboardInterrupt

    done = []
    with contextlib.suppress(KeyboardInterrupt):
        traced(function, on_line)
