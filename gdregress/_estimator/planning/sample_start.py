"""The start of a run over rows in blocks on many machines, at the minimum of some of them.

The rows are brought to this process, where Newton steps on them take no task of the cluster. Their
minimum is as far from that of all rows as estimates from them are, F - F* being about p / (2 m) of
the loss of a row for p parameters and m rows, and the steps over all rows go on from there.

References
----------
Bottou and Bousquet, "The tradeoffs of large scale learning", 2008. Daneshmand, Lucchi and Hofmann,
"Starting small: learning with adaptive sample sizes", 2016.
"""

from dataclasses import replace

from gdregress._estimator.planning.method import method_of
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.planning.start import fresh_state
from gdregress._solver.solve import solve

# Numbers in the rows that are taken, which are 16 MB, or rows for each parameter where these are
# more; the most numbers, and the most epochs on them.
NUMBERS, ROWS_OF_A_PARAMETER, MOST_NUMBERS, MOST_EPOCHS = 1 << 21, 100, 1 << 24, 20
# Where all rows are fewer times as many, the steps that are saved are not worth it. How many
# workers there are does not count, as the coefficients must not depend on it.
LEAST_STEP = 16


def sample_start(estimator, prepared):
    """The state at the minimum of some of the rows.

    None where the rows are few or lie in this process, where no Newton steps follow, under early
    stopping, which ends a run on its path from the best constant, and where the objective of all
    rows is higher there than at the best constant.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    """
    objective, components = prepared.objective, prepared.components
    if objective.has_rows or objective.partitions.is_local or estimator.early_stopping:
        return None
    step, by_moments = _step(objective), objective.loss.is_quadratic
    if step < LEAST_STEP or by_moments or method_of(estimator, components, objective) != "newton":
        return None
    plan = plan_run(estimator, components, objective.of_each(step), prepared.frame)
    run = replace(plan.run, max_iter=min(MOST_EPOCHS, plan.run.max_iter))
    result = solve(run, fresh_state(estimator, prepared, plan.first_params))
    if result.interrupt is not None:
        raise result.interrupt
    state = fresh_state(estimator, prepared, prepared.frame.design.from_user(result.params))
    null = objective.inside(objective.null_parameters())
    least = objective.loss_value(null) + objective.penalty_value(null)
    # a reading that the first Newton step needs as well
    value = objective.model(state.params)[0] + objective.penalty_value(state.params)
    return state if value < least else None


def _step(objective):
    """Of how many rows one is taken."""
    n_samples = objective.n_samples
    numbers_of_a_row = max(objective.design.size / n_samples, 1)
    rows = max(NUMBERS / numbers_of_a_row, ROWS_OF_A_PARAMETER * objective.zero_parameters().size)
    return int(n_samples // min(rows, MOST_NUMBERS / numbers_of_a_row))
