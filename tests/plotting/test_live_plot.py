"""LivePlot draws the rows of the history while a fit goes on."""

import pickle
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gdregress import GDRegressor
from gdregress.plotting import LivePlot

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FIVE = {"optimizer": "gd", "learning_rate": 0.1, "max_iter": 5, "tol": None}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_after_the_fit_the_lines_are_columns_of_the_history(small_data):
    X, y = small_data
    live = LivePlot(("loss", "validation_loss"), x="t")
    model = GDRegressor(**FIVE).set_callbacks(live)
    model.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    assert [row["epoch"] for row in live.rows_] == list(range(6))
    for line, column in zip(live.lines_, ("loss", "validation_loss"), strict=True):
        assert_array_equal(line.get_xdata(), model.history_["t"])
        assert_array_equal(line.get_ydata(), model.history_[column])
    assert [text.get_text() for text in live.ax_.get_legend().get_texts()] == [
        "loss",
        "validation_loss",
    ]


def test_it_is_drawn_while_the_fit_goes_on(small_data):
    seen = []

    def look(row):
        seen.append(len(live.lines_[0].get_xdata()))

    live = LivePlot(interval=0)
    GDRegressor(**FIVE).set_callbacks(live, look).fit(*small_data)
    assert seen == [2, 3, 4, 5, 6]


def test_a_long_interval_leaves_the_last_drawing(small_data):
    seen = []

    def look(row):
        seen.append(len(live.lines_[0].get_xdata()))

    live = LivePlot(interval=1e9)
    GDRegressor(**FIVE).set_callbacks(live, look).fit(*small_data)
    assert seen == [0] * 5
    assert len(live.lines_[0].get_xdata()) == 6


def test_the_axis_becomes_logarithmic_and_a_second_fit_begins_anew(small_data):
    ax = plt.subplots()[1]
    live = LivePlot("gap", ax=ax)
    model = GDRegressor(**{**FIVE, "max_iter": 40}).set_callbacks(live).fit(*small_data)
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "gap, estimated (log scale)"
    assert live.ax_ is ax
    low, high = ax.get_ylim()
    assert low < np.min(model.history_["gap"]) < np.max(model.history_["gap"]) < high
    model.set_params(max_iter=2).fit(*small_data)
    assert len(live.rows_) == 3


def test_in_a_notebook_the_picture_is_replaced(small_data, monkeypatch):
    shown = []
    handle = SimpleNamespace(update=lambda figure: shown.append(len(live.lines_[0].get_xdata())))
    notebook = SimpleNamespace(display=lambda figure, display_id: handle)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=notebook))
    monkeypatch.setitem(sys.modules, "IPython.display", notebook)
    monkeypatch.setattr(plt, "get_backend", lambda: "inline")
    live = LivePlot(interval=0)
    GDRegressor(**FIVE).set_callbacks(live).fit(*small_data)
    assert shown == [2, 3, 4, 5, 6, 6]


@pytest.mark.parametrize(
    "given, message",
    [
        ({"y": "objektive"}, "'objektive' is no column of history_.*objective"),
        ({"x": "hour"}, "'hour' is no column"),
        ({"interval": -1}, "interval must be a number of seconds"),
    ],
)
def test_what_is_not_accepted(given, message):
    with pytest.raises(ValueError, match=message):
        LivePlot(**given)


def test_a_model_that_was_drawn_is_saved_with_its_rows_and_without_the_picture(small_data):
    model = GDRegressor(**FIVE).set_callbacks(LivePlot(ax=plt.subplots()[1]))
    model.fit(*small_data)
    plt.close("all")
    loaded = pickle.loads(pickle.dumps(model))
    assert not plt.get_fignums()
    assert_array_equal(loaded.predict(small_data[0]), model.predict(small_data[0]))
    (live,) = loaded._skl_callbacks
    assert [row["epoch"] for row in live.rows_] == list(range(6))
    loaded.set_params(max_iter=2).fit(*small_data)
    assert_array_equal(live.lines_[0].get_xdata(), [0, 1, 2])
