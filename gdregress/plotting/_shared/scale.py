"""The choice between linear and logarithmic axes, and readable ticks on them."""

import numpy as np

from gdregress.plotting._shared.arguments import check_choice

SCALES = ("auto", "linear", "log")
# Numbers whose ratio is at most this are readable on a linear axis.
FEW = 10.0
# A logarithmic axis whose ends have a smaller ratio gets ticks between the powers of ten.
SHORT = 1e3
# A curve that falls by the first share within the second share of the axis needs a log axis.
MOST_OF_THE_FALL, SMALL_PART = 0.9, 0.05
# Numbers above ten to this power count as infinite, because matplotlib's ticks would overflow.
LARGEST_POWER = 200.0


def finite(values):
    """The values, with NaN in place of those that are not finite."""
    values = np.asarray(values, dtype=float)
    return np.where(np.abs(values) < 10.0**LARGEST_POWER, values, np.nan)


def chosen_scale(scale, values):
    """Resolve "auto" to "linear" or "log", from the numbers on the axis.

    "auto" is logarithmic where nothing is negative and the positive numbers span more than a
    factor of ten.

    Parameters
    ----------
    scale : {"auto", "linear", "log"}
    values : array-like
        Numbers that are not finite do not count.

    Raises
    ------
    ValueError
        For another scale, or "log" without any positive number.
    """
    check_choice("scale", scale, SCALES)
    values = finite(values)
    positive = values[values > 0]
    if scale == "log" and not positive.size:
        raise ValueError("scale='log' needs positive numbers. Got none.")
    if scale != "auto":
        return scale
    wide = positive.size > 0 and positive.max() > FEW * positive.min()
    return "log" if wide and np.nanmin(values) >= 0 else "linear"


def chosen_count_scale(scale, curves, y_scale):
    """Resolve "auto" to "linear" or "log" for the axis that counts epochs.

    "auto" is logarithmic where every curve makes most of its fall, measured on the vertical axis,
    in a small part of the horizontal axis at its beginning.

    Parameters
    ----------
    scale : {"auto", "linear", "log"}
    curves : sequence of (x, y)
    y_scale : {"linear", "log"}
    """
    check_choice("x_scale", scale, SCALES)
    if scale != "auto":
        return scale
    length = max(x[-1] - x[0] for x, _ in curves)
    falls = [fall for x, y in curves if (fall := _length_of_fall(x, y, y_scale)) is not None]
    return "log" if falls and max(falls) < SMALL_PART * length else "linear"


def _length_of_fall(x, y, y_scale):
    """Distance along x in which a curve makes most of its fall; None if it does not fall."""
    y = finite(y)
    if y_scale == "log":
        y = np.log(np.where(y > 0, y, np.nan))
    fall = y[0] - y
    if not np.nanmax(fall, initial=0.0) > 0:
        return None
    return x[np.argmax(fall >= MOST_OF_THE_FALL * np.nanmax(fall))] - x[0]


def set_count(ax, scale):
    """Make the horizontal axis one of whole numbers; under "log" linear below 1.

    Thousands are written as "1k", so that neighbours do not overlap in narrow axes.
    """
    from matplotlib.ticker import EngFormatter

    if scale == "log":
        ax.set_xscale("symlog", linthresh=1, linscale=0.5)
    else:
        ax.locator_params(axis="x", integer=True)
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))


def set_log_ticks(axis):
    """Write plain numbers on a short logarithmic axis, whose limits must be final."""
    from matplotlib.ticker import LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    if high < SHORT * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def with_scale(label, scale):
    """The label of an axis, with a note where the axis is logarithmic."""
    return f"{label} (log scale)" if scale == "log" else label
