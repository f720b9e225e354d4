"""JAX: an epoch as one jitted scan over the batches, with an optimizer of optax."""

import numpy as np

from peers.peer import MOMENTUM, Peer


class JAXLoop(Peer):
    """Rows of a last, shorter batch are left out: a scan wants batches of one size.

    Parameters
    ----------
    optimizer : {"gd", "momentum", "adam"}
    """

    modules = ("jax", "optax")

    def __init__(self, optimizer="momentum"):
        self.optimizer = optimizer
        self.name = f"JAX {'Adam' if optimizer == 'adam' else 'SGD'}, one jitted scan"

    def prepare(self, X, y, descent):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)  # else float64 data would be made float32
        A = jnp.asarray(np.column_stack([X, np.ones(len(y), dtype=X.dtype)]))
        y = jnp.asarray(y)
        updates = len(y) // descent.batch_size
        shape = (updates, descent.batch_size)
        start, epoch_of = self._compile(jax, A, y)

        def run(epochs):
            rng = np.random.default_rng(0)
            w, memory = start()
            for epoch in range(epochs):
                order = rng.permutation(len(y))[: updates * descent.batch_size].reshape(shape)
                w, memory = epoch_of(w, memory, order, descent.rate(epoch))
            w = np.asarray(w)  # waits for the result
            return w[:-1], w[-1]

        return run

    def _compile(self, jax, A, y):
        import jax.numpy as jnp
        import optax

        rule = {
            "gd": optax.identity,
            "momentum": lambda: optax.trace(decay=MOMENTUM),
            "adam": optax.scale_by_adam,
        }[self.optimizer]()

        def loss(w, rows):
            return jnp.mean(jnp.square(A[rows] @ w - y[rows])) / 2

        @jax.jit
        def epoch(w, memory, batches, rate):
            def update(carry, rows):
                w, memory = carry
                direction, memory = rule.update(jax.grad(loss)(w, rows), memory)
                return ((w - rate * direction).astype(w.dtype), memory), None

            return jax.lax.scan(update, (w, memory), batches)[0]

        def start():
            w = jnp.zeros(A.shape[1], dtype=A.dtype)
            return w, rule.init(w)

        return start, epoch
