"""The loss along a line of predictions, z + t dz: no row of the data is read for it."""

import numpy as np

from gdregress._objective import fused_pass
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import over_targets
from gdregress._utils.array_api import dot

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
        self.n_samples, self.z, self.dz = len(z), z, dz
        self.design = self._two_columns() if isinstance(z, np.ndarray) else None

    def _two_columns(self):
        """The design matrix; None where the core does not know the loss."""
        each = [array.reshape(self.n_samples, -1) for array in (self.z, self.dz)]
        if each[0].shape[1] > MOST_PREDICTIONS:
            return None
        design = DesignMatrix(np.concatenate(each, axis=1), False)
        self.y = self.y.astype(float, copy=False)
        if self.weights is not None:
            self.weights = self.weights.astype(float, copy=False)
        return design if fused_pass.supports(design, self.y, self.loss) else None

    def slope(self, t):
        """f'(t)."""
        if self.design is None:
            slopes = self.loss.gradient(self.y, self.z + t * self.dz) / self.n_samples
            if self.weights is not None:
                slopes = slopes * over_targets(self.weights, slopes)
            return dot(slopes, self.dz)
        params = np.array([1.0, t])
        if self.z.ndim == 2:
            params = np.concatenate([np.eye(self.z.shape[1]), t * np.eye(self.z.shape[1])])
        data = self.design, self.y, self.weights, self.loss
        gradient = fused_pass.fused_pass(*data, params)[1]
        return float(gradient[1] if self.z.ndim == 1 else np.trace(gradient[self.z.shape[1] :]))
