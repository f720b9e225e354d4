"""What all displays have in common: options, attributes, legends that fit, wrapped models."""

import warnings
from itertools import combinations, pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor, GDRegressorCV, minimize
from gdregress.plotting import (
    CoefficientPathDisplay,
    DescentPathDisplay,
    FitDisplay,
    LearningRateDisplay,
    LossCurveDisplay,
    LossSurfaceDisplay,
    OverviewDisplay,
)
from gdregress.plotting._shared.figure import COLOURS, colours
from gdregress.plotting._shared.lines import line_styles
from gdregress.plotting._shared.panels import panels
from gdregress.plotting._shared.thin import MOST, thinned
from gdregress.plotting.loss_curve import LossCurve

matplotlib.use("Agg")
import matplotlib.pyplot as plt

X, Y = load_diabetes(return_X_y=True)
X = 20 * X[:, [2, 8]]
RATES = {"a rather long name": 0.3, "b": 0.5}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def models():
    parameters = {"optimizer": "gd", "max_iter": 12, "tol": None, "store_path": True}
    return {k: GDRegressor(learning_rate=r, **parameters).fit(X, Y) for k, r in RATES.items()}


@pytest.fixture(scope="module")
def lines():
    parameters = {"optimizer": "gd", "max_iter": 12, "tol": None, "store_path": True}
    return {
        k: GDRegressor(learning_rate=r, **parameters).fit(X[:, :1], Y) for k, r in RATES.items()
    }


def square_paths():
    return {
        k: minimize(np.square, 3.0, jac=lambda x: 2 * x, learning_rate=r, max_iter=6)
        for k, r in RATES.items()
    }


# by name: a display of two models on axes that are given, and the count of its axes
DRAWN = {
    "loss": (lambda m, _, **kw: LossCurveDisplay.from_estimators(m, **kw), 1),
    "gap": (lambda m, _, **kw: LossCurveDisplay.from_estimators(m, y="gap", **kw), 1),
    "surface": (lambda m, _, **kw: LossSurfaceDisplay.from_estimators(m, X, Y, grid=8, **kw), 1),
    "fit": (lambda _, one, **kw: FitDisplay.from_estimators(one, X[:, :1], Y, **kw), 1),
    "predicted": (lambda m, _, **kw: FitDisplay.from_estimators(m, X, Y, **kw), 1),
    "function": (
        lambda *_, **kw: DescentPathDisplay.from_function(np.square, square_paths(), **kw),
        1,
    ),
    "coefficients": (lambda m, _, **kw: CoefficientPathDisplay.from_estimators(m, **kw), 2),
    "rates": (
        lambda m, _, **kw: LearningRateDisplay.from_estimators(
            m, X, Y, learning_rates=[0.1, 1.0, 5.0], **kw
        ),
        2,
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_legends_can_be_left_out_and_labels_set(models, lines, name):
    draw, _ = DRAWN[name]
    kw = {"ax_kw": {"ylabel": "mine", "xlim": (0.5, 2.5)}}
    display = draw(models, lines, legend=False, **kw)
    assert isinstance(display.ax_, Axes)
    assert (display.ax_.get_ylabel(), display.ax_.get_xlim()) == ("mine", (0.5, 2.5))
    assert all(ax.get_legend() is None for ax in display.figure_.axes)


@pytest.mark.parametrize("name", DRAWN)
def test_lines_are_a_list(models, lines, name):
    found = DRAWN[name][0](models, lines).lines_
    assert isinstance(found, list)
    assert all(isinstance(line, Line2D) for line in found)
    assert len(found) >= 2 or name == "predicted"


@pytest.mark.parametrize("name", ["loss", "surface", "fit", "rates"])
def test_one_line_is_styled_by_its_label(models, lines, name):
    kw = {"lw": 1, "alpha": 0.5, "b": {"linewidth": 6, "c": "red"}}
    first, second = DRAWN[name][0](models, lines, line_kw=kw).lines_
    assert (first.get_linewidth(), second.get_linewidth()) == (1, 6)
    assert (first.get_color() == "red", second.get_color() == "red") == (False, True)
    assert first.get_alpha() == second.get_alpha() == 0.5


@pytest.mark.parametrize("name", ["loss", "surface", "fit", "rates", "function"])
def test_a_label_that_is_none_of_theirs_is_named(models, lines, name):
    with pytest.raises(ValueError, match="Keywords are given for 'c', but the lines are a rather"):
        DRAWN[name][0](models, lines, line_kw={"c": {"lw": 3}})


@pytest.mark.parametrize("name", ["surface", "fit", "rates"])
def test_a_model_has_one_colour_in_all_pictures(models, lines, name):
    first, second = DRAWN["loss"][0](models, lines).lines_
    found = DRAWN[name][0](models, lines).lines_
    assert [line.get_color() for line in found] == [first.get_color(), second.get_color()]


def test_a_coefficient_is_styled_by_its_name(models):
    display = CoefficientPathDisplay.from_estimators(models, line_kw={"x1": {"lw": 5}})
    assert [line.get_linewidth() for line in display.lines_] == [1.5, 5, 1.5, 5]


# Legends and labels


def boxes_on_two_axes(draw, n_axes, *models):
    """The boxes of both halves of a plain figure, labels and legends included."""
    figure, axes = plt.subplots(1, 2)
    if n_axes == 2:
        draw(*models, ax=axes)
    else:
        for ax in axes:
            draw(*models, ax=ax)
    figure.draw_without_rendering()
    width, height = figure.bbox.size
    left, right = (ax.get_tightbbox() for ax in axes)
    return left, right, width, height


@pytest.mark.parametrize("name", DRAWN)
def test_labels_and_legends_fit_on_two_plain_axes(models, lines, name):
    draw, n_axes = DRAWN[name]
    left, right, width, height = boxes_on_two_axes(draw, n_axes, models, lines)
    assert left.x1 <= right.x0 + 2
    assert min(left.x0, left.y0, right.y0) > -2
    assert right.x1 < width + 2
    assert max(left.y1, right.y1) < height + 2


@pytest.mark.parametrize("x_scale", ["linear", "log"])
def test_numbers_of_many_epochs_do_not_overlap_in_narrow_axes(x_scale):
    figure, axes = plt.subplots(1, 2)
    curve = LossCurve("a", np.array([0.0, 50_000.0]), np.array([1.0, 0.0]))
    LossCurveDisplay(curves=[curve]).plot(axes[0], x_scale=x_scale)
    figure.draw_without_rendering()
    ticks = [tick.label1 for tick in axes[0].xaxis.get_major_ticks() if tick.label1.get_text()]
    boxes = [label.get_window_extent() for label in ticks]
    assert len(boxes) > 3
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_long_names_of_columns_fit_on_two_plain_axes(models):
    names = ["a name of a column that is too long for one line", "another one of the same length"]
    frame = pd.DataFrame(X, columns=names)
    fits = {name: clone(model).fit(frame, Y) for name, model in models.items()}
    figure, (left, _) = plt.subplots(1, 2)
    LossSurfaceDisplay.from_estimators(fits, frame, Y, features=names, grid=8, ax=left)
    figure.canvas.draw()
    legend, label = left.get_legend().get_window_extent(), left.xaxis.label.get_window_extent()
    assert left.get_xlabel().count("\n") == 1
    assert label.y0 > legend.y1 > legend.y0 > 0
    assert left.yaxis.label.get_window_extent().y1 < figure.bbox.y1


def test_small_axes_keep_their_room(models):
    """Legends that would take all of it are away."""
    many = {f"{name} {i}": model for i in range(3) for name, model in models.items()}
    figure, axes = plt.subplots(2, 2)
    below = axes[0, 0], axes[1, 0]
    for ax in below:
        LossSurfaceDisplay.from_estimators(many, X, Y, grid=5, ax=ax, colorbar=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of axes that have collapsed
        figure.draw_without_rendering()
    assert min(ax.bbox.height for ax in below) > 0.2 * figure.bbox.height
    assert [ax.get_legend() for ax in below] == [None, None]


def test_axes_that_the_user_has_placed_stay_there(models):
    figure, ax = plt.subplots()
    figure.subplots_adjust(right=0.5)
    LossCurveDisplay.from_estimators(models, ax=ax)
    assert figure.get_layout_engine() is None
    assert ax.get_position().x1 == pytest.approx(0.5)


@pytest.mark.parametrize("layout", ["tight", "constrained", "compressed"])
def test_layouts_of_the_user_stay_and_do_not_warn(models, layout):
    figure = plt.figure(layout=layout)
    engine = figure.get_layout_engine()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LossSurfaceDisplay.from_estimators(models, X, Y, grid=5, ax=figure.add_subplot(1, 2, 1))
        figure.draw_without_rendering()
    assert figure.get_layout_engine() is engine


def test_subfigures_hold_displays_and_move(models):
    left, right = plt.figure(layout="constrained").subfigures(1, 2)
    LossCurveDisplay.from_estimators(models, ax=left.subplots())
    display = LossSurfaceDisplay.from_estimators(models, X, Y, grid=5, ax=right.subplots())
    display.animate(right.subplots(), frames=2)
    assert display.figure_ is right


def test_rows_of_new_panels_are_as_even_as_possible():
    shapes = {n: panels(None, n)[0].get_gridspec().get_geometry() for n in (3, 4, 5, 7)}
    assert shapes == {3: (1, 3), 4: (2, 2), 5: (2, 3), 7: (3, 3)}


# Colours


def lightness(colour):
    """L* of CIE 1976, what is left of a colour in a print without."""
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16


def test_lines_differ_without_colour():
    styles = line_styles("abcdefghijkl")
    assert len({style["linestyle"] for style in styles[:4]}) == 4
    for one, other in combinations(styles[:9], 2):
        apart = abs(lightness(one["color"]) - lightness(other["color"])) > 9
        assert apart or one["linestyle"] != other["linestyle"]
    assert len({(style["color"], style["linestyle"]) for style in styles}) == 12
    assert colours(7)[6] == COLOURS[0]


def test_a_single_line_is_unbroken_and_none_has_the_dashes_of_validation_rows():
    first, *others = (style["linestyle"] for style in line_styles("abcd"))
    assert first == "-"
    assert "--" not in others


# Long paths


@pytest.mark.parametrize("n", [1, 2, MOST, MOST + 1, 100_000])
def test_a_path_is_thinned_where_it_hardly_moves(n):
    path = np.cumsum(
        np.random.default_rng(0).normal(size=(n, 2)) / np.arange(1, n + 1)[:, None], 0
    )
    kept = thinned(path, np.ptp(path, axis=0) if n > 1 else (1.0, 1.0))
    assert len(kept) <= MOST
    assert (kept[0], kept[-1]) == (0, n - 1)
    assert (np.diff(kept) > 0).all()
    if n > MOST:
        steps = abs(np.diff(path, axis=0)) / np.ptp(path, axis=0)
        way = np.concatenate([[0], np.cumsum(np.minimum(steps.max(axis=1), 1))])
        assert np.diff(way[kept]).max() <= way[-1] / (MOST - 2) + steps.max()


def test_a_path_that_leaves_the_window_or_overflows_is_thinned():
    path = np.column_stack([np.geomspace(1, 1e308, 5000), np.zeros(5000)])
    path[3000:] = np.inf
    kept = thinned(path, (1.0, 1.0))
    assert len(kept) <= MOST
    assert kept[-1] == 4999


def test_many_epochs_draw_no_more_points_than_few():
    turns = np.linspace(0, 400, 50_000)
    path = np.column_stack([np.cos(turns), np.sin(turns)]) * np.linspace(1, 0.1, 50_000)[:, None]
    bowl = {"xlim": (-1, 1), "ylim": (-1, 1), "grid": 5}
    surface = LossSurfaceDisplay.from_function(lambda x, y: x * x + y * y, path=path, **bowl)
    assert len(surface.lines_[0].get_xdata()) <= MOST
    surface._show_frame(30_000)
    assert len(surface.lines_[0].get_xdata()) <= MOST
    assert_allclose(surface.lines_[0].get_xydata()[-1], path[30_000])
    curve = DescentPathDisplay.from_function(np.square, path[:, 0])
    (points,) = curve.ax_.collections
    assert len(points.get_offsets()) <= MOST


# Wrapped models


@pytest.fixture(scope="module")
def in_logarithms():
    """A model of the logarithm of the target, inside a pipeline inside a transformation."""
    inner = make_pipeline(StandardScaler(), GDRegressor(max_iter=8, tol=None, store_path=True))
    return TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)


@pytest.fixture(scope="module")
def fitted(in_logarithms):
    return in_logarithms.fit(X[:, :1], Y)


def test_the_objective_is_that_of_the_transformed_targets(fitted):
    history = fitted.regressor_[-1].history_["objective"]
    display = LossSurfaceDisplay.from_estimator(fitted, X[:, :1], Y, grid=5)
    assert_allclose(display.path_values["path"], history, rtol=1e-10)
    assert_allclose(LossCurveDisplay.from_estimator(fitted).lines_[0].get_ydata(), history)
    assert CoefficientPathDisplay.from_estimator(fitted).courses[0].coef[-1] == pytest.approx(
        fitted.regressor_[-1].coef_
    )


def test_predictions_are_in_the_units_of_the_targets(fitted):
    display = FitDisplay.from_estimator(fitted, X[:, :1], Y)
    assert_allclose(display.lines[0], fitted.predict(display.grid[:, None]))
    assert_allclose(display.by_epoch[len(display.by_epoch) - 1], display.lines)


def test_rates_are_tried_on_the_transformed_targets(in_logarithms):
    display = LearningRateDisplay.from_estimator(
        in_logarithms, X[:, :1], Y, learning_rates=[0.5, 1.0]
    )
    inner = GDRegressor(max_iter=8, tol=None, learning_rate=0.5)
    inner.fit(StandardScaler().fit_transform(X[:, :1]), np.log(Y))
    assert display.sweeps[0].trials[0].objective == pytest.approx(inner.history_["objective"][-1])


def test_targets_that_are_transformed_differently_have_no_surface_in_common(fitted):
    inner = make_pipeline(StandardScaler(), GDRegressor(max_iter=8, tol=None, store_path=True))
    other = TransformedTargetRegressor(inner, func=np.sqrt, inverse_func=np.square)
    with pytest.raises(ValueError, match="before 'b' transform y differently"):
        LossSurfaceDisplay.from_estimators({"a": fitted, "b": other.fit(X[:, :1], Y)}, X[:, :1], Y)


def test_a_search_of_this_package_shows_what_it_has_found():
    search = GDRegressorCV(alphas=[0.1, 1.0], cv=3).fit(X, Y)
    (line,) = LossCurveDisplay.from_estimator(search).lines_
    assert_allclose(line.get_ydata(), search.best_estimator_.history_["objective"])


# All of them on one figure


def test_the_overview_holds_the_displays(models):
    display = OverviewDisplay.from_estimators(models, X, Y, line_kw={"b": {"lw": 4}})
    assert len(display.axes_) == 5
    assert display.ax_ is display.surface_.ax_
    assert [ax.get_title() for ax in display.coefficients_.axes_] == list(models)
    assert display.fit_.kind == "predicted"
    assert display.loss_.lines_[1].get_linewidth() == display.surface_.lines_[1].get_linewidth()
    display.animate(frames=3)
    display._show_frame(3)
    assert len(display.surface_.lines_[0].get_xdata()) == 4
    assert display.loss_.lines_[0].get_xdata()[-1] == 3
    assert len(display.coefficients_.lines_[0].get_xdata()) == 4


def test_classifiers_of_two_features_have_no_panel_of_a_fit():
    from gdregress import GDClassifier

    parameters = {"optimizer": "gd", "learning_rate": 0.1, "max_iter": 3, "store_path": True}
    model = GDClassifier(**parameters, tol=None).fit(X, Y > 140)
    display = OverviewDisplay.from_estimators({"one": model}, X, Y > 140)
    assert display.fit_ is None
    assert len(display.axes_) == 3


def test_an_overview_of_one_fit_is_that_of_some():
    model = GDRegressor(store_path=True, max_iter=20, tol=None).fit(X, Y)
    display = OverviewDisplay.from_estimator(model, X, Y)
    assert list(display.estimators) == ["GDRegressor"]
    some = OverviewDisplay.from_estimators({"GDRegressor": model}, X, Y)
    assert len(display.axes_) == len(some.axes_)


@pytest.mark.parametrize("cls", [LossSurfaceDisplay, OverviewDisplay, FitDisplay])
@pytest.mark.parametrize("given", [[], GDRegressor()])
def test_models_by_label_are_a_dict(cls, given):
    with pytest.raises(TypeError, match="from_estimators takes a dict such as"):
        cls.from_estimators(given, X, Y)
    with pytest.raises(ValueError, match="Got an empty dict"):
        cls.from_estimators({}, X, Y)
