"""The last step of a fit with ``tol=0``: least squares to the last digit.

    w <- w - H^-1 g(w),    g(w) = X' S (X w + b - y) / n

Iterative refinement: the solver of H may be coarse, as each step leaves only the share of the
error that is due to its rounding. What is left at the end is due to that of g, whose residuals
have twice the digits of a number here, and whose sums are exact.

References
----------
Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik
18, 1971. Björck, "Iterative refinement of linear least squares solutions I", BIT 7, 1967.
"""

import math
from dataclasses import replace

import numpy as np

from gdregress._objective.gap import newton_step

# Numbers of X on which exact sums take some hundredths of a second.
LARGEST = 100_000
MOST_STEPS = 10
# A step longer than this share of the last one is rounding.
SHORTER = 0.5
# Relative to the parameters, the longest first step, and the longest one that is rounding.
CLOSE, ROUNDING = 1e-4, 1e-10
# Condition number of H beyond which its inverse has no digits.
WORST_CONDITION = 1e13
SPLITTER = 2.0**27 + 1.0


def refined(result, spectrum):
    """A result at the minimum as rounded, from one close to it.

    It is returned as it is where there are more than few rows of least squares without a penalty,
    or where the run has ended elsewhere than where rounding makes a minimum or a plateau.

    Parameters
    ----------
    result : Result
    spectrum : Spectrum
        Of the design matrix.
    """
    run, objective, params = result.run, result.run.objective, result.params
    at_rest = result.stop_reason in ("tolerance", "plateau") and not run.stops_on_score
    if not (at_rest and _is_covered(objective, spectrum)):
        return result
    design = objective.design
    size = float(np.linalg.norm(design.from_user(params)))
    last = CLOSE * size / SHORTER
    for _ in range(MOST_STEPS):
        gradient = _exact_gradient(design, objective.y, objective.weights, params)
        if not np.isfinite(gradient).all():
            return result
        if design.coordinates is not None:
            gradient = design.coordinates.pull_back(gradient)
        step = newton_step(objective, spectrum, design.from_user(params), gradient)
        length = float(np.linalg.norm(step))
        if not length < SHORTER * last:
            break
        # not inside: in the user's columns the sum has more digits
        params, last = params - design.to_user(step), length
    if last <= ROUNDING * size:
        return replace(result, params=params, stop_reason="tolerance")
    return result


def _is_covered(objective, spectrum):
    design = objective.design
    return (
        objective.loss.is_quadratic
        and not objective.penalty.active
        and isinstance(getattr(design, "X", None), np.ndarray)
        and design.X.dtype == objective.y.dtype == float
        and design.size <= LARGEST
        and spectrum.matrix is not None
        and spectrum.condition_number < WORST_CONDITION
    )


def _exact_gradient(design, y, weights, params):
    """A' S (A w - y) / n by the user's columns, each number of it rounded once."""
    X, n = design.X, design.n_samples
    coef, intercept = design.split(params)
    columns = [
        _gradient_of_target(X, weights, *target, design.fit_intercept)
        for target in zip(_columns(y), _columns(coef), np.atleast_1d(intercept), strict=True)
    ]
    return np.array(columns).T.reshape(params.shape) / n


def _columns(array):
    return array.reshape(len(array), -1).T


def _gradient_of_target(X, weights, y, coef, intercept, fit_intercept):
    high, low = _residuals(X, y, coef, intercept)
    if weights is not None:
        (high, rest), low = two_product(high, weights), low * weights
        low = low + rest
    products, rests = two_product(X, high[:, None])
    terms = np.concatenate([products, rests, X * low[:, None]])
    if not np.isfinite(terms).all():
        return np.full(X.shape[1] + fit_intercept, math.nan)
    gradient = [math.fsum(column) for column in terms.T]
    return [*gradient, math.fsum([*high, *low])] if fit_intercept else gradient


def _residuals(X, y, coef, intercept):
    """x_i . w + b - y_i of every row, as the sum of two numbers."""
    products, rests = two_product(X, coef)
    constants = np.column_stack([np.full(len(y), intercept), -y])
    terms = np.hstack([products, rests, constants])
    if not np.isfinite(terms).all():
        return np.full((2, len(y)), math.nan)
    high = np.array([math.fsum(row) for row in terms])
    low = np.array([math.fsum(row) for row in np.column_stack([terms, -high])])
    return high, low


def two_product(a, b):
    """a * b as the sum of two numbers: the product as rounded, and the rest."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    rest = a_high * b_high - product + a_high * b_low + a_low * b_high + a_low * b_low
    return product, rest


def _halves(a):
    """The first and the last 26 bits of a."""
    shifted = SPLITTER * a
    high = shifted - (shifted - a)
    return high, a - high
