"""A loss surface is the objective itself, and the paths are those of the descents."""

import matplotlib
import numpy as np
import pytest
from libraries import needed
from matplotlib.colors import to_rgba
from numpy.testing import assert_allclose, assert_array_equal
from reference import elasticnet_value, mean_loss
from scipy import sparse
from scipy.optimize import rosen, rosen_der
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import DivergenceWarning, GDClassifier, GDRegressor, minimize
from gdregress.losses import Quantile
from gdregress.penalties import Box
from gdregress.plotting._loss_surface import minimum
from gdregress.plotting.loss_surface import LossSurfaceDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(X, y, sample_weight=None, **parameters):
    settings = {"max_iter": 8, "tol": None, "random_state": 0, "store_path": True, **parameters}
    return GDRegressor(**settings).fit(X, y, sample_weight)


def classified(X, y, loss="log_loss", **parameters):
    settings = {"max_iter": 8, "tol": None, "random_state": 0, "store_path": True, **parameters}
    return GDClassifier(loss, **settings).fit(X, y)


def surface(model, X, y, **options):
    return LossSurfaceDisplay.from_estimator(
        model, X, y, **{"grid": 9, "colorbar": False, **options}
    )


@pytest.fixture
def line_data(small_data):
    """One feature."""
    X, y = small_data
    return X[:, :1] + 2.0, y


# The surface is the objective


REGRESSORS = {
    "plain": {},
    "ridge": {"penalty": "l2", "alpha": 0.3},
    "elastic net, standardised": {"penalty": "elasticnet", "alpha": 0.3, "standardize": True},
    "mini-batch": {"solver": "mini-batch", "batch_size": 5, "optimizer": "gd"},
    "huber": {"loss": "huber"},
    "absolute error": {"loss": "absolute_error", "penalty": "l1", "alpha": 0.1},
    "averaged": {"solver": "stochastic", "optimizer": "gd", "average": True},
    "held out": {"early_stopping": True, "max_iter": 4},
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_the_surface_at_the_path_is_the_objective_of_the_history(line_data, small_weights, name):
    X, y = line_data
    model = fitted(X, y, small_weights, **REGRESSORS[name])
    display = surface(model, X, y, sample_weight=small_weights)
    assert_allclose(display.path_values["path"], model.history_["objective"], rtol=1e-10)


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "modified_huber"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_so_it_is_for_classes(line_data, loss, class_weight):
    X, y = line_data
    model = classified(X, np.where(y > 3, "high", "low"), loss, class_weight=class_weight)
    display = surface(model, X, np.where(y > 3, "high", "low"))
    assert_allclose(display.path_values["path"], model.history_["objective"], rtol=1e-10)


def test_the_end_of_a_plane_of_three_classes_has_the_objective_of_the_fit(small_data):
    X, y = small_data
    labels = np.digitize(y, [2.0, 4.0])
    model = classified(X, labels)
    display = surface(model, X, labels)
    assert display.path_values["path"][-1] == pytest.approx(model.loss_curve_[-1], rel=1e-10)


def test_heights_are_the_mean_loss_plus_the_penalty(line_data, small_weights):
    X, y = line_data
    model = fitted(
        X, y, small_weights, loss="huber", penalty="elasticnet", alpha=0.3, l1_ratio=0.4
    )
    display = surface(model, X, y, sample_weight=small_weights)
    for row, b in enumerate(display.y):
        for column, w in enumerate(display.x):
            expected = mean_loss("huber", y, X[:, 0] * w + b, small_weights)
            expected += elasticnet_value(np.array([w]), 0.3, 0.4)
            assert display.values[row, column] == pytest.approx(expected, rel=1e-10)


def test_other_coefficients_are_held_where_the_fit_has_ended(small_data):
    X, y = small_data
    model = fitted(X, y)
    display = surface(model, X, y, features=(0, 2))
    w = np.array([display.x[3], model.coef_[1], display.y[5]])
    expected = mean_loss("squared_error", y, X @ w + model.intercept_)
    assert display.values[5, 3] == pytest.approx(expected, rel=1e-10)


def test_large_data_are_taken_in_pieces(rng):
    X = rng.normal(size=(40_000, 1))
    y = 3 * X[:, 0] + rng.normal(size=40_000)
    model = fitted(X, y, max_iter=3)
    display = surface(model, X, y)
    assert_allclose(display.path_values["path"], model.history_["objective"], rtol=1e-10)


def test_sparse_data_have_the_same_surface(small_data):
    X, y = small_data
    dense = surface(fitted(X, y, standardize=True), X, y)
    X = sparse.csr_array(X)
    assert_allclose(surface(fitted(X, y, standardize=True), X, y).values, dense.values, rtol=1e-9)


def test_outside_the_domain_of_a_penalty_there_is_no_surface(small_data):
    X, y = small_data
    display = surface(fitted(X, y, penalty=Box(0, 2)), X, y, features=(0, 2))
    x, y = np.meshgrid(display.x, display.y)
    inside = (x >= 0) & (x <= 2) & (y >= 0) & (y <= 2)
    assert 0 < inside.sum() < inside.size
    assert_array_equal(np.isfinite(display.values), inside)


def test_the_estimator_is_left_as_it_was(line_data):
    X, y = line_data
    model = fitted(X, y)
    before = model.get_params(), model.coef_.copy(), list(model.history_["objective"])
    surface(model, X, y)
    after = model.get_params(), model.coef_, model.history_["objective"]
    assert before[0] == after[0] and before[2] == after[2]
    assert_array_equal(before[1], after[1])


# The path, and what is marked


def test_the_path_is_that_of_the_history(line_data):
    X, y = line_data
    model = fitted(X, y)
    line = surface(model, X, y).lines_[0]
    assert_array_equal(line.get_xdata(), np.ravel(model.history_.coef))
    assert_array_equal(line.get_ydata(), model.history_.intercept)


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_the_legend_names_what_is_marked(line_data):
    assert legend_of(surface(fitted(*line_data), *line_data)) == [
        "path",
        "start",
        "end",
        "minimum",
    ]


def test_the_minimum_is_that_of_least_squares(line_data):
    X, y = line_data
    display = surface(fitted(X, y, max_iter=2), X, y)
    exact = LinearRegression().fit(X, y)
    assert_allclose(display.minimum, [exact.coef_[0], exact.intercept_], rtol=1e-4)


def test_the_minimum_counts_the_penalty_and_the_weights(line_data, small_weights):
    X, y = line_data
    model = fitted(X, y, small_weights, max_iter=2, penalty="l2", alpha=0.5)
    display = surface(model, X, y, sample_weight=small_weights)
    exact = Ridge(alpha=0.5 * small_weights.sum()).fit(X, y, small_weights)
    assert_allclose(display.minimum, [exact.coef_[0], exact.intercept_], rtol=1e-4)


@pytest.mark.parametrize(("max_iter", "label"), [(500, "minimum"), (2, "minimum, projected")])
def test_a_minimum_outside_the_plane_is_projected_and_said_to_be(small_data, max_iter, label):
    X, y = small_data
    model = fitted(X, y, max_iter=max_iter, learning_rate=0.3)
    display = surface(model, X, y, features=(0, 1))
    assert display.minimum_label == label
    assert_allclose(display.minimum, LinearRegression().fit(X, y).coef_[:2], rtol=1e-4)


def test_a_minimum_that_was_not_reached_is_not_called_one(line_data, monkeypatch):
    monkeypatch.setattr(minimum, "FEWEST", 1)
    monkeypatch.setattr(minimum, "MOST", 1)
    display = surface(fitted(*line_data, max_iter=2, loss="log_cosh"), *line_data)
    assert display.minimum_label == "lowest point known"


def test_what_is_returned_is_marked_where_it_is_not_the_end(line_data):
    X, y = line_data
    with pytest.warns(DivergenceWarning):
        model = fitted(X, y, optimizer="gd", learning_rate=0.8, max_iter=50)
    display = surface(model, X, y)
    assert_array_equal(display.kept["path"], [model.coef_[0], model.intercept_])
    assert "returned" in legend_of(display)


# The plane


@pytest.mark.parametrize("features", [(0, "intercept"), ("x0", "intercept"), None])
def test_features_are_given_by_number_or_name(line_data, features):
    display = surface(fitted(*line_data), *line_data, features=features)
    assert (display.xlabel, display.ylabel) == ("coefficient of x0", "intercept")
    assert not display.is_projected


def test_names_are_those_of_the_columns(small_data):
    pandas = pytest.importorskip("pandas")
    X, y = small_data
    frame = pandas.DataFrame(X, columns=["age", "bmi", "dose"])
    display = surface(fitted(frame, y), frame, y, features=("dose", "age"))
    assert display.ax_.get_xlabel() == "coefficient of dose"
    assert display.ax_.get_ylabel() == "coefficient of age"


def test_after_a_scaler_the_axes_are_those_of_the_scaled_columns(line_data):
    X, y = line_data
    model = make_pipeline(StandardScaler(), GDRegressor(store_path=True)).fit(X, y)
    display = surface(model, X, y)
    assert display.xlabel == "coefficient of x0, after StandardScaler"
    assert_array_equal(display.paths["path"][:, 0], np.ravel(model[-1].history_.coef))
    assert_allclose(display.path_values["path"], model[-1].history_["objective"], rtol=1e-10)


def test_of_a_search_the_best_estimator_is_drawn(line_data):
    model = GridSearchCV(GDRegressor(store_path=True), {"learning_rate": [0.01, 0.1]})
    model.fit(*line_data)
    display = surface(model, *line_data)
    assert len(display.paths["path"]) == len(model.best_estimator_.history_)


def test_principal_directions_keep_all_distances_of_two_parameters(line_data):
    X, y = line_data
    model = fitted(X, y)
    path = surface(model, X, y, features="pca").paths["path"]
    points = np.column_stack([np.ravel(model.history_.coef), model.history_.intercept])
    assert_allclose(
        np.linalg.norm(path[:, None] - path, axis=2),
        np.linalg.norm(points[:, None] - points, axis=2),
        atol=1e-12,
    )


def test_principal_directions_are_the_default_for_more_parameters(small_data):
    display = surface(fitted(*small_data), *small_data)
    shares = [int(label.split("(")[1].split("%")[0]) for label in (display.xlabel, display.ylabel)]
    assert display.is_projected
    assert shares[0] > shares[1] and sum(shares) <= 100
    assert_allclose(display.paths["path"][-1], 0, atol=1e-12)


def diverged(small_data):
    """A fit whose path shows the start alone, as all other points are far up."""
    X, y = small_data
    with pytest.warns(DivergenceWarning):
        return fitted(X, y, optimizer="gd", learning_rate=100.0)


def test_the_plane_of_a_path_that_shows_no_direction_contains_the_minimum(small_data):
    X, y = small_data
    display = surface(diverged(small_data), X, y)
    assert (display.xlabel, display.ylabel) == ("towards the minimum", "along the path")
    assert display.minimum_label == "minimum" and display.minimum[0] > 0
    assert_allclose(display.minimum[1], 0, atol=1e-9)
    least = np.unravel_index(np.argmin(display.values), display.values.shape)
    width = np.ptp(display.x)
    assert abs(display.x[least[1]] - display.minimum[0]) < 0.3 * width
    assert display.x[0] < -0.05 * width  # the start is not at the edge


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("n_points", [0, 50])
def test_the_legend_does_not_cover_the_minimum(corner, n_points):
    grid = np.linspace(0, 1, 10)
    minimum = 0.1 + 0.8 * np.array(corner)
    path = np.full((n_points, 2), 1 - minimum)
    paths = {"path": path} if n_points else {}
    display = LossSurfaceDisplay(
        x=grid, y=grid, values=np.ones((10, 10)), paths=paths, minimum=minimum, minimum_value=0.0
    ).plot()
    display.figure_.canvas.draw()
    box = display.ax_.get_legend().get_window_extent()
    assert not box.contains(*display.ax_.transData.transform(minimum))


def test_principal_directions_are_in_units_of_the_standardised_columns(small_data):
    """So that the units of a column do not matter."""
    X, y = small_data
    first = surface(fitted(X, y, standardize=True), X, y).paths["path"]
    X = X * [1000.0, 1.0, 0.001]
    second = surface(fitted(X, y, standardize=True), X, y).paths["path"]
    assert_allclose(second, first, rtol=1e-6, atol=1e-9)


def test_one_of_several_targets_varies(small_data):
    X, y = small_data
    targets = np.column_stack([y, y**2])
    model = fitted(X, targets)
    display = surface(model, X, targets, features=("x1", "intercept"), target=1)
    coef, intercept = np.array(model.history_.coef), np.array(model.history_.intercept)
    assert_array_equal(display.paths["path"], np.column_stack([coef[:, 1, 1], intercept[:, 1]]))
    assert display.xlabel == "coefficient of x1 for target 1"
    assert display.path_values["path"][-1] == pytest.approx(model.loss_curve_[-1], rel=1e-10)


# The window


def test_the_window_holds_the_path_and_the_minimum(line_data):
    display = surface(fitted(*line_data), *line_data)
    points = np.vstack([display.paths["path"], display.minimum])
    for values, axis in zip(points.T, (display.x, display.y), strict=True):
        assert axis[0] < values.min() and values.max() < axis[-1]
    assert display.ax_.get_xlim() == (display.x[0], display.x[-1])


def test_what_a_diverging_path_does_outside_is_said(line_data):
    X, y = line_data
    with pytest.warns(DivergenceWarning):
        model = fitted(X, y, optimizer="gd", learning_rate=1.5, max_iter=50)
    display = surface(model, X, y)
    path = display.paths["path"]
    outside = (path[:, 0] < display.x[0]) | (path[:, 0] > display.x[-1])
    outside |= (path[:, 1] < display.y[0]) | (path[:, 1] > display.y[-1])
    assert 0 < outside.sum() < len(path)
    assert legend_of(display)[0] == f"path ({outside.sum()} of {len(path)} points outside)"


@pytest.mark.parametrize(
    ("heights", "is_shown"),
    [
        ([8, 4, 2, 1], [True, True, True, True]),
        ([1, 3, 9, 27, 81], [True, True, False, False, False]),
        ([1, np.inf, np.nan], [True, False, False]),
        ([0.01, 5, 6, 4, 5], [True, True, True, True, True]),
        ([1, 1e9], [True, False]),
    ],
)
def test_the_window_shows_points_up_to_four_times_the_start(heights, is_shown):
    path = np.column_stack([heights, np.zeros(len(heights))])
    display = LossSurfaceDisplay.from_function(lambda x, y: abs(x) + abs(y), path=path, grid=5)
    assert [display.x[0] < x < display.x[-1] for x in path[:, 0]] == is_shown


def test_limits_may_be_given(line_data):
    display = surface(fitted(*line_data), *line_data, xlim=(-3, 5), ylim=(0, 1), grid=5)
    assert_allclose(display.x, [-3, -1, 1, 3, 5])
    assert_allclose(display.y, [0, 0.25, 0.5, 0.75, 1])


# Several estimators


def test_estimators_of_one_problem_share_a_surface(line_data):
    models = {k: fitted(*line_data, optimizer=k) for k in ("gd", "momentum", "adam")}
    display = LossSurfaceDisplay.from_estimators(models, *line_data, grid=5)
    assert legend_of(display) == ["gd", "momentum", "adam", "start", "end", "minimum"]
    assert len({line.get_color() for line in display.lines_}) == 3
    for label, model in models.items():
        assert_allclose(display.path_values[label], model.history_["objective"], rtol=1e-10)


def test_several_projected_paths_are_said_to_be_in_the_title(small_data):
    models = {k: fitted(*small_data, optimizer=k) for k in ("gd", "adam")}
    display = LossSurfaceDisplay.from_estimators(models, *small_data, grid=5)
    assert display.ax_.get_legend().get_title().get_text() == "projected paths"
    assert legend_of(display)[:2] == ["gd", "adam"]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"penalty": "l2", "alpha": 0.2}, "penalty=NoPenalty"),
        ({"loss": "huber"}, r"loss=Huber\(\)"),
        ({"fit_intercept": False}, "fit_intercept=False"),
        ({"standardize": True}, "standardize=True"),
        ({"early_stopping": True}, "early_stopping"),
    ],
)
def test_different_objectives_have_no_surface_in_common(small_data, other, named):
    models = {"a": fitted(*small_data), "b": fitted(*small_data, **other)}
    with pytest.raises(ValueError, match=f"same objective.*'a' has.*{named}|{named}"):
        LossSurfaceDisplay.from_estimators(models, *small_data)


def test_neither_have_different_columns(small_data):
    X, y = small_data
    scaled = make_pipeline(StandardScaler(), GDRegressor(store_path=True)).fit(X, y)
    with pytest.raises(ValueError, match="the steps before 'b' transform X differently"):
        LossSurfaceDisplay.from_estimators({"a": fitted(X, y), "b": scaled}, X, y)


# How it is drawn


def test_contours_are_in_equal_ratios_above_the_lowest_point(line_data):
    display = surface(fitted(*line_data), *line_data, grid=40, levels=7)
    levels = display.ax_.collections[0].levels
    assert len(levels) == 7
    assert_allclose(levels[1:] / levels[:-1], levels[1] / levels[0])
    assert levels[-1] == pytest.approx(display.values.max() - display.minimum_value)


@pytest.mark.parametrize(
    ("gaps", "ends"),
    [
        ([1.0, 10.0, 100.0, np.inf, np.nan], (1.0, 100.0)),
        ([0.0] * 199 + [4.0], (2.0, 4.0)),
        ([0.0, 0.0], None),
        ([np.nan, np.inf], None),
    ],
)
def test_ends_of_the_contours(gaps, ends):
    values = np.array([gaps, gaps])
    display = LossSurfaceDisplay(
        x=np.arange(len(gaps)), y=np.arange(2), values=values, minimum_value=0.0
    )
    contours = display.plot(levels=5, colorbar=False, legend=False).ax_.collections
    if ends is None:
        assert not contours
    else:
        levels = contours[0].levels
        assert (levels[0], levels[-1]) == (pytest.approx(ends[0], rel=0.2), ends[1])


def test_a_surface_in_three_dimensions_carries_the_path(line_data):
    model = fitted(*line_data)
    display = surface(model, *line_data, kind="surface")
    heights = display.lines_[0].get_data_3d()[2]
    assert_allclose(heights, model.history_["objective"], rtol=1e-10)
    assert display.ax_.get_zlabel() == "objective"


def test_neutral_marks_have_the_colour_of_text(line_data):
    display = surface(fitted(*line_data), *line_data)
    with plt.style.context("dark_background"):
        display.plot()
        stars = [line for line in display.ax_.lines if line.get_marker() == "*"]
        assert to_rgba(stars[0].get_color()) == (1.0, 1.0, 1.0, 1.0)


def test_styles_are_handed_on(line_data):
    display = surface(
        fitted(*line_data),
        *line_data,
        line_kw={"linewidth": 7},
        contour_kw={"cmap": "viridis"},
        legend=False,
    )
    assert display.lines_[0].get_linewidth() == 7
    assert display.ax_.collections[0].get_cmap().name == "viridis"
    assert len(display.figure_.axes) == 1
    assert display.ax_.get_legend() is None


def test_the_shades_are_explained(line_data):
    display = surface(fitted(*line_data), *line_data, colorbar=True)
    (bar,) = display.ax_.child_axes
    assert bar.get_ylabel() == "objective above the lowest point\n(log scale)"


def test_the_bar_of_shades_is_beside_the_last_axes_of_the_first_row_and_as_high():
    """Also where equal units make the axes lower than their place in the figure."""
    line = np.linspace([-4.0, 1.0], [0.0, 0.0], 5)
    paths = {str(i): line for i in range(5)}
    display = LossSurfaceDisplay.from_function(bowl, path=paths, grid=9, side_by_side=True)
    display.figure_.draw_without_rendering()
    with_bar = [ax for ax in display.axes_ if ax.child_axes]
    assert with_bar == [display.axes_[2]] and display.ax_.get_aspect() == 1
    bar, beside = with_bar[0].child_axes[0].bbox, with_bar[0].bbox
    assert bar.y1 == pytest.approx(beside.y1)
    assert 0.9 * beside.height < bar.height <= beside.height  # its lower end is a triangle


def test_it_draws_on_axes_that_are_given(line_data):
    figure, ax = plt.subplots()
    display = surface(fitted(*line_data), *line_data, ax=ax)
    assert display.ax_ is ax and display.figure_ is figure


# Functions


def bowl(x, y):
    return (x - 1) ** 2 + 10 * (y + 2) ** 2


def bowl_of_vector(v):
    return bowl(v[0], v[1])


@pytest.mark.parametrize("f", [bowl, bowl_of_vector])
@pytest.mark.parametrize("vectorized", [False, True])
def test_a_function_takes_two_numbers_or_a_vector(f, vectorized):
    display = LossSurfaceDisplay.from_function(
        f, xlim=(-3, 3), ylim=(-4, 0), grid=11, vectorized=vectorized
    )
    assert_allclose(display.values, bowl(*np.meshgrid(display.x, display.y)))
    assert_allclose(display.minimum, [1, -2], atol=1e-4)


def test_the_path_of_minimize_lies_on_its_function():
    result = minimize(rosen, [-1.2, 1.0], jac=rosen_der, learning_rate=1e-3, max_iter=20)
    limits = {"xlim": (-2, 2), "ylim": (-1, 3)}
    display = LossSurfaceDisplay.from_function(rosen, path=result, grid=5, **limits)
    assert_allclose(display.paths["path"], result.path)
    assert_allclose(display.path_values["path"], result.history["objective"])
    assert display.minimum_value == pytest.approx(0, abs=1e-9)


def test_several_paths_and_dicts_of_numbers():
    start = {"x": 3.0, "y": 0.0}
    rates = {"slow": 0.01, "fast": 0.05}
    paths = {
        label: minimize(lambda p: bowl(**p), start, learning_rate=rate, max_iter=5)
        for label, rate in rates.items()
    }
    display = LossSurfaceDisplay.from_function(lambda p: bowl(**p), path=paths, grid=5)
    assert legend_of(display) == ["slow", "fast", "start", "end", "minimum"]
    assert_allclose(display.paths["fast"][1], [3 - 0.05 * 4, -0.05 * 40], rtol=1e-6)


def test_tensors_are_handed_to_a_function_of_tensors():
    torch = needed("torch")

    def f(v):
        return torch.sum(v**2)

    result = minimize(f, torch.tensor([2.0, 1.0], dtype=torch.float64), max_iter=3)
    display = LossSurfaceDisplay.from_function(f, path=result, grid=5)
    assert_allclose(display.values, np.add.outer(display.y**2, display.x**2))


# What is refused


def test_a_fit_without_path_says_how_to_store_it(line_data):
    with pytest.raises(ValueError, match="store_path=True"):
        surface(GDRegressor().fit(*line_data), *line_data)


def test_an_unfitted_estimator_is_refused(line_data):
    with pytest.raises(NotFittedError):
        surface(GDRegressor(), *line_data)


def test_other_data_are_noticed(line_data):
    X, y = line_data
    with pytest.warns(UserWarning, match="not those of the fit"):
        surface(fitted(X, y), X, y + 1)


def test_other_columns_are_refused(small_data):
    X, y = small_data
    with pytest.raises(ValueError, match="X has 2 features, but GDRegressor was fitted on 3"):
        surface(fitted(X, y), X[:, :2], y)


def test_other_classes_are_refused(line_data):
    X, y = line_data
    with pytest.raises(ValueError, match="classes of y"):
        surface(classified(X, y > 3), X, np.where(y > 3, "a", "b"))


def test_rows_held_out_at_random_are_lost(line_data):
    model = fitted(*line_data, early_stopping=True, random_state=None)
    with pytest.raises(ValueError, match="random_state=0"):
        surface(model, *line_data)


def test_a_single_parameter_has_no_surface(line_data):
    with pytest.raises(ValueError, match="needs two parameters"):
        surface(fitted(*line_data, fit_intercept=False), *line_data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "x0"}, "'pca' or a pair"),
        ({"features": (0, 7)}, "features holds 7, which is none of the 3"),
        ({"features": ("x0", "x9")}, "'x9'"),
        ({"features": (0, "x0")}, "two different"),
        ({"features": (0, 1), "target": 1}, "target must be"),
        ({"grid": 1}, "grid must be"),
        ({"levels": 1}, "levels must be"),
        ({"xlim": (2, 1)}, "xlim must be two finite numbers"),
        ({"kind": "3d"}, "kind must be one of 'contour', 'surface'"),
    ],
)
def test_bad_options_are_named(small_data, options, message):
    with pytest.raises(ValueError, match=message):
        surface(fitted(*small_data), *small_data, **options)


def test_flat_axes_cannot_hold_hills(line_data):
    with pytest.raises(ValueError, match="projection"):
        surface(fitted(*line_data), *line_data, kind="surface", ax=plt.subplots()[1])


def test_without_a_path_a_function_needs_limits():
    with pytest.raises(ValueError, match="ylim must be a pair"):
        LossSurfaceDisplay.from_function(bowl, xlim=(0, 1))


def test_a_function_of_numbers_is_not_vectorised():
    with pytest.raises(ValueError, match="vectorized=False"):
        LossSurfaceDisplay.from_function(
            lambda x, y: 1.0, xlim=(0, 1), ylim=(0, 1), vectorized=True
        )


# Local minima, and paths side by side


def two_valleys(v):
    return (v[0] * v[0] - 4) ** 2 / 8 + v[0] / 2 + v[1] * v[1]


@pytest.mark.parametrize("xlim, name", [((0.5, 3.0), "minimum"), ((-3.0, 3.0), "local minimum")])
def test_a_minimum_beside_a_deeper_one_is_called_local(xlim, name):
    path = np.array([[2.9, 1.0], [2.2, 0.5], [1.861, 0.0]])
    display = LossSurfaceDisplay.from_function(
        two_valleys, path=path, xlim=xlim, ylim=(-2, 2), grid=40
    )
    assert display.minimum_label == name
    assert_allclose(display.minimum, [1.8608, 0.0], atol=1e-4)
    assert name in [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("kind", ["contour", "surface"])
def test_paths_side_by_side_have_titles_and_one_window(line_data, kind):
    models = {"a": fitted(*line_data), "b": fitted(*line_data, max_iter=3)}
    display = LossSurfaceDisplay.from_estimators(
        models, *line_data, grid=6, kind=kind, side_by_side=True
    )
    assert [ax.get_title() for ax in display.axes_] == ["a", "b"]
    assert len({ax.get_xlim() for ax in display.axes_}) == 1
    assert [line.axes for line in display.lines_] == list(display.axes_)
    assert display.axes_[1].get_legend() is None


def test_the_legend_is_in_a_high_corner_without_a_path():
    """The lowest place is at the right, the path comes from the lower left."""
    display = LossSurfaceDisplay.from_function(
        lambda x, y: (x - 3) ** 2 + (y - 3) ** 2,
        path=[[-3.0, -3.0], [0.0, 0.0], [3.0, 3.0]],
        xlim=(-5, 5),
        ylim=(-4, 6),
        grid=20,
    )
    display.figure_.draw_without_rendering()
    ax = display.ax_
    box = ax.get_legend().get_window_extent().transformed(ax.transAxes.inverted())
    left, up = box.x1 < 0.5, box.y0 > 0.5
    assert left == up  # the upper left or the lower right corner


def test_labels_in_three_dimensions_are_not_cut_off(small_data):
    models = {k: fitted(*small_data) for k in "abc"}
    for side_by_side in (False, True):
        display = LossSurfaceDisplay.from_estimators(
            models, *small_data, grid=6, kind="surface", side_by_side=side_by_side
        )
        display.figure_.draw_without_rendering()
        for ax in display.axes_:
            for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
                box = axis.label.get_window_extent()
                assert box.width > 0
                assert box.min.min() > 0
                assert (box.max < display.figure_.bbox.size).all()


def test_an_earlier_path_on_the_same_axes_is_wider(line_data):
    models = {"a": fitted(*line_data), "b": fitted(*line_data), "c": fitted(*line_data)}
    display = LossSurfaceDisplay.from_estimators(models, *line_data, grid=6)
    widths = [line.get_linewidth() for line in display.lines_]
    assert widths[0] > widths[1] + 1 > widths[2] + 2


def test_one_of_several_quantiles():
    X = np.linspace(0.0, 1.0, 30)[:, None]
    y = X[:, 0] + np.random.RandomState(0).normal(size=30)
    model = GDRegressor(Quantile([0.2, 0.8]), store_path=True).fit(X, y)
    display = LossSurfaceDisplay.from_estimator(model, X, y)
    assert display.minimum is not None
