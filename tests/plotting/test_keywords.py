"""Every display takes matplotlib's keywords by their names and by their aliases."""

import matplotlib
import numpy as np
import pytest

from gdregress import GDRegressor, minimize
from gdregress.plotting import (
    CoefficientPathDisplay,
    DescentPathDisplay,
    FitDisplay,
    LearningRateDisplay,
    LossCurveDisplay,
    LossSurfaceDisplay,
)

matplotlib.use("Agg")
RED, WIDE = {"lw": 3, "c": "red", "ls": ":"}, {"linewidth": 3, "color": "red", "linestyle": ":"}
FIVE = {"store_path": True, "max_iter": 5, "tol": None}
DRAWINGS = {
    "loss curve": lambda X, y, kw: (
        LossCurveDisplay.from_estimator(GDRegressor(**FIVE).fit(X, y), line_kw=kw).lines_
    ),
    "coefficients": lambda X, y, kw: (
        CoefficientPathDisplay.from_estimator(GDRegressor(**FIVE).fit(X, y), line_kw=kw).lines_
    ),
    "fit": lambda X, y, kw: (
        FitDisplay.from_estimator(
            GDRegressor(**FIVE).fit(X[:, :1], y), X[:, :1], y, line_kw=kw
        ).lines_
    ),
    "rows": lambda X, y, kw: (
        FitDisplay.from_estimator(GDRegressor(**FIVE).fit(X, y), X, y, point_kw=kw).points_
    ),
    "learning rates": lambda X, y, kw: (
        LearningRateDisplay.from_estimator(
            GDRegressor(optimizer="gd", max_iter=5), X, y, line_kw=kw
        )
        .figure_.axes[0]
        .lines[:1]
    ),
    "surface": lambda X, y, kw: (
        LossSurfaceDisplay.from_estimator(
            GDRegressor(**FIVE).fit(X[:, :2], y), X[:, :2], y, grid=5, line_kw=kw
        ).lines_
    ),
    "function": lambda X, y, kw: DescentPathDisplay.from_function(
        np.square, minimize(np.square, 3.0, jac=lambda x: 2 * x, max_iter=3), curve_kw=kw
    ).ax_.lines[:1],
}


@pytest.mark.parametrize("keywords", [RED, WIDE], ids=["aliases", "names"])
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_lines(small_data, drawing, keywords):
    lines = list(DRAWINGS[drawing](*small_data, keywords))
    assert lines
    for line in lines:
        assert (line.get_linewidth(), line.get_color(), line.get_linestyle()) == (3, "red", ":")


@pytest.mark.parametrize("keywords", [{"c": "red", "lw": 2}, {"color": "red", "linewidths": 2}])
def test_points_of_a_descent(keywords):
    path = minimize(np.square, 3.0, jac=lambda x: 2 * x, max_iter=3)
    display = DescentPathDisplay.from_function(np.square, path, line_kw=keywords)
    (points,) = display.ax_.collections
    assert points.get_linewidth()[0] == 2
    assert points.get_facecolor()[-1].tolist() == [1.0, 0.0, 0.0, 1.0]
