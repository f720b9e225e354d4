"""The data of a loss surface: the objective over a plane, and the paths of descents on it."""

import numpy as np

from gdregress.plotting._loss_surface.descents import read_descent
from gdregress.plotting._loss_surface.minimum import find_minimum
from gdregress.plotting._loss_surface.plane import choose_plane
from gdregress.plotting._loss_surface.plane_objective import PlaneObjective
from gdregress.plotting._loss_surface.problem import common_training
from gdregress.plotting._shared.arguments import check_count
from gdregress.plotting._shared.estimators import earlier_steps, estimator_with_path, feature_names
from gdregress.plotting._shared.thin import thinned
from gdregress.plotting._shared.window import name_of_minimum, points_to_show, window

# Smallest and largest side of the grid; in between, the grid takes about a second.
FEWEST, MOST = 25, 60
LOSSES_A_SECOND = 1e8
# Largest height of the projected minimum above the minimum itself, as a share of the start's
# height, at which the minimum counts as a point of the plane.
IN_PLANE = 1e-6


def estimator_surface(models, X, y, sample_weight, features, target, grid, xlim, ylim):
    """The parameters of a `LossSurfaceDisplay`, as keyword arguments.

    Parameters
    ----------
    models : dict of label to fitted estimator or Pipeline
    X, y, sample_weight, features, target, grid, xlim, ylim
        As in `LossSurfaceDisplay.from_estimator`.
    """
    if grid is not None:
        check_count("grid", grid, 2)
    estimators = {label: estimator_with_path(model) for label, model in models.items()}
    training = common_training(models, estimators, X, y, sample_weight)
    descents = {label: read_descent(e, training) for label, e in estimators.items()}
    best = min((descent.end for descent in descents.values()), key=training.value)
    minimum = find_minimum(next(iter(estimators.values())), training, best)
    seen = [d.points[points_to_show(d.objective, minimum.value)] for d in descents.values()]
    visited, first = np.vstack(seen), next(iter(models.values()))
    before = earlier_steps(first)
    after = "" if before is None else type(before.steps[-1][1]).__name__
    names = feature_names(first)
    everywhere = np.vstack([descent.points for descent in descents.values()])
    everywhere = everywhere[np.isfinite(everywhere).all(axis=1)]
    further = {"towards the minimum": minimum.point[None], "along the path": everywhere}
    plane = choose_plane(features, target, names, after, training, best, visited, further)
    objective = PlaneObjective(plane)
    lowest, shown = plane.coordinates(minimum.point), plane.coordinates(visited)
    middle = lowest if minimum.reached else None
    limits = window(shown, middle, objective.effect_of_unit(), xlim, ylim)
    losses = training.objective.n_samples * training.n_targets
    side = grid or int(np.clip(np.sqrt(LOSSES_A_SECOND / losses), FEWEST, MOST))
    x, y = (np.linspace(low, high, side) for low, high in limits)
    values = objective(*(axis.ravel() for axis in np.meshgrid(x, y))).reshape(len(y), len(x))
    paths = {label: plane.coordinates(descent.points) for label, descent in descents.items()}
    kept = {k: plane.coordinates(d.kept) for k, d in descents.items() if d.kept is not None}
    height = float(objective(*lowest[:, None])[0])
    start = max(descent.objective[0] for descent in descents.values())
    name = _minimum_label(minimum, height, start, values)
    path_values = {label: _path_heights(objective, path) for label, path in paths.items()}
    surface = {"x": x, "y": y, "values": values}
    drawn = {"paths": paths, "path_values": path_values, "kept": kept}
    marked = {"minimum": lowest, "minimum_value": height, "minimum_label": name}
    labels = {"xlabel": plane.labels[0], "ylabel": plane.labels[1], "is_projected": len(best) > 2}
    return surface | drawn | marked | labels


def _path_heights(objective, path):
    """The objective along a path; of a long one at some points, and linear between them."""
    known = np.isfinite(path).all(axis=1)
    at = thinned(path, np.ptp(path[known], axis=0) + np.finfo(float).tiny)
    return np.interp(np.arange(len(path)), at, objective(*path[at].T))


def _minimum_label(minimum, height, start, heights):
    """The legend's text for the marker of the minimum, at its height in the plane."""
    name = name_of_minimum(minimum.value, heights) if minimum.reached else "lowest point known"
    if height - minimum.value > IN_PLANE * abs(start - minimum.value):
        name += ", projected"
    return name
