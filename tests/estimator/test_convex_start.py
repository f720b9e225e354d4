"""A loss that is not convex begins at the minimum of a convex one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import least_squares
from sklearn.datasets import load_diabetes

from gdregress import GDRegressor
from gdregress.losses import Cauchy
from gdregress.losses.constant import best_constant


class TestCauchyBeginsAtHuber:
    @pytest.mark.parametrize("fit", ["fit", "fit_batches"])
    def test_it_ends_at_the_minimum_that_scipy_finds_from_there(self, fit):
        X, y = load_diabetes(return_X_y=True)
        y, A = 10 * y, np.column_stack([X, np.ones(len(X))])
        data = (X, y) if fit == "fit" else ([(X[:200], y[:200]), (X[200:], y[200:])],)
        model = getattr(GDRegressor("cauchy", tol=1e-7), fit)(*data)
        huber = GDRegressor("huber", epsilon=2.385, tol=1e-7).fit(X, y)
        begin = np.append(huber.coef_, huber.intercept_)
        solved = {"loss": "cauchy", "f_scale": 2.385, "xtol": 1e-12, "ftol": 1e-14}
        known = least_squares(lambda w: A @ w - y, begin, **solved)
        assert model.converged_
        assert_allclose(model.loss_curve_[-1], known.cost / len(y), rtol=1e-3)
        assert model.loss_curve_[-1] < model.history_["objective"][0]
        assert abs(model.score(X, y) - huber.score(X, y)) < 0.02

    def test_not_where_something_else_is_asked_for(self):
        X, y = load_diabetes(return_X_y=True)
        begin = GDRegressor("cauchy", early_stopping=True, random_state=0).fit(X, y)
        assert (
            begin.history_["objective"][0] > 1.2 * GDRegressor("cauchy").fit(X, y).loss_curve_[-1]
        )
        given = {"loss": "cauchy", "optimizer": "nesterov", "max_iter": 1, "tol": None}
        model = GDRegressor(**given).fit(X, y)
        constant = best_constant(Cauchy(), y, None)
        assert_allclose(model.history_["objective"][0], Cauchy().value(y, constant).mean())
