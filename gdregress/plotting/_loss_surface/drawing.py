"""The base of the display: a surface with the paths on it, of estimators or of a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from gdregress.plotting._loss_surface.contours import (
    LEVELS,
    draw_colorbar,
    draw_contours,
    draw_hills,
    equal_if_similar,
)
from gdregress.plotting._loss_surface.paths import draw_path, draw_point, move
from gdregress.plotting._shared.figure import colours, foreground
from gdregress.plotting._shared.lines import keywords_by_label
from gdregress.plotting._shared.marks import KEPT, MINIMUM
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.path_display import PathDisplay
from gdregress.plotting._shared.thin import thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Smallest visible distance between two points, as a share of a side of the window.
APART = 0.01
KINDS = ("contour", "surface")
# Inches of one of two or more axes.
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
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}. Got {kind!r}.")
        if not isinstance(levels, Integral) or levels < 2:
            raise ValueError(f"levels must be an int of at least 2. Got {levels!r}.")
        groups = self._groups(side_by_side)
        self._is_3d = kind == "surface"
        self._prepare_axes(ax, len(groups), kind)
        if self._is_3d:
            self._draw_hills(levels, surface_kw or {})
        else:
            self._draw_contours(levels, colorbar, contour_kw or {})
        for axes in self.axes_:
            axes.set(**ax_kw or {})
        self._draw_paths(groups, line_kw)
        shows_minimum = self.minimum is not None and bool(self._is_inside(self.minimum))
        if shows_minimum:
            columns = self._columns(self.minimum, self.minimum_value)
            for axes in self.axes_:
                draw_point(axes, columns, foreground(), MINIMUM, self._hills)
        if legend:
            lines = dict(zip(self.paths, self.lines_, strict=True)) if len(groups) == 1 else {}
            name = self.minimum_label if shows_minimum else ""
            title = "projected paths" if self._has_title() else None
            inside = 0 if self._is_3d else MOST_INSIDE  # the corners of a box hold its labels
            options = {"most_inside": inside, "title": title, "loc": self._dullest_corner()}
            self._draw_legend(lines, name, self._shows_kept, **options)
        return self

    def _prepare_axes(self, ax, n, kind):
        subplots: dict[str, Any] = {"subplot_kw": {"projection": "3d"}} if self._is_3d else {}
        if self._is_3d and n > 1:
            subplots |= {"sharex": False, "sharey": False}
        self.axes_ = panels(ax, n, self.xlabel, self.ylabel, PANEL[kind], **subplots)
        if self._is_3d and any(axes.name != "3d" for axes in self.axes_):
            raise ValueError(
                "kind='surface' needs axes in three dimensions: "
                "plt.subplots(subplot_kw={'projection': '3d'})."
            )
        for axes in self.axes_:
            axes.set(xlim=(self.x[0], self.x[-1]), ylim=(self.y[0], self.y[-1]))

    @property
    def _hills(self):
        return (self.x, self.y, self.values) if self._is_3d else None

    def _draw_contours(self, levels, colorbar, contour_kw):
        gaps = self._gaps()
        for axes in self.axes_:
            filled = draw_contours(axes, self.x, self.y, gaps, levels, contour_kw)
            equal_if_similar(axes, self.x, self.y)
        if colorbar and filled is not None:
            label = f"{self.zlabel} above the lowest point\n(log scale)"
            draw_colorbar(filled, list(self.axes_), label)

    def _draw_hills(self, levels, surface_kw):
        for axes in self.axes_:
            draw_hills(axes, self.x, self.y, self.values, self._gaps(), levels, surface_kw)
            for name in ("x", "y", "z"):
                text = getattr(self, f"{name}label")
                getattr(axes, f"set_{name}label")(text, fontsize="small", labelpad=8)
            axes.tick_params(labelsize="small")
            axes.locator_params(nbins=5)
            axes.set_box_aspect(None, zoom=ZOOM)

    def _gaps(self):
        """Heights above the lowest point known."""
        known = [self.values.ravel(), *self.path_values.values()]
        if self.minimum_value is not None:
            known.append(np.array([self.minimum_value]))
        known = np.concatenate(known)
        return self.values - known[np.isfinite(known)].min()

    def _draw_paths(self, groups, line_kw):
        self.lines_, self._heads, self._drawn, self._shows_kept = [], [], [], False
        paths, kept = self.paths, self.kept
        note = ", projected" if self.is_projected and not self._has_title() else ""
        shades = dict(zip(paths, colours(len(paths)), strict=True))
        own = dict(zip(paths, keywords_by_label(line_kw, paths), strict=True))
        sides = np.array([self.x[-1] - self.x[0], self.y[-1] - self.y[0]])
        for axes, group in zip(self.axes_, groups, strict=True):
            for number, label in enumerate(group):
                drawn = self._drawn_path(label, thinned(paths[label], sides))
                style = {"color": shades[label], "label": self._name(label, note)}
                place = number, len(group)
                line, head = draw_path(axes, drawn[1], style, place, own[label], self._hills)
                self.lines_.append(line)
                self._heads.append(head)
                self._drawn.append(drawn)
                if label in kept and self._is_apart(kept[label], paths[label][-1]):
                    columns = self._columns(kept[label], self._height_near(kept[label]))
                    draw_point(axes, columns, line.get_color(), KEPT, self._hills)
                    self._shows_kept = True
            if len(groups) > 1:
                axes.set_title(self._name(group[0], note), fontsize="medium")

    def _columns(self, point, height):
        """A point in the dimensions of the picture."""
        return [*point, height] if self._is_3d else [*point]

    def _is_apart(self, point, other):
        """Whether the distance of two points is visible in the window."""
        sides = np.array([self.x[-1] - self.x[0], self.y[-1] - self.y[0]])
        return bool((abs(point - other) > APART * sides).any())

    def _height_near(self, point):
        """The height of the nearest point of the grid."""
        row, column = np.argmin(abs(self.y - point[1])), np.argmin(abs(self.x - point[0]))
        return self.values[row, column]

    def _drawn_path(self, label, indices):
        """Numbers of the points of a path that are drawn, and their coordinates."""
        path = self.paths[label][indices]
        if not self._is_3d:
            return indices, list(path.T)
        # matplotlib does not clip three-dimensional lines at the limits of the axes
        columns = np.column_stack([path, self.path_values[label][indices]])
        return indices, list(np.where(self._is_inside(path)[:, None], columns, np.nan).T)

    def _is_inside(self, path):
        (x, y), (left, right), (low, high) = path.T, self.x[[0, -1]], self.y[[0, -1]]
        return (x >= left) & (x <= right) & (y >= low) & (y <= high)

    def _dullest_corner(self):
        """The corner with the fewest points of the paths, and of these the highest."""
        points = np.vstack([np.empty((0, 2)), *self.paths.values()])
        points = points[self._is_inside(points)]
        x, y = (self.x[0] + self.x[-1]) / 2, (self.y[0] + self.y[-1]) / 2
        ranks = np.argsort(np.argsort(self.values, axis=None)).reshape(self.values.shape)
        dullness = {}
        for up, right in product((True, False), repeat=2):
            inside = ((points[:, 0] > x) == right) & ((points[:, 1] > y) == up)
            corner = ranks[np.ix_((self.y > y) == up, (self.x > x) == right)]
            name = f"{'upper' if up else 'lower'} {'right' if right else 'left'}"
            dullness[name] = -np.sum(inside), corner.mean()
        return max(dullness, key=lambda name: dullness[name])

    def _has_title(self):
        """Whether the title of the legend notes that all paths are projected."""
        return self.is_projected and len(self.paths) > 1

    def _show_frame(self, index):
        for label, line, head, drawn in zip(
            self.paths, self.lines_, self._heads, self._drawn, strict=True
        ):
            at = min(index, len(self.paths[label]) - 1)
            indices, columns = drawn
            now = self._drawn_path(label, np.array([at]))[1]
            before = [column[indices < at] for column in columns]
            move(line, [np.append(*pair) for pair in zip(before, now, strict=True)])
            move(head, now)
