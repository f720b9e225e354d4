"""The engine of kinks: descent over all rows along smooth envelopes of the objective.

Losses of two linear pieces are followed to their kinks by the method of multipliers, see
`Multipliers`. An epoch is one Newton step: the predictions of its direction and one gradient.
"""

import math

import numpy as np

from gdregress._engines.engine import Engine
from gdregress._engines.multipliers import Multipliers
from gdregress._objective.products import Products
from gdregress.losses.pieces import position


class Envelope(Engine):
    """Newton steps on envelopes that approach the objective, with a proven gap.

    Every row of the history is that of the best parameters so far; its learning rate is the
    length of the last step, in units of a full Newton step.
    """

    def __init__(self, run, meter):
        super().__init__(run, meter)
        self.targets = []
        self.reported = None

    @classmethod
    def supports(cls, run, state):
        return run.method == "envelope"

    @staticmethod
    def covers(objective):
        """Whether the engine knows loss and penalty, on arrays of NumPy.

        Not the perceptron, whose minimum is at coefficients of zero.
        """
        loss, terms = objective.loss.base_loss, objective.penalty.kernel_terms
        coordinates = objective.design.coordinates
        return (
            loss.pieces is not None
            and not (loss.target_range == "labels" and loss.pieces.value(np.zeros(1)) == 0)
            and terms is not None
            and terms.bounds is None
            and (coordinates is None or coordinates.separable)
            and isinstance(objective.y, np.ndarray)
        )

    def epochs(self, state, max_epochs):
        for _ in range(max_epochs):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                if state.params is not self.reported:  # at first, or put elsewhere since
                    self._begin(state)
                row = self._row(state, self._step())
            yield row

    def _begin(self, state):
        """The targets, each at its parameters, or where it was in a run that is taken up."""
        objective, params = self.run.objective, state.params
        design, n = objective.design, objective.n_samples
        shares = np.full(n, 1 / n) if objective.weights is None else objective.weights / n
        shares = shares.astype(float)
        products = Products(design, shares)
        base = products.diagonal() if products.matrix is None else products.matrix
        l1, l2 = (self._strengths(name) for name in ("l1", "l2"))
        columns = params.astype(float).reshape(len(params), -1)
        z, y = self._predict(columns), _target_columns(objective)
        loss = objective.loss.base_loss
        self.targets = []
        for k in range(columns.shape[1]):
            u, sign = position(loss, y[:, k], z[:, k])
            pieces = loss.of_target(k).pieces
            self.targets.append(Multipliers(pieces, sign, shares, l1, l2, base, columns[:, k], u))
        for target, where in zip(self.targets, state.multipliers or (), strict=False):
            target.go_to(where)

    def _strengths(self, name):
        """Of a part of the penalty, for all parameters."""
        design = self.run.objective.design
        strengths = np.zeros(design.n_parameters)
        strengths[: design.n_features] = getattr(self.run.objective.penalty.kernel_terms, name)
        return strengths

    def _step(self):
        """One Newton step of every target; the longest share of one that was taken."""
        design = self.run.objective.design
        slopes = np.column_stack([target.slopes() for target in self.targets])
        gradient = self._adjoint(slopes)
        directions = [
            t.direction(design, g) for t, g in zip(self.targets, gradient.T, strict=True)
        ]
        moves = self._predict(np.column_stack([step for step, _ in directions]))
        to_sparse = np.zeros_like(moves)
        if self.targets[0].l1.any():
            to_sparse = self._predict(np.column_stack([sparse for _, sparse in directions]))
        return max(
            target.advance(dz, sparse)
            for target, dz, sparse in zip(self.targets, moves.T, to_sparse.T, strict=True)
        )

    def _predict(self, columns):
        design = self.run.objective.design
        return design.predict(columns.astype(design.X.dtype)).astype(float)

    def _adjoint(self, columns):
        design = self.run.objective.design
        return design.adjoint(columns.astype(design.X.dtype)).astype(float)

    def _row(self, state, length):
        """Measure the best parameters so far."""
        run, like = self.run, state.params
        best = np.column_stack([target.best_params for target in self.targets])
        gradient = np.column_stack([target.gradient for target in self.targets])
        loss = math.fsum(target.best_loss for target in self.targets)
        penalty = math.fsum(target.best - target.best_loss for target in self.targets)
        gap = math.fsum(target.gap for target in self.targets)
        state.params = best.reshape(like.shape).astype(like.dtype)
        state.multipliers = [target.where() for target in self.targets]
        state.count += 1
        state.epoch += 1
        gradient = gradient.reshape(like.shape).astype(like.dtype)
        norm = run.objective.scaled_norm(gradient, run.gradient_units)
        row = self.meter.append(state, state.params, length, loss, penalty, norm, gap=gap)
        self.reported = state.params
        return row


def _target_columns(objective):
    """Targets, or labels of -1 and 1 of every class, one column each."""
    y = objective.y.astype(float)
    if objective.loss.n_outputs is None:
        return y.reshape(len(y), -1)
    return np.where(y[:, None] == np.arange(objective.loss.n_outputs), 1.0, -1.0)
