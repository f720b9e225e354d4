r"""The engine of smooth objectives over all rows: nonlinear conjugate gradients.

With g the gradient of F, D the diagonal of its curvature where the run began and q = D^-1 g,

    d <- -q + max(0, beta) d,    beta = q . (g - g') / (q' . g'),    w <- w + t d,

where primes are of the step before and t is the exact minimum of F along d. For a quadratic F
these are the conjugate gradients of linear algebra, which no method of the same passes betters;
for any other they adapt to the curvature as it is near the minimum.

References
----------
Polak and Ribiere, "Note sur la convergence de methodes de directions conjuguees", 1969; Nocedal
and Wright, "Numerical optimization", 2006, section 5.2, for the sign of beta.
"""

import math

from gdregress._engines.directions import Directions
from gdregress._engines.exact_search import zero_of_increasing
from gdregress._utils.array_api import dot, namespace, to_numpy


class ConjugateGradients(Directions):
    """Steps along conjugate directions to the minimum of each, see the module."""

    @classmethod
    def supports(cls, run, state):
        return run.method == "conjugate gradients"

    @classmethod
    def covers(cls, objective):
        """Whether the engine knows loss and penalty, which has to be smooth."""
        return cls.knows(objective) and not to_numpy(objective.penalty.kernel_terms.l1).any()

    def begin(self, state):
        """Go on from the last direction where a run is resumed on the same data."""
        super().begin(state)
        objective, known = self.run.objective, state.objective
        start = self.run.history["objective"][-1]
        same = known is None or math.isclose(start, known, rel_tol=10 * objective.rounding)
        if state.conjugate is None or not same:
            state.conjugate = (0 * self.params, self.gradient, self._diagonal())

    def _diagonal(self):
        """The curvature of F along each parameter, by that of the loss on average.

        Ones where the user's own columns are to be descended in as they are.
        """
        objective, loss = self.run.objective, self.run.objective.loss
        xp = namespace(objective.y)
        ones = xp.ones_like(self.params)
        if objective.design.coordinates is None:
            return ones
        bent = dot(self.shares, loss.curvature_at(objective.y, self.z))
        if not 0 < bent < math.inf:
            bent = loss.curvature or 1.0
        diagonal = bent * objective.column_mean_squares + self.l2
        return xp.where(diagonal > 0, diagonal, ones)

    def direction(self, state):
        before, gradient, diagonal = state.conjugate
        g, q = self.gradient, self.gradient / diagonal
        square = dot(gradient, gradient / diagonal)
        beta = dot(q, g - gradient) / square if square > 0 else 0.0
        direction = max(0.0, beta) * before - q
        direction = direction if dot(direction, g) < 0 else -q
        state.conjugate = (direction, g, diagonal)
        return direction, self.predictions(direction)

    def length(self, direction, dz):
        """Where F is least along the direction: its derivative grows."""
        loss, y = self.run.objective.loss, self.run.objective.y
        weighted, of_penalty = self.shares * dz, self.l2 * direction
        slope, flat = dot(self.gradient, direction), dot(of_penalty, direction)
        bent = dot(weighted * loss.curvature_at(y, self.z), dz) + flat
        guess = -slope / bent if bent > 0 else 1.0
        at_start = dot(of_penalty, self.params)

        def derivative(times):
            length = times * guess
            rows = dot(weighted, loss.gradient(y, self.z + length * dz))
            value = rows + at_start + length * flat
            return math.inf if math.isnan(value) else value

        return guess * zero_of_increasing(derivative, slope)
