"""What engines share that choose a direction for all parameters and how far to go along it.

A prediction along a direction d is z + t dz with dz = A d, so that a search for t reads no row of
the data: the passes of an epoch are dz and the gradient A' L'(z) at its end.
"""

from abc import abstractmethod

import numpy as np

from gdregress._engines.engine import Engine
from gdregress._utils.array_api import dot, namespace

# Steps after which the predictions are computed anew, as each step adds rounding to them.
RENEWED = 16
# Steps whose progress says whether an estimate of what is left is worth its passes.
RECENT = 3


class Directions(Engine):
    """Steps along directions over all rows, of smooth losses with one target.

    The learning rate in the history is the length of a step in units of its direction.

    Attributes
    ----------
    shares : array of shape (n_samples,)
        Weights of the rows, which sum to 1.
    l2 : array of shape (n_parameters,)
        Strengths of that part of the penalty, zero for the intercept.
    params, of_loss, gradient : arrays of shape (n_parameters,)
        The parameters, and the gradient there of the loss and of loss and l2; of NumPy in double
        precision.
    z : array of shape (n_samples,)
        The predictions.
    """

    def __init__(self, run, meter):
        super().__init__(run, meter)
        self.known = None

    @staticmethod
    def knows(objective):
        """Whether these engines know loss and penalty, which is for one target only."""
        loss, terms = objective.loss, objective.penalty.kernel_terms
        coordinates = objective.design.coordinates
        return (
            loss.smooth
            and loss.kernel is not None
            and terms is not None
            and terms.bounds is None
            and (coordinates is None or coordinates.separable)
            and objective.output_shape == ()
        )

    def epochs(self, state, max_epochs):
        for _ in range(max_epochs):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                if state.params is not self.known:  # at first, or put elsewhere since
                    self.begin(state)
                direction, dz = self.direction(state)
                length = self.length(direction, dz)
                self._advance(state, direction, dz, length)
                row = self._row(state, length)
            yield row

    @abstractmethod
    def direction(self, state):
        """Where to go from the parameters, and what that does to the predictions."""

    @abstractmethod
    def length(self, direction, dz):
        """How far to go."""

    def begin(self, state):
        """Take predictions and gradient at the parameters."""
        objective = self.run.objective
        xp, weights = namespace(objective.y), objective.weights
        weights = xp.ones_like(objective.y) if weights is None else weights
        self.shares = _wide(weights / objective.n_samples)
        self.l2 = objective.like_y(objective.penalty_curvature()[:, 0], exact=True)
        self.params, self.steps = _wide(state.params), 0
        self.z = self.predictions(state.params)
        self._take_gradient()

    def predictions(self, params):
        """A @ params."""
        return _wide(self.run.objective.design.predict(self._like_data(params)))

    def _like_data(self, array):
        dtype = self.run.objective.y.dtype
        return array if array.dtype == dtype else namespace(array).astype(array, dtype)

    def _advance(self, state, direction, dz, length):
        self.params = self.params + length * direction
        state.params = self.known = self._like_data(self.params)
        self.steps += 1
        self.z = self.z + length * dz if self.steps % RENEWED else self.predictions(self.params)
        self._take_gradient()
        state.count += 1
        state.epoch += 1

    def _take_gradient(self):
        objective = self.run.objective
        slopes = self.shares * objective.loss.gradient(objective.y, self.z)
        self.of_loss = _wide(objective.design.adjoint(self._like_data(slopes)))
        self.gradient = self.of_loss + self.l2 * self.params

    def _row(self, state, length):
        run, objective, params = self.run, self.run.objective, state.params
        loss = dot(self.shares, objective.loss.value(objective.y, self.z))
        penalty = objective.penalty_value(params)
        mapping = objective.gradient_mapping(params, self.of_loss, run.gradient_step)
        norm = objective.scaled_norm(mapping, run.gradient_units)
        gap = self._gap(norm, params, loss + penalty)
        return self.meter.append(state, params, length, loss, penalty, norm, gap=gap)

    def _gap(self, norm, params, value):
        """F - F*: an estimate where the last steps have brought little, else what they brought."""
        certificate, values = self.run.certificate, self.run.history["objective"]
        if certificate is None:
            return None
        left = certificate.tol**2 * max(certificate.null_objective - value, 0.0)
        recent = values[-min(RECENT, len(values))] - value
        if recent > max(left, self.run.objective.rounding * abs(value)):
            return max(certificate.proportion(norm), recent)
        return certificate.gap(norm, params, value)


def _wide(array):
    """In double precision where that costs nothing to speak of."""
    return array.astype(float, copy=False) if isinstance(array, np.ndarray) else array
