"""The vertical limits of loss curves, and the markers and legend entries of their ends."""

import numpy as np

from gdregress.plotting._shared.scale import LARGEST_POWER, finite

MARKERS = {
    "tolerance": "o",
    "plateau": "s",
    "early stopping": "s",
    "max_iter": ">",
    "last epoch": ">",
    "diverged": "X",
    "callback": "D",
    "interrupted": "P",
}
# Height above the start at which a curve is cut: a multiple of the value at the start on a
# logarithmic axis (a power of ten), of the fall from the start on a linear axis.
FOLLOWED = {"log": 3.0, "linear": 10.0}
MARGIN = 0.05


def limits(curves, scale):
    """The limits of the vertical axis, and whether they cut a curve.

    The curve of a run that diverges is cut at a height where the other curves stay readable.

    Parameters
    ----------
    curves : list of array
    scale : {"linear", "log"}

    Returns
    -------
    bottom, top : float
    is_cut : bool
    """
    curves, comes_to_zero = [values[np.isfinite(values)] for values in map(finite, curves)], False
    if scale == "log":
        comes_to_zero = any((values <= 0).any() for values in curves)
        curves = [np.log10(values[values > 0]) for values in curves]
    curves = [values for values in curves if values.size]
    if not curves:
        return 0.0, 1.0, False
    tops = [values.max() for values in curves]
    start, low = max(values[0] for values in curves), min(values.min() for values in curves)
    if comes_to_zero:  # the lower edge, where zero is drawn, is far below the start
        low = min(low, start - FOLLOWED[scale])
    unit = 1.0 if scale == "log" else (start - low or np.inf)
    followed = start + FOLLOWED[scale] * unit
    is_cut = min(tops) <= followed < max(tops)
    top = followed if is_cut else max(tops)
    margin = MARGIN * ((top - low) or abs(top) or 1.0)
    ends = np.array([low - margin, top if is_cut else top + margin])
    if scale == "log":
        ends = 10.0 ** np.clip(ends, -LARGEST_POWER, LARGEST_POWER)
    return *ends, is_cut


def down_to(bottom, values):
    """A curve on a logarithmic axis: at the lower edge where it comes to 0, and then nowhere."""
    low = values <= 0
    stays = low & np.concatenate([[False], low[:-1]])
    return np.where(stays, np.nan, np.where(low, bottom, values))


def mark_stop(line, curve):
    """Draw a marker at the end of the run; at the edge if the end lies outside.

    Returns
    -------
    handle : tuple of Line2D
        The line and its marker, for a legend; the line alone if the end is not drawn.
    """
    if curve.n_drawn is not None:
        return (line,)
    ax, marker = line.axes, MARKERS.get(curve.stop_reason, "o")
    last = np.clip(np.nan_to_num(curve.y[-1], nan=np.inf), *ax.get_ylim())
    style = {"linestyle": "none", "marker": marker, "color": line.get_color(), "clip_on": False}
    return line, ax.plot(curve.x[-1], last, zorder=line.get_zorder() + 1, **style)[0]


def stop_text(line, curve):
    """The legend's text for a curve: its label, and the reason and place of its end."""
    notes = []
    if curve.stop_reason is not None:
        notes = [curve.stop_reason, f"{curve.unit} {curve.last_epoch}"]
    last, top = curve.y[-1], line.axes.get_ylim()[1]
    if not last <= top:
        notes.append(f"at {last:.2g}")
    return f"{curve.label} ({', '.join(notes)})" if notes else curve.label
