"""What is compared: one function per question, each returning the reports it printed."""

import subprocess
import sys

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from timing import alternate, report

from gdregress import GDRegressor


def data(n, p, dtype=np.float64):
    """Standard normal columns, a linear target with unit noise."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n, p)).astype(dtype)
    return X, (X @ rng.standard_normal(p) + rng.standard_normal(n)).astype(dtype)


def least_squares(quick):
    """Time to the least-squares coefficients, ours to 1e-8 of them."""
    reports = []
    for p in (10, 50):
        X, y = data(100_000 if quick else 1_000_000, p)
        ours = GDRegressor(tol=1e-10)
        exact = LinearRegression().fit(X, y).coef_
        error = np.abs(ours.fit(X, y).coef_ - exact).max() / np.abs(exact).max()
        medians = alternate(
            {
                "GDRegressor(tol=1e-10)": lambda X=X, y=y, m=ours: m.fit(X, y),
                "SGDRegressor()": lambda X=X, y=y: SGDRegressor(random_state=0).fit(X, y),
                'Ridge(solver="cholesky")': lambda X=X, y=y: Ridge(solver="cholesky").fit(X, y),
                "LinearRegression()": lambda X=X, y=y: LinearRegression().fit(X, y),
            },
            repeats=3,
        )
        title = f"least squares, {X.shape[0]:,} x {p}, our error {error:.1e}"
        reports.append(report(title, medians, "GDRegressor(tol=1e-10)"))
    return reports


def stochastic_epoch(quick):
    """One shuffled epoch of single rows, with and without what a fit does around it."""
    reports = []
    sizes = ((1_000_000, 10), (200_000, 100), (20_000, 1000))
    for dtype in (np.float64, np.float32):
        for n, p in sizes:
            X, y = data(n // 10 if quick else n, p, dtype)
            title = f"stochastic epochs, {dtype.__name__}, {X.shape[0]:,} x {p}"
            reports.append(_epochs(title, X, y))
    return reports


def sparse_epoch(quick):
    """The same on sparse rows of a hundred nonzeros."""
    n, p = (10_000 if quick else 100_000), 50_000
    rng = np.random.RandomState(0)
    columns = rng.randint(0, p, n * 100).astype(np.int32)
    pointers = np.arange(0, n * 100 + 1, 100, dtype=np.int32)
    X = sparse.csr_array((rng.standard_normal(n * 100), columns, pointers), shape=(n, p))
    X.sum_duplicates()
    return [_epochs(f"stochastic epochs, CSR, {n:,} x {p:,}", X, X @ rng.standard_normal(p))]


def _epochs(title, X, y):
    """Four epochs and one, whose difference is three epochs without the work around them."""
    contenders = {}
    for epochs in (1, 4):
        ours = GDRegressor(
            solver="stochastic", optimizer="gd", learning_rate=1e-4, schedule="constant",
            penalty="l2", max_iter=epochs, tol=None, random_state=0,
        )  # fmt: skip
        theirs = SGDRegressor(
            learning_rate="constant", eta0=1e-4, max_iter=epochs, tol=None, random_state=0
        )
        contenders[f"GDRegressor, {epochs}"] = lambda m=ours: m.fit(X, y)
        contenders[f"SGDRegressor, {epochs}"] = lambda m=theirs: m.fit(X, y)
    medians = alternate(contenders, repeats=3)
    per_epoch = {
        name: (medians[f"{name}, 4"] - medians[f"{name}, 1"]) / 3
        for name in ("GDRegressor", "SGDRegressor")
    }
    per_epoch |= {f"{name}, fit of one epoch": medians[f"{name}, 1"] for name in list(per_epoch)}
    return report(title, per_epoch, "GDRegressor")


def huber(quick):
    """Huber loss to a relative gap of 1e-6, against L-BFGS-B with a NumPy gradient."""
    X, y = data(100_000 if quick else 1_000_000, 20)
    A = np.column_stack([X, np.ones(len(y))])

    def objective(w):
        r = A @ w - y
        c = np.clip(r, -1.35, 1.35)
        return np.mean(c * (r - c / 2)), A.T @ c / len(y)

    best = minimize(objective, np.zeros(21), jac=True, method="L-BFGS-B", tol=1e-14).fun
    ours = GDRegressor("huber", tol=1e-4).fit(X, y)
    gap = objective(np.append(ours.coef_, ours.intercept_))[0] / best - 1

    def until_close():
        def stop(w):
            if objective(w)[0] <= best * (1 + 1e-6):
                raise StopIteration

        minimize(objective, np.zeros(21), jac=True, method="L-BFGS-B", callback=stop)

    medians = alternate(
        {
            "GDRegressor(huber, tol=1e-4)": lambda: GDRegressor("huber", tol=1e-4).fit(X, y),
            "SciPy L-BFGS-B": until_close,
        },
        repeats=3,
    )
    title = f"Huber, {X.shape[0]:,} x 20, our gap {gap:.1e}"
    return [report(title, medians, "GDRegressor(huber, tol=1e-4)")]


def small(quick):
    """A fit and a prediction where the data are no work at all."""
    X, y = data(500, 10)
    fits = {
        "GDRegressor()": lambda: GDRegressor().fit(X, y),
        "SGDRegressor()": lambda: SGDRegressor(random_state=0).fit(X, y),
    }
    reports = [report("fit, 500 x 10", alternate(fits, 20), "GDRegressor()")]
    ours, theirs = GDRegressor().fit(X, y), SGDRegressor(random_state=0).fit(X, y)
    for n in (1, 500, 100_000):
        rows = data(n, 10)[0]
        predictions = {
            "GDRegressor": lambda rows=rows: ours.predict(rows),
            "SGDRegressor": lambda rows=rows: theirs.predict(rows),
        }
        reports.append(report(f"predict, {n:,} x 10", alternate(predictions, 50), "GDRegressor"))
    return reports


def memory(quick):
    """Peak memory of a fit beyond the data, each in a process of its own."""
    reports = []
    n = 200_000 if quick else 1_000_000
    for solver in ("batch", "stochastic", "mini-batch"):
        for dtype in ("float64", "float32"):
            code = (
                "import resource, numpy as np\n"
                "from gdregress import GDRegressor\n"
                f"X = np.random.default_rng(0).standard_normal(({n}, 50), dtype='{dtype}')\n"
                "y = X[:, 0] * 2\n"
                "GDRegressor(max_iter=1).fit(X[:100], y[:100])\n"
                "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
                f"GDRegressor(solver='{solver}', max_iter=2, tol=None).fit(X, y)\n"
                "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
                "print((after - before) / 1024, X.nbytes / 2**20)\n"
            )
            run = [sys.executable, "-W", "ignore", "-c", code]
            out = subprocess.run(run, capture_output=True, text=True, check=True).stdout
            beyond, size = map(float, out.split())
            print(f"  memory, {solver}, {dtype}: {beyond:.0f} MiB beyond {size:.0f} MiB of data")
            reports.append({"title": f"memory, {solver}, {dtype}", "MiB": [beyond, size]})
    return reports


def imports(quick):
    """Seconds that importing gdregress adds to importing scikit-learn's linear models."""
    base = "import sklearn.linear_model"
    runs = {
        "with gdregress": [sys.executable, "-c", f"{base}; import gdregress"],
        "without": [sys.executable, "-c", base],
    }
    contenders = {
        name: (lambda command=command: subprocess.run(command, check=True))
        for name, command in runs.items()
    }
    medians = alternate(contenders, 3 if quick else 7)
    added = medians["with gdregress"] - medians["without"]
    print(f"\nimport gdregress adds {added * 1e3:.0f} ms")
    return [{"title": "import", "added_seconds": added}]


SUITES = {
    "least_squares": least_squares,
    "stochastic_epoch": stochastic_epoch,
    "sparse_epoch": sparse_epoch,
    "huber": huber,
    "small": small,
    "memory": memory,
    "imports": imports,
}
