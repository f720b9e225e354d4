"""Squared error from the moments of the columns: the same run as from the data."""

import numpy as np
import pytest
from grids import pairwise
from harness import using
from numpy.testing import assert_allclose
from scipy import sparse

from gdregress import GDRegressor
from gdregress._objective.from_data import DataObjective
from gdregress._objective.quadratic import QuadraticObjective
from gdregress.exceptions import DivergenceWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=200, p=5, k=1):
    """Columns of unequal sizes and means, unequal targets, weights far from mean 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) * np.linspace(0.5, 2, p) + np.linspace(-1, 1, p)
    y = X @ rng.normal(size=(p, k)) * np.linspace(1, 3, k) + 2 + rng.normal(size=(n, k))
    return X, (y if k > 1 else y[:, 0]), rng.uniform(2, 9, size=n)


def by_moments(model, *data):
    """Whether a fit uses the quadratic objective."""
    with using() as log:
        model.fit(*data)
    return log.objectives == [QuadraticObjective]


def fit_both_ways(X, y, weights=None, initial=None, **parameters):
    """The fits by the moments and by the data."""
    models = []
    for moments, objective in ((True, QuadraticObjective), (False, DataObjective)):
        model = GDRegressor(tol=None, random_state=0, **parameters)
        with using(moments=moments) as log:
            models.append(model.fit(X, y, weights, **(initial or {})))
        assert log.objectives == [objective]
    return models


def assert_same_path(one, other, rtol):
    """Each number relative to the largest of the run, target by target."""
    for name in ("coef", "intercept"):
        a, b = (np.array(getattr(model.history_, name)) for model in (one, other))
        a, b = (array.reshape(len(array), -1) for array in (a, b))
        assert_allclose(a, b, rtol=0, atol=rtol * np.abs(np.array(other.history_.coef)).max())
    for column in ("objective", "penalty"):
        assert_allclose(one.history_[column], other.history_[column], rtol=rtol)


@pairwise(
    optimizer=["gd", "momentum", "nesterov", "adam"],
    penalty=[None, "l2", "l1"],
    weighted=[False, True],
    k=[1, 3],
)
def test_batch_iterates(optimizer, penalty, weighted, k):
    X, y, weights = make_data(k=k)
    given = {"optimizer": optimizer, "penalty": penalty, "max_iter": 100, "store_path": True}
    given |= {} if penalty is None else {"alpha": 0.1}
    if optimizer == "adam":  # which makes a full step of a gradient that is rounding
        given["learning_rate"] = 0.05
    for fit_intercept in (True, False):
        for rows in (X, sparse.csr_array(X)):
            one, other = fit_both_ways(
                rows, y, weights if weighted else None, fit_intercept=fit_intercept, **given
            )
            assert len(one.history_.coef) == 101
            assert_same_path(one, other, 1e-10)
            assert one.learning_rate_ == pytest.approx(other.learning_rate_, rel=1e-12)


@pairwise(
    standardize=[False, True], start=["zero", "given"], learning_rate=["auto", 0.05, "line-search"]
)
def test_other_starts_rates_and_units(standardize, start, learning_rate):
    X, y, weights = make_data()
    initial = {} if start == "zero" else {"coef_init": np.arange(5.0), "intercept_init": 9}
    given = {"learning_rate": learning_rate, "standardize": standardize, "optimizer": "gd"}
    # few epochs: at the optimum rounding decides what a line search accepts
    models = fit_both_ways(X, y, weights, initial, max_iter=15, store_path=True, **given)
    assert_same_path(*models, 1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
def test_stochastic_fits_report_the_same(solver, k, weighted):
    X, y, weights = make_data(k=k)
    weights = weights if weighted else None
    given = {"solver": solver, "max_iter": 20, "learning_rate": 0.01}
    for optimizer in ("gd", "adam"):
        one, other = fit_both_ways(X, y, weights, optimizer=optimizer, **given)
        np.testing.assert_array_equal(one.coef_, other.coef_)
        for column in ("objective", "gradient_norm"):
            assert_allclose(one.history_[column], other.history_[column], rtol=1e-10)


def test_the_last_digits_of_a_perfect_fit():
    """Where the objective falls by twenty orders of magnitude, the anchor has to move along."""
    X, _, weights = make_data()
    X = X - np.average(X, axis=0, weights=weights)
    y = X @ np.arange(1.0, 6.0) + 2
    one, other = fit_both_ways(X, y, weights, optimizer="gd", max_iter=400)
    objective, expected = (np.array(model.history_["objective"]) for model in (one, other))
    assert expected[-1] < 1e-20 * expected[0] and objective[-1] < 1e-20 * expected[0]
    large = expected > 1e-20 * expected[0]
    assert_allclose(objective[large], expected[large], rtol=1e-5)
    assert_allclose(one.coef_, np.arange(1.0, 6.0), rtol=1e-10)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_few_rows_are_used_as_they_are(fit_intercept):
    """At least twice as many rows as parameters."""
    X, y, _ = make_data()
    enough = 2 * (5 + fit_intercept)
    for n in (enough, enough - 1):
        model = GDRegressor(fit_intercept=fit_intercept)
        assert by_moments(model, X[:n], y[:n]) == (n == enough)


@pytest.mark.parametrize("features", [511, 512])
def test_many_columns_are_used_as_they_are(features):
    """With the intercept, 512 parameters at most."""
    X = np.random.RandomState(0).normal(size=(1100, features))
    assert by_moments(GDRegressor(max_iter=20, tol=None), X, X[:, 0]) == (features == 511)


@pytest.mark.parametrize("loss", ["huber", "absolute_error", "poisson"])
def test_other_losses_are_not_quadratic(loss):
    X, y, _ = make_data()
    assert not by_moments(GDRegressor(loss=loss, max_iter=3), X, abs(y))


def test_single_precision_keeps_the_objective_of_a_close_fit():
    """The loss falls by four orders below that at the start, where single precision runs out."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(2000, 20)).astype(np.float32)
    y = (X @ rng.normal(size=20) + 0.02 * rng.normal(size=2000)).astype(np.float32)
    model = GDRegressor(max_iter=60, tol=None).fit(X, y)
    residual = X.astype(float) @ model.coef_ + model.intercept_ - y
    assert model.coef_.dtype == np.float32
    assert model.loss_curve_[-1] == pytest.approx(np.mean(residual**2) / 2, rel=1e-4)


def test_a_diverged_run_can_be_continued():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(400, 3))  # enough updates for parameters that are not finite
    model = GDRegressor(
        solver="stochastic", optimizer="gd", learning_rate=1e3, warm_start=True, random_state=0
    )
    with pytest.warns(DivergenceWarning):
        model.fit(X, X[:, 0])
    model.set_params(learning_rate="auto").fit(X, X[:, 0])
    assert np.isfinite(model.history_["gradient_norm"]).all()


def test_certified_points_keep_their_zeros():
    """The prox is taken, not undone: l1 leaves exact zeros and a box is never left."""
    rng = np.random.RandomState(0)
    for _ in range(20):
        X = rng.normal(size=(60, 20))
        model = GDRegressor(penalty="l1", alpha=0.2, tol=0.3).fit(X, X[:, 0] + rng.normal(size=60))
        assert not ((model.coef_ != 0) & (np.abs(model.coef_) < 1e-12)).any()
