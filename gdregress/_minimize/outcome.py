"""What `minimize` answers: where the descent has ended, and why, in words."""

import math
from typing import Any

from scipy.optimize import OptimizeResult

from gdregress._solver.history import History

# Epochs without any progress after which all is rounding, or the noise of batches.
PATIENCE = 50
STATUS = {"tolerance": 0, "max_iter": 1, "diverged": 2, "plateau": 3, "callback": 99}


class MinimizeResult(OptimizeResult):
    """SciPy's result with the types of what `minimize` puts into it."""

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


def outcome(run, result, tree, objective, path, tol) -> MinimizeResult:
    """The answer of `minimize`.

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
    value = objective.value(params)
    gradient = objective.gradient(params)
    message = " ".join(filter(None, [_message(run, reason, value, tol), function.means]))
    answer = MinimizeResult(
        x=tree.unflatten(params),
        fun=value,
        jac=tree.unflatten(gradient),
        nit=result.n_iter,
        nfev=function.nfev,
        njev=function.njev,
        status=STATUS[reason],
        success=reason == "tolerance",
        message=message,
        history=history,
    )
    if path is not None:
        answer.path = path
    return answer


def _message(run, reason, value, tol):
    """Why the descent ended, in a sentence or two."""
    history = run.history
    first, norm = history["objective"][0], history["gradient_norm"][-1]
    if reason == "tolerance":
        return f"The norm of the gradient is {norm:.3g}, at most tol={tol:g}."
    if reason == "callback":
        return "`callback` raised `StopIteration`."
    epochs = "steps" if run.sampler.takes_all_rows else "epochs"
    if reason == "plateau":
        obstacle = "Rounding or a kink may be in the way, or a learning rate that is too large."
        if not run.sampler.takes_all_rows:
            obstacle = (
                "The noise of the batches is in the way: let the learning rate fall, as "
                "schedule='invscaling' does, or use larger batches."
            )
        return (
            f"The function has not fallen for {run.plateau.patience} {epochs}; the norm of the "
            f"gradient is {norm:.3g}, tol asks for {tol or 0:g}. {obstacle}"
        )
    if reason == "diverged" and not math.isfinite(first):
        return f"The function is {first} at x0 already. Start where it is finite."
    if reason == "diverged":
        return (
            f"The function became {history['objective'][-1]} in {epochs[:-1]} "
            f"{history['epoch'][-1]}, "
            f"after {first:.4g} at the start; the best x is returned. A smaller learning_rate "
            f"than {history['learning_rate'][-1]:.3g} or learning_rate='line-search' would help."
        )
    grown = ""
    if math.isfinite(first) and value > first:
        grown = (
            f" The function has grown from {first:.4g} to {value:.4g}: the learning rate of "
            f"{history['learning_rate'][-1]:.3g} is too large."
        )
    asked = f", tol asks for {tol:g}" if tol is not None else ""
    left = f"the norm of the gradient is {norm:.3g}{asked}.{grown}"
    return f"max_iter={run.max_iter} {epochs}: {left}"
