"""The engine of rows that lie in blocks: Newton steps, as each reading of the rows is dear.

An epoch is one reduction over the blocks: it brings the loss, its gradient g and its second
derivatives H at the end of the last step. The step minimises the quadratic model of the loss plus
the penalty,

    d = argmin_d  g . d + d' (H + m A' S A) d / 2 + R(w + d),    w <- w + d,

undamped, m = 0, unless the objective falls by less than a share of what the model without m
predicts. m then grows until the fall is enough, and shrinks where the prediction was right. Each
trial of a step is one reduction, and no step raises the objective. Where few rows are curved, as
under Huber's loss with a y much larger than epsilon, H alone is no model of the loss; A' S A, the
second derivatives of squared error, is curved wherever the rows differ.

References
----------
Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014;
Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", 1963.
"""

import numpy as np

from gdregress._engines.directions import Directions
from gdregress._engines.quadratic_and_norms import least, solve

# Share of the predicted decrease that a step has to reach, and the shares below and above which
# the damping grows and falls.
ENOUGH, LITTLE, MUCH = 0.1, 0.25, 0.75
# By how much it does. The factor grows with every step that is refused.
STRONGER, DOUBLED, WEAKER, SMALLEST = 4.0, 2.0, 8.0, 1e-30
MOST_TRIALS = 20


class Newton(Directions):
    """Steps to the minimum of a quadratic model, see the module."""

    @classmethod
    def supports(cls, run, state):
        return run.method == "newton"

    @classmethod
    def covers(cls, objective):
        """Whether the engine knows loss and penalty, and the second derivatives are affordable."""
        return cls.knows(objective) and objective.has_hessians()

    def begin(self, state):
        objective = self.run.objective
        self.l1 = np.zeros(objective.design.n_parameters)
        self.l1[: objective.design.n_features] = objective.penalty.kernel_terms.l1
        super().begin(state)

    def _take(self, params):
        """Compute all from the parameters alone, so that a resumed run is the same to the bit."""
        self.known, self.params = params, params.astype(float)
        value, of_loss, self.curved = self.run.objective.model(params)
        self.value = value + self.run.objective.penalty_value(params)
        self.of_loss = of_loss.astype(float)
        self.gradient = self.of_loss + self.l2 * self.params

    def _columns(self, array):
        """The vectors of the targets, one after the other; coupled classes are one, in turn."""
        if self.run.objective.loss.coupled:
            return array.T.reshape(1, -1)
        return array.reshape(len(array), -1).T

    def _from_columns(self, columns):
        """The inverse, of the shape of the parameters."""
        shape = self.params.shape
        return columns.reshape(shape[::-1]).T if len(shape) == 2 else columns.reshape(shape)

    def direction(self, state):
        """Return the first step that is good enough, under growing damping."""
        if state.damping is None and self._is_straight():
            state.damping = self._first_damping()
        for trial in range(MOST_TRIALS):
            step, foreseen = self._step_under(state.damping)
            fall = self.value - self._value(self._like_data(self.params + step))
            if fall >= ENOUGH * foreseen - self.run.objective.rounding * abs(self.value):
                self._adapt(state, fall, foreseen)
                return step, None
            if state.damping is None:
                state.damping = self._first_damping()
            else:
                state.damping = state.damping * STRONGER ** (trial + 1)
        return np.zeros_like(step), None

    def length(self, direction, dz):
        """1: the direction is a step."""
        return 1.0

    def _is_straight(self):
        """Whether rows differ along a parameter, and none that does is curved."""
        straight = (_diagonals(self.curved) == 0) & (self._columns(self.gradient) != 0)
        return straight.any() and bool((straight & (_diagonals(self._products) > 0)).any())

    def _first_damping(self):
        return self.run.objective.secant_curvatures(self.params)

    @property
    def _products(self):
        products, loss = self.run.objective.products, self.run.objective.loss
        return np.kron(np.eye(loss.n_outputs), products) if loss.coupled else products

    def _value(self, params):
        """The objective; infinite where the second derivatives are."""
        value, _, curved = self.run.objective.model(params)
        value += self.run.objective.penalty_value(params)
        return value if np.isfinite(curved).all() else np.inf

    def _adapt(self, state, fall, foreseen):
        """Change the damping by how true the model has proven."""
        if state.damping is None:
            return
        if fall < LITTLE * foreseen:
            state.damping = state.damping * DOUBLED
        elif fall > MUCH * foreseen:
            state.damping = np.maximum(state.damping / WEAKER, SMALLEST)

    def _step_under(self, damping):
        """A step, and the decrease that the model without damping foresees of it."""
        l2 = np.broadcast_to(self.l2, self.params.shape)
        flat, *columns = (self._columns(each) for each in (l2, self.params, self.gradient))
        damped = self.curved
        if damping is not None:
            damped = self.curved + damping[:, None, None] * self._products
        steps = [self._step(*each) for each in zip(damped, flat, *columns, strict=True)]
        bent = sum(d @ H @ d for d, H in zip(steps, self.curved, strict=True))
        step = self._from_columns(np.array(steps))
        if self.run.objective.loss.coupled:
            step = self._without_common_part(step, l2)
        growth = abs(self.params + step) - abs(self.params)
        slope = np.vdot(self.gradient, step) + np.sum(self.l1 @ growth)
        return step, -float(slope + (bent + np.sum(self.l2 * step**2)) / 2)

    def _without_common_part(self, step, l2):
        """Remove from a step of coupled classes the part that all share and that has no penalty.

        It changes no prediction, and is rounding.
        """
        free = ((l2 == 0).all(axis=1) & (self.l1 == 0))[:, None]
        return step - np.where(free, step.mean(axis=1, keepdims=True), 0.0)

    def _step(self, curved, flat, w, g):
        """The step of one target."""
        H = curved + np.diag(flat)
        g = np.where(np.diag(H) > 0, g, 0.0)  # where nothing is curved, a gradient is rounding
        if not self.l1.any():
            return -solve(H, g)
        l1 = np.tile(self.l1, len(w) // len(self.l1))
        return least(H, g - H @ w, l1, w) - w


def _diagonals(matrices):
    return np.diagonal(matrices, axis1=1, axis2=2)
