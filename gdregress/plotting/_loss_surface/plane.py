"""The plane of the parameters over which a surface is drawn."""

import textwrap
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from gdregress.plotting._shared.estimators import checked_target

INTERCEPT = "intercept"
# Share of the first principal length below which the second is rounding: the path is straight.
STRAIGHT = 1e-12
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


def choose_plane(features, target, names, after, training, ends, visited):
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
        Points of all descents.
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
        return _principal_plane(training, ends, visited)
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


def _principal_plane(training, end, visited):
    """The plane through the end along the first two principal directions of the descents."""
    end, visited = training.to_run(end), training.to_run(visited)
    # without the rows of zeros a path of one step would have only one direction
    padded = np.vstack([visited - end, np.zeros((2, len(end)))])
    _, lengths, directions = np.linalg.svd(padded, full_matrices=False)
    if lengths[1] <= STRAIGHT * lengths[0]:
        directions[1] = _across(directions[0])
    largest = np.argmax(abs(directions[:2]), axis=1)
    directions = directions[:2] * np.sign(directions[[0, 1], largest])[:, None]
    total = np.sum(lengths**2)
    labels = tuple(
        f"principal direction {i}" + (f" ({length**2 / total:.0%})" if total > 0 else "")
        for i, length in enumerate(lengths[:2], start=1)
    )
    return Plane(training, np.array([end, *directions]), True, labels)


def _across(direction):
    """The unit vector orthogonal to a direction that is closest to the axis least along it."""
    axis = np.zeros(len(direction))
    axis[np.argmin(abs(direction))] = 1.0
    across = axis - (axis @ direction) * direction
    return across / np.linalg.norm(across)
