"""A start for losses that are not convex: the minimum of a convex one that is close to it.

Which of several minima descent ends at is decided by where it begins. A robust fit of a convex
loss is where the literature begins (Huber, "Robust statistics", 1981, section 7.8).
"""

from dataclasses import replace

from gdregress._estimator.method import is_auto
from gdregress._estimator.plan import plan_run
from gdregress._estimator.start import fresh_state
from gdregress._solver.solve import solve


def convex_start(estimator, prepared):
    """State of a run that begins at the minimum of `Loss.convex_start`.

    None where the loss has none, where the user has chosen how the run descends, and where the
    way from the null model is the point, as it is of early stopping.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    """
    loss = prepared.components.loss.convex_start
    automatic = is_auto(estimator, "learning_rate", "optimizer", "momentum", "schedule")
    if loss is None or not automatic or estimator.early_stopping:
        return None
    components = replace(prepared.components, loss=loss)
    objective = prepared.objective.with_loss(loss)
    plan = plan_run(estimator, components, objective, prepared.frame)
    result = solve(plan.run, fresh_state(estimator, prepared, plan.first_params))
    if result.interrupt is not None:
        raise result.interrupt
    params = prepared.objective.design.from_user(result.params)
    return fresh_state(estimator, prepared, prepared.objective.inside(params))
