"""Markers of runs with many learning rates, of the stable limit and of the automatic rate."""

import math
from itertools import groupby, pairwise

import numpy as np

from gdregress.plotting._learning_rate.trials import EXACT
from gdregress.plotting._shared.figure import COLOURS, foreground

ORANGE, VERMILION = COLOURS[1], COLOURS[3]
FINISHED, UNFINISHED, DIVERGED = "ended before max_iter", "ended at max_iter", "diverged"


def draw_sweep(ax, sweep, height, style, shows_range=False):
    """Draw the fits of an estimator; without a label, with colours and a shade of its own.

    Parameters
    ----------
    ax : matplotlib Axes
    sweep : Sweep
    height : callable
        From a trial to its height.
    style : dict
        Keywords of ``Axes.plot`` for the line.
    shows_range : bool
        Whether a bar is the range of a rate that was found along the way.

    Returns
    -------
    line : Line2D
    entries : dict of str to artist
        Entries of the legend.
    """
    is_alone, colour = sweep.label is None, style["color"]
    heights = np.array([height(trial) for trial in sweep.trials], dtype=float)
    diverged = VERMILION if is_alone else colour
    line, entries = draw_trials(ax, sweep.trials, heights, style, diverged)
    limit = {}
    if sweep.stable_limit is not None:
        limit = draw_limit(ax, sweep, foreground() if is_alone else colour)
    if is_alone:
        entries |= limit
        shade_diverged(ax, sweep.trials, sweep.stable_limit)
    else:
        entries = {sweep.label: line}
    if sweep.automatic is not None:
        rates = sweep.automatic_range if shows_range else None
        star = height(sweep.automatic), ORANGE if is_alone else colour
        entries |= draw_automatic(ax, sweep, rates, *star)
    return line, entries


def draw_trials(ax, trials, heights, line_kw, diverged):
    """Draw a line through the runs that have not diverged, and a marker for every run.

    Diverged runs have no height: their markers are at the upper edge.

    Parameters
    ----------
    ax : matplotlib Axes
    trials : list of Trial
    heights : ndarray of shape (n_trials,)
    line_kw : dict
        Keywords of ``Axes.plot`` for the line.
    diverged : str
        Colour of the diverged runs.

    Returns
    -------
    line : Line2D
    entries : dict of str to Line2D
        Entries of the legend.
    """
    rates = np.array([trial.learning_rate for trial in trials])
    ends = np.array([_end(trial) for trial in trials])
    style = {**line_kw, "marker": "none"}
    (line,) = ax.plot(rates, np.where(ends == DIVERGED, np.nan, heights), **style)
    marker = {"linestyle": "none", "marker": "o", "color": line.get_color()}
    styles = {
        FINISHED: marker,
        UNFINISHED: {**marker, "markerfacecolor": ax.get_facecolor()},
        DIVERGED: {
            **marker,
            "marker": "X",
            "markersize": 8,
            "color": diverged,
            "transform": ax.get_xaxis_transform(),
            "clip_on": False,
        },
    }
    heights = np.where(ends == DIVERGED, 1.0, heights)
    entries = {
        end: ax.plot(rates[ends == end], heights[ends == end], **style)[0]
        for end, style in styles.items()
        if end in ends
    }
    if DIVERGED in entries:
        entries[_name_of_diverged(trials)] = entries.pop(DIVERGED)
    return line, entries


def _name_of_diverged(trials):
    """The legend's text, with the rate from which on all runs have diverged."""
    diverged = [trial.diverged for trial in trials]
    first = diverged.index(True)
    is_from_there_on = first > 0 and all(diverged[first:])
    return (
        f"{DIVERGED}, from {trials[first].learning_rate:.3g} on" if is_from_there_on else DIVERGED
    )


def draw_limit(ax, sweep, colour):
    """Draw the stable limit as a dashed line, a bound or an estimate of it as a faint one.

    Returns
    -------
    entries : dict of str to Line2D
    """
    style = {"linestyle": "--"}
    if sweep.limit_name != EXACT:
        style = {"linestyle": ":", "linewidth": 1, "alpha": 0.7}
    line = ax.axvline(sweep.stable_limit, color=colour, **style)
    return {f"{sweep.limit_name}, {sweep.stable_limit:.3g}": line}


def draw_automatic(ax, sweep, rates, height, colour):
    """Draw the trial of ``learning_rate="auto"``, and return its entry of the legend.

    It is a star; a horizontal line where the run has no rate.

    Parameters
    ----------
    ax : matplotlib Axes
    sweep : Sweep
    rates : tuple of two floats or None
        Ends of a bar, where the rate was found along the way.
    height : float
    colour : str
    """
    rate = sweep.automatic.learning_rate
    name = 'learning_rate="auto"' if sweep.label is None else f"{sweep.label}, auto"
    if math.isnan(rate):
        return {name: ax.axhline(height, color=colour, linewidth=2)}
    star = {"marker": "*", "markersize": 14, "linestyle": "none", "color": colour}
    name = f"{name}, {rate:.3g}"
    if rates is not None:
        ax.plot(rates, [height] * 2, color=colour, linewidth=2)
    if sweep.automatic_range is not None:
        star["linestyle"] = "-"
        name += " in the end"
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
