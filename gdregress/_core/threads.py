"""Threads over the rows: as many as the process may use, with results that do not depend on it.

The work is cut into pieces by its size alone, each piece is done by one thread, and the results
come back in the order of the pieces: sums over them are the same to the bit on any machine. Other
work may go on in the background.
"""

import math
import os
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext
from itertools import pairwise
from threading import Lock, local
from typing import Any

import numpy as np
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

# Numbers in the smallest piece that pays for a thread, and the most pieces.
SMALLEST_PIECE = 1 << 18
MOST_PIECES = 64
# Numbers between two arrays: two cache lines, which processors fetch in pairs.
APART = 16
# Rows of a matrix that LAPACK decomposes in one block.
ONE_BLOCK = 32
_here = local()


def threads_allowed():
    """Return how many threads may work for the caller.

    It is the number of scikit-learn, which OMP_NUM_THREADS, threadpoolctl and joblib limit, less
    one in the background.
    """
    return getattr(_here, "allowed", None) or _openmp_effective_n_threads()


@contextmanager
def threads_limited(count):
    """Let the caller's thread use exactly so many threads."""
    before = getattr(_here, "allowed", None)
    _here.allowed = count
    try:
        yield
    finally:
        _here.allowed = before


def one_thread_of_blas(size=math.inf):
    """Return a context in which BLAS uses one thread.

    Threads of BLAS spin while they wait for the next product, and NumPy's copy of BLAS, SciPy's
    and the kernels share the cores: small products in a row take many times as long on all
    threads as on one.

    Parameters
    ----------
    size : int
        Rows of the matrix to be decomposed. LAPACK decomposes the smallest in one block, for
        which BLAS takes one thread by itself.
    """
    if size <= ONE_BLOCK:
        return nullcontext()
    # imported here, as the import of the package does not need it
    from sklearn.utils.parallel import _get_threadpool_controller

    return _get_threadpool_controller().limit(limits=1, user_api="blas")


def pieces_of(n_rows, row_length, memory=0):
    """Ranges (start, stop) of rows, so long that each is worth a thread's while.

    Parameters
    ----------
    n_rows : int
    row_length : float
        Numbers read per row.
    memory : int, default=0
        Numbers that each piece needs for its result: it reads at least eight times as many.
    """
    smallest = max(SMALLEST_PIECE, 8 * memory)
    count = int(min(MOST_PIECES, max(1, n_rows * row_length // smallest)))
    return list(pairwise(n_rows * i // count for i in range(count + 1)))


def memory_apart(*shape):
    """Zeros that share no cache line with other arrays.

    Threads that write to one line, each to its own numbers, would wait for each other.
    """
    size = math.prod(shape)
    return np.zeros(size + 2 * APART)[APART : APART + size].reshape(shape)


def map_in_threads(function, pieces):
    """[function(*piece) for each piece], shared out between the threads allowed.

    The function must release the interpreter lock to gain from them.
    """
    n_threads = min(threads_allowed(), len(pieces))
    results: list[Any] = [None] * len(pieces)
    waiting = iter(range(len(pieces)))  # every thread takes the next of them

    def work():
        for i in waiting:
            results[i] = function(*pieces[i])

    others = [_submitted(work) for _ in range(n_threads - 1)]
    try:
        work()
    finally:  # those that have not begun are not needed
        others = [other for other in others if other is not None and not other.cancel()]
        wait(others)
    for other in others:
        other.result()
    return results


def _submitted(function):
    """The result to come; None where there are no new threads, as while Python shuts down."""
    try:
        return _Pool.get().submit(function)
    except RuntimeError:
        return None


class _Pool:
    """The threads of this process, which stay, as to start them takes as long as a short sum."""

    pool = None

    @classmethod
    def get(cls):
        if cls.pool is None:
            cls.pool = ThreadPoolExecutor(MOST_PIECES, "gdregress")
        return cls.pool

    @classmethod
    def forget(cls):
        """A child of this process has none of its threads."""
        cls.pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Pool.forget)


def sum_in_threads(add, pieces, *shapes):
    """Sums over the pieces, added up in their order, as arrays of the given shapes.

    ``add(start, stop, *arrays)`` adds what belongs to a piece to arrays that begin as zeros.
    Threads use their arrays again: fresh memory costs more than the sums.
    """
    totals = [memory_apart(*shape) for shape in shapes]
    if len(pieces) == 1:
        add(*pieces[0], *totals)
        return totals
    spare, waiting, lock, added = [], {}, Lock(), 0

    def part(i, start, stop):
        nonlocal added
        with lock:
            arrays = spare.pop() if spare else [memory_apart(*shape) for shape in shapes]
        add(start, stop, *arrays)
        with lock:
            waiting[i] = arrays
            while added in waiting:
                arrays = waiting.pop(added)
                for total, array in zip(totals, arrays, strict=True):
                    total += array
                    array.fill(0.0)
                spare.append(arrays)
                added += 1

    map_in_threads(part, [(i, *piece) for i, piece in enumerate(pieces)])
    return totals


def in_background(function, *args):
    """The result to come of ``function(*args)``, for callers to whom another thread is allowed."""
    others = threads_allowed() - 1

    def work():
        with threads_limited(others):
            return function(*args)

    future = _submitted(work)
    if future is None:
        future = Future()
        future.set_result(function(*args))
    return future
