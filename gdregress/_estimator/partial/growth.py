"""The warning of calls of `partial_fit` that diverge at a rate that the user has given."""

from gdregress._estimator.advice.diagnosis import limit_text
from gdregress._objective.evaluation import mean_loss
from gdregress.exceptions import ConvergenceWarning, warn_user

# Calls diverge when the objective has risen in so many in a row and is so many times that without
# coefficients: one call may meet an outlier, and a momentum may overshoot.
RISES, GROWN = 3, 100.0


def watch_growth(state, estimator, run, diagnostics):
    """Record the objective of a call, and warn once where the objectives explode.

    The calls go on.

    Parameters
    ----------
    state : State
        After the call; its ``growth`` is replaced.
    estimator : GDRegressor or GDClassifier
    run : Run
    diagnostics : RunDiagnostics
    """
    objective = run.history["objective"]
    first, now = objective[0], objective[-1]
    last = state.growth or {"largest": first, "value": first, "rises": 0, "told": False}
    largest = max(last["largest"], _without_coefficients(run.objective))
    rises = last["rises"] + 1 if now > last["value"] else 0
    grows = rises >= RISES and now > GROWN * largest > 0
    if grows and not last["told"]:
        warn_user(
            f"{type(estimator).__name__}.partial_fit diverges: the objective of the rows of a "
            f"call has risen to {now:.3g} in the last {rises} calls; without coefficients it is "
            f"{largest:.3g} at most. The learning_rate is {estimator.learning_rate:g}"
            f"{limit_text(diagnostics)}. Calls go on as they are told to; begin anew at a smaller "
            "one, or under learning_rate='auto'.",
            ConvergenceWarning,
        )
    told = last["told"] or grows
    state.growth = {"largest": largest, "value": now, "rises": rises, "told": told}


def _without_coefficients(objective):
    """Return the loss of predictions of 0."""
    z = objective.predict(objective.zero_parameters())
    return float(mean_loss(objective.loss, objective.y, objective.weights, z))
