"""Schedules: the learning rate as a function of the number of updates so far.

A schedule is a callable of the update count that returns the factor by which the learning rate
is multiplied: ``rate = learning_rate * schedule(count)``, the first update having count 0. It
also accepts an array of counts. Any function of one argument is a schedule; the classes here
are those with a name. To add one, write a class with `__call__` and add a line to `SCHEDULES`.

Horizons are counted in updates. ``None`` stands for a horizon that the estimator fills in: one
epoch for the decays, the whole run (``max_iter`` epochs) for "cosine" and "one-cycle".
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self

import numpy as np

from gdregress._utils.facts import StatesFacts
from gdregress._utils.types import BaseEstimator, ScheduleFunction, clone
from gdregress._utils.validation import Interval

_COUNT = [Interval(Integral, 1, None, closed="left"), None]
_FACTOR = [Interval(Real, 0, 1, closed="right")]


class Schedule(StatesFacts, BaseEstimator, ABC):
    """Base of the named schedules; any function of the count of updates is a schedule, too.

    `__call__` returns the factor of the learning rate, finite and not negative. What it returns at
    the first count is checked before the run.

    ``horizon`` is "epoch", "run" or None; ``listens`` says whether the loop tells the schedule of
    plateaus. Facts about `__call__` are ``is_constant``, whether the factor is always 1, and
    ``takes_arrays``, whether it answers an array of counts with an array of factors, also for
    counts to which the run may never come.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> from gdregress.schedules import Schedule
    >>> class Halving(Schedule):
    ...     def __init__(self, every: int = 100) -> None:
    ...         self.every = every
    ...     def __call__(self, count):
    ...         return 0.5 ** (count // self.every)
    >>> given = {"learning_rate": 0.2, "max_iter": 4, "tol": None, "optimizer": "gd"}
    >>> model = GDRegressor(schedule=Halving(2), **given).fit([[0.0], [1.0]], [1.0, 2.0])
    >>> model.history_["learning_rate"][1:]
    [0.2, 0.2, 0.1, 0.1]
    """

    horizon: Literal["epoch", "run"] | None = None
    listens: bool = False
    patience: int | None = None
    is_constant: bool = False
    scale: Any  # a number as soon as the horizon is filled in
    _parameter_constraints: dict[str, list[Any]] = {}
    formulas_of_facts: dict[str, tuple[str, ...]] = {
        "takes_arrays": ("__call__",),
        "is_constant": ("__call__",),
    }
    if TYPE_CHECKING:
        takes_arrays: bool  # a class may state it as a constant
    else:

        @property
        def takes_arrays(self) -> bool:
            return self.is_builtin

    def with_scale(self, scale: int) -> Self:
        """The same schedule with the horizon of a run.

        Parameters
        ----------
        scale : int
            Updates that the parameter ``scale=None`` stands for.

        Returns
        -------
        Schedule
        """
        return copy.copy(self).set_params(scale=scale)

    @property
    def runs_out(self) -> bool:
        """Whether the schedule ends with the run, and begins anew with the next."""
        return self.horizon == "run" and self.scale is None

    @abstractmethod
    def __call__(self, count: Any) -> Any:
        """Factor of the learning rate at a count of updates.

        Parameters
        ----------
        count : int or array of int
            Updates so far.

        Returns
        -------
        float or array of float
        """


class Constant(Schedule):
    """1."""

    is_constant = True

    def __call__(self, count: Any) -> Any:
        return np.ones_like(count, dtype=float) if isinstance(count, np.ndarray) else 1.0


class InverseScaling(Schedule):
    """(1 + count / scale)^(-power_t).

    Parameters
    ----------
    power_t : float, default=0.25
        Exponent. Stochastic descent is sure to converge with exponents above 1/2 up to 1.
    scale : float, default=1.0
        Updates after which the decay sets in; 1 is scikit-learn's "invscaling". None is an
        epoch.

    References
    ----------
    Robbins and Monro, "A stochastic approximation method", 1951.
    """

    horizon = "epoch"
    _parameter_constraints = {
        "power_t": [Interval(Real, 0, None, closed="left")],
        "scale": [Interval(Real, 0, None, closed="neither"), None],
    }

    def __init__(self, power_t: float = 0.25, scale: float | None = 1.0) -> None:
        self.power_t = power_t
        self.scale = scale

    def __call__(self, count: Any) -> Any:
        return (1 + count / self.scale) ** -self.power_t


class Exponential(Schedule):
    """decay^(count / scale).

    Parameters
    ----------
    decay : float in (0, 1], default=0.95
        Factor per `scale` updates.
    scale : int or None, default=None
        Updates per factor; None is an epoch.
    """

    horizon = "epoch"
    _parameter_constraints = {"decay": _FACTOR, "scale": _COUNT}

    def __init__(self, decay: float = 0.95, scale: int | None = None) -> None:
        self.decay = decay
        self.scale = scale

    def __call__(self, count: Any) -> Any:
        return self.decay ** (count / self.scale)


class Step(Schedule):
    """decay^floor(count / (every * scale)).

    Parameters
    ----------
    decay : float in (0, 1], default=0.5
        Factor at each step down.
    every : int, default=10
        Steps down are `every` x `scale` updates apart: ten epochs by default.
    scale : int or None, default=None
        Unit of `every` in updates; None is an epoch.
    """

    horizon = "epoch"
    _parameter_constraints = {
        "decay": _FACTOR,
        "every": [Interval(Integral, 1, None, closed="left")],
        "scale": _COUNT,
    }

    def __init__(self, decay: float = 0.5, every: int = 10, scale: int | None = None) -> None:
        self.decay = decay
        self.every = every
        self.scale = scale

    def __call__(self, count: Any) -> Any:
        return self.decay ** (count // (self.every * self.scale))


class Cosine(Schedule):
    """final + (1 - final) (1 + cos(pi min(count / scale, 1))) / 2.

    Parameters
    ----------
    final : float in [0, 1], default=0.0
        Factor at the end.
    scale : int or None, default=None
        Updates from the start to the end; None is the whole run.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, eq. 5.
    """

    horizon = "run"
    _parameter_constraints = {
        "final": [Interval(Real, 0, 1, closed="both")],
        "scale": _COUNT,
    }

    def __init__(self, final: float = 0.0, scale: int | None = None) -> None:
        self.final = final
        self.scale = scale

    def __call__(self, count: Any) -> Any:
        progress = np.minimum(count / self.scale, 1.0)
        return self.final + (1 - self.final) * (1 + np.cos(math.pi * progress)) / 2


class OneCycle(Schedule):
    """Up from `start` to 1 over the first `warmup` of the run, then down to `final`; by cosines.

    Parameters
    ----------
    start : float in (0, 1], default=0.04
        Factor at the first update.
    final : float in (0, 1], default=1e-4
        Factor at the end.
    warmup : float in (0, 1), default=0.3
        Share of the run that goes up.
    scale : int or None, default=None
        Updates from the start to the end; None is the whole run.

    References
    ----------
    Smith and Topin, "Super-convergence: very fast training using large learning rates", 2018.
    """

    horizon = "run"
    _parameter_constraints = {
        "start": _FACTOR,
        "final": _FACTOR,
        "warmup": [Interval(Real, 0, 1, closed="neither")],
        "scale": _COUNT,
    }

    def __init__(
        self,
        start: float = 0.04,
        final: float = 1e-4,
        warmup: float = 0.3,
        scale: int | None = None,
    ) -> None:
        self.start = start
        self.final = final
        self.warmup = warmup
        self.scale = scale

    def __call__(self, count: Any) -> Any:
        progress = np.minimum(count / self.scale, 1.0)
        up = _cosine(self.start, 1.0, progress / self.warmup)
        down = _cosine(1.0, self.final, (progress - self.warmup) / (1 - self.warmup))
        return np.where(progress < self.warmup, up, down)[()]


class Adaptive(Schedule):
    """1, divided by `divisor` whenever the run has reached a plateau.

    The one schedule that listens: the loop calls a plateau after `patience` epochs without
    improvement, and the run ends once the factor falls below `smallest`.

    Parameters
    ----------
    divisor : float, default=5.0
        Divisor at each plateau, above 1.
    smallest : float, default=1e-6
        Factor below which the run ends.
    patience : int or None, default=None
        Epochs without improvement that make a plateau; None is ``n_iter_no_change``.
    """

    listens = True
    _parameter_constraints = {
        "divisor": [Interval(Real, 1, None, closed="neither")],
        "smallest": [Interval(Real, 0, 1, closed="neither")],
        "patience": _COUNT,
    }

    def __init__(
        self, divisor: float = 5.0, smallest: float = 1e-6, patience: int | None = None
    ) -> None:
        self.divisor = divisor
        self.smallest = smallest
        self.patience = patience

    def __call__(self, count: Any) -> Any:
        return Constant()(count)


class FromFunction(Schedule):
    """A function of the update count that the user wrote, or any object that can be called.

    Parameters
    ----------
    function : callable
        Its own ``horizon`` and ``scale`` count, if it has them.
    """

    takes_arrays = False
    function: Any

    def __init__(self, function: ScheduleFunction) -> None:
        # a copy, as for all other components: a fit leaves the user's own as it is
        self.function = clone(function) if hasattr(function, "get_params") else function

    @property
    def horizon(self) -> str | None:
        return getattr(self.function, "horizon", None)

    @property
    def scale(self) -> Any:
        return getattr(self.function, "scale", None)

    def with_scale(self, scale: int) -> Self:
        return type(self)(clone(self.function).set_params(scale=scale))

    def __call__(self, count: Any) -> Any:
        return self.function(count)

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        return repr(self.function)


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "exponential": Exponential,
    "step": Step,
    "cosine": Cosine,
    "one-cycle": OneCycle,
    "adaptive": Adaptive,
}


def factor_at(schedule: Schedule, count: int) -> float:
    """A schedule's factor at a count, as a finite Python float that is not negative.

    Raises
    ------
    ValueError
        For any other answer.
    """
    factor = schedule(count)
    if isinstance(factor, (str, bytes)) or np.ndim(factor) or isinstance(factor, complex):
        _refuse(schedule, factor, count)
    try:
        number = float(factor)
    except (TypeError, ValueError):
        _refuse(schedule, factor, count)
    if not 0 <= number < math.inf:
        _refuse(schedule, factor, count)
    return number


def factors_at(schedule: Schedule, counts: range) -> Any:
    """The same for many counts, as an array."""
    if not schedule.takes_arrays:
        return np.array([factor_at(schedule, count) for count in counts])
    factors = np.asarray(schedule(np.arange(counts.start, counts.stop)), dtype=float)
    valid = (factors >= 0) & (factors < math.inf)
    if not valid.all():
        worst = int(np.argmin(valid))
        _refuse(schedule, factors[worst], counts[worst])
    return factors


def _refuse(schedule: Schedule, answer: Any, count: int) -> NoReturn:
    raise ValueError(
        "The 'schedule' parameter must be a function of the update count with finite factors "
        f">= 0. At the count {count} {schedule!r} returned {answer!r}."
    )


def fill_horizon(schedule: Schedule, updates_per_epoch: int, max_iter: int) -> Schedule:
    """The schedule with the run's own number of updates in place of ``scale=None``."""
    if schedule.horizon is None or schedule.scale is not None:
        return schedule
    epochs = max_iter if schedule.horizon == "run" else 1
    return schedule.with_scale(max(1, updates_per_epoch * epochs))


def _cosine(start: float, end: float, progress: Any) -> Any:
    """Half a cosine from `start` at progress 0 to `end` at 1."""
    return end + (start - end) * (1 + np.cos(math.pi * np.clip(progress, 0, 1))) / 2
