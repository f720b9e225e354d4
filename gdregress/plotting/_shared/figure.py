"""The axes and the colours of all displays; colour-blind readers tell the colours apart."""

from itertools import cycle, islice

# The palette of Okabe and Ito, without the colours that vanish on white or on black.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")


def pyplot():
    """Import matplotlib.pyplot, which the package does only when it draws.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "gdregress.plotting needs matplotlib: pip install 'gdregress[plot]'."
        ) from error
    return plt


def axes_or_new(ax=None, **subplots):
    """Return the axes given, or the axes of a new figure.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
    **subplots
        Passed to ``pyplot.subplots`` for a new figure.
    """
    if ax is not None:
        return ax
    plt = pyplot()
    return plt.subplots(layout="constrained", **subplots)[1]


def colours(n):
    """The first n colours of the palette, which repeats after six."""
    return list(islice(cycle(COLOURS), n))


def foreground():
    """The colour of text in the current style: black on white, white on black."""
    return pyplot().rcParams["text.color"]
