"""The start of a run at the minimum of a loss that is easier to descend on.

Of a loss that is not convex it is a convex one. Log cosh, which is convex, differs from Huber's
loss by at most log 2 - 1/2 = 0.2 a row: where the residuals are large beside its tip of width 1,
few rows are curved, and Newton steps say little, whereas the envelopes of Huber's loss lead to its
minimum.
"""

from dataclasses import replace

from gdregress._estimator.components import over_all_rows
from gdregress._estimator.planning.method import all_is_auto
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.planning.start import fresh_state
from gdregress._solver.solve import solve


def convex_start(estimator, prepared):
    """The state at the minimum of the loss's `convex_start`, over all rows where that is narrow.

    None where not all is left to "auto", and under early stopping, which ends a run on its path
    from the best constant; where the loss is convex itself and `convex_start` is not narrow; and
    where the objective is not lower there than at the best constant.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
        With a loss that states one.
    """
    loss = prepared.components.loss.convex_start
    if estimator.early_stopping or not all_is_auto(estimator):
        return None
    components = replace(prepared.components, loss=loss)
    objective, frame = prepared.objective.with_loss(loss), prepared.frame
    if objective.is_narrow:
        components = over_all_rows(estimator, components)
    elif prepared.components.loss.convex:
        return None
    plan = plan_run(estimator, components, objective, frame)
    result = solve(plan.run, fresh_state(estimator, prepared, plan.first_params))
    if result.interrupt is not None:
        raise result.interrupt
    params, own = frame.design.from_user(result.params), prepared.objective
    null = own.inside(own.null_parameters())
    is_lower = own.value(params) < own.value(null)
    return fresh_state(estimator, prepared, params) if is_lower else None
