"""`minimize` on standard test functions, against SciPy's CG and L-BFGS-B."""

import numpy as np
import scipy.optimize
from data import labelled
from scipy.optimize import rosen, rosen_der
from scipy.special import expit
from timing import alternate, quietly, report

from gdregress import minimize

TOLERANCE = 1e-6


def functions(quick):
    """Evaluations, result and time on classical functions, against SciPy's CG and L-BFGS-B."""
    reports = []
    for name, (fun, jac, start, least) in problems(quick).items():
        runs = contenders(fun, jac, start)
        with quietly():
            notes = {who: _described(run(), least) for who, run in runs.items()}
        seconds = alternate(runs, 1 if quick else 3)
        reports.append(report(f"{name}, gradient norm {TOLERANCE:g}", seconds, OURS[0], notes))
    return reports


OURS = ("gdregress nesterov, line-search", "gdregress gd, auto")


def contenders(fun, jac, start):
    """Each minimiser with its defaults and the same tolerance, ready to run."""

    def ours(optimizer, rate):
        given = {"optimizer": optimizer, "momentum": "auto", "learning_rate": rate}
        if optimizer == "gd":
            del given["momentum"]
        return lambda: minimize(
            fun, start, jac=jac, tol=TOLERANCE, max_iter=100_000, store_path=False, **given
        )

    def theirs(method):
        options = {"gtol": TOLERANCE, "maxiter": 100_000}
        if method == "L-BFGS-B":
            options |= {"ftol": 0.0, "maxfun": 1_000_000}
        return lambda: scipy.optimize.minimize(fun, start, jac=jac, method=method, options=options)

    return {
        OURS[0]: ours("nesterov", "line-search"),
        OURS[1]: ours("gd", "auto"),
        "SciPy CG": theirs("CG"),
        "SciPy L-BFGS-B": theirs("L-BFGS-B"),
    }


def _described(result, least):
    excess = result.fun - least
    calls = f"{result.nfev} values, {result.njev} gradients, {result.nit} steps"
    return f"{calls}, f - f* = {excess:.1e}" + ("" if result.success else ", not converged")


def problems(quick):
    """Function, gradient, start and least value, by name."""
    return {
        "Rosenbrock": (rosen, rosen_der, np.array([-1.2, 1.0]), 0.0),
        "Beale": (beale, beale_gradient, np.array([1.0, 1.0]), 0.0),
        "Himmelblau": (himmelblau, himmelblau_gradient, np.array([0.0, 0.0]), 0.0),
        "quadratic in 1000 dimensions": quadratic(),
        "logistic regression as a function": logistic(1_000 if quick else 20_000),
    }


def beale(x):
    """(1.5 - x + x y)^2 + (2.25 - x + x y^2)^2 + (2.625 - x + x y^3)^2, least at (3, 0.5)."""
    return sum(residual**2 for residual, _, _ in _beale_terms(x))


def beale_gradient(x):
    return 2 * sum(r * np.array([dx, dy]) for r, dx, dy in _beale_terms(x))


def _beale_terms(x):
    """Each residual and its derivatives."""
    a, b = x
    return [
        (constant - a + a * b**power, b**power - 1, a * power * b ** (power - 1))
        for power, constant in ((1, 1.5), (2, 2.25), (3, 2.625))
    ]


def himmelblau(x):
    """(x^2 + y - 11)^2 + (x + y^2 - 7)^2, least at four points, (3, 2) among them."""
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def himmelblau_gradient(x):
    first, second = x[0] ** 2 + x[1] - 11, x[0] + x[1] ** 2 - 7
    return np.array([4 * x[0] * first + 2 * second, 2 * first + 4 * x[1] * second])


def quadratic(n=1000, condition=1e3):
    """x' D x / 2 - sum x, D of eigenvalues from 1 to the condition number."""
    curvatures = np.geomspace(1.0, condition, n)

    def fun(x):
        return curvatures @ (x * x) / 2 - x.sum()

    return fun, lambda x: curvatures * x - 1, np.zeros(n), -0.5 * (1 / curvatures).sum()


def logistic(n, p=20, alpha=1e-3):
    """Mean log loss with l2, written by hand."""
    X, y = labelled(n, p, correlation=0.9)
    sign = 2.0 * y - 1

    def fun(w):
        return np.logaddexp(0, -sign * (X @ w)).mean() + alpha * (w @ w) / 2

    def jac(w):
        return X.T @ (-sign * expit(-sign * (X @ w))) / n + alpha * w

    best = scipy.optimize.minimize(
        fun, np.zeros(p), jac=jac, method="L-BFGS-B", options={"gtol": 1e-12, "ftol": 0.0}
    )
    return fun, jac, np.zeros(p), best.fun
