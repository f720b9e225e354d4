"""The result of `minimize`, with the reason for its end as a message."""

import math
from itertools import pairwise
from typing import Any

from scipy.optimize import OptimizeResult

from gdregress._solver.history import History

# A run ends after so many epochs without progress: the rest is rounding, or noise of batches.
PATIENCE = 50
# A run has diverged if its gradient has grown by this factor, or after so many rises.
FAR, RISES = 10.0, 20
STATUS = {"tolerance": 0, "max_iter": 1, "diverged": 2, "plateau": 3, "callback": 99}


class MinimizeResult(OptimizeResult):
    """SciPy's result, with the types of the fields that `minimize` sets."""

    x: Any
    fun: float
    jac: Any
    nit: int
    nfev: int
    njev: int
    status: int
    success: bool
    message: str
    history: History
    path: list[Any]

    def __repr__(self):
        """SciPy's text without the rows of the epochs, which may be thousands."""
        short = OptimizeResult(self)
        short["history"] = str(self.history).partition("\n")[0]
        if "path" in self:
            short["path"] = f"{len(self.path)} points"
        return repr(short)


def outcome(run, result, tree, objective, path, tol) -> MinimizeResult:
    """The result of `minimize`.

    Parameters
    ----------
    run : Run
    result : Result
    tree : TreeDef
    objective : FunctionObjective
    path : list or None
    tol : float or None
    """
    reason, params = result.stop_reason, result.params
    history, function = run.history, objective.function
    used_up = reason == "max_iter"
    if reason in ("max_iter", "plateau") and has_grown(history):
        reason = "diverged"
    value = objective.value(params)
    gradient = objective.gradient(params)
    mapping = objective.gradient_mapping(params, gradient, run.gradient_step)
    norm = objective.scaled_norm(mapping, None)
    message = _message(run, reason, value, norm, tol, used_up)
    answer = MinimizeResult(
        x=tree.unflatten(params),
        fun=value,
        jac=tree.unflatten(gradient),
        nit=result.n_iter,
        nfev=function.nfev,
        njev=function.njev,
        status=STATUS[reason],
        success=reason == "tolerance",
        message=" ".join(filter(None, [message, function.means])),
        history=history,
    )
    if path is not None:
        answer.path = path
    return answer


def has_grown(history):
    """Whether a run has diverged although its numbers are finite.

    The curvature of a function of the caller is unknown, so that the end of the run decides: the
    function is above its value at the start, and either the gradient is ten times as large as
    there, or it is larger and the function has increased in each of the last epochs.
    """
    values, norms = history["objective"], history["gradient_norm"]
    if not (values[-1] > values[0] and norms[-1] > norms[0]):
        return False
    last = values[-RISES - 1 :]
    rises = len(last) > RISES and all(b > a for a, b in pairwise(last))
    return rises or norms[-1] > FAR * norms[0] > 0


def _message(run, reason, value, norm, tol, used_up):
    """Why the descent ended, in a sentence or two; value and norm are those of the result."""
    history, first = run.history, run.history["objective"][0]
    gradient = "gradient mapping" if run.objective.penalty.active else "gradient"
    norm_is = f"norm of the {gradient} is {norm:.3g}"
    if reason == "tolerance":
        return f"The {norm_is}, at most tol={tol:g}."
    if reason == "callback":
        return "`callback` has ended the descent."
    epochs = "steps" if run.sampler.takes_all_rows else "epochs"
    if reason == "plateau":
        obstacle = (
            "Rounding or a kink may be in the way, or a learning rate that is too large or far "
            "too small."
        )
        if not run.sampler.takes_all_rows:
            obstacle = (
                "The noise of the batches is in the way: let the learning rate fall, as "
                "schedule='invscaling' does, or use larger batches."
            )
        if run.schedule.listens:
            obstacle = f"The schedule has reached its smallest learning rate. {obstacle}"
        return (
            f"The function has not fallen for {run.plateau.patience} {epochs}; the {norm_is}, "
            f"tol asks for {tol or 0:g}. {obstacle}"
        )
    if reason == "diverged" and not math.isfinite(first):
        return f"The function is {first} at x0 already. Start where it is finite."
    if reason == "diverged":
        return (
            f"The descent has diverged: the function has grown from {first:.4g} to "
            f"{history['objective'][-1]:.4g} in {epochs[:-1]} {history['epoch'][-1]}; the "
            f"{'last' if used_up else 'best'} x is returned. A smaller learning_rate than "
            f"{_rate(run)} or learning_rate='line-search' would help."
        )
    grown = ""
    if math.isfinite(first) and value > first:
        grown = (
            f" The function has grown from {first:.4g} to {value:.4g}: the learning rate of "
            f"{_rate(run)} is too large."
        )
    asked = f", tol asks for {tol:g}" if tol is not None else ""
    left = f"the {norm_is}{asked}.{grown}"
    return f"max_iter={run.max_iter} {epochs}: {left}"


def _rate(run):
    """The last rate, with the number of the caller if a schedule has changed it."""
    rate, given = run.history["learning_rate"][-1], run.learning_rate
    if run.line_search is not None or math.isclose(rate, given):
        return f"{rate:.3g}"
    return f"{given:.3g} (times the schedule's {rate / given:.2g})"
