"""minimize: the loop of the estimators on a function that the caller wrote."""

import inspect
import math
import time
from numbers import Integral, Real

from scipy.optimize import OptimizeResult

from gdregress._structure import Structure
from gdregress._validation import (
    Interval,
    StrOptions,
    build_component,
    check_choices,
)
from gdregress.derivatives import differentiated
from gdregress.function_objective import FunctionObjective
from gdregress.line_search import LineSearch, LocalCurvature, first_trial
from gdregress.optimizers import OPTIMIZERS, Momentum, Optimizer
from gdregress.penalties import PENALTIES, Penalty
from gdregress.samplers import Batch
from gdregress.schedules import SCHEDULES, Adaptive, fill_horizon
from gdregress.solver import Run, State, solve
from gdregress.stopping import NotFinite, Plateau, Tolerance

# Steps without any progress after which all is rounding.
PATIENCE = 50
STATUS = {"tolerance": 0, "max_iter": 1, "diverged": 2, "plateau": 3, "callback": 99}
CONSTRAINTS = {
    "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
    "learning_rate": [
        Interval(Real, 0, None, closed="neither"),
        StrOptions({"auto", "line-search"}),
    ],
    "schedule": [StrOptions(set(SCHEDULES)), callable],
    "penalty": [StrOptions({name for name in PENALTIES if name}), Penalty, None],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left"), None],
    "callback": [callable, None],
    "store_path": ["boolean"],
}


def minimize(
    fun,
    x0,
    args=(),
    *,
    jac=None,
    optimizer="gd",
    momentum=0.9,
    learning_rate=0.1,
    schedule="constant",
    penalty=None,
    max_iter=1000,
    tol=1e-8,
    callback=None,
    store_path=True,
    hess=None,
    hessp=None,
    bounds=None,
    constraints=(),
):
    """Minimise f(x) + R(x) by gradient descent.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)``, a number.
    x0 : float, array, or dict, list or tuple of arrays
        Where the descent starts: NumPy, PyTorch or JAX. Functions are handed, and the result is,
        what x0 is.
    args : tuple, default=()
        Further arguments of fun and jac.
    jac : callable, bool, {"torch", "jax"} or None, default=None
        ``jac(x, *args)``, the gradient, shaped like x; True if fun returns value and gradient;
        a library that differentiates fun, for x0 of NumPy. None leaves it to the library of x0;
        NumPy has SciPy's finite differences.
    optimizer : str or Optimizer, default="gd"
        As in `GDRegressor`.
    momentum : float in [0, 1) or "auto", default=0.9
        For "momentum" and "nesterov"; "auto", the accelerated sequence, for the latter.
    learning_rate : float, "auto" or "line-search", default=0.1
        "auto" follows the curvature along the path, see `line_search.LocalCurvature`;
        "line-search" is Armijo backtracking. Both are for "gd", "momentum" and "nesterov".
    schedule : str, Schedule or callable, default="constant"
        Factor of the learning rate by the count of steps, as in `GDRegressor`.
    penalty : str, Penalty or None, default=None
        R, by its prox; all of x is penalised. Bounds are ``Box(lower, upper)``.
    max_iter : int, default=1000
        Most steps.
    tol : float or None, default=1e-8
        The descent ends when the norm of the gradient (with a penalty, of the gradient mapping)
        is at most this. None makes all steps.
    callback : callable or None, default=None
        Called after each step, as SciPy does: with an ``OptimizeResult`` of x and fun if its
        only argument is named ``intermediate_result``, with x otherwise. It may raise
        StopIteration to end the descent.
    store_path : bool, default=True
        Keep x after every step.
    hess, hessp, bounds, constraints
        Not supported; there for ``scipy.optimize.minimize(..., method=minimize)``.

    Returns
    -------
    result : scipy.optimize.OptimizeResult
        ``x``, ``fun`` (with the penalty), ``jac``, ``nit``, ``nfev``, ``njev``, ``status``,
        ``success``, ``message``, ``history``, and ``path``, the list of x from x0 on. Runs that
        leave the finite numbers return the best x they had.

    Raises
    ------
    ValueError, TypeError
        For arguments that are not accepted, before the first step.

    Examples
    --------
    >>> from gdregress import minimize
    >>> result = minimize(lambda x: (x - 3) ** 2 + 1, 10.0, jac=lambda x: 2 * (x - 3))
    >>> round(result.x, 6), round(result.fun, 6), result.success
    (3.0, 1.0, True)
    """
    unsupported = {"hess": hess, "hessp": hessp, "bounds": bounds, "constraints": constraints}
    _refuse(unsupported)
    given = locals()
    check_choices("minimize", CONSTRAINTS, {name: given[name] for name in CONSTRAINTS})
    structure = Structure(x0)
    args = args if isinstance(args, tuple) else (args,)
    function = differentiated(fun, args, structure, jac)
    penalty = build_component(penalty, PENALTIES, {})[0]
    objective = FunctionObjective(function, penalty)
    run = _run(objective, structure, optimizer, momentum, learning_rate, schedule, max_iter, tol)
    path = []
    run.on_epoch = _Callback(callback, structure, objective, path if store_path else None)
    run.on_epoch.remember(structure.start)
    result = solve(run, State(params=structure.start, rng=None))
    if result.interrupt is not None:
        raise result.interrupt
    return _result(run, result, structure, objective, path if store_path else None, tol)


def _refuse(unsupported):
    for name, value in unsupported.items():
        if value is not None and value != ():
            advice = "Bounds are penalty=Box(lower, upper)." if name == "bounds" else ""
            raise ValueError(f"minimize knows no {name}. {advice}".strip())


def _run(objective, structure, optimizer, momentum, learning_rate, schedule, max_iter, tol):
    """The parts of the loop."""
    if isinstance(optimizer, str) and optimizer == "momentum" and momentum == "auto":
        momentum = 0.9
    optimizer = build_component(optimizer, OPTIMIZERS, {"momentum": momentum})[0]
    if not callable(schedule) or hasattr(schedule, "get_params"):
        schedule = build_component(schedule, SCHEDULES, {})[0]
    searched = None
    if isinstance(learning_rate, str):
        if optimizer.adaptive:
            raise ValueError(
                f"learning_rate={learning_rate!r} cannot be combined with "
                f"{type(optimizer).__name__}, whose steps are scaled per coordinate."
            )
        searched = LocalCurvature(_share(optimizer))
        if learning_rate == "line-search":
            searched = LineSearch(first_trial(objective, structure.start, 1.0))
        learning_rate = searched.rate
    run = Run(
        objective=objective,
        optimizer=optimizer,
        sampler=Batch(),
        schedule=fill_horizon(schedule, 1, max_iter),
        learning_rate=float(learning_rate),
        stopping=Tolerance(-1.0 if tol is None else tol, 1.0),
        divergence=NotFinite(),
        max_iter=max_iter,
        gradient_step=1.0 if searched else float(learning_rate),
        started=time.perf_counter(),
        gradient_units=None,
        line_search=searched,
    )
    if tol is not None or isinstance(schedule, Adaptive):
        patience = getattr(schedule, "patience", None) or PATIENCE
        run.plateau = Plateau("objective", 0.0, patience)
    return run


def _share(optimizer):
    """What a momentum leaves of a learning rate that is right without it."""
    momentum = getattr(optimizer, "momentum", 0.0) if isinstance(optimizer, Momentum) else 0.0
    return 1.0 - momentum


class _Callback:
    """After each step: keeps the path and calls the caller's function; True ends the run."""

    def __init__(self, callback, structure, objective, path):
        self.callback = callback
        self.structure = structure
        self.objective = objective
        self.path = path
        self.by_name = False
        if callback is not None:
            try:
                names = list(inspect.signature(callback).parameters)
            except ValueError:  # a built-in function tells nothing
                names = []
            self.by_name = names == ["intermediate_result"]

    def remember(self, flat):
        if self.path is not None:
            self.path.append(self.structure.give_back(flat))

    def __call__(self, flat):
        self.remember(flat)
        if self.callback is None:
            return False
        x = self.structure.give_back(flat)
        try:
            if self.by_name:
                value = self.objective.value(flat)
                self.callback(intermediate_result=OptimizeResult(x=x, fun=value))
            else:
                self.callback(x)
        except StopIteration:
            return True
        return False


def _result(run, result, structure, objective, path, tol):
    reason, params = result.stop_reason, result.params
    history, function = run.history, objective.function
    value = objective.value(params)
    gradient = objective.gradient(params)
    message = " ".join(filter(None, [_message(run, reason, value, tol), function.means]))
    outcome = OptimizeResult(
        x=structure.give_back(params),
        fun=value,
        jac=structure.give_back(gradient),
        nit=result.n_iter,
        nfev=function.nfev,
        njev=function.njev,
        status=STATUS[reason],
        success=reason == "tolerance",
        message=message,
        history=history,
    )
    if path is not None:
        outcome.path = path
    return outcome


def _message(run, reason, value, tol):
    """Why the descent ended, in a sentence or two."""
    history = run.history
    first, norm = history["objective"][0], history["gradient_norm"][-1]
    if reason == "tolerance":
        return f"The norm of the gradient is {norm:.3g}, at most tol={tol:g}."
    if reason == "callback":
        return "`callback` raised `StopIteration`."
    if reason == "plateau":
        return (
            f"The function has not fallen for {PATIENCE} steps; the norm of the gradient is "
            f"{norm:.3g}, tol asks for {tol or 0:g}. Rounding or a kink may be in the way, or a "
            "learning rate that is too large."
        )
    if reason == "diverged":
        return (
            f"The function became {history['objective'][-1]} in step {history['epoch'][-1]}, "
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
    return f"max_iter={run.max_iter} steps: the norm of the gradient is {norm:.3g}{asked}.{grown}"
