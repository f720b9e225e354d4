"""Lower bounds of the time of a stochastic epoch: a dot product and an axpy for each row."""

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from scipy import sparse

import gdregress
from gdregress._core.core import instruction_set
from peers.peer import Peer

SOURCE = Path(__file__).with_suffix(".c")
HEADERS = Path(gdregress.__file__).parent / "_core" / "kernels"
COMPILER = "cc"


class Floor(Peer):
    """The fastest such loop in the C of the kernels, without any bookkeeping.

    Parameters
    ----------
    permute : bool, default=False
        Whether drawing each epoch's permutation is part of the time, as it is for all others.
    update : bool, default=True
        Without updates no row waits for the one before: what is left is the time in which rows
        at random arrive from memory.
    """

    def __init__(self, permute=False, update=True):
        self.permute = permute
        self.update = update
        self.name = "floor: dot" + " + axpy" * update + " + permutation" * permute

    def missing(self):
        return [] if shutil.which(COMPILER) else [f"a C compiler, {COMPILER}"]

    def prepare(self, X, y, descent):
        X = X if sparse.issparse(X) else np.ascontiguousarray(X)
        y = np.ascontiguousarray(y, dtype=X.dtype)
        check(X, y, descent.learning_rate)
        rng = np.random.RandomState(0)
        given = rng.permutation(len(y)).astype(np.int64)

        def run(epochs):
            w = np.zeros(X.shape[1] + 1)
            for k in range(epochs):
                order = rng.permutation(len(y)).astype(np.int64) if self.permute else given
                floor_epoch(X, y, order, descent.rate(k) if self.update else 0.0, w)
            return w[:-1], w[-1]

        return run


def floor_epoch(X, y, order, learning_rate, w):
    """One epoch over the rows in an order; updates w, whose last number is the intercept."""
    name = "float" if X.dtype == np.float32 else "double"
    arrays = [X]
    if sparse.issparse(X):
        name += "_int" if X.indices.dtype == np.int32 else "_long"
        arrays = [X.data, X.indices, X.indptr]
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (*arrays, y, order)]
    sizes = ctypes.c_ssize_t(len(order)), ctypes.c_ssize_t(X.shape[1])
    rate, parameters = ctypes.c_double(learning_rate), ctypes.c_void_p(w.ctypes.data)
    getattr(library(), f"floor_{name}")(*pointers, *sizes, rate, parameters)


@cache
def library():
    """floor.c, compiled by the system's compiler."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "floor.so"
        options = ["-O3", "-shared", "-fPIC", f"-I{HEADERS}", "-lm"]
        subprocess.run([COMPILER, *options, str(SOURCE), "-o", str(path)], check=True)
        floor = ctypes.CDLL(str(path))
        floor.use((instruction_set or "baseline").encode())
        return floor


def check(X, y, learning_rate, rows=20):
    """Raise unless the floor makes the same updates as a plain loop."""
    order, w = np.arange(min(rows, len(y))), np.zeros(X.shape[1] + 1)
    floor_epoch(X, y, order, learning_rate, w)
    some = X[: len(order)].toarray() if sparse.issparse(X) else X[: len(order)]
    expected = np.zeros(X.shape[1] + 1)
    for row, target in zip(np.column_stack([some, np.ones(len(some))]), y, strict=False):
        expected -= learning_rate * (row.astype(float) @ expected - target) * row
    np.testing.assert_allclose(w, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
