"""Fits by a chosen engine at a chosen pace: the only place where tests reach into the engines."""

from contextlib import contextmanager

import numpy as np
import pytest

from gdregress import _engines
from gdregress._core.kernels import interpreted
from gdregress._engines import Ahead, Compiled, Jitted, Moments, Overlapped, Plain
from gdregress._engines import ahead as ahead_module
from gdregress._engines import overlapped as overlapped_module


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
PACES = {None: (), "overlapped": (Overlapped,), "ahead": (Ahead,)}


class Log:
    """What a run has chosen: the engines in the order of the fits, and rows by engine."""

    def __init__(self):
        self.engines = []
        self.paces = []

    def used(self, engine):
        """Whether a fit has chosen this engine class, or one derived from it."""
        return any(issubclass(chosen, engine) for chosen in self.engines)


@contextmanager
def using(form=None, pace=None, epochs_at_once=None):
    """Let every run choose among the engines of a form, at a pace that is forced on it.

    Parameters
    ----------
    form : str or None
        A key of `FORMS`; None for the engines as they are listed.
    pace : str or None
        A key of `PACES`. "overlapped" grants a second thread and takes data of any size; "ahead"
        takes arrays in the memory of the host for those of an accelerator.
    epochs_at_once : int or None
        Most epochs between two transfers.

    Yields
    ------
    Log
    """
    log, choose = Log(), _engines.choose_engine

    def chosen(run, state, meter):
        engine = choose(run, state, meter)
        inner = getattr(engine, "engine", engine)
        log.engines.append(type(inner))
        log.paces.append(None if inner is engine else type(engine))
        return engine

    with pytest.MonkeyPatch.context() as patch:
        if form is not None:
            patch.setattr(_engines, "ENGINES", FORMS[form])
        patch.setattr(_engines, "PACES", PACES[pace])
        patch.setattr("gdregress._solver.solve.choose_engine", chosen)
        if pace == "overlapped":
            patch.setattr(overlapped_module, "SMALLEST_SIZE", 1)
            patch.setattr("gdregress._core.threads._openmp_effective_n_threads", lambda: 2)
        if form == "jitted" or pace == "ahead":
            for module in ("_estimator.data", "_engines.ahead"):
                patch.setattr(f"gdregress.{module}.in_host_memory", lambda array: False)
        if epochs_at_once is not None:
            patch.setattr(ahead_module, "MAX_EPOCHS", epochs_at_once)
        yield log


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
