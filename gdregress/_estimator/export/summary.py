r"""Coefficients with sandwich standard errors, of smooth losses without a penalty.

With a_i the row and its 1 for the intercept, r_i and h_i the first and second derivative of the
loss at its prediction, and s_i its weight,

    H = sum_i s_i h_i a_i a_i',    V = sum_i s_i^2 r_i^2 a_i a_i',    cov = H^-1 V H^-1,

which is HC0 in statsmodels. It assumes no model of the variance: the variance of the errors may
differ from row to row, and their distribution need not be that of the loss.

References
----------
Huber, "The behavior of maximum likelihood estimates under nonstandard conditions", 1967. White,
"A heteroskedasticity-consistent covariance matrix estimator", 1980.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from gdregress._utils.array_api import to_numpy
from gdregress._utils.validation import Interval, check_choices
from gdregress.exceptions import warn_user

CAVEAT = (
    "Sandwich standard errors (HC0). They presume independent rows, many more rows than\n"
    "columns, and that columns, loss and settings were not chosen on these rows."
)

# Distance from the minimum, in standard errors, that changes a level of 95 % by half a per cent.
FAR = 0.2


@dataclass(frozen=True)
class Summary:
    """Coefficients of a fit with their standard errors; ``print`` shows the table.

    Parameters
    ----------
    names : list of str
        Names of the columns, then "intercept" if there is one.
    coef, standard_error, z, p_value, lower, upper : ndarrays of shape (n_parameters,)
        Here z is coef / standard_error, p_value that of coef = 0 under a normal distribution;
        lower and upper are the ends of the confidence interval.
    covariance : ndarray of shape (n_parameters, n_parameters)
        Covariance of the coefficients.
    level : float
        Level of the confidence interval.
    stop_reason : str
        ``stop_reason_`` of the fit.
    """

    names: list[str]
    coef: npt.NDArray[np.float64]
    standard_error: npt.NDArray[np.float64]
    z: npt.NDArray[np.float64]
    p_value: npt.NDArray[np.float64]
    lower: npt.NDArray[np.float64]
    upper: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]
    level: float
    stop_reason: str

    def __str__(self) -> str:
        width = max(len("intercept"), *map(len, self.names))
        ends = [f"{(1 + sign * self.level) / 2:.1%}" for sign in (-1, 1)]
        heads = ("coef", "std err", "z", "p", *ends)
        lines = [" " * width + "".join(f"{head:>12}" for head in heads)]
        columns = (self.coef, self.standard_error, self.z, self.p_value, self.lower, self.upper)
        for name, *numbers in zip(self.names, *columns, strict=True):
            lines.append(f"{name:<{width}}" + "".join(f"{number:>12.4g}" for number in numbers))
        lines.append(CAVEAT)
        if self.stop_reason != "tolerance":
            lines.append(
                f"The fit ended by {self.stop_reason!r}: these are no coefficients of the minimum."
            )
        return "\n".join(lines)


def summary_of(estimator, X, y, z, weights, level):
    """The `Summary` of a fitted estimator.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    X : ndarray or sparse matrix
    y : ndarray of shape (n_samples,)
        Targets in the coding of the loss.
    z : ndarray of shape (n_samples,)
        Raw predictions.
    weights : ndarray of shape (n_samples,) or None
    level : float
        Level of the confidence intervals.
    """
    check_choices("summary", {"level": [Interval(Real, 0, 1, closed="neither")]}, {"level": level})
    loss = estimator._loss
    _refuse(estimator, loss, z)
    s = np.ones(len(y)) if weights is None else to_numpy(weights).astype(float)
    A = _with_intercept(X, estimator._state["has_intercept"])
    coef = to_numpy(estimator._dense_coef()).astype(float).ravel()
    names = list(getattr(estimator, "feature_names_in_", [f"x{j}" for j in range(len(coef))]))
    if estimator._state["has_intercept"]:
        coef = np.append(coef, float(np.ravel(to_numpy(estimator.intercept_))[0]))
        names.append("intercept")
    H = _products(A, s * loss.curvature_at(y, z))
    V = _products(A, (s * loss.gradient(y, z)) ** 2)
    inverse = _inverse(H, names)
    covariance = inverse @ V @ inverse
    error = np.sqrt(np.diag(covariance))
    _warn_far(inverse @ (A.T @ (s * loss.gradient(y, z))), error, names)
    with np.errstate(divide="ignore"):
        ratio = coef / error
    reach = stats.norm.ppf((1 + level) / 2) * error
    p_value = 2 * stats.norm.sf(abs(ratio))
    interval = coef - reach, coef + reach
    reason = estimator.stop_reason_
    return Summary(names, coef, error, ratio, p_value, *interval, covariance, level, reason)


def _warn_far(step, error, names):
    """Warn if a Newton step shows that the coefficients are not at the minimum on these rows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.nan_to_num(abs(step) / error)
    worst = int(np.argmax(distance))
    if distance[worst] > FAR:
        warn_user(
            f"{names[worst]!r} is {distance[worst]:.2g} standard errors from where the loss is "
            "least on these rows, at which the standard errors hold. Pass the rows, weights, "
            "offset and exposure of the fit; where these were passed, fit with a smaller tol.",
            UserWarning,
        )


def _refuse(estimator, loss, z):
    """Raise ValueError for fits without sandwich standard errors."""
    problems = {
        f"loss={type(loss).__name__} has kinks, at which it has no second derivative; use a "
        "smooth loss, or resample the rows (bootstrap)": not loss.smooth,
        "the fit has a penalty, which biases the coefficients; fit with penalty=None": (
            estimator._state["penalized"]  # whatever the parameter is by now
        ),
        "there are several targets, or more than two classes; fit each by itself": z.ndim == 2,
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(f"There are no standard errors: {problem}.")


def _with_intercept(X, fit_intercept):
    if not fit_intercept:
        return X
    ones = np.ones((X.shape[0], 1))
    return sparse.hstack([X, ones], format="csr") if sparse.issparse(X) else np.hstack([X, ones])


def _products(A, weights):
    """A' diag(weights) A."""
    if sparse.issparse(A):
        return (A.T @ (sparse.diags_array(weights) @ A)).toarray()
    return A.T @ (A * weights[:, None])


def _inverse(H, names):
    """The inverse; ValueError with the name of a column that depends linearly on the others."""
    size = np.sqrt(np.diag(H))
    if not (size > 0).all():
        raise ValueError(
            f"There are no standard errors: column {names[int(np.argmin(size))]!r} has no weight "
            "or no value but 0 where the loss is curved. Remove it."
        )
    values, vectors = np.linalg.eigh(H / np.outer(size, size))
    if values[0] <= len(values) * 10 * np.finfo(float).eps * values[-1]:
        worst = names[int(np.argmax(abs(vectors[:, 0])))]
        raise ValueError(
            f"There are no standard errors: column {worst!r} is a sum of multiples of the others, "
            "so that its coefficient is not determined. Remove one of them."
        )
    return (vectors / values) @ vectors.T / np.outer(size, size)
