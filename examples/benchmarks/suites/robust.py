"""Time to a given gap for losses without a closed form: Huber and quantile."""

import numpy as np
from data import dense
from objectives import huber as huber_objective
from objectives import pinball, relative_gap
from scipy.optimize import minimize
from search import loosest, smallest
from sklearn.linear_model import HuberRegressor, QuantileRegressor
from timing import alternate, quietly, report

from gdregress import GDRegressor
from gdregress.losses import Quantile

TOLERANCES = [10.0 ** (-k / 2) for k in range(2, 17)]


def huber(quick):
    """Huber loss to a relative gap of 1e-6, against L-BFGS-B and HuberRegressor."""
    return [
        _against_lbfgs(100_000 if quick else 1_000_000, 20),
        _against_huber_regressor(10_000 if quick else 100_000, 20),
    ]


def quantile(quick):
    """The 0.9 quantile to a relative gap of 1e-4, against the linear program's exact answer."""
    n, p, level, target = (2_000 if quick else 10_000), 10, 0.9, 1e-4
    X, y = dense(n, p)
    theirs = QuantileRegressor(quantile=level, alpha=0.0)
    best = pinball(X, y, *_parameters(theirs.fit(X, y)), level)

    def gap(model):
        return relative_gap(pinball(X, y, *_parameters(_fit(model, X, y)), level), best)

    def ours(epochs):
        return GDRegressor(Quantile(level), max_iter=epochs, tol=None)

    epochs = smallest(lambda count: gap(ours(count)) <= target, 4_096)
    used = ours(epochs or 4_096)
    name = f"GDRegressor(Quantile({level}), max_iter={used.max_iter})"
    seconds = alternate({name: lambda: used.fit(X, y), "exact": lambda: theirs.fit(X, y)}, 3)
    seconds = {
        name: seconds[name] if epochs else None,
        "QuantileRegressor(alpha=0)": seconds["exact"],
    }
    return [report(f"quantile, {n:,} x {p}, our gap {gap(used):.1e}", seconds, name)]


def _against_lbfgs(n, p):
    """The same objective for both, each with the fewest iterations that are enough."""
    X, y = dense(n, p)
    A = np.column_stack([X, np.ones(n)])
    start = np.zeros(p + 1)

    def descend(**options):
        return minimize(
            huber_objective, start, (A, y), jac=True, method="L-BFGS-B", options=options
        )

    best = descend(ftol=1e-16, gtol=1e-10, maxiter=500).fun
    target = 1e-6

    def gap(w):
        return relative_gap(huber_objective(w, A, y)[0], best)

    def ours(epochs):
        return GDRegressor("huber", max_iter=epochs, tol=None)

    def our_gap(epochs):
        return gap(np.append(*_parameters(_fit(ours(epochs), X, y))))

    iterations = smallest(lambda count: gap(descend(maxiter=count).x) <= target, 100)
    epochs = smallest(lambda count: our_gap(count) <= target, 100)
    name = f"GDRegressor(huber), {epochs} epochs"
    runs = {
        name: lambda: ours(epochs).fit(X, y),
        f"SciPy L-BFGS-B, {iterations} iterations": lambda: descend(maxiter=iterations),
    }
    gaps = f"gaps {our_gap(epochs):.1e} and {gap(descend(maxiter=iterations).x):.1e}"
    return report(f"Huber, {n:,} x {p}, {gaps}", alternate(runs, 5), name)


def _against_huber_regressor(n, p):
    """HuberRegressor estimates a scale as well; ours is given the threshold that it arrives at."""
    X, y = dense(n, p)
    theirs = HuberRegressor(alpha=0.0, max_iter=1000).fit(X, y)
    A = np.column_stack([X, np.ones(n)])
    epsilon = 1.35 * theirs.scale_
    start = np.append(theirs.coef_, theirs.intercept_)
    best = minimize(huber_objective, start, (A, y, epsilon), jac=True, options={"gtol": 1e-10}).fun

    def gap(w):
        return relative_gap(huber_objective(w, A, y, epsilon)[0], best)

    ours, our_gap = _loosest(X, y, epsilon, gap, 1e-6)
    name = f"GDRegressor(huber, tol={ours.tol:.1e})"
    seconds = alternate(
        {name: lambda: ours.fit(X, y), "HuberRegressor(alpha=0)": lambda: theirs.fit(X, y)}, 3
    )
    title = f"Huber with their scale, {n:,} x {p}, gaps {our_gap:.1e} and {gap(start):.1e}"
    return report(title, seconds, name)


def _loosest(X, y, epsilon, gap, target):
    """Our estimator with the loosest tolerance that reaches the target, and its gap."""

    def ours(tol):
        return GDRegressor("huber", epsilon=epsilon, tol=tol)

    def reached(tol):
        return gap(np.append(*_parameters(_fit(ours(tol), X, y))))

    tol = loosest(lambda tol: reached(tol) <= target, TOLERANCES)
    if tol is None:
        print(f"\nGDRegressor does not reach a gap of {target}")
        tol = TOLERANCES[-1]
    return ours(tol), reached(tol)


def _parameters(model):
    return model.coef_, model.intercept_


def _fit(model, X, y):
    with quietly():
        return model.fit(X, y)
