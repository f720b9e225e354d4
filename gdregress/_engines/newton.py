"""The engine of rows that lie in blocks: Newton steps, as each reading of the rows is dear.

An epoch is one reduction over the blocks: it brings the loss, its gradient g and its second
derivatives H at the end of the last step. The step minimises the quadratic model of the loss plus
the penalty,

    d = argmin_d  g . d + d' H d / 2 + R(w + d),    w <- w + t d,

and t is 1 unless the objective does not fall by a share of what the model foresees; each shorter
step that is tried is a reduction of its own.

References
----------
Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014.
"""

import numpy as np

from gdregress._engines.directions import Directions
from gdregress._engines.lasso_quadratic import least, solve

# Of the decrease that the model foresees, the share that a step has to bring.
ENOUGH, SHORTER, MOST_TRIALS = 0.1, 0.25, 20


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
        """Everything from the parameters alone, so that a resumed run is the same to the bit."""
        self.known, self.params = params, params.astype(float)
        value, of_loss, self.curved = self.run.objective.model(params)
        self.value = value + self.run.objective.penalty_value(params)
        self.of_loss = of_loss.astype(float)
        self.gradient = self.of_loss + self.l2 * self.params

    def direction(self, state):
        columns = [array.reshape(len(array), -1).T for array in (self.params, self.gradient)]
        flat = np.broadcast_to(self.l2.reshape(len(self.l2), -1).T, columns[0].shape)
        steps = [self._step(*each) for each in zip(self.curved, flat, *columns, strict=True)]
        direction = np.array(steps).T.reshape(self.params.shape)
        growth = abs(self.params + direction) - abs(self.params)
        l1 = self.l1 if growth.ndim == 1 else self.l1[:, None]
        self.foreseen = float(np.vdot(self.gradient, direction) + np.sum(l1 * growth))
        return direction, None

    def _step(self, curved, flat, w, g):
        """The step of one target."""
        H = curved + np.diag(flat)
        g = np.where(np.diag(H) > 0, g, 0.0)  # where nothing is curved, a gradient is rounding
        if not self.l1.any():
            return -solve(H, g)
        return least(H, g - H @ w, self.l1, w) - w

    def length(self, direction, dz):
        """1, or shorter where the step does not bring what its model foresees."""
        objective, length = self.run.objective, 1.0
        noise = objective.rounding * abs(self.value)
        for _ in range(MOST_TRIALS):
            there = self._like_data(self.params + length * direction)
            value = objective.model(there)[0] + objective.penalty_value(there)
            if value <= self.value + ENOUGH * length * self.foreseen + noise:
                break
            length *= SHORTER
        return length
