"""The engine of l1 over all rows: Newton steps on working sets of coefficients.

At the minimum most coefficients are zero. A step minimises the quadratic model of the loss plus
the penalty over a working set: the coefficients that are not zero, and the coefficients at zero
whose gradients exceed the strength of l1 the most. The model has the second derivatives at the
start of the step; it is exact for squared error, and for other losses the step is a proximal
Newton step. An epoch reads all rows once, for the gradient, and the columns of its set twice more.
For squared error the model is kept until a coefficient outside of the set has to move; the set
therefore includes coefficients that are close to it.

References
----------
Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014;
Johnson and Guestrin, "Blitz: a principled meta-algorithm for scaling sparse optimization", 2015,
for working sets that grow with the support.
"""

import math

import numpy as np
from scipy import sparse

from gdregress._core import core
from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.directions import Directions
from gdregress._engines.lasso_quadratic import least
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_loss
from gdregress._objective.moments import LARGEST_ROW
from gdregress._objective.moments_inside import curved_products

# Fewest coefficients at zero that may enter, and count of products that take as long as reading a
# number: the largest set is that whose model takes as long as to read all rows.
JOINING, PRODUCTS = 64, 20
# Accuracy of the minimum over a set, as a share of the violation.
EXACT = 0.1
# Most parameters of a set, as its model is a matrix.
LARGEST = 2048
# Share of the predicted decrease that a step has to reach.
ENOUGH, SHORTER, MOST_TRIALS = 0.1, 0.5, 10
# Smallest second derivatives of the rows in the model, in units of their bound. Without them the
# model of rows without curvature at the start of a step may have no minimum.
FLOORS = (0.0, 1e-2, 1.0)


class WorkingSets(Directions):
    """Steps to the minimum of the model over a working set, see the module docstring."""

    method = "working sets"

    @classmethod
    def covers(cls, objective):
        """Whether the engine supports loss and penalty, on arrays of NumPy."""
        return (
            cls.knows(objective)
            and objective.output_shape == ()
            and isinstance(objective.y, np.ndarray)
            and objective.design.coordinates is not None
            and objective.design.coordinates.separable
            and np.any(objective.penalty.kernel_terms.l1)
            and core.kernels is not None
            and _has_products(objective.design.X)
        )

    def begin(self, state):
        super().begin(state)
        objective = self.run.objective
        design = objective.design
        self.l1 = np.zeros(design.n_parameters)
        self.l1[: design.n_features] = objective.penalty.kernel_terms.l1
        free = math.isqrt(PRODUCTS * design.size // design.n_samples)
        self.joining = max(JOINING, min(free, LARGEST // 4))
        self.modelled = None

    def direction(self, state):
        """Return the first direction with enough decrease; with the last floor there is one."""
        chosen = self._working_set(state)
        for floor in FLOORS:
            direction, dz = self._to_minimum(*self._modelled(chosen, floor), chosen)
            self.found = self._length(direction, dz)
            if self.found > 0:
                break
        return direction, dz

    def length(self, direction, dz):
        return self.found

    def _modelled(self, chosen, floor):
        """The design matrix and the second derivatives of a working set."""
        if self.modelled is None or self.modelled[0] is not chosen or not self._is_constant():
            part = self._part(chosen)
            self.modelled = chosen, part, self._model(part, chosen, floor)
        return self.modelled[1:]

    def _is_constant(self):
        """Whether the second derivatives are constant."""
        return self.run.objective.loss.is_quadratic

    def _to_minimum(self, part, H, chosen):
        """Return the step to the minimum of the model, and its change of the predictions."""
        w, g, l1 = (array[chosen] for array in (self.params, self.gradient, self.l1))
        direction = np.zeros_like(self.params)
        with one_thread_of_blas():
            direction[chosen] = least(H, g - H @ w, l1, w, EXACT * self._violation()) - w
            dz = part.predict(direction[chosen].astype(part.X.dtype)).astype(float)
        return direction, dz

    def _violation(self):
        """Return the largest entry of the gradient mapping."""
        moved = self.params - self.gradient
        return float(np.max(abs(moved - self.params - np.clip(moved, -self.l1, self.l1))))

    def _growth(self, direction):
        return abs(self.params + direction) - abs(self.params)

    def _working_set(self, state):
        """The indices of the working set, in ascending order; the intercept is always included.

        It is the last set if that contains all that have to move and its model is still valid.
        """
        inside = (self.params != 0) | (self.l1 == 0)
        beyond = np.where(inside, 0.0, abs(self.gradient) - self.l1)
        outside = inside | (beyond > 0)
        if (known := state.working_set) is not None:
            outside[known] = False
            if not outside.any():
                return known
        chosen = self._new_set(inside, beyond)
        state.working_set = chosen if self._is_constant() else None
        return chosen

    def _new_set(self, inside, beyond):
        """The coefficients that are not zero, and those at zero with the largest violations.

        A set whose model is kept includes as many without a violation.
        """
        most = max(self.joining, np.count_nonzero(inside) // (2 if self._is_constant() else 1))
        joining = np.argsort(np.where(inside, np.inf, -beyond), kind="stable")[:most]
        if not self._is_constant():
            joining = joining[beyond[joining] > 0]
        chosen = np.union1d(np.flatnonzero(inside), joining)
        if len(chosen) <= LARGEST:
            return chosen
        # as many as fit, largest violation first
        slope = self.gradient + self.l1 * np.sign(self.params)
        pull = np.where(self.params != 0, abs(slope), beyond)
        pull[self.l1 == 0] = np.inf
        return np.sort(np.argsort(-pull, kind="stable")[:LARGEST])

    def _part(self, chosen):
        """The design matrix of the working set."""
        design = self.run.objective.design
        columns = chosen[chosen < design.n_features]
        coordinates = design.coordinates.of_columns(columns)
        return DesignMatrix(design.X[:, columns], design.fit_intercept, coordinates)

    def _model(self, part, chosen, floor):
        """Second derivatives of loss and l2 with respect to the parameters of the working set."""
        objective, loss = self.run.objective, self.run.objective.loss
        bent = loss.curvature_at(objective.y, self.z)
        bent = self.share(np.maximum(bent, floor * (loss.curvature or float(np.max(bent)))))
        weights = (objective.n_samples * bent).astype(part.X.dtype)
        H = curved_products(part, weights, largest=LARGEST)
        H[np.diag_indices_from(H)] += self.l2[chosen]
        return H

    def _length(self, direction, dz):
        """Return the first length, at most 1, with enough decrease of the objective; 0 if none."""
        objective = self.run.objective
        if objective.loss.is_quadratic:
            return 1.0
        start = self._value(0 * direction, 0 * dz)
        foreseen = float(self.gradient @ direction) + float(self.l1 @ self._growth(direction))
        noise = objective.rounding * abs(start)
        for trial in range(MOST_TRIALS):
            length = SHORTER**trial
            if (
                self._value(length * direction, length * dz)
                <= start + ENOUGH * length * foreseen + noise
            ):
                return length
        return 0.0

    def _value(self, move, dz):
        objective, params = self.run.objective, self.params + move
        z = self.z + dz
        loss = float(mean_loss(objective.loss, objective.y, objective.weights, z))
        return loss + float(self.l1 @ abs(params) + self.l2 @ (params * params) / 2)


def _has_products(X):
    """Whether the products of columns cost at most some passes over the rows."""
    return not sparse.issparse(X) or X.nnz <= LARGEST_ROW * X.shape[0]
