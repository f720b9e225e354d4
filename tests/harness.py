"""Fits by a chosen engine and pace: the only place where tests access the engines."""

from collections import Counter
from contextlib import ExitStack, closing, contextmanager

import numpy as np
import pytest

from gdregress import _engines
from gdregress._core import core
from gdregress._core.kernels import interpreted
from gdregress._engines import Ahead, Compiled, Jitted, Moments, Overlapped, Plain, kernel_choice
from gdregress._engines import ahead as ahead_module
from gdregress._engines import compiled as compiled_module
from gdregress._engines import overlapped as overlapped_module
from gdregress._objective.deferred import fetch
from gdregress._solver.run import Run, State
from gdregress.samplers import MiniBatch
from gdregress.schedules import Constant


class InterpretedMoments(Moments):
    """The moments engine on the kernels as Python runs them."""

    def __init__(self, run, meter):
        super().__init__(run, meter, interpreted)

    @classmethod
    def supports(cls, run, state):
        return cls.covers(run, state)


class InterpretedCompiled(Compiled):
    """The compiled engine on the kernels as Python runs them."""

    def __init__(self, run, meter):
        super().__init__(run, meter, interpreted)

    @classmethod
    def supports(cls, run, state):
        return cls.covers(run, state)


# For each name the engines that a run may choose from, the first that supports it.
FORMS = {
    "plain": (Plain,),
    "compiled": (Moments, Compiled, Plain),
    "interpreted": (InterpretedMoments, InterpretedCompiled, Plain),
    "jitted": (Jitted, Plain),
}
PACES = {None: (), "overlapped": (Overlapped,), "ahead": (Ahead,), "as listed": _engines.PACES}
CONSTANTS = {
    "epochs_at_once": (ahead_module, "MAX_EPOCHS"),
    "updates_at_once": (compiled_module, "UPDATES_AT_ONCE"),
    "lazy_cost": (kernel_choice, "LAZY_COST"),
}


class Log:
    """What the runs have done.

    Attributes
    ----------
    engines, paces : list of class
        In the order of the runs; the pace is None for an engine without one.
    objectives : list of class
        Of the objective of each run.
    epochs : Counter of class
        How many rows each engine has yielded; those that `Moments` leaves to `Plain` are Plain's.
    kernels : Counter of str
        How often engines have asked for each name of the core.
    fetches : list of int
        How many numbers each transfer of `Ahead` has brought.
    """

    def __init__(self):
        self.engines, self.paces, self.objectives, self.fetches = [], [], [], []
        self.epochs, self.kernels = Counter(), Counter()

    def used(self, engine):
        """Whether a run has chosen this engine class, or one derived from it."""
        return any(issubclass(chosen, engine) for chosen in self.engines)

    def epochs_of(self, engine):
        """How many rows this engine class, or one derived from it, has yielded."""
        return sum(n for chosen, n in self.epochs.items() if issubclass(chosen, engine))

    def watch(self, engine):
        """Log what an engine, at a pace or not, is about to do."""
        inner = getattr(engine, "engine", engine)
        self.engines.append(type(inner))
        self.paces.append(None if inner is engine else type(engine))
        self.objectives.append(type(engine.run.objective))
        self._count_epochs(engine, type(inner))
        if isinstance(inner, Moments):
            self._count_epochs(inner.plain, Plain)
            self._count_epochs(inner.plain, type(inner), -1)
        if hasattr(inner, "kernels"):
            inner.kernels = Counted(inner.kernels, self.kernels)

    def _count_epochs(self, engine, name, step=1):
        epochs = engine.epochs

        def counted(state, max_epochs):
            with closing(epochs(state, max_epochs)) as rows:
                for row in rows:
                    self.epochs[name] += step
                    yield row

        engine.epochs = counted


class Counted:
    """A module that counts how often each of its names is asked for."""

    def __init__(self, module, counts):
        self._module, self._counts = module, counts

    def __getattr__(self, name):
        self._counts[name] += 1
        return getattr(self._module, name)


@contextmanager
def using(form=None, pace=None, moments=True, **constants):
    """Let every run choose among the engines of a form, at a pace that is forced on it.

    Parameters
    ----------
    form : str or None
        A key of `FORMS`; None for the engines as they are listed.
    pace : str or None
        A key of `PACES`. "overlapped" allows a second thread and takes data of any size; "ahead"
        takes arrays in the memory of the host for those of an accelerator.
    moments : bool
        False keeps runs from using the moments of the columns.
    **constants : int or float
        Values for the constants that `CONSTANTS` names.

    Yields
    ------
    Log
    """
    log, choose = Log(), _engines.choose_engine

    def chosen(run, state, meter):
        engine = choose(run, state, meter)
        log.watch(engine)
        return engine

    def fetched(numbers):
        log.fetches.append(len(numbers))
        return fetch(numbers)

    with pytest.MonkeyPatch.context() as patch, ExitStack() as surroundings:
        if form is not None:
            patch.setattr(_engines, "ENGINES", FORMS[form])
        patch.setattr(_engines, "PACES", PACES[pace])
        patch.setattr("gdregress._solver.solve.choose_engine", chosen)
        # the trials by which warnings find their advice are runs as well
        patch.setattr(
            "gdregress._estimator.advice.diagnosis.first_that_helps", lambda *given: None
        )
        patch.setattr(
            "gdregress._estimator.advice.diagnosis.penalty_that_ends", lambda *given: None
        )
        patch.setattr(ahead_module, "fetch", fetched)
        if pace == "overlapped":
            patch.setattr(overlapped_module, "SMALLEST_SIZE", 1)
            surroundings.enter_context(threads(2))
        if form == "jitted" or pace == "ahead":
            surroundings.enter_context(on_an_accelerator())
        if not moments:
            patch.setattr(
                "gdregress._estimator.planning.plan._worth_moments", lambda *given: False
            )
        for name, value in constants.items():
            patch.setattr(*CONSTANTS[name], value)
        yield log


def epochs_alone(
    form, objective, optimizer, params, rate, batch_size, epochs=1, prepare=None, log=None, **state
):
    """The state after some epochs of batches, which nothing measures and nothing ends.

    Parameters
    ----------
    form : str
        A key of `FORMS`.
    objective : Objective
    optimizer : Optimizer
    params : array
        Where the epochs begin.
    rate : float
    batch_size : int
    epochs : int
    prepare : callable or None
        Called with the state before each epoch.
    log : Log or None
        Of which `kernels` counts the names of the core that were asked for.
    **state
        Further fields of the state.
    """
    parts = {"objective": objective, "optimizer": optimizer, "learning_rate": rate}
    parts |= {"sampler": MiniBatch(batch_size), "schedule": Constant()}
    unused = ("stopping", "divergence", "gradient_step", "gradient_units")
    run = Run(**parts, **dict.fromkeys(unused), max_iter=epochs, started=0.0)
    state = State(params, np.random.RandomState(0), optimizer.init(params), **state)
    engine = next(engine for engine in FORMS[form] if engine.supports(run, state))
    assert engine is not Plain or form == "plain"
    engine = engine(run, None)
    if log is not None:
        engine.kernels = Counted(engine.kernels, log.kernels)
    for _ in range(epochs):
        if prepare is not None:
            prepare(state)
        engine.epoch(state)
    return state


@contextmanager
def on_an_accelerator():
    """Take the memory of the host for that of an accelerator."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_estimator.input.data", "_engines.ahead"):
            patch.setattr(f"gdregress.{module}.in_host_memory", lambda array: False)
        yield


@contextmanager
def kernels(module):
    """Let the package have this module for its core, or None for want of one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "kernels", module)
        patch.setattr(core, "_warned", False)
        yield


@contextmanager
def threads(n_threads):
    """Allow so many threads, which may be more than there are processors."""
    with pytest.MonkeyPatch.context() as patch:
        allowed = "gdregress._core.threads._openmp_effective_n_threads"
        patch.setattr(allowed, lambda: n_threads)
        yield


def assert_same_run(one, other, rtol, columns=("objective", "loss", "penalty", "gradient_norm")):
    """The same course to rounding, relative to the largest number of each column, and the end."""
    assert (one.n_iter_, one.t_, one.stop_reason_) == (other.n_iter_, other.t_, other.stop_reason_)
    a, b = one.history_, other.history_
    assert a["epoch"] == b["epoch"] and a["t"] == b["t"]
    for name in (*columns, "learning_rate"):
        assert_close(a[name], b[name], rtol)
    for name in ("coef", "intercept"):
        assert_close(getattr(a, name), getattr(b, name), rtol)
    for name in ("coef_", "intercept_"):
        assert_close(getattr(one, name), getattr(other, name), rtol)
    assert_same_memory(one, other, rtol)


def assert_same_memory(one, other, rtol):
    """The same memory of the optimizer, with which a later run goes on."""
    memories = [model._state["memory"] for model in (one, other)]
    assert memories[0].keys() == memories[1].keys()
    # displacements are differences of parameters, and as exact as these
    scale = np.abs(np.asarray(other._state["params"])).max()
    for name, value in memories[1].items():
        assert np.shape(memories[0][name]) == np.shape(value)
        assert_close(memories[0][name], value, rtol, scale)


def assert_identical_run(one, other):
    """The same to the bit, but for the seconds."""
    for column in set(one.history_.columns()) - {"seconds"}:
        np.testing.assert_equal(one.history_[column], other.history_[column], err_msg=column)
    for name in ("coef_", "intercept_"):
        a, b = (np.asarray(getattr(model, name)) for model in (one, other))
        np.testing.assert_array_equal(a, b)
    assert (one.n_iter_, one.t_, one.stop_reason_) == (other.n_iter_, other.t_, other.stop_reason_)


def assert_close(a, b, rtol, scale=0.0):
    """Equal within a share of the largest finite number."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    scale = max(scale, np.abs(b[np.isfinite(b)]).max(initial=0))
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * scale)
