"""What a run has reached on rows that were not fitted, dashed, with a star at the best."""

import numpy as np

from gdregress.plotting._shared.marks import legend_entry
from gdregress.plotting._shared.scale import finite

# Lower end of the axis of scores: a lower score only means that a constant would predict better.
WORST_SHOWN = -1.0
DASHED = {"linestyle": "--", "linewidth": 1.3}
STAR = {"linestyle": "none", "marker": "*", "markersize": 10}


def draw_held_out(ax, runs):
    """Draw the losses of some runs, each a line and its curve.

    Returns
    -------
    dashed : list of (Line2D, LossCurve)
    entries : dict of str to artist
        Entries of the legend.
    """
    courses = [(line, *curve.held_out) for line, curve in runs]
    lines, entries = _draw(ax, courses, ("on the validation rows", "lowest"), np.nanargmin)
    return [(line, curve) for line, (_, curve) in zip(lines, runs, strict=True)], entries


def draw_scores(ax, runs):
    """Draw the scores of some runs on axes of their own, and return the entries of the legend."""
    courses = [(line, curve.x, curve.validation) for line, curve in runs]
    names = "validation score (right axis)", "best validation score"
    _, entries = _draw(ax, courses, names, np.nanargmax)
    bottom, top = ax.get_ylim()
    ax.set(ylabel="validation score (dashed)")
    if bottom < WORST_SHOWN < top:
        ax.set(ylim=(WORST_SHOWN, top))
    return entries


def _draw(ax, courses, names, find_best):
    """Draw some courses, each in the colour of the line of its run."""
    lines = []
    for line, x, y in courses:
        y, colour = finite(y), line.get_color()
        lines += ax.plot(x, y, color=colour, **DASHED)
        if np.isfinite(y).any():
            best = find_best(y)
            ax.plot(x[best], y[best], color=colour, **STAR)
    looks = zip(names, (DASHED, STAR), strict=True)
    return lines, {name: legend_entry(name, look) for name, look in looks}
