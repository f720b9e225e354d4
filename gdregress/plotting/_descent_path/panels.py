"""A grid of axes with common limits, labelled at the edges of the figure only."""

import math

import numpy as np

from gdregress.plotting._shared.figure import axes_or_new, pyplot

COLUMNS = 3


def panels(ax, n, xlabel, ylabel):
    """Label the axes given, or those of a new figure, and return them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes, array of them, or None
    n : int
        Count of axes needed.
    xlabel, ylabel : str

    Returns
    -------
    axes : ndarray of Axes, shape (n,)

    Raises
    ------
    ValueError
        If another number of axes is given.
    """
    if ax is None and n > 1:
        return _new_panels(n, xlabel, ylabel)
    axes = np.atleast_1d(np.asarray(axes_or_new(ax), dtype=object)).ravel()
    if len(axes) != n:
        wanted = "a single Axes" if n == 1 else f"{n} Axes, one for each path side by side"
        raise ValueError(f"ax must hold {wanted}. Got {len(axes)}.")
    for each in axes:
        each.set(xlabel=xlabel, ylabel=ylabel)
    return axes


def _new_panels(n, xlabel, ylabel):
    columns = min(n, COLUMNS)
    rows = math.ceil(n / columns)
    size = (4 * columns, 3.4 * rows)
    table = (
        pyplot()
        .subplots(
            rows,
            columns,
            figsize=size,
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )[1]
        .ravel()
    )
    for spare in table[n:]:
        spare.remove()
    for i, axes in enumerate(table[:n]):
        if i % columns == 0:
            axes.set_ylabel(ylabel)
        if i + columns >= n:  # the lowest axes of the column
            axes.set_xlabel(xlabel)
            axes.tick_params(labelbottom=True)
    return table[:n]
