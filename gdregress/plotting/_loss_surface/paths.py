"""Paths and markers on a surface, in two or three dimensions."""

import numpy as np

from gdregress.plotting._shared.figure import pyplot
from gdregress.plotting._shared.lines import with_keywords
from gdregress.plotting._shared.marks import END, START

# Paths with more points than this get finer lines.
MANY = 200
# Drawing order of the paths, above the surface.
ABOVE = 10
# Each path is wider than the next, so that paths on top of one another are all seen: by the
# first number of points, and the first path by no more than the second.
WIDER, WIDEST = 1.5, 5.0


def draw_path(ax, columns, style, place, line_kw, hills=None):
    """Draw the line of a path, with markers at its start and its end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or Axes3D
    columns : list of ndarray of shape (n_points,)
        x and y, and the heights in three dimensions.
    style : dict
        Colour and label.
    place : tuple of two int
        Number of the path among those on these axes, and their count.
    line_kw : dict
        Passed to ``Axes.plot`` for the line.
    hills : tuple or None
        The surface in three dimensions.

    Returns
    -------
    line, head : matplotlib.lines.Line2D
    """
    style = {"marker": ".", "markersize": 5, "linewidth": 1.8, **style}
    if len(columns[0]) > MANY:
        style |= {"markersize": 3, "linewidth": 1.0}
    later = place[1] - 1 - place[0]
    style["linewidth"] += later * min(WIDER, WIDEST / max(1, place[1] - 1))
    style = with_keywords({**style, "zorder": ABOVE}, line_kw)
    if place[0] == 0:  # the outline of a later path would hide the path below it
        style.setdefault("path_effects", halo(style["linewidth"]))
    line = _draw(ax, columns, hills, **style)
    colour = line.get_color()
    _draw(ax, [c[:1] for c in columns], hills, color=colour, ls="", zorder=ABOVE + 1, **START)
    ends = [c[-1:] for c in columns]
    return line, _draw(ax, ends, hills, color=colour, ls="", zorder=ABOVE + 3, **END)


def draw_point(ax, columns, colour, style, hills=None):
    """Draw a single marker, below the heads of the paths."""
    columns = [np.array([number]) for number in columns]
    _draw(ax, columns, hills, color=colour, ls="", zorder=ABOVE + 2, **style)


def move(line, columns):
    """Give a line other points."""
    if len(columns) == 2:
        line.set_data(*columns)
    else:
        line.set_data_3d(*columns)


def halo(linewidth):
    """An outline in the background colour, which makes a line visible on every shade."""
    from matplotlib.patheffects import Normal, Stroke

    return [
        Stroke(linewidth=linewidth + 1.5, foreground=pyplot().rcParams["axes.facecolor"]),
        Normal(),
    ]


def _draw(ax, columns, hills, **style):
    if len(columns) == 2:
        return ax.plot(*columns, **style)[0]
    from gdregress.plotting._loss_surface.behind_hills import LineOnHills

    return ax.add_line(LineOnHills(hills, *columns, **style))
