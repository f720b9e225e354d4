"""The compiled core as seen from Python: what it covers, and how it is handed its arrays."""

import importlib

import numpy as np
from scipy import sparse

from gdregress._core.instruction_set import choose_instruction_set
from gdregress._core.origin import why_uncompiled
from gdregress.exceptions import warn_user


def _import_kernels():
    """The compiled kernels; else the interpreted ones, which need Cython; else None."""
    for name in ("compiled", "interpreted"):
        try:
            return importlib.import_module(f"gdregress._core.kernels.{name}")
        except ImportError:
            continue
    return None


kernels = _import_kernels()
# None where they are not compiled
instruction_set = choose_instruction_set(kernels) if kernels and kernels.COMPILED else None

# Rows copied at a time where they do not lie one after the other in memory.
COPIED_ROWS = 1024
_NOTHING = np.empty(0)
_warned = False


def is_compiled():
    """Whether the core has been compiled."""
    return kernels is not None and kernels.COMPILED


def warn_uncompiled():
    """Say once what the missing core costs."""
    global _warned
    if not _warned:
        _warned = True
        warn_user(
            "gdregress runs without its compiled core, and stochastic and mini-batch epochs at "
            f"the speed of Python: {why_uncompiled()}.",
            RuntimeWarning,
        )


def covers(loss, design):
    """Whether the core has the formulas of a loss and can read the rows of a design matrix."""
    if not has_loss(loss):
        return False
    X = design.X
    return has_indices(X) if sparse.issparse(X) else isinstance(X, np.ndarray)


def has_indices(X):
    """Whether the core can read the indices of a CSR matrix."""
    return X.indices.dtype == X.indptr.dtype and X.indices.dtype in (np.int32, np.int64)


def has_loss(loss):
    """Whether the core has the formulas of a loss."""
    if loss.kernel is None:
        return False
    single = loss.without_offset.base_loss
    parameter = single.kernel_parameter
    # one for each target is more than it takes
    return parameter is None or not np.ndim(getattr(single, parameter))


def kernel_loss(loss, kernels=kernels):
    """The class of the core that computes a loss, with the loss's own parameter."""
    kernel = getattr(kernels, loss.kernel)
    single = loss.without_offset.base_loss
    if single is not loss:
        return kernel(kernel_loss(single, kernels))
    return kernel(getattr(loss, loss.kernel_parameter) if loss.kernel_parameter else 0.0)


def kernel_penalty(penalty, n_features, kernels=kernels):
    """The core's penalty, w -> clip(soft(w, s l1) / (1 + s l2), lower, upper)."""
    terms, bounds = penalty.kernel_terms, (_NOTHING, _NOTHING)
    size = n_features if np.ndim(terms.l1) or np.ndim(terms.l2) else 1
    strengths = [_of_size(size, strength) for strength in (terms.l1, terms.l2)]
    if terms.bounds is not None:
        bounds = [_of_size(n_features, bound) for bound in terms.bounds]
    return kernels.Penalty(*strengths, *bounds)


def _of_size(size, values):
    return np.zeros(size) + values


def kernel_columns(coordinates, w, kernels=kernels):
    """The core's columns, by which parameters of the shape of w become the user's.

    They have zeros for the coefficients of constant columns, which add nothing to centred rows.
    """
    nothing = np.empty((0, 0))
    if coordinates is None:
        return kernels.Columns(_NOTHING, _NOTHING, nothing, nothing)
    mean = np.array(coordinates.mean, dtype=float)
    varies = np.ones_like(mean)
    if coordinates.varies is not None:
        varies = np.asarray(coordinates.varies, dtype=float)
    if not coordinates.separable:
        basis = np.array(varies[:, None] * coordinates.basis, dtype=float, order="C")
        return kernels.Columns(mean, np.ones(len(mean)), basis, np.empty(w.shape))
    inverse_scale = varies / np.array(coordinates.scale, dtype=float)
    return kernels.Columns(mean, inverse_scale, nothing, np.empty(w.shape))


def kernel_snapshot(snapshot, kernels=kernels):
    """The core's snapshot of all rows; an empty one for None."""
    if snapshot is None:
        return kernels.Snapshot(np.empty((0, 0)), np.empty((0, 0)))
    slopes = target_columns(np.asarray(snapshot.slopes, dtype=float))
    return kernels.Snapshot(slopes, target_rows(snapshot.gradient))


def kernel_steps(design, penalty, snapshot, w, kernels=kernels):
    """The core's steps of plain descent, in the units that `user_units` has for w."""
    p, terms = design.n_features, penalty.kernel_terms
    mean, units, pulled = np.zeros(p), user_units(design, w), np.ones(p)
    if design.coordinates is not None:
        mean = np.array(design.coordinates.mean, dtype=float)
        pulled = design.coordinates.pulled(pulled)
    drift = 0 * w if snapshot is None else target_rows(snapshot.gradient) * units
    lower, upper = (-np.inf, np.inf) if terms.bounds is None else terms.bounds
    units = units[:p]
    scaled = [units * np.asarray(part) for part in (terms.l1, lower, upper)]
    return kernels.Steps(
        mean, units * pulled, drift, scaled[0], _of_size(p, terms.l2), *scaled[1:]
    )


def user_units(design, w):
    """By how much parameters in the coordinates are multiplied to be in the user's units."""
    units = np.ones(w.shape[1])
    if design.coordinates is not None:
        units[: design.n_features] /= np.asarray(design.coordinates.scale, dtype=float)
    return units


def kernel_constants(optimizer):
    """The constants of an optimizer's class in the core: zeros where it has fewer than three."""
    names = optimizer.kernel_constants
    values = [0.0 if name is None else getattr(optimizer, name) for name in names]
    return np.array(values + [0.0] * (3 - len(values)), dtype=float)


def in_rows(X, start, stop):
    """Dense rows of a range in C order, a few at a time where they have to be copied for it."""
    step = max(stop - start, 1) if X.flags.c_contiguous else COPIED_ROWS
    for first in range(start, stop, step):
        rows = slice(first, min(first + step, stop))
        yield np.ascontiguousarray(X[rows]), rows


def arrays_of(X):
    """The arrays that hold the rows of a dense or CSR matrix."""
    if not sparse.issparse(X):
        return (X,)
    return tuple(np.ascontiguousarray(array) for array in (X.data, X.indices, X.indptr))


def target_columns(y):
    """Targets of shape (n_samples, n_targets), in C order."""
    return np.ascontiguousarray(y if y.ndim == 2 else y[:, None])


def kernel_weights(weights, dtype):
    """Sample weights; an empty array stands for equal ones."""
    return np.empty(0, dtype=dtype) if weights is None else weights


def target_rows(params):
    """A copy of parameters in double precision, one row of them for each target."""
    return np.array(params.T, dtype=float, order="C", ndmin=2)


def like_params(rows, params):
    """Inverse of `target_rows`: an array of the shape and type of `params`."""
    rows = rows[0] if params.ndim == 1 else rows.T
    return np.ascontiguousarray(rows, dtype=params.dtype)
