"""Floors under the stochastic epoch: a dot product and an axpy per row, or the product alone."""

import numpy as np
from scipy import sparse

from peers.peer import Peer


class Floor(Peer):
    """The fastest such loop in the compiled core, without any bookkeeping.

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
        try:
            from gdregress._core import kernels
        except ImportError:  # uncompiled, and without Cython, which the interpreted file needs
            return ["gdregress._core.kernels"]
        able = kernels.COMPILED and hasattr(kernels, "csr_floor_epoch")
        return [] if able else ["a compiled gdregress._core.kernels.csr_floor_epoch"]

    def prepare(self, X, y, descent):
        from gdregress._core import kernels

        if sparse.issparse(X):
            epoch, rows = kernels.csr_floor_epoch, (X.data, X.indices, X.indptr, y[:, None])
        else:
            epoch, rows = kernels.floor_epoch, (np.ascontiguousarray(X), y[:, None])
        rng = np.random.RandomState(0)
        given = rng.permutation(len(y)).astype(np.int64)

        def run(epochs):
            w = np.zeros((1, X.shape[1] + 1))  # one row per target
            for k in range(epochs):
                order = rng.permutation(len(y)).astype(np.int64) if self.permute else given
                epoch(*rows, order, descent.rate(k) if self.update else 0.0, w)
            return w[0, :-1], w[0, -1]

        return run
