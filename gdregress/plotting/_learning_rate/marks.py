"""Markers of runs with many learning rates, of the stable limit and of the automatic rate."""

import math

import numpy as np

from gdregress.plotting._learning_rate.trials import EXACT
from gdregress.plotting._shared.figure import COLOURS, foreground

ORANGE, VERMILION = COLOURS[1], COLOURS[3]
FINISHED, UNFINISHED, DIVERGED = "ended before max_iter", "ended at max_iter", "diverged"


def draw_sweep(ax, sweep, height, style):
    """Draw the fits of an estimator; without a label, with colours and a shade of its own.

    Parameters
    ----------
    ax : matplotlib Axes
    sweep : Sweep
    height : callable
        From a trial to its height.
    style : dict
        Keywords of ``Axes.plot`` for the line.

    Returns
    -------
    line : Line2D
    entries : dict of str to artist
        Entries of the legend.
    """
    is_alone, colour = sweep.label is None, style["color"]
    heights = np.array([height(trial) for trial in sweep.trials], dtype=float)
    diverged, star = (VERMILION, ORANGE) if is_alone else (colour, colour)
    line, entries = draw_trials(ax, sweep.trials, heights, style, diverged)
    limit = draw_limit(ax, sweep, foreground() if is_alone else colour)
    entries = entries | limit if is_alone else {str(sweep.label): line}
    if sweep.automatic is not None:
        entries |= draw_automatic(ax, sweep, height(sweep.automatic), star)
    if is_alone:
        shade_diverged(ax, sweep.trials, sweep.stable_limit)
    return line, entries


def draw_trials(ax, trials, heights, style, diverged):
    """Draw a line through the runs that have not diverged, and a marker for every run.

    Diverged runs have no height: their markers are at the upper edge.

    Parameters
    ----------
    ax : matplotlib Axes
    trials : list of Trial
    heights : ndarray of shape (n_trials,)
    style : dict
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
    (line,) = ax.plot(
        rates, np.where(ends == DIVERGED, np.nan, heights), **style | {"marker": "none"}
    )
    dot = {"linestyle": "none", "marker": "o", "color": line.get_color()}
    edge = {"transform": ax.get_xaxis_transform(), "clip_on": False}
    styles = {
        FINISHED: dot,
        UNFINISHED: dot | {"markerfacecolor": ax.get_facecolor()},
        DIVERGED: dot | {"marker": "X", "markersize": 8, "color": diverged} | edge,
    }
    heights = np.where(ends == DIVERGED, 1.0, heights)
    entries = {
        _name(end, trials): ax.plot(rates[ends == end], heights[ends == end], **look)[0]
        for end, look in styles.items()
        if end in ends
    }
    return line, entries


def _end(trial):
    """The end of a run, in the words of the legend."""
    if trial.diverged:
        return DIVERGED
    return UNFINISHED if trial.stop_reason == "max_iter" else FINISHED


def _name(end, trials):
    """The legend's text for an end, with the rate from which on all runs have diverged."""
    diverged = [trial.diverged for trial in trials]
    if end != DIVERGED or diverged[0] or diverged != sorted(diverged):
        return end
    return f"{DIVERGED}, from {trials[diverged.index(True)].learning_rate:.3g} on"


def draw_limit(ax, sweep, colour):
    """Draw the stable limit as a dashed line, a bound or an estimate of it as a faint one.

    Returns
    -------
    entries : dict of str to Line2D
    """
    if sweep.stable_limit is None:
        return {}
    style = {"linestyle": "--"}
    if sweep.limit_name != EXACT:
        style = {"linestyle": ":", "linewidth": 1, "alpha": 0.7}
    line = ax.axvline(sweep.stable_limit, color=colour, **style)
    return {f"{sweep.limit_name}, {sweep.stable_limit:.3g}": line}


def draw_automatic(ax, sweep, height, colour):
    """Draw the trial of ``learning_rate="auto"``, and return its entry of the legend.

    It is a star; a horizontal line where the run has no rate. A bar is the range of a rate that
    was found along the way.

    Parameters
    ----------
    ax : matplotlib Axes
    sweep : Sweep
    height : float
    colour : str
    """
    rate = sweep.automatic.learning_rate
    name = 'learning_rate="auto"' if sweep.label is None else f"{sweep.label}, auto"
    if math.isnan(rate):
        return {name: ax.axhline(height, color=colour, linewidth=2)}
    star = {"marker": "*", "markersize": 14, "linestyle": "none", "color": colour}
    name = f"{name}, {rate:.3g}"
    if sweep.automatic_range is not None:
        ax.plot(sweep.automatic_range, [height] * 2, color=colour, linewidth=2)
        star["linestyle"] = "-"
        name += " in the end"
    return {name: ax.plot(rate, height, zorder=3, **star)[0]}


def shade_diverged(ax, trials, limit):
    """Shade the learning rates with which runs diverge.

    A shade ends halfway, on a log scale, between a diverged trial and one that is not; or at the
    stable limit, if that lies between the same two trials.

    Parameters
    ----------
    ax : matplotlib Axes
    trials : list of Trial
        By ascending rate.
    limit : float or None
    """
    rates = np.array([trial.learning_rate for trial in trials])
    left, right = rates[:-1], rates[1:]
    between = np.sqrt(left * right)
    if limit is not None:
        between = np.where((left <= limit) & (limit <= right), limit, between)
    low, high = ax.set_xlim(ax.get_xlim())  # a shade would widen them
    edges = np.array([low, *between, high])
    turns = np.diff([False, *(trial.diverged for trial in trials), False]).nonzero()[0]
    for start, stop in edges[turns].reshape(-1, 2):
        ax.axvspan(start, stop, color=VERMILION, alpha=0.2, linewidth=0, zorder=0)
