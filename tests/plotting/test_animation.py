"""Animations show the epochs that their titles state, and end like the still pictures."""

import sys
import warnings

import imageio_ffmpeg
import matplotlib
import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress.plotting.animation import animate_side_by_side, chosen_frames, save_animation
from gdregress.plotting.descent_path import DescentPathDisplay
from gdregress.plotting.fit import FitDisplay
from gdregress.plotting.loss_surface import LossSurfaceDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt

X = np.arange(8.0)[:, None]
Y = 2 * X[:, 0] + np.array([1.0, 0, 2, 1, 0, 1, 2, 1])
EPOCHS = 12


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def model():
    model = GDRegressor(optimizer="gd", store_path=True, max_iter=EPOCHS, tol=None)
    return model.fit(X, Y)


def surface_of(model, **options):
    return LossSurfaceDisplay.from_estimator(model, X, Y, grid=5, colorbar=False, **options)


def parabola_paths():
    rates = {"slow": 0.1, "fast": 0.9}
    paths = {
        k: minimize(lambda x: x * x, 4.0, jac=lambda x: 2 * x, learning_rate=r, max_iter=EPOCHS)
        for k, r in rates.items()
    }
    return DescentPathDisplay.from_function(lambda x: x * x, paths)


def indices_of(animation):
    return list(animation.new_frame_seq())


def test_one_that_is_thrown_away_gives_no_warning(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FuncAnimation.__del__(surface_of(model).animate(frames=3))


def test_a_moving_line_is_in_view_from_its_start():
    far = GDRegressor(store_path=True, max_iter=300, tol=None, learning_rate=0.05)
    display = FitDisplay.from_estimator(far.fit(X, 12 + Y), X, 12 + Y)
    assert display.ax_.get_ylim()[0] > 0
    display.animate(frames=3)
    assert display.ax_.get_ylim()[0] < 0


# Which frames


@pytest.mark.parametrize("n_points", [1, 2, 5])
def test_a_short_run_is_shown_as_a_whole(n_points):
    assert chosen_frames(n_points, 5) == list(range(n_points))


@pytest.mark.parametrize(("n_points", "frames"), [(6, 5), (100, 2), (101, 100), (5000, 100)])
def test_a_long_run_is_thinned_out_towards_its_end(n_points, frames):
    chosen = chosen_frames(n_points, frames)
    assert len(chosen) == frames
    assert chosen[0] == 0 and chosen[-1] == n_points - 1
    assert (np.diff(chosen) >= 1).all()
    if n_points >= frames**2 / 2:
        assert (np.diff(chosen, 2) >= -1).all()


@pytest.mark.parametrize("frames", [1, 0, 2.5, "all"])
def test_frames_are_a_number(frames):
    with pytest.raises(ValueError, match="frames must be an int"):
        chosen_frames(10, frames)


def test_an_animation_has_the_frames_asked_for(model):
    animation = surface_of(model).animate(frames=4, interval=80)
    assert indices_of(animation) == chosen_frames(EPOCHS + 1, 4)
    assert animation.event_source.interval == 80


# What they show


def test_the_path_grows_and_its_head_moves(model):
    display = surface_of(model)
    animation = display.animate(frames=EPOCHS + 1)
    animation._draw_frame(5)
    path = display.paths["path"]
    assert_array_equal(display.lines_[0].get_xydata(), path[:6])
    (head,) = [line for line in display.ax_.lines if line.get_marker() == "s"]
    assert_array_equal(head.get_xydata(), path[5:6])
    assert display.ax_.get_title() == "epoch 5 of 12"


def test_the_head_is_called_now_while_it_moves(model):
    display = surface_of(model)
    display.animate(frames=3)
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()][2] == "now"
    display.plot(colorbar=False)
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()][2] == "end"


def test_in_three_dimensions_it_moves_on_the_surface(model):
    display = surface_of(model)
    animation = display.animate(frames=3, kind="surface")
    animation._draw_frame(4)
    assert_allclose(
        display.lines_[0].get_data_3d()[2], model.history_["objective"][:5], rtol=1e-10
    )


def test_shorter_paths_wait_at_their_end():
    models = {
        str(k): GDRegressor(optimizer="gd", store_path=True, max_iter=k, tol=None).fit(X, Y)
        for k in (3, 9)
    }
    display = LossSurfaceDisplay.from_estimators(models, X, Y, grid=5, colorbar=False)
    display.animate(frames=20)._draw_frame(7)
    assert [len(line.get_xdata()) for line in display.lines_] == [4, 8]


def test_the_line_of_a_fit_moves():
    """From zero, where a rate is given, and else from the mean of y."""
    for rate, start in ((0.5, 0.0), ("auto", Y.mean())):
        final = GDRegressor(store_path=True, optimizer="gd", learning_rate=rate)
        pipeline = make_pipeline(StandardScaler(), final).fit(X, Y)
        display = FitDisplay.from_estimator(pipeline, X, Y)
        animation = display.animate(frames=3)
        animation._draw_frame(0)
        assert_allclose(display.lines_[0].get_ydata(), np.full(200, start), rtol=1e-12)
        animation._draw_frame(display.n_frames - 1)
        assert_allclose(display.lines_[0].get_ydata(), display.lines[0])


def test_the_curve_of_classes_moves():
    model = GDClassifier(store_path=True, max_iter=3, tol=None).fit(X, X[:, 0] > 3)
    display = FitDisplay.from_estimator(model, X, X[:, 0] > 3)
    display.animate(frames=3)._draw_frame(0)
    assert_array_equal(display.lines_[0].get_ydata(), np.full(200, 0.5))


def test_predictions_of_many_features_move(small_data):
    columns, y = small_data
    model = GDRegressor(learning_rate=0.3, store_path=True, max_iter=3, tol=None).fit(columns, y)
    display = FitDisplay.from_estimator(model, columns, y)
    animation = display.animate(frames=3)
    animation._draw_frame(0)
    assert_array_equal(display.points_[0].get_ydata(), np.zeros(23))
    animation._draw_frame(3)
    assert_allclose(display.points_[0].get_ydata(), model.predict(columns))


def test_steps_on_a_curve_appear_one_after_the_other():
    display = parabola_paths()
    display.animate(frames=20)._draw_frame(4)
    for points in display.ax_.collections:
        assert np.isfinite(np.ma.getdata(points.get_offsets())[:, 0]).sum() == 5
    heads = [line for line in display.ax_.lines if line.get_marker() == "s"]
    assert_allclose([h.get_xdata()[0] for h in heads], [4 * 0.8**4, 4 * 0.8**4])
    assert display.ax_.get_title() == "step 4 of 12"


def test_side_by_side_titles_keep_their_names():
    display = parabola_paths()
    display.animate(frames=3, side_by_side=True)._draw_frame(2)
    assert [ax.get_title() for ax in display.axes_] == ["slow", "fast"]
    assert display.figure_.get_suptitle() == "step 2 of 12"


def test_two_displays_move_together(model):
    surface, fit = surface_of(model), FitDisplay.from_estimator(model, X, Y)
    animation = animate_side_by_side(surface, fit, frames=5)
    assert indices_of(animation) == chosen_frames(EPOCHS + 1, 5)
    assert surface.figure_ is fit.figure_
    animation._draw_frame(2)
    assert len(surface.lines_[0].get_xdata()) == 3
    coef, intercept = model.history_.coef[2], model.history_.intercept[2]
    assert_allclose(fit.lines_[0].get_ydata(), coef * fit.grid + intercept)
    assert surface.figure_.get_suptitle() == "epoch 2 of 12"


# What cannot move


def test_displays_of_different_descents_are_refused(model):
    other = GDRegressor(store_path=True, max_iter=3, tol=None).fit(X, Y)
    with pytest.raises(ValueError, match="13 points, the right one 4"):
        animate_side_by_side(surface_of(model), FitDisplay.from_estimator(other, X, Y))


def test_a_display_without_path_stands_still():
    display = FitDisplay.from_estimator(GDRegressor().fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="store_path=True"):
        display.animate()
    with pytest.raises(ValueError, match="no path that could move"):
        LossSurfaceDisplay.from_function(
            lambda x, y: x * x + y * y, xlim=(-1, 1), ylim=(-1, 1), grid=3
        ).animate()


# Files


def small_animation(interval=50):
    x = np.linspace(-5, 5, 11)
    path = np.array([[4.0, 16.0], [2.0, 4.0], [1.0, 1.0]])
    display = DescentPathDisplay(x=x, y=x * x, paths={"path": path})
    return display.animate(plt.subplots(figsize=(2, 2))[1], frames=3, interval=interval)


def test_a_gif_holds_every_frame(tmp_path):
    path = tmp_path / "descent.gif"
    save_animation(small_animation(interval=200), path, dpi=30)
    with Image.open(path) as picture:
        assert (picture.format, picture.n_frames) == ("GIF", 3)
        assert picture.info["duration"] == 200


def test_frames_per_second_may_be_given(tmp_path):
    path = tmp_path / "descent.gif"
    save_animation(small_animation(), str(path), fps=4, dpi=30)
    with Image.open(path) as picture:
        assert picture.info["duration"] == 250


def test_a_page_holds_its_own_frames(tmp_path):
    path = tmp_path / "descent.html"
    save_animation(small_animation(interval=100), path, dpi=30)
    page = path.read_text()
    assert page.count("data:image/png;base64") == 3
    assert list(tmp_path.iterdir()) == [path]


def test_without_ffmpeg_another_format_is_proposed(tmp_path):
    missing = {"animation.ffmpeg_path": str(tmp_path / "ffmpeg")}
    with (
        matplotlib.rc_context(missing),
        pytest.raises(RuntimeError, match=r"install ffmpeg or save as \.gif"),
    ):
        save_animation(small_animation(), tmp_path / "descent.mp4")


def test_with_ffmpeg_there_is_a_film(tmp_path):
    with matplotlib.rc_context({"animation.ffmpeg_path": imageio_ffmpeg.get_ffmpeg_exe()}):
        save_animation(small_animation(), tmp_path / "descent.mp4")
    assert b"ftyp" in (tmp_path / "descent.mp4").read_bytes()[:16]


@pytest.mark.parametrize("name", ["descent", "descent.png"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"must end with \.gif, \.mp4, \.html"):
        save_animation(small_animation(), tmp_path / name)


def test_nothing_is_printed_where_no_one_looks(tmp_path, capfd):
    save_animation(small_animation(), tmp_path / "descent.gif", dpi=30)
    assert capfd.readouterr() == ("", "")


def test_it_works_without_rich(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    save_animation(small_animation(), tmp_path / "descent.gif", dpi=30)
    assert (tmp_path / "descent.gif").exists()


def test_with_rich_a_bar_is_shown_on_a_terminal(tmp_path, monkeypatch, capfd):
    pytest.importorskip("rich")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    save_animation(small_animation(), tmp_path / "descent.gif", dpi=30)
    assert "descent.gif" in capfd.readouterr().err
