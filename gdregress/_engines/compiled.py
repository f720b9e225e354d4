"""The compiled engine: stochastic and mini-batch epochs in the core.

It covers NumPy data, C-ordered or CSR, every component that states a kernel, any number of
targets, weights and averages.
"""

import math

import numpy as np
from scipy import sparse

from gdregress._core import arrays as core
from gdregress._core.row_orders import RowOrders
from gdregress._core.threads import memory_apart
from gdregress._engines.engine import EpochEngine
from gdregress._engines.rates import learning_rates

# Updates whose learning rates are computed at once, in arrays that stay in the cache.
UPDATES_AT_ONCE = 1 << 15
# Bytes of the rows of a batch that stay in the cache between their predictions and gradient.
BLOCK_BYTES = 1 << 14
# Moving a coefficient in this many updates costs as much as moving it once lazily.
LAZY_COST = 8
# Most updates between two moves of a coefficient, the smallest decay of its velocity meanwhile.
MAX_DELAY, SMALLEST_DECAY = 1 << 12, 1e-200
# Momenta next to 1 would cost digits.
LARGEST_MOMENTUM = 0.999


class Compiled(EpochEngine):
    """Epochs of batches in the core.

    Parameters
    ----------
    run, meter
        As for `Engine`.
    kernels : module
        The compiled core, or the same files run by Python.
    """

    frees_python = True

    def __init__(self, run, meter, kernels=core.kernels):
        super().__init__(run, meter)
        self.kernels = kernels
        self.row_orders = RowOrders()

    @classmethod
    def supports(cls, run, state):
        """Also warns once where only a compiler is missing."""
        covered = cls.covers(run, state)
        if covered and not core.is_compiled():
            core.warn_uncompiled()
            return False
        return covered

    @staticmethod
    def covers(run, state):
        """Whether the core, compiled or not, has the components of this run."""
        objective = run.objective
        return (
            run.sampler.cuts_one_order
            and run.line_search is None
            and isinstance(state.params, np.ndarray)
            and objective.has_rows
            and objective.penalty.kernel_terms is not None
            and run.optimizer.kernel is not None
            and core.covers(objective.loss, objective.design)
            and _separable(objective.design.coordinates)
            and (sparse.issparse(objective.design.X) or objective.design.X.flags.c_contiguous)
        )

    def epoch(self, state):
        run, n = self.run, self.run.objective.n_samples
        size = run.sampler.size(n)
        order = self.row_orders.draw(n, state.rng, run.sampler.shuffle, run.max_iter)
        epoch = _Epoch(run, state, self.kernels)
        start, updates = 0, -(-n // size)
        # a sparse epoch brings all parameters up to date at its end, which is dear if done often
        most = max(UPDATES_AT_ONCE, run.objective.design.n_parameters)
        while start < updates:
            stop = min(updates, start + most)
            if state.average is not None:
                stop = min(stop, start + state.average.updates_to_next_mean())
            rates, last_rate = learning_rates(run, state, n, size, start, stop)
            rows = order[start * size : stop * size].astype(np.int64, copy=False)
            epoch.descend(rows, size, rates)
            start = stop
        epoch.store()
        state.epoch += 1
        return None, float(last_rate)


class _Epoch:
    """The parameters and the optimizer's memory on their way through the core."""

    def __init__(self, run, state, kernels):
        self.run, self.state, self.kernels = run, state, kernels
        objective, optimizer = run.objective, run.optimizer
        self.loss = core.kernel_loss(objective.loss, kernels)
        self.penalty = core.kernel_penalty(objective.penalty, objective.design.n_features, kernels)
        self.w = core.target_rows(state.params)
        self.columns = core.kernel_columns(objective.design.coordinates, self.w, kernels)
        memory = [core.target_rows(getattr(state.memory, f)) for f in optimizer.kernel_memory]
        self.memory = np.array(memory).reshape(len(memory), *self.w.shape)
        self.count = state.memory._asdict().get("count", 0)
        self.rows_at_once = _rows_at_once(
            objective.design.X, run.sampler.size(objective.n_samples)
        )

    def descend(self, order, size, rates):
        """Make updates in a row; the same means take in the parameters after each."""
        objective, average = self.run.objective, self.state.average
        X = objective.design.X
        means = [] if average is None else average.means()
        values = np.zeros((len(means), *self.w.shape))
        for row, mean in zip(values, means, strict=True):
            row[...] = 0.0 if mean.n == 0 else core.target_rows(mean.mean)
        rule = getattr(self.kernels, self.run.optimizer.kernel)(
            self.w,
            X.shape[1],
            self.penalty,
            core.kernel_constants(self.run.optimizer),
            self.memory,
            self.count,
            values,
            np.array([mean.n for mean in means], dtype=np.int64),
        )
        weights = core.kernel_weights(objective.weights, X.dtype)
        rows = *core.arrays_of(X), core.target_columns(objective.y), weights, order
        self._run_kernel(X, rows, size, rates, rule)
        self.count += len(rates)
        self.state.count += len(rates)
        for row, mean in zip(values, means, strict=True):
            mean.n += len(rates)
            mean.mean = core.like_params(row, self.state.params)
        if average is not None:
            average.advance(len(rates))

    def _run_kernel(self, X, rows, size, rates, rule):
        """Choose the fastest kernel for these rows and this rule."""
        n_targets = rows[-3].shape[1]
        scratch = [memory_apart(k, self.rows_at_once) for k in (n_targets, len(self.w))]
        plain = self.run.optimizer.kernel == "GradientDescent" and not self.columns.active
        if sparse.issparse(X) and plain and not self.penalty.varies:
            applied = np.zeros(self.w.shape if self.penalty.l1 > 0 else (0, 0))
            self.kernels.csr_descent(*rows, size, rates, self.loss, rule, applied, *scratch)
        elif sparse.issparse(X) and self._may_be_lazy(X, size, rates):
            lazy = lazy_momentum(self.run.optimizer.momentum, self.kernels)
            last_update = np.zeros(X.shape[1], dtype=np.int64)
            rest = (self.loss, rule, lazy, last_update, *scratch)
            self.kernels.csr_momentum(*rows, size, rates, *rest)
        elif sparse.issparse(X):
            self.kernels.csr_epoch(*rows, size, rates, self.loss, rule, self.columns, *scratch)
        elif plain and size == 1:
            self.kernels.dense_descent(*rows, rates, self.loss, rule, *scratch)
        else:
            self.kernels.dense_epoch(*rows, size, rates, self.loss, rule, self.columns, *scratch)

    def _may_be_lazy(self, X, size, rates):
        """Whether coefficients without a gradient are moved only when they are needed next.

        An overdamped heavy ball whose only penalty is l2 ends at the same parameters by it.
        """
        optimizer, penalty = self.run.optimizer, self.penalty
        return (
            optimizer.kernel in ("Momentum", "Nesterov")
            and penalty.l2_alone
            and not self.columns.active
            and self.state.average is None
            and LAZY_COST * size * X.nnz <= X.shape[0] * X.shape[1]
            and is_overdamped(optimizer.momentum, rates.max() * penalty.l2)
        )

    def store(self):
        """Put parameters and memory into the state."""
        state, fields = self.state, self.run.optimizer.kernel_memory
        changed = {
            field: core.like_params(rows, state.params)
            for field, rows in zip(fields, self.memory, strict=True)
        }
        if "count" in state.memory._fields:
            changed["count"] = self.count
        state.memory = state.memory._replace(**changed)
        state.params = core.like_params(self.w, state.params)


def _separable(coordinates):
    """Whether each coefficient has a coordinate of its own, as the core's have."""
    return coordinates is None or coordinates.separable


def is_overdamped(momentum, shrinkage):
    """Whether a heavy ball that l2 pulls back does not swing, with a margin.

    Its momentum m and the shrinkage c = lr l2 of a step are such that (1 - m)^2 > 4 m c.
    """
    return 0 < momentum < LARGEST_MOMENTUM and 8 * momentum * shrinkage <= (1 - momentum) ** 2


def _rows_at_once(X, size):
    """Rows of a batch whose predictions are computed together: all, or what the cache holds."""
    if sparse.issparse(X):
        return size
    return min(size, max(1, BLOCK_BYTES // (X.itemsize * max(1, X.shape[1]))))


def lazy_momentum(momentum, kernels):
    """The core's table of the moves that a coefficient makes over updates without a gradient."""
    length = int(math.log(SMALLEST_DECAY) / math.log(momentum))
    return kernels.LazyMomentum(momentum, np.empty((6, 1 + min(MAX_DELAY, max(1, length)))))
