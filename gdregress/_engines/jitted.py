"""A whole epoch of JAX as one scan over its batches."""

from functools import cache, partial
from numbers import Number

import array_api_compat

from gdregress._core.row_orders import row_order
from gdregress._engines.compiled import learning_rates
from gdregress._objective import jitted
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import mean_gradient
from gdregress._objective.from_data import DataObjective
from gdregress._objective.quadratic import QuadraticObjective
from gdregress.samplers import Batch


def applies(run, state):
    """Whether JAX can trace the epochs of this run."""
    objective = run.objective
    return (
        array_api_compat.is_jax_array(state.params)
        and type(objective) in (DataObjective, QuadraticObjective)
        and not isinstance(run.sampler, Batch)
        and state.average is None
        and jitted.applies(objective.y, objective.loss)
        and type(objective.penalty) in jitted.TRACEABLE_PENALTIES
        and type(run.optimizer) in jitted.TRACEABLE_OPTIMIZERS
    )


def jitted_epoch(run, state):
    """One epoch; updates `state` and returns the last learning rate.

    Batches of one size are one scan, a last and shorter one is a second.

    Parameters
    ----------
    run, state : as in `solver.run_epoch`
    """
    import jax.numpy as jnp

    objective = run.objective
    n, size = objective.n_samples, run.sampler.size(objective.n_samples)
    order = row_order(n, state.rng, run.sampler.shuffle)
    rates, last_rate = learning_rates(run, state, n, size)
    traced = jitted.Traced(
        objective.design.fit_intercept,
        loss=objective.loss,
        penalty=objective.penalty,
        optimizer=run.optimizer,
    )
    arrays = jitted.arrays_of(objective.design, objective.y, objective.weights)
    carry = state.params, state.optimizer
    whole = n // size
    for batches, some_rates in (
        (order[: whole * size].reshape(whole, size), rates[:whole]),
        (order[None, whole * size :], rates[whole:]),
    ):
        if len(some_rates):
            some_rates = jnp.asarray(some_rates, dtype=state.params.dtype)
            carry = _scan()(traced, arrays, carry, jnp.asarray(batches), some_rates)
    # a rule's own numbers are the same whatever the data, so that none has to be waited for
    numbers = {
        name: value + len(rates) if name == "count" else value
        for name, value in state.optimizer._asdict().items()
        if isinstance(value, Number)
    }
    state.params, memory = carry
    state.optimizer = memory._replace(**numbers)
    state.count += len(rates)
    state.epoch += 1
    return float(last_rate)


@cache
def _scan():
    import jax

    @partial(jax.jit, static_argnums=0)
    def scan(traced, arrays, carry, batches, rates):
        X, mean, scale, y, weights = arrays

        def update(carry, batch):
            (params, memory), (rows, rate) = carry, batch
            design = DesignMatrix(X[rows], traced.fit_intercept, mean, scale)
            some = None if weights is None else weights[rows]
            point = traced.optimizer.lookahead(params, memory)
            z = design.predict(point)
            gradient = mean_gradient(design, traced.loss, y[rows], some, z)
            prox = DataObjective(design, y[rows], some, traced.loss, traced.penalty).prox
            after = traced.optimizer.step(params, gradient, memory, rate, prox)
            return after, None

        return jax.lax.scan(update, carry, (batches, rates))[0]

    return scan
