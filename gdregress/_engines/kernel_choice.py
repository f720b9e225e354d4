"""The choice of the kernel for some updates: the fastest that supports them."""

import numpy as np
from scipy import sparse

# So many plain moves of a coefficient cost as much as a lazy one.
LAZY_COST = 8
# Momenta nearer to 1 would cost digits.
LARGEST_MOMENTUM = 0.999
# Kernels that make an update for each row, and those whose parameters are in the user's units.
ROW_BY_ROW = {"dense_descent", "dense_steps"}
IN_USER_UNITS = {"dense_steps", "csr_steps"}


def kernel_for(run, state, penalty, reduced, rates):
    """Name of the kernel.

    Parameters
    ----------
    run : Run
    state : State
    penalty : Penalty
        Of the core.
    reduced : bool
        Whether a snapshot reduces the variance.
    rates : ndarray
        Learning rates of the updates.
    """
    plain = run.optimizer.kernel == "GradientDescent"
    # whether rows and gradients are used as they are
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
    """Whether it pays to move only the coefficients that have a gradient."""
    X, size = run.objective.design.X, run.sampler.size(run.objective.n_drawn)
    return LAZY_COST * size * X.nnz <= X.shape[0] * X.shape[1]


def _may_wait(run, rates):
    """Whether coefficients without a gradient can wait until they are needed next.

    All of them are moved whenever the rate changes; rows that are centred have no zeros.
    """
    coordinates = run.objective.design.coordinates
    centred = coordinates is not None and np.any(coordinates.mean)
    return _by_columns(run) and not centred and bool((rates[:-1] == rates[0]).all())


def _by_columns(run):
    """Whether each coefficient has a coordinate of its own, and not a metric."""
    coordinates = run.objective.design.coordinates
    return coordinates is None or coordinates.separable


def _is_lazy(run, penalty, rates):
    """Whether momentum can be applied to a coefficient for many updates at once.

    An overdamped heavy ball whose only penalty is l2 ends at the same parameters by it.
    """
    return (
        run.optimizer.kernel in ("Momentum", "Nesterov")
        and penalty.l2_alone
        and is_overdamped(run.optimizer.momentum, rates.max() * penalty.l2)
    )


def is_overdamped(momentum, shrinkage):
    """Whether a heavy ball that l2 pulls back does not swing, with a margin.

    Its momentum m and the shrinkage c = lr l2 of a step are such that (1 - m)^2 > 4 m c.
    """
    return 0 < momentum < LARGEST_MOMENTUM and 8 * momentum * shrinkage <= (1 - momentum) ** 2
