"""Peak memory of a fit beyond its data, in a process that only loads and fits."""

import json
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

import numpy as np
from data import csr, dense
from scipy import sparse

PROBE = Path(__file__).resolve().parent.parent / "memory_probe.py"
MIB = 2**20


def memory(quick):
    """Against the rule: under 10 % of the input plus 50 MB."""
    n = 100_000 if quick else 1_000_000
    inputs = {
        f"dense float64, {n:,} x 50": dense(n, 50),
        f"dense float32, {n:,} x 50": dense(n, 50, np.float32),
        f"dense in Fortran order, {n:,} x 50": _by_columns(*dense(n, 50)),
        f"CSR float64, {n // 10:,} x 50,000": csr(n // 10, 50_000, 100),
    }
    print("\npeak memory of a fit beyond X and y")
    reports = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (X, y) in inputs.items():
            _save(Path(folder), X, y)
            for solver, early in product(("batch", "stochastic", "mini-batch"), ([], ["early"])):
                reports.append(_measure(name, [solver, *early], folder))
    return reports


def _by_columns(X, y):
    return np.asfortranarray(X), y


def _save(folder, X, y):
    (folder / "X.npy").unlink(missing_ok=True)
    if sparse.issparse(X):
        sparse.save_npz(folder / "X.npz", X, compressed=False)
    else:
        np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", y)


def _measure(name, how, folder):
    command = [sys.executable, "-W", "ignore", str(PROBE), folder, *how]
    how = ", ".join(how)
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = json.loads(output)
    beyond, size = found["peak_bytes"] - found["before_bytes"], found["data_bytes"]
    allowed = 0.1 * size + 50e6
    verdict = "within" if beyond <= allowed else "BEYOND"
    print(
        f"  {name + ', ' + how:<52}{beyond / MIB:>8.1f} MiB, {beyond / size:>6.1%} of "
        f"{size / MIB:.0f} MiB; {verdict} the {allowed / MIB:.0f} MiB allowed ({found['means']})",
        flush=True,
    )
    return {"title": f"memory, {name}, {how}", "allowed_bytes": allowed, **found}
