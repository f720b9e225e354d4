"""How much of a path can be seen: the part worth a window, and the window's limits."""

import numpy as np

# A descent that has grown to so many times its start is left to leave the window.
GROWN = 4.0
# Of the window, on either side of what it has to show.
MARGIN = 0.15
# The minimum is so far from either end, as a share of the axis.
INWARD = 0.25
# Each axis is at least so long, compared with the other, in units of its effect.
NARROWEST = 0.2
# Axes that differ by no more than this factor are drawn to the same scale.
ALIKE = 1.8


def worth_seeing(heights, lowest):
    """Which points of a path the window should hold.

    Those no higher above the lowest point than four times the start. A path that only hovers, as
    one that begins at the minimum does, is held as a whole.

    Parameters
    ----------
    heights : ndarray of shape (n_points,)
    lowest : float

    Returns
    -------
    worth : ndarray of bool, at least one of them True
    """
    finite = np.isfinite(heights)
    gaps = np.where(finite, heights - lowest, np.inf)
    reference = gaps[0]
    middle = np.sort(gaps)[(len(gaps) - 1) // 2]
    if gaps[-1] <= GROWN * middle:
        reference = max(reference, middle)
    worth = finite & (gaps <= GROWN * reference)
    worth[0] = True
    return worth


def window(held, minimum=None, reach=(1.0, 1.0), xlim=None, ylim=None):
    """Limits of both axes of a surface.

    Parameters
    ----------
    held : ndarray of shape (n_points, 2)
        What the window has to hold.
    minimum : ndarray of shape (2,) or None
        One of these points, of which all sides are to be seen.
    reach : pair of float
        What a step of length 1 changes along either axis, which makes their units comparable.
    xlim, ylim : pair of float or None
        The user's own limits.

    Returns
    -------
    xlim, ylim : pairs of float
    """
    own = [
        None if given is None else checked_limits(given, name)
        for given, name in ((xlim, "xlim"), (ylim, "ylim"))
    ]
    middles = (None, None) if minimum is None else minimum
    axes = [limits(values, middle) for values, middle in zip(held.T, middles, strict=True)]
    effects = [(high - low) * r for (low, high), r in zip(axes, reach, strict=True)]
    lengths = [
        (high - low) * max(1.0, NARROWEST * max(effects) / effect if effect > 0 else 1.0)
        for (low, high), effect in zip(axes, effects, strict=True)
    ]
    if alike(*lengths) and own == [None, None]:
        lengths = [max(lengths)] * 2
    found = [_of_length(axis, length) for axis, length in zip(axes, lengths, strict=True)]
    return [one if mine is None else mine for one, mine in zip(found, own, strict=True)]


def limits(values, minimum=None):
    """Lower and upper end of an axis that has to hold some values, the minimum well inside."""
    low, high = float(np.min(values)), float(np.max(values))
    margin = MARGIN * (high - low) or 0.5 * abs(high) or 1.0
    low, high = low - margin, high + margin
    if minimum is None:
        return low, high
    share = INWARD / (1 - INWARD)
    return (
        min(low, minimum - share * (high - minimum)),
        max(high, minimum + share * (minimum - low)),
    )


def alike(width, height):
    """Whether two axes are so nearly of one length that they can share a scale."""
    return max(width, height) <= ALIKE * min(width, height)


def checked_limits(given, name):
    """The user's own limits as two floats.

    Raises
    ------
    ValueError
        If they are not two finite numbers in order.
    """
    pair = np.asarray(given, dtype=float)
    if pair.shape != (2,) or not np.isfinite(pair).all() or not pair[0] < pair[1]:
        raise ValueError(f"{name} must be two finite numbers, the lower one first. Got {given!r}.")
    return float(pair[0]), float(pair[1])


def _of_length(axis, length):
    """An interval of another length around the same middle."""
    middle = sum(axis) / 2
    return middle - length / 2, middle + length / 2
