"""The curve of a function of one variable around the paths of descents on it."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from gdregress.plotting._shared.function_paths import labelled_paths
from gdregress.plotting._shared.window import checked_limits, limits, points_to_show


def function_curve(f, path, xlim, n_points):
    """The parameters of a `DescentPathDisplay`; its `from_function` explains the arguments."""
    paths = labelled_paths(path, 1)
    first = next(iter(paths.values()))

    def height(x):
        return first.value(f, [x])

    heights = {k: np.array([height(x) for x in p.points[:, 0]]) for k, p in paths.items()}
    known = np.concatenate(list(heights.values()))
    if not np.isfinite(known).any():
        raise ValueError("f is not finite at any point of the path.")
    lowest = known[np.isfinite(known)].min()
    minimum = _minimum_near(height, _shown_positions(paths, heights, lowest), n_points)
    if minimum is not None:  # a path that diverges from the first step on stays above it
        lowest = min(lowest, height(minimum))
    shown = _shown_positions(paths, heights, lowest)
    x = np.linspace(*_limits(shown, minimum, xlim), n_points)
    return {
        "x": x,
        "y": np.array([height(each) for each in x]),
        "paths": {
            label: np.column_stack([path.points[:, 0], heights[label]])
            for label, path in paths.items()
        },
        "kept": {
            label: np.array([path.kept[0], height(path.kept[0])])
            for label, path in paths.items()
            if path.kept is not None
        },
        "minimum": None if minimum is None else np.array([minimum, height(minimum)]),
    }


def _shown_positions(paths, heights, lowest):
    """Positions of all points that the window shows."""
    is_shown = {label: points_to_show(values, lowest) for label, values in heights.items()}
    return np.concatenate([path.points[is_shown[label], 0] for label, path in paths.items()])


def _limits(shown, minimum, given):
    if given is not None:
        return checked_limits(given, "xlim")
    return limits(shown if minimum is None else np.append(shown, minimum), minimum)


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
    found: Any = minimize_scalar(
        height, bounds=(x[at - 1], x[at + 1]), method="bounded", options={"xatol": 1e-10 * length}
    )
    return float(found.x if found.fun <= y[at] else x[at])
