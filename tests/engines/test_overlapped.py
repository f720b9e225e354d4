"""Epochs measured in another thread: stops, cuts of the rate, interrupts, shared generators."""

import numpy as np
import pytest
from harness import assert_identical_run, using
from numpy.testing import assert_array_equal
from twins import needs_compiler

from gdregress import GDClassifier, GDRegressor
from gdregress._core import row_orders
from gdregress._engines import Compiled, Overlapped
from gdregress._solver.history import History

pytestmark = [
    needs_compiler,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.DivergenceWarning"),
]


@pytest.fixture(scope="module")
def data():
    rng = np.random.RandomState(0)
    X = rng.randn(90, 4) * (rng.rand(90, 4) < 0.7)
    return X, X @ rng.randn(4) + 0.5 * rng.standard_t(3, size=90)


def fit_both(make_model, *data):
    """The models of an overlapped run and of one without a pace."""
    models = []
    for pace in ("overlapped", None):
        with using("compiled", pace) as log:
            models.append(make_model().fit(*data))
        assert log.paces == [Overlapped if pace else None]
    return models


def test_of_classes(data):
    given = {"learning_rate": 0.05, "store_path": True, "random_state": 0}
    models = fit_both(
        lambda: GDClassifier(solver="stochastic", max_iter=30, **given), data[0], data[1] > 0
    )
    assert_identical_run(*models)
    assert_array_equal(models[0].history_.coef, models[1].history_.coef)


def test_a_rate_that_is_learned_waits_for_the_measure(data):
    with using("compiled", "overlapped") as log:
        GDRegressor("huber", solver="stochastic", max_iter=3).fit(*data)
    assert log.paces == [None]


def test_callbacks_see_each_epoch_as_it_was(data, capsys):
    printed = []
    for pace in ("overlapped", None):
        with using("compiled", pace):
            model = GDRegressor("huber", solver="stochastic", max_iter=5, verbose=1)
            model.set_params(random_state=0).fit(*data)
        *lines, ended = capsys.readouterr().out.splitlines()
        assert ended.startswith("Ended")
        printed.append([line.split()[:-1] for line in lines])
    assert printed[0][-1][0] == "5"
    assert printed[0] == printed[1]


def test_an_interrupted_epoch_leaves_no_trace(data, monkeypatch):
    epoch, models = Compiled.epoch, []
    for pace in ("overlapped", None):
        numbers = iter(range(100))

        def interrupted(engine, state, numbers=numbers):
            if next(numbers) == 4:
                state.count += 7
                raise KeyboardInterrupt
            return epoch(engine, state)

        monkeypatch.setattr(Compiled, "epoch", interrupted)
        given = {"learning_rate": 0.02, "tol": None, "random_state": 0}
        model = GDRegressor("huber", solver="stochastic", **given)
        with using("compiled", pace), pytest.raises(KeyboardInterrupt):
            model.fit(*data)
        models.append(model)
    # the last complete epoch has not been measured, and is lost
    assert models[0].stop_reason_ == models[1].stop_reason_ == "interrupted"
    assert models[0].n_iter_ == 3
    assert models[1].n_iter_ == 4
    assert models[0].t_ == 3 * 90
    assert models[0].history_["objective"] == models[1].history_["objective"][:4]


def test_a_schedule_of_ones_own_is_asked_for_no_update_too_many(data):
    asked = []

    def schedule(count):
        asked.append(count)
        return 1.0

    given = {"learning_rate": 0.02, "tol": 1e-2, "random_state": 0}
    model = GDRegressor("huber", solver="mini-batch", schedule=schedule, **given)
    with using("compiled", "overlapped") as log:
        model.fit(*data)
    assert log.paces == [None]
    assert model.stop_reason_ == "tolerance"
    assert asked == [0, *range(model.t_)]  # the first one is checked before the run


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(3)])
def test_generators_of_others_are_left_alone(data, random_state, monkeypatch):
    """Numbers drawn from them meanwhile are not repeated and do not bear on the run."""
    shared = np.random.mtrand._rand if random_state is None else random_state
    draws, append = [], History.append

    def drawing(history, row):
        draws.append(shared.rand())
        append(history, row)

    def make_model():
        shared.seed(7)
        given = {"solver": "stochastic", "learning_rate": 0.02, "max_iter": 6, "tol": None}
        return GDRegressor("huber", random_state=random_state, **given)

    monkeypatch.setattr(History, "append", drawing)
    assert_identical_run(*fit_both(make_model, *data))
    assert len(set(draws[:7])) == 7
    assert draws[:7] == draws[7:]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("parameters", [{"early_stopping": True}, {"store_path": True}])
def test_overflows_of_a_run_that_diverges_warn_of_nothing_else(data, parameters):
    model = GDRegressor("huber", solver="mini-batch", learning_rate=1e160, schedule="constant")
    with using("compiled", "overlapped") as log:
        model.set_params(random_state=0, **parameters).fit(*data)
    assert log.paces == [Overlapped]
    assert model.stop_reason_ == "diverged"


def test_no_order_is_drawn_for_an_epoch_beyond_the_last(monkeypatch):
    drawn, shuffled = [], row_orders._shuffled

    def counted(*args):
        drawn.append(args)
        return shuffled(*args)

    monkeypatch.setattr(row_orders, "_shuffled", counted)
    X = np.random.RandomState(0).randn(row_orders.LARGEST_IN_CACHE + 1, 1)
    model = GDRegressor("huber", solver="stochastic", max_iter=5, tol=None, random_state=0)
    with using("compiled", "overlapped"):
        model.fit(X, X[:, 0])
    assert len(drawn) == 5
