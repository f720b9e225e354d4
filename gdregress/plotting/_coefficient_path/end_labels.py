"""Names of lines, written beside their ends."""

import numpy as np
from sklearn.isotonic import isotonic_regression

# Height of a line of text over the size of its font.
LEADING = 1.3
# Where the names stand, in widths of the axes.
BESIDE = 1.05


def spread(heights, gap):
    """Heights at least a gap apart, as near to the given ones as that allows, between 0 and 1.

    Least squares under that condition are isotonic regression, once the gaps are taken away.

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
    """Write the names of lines at the right edge, with a hair to each end; limits are kept.

    Parameters
    ----------
    ax : matplotlib Axes
        On whose right edge the lines end.
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
    hair = {"arrowstyle": "-", "relpos": (0.0, 0.5), "shrinkA": 0, "shrinkB": 0}
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
            arrowprops={**hair, "color": line.get_color()},
        )


def _last_finite(values):
    return values[np.isfinite(values)][-1]
