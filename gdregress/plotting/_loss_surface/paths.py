"""Paths, ends and the minimum drawn on a surface, in two or three dimensions."""

import numpy as np

from gdregress.plotting._shared.figure import pyplot
from gdregress.plotting._shared.marks import END, START

# Points from which a path is drawn finer.
MANY = 200
# Above the surface, which three dimensions would otherwise draw over them.
ABOVE = 10


def draw_path(ax, path, heights, colour, label, line_kw):
    """The line of a path and the marker where it is.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or Axes3D
    path : ndarray of shape (n_points, 2)
    heights : ndarray of shape (n_points,) or None
        For three dimensions.
    colour, label, line_kw
        Of the line.

    Returns
    -------
    line, head : matplotlib.lines.Line2D
    """
    style = {"color": colour, "marker": ".", "markersize": 5, "linewidth": 1.8, "label": label}
    if len(path) > MANY:
        style |= {"markersize": 3, "linewidth": 1.0}
    style["path_effects"] = halo(style["linewidth"])
    columns = _columns(path, heights)
    (line,) = ax.plot(*columns, **{**style, "zorder": ABOVE, **line_kw})
    colour = line.get_color()
    ax.plot(*(c[:1] for c in columns), color=colour, linestyle="", zorder=ABOVE + 1, **START)
    (head,) = ax.plot(
        *(c[-1:] for c in columns), color=colour, linestyle="", zorder=ABOVE + 3, **END
    )
    return line, head


def draw_point(ax, point, height, colour, style):
    """A single marker, below the heads of the paths that may stand on it."""
    columns = _columns(np.reshape(point, (1, 2)), None if height is None else np.array([height]))
    ax.plot(*columns, color=colour, linestyle="", zorder=ABOVE + 2, **style)


def move_to(line, head, path, heights, index):
    """Show a path as far as one of its points."""
    columns = _columns(path, heights)
    for artist, part in ((line, slice(None, index + 1)), (head, slice(index, index + 1))):
        data = [column[part] for column in columns]
        if heights is None:
            artist.set_data(*data)
        else:
            artist.set_data_3d(*data)


def halo(linewidth):
    """A rim in the colour of the ground, by which a line stands out on any shade."""
    from matplotlib.patheffects import Normal, Stroke

    return [
        Stroke(linewidth=linewidth + 1.5, foreground=pyplot().rcParams["axes.facecolor"]),
        Normal(),
    ]


def _columns(path, heights):
    return list(path.T) if heights is None else [*path.T, heights]
