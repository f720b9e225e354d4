"""Fits of rows in a file larger than memory: `fit` of a mapped array, and `fit_batches`."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from batches_probe import FITS

PROBE = Path(__file__).resolve().parent.parent / "batches_probe.py"
MEGABYTES = 500
SHUFFLED = ("mini-batch", "stochastic")
KINKS = ("absolute error",)
CHUNK = 100_000


def beyond_memory(quick):
    """2 GB of rows in 500 MB of memory: fits over all rows, and a pass beside reading the file."""
    return _compare(quick, [name for name in FITS if name not in SHUFFLED + KINKS])


def beyond_memory_shuffled(quick):
    """The same for single rows and mini-batches in random order."""
    return _compare(quick, SHUFFLED)


def beyond_memory_kinks(quick):
    """The same for the absolute error, to a proven gap."""
    return _compare(quick, KINKS)


def _compare(quick, names):
    n, p = (100_000 if quick else 2_500_000), 100
    reports = []
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), n, p)
        size = (Path(folder) / "X.npy").stat().st_size
        print(f"\n{n:,} x {p}, {size / 1e9:.2f} GB; at most {MEGABYTES} MB of its own memory")
        for name in names:
            for how in ("mapped", "batches", "prefetched", "disk"):
                reports.append(_measure(folder, name, how))
    return reports


def _write(folder, n, p):
    """Rows, targets and labels, a part after the other."""
    rng = np.random.default_rng(0)
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", float, (n, p))
    z, coef = np.empty(n), rng.normal(size=p) / np.sqrt(p)
    for start in range(0, n, CHUNK):
        rows = slice(start, min(start + CHUNK, n))
        X[rows] = rng.normal(size=(rows.stop - start, p))
        z[rows] = X[rows] @ coef
    X.flush()
    np.save(folder / "y.npy", z + rng.normal(size=n))
    np.save(folder / "labels.npy", (z + rng.logistic(size=n) > 0).astype(int))


def _measure(folder, name, how):
    command = [sys.executable, str(PROBE), folder, name, how, str(MEGABYTES)]
    # memory that is freed goes back to the system at once: of a thread, glibc keeps it otherwise
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        error = done.stderr.strip().rpartition("\n")[2]
        print(f"  {name + ', ' + how:<30} fails: {error}", flush=True)
        return {"title": f"beyond memory, {name}, {how}", "error": error}
    found = json.loads(done.stdout)
    text = f"  {name + ', ' + how:<30}{found['seconds']:7.1f} s, {found['epochs']:>3} epochs"
    if found["passes"]:
        a_pass = found["seconds"] / found["passes"]
        text += (
            f", {found['passes']:>3} passes of {a_pass:.2f} s: {a_pass / found['reading']:.2f} x "
            f"reading the file ({found['reading']:.2f} s)"
        )
    print(f"{text}; {found['stop_reason']}", flush=True)
    return {"title": f"beyond memory, {name}, {how}", **found}
