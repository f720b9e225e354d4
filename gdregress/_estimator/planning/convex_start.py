"""The start of a run of a loss that is not convex, at the minimum of a convex one."""

from dataclasses import replace

from gdregress._estimator.planning.method import all_is_auto
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.planning.start import fresh_state
from gdregress._solver.solve import solve


def convex_start(estimator, prepared):
    """The state at the minimum of the loss's `convex_start`.

    None where not all is left to "auto", and under early stopping, which ends a run on its path
    from the best constant.

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
    plan = plan_run(estimator, components, objective, frame)
    result = solve(plan.run, fresh_state(estimator, prepared, plan.first_params))
    if result.interrupt is not None:
        raise result.interrupt
    return fresh_state(estimator, prepared, frame.design.from_user(result.params))
