"""What a loss surface shows: heights over a plane, and the paths of descents on it."""

import numpy as np

from gdregress.plotting._loss_surface.descents import read_descent
from gdregress.plotting._loss_surface.minimum import find_minimum
from gdregress.plotting._loss_surface.plane import choose_plane
from gdregress.plotting._loss_surface.plane_objective import PlaneObjective
from gdregress.plotting._loss_surface.problem import common_training
from gdregress.plotting._shared.estimators import fitted_estimator
from gdregress.plotting._shared.stored_path import check_stored
from gdregress.plotting._shared.window import window, worth_seeing

# Sides of the grid; between them as many points as take a second or so.
FEWEST, MOST = 25, 60
LOSSES_A_SECOND = 1e8
# Share of the start's height above the minimum that the minimum may lie out of the plane.
IN_PLANE = 1e-6


def surface_of(models, X, y, sample_weight, features, target, grid, xlim, ylim):
    """The data of a `LossSurfaceDisplay`, as keyword arguments.

    Parameters
    ----------
    models : dict of label to fitted estimator or Pipeline
    others
        As in `LossSurfaceDisplay.from_estimator`.
    """
    estimators = {label: fitted_estimator(model) for label, model in models.items()}
    for estimator in estimators.values():
        check_stored(estimator)
    training, names = common_training(models, estimators, X, y, sample_weight)
    descents = {label: read_descent(e, training) for label, e in estimators.items()}
    best, value = _lowest_end(training, descents)
    minimum = find_minimum(next(iter(estimators.values())), training, best, value)
    worth = {k: worth_seeing(d.objective, minimum.value) for k, d in descents.items()}
    moved = np.vstack([d.run_points[worth[label]] for label, d in descents.items()])
    plane = choose_plane(features, target, names, training, best, moved)
    objective = PlaneObjective(training, *_in_run_units(plane, training))
    shadow = _Shadow(plane, training)
    paths = {label: shadow.of_path(descent) for label, descent in descents.items()}
    lowest = shadow.of_point(minimum.point)
    held, middle = [path[worth[label]] for label, path in paths.items()], None
    if minimum.reached:
        held, middle = [*held, lowest], lowest
    xlim, ylim = window(np.vstack(held), middle, objective.reach(), xlim, ylim)
    height = float(objective(*lowest[:, None])[0])
    start = max(descent.objective[0] for descent in descents.values())
    return {
        **_heights(objective, xlim, ylim, _side(grid, training)),
        "paths": paths,
        "path_values": {label: objective(*path.T) for label, path in paths.items()},
        "kept": {k: shadow.of_point(d.kept) for k, d in descents.items() if d.kept is not None},
        "minimum": lowest,
        "minimum_value": height,
        "minimum_label": _label_of(minimum, height, start),
        "xlabel": plane.labels[0],
        "ylabel": plane.labels[1],
        "is_projected": len(best) > 2,
    }


class _Shadow:
    """Where points lie in a plane, or the points in it that are nearest to them."""

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
    """Where the descent that came lowest has ended, and the objective there."""
    ends = [descent.end for descent in descents.values()]
    values = [
        training.objective.value(training.as_parameters(training.to_run(end))) for end in ends
    ]
    lowest = int(np.argmin(values))
    return ends[lowest], values[lowest]


def _in_run_units(plane, training):
    vectors = plane.origin, plane.first, plane.second
    return vectors if plane.in_run_units else [training.to_run(vector) for vector in vectors]


def _side(grid, training):
    """Points along each side of the grid."""
    if grid is not None:
        return grid
    losses = training.objective.n_samples * training.n_targets
    return int(np.clip(np.sqrt(LOSSES_A_SECOND / losses), FEWEST, MOST))


def _heights(objective, xlim, ylim, side):
    """The objective on a grid."""
    x, y = np.linspace(*xlim, side), np.linspace(*ylim, side)
    values = objective(*(axis.ravel() for axis in np.meshgrid(x, y)))
    return {"x": x, "y": y, "values": values.reshape(side, side)}


def _label_of(minimum, height, start):
    """What the marker of the minimum stands for, at its height in the plane."""
    name = "minimum" if minimum.reached else "lowest point known"
    if height - minimum.value > IN_PLANE * abs(start - minimum.value):
        name += ", projected"
    return name
