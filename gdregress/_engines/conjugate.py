r"""The engine of smooth objectives over all rows: nonlinear conjugate gradients.

With g the gradient of F, P a matrix that is close to its curvature and q = P^-1 g,

    d <- -q + max(0, beta) d,    beta = q . (g - g') / (q' . g'),    w <- w + t d,

where primes are of the step before and t is the exact minimum of F along d. For a quadratic F
these are the conjugate gradients of linear algebra, which no method of the same passes betters;
for any other they adapt to the curvature near the minimum. Several targets, or classes
of which each is told from the rest, are as many problems, which share their passes: each has its
own beta and t. On few rows with many columns under l2, q = H^-1 g with all second derivatives H,
see `RowSpace`: then -q is a Newton step.

P is the `preconditioner` of the point, for softmax that of `class_preconditioner`, until the run
has taken as long as the curvature itself takes, or some times as long: then P is the curvature at
that point, see `newton_system` and `coupled`, and is kept for as long.

References
----------
Powell, "Restart procedures for the conjugate gradient method", 1977, section 4, for when beta is
0; Polak and Ribiere, "Note sur la convergence de methodes de directions conjuguees", 1969; Nocedal
and Wright, "Numerical optimization", 2006, section 5.2, for the sign of beta; Karlin, Manasse,
Rudolph and Sleator, "Competitive snoopy caching", 1988, for when to pay a price: once as much has
been spent without it, which is never twice as dear as the best.
"""

import math

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.class_preconditioner import CorrectedClasses
from gdregress._engines.directions import Directions, knows, wide
from gdregress._engines.exact_search import zero_of_increasing
from gdregress._engines.preconditioner import (
    Corrected,
    Diagonal,
    FromRows,
    diagonal_of,
    spans_rows,
)
from gdregress._objective import coupled, newton_system
from gdregress._objective.coupled import CoupledSystem
from gdregress._objective.evaluation import by_rows, over_targets, sum_by_rows
from gdregress._objective.line import Line
from gdregress._objective.newton_system import SeparateSystems
from gdregress._utils.array_api import dot, namespace, to_numpy

# A first trial moves predictions at most by so many times the largest prediction or target.
FAR = 1e3
# Of q . g, the share of q . g' from which directions start anew: far smaller ones, at which
# Powell did, cost conjugacy where columns depend on each other.
RESTART = 3.0
# Of q, as the predictions of a direction have to be numbers of single precision.
LONGEST = 1e20
# Passes over the rows in a step.
PASSES = 3
# How many times what the curvature costs is spent without it where targets are separate: P is near
# it there, and often all that is needed.
PATIENCE = 4


class ConjugateGradients(Directions):
    """Steps along conjugate directions to the minimum of each, see the module."""

    @classmethod
    def supports(cls, run, state):
        return run.method == "conjugate gradients"

    @classmethod
    def covers(cls, objective):
        """Whether the engine supports loss and penalty, which have to be smooth."""
        return knows(objective.loss) and objective.penalty.is_quadratic

    def begin(self, state):
        """Go on from the last direction where a run is resumed on the same data."""
        super().begin(state)
        if state.conjugate is None:
            state.conjugate = (0 * self.params, self.gradient, 0.0, None, 0)
        self.system = None
        self.price = self._price()

    def direction(self, state):
        before, gradient, square, taken_at, waited = state.conjugate
        taken_at, waited = self._renewed(taken_at, waited)
        g, q = self.gradient, self._within_range(self._solved(taken_at))
        direction = self._beta(q, g, gradient, square) * before - q
        downwards = self._products(direction, g) < 0
        direction = namespace(g).where(downwards, direction, -q)
        state.conjugate = (direction, g, self._products(g, q), taken_at, waited)
        return direction, self.predictions(direction)

    def _products(self, a, b):
        """a . b of each target, or of all classes together where these are coupled."""
        axis = None if self.run.objective.loss.coupled else 0
        return namespace(a).sum(a * b, axis=axis)

    def _within_range(self, q):
        """q, or in other units where next to nothing is curved, so that predictions overflow.

        Lengths are searched for, and directions are conjugate whatever the units of each q are.
        """
        xp, axis = namespace(q), None if self.run.objective.loss.coupled else 0
        size = xp.max(abs(q), axis=axis)
        is_finite, one = size < math.inf, xp.ones_like(size)
        q = xp.where(is_finite, q, self.gradient)
        return q / xp.where(is_finite & (size > LONGEST), size, one)

    def _beta(self, q, g, gradient, square):
        """The share of the last direction; 0 where the gradients say that the curvature is new."""
        xp, common, own = namespace(g), self._products(q, gradient), self._products(q, g)
        goes_on = (square > 0) & (abs(common) <= RESTART * own) & (own > common)
        return xp.where(goes_on, (own - common) / square, 0 * own)

    def _renewed(self, taken_at, waited):
        """Where all of the curvature has been taken, if it has, and the steps since."""
        objective = self.run.objective
        if objective.design.coordinates is None or objective.row_space is not None:
            return None, 0  # in the user's own columns as they are, or from the rows anyway
        if PASSES * (waited + 1) <= self.price:
            return taken_at, waited + 1
        self.system = None
        return self.params, 0

    def _price(self):
        """Return the passes of a run before it computes the whole curvature."""
        objective = self.run.objective
        if objective.loss.coupled:
            return coupled.cost_in_passes(objective)
        return PATIENCE * newton_system.cost_in_passes(objective)

    def _solved(self, taken_at):
        """P^-1 g."""
        objective, g = self.run.objective, self.gradient
        if taken_at is not None:
            self.system = self.system or self._system(taken_at)
            if self.system.is_finite:
                return objective.like_y(self.system.solve(to_numpy(g)), exact=True)
        if objective.loss.coupled and objective.design.coordinates is not None:
            with one_thread_of_blas():
                solved = self._of_classes().solve(to_numpy(g))
            return objective.like_y(solved, exact=True)
        return self._preconditioner().solve(g)

    def _system(self, taken_at):
        """Return the system of the whole curvature at some parameters."""
        objective, there, z = self.run.objective, self._like_data(taken_at), self.z
        if taken_at is not self.params:  # where a run is resumed
            z = wide(objective.gradient_and_predictions(there)[1])
        l2, eps = to_numpy(self.l2).astype(float), float(np.finfo(to_numpy(there).dtype).eps)
        if objective.loss.coupled:
            H = objective.coupled_hessian(there, z)
            return CoupledSystem(H, l2, objective.loss.n_outputs, eps)
        return SeparateSystems(objective.hessians(there, z), l2, eps)

    def _of_classes(self):
        """P of predictions that are coupled."""
        objective = self.run.objective
        squares = objective.column_mean_squares
        rest = (objective.loss, self.z, objective.weights)
        intercept = objective.design.fit_intercept
        return CorrectedClasses(self._curved_params(), intercept, squares, self.l2, *rest)

    def _preconditioner(self):
        """P of all others, at the parameters."""
        objective = self.run.objective
        if objective.row_space is not None:
            return FromRows(objective.row_space, self.z)
        if objective.design.coordinates is None:
            return Diagonal(namespace(objective.y).ones_like(self.params))
        bent = self._bent()
        diagonal = diagonal_of(objective, bent, self.l2)
        if self._is_corrected() and not spans_rows(objective, self.l2):
            return Corrected(diagonal, self._curved_params(), self.l2, bent, self.z)
        return Diagonal(diagonal)

    def _curved_params(self):
        """The parameters, and zeros where no row and no penalty says anything of them."""
        xp, squares = namespace(self.params), self.run.objective.column_mean_squares
        squares = squares[:, None] if len(self.params.shape) == 2 else squares
        return xp.where(squares + self.l2 > 0, self.params, 0 * self.params)

    def _bent(self):
        """s_i L'' / n of the rows at the parameters; not kept, as it is as long as the rows."""
        objective = self.run.objective
        return self.share(by_rows(objective.loss.curvature_at, objective.y, self.z))

    def _is_corrected(self):
        """Whether the curvature of single rows says more than its mean."""
        objective = self.run.objective
        return not objective.loss.is_quadratic and objective.design.fit_intercept

    def _curvature_along(self, dz):
        """sum_i s_i L'' dz_i^2 / n of each target."""
        objective, loss = self.run.objective, self.run.objective.loss

        def of_rows(y, z, dz, *weights):
            values = loss.curvature_at(y, z) * dz * dz
            values = values * over_targets(*weights, values) if weights else values
            return namespace(dz).sum(values, axis=0)

        weights = () if objective.weights is None else (objective.weights,)
        return sum_by_rows(of_rows, objective.y, self.z, dz, *weights) / objective.n_samples

    def length(self, direction, dz):
        """Where F is least along the direction, for each target that has one of its own."""
        objective, loss = self.run.objective, self.run.objective.loss
        parts = self.z, dz, self.gradient, direction, self.params, 0 * direction + self.l2
        if loss.coupled:  # whose step is a whole one at first
            return self._length(loss, None, objective.y, *parts)
        along = self._curvature_along(dz)
        if len(direction.shape) == 1:
            return self._length(loss, along, objective.y, *parts)
        parts = (loss.expanded(objective.y, self.z), *parts)
        lengths = [
            self._length(loss.base_loss.of_target(k), along[k], *(part[:, k] for part in parts))
            for k in range(direction.shape[1])
        ]
        return objective.like_y(np.array(lengths), exact=True)

    def _length(self, loss, along, y, z, dz, gradient, direction, params, l2):
        """Where the derivative is zero, which grows."""
        of_penalty, slope = l2 * direction, dot(gradient, direction)
        flat, at_start = dot(of_penalty, direction), dot(of_penalty, params)
        guess = 1.0 if along is None else _least_of_quadratic(slope, float(along) + flat)
        guess = min(guess, _reach(y, z, dz))
        line = Line(loss, y, self.run.objective.weights, z, dz)

        def derivative(times):
            length = times * guess
            value = line.slope(length) + at_start + length * flat
            return math.inf if math.isnan(value) else value

        return guess * zero_of_increasing(derivative, slope)


def _least_of_quadratic(slope, curvature):
    return -slope / curvature if curvature > 0 else math.inf


def _reach(y, z, dz):
    """How far a first trial goes at most: where a loss is straight, nothing else bounds it."""
    return FAR * (_largest(z) + _largest(y) or 1.0) / (_largest(dz) or 1.0)


def _largest(array):
    """The largest absolute value."""
    xp = namespace(array)
    return max(float(xp.max(array)), -float(xp.min(array)))
