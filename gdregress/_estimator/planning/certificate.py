"""The certificate that ends a run on these data, see `Certificate`."""

import math
from functools import partial

from gdregress._objective.gap import remaining
from gdregress._solver.stopping import Certificate
from gdregress._utils.array_api import namespace

# Smallest tolerance of parameters in single precision, whose objective has seven digits.
SINGLE = 3e-4


def certificate_for(estimator, curvature, null):
    """The certificate of a run.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    curvature : CurvatureBounds
    null : NullModel
    """
    objective, reference = curvature.objective, null.reference
    shares, step = _shares(null.units, objective), curvature.gradient_step()
    estimate = partial(_remaining, objective, curvature.spectrum, step, shares)
    ratio = 1 / (2 * curvature.largest() or 1.0)
    if objective.from_moments and reference**2 > 0:
        ratio = estimate(null.params) / reference**2 or ratio
    tol = estimator.tol or 0.0
    if tol and str(objective.y.dtype).endswith("32"):
        tol = max(tol, SINGLE)
    rounding = curvature.rounding(tol * reference, null.objective)
    asked = estimator.tol is not None
    return Certificate(
        estimate, null.objective, tol, ratio, rounding, measures_end=asked, reference=reference
    )


def _remaining(objective, spectrum, step, shares, params):
    return remaining(objective, spectrum, params, step, shares)


def _shares(units, objective):
    """What each of several targets contributes to the gradient of the null model, squared."""
    if len(units.shape) == 1:
        return None
    largest = units[-1, ...] if objective.design.fit_intercept else units[0, ...]
    squares = [float(u) ** 2 for u in largest / float(namespace(units).max(largest))]
    total = math.fsum(squares)
    return [square / total for square in squares]
