"""The jitted engine: an epoch of JAX as one scan over its batches."""

from functools import cache, partial
from numbers import Number

import array_api_compat

from gdregress._core.row_orders import row_order
from gdregress._engines.engine import EpochEngine
from gdregress._engines.rates import learning_rates
from gdregress._objective import jitted
from gdregress._objective.evaluation import gradient_of_slopes, mean_gradient
from gdregress._objective.from_data import DataObjective


class Jitted(EpochEngine):
    """Epochs under JAX's jit: batches of one size in a scan, a shorter last one in a second."""

    @classmethod
    def supports(cls, run, state):
        objective = run.objective
        return (
            array_api_compat.is_jax_array(state.params)
            and objective.has_rows
            and run.sampler.cuts_one_order
            and state.average is None
            and jitted.supports(objective.y, objective.loss)
            and objective.penalty.traceable
            and run.optimizer.traceable
        )

    def epoch(self, state):
        import jax.numpy as jnp

        run, objective = self.run, self.run.objective
        n, size = objective.n_samples, run.sampler.size(objective.n_samples)
        order = row_order(n, state.rng, run.sampler.shuffle)
        rates, last_rate = learning_rates(run, state, n, size)
        traced = jitted.Traced(
            objective.design,
            loss=objective.loss,
            penalty=jitted.without_numbers(objective.penalty),
            optimizer=run.optimizer,
        )
        arrays = jitted.arrays_of(objective.design, objective.y, objective.weights)
        arrays = *arrays, objective.penalty._numbers()
        snapshot = state.snapshot if run.optimizer.variance_reduced else None
        carry = state.params, state.memory
        full = n // size
        for batches, some_rates in (
            (order[: full * size].reshape(full, size), rates[:full]),
            (order[None, full * size :], rates[full:]),
        ):
            if len(some_rates):
                some_rates = jnp.asarray(some_rates, dtype=state.params.dtype)
                carry = _scan()(traced, arrays, snapshot, carry, jnp.asarray(batches), some_rates)
        # counts do not depend on the data: the host need not wait for them
        counts = {
            name: value + len(rates) if name == "count" else value
            for name, value in state.memory._asdict().items()
            if isinstance(value, Number)
        }
        state.params, memory = carry
        state.memory = memory._replace(**counts)
        state.count += len(rates)
        state.epoch += 1
        return None, float(last_rate)


@cache
def _scan():
    import jax

    @partial(jax.jit, static_argnums=0)
    def scan(traced, arrays, snapshot, carry, batches, rates):
        X, numbers, y, weights, of_penalty = arrays
        penalty = traced.penalty._with_numbers(of_penalty)

        def update(carry, batch):
            (params, memory), (rows, rate) = carry, batch
            design = traced.design(X[rows], numbers)
            some = None if weights is None else weights[rows]
            point = traced.optimizer.lookahead(params, memory)
            z = design.predict(point)
            if snapshot is None:
                gradient = mean_gradient(design, traced.loss, y[rows], some, z)
            else:
                slopes = traced.loss.gradient(y[rows], z) - snapshot.slopes[rows]
                gradient = gradient_of_slopes(design, some, slopes) + snapshot.gradient
            prox = DataObjective(design, y[rows], some, traced.loss, penalty).prox
            after = traced.optimizer.step(params, gradient, memory, rate, prox)
            return after, None

        return jax.lax.scan(update, carry, (batches, rates))[0]

    return scan
