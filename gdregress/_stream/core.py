"""Learning from rows in the compiled core: the same numbers as `rows.learn_rows`, faster."""

import numpy as np

from gdregress._core import core
from gdregress._stream.learners import RATES


def covers(X, loss, penalty):
    """Whether the core has these rows, this loss and this penalty."""
    return (
        isinstance(X, np.ndarray)
        and core.is_compiled()
        and core.has_loss(loss)
        and penalty.kernel_terms is not None
    )


def learn_rows(learners, X, y, weights, losses, loss, penalty, size, kernels=core.kernels):
    """As `rows.learn_rows`, with the rows as an array in the coordinates of the learners."""
    w, v = learners.iterates, learners.averages
    k, n_parameters = w.shape[1:]
    y = core.target_columns(np.asarray(y, dtype=float))
    of_core = kernels.StreamLearners(
        w.reshape(-1, n_parameters),
        v.reshape(-1, n_parameters),
        RATES,
        learners.record,
        X.shape[1],
        size,
        learners.curvature,
        core.kernel_penalty(penalty, X.shape[1], kernels),
        float(loss.curvature) if loss.coupled else 0.0,
        np.empty((3, k, 1)),
        np.empty((2, k)),
        losses,
        np.empty((y.shape[1], 1)),
    )
    kernels.stream_rows(X, y, weights, core.kernel_loss(loss, kernels), loss.is_quadratic, of_core)
