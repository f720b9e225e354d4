"""LivePlot: a callback that draws a fit while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from gdregress._solver.history import COLUMNS
from gdregress._utils.types import BaseEstimator
from gdregress.plotting._shared.display import Display
from gdregress.plotting._shared.figure import pyplot
from gdregress.plotting._shared.lines import line_styles
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.scale import chosen_scale, finite, with_scale
from gdregress.plotting._shared.types import Axes


class LivePlot(Display):
    """A callback that draws columns of ``history_`` while a fit goes on.

    In a window or a notebook the picture is drawn anew while the model learns; elsewhere it is
    complete when the fit has ended. A copy or a pickle has the rows and not the picture: its next
    fit begins a new one.

    Parameters
    ----------
    y : str or sequence of str, default="objective"
        Columns of ``history_`` on the vertical axis, such as ``("loss", "validation_loss")``.
    x : {"epoch", "t", "seconds"}, default="epoch"
        Column on the horizontal axis.
    interval : float, default=0.2
        Least time between two drawings in seconds; the last epoch is always drawn.
    ax : matplotlib.axes.Axes or None, default=None
        Where to draw; a new figure for each fit if None.

    Attributes
    ----------
    rows_ : list of dict
        The rows of the history so far.
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    lines_ : list of matplotlib.lines.Line2D
        One for each column.

    Raises
    ------
    ValueError
        If a column is unknown, or the interval is negative.

    See Also
    --------
    LossCurveDisplay : The same curves after the fit, with more to choose.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting import LivePlot
    >>> X, y = load_diabetes(return_X_y=True)
    >>> live = LivePlot()
    >>> model = GDRegressor(optimizer="gd", max_iter=20, tol=None).set_callbacks(live).fit(X, y)
    >>> int(live.lines_[0].get_xdata()[-1])
    20
    """

    rows_: list[dict[str, Any]]

    def __init__(
        self,
        y: str | Sequence[str] = "objective",
        *,
        x: str = "epoch",
        interval: float = 0.2,
        ax: Axes | None = None,
    ) -> None:
        self.y = y
        self.x = x
        self.interval = interval
        self.ax = ax
        for name in (x, *self._columns()):
            if name not in COLUMNS:
                known = ", ".join(COLUMNS)
                raise ValueError(f"{name!r} is no column of history_. They are: {known}.")
        if not interval >= 0:
            raise ValueError(f"interval must be a number of seconds, 0 or more. Got {interval!r}.")

    def setup(self, estimator: BaseEstimator, context: Any) -> None:
        """Begin a picture.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : object
            The task, with its ``task_name``.
        """
        self.rows_ = []
        self.axes_ = panels(self.ax, 1)
        ax, columns = self.ax_, self._columns()
        self.lines_ = [ax.plot([], [], **style)[0] for style in line_styles(columns)]
        ax.set(xlabel=self.x, ylabel=self._ylabel())
        if self.x != "seconds":
            ax.locator_params(axis="x", integer=True)
        if len(columns) > 1:
            ax.legend(self.lines_, columns)
        self._shown_at, self._screen = perf_counter(), _screen(self.figure_)

    def on_fit_task_begin(self, estimator: BaseEstimator, context: Any) -> None:
        """Draw nothing before an epoch.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : object
            The task, with its ``task_name``.
        """

    def on_fit_task_end(
        self, estimator: BaseEstimator, context: Any, *, fitted_estimator: Any
    ) -> bool:
        """Take in the row of an epoch, and draw if it is time or the fit has ended.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : object
            The task, with its ``task_name``.
        fitted_estimator : estimator
            A model as it is now, with its ``history_``.

        Returns
        -------
        stop : bool
            False: the fit goes on.
        """
        history = fitted_estimator.history_
        new = range(len(self.rows_), len(history))
        self.rows_ += [history.full_row(i) for i in new]
        is_over = context.task_name != "epoch"
        if is_over or perf_counter() - self._shown_at >= self.interval:
            self._draw()
            self._screen()
            self._shown_at = perf_counter()
        return False

    def teardown(self, estimator: BaseEstimator, context: Any) -> None:
        """Do nothing after a fit.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.
        context : object
            The task, with its ``task_name``.
        """

    def __getstate__(self) -> dict[str, Any]:
        """What a saved model keeps: the parameters and the rows, and no picture on a screen."""
        left = {"axes_", "lines_", "_screen", "_shown_at"}
        return {k: v for k, v in vars(self).items() if k not in left} | {"ax": None}

    def _columns(self):
        return [self.y] if isinstance(self.y, str) else list(self.y)

    def _ylabel(self):
        """Names of the columns; while a fit goes on, gaps are estimates."""
        notes = {"gap": "gap, estimated"}
        return ", ".join(notes.get(name, name) for name in self._columns())

    def _draw(self):
        x = finite([row[self.x] for row in self.rows_])
        curves = [finite([row[name] for row in self.rows_]) for name in self._columns()]
        scale = chosen_scale("auto", [number for curve in curves for number in curve])
        for line, curve in zip(self.lines_, curves, strict=True):
            line.set_data(x, curve)
        self.ax_.set(yscale=scale, ylabel=with_scale(self._ylabel(), scale))
        self.ax_.relim()
        self.ax_.autoscale_view()


def _screen(figure):
    """The function that puts a figure on the screen."""
    if "inline" in pyplot().get_backend():
        from IPython.display import display  # pyright: ignore[reportMissingImports]

        handle = display(figure, display_id=True)
        return lambda: handle.update(figure)

    def draw():
        figure.canvas.draw_idle()
        figure.canvas.flush_events()

    return draw
