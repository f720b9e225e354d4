"""Time per epoch: the same updates in all libraries, with and without the overhead of a fit."""

import numpy as np
from data import csr, dense
from objectives import half_mean_square, least_squares_optimum, relative_gap
from peers import (
    CompiledPyTorchLoop,
    Descent,
    Floor,
    GDRegressorFit,
    JAXLoop,
    MLPRegressorFit,
    Mlxtend,
    NumPyLoop,
    PyTorchLoop,
    River,
    SGDRegressorFit,
    VowpalWabbit,
    prepare_all,
)
from timing import epoch_seconds, quietly, report

SHAPES = ((1_000_000, 10), (200_000, 100), (20_000, 1000))
FLOORS = [Floor(update=False), Floor(), Floor(permute=True)]


def stochastic_epoch(quick):
    """One shuffled epoch of single rows, against SGDRegressor and a C-like floor."""
    peers, repeats = [GDRegressorFit(), SGDRegressorFit()], 3 if quick else 7
    reports = []
    for dtype in (np.float64, np.float32):
        for n, p in SHAPES:
            X, y = dense(n // 10 if quick else n, p, dtype)
            shape = f"{dtype.__name__}, {X.shape[0]:,} x {p}"
            runs = prepare_all([*peers, *FLOORS], X, y, Descent(1e-4))
            reports += compare_epochs(f"stochastic epoch, {shape}", runs, repeats)
            runs = prepare_all(peers, X, y, Descent(1e-4, l2=1e-4))
            reports += compare_epochs(f"stochastic epoch with l2, {shape}", runs, repeats)
    return reports


def sparse_epoch(quick):
    """The same on sparse rows of a hundred nonzeros."""
    n, p = (10_000 if quick else 100_000), 50_000
    X, y = csr(n, p, 100)
    reports = []
    for l2, name in ((0.0, ""), (1e-4, " with l2")):
        peers = [GDRegressorFit(), SGDRegressorFit(), *(() if l2 else FLOORS)]
        runs = prepare_all(peers, X, y, Descent(1e-4, l2=l2))
        reports += compare_epochs(f"stochastic epoch{name}, CSR, {n:,} x {p:,}", runs, 3)
    runs = prepare_all([GDRegressorFit()], X, y, Descent(1e-4, optimizer="momentum"))
    runs |= prepare_all([SGDRegressorFit()], X, y, Descent(1e-4))  # which has no momentum
    return reports + compare_epochs(f"the same with momentum, CSR, {n:,} x {p:,}", runs, 3)


def single_rows(quick):
    """Libraries and loops that hand over their rows one by one, on few rows."""
    n = 500 if quick else 5_000
    X, y = dense(n, 10)
    peers = [
        GDRegressorFit(),
        SGDRegressorFit(),
        VowpalWabbit(),
        NumPyLoop(),
        River(),
        Mlxtend(),
        JAXLoop("gd"),
        PyTorchLoop("gd"),
    ]
    runs = prepare_all(peers, X, y, Descent(1e-3))
    title = f"single rows handed over one by one, {n:,} x 10"
    return compare_epochs(title, runs, 1 if quick else 3, (X, y))


def mini_batch_epoch(quick):
    """An epoch of batches of 32 rows, with momentum and with Adam."""
    n = 32 * (100 if quick else 3_000)
    X, y = dense(n, 20)
    reports = []
    for optimizer, rate in (("momentum", 1e-3), ("adam", 1e-2)):
        peers = [
            GDRegressorFit(),
            NumPyLoop(),
            PyTorchLoop(optimizer),
            CompiledPyTorchLoop(optimizer),
            JAXLoop(optimizer),
            MLPRegressorFit(optimizer),
        ]
        runs = prepare_all(peers, X, y, Descent(rate, 32, optimizer))
        title = f"mini-batch epoch, batches of 32, {optimizer}, {n:,} x 20"
        reports += compare_epochs(title, runs, 1 if quick else 3, (X, y))
    return reports


def compare_epochs(title, runs, repeats, data=None, ours="GDRegressor"):
    """Report the time of an epoch and of a fit of one epoch, as in `timing.epoch_seconds`.

    Parameters
    ----------
    title : str
    runs : dict of str to callable
    repeats : int
    data : tuple of X, y or None
        Given these, each contender's gap to the optimum is noted, as evidence that all do the
        same work. They differ by their random orders and by how they start the intercept.
    ours : str, default="GDRegressor"
        The contender that the ratios refer to.

    Returns
    -------
    reports : list of dict
    """
    notes = {} if data is None else _gaps(runs, *data, epochs=4)
    per_epoch, fit_of_one = epoch_seconds(runs, repeats)
    return [
        report(title, per_epoch, ours, notes),
        report(f"{title}: whole fit of one epoch", fit_of_one, ours),
    ]


def _gaps(runs, X, y, epochs):
    best = least_squares_optimum(X, y)
    with quietly():
        gaps = {
            name: relative_gap(half_mean_square(X, y, *run(epochs)), best)
            for name, run in runs.items()
        }
    return {name: f"gap {gap:.1e} after {epochs} epochs" for name, gap in gaps.items()}
