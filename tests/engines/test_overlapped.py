"""Looks in another thread: the same run as with a look before the next epoch begins."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from gdregress import GDClassifier, GDRegressor
from gdregress._core import row_orders
from gdregress._engines import overlapped as _overlap
from gdregress._solver.history import History

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.DivergenceWarning"),
]

STORAGES = {"dense": np.asarray, "csr": sparse.csr_array}
ENDS = {
    "the last epoch": {"max_iter": 7, "tol": None},
    "a plateau": {"tol": 1e-2, "max_iter": 200},
    "a plateau that lowers the rate": {"schedule": "adaptive", "max_iter": 200},
    "a single epoch": {"max_iter": 1, "tol": None},
    "the validation score": {"early_stopping": True, "max_iter": 200},
    "a divergence": {"learning_rate": 500.0, "schedule": "constant", "max_iter": 200},
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.RandomState(0)
    X = rng.randn(90, 4) * (rng.rand(90, 4) < 0.7)
    return X, X @ rng.randn(4) + 0.5 * rng.standard_t(3, size=90)


@pytest.fixture
def overlapped(monkeypatch):
    """Whether runs are overlapped, and how many have been."""
    runs = []
    real = _overlap.run_overlapped

    def counted(*args):
        runs.append(args)
        return real(*args)

    def choose(allowed):
        monkeypatch.setattr(
            "gdregress._core.threads._openmp_effective_n_threads", lambda: 2 if allowed else 1
        )
        runs.clear()
        return runs

    monkeypatch.setattr(_overlap, "SMALLEST_SIZE", 1)
    monkeypatch.setattr("gdregress._solver.solve.run_overlapped", counted)
    return choose


def assert_same_histories(a, b):
    for column in set(a.columns()) - {"seconds"}:
        np.testing.assert_equal(a[column], b[column], err_msg=column)  # nan is equal to nan


def assert_same(a, b):
    assert_same_histories(a.history_, b.history_)
    assert_array_equal(a.coef_, b.coef_)
    assert_array_equal(a.intercept_, b.intercept_)
    assert (a.n_iter_, a.t_, a.stop_reason_) == (b.n_iter_, b.t_, b.stop_reason_)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("optimizer", ["gd", "adam"])
@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
@pytest.mark.parametrize("storage", STORAGES)
def test_overlapped_runs_are_those_of_a_look_at_a_time(
    data, storage, solver, optimizer, average, end, overlapped
):
    X, y = STORAGES[storage](data[0]), data[1]
    models = []
    for allowed in (True, False):
        runs = overlapped(allowed)
        parameters = {"solver": solver, "optimizer": optimizer, "average": average, **ENDS[end]}
        model = GDRegressor("huber", warm_start=True, random_state=3, **parameters).fit(X, y)
        assert bool(runs) == (allowed and model.max_iter > 1)
        first = model.history_
        # whatever was begun beyond the end has left no trace: neither in what goes on from here
        model.set_params(max_iter=2, tol=None).fit(X, y)
        models.append((model, first))
    assert_same(models[0][0], models[1][0])
    assert_same_histories(models[0][1], models[1][1])


@pytest.mark.parametrize("learning_rate", ["auto", 0.05])
def test_of_classes(data, learning_rate, overlapped):
    models = []
    for allowed in (True, False):
        runs = overlapped(allowed)
        model = GDClassifier(
            solver="stochastic",
            learning_rate=learning_rate,
            max_iter=30,
            store_path=True,
            random_state=0,
        ).fit(data[0], data[1] > 0)
        assert bool(runs) == allowed
        models.append(model)
    assert_same(*models)
    assert_array_equal(models[0].history_.coef, models[1].history_.coef)


def test_an_automatic_rate_that_does_not_hold_is_cut_in_the_same_place(data, overlapped):
    X = np.random.RandomState(0).randn(90, 4)
    y = 10 * np.exp(2 * X[:, 0] + np.random.RandomState(1).randn(90))
    models = []
    for allowed in (True, False):
        runs = overlapped(allowed)
        model = GDRegressor("poisson", solver="stochastic", max_iter=40, random_state=0)
        models.append(model.set_params(optimizer="gd").fit(X, y))
        assert len(runs) == 2 * allowed  # the run was begun again
    assert_same(*models)


def test_callbacks_see_each_epoch_as_it_was(data, overlapped, capsys):
    printed = []
    for allowed in (True, False):
        overlapped(allowed)
        GDRegressor("huber", solver="stochastic", max_iter=5, verbose=1, random_state=0).fit(*data)
        lines = capsys.readouterr().out.splitlines()
        printed.append([line.split()[:-1] for line in lines])
    assert printed[0][-1][0] == "5"
    assert printed[0] == printed[1]


def test_an_interrupted_epoch_has_not_been(data, overlapped, monkeypatch):
    models = []
    for allowed in (True, False):
        overlapped(allowed)
        epochs = iter(range(100))
        real = _overlap.compiled.compiled_epoch

        def interrupted(run, state, real=real, epochs=epochs):
            if next(epochs) == 4:
                state.count += 7
                raise KeyboardInterrupt
            return real(run, state)

        with monkeypatch.context() as patch:
            patch.setattr(_overlap.compiled, "compiled_epoch", interrupted)
            model = GDRegressor("huber", solver="stochastic", tol=None, random_state=0)
            with pytest.raises(KeyboardInterrupt):
                model.fit(*data)
        models.append(model)
    # the last whole epoch has not been looked at, and is lost
    assert models[0].stop_reason_ == models[1].stop_reason_ == "interrupted"
    assert models[0].n_iter_ == 3
    assert models[1].n_iter_ == 4
    assert models[0].history_["objective"] == models[1].history_["objective"][:4]


def test_a_schedule_of_ones_own_is_asked_for_no_update_too_many(data, overlapped):
    asked = []

    def schedule(count):
        asked.append(count)
        return 1.0

    runs = overlapped(True)
    model = GDRegressor("huber", solver="mini-batch", schedule=schedule, tol=1e-2, random_state=0)
    model.fit(*data)
    assert not runs
    assert model.stop_reason_ == "plateau"
    assert asked == list(range(model.t_))


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(3)])
def test_generators_of_others_are_left_alone(data, random_state, overlapped, monkeypatch):
    """What is drawn from them meanwhile is neither repeated nor bears on the run."""
    shared = np.random.mtrand._rand if random_state is None else random_state
    draws = []
    append = History.append

    def drawing(history, row):
        draws.append(shared.rand())
        append(history, row)

    monkeypatch.setattr(History, "append", drawing)
    fits = []
    for allowed in (True, False):
        runs = overlapped(allowed)
        shared.seed(7)
        model = GDRegressor("huber", solver="stochastic", max_iter=6, random_state=random_state)
        fits.append(model.set_params(tol=None).fit(*data))
        assert bool(runs) == allowed
    assert_same(*fits)
    assert len(set(draws[:7])) == 7
    assert draws[:7] == draws[7:]


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("parameters", [{"early_stopping": True}, {"store_path": True}])
def test_overflows_of_a_run_that_diverges_warn_of_nothing_else(data, parameters, overlapped):
    overlapped(True)
    model = GDRegressor("huber", solver="mini-batch", learning_rate=1e160, schedule="constant")
    model.set_params(random_state=0, **parameters).fit(*data)
    assert model.stop_reason_ == "diverged"


def test_no_order_is_drawn_for_an_epoch_beyond_the_last(overlapped, monkeypatch):
    overlapped(True)
    drawn, shuffled = [], row_orders._shuffled

    def counted(*args):
        drawn.append(args)
        return shuffled(*args)

    monkeypatch.setattr(row_orders, "_shuffled", counted)
    X = np.random.RandomState(0).randn(row_orders.LARGEST_IN_CACHE + 1, 1)
    model = GDRegressor("huber", solver="stochastic", max_iter=5, tol=None, random_state=0)
    model.fit(X, X[:, 0])
    assert len(drawn) == 5
