"""The data of a loss surface: the objective over a plane, and the paths of descents on it."""

import numpy as np

from gdregress.plotting._loss_surface.descents import read_descent
from gdregress.plotting._loss_surface.minimum import find_minimum
from gdregress.plotting._loss_surface.plane import choose_plane
from gdregress.plotting._loss_surface.plane_objective import PlaneObjective
from gdregress.plotting._loss_surface.problem import common_training
from gdregress.plotting._shared.estimators import fitted_estimator
from gdregress.plotting._shared.stored_path import check_stored
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
    estimators = {label: fitted_estimator(model) for label, model in models.items()}
    for estimator in estimators.values():
        check_stored(estimator)
    training, names = common_training(models, estimators, X, y, sample_weight)
    descents = {label: read_descent(e, training) for label, e in estimators.items()}
    best, value = _lowest_end(training, descents)
    minimum = find_minimum(next(iter(estimators.values())), training, best, value)
    is_shown = {k: points_to_show(d.objective, minimum.value) for k, d in descents.items()}
    visited = np.vstack([d.run_points[is_shown[label]] for label, d in descents.items()])
    plane = choose_plane(features, target, names, training, best, visited)
    objective = PlaneObjective(training, *_in_run_units(plane, training))
    projection = _Projection(plane, training)
    paths = {label: projection.of_path(descent) for label, descent in descents.items()}
    lowest = projection.of_point(minimum.point)
    shown, middle = [path[is_shown[label]] for label, path in paths.items()], None
    if minimum.reached:
        shown, middle = [*shown, lowest], lowest
    xlim, ylim = window(np.vstack(shown), middle, objective.effect_of_unit(), xlim, ylim)
    height = float(objective(*lowest[:, None])[0])
    start = max(descent.objective[0] for descent in descents.values())
    heights = _heights(objective, xlim, ylim, _side(grid, training))
    return {
        **heights,
        "paths": paths,
        "path_values": {label: _path_heights(objective, path) for label, path in paths.items()},
        "kept": {
            label: projection.of_point(descent.kept)
            for label, descent in descents.items()
            if descent.kept is not None
        },
        "minimum": lowest,
        "minimum_value": height,
        "minimum_label": _minimum_label(minimum, height, start, heights["values"]),
        "xlabel": plane.labels[0],
        "ylabel": plane.labels[1],
        "is_projected": len(best) > 2,
    }


class _Projection:
    """The orthogonal projection of paths and points onto a plane, as coordinates in it."""

    def __init__(self, plane, training):
        self.plane = plane
        self.training = training

    def of_path(self, descent):
        points = descent.run_points if self.plane.in_run_units else descent.points
        with np.errstate(over="ignore", invalid="ignore"):
            return self.plane.coordinates(points)

    def of_point(self, point):
        point = self.training.to_run(point) if self.plane.in_run_units else point
        return self.plane.coordinates(point)[0]


def _lowest_end(training, descents):
    """The lowest end of all descents, and the objective there."""
    ends = [descent.end for descent in descents.values()]
    values = [
        training.objective.value(training.as_parameters(training.to_run(end))) for end in ends
    ]
    lowest = int(np.argmin(values))
    return ends[lowest], values[lowest]


def _in_run_units(plane, training):
    vectors = plane.origin, plane.first, plane.second
    return vectors if plane.in_run_units else [training.to_run(vector) for vector in vectors]


def _side(grid, training) -> int:
    """Points along each side of the grid."""
    if grid is not None:
        return grid
    losses = training.objective.n_samples * training.n_targets
    return int(np.clip(np.sqrt(LOSSES_A_SECOND / losses), FEWEST, MOST))


def _heights(objective, xlim, ylim, side):
    """The objective on a grid."""
    x, y = (np.linspace(low, high, side) for low, high in (xlim, ylim))
    values = objective(*(axis.ravel() for axis in np.meshgrid(x, y)))
    return {"x": x, "y": y, "values": values.reshape(side, side)}


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
