"""The moments engine: which updates the plain engine makes, and resumed runs."""

import numpy as np
import pytest
from components import OVER_ALL_ROWS, with_kernel
from grids import pairwise
from harness import assert_same_run, using
from hooks import EpochHook
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import clone
from twins import needs_compiler

from gdregress import GDRegressor
from gdregress._engines import Moments
from gdregress._engines.moments import MAX_UPDATES
from gdregress._objective.quadratic import QuadraticObjective
from gdregress.losses import SquaredError
from gdregress.optimizers import GradientDescent
from gdregress.penalties import L2, Box

pytestmark = [
    needs_compiler,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.DivergenceWarning"),
]


def make_data(k=1, noise=1.0, n=120, p=4):
    """Columns of unequal sizes and means, unequal targets, weights far from mean 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) * np.linspace(0.5, 2, p) + np.linspace(-1, 1, p)
    y = X @ rng.normal(size=(p, k)) * np.linspace(1, 3, k) + 2 + noise * rng.normal(size=(n, k))
    return X, (y if k > 1 else y[:, 0]), rng.uniform(2, 9, size=n)


def forms_agree(*data, initial=None, **parameters):
    """The plain run, which is that of all forms, and how many of its epochs the core ran."""
    model = GDRegressor(**{"preconditioner": None, "store_path": True, **parameters})
    with using("plain"):
        plain = clone(model).fit(*data, **(initial or {}))
    for form in ("compiled", "interpreted"):
        with using(form) as log:
            model.fit(*data, **(initial or {}))
        assert_same_run(model, plain, 1e-12)
    return plain, log.epochs_of(Moments)


def epochs_of_moments(model, *data):
    """How many epochs of a fit the moments engine runs."""
    with using() as log:
        model.fit(*data)
    return log.epochs_of(Moments)


# Rules and units ----------------------------------------------------------------------------


@pairwise(
    optimizer=with_kernel(OVER_ALL_ROWS),
    penalty=[None, Box([-0.1, 0, -9, 0.2], [0.1, 2, 0, 9])],
    k=[1, 2, 5],
    fit_intercept=[True, False],
)
def test_bounds_targets_and_intercepts(optimizer, penalty, k, fit_intercept):
    given = {"optimizer": optimizer, "penalty": penalty, "fit_intercept": fit_intercept}
    _, epochs = forms_agree(*make_data(k), schedule="constant", max_iter=12, tol=None, **given)
    assert epochs == 12


@pytest.mark.parametrize("momentum", [0.0, 0.5, "auto"])
@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
def test_every_momentum(optimizer, momentum):
    given = {"optimizer": optimizer, "momentum": momentum, "penalty": "l2", "alpha": 0.01}
    forms_agree(*make_data(), max_iter=150, tol=None, **given)


def test_the_accelerated_momentum_starts_anew():
    """Somewhere on the way to the minimum of a badly conditioned objective."""
    X, y, _ = make_data()
    model = GDRegressor(max_iter=1, tol=None, warm_start=True)
    sequence = [model.fit(X, y)._state["memory"]["t"] for _ in range(40)]
    assert 1.0 in sequence
    forms_agree(X, y, max_iter=40, tol=None)


@pairwise(
    start=["zero", "given"], standardize=[False, True], storage=[np.asarray, sparse.csr_array]
)
def test_other_starts_and_units(start, standardize, storage):
    X, y, weights = make_data()
    initial = {} if start == "zero" else {"coef_init": np.arange(4.0), "intercept_init": 9}
    given = {"standardize": standardize, "max_iter": 12, "tol": None}
    _, epochs = forms_agree(storage(X), y, weights, initial=initial, **given)
    assert epochs == 12


@pytest.mark.parametrize("size", [1e-140, 1e140])
def test_norms_whose_squares_leave_the_range(size):
    X, y, _ = make_data()
    _, epochs = forms_agree(X, size * y, optimizer="gd", max_iter=20, tol=None)
    assert epochs == 20


# Where the plain engine would do something else ---------------------------------------------


@pairwise(optimizer=["gd", "momentum", "nesterov"], k=[1, 2], penalty=[None, "l1"])
def test_the_tolerance_is_met_within_a_call(optimizer, k, penalty):
    given = {"penalty": "l1", "alpha": 0.1} if penalty else {}
    model, epochs = forms_agree(*make_data(k), optimizer=optimizer, tol=1e-2, **given)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ > 2
    assert model.n_iter_ % MAX_UPDATES > 1
    assert epochs == model.n_iter_ - 1  # the plain engine ends it at the point of its gradient


@pytest.mark.parametrize(("seed", "tol"), [(126, 0.5), (139, 0.3), (142, 0.5)])
def test_a_large_tolerance_is_met_where_plain_meets_it(seed, tol):
    """The plain engine, which takes the last step, comes to the same judgement of its point."""
    rng = np.random.RandomState(seed)
    p = rng.randint(2, 8)
    X = rng.normal(size=(60, p)) * np.exp(rng.normal(size=p))
    y = X @ rng.normal(size=p) + rng.normal(size=60)
    with using("plain"):
        plain = GDRegressor(optimizer="nesterov", preconditioner=None, tol=tol).fit(X, y)
    with using("compiled"):
        fast = clone(plain).fit(X, y)
    assert plain.stop_reason_ == "tolerance"
    assert_same_run(fast, plain, 1e-12)


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
def test_the_anchor_moves(optimizer, monkeypatch):
    """Without noise the loss falls to nothing, and its digits are lost on the way."""
    moved, move_anchor = [], QuadraticObjective.move_anchor

    def counted(objective, params):
        moved.append(params)
        move_anchor(objective, params)

    monkeypatch.setattr(QuadraticObjective, "move_anchor", counted)
    X, y, _ = make_data(noise=0.0)
    moves = []
    for form in ("plain", "compiled"):
        with using(form) as log:
            model = GDRegressor(optimizer=optimizer, tol=1e-11, max_iter=5000).fit(X, y)
        moves.append(len(moved))
        moved.clear()
        assert model.stop_reason_ == "tolerance"
        assert model.history_["loss"][-1] < 1e-18 * model.history_["loss"][0]
    assert moves[0] == moves[1] > 3
    assert 0 < log.epochs_of(Moments) < model.n_iter_ - 3


class TooFlat(SquaredError):
    """A loss whose rate 1 / L is slightly too large, so that it shows when a run is under way."""

    curvature = 0.45


def test_an_automatic_rate_that_does_not_hold_is_cut():
    X, y, _ = make_data()
    model, epochs = forms_agree(X, y, loss=TooFlat(), optimizer="gd", max_iter=3000)
    assert model._state["rate_factor"] < 1
    assert model.stop_reason_ == "tolerance"
    assert epochs > 2


@pytest.mark.parametrize("rate", [3.0, 1e200])
@pytest.mark.parametrize("optimizer", ["gd", "nesterov"])
def test_a_run_that_diverges(optimizer, rate):
    X, y, _ = make_data()
    model, _ = forms_agree(X, y, optimizer=optimizer, learning_rate=rate)
    assert model.stop_reason_ == "diverged"


@pytest.mark.parametrize(
    "max_iter", [1, 2, MAX_UPDATES - 1, MAX_UPDATES, MAX_UPDATES + 1, 2 * MAX_UPDATES + 9]
)
def test_the_last_epoch_within_a_call(max_iter):
    X, y, _ = make_data()
    model, epochs = forms_agree(X, y, max_iter=max_iter, optimizer="momentum", tol=None)
    assert model.n_iter_ == epochs == max_iter


# What goes on from an epoch -----------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("optimizer", with_kernel(OVER_ALL_ROWS))
def test_a_resumed_run_is_the_uninterrupted_one(optimizer, k):
    X, y, weights = make_data(k)
    given = {"optimizer": optimizer, "penalty": "elasticnet", "alpha": 0.01, "tol": None}
    given |= {"schedule": "constant", "preconditioner": None}
    # the optimal momentum is another one after a warm start
    given |= {"momentum": 0.5} if optimizer == "momentum" else {}
    epochs = MAX_UPDATES + 20
    once = GDRegressor(max_iter=epochs, **given)
    assert epochs_of_moments(once, X, y, weights) == epochs
    model = GDRegressor(warm_start=True, **given)
    for part in (3, 2, MAX_UPDATES, 15):
        assert epochs_of_moments(model.set_params(max_iter=part), X, y, weights) == part
    assert_array_equal(model.coef_, once.coef_)
    assert_array_equal(model.intercept_, once.intercept_)
    assert model.loss_curve_ == once.loss_curve_[-15:]
    assert model.history_["gradient_norm"][1:] == once.history_["gradient_norm"][-15:]


class StopAfter(EpochHook):
    """A callback of scikit-learn's that ends the run after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.coefs = []

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        if context.task_name == "epoch":
            self.coefs.append(fitted_estimator.coef_.copy())
            return len(self.coefs) == self.epoch


def test_a_callback_sees_each_epoch_and_ends_the_run_there():
    X, y, _ = make_data()
    callback = StopAfter(5)
    given = {"tol": None, "preconditioner": None}
    model = GDRegressor(store_path=True, warm_start=True, **given).set_callbacks(callback)
    assert epochs_of_moments(model, X, y) == 5
    assert model.n_iter_ == model.t_ == model._state["epoch"] == 5
    assert_array_equal(callback.coefs, model.history_.coef[1:])
    once = GDRegressor(max_iter=8, **given).fit(X, y)
    model.set_callbacks().set_params(max_iter=3).fit(X, y)
    assert_array_equal(model.coef_, once.coef_)


def test_the_epoch_that_is_kept_keeps_no_others():
    X, y, _ = make_data()
    state = GDRegressor(tol=None, max_iter=MAX_UPDATES).fit(X, y)._state
    for array in (state["params"], state["memory"]["velocity"]):
        assert array.base is None or array.base.size == 2 * array.size


# Where it applies ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"optimizer": "gd"},
        {"penalty": "l1", "optimizer": "nesterov"},
        {"verbose": 1},
        {"store_path": True},
    ],
    ids=" ".join,
)
def test_used_where_nothing_speaks_against_it(parameters):
    model = GDRegressor(**parameters)
    assert epochs_of_moments(model, *make_data()) >= model.n_iter_ - 1 > 1


class OwnRule(GradientDescent):
    """A rule of the user's, which the core knows nothing of."""

    def step(self, params, grad, memory, learning_rate, prox):
        return super().step(params, grad, memory, learning_rate, prox)


class OwnPenalty(L2):
    """A penalty of the user's."""

    def prox(self, w, step_size):
        return super().prox(w, step_size)


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "huber"},
        {"solver": "mini-batch"},
        {"average": True},
        {"early_stopping": True},
        {"learning_rate": "line-search"},
        {"schedule": "adaptive"},
        {"schedule": lambda count: 1.0},
        {"optimizer": OwnRule()},
        {"penalty": OwnPenalty()},
    ],
    ids=" ".join,
)
def test_everything_else_is_left_to_the_plain_engine(parameters):
    X, y, _ = make_data()
    assert epochs_of_moments(GDRegressor(max_iter=5, tol=None, **parameters), X, y) == 0


def test_single_precision_and_large_updates_are_left_to_the_plain_engine():
    X, y, _ = make_data()
    model = GDRegressor(max_iter=5, tol=None)
    assert epochs_of_moments(model, X.astype(np.float32), y) == 0
    wide = np.random.RandomState(0).normal(size=(900, 400))
    assert epochs_of_moments(model, wide, wide[:, 0]) == 0
