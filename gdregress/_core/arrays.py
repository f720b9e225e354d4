"""The compiled core as seen from Python: what it covers, and how it is handed its arrays."""

import importlib

import numpy as np
from scipy import sparse

from gdregress import losses
from gdregress.exceptions import warn_user
from gdregress.losses import classification as classification_losses
from gdregress.losses.multiclass import OneVsRest, Softmax


def _import_kernels():
    """The compiled kernels; else the interpreted ones, which need Cython; else None."""
    for name in ("compiled", "interpreted"):
        try:
            return importlib.import_module(f"gdregress._core.kernels.{name}")
        except ImportError:
            continue
    return None


kernels = _import_kernels()

# The parameter that the core's twin of a loss is given; the twins have the names of the losses.
LOSS_PARAMETERS = {
    losses.SquaredError: None,
    losses.Huber: "epsilon",
    losses.AbsoluteError: None,
    losses.LogCosh: None,
    losses.Quantile: "quantile",
    losses.EpsilonInsensitive: "epsilon",
    losses.SquaredEpsilonInsensitive: "epsilon",
    losses.Poisson: None,
    losses.Gamma: None,
    classification_losses.LogLoss: None,
    classification_losses.Hinge: None,
    classification_losses.SquaredHinge: None,
    classification_losses.ModifiedHuber: None,
    classification_losses.Perceptron: None,
}

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
            "gdregress was installed without its compiled core, and stochastic and mini-batch "
            "epochs run at the speed of Python. Install a C compiler, then reinstall gdregress.",
            RuntimeWarning,
        )


def covers(loss, design):
    """Whether the core knows a loss and can read the rows of a design matrix."""
    of_one = loss.loss if type(loss) is OneVsRest else loss
    known = type(of_one) in LOSS_PARAMETERS or type(loss) is Softmax
    if not known or design.scale is not None:
        return False
    X = design.X
    if sparse.issparse(X):
        return X.indices.dtype == X.indptr.dtype and X.indices.dtype in (np.int32, np.int64)
    return isinstance(X, np.ndarray)


def kernel_loss(loss, kernels=kernels):
    """The core's twin of a loss."""
    if type(loss) is OneVsRest:
        return kernels.OneVsRest(kernel_loss(loss.loss, kernels))
    if type(loss) is Softmax:
        return kernels.Softmax()
    parameter = LOSS_PARAMETERS[type(loss)]
    twin = getattr(kernels, type(loss).__name__)
    return twin(getattr(loss, parameter) if parameter else 0.0)


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
