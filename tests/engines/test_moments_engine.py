"""Batch updates taken in the core, many at a time: the same run as one epoch after the other."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from test_kernels import INTERPRETED

from gdregress import GDRegressor
from gdregress._core import arrays as core
from gdregress._engines import moments as compiled_batch
from gdregress._objective.quadratic import QuadraticObjective
from gdregress.optimizers import OPTIMIZERS, GradientDescent
from gdregress.penalties import L2, PENALTIES, Box
from gdregress.schedules import SCHEDULES

pytestmark = [
    pytest.mark.skipif(not core.is_compiled(), reason="needs the compiled core"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.DivergenceWarning"),
]

KERNELS = {"compiled": core.kernels, "interpreted": INTERPRETED}
MOST = compiled_batch.MOST_UPDATES
BOXES = {"box": Box(-0.2, 0.3), "boxes": Box([-0.1, 0, -9, 0.2], [0.1, 2, 0, 9])}


def make_data(k=1, noise=1.0, n=120, p=4):
    """Columns of unequal sizes and means, unequal targets, weights far from mean 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) * np.linspace(0.5, 2, p) + np.linspace(-1, 1, p)
    y = X @ rng.normal(size=(p, k)) * np.linspace(1, 3, k) + 2 + noise * rng.normal(size=(n, k))
    return X, (y if k > 1 else y[:, 0]), rng.uniform(2, 9, size=n)


class Engine:
    """Fits by the "compiled" or the "interpreted" core or by the "plain" loop.

    ``epochs`` counts those that have come from the core.
    """

    def __init__(self, name="compiled"):
        self.name = name
        self.epochs = 0

    def run_in_core(self, *args, original=compiled_batch.run_in_core):
        epochs = original(*args, kernels=KERNELS[self.name])
        while True:
            try:
                row = next(epochs)
            except StopIteration as end:
                return end.value
            self.epochs += 1
            yield row

    def fit(self, model, *data, **given):
        with pytest.MonkeyPatch.context() as patch:
            if self.name == "plain":
                patch.setattr(compiled_batch, "applies", lambda run, state: False)
            patch.setattr(compiled_batch, "run_in_core", self.run_in_core)
            return model.fit(*data, **given)


def assert_same(one, other, rtol=1e-12):
    """The same numbers to rounding, each relative to the largest of the run."""
    assert (one.n_iter_, one.t_, one.stop_reason_) == (other.n_iter_, other.t_, other.stop_reason_)
    histories = [model.history_ for model in (one, other)]
    columns = ["objective", "loss", "penalty", "gradient_norm", "learning_rate"]
    for name in [*columns, "epoch", "t"]:
        assert_near(*(history[name] for history in histories), rtol)
    for name in ("coef", "intercept"):
        assert_near(*(getattr(history, name) for history in histories), rtol)
    memories = [model._state.optimizer for model in (one, other)]
    assert type(memories[0]) is type(memories[1])
    for a, b in zip(*memories, strict=True):
        assert np.shape(a) == np.shape(b)
        # displacements are differences of parameters, and as exact as these
        assert_near(a, b, rtol, scale=np.abs(other._state.params).max())


def assert_near(a, b, rtol, scale=0.0):
    b = np.asarray(b)
    scale = max(scale, np.abs(b[np.isfinite(b)]).max(initial=0))
    assert_allclose(a, b, rtol=0, atol=rtol * scale)


def assert_engines_agree(*data, initial=None, **parameters):
    """All engines give the same run; returns the plain one, and how much of it the core took."""
    given = {"store_path": True, **parameters}
    plain = Engine("plain").fit(GDRegressor(**given), *data, **(initial or {}))
    for name in KERNELS:
        engine = Engine(name)
        assert_same(engine.fit(GDRegressor(**given), *data, **(initial or {})), plain)
    return plain, engine.epochs


# Every rule and penalty ---------------------------------------------------------------------


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("penalty", [*PENALTIES, *BOXES])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_rule_and_penalty(optimizer, penalty, k, weighted, fit_intercept):
    X, y, weights = make_data(k)
    weights = weights if weighted else None
    given = {"alpha": 0.1} if penalty in ("l1", "l2", "elasticnet") else {}
    given |= {"penalty": BOXES.get(penalty, penalty), "fit_intercept": fit_intercept}
    given |= {"optimizer": optimizer, "schedule": "constant", "max_iter": 12, "tol": None}
    _, epochs = assert_engines_agree(X, y, weights, **given)
    assert epochs == 12


@pytest.mark.parametrize("momentum", [0.0, 0.5, "auto"])
@pytest.mark.parametrize("optimizer", ["momentum", "nesterov"])
def test_every_momentum(optimizer, momentum):
    X, y, weights = make_data()
    given = {"optimizer": optimizer, "momentum": momentum, "penalty": "l2", "alpha": 0.01}
    assert_engines_agree(X, y, weights, max_iter=150, tol=None, **given)


def test_the_accelerated_momentum_starts_anew():
    """Somewhere on the way to the minimum of a badly conditioned objective."""
    X, y, _ = make_data()
    model = GDRegressor(max_iter=1, tol=None, warm_start=True)
    sequence = [model.fit(X, y)._state.optimizer.t for _ in range(40)]
    assert 1.0 in sequence
    assert_engines_agree(X, y, max_iter=40, tol=None)


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "adaptive"])
def test_every_schedule(schedule):
    X, y, weights = make_data()
    _, epochs = assert_engines_agree(X, y, weights, schedule=schedule, max_iter=30, tol=None)
    assert epochs == 30


@pytest.mark.parametrize("start", ["zero", "given"])
@pytest.mark.parametrize("standardize", [False, True])
def test_other_starts_and_units(standardize, start):
    X, y, weights = make_data()
    initial = {} if start == "zero" else {"coef_init": np.arange(4.0), "intercept_init": 9}
    for rows in (X, sparse.csr_array(X)):
        _, epochs = assert_engines_agree(
            rows, y, weights, initial=initial, standardize=standardize, max_iter=12, tol=None
        )
        assert epochs == 12


@pytest.mark.parametrize("size", [1e-140, 1e140])
def test_norms_whose_squares_leave_the_range(size):
    X, y, _ = make_data()
    _, epochs = assert_engines_agree(X, size * y, optimizer="gd", max_iter=20, tol=None)
    assert epochs == 20


# Where the plain loop would do something else -----------------------------------------------


@pytest.mark.parametrize("penalty", [None, "l1"])
@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
def test_the_tolerance_is_met_within_a_call(optimizer, k, penalty):
    X, y, weights = make_data(k)
    given = {"penalty": "l1", "alpha": 0.1} if penalty else {}
    model, epochs = assert_engines_agree(X, y, weights, optimizer=optimizer, tol=1e-2, **given)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ > 2
    assert model.n_iter_ % MOST > 1
    assert epochs == model.n_iter_ - 1  # the plain loop ends it at the point of its gradient


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
def test_the_anchor_moves(optimizer, monkeypatch):
    """Without noise the loss falls to nothing, and its digits are lost on the way."""
    moved = []
    original = QuadraticObjective.move_anchor

    def counted(objective, params):
        moved.append(params)
        original(objective, params)

    monkeypatch.setattr(QuadraticObjective, "move_anchor", counted)
    X, y, _ = make_data(noise=0.0)
    given = {"optimizer": optimizer, "tol": 1e-11, "max_iter": 5000}
    engines = [Engine("plain"), Engine("compiled")]
    moves = []
    for engine in engines:
        model = engine.fit(GDRegressor(store_path=True, **given), X, y)
        moves.append(len(moved))
        moved.clear()
        assert model.stop_reason_ == "tolerance"
        assert model.history_["loss"][-1] < 1e-18 * model.history_["loss"][0]
    assert moves[0] == moves[1] > 3
    assert 0 < engines[1].epochs < model.n_iter_ - 3


def test_an_automatic_rate_that_does_not_hold_is_cut(monkeypatch):
    # slightly too large, so that the run is well under way when it shows
    monkeypatch.setattr("gdregress._estimator.plan.automatic_learning_rate", lambda *given: 0.5)
    X, y, _ = make_data()
    model, epochs = assert_engines_agree(X, y, optimizer="gd")
    assert model._state.rate_factor < 1
    assert model.stop_reason_ == "tolerance"
    assert epochs > 2


@pytest.mark.parametrize("rate", [3.0, 1e200])
@pytest.mark.parametrize("optimizer", ["gd", "nesterov"])
def test_a_run_that_diverges(optimizer, rate):
    X, y, _ = make_data()
    model, _ = assert_engines_agree(X, y, optimizer=optimizer, learning_rate=rate)
    assert model.stop_reason_ == "diverged"


@pytest.mark.parametrize("max_iter", [1, 2, MOST - 1, MOST, MOST + 1, 2 * MOST + 9])
def test_the_last_epoch_within_a_call(max_iter):
    X, y, _ = make_data()
    given = {"optimizer": "momentum", "learning_rate": "auto", "tol": None}
    model, epochs = assert_engines_agree(X, y, max_iter=max_iter, **given)
    assert model.n_iter_ == epochs == max_iter


# What goes on from an epoch -----------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_is_the_uninterrupted_one(optimizer, k):
    X, y, weights = make_data(k)
    given = {"optimizer": optimizer, "penalty": "elasticnet", "alpha": 0.01, "tol": None}
    given |= {"schedule": "constant"}
    # the optimal momentum is another one after a warm start
    given |= {"momentum": 0.5} if optimizer == "momentum" else {}
    engine = Engine()
    whole = engine.fit(GDRegressor(max_iter=MOST + 20, **given), X, y, weights)
    model = GDRegressor(warm_start=True, **given)
    for epochs in (3, 2, MOST, 15):
        engine.fit(model.set_params(max_iter=epochs), X, y, weights)
    assert_array_equal(model.coef_, whole.coef_)
    assert_array_equal(model.intercept_, whole.intercept_)
    assert model.loss_curve_ == whole.loss_curve_[-15:]
    assert model.history_["gradient_norm"][1:] == whole.history_["gradient_norm"][-15:]
    assert engine.epochs == 2 * (MOST + 20)


class StopAfter:
    """A callback of scikit-learn's that ends the run after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch
        self.coefs = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, *, X, y):
        pass

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        if context.task_name == "epoch":
            self.coefs.append(fitted_estimator.coef_.copy())
            return len(self.coefs) == self.epoch


def test_a_callback_sees_each_epoch_and_ends_the_run_there():
    X, y, _ = make_data()
    callback, engine = StopAfter(5), Engine()
    model = GDRegressor(tol=None, store_path=True, warm_start=True).set_callbacks(callback)
    engine.fit(model, X, y)
    assert engine.epochs == model.n_iter_ == model.t_ == model._state.epoch == 5
    assert_array_equal(callback.coefs, model.history_.coef[1:])
    whole = GDRegressor(tol=None, max_iter=8).fit(X, y)
    model.set_callbacks().set_params(max_iter=3).fit(X, y)
    assert_array_equal(model.coef_, whole.coef_)


def test_the_epoch_that_is_kept_keeps_no_others():
    X, y, _ = make_data()
    state = GDRegressor(tol=None, max_iter=MOST).fit(X, y)._state
    for array in (state.params, state.optimizer.velocity):
        assert array.base is None or array.base.size == 2 * array.size


# Where it applies ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [{}, {"optimizer": "gd"}, {"penalty": "l1"}, {"verbose": 1}, {"store_path": True}],
    ids=" ".join,
)
def test_used_where_nothing_speaks_against_it(parameters):
    X, y, weights = make_data()
    engine = Engine()
    model = engine.fit(GDRegressor(**parameters), X, y, weights)
    assert engine.epochs >= model.n_iter_ - 1 > 1


class OwnRule(GradientDescent):
    """A rule of the user's, which the core knows nothing of."""


class OwnPenalty(L2):
    """A penalty of the user's."""


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
def test_everything_else_is_left_to_the_plain_loop(parameters):
    X, y, _ = make_data()
    engine = Engine()
    engine.fit(GDRegressor(max_iter=5, tol=None, **parameters), X, y)
    assert engine.epochs == 0


def test_single_precision_and_large_updates_are_left_to_the_plain_loop():
    X, y, _ = make_data()
    engine = Engine()
    engine.fit(GDRegressor(max_iter=5, tol=None), X.astype(np.float32), y)
    wide = np.random.RandomState(0).normal(size=(900, 400))
    engine.fit(GDRegressor(max_iter=5, tol=None), wide, wide[:, 0])
    assert engine.epochs == 0
