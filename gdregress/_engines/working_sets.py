"""The engine of l1 and of norms of groups over all rows: Newton steps on working sets.

At the minimum most groups of coefficients are zero; those of l1 are single coefficients. A step
minimises the quadratic model of the loss plus the penalty over a working set: the groups that are
not zero, and those at zero where the norm of the gradient exceeds the strength by most, as a group
is zero at the minimum where ||g_g|| <= t_g. The model has the second derivatives at the start of
the step; it is exact for squared error, and for other losses the step is a proximal Newton step.
An epoch reads all rows once, for the gradient, and the columns of its set twice more. Squared
error keeps its model until another coefficient has to move; its set begins with those that may
have to soon. Over many rows other losses try the second derivatives of a sample of them first:
its step is taken where the objective falls and the same model has little left to lower at its end.
The reading that tells is that of the epoch.

References
----------
Lee, Sun and Saunders, "Proximal Newton-type methods for minimizing composite functions", 2014;
Johnson and Guestrin, "Blitz: a principled meta-algorithm for scaling sparse optimization", 2015,
for working sets that grow with the support; Roosta-Khorasani and Mahoney, "Sub-sampled Newton
methods", 2019, for second derivatives of a sample; Ndiaye, Fercoq, Gramfort and Salmon, "Gap safe
screening rules for sparsity enforcing penalties", 2017, section 4.3, for norms of groups.
"""

import math

import numpy as np
from scipy import sparse

from gdregress._core import core
from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.directions import RECENT_OF_NEWTON, Directions, knows, wide
from gdregress._engines.working_set_model import WorkingSetModel
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_loss, over_targets
from gdregress._objective.moments import LARGEST_ROW
from gdregress._objective.moments_inside import curved_products
from gdregress._objective.norms import norms_of
from gdregress._objective.sample import LEAST_SHARE

# Fewest coefficients at zero that may enter, and count of products that take as long as reading a
# number: the largest set is that whose model takes as long as to read all rows.
JOINING, PRODUCTS = 64, 20
# Count of products that take as long as copying a number.
PRODUCTS_OF_COPY = 50
# Accuracy of the minimum over a set, as a share of the violation.
EXACT = 0.1
# Most parameters of a set, as its model is a matrix.
LARGEST = 2048
# Share of its decrease that a step by the model of a sample may leave to the next one.
LEFT = 0.1
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
        self.recent = RECENT_OF_NEWTON

    def direction(self, state):
        """Return the first direction with enough decrease; with the last floor there is one."""
        chosen = self._working_set(state)
        enough = EXACT * float(np.max(abs(self._mapping())))
        if not self._is_constant() and self.run.objective.sample is not None:
            model = self._model_of_sample(chosen)
            direction = model.step(self.params, self.gradient, enough)
            if self._is_confirmed(direction, model, enough):
                self.found = 1.0
                return direction, None
        for floor in FLOORS:
            rows, part, model = self._modelled(chosen, floor)
            if floor < FLOORS[-1] and model.is_straight(self._mapping()):
                continue
            direction = model.step(self.params, self.gradient, enough)
            with one_thread_of_blas():
                dz = part.predict(direction[rows].astype(part.X.dtype)).astype(float)
            self.found = self._length(direction, dz)
            if self.found > 0:
                break
        return direction, dz

    def length(self, direction, dz):
        return self.found

    def _modelled(self, chosen, floor):
        """The rows of parameters in a working set, their design matrix, and the model."""
        if self.modelled is None or self.modelled[0] is not chosen or not self._is_constant():
            objective, rows = self.run.objective, self._rows(chosen)
            part = _part(objective.design, rows)
            bent = objective.loss.curvature_at(objective.y, self.z)
            bent = np.maximum(bent, floor * (objective.loss.curvature or float(np.max(bent))))
            model = self._model(objective, part, bent, rows, chosen)
            self.modelled = chosen, rows, part, model
        return self.modelled[1:]

    def _model_of_sample(self, chosen):
        """The model with the second derivatives of some rows."""
        objective, rows = self.run.objective, self._rows(chosen)
        some = objective.sample
        bent = some.loss.curvature_at(some.y, some.predict(self._like_data(self.params)))
        # all rows make up for a column of which these have next to nothing
        least = LEAST_SHARE * np.multiply.outer(objective.column_mean_squares, bent.mean(axis=0))
        return self._model(some, _part(some.design, rows), bent, rows, chosen, least)

    def _is_confirmed(self, direction, model, enough):
        """Whether a step lowers the objective, and the model has little left to lower at its end.

        The reading that tells is the one that the step takes.
        """
        objective, there = self.run.objective, self._like_data(self.params + direction)
        of_loss, end = wide(objective.gradient_and_predictions(there)[0]), wide(there)
        before = objective.loss_value(self.known) + self._of_penalty(self.params)
        after = objective.loss_value(there) + self._of_penalty(end)
        if not after <= before + self._least_change(direction, before):
            return False
        at_end = end, of_loss + self.l2 * end
        left = model.change(model.step(*at_end, enough), *at_end)
        return left >= LEFT * model.change(direction, self.params, self.gradient)

    def _is_constant(self):
        """Whether the second derivatives are constant."""
        return self.run.objective.loss.is_quadratic

    def _n_targets(self):
        return self.params.shape[1] if self.params.ndim == 2 else 1

    def _mapping(self):
        return self.norms.mapping(self.params.ravel(), self.gradient.ravel())

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

    def _rows(self, chosen):
        """The rows of parameters of a working set.

        All rows where to copy the columns of the set takes longer than all products.
        """
        rows, p = np.unique(chosen // self._n_targets()), self.run.objective.design.n_parameters
        all_at_once = p <= LARGEST and len(rows) * (len(rows) + PRODUCTS_OF_COPY) >= p * p
        return np.arange(p) if all_at_once else rows

    def _model(self, objective, part, bent, rows, chosen, least=0.0):
        """The model over a working set.

        Parameters
        ----------
        objective : Objective
            Of all rows or of some.
        part : DesignMatrix
            Of these rows, with the columns of the working set.
        bent : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Second derivatives of the rows.
        rows, chosen : ndarray of int
            The rows of parameters that `part` has, and the working set.
        least : float or ndarray of the shape of the parameters
            Least entry of the diagonal that is the loss's.
        """
        if objective.weights is not None:
            bent = bent * over_targets(objective.weights, bent)
        weights, k = bent.astype(part.X.dtype).reshape(len(bent), -1), self._n_targets()
        H, place = np.zeros((len(chosen),) * 2), np.searchsorted(rows, chosen // k)
        for target in range(k):
            if target == 0 or not self._is_constant():
                products = curved_products(part, weights[:, target].copy(), largest=LARGEST)
            mine = np.flatnonzero(chosen % k == target)
            H[np.ix_(mine, mine)] = products[np.ix_(place[mine], place[mine])]
        least, l2 = (np.broadcast_to(a, self.params.shape).ravel() for a in (least, self.l2))
        H[np.diag_indices_from(H)] = np.maximum(H.diagonal(), least[chosen]) + l2[chosen]
        return WorkingSetModel(H, self.norms, chosen)

    def _length(self, direction, dz):
        """Return the first length, at most 1, with enough decrease of the objective; 0 if none."""
        if self._is_constant():
            return 1.0
        start = self._value(0 * direction, 0 * dz)
        for trial in range(MOST_TRIALS):
            length = SHORTER**trial
            enough = start + self._least_change(direction, start, length)
            if self._value(length * direction, length * dz) <= enough:
                return length
        return 0.0

    def _least_change(self, direction, value, length=1.0):
        """The change of the objective, from a value, with which a step is taken."""
        foreseen = self.norms.straight_change(direction, self.params, self.gradient)
        return ENOUGH * length * foreseen + self.run.objective.rounding * abs(value)

    def _value(self, move, dz):
        objective, z = self.run.objective, self.z + dz
        loss = float(mean_loss(objective.loss, objective.y, objective.weights, z))
        return loss + self._of_penalty(self.params + move)

    def _of_penalty(self, params):
        return self.norms.value(params.ravel()) + float(np.sum(self.l2 * params**2)) / 2


def _norms(objective):
    """The norms of the penalty; None where it has none."""
    design, n_targets = objective.design, math.prod(objective.output_shape)
    return norms_of(objective.penalty, design.n_features, design.n_parameters, n_targets)


def _are_small(norms):
    """Whether there are norms, and no group is too large for a working set."""
    return norms is not None and 2 * norms.sizes.max() <= LARGEST


def _part(design, rows):
    """The design matrix of some rows of parameters, the last being the intercept."""
    if len(rows) == design.n_parameters:
        return design
    columns = rows[rows < design.n_features]
    coordinates = design.coordinates.of_columns(columns)
    # an index would make dense rows that lie column by column, which the kernels copy
    X = design.X[:, columns] if design.is_sparse else np.take(design.X, columns, axis=1)
    return DesignMatrix(X, design.fit_intercept, coordinates)


def _first(values, sizes, most):
    """Numbers of the groups of the largest values: as many as hold `most` coefficients, or one."""
    order = np.argsort(-values, kind="stable")
    return order[: max(1, np.searchsorted(np.cumsum(sizes[order]), most, side="right"))]


def _has_products(X):
    """Whether the products of columns cost at most some passes over the rows."""
    return not sparse.issparse(X) or X.nnz <= LARGEST_ROW * X.shape[0]
