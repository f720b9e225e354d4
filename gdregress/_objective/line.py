"""The loss along a line of predictions, z + t dz: no row of the data is read for it."""

import numpy as np

from gdregress._core import core
from gdregress._core.threads import memory_apart, pieces_of, sum_in_threads
from gdregress._objective.evaluation import over_targets
from gdregress._utils.array_api import dot
from gdregress._utils.caches import computed_once

# Bytes of the predictions of a block of rows, which stay in the cache.
BLOCK_BYTES = 1 << 14


class Line:
    """f(t) = sum_i s_i L(y_i, z_i + t dz_i) / n, summed over the targets.

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
        self.by_core = isinstance(z, np.ndarray) and core.is_compiled() and core.has_loss(loss)

    def slope(self, t):
        """f'(t)."""
        if self.by_core:
            return self._slope_by_core(t)
        slopes = self.loss.gradient(self.y, self.z + t * self.dz) / self.n_samples
        if self.weights is not None:
            slopes = slopes * over_targets(self.weights, slopes)
        return dot(slopes, self.dz)

    @computed_once
    def _slope_by_core(self):
        """From t to f'(t); what does not depend on t is prepared once.

        It does not hold the line, so that both go, with arrays as long as the rows, once they are
        out of use.
        """
        y, z, dz = (core.target_columns(a) for a in (self.y, self.z, self.dz))
        loss, weights = core.kernel_loss(self.loss), core.kernel_weights(self.weights, y.dtype)
        n, rows = self.n_samples, max(8, BLOCK_BYTES // (8 * z.shape[1]))
        pieces = pieces_of(n, 8 * z.shape[1])

        def slope(t):
            def add(start, stop, total):
                scratch = [memory_apart(width, rows) for width in (y.shape[1], z.shape[1])]
                core.kernels.line_pass(y, weights, z, dz, t, start, stop, loss, *scratch, total)

            return float(sum_in_threads(add, pieces, (1,))[0][0]) / n

        return slope
