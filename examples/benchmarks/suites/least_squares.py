"""Time to the least-squares coefficients."""

import numpy as np
from data import dense
from search import loosest
from sklearn.linear_model import LinearRegression, Ridge, SGDRegressor
from timing import alternate, report

from gdregress import GDRegressor

ENOUGH = 1e-8


def least_squares(quick):
    """Ours to 1e-8 of the coefficients, scikit-learn's with their defaults."""
    return [_compare(50_000 if quick else 1_000_000, p) for p in (10, 50)]


def _compare(n, p):
    X, y = dense(n, p)
    exact = LinearRegression().fit(X, y).coef_

    def error(model):
        return np.abs(model.fit(X, y).coef_ - exact).max() / np.abs(exact).max()

    tolerances = [10.0**-k for k in range(4, 13)]
    tol = loosest(lambda tol: error(GDRegressor(tol=tol)) <= ENOUGH, tolerances)
    if tol is None:
        print(f"\nGDRegressor does not come within {ENOUGH} of the coefficients: {n:,} x {p}")
    ours = GDRegressor(tol=tol or tolerances[-1])
    models = {
        f"GDRegressor(tol={ours.tol:.0e})": ours,
        "SGDRegressor()": SGDRegressor(random_state=0),
        'Ridge(solver="cholesky")': Ridge(solver="cholesky"),
        "LinearRegression()": LinearRegression(),
    }
    notes = {name: f"relative error {error(model):.1e}" for name, model in models.items()}
    fits = {name: lambda model=model: model.fit(X, y) for name, model in models.items()}
    name = next(iter(models))
    return report(f"least squares, {n:,} x {p}", alternate(fits, 3), name, notes)
