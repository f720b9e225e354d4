"""Whether calls of `partial_fit` diverge at a learning rate that the user has given."""

from gdregress._estimator.advice.diagnosis import limit_text
from gdregress._objective.evaluation import mean_loss
from gdregress.exceptions import ConvergenceWarning, warn_user

# Calls in a row in which the objective has risen, and how many times as large as that of no
# coefficients it is by then: one call may meet an outlier, or a momentum may overshoot.
RISES, GROWN = 3, 100.0


def watch_growth(state, estimator, run, diagnostics):
    """Add a call to what is known of the objectives of the parts; warn once where they explode.

    Nothing is ended by it.

    Parameters
    ----------
    state : State
        After the call; its ``growth`` is renewed.
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
    """The loss where all predictions are 0."""
    z = objective.predict(objective.zero_parameters())
    return float(mean_loss(objective.loss, objective.y, objective.weights, z))
