"""Minima of a smooth loss under falling strengths of l2, by Newton steps from one to the next.

At the minimum w of one strength the gradient g of the loss and its second derivative H are known,
so that the step to the next strength costs no pass over the rows:

    w <- w - (H + C)^-1 (g + C w),    C the curvature of the new penalty

H changes little from one strength to the next. It is taken anew where a step has not brought the
gap, g' (H + C)^-1 g / 2, down by much. A path ends as a fit does, where the gap is tol^2 of what
the best constant has left.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from gdregress._estimator.planning.coordinates import penalty_inside
from gdregress._estimator.planning.metric import l2_strength
from gdregress._objective.base import null_parameters
from gdregress._objective.from_data import DataObjective
from gdregress._objective.moments import affordable
from gdregress._objective.moments_inside import curved_products

# Steps for one strength after which it is fitted instead.
MOST_STEPS, HALVINGS = 50, 30
# A step that leaves a larger share of the gap asks for new second derivatives.
FALL = 0.05
ROUNDING = 1e-14


def has_newton_path(prepared, penalties):
    """Whether the loss of a fit has second derivatives that are worth their passes.

    Parameters
    ----------
    prepared : Prepared
    penalties : list of Penalty
        Of the candidates.
    """
    objective = prepared.objective
    return (
        objective.loss.smooth
        and objective.loss.is_builtin
        and objective.output_shape == ()
        and isinstance(objective.y, np.ndarray)
        and objective.y.dtype == float
        and affordable(objective.design)
        and all((l2_strength(penalty) or 0.0) > 0 for penalty in penalties)
    )


class NewtonPath:
    """Minima on the same rows, one from another.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
        In scaled columns.
    """

    def __init__(self, estimator, prepared):
        self.estimator, self.known = estimator, prepared.objective
        self.coordinates = self.known.design.coordinates
        known = self.known
        self.null = null_parameters(known.design, known.y, known.weights, known.loss)
        self.null_loss = known.loss_value(self.null, self.null)
        self.params, self.loss, self.slopes = self.null, self.null_loss, known.gradient(self.null)
        self.hessian = None

    def at(self, penalty):
        """The user's parameters at the minimum under a penalty; None where steps lead nowhere.

        Parameters
        ----------
        penalty : Penalty
            l2.
        """
        inside = penalty_inside(self.estimator, penalty, self.coordinates)
        known = self.known
        objective = DataObjective(known.design, known.y, known.weights, known.loss, inside)
        flat = objective.penalty_curvature()[:, 0]
        params, grad, last = self.params, self.slopes, np.inf
        value = self.loss + objective.penalty_value(params)
        fresh = False
        for _ in range(MOST_STEPS):
            if self.hessian is None:
                self.hessian, fresh = _second_derivatives(objective, params), True
            gap, step = _decrement(self.hessian, flat, grad + flat * params)
            if gap <= self._enough(value, gap):
                self.params, self.slopes = params, grad
                self.loss = value - objective.penalty_value(params)
                return objective.to_user(params)
            there = params - step
            descends = gap <= FALL * last and objective.value(there, there) <= value
            if not descends and not fresh:
                self.hessian, last = None, np.inf
                continue
            if not descends:
                there = _shorter(objective, params, step, value)
            params, grad, value = there, objective.gradient(there), objective.value(there)
            last, fresh = gap if descends else np.inf, False
        return None

    def _enough(self, value, gap):
        left = max(self.null_loss - value, 0.0) + gap
        return max(self.estimator.tol**2 * left, ROUNDING * abs(value))


def _shorter(objective, params, step, value):
    """The end of half a step, of a quarter, ... that does not raise the objective."""
    for _ in range(HALVINGS):
        step = step / 2
        if objective.value(params - step, params - step) <= value:
            break
    return params - step


def _second_derivatives(objective, params):
    """A' D A / n of the loss, D the second derivatives of the rows."""
    bent = objective.loss.curvature_at(objective.y, objective.predict(params))
    bent = bent if objective.weights is None else bent * objective.weights
    return curved_products(objective.design, np.ascontiguousarray(bent))


def _decrement(hessian, flat, gradient):
    """g' H^-1 g / 2 and H^-1 g."""
    H = hessian + np.diag(flat)
    H[np.diag_indices_from(H)] *= 1 + ROUNDING
    try:
        step = cho_solve(cho_factor(H), gradient)
    except LinAlgError:
        return np.inf, 0 * gradient
    return float(gradient @ step) / 2, step
