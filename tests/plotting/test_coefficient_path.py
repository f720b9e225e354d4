"""The coefficient path shows the coefficients of every epoch, the largest by name."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

from gdregress import GDClassifier, GDRegressor
from gdregress.plotting.coefficient_path import CoefficientCourse, CoefficientPathDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def regressor(**parameters):
    return GDRegressor(**{"max_iter": 6, "tol": None, "store_path": True, **parameters})


def legend_texts(display):
    """The names beside the axes, from the highest end on, and what follows them."""
    legend = display.axes_[-1].get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def path(*last, n=3, intercept=None, **given):
    """A display whose coefficients grow evenly to the given ones."""
    last = np.array(last, dtype=float)
    course = CoefficientCourse(np.arange(n), np.linspace(0, 1, n)[:, None] * last, intercept)
    names = [f"x{j}" for j in range(len(last))]
    return CoefficientPathDisplay(courses=[course], feature_names=names, **given)


# What is drawn


def test_lines_are_the_coefficients_of_every_epoch(small_data):
    model = regressor().fit(*small_data)
    display = CoefficientPathDisplay.from_estimator(model)
    coef = np.array(model.history_.coef)
    assert len(display.lines_) == 3
    for j, line in enumerate(display.lines_):
        assert_array_equal(line.get_xdata(), model.history_["epoch"])
        assert_array_equal(line.get_ydata(), coef[:, j])


def test_intercept_if_asked_for(small_data):
    model = regressor().fit(*small_data)
    display = CoefficientPathDisplay.from_estimator(model, intercept=True)
    assert_array_equal(display.lines_[3].get_ydata(), model.history_.intercept)
    assert "intercept" in legend_texts(display)


@pytest.mark.parametrize("target", [0, 1])
def test_one_of_several_targets(small_data, target):
    X, y = small_data
    model = regressor().fit(X, np.column_stack([y, -2 * y]))
    display = CoefficientPathDisplay.from_estimator(model, target=target, intercept=True)
    last = [line.get_ydata()[-1] for line in display.lines_]
    assert_array_equal(last, [*model.coef_[target], model.intercept_[target]])
    assert display.ax_.get_ylabel() == f"coefficient, target {target}"


def test_one_of_several_classes():
    X, y = load_iris(return_X_y=True)
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    model = GDClassifier(store_path=True, max_iter=5, tol=None).fit(X, labels)
    display = CoefficientPathDisplay.from_estimator(model, target=2)
    assert_array_equal([line.get_ydata()[-1] for line in display.lines_], model.coef_[2])
    assert display.ax_.get_ylabel() == "coefficient, class virginica"


def test_two_classes_have_one_row(small_data):
    X, y = small_data
    model = GDClassifier(store_path=True, max_iter=5, tol=None).fit(X, y > 3)
    display = CoefficientPathDisplay.from_estimator(model)
    assert_array_equal([line.get_ydata()[-1] for line in display.lines_], model.coef_[0])
    assert display.ax_.get_ylabel() == "coefficient"


def test_epochs_of_partial_fit_count_from_the_first_that_was_stored(small_data):
    model = regressor(store_path=False).partial_fit(*small_data)
    model.set_params(store_path=True)
    for _ in range(2):
        model.partial_fit(*small_data)
    line = CoefficientPathDisplay.from_estimator(model).lines_[0]
    assert_array_equal(line.get_xdata(), [2, 3])
    assert line.get_ydata()[-1] == model.coef_[0]


def test_coefficients_that_are_not_finite_leave_a_gap():
    course = CoefficientCourse(np.arange(3), np.array([[0.0, 0.0], [1.0, 5.0], [2.0, np.inf]]))
    display = CoefficientPathDisplay(courses=[course], feature_names=["a", "b"]).plot()
    assert_array_equal(display.lines_[1].get_ydata(), [0, 5, np.nan])
    assert legend_texts(display) == ["b", "a"]
    display.figure_.canvas.draw()


# Names


def test_names_of_the_columns(small_data):
    X, y = small_data
    model = regressor().fit(pd.DataFrame(X, columns=["red", "green", "blue"]), y)
    display = CoefficientPathDisplay.from_estimator(model)
    assert set(legend_texts(display)) == {"red", "green", "blue"}
    assert display.feature_names == ["red", "green", "blue"]


def test_columns_without_names_are_numbered(small_data):
    display = CoefficientPathDisplay.from_estimator(regressor().fit(*small_data))
    assert set(legend_texts(display)) == {"x0", "x1", "x2"}


@pytest.mark.parametrize(
    "step, expected",
    [
        (StandardScaler(), ["red", "green", "blue"]),
        (
            PolynomialFeatures(2, interaction_only=True, include_bias=False),
            ["red", "green", "blue", "red green", "red blue", "green blue"],
        ),
        (FunctionTransformer(np.asarray), ["x0", "x1", "x2"]),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_names_of_the_columns_that_a_pipeline_makes(small_data, step, expected, nested):
    X, y = small_data
    X = pd.DataFrame(X, columns=["red", "green", "blue"])
    last = make_pipeline("passthrough", regressor()) if nested else regressor()
    model = make_pipeline(step, last).fit(X, y)
    display = CoefficientPathDisplay.from_estimator(model)
    assert display.feature_names == expected
    assert display.ax_.get_ylabel() == "coefficient of the transformed columns"


def test_only_the_largest_have_names_the_others_are_faint():
    display = path(0.5, -4, 1, 3).plot(max_features=2)
    assert [line.get_alpha() for line in display.lines_] == [0.3, None, 0.3, None]
    assert legend_texts(display) == ["x3", "x1", "2 smaller coefficients"]


def test_intercept_has_a_name_however_small():
    display = path(5, 4, intercept=np.array([0.0, 0.1, 0.1])).plot(max_features=1)
    assert legend_texts(display) == ["x0", "intercept", "1 smaller coefficients"]


def test_no_names_at_all():
    display = path(2, 1).plot(max_features=0)
    assert legend_texts(display) == ["2 smaller coefficients"]


def test_many_without_a_name_are_a_band():
    last = np.arange(1.0, 43.0)
    display = path(*last).plot(max_features=2)
    assert len(display.lines_) == 2
    whole, half = (shade.get_paths()[0].vertices for shade in display.ax_.collections)
    assert whole[whole[:, 0] == 2, 1].min() == 1
    assert whole[whole[:, 0] == 2, 1].max() == 40
    assert_allclose(half[half[:, 0] == 2, 1].min(), np.quantile(last[:40], 0.25))
    assert legend_texts(display) == ["x41", "x40", "40 smaller coefficients", "their middle half"]


def test_names_are_in_the_order_of_the_ends():
    display = path(2, -3, 0.5).plot()
    legend = display.ax_.get_legend()
    assert legend_texts(display) == ["x0", "x2", "x1"]
    handles = [line.get_color() for line in legend.get_lines()]
    assert handles == [display.lines_[j].get_color() for j in (0, 2, 1)]


def test_names_are_beside_the_axes_and_in_the_figure():
    display = path(*np.linspace(1, 1.001, 10), 5).plot(max_features=11)
    display.figure_.canvas.draw()
    box = display.ax_.get_legend().get_window_extent()
    assert box.x0 >= display.ax_.bbox.x1
    assert box.x1 <= display.figure_.bbox.x1 and box.height <= display.figure_.bbox.height


def test_long_names_are_below_the_axes(small_data):
    X = pd.DataFrame(small_data[0], columns=["a name " * 6, "b", "c"])
    display = CoefficientPathDisplay.from_estimator(regressor().fit(X, small_data[1]))
    display.figure_.canvas.draw()
    assert display.ax_.get_legend().get_window_extent().y1 <= display.ax_.bbox.y0


# The reference


def test_reference_is_dashed_in_the_colour_of_its_coefficient():
    display = path(3, -2, reference=np.array([3.5, -2.5])).plot()
    assert [line.get_ydata()[0] for line in display.reference_lines_] == [3.5, -2.5]
    for j, line in enumerate(display.reference_lines_):
        assert line.get_linestyle() == "--"
        assert line.get_color() == display.lines_[j].get_color()
    assert legend_texts(display) == ["x0", "x1", "reference"]


def test_reference_only_of_coefficients_with_a_name():
    display = path(3, -2, reference=np.array([3.5, -2.5])).plot(max_features=1)
    assert [line.get_ydata()[0] for line in display.reference_lines_] == [3.5]


def test_reference_with_the_intercept(small_data):
    model = regressor().fit(*small_data)
    display = CoefficientPathDisplay.from_estimator(
        model, reference=[1, -2, 0.5, 3], intercept=True
    )
    assert sorted(line.get_ydata()[0] for line in display.reference_lines_) == [-2, 0.5, 1, 3]


def test_axis_holds_the_reference():
    low, high = path(1, reference=np.array([9.0])).plot().ax_.get_ylim()
    assert low < 0 < 9 < high


# Axes


def test_draws_on_the_axes_that_are_given():
    figure, ax = plt.subplots()
    display = path(1)
    assert display.plot(ax) is display
    assert (display.ax_, display.figure_) == (ax, figure)


@pytest.mark.parametrize("x_scale, drawn", [("linear", "linear"), ("log", "symlog")])
def test_scale_of_the_epochs(x_scale, drawn):
    ax = path(1).plot(x_scale=x_scale).ax_
    assert ax.get_xscale() == drawn
    assert ax.get_xlabel() == ("epoch (log scale)" if x_scale == "log" else "epoch")


def test_epochs_are_logarithmic_where_all_happens_at_once():
    coef = np.array([[0.0], *[[1.0]] * 60])
    course = CoefficientCourse(np.arange(61), coef)
    display = CoefficientPathDisplay(courses=[course], feature_names=["a"])
    assert display.plot().ax_.get_xscale() == "symlog"
    assert path(1, n=61).plot().ax_.get_xscale() == "linear"


def test_line_kw_is_passed_on_to_lines_with_names():
    display = path(2, 1).plot(max_features=1, line_kw={"lw": 5})
    assert [line.get_linewidth() for line in display.lines_] == [5, 0.8]


# What is not accepted


def test_path_has_to_be_stored(small_data):
    model = regressor(store_path=False).fit(*small_data)
    with pytest.raises(ValueError, match="store_path=True"):
        CoefficientPathDisplay.from_estimator(model)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        CoefficientPathDisplay.from_estimator(make_pipeline(StandardScaler(), regressor()))


def test_other_estimators_are_refused(small_data):
    with pytest.raises(TypeError, match="Got Ridge"):
        CoefficientPathDisplay.from_estimator(Ridge().fit(*small_data))


@pytest.mark.parametrize("target", [None, 2, -1, 0.0])
def test_target_has_to_exist(small_data, target):
    X, y = small_data
    model = regressor().fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match=f"one of the 2 targets, from 0 to 1. Got {target!r}"):
        CoefficientPathDisplay.from_estimator(model, target=target)


def test_error_for_a_missing_class_names_the_classes():
    X, y = load_iris(return_X_y=True)
    model = GDClassifier(store_path=True, max_iter=2, tol=None).fit(X, y)
    with pytest.raises(ValueError, match=r"one of the 3 classes \[0, 1, 2\], from 0 to 2"):
        CoefficientPathDisplay.from_estimator(model)


@pytest.mark.parametrize("reference", [[1, 2], [1, 2, 3, 4], [[1, 2, 3]], [1, 2, np.nan]])
def test_reference_of_another_shape(small_data, reference):
    model = regressor().fit(*small_data)
    with pytest.raises(ValueError, match=r"finite numbers in the shape \(3,\). Got shape"):
        CoefficientPathDisplay.from_estimator(model, reference=reference)


@pytest.mark.parametrize("max_features", [-1, 1.5, "all"])
def test_max_features_is_a_count(max_features):
    with pytest.raises(ValueError, match="max_features must be an int of at least 0"):
        path(1).plot(max_features=max_features)


# Two or more models, and motion


def test_models_are_side_by_side_in_the_same_colours(small_data):
    models = {"a": regressor().fit(*small_data), "b": regressor(max_iter=3).fit(*small_data)}
    display = CoefficientPathDisplay.from_estimators(models, intercept=True, reference=[1, 2, 3])
    assert [ax.get_title() for ax in display.axes_] == ["a", "b"]
    n = len(display.lines_) // 2
    for one, other in zip(display.lines_[:n], display.lines_[n:], strict=True):
        assert one.get_color() == other.get_color()
    for model, lines in zip(
        models.values(), (display.lines_[:n], display.lines_[n:]), strict=True
    ):
        values = np.column_stack([model.history_.coef, model.history_.intercept])
        assert_array_equal(np.transpose([line.get_ydata() for line in lines]), values)
    assert len(display.reference_lines_) == 6


def test_models_of_other_columns_are_refused(small_data):
    X, y = small_data
    models = {"a": regressor().fit(X, y), "b": regressor().fit(X[:, :2], y)}
    with pytest.raises(ValueError, match="coefficients of the same columns, but 'b' has"):
        CoefficientPathDisplay.from_estimators(models)


def test_lines_and_band_grow():
    display = path(*np.arange(1.0, 43.0), n=5).plot(max_features=1)
    display.animate(frames=5)
    display._show_frame(2)
    assert len(display.lines_[0].get_xdata()) == 3
    low, high = display.ax_.transData.transform([(0, 0), (2, 0)])[:, 0]
    for shade in display.ax_.collections:
        assert_allclose(shade.get_clip_box().intervalx, [low, high])
