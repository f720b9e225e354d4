"""The base of the display: a surface with the paths on it, of estimators or of a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np

from gdregress.plotting._loss_surface.contours import (
    LEVELS,
    draw_colorbar,
    draw_contours,
    draw_hills,
)
from gdregress.plotting._loss_surface.paths import draw_path, draw_point, move
from gdregress.plotting._shared.arguments import check_choice, check_count
from gdregress.plotting._shared.figure import colours, foreground
from gdregress.plotting._shared.lines import keywords_by_label
from gdregress.plotting._shared.marks import KEPT, MINIMUM
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.path_display import PathDisplay
from gdregress.plotting._shared.thin import thinned
from gdregress.plotting._shared.types import Axes
from gdregress.plotting._shared.window import similar_lengths

# Smallest visible distance between two points, as a share of a side of the window.
APART = 0.01
# Inches of one of two or more axes, by kind.
PANEL = {"contour": (4.0, 3.4), "surface": (4.6, 4.2)}
# Size of a box in three dimensions, for which layouts do not count its labels.
ZOOM = 0.82
# A legend of more entries than this is below the axes.
MOST_INSIDE = 6


@dataclass(kw_only=True, eq=False, repr=False)
class DrawnSurface(PathDisplay):
    """The data of a `LossSurfaceDisplay`, and its drawing."""

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    paths: Mapping[str, np.ndarray] = field(default_factory=dict)
    path_values: Mapping[str, np.ndarray] = field(default_factory=dict)
    kept: Mapping[str, np.ndarray] = field(default_factory=dict)
    minimum: np.ndarray | None = None
    minimum_value: float | None = None
    minimum_label: str = "minimum"
    xlabel: str = "x"
    ylabel: str = "y"
    zlabel: str = "objective"
    is_projected: bool = False
    unit: str = "epoch"

    def plot(
        self,
        ax: Axes | Sequence[Axes] | np.ndarray | None = None,
        *,
        kind: Literal["contour", "surface"] = "contour",
        side_by_side: bool = False,
        levels: int = LEVELS,
        colorbar: bool = True,
        legend: bool = True,
        contour_kw: dict[str, Any] | None = None,
        surface_kw: dict[str, Any] | None = None,
        line_kw: dict[str, Any] | None = None,
        ax_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the surface, the paths and the minimum.

        What a surface in three dimensions hides is faint. Of a path of more than 2,000 points,
        those are drawn that are apart in the picture.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, array of them, or None, default=None
            Where to draw; a new figure if None. ``kind="surface"`` needs axes made with
            ``projection="3d"``, ``side_by_side`` axes for each path.
        kind : {"contour", "surface"}, default="contour"
            Seen from above, or in three dimensions.
        side_by_side : bool, default=False
            Whether each path has its own axes; on common axes an earlier path is wider, so that
            later ones do not hide it.
        levels : int, default=16
            Number of contours. Their heights above the lowest point are in equal ratios.
        colorbar : bool, default=True
            Whether to draw a colour bar for the contours.
        legend : bool, default=True
            Whether to draw a legend, where there is room for one.
        contour_kw : dict or None, default=None
            Passed to ``Axes.contourf``, for instance ``{"cmap": "viridis"}``.
        surface_kw : dict or None, default=None
            Passed to ``Axes3D.plot_surface``.
        line_kw : dict or None, default=None
            Passed to ``Axes.plot`` for the paths; a dict under the label of a path is for that
            path, ``{"lw": 1, "momentum": {"lw": 3}}``.
        ax_kw : dict or None, default=None
            Passed to ``Axes.set``, for instance ``{"xlabel": "slope", "title": "Loss"}``.

        Returns
        -------
        self : LossSurfaceDisplay
        """
        check_choice("kind", kind, tuple(PANEL))
        check_count("levels", levels, 2)
        groups = self._groups(side_by_side)
        self._hills = (self.x, self.y, self.values) if kind == "surface" else None
        self.axes_ = self._prepared_axes(ax, len(groups), kind)
        if self._hills:
            self._draw_hills(levels, surface_kw or {})
        else:
            self._draw_contours(levels, colorbar, contour_kw or {})
        for axes in self.axes_:
            axes.set(**ax_kw or {})
        shows_kept = self._draw_paths(groups, line_kw)
        name = ""
        if self.minimum is not None and self._is_inside(self.minimum):
            name = self.minimum_label
            star = np.array([[*self.minimum, self.minimum_value]], dtype=float)
            for axes in self.axes_:
                draw_point(axes, star, foreground(), MINIMUM, self._hills)
        if legend:
            lines = dict(zip(self.paths, self.lines_, strict=True)) if len(groups) == 1 else {}
            title = "projected paths" if self._has_title() else None
            inside = 0 if self._hills else MOST_INSIDE  # the corners of a box hold its labels
            options = {"most_inside": inside, "title": title, "loc": self._dullest_corner()}
            self._draw_legend(lines, name, shows_kept, **options)
        return self

    def _prepared_axes(self, ax, n, kind):
        box = {"subplot_kw": {"projection": "3d"}, "sharex": False, "sharey": False}
        subplots: dict[str, Any] = box if self._hills else {}
        found = panels(ax, n, self.xlabel, self.ylabel, PANEL[kind], **subplots)
        if self._hills and any(axes.name != "3d" for axes in found):
            raise ValueError(
                "kind='surface' needs axes in three dimensions: "
                "plt.subplots(subplot_kw={'projection': '3d'})."
            )
        for axes in found:
            axes.set(xlim=self.x[[0, -1]], ylim=self.y[[0, -1]])
        return found

    def _draw_contours(self, levels, colorbar, contour_kw):
        filled = None
        for axes in self.axes_:
            filled = draw_contours(axes, self.x, self.y, self._gaps(), levels, contour_kw)
            if similar_lengths(*self._sides):
                axes.set_aspect("equal")
        if colorbar and filled is not None:
            label = f"{self.zlabel} above the lowest point\n(log scale)"
            draw_colorbar(filled, list(self.axes_), label)

    def _draw_hills(self, levels, surface_kw):
        for axes in self.axes_:
            draw_hills(axes, self.x, self.y, self.values, self._gaps(), levels, surface_kw)
            names = {"x": self.xlabel, "y": self.ylabel, "z": self.zlabel}
            for axis, name in names.items():
                getattr(axes, f"set_{axis}label")(name, fontsize="small", labelpad=8)
            axes.tick_params(labelsize="small")
            axes.locator_params(nbins=5)
            axes.set_box_aspect(None, zoom=ZOOM)

    def _gaps(self):
        """Heights above the lowest point known."""
        lowest = np.inf if self.minimum_value is None else self.minimum_value
        known = np.concatenate([[lowest], self.values.ravel(), *self.path_values.values()])
        return self.values - known[np.isfinite(known)].min()

    def _draw_paths(self, groups, line_kw):
        """Draw all paths, and say whether the returned parameters of one are marked."""
        self._moving, shows_kept, kept = [], False, self.kept
        note = ", projected" if self.is_projected and not self._has_title() else ""
        shades = dict(zip(self.paths, colours(len(self.paths)), strict=True))
        own = dict(zip(self.paths, keywords_by_label(line_kw, self.paths), strict=True))
        for axes, group in zip(self.axes_, groups, strict=True):
            for number, label in enumerate(group):
                points, indices = self._points(label), thinned(self.paths[label], self._sides)
                style = {"color": shades[label], "label": self._name(label, note)}
                place = number, len(group)
                artists = draw_path(axes, points[indices], style, place, own[label], self._hills)
                self._moving.append((*artists, points, indices))
                if label in kept and self._is_apart(kept[label], self.paths[label][-1]):
                    point = np.array([[*kept[label], self._height_near(kept[label])]])
                    draw_point(axes, point, artists[0].get_color(), KEPT, self._hills)
                    shows_kept = True
            if len(groups) > 1:
                axes.set_title(self._name(group[0], note), fontsize="medium")
        self.lines_ = [line for line, *_ in self._moving]
        return shows_kept

    @property
    def _sides(self):
        """Lengths of the axes."""
        return np.array([np.ptp(self.x), np.ptp(self.y)])

    def _is_apart(self, point, other):
        """Whether the distance of two points is visible in the window."""
        return bool((abs(point - other) > APART * self._sides).any())

    def _height_near(self, point):
        """The height of the nearest point of the grid."""
        row, column = np.argmin(abs(self.y - point[1])), np.argmin(abs(self.x - point[0]))
        return self.values[row, column]

    def _points(self, label):
        """The points of a path and their heights."""
        path = self.paths[label]
        points = np.column_stack([path, self.path_values.get(label, np.full(len(path), np.nan))])
        if self._hills:  # matplotlib does not clip three-dimensional lines at the limits
            points[~self._is_inside(path)] = np.nan
        return points

    def _is_inside(self, path):
        (x, y), (left, right), (low, high) = path.T, self.x[[0, -1]], self.y[[0, -1]]
        return (x >= left) & (x <= right) & (y >= low) & (y <= high)

    def _dullest_corner(self):
        """The corner with the fewest points of the paths, and of these the highest.

        matplotlib's "best" knows neither the size of a marker nor where the surface is low. The
        minimum counts more than all paths.
        """
        points = np.vstack([np.empty((0, 2)), *self.paths.values()])
        if self.minimum is not None:
            points = np.vstack([points, np.tile(self.minimum, (len(points) + 1, 1))])
        points = points[self._is_inside(points)]
        x, y, corners = self.x.mean(), self.y.mean(), {}
        for name in ("upper right", "upper left", "lower right", "lower left"):
            up, right = "upper" in name, "right" in name
            taken = np.sum(((points[:, 0] > x) == right) & ((points[:, 1] > y) == up))
            heights = self.values[np.ix_((self.y > y) == up, (self.x > x) == right)]
            corners[name] = -taken, np.median(np.nan_to_num(heights, nan=np.inf, posinf=np.inf))
        return max(corners, key=lambda name: corners[name])

    def _has_title(self):
        """Whether the title of the legend notes that all paths are projected."""
        return self.is_projected and len(self.paths) > 1

    def _show_frame(self, index):
        for line, head, points, indices in self._moving:
            at = min(index, len(points) - 1)
            move(line, points[[*indices[indices < at], at]])
            move(head, points[[at]])
