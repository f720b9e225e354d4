"""Work is divided by its size only: threads change no result, and errors are raised."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from harness import threads
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from threadpoolctl import threadpool_info, threadpool_limits

import gdregress
from gdregress import GDRegressor
from gdregress._core.threads import (
    MOST_PIECES,
    SMALLEST_PIECE,
    in_background,
    map_in_threads,
    one_thread_of_blas,
    pieces_of,
    sum_in_threads,
    threads_allowed,
)
from gdregress._utils.caches import computed_once

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("memory", [0, 1000, 10**7])
@pytest.mark.parametrize("row_length", [1, 3.7, 20, 10**6])
@pytest.mark.parametrize("n_rows", [1, 2, 10, 63, 65, 1000, 200_001, 10**8])
def test_pieces_cover_all_rows_once(n_rows, row_length, memory):
    pieces = pieces_of(n_rows, row_length, memory)
    starts, stops = zip(*pieces, strict=True)
    assert starts == (0, *stops[:-1]) and stops[-1] == n_rows
    assert all(start <= stop for start, stop in pieces)
    lengths = np.subtract(stops, starts)
    assert lengths.max() - lengths.min() <= 1
    assert 1 <= len(pieces) <= MOST_PIECES
    if len(pieces) > 1:
        numbers = n_rows * row_length / len(pieces)
        assert numbers >= max(SMALLEST_PIECE, 8 * memory)


def test_pieces_begin_where_two_are_worth_it():
    assert len(pieces_of(2 * SMALLEST_PIECE - 1, 1)) == 1
    assert len(pieces_of(2 * SMALLEST_PIECE, 1)) == 2
    assert len(pieces_of(10**9, 100)) == MOST_PIECES


@pytest.mark.parametrize("n_threads", [1, 2, 3, 100])
def test_pieces_do_not_depend_on_the_threads(n_threads):
    expected = pieces_of(123_457, 50, 100)
    with threads(n_threads):
        assert pieces_of(123_457, 50, 100) == expected
    with threadpool_limits(1):
        assert pieces_of(123_457, 50, 100) == expected


@pytest.mark.parametrize("n_pieces", [1, 2, 7, 64])
@pytest.mark.parametrize("n_threads", [1, 2, 3, 100])
def test_results_are_in_the_order_of_the_pieces(n_threads, n_pieces):
    pieces = [(i, i + 1) for i in range(n_pieces)]
    with threads(n_threads):
        assert map_in_threads(lambda start, stop: (start, stop), pieces) == pieces


def test_the_last_piece_may_be_done_first():
    """The thread that has the first piece waits for the other thread."""
    done = threading.Event()

    def work(start, stop):
        if start == 1:
            done.set()
        else:
            assert done.wait(timeout=30)
        return start

    with threads(2):
        assert map_in_threads(work, [(0, 1), (1, 2)]) == [0, 1]


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize("bad", [0, 1, 4])
def test_an_error_reaches_the_caller(bad, n_threads):
    def work(start, stop):
        if start == bad:
            raise ZeroDivisionError(f"piece {start}")
        return start

    with threads(n_threads), pytest.raises(ZeroDivisionError, match=f"piece {bad}"):
        map_in_threads(work, [(i, i + 1) for i in range(5)])


def test_the_limit_of_threads_is_kept():
    """As many threads as scikit-learn uses, one of them where only one is allowed."""
    names = set()

    def work(start, stop):
        names.add(threading.get_ident())

    with threadpool_limits(1):
        map_in_threads(work, [(i, i + 1) for i in range(20)])
    assert names == {threading.get_ident()}
    names.clear()
    map_in_threads(work, [(i, i + 1) for i in range(20)])
    assert 1 <= len(names) <= _openmp_effective_n_threads()


def test_blas_has_one_thread_for_small_products():
    def counts():
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    with threadpool_limits(2, user_api="blas"):
        before = counts()
        with one_thread_of_blas():
            assert counts() <= {1}
        assert counts() == before


@pytest.fixture(scope="module")
def large():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(40_000, 20)) + np.linspace(0, 3, 20)
    y = X @ rng.normal(size=20) + rng.standard_t(3, size=len(X))
    return X, y, rng.uniform(0.5, 1.5, size=len(X))


@pytest.mark.parametrize(
    ("n_columns", "parameters"),
    [
        (100, {"loss": "squared_error"}),
        (100, {"loss": "huber"}),
        (400, {"loss": "huber", "preconditioner": "columns"}),
    ],
)
def test_fits_of_many_columns_are_the_same_to_the_bit(n_columns, parameters):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1009, n_columns))
    y = X @ rng.normal(size=n_columns) + rng.standard_t(2, size=len(X))
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            found.append(GDRegressor(max_iter=3, tol=None, **parameters).fit(X, y).coef_)
    assert_array_equal(*found)


@pytest.mark.parametrize("storage", ["C", "Fortran", "csr"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "huber", "max_iter": 10},
        {"loss": "squared_error", "max_iter": 30},
        {"solver": "stochastic", "max_iter": 2},
        {"solver": "mini-batch", "max_iter": 2, "loss": "huber", "optimizer": "adam"},
    ],
    ids=lambda parameters: "-".join(map(str, parameters.values())),
)
def test_fits_are_the_same_to_the_bit(parameters, storage, large):
    X, y, weights = large
    if storage == "csr":
        X = sparse.csr_array(X * (X > 1))
    elif storage == "Fortran":
        X = np.asfortranarray(X)
    model = GDRegressor(tol=None, random_state=0, **parameters)
    fits = []
    for limit in (1, 2):
        with threadpool_limits(limit):
            model.fit(X, y, weights)
        fits.append((model.coef_, model.intercept_, model.history_["objective"]))
    # also where the machine has a single processor
    with threads(5), threadpool_limits(1, user_api="blas"):
        model.fit(X, y, weights)
    fits.append((model.coef_, model.intercept_, model.history_["objective"]))
    for coef, intercept, objective in fits[1:]:
        assert_array_equal(coef, fits[0][0])
        assert intercept == fits[0][1]
        assert objective == fits[0][2]


@pytest.mark.parametrize("n_pieces", [1, 2, 7, 64])
@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_sums_are_added_up_in_the_order_of_the_pieces(n_threads, n_pieces):
    numbers = 10.0 ** np.random.RandomState(0).uniform(-8, 8, size=(n_pieces, 3))

    def add(start, stop, total, count):
        time.sleep(0.002 * (start % 3))  # not all take the same time
        total += numbers[start]
        count += stop - start

    pieces = [(i, i + 1) for i in range(n_pieces)]
    with threads(n_threads):
        total, count = sum_in_threads(add, pieces, (3,), ())
    expected = np.zeros(3)
    for row in numbers:
        expected += row
    assert_array_equal(total, expected)
    assert count == n_pieces


def test_an_error_in_a_sum_is_not_lost():
    def add(start, stop, total):
        if start == 3:
            raise ValueError("piece 3")

    with threads(2), pytest.raises(ValueError, match="piece 3"):
        sum_in_threads(add, [(i, i + 1) for i in range(8)], (2,))


def test_what_runs_in_the_background_leaves_a_thread_to_the_foreground():
    with threads(3):
        assert threads_allowed() == 3
        assert in_background(threads_allowed).result() == 2
        assert in_background(lambda: in_background(threads_allowed).result()).result() == 1
        assert threads_allowed() == 3


def test_an_error_in_the_background_comes_with_the_result():
    def fail():
        raise ValueError("in the background")

    with threads(2):
        future = in_background(fail)
    with pytest.raises(ValueError, match="in the background"):
        future.result()


def run_script(code, timeout=60):
    """The output of a Python that runs a script of its own."""
    limits = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **limits},
    )
    assert result.returncode == 0, result.stderr
    assert "Error" not in result.stderr, result.stderr
    return result.stdout.split()


DATA = """
    import atexit, threading, time
    import numpy as np
    from gdregress import GDRegressor
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120_000, 20))
    y = X @ rng.normal(size=20) + rng.normal(size=120_000)

    def fit():
        for given in ({}, {"loss": "huber"}, {"solver": "mini-batch", "optimizer": "gd"}):
            model = GDRegressor(max_iter=3, tol=None, random_state=0, **given).fit(X, y)
        print("fitted", flush=True)
"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "ending",
    [
        "atexit.register(fit)",
        """
    def later():
        threading.main_thread().join()
        time.sleep(0.1)
        fit()

    threading.Thread(target=later).start()
        """,
    ],
)
def test_fits_while_python_shuts_down(ending):
    assert run_script(DATA + "\n    " + ending.strip()) == ["fitted"]


def test_answers_are_computed_once_and_without_a_lock():
    """Each of two threads may be at it: neither waits for the other, nor for another object."""
    arrived = threading.Barrier(2, timeout=10)

    class Slow:
        calls = 0

        @computed_once
        def answer(self):
            """The answer."""
            arrived.wait()
            type(self).calls += 1
            return object()

    for objects in ([Slow(), Slow()], [Slow()] * 2):
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda one: one.answer, objects))
        assert [one.answer for one in objects] == answers
        assert (answers[0] is answers[1]) == (objects[0] is objects[1])
    assert Slow.calls == 4
    assert Slow.answer.__doc__ == "The answer."


def test_nothing_of_the_package_is_computed_under_a_lock_of_its_class():
    for path in Path(gdregress.__file__).parent.rglob("*.py"):
        assert "cached_property" not in path.read_text().replace("`functools.cached_property`", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which Windows has not")
def test_children_forked_while_another_thread_fits_can_fit():
    code = """
    import os
    big = threading.Thread(target=lambda: [fit() for _ in range(8)])
    big.start()
    for i in range(6):
        time.sleep(0.03)
        child = os.fork()
        if not child:
            GDRegressor(max_iter=3, tol=None).fit(X[:50], y[:50])
            os._exit(0)
        deadline = time.monotonic() + 20
        while not os.waitpid(child, os.WNOHANG)[0]:
            assert time.monotonic() < deadline, "the child hangs"
            time.sleep(0.01)
    big.join()
    """
    assert run_script(DATA + code).count("fitted") == 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork: use a system that has it")
def test_a_forked_child_has_threads_of_its_own():
    code = """
    fit()
    child = os.fork()
    if child == 0:
        fit()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    fit()
    """
    assert run_script("    import os\n" + DATA.lstrip("\n") + code) == ["fitted"] * 3
