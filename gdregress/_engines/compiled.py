"""The compiled engine: stochastic and mini-batch epochs in the core.

It supports NumPy data, dense or CSR, every component that states a kernel, any number of targets,
weights and averages, the coordinates of centred and scaled columns, and variance reduction.
"""

import math

import numpy as np
from scipy import sparse

from gdregress._core import core
from gdregress._core.row_orders import RowOrders
from gdregress._core.threads import memory_apart
from gdregress._engines.engine import EpochEngine
from gdregress._engines.kernel_choice import IN_USER_UNITS, ROW_BY_ROW, kernel_for
from gdregress._engines.rates import learning_rates

# Updates whose learning rates are computed together, in arrays that stay in the cache.
UPDATES_AT_ONCE = 1 << 15
# Bytes of rows whose predictions and gradient are computed before they leave the cache.
BLOCK_BYTES = 1 << 14
# Bytes of rows that are copied together from a matrix in column order, where one row is slow.
GATHERED_BYTES = 1 << 20
# Most updates that are applied together, and the smallest decay of a velocity over them.
MAX_DELAY, SMALLEST_DECAY = 1 << 12, 1e-200


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
        """Also warn, once, if only the compiled core is missing."""
        covered = cls.covers(run, state)
        if covered and not core.is_compiled():
            core.warn_uncompiled()
            return False
        return covered

    @staticmethod
    def covers(run, state):
        """Whether the core, compiled or not, supports the components of this run."""
        objective = run.objective
        return (
            run.sampler.cuts_one_order
            and run.line_search is None
            and isinstance(state.params, np.ndarray)
            and objective.has_rows
            and objective.penalty.kernel_terms is not None
            and run.optimizer.kernel is not None
            and core.covers(objective.loss, objective.design)
            and _are_shared(objective.design.coordinates)
        )

    def epoch(self, state):
        run, drawn, n = self.run, self.run.objective.drawn, self.run.objective.n_drawn
        size = run.sampler.size(n)
        order = self.row_orders.draw(n, state.rng, run.sampler.shuffle, run.max_iter)
        epoch = _Epoch(run, state, self.kernels)
        start, updates = 0, -(-n // size)
        # a sparse kernel brings all parameters up to date at its end, which is expensive
        most = max(UPDATES_AT_ONCE, run.objective.design.n_parameters)
        while start < updates:
            stop = min(updates, start + most)
            if state.average is not None:
                stop = min(stop, start + state.average.updates_to_next_mean())
            stop = min(stop, start + epoch.most_updates)
            rates, last_rate = learning_rates(run, state, n, size, start, stop)
            rows = order[start * size : stop * size]
            rows = (rows if drawn is None else drawn[rows]).astype(np.int64, copy=False)
            epoch.descend(rows, size, rates)
            start = stop
        epoch.store()
        state.epoch += 1
        return None, float(last_rate)


class _Epoch:
    """The parameters and the optimizer's memory as arrays of the core."""

    def __init__(self, run, state, kernels):
        self.run, self.state, self.kernels = run, state, kernels
        objective, optimizer = run.objective, run.optimizer
        self.loss = core.kernel_loss(objective.loss, kernels)
        self.penalty = core.kernel_penalty(objective.penalty, objective.design.n_features, kernels)
        self.w = core.target_rows(state.params)
        self.columns = core.kernel_columns(objective.design.coordinates, self.w, kernels)
        self.snapshot = state.snapshot if optimizer.variance_reduced else None
        self.kernel_snapshot = core.kernel_snapshot(self.snapshot, kernels)
        memory = [core.target_rows(getattr(state.memory, f)) for f in optimizer.kernel_memory]
        self.memory = np.array(memory).reshape(len(memory), *self.w.shape)
        self.count = state.memory._asdict().get("count", 0)
        X, size = objective.design.X, run.sampler.size(objective.n_drawn)
        self.rows_at_once = _rows_at_once(X, size)
        self.gathers = not (sparse.issparse(X) or X.flags.c_contiguous)
        self.most_updates = _updates_at_once(X, size, self.gathers)

    def descend(self, order, size, rates):
        """Make consecutive updates; the same averages include the parameters after each."""
        objective, average = self.run.objective, self.state.average
        X = objective.design.X
        means = [] if average is None else average.means()
        values = np.zeros((len(means), *self.w.shape))
        for row, mean in zip(values, means, strict=True):
            row[...] = 0.0 if mean.n == 0 else core.target_rows(mean.mean)
        rule = self._rule(self.w, values, np.array([mean.n for mean in means], dtype=np.int64))
        weights = core.kernel_weights(objective.batch_weights, X.dtype)
        y = core.target_columns(objective.y)
        if self.gathers:
            self._run_gathered(X, (y, weights), order, size, rates, rule)
        else:
            self._run_kernel(X, (*core.arrays_of(X), y, weights, order), size, rates, rule)
        self.count += len(rates)
        self.state.count += len(rates)
        for row, mean in zip(values, means, strict=True):
            mean.n += len(rates)
            mean.mean = core.like_params(row, self.state.params)
        if average is not None:
            average.advance(len(rates))

    def _run_gathered(self, X, others, order, size, rates, rule):
        """Make the updates from a copy of their rows in the order of use."""
        y, weights = (array[order] if len(array) else array for array in others)
        known, self.kernel_snapshot = self.kernel_snapshot, self._snapshot_of(order)
        rows = _gathered(X, order), y, weights, np.arange(len(order))
        self._run_kernel(X, rows, size, rates, rule)
        self.kernel_snapshot = known

    def _snapshot_of(self, order):
        """The kernels' snapshot of some rows."""
        if self.snapshot is None:
            return self.kernel_snapshot
        slopes = self.snapshot.slopes[order]
        return core.kernel_snapshot(self.snapshot._replace(slopes=slopes), self.kernels)

    def _rule(self, w, means, counts):
        optimizer = self.run.optimizer
        return getattr(self.kernels, optimizer.kernel)(
            w,
            self.run.objective.design.n_features,
            self.penalty,
            core.kernel_constants(optimizer),
            self.memory,
            self.count,
            means,
            counts,
        )

    def _run_kernel(self, X, rows, size, rates, rule):
        """Make the updates by the fastest kernel that supports them."""
        name = kernel_for(self.run, self.state, self.penalty, self.snapshot is not None, rates)
        kernel = getattr(self.kernels, name)
        scratch = [memory_apart(k, self.rows_at_once) for k in (rows[-3].shape[1], len(self.w))]
        sizes = (rates,) if name in ROW_BY_ROW else (size, rates)
        if name in IN_USER_UNITS:
            self._run_steps(kernel, (*rows, *sizes), scratch)
            return
        kernel(*rows, *sizes, self.loss, rule, *self._own_arguments(name), *scratch)

    def _own_arguments(self, name):
        """Return the arguments of this kernel only."""
        if name == "csr_descent":
            return (np.zeros(self.w.shape if self.penalty.l1 > 0 else (0, 0)),)
        if name == "csr_momentum":
            lazy = lazy_momentum(self.run.optimizer.momentum, self.kernels)
            return lazy, self._last_updates()
        if name == "dense_descent":
            return ()
        own = self.columns, self.kernel_snapshot
        if name != "dense_epoch":
            return own
        # several predictions are made from a copy of their rows
        copied = self.run.objective.design.n_features if len(self.w) > 1 else 0
        return *own, memory_apart(self.rows_at_once, copied)

    def _last_updates(self):
        return np.zeros(self.run.objective.design.n_features, dtype=np.int64)

    def _run_steps(self, kernel, rows, scratch):
        """Plain descent with w in the user's units."""
        design, penalty = self.run.objective.design, self.run.objective.penalty
        units = core.user_units(design, self.w)
        w = self.w * units
        rule = self._rule(w, np.zeros((0, *w.shape)), np.zeros(0, dtype=np.int64))
        steps = core.kernel_steps(design, penalty, self.snapshot, self.w, self.kernels)
        waits = (self._last_updates(),) if sparse.issparse(design.X) else ()
        kernel(*rows, self.loss, rule, steps, self.kernel_snapshot, *waits, *scratch)
        self.w[...] = w / units

    def store(self):
        """Write parameters and memory to the state."""
        state, fields = self.state, self.run.optimizer.kernel_memory
        changed = {
            field: core.like_params(rows, state.params)
            for field, rows in zip(fields, self.memory, strict=True)
        }
        if "count" in state.memory._fields:
            changed["count"] = self.count
        state.memory = state.memory._replace(**changed)
        state.params = core.like_params(self.w, state.params)


def _are_shared(coordinates):
    """Whether all targets have the same coordinates, which the core requires."""
    return coordinates is None or coordinates.is_shared


def _rows_at_once(X, size):
    """Rows of a batch whose predictions are computed together; the cache has to hold them."""
    if sparse.issparse(X):
        return size
    return min(size, max(1, BLOCK_BYTES // (X.itemsize * max(1, X.shape[1]))))


def _gathered(X, order):
    """Rows of a matrix in column order, copied to C order column by column."""
    rows = np.empty((X.shape[1], len(order)), dtype=X.dtype)
    for column, gathered in zip(X.T, rows, strict=True):
        gathered[...] = column[order]
    return np.ascontiguousarray(rows.T)


def _updates_at_once(X, size, gathers):
    """Count of the updates whose rows are drawn or copied together; no bound if that is slow."""
    if sparse.issparse(X):
        return max(UPDATES_AT_ONCE, X.shape[0])
    if not gathers:
        return max(1, UPDATES_AT_ONCE // size)
    return max(1, GATHERED_BYTES // (X.itemsize * max(1, X.shape[1]) * size))


def lazy_momentum(momentum, kernels):
    """The core's table for many updates of momentum without a gradient at once."""
    length = int(math.log(SMALLEST_DECAY) / math.log(momentum))
    return kernels.LazyMomentum(momentum, np.empty((6, 1 + min(MAX_DELAY, max(1, length)))))
