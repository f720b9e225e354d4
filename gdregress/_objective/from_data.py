"""The objective from the data themselves: any loss, any rows."""

import numpy as np

from gdregress._objective import fused_pass as look
from gdregress._objective import jitted
from gdregress._objective.base import Objective
from gdregress._objective.cache import Recent
from gdregress._objective.deferred import Unread
from gdregress._objective.evaluation import mean_gradient, mean_loss
from gdregress._utils.array_api import take_rows
from gdregress.losses import SquaredError
from gdregress.samplers import ALL_ROWS

# A line search asks for values where a step starts and ends, and where the next one looks ahead;
# the start of a run is asked for again after its curvature has been measured.
KEPT_VALUES, KEPT_GRADIENTS = 4, 2


class DataObjective(Objective):
    """F from the data themselves: any loss, any rows."""

    def __init__(self, design, y, weights, loss, penalty):
        super().__init__(design, y, weights, loss, penalty)
        self._predictions = Recent(1)
        self._values = Recent(KEPT_VALUES)
        self._gradients = Recent(KEPT_GRADIENTS)

    def predict(self, params):
        """Raw predictions of all rows."""
        z = self._predictions.get(params, by_numbers=False)
        return self._predictions.keep(params, self.design.predict(params)) if z is None else z

    def loss_value(self, params, ahead=None):
        if not self.is_looked_at():
            return self._weighted_mean(self.loss, params)
        value = self._values.get(params)
        if value is None:
            value, _ = self._look(params, ahead, ahead is not None)
        return float(value)

    def unread_loss(self, params):
        """`loss_value` as `Unread`; the gradient will be asked for at the same parameters."""
        if not self.is_looked_at():
            return Unread(self._mean_loss(self.loss, params))
        value = self._values.get(params, by_numbers=False)
        if value is None:
            value, _ = self._look(params)
        return Unread(value)

    def trial_value(self, params, ahead):
        """The loss at parameters that a line search tries, whose own next trial starts ahead.

        Loss and gradient there come from the same pass over the data.
        """
        if not self.is_looked_at() or ahead is None:
            return self.loss_value(params)
        values, gradient = self._pass(params, ahead, both_values=True)
        self._gradients.keep(ahead, gradient)
        self._values.keep(ahead, float(values[1]))
        return self._values.keep(params, float(values[0]))

    def mean_squared_residual(self, params):
        """Weighted mean of (z - y)^2, summed over the targets."""
        return 2 * self._weighted_mean(SquaredError(), params)

    def _weighted_mean(self, loss, params):
        return float(self._mean_loss(loss, params))

    def _mean_loss(self, loss, params):
        return mean_loss(loss, self.y, self.weights, self.predict(params))

    def gradient(self, params, rows=ALL_ROWS):
        if rows is not ALL_ROWS:
            design, y = self.design.take(rows), take_rows(self.y, rows)
            weights = None if self.weights is None else take_rows(self.weights, rows)
            return mean_gradient(design, self.loss, y, weights, design.predict(params))
        if not self.is_looked_at():
            z = self.predict(params)
            return mean_gradient(self.design, self.loss, self.y, self.weights, z)
        gradient = self._gradients.get(params, by_numbers=self.granted is None)
        return self._look(params)[1] if gradient is None else gradient

    def is_looked_at(self):
        by_core = look.applies(self.design, self.y, self.loss)
        return by_core or jitted.applies(self.y, self.loss)

    def _look(self, params, ahead=None, gradient=True):
        """Value, and gradient there or ahead, if it is asked for, from one pass."""
        ahead = params if ahead is None else ahead
        value, slope = self._pass(params, None if ahead is params else ahead, gradient)
        if gradient:
            self._gradients.keep(ahead, slope)
        return self._values.keep(params, value), slope

    def _pass(self, params, ahead, gradient=True, both_values=False):
        """One pass over all rows, see `look.look`; the first one also squares the columns."""
        data = self.design, self.y, self.weights, self.loss
        if not isinstance(self.y, np.ndarray):
            return jitted.look(*data, params, ahead, gradient, both_values)
        known = self.moments is not None or self._column_mean_squares is not None
        squares = None
        if gradient and not known and look.has_squares(self.design.X):
            squares = np.empty(self.design.n_parameters)
        result = look.look(*data, params, ahead, gradient, both_values, squares)
        if squares is not None:
            self._column_mean_squares = squares
        return result
