"""Support of callbacks for versions of scikit-learn before 1.9, which have none.

The protocol is that of scikit-learn 1.9: hooks are called for the fit and for each epoch. Here
meta-estimators pass no callbacks on, and clones have none.
"""

import copy
import inspect
from functools import wraps
from typing import Any, Self

HOOKS = ("setup", "teardown", "on_fit_task_begin", "on_fit_task_end")


class Task:
    """The fit, or one epoch of it.

    Parameters
    ----------
    callbacks : list
    task_name : str
    task_id : int
    parent : Task or None
    max_subtasks : int or None
        Largest count of the parts of this task.

    Attributes
    ----------
    task_name, task_id, parent, max_subtasks
        The same as in scikit-learn's contexts.
    """

    def __init__(self, callbacks, task_name="fit", task_id=0, parent=None, max_subtasks=0):
        self.callbacks = callbacks
        self.task_name, self.task_id, self.parent = task_name, task_id, parent
        self.max_subtasks = max_subtasks
        self.n_subtasks = 0

    def subcontext(self, task_name):
        """The next part of this task."""
        self.n_subtasks += 1
        return Task(self.callbacks, task_name, self.n_subtasks - 1, self)

    def call_on_fit_task_begin(self, *, estimator, **given):
        """Call the hooks at the beginning of the task."""
        self._call("on_fit_task_begin", estimator, given)

    def call_on_fit_task_end(self, *, estimator, **given):
        """Call the hooks at the end of the task, and return whether one of them returned True."""
        return self._call("on_fit_task_end", estimator, given)

    def _call(self, hook, estimator, given):
        attributes, stop = given.pop("reconstruction_attributes", None), False
        for callback in self.callbacks:
            function = getattr(callback, hook)
            named = inspect.signature(function).parameters.values()
            names = [one.name for one in named if one.kind is one.KEYWORD_ONLY]
            if "fitted_estimator" in names and "fitted_estimator" not in given:
                given["fitted_estimator"] = _fitted(estimator, attributes)
            stop |= bool(function(estimator, self, **{name: given.get(name) for name in names}))
        return stop


def _fitted(estimator, attributes):
    """A copy of the estimator with the attributes of a fit, or None without any."""
    attributes = attributes() if callable(attributes) else attributes
    if attributes is None:
        return None
    fitted = copy.copy(estimator)
    vars(fitted).update(attributes)
    return fitted


class CallbackSupportMixin:
    """`set_callbacks` and what `fit` needs for it."""

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Set the callbacks that a fit calls; without arguments, remove all.

        Parameters
        ----------
        *callbacks : FitCallback

        Returns
        -------
        self : object
        """
        for callback in callbacks:
            if isinstance(callback, type) or not all(hasattr(callback, hook) for hook in HOOKS):
                raise TypeError(
                    f"A callback needs the methods {', '.join(HOOKS)}. Got {callback}."
                )
        vars(self).pop("_skl_callbacks", None)
        if callbacks:
            self._skl_callbacks = list(callbacks)
        return self

    def _init_callback_context(self, max_subtasks=0):
        task = Task(self._skl_callbacks, max_subtasks=max_subtasks)
        self._callback_fit_ctx = task
        for callback in self._skl_callbacks:
            callback.setup(self, task)
        return task


def with_callbacks(fit):
    """`fit` that tears the callbacks down at its end, also after an error."""

    @wraps(fit)
    def with_teardown(estimator, *args, **kwargs):
        try:
            return fit(estimator, *args, **kwargs)
        finally:
            task = vars(estimator).pop("_callback_fit_ctx", None)
            for callback in task.callbacks if task else ():
                callback.teardown(estimator, task)

    return with_teardown
