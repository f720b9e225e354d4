"""Which points of a long path are drawn, so that a picture of any length costs the same."""

import numpy as np

# Largest count of points of a drawn path.
MOST = 2000


def thinned(path, sides):
    """Choose points of a path, evenly along its way through the window, with both ends.

    Parameters
    ----------
    path : ndarray of shape (n_points, 2)
    sides : pair of float
        Lengths of the axes; a step beyond the window counts as one side.

    Returns
    -------
    indices : ndarray of int
        In increasing order; all of them if the path has at most 2,000 points.

    Examples
    --------
    >>> thinned(np.zeros((3, 2)), (1.0, 1.0))
    array([0, 1, 2])
    """
    if len(path) <= MOST:
        return np.arange(len(path))
    with np.errstate(over="ignore", invalid="ignore"):
        steps = (abs(np.diff(path, axis=0)) / sides).max(axis=1)
    steps = np.clip(np.nan_to_num(steps, nan=0.0, posinf=1.0), 0.0, 1.0)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    even = np.searchsorted(way, np.linspace(0.0, way[-1], MOST - 1))
    return np.unique([0, *even, len(path) - 1])
