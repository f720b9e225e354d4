"""How runs with many learning rates have ended, drawn."""

import math
from itertools import groupby, pairwise

import numpy as np

from gdregress.plotting._shared.figure import COLOURS
from gdregress.plotting._shared.lines import line_styles

VERMILION = COLOURS[3]
FINISHED, UNFINISHED, DIVERGED = "ended before max_iter", "ended at max_iter", "diverged"
# Height in its panel of a run whose objective is beyond all bounds.
HIGH = 0.93


def draw_trials(ax, trials, column, line_kw=None):
    """Draw a line through the runs that have not diverged, and a marker for each.

    Parameters
    ----------
    ax : matplotlib Axes
    trials : list of Trial
    column : {"objective", "epochs"}
    line_kw : dict or None

    Returns
    -------
    entries : dict of str to Line2D
        For the legend.
    """
    rates = np.array([trial.learning_rate for trial in trials])
    values = np.array([getattr(trial, column) for trial in trials], dtype=float)
    ends = np.array([_end(trial) for trial in trials])
    style = {**line_styles(1, line_kw)[0], "marker": "none"}
    (line,) = ax.plot(rates, np.where(ends == DIVERGED, np.nan, values), **style)
    marker = {"linestyle": "none", "marker": "o", "color": line.get_color()}
    looks = {
        FINISHED: marker,
        UNFINISHED: {**marker, "markerfacecolor": ax.get_facecolor()},
        DIVERGED: {**marker, "marker": "X", "markersize": 8, "color": VERMILION},
    }
    if column == "objective":
        looks[DIVERGED]["transform"] = ax.get_xaxis_transform()
        values = np.where(ends == DIVERGED, HIGH, values)
    return {
        end: ax.plot(rates[ends == end], values[ends == end], **look)[0]
        for end, look in looks.items()
        if end in ends
    }


def shade_diverged(ax, trials, limit):
    """Shade the learning rates with which runs diverge."""
    for low, high in diverged_regions(trials, limit, *ax.get_xlim()):
        ax.axvspan(low, high, color=VERMILION, alpha=0.2, linewidth=0, zorder=0)


def diverged_regions(trials, limit, low, high):
    """Intervals of learning rates with which runs diverge, as far as the trials tell.

    Parameters
    ----------
    trials : list of Trial
        By ascending rate.
    limit : float or None
        Where an interval begins, should it lie between the same two rates as the beginning.
    low, high : float
        Ends of the axis.

    Returns
    -------
    regions : list of tuple
        Lower and upper end of each interval.
    """
    edges = [low]
    for left, right in pairwise(trials):
        pair = left.learning_rate, right.learning_rate
        between = limit is not None and pair[0] <= limit <= pair[1]
        edges.append(limit if between else math.sqrt(pair[0] * pair[1]))
    edges.append(high)
    regions, numbered = [], enumerate(trials)
    for diverged, group in groupby(numbered, key=lambda item: item[1].diverged):
        numbers = [number for number, _ in group]
        if diverged:
            regions.append((edges[numbers[0]], edges[numbers[-1] + 1]))
    return regions


def _end(trial):
    """How a run has ended, in the words of the legend."""
    if trial.diverged:
        return DIVERGED
    return UNFINISHED if trial.stop_reason == "max_iter" else FINISHED
