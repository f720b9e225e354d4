"""A place for a legend where it hides few points."""

import numpy as np

# Position of the legend as a share of the free width, from the left, and height, from below.
PLACES = {
    "upper right": (1.0, 1.0),
    "upper left": (0.0, 1.0),
    "lower left": (0.0, 0.0),
    "lower right": (1.0, 0.0),
    "upper center": (0.5, 1.0),
    "lower center": (0.5, 0.0),
    "center right": (1.0, 0.5),
    "center left": (0.0, 0.5),
}
# Distance between the legend and the edge of the axes, as a share of the axes.
GAP = 0.03
# Count of points that represent the line from one point to the next.
BETWEEN = 10


def place_legend(legend, lines, dullness=None):
    """Move a legend to the place that covers the fewest points of some lines.

    Unlike ``loc="best"``, the place stays the same during an animation and costs nothing per
    frame.

    Parameters
    ----------
    legend : matplotlib.legend.Legend
        Its axes must have their final limits.
    lines : list of ndarray of shape (n_points, 2)
        Data coordinates; points outside the axes do not count.
    dullness : ndarray of shape (n_y, n_x) or None, default=None
        Values on a grid over the axes. They break ties: the place with the largest mean wins.
    """
    ax = legend.axes
    to_axes = ax.transData + ax.transAxes.inverted()
    points = np.vstack([to_axes.transform(_filled(line)) for line in lines] or [np.empty((0, 2))])
    extent = legend.get_window_extent().transformed(ax.transAxes.inverted())
    size = np.minimum([extent.width + GAP, extent.height + GAP], 1.0)

    def crowd(place):
        low = np.array(PLACES[place]) * (1 - size)
        count = int(np.sum(((points >= low) & (points <= low + size)).all(axis=1)))
        is_between = "center" in place  # readers expect a legend in a corner
        return count, is_between, 0.0 if dullness is None else -_mean_in(dullness, low, size)

    legend.set_loc(min(PLACES, key=crowd))


def _filled(line):
    """The finite points of a line, and interpolated points between them."""
    line = line[np.isfinite(line).all(axis=1)]
    if len(line) < 2:
        return line
    steps = np.linspace(0, 1, BETWEEN, endpoint=False)[:, None, None]
    between = line[:-1] + steps * np.diff(line, axis=0)
    return np.vstack([between.reshape(-1, 2), line[-1:]])


def _mean_in(values, low, size):
    """Mean of the values of a table inside a box of the axes."""
    n = np.array(values.shape[::-1])
    start, stop = np.floor(low * n).astype(int), np.ceil((low + size) * n).astype(int)
    return float(np.mean(values[start[1] : stop[1], start[0] : stop[0]]))
