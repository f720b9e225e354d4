"""Batch descent by the moments of the columns, several updates at a time in the core.

On a `QuadraticObjective` an update costs p^2 operations, which for few columns is nothing beside
the Python around them. The core therefore takes many updates in one call. It stops before an
update after which the plain loop would have done something else: moved the anchor, or ended the
run at the point of the gradient. The plain loop then takes that one. What was run beyond the
epoch at which another rule has stopped the run is forgotten, so that the result is that of one
epoch at a time, to rounding.
"""

import numpy as np

from gdregress._core import arrays as core
from gdregress._engines.compiled import PENALTIES, RULES, constants_of, kernel_penalty
from gdregress._objective.quadratic import QuadraticObjective
from gdregress._solver.stopping import Tolerance
from gdregress.optimizers import Nesterov
from gdregress.samplers import Batch
from gdregress.schedules import SCHEDULES, Adaptive

MOST_UPDATES = 64
# Operations of an update beyond which NumPy's matrix products are the faster ones.
LARGEST_UPDATE = 1 << 17


def applies(run, state):
    """Whether the core covers the updates of this run, and nothing looks into its epochs."""
    objective, params = run.objective, state.params
    return (
        core.is_compiled()
        and type(objective) is QuadraticObjective
        and type(run.sampler) is Batch
        and isinstance(params, np.ndarray)
        and params.dtype == float
        and params.size * len(params) <= LARGEST_UPDATE
        and type(objective.penalty) in PENALTIES
        and type(run.optimizer) in RULES
        and type(run.schedule) in SCHEDULES.values()
        and not isinstance(run.schedule, Adaptive)
        and all(part is None for part in (state.average, run.line_search, run.validate))
    )


def run_in_core(run, state, n_epochs, run_epoch, measure, kernels=core.kernels):
    """Run some epochs, and yield after each with the state as it was then.

    Whoever changes the state between two epochs goes on from there after closing the generator.

    Parameters
    ----------
    run, state, n_epochs, run_epoch, measure
        As in `_ahead.run_ahead`.
    kernels : module
        The compiled core, or its interpreted twin.

    Yields
    ------
    row : dict
        Of the history.

    Returns
    -------
    whole : bool
        False if the epoch after the last one shown is for the plain loop.
    """
    rates = _rates(run, state, min(n_epochs, MOST_UPDATES))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        path, numbers = _descend(run, state, rates, kernels)
        penalties = [run.objective.penalty_value(params) for params in path[:, 0]]
    for i, (loss, norm, t) in enumerate(numbers):
        # a copy, as one epoch that is kept would keep them all
        state.params, *memory = path[i].copy()
        state.optimizer = _remembered(state.optimizer, memory, t)
        state.count += 1
        state.epoch += 1
        yield measure.append(state, state.params, float(rates[i]), loss, penalties[i], norm)
    return len(path) == len(rates)


def _rates(run, state, n_updates):
    """Learning rates of the next updates."""
    first = state.count - run.first_count
    factors = run.schedule(np.arange(first, first + n_updates))
    return run.learning_rate * state.rate_factor * factors


def _remembered(memory, arrays, t):
    """The optimizer's memory after one more update: its arrays, then its count or t if any."""
    if len(memory) == len(arrays):
        return type(memory)(*arrays)
    return type(memory)(*arrays, memory.count + 1 if "count" in memory._fields else t)


def _fields(optimizer):
    """Names of the arrays in an optimizer's memory."""
    return RULES[type(optimizer)][1]


def _descend(run, state, rates, kernels):
    """Updates at these rates, as many as the plain loop would take likewise.

    Returns
    -------
    path : ndarray of shape (n_updates, 1 + n_arrays, *shape of the parameters)
        After each the parameters and the arrays of the optimizer's memory.
    numbers : list of list of float
        Of each the loss, the norm of the gradient mapping, and t of the accelerated momentum.
    """
    memory = [getattr(state.optimizer, name) for name in _fields(run.optimizer)]
    rows = _rows([state.params, *memory])
    path, numbers = np.empty((len(rates), *rows.shape)), np.empty((len(rates), 3))
    quadratic, limits = _quadratic(run, kernels)
    norm = kernels.MappingNorm(core.target_rows(run.gradient_units), run.gradient_step)
    rule = _rule(run, state, rows, kernels)
    taken = kernels.batch_epochs(quadratic, norm, rule, rates, limits, path, numbers)
    path = path[:, :, 0] if state.params.ndim == 1 else path.swapaxes(2, 3)
    return path[:taken], numbers[:taken].tolist()


def _rows(arrays):
    """Arrays of the shape of the parameters with a row for each target, see `core.target_rows`."""
    rows = np.array(arrays)
    return rows[:, None] if rows.ndim == 2 else np.ascontiguousarray(rows.swapaxes(1, 2))


def _quadratic(run, kernels):
    """The objective around its anchor, and what loss, gradient and norm have to stay above."""
    expansion = run.objective.expansion()
    quadratic = kernels.Quadratic(
        expansion.centred,
        expansion.mean,
        core.target_rows(expansion.anchor),
        core.target_rows(expansion.gradient),
        expansion.value,
    )
    ends = run.stopping.threshold if isinstance(run.stopping, Tolerance) else -1.0
    return quadratic, np.array([expansion.smallest_value, expansion.smallest_square, ends])


def _rule(run, state, rows, kernels):
    """The core's twin of the optimizer, which will write into the rows of its arrays."""
    optimizer, features = run.optimizer, run.objective.design.n_features
    accelerated = isinstance(optimizer, Nesterov) and optimizer.momentum == "auto"
    name = "AcceleratedNesterov" if accelerated else type(optimizer).__name__
    rule = getattr(kernels, name)(
        rows[0],
        features,
        kernel_penalty(run.objective.penalty, features, kernels),
        np.zeros(3) if accelerated else constants_of(optimizer),
        rows[1:],
        state.optimizer.count if "count" in state.optimizer._fields else 0,
        np.zeros((0, *rows[0].shape)),
        np.zeros(0, dtype=np.int64),
    )
    rule.sequence = getattr(state.optimizer, "t", 1.0)
    return rule
