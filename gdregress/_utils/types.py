"""Types of arguments and results, and typed forms of the names from scikit-learn."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Concatenate, Protocol, Self, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from sklearn import base

# An array of NumPy, PyTorch, JAX or another library of the array API, or a number that stands
# for one. No protocol describes them all, so that a type checker accepts any.
Array: TypeAlias = Any
# Values that can be converted to an array: also lists, series and frames of pandas and polars.
ArrayLike: TypeAlias = Any
# The same with two dimensions, or a sparse matrix or array of SciPy.
MatrixLike: TypeAlias = Any

# Batches (X, y) or (X, y, sample_weight): a function that returns an iterator of them, or an
# iterable that can be read more than once.
BatchSource: TypeAlias = Callable[[], Iterable[Any]] | Iterable[Any]

# The rows of one update.
Rows: TypeAlias = slice | npt.NDArray[np.integer[Any]]
RandomState: TypeAlias = int | np.random.RandomState | None
# prox(w, step_size) of a penalty, at a number or at one step size per coordinate
Prox: TypeAlias = Callable[[Array, Any], Array]
# f(y, z), the loss of each row
LossFunction: TypeAlias = Callable[[Array, Array], Array]
# name of a score, or f(model, X, y), larger being better
Scoring: TypeAlias = str | Callable[..., Any]
# factor of the learning rate by the count of updates
ScheduleFunction: TypeAlias = Callable[[Any], Any]
# f(x), f(x, batch), or with further arguments
ObjectiveFunction: TypeAlias = (
    Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[Concatenate[Any, Any, ...], Any]
)


class SupportsProx(Protocol):
    """An object that can be a penalty: R(w) and argmin_u R(u) + (u - w)^2 / (2 step_size)."""

    def value(self, w: Any, /) -> Any: ...

    def prox(self, w: Any, step_size: Any, /) -> Any: ...


class SupportsUpdate(Protocol):
    """A rule that can be an optimizer, as a ``GradientTransformation`` of optax is."""

    @property
    def init(self) -> Callable[..., Any]: ...

    @property
    def update(self) -> Callable[..., Any]: ...


if TYPE_CHECKING:

    class BaseEstimator(base.BaseEstimator):
        """scikit-learn's base, which states no types itself."""

        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
else:
    BaseEstimator = base.BaseEstimator

_Object = TypeVar("_Object")


def clone(component: _Object) -> _Object:
    """scikit-learn's `clone`, which keeps the type."""
    cloned: Any = base.clone(component)
    return cloned
