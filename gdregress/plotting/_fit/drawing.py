"""The rows, the lines and the limits of a picture of a fit."""

from itertools import cycle

import numpy as np

from gdregress.plotting._shared.figure import colours, foreground
from gdregress.plotting._shared.lines import keywords_by_label, line_styles
from gdregress.plotting._shared.marks import GROUPS

# Margin of the axes around the points, as a share of their range.
MARGIN = 0.08
# More points than this are an image in vector graphics.
RASTERIZED = 2000


def draw_points(ax, x, y, groups, labels, point_kw, shades=None):
    """Draw the rows in the colours and markers of their groups, and return the artists.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : ndarray of shape (n_samples,)
    groups : ndarray of int of shape (n_samples,), or None for a single group
    labels : list of str
        Names of the groups.
    point_kw : dict or None
        Passed to ``Axes.plot``; a dict under the name of a group is for that group.
    shades : list of str or None
        Other colours than those of the palette.
    """
    n = len(x)
    style = {
        "linestyle": "",
        "markersize": float(np.clip(60 / np.sqrt(n), 3, 6)),
        "alpha": float(np.clip(20 / np.sqrt(n), 0.3, 0.8)),
        "markeredgewidth": 0,
        "rasterized": n > RASTERIZED,
    }
    own = keywords_by_label(point_kw, [label.removeprefix("_") for label in labels])
    artists, shades = [], shades or colours(len(labels))
    for k, (label, colour) in enumerate(zip(labels, shades, strict=True)):
        rows = slice(None) if groups is None else groups == k
        look = {"color": colour, "marker": GROUPS[k % len(GROUPS)], "label": label}
        artists += ax.plot(x[rows], y[rows], **style | look | own[k])
    return artists


def draw_lines(ax, grid, lines, labels, shades, line_kw):
    """Draw the model's lines, and return the artists."""
    styles = line_styles(labels, line_kw, shades)
    artists = []
    for line, label, style in zip(lines, labels, styles, strict=True):
        artists += ax.plot(grid, line, **{"linewidth": 2, "label": label, **style})
    return artists


def draw_references(ax, grid, references):
    """Draw the reference lines, each with its own dashes."""
    for (label, line), dashes in zip(references.items(), cycle(("--", ":", "-."))):
        ax.plot(grid, line, color=foreground(), linestyle=dashes, linewidth=1.5, label=label)


def range_of(*arrays):
    """Limits of an axis that contains all finite numbers of some arrays."""
    values = np.concatenate([np.ravel(array) for array in arrays])
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    margin = MARGIN * (high - low) or 0.5
    return low - margin, high + margin
