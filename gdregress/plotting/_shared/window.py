"""The window of a picture: the points of a path that it shows, and its limits."""

import numpy as np

# The window does not show points that are higher than this many times the start.
GROWN = 4.0
# Margin on either side of the points, as a share of their range.
MARGIN = 0.15
# Smallest distance of the minimum from either end, as a share of the axis.
INWARD = 0.25
# Smallest ratio of the two axes, both measured by their effect on the predictions.
NARROWEST = 0.2
# Share of the extent of the other axis below which an extent is rounding.
STRAIGHT = 1e-12
# Two axes whose lengths have at most this ratio get the same scale.
SIMILAR = 1.8
# Depth below a minimum, as a share of the heights shown, at which another place is lower.
LOWER = 1e-6


def points_to_show(heights, lowest):
    """Choose the points of a path that the window shows.

    The window shows a point if its height above the lowest point is at most four times that of
    the start. A path that begins near the minimum and stays at a higher level is shown completely.

    Parameters
    ----------
    heights : ndarray of shape (n_points,)
    lowest : float

    Returns
    -------
    is_shown : ndarray of bool of shape (n_points,)
        The start is always True.
    """
    finite = np.isfinite(heights)
    gaps = np.where(finite, heights - lowest, np.inf)
    reference = gaps[0]
    middle = np.sort(gaps)[(len(gaps) - 1) // 2]
    if gaps[-1] <= GROWN * middle:
        reference = max(reference, middle)
    is_shown = finite & (gaps <= GROWN * reference)
    is_shown[0] = True
    return is_shown


def window(points, minimum=None, effect_of_unit=(1.0, 1.0), xlim=None, ylim=None):
    """Limits of both axes of a surface.

    Parameters
    ----------
    points : ndarray of shape (n_points, 2)
        The window contains them.
    minimum : ndarray of shape (2,) or None
        One of the points; the window shows its surroundings on all sides.
    effect_of_unit : pair of float
        Change of the predictions by a step of length 1 along either axis, which makes the units
        of the axes comparable.
    xlim, ylim : pair of float or None
        The user's own limits.

    Returns
    -------
    xlim, ylim : pairs of float
    """
    middles = (None, None) if minimum is None else minimum
    axes = np.array([limits(values, at) for values, at in zip(points.T, middles, strict=True)])
    units = np.asarray(effect_of_unit, dtype=float)
    extents = np.ptp(points, axis=0) * units
    is_rounding = (units > 0) & (extents > 0) & (extents <= STRAIGHT * extents.max())
    lengths = np.where(is_rounding, 2.0, axes[:, 1] - axes[:, 0])  # as those of no extent
    effects = lengths * units
    known = np.where(effects > 0, effects, np.inf)
    lengths = lengths * np.maximum(1.0, NARROWEST * effects.max() / known)
    if similar_lengths(*lengths) and xlim is None and ylim is None:
        lengths[:] = lengths.max()
    ends = (axes.mean(axis=1)[:, None] + np.outer(lengths / 2, [-1, 1])).tolist()
    return (
        ends[0] if xlim is None else checked_limits(xlim, "xlim"),
        ends[1] if ylim is None else checked_limits(ylim, "ylim"),
    )


def limits(values, minimum=None):
    """Lower and upper end of an axis that contains some values, with the minimum well inside."""
    low, high = float(np.min(values)), float(np.max(values))
    to_minimum = 0.0 if minimum is None else abs(high - minimum)
    margin = MARGIN * (high - low or to_minimum) or 0.5 * abs(high) or 1.0
    low, high = low - margin, high + margin
    if minimum is None:
        return low, high
    share = INWARD / (1 - INWARD)
    below, above = share * (high - minimum), share * (minimum - low)
    return min(low, minimum - below), max(high, minimum + above)


def name_of_minimum(height, heights):
    """What a minimum is called beside all heights in the window: local where another is deeper."""
    known = heights[np.isfinite(heights)]
    lowest = known.min(initial=height)
    is_local = height - lowest > LOWER * (known.max(initial=height) - lowest)
    return "local minimum" if is_local else "minimum"


def similar_lengths(width, height):
    """Whether the lengths of two axes differ so little that the axes can share a scale."""
    return max(width, height) <= SIMILAR * min(width, height)


def checked_limits(given, name):
    """Return the user's own limits as two floats.

    Raises
    ------
    ValueError
        If they are not two finite numbers, the lower one first.
    """
    pair = np.asarray(given, dtype=float)
    if pair.shape != (2,) or not np.isfinite(pair).all() or not pair[0] < pair[1]:
        raise ValueError(f"{name} must be two finite numbers, the lower one first. Got {given!r}.")
    return float(pair[0]), float(pair[1])
