"""FitDisplay: data, and the predictions of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from gdregress._utils.types import BaseEstimator, MatrixLike
from gdregress.plotting._fit.data import fit_data
from gdregress.plotting._fit.drawing import (
    MARGIN,
    draw_lines,
    draw_points,
    draw_references,
    range_of,
)
from gdregress.plotting._shared.display import AnimatedDisplay
from gdregress.plotting._shared.estimators import by_label
from gdregress.plotting._shared.figure import colours, foreground
from gdregress.plotting._shared.legend import draw_legend
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.types import Axes, Reference

# A legend of more entries than this is below the axes.
MOST_INSIDE = 5
# Largest factor by which an animation widens the vertical axis to show the line at the start.
WIDENED = 2.0


@dataclass(kw_only=True, eq=False, repr=False)
class FitDisplay(AnimatedDisplay):
    """The rows of some data, and a model's predictions in their own units.

    One feature: the rows and the fitted line, or the curve under a log link; a line for each of
    several quantiles. A classifier of
    one feature: the probability of its classes. More features: predicted against actual targets.
    Use `from_estimator` rather than the constructor.

    Parameters
    ----------
    kind : {"line", "classes", "predicted"}
        Kind of the picture.
    x : ndarray of shape (n_samples,)
        The feature; the actual targets if kind is "predicted".
    y : ndarray of shape (n_samples,)
        The targets, the heights of the classes, or the predictions.
    groups : ndarray of int of shape (n_samples,) or None, default=None
        Number of the class of each row, or of the model of each prediction.
    group_labels : list of str or None, default=None
        Names of the classes or models.
    grid : ndarray of shape (n_points,), optional
        Positions of the lines.
    lines : ndarray of shape (n_lines, n_points), optional
        Predictions of the model at these positions.
    line_labels : list of str, optional
        Names of the lines.
    references : dict of str to ndarray of shape (n_points,), optional
        Lines to compare with, by label.
    threshold : float or None, default=None
        Height above which the classifier predicts the second class.
    xlabel, ylabel : str
        Labels of the axes.
    by_epoch : sequence, default=()
        Lines after every epoch, or the predictions as a single line for each model.
    n_rows : int or None, default=None
        Count of all rows, if they are more than those drawn.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Axes with the picture.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    points_ : list of matplotlib.lines.Line2D
        The rows, by class or model.
    lines_ : list of matplotlib.lines.Line2D
        The model's lines.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from gdregress import GDRegressor
    >>> from gdregress.plotting.fit import FitDisplay
    >>> depth = np.array([[0.5], [1.0], [1.5], [2.0]])
    >>> model = make_pipeline(StandardScaler(), GDRegressor()).fit(depth, [30, 45, 58, 72])
    >>> display = FitDisplay.from_estimator(model, depth, [30, 45, 58, 72], n_points=3)
    >>> display.lines.round(1) + 0.0
    array([[28.3, 51.2, 74.2]])
    """

    kind: Literal["line", "classes", "predicted"]
    x: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None = None
    group_labels: Sequence[str] | None = None
    grid: np.ndarray = field(default_factory=lambda: np.empty(0))
    lines: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    line_labels: Sequence[str] = ()
    references: Mapping[str, np.ndarray] = field(default_factory=dict)
    threshold: float | None = None
    xlabel: str = "x"
    ylabel: str = "y"
    by_epoch: Sequence[np.ndarray] = ()
    n_rows: int | None = None

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        target: int | None = None,
        reference: Reference | None = None,
        n_points: int = 200,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the fit of a model.

        Parameters
        ----------
        estimator : fitted estimator
            A GDRegressor or GDClassifier, a Pipeline, a search, or any other with ``predict``.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to draw, before the first step of a Pipeline transforms them. Of more than
            10,000 rows, 10,000 are drawn, chosen at random.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets of these rows.
        target : int or None, default=None
            Number of the target, if y has two or more.
        reference : callable, dict of them, or None, default=None
            ``reference(x)`` of an array, drawn as a dashed line, such as the true line; a dict
            holds functions by label. For regressors of one feature.
        n_points : int, default=200
            Count of the points of each line.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        display : FitDisplay

        Raises
        ------
        ValueError
            If a classifier has more than one feature, or ``target`` is missing although y has
            two or more targets.
        """
        models = {"fit": estimator}
        return cls(**fit_data(models, X, y, target, reference, n_points)).plot(ax, **plot_options)

    @classmethod
    def from_estimators(
        cls,
        estimators: Mapping[str, BaseEstimator],
        X: MatrixLike,
        y: npt.ArrayLike,
        *,
        target: int | None = None,
        reference: Reference | None = None,
        n_points: int = 200,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the fits of two or more models to the same rows.

        Parameters
        ----------
        estimators : dict of str to fitted estimator
            Regressors, or classifiers of two classes, by label.
        X, y, target, reference, n_points, ax, **plot_options : object
            As in `from_estimator`.

        Returns
        -------
        display : FitDisplay

        Raises
        ------
        ValueError
            As in `from_estimator`, and if the models have no picture in common.
        """
        models = by_label(estimators)
        return cls(**fit_data(models, X, y, target, reference, n_points)).plot(ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        legend: bool = True,
        point_kw: dict[str, Any] | None = None,
        line_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the rows and the predictions.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None.
        legend : bool, default=True
            Whether to draw a legend, where there is room for one.
        point_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the rows; a dict under the name of a class is for its
            rows.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the model's lines; a dict under the label of a line is
            for that line.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set``, for instance ``{"xlabel": "depth (km)", "ylim": (0, 140)}``.

        Returns
        -------
        self : FitDisplay
        """
        self.axes_ = panels(ax, 1, self.xlabel, self.ylabel)
        ax = self.ax_
        names = self.group_labels or ["rows" if self.kind == "predicted" else "data"]
        # the lines of three or more classes have the same colours and names
        if self.kind == "classes" and len(names) > 2:
            names = ["_" + name for name in names]
        # two or more lines have the colours of their models in all pictures
        shades = [foreground()] if self.kind == "line" and len(self.lines) > 1 else None
        self.points_ = draw_points(ax, self.x, self.y, self.groups, names, point_kw, shades)
        self.lines_ = []
        if self.kind == "predicted":
            ends = range_of(self.x, self.y)
            ax.plot(ends, ends, color=foreground(), linestyle="--", label="predicted = actual")
            ax.set(xlim=ends, ylim=ends, aspect="equal")
            ax.locator_params(nbins=6)
        else:
            self.lines_ = self._draw_lines(line_kw)
        ax.set(**ax_kw or {})
        if legend:
            is_part = self.n_rows is not None and self.n_rows > len(self.x)
            title = f"{len(self.x):,} of {self.n_rows:,} rows" if is_part else None
            entries = ax.get_legend_handles_labels()
            draw_legend(ax, *entries, most_inside=MOST_INSIDE, title=title)
        return self

    def _draw_lines(self, line_kw):
        ax, n_lines = self.ax_, len(self.lines)
        shades = colours(n_lines)
        if n_lines == 1:  # the colour of the second class, or a colour that the data do not use
            shades = [colours(4)[3 if self.groups is None else 1]]
        drawn = draw_lines(ax, self.grid, self.lines, self.line_labels, shades, line_kw)
        draw_references(ax, self.grid, self.references)
        if self.threshold is not None:
            style = {"color": foreground(), "linestyle": ":", "linewidth": 1}
            ax.axhline(self.threshold, label="threshold", **style)
        ax.margins(x=0, y=MARGIN)
        if self.ylabel == "probability":
            ax.set_yticks(np.linspace(0, 1, 6))
        return drawn

    @property
    def n_frames(self) -> int:
        """Count of the epochs, the start included; 0 if the fit has not stored its path."""
        return len(self.by_epoch)

    def _plot_for_animation(self, ax, **plot_options):
        super()._plot_for_animation(ax, **plot_options)
        if self.kind == "predicted":
            return
        bottom, top = self.ax_.get_ylim()
        low, high = range_of([bottom, top], *self.by_epoch[0])
        if high - low <= WIDENED * (top - bottom):
            self.ax_.set_ylim(low, high)

    def _show_frame(self, index):
        moving = self.points_ if self.kind == "predicted" else self.lines_
        for line, values in zip(moving, self.by_epoch[index], strict=True):
            line.set_ydata(values)
