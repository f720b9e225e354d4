"""A fit needs little memory beyond its input: copies of X are made in blocks."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from gdregress import GDClassifier, GDRegressor
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress.losses import Huber
from gdregress.penalties import L2

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Share of X, and bytes beside it, for the passes over the rows.
SHARE, FIXED = 0.1, 50e6


@pytest.fixture(scope="module")
def dense():
    X = np.random.default_rng(0).standard_normal((600_000, 30))
    return X, X @ np.ones(30), np.linspace(1, 2, len(X))


@pytest.fixture(scope="module")
def csr():
    """CSR rows of at most 512 columns, whose moments are formed."""
    n, k = 600_000, 15
    rng = np.random.default_rng(0)
    indices = (np.arange(k) * 20 + rng.integers(0, 20, size=(n, k))).astype(np.int32).ravel()
    indptr = np.arange(0, n * k + 1, k, dtype=np.int32)
    X = sparse.csr_array((rng.standard_normal(n * k), indices, indptr), shape=(n, 300))
    assert X.has_canonical_format
    return X, X @ np.ones(300), np.linspace(1, 2, n)


def memory_of(model, X, *rest):
    """Most bytes that a fit holds beside what it is handed, and those of X."""
    tracemalloc.start()
    try:
        model.fit(X, *rest)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    parts = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
    return peak, sum(part.nbytes for part in parts)


def assert_small(model, X, *rest):
    peak, size = memory_of(model.set_params(max_iter=1, tol=None), X, *rest)
    assert peak <= SHARE * size + FIXED, f"{peak / 1e6:.0f} MB beside {size / 1e6:.0f} MB"


@pytest.mark.parametrize(
    "weighted", [True, pytest.param(False, marks=pytest.mark.full)], ids=["weighted", "plain"]
)
@pytest.mark.parametrize(
    "given",
    [
        {"standardize": True},
        {"early_stopping": True, "random_state": 0},
        pytest.param({"loss": "huber"}, marks=pytest.mark.full),
        pytest.param({"solver": "mini-batch", "batch_size": 1024}, marks=pytest.mark.full),
    ],
    ids=str,
)
def test_of_sparse_rows(csr, given, weighted):
    X, y, weights = csr
    assert_small(GDRegressor(**given), X, y, *[weights] * weighted)


def test_slopes_of_wide_sparse_rows_copy_few_of_them():
    n, k, p = 80_000, 50, 2000
    rng = np.random.default_rng(0)
    indices = (np.arange(k) * 40 + rng.integers(0, 40, size=(n, k))).astype(np.int32).ravel()
    X = sparse.csr_array((np.ones(n * k), indices, np.arange(0, n * k + 1, k)), shape=(n, p))
    objective = DataObjective(DesignMatrix(X, True), np.zeros(n), None, Huber(), L2(0.0))
    params = objective.zero_parameters()
    tracemalloc.start()
    try:
        objective.slope_size(params)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.4 * X.data.nbytes


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "given",
    [
        {"loss": "huber", "standardize": True},
        {"loss": "huber", "early_stopping": True, "random_state": 0},
        pytest.param({"early_stopping": True, "random_state": 0}, marks=pytest.mark.full),
        pytest.param({}, marks=pytest.mark.full),
        pytest.param({"learning_rate": 0.1, "standardize": True}, marks=pytest.mark.full),
    ],
    ids=str,
)
def test_of_dense_rows(dense, given, order):
    X, y, weights = dense
    assert_small(GDRegressor(**given), np.asarray(X, order=order), y, weights)


@pytest.mark.full
def test_of_classes(dense):
    X, y, _ = dense
    assert_small(GDClassifier(standardize=True), X, y > 0)


@pytest.mark.parametrize(
    ("model", "most"),
    [
        (GDClassifier(), 4.5),
        (GDClassifier(solver="mini-batch", batch_size=4096, random_state=0), 5.0),
        (GDRegressor("absolute_error", max_iter=6), 5.0),
        pytest.param(GDRegressor("huber"), 3.5, marks=pytest.mark.full),
        pytest.param(GDClassifier("hinge", max_iter=6), 6.5, marks=pytest.mark.full),
    ],
    ids=str,
)
def test_few_arrays_are_as_long_as_the_rows(model, most):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1_000_000, 3))
    y = X @ np.ones(3) + 2 * rng.standard_normal(len(X))
    peak, _ = memory_of(model, X, y if isinstance(model, GDRegressor) else y > 0)
    assert peak / y.nbytes < most


MAPPED = """
import resource, sys, warnings
from pathlib import Path
import numpy as np
from gdregress import GDClassifier, GDRegressor

warnings.simplefilter("ignore")
folder = sys.argv[1]
X = np.load(folder + "/X.npy", mmap_mode="r")
y = X[:, 0] * 1.0
GDRegressor(loss="huber").fit(X[:100], y[:100])  # what is loaded at the first fit

def own():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmData")).split()[1])

def batches():
    for start in range(0, len(y), 5000):
        yield X[start : start + 5000], y[start : start + 5000]

limit = own() + X.nbytes // 2
resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))
try:
    np.array(X)
except MemoryError:
    print("a copy does not fit")
given = {"max_iter": 2, "tol": None, "random_state": 0}
for model in (
    GDRegressor(**given),
    GDRegressor(loss="huber", **given),
    GDRegressor(loss="huber", standardize=True, optimizer="nesterov", **given),
    GDRegressor(solver="mini-batch", batch_size=256, **given),
    GDRegressor(solver="stochastic", loss="huber", **given),
    GDRegressor(loss="absolute_error", **given),
):
    print(model.fit(X, y).n_iter_, model.fit_batches(batches).n_iter_)
"""


@pytest.mark.full
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs RLIMIT_DATA: use Linux")
def test_a_mapped_file_is_fitted_in_less_memory_than_it_has(tmp_path):
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", float, (250_000, 80))
    X[:] = np.random.default_rng(0).standard_normal((1000, 80))[np.arange(250_000) % 1000]
    X.flush()
    command = [sys.executable, "-c", MAPPED, str(tmp_path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["a", "copy", "does", "not", "fit", *["2"] * 12]
