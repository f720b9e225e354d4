"""The start of a run over many rows, at the minimum of some of them.

Steps on a share of the rows cost that share of a reading. Their minimum is as far from that of
all rows as estimates from them are, see `sample`, and the steps over all rows go on from there.
Rows in blocks are brought to this process, where steps on them take no task of the cluster.

References
----------
Daneshmand, Lucchi and Hofmann, "Starting small: learning with adaptive sample sizes", 2016.
"""

from dataclasses import replace

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._estimator.planning.coordinates import penalty_inside
from gdregress._estimator.planning.method import all_is_auto, method_of, samples_curvature
from gdregress._estimator.planning.metric import first_metric
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.planning.start import fresh_state
from gdregress._objective.curvature import Spectrum
from gdregress._solver.solve import solve
from gdregress._solver.stopping import LittleDecrease

# Numbers in the rows that are taken of blocks, which are 4 MB, or rows for each parameter where
# these are more; and the most numbers.
NUMBERS, ROWS_OF_A_PARAMETER, MOST_NUMBERS = 1 << 19, 25, 1 << 24
# Where all blocks have fewer times as many, the steps that are saved are not worth it. How many
# workers there are does not count, as the coefficients must not depend on it.
LEAST_STEP = 16
# Condition number of scaled columns in which steps are about as good as in a metric.
ROUND_ENOUGH = 4.0
# Methods whose steps a start saves, as it saves epochs of variance reduction. Working sets take as
# long on a sample as they gain by it.
METHODS = ("conjugate gradients", "newton")
# Most epochs on the sample; those in this process end with one that gains less than this share.
MOST_EPOCHS, LITTLE = 20, 1e-3


def sample_start(estimator, prepared):
    """The state at the minimum of some of the rows, and what is prepared, of blocks with a sample.

    No state where the rows are few or not NumPy's, where not all is left to "auto", and under
    early stopping or a stored path, which begin at the best constant; and where the objective of
    all rows is higher there than at the best constant.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    """
    objective, by_moments = prepared.objective, prepared.objective.loss.is_quadratic
    if estimator.early_stopping or estimator.store_path or by_moments:
        return None, prepared
    run = estimator, prepared.components, objective
    if method_of(*run) not in METHODS and not samples_curvature(*run):
        return None, prepared
    if objective.has_rows:
        some = _in_memory(estimator, prepared)
    else:
        prepared, some = _in_blocks(prepared)
    if some is None:
        return None, prepared
    objective = prepared.objective
    params = prepared.frame.design.from_user(_minimum(estimator, some))
    null = objective.inside(objective.null_parameters())
    least = objective.loss_value(null) + objective.penalty_value(null)
    # a reading that the first step needs as well
    if objective.has_rows:
        objective.gradient_and_predictions(params)
        value = objective.loss_value(params)
    else:
        value = np.sum(objective.model(params)[0])
    is_lower = value + objective.penalty_value(params) < least
    return fresh_state(estimator, prepared, params) if is_lower else None, prepared


def _in_memory(estimator, prepared):
    """A share of the rows in this process, over all of which a run descends."""
    some = prepared.objective.sample
    if some is None or not all_is_auto(estimator):
        return None
    frame = prepared.frame.sample
    if frame is None:
        spectrum = Spectrum(some.design, some.weights, some.y)
        frame = replace(prepared.frame, design=some.design, spectrum=spectrum)
    elif frame.spectrum.condition_number > ROUND_ENOUGH:
        data = frame.design, frame.spectrum, some.y, some.weights
        metric = first_metric(estimator, prepared.components, *data)
        frame = frame if metric is None else frame.in_coordinates(metric)
        penalty = penalty_inside(estimator, prepared.components.penalty, frame.design.coordinates)
        some = some.in_design(frame.design, penalty)
    return replace(prepared, objective=some, frame=frame)


def _in_blocks(prepared):
    """What is prepared with a share of the rows on many machines, and for that share."""
    objective = prepared.objective
    step = _step_of_blocks(objective)
    if step < LEAST_STEP or objective.partitions.is_local:
        return prepared, None
    prepared = replace(prepared, objective=objective.with_sample(step))
    return prepared, replace(prepared, objective=prepared.objective.sample)


def _step_of_blocks(objective):
    """Of how many rows one is taken."""
    n_samples = objective.n_samples
    numbers_of_a_row = max(objective.design.size / n_samples, 1)
    rows = max(NUMBERS / numbers_of_a_row, ROWS_OF_A_PARAMETER * objective.zero_parameters().size)
    return int(n_samples // min(rows, MOST_NUMBERS / numbers_of_a_row))


def _minimum(estimator, some):
    """The user's parameters at the minimum of some rows."""
    with one_thread_of_blas():  # as the products are small
        plan = plan_run(estimator, some.components, some.objective, some.frame)
        run = replace(plan.run, max_iter=MOST_EPOCHS)
        if some.objective.has_rows:
            stopping = LittleDecrease(plan.diagnostics.null_objective, LITTLE)
            run = replace(run, stopping=stopping, certificate=None)
        result = solve(run, fresh_state(estimator, some, plan.first_params))
    if result.interrupt is not None:
        raise result.interrupt
    return result.params
