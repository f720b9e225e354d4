"""The loss along a line of predictions, z + t dz: no row of the data is read for it."""

import math

import numpy as np

from gdregress._objective import fused_pass
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import over_targets
from gdregress._utils.array_api import dot

# Rows of a block, whose predictions are copied.
BLOCK = 1 << 18
# Predictions of a row above which the products of the core would take longer than the loss.
MOST_PREDICTIONS = 32


class Line:
    """f(t) = sum_i s_i L(y_i, z_i + t dz_i) / n, summed over the targets.

    It is the objective of a design of two columns for each prediction, z and dz, which the core
    evaluates in a fused pass.

    Parameters
    ----------
    loss : Loss
    y : array
    weights : array or None
    z, dz : arrays of shape (n_samples,) or (n_samples, n_predictions)
        Of double precision where they are NumPy's.
    """

    def __init__(self, loss, y, weights, z, dz):
        self.loss, self.y, self.weights = loss, y, weights
        self.n_samples, self.z, self.dz = z.shape[0], z, dz
        self.by_core = isinstance(z, np.ndarray) and self._is_known()
        self.block = self._two_columns(slice(None)) if self.n_samples <= BLOCK else None

    def _is_known(self):
        """Whether the core has the loss of so many predictions."""
        if math.prod(self.z.shape[1:]) > MOST_PREDICTIONS:
            return False
        design, y, _ = self._two_columns(slice(1))
        return fused_pass.supports(design, y, self.loss)

    def _two_columns(self, rows):
        """The design matrix of some rows, their y and weights."""
        if not isinstance(self.z, np.ndarray):
            return None
        each = [
            array[rows].reshape(-1, math.prod(self.z.shape[1:])) for array in (self.z, self.dz)
        ]
        y, weights = self.y[rows].astype(float, copy=False), None
        if self.weights is not None:
            weights = self.weights[rows].astype(float, copy=False)
        return DesignMatrix(np.concatenate(each, axis=1), False), y, weights

    def slope(self, t):
        """f'(t)."""
        if not self.by_core:
            slopes = self.loss.gradient(self.y, self.z + t * self.dz) / self.n_samples
            if self.weights is not None:
                slopes = slopes * over_targets(self.weights, slopes)
            return dot(slopes, self.dz)
        if self.block is not None:
            return self._slope_of(t, *self.block) / self.n_samples
        starts = range(0, self.n_samples, BLOCK)
        # no name holds a block while the next one is copied
        slopes = (self._slope_of(t, *self._two_columns(slice(i, i + BLOCK))) for i in starts)
        return math.fsum(slopes) / self.n_samples

    def _slope_of(self, t, design, y, weights):
        """The sum over some rows."""
        params = np.array([1.0, t])
        if self.z.ndim == 2:
            params = np.concatenate([np.eye(self.z.shape[1]), t * np.eye(self.z.shape[1])])
        gradient = fused_pass.fused_pass(design, y, weights, self.loss, params)[1]
        slope = gradient[1] if self.z.ndim == 1 else np.trace(gradient[self.z.shape[1] :])
        return float(slope) * design.n_samples
