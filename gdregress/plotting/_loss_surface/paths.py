"""Paths and markers on a surface, in two or three dimensions."""

import numpy as np

from gdregress.plotting._shared.figure import pyplot
from gdregress.plotting._shared.lines import with_keywords
from gdregress.plotting._shared.marks import END, START

# Paths with more points than this get finer lines.
MANY = 200
# Drawing order of the paths, above the surface; a surface in three dimensions would hide them.
ABOVE = 10


def draw_path(ax, path, heights, colour, label, line_kw):
    """Draw the line of a path, with markers at its start and its end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or Axes3D
    path : ndarray of shape (n_points, 2)
    heights : ndarray of shape (n_points,) or None
        Heights in three dimensions; None in two.
    colour : str
    label : str
    line_kw : dict
        Passed to ``Axes.plot`` for the line.

    Returns
    -------
    line, head : matplotlib.lines.Line2D
    """
    style = {"color": colour, "marker": ".", "markersize": 5, "linewidth": 1.8, "label": label}
    if len(path) > MANY:
        style |= {"markersize": 3, "linewidth": 1.0}
    style = with_keywords({**style, "zorder": ABOVE}, line_kw)
    style.setdefault("path_effects", halo(style["linewidth"]))
    columns = _columns(path, heights)
    (line,) = ax.plot(*columns, **style)
    colour = line.get_color()
    ax.plot(*(c[:1] for c in columns), color=colour, linestyle="", zorder=ABOVE + 1, **START)
    (head,) = ax.plot(
        *(c[-1:] for c in columns), color=colour, linestyle="", zorder=ABOVE + 3, **END
    )
    return line, head


def draw_point(ax, point, height, colour, style):
    """Draw a single marker, below the heads of the paths."""
    columns = _columns(np.reshape(point, (1, 2)), None if height is None else np.array([height]))
    ax.plot(*columns, color=colour, linestyle="", zorder=ABOVE + 2, **style)


def move_to(line, head, path, heights, index):
    """Show a path up to one of its points."""
    columns = _columns(path, heights)
    for artist, part in ((line, slice(None, index + 1)), (head, slice(index, index + 1))):
        data = [column[part] for column in columns]
        if heights is None:
            artist.set_data(*data)
        else:
            artist.set_data_3d(*data)


def halo(linewidth):
    """An outline in the background colour, which makes a line visible on every shade."""
    from matplotlib.patheffects import Normal, Stroke

    return [
        Stroke(linewidth=linewidth + 1.5, foreground=pyplot().rcParams["axes.facecolor"]),
        Normal(),
    ]


def _columns(path, heights):
    return list(path.T) if heights is None else [*path.T, heights]
