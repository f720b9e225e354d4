"""The steps of a descent on a curve: points that darken, and arrows from each to the next."""

import numpy as np

from gdregress.plotting._shared.marks import END, START
from gdregress.plotting._shared.thin import thinned

# Opacity of the first and of the last point.
FAINTEST, FULL = 0.4, 1.0
# Length of the shortest step that gets an arrow, as a share of the axes.
SHORTEST = 0.03


class Steps:
    """The artists of one path.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its limits must have been set.
    path : ndarray of shape (n_points, 2)
    look : dict
        Colour and marker.
    arrows : bool
        Whether to draw arrows.
    point_kw : dict
        Passed to ``Axes.scatter``.
    """

    def __init__(self, ax, path, look, arrows, point_kw):
        from matplotlib.cbook import normalize_kwargs
        from matplotlib.collections import PathCollection

        colour = look["color"]
        # one point that is not finite would prevent matplotlib from drawing all others
        self.path = np.where(np.isfinite(path), path, np.nan)
        sides = np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())
        self.indices = thinned(self.path, sides)
        drawn = self.path[self.indices]
        alpha = np.linspace(FAINTEST, FULL, len(drawn))
        style = {"s": 28, "alpha": alpha, "linewidth": 0, "zorder": 3, **look}
        self.points = ax.scatter(*drawn.T, **style | normalize_kwargs(point_kw, PathCollection))
        ax.plot(*self.path[:1].T, color=colour, linestyle="", zorder=4, **START)
        (self.head,) = ax.plot(*self.path[-1:].T, color=colour, linestyle="", zorder=5, **END)
        self.arrows = self._drawn_arrows(ax, colour) if arrows else {}
        (self.line,) = ax.plot(*drawn.T, color=colour, linewidth=0.8, alpha=0.6, zorder=2.8)
        self.line.set_visible(not arrows)

    def _drawn_arrows(self, ax, colour):
        """Arrows by the number of the step; short steps have none."""
        to_axes = ax.transData + ax.transAxes.inverted()
        places = to_axes.transform(self.path)
        lengths = np.hypot(*np.diff(places, axis=0).T)
        look = {"arrowstyle": "->", "color": colour, "linewidth": 1.2, "shrinkA": 3, "shrinkB": 3}
        style, drawn = {"arrowprops": look, "annotation_clip": False, "zorder": 3}, {}
        for step in np.flatnonzero(lengths >= SHORTEST):
            arrow = ax.annotate("", self.path[step + 1], self.path[step], **style)
            arrow.arrow_patch.set(clip_box=ax.bbox, clip_on=True)
            drawn[step + 1] = arrow
        return drawn

    def show(self, index):
        """Show the path up to one of its points."""
        index = min(index, len(self.path) - 1)
        drawn = np.where((self.indices <= index)[:, None], self.path[self.indices], np.nan)
        self.points.set_offsets(drawn)
        self.line.set_data(*drawn.T)
        self.head.set_data(*self.path[index : index + 1].T)
        for step, arrow in self.arrows.items():
            arrow.set_visible(step <= index)


def draw_mark(ax, point, colour, style):
    """Draw a marker on the curve, below the heads of the paths."""
    ax.plot(*np.reshape(point, (2, 1)), color=colour, linestyle="", zorder=2.5, **style)
