"""A grid of axes with common limits, labelled at the edges of the figure only."""

import math

import numpy as np

from gdregress.plotting._shared.figure import make_room, pyplot

COLUMNS = 3


def panels(ax, n, xlabel="", ylabel="", size=(4.0, 3.4), columns=COLUMNS, **subplots):
    """Label the axes given, or those of a new figure, and return them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, array of them, or None
    n : int
        Count of axes needed.
    xlabel, ylabel : str
    size : pair of float
        Inches of each of two or more new axes.
    columns : int
        Most new axes beside one another.
    **subplots
        Passed to ``pyplot.subplots`` for a new figure.

    Returns
    -------
    axes : ndarray of Axes, shape (n,)

    Raises
    ------
    ValueError
        If another number of axes is given.
    """
    if ax is None:
        return _new_panels(n, xlabel, ylabel, size, columns, subplots)
    axes = np.ravel(np.asarray(ax, dtype=object))
    if len(axes) != n:
        wanted = "a single Axes" if n == 1 else f"{n} Axes, such as those of plt.subplots({n})[1]"
        raise ValueError(f"ax must hold {wanted}. Got {len(axes)}.")
    for each in axes:
        make_room(each)
        each.set(xlabel=xlabel, ylabel=ylabel)
    return axes


def _new_panels(n, xlabel, ylabel, size, columns, subplots):
    rows = math.ceil(n / columns)
    columns = math.ceil(n / rows)  # four are two rows of two
    options = {"sharex": True, "sharey": True, "squeeze": False, "layout": "constrained"}
    if n > 1:
        options["figsize"] = (size[0] * columns, size[1] * rows)
    table = pyplot().subplots(rows, columns, **options | subplots)[1].ravel()
    for spare in table[n:]:
        spare.remove()
    for i, axes in enumerate(table[:n]):
        axes.set_ylabel("" if i % columns else ylabel)
        if i + columns >= n:  # the lowest axes of the column
            axes.set_xlabel(xlabel)
            axes.tick_params(labelbottom=True)
    return table[:n]
