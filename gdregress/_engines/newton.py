"""The engine of Newton steps: of rows in blocks, and under l1 of several targets or classes.

An epoch is one reading of the rows, or one reduction over their blocks: it brings the loss, its
gradient g and its second derivatives H at the end of the last step. The step of each target
minimises the quadratic model of the loss plus the penalty,

    d = argmin_d  g . d + d' (H + m A' S A) d / 2 + R(w + d),    w <- w + d,

undamped, m = 0, unless the objective decreases by less than a share of the decrease that the model
without m predicts. Then m grows until the decrease suffices, and it shrinks when the prediction
was right. Each trial of a step is one reduction, and no step increases the objective. If few rows
are curved, as under Huber's loss with a y much larger than epsilon, H alone is no model of the
loss; A' S A, the second derivatives of squared error, is positive wherever the rows differ.

Of many rows in blocks H is that of one row in 16 or more, see `sample`, in a third of the time
or less: a step then leaves about the share p / m of F - F*, of p parameters and m of these rows.
Once a step has not halved the gradient all are taken.

Newton steps square the share of F - F* that is left. Where that promises the end, the next step is
measured by the gradient alone, which reads rows in blocks in a fifth of the time. With H of before
the step, and D the decrease that the model foresees,

    Theta = sqrt(D_after / D_before),    F - F* = D_after / (1 - 2 Theta)

where second derivatives change linearly along the step: at its end they are (1 +- 2 Theta) H.

References
----------
Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014;
Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963; Deuflhard,
"Newton methods for nonlinear problems", 2004, section 2.1: the contraction Theta.
"""

import math
from itertools import pairwise

import numpy as np

from gdregress._core import core
from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.directions import Directions
from gdregress._engines.quadratic_and_norms import least, solve

# Share of the predicted decrease that a step has to reach, and the shares below which the damping
# grows and above which it shrinks.
ENOUGH, LITTLE, MUCH = 0.1, 0.25, 0.75
# Factor of the damping. It grows with every step that is refused.
STRONGER, DOUBLED, WEAKER, SMALLEST = 4.0, 2.0, 8.0, 1e-30
MOST_TRIALS = 20
# Accuracy of the minimum of the model under l1, as a share of the largest entry of the gradient
# mapping; of squared error the model is exact, and so is its minimum.
EXACT = 0.01
# The largest contraction of a last step: more is no estimate.
LARGEST_CONTRACTION = 0.25
# A step may be the last where the share that is left is at most so many times the tolerance: to
# be wrong costs less than a reading for a model that nobody needs.
NEAR_END = 10.0
# Share of the gradient that steps may leave whose second derivatives are those of some rows.
MOST_LEFT = 0.5


class Newton(Directions):
    """Steps to the minimum of a quadratic model, see the module docstring."""

    method = "newton"

    @classmethod
    def covers(cls, objective):
        """Whether the engine knows loss and penalty, and the second derivatives are affordable."""
        return cls.knows(objective) and objective.has_hessians() and _has_descent(objective)

    def begin(self, state):
        objective = self.run.objective
        self.l1 = np.zeros(objective.design.n_parameters)
        self.l1[: objective.design.n_features] = objective.penalty.kernel_terms.l1
        self.last_gap = None
        super().begin(state)

    def _take(self, params):
        """Compute all from the parameters alone, so that a resumed run is the same to the bit."""
        self.known, self.params, self.model_steps = params, params.astype(float), None
        if self.last_gap is None:
            self.exact = self._needs_all_rows()
            losses, of_loss, self.curved = self.run.objective.model(params, self.exact)
            self.values = losses + self._penalties(self._columns(self.params))
        else:
            of_loss = self.run.objective.gradient(params)
        self.of_loss = of_loss.astype(float)
        self.gradient = self.of_loss + self.l2 * self.params

    def _needs_all_rows(self):
        """Whether second derivatives of some rows have proven to be no model of the loss."""
        norms = self.run.history["gradient_norm"]
        return any(after > MOST_LEFT * before for before, after in pairwise(norms))

    def _columns(self, array):
        """The vector of each target; coupled classes have a single one."""
        if self.run.objective.loss.coupled:
            return array.T.reshape(1, -1)
        return array.reshape(len(array), -1).T

    def _from_columns(self, columns):
        """The inverse of `_columns`: an array in the shape of the parameters."""
        shape = self.params.shape
        return columns.reshape(shape[::-1]).T if len(shape) == 2 else columns.reshape(shape)

    def direction(self, state):
        """Return the first step of each target that is good enough, under growing damping."""
        if self.last_gap is not None:  # and another rule than the tolerance lets the run go on
            self.last_gap = None
            self._take(self.known)
        if state.damping is None and self._is_straight():
            state.damping = self._first_damping()
        columns = self._columns(self.params)
        if state.damping is None and self._may_end():
            self.last_gap = self._gap_after_step()
            if self.last_gap is not None:
                return self._from_columns(self._undamped()[0]), None
        steps, refused = np.zeros_like(columns), np.full(len(columns), True)
        for trial in range(MOST_TRIALS):
            tried, foreseen = self._steps_under(state.damping)
            steps = np.where(refused[:, None], tried, steps)
            falls = self.values - self._values(columns + steps)
            rounding = self.run.objective.rounding * abs(self.values)
            good = refused & (falls >= ENOUGH * foreseen - rounding)
            self._adapt(state, good, falls, foreseen)
            refused &= ~good
            if not refused.any():
                break
            self._damp(state, refused, trial)
        return self._from_columns(np.where(refused[:, None], 0.0, steps)), None

    def length(self, direction, dz):
        """Return 1: the direction is the step."""
        return 1.0

    def _may_end(self):
        """Whether the next step is likely to be the last, and cheaper without its model."""
        objective, certificate = self.run.objective, self.run.certificate
        dear = not (objective.has_rows or objective.loss.is_quadratic)
        if not dear or len(self.values) > 1 or certificate is None:
            return False
        value = float(self.values[0])
        to_gain = certificate.null_objective - value
        foreseen = float(self._undamped()[1][0])
        if certificate.tol**2 * to_gain <= objective.rounding * abs(value):
            return False
        if not certificate.can_estimate or foreseen > NEAR_END * certificate.tol * to_gain:
            return False
        left = 0.0 if self.exact else foreseen * objective.left_by_sample
        return left <= certificate.tol**2 * to_gain

    def _gap_after_step(self):
        """F - F* after the next step, by its gradient, where that ends the run; else None."""
        objective, certificate, value = self.run.objective, self.run.certificate, self.values[0]
        steps, foreseen = self._undamped()
        params = self._like_data(self.params + self._from_columns(steps))
        reached = objective.loss_value(params) + objective.penalty_value(params)
        if not value - reached >= ENOUGH * foreseen[0] - objective.rounding * abs(value):
            return None
        there = params.astype(float)
        gradient = objective.gradient(params).astype(float) + self.l2 * there
        left = float(self._steps_of_model(None, there, gradient)[1][0])
        if not 0 <= left <= LARGEST_CONTRACTION**2 * foreseen[0]:
            return None
        gap = left / (1 - 2 * math.sqrt(left / foreseen[0]))
        return gap if gap <= certificate.tol**2 * (certificate.null_objective - reached) else None

    def _gap(self, norm, params, value):
        """F - F*: an estimate where the model, which is at hand, foresees that it ends the run.

        A tolerance within the rounding of F asks for the last digits of the parameters: steps then
        go on until they gain nothing.
        """
        certificate = self.run.certificate
        if certificate is None:
            return None
        if self.last_gap is not None:
            return certificate.keep(params, self.last_gap)
        left = certificate.tol**2 * max(certificate.null_objective - value, 0.0)
        if left <= self.run.objective.rounding * abs(value):
            return super()._gap(norm, params, value)
        foreseen = float(np.sum(self._undamped()[1]))
        if norm > certificate.rounding and foreseen > left:
            return certificate.proportion(norm, value, foreseen)
        return certificate.gap(norm, params, value)

    def _is_straight(self):
        """Whether rows differ along a parameter, but no row with a nonzero entry is curved."""
        straight = (_diagonals(self.curved) == 0) & (self._columns(self.gradient) != 0)
        return straight.any() and bool((straight & (_diagonals(self._products) > 0)).any())

    def _first_damping(self):
        return self.run.objective.secant_curvatures(self.params)

    @property
    def _products(self):
        products, loss = self.run.objective.products, self.run.objective.loss
        return np.kron(np.eye(loss.n_outputs), products) if loss.coupled else products

    def _penalties(self, columns):
        """R of each target."""
        l2 = self._columns(np.broadcast_to(self.l2, self.params.shape))
        return np.sum(self._l1(columns) * abs(columns) + l2 * columns**2 / 2, axis=1)

    def _l1(self, columns):
        """The strengths of l1 for the parameters of a target."""
        return np.tile(self.l1, columns.shape[1] // len(self.l1))

    def _values(self, columns):
        """The objective of each target; infinite where its second derivatives are."""
        params = self._like_data(self._from_columns(columns))
        losses, _, curved = self.run.objective.model(params, self.exact)
        finite = np.isfinite(curved).all(axis=(1, 2))
        return np.where(finite, losses + self._penalties(columns), np.inf)

    def _damp(self, state, refused, trial):
        """Damp the targets more whose step was refused."""
        known = np.zeros(len(refused)) if state.damping is None else state.damping
        more = np.where(known > 0, known * STRONGER ** (trial + 1), self._first_damping())
        state.damping = np.where(refused, more, known)

    def _adapt(self, state, good, falls, foreseen):
        """Change the damping of good steps by how true the model has proven."""
        if state.damping is None:
            return
        good = good & (state.damping > 0)
        little, much = falls < LITTLE * foreseen, falls > MUCH * foreseen
        weaker = np.maximum(state.damping / WEAKER, SMALLEST)
        changed = np.where(little, state.damping * DOUBLED, np.where(much, weaker, state.damping))
        state.damping = np.where(good, changed, state.damping)

    def _steps_under(self, damping):
        """Steps, and the decrease that the model without damping foresees of each."""
        return self._undamped() if damping is None else self._steps_of_model(damping)

    def _undamped(self):
        """The same without damping, computed once for the end of an epoch and the next step."""
        if self.model_steps is None:
            self.model_steps = self._steps_of_model(None)
        return self.model_steps

    def _steps_of_model(self, damping, params=None, gradient=None):
        """The steps from the parameters, or from others by their gradient."""
        params = self.params if params is None else params
        gradient = self.gradient if gradient is None else gradient
        l2 = np.broadcast_to(self.l2, params.shape)
        flat, w, g = (self._columns(each) for each in (l2, params, gradient))
        damped, l1 = self.curved, self._l1(w)
        if damping is not None:
            damped = self.curved + damping[:, None, None] * self._products
        each = zip(damped, flat, w, g, strict=True)
        steps = np.array([self._step(*of_target, l1) for of_target in each])
        if self.run.objective.loss.coupled:
            steps = self._columns(self._without_common_part(self._from_columns(steps), l2))
        bent = np.array([d @ H @ d for d, H in zip(steps, self.curved, strict=True)])
        growth = abs(w + steps) - abs(w)
        return steps, -np.sum(g * steps + l1 * growth + flat * steps**2 / 2, axis=1) - bent / 2

    def _without_common_part(self, step, l2):
        """Remove the part of a step that is the same for all coupled classes and has no penalty.

        It changes no prediction, and consists of rounding.
        """
        free = ((l2 == 0).all(axis=1) & (self.l1 == 0))[:, None]
        return step - np.where(free, step.mean(axis=1, keepdims=True), 0.0)

    def _step(self, curved, flat, w, g, l1):
        """The step of one target."""
        H = curved + np.diag(flat)
        g = np.where(np.diag(H) > 0, g, 0.0)  # where nothing is curved, a gradient is rounding
        if not l1.any():
            return -solve(H, g)
        moved = w - g
        violation = float(np.max(abs(moved - w - np.clip(moved, -l1, l1))))
        enough = 0.0 if self.run.objective.loss.is_quadratic else EXACT * violation
        with one_thread_of_blas():
            return least(H, g - H @ w, l1, w, enough) - w


def _has_descent(objective):
    """Whether the core has the coordinate descent that l1 needs."""
    return core.kernels is not None or not np.any(objective.penalty.kernel_terms.l1)


def _diagonals(matrices):
    return np.diagonal(matrices, axis1=1, axis2=2)
