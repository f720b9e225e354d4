"""Looks and epochs under JAX's jit, compiled once for each shape of the data.

They serve JAX arrays that the compiled core cannot read: those on accelerators, and those whose
loss only JAX can differentiate. Components of the package are traced as they stand; one's own
may do what cannot be traced, and take the plain loop.
"""

from functools import cache, partial

import array_api_compat
from sklearn.base import BaseEstimator

from gdregress import optimizers, penalties
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_gradient, mean_loss
from gdregress.losses import LOSSES
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.losses.from_function import CallableLoss
from gdregress.losses.multiclass import Softmax, of_one_label

TRACEABLE_LOSSES = {*LOSSES.values(), *CLASSIFICATION_LOSSES.values(), Softmax, CallableLoss}
TRACEABLE_PENALTIES = {penalties.NoPenalty, penalties.L1, penalties.L2, penalties.ElasticNet}
TRACEABLE_OPTIMIZERS = set(optimizers.OPTIMIZERS.values())


def applies(y, loss):
    """Whether a loss over these targets can be traced by JAX."""
    return array_api_compat.is_jax_array(y) and type(of_one_label(loss)) in TRACEABLE_LOSSES


class Traced:
    """The parts of an objective that are no arrays: equal where they compute the same.

    JAX compiles anew for what is not equal, and each fit has components of its own.

    Parameters
    ----------
    fit_intercept : bool
    **components : Loss, Penalty and Optimizer
    """

    def __init__(self, fit_intercept, **components):
        self.fit_intercept = fit_intercept
        vars(self).update(components)
        self._key = (fit_intercept, *map(_key, components.values()))

    def __eq__(self, other):
        return self._key == other._key

    def __hash__(self):
        return hash(self._key)


def _key(value):
    """What a component does: its class and parameters."""
    if not isinstance(value, BaseEstimator):
        return value
    parameters = value.get_params(deep=False)
    return type(value), *((name, _key(parameters[name])) for name in sorted(parameters))


def arrays_of(design, y, weights):
    """The arrays of an objective, as the traced functions take them."""
    return design.X, design.mean, design.scale, y, weights


def look(design, y, weights, loss, params, ahead, gradient, both_values):
    """Mean loss at `params`, there or ahead the gradient, and with `both_values` the loss."""
    traced = Traced(design.fit_intercept, loss=loss)
    arrays = arrays_of(design, y, weights)
    return _look()(traced, gradient, both_values, arrays, params, ahead)


@cache
def _look():
    import jax

    @partial(jax.jit, static_argnums=(0, 1, 2))
    def traced_look(traced, gradient, both_values, arrays, params, ahead):
        X, mean, scale, y, weights = arrays
        design = DesignMatrix(X, traced.fit_intercept, mean, scale)
        z = design.predict(params)
        values = [mean_loss(traced.loss, y, weights, z)]
        if not gradient:
            return values[0], None
        z = z if ahead is None else design.predict(ahead)
        if both_values:
            values.append(mean_loss(traced.loss, y, weights, z))
        return values if both_values else values[0], mean_gradient(
            design, traced.loss, y, weights, z
        )

    return traced_look
