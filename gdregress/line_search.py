"""Backtracking: a learning rate found by trying, for the solver "batch"."""

import math

from gdregress._array_api import dot, namespace

# Length of the step that measures a curvature, as a share of the distance to go.
SHORT_STEP = 1e-3


def first_trial(objective, params, distance):
    """The rate that minimises along the gradient, if the curvature there stays what it is.

    The curvature along g is g' (g(w) - g(w - e g)) / (e ||g||^2), for a step e that is short.

    Parameters
    ----------
    objective : Objective
    params : array
    distance : float
        How far the raw predictions have to go.
    """
    grad = objective.gradient(params)
    squares = objective.column_mean_squares
    reach = math.sqrt(float(namespace(squares).sum(squares)) * dot(grad, grad))
    if not 0 < reach < math.inf:
        return 1.0
    short = SHORT_STEP * distance / reach
    curvature = dot(grad, grad - objective.gradient(params - short * grad)) / short
    return dot(grad, grad) / curvature if curvature > 0 else short


class LineSearch:
    """Largest tried rate whose step from u satisfies the sufficient decrease

        f(u+) <= f(u) + g . (u+ - u) + ||u+ - u||^2 / (2 lr),    u+ = prox(u - lr g),

    which without a penalty is Armijo's f(u+) <= f(u) - c lr ||g||^2 with c = 1/2. Every search
    begins a little above the last rate, so that the rate follows the curvature both ways.

    Parameters
    ----------
    rate : float
        First rate tried.

    References
    ----------
    Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives",
    1966. Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009, section 4.
    """

    SHRINK = 0.5
    GROW = 1.1
    MOST_TRIES = 60

    def __init__(self, rate):
        self.rate = rate

    def search(self, objective, point, grad, ahead):
        """Rate for a step from `point`.

        Parameters
        ----------
        objective : Objective
        point : array
        grad : array
            Gradient of the smooth part.
        ahead : callable
            ``ahead(rate)``: where the gradient after a step at this rate will be taken.
        """
        start = objective.loss_value(point)
        # differences of f below its rounding error cannot be judged
        slack = 1e-14 * abs(start) if str(grad.dtype).endswith("64") else 1e-6 * abs(start)
        rate = self.rate * self.GROW
        for _ in range(self.MOST_TRIES):
            new = objective.prox(point - rate * grad, rate)
            step = new - point
            bound = dot(grad, step) + dot(step, step) / (2 * rate)
            value = objective.trial_value(new, ahead(rate))
            if math.isfinite(value) and value <= start + bound + slack:
                break
            rate *= self.SHRINK
        self.rate = rate
        return rate
