"""Markers of runs with many learning rates, of the stable limit and of the automatic rate."""

import math
from itertools import groupby, pairwise

import numpy as np

from gdregress.plotting._shared.figure import COLOURS, foreground
from gdregress.plotting._shared.lines import line_styles

ORANGE, VERMILION = COLOURS[1], COLOURS[3]
FINISHED, UNFINISHED, DIVERGED = "ended before max_iter", "ended at max_iter", "diverged"
# Height of the marker of a diverged run in the panel of objectives, as a share of the panel.
HIGH = 0.93


def draw_trials(ax, trials, column, line_kw=None):
    """Draw a line through the runs that have not diverged, and a marker for every run.

    Parameters
    ----------
    ax : matplotlib Axes
    trials : list of Trial
    column : {"objective", "epochs"}
    line_kw : dict or None

    Returns
    -------
    entries : dict of str to Line2D
        Entries of the legend.
    """
    rates = np.array([trial.learning_rate for trial in trials])
    values = np.array([getattr(trial, column) for trial in trials], dtype=float)
    ends = np.array([_end(trial) for trial in trials])
    style = {**line_styles(1, line_kw)[0], "marker": "none"}
    (line,) = ax.plot(rates, np.where(ends == DIVERGED, np.nan, values), **style)
    marker = {"linestyle": "none", "marker": "o", "color": line.get_color()}
    styles = {
        FINISHED: marker,
        UNFINISHED: {**marker, "markerfacecolor": ax.get_facecolor()},
        DIVERGED: {**marker, "marker": "X", "markersize": 8, "color": VERMILION},
    }
    if column == "objective":
        styles[DIVERGED]["transform"] = ax.get_xaxis_transform()
        values = np.where(ends == DIVERGED, HIGH, values)
    return {
        end: ax.plot(rates[ends == end], values[ends == end], **style)[0]
        for end, style in styles.items()
        if end in ends
    }


def draw_limit(ax, limit, name):
    """Draw the stable limit as a vertical line, and return its entry of the legend."""
    return {f"{name}, {limit:.3g}": ax.axvline(limit, color=foreground(), linestyle="--")}


def draw_automatic(ax, trial, rates, column):
    """Draw the trial of ``learning_rate="auto"``, and return its entry of the legend.

    It is a star; a horizontal line where the run has no rate.

    Parameters
    ----------
    ax : matplotlib Axes
    trial : Trial
    rates : tuple of two floats or None
        Smallest and largest rate, where it was found along the way.
    column : {"objective", "epochs"}
    """
    rate, height = trial.learning_rate, getattr(trial, column)
    if math.isnan(rate):
        return {'learning_rate="auto"': ax.axhline(height, color=ORANGE, linewidth=2)}
    star = {"marker": "*", "markersize": 14, "linestyle": "none", "color": ORANGE}
    name = f'learning_rate="auto", {rate:.3g}'
    if rates is not None:
        if column == "objective":
            ax.plot(rates, [height] * 2, color=ORANGE, linewidth=2)
        star["linestyle"] = "-"
        name = f'learning_rate="auto", {rate:.3g} in the end'
    return {name: ax.plot(rate, height, zorder=3, **star)[0]}


def shade_diverged(ax, trials, limit):
    """Shade the learning rates with which runs diverge."""
    for low, high in diverged_regions(trials, limit, *ax.get_xlim()):
        ax.axvspan(low, high, color=VERMILION, alpha=0.2, linewidth=0, zorder=0)


def diverged_regions(trials, limit, low, high):
    """Intervals of learning rates with which runs diverge, according to the trials.

    An interval ends halfway, on a log scale, between a diverged trial and one that is not.

    Parameters
    ----------
    trials : list of Trial
        By ascending rate.
    limit : float or None
        Stable limit. It replaces the halfway point if it lies between the same two trials.
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
    """The end of a run, in the words of the legend."""
    if trial.diverged:
        return DIVERGED
    return UNFINISHED if trial.stop_reason == "max_iter" else FINISHED
