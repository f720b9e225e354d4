"""Callbacks of a fit: what is done after each epoch, see `GDRegressor.set_callbacks`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, ClassVar

from gdregress._estimator.callbacks import course_at_work
from gdregress._estimator.saving.resume import save_course
from gdregress._solver import history
from gdregress._utils.arguments import explains_arguments

__all__ = ["Checkpoint", "History"]


class Checkpoint:
    """Saves a fit every so many epochs, so that it can be resumed after a crash.

    The file is replaced at once: it is written beside the old one, brought to the disk and
    renamed, so that a process that is killed leaves one of both. It holds arrays as npz and
    everything else as JSON, and nothing is pickled. ``fit(X, y, resume_from=path)`` continues
    from it, and so does `fit_batches`: the fit ends with the same coefficients, to the bit, as one
    that was not interrupted. It needs the same parameters but for `verbose` and `max_iter`, and
    data of the same kind. With another `max_iter` bits may differ, as ``preconditioner="auto"``
    may depend on it and the run stays in the coordinates of the checkpoint. Rows
    that ``early_stopping=True`` has held out are held out again, whatever `random_state` is.

    Parameters
    ----------
    path : str or Path
        Of the file, in a folder that exists.
    every : int, default=1
        Epochs from one checkpoint to the next; at most so many are lost.

    Raises
    ------
    ValueError
        For an `every` below 1, for a folder that does not exist, and where `path` is one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from gdregress import GDRegressor
    >>> from gdregress.callbacks import Checkpoint
    >>> path = Path(tempfile.mkdtemp()) / "model.checkpoint"
    >>> X, y = [[0.0], [1.0], [3.0], [4.0]], [1.0, 2.0, 1.0, 3.0]
    >>> model = GDRegressor(solver="stochastic", max_iter=3, tol=None, random_state=0)
    >>> model = model.set_callbacks(Checkpoint(path)).fit(X, y)
    >>> resumed = GDRegressor(solver="stochastic", max_iter=5, tol=None, random_state=0)
    >>> resumed = resumed.fit(X, y, resume_from=path)
    >>> whole = GDRegressor(solver="stochastic", max_iter=5, tol=None, random_state=0).fit(X, y)
    >>> bool(resumed.coef_ == whole.coef_), resumed.n_iter_
    (True, 5)
    """

    @explains_arguments
    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        if not (isinstance(every, Integral) and every >= 1):
            raise ValueError(f"every must be an int of at least 1. Got {every!r}.")
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path must be a str or a Path. Got {path!r}.")
        folder = Path(path).parent
        if not folder.is_dir():
            raise ValueError(f"path must be in a folder that exists. {str(folder)!r} does not.")
        if Path(path).is_dir():
            raise ValueError(
                f"path must be that of a file. {str(path)!r} is a folder: add a name, such as "
                f"{str(Path(path) / 'model.checkpoint')!r}."
            )
        self.path = path
        self.every = every

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing to set up."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing to tear down."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing to save yet."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> None:
        """Save the fit after each so many-th epoch."""
        if context.task_name == "epoch" and fitted_estimator.n_iter_ % self.every == 0:
            save_course(Path(self.path), estimator, course_at_work())


class History(history.History):
    """Collects the rows of every fit that it is a callback of, in one table.

    The ``history_`` of an estimator is that of its last fit, once it has ended. This table is
    there while a fit goes on, and keeps the rows of earlier fits, of the fits of a search in this
    process and of those that an error has ended: one for each epoch, where epochs begin anew with
    each fit, and none for a start. Gaps are those that were known at the epoch, so estimates.

    It is a dict of columns like ``history_``, with the same methods, such as ``to_frame()``.
    `gdregress.minimize` takes it as ``callback``. `partial_fit` calls nothing: add its rows by
    ``history.append(model.history_.row(-1))``.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> from gdregress.callbacks import History
    >>> X, y = [[0.0], [1.0], [3.0], [4.0]], [1.0, 2.0, 1.0, 3.0]
    >>> history = History()
    >>> model = GDRegressor(max_iter=2, tol=None).set_callbacks(history)
    >>> first = list(model.fit(X, y).loss_curve_)
    >>> second = model.set_params(alpha=0.1, penalty="l2").fit(X, y).loss_curve_
    >>> history["epoch"], history["objective"] == first + second
    ([1, 2, 1, 2], True)
    """

    _n_starts: ClassVar[int] = 0

    def __call__(self, row: Mapping[str, Any]) -> None:
        """Add the row of an epoch."""
        self.append(row)
