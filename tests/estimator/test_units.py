"""Neither units nor means of X or y change the end of a run or its predictions.

Squared error without a penalty, under an automatic rate.
"""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress import GDRegressor

SOLVERS = ["batch", "mini-batch", "stochastic"]


def make_data(n=60):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3)) + 0.7 * rng.normal(size=(n, 1)) + [0.5, 0.0, -1.0]
    return X, X @ [1.0, -2.0, 0.5] + 1 + 0.3 * rng.normal(size=n)


def fit(X, y, solver):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GDRegressor(solver=solver, random_state=0).fit(X, y)


@pytest.mark.parametrize("solver", SOLVERS)
class TestUnits:
    @pytest.mark.parametrize("powers", [(-20, 0, 0), (0, 13, 0), (-9, 4, 17), (30, 30, 30)])
    def test_columns_times_powers_of_two(self, solver, powers):
        X, y = make_data()
        scaled = X * 2.0 ** np.array(powers)
        self.check(fit(X, y, solver), X, fit(scaled, y, solver), scaled, rtol=1e-9)

    @pytest.mark.parametrize("shifts", [(100.0, 0, 0), (0, -1e4, 0), (3.0, 1e3, -1e3)])
    def test_columns_plus_constants(self, solver, shifts):
        X, y = make_data()
        moved = X + shifts
        self.check(fit(X, y, solver), X, fit(moved, y, solver), moved, rtol=1e-6)

    @pytest.mark.parametrize("factor", [2.0**-30, 1e-3, 1e3, 2.0**40])
    def test_target_times_a_constant(self, solver, factor):
        X, y = make_data()
        self.check(fit(X, y, solver), X, fit(X, factor * y, solver), X, 1e-7, factor)

    @pytest.mark.parametrize("shift", [-1.0, 1e2, 1e5])
    def test_target_plus_a_constant(self, solver, shift):
        X, y = make_data()
        self.check(fit(X, y, solver), X, fit(X, y + shift, solver), X, 1e-6, shift=shift)

    def check(self, model, X, other, other_X, rtol, factor=1.0, shift=0.0):
        """The same epochs, and the same predictions but for rounding, which a mean magnifies."""
        expected = factor * model.predict(X) + shift
        size = factor * np.ptp(model.predict(X))
        assert other.n_iter_ == model.n_iter_
        assert other.stop_reason_ == model.stop_reason_
        assert_allclose(other.predict(other_X), expected, rtol=0, atol=rtol * size)
