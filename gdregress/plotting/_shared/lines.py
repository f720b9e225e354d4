"""Styles that tell lines apart, and a legend below the axes that covers no line."""

from gdregress.plotting._shared.figure import COLOURS, colours

DASHES = ("-", "-.", ":")
# Largest width of a legend of two columns, in widths of the axes.
WIDEST = 1.2


def with_keywords(style, keywords):
    """Keywords of ``Axes.plot``, of which the user's own come last, by name or alias.

    Parameters
    ----------
    style : dict
    keywords : dict or None
        Of the user, such as ``{"lw": 3}``.
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return {**style, **normalize_kwargs(keywords, Line2D)}


def line_styles(n, line_kw=None):
    """Keywords of n lines: colours, other dashes after all colours, then the user's keywords.

    Parameters
    ----------
    n : int
    line_kw : dict or None
        Keywords of ``Axes.plot``, by name or alias.
    """
    dashes = [DASHES[i // len(COLOURS) % len(DASHES)] for i in range(n)]
    styles = [{"color": c, "linestyle": d} for c, d in zip(colours(n), dashes, strict=True)]
    return [with_keywords(style, line_kw) for style in styles]


def legend_below(ax, handles, labels):
    """Draw a legend under the label of the horizontal axis, in two columns where they fit.

    A figure without a layout engine makes no room for it: there the legend is inside the axes.

    Parameters
    ----------
    ax : matplotlib Axes
    handles : list of artists, or of tuples of artists drawn over each other
    labels : list of str
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.transforms import ScaledTranslation

    if ax.figure.get_layout_engine() is None:
        return ax.legend(handles, labels)
    # the tick labels and the label of the axis take less than four lines
    points = 4 * FontProperties(size="medium").get_size_in_points()
    down = ScaledTranslation(0, -points / 72, ax.figure.dpi_scale_trans)
    placed = {
        "loc": "upper center",
        "bbox_to_anchor": (0.5, 0.0),
        "bbox_transform": ax.transAxes + down,
        "borderaxespad": 0.0,
    }
    legend = ax.legend(handles, labels, ncols=min(2, len(labels)), **placed)
    if legend.get_window_extent().width > WIDEST * ax.bbox.width:
        legend = ax.legend(handles, labels, **placed)
    return legend
