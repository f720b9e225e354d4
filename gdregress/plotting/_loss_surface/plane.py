"""The plane of the parameters over which a surface is drawn."""

import textwrap
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from gdregress.plotting._shared.estimators import checked_target

INTERCEPT = "intercept"
# Share of the first principal length below which the second is rounding: the path is straight.
STRAIGHT = 1e-12
# Share of its length by which a way leads out of a line, below which it is rounding.
OUT = 1e-4
# Most characters in a line of a label, which fit along axes that share a figure.
LONGEST = 40


class Plane(NamedTuple):
    """The points origin + u first + v second.

    Attributes
    ----------
    training : Training
    vectors : ndarray of shape (3, n_parameters)
        Origin and directions, flat vectors, see `Training`; the directions are orthonormal.
    in_run_units : bool
        Whether the vectors are in the units of the run, rather than those of ``coef_``.
    labels : tuple of two str
        Labels of the axes.
    """

    training: Any
    vectors: np.ndarray
    in_run_units: bool
    labels: tuple

    def coordinates(self, points):
        """(u, v) of the points of the plane that are nearest to some, in units of ``coef_``."""
        with np.errstate(over="ignore", invalid="ignore"):
            points = self.training.to_run(points) if self.in_run_units else points
            return (points - self.vectors[0]) @ self.vectors[1:].T

    def in_run(self):
        """The vectors in the units of the run."""
        return self.vectors if self.in_run_units else self.training.to_run(self.vectors)


def choose_plane(features, target, names, after, training, ends, visited, further):
    """The plane that ``features`` describes.

    Parameters
    ----------
    features : None, "pca" or pair
        As in `LossSurfaceDisplay.from_estimator`.
    target : int or None
    names : list of str
        Of the features.
    after : str
        Name of the step before the estimator, "" if there is none.
    training : Training
    ends : ndarray
        End of the best descent, a flat vector in the units of ``coef_``.
    visited : ndarray of shape (n_points, n_parameters)
        Points of all descents that the window shows.
    further : dict of str to ndarray of shape (n_points, n_parameters)
        Points through which the plane goes where those lie on a line, by the name of the way.
    """
    if len(ends) < 2:
        raise ValueError(
            "A surface needs two parameters, and this fit has only one: a coefficient without "
            "intercept. DescentPathDisplay.from_function draws functions of one variable."
        )
    if features is None:
        fit_intercept = training.objective.design.fit_intercept
        pair = (0, INTERCEPT) if fit_intercept else (0, 1)
        features = pair if len(ends) == 2 else "pca"
    if isinstance(features, str) and features == "pca":
        return _principal_plane(training, ends, visited, further)
    return _coefficient_plane(features, target, names, after, training, ends)


def _coefficient_plane(features, target, names, after, training, ends):
    """The plane in which two parameters vary and all others keep their last values."""
    pair = list(features) if isinstance(features, (tuple, list, np.ndarray)) else []
    if len(pair) != 2:
        raise ValueError(
            "features must be None, 'pca' or a pair of features by number or name, such as "
            f"(0, 'intercept'). Got {features!r}."
        )
    n_targets, has_intercept = training.n_targets, training.objective.design.fit_intercept
    target = checked_target(target, n_targets, "rows of coef_")
    rows = [_position(feature, names, has_intercept) for feature in pair]
    if rows[0] == rows[1]:
        raise ValueError(f"features must be two different ones. Got {features!r}.")
    directions = np.eye(len(ends))[np.array(rows) * n_targets + target]
    origin = np.where(directions.any(axis=0), 0.0, ends)
    note = (f" for target {target}" if n_targets > 1 else "") + (after and f", after {after}")
    labels = [*(f"coefficient of {name}" for name in names), INTERCEPT]
    labels = tuple(textwrap.fill(labels[row] + note, LONGEST) for row in rows)
    return Plane(training, np.array([origin, *directions]), False, labels)


def _position(feature, names, has_intercept):
    """The row of a feature in the table of parameters."""
    n = len(names)
    if isinstance(feature, Integral) and -n <= int(feature) < n:
        return int(feature) % n
    if isinstance(feature, str) and feature in names:
        return names.index(feature)
    if isinstance(feature, str) and feature == INTERCEPT and has_intercept:
        return len(names)
    known = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    raise ValueError(
        f"features holds {feature!r}, which is none of the {len(names)} features "
        f"({known}){' or the intercept' if has_intercept else ''}."
    )


def _principal_plane(training, end, visited, further):
    """The plane through the end along the first two principal directions of the descents.

    A path that is straight, or shows its start alone as one that diverges at once, leaves a
    direction open: the plane then goes through the minimum.
    """
    end, visited = training.to_run(end), training.to_run(visited)
    # without the rows of zeros a path of one step would have only one direction
    padded = np.vstack([visited - end, np.zeros((2, len(end)))])
    _, lengths, directions = np.linalg.svd(padded, full_matrices=False)
    n_known = int(lengths[0] > 0) + int(lengths[1] > STRAIGHT * lengths[0])
    directions = directions[:n_known]
    largest = np.argmax(abs(directions), axis=1)
    signs = np.sign(np.take_along_axis(directions, largest[:, None], axis=1))
    shares = lengths[:n_known] ** 2 / max(np.sum(lengths**2), np.finfo(float).tiny)
    names = [f"principal direction {i} ({share:.0%})" for i, share in enumerate(shares, start=1)]
    known = dict(zip(names, directions * signs, strict=True))
    further = {name: training.to_run(points) for name, points in further.items()}
    plane = _completed(known, end, further, max(lengths[0], np.linalg.norm(end)))
    return Plane(training, np.array([end, *plane.values()]), True, tuple(plane))


def _completed(known, end, further, scale):
    """Two orthonormal directions by name: those known, and others to points outside their line.

    Ways are rounding that are small beside the scale of the points.
    """
    found = dict(known)
    for name, points in further.items():
        for way in points - end:
            out = way - sum((way @ direction) * direction for direction in found.values())
            length = np.linalg.norm(out)
            if (
                len(found) < 2
                and name not in found
                and length > OUT * max(scale, np.linalg.norm(way))
            ):
                found[name] = out / length
    while len(found) < 2:
        first = next(iter(found.values()), None)
        across = np.eye(len(end))[0] if first is None else _across(first)
        found[f"principal direction {len(found) + 1} (0%)"] = across
    return found


def _across(direction):
    """The unit vector orthogonal to a direction that is closest to the axis least along it."""
    axis = np.zeros(len(direction))
    axis[np.argmin(abs(direction))] = 1.0
    across = axis - (axis @ direction) * direction
    return across / np.linalg.norm(across)
