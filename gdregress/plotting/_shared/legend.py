"""Where a legend hides nothing."""

import numpy as np

# As shares of the room that is left: from the left and from below.
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
# Between a legend and the axes, as a share of these.
GAP = 0.03
# Points that stand for a line from one point to the next.
BETWEEN = 10


def place_legend(legend, lines, dullness=None):
    """Move a legend to where the fewest points of some lines are.

    Unlike "best" the place does not change while things move, and costs nothing per frame.

    Parameters
    ----------
    legend : matplotlib.legend.Legend
        In axes whose limits have been set.
    lines : list of ndarray of shape (n_points, 2)
        Data coordinates; what lies outside the axes counts nowhere.
    dullness : ndarray of shape (n_y, n_x) or None, default=None
        Over the whole of the axes; of places that are equally empty the dullest is taken.
    """
    ax = legend.axes
    to_axes = ax.transData + ax.transAxes.inverted()
    points = np.vstack([to_axes.transform(_filled(line)) for line in lines] or [np.empty((0, 2))])
    extent = legend.get_window_extent().transformed(ax.transAxes.inverted())
    size = np.minimum([extent.width + GAP, extent.height + GAP], 1.0)

    def crowd(place):
        low = np.array(PLACES[place]) * (1 - size)
        count = int(np.sum(((points >= low) & (points <= low + size)).all(axis=1)))
        is_between = "center" in place  # where the eye looks for a legend last
        return count, is_between, 0.0 if dullness is None else -_mean_in(dullness, low, size)

    legend.set_loc(min(PLACES, key=crowd))


def _filled(line):
    """The finite points of a line, with others between them."""
    line = line[np.isfinite(line).all(axis=1)]
    if len(line) < 2:
        return line
    steps = np.linspace(0, 1, BETWEEN, endpoint=False)[:, None, None]
    between = line[:-1] + steps * np.diff(line, axis=0)
    return np.vstack([between.reshape(-1, 2), line[-1:]])


def _mean_in(values, low, size):
    """Mean over the part of a table that lies in a box of the axes."""
    n = np.array(values.shape[::-1])
    start, stop = np.floor(low * n).astype(int), np.ceil((low + size) * n).astype(int)
    return float(np.mean(values[start[1] : stop[1], start[0] : stop[0]]))
