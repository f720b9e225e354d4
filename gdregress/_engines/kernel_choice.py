"""The choice of the kernel for some updates: the fastest that supports them."""

import numpy as np
from scipy import sparse

# Cost of an update of a lazy coefficient, in updates of a dense one.
LAZY_COST = 8
# A momentum closer to 1 would lose digits.
LARGEST_MOMENTUM = 0.999
# Kernels of single-row updates, and kernels with parameters in the user's units.
ROW_BY_ROW = {"dense_descent", "dense_steps"}
IN_USER_UNITS = {"dense_steps", "csr_steps"}


def kernel_for(run, state, penalty, reduced, rates):
    """Name of the kernel.

    Parameters
    ----------
    run : Run
    state : State
    penalty : Penalty
        The penalty of the core.
    reduced : bool
        Whether a snapshot reduces the variance.
    rates : ndarray
        Learning rates of the updates.
    """
    plain = run.optimizer.kernel == "GradientDescent"
    # whether the coordinates are the user's own
    as_it_is = not reduced and run.objective.design.coordinates is None
    if not sparse.issparse(run.objective.design.X):
        if not plain or run.sampler.size(run.objective.n_drawn) > 1:
            return "dense_epoch"
        if as_it_is:
            return "dense_descent"
        by_steps = state.average is None and _by_columns(run)
        return "dense_steps" if by_steps else "dense_epoch"
    if plain and as_it_is and not penalty.varies:
        return "csr_descent"
    if state.average is not None or not _few_nonzeros(run):
        return "csr_epoch"
    if plain and _may_wait(run, rates):
        return "csr_steps"
    return "csr_momentum" if as_it_is and _is_lazy(run, penalty, rates) else "csr_epoch"


def _few_nonzeros(run):
    """Whether it is faster to update only the coefficients that have a gradient."""
    X, size = run.objective.design.X, run.sampler.size(run.objective.n_drawn)
    return LAZY_COST * size * X.nnz <= X.shape[0] * X.shape[1]


def _may_wait(run, rates):
    """Whether updates of coefficients without a gradient can be deferred.

    Every change of the rate updates all of them; centred rows have no zeros.
    """
    coordinates = run.objective.design.coordinates
    centred = coordinates is not None and np.any(coordinates.mean)
    return _by_columns(run) and not centred and bool((rates[:-1] == rates[0]).all())


def _by_columns(run):
    """Whether each coefficient has its own coordinate, without a metric."""
    coordinates = run.objective.design.coordinates
    return coordinates is None or coordinates.separable


def _is_lazy(run, penalty, rates):
    """Whether many updates of momentum without a gradient can be applied at once.

    It gives the same parameters for an overdamped heavy ball without a penalty other than l2.
    """
    return (
        run.optimizer.kernel in ("Momentum", "Nesterov")
        and penalty.l2_alone
        and is_overdamped(run.optimizer.momentum, rates.max() * penalty.l2)
    )


def is_overdamped(momentum, shrinkage):
    """Whether a heavy ball under l2 is overdamped, with a margin.

    With momentum m and the shrinkage c = lr l2 of a step, (1 - m)^2 > 4 m c.
    """
    return 0 < momentum < LARGEST_MOMENTUM and 8 * momentum * shrinkage <= (1 - momentum) ** 2
