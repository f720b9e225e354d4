"""Time of an epoch by rows, columns and batch size, with slopes on logarithmic axes."""

from functools import partial

import numpy as np
from data import dense
from peers import Descent, GDRegressorFit, NumPyLoop, SGDRegressorFit
from timing import duration, epoch_seconds

from gdregress import GDRegressor


def scaling(quick):
    """A slope of 1 is a cost in proportion, of 0 one that does not depend on the size."""
    shrink = 4 if quick else 1
    rows = [n // shrink for n in (8_000, 32_000, 128_000, 512_000)]
    columns = [p // (1 if p < 100 or not quick else 2) for p in (8, 32, 128, 512)]
    sizes = [1, 4, 16, 64, 256, 1024]
    return [
        _against("rows", rows, lambda n: _solvers(*dense(n, 20))),
        _against("columns", columns, lambda p: _solvers(*dense(32_000 // shrink, p))),
        _against("rows of a batch", sizes, _batches(*dense(64_000 // shrink, 20))),
    ]


def _solvers(X, y):
    """An epoch of each solver; batch on Huber loss, whose epochs go over the data."""
    peers = {
        "GDRegressor batch, Huber": _HuberBatch(),
        "GDRegressor stochastic": GDRegressorFit(),
        "GDRegressor mini-batch of 32": GDRegressorFit(),
        "SGDRegressor": SGDRegressorFit(),
    }
    return {
        name: peer.prepare(X, y, Descent(1e-4, 32 if name.endswith("32") else 1))
        for name, peer in peers.items()
    }


def _batches(X, y):
    """A function from a batch size to the runs with it."""
    peers = {"GDRegressor mini-batch": GDRegressorFit(), "NumPy loop": NumPyLoop()}
    return lambda size: {
        name: peer.prepare(X, y, Descent(1e-4, size, "momentum")) for name, peer in peers.items()
    }


class _HuberBatch:
    def prepare(self, X, y, descent):
        settings = {"learning_rate": descent.learning_rate, "tol": None, "optimizer": "gd"}
        return partial(_fit, X, y, settings)


def _fit(X, y, settings, epochs):
    return GDRegressor("huber", max_iter=epochs, **settings).fit(X, y)


def _against(name, sizes, runs_for):
    """Time every contender at every size, and fit the slopes."""
    measured = [epoch_seconds(runs_for(size), repeats=3)[0] for size in sizes]
    seconds = {contender: [m[contender] for m in measured] for contender in measured[0]}
    slopes = {contender: slope(sizes, times) for contender, times in seconds.items()}
    print(f"\nan epoch against {name}")
    print(f"  {'':<32}" + "".join(f"{size:>11,}" for size in sizes) + f"{'slope':>9}")
    for contender, times in seconds.items():
        cells = "".join(f"{duration(time):>11}" for time in times)
        print(f"  {contender:<32}{cells}{slopes[contender]:>9.2f}", flush=True)
    return {
        "title": f"an epoch against {name}",
        "kind": "scaling",
        "axis": name,
        "sizes": sizes,
        "seconds": seconds,
        "slopes": slopes,
    }


def slope(sizes, seconds):
    """Slope of the least-squares line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
