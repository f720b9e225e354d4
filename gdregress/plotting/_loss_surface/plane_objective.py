"""The objective of a fit over a plane of its parameters."""

import numpy as np

from gdregress._core.threads import map_in_threads
from gdregress._objective.evaluation import mean_loss
from gdregress._utils.array_api import to_numpy

# Rows per block: their predictions stay in the cache from one point of the plane to the next.
AT_ONCE = 16_384


class PlaneObjective:
    """F(origin + u d_1 + v d_2), a function of two numbers.

    Raw predictions are linear in the parameters, z = z_0 + u z_1 + v z_2. Hence a point costs as
    much as the losses of all rows, whatever the number of features.

    Parameters
    ----------
    plane : Plane
    """

    def __init__(self, plane):
        self.training, self.vectors = plane.training, plane.in_run()
        predict, shaped = self.training.objective.design.predict, self.training.as_parameters
        self._predicted = [predict(shaped(vector)) for vector in self.vectors]

    def effect_of_unit(self):
        """Root mean square change of the predictions for u = 1 and for v = 1."""
        return tuple(float(np.sqrt(np.mean(to_numpy(z) ** 2))) for z in self._predicted[1:])

    def __call__(self, u, v):
        """Evaluate F at some points.

        Parameters
        ----------
        u, v : ndarray of shape (n_points,)

        Returns
        -------
        values : ndarray of shape (n_points,)
        """
        objective = self.training.objective
        n, step = objective.n_samples, max(1, AT_ONCE // self.training.n_targets)

        def part(start, stop) -> np.ndarray:
            rows = slice(start, stop)
            base, first, second = (z[rows] for z in self._predicted)
            y, weights = objective.y[rows], objective.weights
            weights = None if weights is None else weights[rows]
            share = (stop - start) / n
            with np.errstate(over="ignore", invalid="ignore"):
                z = (base + p * first + q * second for p, q in zip(u, v, strict=True))
                return share * np.array(
                    [float(mean_loss(objective.loss, y, weights, each)) for each in z]
                )

        pieces = [(start, min(start + step, n)) for start in range(0, n, step)]
        return np.sum(map_in_threads(part, pieces), axis=0) + self._penalty(u, v)

    def _penalty(self, u, v):
        origin, first, second = self.vectors
        points = (origin + p * first + q * second for p, q in zip(u, v, strict=True))
        as_parameters, value = self.training.as_parameters, self.training.objective.penalty_value
        with np.errstate(over="ignore", invalid="ignore"):
            return np.array([value(as_parameters(point)) for point in points])
