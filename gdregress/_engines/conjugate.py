r"""The engine of smooth objectives over all rows: nonlinear conjugate gradients.

With g the gradient of F, P a matrix that is close to its curvature and q = P^-1 g,

    d <- -q + max(0, beta) d,    beta = q . (g - g') / (q' . g'),    w <- w + t d,

where primes denote the previous step and t is the exact minimum of F along d. For a quadratic F
this is the conjugate gradient method of linear algebra, which is optimal among methods with as
many passes; otherwise it adapts to the curvature near the minimum. Several targets, or classes
one against the rest, are separate problems that share the passes over the rows: each has its own
beta and t. For few rows with many columns under l2, q = H^-1 g with all second derivatives H, see
`RowSpace`: then -q is a Newton step.

P is the `preconditioner` at the current point, or `class_preconditioner` for softmax. Once the run
has cost as much as the second derivatives themselves would, or a multiple of it, P becomes the
matrix of second derivatives, see `newton_system` and `coupled`, which is kept for as many passes
again. Where a sample stands for all rows, it is that of the sample until then. From a matrix of
second derivatives on, steps are those of the `secants`, d = -q: the matrix learns what it does not
know, how all rows are curved, and how the curvature has changed since.

References
----------
Powell, "Restart procedures for the conjugate gradient method", 1977, section 4, for when beta is
0; Polak and Ribiere, "Note sur la convergence de methodes de directions conjuguees", 1969; Nocedal
and Wright, "Numerical optimization", 2006, section 5.2, for the sign of beta; Karlin, Manasse,
Rudolph and Sleator, "Competitive snoopy caching", 1988, for the time at which to pay a price:
after as much has been spent without it, which costs at most twice the optimum.
"""

import math
from functools import partial

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.class_preconditioner import CorrectedClasses
from gdregress._engines.directions import RECENT, RECENT_OF_NEWTON, Directions, knows, wide
from gdregress._engines.exact_search import zero_of_increasing
from gdregress._engines.preconditioner import (
    Corrected,
    Diagonal,
    FromRows,
    diagonal_of,
    spans_rows,
)
from gdregress._engines.secants import solved, with_secant
from gdregress._objective import coupled, newton_system
from gdregress._objective.coupled import CoupledSystem
from gdregress._objective.evaluation import by_rows, over_targets, sum_by_rows
from gdregress._objective.line import Line
from gdregress._objective.newton_system import SeparateSystems
from gdregress._objective.sample import system_of_sample
from gdregress._utils.array_api import dot, namespace, to_numpy
from gdregress.losses.offset import targets_and_predictions

# The first trial changes predictions by at most this multiple of the largest prediction or target.
FAR = 1e3
# Directions restart if |q . g'| is more than this share of q . g. Powell's share is far smaller,
# and loses conjugacy if columns depend on each other.
RESTART = 3.0
# Largest entry of q: the predictions of a direction have to fit into single precision.
LONGEST = 1e20
# Passes over the rows in a step, and in one whose length need not be searched.
PASSES, PASSES_OF_WHOLE_STEP = 3, 1
# The run takes this multiple of the cost of the second derivatives before it computes them, if
# targets are separate: P is close to them there, and is often enough. That of a sample is closer.
PATIENCE, PATIENCE_WITH_SAMPLE = 4, 6
# Share of the slope along a direction that its end may have.
NEARLY = 0.1


class ConjugateGradients(Directions):
    """Steps along conjugate directions to the minimum of each, see the module docstring."""

    method = "conjugate gradients"

    @classmethod
    def covers(cls, objective):
        """Whether the engine supports loss and penalty, which have to be smooth."""
        return knows(objective.loss) and objective.penalty.is_quadratic

    def begin(self, state):
        """Continue with the last direction if a run is resumed on the same data."""
        super().begin(state)
        if state.conjugate is None:
            state.conjugate = (0 * self.params, self.gradient, 0.0, None, False, 0, ())
        self.system = None
        self.price = self._price()

    def direction(self, state):
        before, gradient, square, *known = state.conjugate
        known = taken_at, of_all, _, secants = self._renewed(*known)
        g, system = self.gradient, self._system(taken_at, of_all)
        is_newton = system is not None and system.is_finite
        self.recent = RECENT_OF_NEWTON if is_newton else RECENT
        self.has_length_one = is_newton and of_all and taken_at is self.params
        if is_newton:
            solve = partial(self._solved_by, system)
            direction = -self._within_range(solved(solve, secants, g, self._products))
            state.conjugate = (direction, g, 0.0, *known)
        else:
            q = self._within_range(self._solved())
            direction = self._beta(q, g, gradient, square) * before - q
            downwards = self._products(direction, g) < 0
            direction = namespace(g).where(downwards, direction, -q)
            state.conjugate = (direction, g, self._products(g, q), *known)
        if self._ends_at_least(direction):
            return direction, None
        return direction, self.predictions(direction)

    def _advance(self, state, direction, length):
        """Take the step, and learn from it how F is curved.

        Where the curvature of a sample has not given the length, it is taken anew.
        """
        params, gradient = self.params, self.gradient
        super()._advance(state, direction, length)
        *rest, taken_at, of_all, spent, secants = state.conjugate
        is_whole = isinstance(length, float) and length == 1.0
        spent += PASSES_OF_WHOLE_STEP if is_whole else PASSES
        if of_all or is_whole:
            secants = with_secant(secants, self.params - params, self.gradient - gradient)
        else:
            self.system, taken_at, secants = None, None, ()
        state.conjugate = (*rest, taken_at, of_all, spent, secants)

    def _ends_at_least(self, direction):
        """Whether F is about least where a direction ends, by the reading that a step there takes.

        The curvature of a sample makes directions Newton steps, of length 1, and the run begins
        where these have no need to be shorter.
        """
        objective = self.run.objective
        if objective.sample is None or self.recent != RECENT_OF_NEWTON:
            return False
        there = self._like_data(self.params + direction)
        gradient = wide(objective.gradient_and_predictions(there)[0]) + self.l2 * wide(there)
        before, after = (self._products(g, direction) for g in (self.gradient, gradient))
        return bool(np.all(abs(after) <= NEARLY * abs(before)))

    def _products(self, a, b):
        """a . b of each target, or of all classes together if they are coupled."""
        axis = None if self.run.objective.loss.coupled else 0
        return namespace(a).sum(a * b, axis=axis)

    def _within_range(self, q):
        """q, scaled down where the curvature is so small that predictions would overflow.

        The search finds the length for any scale of q, and conjugacy does not depend on it.
        """
        if isinstance(q, np.ndarray) and abs(q).max() <= LONGEST:
            return q
        xp, axis = namespace(q), None if self.run.objective.loss.coupled else 0
        size = xp.max(abs(q), axis=axis)
        is_finite, one = size < math.inf, xp.ones_like(size)
        q = xp.where(is_finite, q, self.gradient)
        return q / xp.where(is_finite & (size > LONGEST), size, one)

    def _beta(self, q, g, gradient, square):
        """beta; 0 if the gradients show that the curvature has changed."""
        xp, common, own = namespace(g), self._products(q, gradient), self._products(q, g)
        goes_on = (square > 0) & (abs(common) <= RESTART * own) & (own > common)
        return xp.where(goes_on, (own - common) / square, 0 * own)

    def _renewed(self, taken_at, of_all, spent, secants):
        """Where the system of second derivatives is taken, if any, and what is known since.

        Returns
        -------
        taken_at : array or None
            Its parameters.
        of_all : bool
            Whether it is that of all rows, not of a sample.
        spent : int
            Passes since all rows were asked.
        secants : tuple
            Of the steps since.
        """
        objective = self.run.objective
        if objective.design.coordinates is None or objective.row_space is not None:
            return None, False, 0, ()  # in the user's own columns, or by the rows
        if spent + PASSES > self.price:
            self.system = None
            return self.params, True, 0, ()
        if taken_at is None and objective.sample is not None and self.price < math.inf:
            taken_at = self.params
        return taken_at, of_all, spent, secants

    def _price(self):
        """Return the count of passes before the run computes all second derivatives."""
        objective = self.run.objective
        if objective.loss.coupled:
            return coupled.cost_in_passes(objective)
        patience = PATIENCE if objective.sample is None else PATIENCE_WITH_SAMPLE
        return patience * newton_system.cost_in_passes(objective)

    def _solved_by(self, system, gradient):
        """P^-1 g of a system of second derivatives."""
        return self.run.objective.like_y(system.solve(to_numpy(gradient)), exact=True)

    def _solved(self):
        """P^-1 g without one."""
        objective, g = self.run.objective, self.gradient
        if objective.loss.coupled and objective.design.coordinates is not None:
            with one_thread_of_blas():
                solved = self._of_classes().solve(to_numpy(g))
            return objective.like_y(solved, exact=True)
        return self._preconditioner().solve(g)

    def _system(self, taken_at, of_all):
        """Return the system of second derivatives at some parameters, or None."""
        if taken_at is not None and self.system is None:
            if of_all:
                self.system = self._system_of_all(taken_at)
            else:
                with one_thread_of_blas():  # as the products are small
                    params = self._like_data(taken_at)
                    known = params, *self._flat_and_rounding()
                    self.system = system_of_sample(self.run.objective, *known)
        return self.system

    def _system_of_all(self, taken_at):
        """Return the system of all rows."""
        objective, there, z = self.run.objective, self._like_data(taken_at), self.z
        if taken_at is not self.params:  # in a resumed run
            z = wide(objective.gradient_and_predictions(there)[1])
        if objective.loss.coupled:
            return self._coupled(objective.coupled_hessian(there, z))
        return SeparateSystems(objective.hessians(there, z), *self._flat_and_rounding())

    def _coupled(self, H):
        flat, eps = self._flat_and_rounding()
        return CoupledSystem(H, flat, self.run.objective.loss.n_outputs, eps)

    def _flat_and_rounding(self):
        """The strengths of l2, and the rounding of gradients."""
        params = to_numpy(self._like_data(self.params))
        return to_numpy(self.l2).astype(float), float(np.finfo(params.dtype).eps)

    def _of_classes(self):
        """P of coupled predictions."""
        objective = self.run.objective
        squares = objective.column_mean_squares
        rest = (objective.loss, self.z, objective.weights)
        intercept = objective.design.fit_intercept
        return CorrectedClasses(self._curved_params(), intercept, squares, self.l2, *rest)

    def _preconditioner(self):
        """P of separate predictions at the parameters."""
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
        """The parameters, with zeros where neither a row nor the penalty depends on them."""
        xp, squares = namespace(self.params), self.run.objective.column_mean_squares
        squares = squares[:, None] if len(self.params.shape) == 2 else squares
        return xp.where(squares + self.l2 > 0, self.params, 0 * self.params)

    def _bent(self):
        """s_i L'' / n of the rows at the parameters; computed anew to save memory."""
        objective = self.run.objective
        return self.share(by_rows(objective.loss.curvature_at, objective.y, self.z))

    def _is_corrected(self):
        """Whether the curvature differs among rows."""
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
        """The length at which F is smallest along the direction, for each separate target."""
        if dz is None:
            return 1.0
        objective, loss = self.run.objective, self.run.objective.loss.without_offset
        y, z = targets_and_predictions(objective.loss, objective.y, self.z)
        parts = z, dz, self.gradient, direction, self.params, 0 * direction + self.l2
        if loss.coupled:  # a Newton step has length 1
            return self._length(loss, None, y, *parts)
        along = None if self.has_length_one else self._curvature_along(dz)
        if len(direction.shape) == 1:
            return self._length(loss, along, y, *parts)
        along = [None] * direction.shape[1] if along is None else along
        parts = (loss.expanded(y, z), *parts)
        lengths = [
            self._length(loss.base_loss.of_target(k), along[k], *(part[:, k] for part in parts))
            for k in range(direction.shape[1])
        ]
        return objective.like_y(np.array(lengths), exact=True)

    def _length(self, loss, along, y, z, dz, gradient, direction, params, l2):
        """The zero of the derivative, which is increasing."""
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
    """The largest first trial: where a loss is linear, the curvature gives no bound."""
    return FAR * (_largest(z) + _largest(y) or 1.0) / (_largest(dz) or 1.0)


def _largest(array):
    """The largest absolute value."""
    xp = namespace(array)
    return max(float(xp.max(array)), -float(xp.min(array)))
