"""The engine of l1 and of norms of groups over all rows: Newton steps on working sets.

At the minimum most groups of coefficients are zero; those of l1 are single coefficients. A step
minimises the quadratic model of the loss plus the penalty over a working set: the groups that are
not zero, and those at zero where the norm of the gradient exceeds the strength by most, as a group
is zero at the minimum where ||g_g|| <= t_g. The model has the second derivatives at the start of
the step; it is exact for squared error, and for other losses the step is a proximal Newton step.
An epoch reads all rows once, for the gradient, and the columns of its set twice more. Squared
error keeps its model until another coefficient has to move; its set begins with those that may
have to soon.

References
----------
Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014;
Johnson and Guestrin, "Blitz: a principled meta-algorithm for scaling sparse optimization", 2015,
for working sets that grow with the support; Ndiaye, Fercoq, Gramfort and Salmon, "Gap safe
screening rules for sparsity enforcing penalties", 2017, section 4.3, for norms of groups.
"""

import math

import numpy as np
from scipy import sparse

from gdregress._core import core
from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.directions import Directions, knows
from gdregress._engines.quadratic_and_norms import least
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_loss
from gdregress._objective.moments import LARGEST_ROW
from gdregress._objective.moments_inside import curved_products
from gdregress._objective.norms import norms_of

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
# Entries of the gradient mapping below this share of the largest one are rounding.
SMALL = 1e-9


class WorkingSets(Directions):
    """Steps to the minimum of the model over a working set, see the module docstring."""

    method = "working sets"

    @classmethod
    def covers(cls, objective):
        """Whether the engine supports loss and penalty, on arrays of NumPy."""
        return (
            knows(objective.loss)
            and isinstance(objective.y, np.ndarray)
            and objective.loss.n_outputs is None
            and objective.design.coordinates is not None
            and objective.design.coordinates.separable
            and core.kernels is not None
            and _has_products(objective.design.X)
            and _are_small(_norms(objective))
        )

    def begin(self, state):
        super().begin(state)
        objective = self.run.objective
        design = objective.design
        self.norms = _norms(objective)
        free = math.isqrt(PRODUCTS * design.size // design.n_samples)
        self.joining = max(JOINING, min(free, LARGEST // 4))
        self.modelled = None

    def direction(self, state):
        """Return the first direction with enough decrease; with the last floor there is one."""
        chosen = self._working_set(state)
        for floor in FLOORS:
            rows, part, H = self._modelled(chosen, floor)
            if floor < FLOORS[-1] and self._is_straight(H, chosen):
                continue
            direction, dz = self._to_minimum(rows, part, H, chosen)
            self.found = self._length(direction, dz)
            if self.found > 0:
                break
        return direction, dz

    def _is_straight(self, H, chosen):
        """Whether the model has no curvature along a parameter that has to move."""
        mapping = abs(self._mapping())
        moves = mapping[chosen] > SMALL * np.max(mapping)
        return bool((moves & (H.diagonal() <= 0)).any())

    def length(self, direction, dz):
        return self.found

    def _modelled(self, chosen, floor):
        """The rows of parameters in a working set, their design matrix and second derivatives."""
        if self.modelled is None or self.modelled[0] is not chosen or not self._is_constant():
            rows = np.unique(chosen // self._n_targets())
            part = self._part(rows)
            self.modelled = chosen, rows, part, self._model(part, rows, chosen, floor)
        return self.modelled[1:]

    def _is_constant(self):
        """Whether the second derivatives are constant."""
        return self.run.objective.loss.is_quadratic

    def _n_targets(self):
        return self.params.shape[1] if self.params.ndim == 2 else 1

    def _to_minimum(self, rows, part, H, chosen):
        """Return the step to the minimum of the model, and its change of the predictions."""
        params, gradient = self.params.ravel(), self.gradient.ravel()
        u, g, units = (array[chosen] for array in (params, gradient, self.norms.units))
        numbers, sizes = np.unique(self.norms.groups[chosen], return_counts=True)
        strengths, enough = self.norms.strengths[numbers], EXACT * self._violation()
        direction, v = np.zeros_like(params), u / units
        with one_thread_of_blas():
            direction[chosen] = (
                units * least(H, units * g - H @ v, strengths, v, enough, sizes) - u
            )
            direction = direction.reshape(self.params.shape)
            dz = part.predict(direction[rows].astype(part.X.dtype)).astype(float)
        return direction, dz

    def _violation(self):
        """Return the largest entry of the gradient mapping."""
        return float(np.max(abs(self._mapping())))

    def _mapping(self):
        return self.norms.mapping(self.params.ravel(), self.gradient.ravel())

    def _growth(self, direction):
        """Return the growth of the norms."""
        there = self.norms.value((self.params + direction).ravel())
        return there - self.norms.value(self.params.ravel())

    def _working_set(self, state):
        """Which parameters, group after group; the intercepts are always among them.

        Those of several targets are numbered row after row.

        It is the last set if that contains all that have to move and its model is still valid.
        """
        norms = self.norms
        inside = (norms.of(self.params.ravel()) > 0) | (norms.strengths == 0)
        pull = norms.of(norms.units * self.gradient.ravel())
        beyond = np.where(inside, 0.0, pull - norms.strengths)
        outside = inside | (beyond > 0)
        if (known := state.working_set) is not None:
            outside[norms.groups[known]] = False
            if not outside.any():
                return known
        in_set = norms.by_parameter(self._new_set(inside, beyond))
        chosen = norms.order[in_set[norms.order]]
        state.working_set = chosen if self._is_constant() else None
        return chosen

    def _new_set(self, inside, beyond):
        """Which groups: those inside, and at zero those beyond their strength by most.

        A model that is kept takes in as many coefficients that are not beyond it yet.
        """
        sizes = self.norms.sizes
        count = int(sizes[inside].sum())
        most = max(self.joining, count // (2 if self._is_constant() else 1))
        chosen = inside.copy()
        joining = _first(np.where(inside, -np.inf, beyond), sizes, most)
        if not self._is_constant():
            joining = joining[beyond[joining] > 0]
        chosen[joining] = True
        if sizes[chosen].sum() > LARGEST:
            # no more than fit, those first whose gradient is farthest from what holds them
            pull = np.where(inside, self.norms.of(self._mapping()), beyond)
            pull[self.norms.strengths == 0] = np.inf
            chosen[:] = False
            chosen[_first(pull, sizes, LARGEST)] = True
        return chosen

    def _part(self, rows):
        """The design matrix of some rows of parameters, the last being the intercept."""
        design = self.run.objective.design
        columns = rows[rows < design.n_features]
        coordinates = design.coordinates.of_columns(columns)
        # an index would make dense rows that lie column by column, which the kernels copy
        X = design.X[:, columns] if design.is_sparse else np.take(design.X, columns, axis=1)
        return DesignMatrix(X, design.fit_intercept, coordinates)

    def _model(self, part, rows, chosen, floor):
        """Second derivatives of loss and l2 by the parameters of the working set."""
        objective, loss, k = self.run.objective, self.run.objective.loss, self._n_targets()
        bent = loss.curvature_at(objective.y, self.z)
        bent = self.share(np.maximum(bent, floor * (loss.curvature or float(np.max(bent)))))
        weights = (objective.n_samples * bent).astype(part.X.dtype).reshape(len(bent), -1)
        H, place = np.zeros((len(chosen),) * 2), np.searchsorted(rows, chosen // k)
        for target in range(k):
            if target == 0 or not self._is_constant():
                products = curved_products(part, weights[:, target].copy(), largest=LARGEST)
            mine = np.flatnonzero(chosen % k == target)
            H[np.ix_(mine, mine)] = products[np.ix_(place[mine], place[mine])]
        l2 = np.broadcast_to(self.l2, self.params.shape).ravel()
        H[np.diag_indices_from(H)] += l2[chosen]
        units = self.norms.units[chosen]
        H *= np.outer(units, units)
        return H

    def _length(self, direction, dz):
        """Return the first length, at most 1, with enough decrease of the objective; 0 if none."""
        objective = self.run.objective
        if objective.loss.is_quadratic:
            return 1.0
        start = self._value(0 * direction, 0 * dz)
        foreseen = float(np.vdot(self.gradient, direction)) + self._growth(direction)
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
        return loss + self.norms.value(params.ravel()) + float(np.sum(self.l2 * params**2)) / 2


def _norms(objective):
    """The norms of the penalty; None where it has none."""
    design, n_targets = objective.design, math.prod(objective.output_shape)
    return norms_of(objective.penalty, design.n_features, design.n_parameters, n_targets)


def _are_small(norms):
    """Whether there are norms, and no group is too large for a working set."""
    return norms is not None and 2 * norms.sizes.max() <= LARGEST


def _first(values, sizes, most):
    """Numbers of the groups of the largest values: as many as hold `most` coefficients, or one."""
    order = np.argsort(-values, kind="stable")
    return order[: max(1, np.searchsorted(np.cumsum(sizes[order]), most, side="right"))]


def _has_products(X):
    """Whether the products of columns cost at most some passes over the rows."""
    return not sparse.issparse(X) or X.nnz <= LARGEST_ROW * X.shape[0]
