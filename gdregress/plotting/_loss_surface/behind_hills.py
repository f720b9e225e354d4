"""Lines on a surface in three dimensions, faint where the surface hides them.

matplotlib draws one artist after the other and has no depth buffer: a line is wholly in front of
a surface or wholly behind it.
"""

from typing import cast

import numpy as np
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Line3D
from scipy.interpolate import RegularGridInterpolator

# Opacity of what is behind the surface.
FAINT = 0.35
# Points of the line of sight at which heights are compared.
SAMPLES = 100
# A line lies on the surface: its points look from this share of the vertical axis above it.
LIFT = 0.01


class LineOnHills(Line3D):
    """A line whose points are faint where the surface is between them and the viewer.

    Parameters
    ----------
    hills : tuple of x of shape (n_x,), y of shape (n_y,) and heights of shape (n_y, n_x)
        Evenly spaced positions, and the surface over them.
    *columns : three ndarrays of shape (n_points,)
    **style
        Keywords of ``Line2D``.
    """

    def __init__(self, hills, *columns, **style):
        super().__init__(*columns, **style)
        self.hills = hills

    def draw(self, renderer):
        """Draw all of it faintly, then what is in sight; the axes may have been turned since."""
        columns, alpha, effects = self.get_data_3d(), self.get_alpha(), self.get_path_effects()
        points = np.array(columns, dtype=float)
        seen = np.where(
            is_hidden(points, self.hills, cast(Axes3D, self.axes).get_proj()), np.nan, points
        )
        self.set(alpha=FAINT * (1.0 if alpha is None else alpha), path_effects=[])
        super().draw(renderer)
        self.set(alpha=alpha, path_effects=effects)
        self.set_data_3d(*seen)
        super().draw(renderer)
        self.set_data_3d(*columns)
        self.stale = False


def is_hidden(points, hills, projection):
    """Which points are behind a surface, seen through a projection of matplotlib.

    Parameters
    ----------
    points : ndarray of shape (3, n_points)
    hills : tuple of x, y and heights
    projection : ndarray of shape (4, 4)
        ``Axes3D.get_proj()``; the third coordinate grows away from the viewer.

    Returns
    -------
    ndarray of bool of shape (n_points,)
    """
    x, y, heights = hills
    heights = np.where(np.isfinite(heights), heights, np.nan)
    low, high = np.nanmin(heights), np.nanmax(heights)
    known = np.isfinite(points).all(axis=0)
    corners = np.array(np.meshgrid(x[[0, -1]], y[[0, -1]], [low, high])).reshape(3, -1)
    nearest = _apply(projection, corners)[2].min()
    here = _apply(projection, points[:, known])
    # along the line of sight, from each point to the side of the box that is nearest
    sight = np.repeat(here[:, :, None], SAMPLES, axis=2)
    sight[2] += np.linspace(0, 1, SAMPLES) * np.minimum(nearest - here[2], 0.0)[:, None]
    sight = _apply(np.linalg.inv(projection), sight.reshape(3, -1)).reshape(sight.shape)
    upwards = np.sign(sight[2, :, -1] - sight[2, :, 0])[:, None]
    ground = RegularGridInterpolator((y, x), heights, bounds_error=False)((sight[1], sight[0]))
    with np.errstate(invalid="ignore"):
        above = upwards * (ground - sight[2]) > LIFT * (high - low)
    hidden = np.zeros(points.shape[1], dtype=bool)
    hidden[known] = above.any(axis=1)
    return hidden


def _apply(projection, points):
    """Points of shape (3, n) under a projective map."""
    mapped = projection @ np.vstack([points, np.ones(points.shape[1])])
    return mapped[:3] / mapped[3]
