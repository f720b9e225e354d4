"""The input of the loop, what it changes, and its answer: Run, State and Result."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gdregress._objective.snapshot import Snapshot
from gdregress._solver.averaging import SuffixAverage
from gdregress._solver.certificate import Certificate
from gdregress._solver.history import History
from gdregress._solver.rate_search import LearnedRate
from gdregress._solver.stopping import Plateau, Stopping

# Relative difference of two values of one objective that is rounding, also in single precision.
SAME_VALUE = 1e-6
# Fields that describe how a state reached its parameters; for other parameters they do not hold.
OF_THE_WAY = (
    *("epoch_momentum", "searched", "conjugate", "working_set", "damping", "objective"),
    *("swings", "growth"),
)


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """The parts of one run; no part knows another.

    Parameters
    ----------
    objective : Objective
    optimizer : Optimizer
    sampler : Sampler
    schedule : Schedule
    learning_rate : float
        Before the schedule.
    stopping, divergence : Stopping
        The rule that ends the run, and the rule that detects divergence.
    max_iter : int
        Most epochs.
    gradient_step : float
        Step size of the gradient mapping.
    gradient_units : array or None
        Units in which the gradient mapping is measured.
    certificate : Certificate or None
        Estimates what is left of the objective.
    started : float
        Reading of the clock from which the history counts its seconds.
    schedule_offset : int
        Count of updates at which the schedule begins.
    may_cut_rate : bool
        Whether the loop divides the learning rate when the run diverges.
    line_search : LineSearch or LocalCurvature or None
        Replaces the learning rate.
    learned_rate : LearnedRate or None
        Undoes epochs that did not lower the objective, and sets the rate of the next.
    method : {"updates", "envelope", "conjugate gradients", "working sets", "newton"}
        The updates of the optimizer, or the engine of that name.
    keep_best_on : tuple of str
        Reasons to stop after which the best parameters are kept, not the last.
    plateau : Plateau or None
        Ends the run, or makes an adaptive schedule reduce the rate.
    validate : callable or None
        From the user's parameters to the score and the loss on the rows held out.
    stops_on_score : bool
        Whether that score ends the run and chooses the best parameters.
    store : callable or None
        From the user's parameters to the coefficients and intercept that the history keeps.
    on_epoch : callable or None
        Called after each epoch with the history, the user's parameters and a function that
        returns the course of the run, see `course_of`; True ends the run.
    renewal : Renewal or Finish or None
        Decides after which epoch another run continues this one, and builds that run.
    history : History
    """

    objective: Any
    optimizer: Any
    sampler: Any
    schedule: Any
    learning_rate: float
    stopping: Stopping
    divergence: Stopping
    max_iter: int
    gradient_step: float
    gradient_units: Any
    started: float
    certificate: Certificate | None = None
    schedule_offset: int = 0
    may_cut_rate: bool = False
    line_search: Any = None
    learned_rate: LearnedRate | None = None
    method: str = "updates"
    keep_best_on: tuple[str, ...] = ("diverged", "interrupted", "plateau")
    plateau: Plateau | None = None
    validate: Callable | None = None
    stops_on_score: bool = False
    store: Callable | None = None
    on_epoch: Callable | None = None
    renewal: Any = None
    history: History = field(default_factory=History)

    @property
    def waits_for_measure(self):
        """Whether an epoch needs the measurements of the last one."""
        return self.optimizer.variance_reduced or self.learned_rate is not None

    def is_renewed(self, row, stop):
        """Whether the run continues in other coordinates, or by another method."""
        return self.renewal is not None and self.renewal.is_due(row, stop)


@dataclass(eq=False, repr=False)
class State:
    """Everything that a resumed run needs.

    Parameters
    ----------
    params : array
    rng : numpy.random.RandomState
    memory : NamedTuple or None
        Of the optimizer; None before its first step.
    count, epoch : int
        Updates and epochs so far.
    learning_rate : float or None
        The last one before the schedule and ``rate_factor``.
    rate_factor : float
        Factor of the rate from plateaus, from cuts, and from what it has learned.
    rate_has_failed : bool
        Whether an epoch was undone because it did not lower the objective.
    epoch_momentum : tuple of (params, t) or None
        Parameters at the end of the epoch before the last, and the momentum sequence's t.
    searched : tuple of (point, gradient) or None
        Of the last line search.
    conjugate : tuple or None
        (direction, gradient, square, taken_at, of_all, spent, secants) of the last step of
        conjugate gradients: square is q . g, 0 for a step of the secants, and the others describe
        the second derivatives that precondition it, see `ConjugateGradients._renewed`.
    working_set : ndarray of int or None
        The coefficients whose model the engine of that name keeps.
    damping : array or None
        Of the Newton steps of each target; None without damping.
    objective : float or None
        The value at the end, by which a later run recognises the same data.
    average : SuffixAverage or None
    anchor : array or None
        Parameters at which a quadratic objective was last expanded.
    plateau : Plateau or None
        The rule that an adaptive schedule follows.
    snapshot : Snapshot or None
        Of variance reduction, at the end of the last epoch. It is not saved, as a resumed run
        takes it anew.
    multipliers : list of dict or None
        Progress of the method of multipliers in each target. It is not saved.
    weight_total, row_total : float, int
        Totals of the rows so far, to which `partial_fit` relates its weights.
    settings : str
        The parameters of the fit that made the state.
    coordinates : Coordinates or None
        The coordinates of the parameters; None for the user's.
    columns : ndarray of int or None
        The columns that have parameters; None for all.
    stream : dict or None
        Of `partial_fit` under an automatic rate, see `Stream`.
    swings : dict or None
        How far calls of `partial_fit` have moved the parameters lately.
    growth : dict or None
        How the objectives of the calls of `partial_fit` have grown.
    fitted : list of two arrays or None
        The resulting coefficients and intercept, in the units of the data.
    penalized, has_intercept : bool
        Whether the objective had a penalty, and an intercept.
    held_out_seed : int or None
        Seed that drew the rows of early stopping.
    """

    params: Any
    rng: np.random.RandomState
    memory: Any = None
    count: int = 0
    epoch: int = 0
    learning_rate: float | None = None
    rate_factor: float = 1.0
    rate_has_failed: bool = False
    epoch_momentum: Any = None
    searched: Any = None
    conjugate: Any = None
    working_set: Any = None
    damping: Any = None
    objective: float | None = None
    average: SuffixAverage | None = None
    anchor: Any = None
    plateau: Plateau | None = None
    snapshot: Snapshot | None = None
    multipliers: list[dict[str, Any]] | None = None
    weight_total: float = 0.0
    row_total: int = 0
    settings: str = ""
    coordinates: Any = None
    columns: Any = None
    stream: dict[str, Any] | None = None
    swings: dict[str, Any] | None = None
    growth: dict[str, Any] | None = None
    fitted: list[Any] | None = None
    penalized: bool = False
    has_intercept: bool = True
    held_out_seed: int | None = None

    def reported(self):
        """The parameters that are evaluated, validated and returned."""
        return self.params if self.average is None else self.average.value(self.params)

    def moved_to(self, params, optimizer):
        """Return the state of a run that continues from other parameters.

        It keeps counts, random numbers and the rate. The memory of adaptive rules holds
        gradients and stays; a velocity would carry the parameters on.
        """
        memory = self.memory if optimizer.adaptive else optimizer.init(params)
        average = None if self.average is None else SuffixAverage(self.average.start)
        of_the_way = dict.fromkeys(OF_THE_WAY)
        return replace(self, params=params, memory=memory, average=average, **of_the_way)

    def on_data(self, objective, optimizer):
        """Return the state of a run that continues on an objective, perhaps of other data.

        An equal value at the end of the last run tells that the data are the same. On other data
        the results of plateaus, searches and gradients do not hold, and start afresh.

        Parameters
        ----------
        objective : Objective
        optimizer : Optimizer
        """
        tolerance = max(SAME_VALUE, 10 * objective.rounding)
        if self.objective is not None:
            value = objective.value(self.reported())
            if math.isclose(value, self.objective, rel_tol=tolerance):
                return self
        state = replace(self.moved_to(self.reported(), optimizer), memory=None, anchor=None)
        return replace(
            state, rate_factor=1.0, rate_has_failed=False, learning_rate=None, plateau=None
        )

    def restart_at(self, params, optimizer):
        """Go on from given parameters, with the optimizer's memory and the average cleared."""
        self.params = params
        self.memory = optimizer.init(params)
        self.epoch_momentum = self.conjugate = self.damping = self.multipliers = None
        self.working_set = None
        if self.average is not None:
            self.average = SuffixAverage(self.average.start)


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """How a run ended: the parameters to keep, why it stopped, and the number of epochs.

    Parameters
    ----------
    params : array
        By the user's own columns.
    run : Run
        As it was at the end.
    stop_reason : str
    n_iter : int
    best_row, kept_row : int
        Rows of the history: that of the best parameters, and that of those that are kept.
    interrupt : BaseException or None
    """

    params: Any
    run: Run
    stop_reason: str
    n_iter: int
    best_row: int = -1
    kept_row: int = -1
    interrupt: BaseException | None = None
