"""What a run has reached on rows that were not fitted, dashed, with a star at the best."""

import numpy as np

from gdregress.plotting._shared.figure import foreground
from gdregress.plotting._shared.scale import finite

# Lower end of the axis of scores: a lower score only means that a constant would predict better.
WORST_SHOWN = -1.0
# Texts of the legend, for the line and for the star.
SCORES = "validation score (right axis)", "best validation score"
HELD_OUT = "on the validation rows", "lowest"
DASHED = {"linestyle": "--", "linewidth": 1.3}
STAR = {"linestyle": "none", "marker": "*", "markersize": 10}


def draw_other_rows(ax, courses, names, find_best):
    """Draw some courses, each in the colour of the line of its run.

    Parameters
    ----------
    ax : matplotlib Axes
    courses : list of (Line2D, x, y)
    names : tuple of two str
        For the legend.
    find_best : callable
        The number of the best of some values.

    Returns
    -------
    lines : list of Line2D
    entries : dict of str to Line2D
        Two neutral entries of the legend.
    """
    lines = []
    for line, x, y in courses:
        y, colour = finite(y), line.get_color()
        lines += ax.plot(x, y, color=colour, **DASHED)
        if np.isfinite(y).any():
            best = find_best(y)
            ax.plot(x[best], y[best], color=colour, **STAR)
    looks = zip(names, (DASHED, STAR), strict=True)
    return lines, {name: ax.plot([], [], color=foreground(), **look)[0] for name, look in looks}


def limits_of_scores(bottom, top):
    """The limits of the axis of scores."""
    return (WORST_SHOWN if bottom < WORST_SHOWN < top else bottom), top
