"""Epochs that run before their numbers are fetched: the same runs, and fewer waits."""

import numpy as np
import pytest
from grids import pairwise
from harness import assert_identical_run, on_an_accelerator, using
from libraries import array_functions
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import clone, config_context

from gdregress import GDClassifier, GDRegressor
from gdregress._engines import Ahead, Jitted
from gdregress._objective.deferred import AssumptionFailed, DeferredScalar, fetch
from gdregress._objective.quadratic import QuadraticObjective
from gdregress._solver.averaging import SuffixAverage
from gdregress._utils.array_api import asarray, rows_beside, take_rows
from gdregress.losses import SquaredError
from gdregress.penalties import Box
from gdregress.samplers import MiniBatch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
LIBRARIES = ["torch", "jax"]


@pytest.fixture(params=LIBRARIES)
def library(request):
    """Function to an array of a library in double precision."""
    if request.param == "jax":
        request.getfixturevalue("jax")
    return array_functions(request.param).asarray


@pytest.fixture(autouse=True)
def dispatch():
    with config_context(array_api_dispatch=True):
        yield


def make_data(noise=0.3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 4)) + 0.5
    return X, X @ [1.0, -2.0, 0.5, 3.0] + 1 + noise * rng.normal(size=60)


def quadratic(y, z):
    return (z - y) ** 2 / 2


def assert_same_as_epoch_by_epoch(library, model, X, y):
    """A fit and its continuation; returns the reason why the first has ended."""
    model.set_params(warm_start=True, store_path=True, random_state=0)
    models = [model, clone(model)]
    for fitted, epochs_at_once in zip(models, (10, 1), strict=True):
        with using(None, "ahead", epochs_at_once=epochs_at_once) as log:
            fitted.fit(library(X), library(y))
            end = fitted.stop_reason_
            fitted.fit(library(X), library(y))
        assert log.paces == [Ahead if epochs_at_once > 1 else None] * 2
    assert_identical_run(*models)
    for a, b in zip(*(fitted.history_.coef for fitted in models), strict=True):
        assert_array_equal(np.asarray(a), np.asarray(b))
    states = [fitted.to_numpy().__getstate__()["_state"] for fitted in models]
    np.testing.assert_equal(*states)
    return end


# The result


@pytest.mark.filterwarnings("ignore::gdregress.exceptions.DivergenceWarning")
class TestSameRun:
    @pytest.mark.parametrize("optimizer", ["gd", "momentum"])
    def test_that_meets_the_tolerance(self, library, optimizer):
        model = GDRegressor(optimizer=optimizer, schedule="constant", tol=0.1)
        assert assert_same_as_epoch_by_epoch(library, model, *make_data()) == "tolerance"

    @pytest.mark.parametrize("solver", ["mini-batch", "stochastic"])
    def test_of_batches_that_reaches_its_end(self, library, solver):
        X, y = make_data()
        if solver == "stochastic":
            X, y = X[::6], y[::6]
        given = {"learning_rate": 0.05, "batch_size": 16, "max_iter": 33, "tol": 0.1}
        # losses without kinks have an estimate of what is left, and need no plateau
        for loss, end in (("absolute_error", "plateau"), ("huber", "tolerance")):
            model = GDRegressor(loss, solver=solver, **given)
            assert assert_same_as_epoch_by_epoch(library, model, X, y) == end

    def test_whose_subgradient_vanishes(self, library):
        """No certificate waits for it, and yet it ends the run at its point."""
        X, y = make_data()
        X[:, 0] += 5 * np.sign(y)  # with a margin between the classes
        given = {"optimizer": "gd", "learning_rate": 0.01, "schedule": "constant", "tol": 1e-6}
        model = GDClassifier("hinge", penalty=None, solver="batch", max_iter=200, **given)
        end = assert_same_as_epoch_by_epoch(library, model, X, (y > 0).astype(int))
        assert end == "tolerance"
        assert model.history_["gradient_norm"][-1] == 0

    @pairwise(loss=["squared_error", "huber"], solver=["batch", "mini-batch"])
    def test_that_diverges(self, library, loss, solver):
        model = GDRegressor(
            loss, solver=solver, optimizer="momentum", learning_rate=3.0, schedule="constant"
        )
        assert assert_same_as_epoch_by_epoch(library, model, *make_data()) == "diverged"

    def test_whose_automatic_rate_is_cut(self, library):
        class TooFlat(SquaredError):
            """A loss whose automatic rate is too large, which shows when a run is under way."""

            curvature = 0.45

        model = GDRegressor(TooFlat(), optimizer="gd", schedule="constant", max_iter=60)
        assert_same_as_epoch_by_epoch(library, model, *make_data())
        assert model._state["rate_factor"] < 1

    def test_whose_anchor_moves(self, library):
        """Without noise the loss falls to nothing, and its digits are lost on the way."""
        model = GDRegressor(optimizer="momentum", tol=1e-12)
        data = make_data(noise=0.0)
        assert assert_same_as_epoch_by_epoch(library, model, *data) == "tolerance"
        assert model.history_["loss"][-1] < 1e-20

    @pairwise(
        dtype=[np.float32, np.float64],
        solver=["batch", "mini-batch"],
        loss=["squared_error", "huber", quadratic],
    )
    def test_in_either_precision(self, library, dtype, solver, loss):
        given = {"optimizer": "momentum", "learning_rate": 0.01, "max_iter": 40}
        model = GDRegressor(loss, solver=solver, penalty="elasticnet", alpha=0.1, **given)
        X, y = (array.astype(dtype) for array in make_data())
        assert_same_as_epoch_by_epoch(library, model, X, y)

    def test_in_the_order_of_the_rows(self, library):
        given = {"learning_rate": 0.02, "max_iter": 40}
        model = GDRegressor(solver="mini-batch", shuffle=False, **given)
        assert_same_as_epoch_by_epoch(library, model, *make_data())

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_of_classes(self, library, n_classes):
        X, y = make_data()
        y = (y > 0).astype(int) + (y > 2) * (n_classes == 3)
        model = GDClassifier(solver="mini-batch", learning_rate=0.05, max_iter=30)
        assert_same_as_epoch_by_epoch(library, model, X, y)


@pytest.mark.parametrize("library", ["torch"], indirect=True)
@pytest.mark.parametrize("call", [50, 60, 71])
def test_an_interrupt_leaves_the_last_epoch_that_was_measured(library, call):
    calls = []

    def pressed(y, z):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return quadratic(y, z)

    X, y = (library(array) for array in make_data())
    given = {"optimizer": "gd", "learning_rate": 0.01, "schedule": "constant", "tol": None}
    model = GDRegressor(pressed, **given)
    with using(None, "ahead"), pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert model.stop_reason_ == "interrupted"
    assert 0 < model.n_iter_ == model.history_["epoch"][-1] == model.t_
    with using(None, "ahead"):
        uninterrupted = GDRegressor(quadratic, max_iter=model.n_iter_, **given).fit(X, y)
    assert_array_equal(np.asarray(model.coef_), np.asarray(uninterrupted.coef_))


# The waits


@pytest.fixture
def waits(jax, torch, monkeypatch):
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
        count(type(jax.numpy.zeros(())), name)
    count(jax, "device_get")
    return names


class TestWaits:
    @pairwise(
        loss=["squared_error", "huber"],
        solver=["batch", "mini-batch"],
        optimizer=["gd", "adam"],
    )
    def test_ten_more_epochs_are_one_more_wait(self, library, waits, loss, solver, optimizer):
        X, y = make_data()
        given = {"solver": solver, "optimizer": optimizer, "learning_rate": 0.01, "tol": None}
        counts = []
        for max_iter in (65, 75, 115):  # what is left is estimated at the epochs 63 and 127
            model = GDRegressor(loss, schedule="constant", max_iter=max_iter, **given)
            waits.clear()
            with using(None, "ahead"):
                model.fit(library(X), library(y))
            counts.append(len(waits))
        assert np.diff(counts).tolist() == [1, 4]

    @pytest.mark.parametrize(
        ("parameters", "epochs"),
        [
            # no more epochs than the run has taken before, and ten at most
            ({"optimizer": "gd", "max_iter": 100}, [1, 2, 4, 8, *[10] * 8, 5]),
            # each of thirty updates
            ({"solver": "mini-batch", "batch_size": 2, "max_iter": 20}, [1, 2, *[3] * 5, 2]),
        ],
    )
    def test_each_transfer_is_of_some_epochs(self, library, parameters, epochs):
        model = GDRegressor("huber", learning_rate=0.01, tol=None, **parameters)
        with using(None, "ahead") as log:
            model.fit(*map(library, make_data()))
        assert [n // 3 for n in log.fetches] == epochs  # three numbers for each epoch

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
    def test_what_depends_on_each_epoch_is_measured_after_each(self, library, parameters):
        parameters = {"optimizer": "gd", "learning_rate": 0.01, **parameters}
        with using(None, "ahead") as log:
            GDRegressor(max_iter=20, **parameters).fit(*map(library, make_data()))
        assert log.paces == [None]

    @pytest.mark.parametrize("name", [None, *LIBRARIES])
    def test_there_is_nothing_to_wait_for_in_the_memory_of_the_host(self, name):
        make = np.asarray if name is None else array_functions(name).asarray
        loss = "huber" if name is None else quadratic
        model = GDRegressor(loss, optimizer="gd", learning_rate=0.01, max_iter=20)
        with using(None, "as listed") as log:
            model.fit(*map(make, make_data()))
        assert log.paces == [None]


# The parts


def test_numbers_are_fetched_in_order_and_to_the_last_bit(library):
    values = np.random.RandomState(0).normal(size=3).astype(np.float32)
    arrays = [library(values[0]), 0.1, library(values[1]), library(values[2])]
    assert fetch(arrays) == [float(values[0]), 0.1, float(values[1]), float(values[2])]
    assert fetch([0.5]) == [0.5]


def test_an_assumption_fails_once_the_number_is_known():
    doubled = DeferredScalar(1.5, lambda number: 2 * number)
    assert doubled.assuming(lambda value: value < 4).convert(1.5) == 3
    with pytest.raises(AssumptionFailed):
        doubled.assuming(lambda value: value < 2).convert(1.5)


@pytest.mark.parametrize("optimizer", ["adam", "amsgrad", "nadam", "nesterov"])
def test_numbers_in_an_optimizers_memory_are_not_fetched(library, optimizer):
    """Those of an epoch that JAX compiles are known without reading them back."""
    X, y = make_data()
    model = GDRegressor(
        "huber", solver="mini-batch", optimizer=optimizer, max_iter=7, tol=None, random_state=0
    )
    with using(None, "ahead"):
        model.fit(library(X), library(y))
    memory = model._state["memory"]
    numbers = {"count": model.t_} if "count" in memory else {"t": 1.0}
    assert numbers.items() <= memory.items()
    assert {type(memory[name]) for name in numbers} <= {int, float}
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
def test_mini_batches_of_jax_are_jitted(loss, jax):
    """Also where objective and gradient over all rows come from the moments of the columns."""
    X, y = make_data()
    given = {"optimizer": "nesterov", "learning_rate": 0.01, "max_iter": 3, "tol": None}
    model = GDRegressor(loss, solver="mini-batch", random_state=0, **given)
    with on_an_accelerator(), using() as log:
        model.fit(jax.numpy.asarray(X), jax.numpy.asarray(y))
    assert log.engines == [Jitted]
    assert (log.objectives == [QuadraticObjective]) == (loss == "squared_error")
    expected = GDRegressor(**model.get_params()).fit(X, y)
    assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-12)
