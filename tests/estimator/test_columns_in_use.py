"""Sparse columns without entries: left out of the run, zeros of the model."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.prepare import prepare

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N, USED, P = 60, 12, 4000


def hashed(seed=0, n=N):
    """Rows with entries in few of the columns, and what the same rows are in these alone."""
    rng = np.random.RandomState(seed)
    narrow = sparse.random_array((n, USED), density=0.5, random_state=rng, format="csr")
    columns = np.sort(np.random.RandomState(1).choice(P, USED, replace=False))
    X = sparse.csr_array((narrow.data, columns[narrow.indices], narrow.indptr), shape=(n, P))
    return X, narrow, columns, narrow @ np.arange(USED) + rng.normal(size=n) + 1


def params_of_run(model):
    return len(model._state["params"])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"loss": "huber"},
        {"loss": "absolute_error"},
        {"loss": "huber", "penalty": "l1", "alpha": 0.01},
        {"penalty": None, "fit_intercept": False, "loss": "log_cosh"},
        {"solver": "mini-batch", "random_state": 0, "max_iter": 5},
        {"solver": "stochastic", "optimizer": "adam", "random_state": 0, "max_iter": 5},
        {"learning_rate": 0.1, "optimizer": "momentum", "average": 2, "max_iter": 5},
        {"standardize": True, "fit_intercept": False},
        {"early_stopping": True, "random_state": 0},
    ],
    ids=str,
)
def test_the_fit_is_that_of_the_columns_in_use(given):
    X, narrow, columns, y = hashed()
    model, expected = GDRegressor(**given).fit(X, y), GDRegressor(**given).fit(narrow, y)
    assert params_of_run(model) == USED + model.fit_intercept
    assert model.coef_.shape == (P,) and model.n_features_in_ == P
    assert_array_equal(model.coef_[columns], expected.coef_)
    assert_array_equal(np.flatnonzero(model.coef_), columns[np.flatnonzero(expected.coef_)])
    assert model.history_["objective"] == expected.history_["objective"]
    assert_array_equal(model.predict(X), expected.predict(narrow))


def test_classes_and_several_targets():
    X, narrow, columns, y = hashed()
    classes = np.digitize(y, np.quantile(y, [0.3, 0.7]))
    model, expected = GDClassifier().fit(X, classes), GDClassifier().fit(narrow, classes)
    assert_array_equal(model.coef_[:, columns], expected.coef_)
    Y = np.c_[y, -y]
    model, expected = GDRegressor().fit(X, Y), GDRegressor().fit(narrow, Y)
    assert model.coef_.shape == (2, P)
    assert_array_equal(model.coef_[:, columns], expected.coef_)


@pytest.mark.parametrize("given", [{"loss": "huber"}, {"optimizer": "adam"}], ids=str)
def test_warm_starts_equal_the_uninterrupted_run(given):
    X, _, _, y = hashed()
    parts = GDRegressor(warm_start=True, tol=None, max_iter=3, **given).fit(X, y).fit(X, y)
    assert params_of_run(parts) == USED + 1
    assert_array_equal(parts.coef_, GDRegressor(tol=None, max_iter=6, **given).fit(X, y).coef_)


def test_a_warm_start_on_other_columns_keeps_the_coefficients():
    X, _, columns, y = hashed()
    model = GDRegressor("huber", warm_start=True, penalty=None).fit(X, y)
    before = model.coef_.copy()
    others = sparse.csr_array(X[:, (np.arange(P) - 1) % P])  # each column is the next
    model.set_params(max_iter=2, tol=None).fit(others, y)
    assert params_of_run(model) == P + 1
    unused = np.setdiff1d(columns, columns + 1)
    assert_allclose(model.coef_[unused], before[unused], rtol=1e-12)
    assert model.t_ > 2  # the count of updates goes on


def test_given_coefficients_are_those_of_all_columns():
    X, _, columns, y = hashed()
    start = np.ones(P)
    model = GDRegressor("huber", penalty=None, max_iter=2, tol=None).fit(X, y, coef_init=start)
    assert_array_equal(np.delete(model.coef_, columns), np.ones(P - USED))


@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
def test_partial_fit_goes_on(learning_rate):
    X, _, columns, y = hashed()
    model = GDRegressor("huber", learning_rate=learning_rate).fit(X, y)
    before = copy.deepcopy(model)
    model.partial_fit(X, y)
    assert model.coef_.shape == (P,) and model.t_ > before.t_
    assert_array_equal(np.flatnonzero(model.coef_), columns)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "momentum", "momentum": 0.9, "average": True},
        {"optimizer": "adam", "solver": "mini-batch"},
        {"optimizer": "adagrad", "penalty": "l1", "alpha": 0.1},
    ],
    ids=str,
)
def test_the_memory_goes_on_over_other_columns(given, fit_intercept):
    """As that of the same rows without empty columns, which are never left out."""
    X, narrow, columns, y = hashed()
    given = {"learning_rate": 0.05, "random_state": 0, "max_iter": 3, "tol": None, **given}
    given |= {"fit_intercept": fit_intercept, "warm_start": True}
    model, expected = GDRegressor(**given), GDRegressor(**given)
    for one, rows in ((model, X), (expected, narrow)):
        one.fit(rows, y).partial_fit(rows, y).fit(rows, y)
    assert params_of_run(model) == USED + fit_intercept
    assert_allclose(model.coef_[columns], expected.coef_, rtol=1e-9, atol=1e-12)
    assert model.t_ == expected.t_


def test_hooks_see_all_columns():
    X, _, _, y = hashed()
    model = GDRegressor("huber", store_path=True, max_iter=3, tol=None).fit(X, y)
    assert [np.shape(coef) for coef in model.history_.coef] == [(P,)] * 4
    assert_array_equal(model.history_.coef[-1], model.coef_)


def test_it_is_left_alone_where_it_would_not_pay():
    X, narrow, _, y = hashed()
    for data in (narrow, X.toarray()):
        assert prepare(GDRegressor(), data, y, None, in_use_only=True).columns is None
    assert prepare(GDRegressor(), X, y, None).columns is None


def test_a_warning_names_the_users_columns():
    X, _, columns, y = hashed()
    model = GDRegressor(learning_rate=1e6, optimizer="gd")
    with pytest.warns(Warning, match="diverged") as caught:
        model.fit(X, y)
    named = {word.strip("(),.") for word in str(caught[0].message).split() if word[0] == "x"}
    assert named <= {f"x{j}" for j in columns}
