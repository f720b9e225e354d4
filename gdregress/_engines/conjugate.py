r"""The engine of smooth objectives over all rows: nonlinear conjugate gradients.

With g the gradient of F, D the diagonal of its curvature where the run began and q = D^-1 g,

    d <- -q + max(0, beta) d,    beta = q . (g - g') / (q' . g'),    w <- w + t d,

where primes are of the step before and t is the exact minimum of F along d. For a quadratic F
these are the conjugate gradients of linear algebra, which no method of the same passes betters;
for any other they adapt to the curvature as it is near the minimum. Several targets, or classes
of which each is told from the rest, are as many problems, which share their passes: each has its
own beta and t.

References
----------
Polak and Ribiere, "Note sur la convergence de methodes de directions conjuguees", 1969; Nocedal
and Wright, "Numerical optimization", 2006, section 5.2, for the sign of beta.
"""

import math

import numpy as np

from gdregress._engines.directions import Directions, knows
from gdregress._engines.exact_search import zero_of_increasing
from gdregress._utils.array_api import dot, namespace

# How many times as far as predictions and targets are from zero a first trial may go.
FAR = 1e3


class ConjugateGradients(Directions):
    """Steps along conjugate directions to the minimum of each, see the module."""

    @classmethod
    def supports(cls, run, state):
        return run.method == "conjugate gradients"

    @classmethod
    def covers(cls, objective):
        """Whether the engine knows loss and penalty, which has to be smooth.

        Softmax is left to the fused passes of the compiled core.
        """
        loss, penalty = objective.loss, objective.penalty
        return knows(loss) and loss.separable and penalty.is_quadratic

    def begin(self, state):
        """Go on from the last direction where a run is resumed on the same data."""
        super().begin(state)
        self.y = self.run.objective.loss.expanded(self.run.objective.y, self.z)
        if state.conjugate is None:
            state.conjugate = (0 * self.params, self.gradient, self._diagonal())

    def _diagonal(self):
        """The curvature of F along each parameter, by that of the loss on average.

        Ones where the user's own columns are to be descended in as they are.
        """
        objective, loss = self.run.objective, self.run.objective.loss
        xp = namespace(objective.y)
        if objective.design.coordinates is None:
            return xp.ones_like(self.params)
        bent = xp.sum(self.share(loss.curvature_at(objective.y, self.z)), axis=0)
        squares = objective.column_mean_squares
        squares = squares[:, None] if len(self.params.shape) == 2 else squares
        diagonal = bent * squares + self.l2
        bound = (loss.curvature or 1.0) * squares + self.l2
        diagonal = xp.where((diagonal > 0) & (diagonal < math.inf), diagonal, bound)
        return xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal))

    def direction(self, state):
        xp, (before, gradient, diagonal) = namespace(self.gradient), state.conjugate
        g, q = self.gradient, self.gradient / diagonal
        square = _dots(gradient, gradient / diagonal)
        beta = xp.where(square > 0, _dots(q, g - gradient) / square, 0 * square)
        direction = xp.where(beta > 0, beta, 0 * beta) * before - q
        direction = xp.where(_dots(direction, g) < 0, direction, -q)
        state.conjugate = (direction, g, diagonal)
        return direction, self.predictions(direction)

    def length(self, direction, dz):
        """Where F is least along the direction of each target: its derivative grows."""
        parts = self.y, self.z, dz, self.share(dz), self.gradient, direction, self.params
        if len(direction.shape) == 1:
            return self._length_of(0, *parts, self.l2)
        l2 = 0 * direction + self.l2
        targets = range(direction.shape[1])
        each = [self._length_of(k, *(part[:, k] for part in (*parts, l2))) for k in targets]
        return self.run.objective.like_y(np.array(each), exact=True)

    def _length_of(self, target, y, z, dz, share, gradient, direction, params, l2):
        loss = self.run.objective.loss.base_loss.of_target(target)
        of_penalty = l2 * direction
        slope, flat = dot(gradient, direction), dot(of_penalty, direction)
        bent = dot(share * loss.curvature_at(y, z), dz) + flat
        guess = min(-slope / bent if bent > 0 else math.inf, _reach(y, z, dz))
        at_start = dot(of_penalty, params)

        def derivative(times):
            length = times * guess
            rows = dot(share, loss.gradient(y, z + length * dz))
            value = rows + at_start + length * flat
            return math.inf if math.isnan(value) else value

        return guess * zero_of_increasing(derivative, slope)


def _dots(a, b):
    """Sum of the products of each column, or of all numbers of two arrays with one axis."""
    return namespace(a).sum(a * b, axis=0)


def _reach(y, z, dz):
    """How far a first trial goes at most: where a loss is straight, nothing else bounds it."""
    xp = namespace(dz)
    size = float(xp.max(abs(z))) + float(xp.max(abs(y)))
    return FAR * (size or 1.0) / (float(xp.max(abs(dz))) or 1.0)
