"""Markers of the start, the end and the minimum, and entries in a legend."""

from gdregress.plotting._shared.figure import foreground

START = {"marker": "o", "markersize": 8, "fillstyle": "none", "markeredgewidth": 1.5}
END = {"marker": "s", "markersize": 6}
KEPT = {"marker": "D", "markersize": 8, "fillstyle": "none", "markeredgewidth": 1.5}
# Of groups of points, which they tell apart in print without colour too.
GROUPS = ("o", "s", "^", "D", "v", "P")
MINIMUM = {"marker": "*", "markersize": 16}


def legend_entry(label, style):
    """A legend's entry for a marker or a line, in the colour of text unless the style has one."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"color": foreground(), "linestyle": "", **style})
