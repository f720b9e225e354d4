"""Offsets of the raw prediction: the loss of z + o, o being a number of each row.

The offset of a row stands beside its targets, so that batches, blocks and single rows need no
third array, and formulas that are elementwise in y and z stay so.
"""

from __future__ import annotations

from typing import Any

from gdregress._utils.array_api import as_column
from gdregress._utils.types import Array
from gdregress.losses.base import Loss, fact_of


class Offset(Loss):
    """L(y, z + o), o being the last column of the targets.

    Parameters
    ----------
    loss : Loss
        L, of one raw prediction for each target.
    n_targets : int or None
        Columns of the user's targets; None where these have one dimension.

    References
    ----------
    McCullagh and Nelder, "Generalized linear models", 2nd edition, section 6.3.2.
    """

    link = fact_of("link")
    smooth = fact_of("smooth")
    convex = fact_of("convex")
    curvature = fact_of("curvature")
    target_range = fact_of("target_range")
    needs_library = fact_of("needs_library")
    is_builtin = fact_of("is_builtin")
    traceable = fact_of("traceable")

    def __init__(self, loss: Loss, n_targets: int | None = None) -> None:
        self.loss = loss
        self.n_targets = n_targets

    @property
    def without_offset(self) -> Loss:
        return self.loss

    @property
    def kernel(self) -> str | None:
        return None if self.loss.kernel is None else "Offset"

    @property
    def deviance(self) -> Any:
        return None if self.loss.deviance is None else self._deviance

    def value(self, y: Array, z: Array) -> Array:
        return self.loss.value(*targets_and_predictions(self, y, z))

    def gradient(self, y: Array, z: Array) -> Array:
        return self.loss.gradient(*targets_and_predictions(self, y, z))

    def curvature_at(self, y: Array, z: Array) -> Array:
        return self.loss.curvature_at(*targets_and_predictions(self, y, z))

    def output_shape(self, y: Array) -> tuple[int, ...]:
        return () if self.n_targets is None else (self.n_targets,)

    def split_target(self, y: Array) -> tuple[Array, Array | None]:
        return (y[:, 0] if self.n_targets is None else y[:, :-1]), y[:, -1]

    def _deviance(self, y: Array, z: Array) -> Array:
        given = targets_and_predictions(self, y, z)
        return self.loss.deviance(*given)  # pyright: ignore[reportOptionalCall]


def targets_and_predictions(loss: Loss, y: Array, z: Array) -> tuple[Array, Array]:
    """Targets and raw predictions as the loss without an offset has them: y and z + o."""
    targets, offset = loss.split_target(y)
    return targets, z if offset is None else z + as_column(offset, z)
