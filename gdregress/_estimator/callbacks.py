"""Callbacks and printing after each epoch."""

from collections.abc import Callable
from contextlib import contextmanager
from threading import local
from typing import Any

import numpy as np

from gdregress._utils.arguments import can_be_called, defaults
from gdregress._utils.array_api import namespace

# Of each thread, the estimators whose callbacks are at work, and the courses of their runs.
_here = local()


@contextmanager
def _hooks_of(estimator, course=None):
    """While the callbacks of an estimator are at work, after an epoch with the course so far."""
    at_work = vars(_here).setdefault("at_work", [])
    at_work.append((estimator, course))
    try:
        yield
    finally:
        at_work.pop()


def refuse_refit(estimator):
    """Raise RuntimeError if a callback fits the estimator that it is called by."""
    if any(one is estimator for one, _ in vars(_here).get("at_work", ())):
        raise RuntimeError(
            f"A callback of {type(estimator).__name__} has called fit of the estimator that is "
            "being fitted, which would never end. Fit a clone without callbacks."
        )


def course_at_work() -> Callable[[], Any]:
    """The function that returns the course of the run whose callbacks are at work.

    It is no attribute of the model that callbacks are handed, as it holds the run and its data.
    """
    return _here.at_work[-1][1]


class EachEpoch:
    """A scikit-learn callback that calls a function with the row of each epoch.

    Parameters
    ----------
    function : callable
        ``function(row)``, the row being a dict with a value for each column of `History`, None
        where a column does not apply. True ends the run.
    """

    def __init__(self, function):
        self.function = function

    def setup(self, estimator, context):
        """Nothing to set up."""

    def teardown(self, estimator, context):
        """Nothing to tear down."""

    def on_fit_task_begin(self, estimator, context):
        """Nothing is known yet."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        """Call the function, after each epoch."""
        if context.task_name != "epoch":
            return False
        answer = self.function(fitted_estimator.history_.full_row(-1))
        if not (answer is None or isinstance(answer, (bool, np.bool_))):
            raise TypeError(
                "A callback must return True to end the fit, and False or None to go on. It "
                f"returned {answer!r}."
            )
        return bool(answer)


def as_callback(given):
    """A callback of scikit-learn's as it is, or one of a function."""
    if hasattr(given, "on_fit_task_end") and not isinstance(given, type):
        return given
    if callable(given) and not isinstance(given, type) and can_be_called(given, {}):
        return EachEpoch(given)
    raise TypeError(
        "set_callbacks takes functions of the row of an epoch, and instances of scikit-learn's "
        f"callbacks, with on_fit_task_end and the other hooks. Got {given!r}.{_meant(given)}"
    )


def _meant(given):
    """Return a sentence on what was perhaps meant instead of a callback, or nothing."""
    if isinstance(given, type):
        return f" Make an instance: {given.__name__}(...)."
    if isinstance(given, (list, tuple)):
        return " Pass them one by one: set_callbacks(first, second)."
    if callable(given):
        return " It must take one argument, the row: a dict of the columns of history_."
    if hasattr(given, "on_epoch_end"):
        return " Pass a function of the row in the place of Keras' on_epoch_end."
    return ""


class EpochEnd:
    """Called by the loop after each epoch; True ends the run.

    Parameters
    ----------
    estimator : the estimator that is fitted
    original : callable
        From parameters to ``coef_`` and ``intercept_``.
    loss : Loss
    **data
        The user's own ``X``, ``y`` and ``metadata``, which the callbacks are handed.
    """

    def __init__(self, estimator, original, loss, **data):
        self.estimator = estimator
        self.original = original
        self.loss = loss
        self.data = data
        self.context = None
        has_own = bool(getattr(estimator, "_skl_callbacks", None))
        self.has_callbacks = has_own or hasattr(estimator, "_parent_callback_ctx")
        self.parameters = _parameters_of(estimator) if self.has_callbacks else {}
        self.changes = {}

    def has_work(self):
        """Whether an epoch ends with callbacks or printing."""
        return bool(self.estimator.verbose) or self.has_callbacks

    def begin(self):
        """Before the first epoch."""
        if self.has_callbacks:
            self.estimator._forget_results()  # the models of the epochs are copies of it
            self.context = self.estimator._init_callback_context(
                max_subtasks=self.estimator.max_iter
            )
            with _hooks_of(self.estimator):
                self.context.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def __call__(self, history, params, course):
        if self.estimator.verbose:
            print_epoch(history, self.estimator.verbose)
        if self.context is None:
            return False
        self.keep_changes()  # a callback finds what it has set
        subcontext = self.context.subcontext(task_name="epoch")
        with _hooks_of(self.estimator, course):
            subcontext.call_on_fit_task_begin(estimator=self.estimator, **self.data)
            stop = subcontext.call_on_fit_task_end(
                estimator=self.estimator,
                reconstruction_attributes=lambda: self._attributes(history, params),
                **self.data,
            )
        self._put_changes_aside()
        return stop

    def _put_changes_aside(self):
        """Leave the parameters of this fit to the run: what callbacks set counts for the next."""
        now = _parameters_of(self.estimator)
        self.changes = {k: value for k, value in now.items() if value is not self.parameters[k]}
        vars(self.estimator).update(self.parameters)

    def keep_changes(self):
        """After all that belongs to this fit, set what callbacks have set."""
        vars(self.estimator).update(self.changes)

    def close(self):
        """After the fit, whose estimator is the model of this task as it is."""
        if self.context is not None:
            with _hooks_of(self.estimator):
                self.context.call_on_fit_task_end(
                    estimator=self.estimator, reconstruction_attributes={}, **self.data
                )

    def _attributes(self, history, params):
        """What a model of the epoch has: parameters of its own, and the history of the run."""
        coef, intercept = self.original(namespace(params).asarray(params, copy=True))
        attributes = {"coef_": coef, "intercept_": intercept, "_loss": self.loss}
        attributes |= {"history_": history, "n_iter_": len(history) - 1}
        if hasattr(self.estimator, "classes_"):
            attributes["classes_"] = self.estimator.classes_
        return attributes


def _parameters_of(estimator):
    return {name: getattr(estimator, name) for name in defaults(type(estimator))}


def print_epoch(history, verbose):
    """Print the last epoch: every one with verbose=2; 1, 2, 5, 10, 20, 50, ... with verbose=1."""
    epochs = len(history) - 1
    if epochs == 1:
        print(history.header())
    if verbose > 1 or _is_round(epochs):
        print(history.line())


def print_end(history, reason, verbose):
    """Print the last epoch, if it has not been, and why the run ended with it."""
    epochs = len(history) - 1
    if epochs < 1:
        print(history.header())
    if not (verbose > 1 or _is_round(epochs)):
        print(history.line())
    print(f"Ended by {reason!r} after {epochs} epochs.")


def _is_round(epochs):
    digits = str(epochs)
    return digits[0] in "125" and set(digits[1:]) <= {"0"}
