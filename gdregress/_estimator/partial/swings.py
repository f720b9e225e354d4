"""The warning of calls of `partial_fit` that swing at a rate that does not fall."""

import math

from gdregress._utils.array_api import to_numpy
from gdregress.exceptions import ConvergenceWarning, warn_user

# Calls over which a path is measured, and the share of its length that a random walk moves.
CALLS = 100
RANDOM_WALK = 1 / math.sqrt(CALLS)
# Steps below this share of the parameters are too small to warn of.
VISIBLE = 1e-3


def watch(state, params, estimator, run):
    """Record the path of a call at a constant rate, and warn once where the calls swing.

    Steps with a direction add up; steps that are noise move no farther than a random walk.

    Parameters
    ----------
    state : State
        After the call; its ``swings`` are replaced.
    params : array
        Before the call.
    estimator : GDRegressor or GDClassifier
    run : Run
    """
    if float(run.schedule(0)) != float(run.schedule(state.count)):
        return
    last = state.swings or {"calls": 0, "path": 0.0, "origin": to_numpy(params), "told": False}
    new = to_numpy(state.params)
    path = last["path"] + _length(new - to_numpy(params))
    state.swings = {**last, "calls": last["calls"] + 1, "path": path}
    if state.swings["calls"] < CALLS:
        return
    distance, size = _length(new - last["origin"]), _length(new)
    swings = distance < RANDOM_WALK * path and path > VISIBLE * CALLS * size
    if swings and not last["told"]:
        warn_user(
            f"{type(estimator).__name__}.partial_fit does not settle: in the last {CALLS} calls "
            f"the parameters have moved by {path / CALLS:.3g} a call (their norm is {size:.3g}), "
            f"and are {distance:.3g} from where they were before. A learning_rate of "
            f"{estimator.learning_rate:g} that stays the same keeps this up; it ends with a "
            "schedule that falls, such as schedule='invscaling'.",
            ConvergenceWarning,
        )
    told = last["told"] or swings
    state.swings = {"calls": 0, "path": 0.0, "origin": new, "told": told}


def _length(vector):
    return math.sqrt(float((vector * vector).sum()))
