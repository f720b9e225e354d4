"""What all displays share: the axes they draw on, and colours that everyone can tell apart."""

from itertools import cycle, islice

# Okabe and Ito's, without those that vanish on a white or on a black ground.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")


def pyplot():
    """matplotlib.pyplot, imported when something is drawn.

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
    """The axes given, or those of a new figure.

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
    """n colours, repeated after six."""
    return list(islice(cycle(COLOURS), n))


def foreground():
    """The colour of text, black or white as the ground demands."""
    return pyplot().rcParams["text.color"]
