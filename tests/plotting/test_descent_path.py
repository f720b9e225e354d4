"""Steps on a curve: the points of the descent, and points outside of the window."""

import matplotlib
import numpy as np
import pytest
from libraries import needed
from numpy.testing import assert_allclose, assert_array_equal

from gdregress import minimize
from gdregress.plotting.descent_path import DescentPathDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def parabola(x):
    return (x - 3) ** 2 + 1


def descended(learning_rate=0.1, start=10.0, max_iter=20):
    return minimize(
        parabola,
        start,
        jac=lambda x: 2 * (x - 3),
        learning_rate=learning_rate,
        max_iter=max_iter,
    )


def drawn(path, **options):
    return DescentPathDisplay.from_function(parabola, path, **options)


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def arrows_of(ax):
    """Where arrows start and end."""
    return [(text.xyann, text.xy) for text in ax.texts if text.arrow_patch is not None]


# What is drawn


def test_the_curve_is_the_function():
    line = drawn(descended(), n_points=50).ax_.lines[0]
    assert_allclose(line.get_ydata(), parabola(line.get_xdata()))
    assert len(line.get_xdata()) == 50


def test_the_points_are_the_path():
    """The published every fifth x of (x - 3)^2 + 1 from 10 at 0.1."""
    display = drawn(descended(max_iter=30))
    points = np.asarray(display.ax_.collections[0].get_offsets())
    published = [10, 5.29376, 3.7516192768, 3.2462906046, 3.0807045053, 3.0264452523]
    assert_allclose(points[:26:5, 0], published)
    assert_allclose(points[:, 1], parabola(points[:, 0]))


def test_the_points_darken():
    alpha = drawn(descended()).ax_.collections[0].get_alpha()
    assert (np.diff(alpha) > 0).all() and alpha[-1] == 1


def test_start_end_and_minimum_are_marked():
    result = descended()
    display = drawn(result)
    marks = {line.get_marker(): line.get_xydata()[0] for line in display.ax_.lines}
    assert_array_equal(marks["o"], [10, 50])
    assert_array_equal(marks["s"], [result.path[-1], parabola(result.path[-1])])
    assert_allclose(marks["*"], [3, 1], atol=1e-6)
    assert legend_of(display) == ["path", "start", "end", "minimum"]


def test_arrows_lead_from_step_to_step():
    arrows = arrows_of(drawn(descended(learning_rate=0.9, max_iter=3)).ax_)
    path = descended(learning_rate=0.9, max_iter=3).path
    assert_allclose([tail[0] for tail, _ in arrows], path[:-1])
    assert_allclose([head[0] for _, head in arrows], path[1:])


@pytest.mark.parametrize(("arrows", "line_is_seen"), [(20, False), (19, True)])
def test_more_steps_than_arrows_are_joined_by_a_line(arrows, line_is_seen):
    display = drawn(descended(), arrows=arrows)
    assert bool(arrows_of(display.ax_)) is not line_is_seen
    (joining,) = [line for line in display.ax_.lines if len(line.get_xdata()) == 21]
    assert joining.get_visible() is line_is_seen


def test_axes_are_labelled():
    ax = drawn(descended(), xlabel="weight", ylabel="cost").ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("weight", "cost")


def test_what_a_diverged_descent_returns_is_marked():
    result = descended(learning_rate=1e3, max_iter=500)
    display = drawn(result)
    (mark,) = [line for line in display.ax_.lines if line.get_marker() == "D"]
    assert_array_equal(mark.get_xydata()[0], [result.x, parabola(result.x)])
    assert "returned" in legend_of(display)


# The window


@pytest.mark.parametrize("start", [10.0, -4.0, 3.0])
def test_the_window_holds_path_and_minimum(start):
    display = drawn(descended(start=start))
    path = display.paths["path"]
    left, right = display.ax_.get_xlim()
    low, high = display.ax_.get_ylim()
    assert left < min(path[:, 0].min(), 3) and max(path[:, 0].max(), 3) < right
    assert low < 1 and path[:, 1].max() < high


def test_of_a_diverging_path_the_beginning_is_shown_and_the_rest_counted():
    path = descended(learning_rate=1.1).path
    display = drawn(path)
    left, right = display.ax_.get_xlim()
    inside = [left <= x <= right for x in path]
    assert 2 <= sum(inside) < 7
    assert legend_of(display)[0] == f"path ({21 - sum(inside)} of 21 points outside)"


@pytest.mark.filterwarnings("error")
def test_a_path_beyond_the_range_of_floats_is_drawn_as_far_as_it_goes():
    display = drawn(descended(learning_rate=1e3, max_iter=500))
    display.figure_.canvas.draw()
    assert display.ax_.get_ylim()[1] < 1000


def test_beside_a_pole_the_path_can_be_seen():
    display = DescentPathDisplay.from_function(lambda x: x + 1 / x, [2.0, 1.5, 1.1], xlim=(0, 3))
    assert display.ax_.get_ylim()[1] < 4


def test_a_falling_line_has_no_minimum():
    display = DescentPathDisplay.from_function(lambda x: -x, [0.0, 1.0, 2.0])
    assert display.minimum is None
    assert legend_of(display) == ["path", "start", "end"]


# Several paths


RATES = (0.01, 0.1, 0.5, 0.9)


def test_paths_on_one_axes_have_colours_and_names():
    display = drawn({f"rate {r}": descended(r) for r in RATES})
    assert legend_of(display)[:4] == [f"rate {r}" for r in RATES]
    colours = {tuple(c.get_facecolor()[0, :3]) for c in display.ax_.collections}
    assert len(colours) == len(display.ax_.collections) == 4


def test_paths_side_by_side_have_titles_and_one_window():
    display = drawn({f"rate {r}": descended(r) for r in RATES}, side_by_side=True)
    assert [ax.get_title() for ax in display.axes_] == [f"rate {r}" for r in RATES]
    assert len({ax.get_xlim() for ax in display.axes_}) == 1
    assert [len(ax.collections) for ax in display.axes_] == [1, 1, 1, 1]
    assert [bool(ax.get_xlabel()) for ax in display.axes_] == [False, False, True, True]
    assert [bool(ax.get_ylabel()) for ax in display.axes_] == [True, False, True, False]


def test_paths_on_the_same_axes_have_markers_of_their_own():
    paths = {"a": descended(0.1), "b": descended(0.9)}
    for side_by_side, n_markers in ((False, 2), (True, 1)):
        display = drawn(paths, side_by_side=side_by_side)
        points = [each for ax in display.axes_ for each in ax.collections]
        assert len(points) == 2
        assert len({str(each.get_paths()[0].vertices) for each in points}) == n_markers


def test_axes_side_by_side_may_be_given():
    axes = plt.subplots(1, 2)[1]
    display = drawn({"a": descended(0.1), "b": descended(0.9)}, side_by_side=True, ax=axes)
    assert display.axes_[0] is axes[0] and display.axes_[1] is axes[1]


# What a path is


@pytest.mark.parametrize(
    "path",
    [[4.0, 2.0, 3.0], (4, 2, 3), np.array([4.0, 2.0, 3.0]), [[4.0], [2.0], [3.0]]],
)
def test_a_path_is_any_sequence_of_numbers(path):
    display = drawn(path)
    assert_array_equal(np.ravel(display.paths["path"]), [4, 2, 2, 2, 3, 1])


def test_tensors_are_handed_to_a_function_of_tensors():
    torch = needed("torch")
    result = minimize(torch.cosh, torch.tensor(2.0, dtype=torch.float64), max_iter=5)
    display = DescentPathDisplay.from_function(torch.cosh, result)
    assert_allclose(display.y, np.cosh(display.x))


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ([[1.0, 2.0]], ValueError, "must hold one number each"),
        ([], ValueError, "no points"),
        ({}, ValueError, "empty dict"),
        (["a"], TypeError, "real numbers"),
        (minimize(parabola, 1.0, store_path=False), ValueError, "store_path=True"),
    ],
)
def test_other_paths_are_refused(path, error, message):
    with pytest.raises(error, match=message):
        drawn(path)


def test_a_function_that_is_finite_nowhere_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        DescentPathDisplay.from_function(np.log, [-1.0, -2.0])


@pytest.mark.parametrize("options", [{"xlim": (1, 1)}, {"n_points": 2}])
def test_bad_options_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        drawn(descended(), **options)


def test_too_few_axes_are_refused():
    with pytest.raises(ValueError, match="ax must hold 2 Axes"):
        drawn({"a": [1.0], "b": [2.0]}, side_by_side=True, ax=plt.subplots()[1])


def test_a_minimum_beside_a_deeper_one_is_called_local():
    def two_valleys(x):
        return (x * x - 4) ** 2 / 8 + x / 2

    path = [2.9, 2.4, 2.0, 1.861]
    for xlim, name in (((1, 3), "minimum"), ((-3, 3), "local minimum")):
        display = DescentPathDisplay.from_function(two_valleys, path, xlim=xlim)
        texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert [text for text in texts if "minimum" in text] == [name]


def test_a_minimum_outside_the_window_is_not_in_the_legend():
    display = DescentPathDisplay.from_function(np.square, [3.0, 2.0, 1.0], xlim=(0.5, 3.5))
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert not [text for text in texts if "minimum" in text]
