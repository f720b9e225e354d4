"""The objective that is a function of the caller's."""

import math

import numpy as np

from gdregress._array_api import asarray, dot, namespace, same_numbers
from gdregress.objective import Objective
from gdregress.samplers import ALL_ROWS

# A step asks for values where it starts, where it ends and where the next one looks ahead.
KEPT = 3


class FunctionObjective(Objective):
    """F(x) = f(x) + R(x), x a flat vector, all of which is penalised.

    Parameters
    ----------
    function : Function
    penalty : Penalty
    n_samples : int or None
        Rows that f is a mean over; None where it knows no rows.
    """

    loss = None
    rounding = 1e-14

    def __init__(self, function, penalty, n_samples=None):
        self.function = function
        self.penalty = penalty
        self.n_samples = n_samples or 1
        self.all_rows = None if n_samples is None else np.arange(n_samples)
        self.design = _NoRows
        self._valued = [(None, None)] * KEPT
        self._sloped = (None, None)

    def loss_value(self, params, ahead=None):
        for known, value in self._valued:
            if same_numbers(known, params):
                return value
        if self.function.joint and ahead is params:
            self._look(params)
        else:
            self._keep(params, self.function.value(params, self.all_rows))
        return self._valued[-1][1]

    def gradient(self, params, rows=ALL_ROWS):
        if rows is not ALL_ROWS:
            return self.function.gradient(params, self.all_rows[rows])
        if not same_numbers(self._sloped[0], params):
            if self.function.joint:
                self._look(params)
            else:
                self._sloped = (params, self.function.gradient(params, self.all_rows))
        return self._sloped[1]

    def batches(self, sampler, rng):
        """Batches of rows numbered in NumPy, as the function is handed them."""
        return sampler.batches(self.n_samples, rng)

    def _look(self, params):
        value, gradient = self.function.value_and_gradient(params, self.all_rows)
        self._keep(params, value)
        self._sloped = (params, gradient)

    def _keep(self, params, value):
        self._valued = [*self._valued[1:], (params, value)]

    @property
    def column_mean_squares(self):
        """1: a function has no columns whose units could differ."""
        xp = namespace(self._sloped[1])
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
