"""Print the cost of one fit beyond memory: ``python batches_probe.py FOLDER FIT HOW MEGABYTES``.

A process of its own, which may hold so many megabytes of its own (``RLIMIT_DATA``): what it maps
from files does not count, copies of it do. FIT is a key of `FITS`; HOW is "mapped" for `fit` on a
memory-mapped array, "batches" for `fit_batches` on batches that are read from the file,
"prefetched" for the same with ``prefetch=True``, and "disk" for that where the system forgets the
file before each pass, as it would one that is larger than the memory.
"""

import json
import os
import resource
import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.base import clone

from gdregress import GDClassifier, GDRegressor

FITS = {
    "squared error": GDRegressor(),
    "log loss": GDClassifier(),
    "absolute error": GDRegressor("absolute_error"),
    "log loss, nesterov": GDClassifier(optimizer="nesterov", max_iter=10, tol=None),
    "mini-batch": GDClassifier(solver="mini-batch", batch_size=1024, random_state=0),
    "stochastic": GDClassifier(solver="stochastic", random_state=0),
}
BATCH_ROWS = 10_000


class File:
    """The rows in a file, read anew in each pass.

    Parameters
    ----------
    folder : Path
    y : ndarray
    from_disk : bool
        Whether the system is asked to forget the file before each pass.
    """

    def __init__(self, folder, y, from_disk):
        self.from_disk = from_disk
        self.X = np.load(folder / "X.npy", mmap_mode="r")
        self.path, self.offset, self.y = folder / "X.npy", self.X.offset, y
        self.passes = 0

    def __call__(self):
        """One pass: batches that are read into memory, not mapped."""
        self.passes += 1
        p = self.X.shape[1]
        with open(self.path, "rb") as file:
            if self.from_disk:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            file.seek(self.offset)
            for start in range(0, len(self.y), BATCH_ROWS):
                targets = self.y[start : start + BATCH_ROWS]
                rows = np.empty((len(targets), p))
                file.readinto(rows)  # which lets other threads work meanwhile
                yield rows, targets

    def seconds_to_read(self):
        """Of a pass in which nothing is computed."""
        start = time.perf_counter()
        for _ in self():
            pass
        self.passes -= 1
        return time.perf_counter() - start


def main():
    folder, name, how, megabytes = Path(sys.argv[1]), *sys.argv[2:4], float(sys.argv[4])
    model = FITS[name]
    y = np.load(folder / ("y.npy" if isinstance(model, GDRegressor) else "labels.npy"))
    file = File(folder, y, how == "disk")
    warnings.simplefilter("ignore")  # one of the runs is meant to end short of the minimum
    # OpenBLAS waits for ever where the limit leaves no room for its buffers: they come first
    clone(model).fit(file.X[:1000], y[:1000])
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (int(megabytes * 1e6), hard))
    reading = statistics.median(file.seconds_to_read() for _ in range(3))
    classes = {"classes": [0, 1]} if isinstance(model, GDClassifier) else {}
    start = time.perf_counter()
    if how == "mapped":
        model.fit(file.X, y)
    else:
        model.fit_batches(file, prefetch=how != "batches", **classes)
    seconds = time.perf_counter() - start
    found = {"seconds": seconds, "reading": reading, "passes": file.passes or None}
    print(json.dumps({**found, "epochs": model.n_iter_, "stop_reason": model.stop_reason_}))


if __name__ == "__main__":
    main()
