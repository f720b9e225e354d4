"""The objective from the data themselves: any loss, any rows."""

import copy
import math
from functools import partial

import numpy as np

from gdregress._objective import fused_pass, jitted
from gdregress._objective.base import Objective, null_parameters
from gdregress._objective.cache import Cache
from gdregress._objective.coupled import cost_in_passes, coupled_products
from gdregress._objective.deferred import DeferredScalar
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import (
    at_predictions,
    by_rows,
    gradient_of_slopes,
    losses_of_targets,
    mean_gradient,
    mean_loss,
    squares_and_losses,
    sum_by_rows,
)
from gdregress._objective.moments import affordable
from gdregress._objective.moments_inside import curved_products
from gdregress._objective.row_space import RowSpace
from gdregress._objective.sample import each_number, each_row, step_of
from gdregress._objective.snapshot import Snapshot
from gdregress._utils.array_api import dot, is_single, namespace, take_rows, to_numpy
from gdregress._utils.caches import computed_once
from gdregress.losses import SquaredError
from gdregress.samplers import ALL_ROWS

# A line search needs the values where a step starts and ends, and at the next point of a gradient;
# the start of a run is evaluated again after its curvature has been measured.
KEPT_VALUES, KEPT_GRADIENTS = 4, 2
# Rows of a block of which second derivatives are formed.
PRODUCT_ROWS = 1 << 18


class DataObjective(Objective):
    """F from the data themselves: any loss, any rows.

    ``by_core`` says whether the compiled core has the fused pass over these rows.
    """

    def __init__(self, design, y, weights, loss, penalty, drawn=None):
        super().__init__(design, y, weights, loss, penalty, drawn)
        self.by_core = fused_pass.supports(design, y, loss)
        self._predictions = Cache(1)
        self._values = Cache(KEPT_VALUES)
        self._gradients = Cache(KEPT_GRADIENTS)
        self._models = Cache(1)
        self._passes = Cache(1)
        self._compare_numbers = True

    def in_design(self, design, penalty):
        """The objective of the same rows in other coordinates, and the penalty there."""
        return DataObjective(design, self.y, self.weights, self.loss, penalty, self.drawn)

    def with_moments(self, moments):
        """This objective with the moments of its columns, which save it passes over the data."""
        other = copy.copy(self)
        other.moments = moments
        return other

    def with_row_space(self):
        """This objective with the products of its rows, which have all of the curvature."""
        other = copy.copy(self)
        other.row_space = RowSpace(other)
        return other

    @computed_once
    def sample(self):
        """The objective of some rows; None where all are few, or not NumPy's."""
        step = step_of(self.design, self.loss, self.y)
        return self.of_each(step) if step > 1 else None

    def with_sample(self, spectrum):
        """This objective with a sample of which the spectrum is known, in the same coordinates."""
        other = copy.copy(self)
        data = spectrum.design, spectrum.y, spectrum.weights
        other.sample = DataObjective(*data, self.loss, self.penalty)
        return other

    def of_each(self, step):
        """The objective of each so many-th row, in the same coordinates."""
        y, weights = (each_number(array, step) for array in (self.y, self.weights))
        return DataObjective(each_row(self.design, step), y, weights, self.loss, self.penalty)

    def assuming(self, assumptions):
        other = copy.copy(self)
        other._compare_numbers = False  # the host would wait for the device
        return other

    def predict(self, params):
        """Raw predictions of all rows."""
        z = self._predictions.get(params, by_numbers=False)
        if z is None:
            with _flags_of_blas_ignored():
                z = self.design.predict(params)
            if not self.by_core:
                self._predictions.keep(params, z)  # loss and gradient both need them
        return z

    def loss_value(self, params, next_point=None):
        if not self.in_one_pass():
            return self._weighted_mean(self.loss, params)
        value = self._values.get(params)
        if value is None and next_point is None and self._is_constant(params):
            value = self._values.keep(params, self._value_of_constant(params))
        if value is None:
            value, _ = self._evaluate(params, next_point, next_point is not None)
        return float(value)

    def _is_constant(self, params):
        """Whether predictions are the intercepts, as those of the null model are."""
        return isinstance(params, np.ndarray) and not self.design.coef(params).any()

    def _value_of_constant(self, params):
        """`loss_value` of predictions that are the intercepts: X is not read."""
        design = self.design
        if not self.by_core:
            z = design.predict(params.astype(float))
            arrays = (self.y, z) if self.weights is None else (self.y, z, self.weights)
            return float(sum_by_rows(partial(_sum_of_losses, self.loss), *arrays)) / self.n_samples
        rows = DesignMatrix(np.empty((self.n_samples, 0), self.y.dtype), design.fit_intercept)
        intercept = design.to_user(params.astype(float))[design.n_features :]
        data = rows, self.y, self.weights, self.loss, intercept
        return fused_pass.fused_pass(*data, gradient=False)[0]

    def deferred_loss(self, params):
        if not self.in_one_pass():
            return DeferredScalar(self._mean_loss(self.loss, params))
        value = self._values.get(params, by_numbers=False)
        if value is None:
            value, _ = self._evaluate(params)
        return DeferredScalar(value)

    def trial_value(self, params, next_point):
        """The loss at parameters that a line search tries, whose next search starts at next_point.

        Loss and gradient there come from the same pass over the data.
        """
        if not self.in_one_pass() or next_point is None:
            return self.loss_value(params)
        values, gradient = self._pass(params, next_point, both_values=True)
        self._gradients.keep(next_point, gradient)
        self._values.keep(next_point, float(values[1]))
        return self._values.keep(params, float(values[0]))

    def null_parameters(self):
        """Those of the null model: coefficients of zero, and the best constant as intercept."""
        return self._null_parameters

    @computed_once
    def _null_parameters(self):
        return null_parameters(self.design, self.y, self.weights, self.loss)

    def with_loss(self, loss):
        """The objective of another loss on the same rows."""
        return DataObjective(self.design, self.y, self.weights, loss, self.penalty, self.drawn)

    def largest_curvature(self, params):
        """The largest d2L/dz2 of a row."""
        bent = self._at(self.loss.curvature_at, params)
        return float(namespace(bent).max(bent))

    def mean_curvature(self, params):
        """The weighted mean of d2L/dz2 over the rows, for each target."""
        bent = to_numpy(self._at(self.loss.curvature_at, params))
        return np.average(bent, axis=0, weights=self.weights)

    def slope_size(self, params):
        """Root mean square of dL/dz over the rows."""
        slopes = self._at(self.loss.gradient, params)
        return math.sqrt(dot(slopes, slopes) / self.n_samples)

    def hessians(self, params, z=None):
        """A' D A / n with the second derivatives D of the rows, one matrix for each target.

        Their predictions z are taken from those who have them.
        """
        if isinstance(self.y, np.ndarray) and self.n_samples > PRODUCT_ROWS:
            return self._summed_hessians(params, z)
        curvature = self.loss.curvature_at
        bent = self._at(curvature, params) if z is None else by_rows(curvature, self.y, z)
        bent = to_numpy(bent)
        design, weights = self._of_numpy()
        return [
            _hessian(design, weights, column, target)
            for target, column in enumerate(bent.reshape(len(bent), -1).T)
        ]

    def _summed_hessians(self, params, z):
        """The same, by blocks of rows: D is never as long as all of them."""
        total = 0.0
        for start in range(0, self.n_samples, PRODUCT_ROWS):
            rows = slice(start, start + PRODUCT_ROWS)
            design, weights = self.design.take(rows), self.weights
            weights = None if weights is None else weights[rows]
            part = DataObjective(design, self.y[rows], weights, self.loss, self.penalty)
            found = part.hessians(params, None if z is None else z[rows])
            total = total + design.n_samples / self.n_samples * np.array(found)
        return list(total)

    def _at(self, derivative, params):
        """A derivative of the loss at each row; predictions are kept where others need them."""
        if self.by_core:
            with _flags_of_blas_ignored():
                return at_predictions(derivative, self.design, self.y, params)
        return by_rows(derivative, self.y, self.predict(params))

    def _of_numpy(self):
        """The design matrix and the weights as NumPy's."""
        design, weights = self.design, self.weights
        if isinstance(self.y, np.ndarray):
            return design, weights
        X, inside = to_numpy(design.X), design.coordinates
        inside = None if inside is None else inside.in_library_of(X)
        weights = None if weights is None else to_numpy(weights)
        return DesignMatrix(X, design.fit_intercept, inside), weights

    def has_hessians(self):
        """Whether `model` is affordable, and knows the loss."""
        known = isinstance(self.y, np.ndarray) and self.loss.smooth and affordable(self.design)
        return known and (not self.loss.coupled or cost_in_passes(self) < math.inf)

    def model(self, params, exact=False):
        """Losses, their gradient and second derivatives, as of `PartitionedObjective`."""
        known = self._models.get(params)
        if known is not None:
            return known
        gradient, z = self.gradient_and_predictions(params)
        losses = losses_of_targets(self.loss, self.y, z, self.weights) / self.n_samples
        if self.loss.coupled:
            curved = self.coupled_hessian(params, z)[None]
        else:
            curved = np.array(self.hessians(params, z))
        return self._models.keep(params, (losses, gradient, curved))

    @computed_once
    def products(self):
        """A' S A, one matrix for all targets."""
        squared = self.with_loss(SquaredError())
        return np.array(squared.hessians(self.zero_parameters()))[:1]

    def secant_curvatures(self, params):
        """As of `PartitionedObjective`."""
        sums = squares_and_losses(self.loss, self.y, self.predict(params), self.weights)
        return sums[0] / np.maximum(2 * sums[1], np.finfo(float).tiny)

    def coupled_hessian(self, params, z=None):
        """The second derivatives of a loss whose predictions are coupled, `coupled_products`."""
        P = self.loss.probability(self.predict(params) if z is None else z)
        design, weights = self._of_numpy()
        return coupled_products(design, to_numpy(P), weights)

    def all_right(self, params):
        """Whether each row of labels or classes is predicted as what it is."""
        y, z = self.y, self.predict(params)
        xp = namespace(z)
        right = y * z > 0 if z.ndim == 1 else xp.astype(xp.argmax(z, axis=1), y.dtype) == y
        return bool(xp.all(right))

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
            weights = self._weights_of(rows)
            return mean_gradient(design, self.loss, y, weights, design.predict(params))
        if not self.in_one_pass():
            z = self.predict(params)
            with _flags_of_blas_ignored():
                return mean_gradient(self.design, self.loss, self.y, self.weights, z)
        gradient = self._gradients.get(params, by_numbers=self._compare_numbers)
        return self._evaluate(params)[1] if gradient is None else gradient

    def gradient_and_predictions(self, params):
        if self._is_constant(params) or not self.by_core:
            return super().gradient_and_predictions(params)
        known = self._passes.get(params)
        if known is not None:
            return known
        z = np.empty((self.n_samples, math.prod(self.output_shape)))
        value, gradient = self._pass(params, None, predictions=z)
        self._values.keep(params, value)
        # they differ from those of `predict` by rounding, and a resumed run has only the latter
        result = self._gradients.keep(params, gradient), z.reshape(-1, *self.output_shape)
        return self._passes.keep(params, result)

    def snapshot(self, params):
        """The `Snapshot` at `params`; the loss there is then known as well."""
        data = self.design, self.y, self.weights, self.loss
        of_classes = self.loss.coupled and self.loss.without_offset is self.loss
        if self.by_core and of_classes and self._is_known_constant(params):
            return Snapshot(params, self._slopes_of_constant(params), self.gradient(params))
        # the core reads rows sooner than NumPy computes the probabilities of all classes
        if self.by_core and not self.loss.coupled and self._is_known(params):
            gradient, z = self.gradient_and_predictions(params)
            slopes = by_rows(self.loss.gradient, self.y, z.astype(float, copy=False))
            return Snapshot(params, slopes, gradient)
        if self.by_core:
            slopes = np.empty((self.n_samples, math.prod(self.output_shape)))
            value, gradient = fused_pass.fused_pass(*data, params, slopes=slopes)
            self._values.keep(params, value)
            return Snapshot(params, slopes.reshape(-1, *self.output_shape), gradient)
        if jitted.supports(self.y, self.loss):
            value, slopes, gradient = jitted.snapshot_pass(*data, params)
            self._values.keep(params, value)
            return Snapshot(params, slopes, gradient)
        z = self.predict(params)
        if not is_single(self.y):  # the fused pass adds up in double precision
            self._values.keep(params, mean_loss(self.loss, self.y, self.weights, z))
        with _flags_of_blas_ignored():
            slopes = self.loss.gradient(self.y, z)
            gradient = gradient_of_slopes(self.design, self.weights, slopes)
        return Snapshot(params, slopes, gradient)

    def _is_known(self, params):
        """Whether gradient and predictions are known without another reading."""
        return self._is_known_constant(params) or self._passes.get(params) is not None

    def _is_known_constant(self, params):
        return self._is_constant(params) and self._gradients.get(params) is not None

    def _slopes_of_constant(self, params):
        """dL/dz of all rows whose predictions are the intercepts, from one row of each class."""
        loss, design = self.loss, self.design
        z = design.split(design.to_user(params.astype(float)))[1]
        classes = np.arange(loss.n_outputs, dtype=self.y.dtype)
        each = loss.gradient(classes, np.broadcast_to(z, (len(classes), len(classes))))
        return each[self.y.astype(np.intp)]

    def reduced_gradient(self, params, rows, snapshot):
        design, y = self.design.take(rows), take_rows(self.y, rows)
        weights = self._weights_of(rows)
        slopes = self.loss.gradient(y, design.predict(params)) - take_rows(snapshot.slopes, rows)
        reduced = gradient_of_slopes(design, weights, slopes) + snapshot.gradient
        # a snapshot is of double precision where the core has taken it
        return namespace(reduced).astype(reduced, params.dtype, copy=False)

    def _weights_of(self, rows):
        return None if self.batch_weights is None else take_rows(self.batch_weights, rows)

    def in_one_pass(self):
        return self.by_core or jitted.supports(self.y, self.loss)

    def _evaluate(self, params, next_point=None, gradient=True):
        """Value, and gradient there or at the next point, if it is wanted, from one pass."""
        next_point = params if next_point is None else next_point
        value, slope = self._pass(params, None if next_point is params else next_point, gradient)
        if gradient:
            self._gradients.keep(next_point, slope)
        return self._values.keep(params, value), slope

    def _pass(self, params, next_point, gradient=True, both_values=False, predictions=None):
        """One pass over all rows, see `fused_pass`; the first one also squares the columns."""
        data = self.design, self.y, self.weights, self.loss
        if not isinstance(self.y, np.ndarray):
            return jitted.fused_pass(*data, params, next_point, gradient, both_values)
        known = self.moments is not None or self._column_mean_squares is not None
        squares = None
        # the pass squares the user's own columns
        known = known or self.design.coordinates is not None
        if gradient and not known and fused_pass.has_squares(self.design.X):
            squares = np.empty(self.design.n_parameters)
        kept = {"squares": squares, "predictions": predictions}
        result = fused_pass.fused_pass(*data, params, next_point, gradient, both_values, **kept)
        if squares is not None:
            self._column_mean_squares = squares
        return result


def _sum_of_losses(loss, y, z, weights=None):
    return np.sum(losses_of_targets(loss, y, z, weights))


def _flags_of_blas_ignored():
    """Let BLAS compute on what lies beside the rows in its own memory.

    That may raise the flag of an invalid operation although all that BLAS returns is right; the
    rules that end a run find what is not finite.
    """
    return np.errstate(invalid="ignore")


def _hessian(design, weights, bent, target):
    """A' D A / n of one target."""
    bent = np.ascontiguousarray(bent, dtype=design.X.dtype)
    return curved_products(design, bent if weights is None else bent * weights, target)
