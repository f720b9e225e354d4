"""The surface of a function of two numbers, and its minimum."""

import inspect

import numpy as np
from scipy.optimize import minimize as scipy_minimize

from gdregress._minimize.derivatives import number
from gdregress.plotting._shared.arguments import check_count
from gdregress.plotting._shared.function_paths import (
    FunctionPath,
    heights_of,
    labelled_paths,
    points_shown,
)
from gdregress.plotting._shared.scale import finite
from gdregress.plotting._shared.window import checked_limits, name_of_minimum, window


def function_surface(f, path, xlim, ylim, grid, vectorized):
    """The parameters of a `LossSurfaceDisplay`; its `from_function` explains the arguments."""
    check_count("grid", grid, 2)
    paths = {} if path is None else labelled_paths(path, 2)
    height = _of_two_numbers(f, next(iter(paths.values()), FunctionPath([np.zeros(2)], 2)))
    if not paths:
        return _without_path(f, height, xlim, ylim, grid, vectorized)
    heights = heights_of(paths, height)
    points = np.vstack([path.points for path in paths.values()])
    known = np.concatenate(list(heights.values()))
    minimum = _minimum_near(height, points[np.nanargmin(finite(known))])
    lowest = np.nanmin(finite(known)) if minimum is None else height(*minimum)
    shown = points_shown(paths, heights, lowest)
    middle = None if minimum is None or _is_far(minimum, shown) else minimum
    limits = window(shown, middle, xlim=xlim, ylim=ylim)
    x, y = (np.linspace(low, high, grid) for low, high in limits)
    values = _on_grid(f, height, x, y, vectorized)
    surface = {"x": x, "y": y, "values": values, "path_values": heights}
    kept = {label: path.kept for label, path in paths.items() if path.kept is not None}
    drawn = {"paths": {label: path.points for label, path in paths.items()}, "kept": kept}
    return surface | drawn | _inside(minimum, height, x, y, values)


def _without_path(f, height, xlim, ylim, grid, vectorized):
    limits = {"xlim": xlim, "ylim": ylim}
    for name, limit in limits.items():
        if limit is None:
            raise ValueError(f"Without a path, {name} must be a pair of numbers.")
    x, y = (np.linspace(*checked_limits(limit, name), grid) for name, limit in limits.items())
    values = _on_grid(f, height, x, y, vectorized)
    if not np.isfinite(values).any():
        raise ValueError("f is not finite anywhere between xlim and ylim.")
    row, column = np.unravel_index(np.nanargmin(finite(values)), values.shape)
    minimum = _minimum_near(height, np.array([x[column], y[row]]))
    return {"x": x, "y": y, "values": values, **_inside(minimum, height, x, y, values)}


def _of_two_numbers(f, path):
    """f as a function of two floats; f itself may take a vector like the points of the path."""
    if not _takes_two(f):
        return lambda x, y: path.value(f, [x, y])

    def height(x, y):
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return number(f(np.float64(x), np.float64(y)))

    return height


def _takes_two(f):
    """Whether f requires two arguments."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:  # some built-in functions have no signature
        return True
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.kind in positional and p.default is p.empty]
    return len(needed) >= 2


def _on_grid(f, height, x, y, vectorized):
    mesh = np.meshgrid(x, y)
    if not vectorized:
        points = zip(*(axis.ravel() for axis in mesh), strict=True)
        return np.array([height(*point) for point in points]).reshape(mesh[0].shape)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        values = np.asarray(f(*mesh) if _takes_two(f) else f(np.stack(mesh)), dtype=float)
    if values.shape != mesh[0].shape:
        raise ValueError(
            f"With vectorized=True f must return an array of the shape {mesh[0].shape} of its "
            f"arguments. It returned {values.shape}. Leave vectorized=False for an f of numbers."
        )
    return values


def _minimum_near(height, start):
    """The result of a search without gradients; None if it does not converge."""
    precision = {"xatol": 1e-8, "fatol": 1e-12, "maxfev": 2000}
    with np.errstate(over="ignore", invalid="ignore"):
        found = scipy_minimize(
            lambda point: height(*point), start, method="Nelder-Mead", options=precision
        )
    return found.x if found.success and np.isfinite(found.fun) else None


def _is_far(point, points):
    """Whether a point lies further outside the range of others than this range is long."""
    low, high = points.min(axis=0), points.max(axis=0)
    reach = max(high - low)
    return bool((np.maximum(low - point, point - high) > reach).any())


def _inside(minimum, height, x, y, values):
    """The minimum as parameters of the display, if it lies in the window."""
    if minimum is None or not (x[0] <= minimum[0] <= x[-1] and y[0] <= minimum[1] <= y[-1]):
        return {}
    value = height(*minimum)
    name = name_of_minimum(value, values)
    return {"minimum": minimum, "minimum_value": value, "minimum_label": name}
