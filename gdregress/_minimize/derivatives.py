"""Values and gradients of a function of the caller, which may need differentiation."""

import math

import numpy as np
from scipy.optimize import approx_fprime

from gdregress._utils.array_api import asarray, to_numpy


class Function:
    """fun(x, *args) of a flat vector, or fun(x, batch, *args), and its gradient.

    Parameters
    ----------
    fun : callable
    args : tuple
    tree : TreeDef
        The structure of x.

    Attributes
    ----------
    nfev, njev : int
        Evaluations of the function and of its gradient.
    joint : bool
        Whether one evaluation gives value and gradient.
    means : str
        How the gradient is computed, for messages.
    by_hand : bool
        Whether the gradient is a function of the caller.

    Notes
    -----
    ``batch`` holds the numbers of some rows; it is None for a function without rows.
    """

    joint = True
    means = ""
    by_hand = False

    def __init__(self, fun, args, tree):
        self.fun = fun
        self.args = args
        self.tree = tree
        self.nfev = self.njev = 0

    def value(self, flat, batch=None):
        return self.value_and_gradient(flat, batch)[0]

    def gradient(self, flat, batch=None):
        return self.value_and_gradient(flat, batch)[1]

    def call(self, flat, batch):
        """The value that fun returns."""
        self.nfev += 1
        return self.fun(self.tree.unflatten_copy(flat), *self.further(batch))

    def further(self, batch):
        """The arguments of fun and jac after x."""
        return self.args if batch is None else (batch.copy(), *self.args)


class WithJacobian(Function):
    """``jac`` is a function of its own."""

    joint = False
    by_hand = True

    def __init__(self, fun, args, tree, jac):
        super().__init__(fun, args, tree)
        self.jac = jac

    def value(self, flat, batch=None):
        return number(self.call(flat, batch))

    def gradient(self, flat, batch=None):
        self.njev += 1
        gradient = self.jac(self.tree.unflatten_copy(flat), *self.further(batch))
        return checked(gradient, flat, self.tree)


class WithBoth(Function):
    """``jac=True``: fun returns value and gradient."""

    by_hand = True

    def value_and_gradient(self, flat, batch=None):
        both = self.call(flat, batch)
        if not isinstance(both, (tuple, list)) or len(both) != 2:
            raise TypeError(
                f"With jac=True fun must return value and gradient. It returned {both!r}."
            )
        value, gradient = both
        self.njev += 1
        return number(value), checked(gradient, flat, self.tree)


class ByTorch(Function):
    """Automatic differentiation by PyTorch, of x as a NumPy array or a tensor."""

    means = "Derivatives by PyTorch."

    def value(self, flat, batch=None):
        import torch

        with torch.no_grad():
            return number(self.call(_tensor(flat), batch))

    def value_and_gradient(self, flat, batch=None):
        import torch

        x = _tensor(flat).detach().requires_grad_()
        value = self.call(x, batch)
        if not getattr(value, "requires_grad", False):
            raise ValueError(
                "PyTorch can only differentiate a tensor that fun has computed from x by its "
                f"operations. fun returned {value!r}."
            )
        gradient = torch.autograd.grad(value.sum(), x)[0]
        self.njev += 1
        return number(value.detach()), gradient if _is_tensor(flat) else to_numpy(gradient)


class ByJax(Function):
    """Automatic differentiation by JAX, of x as a NumPy array or a JAX array."""

    means = "Derivatives by JAX."

    def __init__(self, fun, args, tree):
        import jax

        super().__init__(fun, args, tree)

        def single(flat, *rest):
            value = fun(tree.build(flat), *rest)
            return value.reshape(()) if math.prod(getattr(value, "shape", (0,))) == 1 else value

        self._both = jax.value_and_grad(single)

    def value_and_gradient(self, flat, batch=None):
        import jax.numpy as jnp

        value, gradient = self._both(jnp.asarray(flat), *self.further(batch))
        self.nfev += 1
        self.njev += 1
        if isinstance(flat, np.ndarray):
            gradient = to_numpy(gradient).astype(flat.dtype)
        return number(value), gradient


class ByDifferences(Function):
    """Forward differences (f(x + e) - f(x)) / e by SciPy, one evaluation for each number."""

    joint = False
    means = "Derivatives by finite differences, for want of jac."

    def value(self, flat, batch=None):
        return number(self.call(flat, batch))

    def gradient(self, flat, batch=None):
        self.njev += 1
        return approx_fprime(flat, lambda x: self.value(x, batch))


BY_LIBRARY = {"torch": ByTorch, "jax": ByJax}


def differentiated(fun, args, tree, jac):
    """The function with a gradient, computed as `jac` says.

    Parameters
    ----------
    fun : callable
    args : tuple
    tree : TreeDef
    jac : callable, bool, {"torch", "jax"} or None
    """
    if callable(jac):
        return WithJacobian(fun, args, tree, jac)
    if jac is True:
        return WithBoth(fun, args, tree)
    library = next((name for name in BY_LIBRARY if name in tree.xp.__name__), None)
    if jac is None or jac is False:
        return BY_LIBRARY.get(library, ByDifferences)(fun, args, tree)
    if not isinstance(jac, str) or jac not in BY_LIBRARY:
        raise ValueError(
            f"jac must be a function, True, 'torch', 'jax' or None. Got {jac!r} instead."
        )
    if library not in (None, jac):
        raise ValueError(f"jac={jac!r} differentiates x0 of NumPy or its own; x0 is {library}'s.")
    return BY_LIBRARY[jac](fun, args, tree)


def number(value):
    """The value that a function returned, as a float; an error unless it is one real number."""
    shape = tuple(getattr(value, "shape", ()))
    if any(length != 1 for length in shape):
        raise ValueError(f"fun must return a single number. It returned an array of {shape}.")
    try:
        is_complex = getattr(getattr(value, "dtype", None), "kind", "") == "c"
        if is_complex or isinstance(value, (str, bytes)):
            raise TypeError("float() would drop a part, or read text")
        return float(value if shape == () else value.reshape(()))
    except (TypeError, ValueError) as error:
        both = isinstance(value, tuple) and len(value) == 2
        hint = " If these are value and gradient, pass jac=True." if both else ""
        text = f"fun must return a single real number. It returned {value!r}.{hint}"
        raise TypeError(text) from error


def checked(gradient, flat, tree):
    """A gradient as a flat vector like x; ValueError unless it is shaped like x0."""
    gradient = tree.flatten(gradient)
    device = None if tree.xp is np else flat.device
    # a copy, as the function may write its next gradient to the same memory
    return asarray(gradient, tree.xp, device, dtype=flat.dtype) + 0


def _is_tensor(array):
    return not isinstance(array, np.ndarray)


def _tensor(flat):
    import torch

    return flat if _is_tensor(flat) else torch.from_numpy(np.array(flat))
