"""Correct digits of coefficients that NIST certifies to fifteen digits."""

import numpy as np
from panel.nist import REFERENCES
from sklearn.linear_model import LinearRegression
from timing import quietly

from gdregress import GDRegressor

FEW = 4


def finishing_nist(quick):
    """NIST's reference tables with tol=0: right digits of coef_, beside LinearRegression's."""
    print(f"\n{'':<12}{'GDRegressor':>12}{'Linear':>8}  end")
    results = {reference.name: _digits(reference) for reference in REFERENCES}
    for name, line in results.items():
        print(
            f"{name:<12}{line['digits']:>12.1f}{line['LinearRegression']:>8.1f}"
            f"  {line['end']} {line['epochs']}" + (", converged_" if line["converged"] else "")
        )
    fewer = sum(line["digits"] < line["LinearRegression"] - 0.05 for line in results.values())
    wrong = sum(line["converged"] and line["digits"] < FEW for line in results.values())
    print(f"fewer than LinearRegression: {fewer}; converged_ with fewer than {FEW}: {wrong}")
    return [{"title": "right digits of NIST's coefficients", "results": results}]


def _digits(reference):
    X, y = reference.data()
    model = GDRegressor(tol=0, fit_intercept=reference.fit_intercept)
    with quietly():
        model.fit(X, y)
    linear = LinearRegression(fit_intercept=reference.fit_intercept).fit(X, y)
    return {
        "digits": right_digits(model.coef_, reference.coef),
        "LinearRegression": right_digits(linear.coef_, reference.coef),
        "end": model.stop_reason_,
        "epochs": model.n_iter_,
        "converged": bool(model.converged_),
    }


def right_digits(found, certified):
    """-log10 of the largest relative error, from 0 to the 15 that are certified.

    What the certified number has been rounded by is no error.
    """
    certified = np.abs(certified)
    rounded = 0.5 * 10.0 ** (np.floor(np.log10(certified)) - 14)
    error = np.max(np.maximum(np.abs(np.abs(found) - certified) - rounded, 0) / certified)
    return float(np.clip(-np.log10(max(error, 1e-15)), 0, 15)) if np.isfinite(error) else 0.0
