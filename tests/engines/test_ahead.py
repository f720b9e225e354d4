"""Several epochs between two looks: the same run as with a look after each, and fewer waits."""

import numpy as np
import pytest
from libraries import needed
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context

from gdregress import GDClassifier, GDRegressor
from gdregress._engines import ahead as _ahead
from gdregress._objective.deferred import Refuted, Unread, read
from gdregress._solver import solve as solver
from gdregress._solver.averaging import SuffixAverage
from gdregress._utils.array_api import asarray, rows_beside, take_rows
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import Box
from gdregress.samplers import MiniBatch

jax, torch = needed("jax"), needed("torch")
jnp = jax.numpy

MAKE = {"torch": torch.asarray, "jax": jnp.asarray}


@pytest.fixture(params=MAKE)
def library(request, monkeypatch):
    """Function to an array of a library, as if on an accelerator."""
    for module in ("_estimator.data", "_engines.ahead"):
        monkeypatch.setattr(f"gdregress.{module}.in_host_memory", lambda array: False)
    return MAKE[request.param]


@pytest.fixture(autouse=True, scope="module")
def double_precision():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.fixture(autouse=True)
def dispatch():
    with config_context(array_api_dispatch=True):
        yield


@pytest.fixture
def looks(monkeypatch):
    """The numbers that each look at several epochs has read."""
    numbers = []

    def counted(unread):
        numbers.append(len(unread))
        return read(unread)

    monkeypatch.setattr("gdregress._engines.ahead.read", counted)
    return numbers


@pytest.fixture
def waits(monkeypatch):
    """The names of the calls that have waited for a number of the device."""
    names = []

    def count(owner, name):
        function = getattr(owner, name)

        def counted(*args, **kwargs):
            names.append(name)
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    conversions = ["__float__", "__bool__", "__int__", "item", "tolist"]
    for name in [*conversions, "numpy", "__dlpack__"]:
        count(torch.Tensor, name)
    for name in conversions:
        count(type(jnp.zeros(())), name)
    count(jax, "device_get")
    return names


def make_data(noise=0.3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 4)) + 0.5
    return X, X @ [1.0, -2.0, 0.5, 3.0] + 1 + noise * rng.normal(size=60)


def two_fits(library, model, X, y):
    """All that a fit and its continuation leave behind, but for the seconds."""
    left = []
    model.set_params(warm_start=True, random_state=0)
    for _ in range(2):
        model.fit(library(X), library(y))
        history, state = model.history_, model._state
        columns = [history[name] for name in history.columns() if name != "seconds"]
        paths = [*map(np.asarray, history.coef), *history.intercept]
        fitted = np.asarray(model.coef_), np.asarray(model.intercept_), model.learning_rate_
        numbers = state.rng.get_state(), state.count, state.optimizer, state.rate_factor
        left.append((model.stop_reason_, model.n_iter_, model.t_, columns, fitted, paths, numbers))
    return left


def assert_same_as_a_look_after_every_epoch(library, looks, monkeypatch, model, X, y):
    """Also that the run was ahead of its looks at all; returns the reason why it has ended."""
    ahead = two_fits(library, model, X, y)
    assert looks
    del model._state
    monkeypatch.setattr(_ahead, "EPOCHS_AHEAD", 1)
    looks.clear()
    one_by_one = two_fits(library, model, X, y)
    assert not looks
    assert repr(ahead) == repr(one_by_one)  # which knows one NaN from another number
    return ahead[0][0]


# The result


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::gdregress.exceptions.DivergenceWarning")
class TestSameRun:
    @pytest.mark.parametrize(
        "ending", [{"tol": 0.1}, {"tol": None, "max_iter": 37}], ids=["to tol", "to max_iter"]
    )
    @pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "nesterov"])
    def test_over_all_rows(self, library, looks, monkeypatch, optimizer, ending):
        rate = "auto" if optimizer in ("gd", "momentum") else 0.2
        given = {"optimizer": optimizer, "learning_rate": rate, "schedule": "constant"}
        model = GDRegressor(**given, **ending)
        end = assert_same_as_a_look_after_every_epoch(
            library, looks, monkeypatch, model, *make_data()
        )
        assert end == ("max_iter" if ending["tol"] is None else "tolerance")

    @pytest.mark.parametrize(
        "parameters",
        [{"loss": "squared_error", "tol": None}, {"loss": "huber", "tol": 0.1}],
        ids=["to max_iter", "to a plateau"],
    )
    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    @pytest.mark.parametrize("solver", ["mini-batch", "stochastic"])
    def test_over_some_rows(self, library, looks, monkeypatch, solver, optimizer, parameters):
        X, y = make_data()
        if solver == "stochastic":
            X, y = X[::6], y[::6]
        else:
            parameters = {**parameters, "batch_size": 16}
        model = GDRegressor(solver=solver, optimizer=optimizer, max_iter=33, **parameters)
        end = assert_same_as_a_look_after_every_epoch(library, looks, monkeypatch, model, X, y)
        assert end == ("max_iter" if parameters["tol"] is None else "plateau")

    @pytest.mark.parametrize("solver", ["batch", "mini-batch"])
    @pytest.mark.parametrize("loss", ["squared_error", "huber"])
    def test_that_diverges(self, library, looks, monkeypatch, loss, solver):
        model = GDRegressor(
            loss, solver=solver, optimizer="momentum", learning_rate=3.0, schedule="constant"
        )
        end = assert_same_as_a_look_after_every_epoch(
            library, looks, monkeypatch, model, *make_data()
        )
        assert end == "diverged"

    @pytest.mark.parametrize("solver", ["batch", "mini-batch"])
    def test_whose_automatic_rate_is_cut(self, library, looks, monkeypatch, solver):
        # slightly too large, so that the run is well under way when it shows
        monkeypatch.setattr(
            "gdregress._estimator.plan.automatic_learning_rate", lambda *given: 0.9
        )
        model = GDRegressor(solver=solver, optimizer="gd", schedule="constant", max_iter=60)
        assert_same_as_a_look_after_every_epoch(library, looks, monkeypatch, model, *make_data())
        assert model._state.rate_factor < 1

    def test_whose_anchor_moves(self, library, looks, monkeypatch):
        """Without noise the loss falls to nothing, and its digits are lost on the way."""
        model = GDRegressor(optimizer="momentum", tol=1e-12)
        end = assert_same_as_a_look_after_every_epoch(
            library, looks, monkeypatch, model, *make_data(noise=0.0)
        )
        assert end == "tolerance"
        assert model.history_["loss"][-1] < 1e-20

    @pytest.mark.parametrize(
        "parameters",
        [
            {"average": True},
            {"average": 7},
            {"store_path": True},
            {"penalty": "l1", "alpha": 0.1},
            {"loss": "huber", "penalty": "elasticnet", "alpha": 0.1},
            {"loss": lambda y, z: (z - y) ** 2 / 2},
            {"standardize": True},
            {"shuffle": False},
        ],
        ids=" ".join,
    )
    @pytest.mark.parametrize("solver", ["batch", "mini-batch"])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_with_other_parameters(self, library, looks, monkeypatch, dtype, solver, parameters):
        if solver == "batch":
            parameters = {key: parameters[key] for key in parameters if key != "shuffle"}
        model = GDRegressor(
            optimizer="momentum", learning_rate=0.01, solver=solver, max_iter=40, **parameters
        )
        X, y = (array.astype(dtype) for array in make_data())
        assert_same_as_a_look_after_every_epoch(library, looks, monkeypatch, model, X, y)

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_of_classes(self, library, looks, monkeypatch, n_classes):
        X, y = make_data()
        y = (y > 0).astype(int) + (y > 2) * (n_classes == 3)
        model = GDClassifier(solver="mini-batch", max_iter=30)
        assert_same_as_a_look_after_every_epoch(library, looks, monkeypatch, model, X, y)


def quadratic(y, z):
    return (z - y) ** 2 / 2


@pytest.mark.parametrize("library", ["torch"], indirect=True)
@pytest.mark.parametrize("call", [50, 60, 71])
def test_an_interrupt_leaves_the_last_epoch_that_was_looked_at(library, call):
    calls = []

    def pressed(y, z):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return quadratic(y, z)

    X, y = (library(array) for array in make_data())
    given = {"optimizer": "gd", "learning_rate": 0.01, "schedule": "constant", "tol": None}
    model = GDRegressor(pressed, **given)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert model.stop_reason_ == "interrupted"
    assert 0 < model.n_iter_ == model.history_["epoch"][-1] == model.t_
    uninterrupted = GDRegressor(quadratic, max_iter=model.n_iter_, **given).fit(X, y)
    assert_array_equal(np.asarray(model.coef_), np.asarray(uninterrupted.coef_))


# The waits


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestWaits:
    @pytest.mark.parametrize("loss", ["squared_error", "huber"])
    @pytest.mark.parametrize(
        ("solver", "optimizer"),
        [("batch", "gd"), ("batch", "adam"), ("mini-batch", "gd"), ("mini-batch", "adam")],
    )
    def test_ten_more_epochs_are_one_more_wait(self, library, waits, solver, optimizer, loss):
        X, y = make_data()
        given = {"solver": solver, "optimizer": optimizer, "learning_rate": 0.01, "tol": None}
        counts = []
        for max_iter in (35, 45, 85):
            model = GDRegressor(loss, schedule="constant", max_iter=max_iter, **given)
            waits.clear()
            model.fit(library(X), library(y))
            counts.append(len(waits))
        assert np.diff(counts).tolist() == [1, 4]

    def test_looks_are_a_tenth_of_the_epochs(self, library, looks):
        X, y = make_data()
        model = GDRegressor("huber", optimizer="gd", learning_rate=0.01, tol=None, max_iter=100)
        model.fit(library(X), library(y))
        # three numbers for each epoch, and no more epochs than the run has taken before
        assert [n // 3 for n in looks] == [1, 2, 4, 8, *[10] * 8, 5]

    def test_epochs_of_many_updates_are_looked_at_one_by_one(self, library, looks):
        X, y = make_data()
        model = GDRegressor("huber", solver="mini-batch", batch_size=2, tol=None, max_iter=20)
        model.fit(library(X), library(y))
        assert [n // 3 for n in looks] == [1, 2, 3, 3, 3, 3, 3, 2]

    @pytest.mark.parametrize(
        "parameters",
        [
            {"optimizer": "nesterov"},
            {"early_stopping": True},
            {"loss": "huber", "learning_rate": "line-search"},
            {"schedule": "adaptive"},
            {"schedule": lambda count: 1.0},
            {"verbose": 1},
            {"penalty": Box(-1, 1)},
        ],
        ids=" ".join,
    )
    def test_what_depends_on_each_epoch_is_looked_at_after_each(self, library, looks, parameters):
        X, y = make_data()
        parameters = {"optimizer": "gd", "learning_rate": 0.01, **parameters}
        GDRegressor(max_iter=20, **parameters).fit(library(X), library(y))
        assert not looks

    @pytest.mark.parametrize("make", [np.asarray, *MAKE.values()])
    def test_there_is_nothing_to_wait_for_in_the_memory_of_the_host(self, make, looks):
        X, y = make_data()
        loss = "huber" if make is np.asarray else quadratic
        model = GDRegressor(loss, optimizer="gd", learning_rate=0.01, max_iter=20)
        model.fit(make(X), make(y))
        assert not looks


# The parts


def test_numbers_are_read_in_order_and_to_the_last_bit(library):
    values = np.random.RandomState(0).normal(size=3).astype(np.float32)
    arrays = [library(values[0]), 0.1, library(values[1]), library(values[2])]
    assert read(arrays) == [float(values[0]), 0.1, float(values[1]), float(values[2])]
    assert read([0.5]) == [0.5]


def test_what_is_taken_for_granted_is_refuted_by_the_number():
    doubled = Unread(1.5, lambda number: 2 * number)
    assert doubled.unless(lambda value: value > 3).meaning(1.5) == 3
    with pytest.raises(Refuted):
        doubled.unless(lambda value: value > 2).meaning(1.5)


@pytest.mark.parametrize("optimizer", ["adam", "amsgrad", "nadam", "nesterov"])
def test_numbers_in_an_optimizers_memory_need_no_look(library, optimizer):
    """Those of an epoch that JAX compiles are known without reading them back."""
    X, y = make_data()
    model = GDRegressor(
        "huber", solver="mini-batch", optimizer=optimizer, max_iter=7, tol=None, random_state=0
    )
    model.fit(library(X), library(y))
    memory = model._state.optimizer
    numbers = {"count": model.t_} if "count" in memory._fields else {"t": 1.0}
    assert numbers.items() <= memory._asdict().items()
    assert {type(getattr(memory, name)) for name in numbers} <= {int, float}
    coef = np.asarray(model.coef_)
    assert_allclose(coef, model.fit(X, y).coef_, rtol=1e-10)


@pytest.mark.parametrize("start", [None, 2])
def test_a_copied_average_goes_on_by_itself(start):
    average, expected = SuffixAverage(start), SuffixAverage(start)
    for value in range(11):
        if value == 5:
            copied = average.copy()
        average.update(float(value))
    for value in range(5):
        expected.update(float(value))
    assert copied.value(None) == expected.value(None)
    for value in range(5, 11):
        copied.update(float(value))
    assert copied.value(None) == average.value(None) != expected.value(None)


@pytest.mark.parametrize("n", [1, 7, 12])
def test_rows_move_beside_the_data_once_an_epoch(library, monkeypatch, n):
    moved = []

    def counted(values, *place):
        moved.append(len(values))
        return asarray(values, *place)

    monkeypatch.setattr("gdregress._utils.array_api.asarray", counted)
    X = np.random.RandomState(0).normal(size=(n, 2))
    there = library(X)
    here, beside = (MiniBatch(3).batches(n, np.random.RandomState(1)) for _ in range(2))
    for (expected, share), (rows, same) in zip(here, rows_beside(there, beside), strict=True):
        assert_array_equal(np.asarray(take_rows(there, rows)), X[expected])
        assert same == share
    assert moved == [n]


# JAX's epochs


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_mini_batches_of_jax_are_jitted(loss, monkeypatch):
    """Also where objective and gradient over all rows come from the moments of the columns."""
    monkeypatch.setattr("gdregress._estimator.data.in_host_memory", lambda array: False)
    epochs, jitted_epoch = [], solver.jitted_epoch.jitted_epoch

    def counted(run, state):
        epochs.append(type(run.objective))
        return jitted_epoch(run, state)

    monkeypatch.setattr(solver.jitted_epoch, "jitted_epoch", counted)
    X, y = make_data()
    model = GDRegressor(loss, solver="mini-batch", max_iter=3, tol=None, random_state=0)
    model.fit(jnp.asarray(X), jnp.asarray(y))
    assert len(epochs) == 3
    expected = GDRegressor(**model.get_params()).fit(X, y)
    np.testing.assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-12)
