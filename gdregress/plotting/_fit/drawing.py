"""Rows, lines and limits of a picture of a fit."""

import numpy as np

from gdregress.plotting._shared.figure import colours, foreground

# Share of the range of the points by which the axes go beyond them.
MARGIN = 0.08


def draw_points(ax, x, y, groups, labels, point_kw):
    """The rows, in the colours of their groups; returns the artists.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : ndarray of shape (n_samples,)
    groups : ndarray of int of shape (n_samples,), or None for a single group
    labels : list of str
        Of the groups.
    point_kw : dict
        Passed to ``Axes.plot``.
    """
    n = len(x)
    style = {
        "linestyle": "",
        "marker": "o",
        "markersize": float(np.clip(60 / np.sqrt(n), 3, 6)),
        "alpha": float(np.clip(20 / np.sqrt(n), 0.3, 0.8)),
        "markeredgewidth": 0,
    }
    artists = []
    for k, (label, colour) in enumerate(zip(labels, colours(len(labels)), strict=True)):
        rows = slice(None) if groups is None else groups == k
        own = {**style, "color": colour, "label": label, **point_kw}
        artists += ax.plot(x[rows], y[rows], **own)
    return artists


def draw_lines(ax, grid, lines, labels, shades, line_kw):
    """The model's lines; returns the artists."""
    return [
        ax.plot(grid, line, **{"color": shade, "linewidth": 2, "label": label, **line_kw})[0]
        for line, label, shade in zip(lines, labels, shades, strict=True)
    ]


def draw_references(ax, grid, references):
    """Lines to compare with."""
    for (label, line), style in zip(references.items(), _dashes(len(references)), strict=True):
        ax.plot(grid, line, color=foreground(), linestyle=style, linewidth=1.5, label=label)


def range_of(*arrays):
    """Ends of an axis that holds all finite numbers of some arrays."""
    values = np.concatenate([np.ravel(array) for array in arrays])
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    margin = MARGIN * (high - low) or 0.5
    return low - margin, high + margin


def _dashes(n):
    styles = ("--", ":", "-.")
    return [styles[i % len(styles)] for i in range(n)]
