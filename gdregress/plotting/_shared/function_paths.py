"""The path of a descent on a function: from `minimize`, or a list of points."""

from collections.abc import Mapping

import numpy as np

from gdregress._minimize.derivatives import number
from gdregress._minimize.tree import TreeDef
from gdregress._utils.array_api import asarray, to_numpy
from gdregress.plotting._shared.window import points_to_show


class FunctionPath:
    """The points of a descent on a function.

    Parameters
    ----------
    path : OptimizeResult or sequence
        The result of `gdregress.minimize`, or the points themselves.
    n_numbers : int
        Count of the numbers of each point.

    Attributes
    ----------
    points : ndarray of shape (n_points, n_numbers)
    kept : ndarray of shape (n_numbers,) or None
        ``x`` of a result where it differs from the last point, as after divergence.

    Raises
    ------
    TypeError
        If the points do not consist of real numbers.
    ValueError
        If there is no path, or its points hold another count of numbers.
    """

    def __init__(self, path, n_numbers):
        points, x = _points_of(path)
        try:
            self.tree = TreeDef(points[0])
        except TypeError as error:
            raise TypeError(
                f"The points of a path must be made of real numbers. Got {points[0]!r}."
            ) from error
        self.points = np.array([self._flat(point) for point in points])
        if self.points.shape[1] != n_numbers:
            wanted = "one number" if n_numbers == 1 else f"{n_numbers} numbers"
            raise ValueError(
                f"The points of a path must hold {wanted} each, which are drawn along the axes. "
                f"They hold {self.points.shape[1]}."
            )
        kept = self.points[-1] if x is None else self._flat(x)
        self.kept = None if np.array_equal(kept, self.points[-1]) else kept

    def _flat(self, point):
        return to_numpy(self.tree.flatten(point)).astype(float)

    def value(self, function, flat):
        """f at a flat vector, which f receives in the structure of the points of the path."""
        start, xp = self.tree.start, self.tree.xp
        device = None if xp is np else start.device
        x = self.tree.build(asarray(np.array(flat), xp, device, dtype=start.dtype))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return number(function(x))


def labelled_paths(path, n_numbers):
    """One path or a dict of paths, as a dict of label to `FunctionPath`.

    A dict holds paths by label. It never is a single point, although `minimize` accepts a dict
    as x0: a path is a list of points.
    """
    has_labels = isinstance(path, Mapping) and not _is_result(path)
    if has_labels and not path:
        raise ValueError("There is no path in an empty dict.")
    paths = path if has_labels else {"path": path}
    return {str(label): FunctionPath(each, n_numbers) for label, each in paths.items()}


def heights_of(paths, height):
    """The heights of the points of all paths, by label.

    Raises
    ------
    ValueError
        If none is finite.
    """
    heights = {k: np.array([height(*point) for point in p.points]) for k, p in paths.items()}
    if not any(np.isfinite(values).any() for values in heights.values()):
        raise ValueError("f is not finite at any point of the path.")
    return heights


def points_shown(paths, heights, lowest):
    """All points that the window shows."""
    return np.vstack([p.points[points_to_show(heights[k], lowest)] for k, p in paths.items()])


def _is_result(path):
    return isinstance(path, Mapping) and hasattr(path, "x") and hasattr(path, "nit")


def _points_of(path):
    """The points, and the ``x`` that the descent has returned."""
    if _is_result(path):
        if not hasattr(path, "path"):
            raise ValueError(
                "The result holds no path: call gdregress.minimize with store_path=True."
            )
        return path.path, path.x
    points = list(path)
    if not points:
        raise ValueError("The path holds no points.")
    return points, None
