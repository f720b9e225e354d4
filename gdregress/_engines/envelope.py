"""The engine of kinks: descent over all rows along smooth envelopes of the objective.

The method of multipliers finds the minima of losses with two linear pieces, which lie at kinks,
see `Multipliers`. An epoch is one Newton step: the predictions of its direction and one gradient,
or one reduction each for rows in blocks.
"""

import math

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._engines.engine import Engine
from gdregress._engines.envelope_rows import InBlocks, InMemory
from gdregress._engines.multipliers import Multipliers, diagonal
from gdregress._objective.design import SMALLEST_VARIANCE
from gdregress._objective.hidden import hides_directions
from gdregress._objective.moments import affordable


class Envelope(Engine):
    """Newton steps on envelopes that approach the objective, with a proven gap.

    Every row of the history belongs to the best parameters so far; its learning rate is the length
    of the last step in units of a full Newton step.
    """

    method = "envelope"

    def __init__(self, run, meter):
        super().__init__(run, meter)
        self.targets, self.rows, self.reported = [], None, None

    @staticmethod
    def covers(objective):
        """Whether the engine supports loss and penalty, on arrays of NumPy.

        For rows in blocks the second derivatives have to be affordable. The perceptron is not
        supported, because its minimum is at coefficients of zero.
        """
        loss, terms = objective.loss.base_loss, objective.penalty.kernel_terms
        coordinates = objective.design.coordinates
        return (
            loss.pieces is not None
            and not (loss.target_range == "labels" and loss.pieces.value(np.zeros(1)) == 0)
            and terms is not None
            and (coordinates is None or coordinates.is_shared)
            and isinstance(objective.y, np.ndarray)
            and (objective.has_rows or affordable(objective.design))
        )

    def epochs(self, state, max_epochs):
        for _ in range(max_epochs):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                if state.params is not self.reported:  # or the loop has changed them
                    self._begin(state)
                state.multipliers = None  # they hold arrays of the length of the rows
                row = self._row(state, self._step())
            yield row

    def _begin(self, state):
        """The `Multipliers` of the targets, at the parameters or as stored in a resumed run."""
        objective, params = self.run.objective, state.params.astype(float)
        columns = params.reshape(len(params), -1)
        self.rows = (InMemory if objective.has_rows else InBlocks)(objective, columns)
        terms = objective.penalty.kernel_terms
        l1, l2 = (self._of_parameters(strengths, 0.0) for strengths in (terms.l1, terms.l2))
        lower, upper = terms.bounds or (-np.inf, np.inf)
        bounds = self._of_parameters(lower, -np.inf), self._of_parameters(upper, np.inf)
        squares, loss = diagonal(self.rows.bases[0]), objective.loss.base_loss
        flat = squares <= SMALLEST_VARIANCE  # they change predictions by rounding only
        self.targets = [
            Multipliers(loss.of_target(k).pieces, l1, l2, base, column, scale, flat, *bounds)
            for k, (column, base, scale) in enumerate(
                zip(columns.T, self.rows.bases, self.rows.scales, strict=True)
            )
        ]
        for target in self.targets:
            target.has_digits = not self._hides_directions(target)
        for k, where in enumerate(state.multipliers or ()):
            self.targets[k].go_to(where)
            self.rows.go_to(k, where)

    def _hides_directions(self, target):
        objective, pieces = self.run.objective, target.pieces
        if target.base.ndim == 1:
            return False
        slope = max(abs(pieces.lower), abs(pieces.upper))
        columns = slice(objective.design.n_features)
        penalty = target.l1[columns], target.scale * target.l2[columns]
        weights = objective.weights if objective.has_rows else None
        return hides_directions(objective.design, target.base, weights, slope, *penalty)

    def _of_parameters(self, numbers, of_intercept):
        """Numbers of the penalty, one or one for each coefficient, for all parameters."""
        design = self.run.objective.design
        found = np.full(design.n_parameters, of_intercept, dtype=float)
        found[: design.n_features] = numbers
        return found

    def _step(self):
        """Take one Newton step of every target, and return the largest of their lengths."""
        for target, model in zip(self.targets, self.rows.models(self.targets), strict=True):
            target.aim(*model)
        lengths = []
        for k, (sums, derivative) in enumerate(self.rows.along(self.targets)):
            target = self.targets[k]
            with one_thread_of_blas():
                length, is_over = target.advance(sums, derivative)
            self.rows.move(k, target, length)
            if is_over:
                self.rows.recentre(k, target)
                target.begin_round()
            lengths.append(length)
        return max(lengths)

    def _row(self, state, length):
        """Measure the best parameters so far."""
        run, like = self.run, state.params
        best = np.column_stack([target.best_params for target in self.targets])
        gradient = np.column_stack([target.gradient for target in self.targets])
        loss = math.fsum(target.best_loss for target in self.targets)
        penalty = math.fsum(target.best - target.best_loss for target in self.targets)
        gap = math.fsum(target.gap for target in self.targets)
        state.params = best.reshape(like.shape).astype(like.dtype)
        state.multipliers = [
            target.where() | self.rows.where(k) for k, target in enumerate(self.targets)
        ]
        state.count += 1
        state.epoch += 1
        gradient = gradient.reshape(like.shape).astype(like.dtype)
        norm = run.objective.scaled_norm(gradient, run.gradient_units)
        row = self.meter.append(state, state.params, length, loss, penalty, norm, gap=gap)
        self.reported = state.params
        return row
