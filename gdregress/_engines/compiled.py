"""The compiled epoch as seen from the loop: when it applies, and what it is handed.

It covers stochastic and mini-batch epochs on NumPy data, C-ordered or CSR, with the built-in
losses, penalties and optimizers, any number of targets, weights and averages. Everything else
takes the plain loop, which gives the same iterates to rounding.
"""

import math

import numpy as np
from scipy import sparse

from gdregress import optimizers, penalties
from gdregress._core import arrays as core
from gdregress._core.threads import memory_apart
from gdregress.samplers import Batch
from gdregress.schedules import SCHEDULES, check_factor

# The constants of each rule (decay of the gradient, decay of its square, epsilon) and the arrays
# of its state. The core's twins have the names of the optimizers.
RULES = {
    optimizers.GradientDescent: ((), ()),
    optimizers.Momentum: (("momentum",), ("velocity",)),
    optimizers.Nesterov: (("momentum",), ("velocity",)),
    optimizers.AdaGrad: ((None, None, "epsilon"), ("total",)),
    optimizers.RMSProp: ((None, "rho", "epsilon"), ("second_moment",)),
    optimizers.Adam: (("beta_1", "beta_2", "epsilon"), ("first_moment", "second_moment")),
    optimizers.AMSGrad: (
        ("beta_1", "beta_2", "epsilon"),
        ("first_moment", "second_moment", "largest"),
    ),
    optimizers.NAdam: (("beta_1", "beta_2", "epsilon"), ("first_moment", "second_moment")),
}
# Updates whose learning rates are computed at once, in arrays that stay in the cache.
UPDATES_AT_ONCE = 1 << 15
# Bytes of the rows of a batch that stay in the cache between their predictions and gradient.
BLOCK_BYTES = 1 << 14
# As many moves of a coefficient in every update cost as much as one of it that has waited.
WAITING = 8
# Most updates that a coefficient waits for, and the smallest decay of its velocity over them.
MOST_WAITED, SMALLEST_DECAY = 1 << 12, 1e-200
# Momenta next to 1 would cost digits.
MOST_MOMENTUM = 0.999
PENALTIES = (
    penalties.NoPenalty,
    penalties.L1,
    penalties.L2,
    penalties.ElasticNet,
    penalties.Box,
)


def applies(run, state):
    """Whether the compiled epoch covers this run; warns once where only a compiler is missing."""
    objective = run.objective
    covered = (
        not isinstance(run.sampler, Batch)
        and run.line_search is None
        and isinstance(state.params, np.ndarray)
        and type(objective.penalty) in PENALTIES
        and type(run.optimizer) in RULES
        and core.covers(objective.loss, objective.design)
        and (sparse.issparse(objective.design.X) or objective.design.X.flags.c_contiguous)
    )
    if covered and not core.is_compiled():
        core.warn_uncompiled()
        return False
    return covered


def compiled_epoch(run, state, kernels=core.kernels):
    """One epoch; updates `state` and returns the last learning rate.

    Parameters
    ----------
    run, state : as in `solver.run_epoch`
    kernels : module
        The compiled core, or its interpreted twin.
    """
    n, size = run.objective.n_samples, run.sampler.size(run.objective.n_samples)
    order = run.row_orders.draw(n, state.rng, run.sampler.shuffle, run.max_iter)
    epoch = _Epoch(run, state, kernels)
    start, updates = 0, -(-n // size)
    # a sparse epoch sees to all parameters at its end, which is not worth it more often
    most = max(UPDATES_AT_ONCE, run.objective.design.n_parameters)
    while start < updates:
        stop = min(updates, start + most)
        if state.average is not None:
            stop = min(stop, start + state.average.updates_ahead())
        rates, last_rate = learning_rates(run, state, n, size, start, stop)
        rows = order[start * size : stop * size].astype(np.int64, copy=False)
        epoch.descend(rows, size, rates)
        start = stop
    epoch.hand_back()
    state.epoch += 1
    return float(last_rate)


class _Epoch:
    """The parameters and the optimizer's memory on their way through the core."""

    def __init__(self, run, state, kernels):
        self.run, self.state, self.kernels = run, state, kernels
        objective = run.objective
        self.loss = core.kernel_loss(objective.loss, kernels)
        self.penalty = kernel_penalty(objective.penalty, objective.design.n_features, kernels)
        self.constants = constants_of(run.optimizer)
        self.fields = RULES[type(run.optimizer)][1]
        self.w = core.target_rows(state.params)
        memory = [core.target_rows(getattr(state.optimizer, field)) for field in self.fields]
        self.memory = np.array(memory).reshape(len(memory), *self.w.shape)
        self.counts = "count" in state.optimizer._fields
        self.count = state.optimizer.count if self.counts else 0
        self.rows_at_once = _rows_at_once(
            objective.design.X, run.sampler.size(objective.n_samples)
        )

    def descend(self, order, size, rates):
        """Some updates in a row, after each of which the same means take in the parameters."""
        objective, average = self.run.objective, self.state.average
        X = objective.design.X
        means = [] if average is None else average.means()
        values = np.zeros((len(means), *self.w.shape))
        for row, mean in zip(values, means, strict=True):
            row[...] = 0.0 if mean.n == 0 else core.target_rows(mean.mean)
        taken = np.array([mean.n for mean in means], dtype=np.int64)
        rule = getattr(self.kernels, type(self.run.optimizer).__name__)(
            self.w,
            X.shape[1],
            self.penalty,
            self.constants,
            self.memory,
            self.count,
            values,
            taken,
        )
        weights = core.kernel_weights(objective.weights, X.dtype)
        y = core.target_columns(objective.y)
        rows = *core.arrays_of(X), y, weights, order
        scratch = [memory_apart(k, self.rows_at_once) for k in (y.shape[1], len(self.w))]
        plain = isinstance(self.run.optimizer, optimizers.GradientDescent)
        if sparse.issparse(X) and plain:
            applied = np.zeros(self.w.shape if self.penalty.l1 > 0 else (0, 0))
            self.kernels.csr_descent(*rows, size, rates, self.loss, rule, applied, *scratch)
        elif sparse.issparse(X) and self.may_wait(X, size, rates):
            lazy = kernel_lazy_momentum(self.run.optimizer.momentum, self.kernels)
            last_update = np.zeros(X.shape[1], dtype=np.int64)
            rest = (self.loss, rule, lazy, last_update, *scratch)
            self.kernels.csr_momentum(*rows, size, rates, *rest)
        elif sparse.issparse(X):
            self.kernels.csr_epoch(*rows, size, rates, self.loss, rule, *scratch)
        elif plain and size == 1:
            self.kernels.dense_descent(*rows, rates, self.loss, rule, *scratch)
        else:
            self.kernels.dense_epoch(*rows, size, rates, self.loss, rule, *scratch)
        self.count += len(rates)
        self.state.count += len(rates)
        for row, mean in zip(values, means, strict=True):
            mean.n += len(rates)
            mean.mean = core.like_params(row, self.state.params)
        if average is not None:
            average.advance(len(rates))

    def may_wait(self, X, size, rates):
        """Whether coefficients without a gradient are moved when they are needed, and not before.

        A heavy ball without penalties but l2 comes to the same by it, if it is overdamped.
        """
        optimizer, penalty = self.run.optimizer, self.run.objective.penalty
        return (
            type(optimizer) in (optimizers.Momentum, optimizers.Nesterov)
            and type(penalty) in (penalties.NoPenalty, penalties.L2)
            and self.state.average is None
            and WAITING * size * X.nnz <= X.shape[0] * X.shape[1]
            and is_overdamped(optimizer.momentum, rates.max() * getattr(penalty, "alpha", 0.0))
        )

    def hand_back(self):
        """Put parameters and memory into the state."""
        state = self.state
        changed = {
            field: core.like_params(rows, state.params)
            for field, rows in zip(self.fields, self.memory, strict=True)
        }
        if self.counts:
            changed["count"] = self.count
        state.optimizer = state.optimizer._replace(**changed)
        state.params = core.like_params(self.w, state.params)


def is_overdamped(momentum, shrinkage):
    """Whether a heavy ball that l2 pulls back does not swing, with some distance to where it does.

    Its momentum m and the shrinkage c = lr l2 of a step are such that (1 - m)^2 > 4 m c.
    """
    return 0 < momentum < MOST_MOMENTUM and 8 * momentum * shrinkage <= (1 - momentum) ** 2


def _rows_at_once(X, size):
    """Rows of a batch whose predictions are computed together: all, or what the cache holds."""
    if sparse.issparse(X):
        return size
    return min(size, max(1, BLOCK_BYTES // (X.itemsize * max(1, X.shape[1]))))


def learning_rates(run, state, n, size, start=0, stop=None):
    """Learning rates of an epoch's updates, a short last batch counting by its share.

    Also the last rate before that share.

    Parameters
    ----------
    run, state : as in `solver.run_epoch`
    n, size : int
        Rows, and those of a batch.
    start, stop : int
        Updates within the epoch, of which `state` has seen `start`; None for all.
    """
    updates, first = -(-n // size), state.count - run.first_count
    stop = updates if stop is None else stop
    base = run.learning_rate * state.rate_factor
    counts = range(first, first + stop - start)
    if type(run.schedule) in SCHEDULES.values():
        factors = run.schedule(np.arange(counts.start, counts.stop))
    else:
        factors = np.array([run.schedule(count) for count in counts])
    check_factor(run.schedule, factors)
    rates = base * np.asarray(factors, dtype=float)
    last_rate = rates[-1]
    if stop == updates:
        rates[-1] *= (n - (updates - 1) * size) / size
    return rates, last_rate


def constants_of(optimizer):
    """The constants of a rule, zeros where it has fewer than three."""
    names = RULES[type(optimizer)][0]
    values = [0.0 if name is None else getattr(optimizer, name) for name in names]
    return np.array(values + [0.0] * (3 - len(values)), dtype=float)


def kernel_penalty(penalty, n_features, kernels):
    """The core's penalty: w -> clip(soft(w, lr l1) / (1 + lr l2), lower, upper)."""
    lower = upper = np.empty(0)
    if isinstance(penalty, penalties.Box):
        lower, upper = (
            np.array(np.broadcast_to(bound, n_features), dtype=float)
            for bound in (penalty.lower, penalty.upper)
        )
    ratio = {penalties.L1: 1.0, penalties.L2: 0.0}.get(
        type(penalty), getattr(penalty, "l1_ratio", 0.0)
    )
    alpha = getattr(penalty, "alpha", 0.0)
    return kernels.Penalty(alpha * ratio, alpha * (1 - ratio), lower, upper)


def kernel_lazy_momentum(momentum, kernels):
    """The core's view of coefficients without a gradient, with room for all they may wait for."""
    length = int(math.log(SMALLEST_DECAY) / math.log(momentum))
    return kernels.LazyMomentum(momentum, np.empty((6, 1 + min(MOST_WAITED, max(1, length)))))
