"""The objective that is a function of the caller's."""

import math

import numpy as np

from gdregress._objective.base import Objective
from gdregress._objective.cache import Cache
from gdregress._objective.deferred import DeferredScalar
from gdregress._utils.array_api import asarray, dot, namespace
from gdregress.samplers import ALL_ROWS

# A step needs the values where it starts, where it ends, and at the next point of a gradient.
KEPT_VALUES = 3


class FunctionObjective(Objective):
    """F(x) = f(x) + R(x) of a flat vector x; the penalty acts on all of x.

    Parameters
    ----------
    function : Function
    penalty : Penalty
    n_samples : int or None
        Rows that f is a mean over; None where it knows no rows.
    """

    loss = None
    has_rows = False
    keeps_gradients = True
    rounding = 1e-14

    def __init__(self, function, penalty, n_samples=None):
        self.function = function
        self.penalty = penalty
        self.n_samples = n_samples or 1
        self.all_rows = None if n_samples is None else np.arange(n_samples)
        self.design = _NoRows
        self._values = Cache(KEPT_VALUES)
        self._gradients = Cache(1)

    def loss_value(self, params, next_point=None):
        value = self._values.get(params)
        if value is not None:
            return value
        if self.function.joint and next_point is params:
            return self._evaluate(params)[0]
        return self._values.keep(params, self.function.value(params, self.all_rows))

    def is_unlearned(self, value):
        return False

    def to_user(self, params):
        return params

    def deferred_loss(self, params):
        return DeferredScalar(self.loss_value(params))

    def gradient(self, params, rows=ALL_ROWS):
        if rows is not ALL_ROWS:
            return self.function.gradient(params, self.all_rows[rows])
        gradient = self._gradients.get(params)
        if gradient is not None:
            return gradient
        if self.function.joint:
            return self._evaluate(params)[1]
        return self._gradients.keep(params, self.function.gradient(params, self.all_rows))

    def batches(self, sampler, rng):
        """Batches of rows numbered in NumPy, as the function is handed them."""
        return sampler.batches(self.n_samples, rng)

    def _evaluate(self, params):
        """Value and gradient, from one call."""
        value, gradient = self.function.value_and_gradient(params, self.all_rows)
        return self._values.keep(params, value), self._gradients.keep(params, gradient)

    @property
    def column_mean_squares(self):
        """1: a function has no columns whose units could differ."""
        xp = namespace(self._gradients.last())
        return asarray([1.0], xp, None)

    def scaled_norm(self, gradient, scales):
        """Euclidean norm; there are no units to measure in."""
        largest = float(namespace(gradient).max(abs(gradient)))
        if not 0 < largest < math.inf:
            return largest
        ratio = gradient / largest
        return largest * math.sqrt(dot(ratio, ratio))


class _NoRows:
    """Stands where the design matrix does for data: every parameter is a coefficient."""

    @staticmethod
    def coef(params):
        return params

    @staticmethod
    def join(coef, params):
        return coef
