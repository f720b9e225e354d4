"""The moments engine: batch descent on a quadratic objective, many updates in one call.

With the moments of the columns an update costs p^2 operations, which for few columns take less
time than the Python code around them. The core therefore makes many updates in one call. It stops
before an update at which `Plain` does more than the update: it moves the anchor of the objective,
or ends the run at the point of the gradient. `Plain` makes that update. Epochs after the one at
which a rule stops the run are dropped.
"""

import numpy as np

from gdregress._core import core
from gdregress._engines.engine import Engine
from gdregress._engines.plain import Plain
from gdregress.schedules import factors_at

MAX_UPDATES = 64
# From so many operations an update on NumPy's matrix products are faster.
LARGEST_UPDATE = 1 << 17


class Moments(Engine):
    """Updates over all rows in the core, from the moments of the columns.

    Parameters
    ----------
    run, meter
        As for `Engine`.
    kernels : module
        The compiled core, or the same files run by Python.
    """

    def __init__(self, run, meter, kernels=core.kernels):
        super().__init__(run, meter)
        self.kernels = kernels
        self.plain = Plain(run, meter)

    @classmethod
    def supports(cls, run, state):
        return core.is_compiled() and cls.covers(run, state)

    @staticmethod
    def covers(run, state):
        """Whether the core, compiled or not, supports the updates of this run."""
        objective, params = run.objective, state.params
        return (
            objective.from_moments
            and run.sampler.takes_all_rows
            and isinstance(params, np.ndarray)
            and params.dtype == float
            and params.size * len(params) <= LARGEST_UPDATE
            and objective.penalty.kernel_terms is not None
            and run.optimizer.kernel is not None
            and run.schedule.takes_arrays
            and not run.schedule.listens
            and all(part is None for part in (state.average, run.line_search, run.validate))
        )

    def epochs(self, state, max_epochs):
        left = max_epochs
        while left > 0:
            taken, complete = yield from self._some(state, min(left, MAX_UPDATES))
            left -= taken
            if not complete and left > 0:
                yield from self.plain.epochs(state, 1)
                left -= 1

    def _some(self, state, n_epochs):
        """Yield the rows of several epochs.

        Returns
        -------
        taken : int
            Count of the epochs run.
        complete : bool
            False if the next epoch is for `Plain`.
        """
        rates = self._rates(state, n_epochs)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            path, numbers = self._descend(state, rates)
            penalties = [self.run.objective.penalty_value(params) for params in path[:, 0]]
        for i, (loss, norm, t) in enumerate(numbers):
            gap, ends = self.meter.judge(norm, self._point(state))
            if ends:
                return i, False
            # a copy: a view of one epoch would hold the memory of all
            params, *memory = path[i].copy()
            state.params, state.memory = params, _memory_like(state.memory, memory, t)
            state.count += 1
            state.epoch += 1
            row = loss, penalties[i], norm
            yield self.meter.append(state, params, float(rates[i]), *row, gap=gap)
            if state.params is not params:
                return i + 1, True
        return len(path), len(path) == len(rates)

    def _point(self, state):
        """Return the point of the next gradient."""
        return self.run.optimizer.lookahead(state.params, state.memory)

    def _rates(self, state, n_updates):
        """Learning rates of the next updates."""
        first = state.count - self.run.schedule_offset
        factors = factors_at(self.run.schedule, range(first, first + n_updates))
        return self.run.learning_rate * state.rate_factor * factors

    def _descend(self, state, rates):
        """Updates at these rates, until `Plain` does more than the update.

        Returns
        -------
        path : ndarray of shape (n_updates, 1 + n_arrays, *shape of the parameters)
            The parameters and the arrays of the optimizer's memory after each update.
        numbers : list of list of float
            Loss, norm of the gradient mapping, and t of the accelerated momentum after each.
        """
        run, kernels = self.run, self.kernels
        memory = [getattr(state.memory, name) for name in run.optimizer.kernel_memory]
        rows = _target_rows([state.params, *memory])
        path, numbers = np.empty((len(rates), *rows.shape)), np.empty((len(rates), 3))
        quadratic, limits = self._quadratic()
        norm = kernels.MappingNorm(core.target_rows(run.gradient_units), run.gradient_step)
        rule = self._rule(state, rows)
        taken = kernels.quadratic_epochs(quadratic, norm, rule, rates, limits, path, numbers)
        path = path[:, :, 0] if state.params.ndim == 1 else path.swapaxes(2, 3)
        return path[:taken], numbers[:taken].tolist()

    def _quadratic(self):
        """The objective around its anchor, and the limits of loss, gradient and norm."""
        expansion = self.run.objective.expansion
        quadratic = self.kernels.Quadratic(
            expansion.centred,
            expansion.mean,
            core.target_rows(expansion.origin),
            core.target_rows(expansion.gradient),
            expansion.value,
        )
        ends = self.meter.threshold()
        limits = np.array([expansion.smallest_value, expansion.smallest_square, ends])
        return quadratic, limits

    def _rule(self, state, rows):
        """The optimizer in the core, which updates the rows of its arrays in place."""
        optimizer, features = self.run.optimizer, self.run.objective.design.n_features
        accelerated = optimizer.restarts and optimizer.momentum == "auto"
        name = "AcceleratedNesterov" if accelerated else optimizer.kernel
        rule = getattr(self.kernels, name)(
            rows[0],
            features,
            core.kernel_penalty(self.run.objective.penalty, features, self.kernels),
            np.zeros(3) if accelerated else core.kernel_constants(optimizer),
            rows[1:],
            state.memory._asdict().get("count", 0),
            np.zeros((0, *rows[0].shape)),
            np.zeros(0, dtype=np.int64),
        )
        rule.sequence = getattr(state.memory, "t", 1.0)
        return rule


def _memory_like(memory, arrays, t):
    """The optimizer's memory after one more update: its arrays, then its count or t if any."""
    if len(memory) == len(arrays):
        return type(memory)(*arrays)
    return type(memory)(*arrays, memory.count + 1 if "count" in memory._fields else t)


def _target_rows(arrays):
    """Arrays of the shape of the parameters with a row for each target, see `core.target_rows`."""
    rows = np.array(arrays)
    return rows[:, None] if rows.ndim == 2 else np.ascontiguousarray(rows.swapaxes(1, 2))
