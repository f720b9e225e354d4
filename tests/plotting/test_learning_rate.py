"""The display shows the results of fits by learning rate, and the stable limit."""

import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import same_color
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from gdregress import GDClassifier, GDRegressor, learning_rate_range_test
from gdregress.exceptions import ConvergenceWarning
from gdregress.plotting._learning_rate.trials import rates_around
from gdregress.plotting.learning_rate import LearningRateDisplay, Sweep, Trial

matplotlib.use("Agg")
import matplotlib.pyplot as plt


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def largest_eigenvalue(X, weights=None):
    A = np.column_stack([X, np.ones(len(X))])
    return np.linalg.eigvalsh((A.T * (1 if weights is None else weights)) @ A)[-1] / (
        len(X) if weights is None else weights.sum()
    )


def plain(**parameters):
    return GDRegressor(**{"optimizer": "gd", "max_iter": 40, "random_state": 0, **parameters})


def trial(rate, objective=1.0, epochs=10, reason="tolerance"):
    return Trial(rate, objective, epochs, reason)


def of_trials(trials, **sweep):
    return LearningRateDisplay(sweeps=[Sweep(trials, **sweep)])


def fitted_with(model, rate, X, y, **given):
    """A fit in the user's own columns, which those of a number are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = clone(model).set_params(learning_rate=rate)
        if rate == "auto":
            model.set_params(preconditioner=None)
        return model.fit(X, y, **given)


def points(ax, marker):
    """x and y of the lines with a marker."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    return [tuple(map(tuple, line.get_data())) for line in lines]


def legend_texts(display):
    return [text.get_text() for text in display.axes_[1].get_legend().get_texts()]


# The fits


def test_trials_are_the_fits_with_these_rates(small_data):
    rates = [0.02, 0.2, 2.0]
    display = LearningRateDisplay.from_estimator(plain(), *small_data, learning_rates=rates)
    for got, rate in zip(display.sweeps[0].trials, rates, strict=True):
        model = fitted_with(plain(), rate, *small_data)
        last = model.history_["objective"][-1]
        assert got == (rate, last, model.n_iter_, model.stop_reason_)
    assert [got.diverged for got in display.sweeps[0].trials] == [False, False, True]


def test_weights_count(small_data, small_weights):
    X, y = small_data
    display = LearningRateDisplay.from_estimator(
        plain(), X, y, sample_weight=small_weights, learning_rates=[0.1]
    )
    expected = fitted_with(plain(), 0.1, X, y, sample_weight=small_weights)
    assert display.sweeps[0].trials[0].objective == expected.loss_curve_[-1]
    limit = 2 / largest_eigenvalue(X, small_weights)
    assert display.sweeps[0].stable_limit == pytest.approx(limit, rel=1e-9)


def test_rates_are_sorted(small_data):
    display = LearningRateDisplay.from_estimator(plain(), *small_data, learning_rates=[0.3, 0.1])
    assert [got.learning_rate for got in display.sweeps[0].trials] == [0.1, 0.3]


@pytest.mark.parametrize("fit_first", [False, True])
def test_pipeline_transforms_first(small_data, fit_first):
    X, y = small_data
    model = make_pipeline(StandardScaler(), plain())
    if fit_first:
        model.fit(X, y)
    display = LearningRateDisplay.from_estimator(model, 100 * X, y, learning_rates=[0.1])
    Z = StandardScaler().fit_transform(100 * X)
    expected = fitted_with(plain(), 0.1, Z, y).loss_curve_[-1]
    assert display.sweeps[0].trials[0].objective == pytest.approx(expected, rel=1e-12)
    assert display.sweeps[0].stable_limit == pytest.approx(2 / largest_eigenvalue(Z), rel=1e-9)


def test_pipeline_in_a_pipeline(small_data):
    X, y = small_data
    model = make_pipeline(StandardScaler(), make_pipeline(Normalizer(), plain()))
    display = LearningRateDisplay.from_estimator(model, X, y, learning_rates=[0.1])
    Z = Normalizer().fit_transform(StandardScaler().fit_transform(X))
    expected = fitted_with(plain(), 0.1, Z, y).loss_curve_[-1]
    assert display.sweeps[0].trials[0].objective == pytest.approx(expected, rel=1e-12)


def test_search_varies_what_it_has_found(small_data):
    search = GridSearchCV(plain(), {"fit_intercept": [False]}, cv=2).fit(*small_data)
    display = LearningRateDisplay.from_estimator(search, *small_data, learning_rates=[0.1])
    expected = fitted_with(plain(fit_intercept=False), 0.1, *small_data).loss_curve_[-1]
    assert display.sweeps[0].trials[0].objective == expected


def test_estimator_is_left_as_it_is(small_data):
    model = plain(learning_rate=0.3, store_path=True)
    LearningRateDisplay.from_estimator(model, *small_data, learning_rates=[0.1])
    assert not hasattr(model, "coef_")
    assert (model.learning_rate, model.store_path) == (0.3, True)


def test_pipeline_is_left_as_it_is(small_data):
    X, y = small_data
    model = make_pipeline(StandardScaler(), plain(tol=None)).fit(X, y)
    mean, coef = model[0].mean_.copy(), model[1].coef_.copy()
    LearningRateDisplay.from_estimator(model, 2 * X + 1, y, learning_rates=[0.1])
    assert_array_equal(model[0].mean_, mean)
    assert_array_equal(model[1].coef_, coef)


def test_fits_print_nothing(small_data, capsys):
    LearningRateDisplay.from_estimator(plain(verbose=2), *small_data, learning_rates=[0.1])
    assert capsys.readouterr().out == ""


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "parameters",
    [{}, {"alpha": 0.1}, {"solver": "stochastic", "learning_rate": "line-search"}],
)
def test_fits_do_not_warn(small_data, parameters):
    """Not of what is drawn, nor of parameters that are ignored for reasons of their own."""
    display = LearningRateDisplay.from_estimator(
        plain(**{"max_iter": 5, **parameters}), *small_data, learning_rates=[0.001, 1e3]
    )
    assert [got.stop_reason for got in display.sweeps[0].trials] == ["max_iter", "diverged"]


# The limit and the automatic rate


def test_limit_of_least_squares_is_exact(small_data):
    display = LearningRateDisplay.from_estimator(plain(), *small_data)
    limit = 2 / largest_eigenvalue(small_data[0])
    assert display.sweeps[0].stable_limit == pytest.approx(limit, rel=1e-9)
    assert display.sweeps[0].limit_name == "stable limit"
    for got in display.sweeps[0].trials:
        assert got.diverged == (got.learning_rate > limit)


def test_limit_is_that_of_the_optimizer(small_data):
    display = LearningRateDisplay.from_estimator(
        plain(optimizer="momentum", momentum=0.5), *small_data, learning_rates=[0.1]
    )
    limit = 3 / largest_eigenvalue(small_data[0])
    assert display.sweeps[0].stable_limit == pytest.approx(limit, rel=1e-9)


@pytest.mark.parametrize(
    "parameters, name",
    [
        ({"loss": "huber"}, "lower bound of the limit"),
        ({"loss": "absolute_error"}, "estimated limit"),
        ({"solver": "stochastic"}, "estimated limit of an average batch"),
        ({"solver": "mini-batch", "batch_size": 4}, "estimated limit of an average batch"),
    ],
)
def test_limit_that_is_not_exact_is_called_what_it_is(small_data, parameters, name):
    display = LearningRateDisplay.from_estimator(
        plain(max_iter=3, **parameters), *small_data, learning_rates=[0.1]
    )
    assert display.sweeps[0].limit_name == name
    assert f"{name}, {display.sweeps[0].stable_limit:.3g}" in legend_texts(display)


def test_adaptive_optimizers_have_no_limit(small_data):
    display = LearningRateDisplay.from_estimator(
        plain(optimizer="adam"), *small_data, learning_rates=[0.1]
    )
    assert display.sweeps[0].stable_limit is None
    assert not any("limit" in text for text in legend_texts(display))


def test_automatic_rate_of_least_squares(small_data):
    display = LearningRateDisplay.from_estimator(plain(), *small_data)
    model = fitted_with(plain(), "auto", *small_data)
    assert display.sweeps[0].automatic.learning_rate == model.learning_rate_
    assert display.sweeps[0].automatic.objective == model.loss_curve_[-1]
    assert display.sweeps[0].automatic_range is None


def test_automatic_rate_is_that_before_plateaus_have_reduced_it(small_data):
    model = plain(loss="absolute_error", max_iter=300)
    display = LearningRateDisplay.from_estimator(model, *small_data, learning_rates=[0.1])
    fitted = fitted_with(model, "auto", *small_data)
    assert display.sweeps[0].automatic.learning_rate == fitted.history_["learning_rate"][0]
    assert display.sweeps[0].automatic.learning_rate > fitted.learning_rate_


def test_automatic_rate_that_is_searched_has_a_range(small_data):
    X, y = small_data
    model = GDClassifier(optimizer="nesterov", max_iter=20)
    display = LearningRateDisplay.from_estimator(model, X, y > 3, learning_rates=[0.1])
    fitted = fitted_with(model, "auto", X, y > 3)
    rates = fitted.history_["learning_rate"]
    assert display.sweeps[0].automatic.learning_rate == fitted.learning_rate_
    assert display.sweeps[0].automatic_range == (min(rates), max(rates))
    assert min(rates) < max(rates)


def test_automatic_rate_that_is_learned_has_a_range(small_data):
    model = plain(solver="stochastic")
    display = LearningRateDisplay.from_estimator(model, *small_data, learning_rates=[0.1])
    fitted = fitted_with(model, "auto", *small_data)
    rates = fitted.history_["learning_rate"]
    assert display.sweeps[0].automatic.learning_rate == fitted.learning_rate_
    assert display.sweeps[0].automatic_range == (min(rates), max(rates))


def test_steps_along_envelopes_have_no_rate(small_data):
    model = plain(loss="absolute_error", optimizer="auto")
    display = LearningRateDisplay.from_estimator(model, *small_data)
    fitted = fitted_with(model, "auto", *small_data)
    assert np.isnan(display.sweeps[0].automatic.learning_rate)
    for ax, height in zip(display.axes_, (fitted.loss_curve_[-1], fitted.n_iter_), strict=True):
        assert [height, height] in [list(line.get_ydata()) for line in ax.lines]
    assert 'learning_rate="auto"' in legend_texts(display)
    assert np.isfinite(display.axes_[0].get_xlim()).all()


def test_rates_are_in_the_coordinates_that_are_named(small_data):
    """Scaled columns have a curvature of 1 at least, in whatever units the data are."""
    X, y = small_data
    models = [plain(preconditioner="columns"), plain()]
    displays = [
        LearningRateDisplay.from_estimator(m, 100 * X, y, learning_rates=[0.1]) for m in models
    ]
    limits = [display.sweeps[0].stable_limit for display in displays]
    assert limits[0] == pytest.approx(2 / largest_eigenvalue(StandardScaler().fit_transform(X)))
    assert limits[1] == pytest.approx(2 / largest_eigenvalue(100 * X), rel=1e-6)


# The grid


@pytest.mark.parametrize("limit, automatic", [(0.5, 0.25), (0.4, 11.0), (2.0, 0.01)])
def test_grid_spans_limit_and_automatic_rate(limit, automatic):
    rates = rates_around(limit, automatic)
    assert_allclose(rates[1:] / rates[:-1], 2)
    assert rates[0] < min(limit, automatic) / 100
    assert rates[-1] >= 8 * max(limit, automatic)
    assert (rates < limit).any()
    assert (abs(np.log(rates / limit)) > 0.3).all()
    assert len(rates) <= 25


def test_grid_without_a_limit_is_around_the_automatic_rate():
    rates = rates_around(None, 1.5)
    assert_allclose(rates, 1.5 * 2.0 ** np.arange(-7, 8))


# What is drawn


def test_panels_show_objective_and_epochs(small_data):
    display = LearningRateDisplay.from_estimator(plain(), *small_data)
    stable = [got for got in display.sweeps[0].trials if not got.diverged]
    for ax, column in zip(display.axes_, ("objective", "epochs"), strict=True):
        x, y = ax.lines[0].get_data()
        drawn = np.isfinite(y)
        assert_array_equal(x[drawn], [got.learning_rate for got in stable])
        assert_array_equal(y[drawn], [getattr(got, column) for got in stable])
        assert ax.get_xscale() == "log"
    labels = [ax.get_xlabel() for ax in display.axes_]
    assert labels == ["", "learning rate (log scale)"]
    assert display.axes_[0].get_ylabel().startswith("objective at the end")
    assert display.axes_[1].get_ylabel().startswith("epochs")
    assert display.axes_[0].get_xlim() == display.axes_[1].get_xlim()


def test_markers_tell_how_the_runs_have_ended():
    trials = [trial(0.1, 3.0, 50, "max_iter"), trial(0.2), trial(0.4, np.nan, 2, "diverged")]
    display = of_trials(trials).plot()
    objective, epochs = display.axes_
    assert points(epochs, "o") == [((0.2,), (10,)), ((0.1,), (50,))]
    full, hollow = (line for line in epochs.lines if line.get_marker() == "o")
    assert same_color(full.get_markerfacecolor(), full.get_color())
    assert same_color(hollow.get_markerfacecolor(), epochs.get_facecolor())
    for ax in (objective, epochs):  # no height: at the upper edge
        (cross,) = (line for line in ax.lines if line.get_marker() == "X")
        assert cross.get_transform() == ax.get_xaxis_transform()
        assert list(cross.get_ydata()) == [1.0]
        assert not cross.get_clip_on()
    texts = ["ended before max_iter", "ended at max_iter", "diverged, from 0.4 on"]
    assert legend_texts(display) == texts


def test_the_legend_states_the_first_diverged_rate_only_if_all_above_it_diverged():
    reasons = ["diverged", "tolerance", "diverged"]
    trials = [trial(rate, reason=reason) for rate, reason in enumerate(reasons, start=1)]
    assert "diverged" in legend_texts(of_trials(trials).plot())
    reasons[0] = "tolerance"
    trials = [trial(rate, reason=reason) for rate, reason in enumerate(reasons, start=1)]
    assert "diverged, from 3 on" in legend_texts(of_trials(trials).plot())


def test_limit_is_a_vertical_line_in_both_panels():
    display = of_trials([trial(0.1)], stable_limit=0.5).plot()
    for ax in display.axes_:
        assert [0.5, 0.5] in [list(line.get_xdata()) for line in ax.lines]
    assert "stable limit, 0.5" in legend_texts(display)


def test_a_limit_that_is_a_bound_is_fainter_than_one_that_is_exact():
    looks = []
    for name in ("stable limit", "lower bound of the limit"):
        display = of_trials([trial(0.1)], stable_limit=0.5, limit_name=name)
        (line,) = (one for one in display.plot().ax_.lines if list(one.get_xdata()) == [0.5, 0.5])
        looks.append((line.get_linestyle(), line.get_alpha()))
    assert looks == [("--", None), (":", 0.7)]


def test_automatic_rate_is_a_star_in_both_panels():
    display = of_trials([trial(0.1)], automatic=trial(0.3, 0.7, 8)).plot()
    assert points(display.axes_[0], "*") == [((0.3,), (0.7,))]
    assert points(display.axes_[1], "*") == [((0.3,), (8,))]
    assert 'learning_rate="auto", 0.3' in legend_texts(display)


def test_range_of_a_searched_rate_is_a_bar_that_the_axis_holds():
    display = of_trials(
        [trial(0.1)], automatic=trial(0.3, 0.7), automatic_range=(0.05, 4.0)
    ).plot()
    bars = [list(line.get_xdata()) for line in display.axes_[0].lines]
    assert [0.05, 4.0] in bars
    low, high = display.axes_[0].get_xlim()
    assert low < 0.05 < 4.0 < high
    assert 'learning_rate="auto", 0.3 in the end' in legend_texts(display)


def test_diverged_rates_are_shaded():
    trials = [trial(0.1), trial(0.4, reason="diverged"), trial(0.8, reason="diverged")]
    display = of_trials(trials, stable_limit=0.3).plot()
    for ax in display.axes_:
        (patch,) = ax.patches
        box = patch.get_bbox()
        assert box.x0 == pytest.approx(0.3)
        assert box.x1 == pytest.approx(ax.get_xlim()[1])


def test_nothing_is_shaded_where_nothing_diverged():
    display = of_trials([trial(0.1), trial(0.2)]).plot()
    assert [len(ax.patches) for ax in display.axes_] == [0, 0]


@pytest.mark.parametrize(
    "diverged, limit, ends",
    [
        ("-x", None, (2.0, "right")),
        ("-x", 3.0, (3.0, "right")),
        ("-x", 8.0, (2.0, "right")),
        ("xx", None, ("left", "right")),
        ("x-", None, ("left", 2.0)),
    ],
)
def test_the_shade_begins_at_the_limit_or_halfway(diverged, limit, ends):
    reasons = ["diverged" if sign == "x" else "plateau" for sign in diverged]
    trials = [trial(rate, reason=reason) for rate, reason in zip((1, 4), reasons, strict=True)]
    ax = of_trials(trials, stable_limit=limit).plot().ax_
    edges = dict(zip(("left", "right"), ax.get_xlim(), strict=True))
    (patch,) = ax.patches
    box = patch.get_bbox()
    assert_allclose([box.x0, box.x1], [edges.get(end, end) for end in ends])


@pytest.mark.parametrize(
    "objectives, given, scale",
    [
        ((1, 5), "auto", "linear"),
        ((1, 50), "auto", "log"),
        ((1, 5), "log", "log"),
        ((-1, 50), "auto", "linear"),
    ],
)
def test_scale_of_the_objectives(objectives, given, scale):
    trials = [trial(rate, value) for rate, value in zip((0.1, 0.2), objectives, strict=True)]
    ax = of_trials(trials).plot(scale=given).ax_
    assert ax.get_yscale() == scale
    assert ("log scale" in ax.get_ylabel()) == (scale == "log")


def test_objective_of_diverged_runs_does_not_stretch_the_axis():
    trials = [trial(0.1, 2.0), trial(0.2, 1.0), trial(0.4, 1e300, 3, "diverged")]
    ax = of_trials(trials).plot().ax_
    assert ax.get_yscale() == "linear"
    assert ax.get_ylim()[1] < 3


def test_objectives_that_hardly_differ_are_written_out():
    display = of_trials([trial(0.1, 1429.871), trial(0.2, 1429.849)]).plot()
    display.figure_.canvas.draw()
    assert display.axes_[0].yaxis.get_offset_text().get_text() == ""


def test_objectives_of_runs_that_have_arrived_are_no_valley():
    trials = [trial(0.1, 1429.84820), trial(0.2, 1429.84816), trial(0.4, 1429.84819)]
    low, high = of_trials(trials).plot().ax_.get_ylim()
    assert low < 1429.80 < 1429.90 < high


def test_few_epochs_are_counted_from_zero_in_whole_numbers():
    display = of_trials([trial(0.1, epochs=3), trial(0.2, epochs=2)]).plot()
    display.figure_.canvas.draw()
    low, high = display.axes_[1].get_ylim()
    assert low == 0
    assert high > 3.1
    assert all(tick == round(tick) for tick in display.axes_[1].get_yticks())


def test_all_runs_diverged():
    trials = [trial(1.0, np.nan, 1, "diverged"), trial(2.0, np.inf, 1, "diverged")]
    display = of_trials(trials).plot()
    display.figure_.canvas.draw()
    assert legend_texts(display) == ["diverged"]


def test_line_kw_is_passed_on():
    display = of_trials([trial(0.1)]).plot(line_kw={"c": "red", "lw": 4})
    assert (display.axes_[0].lines[0].get_color(), display.axes_[0].lines[0].get_lw()) == (
        "red",
        4,
    )


def test_draws_on_two_axes_that_are_given():
    figure, axes = plt.subplots(1, 2)
    display = of_trials([trial(0.1)])
    assert display.plot(axes) is display
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert {ax.get_xlabel() for ax in axes} == {"learning rate (log scale)"}


# The gap


def test_gaps_are_measured_from_the_minimum_that_the_histories_tell(small_data):
    X, y = small_data
    rates = [0.05, 0.1, 0.2]
    display = LearningRateDisplay.from_estimator(
        plain(max_iter=30), X, y, learning_rates=rates, show="gap"
    )
    least = np.mean((LinearRegression().fit(X, y).predict(X) - y) ** 2) / 2
    assert display.best == pytest.approx(least)
    gaps = [got.objective - least for got in display.sweeps[0].trials]
    assert_allclose(display.lines_[0].get_ydata(), gaps, rtol=1e-3)
    assert display.ax_.get_ylabel().startswith("objective above the\nestimate")


def test_gaps_below_rounding_are_at_their_rounding():
    display = LearningRateDisplay(
        sweeps=[Sweep([trial(0.1, 2.0), trial(0.2, 3.0)])], show="gap", best=2.0
    )
    assert display.plot().ax_.get_yscale() == "log"
    assert_allclose(display.lines_[0].get_ydata(), [2 * np.finfo(float).eps, 1.0])


def test_the_minimum_may_be_given(small_data):
    given = {"learning_rates": [0.1], "show": "gap", "best": -3.0}
    display = LearningRateDisplay.from_estimator(plain(), *small_data, **given)
    assert display.lines_[0].get_ydata() == [display.sweeps[0].trials[0].objective + 3]


# Two or more estimators


def test_estimators_share_the_panels(small_data):
    models = {"gd": plain(), "adam": plain(optimizer="adam")}
    rates = [0.01, 0.1, 50.0]
    display = LearningRateDisplay.from_estimators(models, *small_data, learning_rates=rates)
    for name, sweep, line in zip(models, display.sweeps, display.lines_, strict=True):
        alone = LearningRateDisplay.from_estimator(models[name], *small_data, learning_rates=rates)
        assert sweep.trials == alone.sweeps[0].trials
        assert_array_equal(line.get_ydata(), alone.lines_[0].get_ydata())
    assert [text for text in legend_texts(display) if "auto" not in text] == ["gd", "adam"]
    assert display.sweeps[1].stable_limit is None
    assert not display.ax_.patches  # a shade would be that of which of them?


# A range test


@pytest.fixture
def range_test(small_data):
    model = plain(solver="mini-batch", batch_size=4)
    return learning_rate_range_test(*small_data, model, smallest=1e-3, n_updates=60)


def test_a_range_test_is_the_loss_by_rate_with_both_rates(range_test):
    display = LearningRateDisplay.from_range_test(range_test)
    (ax,) = display.axes_
    assert_array_equal(display.lines_[0].get_xdata(), range_test.learning_rates)
    assert_array_equal(display.lines_[0].get_ydata(), range_test.sample_losses)
    assert list(points(ax, ".")[0]) == [
        tuple(range_test.learning_rates),
        tuple(range_test.losses),
    ]
    marked = {line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2}
    assert marked == {range_test.steepest, range_test.least}
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert f"steepest, {range_test.steepest:.2g}" in texts
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "learning rate (log scale)")


def test_a_batch_of_a_range_test_does_not_flatten_the_curve(range_test):
    losses = range_test.losses.copy()
    losses[3] = 1e6
    tops = [
        LearningRateDisplay.from_range_test(found).ax_.get_ylim()[1]
        for found in (range_test, range_test._replace(losses=losses))
    ]
    assert max(range_test.sample_losses) < tops[0] == tops[1]


def test_a_range_test_is_styled_and_takes_the_axes_given(range_test):
    ax = plt.subplots()[1]
    options = {"line_kw": {"lw": 5}, "ax_kw": {"xlim": (0.01, 1)}, "legend": False}
    display = LearningRateDisplay.from_range_test(range_test, ax=ax, scale="log", **options)
    assert display.ax_ is ax
    assert (display.lines_[0].get_linewidth(), ax.get_xlim()) == (5, (0.01, 1))
    assert (ax.get_yscale(), ax.get_legend()) == ("log", None)


def test_other_results_are_no_range_test(small_data):
    with pytest.raises(TypeError, match=r"learning_rate_range_test\. Got GDRegressor"):
        LearningRateDisplay.from_range_test(plain().fit(*small_data))


# What is not accepted


@pytest.mark.parametrize("n", [1, 3])
def test_two_axes_are_needed(n):
    axes = plt.subplots(n)[1]
    with pytest.raises(ValueError, match=f"ax must hold 2 Axes.* Got {n}"):
        of_trials([trial(0.1)]).plot(axes)


@pytest.mark.parametrize("rates", [[], [0.1, 0], [-1], [np.nan], [np.inf], 0.1, [[0.1]]])
def test_rates_are_positive_numbers(small_data, rates):
    with pytest.raises(ValueError, match="learning_rates must be one or more positive finite"):
        LearningRateDisplay.from_estimator(plain(), *small_data, learning_rates=rates)


def test_other_estimators_are_refused(small_data):
    with pytest.raises(TypeError, match="Got Ridge"):
        LearningRateDisplay.from_estimator(Ridge(), *small_data)
