"""DescentPathDisplay: the steps of a descent on a function of one variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Self

import numpy as np

from gdregress._utils.types import ObjectiveFunction
from gdregress.plotting._descent_path.function_curve import function_curve
from gdregress.plotting._descent_path.steps import Steps, draw_mark
from gdregress.plotting._shared.arguments import check_count
from gdregress.plotting._shared.figure import colours, foreground
from gdregress.plotting._shared.lines import by_name, keywords_by_label
from gdregress.plotting._shared.marks import GROUPS, KEPT, MINIMUM, legend_entry
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.path_display import PathDisplay
from gdregress.plotting._shared.types import Axes, DescentPaths, Limits
from gdregress.plotting._shared.window import name_of_minimum

# Visible part of the curve above the highest point of the paths, as a share of their height.
ABOVE_PATH = 0.35
# A legend of more entries than this is below the axes.
MOST_INSIDE = 5


@dataclass(kw_only=True, eq=False, repr=False)
class DescentPathDisplay(PathDisplay):
    """The curve of a function of one variable, and the steps of descents on it.

    Use `from_function` rather than the constructor.

    Parameters
    ----------
    x : ndarray of shape (n_points,)
        Positions of the curve.
    y : ndarray of shape (n_points,)
        Values of the function at these positions.
    paths : dict of str to ndarray of shape (n_steps + 1, 2)
        Position and height of each point of a descent from its start on, by label.
    kept : dict of str to ndarray of shape (2,), optional
        Position and height of the returned point of a descent, if it is not the last, by label.
    minimum : ndarray of shape (2,) or None, default=None
        Position and height of the lowest point near the paths.
    xlabel, ylabel : str
        Labels of the axes.
    unit : str, default="step"
        Name of the step from one point of a path to the next.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        The first axes.
    axes_ : ndarray of Axes
        All axes drawn on.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.
    lines_ : list of matplotlib.lines.Line2D
        The line through the points of each path, which is not visible where there are arrows.

    Examples
    --------
    >>> from gdregress import minimize
    >>> from gdregress.plotting.descent_path import DescentPathDisplay
    >>> def parabola(x):
    ...     return (x - 3) ** 2 + 1
    >>> result = minimize(parabola, 10.0, jac=lambda x: 2 * (x - 3), max_iter=5)
    >>> display = DescentPathDisplay.from_function(parabola, result)
    >>> display.paths["path"][:3].round(2)
    array([[10.  , 50.  ],
           [ 8.6 , 32.36],
           [ 7.48, 21.07]])
    """

    x: np.ndarray
    y: np.ndarray
    paths: Mapping[str, np.ndarray]
    kept: Mapping[str, np.ndarray] = field(default_factory=dict)
    minimum: np.ndarray | None = None
    xlabel: str = "x"
    ylabel: str = "f(x)"
    unit: str = "step"

    @classmethod
    def from_function(
        cls,
        f: ObjectiveFunction,
        path: DescentPaths,
        *,
        xlim: Limits | None = None,
        n_points: int = 400,
        xlabel: str = "x",
        ylabel: str = "f(x)",
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the curve of a function and the descents on it.

        Parameters
        ----------
        f : callable
            ``f(x)`` of one number. It receives x in the type of the points of the path: a float,
            or an array or tensor of one number.
        path : OptimizeResult, sequence of numbers, or dict of them
            The result of `gdregress.minimize`, or the points of a descent; a dict holds the paths
            of different descents by label.
        xlim : pair of float or None, default=None
            Limits of the window. None shows the path and the minimum, but not the points of a
            diverging path that are higher than four times its start.
        n_points : int, default=400
            Count of the points of the curve.
        xlabel, ylabel : str
            Names of the variable and the function.
        ax : matplotlib.axes.Axes, array of them, or None, default=None
            Where to draw; a new figure if None.
        **plot_options
            Passed to `plot`.

        Returns
        -------
        display : DescentPathDisplay

        Raises
        ------
        ValueError
            If a point of the path holds more than one number, or f is not finite at any point.
        """
        check_count("n_points", n_points, 3)
        data = function_curve(f, path, xlim, n_points)
        return cls(**data, xlabel=xlabel, ylabel=ylabel).plot(ax, **plot_options)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        *,
        side_by_side: bool = False,
        arrows: int = 25,
        legend: bool = True,
        curve_kw: dict[str, Any] | None = None,
        line_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curve and the steps.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, array of them, or None, default=None
            Where to draw; a new figure if None. ``side_by_side`` needs axes for each path.
        side_by_side : bool, default=False
            Whether each path has its own axes.
        arrows : int, default=25
            Paths of at most this many steps have arrows, longer paths have a line. The points
            of all paths darken from the start to the end.
        legend : bool, default=True
            Whether to draw a legend, where there is room for one.
        curve_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the curve.
        line_kw : dict or None, default=None
            Passed to ``Axes.scatter`` for the points; a dict under the label of a path is for
            that path.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set``, such as ``{"title": "A valley", "ylim": (0, 1)}``.

        Returns
        -------
        self : DescentPathDisplay
        """
        labels, groups = list(self.paths), self._groups(side_by_side)
        self.axes_ = panels(ax, len(groups), self.xlabel, self.ylabel)
        self._steps = {}
        markers = GROUPS[:1] if side_by_side else GROUPS
        looks = {
            label: {"color": colour, "marker": marker}
            for label, colour, marker in zip(labels, colours(len(labels)), cycle(markers))
        }
        own = dict(zip(labels, keywords_by_label(line_kw, labels), strict=True))
        for axes, group in zip(self.axes_, groups, strict=True):
            style = {"color": foreground(), "linewidth": 1.5, "alpha": 0.7}
            axes.plot(self.x, self.y, **style | by_name(curve_kw))
            axes.set(**{"xlim": (self.x[0], self.x[-1]), "ylim": self._ylim(), **(ax_kw or {})})
            if self._minimum_name():
                draw_mark(axes, self.minimum, foreground(), MINIMUM)
            for label in group:
                path = self.paths[label]
                has_arrows = 0 < arrows >= len(path) - 1
                self._steps[label] = Steps(axes, path, looks[label], has_arrows, own[label])
                if label in self.kept:
                    draw_mark(axes, self.kept[label], looks[label]["color"], KEPT)
            if side_by_side:
                axes.set_title(self._name(group[0]), fontsize="medium")
        self.lines_ = [steps.line for steps in self._steps.values()]
        if legend:
            style = {"markersize": 4, "linewidth": 0.8, "linestyle": "-"}
            entries = {
                label: legend_entry(self._name(label), looks[label] | style)
                for label in ([] if side_by_side else labels)
            }
            name, kept = self._minimum_name(), bool(self.kept)
            self._draw_legend(entries, name, kept, most_inside=MOST_INSIDE)
        return self

    def _ylim(self):
        """Limits that contain the paths in the window, and a small part of the curve above."""
        points = np.vstack(list(self.paths.values()))
        inside = (points[:, 0] >= self.x[0]) & (points[:, 0] <= self.x[-1])
        heights = points[inside & np.isfinite(points[:, 1]), 1]
        known = np.concatenate([self.y[np.isfinite(self.y)], heights])
        low, high = known.min(), known.max()
        top = heights.max(initial=low)
        if top > low:
            high = min(high, top + ABOVE_PATH * (top - low))
        margin = 0.05 * (high - low) or 1.0
        return low - margin, high + margin

    def _is_inside(self, points):
        (x, y), (low, high) = points.T, self._ylim()
        return (x >= self.x[0]) & (x <= self.x[-1]) & (y >= low) & (y <= high)

    def _minimum_name(self):
        """What the minimum is called; "" where it is not in the window."""
        if self.minimum is None or not self.x[0] <= self.minimum[0] <= self.x[-1]:
            return ""
        return name_of_minimum(self.minimum[1], self.y)

    def _show_frame(self, index):
        for steps in self._steps.values():
            steps.show(index)
