"""The validation scores of early stopping, on the right axes of a loss curve."""

import numpy as np

from gdregress.plotting._shared.figure import foreground
from gdregress.plotting._shared.scale import finite

# Lower end of the axis of scores: a lower score only means that a constant would predict better.
WORST_SHOWN = -1.0


def draw_validation(ax, curves, lines):
    """Draw the scores of those curves that have them, each in the colour of its line.

    Parameters
    ----------
    ax : matplotlib Axes
    curves : list of LossCurve
    lines : list of Line2D

    Returns
    -------
    entries : dict of str to Line2D
        Two neutral entries of the legend.
    """
    dashed = {"linestyle": "--", "linewidth": 1.2}
    star = {"linestyle": "none", "marker": "*", "markersize": 10}
    for curve, line in zip(curves, lines, strict=True):
        if curve.validation is not None:
            scores, colour = finite(curve.validation), line.get_color()
            best = np.nanargmax(scores)
            ax.plot(curve.x, scores, color=colour, **dashed)
            ax.plot(curve.x[best], scores[best], color=colour, **star)
    bottom, top = ax.get_ylim()
    if bottom < WORST_SHOWN < top:
        ax.set_ylim(bottom=WORST_SHOWN)
    ax.set_ylabel("validation score (dashed)")
    styles = {"validation score (right axis)": dashed, "best validation score": star}
    return {
        name: ax.plot([], [], color=foreground(), **style)[0] for name, style in styles.items()
    }


def draw_held_out(ax, curves, lines):
    """Draw the losses on other rows, dashed, with a star where each is lowest.

    Returns
    -------
    drawn : list of (Line2D, LossCurve)
    entries : dict of str to Line2D
        Two neutral entries of the legend.
    """
    dashed = {"linestyle": "--", "linewidth": 1.4}
    star = {"linestyle": "none", "marker": "*", "markersize": 10}
    drawn = []
    for curve, line in zip(curves, lines, strict=True):
        if curve.held_out is not None:
            x, losses = curve.held_out[0], finite(curve.held_out[1])
            drawn += [(ax.plot(x, losses, color=line.get_color(), **dashed)[0], curve)]
            if np.isfinite(losses).any():
                best = np.nanargmin(losses)
                ax.plot(x[best], losses[best], color=line.get_color(), **star)
    styles = {"on the validation rows": dashed, "lowest": star} if drawn else {}
    return drawn, {
        name: ax.plot([], [], color=foreground(), **style)[0] for name, style in styles.items()
    }
