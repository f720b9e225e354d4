"""Paths and markers on a surface, in two or three dimensions."""

from gdregress.plotting._shared.figure import pyplot
from gdregress.plotting._shared.marks import END, START

# Paths with more points than this get finer lines.
MANY = 200
# Drawing order of the paths, above the surface.
ABOVE = 10
# Each path is wider than the next, so that paths on top of one another are all seen: by the
# first number of points, and the first path by no more than the second.
WIDER, WIDEST = 1.5, 5.0


def draw_path(ax, points, style, place, line_kw, hills=None):
    """Draw the line of a path, with markers at its start and its end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or Axes3D
    points : ndarray of shape (n_points, 3)
        x, y and the heights, which count in three dimensions.
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
    look = {"marker": ".", "markersize": 5, "linewidth": 1.8, "zorder": ABOVE}
    if len(points) > MANY:
        look |= {"markersize": 3, "linewidth": 1.0}
    later = place[1] - 1 - place[0]
    look["linewidth"] += later * min(WIDER, WIDEST / max(1, place[1] - 1))
    look |= style | line_kw
    if place[0] == 0:  # the outline of a later path would hide the path below it
        look.setdefault("path_effects", halo(look["linewidth"]))
    line = _draw(ax, points, hills, **look)
    draw_point(ax, points[:1], line.get_color(), {"zorder": ABOVE + 1, **START}, hills)
    end = {"zorder": ABOVE + 3, **END}
    return line, draw_point(ax, points[-1:], line.get_color(), end, hills)


def draw_point(ax, points, colour, style, hills=None):
    """Draw a single marker, if not told otherwise below the heads of the paths."""
    look = {"color": colour, "linestyle": "", "zorder": ABOVE + 2, **style}
    return _draw(ax, points, hills, **look)


def move(line, points):
    """Give a line other points."""
    if hasattr(line, "set_data_3d"):
        line.set_data_3d(*points.T)
    else:
        line.set_data(*points[:, :2].T)


def halo(linewidth):
    """An outline in the background colour, which makes a line visible on every shade."""
    from matplotlib.patheffects import Normal, Stroke

    background = pyplot().rcParams["axes.facecolor"]
    return [Stroke(linewidth=linewidth + 1.5, foreground=background), Normal()]


def _draw(ax, points, hills, **style):
    if hills is None:
        return ax.plot(*points[:, :2].T, **style)[0]
    from gdregress.plotting._loss_surface.behind_hills import LineOnHills

    return ax.add_line(LineOnHills(hills, *points.T, **style))
