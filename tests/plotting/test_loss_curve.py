"""The loss curve shows the history, and where and why the run has ended."""

import warnings

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize as scipy_minimize
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress.exceptions import DivergenceWarning
from gdregress.plotting.loss_curve import LossCurve, LossCurveDisplay

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def fitted(X, y, **parameters):
    settings = {"max_iter": 8, "tol": None, "random_state": 0, **parameters}
    return GDRegressor(**settings).fit(X, y)


def square(learning_rate, steps=10, **settings):
    """Descent on x^2 from 4."""
    return minimize(
        lambda x: x * x,
        4.0,
        jac=lambda x: 2 * x,
        learning_rate=learning_rate,
        max_iter=steps,
        **{"tol": 0.0, **settings},
    )


def curve(*y, label="a", stop_reason="max_iter", validation=None):
    return LossCurve(
        label, np.arange(len(y)), np.array(y, float), validation, stop_reason, len(y) - 1
    )


def legend_texts(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def stop_markers(display):
    """Where the runs have ended: marker, x and y of the lines of a single point."""
    lines = [line for line in display.ax_.lines if line not in display.lines_]
    points = [line for line in lines if len(line.get_xdata()) == 1]
    return [(line.get_marker(), *line.get_xdata(), *line.get_ydata()) for line in points]


# What is drawn


@pytest.mark.parametrize(
    "x, column, y",
    [
        ("epoch", "epoch", "objective"),
        ("update", "t", "loss"),
        ("second", "seconds", "gradient_norm"),
    ],
)
def test_line_is_two_columns_of_the_history(small_data, x, column, y):
    model = fitted(*small_data, solver="mini-batch", batch_size=5, penalty="l2", alpha=0.5)
    (line,) = LossCurveDisplay.from_estimator(model, x=x, y=y).lines_
    assert_array_equal(line.get_xdata(), model.history_[column])
    assert_array_equal(line.get_ydata(), model.history_[y])


def test_gap_is_measured_from_the_minimum_that_the_histories_tell(small_data):
    """A run that stopped short would otherwise seem to reach it."""
    X, y = small_data
    with pytest.warns(ConvergenceWarning):
        short = {"optimizer": "gd", "preconditioner": "columns", "tol": 1e-4}
        models = {n: fitted(X, y, max_iter=n, **short) for n in (2, 3)}
    least = np.mean((LinearRegression().fit(X, y).predict(X) - y) ** 2) / 2
    display = LossCurveDisplay.from_estimators(models, y="gap", scale="linear")
    for model, line in zip(models.values(), display.lines_, strict=True):
        gaps = np.subtract(model.history_["objective"], least)
        assert_allclose(line.get_ydata(), gaps, rtol=1e-6)


def test_gap_that_was_taken_before_the_last_update_is_not_one_of_its_objective(small_data):
    """A single exact step: nothing is left, and the history knows the gap of the start only."""
    X, y = small_data
    display = LossCurveDisplay.from_estimator(fitted(X, y, max_iter=1), y="gap")
    least = np.mean((LinearRegression().fit(X, y).predict(X) - y) ** 2) / 2
    assert_allclose(display.best, least, rtol=1e-9)


def test_gap_of_a_run_that_diverged_is_measured_from_the_minimum(small_data):
    """Not from its start, which is the best that it has seen."""
    X, y = small_data
    with pytest.warns(DivergenceWarning):
        model = fitted(X, y, optimizer="gd", learning_rate=30.0, max_iter=400, tol=1e-4)
    display = LossCurveDisplay.from_estimator(model, y="gap")
    least = np.mean((LinearRegression().fit(X, y).predict(X) - y) ** 2) / 2
    assert_allclose(display.best, least, rtol=1e-6)


def test_gap_is_measured_from_the_best_seen_where_nothing_is_known():
    results = {"slow": square(0.01), "fast": square(0.1)}
    display = LossCurveDisplay.from_estimators(results, y="gap", scale="linear")
    assert display.best == results["fast"].fun < results["slow"].fun
    assert "the best seen" in display.ax_.get_ylabel()


@pytest.mark.parametrize(
    "epochs, said", [(500, "objective above 0."), (2, "objective above the\nestimate 0.")]
)
def test_the_axis_says_where_the_least_objective_comes_from(small_data, epochs, said):
    slow = {"optimizer": "gd", "learning_rate": 0.1, "max_iter": epochs, "tol": 1e-4}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = fitted(*small_data, **slow)
    display = LossCurveDisplay.from_estimator(model, y="gap")
    assert display.ax_.get_ylabel().startswith(said)
    assert display.best_is == ("known" if model.converged_ else "estimated")


def test_gaps_smaller_than_their_rounding_are_at_it():
    """A run that goes on where it has arrived would draw the noise of its sums."""
    X, y = load_diabetes(return_X_y=True)
    model = fitted(20 * X[:, [2, 8]], y, optimizer="gd", learning_rate=0.9, max_iter=60)
    display = LossCurveDisplay.from_estimator(model, y="gap")
    rough = 8 * np.finfo(float).eps * display.best
    gaps = np.subtract(model.history_["objective"], display.best)
    assert np.any((gaps > 0) & (gaps < rough))
    assert_array_equal(display.lines_[0].get_ydata(), np.maximum(gaps, rough))


def test_gaps_near_the_best_seen_are_not_drawn():
    """Linear convergence that is far from over: the gaps to the best seen would dive."""
    display = LossCurveDisplay.from_estimator(square(0.01, steps=100), y="gap", scale="log")
    (line,) = display.lines_
    true = np.square(square(0.01, steps=100).path)
    drawn = line.get_ydata()
    assert len(drawn) == 51
    assert np.all(drawn > 0.85 * true[:51])
    assert stop_markers(display) == []  # the end is not in the picture
    assert legend_texts(display) == ["minimize (max_iter, step 100)"]


def test_gaps_of_a_run_that_has_arrived_before_its_half_are_drawn_to_the_end():
    display = LossCurveDisplay.from_estimator(square(0.5, steps=9), y="gap", scale="linear")
    assert len(display.lines_[0].get_xdata()) == len(square(0.5, steps=9).path)


def test_gap_is_measured_from_the_best_that_is_given(small_data):
    model = fitted(*small_data)
    display = LossCurveDisplay.from_estimator(model, y="gap", best=0.1)
    (line,) = display.lines_
    assert_allclose(line.get_ydata(), np.subtract(model.history_["objective"], 0.1))
    assert "objective above 0.1" in display.ax_.get_ylabel()


def test_gap_below_a_best_that_was_too_high_does_not_count_for_the_scale():
    display = LossCurveDisplay.from_estimator(square(0.1), y="gap", best=0.5)
    gaps = np.square(square(0.1).path) - 0.5
    bottom = display.ax_.get_ylim()[0]
    assert gaps.min() < 0 < bottom
    assert display.ax_.get_yscale() == "log"
    first = np.flatnonzero(gaps <= 0)[0]
    drawn = display.lines_[0].get_ydata()
    assert_allclose(drawn[: first + 1], [*gaps[:first], bottom])
    assert np.all(np.isnan(drawn[first + 1 :])) and len(drawn) > first + 1
    assert_allclose(display.plot(scale="linear").lines_[0].get_ydata(), gaps)


def test_what_is_not_positive_is_no_plateau_at_the_lower_edge_of_a_log_axis():
    display = LossCurveDisplay.from_estimator(square(0.5, 2, tol=None), scale="log")
    bottom = display.ax_.get_ylim()[0]
    assert_array_equal(display.lines_[0].get_ydata(), [16.0, bottom, np.nan])
    assert bottom < 16.0 / 1000  # where nothing but the start is positive too
    assert stop_markers(display) == [(">", 2, bottom)]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: make_pipeline(PCA(), make_pipeline("passthrough", model)),
        lambda model: GridSearchCV(model, {"learning_rate": [0.1]}, cv=2),
        lambda model: GridSearchCV(make_pipeline(PCA(), model), {"pca__n_components": [2]}, cv=2),
    ],
)
def test_pipelines_and_searches_show_their_final_estimator(small_data, wrap):
    model = wrap(GDRegressor(max_iter=5, tol=None)).fit(*small_data)
    last = getattr(model, "best_estimator_", model)
    while hasattr(last, "steps"):
        last = last[-1]
    (line,) = LossCurveDisplay.from_estimator(model).lines_
    assert_array_equal(line.get_ydata(), last.history_["objective"])
    assert line.get_xdata()[-1] == 5


def test_result_of_minimize():
    result = square(0.1)
    display = LossCurveDisplay.from_estimator(result)
    assert_allclose(display.lines_[0].get_ydata(), np.square(result.path))
    assert legend_texts(display) == ["minimize (max_iter, step 10)"]


def test_result_of_scipy_by_this_method():
    def value_and_gradient(x):
        return x @ x, 2 * x

    result = scipy_minimize(value_and_gradient, np.ones(2), jac=True, method=minimize)
    (line,) = LossCurveDisplay.from_estimator(result).lines_
    assert line.get_ydata()[0] == 2.0


def test_learning_rate_and_validation_score_by_epoch(small_data):
    model = fitted(*small_data, learning_rate=0.1, schedule="invscaling", early_stopping=True)
    for y, label in {
        "learning_rate": "learning rate",
        "validation_score": "validation score",
        "validation_loss": "validation loss",
    }.items():
        display = LossCurveDisplay.from_estimator(model, y=y, scale="linear")
        assert_array_equal(display.lines_[0].get_ydata(), model.history_[y])
        assert display.ax_.get_ylabel() == label
    assert display.validation_ax_ is None


def test_a_column_that_a_fit_does_not_have_is_named(small_data):
    with pytest.raises(ValueError, match="y='validation_score' is not in the history of 'a'"):
        LossCurveDisplay.from_estimators({"a": fitted(*small_data)}, y="validation_score")


def test_gradients_are_said_to_be_in_scaled_columns(small_data):
    display = LossCurveDisplay.from_estimator(fitted(*small_data), y="gradient_norm")
    assert display.ax_.get_ylabel().startswith("norm of the gradient,\nscaled columns")
    display = LossCurveDisplay.from_estimator(square(0.1), y="gradient_norm")
    assert "scaled" not in display.ax_.get_ylabel()


# The loss on other rows


def dashed(display):
    (line,) = (
        one
        for one in display.ax_.lines
        if one.get_linestyle() == "--" and len(one.get_xdata()) > 1
    )
    return line


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_the_loss_on_other_rows_is_drawn_beside_that_of_training(small_data, wrap):
    X, y = small_data
    model = wrap(GDRegressor(optimizer="gd", max_iter=6, tol=None, store_path=True))
    model.fit(X[:20], y[:20])
    display = LossCurveDisplay.from_estimator(model, y="loss", validation=(X[20:], y[20:]))
    line = dashed(display)
    final = model if isinstance(model, GDRegressor) else model[-1]
    rows = X[20:] if isinstance(model, GDRegressor) else model[:-1].transform(X[20:])
    history = final.history_
    expected = [
        np.mean((rows @ coef + intercept - y[20:]) ** 2) / 2
        for coef, intercept in zip(history.coef, history.intercept, strict=True)
    ]
    assert_array_equal(line.get_xdata(), history["epoch"])
    assert_allclose(line.get_ydata(), expected)
    stars = [one for one in display.ax_.lines if one.get_marker() == "*" and len(one.get_xdata())]
    assert [star.get_ydata()[0] for star in stars] == pytest.approx([min(expected)])
    assert display.ax_.get_ylim()[1] >= max(expected)
    assert display.validation_ax_ is None


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_so_is_the_loss_of_classes_with_weights(rng, loss):
    X = rng.normal(size=(60, 2))
    y = np.where(X[:, 0] + rng.normal(size=60) > 0, "b", "a")
    weights = rng.uniform(0.5, 2, size=20)
    model = GDClassifier(loss, max_iter=5, tol=None, store_path=True, solver="mini-batch")
    model.fit(X[:40], y[:40])
    validation = X[40:], y[40:], weights
    line = dashed(LossCurveDisplay.from_estimator(model, y="loss", validation=validation))
    margins = np.where(y[40:] == "b", 1, -1) * model.decision_function(X[40:])
    losses = np.log1p(np.exp(-margins)) if loss == "log_loss" else np.maximum(0, 1 - margins)
    assert line.get_ydata()[-1] == pytest.approx(np.average(losses, weights=weights))


def test_the_losses_of_a_fit_with_validation_rows_are_drawn_by_themselves(small_data):
    X, y = small_data
    model = GDRegressor(max_iter=6, tol=None).fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    line = dashed(LossCurveDisplay.from_estimator(model, y="loss"))
    assert_array_equal(line.get_ydata(), model.history_["validation_loss"])


def test_of_many_epochs_the_loss_on_other_rows_is_computed_at_some(small_data):
    X, y = small_data
    model = fitted(X, y, optimizer="gd", learning_rate=0.01, max_iter=500, store_path=True)
    line = dashed(LossCurveDisplay.from_estimator(model, y="loss", validation=(X, y)))
    assert len(line.get_xdata()) <= 200
    at = line.get_xdata().astype(int)
    assert_allclose(line.get_ydata(), np.array(model.history_["loss"])[at])


@pytest.mark.parametrize(
    "given, error, message",
    [
        ({"validation": ([[0.0]], [0.0])}, ValueError, "validation requires y='loss'"),
        ({"y": "loss", "validation": [1]}, ValueError, r"must be a tuple \(X, y\)"),
        ({"y": "loss", "validation": ([[0.0]], [0.0])}, ValueError, "store_path"),
    ],
)
def test_other_rows_that_are_not_accepted(small_data, given, error, message):
    with pytest.raises(error, match=message):
        LossCurveDisplay.from_estimator(fitted(*small_data), **given)


def test_results_of_minimize_know_no_rows():
    with pytest.raises(TypeError, match="validation needs fitted estimators"):
        LossCurveDisplay.from_estimator(square(0.1), y="loss", validation=([[0.0]], [0.0]))


# In motion


def test_curves_grow_and_their_markers_move():
    display = LossCurveDisplay.from_estimators({"a": square(0.1, 6), "b": square(0.2, 3)})
    display.animate(frames=10)
    assert display.n_frames == 7
    display._show_frame(2)
    assert [len(line.get_xdata()) for line in display.lines_] == [3, 3]
    display._show_frame(5)
    assert [len(line.get_xdata()) for line in display.lines_] == [6, 4]
    heights = [square(rate, 6).path[at] ** 2 for rate, at in ((0.1, 5), (0.2, 3))]
    assert_allclose([y for _, _, y in stop_markers(display)], heights)
    assert display._title(5) == "step 5 of 6"


# Labels and scales


@pytest.mark.parametrize(
    "x, y, labels",
    [
        ("epoch", "objective", ("epoch", "objective")),
        ("update", "loss", ("updates", "loss")),
        ("second", "gradient_norm", ("time (s)", "norm of the gradient")),
    ],
)
def test_axes_say_what_they_show(x, y, labels):
    ax = LossCurveDisplay(curves=[curve(3, 2, 1)], x=x, y=y).plot().ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == labels


@pytest.mark.parametrize(
    "y, scale",
    [((16, 4, 1), "log"), ((9, 3, 1), "linear"), ((16, 1, 0), "log"), ((16, 1, -1), "linear")],
)
def test_vertical_axis_is_logarithmic_where_that_helps(y, scale):
    ax = LossCurveDisplay(curves=[curve(*y)]).plot().ax_
    assert ax.get_yscale() == scale
    assert ax.get_ylabel() == ("objective (log scale)" if scale == "log" else "objective")


def test_numbers_that_are_not_finite_do_not_count_for_the_scale():
    assert LossCurveDisplay(curves=[curve(3, 2, np.inf)]).plot().ax_.get_yscale() == "linear"


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_scale_can_be_chosen(scale):
    display = LossCurveDisplay(curves=[curve(9, 3, 1)])
    assert display.plot(scale=scale).ax_.get_yscale() == scale


def test_horizontal_axis_is_logarithmic_where_the_fall_is_over_at_once():
    falls_at_once, falls_slowly = [10, 1, *[0.9] * 60], np.linspace(10, 1, 62)
    slow = LossCurveDisplay(curves=[curve(*falls_at_once), curve(*falls_slowly)]).plot().ax_
    assert (slow.get_xscale(), slow.get_xlabel()) == ("linear", "epoch")
    ax = LossCurveDisplay(curves=[curve(*falls_at_once)]).plot().ax_
    assert (ax.get_xscale(), ax.get_xlabel()) == ("symlog", "epoch (log scale)")


def test_ticks_of_a_short_log_axis_are_plain_numbers():
    display = LossCurveDisplay(curves=[curve(9000, 3000, 700)]).plot(scale="log")
    display.figure_.canvas.draw()
    texts = {text.get_text() for text in display.ax_.get_yticklabels()}
    assert {"1000", "2000", "5000"} <= texts


def test_curves_differ_in_colour_or_dashes():
    display = LossCurveDisplay(curves=[curve(2, 1, label=str(i)) for i in range(7)]).plot()
    looks = {(line.get_color(), line.get_linestyle()) for line in display.lines_}
    assert len(looks) == 7


def test_line_kw_is_passed_on():
    display = LossCurveDisplay(curves=[curve(2, 1)]).plot(line_kw={"lw": 5, "c": "red"})
    assert (display.lines_[0].get_linewidth(), display.lines_[0].get_color()) == (5, "red")


def test_draws_on_the_axes_that_are_given():
    figure, ax = plt.subplots()
    display = LossCurveDisplay(curves=[curve(2, 1)])
    assert display.plot(ax) is display
    assert (display.ax_, display.figure_) == (ax, figure)


# Where and why it ended


@pytest.mark.parametrize(
    "parameters, reason, marker",
    [
        ({"tol": 1e-3, "max_iter": 500}, "tolerance", "o"),
        (
            {"loss": "absolute_error", "optimizer": "gd", "tol": 0.1, "max_iter": 500},
            "plateau",
            "s",
        ),
        ({"early_stopping": True, "tol": 0.1, "max_iter": 500}, "early stopping", "s"),
        ({}, "max_iter", ">"),
    ],
)
def test_marker_and_legend_say_why_the_run_ended(small_data, parameters, reason, marker):
    model = fitted(*small_data, **parameters)
    display = LossCurveDisplay.from_estimator(model, label="ours")
    row = model.history_.row(-1)
    assert stop_markers(display) == [(marker, row["epoch"], row["objective"])]
    assert legend_texts(display)[0] == f"ours ({reason}, epoch {row['epoch']})"


def test_run_ended_by_a_callback():
    def stop(x):
        if x < 1:
            raise StopIteration

    display = LossCurveDisplay.from_estimator(square(0.1, 100, callback=stop))
    assert legend_texts(display) == ["minimize (callback, step 7)"]


def test_partial_fit_just_has_a_last_epoch(small_data):
    model = GDRegressor()
    for _ in range(3):
        model.partial_fit(*small_data)
    assert legend_texts(LossCurveDisplay.from_estimator(model)) == [
        "GDRegressor (last epoch, epoch 3)"
    ]


def test_every_curve_has_its_own_marker_in_its_colour():
    results = {f"rate {rate}": square(rate) for rate in (0.01, 0.1, 0.3)}
    display = LossCurveDisplay.from_estimators(results)
    markers = display.ax_.lines[3:]
    assert [marker.get_xdata() for marker in markers] == [[10]] * 3
    colours = [line.get_color() for line in display.lines_]
    assert [marker.get_color() for marker in markers] == colours
    assert len(set(colours)) == 3
    assert legend_texts(display) == [f"{name} (max_iter, step 10)" for name in results]


def test_legend_of_many_curves_lies_below_the_axes():
    display = LossCurveDisplay(curves=[curve(2, 1, label=str(i)) for i in range(7)]).plot()
    display.figure_.canvas.draw()
    legend = display.ax_.get_legend().get_window_extent()
    assert legend.y1 < display.ax_.xaxis.label.get_window_extent().y0
    assert legend.y0 >= 0


def test_legend_is_not_cut_off_in_a_figure_that_makes_no_room():
    figure, ax = plt.subplots()
    figure.subplots_adjust(bottom=0.2)
    LossCurveDisplay(curves=[curve(2, 1, label=str(i)) for i in range(7)]).plot(ax)
    figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert ax.bbox.y0 <= legend.y0 < legend.y1 <= ax.bbox.y1


# Runs that diverge


def test_values_that_are_not_finite_leave_a_gap():
    display = LossCurveDisplay(curves=[curve(4, 2, np.nan, 1, np.inf)]).plot()
    assert_array_equal(display.lines_[0].get_ydata(), [4, 2, np.nan, 1, np.nan])
    assert np.isfinite(display.ax_.get_ylim()).all()


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_run_that_diverges_does_not_flatten_the_others(scale):
    display = LossCurveDisplay.from_estimators(
        {"stable": square(0.01), "diverges": square(3.0, 200, tol=None)}, scale=scale
    )
    top = display.ax_.get_ylim()[1]
    assert 16 < top <= 16 * 1000 * (1 + 1e-9)
    assert stop_markers(display)[1] == ("X", 200, top)
    # 16 * 25^200
    assert legend_texts(display)[1] == "diverges (diverged, step 200, at 6.2e+280)"
    display.figure_.canvas.draw()


def test_a_run_that_diverges_alone_is_seen_to():
    result = square(1.1, 20)
    display = LossCurveDisplay.from_estimator(result)
    assert display.ax_.get_ylim()[1] > result.history["objective"][-1]
    assert legend_texts(display) == ["minimize (diverged, step 20)"]


def test_nothing_is_cut_where_nothing_falls():
    ax = LossCurveDisplay(curves=[curve(5, 5, 5), curve(5, 6, 7)]).plot(scale="linear").ax_
    assert ax.get_ylim()[1] > 7


@pytest.mark.parametrize("last", [np.inf, np.nan])
def test_a_run_that_overflows_ends_at_the_upper_edge(last):
    display = LossCurveDisplay(curves=[curve(4, 8, last, stop_reason="diverged")]).plot()
    assert stop_markers(display) == [("X", 2, display.ax_.get_ylim()[1])]
    assert not display.ax_.lines[-1].get_clip_on()
    assert legend_texts(display) == [f"a (diverged, epoch 2, at {last})"]


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("y", [(1, 1e150, 1e250, 1.7e308, np.inf), (1, 1e-310, 0), (1,)])
def test_extreme_numbers_can_be_drawn(y, scale):
    display = LossCurveDisplay(curves=[curve(*y)]).plot(scale=scale)
    display.figure_.canvas.draw()
    assert np.isfinite(display.ax_.get_ylim()).all()


# Validation


def test_validation_scores_have_an_axis_of_their_own(small_data):
    model = fitted(*small_data, early_stopping=True, validation_fraction=0.3)
    display = LossCurveDisplay.from_estimator(model)
    scores = model.history_["validation_score"]
    line, best, *_ = display.validation_ax_.lines
    assert_array_equal(line.get_ydata(), scores)
    assert (line.get_linestyle(), line.get_color()) == ("--", display.lines_[0].get_color())
    assert (*best.get_xdata(), *best.get_ydata()) == (np.argmax(scores), max(scores))
    assert display.validation_ax_.get_ylabel() == "validation score (dashed)"
    assert legend_texts(display)[1:] == ["validation score (right axis)", "best validation score"]


def test_validation_scores_only_of_those_that_have_them(small_data):
    models = {
        "with": fitted(*small_data, early_stopping=True, validation_fraction=0.3),
        "without": fitted(*small_data),
    }
    display = LossCurveDisplay.from_estimators(models)
    dashed = [line for line in display.validation_ax_.lines if line.get_linestyle() == "--"]
    assert len([line for line in dashed if len(line.get_xdata())]) == 1


def test_validation_scores_can_be_left_out(small_data):
    model = fitted(*small_data, early_stopping=True)
    display = LossCurveDisplay.from_estimator(model, show_validation=False)
    assert display.validation_ax_ is None
    assert len(display.figure_.axes) == 1


def test_no_axis_for_validation_scores_without_any(small_data):
    assert LossCurveDisplay.from_estimator(fitted(*small_data)).validation_ax_ is None


def test_accuracy_of_a_classifier(rng):
    X = rng.normal(size=(60, 2))
    model = GDClassifier(early_stopping=True, max_iter=5, tol=None, random_state=0).fit(
        X, X[:, 0] > 0
    )
    line = LossCurveDisplay.from_estimator(model).validation_ax_.lines[0]
    assert_array_equal(line.get_ydata(), model.history_["validation_score"])


def test_scores_far_below_those_of_no_model_do_not_flatten_the_others():
    scores = np.array([-1e20, 0.2, 0.5])
    display = LossCurveDisplay(curves=[curve(3, 2, 1, validation=scores)]).plot()
    assert display.validation_ax_.get_ylim()[0] == -1.0


# What is not accepted


@pytest.mark.parametrize(
    "model",
    [
        GDRegressor(),
        make_pipeline(StandardScaler(), GDRegressor()),
        GridSearchCV(GDRegressor(), {"alpha": [1.0]}),
    ],
)
def test_not_fitted(model):
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(model)


@pytest.mark.parametrize("other", [Ridge(), make_pipeline(StandardScaler(), Ridge()), 3])
def test_other_estimators_are_refused(other):
    with pytest.raises(TypeError, match="must be a GDRegressor or GDClassifier, or a Pipeline"):
        LossCurveDisplay.from_estimator(other)


def test_result_without_history_is_refused():
    result = scipy_minimize(lambda x: x @ x, np.ones(2))
    with pytest.raises(TypeError, match=r"Pass the result of gdregress\.minimize"):
        LossCurveDisplay.from_estimator(result)


@pytest.mark.parametrize("given", [[square(0.1)], square(0.1)])
def test_several_are_given_as_a_dict(given):
    with pytest.raises(TypeError, match="from_estimators takes a dict"):
        LossCurveDisplay.from_estimators(given)


def test_dict_of_several_given_as_one():
    with pytest.raises(TypeError, match="from_estimators takes a dict of them by label"):
        LossCurveDisplay.from_estimator({"a": square(0.1)})


def test_empty_dict_is_refused():
    with pytest.raises(ValueError, match="at least one estimator"):
        LossCurveDisplay.from_estimators({})


@pytest.mark.parametrize(
    "given, message",
    [
        ({"y": "accuracy"}, r"y must be one of 'objective', 'loss', .* Got 'accuracy'"),
        ({"x": "hour"}, r"x must be one of 'epoch', 'update', 'second'. Got 'hour'"),
        ({"x": "seconds"}, r"Did you mean 'second'\?"),
        ({"x": "epochs"}, r"Did you mean 'epoch'\?"),
        ({"x": "t"}, r"Did you mean 'update'\?"),
        ({"x": "time"}, r"Did you mean 'second'\?"),
        ({"y": "lr"}, r"Did you mean 'learning_rate'\?"),
        ({"y": "val_loss"}, r"Did you mean 'validation_loss'\?"),
        ({"scale": "cubic"}, r"scale must be one of 'auto', 'linear', 'log'. Got 'cubic'"),
        ({"x_scale": "cubic"}, r"x_scale must be one of"),
        ({"best": 0.0}, r"best=0.0 requires y='gap'"),
        ({"y": "gap", "best": np.nan}, r"best must be a finite number"),
        ({"y": "gap", "best": "least"}, r"best must be a finite number"),
    ],
)
def test_arguments_that_are_not_accepted(given, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay.from_estimator(square(0.1), **given)


def test_log_axis_without_positive_numbers():
    with pytest.raises(ValueError, match="scale='log' needs positive numbers"):
        LossCurveDisplay(curves=[curve(-1, -2)]).plot(scale="log")
