"""The curve of a function of one variable around the paths of descents on it."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from gdregress.plotting._shared.function_paths import heights_of, labelled_paths, points_shown
from gdregress.plotting._shared.scale import finite
from gdregress.plotting._shared.window import checked_limits, limits


def function_curve(f, path, xlim, n_points):
    """The parameters of a `DescentPathDisplay`; its `from_function` explains the arguments."""
    paths = labelled_paths(path, 1)
    first = next(iter(paths.values()))

    def height(x):
        return first.value(f, [x])

    def on_curve(x):
        return np.array([x, height(x)])

    heights = heights_of(paths, height)
    lowest = np.nanmin(finite(np.concatenate(list(heights.values()))))
    minimum = _minimum_near(height, points_shown(paths, heights, lowest), n_points)
    if minimum is not None:  # a path that diverges from the first step on stays above it
        lowest = min(lowest, height(minimum))
    shown = points_shown(paths, heights, lowest)
    if xlim is None:
        xlim = limits(shown, minimum)
    x = np.linspace(*checked_limits(xlim, "xlim"), n_points)
    return {
        "x": x,
        "y": np.array([height(each) for each in x]),
        "paths": {k: np.column_stack([p.points, heights[k]]) for k, p in paths.items()},
        "kept": {k: on_curve(p.kept[0]) for k, p in paths.items() if p.kept is not None},
        "minimum": None if minimum is None else on_curve(minimum),
    }


def _minimum_near(height, shown, n_points):
    """The lowest point in a range that extends the path by its own length on both sides.

    None if the function is lowest at an end of that range: then it has no minimum inside.
    """
    low, high = shown.min(), shown.max()
    length = high - low or 1.5 * abs(high) or 1.0
    x = np.linspace(low - length, high + length, n_points)
    y = np.array([height(each) for each in x])
    y = np.where(np.isfinite(y), y, np.inf)
    at = int(np.argmin(y))
    if not 0 < at < n_points - 1:
        return None
    ends, precision = (x[at - 1], x[at + 1]), {"xatol": 1e-10 * length}
    found: Any = minimize_scalar(height, bounds=ends, method="bounded", options=precision)
    return float(found.x if found.fun <= y[at] else x[at])
