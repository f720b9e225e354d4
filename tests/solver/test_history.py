"""The columns of the history of a fit, and its printed form."""

import json
import re
import sys
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from reference import elasticnet_value, mean_loss

from gdregress import GDRegressor
from gdregress._solver.history import COLUMNS, History

SAMPLERS = ["batch", "stochastic", "mini-batch"]


def fitted(X, y, sample_weight=None, **parameters):
    settings = {"max_iter": 6, "tol": None, "random_state": 0, "store_path": True, **parameters}
    return GDRegressor(**settings).fit(X, y, sample_weight)


# The numbers


def test_row_0_is_the_start_and_row_e_the_end_of_epoch_e(small_data):
    model = fitted(*small_data, solver="mini-batch", batch_size=5, learning_rate=0.01)
    history = model.history_
    assert len(history) == 7
    assert history["epoch"] == [0, 1, 2, 3, 4, 5, 6]
    assert history["t"] == [0, 5, 10, 15, 20, 25, 30]
    assert model.loss_curve_ == history["objective"][1:]
    assert all(len(history[name]) == 7 for name in history.columns())
    assert history.row(-1)["objective"] == history["objective"][-1]


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error", "log_cosh"])
@pytest.mark.parametrize("solver", SAMPLERS)
def test_objective_is_that_of_the_parameters_at_the_end_of_the_epoch(
    small_data, small_weights, solver, loss
):
    """Weighted mean loss plus penalty, not a running mean of what the updates saw."""
    X, y = small_data
    history = fitted(
        X,
        y,
        small_weights,
        solver=solver,
        loss=loss,
        penalty="elasticnet",
        alpha=0.3,
        l1_ratio=0.4,
    ).history_
    for e, (w, b) in enumerate(zip(history.coef, history.intercept, strict=True)):
        expected_loss = mean_loss(loss, y, X @ w + b, small_weights)
        expected_penalty = elasticnet_value(w, 0.3, 0.4)
        row = history.row(e)
        assert row["loss"] == pytest.approx(expected_loss, rel=1e-11)
        assert row["penalty"] == pytest.approx(expected_penalty, rel=1e-11)
        assert row["objective"] == pytest.approx(expected_loss + expected_penalty, rel=1e-11)


def test_two_targets_are_summed(small_data):
    X, y = small_data
    model = fitted(X, np.column_stack([y, 2 * y]))
    w, b = model.coef_, model.intercept_
    each = [mean_loss("squared_error", k * y, X @ w[k - 1] + b[k - 1]) for k in (1, 2)]
    assert model.loss_curve_[-1] == pytest.approx(sum(each), rel=1e-11)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_gradient_norm_is_in_units_of_the_columns(small_data, small_weights, solver):
    """||gradient / rms(column)||; for batch at the point where the epoch's gradient was taken."""
    X, y = small_data
    given = {"solver": solver, "optimizer": "gd", "preconditioner": None, "schedule": "constant"}
    history = fitted(X, y, small_weights, **given).history_
    A, s = np.c_[X, np.ones(23)], small_weights / small_weights.sum()
    rms = np.sqrt(s @ A**2)
    norms = []
    for w, b in zip(history.coef, history.intercept, strict=True):
        gradient = A.T @ (s * (X @ w + b - y))
        norms.append(np.linalg.norm(gradient / rms))
    expected = [norms[0], *norms[:-1]] if solver == "batch" else norms
    np.testing.assert_allclose(history["gradient_norm"], expected, rtol=1e-9)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_gradient_norm_in_scaled_columns_is_by_these(small_data, small_weights, solver):
    """||gradient by the coordinates|| of columns centred and scaled to size 1."""
    X, y = small_data
    given = {"solver": solver, "optimizer": "gd", "schedule": "constant"}
    history = fitted(X, y, small_weights, preconditioner="columns", **given).history_
    s = small_weights / small_weights.sum()
    Z = (X - s @ X) / np.sqrt(s @ (X - s @ X) ** 2)
    norms = []
    for w, b in zip(history.coef, history.intercept, strict=True):
        slopes = s * (X @ w + b - y)
        norms.append(np.linalg.norm([*(Z.T @ slopes), slopes.sum()]))
    expected = [norms[0], *norms[:-1]] if solver == "batch" else norms
    np.testing.assert_allclose(history["gradient_norm"], expected, rtol=1e-9, atol=1e-14)


def test_gap_is_what_is_left_of_the_objective(small_data, small_weights):
    """For squared error exactly where it is estimated, as it is at two epochs of these."""
    X, y = small_data
    given = {"optimizer": "gd", "learning_rate": 0.1, "max_iter": 40}
    history = fitted(X, y, small_weights, solver="mini-batch", **given).history_
    A, s = np.c_[X, np.ones(23)], small_weights / small_weights.sum()
    best = np.linalg.lstsq(np.sqrt(s)[:, None] * A, np.sqrt(s) * y, rcond=None)[0]
    least = s @ (A @ best - y) ** 2 / 2
    estimates = np.array(history["gap"])[[15, 31]]
    left = np.array(history["objective"])[[15, 31]] - least
    np.testing.assert_allclose(estimates, left, rtol=1e-6)


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "gd"},
        {"optimizer": "cg"},
        {"loss": "huber"},
        {"penalty": "l1", "alpha": 0.3},
        {"solver": "mini-batch", "random_state": 0},
    ],
)
def test_gaps_of_a_run_at_the_minimum_are_those_of_their_rows(small_data, given):
    """Estimates on the way are of the point before the last update."""
    model = GDRegressor(tol=1e-8, **given).fit(*small_data)
    history, objective = model.history_, np.array(model.history_["objective"])
    assert model.converged_
    least = objective[-1] - history["gap"][-1]
    np.testing.assert_allclose(history["gap"], objective - least, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
def test_gradient_norm_vanishes_at_the_minimum_of_a_penalised_objective(small_data, penalty):
    model = fitted(*small_data, penalty=penalty, alpha=0.3, max_iter=2000, tol=1e-9)
    norms = model.history_["gradient_norm"]
    assert model.converged_
    assert norms[-1] <= 1e-8 * norms[0]


def test_no_validation_score_without_early_stopping(small_data):
    history = fitted(*small_data).history_
    assert "validation_score" not in history
    with pytest.raises(KeyError, match=r"does not apply to this fit. The columns are: epoch"):
        history["validation_score"]


def test_validation_score_of_every_epoch(small_data):
    model = fitted(*small_data, early_stopping=True, validation_fraction=0.3)
    scores = model.history_["validation_score"]
    assert model.validation_scores_ == scores[1:]
    assert all(isinstance(score, float) and score <= 1 for score in scores)


def test_seconds_never_fall(small_data):
    seconds = fitted(*small_data).history_["seconds"]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0


# The path


def test_path_starts_at_zero_and_ends_at_the_coefficients(small_data):
    model = fitted(*small_data, solver="stochastic", learning_rate=0.01)
    history = model.history_
    assert len(history.coef) == len(history.intercept) == len(history)
    np.testing.assert_array_equal(history.coef[0], np.zeros(3))
    assert history.intercept[0] == 0.0
    np.testing.assert_array_equal(history.coef[-1], model.coef_)
    assert history.intercept[-1] == model.intercept_
    # every epoch has its own numbers, not a view of the last
    assert len({tuple(w) for w in history.coef}) == len(history)


def test_path_is_in_original_units(small_data):
    model = fitted(*small_data, standardize=True)
    np.testing.assert_array_equal(model.history_.coef[-1], model.coef_)
    assert model.history_.intercept[-1] == model.intercept_


def test_no_path_unless_asked_for(small_data):
    history = fitted(*small_data, store_path=False).history_
    assert history.coef == history.intercept == []


# A table


def test_is_a_mapping_of_its_columns(small_data):
    history = fitted(*small_data).history_
    assert isinstance(history, Mapping)
    assert list(history) == list(history.keys()) == history.columns()
    assert dict(history.items())["objective"] is history["objective"]
    assert "objective" in history and "objectives" not in history
    assert history.get("objectives") is None
    assert len(history) == len(history["epoch"]) == 7  # as that of a frame


def test_an_unknown_name_lists_those_that_are_known(small_data):
    history = fitted(*small_data).history_
    with pytest.raises(KeyError, match=r"'loss_curve' is no column. The columns are: epoch"):
        history["loss_curve"]


def test_goes_into_frames_and_json(small_data):
    history = fitted(*small_data).history_
    frame = pd.DataFrame(history)
    assert list(frame.columns) == list(history)
    assert len(frame) == 7
    assert json.loads(json.dumps(history)) == dict(history)


def test_a_column_that_comes_to_apply_later_is_filled_up():
    history, row = History(), dict.fromkeys(COLUMNS, 1.0)
    for epoch, gap in enumerate([None, None, 3.0]):
        history.append(row | {"epoch": epoch, "gap": gap, "validation_score": None})
    assert history["gap"] == [None, None, 3.0]
    assert list(history) == [name for name in COLUMNS if name != "validation_score"]
    assert history.full_row(0)["validation_score"] is None
    assert History.from_dict(history.to_dict()) == history.copy() == history


def test_is_a_table_in_notebooks(small_data):
    html = fitted(*small_data, max_iter=50).history_._repr_html_()
    assert html.count("<tr>") == 1 + 5 + 1 + 5
    assert "<th>objective</th>" in html and "in units of the columns" in html
    assert html.count("<table>") == html.count("</table>") == 1


# How it reads


def test_to_frame(small_data):
    history = fitted(*small_data).history_
    frame = history.to_frame()
    assert frame.index.name == "epoch"
    assert list(frame.columns) == [
        name for name in COLUMNS if name != "epoch" and not name.startswith("validation")
    ]
    assert frame["objective"].tolist() == history["objective"]


def test_to_frame_says_what_is_missing(small_data, monkeypatch):
    history = fitted(*small_data).history_
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        history.to_frame()


def test_repr_shows_all_rows_of_a_short_history(small_data):
    lines = repr(fitted(*small_data).history_).splitlines()
    assert lines[0].startswith("History of 6 epochs, gradient_norm in units of the columns'")
    assert [line.split()[0] for line in lines[2:]] == ["0", "1", "2", "3", "4", "5", "6"]


def test_repr_of_a_long_history_leaves_out_the_middle(small_data):
    lines = repr(fitted(*small_data, max_iter=50).history_).splitlines()
    first_words = [line.split()[0] for line in lines[2:]]
    assert first_words == ["0", "1", "2", "3", "4", "...", "46", "47", "48", "49", "50"]


def ends_of_words(line):
    return [match.end() for match in re.finditer(r"\S+", line)]


def test_repr_columns_are_aligned(small_data):
    _, header, *rows = repr(fitted(*small_data, early_stopping=True).history_).splitlines()
    for row in rows:
        assert ends_of_words(row) == ends_of_words(header)


def test_repr_leaves_out_columns_that_hold_nothing(small_data):
    assert "validation_score" not in repr(fitted(*small_data).history_)
    assert "validation_score" in repr(fitted(*small_data, early_stopping=True).history_)


def test_repr_of_an_empty_history():
    assert repr(History()) == "History of 0 epochs"


def test_no_units_of_a_gradient_that_is_not_there():
    model = GDRegressor().partial_fit([[0.0], [2.0]], [0.0, 2.0])
    assert repr(model.history_).startswith("History of 1 epochs\n")
