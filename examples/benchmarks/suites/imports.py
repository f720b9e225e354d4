"""Time of ``import gdregress`` after scikit-learn's linear models are imported."""

import json
import os
import statistics
import subprocess
import sys
import tempfile

HEAVY = ("matplotlib", "pandas", "dask", "torch", "jax")
# Measured inside the process: the difference of two whole processes can come out negative.
CODE = f"""
import json, sys, time
import sklearn.linear_model
before = {{name for name in {HEAVY} if name in sys.modules}}
start = time.perf_counter()
import gdregress
seconds = time.perf_counter() - start
loaded = [name for name in {HEAVY} if name in sys.modules and name not in before]
print(json.dumps({{"seconds": seconds, "loaded": loaded, "before": sorted(before)}}))
"""


def imports(quick):
    """Median over processes, and which large packages the import brings along."""
    with tempfile.TemporaryDirectory() as folder:
        # modules are compiled to byte code once, as pip does when it installs them
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _import(environment)
        runs = [_import(environment) for _ in range(3 if quick else 15)]
    seconds = [run["seconds"] for run in runs]
    median, least = statistics.median(seconds), min(seconds)
    loaded, before = (", ".join(runs[0][key]) or "none" for key in ("loaded", "before"))
    print("\nimport gdregress, after import sklearn.linear_model")
    print(f"  median {median * 1e3:.1f} ms, least {least * 1e3:.1f} ms of {len(runs)} processes")
    print(f"  of {', '.join(HEAVY)} it loads: {loaded} (scikit-learn had loaded: {before})")
    return [{"title": "import", "median_seconds": median, "least_seconds": least, **runs[0]}]


def _import(environment):
    """What one process reports."""
    command = [sys.executable, "-c", CODE]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(run.stdout)
