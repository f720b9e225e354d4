"""Which scale lets numbers be read, and ticks that can be read on it."""

import numpy as np

SCALES = ("auto", "linear", "log")
# Numbers that differ by no more than this factor are read as well on a linear axis.
FEW = 10.0
# A logarithmic axis of no more than this has other numbers on it than powers of ten.
SHORT = 1e3
# The greater part of a way, and the small part of an axis in which it is not seen.
MOST_OF_THE_WAY, SMALL_PART = 0.9, 0.05
# Numbers beyond ten to this are taken for infinite, as the ticks around them would be.
LARGEST_POWER = 200.0


def finite(values):
    """The values, with gaps where they are not finite."""
    values = np.asarray(values, dtype=float)
    return np.where(np.abs(values) < 10.0**LARGEST_POWER, values, np.nan)


def check_scale(name, scale):
    """Raise ValueError for a scale that is none."""
    if scale not in SCALES:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, SCALES))}. Got {scale!r}.")


def chosen_scale(scale, values):
    """ "linear" or "log", as asked for or as the numbers demand.

    "auto" is logarithmic where nothing is negative and the positive numbers span more than a
    factor of ten.

    Parameters
    ----------
    scale : {"auto", "linear", "log"}
    values : array-like
        Those that are not finite are passed over.

    Raises
    ------
    ValueError
        For another scale, or "log" without any positive number.
    """
    check_scale("scale", scale)
    values = finite(values)
    positive = values[values > 0]
    if scale == "log" and not positive.size:
        raise ValueError("scale='log' needs positive numbers, and there are none to be drawn.")
    if scale != "auto":
        return scale
    wide = positive.size > 0 and positive.max() > FEW * positive.min()
    return "log" if wide and np.nanmin(values) >= 0 else "linear"


def chosen_count_scale(scale, curves, y_scale):
    """The scale of the axis along which epochs are counted.

    "auto" is logarithmic where all curves have come most of their way down, as it is seen on the
    vertical axis, in a small part at the beginning.

    Parameters
    ----------
    scale : {"auto", "linear", "log"}
    curves : sequence of (x, y)
    y_scale : {"linear", "log"}
    """
    check_scale("x_scale", scale)
    if scale != "auto":
        return scale
    length = max(x[-1] - x[0] for x, _ in curves)
    waits = [wait for x, y in curves if (wait := _wait(x, y, y_scale)) is not None]
    return "log" if waits and max(waits) < SMALL_PART * length else "linear"


def _wait(x, y, y_scale):
    """How far along x most of the way down is made; None where the curve does not fall."""
    y = finite(y)
    if y_scale == "log":
        y = np.log(np.where(y > 0, y, np.nan))
    fall = y[0] - y
    if not np.nanmax(fall, initial=0.0) > 0:
        return None
    return x[np.argmax(fall >= MOST_OF_THE_WAY * np.nanmax(fall))] - x[0]


def set_log_count(ax):
    """Make the horizontal axis logarithmic from 1 on, so that 0 has a place, in plain numbers."""
    from matplotlib.ticker import StrMethodFormatter

    ax.set_xscale("symlog", linthresh=1, linscale=0.5)
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def set_log_ticks(axis):
    """Write plain numbers on a logarithmic axis that is short; call it after the limits."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    if high < SHORT * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def with_scale(label, scale):
    """The label of an axis, which says where it is logarithmic."""
    return f"{label} (log scale)" if scale == "log" else label
