"""Updates of optax, or of any object with ``init`` and ``update``, as an optimizer."""

from __future__ import annotations

from typing import Any, NamedTuple

from gdregress._utils.array_api import array_like
from gdregress._utils.types import Array, Prox
from gdregress.optimizers.base import Optimizer


class TransformationState(NamedTuple):
    """The arrays of the state of an optax transformation."""

    parts: tuple[Array, ...]


class Transformation(Optimizer):
    """w <- w + u, where u is the update of a ``GradientTransformation`` of optax.

    It is made of whatever has ``init`` and ``update``, and stands wherever an optimizer does. Its
    learning rate and the schedule of it are its own, so that ``learning_rate=1.0`` is asked for;
    it knows no prox, and there may be no penalty. It computes in the precision of JAX, which is
    single unless ``jax_enable_x64`` is set.

    Parameters
    ----------
    transformation : optax.GradientTransformation
        Such as ``optax.adam(0.1)``.
    """

    adaptive = True
    keeps_step_length = True
    has_own_rate = True
    is_builtin = False
    traceable = True

    def __init__(self, transformation: Any) -> None:
        self.transformation = transformation

    def init(self, params: Array) -> TransformationState:
        import jax

        return TransformationState(tuple(jax.tree.leaves(self.transformation.init(params))))

    def lookahead(self, params: Array, state: TransformationState) -> Array:
        return params

    def step(
        self,
        params: Array,
        grad: Array,
        state: TransformationState,
        learning_rate: float,
        prox: Prox,
    ) -> tuple[Array, TransformationState]:
        import jax

        form = jax.tree.structure(jax.eval_shape(self.transformation.init, params))
        before = jax.tree.unflatten(form, state.parts)
        update, after = self.transformation.update(grad, before, params)
        moved = params + learning_rate * array_like(update, params)
        return moved, TransformationState(tuple(jax.tree.leaves(after)))


def as_optimizer(choice: Any) -> Any:
    """The choice, where it is a name or an optimizer; a `Transformation` of other objects."""
    if isinstance(choice, str) or hasattr(choice, "formulas_of_facts"):
        return choice
    return Transformation(choice)
