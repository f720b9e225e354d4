"""Print the peak memory of one fit: ``python memory_probe.py FOLDER SOLVER [early]``.

A process of its own, which loads data that another has made: a peak that making them would
leave behind is then not mistaken for the fit's.
"""

import json
import resource
import sys
from pathlib import Path

import numpy as np
from scipy import sparse

from gdregress import GDRegressor

CLEAR_REFS, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def reset_peak():
    """Forget the peak so far; returns how the peak is measured from here on."""
    if not CLEAR_REFS.exists():
        return "ru_maxrss: a peak before the fit hides as much of the fit's"
    CLEAR_REFS.write_text("5", encoding="ascii")
    return "VmHWM"


def peak(means):
    """Largest resident size since `reset_peak`, in bytes."""
    if means == "VmHWM":
        lines = STATUS.read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def load(folder):
    if (folder / "X.npy").exists():
        X = np.load(folder / "X.npy")
        size = X.nbytes
    else:
        X = sparse.load_npz(folder / "X.npz")
        size = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    y = np.load(folder / "y.npy")
    return X, y, size + y.nbytes


def main():
    folder, solver = Path(sys.argv[1]), sys.argv[2]
    X, y, size = load(folder)
    # momentum moves every coordinate for each row, which takes long on many sparse columns
    optimizer = "gd" if solver == "stochastic" else "nesterov"
    model = GDRegressor(solver=solver, optimizer=optimizer, max_iter=2, tol=None, random_state=0)
    model.set_params(early_stopping="early" in sys.argv[3:])
    model.fit(X[:100], y[:100])  # what is loaded at the first fit is not the data's
    means = reset_peak()
    before = peak(means)
    model.fit(X, y)
    found = {"data_bytes": size, "before_bytes": before, "peak_bytes": peak(means)}
    print(json.dumps({**found, "means": means}))


if __name__ == "__main__":
    main()
