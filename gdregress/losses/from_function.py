"""A loss that is only a formula: its gradient comes from the library of the data."""

from __future__ import annotations

import array_api_compat

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array, LossFunction
from gdregress.losses.base import Loss


class CallableLoss(Loss):
    """L(y, z) = f(y, z), differentiated by PyTorch or JAX.

    Parameters
    ----------
    function : callable
        ``f(y, z)``, the loss of each row, in operations of the library that holds the data.
        JAX compiles it once for each shape: it has to be pure, and a number that it takes from
        outside stays what it was then. Hand over another function for another number.
    """

    is_builtin = False
    traceable = True
    needs_library = True

    def __init__(self, function: LossFunction) -> None:
        self.function = function

    def value(self, y: Array, z: Array) -> Array:
        self._check_library(z)
        return self.function(y, z)

    def gradient(self, y: Array, z: Array) -> Array:
        self._check_library(z)
        if array_api_compat.is_torch_array(z):
            import torch

            with torch.enable_grad():
                z = z.detach().requires_grad_()
                return torch.autograd.grad(self.function(y, z).sum(), z)[0]
        import jax

        return jax.grad(lambda z: self.function(y, z).sum())(z)

    def _check_library(self, z: Array) -> None:
        if not (array_api_compat.is_torch_array(z) or array_api_compat.is_jax_array(z)):
            raise TypeError(
                "A loss that is a function is differentiated by PyTorch or JAX, and X has come as "
                f"an array of {namespace(z).__name__}. Pass X as theirs under "
                "sklearn.set_config(array_api_dispatch=True), or write a subclass of "
                "gdregress.losses.Loss with its gradient."
            )
