"""A fit is drawn in the units of the data, as the model predicts it."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import Quantile
from gdregress.plotting.fit import FitDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


DEPTH = np.arange(1, 9)[:, None] / 2
TEMPERATURE = np.array([30.0, 45, 58, 72, 88, 97, 115, 128])


def drawn(model, X=DEPTH, y=TEMPERATURE, **options):
    return FitDisplay.from_estimator(model.fit(X, y), X, y, **options)


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# One feature


@pytest.mark.parametrize(
    "model", [GDRegressor(), make_pipeline(StandardScaler(), GDRegressor()), LinearRegression()]
)
def test_the_line_is_in_original_units(model):
    line = drawn(model).lines_[0]
    exact = np.polyfit(DEPTH[:, 0], TEMPERATURE, 1)
    assert_allclose(line.get_ydata(), np.polyval(exact, line.get_xdata()), rtol=1e-3)


def test_the_rows_are_the_data():
    (points,) = drawn(GDRegressor()).points_
    assert_array_equal(points.get_xdata(), DEPTH[:, 0])
    assert_array_equal(points.get_ydata(), TEMPERATURE)


def test_the_line_reaches_beyond_the_data_on_both_sides():
    display = drawn(GDRegressor(), n_points=7)
    assert len(display.grid) == 7
    assert display.grid[0] < 0.5 and display.grid[-1] > 4
    assert display.ax_.get_xlim() == (display.grid[0], display.grid[-1])


def test_a_log_link_gives_a_curve():
    model = GDRegressor("poisson")
    display = drawn(model)
    expected = np.exp(model.coef_[0] * display.grid + model.intercept_)
    assert_allclose(display.lines_[0].get_ydata(), expected)


def test_references_are_drawn_beside_it():
    display = drawn(GDRegressor(), reference=lambda x: 18 + 27 * x)
    dashed = [line for line in display.ax_.lines if line.get_label() == "reference"]
    assert_allclose(dashed[0].get_ydata(), 18 + 27 * display.grid)
    assert dashed[0].get_linestyle() == "--"
    assert legend_of(display) == ["data", "fit", "reference"]


def test_several_references_have_labels():
    lines = {"true line": lambda x: 2 * x, "flat": lambda x: 70.0}
    display = drawn(GDRegressor(), reference=lines)
    assert legend_of(display) == ["data", "fit", "true line", "flat"]
    assert (display.references["flat"] == 70).all()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_name_the_axes(library):
    frames = pytest.importorskip(library)
    X = frames.DataFrame({"depth (km)": DEPTH[:, 0]})
    y = frames.Series(TEMPERATURE, name="temperature") if library == "pandas" else TEMPERATURE
    ax = drawn(make_pipeline(StandardScaler(), GDRegressor()), X, y).ax_
    assert ax.get_xlabel() == "depth (km)"
    assert ax.get_ylabel() == ("temperature" if library == "pandas" else "y")


def test_a_sparse_column_is_a_column():
    display = drawn(GDRegressor(), sparse.csr_array(DEPTH))
    assert_array_equal(display.x, DEPTH[:, 0])
    assert_allclose(display.lines, drawn(GDRegressor()).lines, rtol=1e-6)


def test_of_several_targets_one_is_drawn():
    y = np.column_stack([TEMPERATURE, -TEMPERATURE])
    display = drawn(GDRegressor(), y=y, target=1)
    assert_array_equal(display.y, -TEMPERATURE)
    assert_allclose(display.lines[0], -drawn(GDRegressor()).lines[0], rtol=1e-6)
    assert display.ylabel == "y1"


# Classes


def test_the_curve_of_two_classes_is_the_probability_of_the_second():
    y = np.where(DEPTH[:, 0] > 2.2, "warm", "cold")
    y[[2, 5]] = y[[5, 2]]
    model = GDClassifier(alpha=0.01)
    display = drawn(model, y=y)
    assert_allclose(display.lines[0], model.predict_proba(display.grid[:, None])[:, 1])
    assert legend_of(display) == ["cold", "warm", "P(warm)", "threshold"]
    assert (display.ax_.get_ylabel(), display.threshold) == ("probability", 0.5)
    assert_array_equal(display.y, (y == "warm").astype(float))
    assert [len(points.get_xdata()) for points in display.points_] == [4, 4]


def test_classes_without_probability_show_the_decision_function():
    model = GDClassifier("hinge", alpha=0.01, standardize=True)
    display = drawn(model, y=DEPTH[:, 0] > 2.2)
    assert_allclose(display.lines[0], model.decision_function(display.grid[:, None]))
    assert set(display.y) == {-1.0, 1.0}
    assert (display.ax_.get_ylabel(), display.threshold) == ("decision function", 0)


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_three_classes_have_a_curve_each_and_their_rows_below(loss):
    y = np.digitize(DEPTH[:, 0], [1.7, 3.2])
    display = drawn(GDClassifier(loss, alpha=0.01, tol=1e-2), y=y)
    names = [f"P({k})" for k in range(3)] if loss == "log_loss" else ["0", "1", "2"]
    assert legend_of(display) == names
    assert display.y.max() < display.lines.min()
    assert len(set(display.y)) == 3
    for line, points in zip(display.lines_, display.points_, strict=True):
        assert line.get_color() == points.get_color()


def test_other_classifiers_are_drawn_too():
    model = LogisticRegression()
    display = drawn(model, y=DEPTH[:, 0] > 2.2)
    assert_allclose(display.lines[0], model.predict_proba(display.grid[:, None])[:, 1])


# More features


def test_more_features_show_predicted_against_actual(small_data):
    X, y = small_data
    model = make_pipeline(StandardScaler(), GDRegressor())
    display = drawn(model, X, y)
    (points,) = display.points_
    assert_array_equal(points.get_xdata(), y)
    assert_array_equal(points.get_ydata(), model.predict(X))
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("actual y", "predicted y")
    (diagonal,) = [line for line in ax.lines if line.get_label() == "predicted = actual"]
    assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert ax.get_xlim() == ax.get_ylim()


def test_a_feature_of_words_is_no_axis():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"place": list("abcdabcd")})
    display = drawn(make_pipeline(OneHotEncoder(), GDRegressor()), X)
    assert display.kind == "predicted"


# After every epoch


@pytest.mark.parametrize("steps", [[], [StandardScaler()]])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_the_line_of_an_epoch_is_that_of_its_parameters(steps, loss):
    final = GDRegressor(loss, store_path=True, max_iter=6, tol=None)
    model = make_pipeline(*steps, final)
    display = drawn(model)
    columns = model[:-1].transform(display.grid[:, None]) if steps else display.grid[:, None]
    assert len(display.by_epoch) == 7
    for epoch in (0, 3, 6):
        history = model[-1].history_
        z = columns @ history.coef[epoch] + history.intercept[epoch]
        expected = np.exp(z) if loss == "poisson" else z
        assert_allclose(display.by_epoch[epoch][0], expected, rtol=1e-12)
    assert_allclose(display.by_epoch[-1], display.lines)


def test_so_are_the_curves_of_classes():
    y = np.digitize(DEPTH[:, 0], [1.7, 3.2])
    shares = np.bincount(y) / len(y)
    for rate, start in ((0.1, np.full(3, 1 / 3)), ("auto", shares)):
        model = GDClassifier(alpha=0.01, learning_rate=rate, store_path=True, max_iter=4, tol=None)
        display = drawn(model, y=y)
        assert_allclose(display.by_epoch[0], np.tile(start[:, None], 200))
        assert_allclose(display.by_epoch[4], display.lines)


def test_the_model_is_left_as_it_was():
    model = GDRegressor(store_path=True, max_iter=4, tol=None)
    display = drawn(model)
    coef = model.coef_.copy()
    display.by_epoch[0]
    assert_array_equal(model.coef_, coef)


def test_without_a_path_there_are_no_epochs():
    assert len(drawn(GDRegressor()).by_epoch) == 0
    assert drawn(LinearRegression()).n_frames == 0


# What is refused


def test_an_unfitted_model_is_refused():
    with pytest.raises(NotFittedError):
        FitDisplay.from_estimator(GDRegressor(), DEPTH, TEMPERATURE)


def test_classifiers_of_more_features_are_sent_elsewhere(small_data):
    X, y = small_data
    with pytest.raises(ValueError, match="ConfusionMatrixDisplay"):
        drawn(GDClassifier(), X, y > 3)


def test_a_feature_must_be_a_column():
    with pytest.raises(ValueError, match=r"X\.reshape\(-1, 1\)"):
        FitDisplay.from_estimator(GDRegressor().fit(DEPTH, TEMPERATURE), DEPTH[:, 0], TEMPERATURE)


def test_unknown_labels_are_named():
    model = GDClassifier().fit(DEPTH, DEPTH[:, 0] > 2)
    with pytest.raises(ValueError, match="not among the classes"):
        FitDisplay.from_estimator(model, DEPTH, np.full(8, "c"))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"reference": 3.0}, TypeError, "reference must be a function"),
        ({"n_points": 1}, ValueError, "n_points must be"),
    ],
)
def test_bad_options_are_named(options, error, message):
    with pytest.raises(error, match=message):
        drawn(GDRegressor(), **options)


def test_several_targets_need_a_choice():
    with pytest.raises(ValueError, match="target must be the number of one of the 2"):
        drawn(GDRegressor(), y=np.column_stack([TEMPERATURE, TEMPERATURE]))


def test_a_reference_needs_a_line_beside_it(small_data):
    with pytest.raises(ValueError, match="reference needs a regressor of one feature"):
        drawn(GDRegressor(), *small_data, reference=np.sin)


def test_rows_without_targets_are_refused():
    model = GDRegressor().fit(DEPTH, TEMPERATURE)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        FitDisplay.from_estimator(model, DEPTH, TEMPERATURE[:5])


# Two or more models, and many rows


def test_lines_of_models_are_on_one_picture():
    X, y = np.arange(8.0)[:, None], np.arange(8.0) ** 1.1
    models = {
        "short": GDRegressor(max_iter=1, tol=None, learning_rate=0.01, store_path=True).fit(X, y),
        "long": GDRegressor(store_path=True).fit(X, y),
    }
    display = FitDisplay.from_estimators(models, X, y)
    for model, line in zip(models.values(), display.lines_, strict=True):
        assert_allclose(line.get_ydata(), model.predict(display.grid[:, None]))
    assert [line.get_label() for line in display.lines_] == ["short", "long"]
    last = max(len(model.history_.coef) for model in models.values()) - 1
    assert_allclose(display.by_epoch[last], display.lines)


def test_predictions_of_models_have_colours_and_markers(small_data):
    X, y = small_data
    models = {"a": GDRegressor(max_iter=1, tol=None).fit(X, y), "b": GDRegressor().fit(X, y)}
    display = FitDisplay.from_estimators(models, X, y)
    for model, points in zip(models.values(), display.points_, strict=True):
        assert_allclose(points.get_ydata(), model.predict(X))
    assert len({(p.get_color(), p.get_marker()) for p in display.points_}) == 2
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["a", "b", "predicted = actual"]


def test_classifiers_of_two_classes_are_on_one_picture():
    X, y = np.arange(8.0)[:, None], np.repeat(["no", "yes"], 4)
    models = {"weak": GDClassifier(alpha=1.0), "strong": GDClassifier(alpha=0.01)}
    models = {k: m.set_params(penalty="l2").fit(X, y) for k, m in models.items()}
    display = FitDisplay.from_estimators(models, X, y)
    assert [line.get_label() for line in display.lines_] == ["P(yes), weak", "P(yes), strong"]
    for model, line in zip(models.values(), display.lines_, strict=True):
        assert_allclose(line.get_ydata(), model.predict_proba(display.grid[:, None])[:, 1])


def test_models_that_have_no_picture_in_common():
    X, y = np.arange(9.0)[:, None], np.repeat([0, 1, 2], 3)
    three = GDClassifier(penalty="l2", alpha=0.1).fit(X, y)
    two = GDClassifier(penalty="l2", alpha=0.1).fit(X, y > 0)
    for models, message in (
        ({"a": three, "b": three}, "must have two classes. Got 3"),
        ({"a": two, "b": three}, "must have the same classes"),
        ({"a": two, "b": GDRegressor().fit(X, y)}, "Draw classifiers and regressors on"),
    ):
        with pytest.raises(ValueError, match=message):
            FitDisplay.from_estimators(models, X, y > 0)


@pytest.mark.parametrize("n_features", [1, 2])
def test_of_many_rows_some_are_drawn_and_the_legend_says_so(rng, n_features):
    X = rng.normal(size=(10_500, n_features))
    y = X.sum(axis=1) + rng.normal(size=len(X))
    model = GDRegressor(store_path=True).fit(X, y)
    display = FitDisplay.from_estimator(model, X, y)
    assert len(display.points_[0].get_xdata()) == 10_000
    assert display.points_[0].get_rasterized()
    assert display.ax_.get_legend().get_title().get_text() == "10,000 of 10,500 rows"
    again = FitDisplay.from_estimator(model, X, y)
    assert_array_equal(again.x, display.x)
    if n_features == 2:
        assert_allclose(display.by_epoch[len(display.by_epoch) - 1][0], display.y)


# Several quantiles


QUANTILES = Quantile([0.1, 0.9])


def test_each_quantile_has_a_line():
    model = GDRegressor(QUANTILES, store_path=True)
    display = drawn(make_pipeline(StandardScaler(), model))
    assert legend_of(display) == ["data", "quantile 0.1", "quantile 0.9"]
    assert_allclose(display.lines, model_lines(display, model), rtol=1e-12)
    assert_allclose(display.by_epoch[-1], display.lines, rtol=1e-12)


def model_lines(display, model):
    scaled = StandardScaler().fit(DEPTH).transform(display.grid[:, None])
    return model.predict(scaled).T


def test_each_quantile_has_points_where_columns_are_several():
    X = np.hstack([DEPTH, DEPTH**2])
    display = drawn(GDRegressor(QUANTILES), X)
    assert legend_of(display)[:2] == ["quantile 0.1", "quantile 0.9"]
    assert display.y.shape == (16,)


def test_quantiles_beside_the_mean():
    models = {
        "mean": GDRegressor().fit(DEPTH, TEMPERATURE),
        "range": GDRegressor(QUANTILES).fit(DEPTH, TEMPERATURE),
    }
    display = FitDisplay.from_estimators(models, DEPTH, TEMPERATURE)
    assert legend_of(display)[1:] == ["mean", "range, quantile 0.1", "range, quantile 0.9"]
