"""The fused pass under JAX's jit, compiled once for each shape of the data.

It serves JAX arrays that the compiled core cannot read: those on accelerators, and those whose
loss only JAX can differentiate. Losses that state that they are traceable are traced as they
stand; all others are evaluated operation by operation.
"""

from functools import cache, partial

import array_api_compat
from sklearn.base import BaseEstimator

from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import gradient_of_slopes, mean_gradient, mean_loss


def supports(y, loss):
    """Whether JAX can trace a loss over these targets."""
    return array_api_compat.is_jax_array(y) and loss.traceable


class Traced:
    """The parts of an objective that are no arrays: equal where they compute the same.

    JAX compiles anew for what is not equal, and each fit has components of its own.

    Parameters
    ----------
    design : DesignMatrix
    **components : Loss, Penalty and Optimizer
    """

    def __init__(self, design, **components):
        self.fit_intercept = design.fit_intercept
        # without its numbers, which are traced
        self.coordinates = design.coordinates and design.coordinates.with_numbers({})
        vars(self).update(components)
        self._key = (design.fit_intercept, type(self.coordinates), *map(_key, components.values()))

    def design(self, X, numbers):
        """The design matrix of traced arrays."""
        coordinates = self.coordinates and self.coordinates.with_numbers(numbers)
        return DesignMatrix(X, self.fit_intercept, coordinates)

    def __eq__(self, other):
        return self._key == other._key

    def __hash__(self):
        return hash(self._key)


def without_numbers(penalty):
    """A penalty without its arrays, which are traced."""
    return penalty._with_numbers(dict.fromkeys(penalty._numbers()))


def _key(value):
    """What a component does: its class and parameters."""
    if not isinstance(value, BaseEstimator):
        return value
    parameters = value.get_params(deep=False)
    return type(value), *((name, _key(parameters[name])) for name in sorted(parameters))


def arrays_of(design, y, weights):
    """The arrays of an objective, as the traced functions take them."""
    numbers = {} if design.coordinates is None else design.coordinates.numbers()
    return design.X, numbers, y, weights


def fused_pass(design, y, weights, loss, params, next_point, gradient, both_values):
    """As `fused_pass.fused_pass`."""
    traced = Traced(design, loss=loss)
    arrays = arrays_of(design, y, weights)
    return _traced_pass()(traced, gradient, both_values, arrays, params, next_point)


@cache
def _traced_pass():
    import jax

    @partial(jax.jit, static_argnums=(0, 1, 2))
    def traced_pass(traced, gradient, both_values, arrays, params, next_point):
        X, numbers, y, weights = arrays
        design = traced.design(X, numbers)
        z = design.predict(params)
        values = [mean_loss(traced.loss, y, weights, z)]
        if not gradient:
            return values[0], None
        z = z if next_point is None else design.predict(next_point)
        if both_values:
            values.append(mean_loss(traced.loss, y, weights, z))
        return values if both_values else values[0], mean_gradient(
            design, traced.loss, y, weights, z
        )

    return traced_pass


def snapshot_pass(design, y, weights, loss, params):
    """Mean loss, slopes of the rows and gradient at a point."""
    arrays = arrays_of(design, y, weights)
    return _traced_snapshot()(Traced(design, loss=loss), arrays, params)


@cache
def _traced_snapshot():
    import jax

    @partial(jax.jit, static_argnums=0)
    def traced_snapshot(traced, arrays, params):
        X, numbers, y, weights = arrays
        design = traced.design(X, numbers)
        z = design.predict(params)
        slopes = traced.loss.gradient(y, z)
        value = mean_loss(traced.loss, y, weights, z)
        return value, slopes, gradient_of_slopes(design, weights, slopes)

    return traced_snapshot
