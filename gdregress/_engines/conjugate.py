r"""The engine of smooth objectives over all rows: nonlinear conjugate gradients.

With g the gradient of F, P a matrix that is close to its curvature and q = P^-1 g,

    d <- -q + max(0, beta) d,    beta = q . (g - g') / (q' . g'),    w <- w + t d,

where primes are of the step before and t is the exact minimum of F along d. For a quadratic F
these are the conjugate gradients of linear algebra, which no method of the same passes betters;
for any other they adapt to the curvature as it is near the minimum.

P is the `preconditioner` of the point, but for softmax: there P is the curvature itself, see
`coupled`, where the run has taken as long as that takes, and is kept for as long.

References
----------
Powell, "Restart procedures for the conjugate gradient method", 1977, section 4, for when beta is
0; Polak and Ribiere, "Note sur la convergence de methodes de directions conjuguees", 1969; Nocedal
and Wright, "Numerical optimization", 2006, section 5.2, for the sign of beta; Karlin, Manasse,
Rudolph and Sleator, "Competitive snoopy caching", 1988, for when to pay a price: once as much has
been spent without it, which is never twice as dear as the best.
"""

import math

from gdregress._engines.class_preconditioner import CorrectedClasses
from gdregress._engines.directions import Directions
from gdregress._engines.exact_search import zero_of_increasing
from gdregress._engines.preconditioner import Corrected, Diagonal, diagonal_of
from gdregress._objective.coupled import CoupledSystem, cost_in_passes
from gdregress._objective.line import Line
from gdregress._utils.array_api import dot, namespace, to_numpy

# How many times as far as predictions and targets are from zero a first trial may go.
FAR = 1e3
# Of q . g, the share of q . g' from which directions start anew: far smaller ones, at which
# Powell did, cost conjugacy where columns depend on each other.
RESTART = 3.0
# Passes over the rows that a step takes.
PASSES = 3


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
        if state.conjugate is None:
            state.conjugate = (0 * self.params, self.gradient, 0.0, None, 0)
        self.system = self.bent_at = None

    def direction(self, state):
        before, gradient, square, taken_at, waited = state.conjugate
        taken_at, waited = self._renewed(taken_at, waited)
        g, q = self.gradient, self._solved(taken_at)
        beta = self._beta(q, g, gradient, square)
        direction = max(0.0, beta) * before - q
        direction = direction if dot(direction, g) < 0 else -q
        state.conjugate = (direction, g, dot(g, q), taken_at, waited)
        return direction, self.predictions(direction)

    @staticmethod
    def _beta(q, g, gradient, square):
        """The share of the last direction; 0 where the gradients say that the curvature is new."""
        common, own = dot(q, gradient), dot(q, g)
        if not square > 0 or abs(common) > RESTART * own:
            return 0.0
        return (own - common) / square

    def _renewed(self, taken_at, waited):
        """Where the curvature of softmax has been taken, if it has, and the steps since."""
        if self.run.objective.design.coordinates is None:
            return None, 0  # the user's own columns are descended in as they are
        if PASSES * (waited + 1) <= cost_in_passes(self.run.objective):
            return taken_at, waited + 1
        self.system = None
        return self.params, 0

    def _solved(self, taken_at):
        """P^-1 g."""
        objective, g = self.run.objective, self.gradient
        if objective.design.coordinates is None or not objective.loss.coupled:
            return self._preconditioner().solve(g)
        if taken_at is not None:
            self.system = self.system or self._system(taken_at)
        of_classes = self.system if self.system and self.system.is_finite else self._of_classes()
        return objective.like_y(of_classes.solve(to_numpy(g)), exact=True)

    def _of_classes(self):
        """P of predictions that are coupled."""
        objective = self.run.objective
        P = objective.loss.probability(self.z)
        squares, rest = objective.column_mean_squares, (P, self.z, objective.weights)
        intercept = objective.design.fit_intercept
        return CorrectedClasses(self.params, intercept, squares, self.l2, *rest)

    def _preconditioner(self):
        """P of all others, at the parameters."""
        objective = self.run.objective
        if objective.design.coordinates is None:
            return Diagonal(namespace(objective.y).ones_like(self.params))
        bent = self._bent()
        diagonal = diagonal_of(objective, bent, self.l2)
        if self._is_corrected():
            return Corrected(diagonal, self.params, self.l2, bent, self.z)
        return Diagonal(diagonal)

    def _bent(self):
        """s_i L'' / n of the rows at the parameters, computed once."""
        if self.bent_at is not self.params:
            loss, y = self.run.objective.loss, self.run.objective.y
            self.bent, self.bent_at = self.share(loss.curvature_at(y, self.z)), self.params
        return self.bent

    def _is_corrected(self):
        """Whether the curvature of single rows says more than its mean."""
        objective = self.run.objective
        return not objective.loss.is_quadratic and objective.design.fit_intercept

    def _system(self, taken_at):
        objective = self.run.objective
        H = objective.coupled_hessian(self._like_data(taken_at))
        return CoupledSystem(H, to_numpy(self.l2).astype(float), objective.loss.n_outputs)

    def _reach(self, dz):
        """How far a first trial goes at most: where a loss is straight, nothing else bounds it."""
        size = _largest(self.z) + _largest(self.run.objective.y)
        return FAR * (size or 1.0) / (_largest(dz) or 1.0)

    def length(self, direction, dz):
        """Where F is least along the direction: its derivative grows."""
        line, of_penalty = Line(self.run.objective, self.z, dz), self.l2 * direction
        slope, flat = dot(self.gradient, direction), dot(of_penalty, direction)
        guess = min(self._guess(slope, flat, dz), self._reach(dz))
        at_start = dot(of_penalty, self.params)

        def derivative(times):
            length = times * guess
            value = line.slope(length) + at_start + length * flat
            return math.inf if math.isnan(value) else value

        return guess * zero_of_increasing(derivative, slope)

    def _guess(self, slope, flat, dz):
        """The minimum of a quadratic; the whole step where P is the curvature of a loss."""
        if self.run.objective.loss.coupled:
            return 1.0
        bent = dot(self._bent() * dz, dz) + flat
        return -slope / bent if bent > 0 else math.inf


def _largest(array):
    """The largest absolute value."""
    xp = namespace(array)
    return max(float(xp.max(array)), -float(xp.min(array)))
