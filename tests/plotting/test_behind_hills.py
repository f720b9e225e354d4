"""Parts of lines that a surface in three dimensions hides are found and drawn faintly."""

import matplotlib
import numpy as np
import pytest

from gdregress.plotting._loss_surface.behind_hills import LineOnHills, is_hidden
from gdregress.plotting.loss_surface import LossSurfaceDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt

X, Y = np.linspace(-3, 3, 61), np.linspace(-3, 3, 61)
# a wall along x at y = 0, on a plane of height 0
WALL = np.exp(-((np.meshgrid(X, Y)[1] / 0.5) ** 2))


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def projection(elev, azim, proj_type="persp"):
    ax = plt.figure().add_subplot(projection="3d")
    ax.plot_surface(*np.meshgrid(X, Y), WALL)
    ax.set_proj_type(proj_type)
    ax.view_init(elev=elev, azim=azim)
    return ax.get_proj()


@pytest.mark.parametrize("proj_type", ["persp", "ortho"])
@pytest.mark.parametrize(
    "azim, elev, before, behind",
    [
        (-90, 15, False, True),  # the viewer is at y = -infinity, low
        (90, 15, True, False),  # and on the other side
        (-90, 90, False, False),  # and above
        (-90, -90, False, False),  # and below
        (0, 15, False, False),  # and along the wall
    ],
)
def test_a_wall_hides_what_is_behind_it(azim, elev, before, behind, proj_type):
    points = np.array([[0.0, 0.0], [-1.5, 1.5], [0.0, 0.0]])
    found = is_hidden(points, (X, Y, WALL), projection(elev, azim, proj_type))
    assert found.tolist() == [before, behind]


def test_the_top_of_the_wall_is_seen():
    points = np.array([[0.0], [0.0], [1.0]])
    assert not is_hidden(points, (X, Y, WALL), projection(15, -90)).any()


def test_what_is_not_finite_is_not_hidden_and_hides_nothing():
    heights = np.where(WALL > 0.5, np.nan, 0.0)
    heights[-1, -1] = 1.0  # far from the line of sight
    points = np.array([[0.0, np.nan], [1.5, 1.5], [0.0, 0.0]])
    assert not is_hidden(points, (X, Y, heights), projection(3, -90)).any()


def drawn_red(azim):
    """How red the pixels are of a line behind or before the wall."""
    figure = plt.figure(figsize=(3, 3))
    ax = figure.add_subplot(projection="3d")
    ax.set_axis_off()
    ax.set(xlim=(-3, 3), ylim=(-3, 3), zlim=(0, 1))
    ax.view_init(elev=15, azim=azim)
    line = LineOnHills((X, Y, WALL), *np.array([[-1, 1], [1.5, 1.5], [0, 0]]), color="red", lw=5)
    ax.add_line(line)
    figure.canvas.draw()
    assert line.get_alpha() is None  # as it was before
    assert line.get_data_3d()[1].tolist() == [1.5, 1.5]
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
    return np.max(pixels[..., 0] - pixels[..., 1])


def test_a_hidden_line_is_faint_and_appears_when_the_axes_are_turned():
    assert 40 < drawn_red(-90) < 120
    assert drawn_red(90) == 255


def test_the_paths_of_a_surface_know_its_hills():
    display = LossSurfaceDisplay.from_function(
        lambda x, y: np.exp(-((y / 0.5) ** 2)),
        path=[[0.0, 2.0], [0.0, 1.5]],
        xlim=(-3, 3),
        ylim=(-3, 3),
        grid=30,
        kind="surface",
    )
    (line,) = display.lines_
    assert isinstance(line, LineOnHills)
    np.testing.assert_array_equal(line.hills[2], display.values)
