"""Names of lines beside their ends."""

import numpy as np
from sklearn.isotonic import isotonic_regression

# Height of a line of text, as a multiple of its font size.
LEADING = 1.3
# Horizontal position of the names, in widths of the axes.
BESIDE = 1.05


def spread(heights, gap):
    """Move heights at least a gap apart, by the least squares of movement, between 0 and 1.

    After the gaps are subtracted, this least-squares problem is isotonic regression.

    Parameters
    ----------
    heights : array-like of shape (n,)
    gap : float
        At most 1 / (n - 1).

    Examples
    --------
    >>> spread([0.5, 0.5, 0.9], 0.1).round(3).tolist()
    [0.45, 0.55, 0.9]
    """
    heights = np.asarray(heights, dtype=float)
    order = np.argsort(heights, kind="stable")
    gaps = gap * np.arange(len(heights))
    placed = np.empty(len(heights))
    placed[order] = gaps + isotonic_regression(
        heights[order] - gaps, y_min=0.0, y_max=1.0 - gaps[-1]
    )
    return placed


def label_ends(ax, lines, names):
    """Write the names of lines at the right edge and connect them to the ends by thin lines.

    The limits of the axes stay the same.

    Parameters
    ----------
    ax : matplotlib Axes
        The lines end at its right edge.
    lines : list of Line2D
    names : list of str
    """
    from matplotlib.font_manager import FontProperties

    if not lines:
        return
    ax.set_ylim(ax.get_ylim())
    ends = [_last_finite(line.get_ydata()) for line in lines]
    heights = ax.transAxes.inverted().transform(ax.transData.transform([(1, y) for y in ends]))
    room = ax.bbox.height / ax.figure.dpi * 72 / LEADING
    size = min(FontProperties(size="medium").get_size_in_points(), room / len(lines))
    connection = {"arrowstyle": "-", "relpos": (0.0, 0.5), "shrinkA": 0, "shrinkB": 0}
    for line, name, end, height in zip(
        lines, names, ends, spread(heights[:, 1], size / room), strict=True
    ):
        ax.annotate(
            name,
            xy=(1.0, end),
            xycoords=ax.get_yaxis_transform(),
            xytext=(BESIDE, height),
            textcoords="axes fraction",
            fontsize=size,
            va="center",
            annotation_clip=False,
            arrowprops={**connection, "color": line.get_color()},
        )


def _last_finite(values):
    return values[np.isfinite(values)][-1]
