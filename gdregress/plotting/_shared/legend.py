"""Legends inside the axes where there is room, and below them otherwise."""

from itertools import product

import numpy as np

# Largest share of the width and of the height of the axes that a legend inside may take.
WIDE, HIGH = 0.6, 0.4
# Largest width and height of a legend below, in those of the axes, from which it takes room.
WIDEST, HIGHEST = 1.15, 0.42
# Share of the axes that a legend may hide at most.
ALL = 0.6
# Most entries of a legend between lines.
MOST_INSIDE = 4
# Length of the lines in a legend, in which dashes can be seen on both sides of a marker.
HANDLE = 3.0
# Where matplotlib puts legends, from below and from the left on.
PLACES = (
    ("lower left", "lower center", "lower right"),
    ("center left", "center", "center right"),
    ("upper left", "upper center", "upper right"),
)


def draw_legend(
    ax, handles, labels, short_labels=None, *, most_inside=MOST_INSIDE, title=None, loc="best"
):
    """Draw a legend inside the axes, where matplotlib finds the best place, or below them.

    The place is kept, because a search for each frame would make the legend of an animation jump.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its lines and its limits.
    handles : list of artists, or of tuples of artists drawn over each other
    labels : list of str
    short_labels : list of str or None, default=None
        For a legend that would be too wide.
    most_inside : int, default=4
        A legend of more entries is below.
    title : str or None, default=None
    loc : str, default="best"
        Place in the axes.
    """
    if not handles:
        return
    style = {"framealpha": 0.85, "title": title, "title_fontsize": "small"}
    style |= {"handlelength": HANDLE}
    if len(labels) <= most_inside:
        ax.autoscale_view()  # the best place depends on the limits
        legend = ax.legend(handles, labels, loc=loc, fontsize="small", **style)
        extent = _extent(legend)
        if extent.width <= WIDE and extent.height <= HIGH:
            free = np.maximum(1 - extent.size, 1e-9)
            right, up = np.rint(2 * np.clip(extent.min / free, 0, 1)).astype(int)
            legend.set(loc=PLACES[up][right], zorder=20)
            return
    legend_below(ax, handles, labels, short_labels, **style)


def legend_beside(ax, entries):
    """Draw a legend to the right of the axes, or below them where it is wide.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    entries : dict of str to artist
    """
    if not entries:
        return
    style = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "frameon": False}
    style |= {"handlelength": HANDLE}
    legend = ax.legend(entries.values(), entries, fontsize="small", **style)
    if ax.figure.figure.get_layout_engine() is None or _extent(legend).width > WIDE:
        legend_below(ax, list(entries.values()), list(entries))


def legend_below(ax, handles, labels, short_labels=None, **style):
    """Draw a legend under the label of the horizontal axis, in the columns and size that fit.

    It is inside the axes after all where these are too small, or where a figure without a layout
    engine makes no room for it, and away where it would hide them.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.transforms import offset_copy

    figure, short_labels = ax.figure.figure, short_labels or labels
    texts = (labels, short_labels) if figure.get_layout_engine() is not None else ()
    # tick labels and the label of the axis take less than four lines; those of a box lie inside
    lines = 0 if ax.name == "3d" else 4 + 1.2 * ax.get_xlabel().count("\n")
    down = -lines * FontProperties(size="medium").get_size_in_points()
    place = offset_copy(ax.transAxes, figure, y=down, units="points")
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": place}
    for each, size, columns in product(texts, ("small", "x-small"), (2, 1)):
        look = {"fontsize": size, "ncols": min(columns, len(labels)), "borderaxespad": 0.0}
        extent = _extent(ax.legend(handles, each, **style, **look, **below))
        if extent.width <= WIDEST and extent.height <= HIGHEST:
            return
    legend = ax.legend(handles, short_labels, loc="best", fontsize="x-small", **style)
    if max(_extent(legend).size) > ALL:
        legend.remove()


def _extent(legend):
    """The box of a legend, in shares of the axes."""
    return legend.get_window_extent().transformed(legend.axes.transAxes.inverted())
