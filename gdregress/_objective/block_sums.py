"""Contributions of a block of rows to sums over all of them, see `PartitionedObjective`."""

import numpy as np

from gdregress._objective import fused_pass
from gdregress._objective.coupled import coupled_products
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import (
    losses_of_targets,
    mean_gradient,
    mean_loss,
    squares_and_losses,
)
from gdregress._objective.moments_inside import curved_products
from gdregress._utils.array_api import dot


def _design(block, fit_intercept):
    return DesignMatrix(block.X, fit_intercept)


def _pass_of(block, fit_intercept, loss, params, next_point, both_values, predictions=None):
    """Sums over a block: the losses, and their gradient at the next point, of which z is kept."""
    design = _design(block, fit_intercept)
    data = design, block.y, block.weights, loss
    if fused_pass.supports(design, block.y, loss):
        kept = {"both_values": both_values, "predictions": predictions}
        value, gradient = fused_pass.fused_pass(*data, params, next_point, **kept)
        return block.n_samples * value, block.n_samples * gradient
    further = params if next_point is None else next_point
    z, z_further = design.predict(params), design.predict(further)
    if predictions is not None:
        predictions[:] = z_further.reshape(predictions.shape)
    value = mean_loss(loss, block.y, block.weights, z)
    if both_values:
        value = np.array([value, mean_loss(loss, block.y, block.weights, z_further)])
    gradient = mean_gradient(design, loss, block.y, block.weights, z_further)
    return block.n_samples * value, block.n_samples * gradient


def _loss_of_constant(block, loss, constant):
    """The same of one prediction for all rows, for which X is not read."""
    y, weights = block.y, block.weights
    if loss.target_range == "labels":  # each label, with its weight
        codes = (y > 0).astype(np.intp)
        y, weights = np.array([-1.0, 1.0]), np.bincount(codes, weights, minlength=2)
    z = np.broadcast_to(constant, (len(y), *np.shape(constant)))
    return len(y) * float(mean_loss(loss, y, weights, z))


def _loss_of(block, fit_intercept, loss, params):
    z = _design(block, fit_intercept).predict(params)
    return block.n_samples * float(mean_loss(loss, block.y, block.weights, z))


def _model(block, fit_intercept, coordinates, loss, params, step):
    """Sums over a block: losses of each target, their gradient, and `_curved` of some rows."""
    z = np.empty((block.n_samples, *params.shape[1:]))
    columns = z.reshape(block.n_samples, -1)
    value, gradient = _pass_of(block, fit_intercept, loss, params, None, False, columns)
    if columns.shape[1] == 1 or loss.coupled:
        losses = np.reshape(value, 1).astype(float)
    else:
        losses = losses_of_targets(loss, block.y, z, block.weights)
    some, rows = block.each(step)
    inside = DesignMatrix(some.X, fit_intercept, coordinates)
    return losses, gradient, *_curved(inside, some, loss, z[rows])


def _curved(inside, rows, loss, z):
    """Sums over rows: second derivatives inside of each target, of each prediction, weights.

    Parameters
    ----------
    inside : DesignMatrix
    rows : Block
    loss : Loss
    z : ndarray
        Predictions of the rows.
    """
    n, weights = rows.n_samples, rows.weights
    if loss.coupled:
        P = loss.probability(z)
        bent, curved = P * (1 - P), coupled_products(inside, P, weights)[None]
    else:
        bent = np.asarray(loss.curvature_at(rows.y, z)).reshape(n, -1)
        curved = np.array(
            [
                curved_products(inside, np.ascontiguousarray(column, dtype=rows.y.dtype), target)
                for target, column in enumerate(_weighted(bent, weights).T)
            ]
        )
    return n * curved, _weighted(bent, weights).sum(axis=0, dtype=float), rows.weight_total


def _weighted(columns, weights):
    return columns if weights is None else columns * weights[:, None]


def _products(block, fit_intercept, coordinates):
    """A' S A, summed over a block, in the coordinates of each target."""
    inside = DesignMatrix(block.X, fit_intercept, coordinates)
    weights = np.ones(block.n_samples, block.y.dtype) if block.weights is None else block.weights
    targets = range(len(inside.of_targets()))
    products = [curved_products(inside, weights, target) for target in targets]
    return block.n_samples * np.array(products)


def _squares_and_losses(block, fit_intercept, loss, params):
    z = _design(block, fit_intercept).predict(params)
    return squares_and_losses(loss, block.y, z, block.weights)


def _sums_of(block, function, with_targets, *args):
    return function(block.X, block.y if with_targets else None, block.weights, *args)


def _products_with(block, fit_intercept, vector):
    """A' S A v, summed over a block."""
    design = _design(block, fit_intercept)
    z = design.predict(vector)
    return design.adjoint(z if block.weights is None else z * block.weights)


def _largest_row(block, fit_intercept, coordinates):
    norms = DesignMatrix(block.X, fit_intercept, coordinates).squared_row_norms()
    return float(np.max(norms if block.weights is None else norms * block.weights))


def _largest_curvature(block, fit_intercept, loss, params):
    z = _design(block, fit_intercept).predict(params)
    return float(np.max(loss.curvature_at(block.y, z)))


def _squared_slopes(block, fit_intercept, loss, params):
    slopes = loss.gradient(block.y, _design(block, fit_intercept).predict(params))
    return dot(slopes, slopes)


def _all_right(block, fit_intercept, loss, params):
    z = _design(block, fit_intercept).predict(params)
    right = block.y * z > 0 if z.ndim == 1 else np.argmax(z, axis=1) == block.y
    return bool(right.all())
