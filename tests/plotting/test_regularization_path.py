"""RegularizationPathDisplay draws the coefficients of gd_path and the scores of the folds."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError

from gdregress import GDClassifierCV, GDRegressor, GDRegressorCV, gd_path
from gdregress.plotting import RegularizationPathDisplay

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_data(n=80, p=4):
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(n, p)), columns=list("abcd")[:p])
    return X, X.to_numpy() @ np.arange(1.0, p + 1) + rng.normal(size=n)


@pytest.mark.parametrize("alphas", [[0.01, 1.0, 0.1], 7])
def test_coefficients_and_scores(alphas):
    X, y = make_data()
    search = GDRegressorCV(GDRegressor(penalty="l1"), alphas=alphas).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(search, X, y)
    alphas, coefs, _ = gd_path(X, y, GDRegressor(penalty="l1"), alphas=search.alphas_)
    for line, row in zip(display.lines_, coefs, strict=True):
        assert_allclose(line.get_xdata(), alphas)
        assert_allclose(line.get_ydata(), row)
    order = np.argsort(-search.alphas_)
    assert_allclose(display.score_line_.get_ydata(), search.scores_.mean(axis=1)[order])
    assert display.best == search.alpha_
    texts = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert texts == ["d", "c", "b", "a"]
    assert [ax.get_xscale() for ax in display.axes_] == ["log", "log"]


def test_of_several_shares_the_best():
    X, y = make_data()
    model = GDRegressor(penalty="elasticnet")
    search = GDRegressorCV(model, alphas=[1.0, 0.01], l1_ratios=[0.1, 0.9]).fit(X, y)
    display = RegularizationPathDisplay.from_estimator(search, X, y)
    share = [0.1, 0.9].index(search.l1_ratio_)
    assert_allclose(display.scores, search.scores_[share])
    model.set_params(l1_ratio=search.l1_ratio_)
    assert_allclose(display.coef, gd_path(X, y, model, alphas=[1.0, 0.01])[1])


def test_axes_and_styles_of_the_user():
    X, y = make_data()
    search = GDClassifierCV(alphas=[1e-3, 1e-2], scoring="neg_log_loss").fit(X, y > 0)
    _, axes = plt.subplots(1, 2)
    display = RegularizationPathDisplay.from_estimator(
        search, X, y > 0, ax=axes, line_kw={"lw": 3}, score_kw={"c": "red"}, max_features=1
    )
    assert display.axes_[1] is axes[1] and axes[1].get_ylabel() == "neg_log_loss"
    assert [line.get_linewidth() == 3 for line in display.lines_].count(True) == 1
    assert display.score_line_.get_color() == "red"
    display.plot(legend=False, ax_kw={"xlim": (2e-3, 8e-3)})
    assert [each.get_xlim() for each in display.axes_] == [(2e-3, 8e-3)] * 2
    assert all(each.get_legend() is None for each in display.axes_)


def test_what_has_no_path():
    X, y = make_data()
    with pytest.raises(NotFittedError):
        RegularizationPathDisplay.from_estimator(GDRegressorCV(), X, y)
    model = GDRegressor(optimizer="gd", tol=None, max_iter=5)
    search = GDRegressorCV(model, learning_rates=[0.1, 0.2]).fit(X, y)
    with pytest.raises(ValueError, match="no strengths"):
        RegularizationPathDisplay.from_estimator(search, X, y)
