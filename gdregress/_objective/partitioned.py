"""The objective of rows that lie in blocks: each answer is one reduction over them.

    F(w) = sum_blocks sum_{i in block} s_i L(y_i, a_i . w) / sum_i s_i + R(w)

The functions of a block answer in the user's own columns; the coordinates and the penalty stay in
the process of the run.
"""

import copy
import math

import numpy as np

from gdregress._objective import fused_pass
from gdregress._objective.base import Objective
from gdregress._objective.block_sums import (
    _all_right,
    _largest_curvature,
    _largest_row,
    _loss_of,
    _loss_of_constant,
    _model,
    _pass_of,
    _products,
    _products_with,
    _squared_slopes,
    _squares_and_losses,
    _sums_of,
)
from gdregress._objective.cache import Cache
from gdregress._objective.coupled import cost_in_passes
from gdregress._objective.curvature import Spectrum, mean_curvature, null_of_classes
from gdregress._objective.deferred import DeferredScalar
from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments import affordable
from gdregress._objective.moments_inside import moments_inside
from gdregress._objective.partitions import added
from gdregress._objective.sample import hold_up, step_of_hessians
from gdregress._objective.snapshot import Snapshot
from gdregress._objective.summary import extremes, farther
from gdregress._objective.thinned import Thinned, joined, some_rows
from gdregress._utils.caches import computed_once
from gdregress.losses import SquaredError
from gdregress.losses.constant import best_constant, constant_of_mean
from gdregress.samplers import ALL_ROWS

KEPT = 4
# First-order passes that the second derivatives of coupled classes may cost.
MOST_PASSES = 20


class PartitionedDesign(DesignMatrix):
    """The design matrix of rows that lie in blocks, which only functions of a block can read.

    ``X`` is an array of no rows: it has the type and the columns of the blocks.

    Parameters
    ----------
    partitions : Partitions
    fit_intercept : bool
    coordinates : Coordinates or None
    """

    has_rows = False

    def __init__(self, partitions, fit_intercept, coordinates=None):
        summary = partitions.summary
        super().__init__(summary.like[0], fit_intercept, coordinates)
        self.partitions, self.is_sparse = partitions, summary.nonzeros > 0
        self.n_samples = summary.n_samples

    def in_coordinates(self, coordinates):
        return PartitionedDesign(self.partitions, self.fit_intercept, coordinates)

    @property
    def size(self):
        summary = self.partitions.summary
        return summary.nonzeros or summary.n_samples * self.n_features

    def predict(self, params):
        raise TypeError("The rows lie in blocks: ask the objective for sums over them.")

    adjoint = take = squared_row_norms = predict

    def sums_over_rows(self, function, *args, y=None, weights=None):
        """As of `DesignMatrix`; the blocks have y, which is only asked for, and the weights."""
        return self.partitions.reduce(_sums_of, function, y is not None, *args)

    def second_moments_times(self, vector, weights):
        """A' S A v, by one reduction; the blocks have the weights."""
        there = self.to_user(vector.astype(float))
        total = self.partitions.reduce(_products_with, self.fit_intercept, there)
        total = total / self.partitions.summary.weight_total
        return total if self.coordinates is None else self.coordinates.pull_back(total)

    def column_mean_squares(self, weights):
        """As of `DesignMatrix`, from the summary."""
        summary, inside = self.partitions.summary, self.coordinates
        if inside is not None and not inside.separable:  # which come from the moments
            moments = moments_inside(summary.moments, self, summary.like[1], None)
            return moments.mean_squares(self.fit_intercept)
        squares = summary.variance + summary.mean**2
        if inside is not None:
            squares = (summary.variance + (summary.mean - inside.mean) ** 2) / inside.scale**2
        return np.append(squares, 1.0) if self.fit_intercept else squares


class PartitionedSpectrum(Spectrum):
    """The spectrum of rows that lie in blocks.

    Parameters
    ----------
    design : PartitionedDesign
    """

    def __init__(self, design):
        super().__init__(design, None)
        self.partitions = design.partitions

    @computed_once
    def moments(self):
        known, inside = self.partitions.summary.moments, self.design.coordinates
        if known is None or inside is None:
            return known
        if not inside.is_shared:
            return None
        return moments_inside(known, self.design, self.partitions.summary.like[1], None)

    def in_coordinates(self, design):
        return PartitionedSpectrum(design)

    def mean_and_variance(self):
        summary = self.partitions.summary
        return summary.mean, summary.variance

    def largest_deviations(self, mean):
        low, high = self.partitions.reduce(extremes, combine=farther)
        return np.maximum(abs(high - mean), abs(low - mean)) ** 2

    def null_curvature(self, loss):
        if loss.is_quadratic:
            return 1.0
        design, target = self.design, self.partitions.summary.target
        objective = PartitionedObjective(design, loss, None)
        null = design.to_user(objective.null_parameters())
        if loss.target_range in ("labels", "classes"):
            constant = null[-1] if design.fit_intercept else 0 * null[-1]
            return mean_curvature(*null_of_classes(loss, target, null.dtype, constant))
        y, weights = self.partitions.some_targets
        constant = np.broadcast_to(null[-1] if design.fit_intercept else 0 * null[-1], y.shape)
        return mean_curvature(loss.curvature_at(y, constant), weights / np.mean(weights))

    @computed_once
    def largest_row(self):
        of_blocks = self.design.fit_intercept, self.design.coordinates
        largest = self.partitions.reduce(_largest_row, *of_blocks, combine=max)
        return largest / self.partitions.summary.mean_weight


class PartitionedObjective(Objective):
    """F of rows that lie in blocks, see the module.

    ``y`` is an array of no targets: it has their type and shape.

    Parameters
    ----------
    design : PartitionedDesign
    loss : Loss
    penalty : Penalty
    """

    has_rows = False

    def __init__(self, design, loss, penalty):
        super().__init__(design, design.partitions.summary.like[1], None, loss, penalty)
        self.partitions = design.partitions
        self._values = Cache(KEPT)
        self._gradients = Cache(KEPT)
        self._models = Cache(1)

    def in_design(self, design, penalty):
        """The objective of the same rows in other coordinates, and the penalty there."""
        return PartitionedObjective(design, self.loss, penalty)

    def with_loss(self, loss):
        """The objective of another loss on the same rows."""
        return PartitionedObjective(self.design, loss, self.penalty)

    def with_sample(self, step):
        """This objective with that of each so many-th row, brought here, as `sample`.

        The reading brings the loss of the null model as well.
        """
        other, design = copy.copy(self), self.design
        null = self.inside(self.null_parameters())
        block, value = self.partitions.reduce_all(
            (some_rows, (step,), joined), (_loss_of_constant, self._constant(null), added)
        )
        self._values.keep(null, float(value) / self._weight)
        some = Thinned(block, self.partitions.summary)
        design = PartitionedDesign(some, design.fit_intercept, design.coordinates)
        other.sample = PartitionedObjective(design, self.loss, self.penalty)
        return other

    def _constant(self, params):
        """The loss, and what is predicted for all rows where all coefficients are zero."""
        there = self._there(params)
        return self.loss, there[-1] if self.design.fit_intercept else 0 * there[0]

    def with_moments(self, moments):
        """This objective with the moments of its columns, and what is known of it."""
        other = copy.copy(self)
        other.moments = moments
        return other

    def in_one_pass(self):
        return fused_pass.supports(self.design, self.y, self.loss)

    def loss_value(self, params, next_point=None):
        value = self._values.get(params)
        if value is None and next_point is None and not self.design.coef(params).any():
            return self._value_of_constant(params)
        return self._evaluate(params, next_point)[0] if value is None else value

    def _value_of_constant(self, params):
        """`loss_value` of predictions that are the intercepts: X is not read."""
        if self._is_constant(self._there(params)):
            return self._evaluate(params)[0]
        value = self.partitions.reduce(_loss_of_constant, *self._constant(params))
        return self._values.keep(params, float(value) / self._weight)

    def trial_value(self, params, next_point):
        if next_point is None:
            return self.loss_value(params)
        values, gradient = self._pass(params, next_point, both_values=True)
        self._gradients.keep(next_point, gradient)
        self._values.keep(next_point, float(values[1]))
        return self._values.keep(params, float(values[0]))

    def deferred_loss(self, params):
        return DeferredScalar(self.loss_value(params))

    def gradient(self, params, rows=ALL_ROWS):
        if rows is not ALL_ROWS:
            raise TypeError("The rows lie in blocks: engines of batches take them block by block.")
        gradient = self._gradients.get(params)
        return self._evaluate(params)[1] if gradient is None else gradient

    def snapshot(self, params):
        """The `Snapshot` at `params` without slopes, which each block computes where it is."""
        return Snapshot(params, None, self.gradient(params))

    def null_parameters(self):
        """Those of the null model: coefficients of zero, and the best constant as intercept."""
        params = self.zero_parameters()
        if self.design.fit_intercept:
            params[-1] = self._best_constant
        return params

    @computed_once
    def _best_constant(self):
        summary = self.partitions.summary
        if summary.target is not None:
            return constant_of_mean(self.loss, summary.target, self.y, summary.n_samples)
        return best_constant(self.loss, *self.partitions.some_targets)

    def mean_squared_residual(self, params):
        """Weighted mean of (z - y)^2, summed over the targets."""
        return 2 * self._mean(_loss_of, SquaredError(), params)

    def largest_curvature(self, params):
        there = self.design.fit_intercept, self.loss, self._there(params)
        return self.partitions.reduce(_largest_curvature, *there, combine=max)

    def slope_size(self, params):
        there = self.design.fit_intercept, self.loss, self._there(params)
        return math.sqrt(self.partitions.reduce(_squared_slopes, *there) / self.n_samples)

    def all_right(self, params):
        there = self.design.fit_intercept, self.loss, self._there(params)
        return self.partitions.reduce(_all_right, *there, combine=min)

    def hessians(self, params):
        return self.model(params)[2]

    @computed_once
    def hessian_step(self):
        """Of how many rows the second derivatives of one stand for those of all."""
        inside = self.design.coordinates
        return step_of_hessians(self) if inside is None or inside.is_shared else 1

    @property
    def left_by_sample(self):
        """About the share of F - F* that a Newton step leaves by the second derivatives of these.

        With p parameters and m rows it is p / m.
        """
        if self.hessian_step == 1:
            return 0.0
        return self.zero_parameters().size * self.hessian_step / self.n_samples

    def model(self, params, exact=False):
        """The loss of each target, their gradient and second derivatives, by one reduction.

        These are one matrix for each target, or one for all classes together where these are
        coupled, see `coupled_products`.

        Parameters
        ----------
        params : ndarray
        exact : bool
            Whether the second derivatives of some rows will not do.
        """
        known, step = self._models.get(params), 1 if exact else self.hessian_step
        if known is not None and known[0] <= step:
            return known[1:]
        there = self.design.coordinates, self.loss, self._there(params), step
        losses, gradient, *curved = self.partitions.reduce(
            _model, self.design.fit_intercept, *there
        )
        losses = losses / self._weight
        self._values.keep(params, float(np.sum(losses)))
        gradient = self._inside(gradient / self._weight, params)
        self._gradients.keep(params, gradient)
        return self._models.keep(params, (step, losses, gradient, self._hessians(step, *curved)))[
            1:
        ]

    def _hessians(self, step, curved, bent, weight):
        """Second derivatives from sums over the rows that were taken for them."""
        if step == 1:
            return curved / self._weight
        hessians, columns = curved / weight, np.size(bent) // len(curved)
        for H, h in zip(hessians, np.reshape(bent, (len(curved), columns)), strict=True):
            hold_up(H, np.outer(h / weight, self.column_mean_squares).ravel())
        return hessians

    @computed_once
    def products(self):
        """A' S A, one matrix for all targets, or one each."""
        inside = self.design.coordinates
        total = self.partitions.reduce(_products, self.design.fit_intercept, inside)
        return total / self._weight

    def secant_curvatures(self, params):
        """Mean squared slope over twice the mean loss above its least, of each target.

        Coupled classes are one target. Where L has the curvature c everywhere that is c, and it is
        never above the largest one. Where L is straight it tells how far it is to the minimum: far
        away nothing is curved.
        """
        there = self.design.fit_intercept, self.loss, self._there(params)
        squares, losses = self.partitions.reduce(_squares_and_losses, *there)
        return squares / np.maximum(2 * losses, np.finfo(float).tiny)

    def has_hessians(self):
        """Whether `model` is affordable, and knows the loss."""
        if self.loss.coupled:
            return cost_in_passes(self) <= MOST_PASSES
        return self.loss.smooth and affordable(self.design)

    def _squared_columns(self):
        return self.design.column_mean_squares(None)

    @property
    def _weight(self):
        return self.partitions.summary.weight_total

    def _there(self, params):
        """The user's parameters at the run's, in double precision."""
        return self.design.to_user(params.astype(float))

    def _inside(self, gradient, params):
        """The mean gradient in the coordinates of the run, from that in the user's columns."""
        inside = self.design.coordinates
        gradient = gradient if inside is None else inside.pull_back(gradient)
        return np.ascontiguousarray(gradient, dtype=params.dtype)

    def _mean(self, function, loss, params):
        there = self.design.fit_intercept, loss, self._there(params)
        return float(self.partitions.reduce(function, *there)) / self._weight

    def _evaluate(self, params, next_point=None):
        next_point = params if next_point is None else next_point
        value, gradient = self._pass(params, next_point)
        self._gradients.keep(next_point, gradient)
        return self._values.keep(params, float(value)), gradient

    def _pass(self, params, next_point, both_values=False):
        there = self._there(params)
        further = None if next_point is params else self._there(next_point)
        if further is None and self._is_constant(there):
            known = self.partitions.summary.moments, self.design.fit_intercept
            value, gradient = of_constant(self.loss, *known, there)
            return value, self._inside(gradient, params)
        rest = self.design.fit_intercept, self.loss, there, further, both_values
        value, gradient = self.partitions.reduce(_pass_of, *rest)
        return value / self._weight, self._inside(gradient / self._weight, params)

    def _is_constant(self, there):
        """Whether labels have one prediction for all rows, of which the moments know the sums."""
        known = self.loss.target_range == "labels" and self.partitions.summary.moments is not None
        return known and not there[: self.design.n_features].any()


def of_constant(loss, moments, fit_intercept, params):
    """Mean loss of labels of -1 and 1 that all have the prediction b, and its gradient.

    The slopes r(y) = L'(y, b) are two numbers, on a line through both: with q the share of 1,

        E[L] = q L(1, b) + (1 - q) L(-1, b),    E[r] likewise,
        E[x r] = E[x] E[r] + cov(x, y) (r(1) - r(-1)) / 2

    Parameters
    ----------
    loss : Loss
    moments : Moments
        Of the columns with the labels.
    fit_intercept : bool
    params : ndarray of shape (n_parameters,)
        In the user's columns: coefficients of zero.
    """
    labels = np.array([-1.0, 1.0])
    b = np.full(2, params[-1] if fit_intercept else 0.0)
    q = (1 + float(moments.target_mean[0])) / 2
    shares, slopes = np.array([1 - q, q]), loss.gradient(labels, b)
    slope = float(shares @ slopes)
    gradient = moments.mean * slope
    gradient += moments.target_covariance[:, 0] * (slopes[1] - slopes[0]) / 2
    value = float(shares @ loss.value(labels, b))
    return value, np.append(gradient, slope) if fit_intercept else gradient
