"""A textbook loop in plain NumPy."""

import numpy as np

from peers.peer import MOMENTUM, Peer

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


class NumPyLoop(Peer):
    """Rows gathered once per epoch, then a slice, two products and a step per update."""

    name = "NumPy loop"

    def prepare(self, X, y, descent):
        A = np.column_stack([X, np.ones(len(y), dtype=X.dtype)])
        step = {"gd": _gd, "momentum": _momentum, "adam": _adam}[descent.optimizer]

        def run(epochs):
            rng = np.random.default_rng(0)
            w = np.zeros(A.shape[1], dtype=A.dtype)
            memory = {"v": np.zeros_like(w), "n": np.zeros_like(w), "t": 0}
            for epoch in range(epochs):
                order = rng.permutation(len(y))
                _epoch(A[order], y[order], w, step, memory, descent.rate(epoch), descent)
            return w[:-1], w[-1]

        return run


def _epoch(A, y, w, step, memory, rate, descent):
    for start in range(0, len(y), descent.batch_size):
        rows = A[start : start + descent.batch_size]
        residual = rows @ w - y[start : start + descent.batch_size]
        step(w, residual @ rows / len(rows), memory, rate)


def _gd(w, g, memory, rate):
    w -= rate * g


def _momentum(w, g, memory, rate):
    memory["v"] = MOMENTUM * memory["v"] - rate * g
    w += memory["v"]


def _adam(w, g, memory, rate):
    memory["t"] += 1
    memory["v"] = BETA_1 * memory["v"] + (1 - BETA_1) * g
    memory["n"] = BETA_2 * memory["n"] + (1 - BETA_2) * g * g
    first = memory["v"] / (1 - BETA_1 ** memory["t"])
    second = memory["n"] / (1 - BETA_2 ** memory["t"])
    w -= rate * first / (np.sqrt(second) + EPSILON)
