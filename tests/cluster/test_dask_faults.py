"""Workers fail and join, the scheduler stops, the user interrupts, in separate processes."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from libraries import needed
from on_cluster import in_chunks

import gdregress
from gdregress.dask import DaskGDRegressor
from gdregress.dask._partitions import DaskPartitions

HOME = str(Path(gdregress.__file__).parents[1])
# the processes have the package that is tested
ENVIRONMENT = {
    **os.environ,
    "DASK_LOGGING__DISTRIBUTED": "critical",
    "PYTHONPATH": os.pathsep.join([HOME, os.environ.get("PYTHONPATH", "")]),
}


class Processes:
    """A scheduler and workers, each a process that can be killed."""

    def __init__(self, workers):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        here = "--host", "127.0.0.1", "--no-dashboard"
        self.scheduler = self._start("scheduler", *here, "--port", str(port))
        self.workers = [self.start_worker() for _ in range(workers)]
        self.client = needed("distributed").Client(self.address, timeout=60, set_as_default=False)
        self.client.wait_for_workers(workers, timeout=60)

    def _start(self, kind, *options):
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
        return subprocess.Popen(
            command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def start_worker(self):
        """One more worker of one thread."""
        options = "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60"
        return self._start("worker", self.address, *options)

    def close(self):
        """End what is left."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
        self.client.close(timeout=1)


@pytest.fixture
def processes():
    needed("dask")
    needed("distributed")
    started = Processes(2)
    yield started
    started.close()


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 5))
    y = X @ [1.0, 2.0, 3.0, 4.0, 5.0] + rng.standard_t(2, size=4000)
    return in_chunks(X, 400), in_chunks(y, 400)


def at_reduction(monkeypatch, number, act):
    """Let something happen before the so many-th sum over the blocks."""
    reduce, count = DaskPartitions.reduce, iter(range(1, 1000))

    def acting(self, *args, **kwargs):
        if next(count) == number:
            act()
        return reduce(self, *args, **kwargs)

    monkeypatch.setattr(DaskPartitions, "reduce", acting)


def fitted(client, data, **parameters):
    model = DaskGDRegressor("huber", **parameters)
    model.client = client
    return model.fit(*data)


@pytest.mark.full
def test_a_worker_dies_and_then_the_scheduler(processes, data, monkeypatch):
    model = fitted(processes.client, data)
    with monkeypatch.context() as patch:
        at_reduction(patch, 4, processes.workers[0].kill)
        again = fitted(processes.client, data)
    np.testing.assert_array_equal(again.coef_, model.coef_)
    assert again.loss_curve_ == model.loss_curve_
    before = dict(vars(model))
    at_reduction(monkeypatch, 4, processes.scheduler.kill)
    with pytest.raises(RuntimeError, match="the scheduler is gone"):
        model.fit(*data)
    assert all(vars(model)[name] is value for name, value in before.items())


@pytest.mark.full
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_workers_come_and_go(processes, data, monkeypatch, solver):
    parameters = {"solver": solver, "random_state": 0}
    model = fitted(processes.client, data, **parameters)

    def swap():
        processes.workers.append(processes.start_worker())
        processes.client.wait_for_workers(3, timeout=60)
        processes.workers[0].kill()

    with monkeypatch.context() as patch:
        at_reduction(patch, 5, swap)
        again = fitted(processes.client, data, **parameters)
    np.testing.assert_array_equal(again.coef_, model.coef_)


@pytest.mark.full
def test_a_worker_dies_in_the_middle_of_a_sum(processes, data):
    model = fitted(processes.client, data, solver="stochastic", random_state=0)
    victim = threading.Timer(0.3, processes.workers[1].kill)
    victim.start()
    again = fitted(processes.client, data, solver="stochastic", random_state=0)
    victim.join()
    np.testing.assert_array_equal(again.coef_, model.coef_)


@pytest.mark.full
def test_rows_that_only_a_dead_worker_had(processes, data):
    arrays, delayed = needed("dask.array"), needed("dask").delayed
    X, y = data
    rows = processes.client.scatter([np.asarray(block) for block in np.split(X.compute(), 10)])
    parts = [arrays.from_delayed(delayed(some), (400, 5), dtype=float) for some in rows]
    given = arrays.concatenate(parts), y
    model = fitted(processes.client, given)
    before = dict(vars(model))
    processes.workers[0].kill()
    with pytest.raises(RuntimeError, match="lost with the only worker that had them"):
        model.fit(*given)
    assert all(vars(model)[name] is value for name, value in before.items())


def test_an_interrupt_cancels_what_is_under_way(cluster, data, monkeypatch):
    model = fitted(cluster, data)
    coef = model.coef_.copy()

    def interrupt():
        main = threading.main_thread().ident
        threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGINT)).start()

    reduce = DaskPartitions.reduce
    monkeypatch.setattr(
        DaskPartitions, "reduce", lambda self, *args, **kwargs: reduce(self, _sleeps)
    )
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data)
    np.testing.assert_array_equal(model.coef_, coef)
    deadline = time.monotonic() + 10
    while any(cluster.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(cluster.processing().values())


def _sleeps(block):
    time.sleep(0.2)


def test_as_many_fits_in_tasks_as_there_are_threads(cluster, data):
    X, y = data
    X, y = X.compute(), y.compute()

    def coef_of_task(_):
        model = DaskGDRegressor("huber").fit(in_chunks(X, 400), in_chunks(y, 400))
        return model.coef_, model.score(in_chunks(X, 400), in_chunks(y, 400))

    fits = cluster.map(coef_of_task, range(6), pure=False)
    try:
        needed("distributed").wait(fits, timeout=60)
        found = cluster.gather(fits)
    finally:
        cluster.cancel(fits, force=True)
    known = fitted(cluster, data)
    for coef, score in found:
        np.testing.assert_array_equal(coef, known.coef_)
        assert score == pytest.approx(known.score(*data), rel=1e-12)
