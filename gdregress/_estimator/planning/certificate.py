"""The certificate that ends a run on these data, see `Certificate`."""

import math
from functools import partial

import numpy as np

from gdregress._objective.duality import duality_gap
from gdregress._objective.gap import remaining
from gdregress._objective.hidden import hides_directions
from gdregress._solver.certificate import Certificate
from gdregress._utils.array_api import is_single, namespace

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
    tol = estimator.tol or 0.0
    if tol and is_single(objective.y):
        tol = max(tol, SINGLE)
    enough = math.inf
    if objective.loss.kernel is not None:  # and none of our losses is below 0
        enough = tol**2 * null.objective * min(shares or [1.0])
    estimate = partial(_remaining, objective, curvature.spectrum, step, shares, enough)
    ratio = 1 / (2 * curvature.largest() or 1.0)
    is_hidden, is_measured = _hides_directions(curvature), False
    if is_hidden:
        estimate = _unknown
    elif objective.from_moments and reference**2 > 0:
        ratio, is_measured = estimate(null.params) / reference**2 or ratio, True
    if enough < math.inf:
        estimate = partial(_or_a_bound, estimate, objective, enough)
    # along a hidden direction a gradient may be small beside the rounding of others, and count
    rounding = 0.0 if is_hidden else curvature.rounding(tol * reference, null.objective)
    asked = estimator.tol is not None
    return Certificate(
        estimate,
        null.objective,
        tol,
        ratio,
        rounding,
        measures_end=asked,
        reference=reference,
        can_estimate=not is_hidden,
        is_measured=is_measured,
        # the losses of the package are not below 0
        least=0.0 if objective.loss.kernel is not None else -math.inf,
    )


def _remaining(objective, spectrum, step, shares, enough, params):
    return remaining(objective, spectrum, params, step, shares, enough)


def _unknown(params):
    return math.inf


def _or_a_bound(estimate, objective, enough, params):
    """An estimate; where none can be made a bound, if it is small.

    Bounds are the duality gap, and all of F: no loss of ours is below 0.
    """
    gap = estimate(params)
    if gap < math.inf:
        return gap
    bound = min(objective.value(params), duality_gap(objective, params))
    return bound if bound <= enough else gap


def _hides_directions(curvature):
    """Whether the minimum may be far along directions whose curvature has no digits."""
    objective, spectrum, null = curvature.objective, curvature.spectrum, curvature.null_params
    penalty, n_features = objective.penalty, objective.design.n_features
    if spectrum.hides_nothing:
        return False
    terms, h = penalty.kernel_terms, curvature.of_loss or 1.0
    if penalty.active and (terms is None or terms.bounds is not None):
        return False
    if spectrum.has_digits():
        return False
    l1, l2 = (np.zeros(n_features) + s for s in (terms.l1, terms.l2))
    slope = objective.slope_size(null) if l1.any() else 1.0  # beside which l1 counts
    return hides_directions(objective.design, spectrum.matrix, spectrum.weights, slope, l1, l2 / h)


def _shares(units, objective):
    """What each of several targets contributes to the gradient of the null model, squared."""
    if len(units.shape) == 1:
        return None
    largest = units[-1, ...] if objective.design.fit_intercept else units[0, ...]
    squares = [float(u) ** 2 for u in largest / float(namespace(units).max(largest))]
    total = math.fsum(squares)
    return [square / total for square in squares]
