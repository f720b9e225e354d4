"""Data of PyTorch and JAX: our epochs on their arrays, against hand-written loops in them."""

import os

import numpy as np
from data import dense, labelled
from peers import (
    CompiledPyTorchLoop,
    Descent,
    GDRegressorFit,
    JAXLoop,
    PyTorchLoop,
    installed,
    prepare_all,
)
from timing import epoch_seconds, report

from gdregress import GDClassifier
from suites.epochs import compare_epochs


def libraries(quick):
    """Epochs on arrays of PyTorch and JAX, against hand-written loops, eager and jitted."""
    if os.environ.get("SCIPY_ARRAY_API") != "1":
        print("\nlibraries is left out: scikit-learn wants SCIPY_ARRAY_API=1 in the environment")
        return []
    return [*_mini_batches(quick), *_full_gradient(quick)]


def _mini_batches(quick):
    reports = []
    for n, p, size in ((96_000, 20, 32), (1_000_000, 100, 8192)):
        X, y = dense(n // 10 if quick else n, p, np.float32)
        peers = [
            GDRegressorFit(),
            GDRegressorFit("torch"),
            GDRegressorFit("jax"),
            GDRegressorFit("torch", own_loss=True),
            GDRegressorFit("jax", own_loss=True),
            PyTorchLoop("momentum"),
            CompiledPyTorchLoop("momentum"),
            JAXLoop("momentum"),
        ]
        runs = prepare_all(peers, X, y, Descent(1e-3, size, "momentum"))
        title = f"mini-batch epoch, float32, batches of {size:,}, momentum, {len(X):,} x {p}"
        reports += compare_epochs(title, runs, 1 if quick else 3, (X, y))
    return reports


def _full_gradient(quick):
    """An epoch over all rows is one value and one gradient of the log loss."""
    X, y = labelled(100_000 if quick else 1_000_000, 100)
    X, labels = X.astype(np.float32), y
    peers = installed([GDRegressorFit("torch")])
    if not peers:
        return []
    import torch

    A, target = torch.from_numpy(X), torch.from_numpy(labels.astype(np.float32))

    def ours(epochs):
        model = GDClassifier(optimizer="gd", penalty=None, learning_rate=0.1, tol=None)
        model.set_params(max_iter=epochs).fit(X, labels)

    def by_hand(epochs):
        w, b = torch.zeros(A.shape[1]), torch.zeros(1)
        for _ in range(epochs):
            z = A @ w + b
            torch.nn.functional.binary_cross_entropy_with_logits(z, target)
            slopes = (torch.sigmoid(z) - target) / len(target)
            w -= 0.1 * (A.T @ slopes)
            b -= 0.1 * slopes.sum()

    def reading(epochs):
        for _ in range(epochs):
            A.sum()

    name = "GDClassifier"
    runs = {name: ours, "PyTorch, eager, by hand": by_hand, "reading X once": reading}
    seconds, _ = epoch_seconds(runs, 3)
    size = X.nbytes / 1e9
    notes = {who: f"{size / taken:.1f} GB/s of X" for who, taken in seconds.items()}
    title = f"value and gradient of the log loss over all rows, float32, {len(X):,} x 100"
    return [report(title, seconds, name, notes)]
