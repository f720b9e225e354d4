"""The base class of engines that choose a direction for all parameters and a length along it.

Predictions along a direction d are z + t dz with dz = A d, so that the search for t reads no rows.
An epoch reads the rows for dz, and for the predictions and the gradient at its end.
"""

from abc import abstractmethod

import numpy as np

from gdregress._engines.engine import Engine
from gdregress._objective.evaluation import over_targets
from gdregress._utils.array_api import namespace

# `recent`, of steps that may be short one after the other, and of Newton steps.
RECENT, RECENT_OF_NEWTON = 3, 1


class Directions(Engine):
    """Steps along directions over all rows, of smooth losses.

    The learning rate in the history is the length of a step in units of its direction, the largest
    one if each target has its own.

    Attributes
    ----------
    l2 : array of shape (n_parameters,), or (n_parameters, 1 or n_targets)
        Strengths of l2, zero for the intercept.
    params, of_loss, gradient : arrays of shape (n_parameters,) or (n_parameters, n_targets)
        The parameters, the gradient of the loss, and that of loss and l2; NumPy arrays are in
        double precision.
    z : array of shape (n_samples,) or (n_samples, n_targets)
        The predictions.
    recent : int
        Count of the last steps whose decrease decides whether the gap is estimated, which takes
        passes.
    """

    def __init__(self, run, meter):
        super().__init__(run, meter)
        self.known, self.recent = None, RECENT

    @staticmethod
    def knows(objective):
        """Whether these engines support loss and penalty."""
        terms = objective.penalty.kernel_terms
        return knows(objective.loss) and terms is not None and terms.bounds is None

    def epochs(self, state, max_epochs):
        for _ in range(max_epochs):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                if state.params is not self.known:  # or the loop has changed them
                    self.begin(state)
                direction, dz = self.direction(state)
                length = self.length(direction, dz)
                del dz  # as long as the rows
                self._advance(state, direction, length)
                row = self._row(state, _longest(length))
            yield row

    @abstractmethod
    def direction(self, state):
        """Return the direction d from the parameters, and A d, the change of the predictions."""

    @abstractmethod
    def length(self, direction, dz):
        """Return the length of the step, or one for each target."""

    def begin(self, state):
        """Compute predictions and gradient at the parameters."""
        objective = self.run.objective
        l2 = objective.penalty_curvature()
        self.l2 = objective.like_y(l2 if len(state.params.shape) == 2 else l2[:, 0], exact=True)
        self._take(state.params)

    def _take(self, params):
        """Compute all from the parameters only, so that a resumed run is the same to the bit."""
        self.known, self.params = params, wide(params)
        of_loss, z = self.run.objective.gradient_and_predictions(params)
        self.of_loss, self.z = wide(of_loss), wide(z)
        self.gradient = self.of_loss + self.l2 * self.params

    def predictions(self, params):
        """A @ params."""
        return wide(self.run.objective.design.predict(self._like_data(params)))

    def share(self, values):
        """The contribution of every row to a weighted mean; NumPy arrays are overwritten."""
        objective = self.run.objective
        if objective.weights is not None:
            values = values * over_targets(objective.weights, values)
        if not isinstance(values, np.ndarray):
            return values / objective.n_samples
        values /= objective.n_samples
        return values

    def _like_data(self, array):
        dtype = self.run.objective.y.dtype
        return array if array.dtype == dtype else namespace(array).astype(array, dtype)

    def _advance(self, state, direction, length):
        state.params = self._like_data(self.params + length * direction)
        state.count += 1
        state.epoch += 1
        self._take(state.params)

    def _row(self, state, length):
        run, objective, params = self.run, self.run.objective, state.params
        loss, penalty = objective.loss_value(params), objective.penalty_value(params)
        mapping = objective.gradient_mapping(params, self.of_loss, run.gradient_step)
        norm = objective.scaled_norm(mapping, run.gradient_units)
        gap = self._gap(norm, params, loss + penalty)
        return self.meter.append(state, params, length, loss, penalty, norm, gap=gap)

    def _gap(self, norm, params, value):
        """F - F*: an estimate if the last steps have decreased F little, else that decrease.

        With the products of the rows an estimate costs next to nothing.
        """
        certificate, values = self.run.certificate, self.run.history["objective"]
        if certificate is None:
            return None
        left = certificate.tol**2 * max(certificate.null_objective - value, 0.0)
        recent = values[-min(self.recent, len(values))] - value
        dear = self.run.objective.row_space is None and norm > certificate.rounding
        if dear and recent > max(left, self.run.objective.rounding * abs(value)):
            return certificate.proportion(norm, value, recent)
        return certificate.gap(norm, params, value)


def knows(loss):
    """Whether the engines support a loss."""
    return loss.kernel is not None and loss.convex and loss.smooth


def _longest(length):
    """Return the longest of the lengths of all targets."""
    return length if isinstance(length, float) else float(namespace(length).max(length))


def wide(array):
    """Convert arrays of NumPy to double precision."""
    return array.astype(float, copy=False) if isinstance(array, np.ndarray) else array
