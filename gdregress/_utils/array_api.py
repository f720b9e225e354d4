"""The array library of the data, and conversions between libraries.

Everything follows ``X``: the parameters, the predictions and the fitted arrays live in the
namespace and on the device of the data. Other libraries than NumPy are supported only under
``sklearn.set_config(array_api_dispatch=True)``.
"""

from typing import Any

import array_api_compat
import numpy as np
import numpy.typing as npt
import sklearn
from scipy import sparse

from gdregress._utils.types import Array, ArrayLike

# From so many numbers on BLAS computes a dot product in several threads: its result depends on
# their number, and they keep their processors busy for a while afterwards.
LARGEST_DOT = 10_000


def namespace(array: Array) -> Any:
    """Array API namespace of an array that has already been validated."""
    if isinstance(array, (np.ndarray, np.generic)) or sparse.issparse(array):
        return np
    return array_api_compat.array_namespace(array)


def input_namespace(X):
    """Namespace and device that the user's `X` asks for: NumPy unless dispatch is on.

    Returns
    -------
    xp : module
    device : object or None
        None stands for NumPy's only device.
    """
    dispatch = sklearn.get_config()["array_api_dispatch"]
    if not dispatch or sparse.issparse(X) or not array_api_compat.is_array_api_obj(X):
        return np, None
    xp = namespace(X)
    return xp, None if xp is np else array_api_compat.device(X)


def to_numpy(array: Array) -> npt.NDArray[Any]:
    """Copy or view of an array-like as a NumPy array on the CPU."""
    if isinstance(array, np.ndarray) or not array_api_compat.is_array_api_obj(array):
        return np.asarray(array)
    if array_api_compat.is_jax_array(array):  # JAX copies from any device by itself
        return np.asarray(array)
    array = materialised(array)  # other libraries read the memory as it is
    try:
        return np.from_dlpack(array_api_compat.to_device(array, "cpu"))
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError):
        # array-api-strict refuses the transfer to "cpu" and the protocol from its own devices
        return np.asarray(to_host(array))


def to_host(array):
    """An array in the memory of the host, of its own library if that supports it, else of NumPy.

    Its pickle can be read on a machine without accelerator. JAX does so by itself.
    """
    if isinstance(array, (np.ndarray, np.generic)) or array_api_compat.is_jax_array(array):
        return array
    if array_api_compat.is_cupy_array(array):
        return to_numpy(array)
    xp = namespace(array)
    cpu = xp.Device("CPU_DEVICE") if hasattr(xp, "Device") else "cpu"  # in array-api-strict
    return array_api_compat.to_device(array, cpu)


def in_host_memory(array):
    """Whether NumPy can read an array of PyTorch or JAX without a copy."""
    if array_api_compat.is_torch_array(array):
        return array.device.type == "cpu"
    if array_api_compat.is_jax_array(array):
        return all(device.platform == "cpu" for device in array.devices())
    return False


def move_to(array: Any, xp: Any, device: Any) -> Any:
    """Move `array` to a namespace and device.

    None is returned unchanged; so are lists and frames if the library is NumPy.
    """
    if array is None or sparse.issparse(array):
        return array
    if not array_api_compat.is_array_api_obj(array):
        if xp is np or np.asarray(array).dtype.kind not in "biuf":
            return array
        return asarray(np.asarray(array), xp, device)
    array = materialised(array)
    if namespace(array) is xp and (xp is np or array_api_compat.device(array) == device):
        return array
    array = to_numpy(array)
    return array if xp is np else asarray(array, xp, device)


def materialised(array):
    """An array without lazy operations and without a record for derivatives.

    PyTorch marks a tensor as negated or conjugated, and its memory holds the earlier numbers.
    """
    if not array_api_compat.is_torch_array(array):
        return array
    return array.detach().resolve_conj().resolve_neg()


def check_dense_and_real(X):
    """Raise ValueError for arrays of other libraries whose kind is not supported."""
    if namespace(X).isdtype(X.dtype, "complex floating"):
        raise ValueError(f"Complex data not supported: X is of {X.dtype}.")
    if array_api_compat.is_torch_array(X) and str(X.layout) != "torch.strided":
        raise ValueError(
            "X is a sparse tensor, which is not supported. Pass a matrix of scipy.sparse, or "
            "X.to_dense()."
        )


def asarray(values: ArrayLike, xp: Any, device: Any, dtype: Any = None) -> Array:
    """Build an array in a namespace from NumPy data or Python numbers."""
    if xp is np:
        return np.asarray(values, dtype=dtype)
    if not isinstance(values, (int, float, list)) and not np.asarray(values).flags.writeable:
        values = np.array(values)  # torch warns when it is handed a read-only buffer
    return xp.asarray(values, dtype=dtype, device=device)


def array_like(values: Array, array: Array) -> Array:
    """Numbers as an array in the library, on the device and of the type of another array."""
    xp = namespace(array)
    if xp is np:
        return np.asarray(to_numpy(values), dtype=array.dtype)
    if array_api_compat.is_array_api_obj(values) and namespace(values) is xp:
        return xp.astype(values, array.dtype, copy=False)
    return asarray(to_numpy(values), xp, array.device, dtype=array.dtype)


def as_column(values: Array, like: Array) -> Array:
    """`values` of shape (p,) shaped to broadcast over `like` of shape (p,) or (p, n_targets)."""
    return values[:, None] if len(like.shape) == 2 and len(values.shape) == 1 else values


def widest_type(array):
    """The widest floating type of an array's library on the device of the array."""
    if isinstance(array, np.ndarray):
        return np.float64
    kinds = (
        namespace(array)
        .__array_namespace_info__()
        .dtypes(device=array_api_compat.device(array), kind="real floating")
    )
    return kinds.get("float64", array.dtype)


def is_single(array: Array) -> bool:
    """Whether the numbers of an array are of single precision."""
    if isinstance(array, np.ndarray):
        return array.dtype == np.float32
    return str(array.dtype).endswith("32")


def index_type(array):
    """The integer type of indices in an array's library."""
    if isinstance(array, np.ndarray):
        return np.intp
    device = array_api_compat.device(array)
    return namespace(array).__array_namespace_info__().default_dtypes(device=device)["indexing"]


def dot(a: Array, b: Array) -> float:
    """Sum of the products of two arrays of one shape, as a Python float."""
    return float(sum_of_products(a, b))


def sum_of_products(a: Array, b: Array) -> Array:
    """The same as an array of one number, without waiting for the device."""
    if isinstance(a, np.ndarray) and a.size <= LARGEST_DOT:
        return np.vdot(a, b)
    return namespace(a).sum(a * b)


def same_numbers(a, b):
    """Whether two arrays, the first of which may be missing, hold the same numbers."""
    return a is b or (a is not None and a.shape == b.shape and bool((a == b).all()))


def take_rows(array, rows):
    """Rows of a dense or sparse array, by slice or by an integer NumPy array.

    Parameters
    ----------
    array : array or CSR array of shape (n, ...)
    rows : slice, ndarray of int, or an array of `array`'s own library and device
    """
    if isinstance(array, np.ndarray) or sparse.issparse(array):
        return array[rows]
    if isinstance(rows, slice):
        return array[rows, ...]
    xp = namespace(array)
    if isinstance(rows, np.ndarray):
        rows = asarray(rows, xp, array_api_compat.device(array))
    return xp.take(array, rows, axis=0)


def rows_beside(array, batches):
    """Batches with their row numbers on the device of an array, moved there in one transfer.

    Parameters
    ----------
    array : array
    batches : iterable of (rows, share)
        One epoch, as in `Sampler.batches`; all rows are slices or all are NumPy arrays.
    """
    if isinstance(array, np.ndarray):
        return batches
    batches = list(batches)
    if isinstance(batches[0][0], slice):
        return batches
    order = np.concatenate([rows for rows, _ in batches])
    order = asarray(order, namespace(array), array_api_compat.device(array))
    ends = np.cumsum([len(rows) for rows, _ in batches]).tolist()
    starts, shares = [0, *ends[:-1]], [share for _, share in batches]
    return [(order[i:j], share) for i, j, share in zip(starts, ends, shares, strict=True)]
