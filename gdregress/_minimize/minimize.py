"""`minimize`: the loop of the estimators on a function of the caller."""

import inspect
import time
from collections.abc import Callable
from contextlib import suppress
from numbers import Integral, Real
from typing import Any, Literal

from scipy.optimize import OptimizeResult
from sklearn.utils import check_random_state

from gdregress._minimize.derivatives import differentiated
from gdregress._minimize.gradient_check import check_jac
from gdregress._minimize.outcome import PATIENCE, MinimizeResult, outcome
from gdregress._minimize.tree import TreeDef
from gdregress._objective.of_function import FunctionObjective
from gdregress._objective.prox_check import check_prox
from gdregress._solver.history import FunctionHistory
from gdregress._solver.line_search import LineSearch, LocalCurvature, trial_by_curvature
from gdregress._solver.optimizer_check import check_optimizer, check_own_rate
from gdregress._solver.run import Run, State
from gdregress._solver.solve import solve
from gdregress._solver.stopping import Never, NotFinite, Plateau, SmallGradient
from gdregress._utils.arguments import explains_arguments
from gdregress._utils.types import (
    ObjectiveFunction,
    RandomState,
    ScheduleFunction,
    SupportsProx,
    SupportsUpdate,
)
from gdregress._utils.validation import (
    HasMethods,
    Interval,
    StrOptions,
    build_component,
    check_choices,
    warn_large_batch,
)
from gdregress.optimizers import OPTIMIZERS, Optimizer
from gdregress.optimizers.from_optax import as_optimizer
from gdregress.penalties import PENALTIES, Penalty
from gdregress.penalties.from_object import as_penalty
from gdregress.samplers import SAMPLERS, Sampler
from gdregress.schedules import SCHEDULES, FromFunction, Schedule, factor_at, fill_horizon

_HAS_PROX = HasMethods(["value", "prox"])
CONSTRAINTS = {
    "fun": [callable],
    "optimizer": [StrOptions(OPTIMIZERS), Optimizer, HasMethods(["init", "update"])],
    "learning_rate": [
        Interval(Real, 0, None, closed="neither"),
        StrOptions(["auto", "line-search"]),
    ],
    "schedule": [StrOptions(SCHEDULES), callable],
    "penalty": [StrOptions(name for name in PENALTIES if name), _HAS_PROX, None],
    "n_samples": [Interval(Integral, 1, None, closed="left"), None],
    "sampler": [StrOptions(SAMPLERS), Sampler],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left"), None],
    "callback": [callable, None],
    "store_path": ["boolean"],
    "random_state": ["random_state"],
}


@explains_arguments
def minimize(
    fun: ObjectiveFunction,
    x0: Any,
    args: Any = (),
    *,
    jac: ObjectiveFunction | bool | Literal["torch", "jax"] | None = None,
    optimizer: str | Optimizer | SupportsUpdate = "gd",
    momentum: float | Literal["auto"] = 0.9,
    learning_rate: float | Literal["auto", "line-search"] = 0.1,
    schedule: str | Schedule | ScheduleFunction = "constant",
    penalty: str | Penalty | SupportsProx | None = None,
    n_samples: int | None = None,
    sampler: str | Sampler = "batch",
    max_iter: int = 1000,
    tol: float | None = 1e-8,
    callback: Callable[..., Any] | None = None,
    store_path: bool = True,
    random_state: RandomState = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
) -> MinimizeResult:
    """Minimise f(x) + R(x) by gradient descent.

    f may be a mean over rows of data, f(x) = mean_i f_i(x), which batches of rows estimate. A
    step is one update of x. An epoch is as many steps as use every row once, and a single step
    without batches.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)``, a number; with n_samples ``fun(x, batch, *args)``, the mean over the
        rows whose numbers are in batch, an ndarray of int.
    x0 : float, array, or dict, list or tuple of arrays
        The start of the descent: NumPy, PyTorch or JAX. Functions receive x in the structure and
        the library of x0, and the result has them.
    args : tuple, default=()
        Further arguments of fun and jac.
    jac : callable, bool, {"torch", "jax"} or None, default=None
        ``jac(x, *args)``, the gradient, shaped like x, with n_samples ``jac(x, batch, *args)``;
        True if fun returns value and gradient; the library that differentiates fun, for x0 of
        NumPy. None stands for the library of x0, and for SciPy's finite differences with NumPy.
        For JAX, pass ``jax.jit(fun)``: otherwise JAX dispatches every operation by itself.
    optimizer : str, Optimizer or optax.GradientTransformation, default="gd"
        As in `GDRegressor`. A transformation of optax has its own learning rate; it requires
        ``learning_rate=1.0`` and no penalty.
    momentum : float in [0, 1) or "auto", default=0.9
        For "momentum" and "nesterov"; "auto", the accelerated sequence, for the latter.
    learning_rate : float, "auto" or "line-search", default=0.1
        "auto" follows the curvature along the path, by Malitsky and Mishchenko (2020);
        "line-search" is Armijo backtracking. Both are for "gd", "momentum" and "nesterov", and
        for sampler="batch".
    schedule : str, Schedule or callable, default="constant"
        Factor of the learning rate by the count of steps, as in `GDRegressor`.
    penalty : str, Penalty, object or None, default=None
        R, by its prox, as in `GDRegressor`; all of x is penalised. Bounds are
        ``Box(lower, upper)``.
    n_samples : int or None, default=None
        Count of the rows that fun is a mean over; None for a function without rows.
    sampler : {"batch", "stochastic", "mini-batch"} or Sampler, default="batch"
        The rows of each step: all of them, one, 32, or as in ``MiniBatch(batch_size=256)``.
    max_iter : int, default=1000
        Largest count of epochs.
    tol : float or None, default=1e-8
        The descent ends when the norm of the gradient over all rows (with a penalty, of the
        gradient mapping) is at most this, or when the function has not decreased for 50 epochs.
        None runs all epochs, unless an adaptive schedule reaches its smallest learning rate.
    callback : callable or None, default=None
        Called after each epoch, as SciPy does: with an ``OptimizeResult`` of x and fun if its
        only argument is named ``intermediate_result``, with x otherwise. It may raise
        StopIteration to end the descent. If its only argument is named ``row``, it is called as
        by `GDRegressor.set_callbacks`: with the row that the epoch adds to ``history``, and ends
        the descent by returning True.
    store_path : bool, default=True
        Keep x after every epoch.
    random_state : int, RandomState instance or None, default=None
        For the order of the rows.
    hess, hessp, bounds, constraints : None
        Not supported; ``scipy.optimize.minimize(..., method=minimize)`` passes them.

    Returns
    -------
    result : scipy.optimize.OptimizeResult
        ``x``, ``fun`` (with the penalty), ``jac``, ``nit``, ``nfev``, ``njev``, ``status``,
        ``success``, ``message``, ``history``, and ``path``, the list of x from x0 on. Without
        success x is the best point of the path, and after max_iter the last.

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

    Mini-batches of a model that the user writes, here the median of some numbers:

    >>> import numpy as np
    >>> y = np.random.default_rng(0).normal(5.0, 1.0, size=1000)
    >>> result = minimize(
    ...     lambda x, batch: abs(x - y[batch]).mean(),
    ...     0.0,
    ...     jac=lambda x, batch: np.sign(x - y[batch]).mean(),
    ...     n_samples=1000,
    ...     sampler="mini-batch",
    ...     schedule="invscaling",
    ...     max_iter=20,
    ...     random_state=0,
    ... )
    >>> bool(abs(result.x - np.median(y)) < 0.01)
    True
    """
    unsupported = {"hess": hess, "hessp": hessp, "bounds": bounds, "constraints": constraints}
    _refuse(unsupported)
    given = locals()
    check_choices("minimize", CONSTRAINTS, {name: given[name] for name in CONSTRAINTS})
    tree = TreeDef(x0)
    args = args if isinstance(args, tuple) else (args,)
    function = differentiated(fun, args, tree, jac)
    penalty = build_component(as_penalty(penalty), PENALTIES, {})[0]
    sampler = _sampler(sampler, n_samples, learning_rate)
    objective = FunctionObjective(function, penalty, n_samples)
    check_jac(objective, tree.start)
    path = [] if store_path else None
    on_epoch = _Callback(callback, tree, objective, path)
    on_epoch.remember(tree.start)
    optimizer = _optimizer(optimizer, momentum)
    rule = optimizer, learning_rate, schedule
    run = _plan(objective, tree.start, *rule, sampler, max_iter, tol, on_epoch)
    result = solve(run, State(params=tree.start, rng=check_random_state(random_state)))
    if result.interrupt is not None:
        raise result.interrupt
    return outcome(run, result, tree, objective, path, tol)


def _plan(objective, start, optimizer, learning_rate, schedule, sampler, max_iter, tol, on_epoch):
    """The run of these components."""
    penalty = objective.penalty
    if optimizer.has_own_rate:
        check_own_rate(optimizer, learning_rate, penalty)
    search = _search(objective, start, optimizer, learning_rate)
    rate = learning_rate if search is None else search.rate
    schedule = _schedule(schedule, sampler.updates_per_epoch(objective.n_samples), max_iter)
    _check_components(optimizer, penalty, schedule, start)
    return Run(
        objective=objective,
        optimizer=optimizer,
        sampler=sampler,
        schedule=schedule,
        learning_rate=float(rate),
        stopping=Never() if tol is None else SmallGradient(tol),
        divergence=NotFinite(),
        max_iter=max_iter,
        gradient_step=1.0 if search else float(rate),
        gradient_units=None,
        started=time.perf_counter(),
        line_search=search,
        keep_best_on=("diverged", "interrupted", "plateau", "callback"),
        plateau=_plateau(schedule, tol),
        on_epoch=on_epoch,
        history=FunctionHistory(),
    )


def _refuse(unsupported):
    for name, value in unsupported.items():
        if value is not None and value != ():
            advice = "Bounds are penalty=Box(lower, upper)." if name == "bounds" else ""
            raise ValueError(f"minimize knows no {name}. {advice}".strip())


def _sampler(sampler, n_samples, learning_rate):
    """The sampler; ValueError if it cannot be combined with the function or the rate."""
    sampler = build_component(sampler, SAMPLERS, {})[0]
    if n_samples is not None:
        warn_large_batch(sampler, n_samples)
    if sampler.takes_all_rows:
        return sampler
    if n_samples is None:
        raise ValueError(
            f"sampler={sampler!r} chooses among rows: give n_samples, the number of rows, and "
            "have fun take the numbers of some of them as its second argument."
        )
    if isinstance(learning_rate, str):
        raise ValueError(
            f"learning_rate={learning_rate!r} cannot be combined with sampler={sampler!r}, whose "
            "batches are a different function at each step. Give a number, or sampler='batch'."
        )
    return sampler


def _optimizer(optimizer, momentum):
    if isinstance(optimizer, str) and optimizer == "momentum" and momentum == "auto":
        momentum = 0.9
    optimizer = build_component(as_optimizer(optimizer), OPTIMIZERS, {"momentum": momentum})[0]
    if optimizer.variance_reduced:
        raise ValueError(
            f"optimizer={optimizer!r} keeps the slope of the loss of every row, and a function "
            "has no slopes of rows; use optimizer='gd' with a schedule that falls."
        )
    return optimizer


def _search(objective, start, optimizer, learning_rate):
    """The search for the learning rate during the run; None if the rate is a number."""
    if not isinstance(learning_rate, str):
        return None
    if optimizer.adaptive:
        raise ValueError(
            f"learning_rate={learning_rate!r} cannot be combined with "
            f"{type(optimizer).__name__}, whose steps are scaled per coordinate."
        )
    if learning_rate == "line-search":
        return LineSearch(trial_by_curvature(objective, start, 1.0))
    if not optimizer.searched_point:
        # the rate of a heavy ball is (1 - momentum) times that of gradient descent
        return LocalCurvature(1.0 - optimizer.momentum)
    return LocalCurvature(shortens=optimizer.lookahead(start, optimizer.init(start)) is start)


def _schedule(schedule, updates_per_epoch, max_iter):
    if callable(schedule) and not isinstance(schedule, Schedule):
        return FromFunction(schedule)
    schedule = build_component(schedule, SCHEDULES, {})[0]
    return fill_horizon(schedule, updates_per_epoch, max_iter)


def _check_components(optimizer, penalty, schedule, start):
    """Raise ValueError for components of the caller that violate their contracts."""
    if not optimizer.is_builtin:
        check_optimizer(optimizer, start, needs_prox=penalty.active)
    factor_at(schedule, 0)
    penalty.check_features(start.shape[0])
    failure = None if penalty.is_builtin else check_prox(penalty, tuple(start.shape), start)
    if failure is not None and optimizer.adaptive:
        raise ValueError(
            f"{type(optimizer).__name__} has a step size for each number of x, and "
            f"{penalty.label}.prox does not take an array of them: {failure}. Use an "
            "optimizer with one step size, such as 'nesterov'."
        )


def _plateau(schedule, tol):
    if tol is None and not schedule.listens:
        return None
    return Plateau("objective", 0.0, schedule.patience or PATIENCE, swings=True)


class _Callback:
    """Stores the path and calls the function of the caller after each epoch; True ends the run."""

    def __init__(self, callback, tree, objective, path):
        self.callback = callback
        self.tree = tree
        self.objective = objective
        self.path = path
        self.names = []
        if callback is not None:
            with suppress(ValueError):  # a built-in function has no signature
                self.names = list(inspect.signature(callback).parameters)

    def remember(self, flat):
        if self.path is not None:
            self.path.append(self.tree.unflatten(flat))

    def __call__(self, history, flat, course):
        self.remember(flat)
        if self.callback is None:
            return False
        x = self.tree.unflatten(flat)
        try:
            if self.names == ["row"]:
                return bool(self.callback(history.full_row(-1)))
            if self.names == ["intermediate_result"]:
                value = self.objective.value(flat)
                self.callback(intermediate_result=OptimizeResult(x=x, fun=value))
            else:
                self.callback(x)
        except StopIteration:
            return True
        return False
