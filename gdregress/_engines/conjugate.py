r"""The engine of smooth objectives over all rows: nonlinear conjugate gradients.

With g the gradient of F, D the diagonal of its curvature where the run began and q = D^-1 g,

    d <- -q + max(0, beta) d,    beta = q . (g - g') / (q' . g'),    w <- w + t d,

where primes are of the step before and t is the exact minimum of F along d. For a quadratic F
these are the conjugate gradients of linear algebra, which no method of the same passes betters;
for any other they adapt to the curvature as it is near the minimum. On few rows with many columns
under l2, q = H^-1 g with all second derivatives H, see `RowSpace`: then -q is a Newton step.

References
----------
Polak and Ribiere, "Note sur la convergence de methodes de directions conjuguees", 1969; Nocedal
and Wright, "Numerical optimization", 2006, section 5.2, for the sign of beta.
"""

import math

from gdregress._engines.directions import Directions
from gdregress._engines.exact_search import zero_of_increasing
from gdregress._objective.row_space import FLOOR
from gdregress._utils.array_api import dot, namespace, to_numpy

# Strengths of l2 that differ by less are of about one size.
ALIKE = 100.0
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

        The losses of several classes are left to the fused passes of the compiled core.
        """
        smooth = cls.knows(objective) and objective.loss.n_outputs is None
        return smooth and not to_numpy(objective.penalty.kernel_terms.l1).any()

    def begin(self, state):
        """Go on from the last direction where a run is resumed on the same data."""
        super().begin(state)
        if state.conjugate is None:
            state.conjugate = (0 * self.params, self.gradient, 0.0, self._diagonal())

    def _diagonal(self):
        """The curvature of F along each parameter, by that of the loss on average.

        Ones where the user's own columns are to be descended in as they are, and where rows have
        all of the curvature.
        """
        objective, loss = self.run.objective, self.run.objective.loss
        xp = namespace(objective.y)
        if objective.design.coordinates is None or objective.row_space is not None:
            return xp.ones_like(self.params)
        bent = xp.sum(self.share(loss.curvature_at(objective.y, self.z)), axis=0)
        squares = objective.column_mean_squares
        squares = squares[:, None] if len(self.params.shape) == 2 else squares
        diagonal = bent * squares + self.l2
        if self._is_wide():
            diagonal = self._of_penalty(bent * squares)
        bound = (loss.curvature or 1.0) * squares + self.l2
        diagonal = xp.where((diagonal > 0) & (diagonal < math.inf), diagonal, bound)
        return xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal))

    def _is_wide(self):
        """Whether there are more columns than rows, held by an l2 of about one size."""
        design = self.run.objective.design
        l2 = design.coef(self.l2)
        smallest, largest = (float(end(l2)) for end in (namespace(l2).min, namespace(l2).max))
        return design.n_features > design.n_samples and 0 < largest <= ALIKE * smallest

    def _of_penalty(self, of_loss):
        """The strengths of l2: with them all steps stay combinations of the rows, which are few.

        The intercept, which has none, is brought to the mean of the curvatures of these.
        """
        design = self.run.objective.design
        l2, curved = design.coef(self.l2), design.coef(of_loss)
        if not design.fit_intercept:
            return l2 + 0 * curved
        xp = namespace(l2)
        intercept = of_loss[-1:, ...] / (1 + xp.sum(curved / l2, axis=0) / design.n_samples)
        return xp.concat([l2 + 0 * curved, intercept])

    def direction(self, state):
        before, gradient, square, diagonal = state.conjugate
        g, rows = self.gradient, self.run.objective.row_space
        q = g / diagonal if rows is None else rows.newton_step(g, self.z, FLOOR)
        beta = dot(q, g - gradient) / square if square > 0 else 0.0
        direction = max(0.0, beta) * before - q
        direction = direction if dot(direction, g) < 0 else -q
        state.conjugate = (direction, g, dot(q, g), diagonal)
        return direction, self.predictions(direction)

    def _reach(self, dz):
        """How far a first trial goes at most: where a loss is straight, nothing else bounds it."""
        y, xp = self.run.objective.y, namespace(dz)
        size = float(xp.max(abs(self.z))) + float(xp.max(abs(y)))
        return FAR * (size or 1.0) / (float(xp.max(abs(dz))) or 1.0)

    def length(self, direction, dz):
        """Where F is least along the direction: its derivative grows."""
        loss, y = self.run.objective.loss, self.run.objective.y
        weighted, of_penalty = self.share(dz), self.l2 * direction
        slope, flat = dot(self.gradient, direction), dot(of_penalty, direction)
        bent = dot(weighted * loss.curvature_at(y, self.z), dz) + flat
        guess = min(-slope / bent if bent > 0 else math.inf, self._reach(dz))
        at_start = dot(of_penalty, self.params)

        def derivative(times):
            length = times * guess
            rows = dot(weighted, loss.gradient(y, self.z + length * dz))
            value = rows + at_start + length * flat
            return math.inf if math.isnan(value) else value

        return guess * zero_of_increasing(derivative, slope)
