"""The compiled epoch as seen from the loop: when it applies, and what it is handed.

It covers stochastic and mini-batch epochs on NumPy data, C-ordered or CSR, with one target and
the built-in losses, penalties and optimizers. Everything else takes the plain loop, which gives
the same iterates to rounding.
"""

import numpy as np
from scipy import sparse

from gdregress import losses, optimizers, penalties
from gdregress.exceptions import warn_user
from gdregress.samplers import Batch
from gdregress.schedules import SCHEDULES, check_factor

try:
    from gdregress import _kernels
except ImportError:  # uncompiled, and without Cython, which the interpreted twin needs
    _kernels = None

# Kernel class of each loss, and the name of the parameter that it is given.
SLOPES = {
    losses.SquaredError: ("Slope", None),
    losses.Huber: ("HuberSlope", "epsilon"),
    losses.AbsoluteError: ("AbsoluteSlope", None),
    losses.LogCosh: ("LogCoshSlope", None),
    losses.Quantile: ("QuantileSlope", "quantile"),
    losses.EpsilonInsensitive: ("EpsilonInsensitiveSlope", "epsilon"),
    losses.SquaredEpsilonInsensitive: ("SquaredEpsilonInsensitiveSlope", "epsilon"),
    losses.Poisson: ("PoissonSlope", None),
    losses.Gamma: ("GammaSlope", None),
}
# Number of each rule, the constants it is given, and the arrays of its state.
RULES = {
    optimizers.GradientDescent: (0, (), ()),
    optimizers.Momentum: (1, ("momentum", None, None), ("velocity",)),
    optimizers.Nesterov: (2, ("momentum", None, None), ("velocity",)),
    optimizers.AdaGrad: (3, (None, None, "epsilon"), ("total",)),
    optimizers.RMSProp: (4, (None, "rho", "epsilon"), ("second_moment",)),
    optimizers.Adam: (5, ("beta_1", "beta_2", "epsilon"), ("first_moment", "second_moment")),
    optimizers.AMSGrad: (
        6,
        ("beta_1", "beta_2", "epsilon"),
        ("first_moment", "second_moment", "largest"),
    ),
    optimizers.NAdam: (7, ("beta_1", "beta_2", "epsilon"), ("first_moment", "second_moment")),
}
PENALTIES = (penalties.NoPenalty, penalties.L1, penalties.L2, penalties.ElasticNet)
# Growth exp(600) of the lazily shrunk parameters is within the range of double precision.
LARGEST_LOG_GROWTH = 600.0

_warned = False


def applies(run, state):
    """Whether the compiled epoch covers this run; warns once where only a compiler is missing."""
    objective, X = run.objective, run.objective.design.X
    covered = (
        not isinstance(run.sampler, Batch)
        and run.line_search is None
        and state.average is None
        and objective.design.scale is None
        and isinstance(state.params, np.ndarray)
        and state.params.ndim == 1
        and type(objective.loss) in SLOPES
        and type(objective.penalty) in PENALTIES
        and type(run.optimizer) in RULES
        and _has_layout(X)
    )
    return covered and _is_compiled()


def _has_layout(X):
    if sparse.issparse(X):
        return X.indices.dtype == X.indptr.dtype and X.indices.dtype in (np.int32, np.int64)
    return X.flags.c_contiguous


def _is_compiled():
    global _warned
    if _kernels is not None and _kernels.COMPILED:
        return True
    if not _warned:
        _warned = True
        warn_user(
            "gdregress was installed without its compiled core, and stochastic and mini-batch "
            "epochs run at the speed of Python. Install a C compiler, then reinstall gdregress.",
            RuntimeWarning,
        )
    return False


def compiled_epoch(run, state, kernels=_kernels):
    """One epoch; updates `state` and returns the last learning rate.

    Parameters
    ----------
    run, state : as in `solver.run_epoch`
    kernels : module
        The compiled kernels, or their interpreted twin.
    """
    objective, sampler = run.objective, run.sampler
    n, size = objective.n_samples, sampler.size(objective.n_samples)
    order = state.rng.permutation(n) if sampler.shuffle else np.arange(n)
    rates, last_rate = _rates(run, state, n, size)
    name, parameter = SLOPES[type(objective.loss)]
    slope = getattr(kernels, name)(getattr(objective.loss, parameter) if parameter else 0.0)
    l1, l2 = _strengths(objective.penalty)
    empty = np.empty(0, dtype=state.params.dtype)
    weights = empty if objective.weights is None else objective.weights
    batches = (objective.y, weights, order.astype(np.int64, copy=False), size)
    params, slopes = state.params.copy(), np.empty(size)
    rule, constants, fields = RULES[type(run.optimizer)]
    design = objective.design
    rows = (design.X,)
    if sparse.issparse(design.X):
        rows = (design.X.data, design.X.indices, design.X.indptr)
    if rule == 0 and len(rows) == 3:
        _lazy_epoch(kernels.gd_csr, rows, batches, rates, slope, l1, l2, params, slopes, design)
    elif rule == 0:
        kernels.gd_dense(*rows, *batches, rates, slope, l1, l2, params, slopes)
    else:
        memory = np.zeros((len(fields) + 2, params.size), dtype=params.dtype)
        for row, field in enumerate(fields):
            memory[row] = getattr(state.optimizer, field)
        values = np.array([getattr(run.optimizer, c) if c else 0.0 for c in constants])
        counts = "count" in state.optimizer._fields
        tail = (slopes, rule, values, memory, state.optimizer.count if counts else 0)
        if len(rows) == 3:
            kernels.rule_csr(
                *rows, *batches, rates, slope, l1, l2, params, design.fit_intercept, *tail
            )
        else:
            kernels.rule_dense(*rows, *batches, rates, slope, l1, l2, params, *tail)
        changed = {field: memory[row] for row, field in enumerate(fields)}
        if counts:
            changed["count"] = state.optimizer.count + len(rates)
        state.optimizer = state.optimizer._replace(**changed)
    state.params = params
    state.count += len(rates)
    state.epoch += 1
    return float(last_rate)


def _rates(run, state, n, size):
    """Learning rate of every update of the epoch, a short last batch counting by its share.

    Also the last rate before that share.
    """
    counts = state.count - run.first_count + np.arange(-(-n // size))
    if type(run.schedule) in SCHEDULES.values():
        factors = run.schedule(counts)
    else:
        factors = np.array([run.schedule(int(count)) for count in counts])
    check_factor(run.schedule, factors)
    rates = run.learning_rate * state.rate_factor * np.asarray(factors, dtype=float)
    last_rate = rates[-1]
    rates[-1] *= (n - (len(rates) - 1) * size) / size
    return rates, last_rate


def _strengths(penalty):
    """(l1, l2) of the prox w -> soft(w, lr l1) / (1 + lr l2)."""
    ratio = {penalties.L1: 1.0, penalties.L2: 0.0}.get(
        type(penalty), getattr(penalty, "l1_ratio", 0.0)
    )
    alpha = getattr(penalty, "alpha", 0.0)
    return alpha * ratio, alpha * (1 - ratio)


def _lazy_epoch(gd_csr, rows, batches, rates, slope, l1, l2, params, slopes, design):
    """Plain descent on sparse rows, in pieces over which the lazy shrinkage stays in range."""
    y, weights, order, size = batches
    growth = np.append(0.0, np.cumsum(np.log1p(rates * l2)))
    start = 0
    while start < len(rates):
        reach = np.searchsorted(growth, growth[start] + LARGEST_LOG_GROWTH, side="right") - 1
        stop = int(max(start + 1, reach))
        shrinkages = np.exp(growth[start : stop + 1] - growth[start])
        piece = rates[start:stop]
        thresholds = np.append(0.0, np.cumsum(piece * l1 * shrinkages[:-1]))
        gd_csr(
            *rows,
            y,
            weights,
            order[start * size : stop * size],
            size,
            piece,
            slope,
            thresholds,
            shrinkages,
            params,
            np.zeros(design.n_features, dtype=np.int64),
            design.fit_intercept,
            slopes,
        )
        start = stop
