"""The losses of a run whose learning rate rises with every update."""

from gdregress.plotting._shared.figure import COLOURS, foreground
from gdregress.plotting._shared.lines import by_name
from gdregress.plotting._shared.scale import chosen_scale, with_scale


def draw_range_test(ax, found, scale, line_kw):
    """Draw the loss of the same rows, and of each batch, before the update at each rate.

    Parameters
    ----------
    ax : matplotlib Axes
    found : RangeTest
    scale : {"auto", "linear", "log"}
    line_kw : dict or None
        Keywords of ``Axes.plot`` for the loss of the same rows.

    Returns
    -------
    lines : list of Line2D
        That loss, that of the batches, and both rates, each with its label.
    """
    scale = chosen_scale(scale, found.sample_losses)
    ylabel = with_scale("loss before the update", scale)
    ax.set(xscale="log", yscale=scale, ylabel=ylabel)
    style = {"color": COLOURS[0], "linewidth": 2, "label": "the same rows"}
    rates = found.learning_rates
    (line,) = ax.plot(rates, found.sample_losses, **style | by_name(line_kw))
    # a batch with a large loss would flatten the curve
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    dots = {"linestyle": "", "marker": ".", "markersize": 3, "alpha": 0.5, "zorder": 1}
    (batches,) = ax.plot(rates, found.losses, color=foreground(), label="each batch", **dots)
    marks = {"steepest": found.steepest, "least": found.least}
    styles = ({"color": COLOURS[2], "linestyle": "--"}, {"color": COLOURS[3], "linestyle": ":"})
    verticals = [
        ax.axvline(rate, label=f"{name}, {rate:.2g}", **look)
        for (name, rate), look in zip(marks.items(), styles, strict=True)
    ]
    return [line, batches, *verticals]
