"""The axes and the colours of all displays; colour-blind readers tell the colours apart."""

from itertools import cycle, islice

# The palette of Okabe and Ito, without the colours that vanish on white or on black.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")


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


def make_room(ax):
    """Have the figure make room for labels and legends, unless the user has placed its axes.

    In a plain figure those of one panel would lie on the next.
    """
    from matplotlib.gridspec import SubplotParams

    figure = ax.figure.figure
    is_placed = vars(figure.subplotpars) != vars(SubplotParams())
    if figure.get_layout_engine() is None and ax.get_subplotspec() is not None and not is_placed:
        figure.set_layout_engine("constrained")


def colours(n):
    """The first n colours of the palette, which repeats after six."""
    return list(islice(cycle(COLOURS), n))


def foreground():
    """The colour of text in the current style: black on white, white on black."""
    return pyplot().rcParams["text.color"]
