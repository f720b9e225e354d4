"""The base of the display: a surface with the paths on it, of estimators or of a function."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from gdregress.plotting._loss_surface.contours import (
    LEVELS,
    draw_contours,
    draw_hills,
    equal_if_similar,
)
from gdregress.plotting._loss_surface.paths import draw_path, draw_point, move_to
from gdregress.plotting._shared.animated_display import AnimatedDisplay
from gdregress.plotting._shared.figure import axes_or_new, colours, foreground
from gdregress.plotting._shared.legend import place_legend
from gdregress.plotting._shared.marks import END, KEPT, MINIMUM, START, legend_entry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# Smallest visible distance between two points, as a share of a side of the window.
APART = 0.01
KINDS = ("contour", "surface")


class DrawnSurface(AnimatedDisplay):
    """The data of a `LossSurfaceDisplay`, and its drawing."""

    lines_: dict[str, Line2D]

    def __init__(
        self,
        *,
        x: np.ndarray,
        y: np.ndarray,
        values: np.ndarray,
        paths: Mapping[str, np.ndarray] | None = None,
        path_values: Mapping[str, np.ndarray] | None = None,
        kept: Mapping[str, np.ndarray] | None = None,
        minimum: np.ndarray | None = None,
        minimum_value: float | None = None,
        minimum_label: str = "minimum",
        xlabel: str = "x",
        ylabel: str = "y",
        zlabel: str = "objective",
        is_projected: bool = False,
        unit: str = "epoch",
    ) -> None:
        self.x = x
        self.y = y
        self.values = values
        self.paths = paths
        self.path_values = path_values
        self.kept = kept
        self.minimum = minimum
        self.minimum_value = minimum_value
        self.minimum_label = minimum_label
        self.xlabel = xlabel
        self.ylabel = ylabel
        self.zlabel = zlabel
        self.is_projected = is_projected
        self.unit = unit

    def plot(
        self,
        ax: Axes | None = None,
        *,
        kind: Literal["contour", "surface"] = "contour",
        levels: int = LEVELS,
        colorbar: bool = True,
        legend: bool = True,
        contour_kw: dict[str, Any] | None = None,
        surface_kw: dict[str, Any] | None = None,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the surface, the paths and the minimum.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; a new figure if None. ``kind="surface"`` needs axes made with
            ``projection="3d"``.
        kind : {"contour", "surface"}, default="contour"
            Seen from above, or in three dimensions.
        levels : int, default=16
            Number of contours. Their heights above the lowest point are in equal ratios.
        colorbar : bool, default=True
            Whether to draw a colour bar for the contours.
        legend : bool, default=True
            Whether to draw a legend.
        contour_kw : dict or None, default=None
            Passed to ``Axes.contourf``, for instance ``{"cmap": "viridis"}``.
        surface_kw : dict or None, default=None
            Passed to ``Axes3D.plot_surface``.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the paths.

        Returns
        -------
        self : LossSurfaceDisplay
        """
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}. Got {kind!r}.")
        if not isinstance(levels, Integral) or levels < 2:
            raise ValueError(f"levels must be an int of at least 2. Got {levels!r}.")
        if kind == "contour":
            self._draw_contours(axes_or_new(ax), levels, colorbar, contour_kw or {})
        else:
            ax = axes_or_new(ax, subplot_kw={"projection": "3d"})
            self._draw_hills(ax, levels, surface_kw or {})
        self._draw_paths(line_kw or {})
        if self.minimum is not None:
            height = self.minimum_value if self._is_3d else None
            draw_point(self.ax_, self.minimum, height, foreground(), MINIMUM)
        if legend:
            self._draw_legend()
        return self

    def _draw_contours(self, ax, levels, colorbar, contour_kw):
        self._set_axes(ax, is_3d=False)
        label = f"{self.zlabel} above its minimum (log scale)"
        draw_contours(ax, self.x, self.y, self._gaps(), levels, contour_kw, label, colorbar)
        equal_if_similar(ax, self.x, self.y)

    def _draw_hills(self, ax, levels, surface_kw):
        if ax.name != "3d":
            raise ValueError(
                "kind='surface' needs axes in three dimensions: "
                "plt.subplots(subplot_kw={'projection': '3d'})."
            )
        self._set_axes(ax, is_3d=True)
        draw_hills(ax, self.x, self.y, self.values, self._gaps(), levels, surface_kw)
        ax.set_zlabel(self.zlabel, labelpad=10)
        ax.locator_params(nbins=5)

    def _set_axes(self, ax, is_3d):
        self.ax_, self.figure_, self._is_3d = ax, ax.figure, is_3d
        ax.set(xlabel=self.xlabel, ylabel=self.ylabel)
        ax.set(xlim=(self.x[0], self.x[-1]), ylim=(self.y[0], self.y[-1]))

    def _gaps(self):
        """Heights above the lowest point known."""
        known = [self.values.ravel(), *(self.path_values or {}).values()]
        if self.minimum_value is not None:
            known.append(np.array([self.minimum_value]))
        known = np.concatenate(known)
        return self.values - known[np.isfinite(known)].min()

    def _draw_paths(self, line_kw):
        self.lines_, self._heads, self._shows_kept = {}, {}, False
        paths, kept = self.paths or {}, self.kept or {}
        for (label, path), colour in zip(paths.items(), colours(len(paths)), strict=True):
            points, heights = self._drawn_points(label)
            name = self._name(label, path)
            artists = draw_path(self.ax_, points, heights, colour, name, line_kw)
            self.lines_[label], self._heads[label] = artists
            if label in kept and self._is_apart(kept[label], path[-1]):
                self._draw_kept(kept[label], colour)
                self._shows_kept = True

    def _is_apart(self, point, other):
        """Whether the distance of two points is visible in the window."""
        sides = np.array([self.x[-1] - self.x[0], self.y[-1] - self.y[0]])
        return bool((abs(point - other) > APART * sides).any())

    def _draw_kept(self, point, colour):
        height = None
        if self._is_3d:  # the height of the nearest point of the grid
            row, column = np.argmin(abs(self.y - point[1])), np.argmin(abs(self.x - point[0]))
            height = self.values[row, column]
        draw_point(self.ax_, point, height, colour, KEPT)

    def _drawn_points(self, label):
        """The drawn points of a path, and their heights in three dimensions."""
        path = self.paths[label]
        if not self._is_3d:
            return path, None
        # matplotlib does not clip three-dimensional lines at the limits of the axes
        inside = self._is_inside(path)
        return np.where(inside[:, None], path, np.nan), np.where(
            inside, self.path_values[label], np.nan
        )

    def _is_inside(self, path):
        (x, y), (left, right), (low, high) = path.T, self.x[[0, -1]], self.y[[0, -1]]
        return (x >= left) & (x <= right) & (y >= low) & (y <= high)

    def _name(self, label, path):
        """The legend's text for a path."""
        is_noted = self.is_projected and not self._has_title()
        name = f"{label}, projected" if is_noted else label
        outside = int(np.sum(~self._is_inside(path)))
        return f"{name} ({outside} of {len(path)} points outside)" if outside else name

    def _draw_legend(self):
        handles = list(self.lines_.values())
        if handles:
            handles += [legend_entry(START, "start"), legend_entry(END, self._head_name)]
        if self._shows_kept:
            handles.append(legend_entry(KEPT, "returned"))
        if self.minimum is not None:
            handles.append(legend_entry(MINIMUM, self.minimum_label))
        if not handles:
            return
        legend = self.ax_.legend(
            handles=handles,
            title="projected paths" if self._has_title() else None,
            loc="upper left",
            framealpha=0.85,
            fontsize="small",
            title_fontsize="small",
        )
        legend.set_zorder(20)
        if not self._is_3d:  # the legend covers high places, which are of least interest
            ranks = np.argsort(np.argsort(self.values, axis=None)).reshape(self.values.shape)
            place_legend(legend, list((self.paths or {}).values()), ranks)

    def _has_title(self):
        """Whether the title of the legend notes that all paths are projected."""
        return self.is_projected and len(self.paths) > 1

    @property
    def n_frames(self) -> int:
        """Count of the points of the longest path; 0 without paths."""
        return max((len(path) for path in (self.paths or {}).values()), default=0)

    def _show_frame(self, index):
        for label, line in self.lines_.items():
            points, heights = self._drawn_points(label)
            at = min(index, len(points) - 1)
            move_to(line, self._heads[label], points, heights, at)
