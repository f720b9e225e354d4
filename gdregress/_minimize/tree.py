"""Parameters of any shape as one flat vector, and back."""

import math
from dataclasses import dataclass
from numbers import Real

import array_api_compat
import numpy as np

from gdregress._utils.array_api import asarray, materialised, namespace, to_numpy


@dataclass(frozen=True)
class Leaf:
    """The place of an array in the flat vector; `shape` is None for a plain number."""

    start: int
    shape: tuple | None

    def build(self, flat):
        if self.shape is None:
            return flat[self.start]
        stop = self.start + math.prod(self.shape)
        return flat[self.start : stop].reshape(self.shape)


class TreeDef:
    """The structure of a number, an array, or a dict, list or tuple of arrays as a flat vector.

    A list or tuple of numbers is an array, as in SciPy.

    Parameters
    ----------
    x0 : number, array, or dict, list or tuple of them
        NumPy, PyTorch or JAX arrays, all of one library.

    Attributes
    ----------
    start : array of shape (n,)
        The numbers of x0.
    xp : module
        Its namespace.
    """

    def __init__(self, x0):
        leaves = []
        self._tree = _leaves_of(x0, leaves, 0)[0]
        spaces = {namespace(leaf) for leaf in leaves}
        if len(spaces) != 1 or not sum(math.prod(leaf.shape) for leaf in leaves):
            raise ValueError("x0 must hold at least one number, and arrays of one library only.")
        self.xp = spaces.pop()
        self.start = self._joined(leaves) + 0  # a copy: the numbers of the caller stay unchanged

    def build(self, flat):
        """The structure of x0 with the numbers of a flat vector of any library."""
        return _built(self._tree, flat)

    def unflatten_copy(self, flat):
        """The same as a copy, for functions of the caller, which may write into it."""
        return self.build(flat if array_api_compat.is_jax_array(flat) else flat + 0)

    def unflatten(self, flat):
        """The same as a copy, with numbers of Python."""
        return _to_python(self.build(flat + 0))

    def flatten(self, gradient):
        """Inverse of `build`: the flat vector of a gradient in the structure of x0.

        Raises
        ------
        ValueError
            If its structure is another one.
        """
        leaves = []
        _leaves_like(self._tree, gradient, leaves)
        device = None if self.xp is np else self.start.device
        for k, leaf in enumerate(leaves):
            if namespace(leaf) is not self.xp:
                leaves[k] = asarray(to_numpy(leaf), self.xp, device)
        return self._joined(leaves)

    def _joined(self, leaves):
        flat = [self.xp.reshape(leaf, (-1,)) for leaf in leaves]
        return flat[0] if len(flat) == 1 else self.xp.concat(flat)


def _leaves_of(part, leaves, start):
    """The structure of `part` with a Leaf for each array, and the place of the next array."""
    if isinstance(part, dict):
        tree = {}
        for key, value in part.items():
            tree[key], start = _leaves_of(value, leaves, start)
        return tree, start
    if isinstance(part, (list, tuple)) and not _is_plain(part):
        tree = []
        for value in part:
            branch, start = _leaves_of(value, leaves, start)
            tree.append(branch)
        return type(part)(tree), start
    leaf = _as_floats(part)
    leaves.append(leaf)
    shape = None if isinstance(part, Real) and not hasattr(part, "dtype") else tuple(leaf.shape)
    return Leaf(start, shape), start + math.prod(leaf.shape)


def _leaves_like(tree, part, leaves):
    """Append the arrays of `part` in the order of a tree with the same keys and shapes."""
    if isinstance(tree, dict):
        if not isinstance(part, dict) or part.keys() != tree.keys():
            came = list(part) if isinstance(part, dict) else type(part).__name__
            raise ValueError(f"The gradient must have the keys of x0, {list(tree)}. Got {came}.")
        for key, branch in tree.items():
            _leaves_like(branch, part[key], leaves)
    elif isinstance(tree, (list, tuple)):
        if not isinstance(part, (list, tuple)) or len(part) != len(tree):
            raise ValueError(f"The gradient must be {len(tree)} arrays, as x0 is. Got {part!r}.")
        for branch, one in zip(tree, part, strict=True):
            _leaves_like(branch, one, leaves)
    else:
        leaf = _as_floats(part, "The gradient")
        shape = tuple(leaf.shape)
        if shape != (tree.shape or ()) and math.prod(shape) * math.prod(tree.shape or ()) != 1:
            raise ValueError(
                f"The gradient must have the shape of x0, {tree.shape or ()}. It has {shape}."
            )
        leaves.append(leaf)


def _is_plain(part):
    """Whether a list or tuple holds numbers only, however nested."""
    return all(
        isinstance(value, Real) or (isinstance(value, (list, tuple)) and _is_plain(value))
        for value in part
    )


def _as_floats(part, name="x0"):
    """An array of floating-point numbers; TypeError for values that cannot be converted."""
    if not array_api_compat.is_array_api_obj(part):
        try:
            part = np.asarray(part)
        except ValueError as error:
            raise TypeError(f"{name} must be an array of real numbers. Got {part!r}.") from error
    xp = namespace(part)
    if xp is np:
        is_real = part.dtype.kind in "biuf"
    else:
        part = materialised(part)
        is_real = not xp.isdtype(part.dtype, "complex floating")
    if not is_real:
        raise TypeError(f"{name} must be made of real numbers, not of {part.dtype}.")
    if not xp.isdtype(part.dtype, "real floating"):
        part = xp.astype(part, xp.float64 if xp is np else xp.asarray(0.0).dtype)
    return part


def _built(tree, flat):
    if isinstance(tree, Leaf):
        return tree.build(flat)
    if isinstance(tree, dict):
        return {key: _built(branch, flat) for key, branch in tree.items()}
    return type(tree)(_built(branch, flat) for branch in tree)


def _to_python(tree):
    """A number of Python; during the descent it is a NumPy scalar, which may overflow."""
    if isinstance(tree, dict):
        return {key: _to_python(branch) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_to_python(branch) for branch in tree)
    return float(tree) if isinstance(tree, np.generic) else tree
