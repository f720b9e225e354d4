"""One strength for each feature: the minimum is scikit-learn's in columns that are rescaled."""

import numpy as np
import pandas as pd
import pytest
from grids import pairwise
from harness import using
from numpy.testing import assert_allclose, assert_array_equal
from reference import l1_prox, l2_prox
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import ElasticNet as SklearnElasticNet
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress._engines import Compiled, Jitted, Plain
from gdregress.penalties import L1, L2, ElasticNet

ALPHA = np.array([0.1, 0.5, 0.3, 2.0, 0.05])
TIGHT = {"tol": 1e-9, "max_iter": 5000, "random_state": 0}


def make_data(n=60, p=5):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X[:, :5] @ [1.0, 2.0, 0.0, 0.3, -1.0] + 0.5 * rng.normal(size=n) + 3.0


def rescaled(model, X, y, scale):
    """Coefficients of a model of scikit-learn with column j divided by scale_j."""
    return model.fit(X / scale, y).coef_.ravel() / scale


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_ridge(solver, storage):
    X, y = make_data()
    expected = rescaled(Ridge(alpha=len(y), tol=1e-14), X, y, np.sqrt(ALPHA))
    model = GDRegressor(penalty="l2", alpha=ALPHA, solver=solver, **TIGHT).fit(storage(X), y)
    assert_allclose(model.coef_, expected, atol=1e-6)
    assert model.stop_reason_ == "tolerance"


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("p", [5, 90])
def test_lasso(p, solver):
    """Wide data are descended on working sets."""
    X, y = make_data(p=p)
    alpha = np.resize(ALPHA, p)
    expected = rescaled(Lasso(alpha=1.0, tol=1e-14, max_iter=100_000), X, y, alpha)
    model = GDRegressor(penalty=L1(alpha), solver=solver, **TIGHT).fit(X, y)
    assert_allclose(model.coef_, expected, atol=1e-6)
    assert_array_equal(model.coef_ == 0, expected == 0)


def test_elastic_net():
    """The second part of scikit-learn's rows is the square root of the l2 part."""
    X, y = make_data()
    model = GDRegressor(penalty="elasticnet", alpha=ALPHA, l1_ratio=0.4, **TIGHT).fit(X, y)
    centred, n = X - X.mean(axis=0), len(y)
    rows = np.vstack([centred, np.diag(np.sqrt(n * 0.6 * ALPHA))]) / (0.4 * ALPHA)
    lasso = Lasso(alpha=n / len(rows), fit_intercept=False, tol=1e-14, max_iter=100_000)
    lasso.fit(rows, np.r_[y - y.mean(), np.zeros(5)])
    assert_allclose(model.coef_, lasso.coef_ / (0.4 * ALPHA), atol=1e-6)


def test_logistic_regression():
    X, y = make_data()
    labels = np.where(y > 3, "yes", "no")
    logistic = LogisticRegression(C=1 / len(y), tol=1e-12, max_iter=10_000)
    expected = rescaled(logistic, X, labels, np.sqrt(ALPHA))
    model = GDClassifier(alpha=ALPHA, **TIGHT).fit(X, labels)
    assert_allclose(model.coef_[0], expected, atol=1e-6)


def assert_equal_strengths_are_one_number(optimizer, penalty, form, X, y):
    given = {"optimizer": optimizer, "learning_rate": 0.01, "solver": "mini-batch", "tol": None}
    fits = []
    for alike in (penalty(0.2), penalty(np.full(5, 0.2))):
        with using(form) as log, config_context(array_api_dispatch=form == "jitted"):
            model = GDRegressor(penalty=alike, max_iter=3, random_state=0, **given)
            fits.append(np.asarray(model.fit(X, y).coef_))
        assert log.used({"plain": Plain, "compiled": Compiled, "jitted": Jitted}[form])
    assert_allclose(*fits, rtol=1e-12)


@pairwise(
    optimizer=["gd", "momentum", "nesterov", "adam"],
    penalty=[L1, L2, ElasticNet],
    form=["plain", "compiled"],
)
def test_equal_strengths_are_one_number(optimizer, penalty, form):
    assert_equal_strengths_are_one_number(optimizer, penalty, form, *make_data())


@pytest.mark.full
@pytest.mark.parametrize("penalty", [L1, L2, ElasticNet])
def test_equal_strengths_are_one_number_for_jax(penalty, jax):
    rows = map(jax.numpy.asarray, make_data())
    assert_equal_strengths_are_one_number("adam", penalty, "jitted", *rows)


def test_one_number_each_is_that_prox():
    w, step = np.array([-3.0, -0.2, 0.0, 0.6, 4.0]), np.array([0.1, 1.0, 2.0, 0.5, 3.0])
    expected = [l1_prox(u, s, a) for u, s, a in zip(w, step, ALPHA, strict=True)]
    assert_allclose(L1(ALPHA).prox(w, step), expected, rtol=1e-14)
    expected = [l2_prox(u, s, a) for u, s, a in zip(w, step, ALPHA, strict=True)]
    assert_allclose(L2(ALPHA).prox(w, step), expected, rtol=1e-14)
    both = ElasticNet(ALPHA, 0.3).prox(np.column_stack([w, -w]), 0.7)
    assert_allclose(both[:, 0], ElasticNet(ALPHA, 0.3).prox(w, 0.7))
    assert_allclose(both[:, 1], -both[:, 0])


def test_several_targets_and_standardised_columns():
    X, y = make_data()
    scale = X.std(axis=0)
    expected = rescaled(Lasso(alpha=1.0, tol=1e-14), X, y, scale * ALPHA)
    given = {"penalty": "l1", "alpha": ALPHA, "standardize": True, **TIGHT}
    model = GDRegressor(**given).fit(X, np.column_stack([y, 2 + y]))
    assert_allclose(model.coef_, [expected, expected], atol=1e-6)


def test_in_a_search_a_clone_and_parts():
    X, y = make_data()
    grid = {"alpha": [np.full(5, 1e-3), [0.0, 0.0, 10.0, 0.0, 0.0], 1e3]}
    search = GridSearchCV(GDRegressor(penalty="l2"), grid, error_score="raise").fit(X, y)
    assert search.best_index_ == 1
    assert clone(search.best_estimator_).alpha == [0.0, 0.0, 10.0, 0.0, 0.0]
    by_parts = GDRegressor(penalty="l1", alpha=[0.0, 0.0, 0.0, 0.0, 100.0])
    for _ in range(20):
        by_parts.partial_fit(X, y)
    assert by_parts.coef_[4] == 0 and abs(by_parts.coef_[:2]).min() > 0.5


def test_minimize_takes_them():
    found = minimize(
        lambda x: ((x - 1) ** 2).sum() / 2,
        np.zeros(3),
        jac=lambda x: x - 1,
        penalty=L1([0.0, 0.25, 2.0]),
        learning_rate=1.0,
    )
    assert_allclose(found.x, [1.0, 0.75, 0.0], atol=1e-12)


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        ([0.1, 0.2], r"one for each of the 5 features. Got an array of shape \(2,\)"),
        ([[0.1] * 5], r"Got an array of shape \(1, 5\)"),
        (["much"] * 5, "one for each of the 5 features"),
        ([0.1, -1.0, 0.1, 0.1, 0.1], r"alpha\[1\] = -1.0"),
        ([0.1, 0.1, np.nan, 0.1, 0.1], r"alpha\[2\] = nan"),
        ([np.inf, 0.1, 0.1, 0.1, 0.1], r"alpha\[0\] = inf"),
    ],
)
def test_strengths_that_are_refused(alpha, message):
    X, y = make_data()
    model = GDRegressor().fit(X, y)
    before = model.coef_
    with pytest.raises(ValueError, match=f"The 'alpha' parameter of L1 .*{message}"):
        model.set_params(penalty="l1", alpha=alpha).fit(X, y)
    assert model.coef_ is before
    with pytest.raises(ValueError, match="The 'alpha' parameter of L2"):
        GDRegressor(penalty=L2(alpha)).partial_fit(X, y)


def test_the_column_is_named():
    X, y = make_data()
    frame = pd.DataFrame(X, columns=["age", "size", "rooms", "floor", "year"])
    with pytest.raises(ValueError, match=r"alpha\[3\] = -1, the strength of column 'floor'"):
        GDRegressor(penalty="l2", alpha=[0, 0, 1, -1, 1]).fit(frame, y)


def test_the_array_library_of_the_coefficients():
    import array_api_strict as xp

    w = xp.asarray([1.0, -2.0, 3.0], dtype=xp.float32)
    for penalty in (L1([0.1, 0.2, 0.3]), L2(np.array([0.1, 0.2, 0.3])), ElasticNet([0.1, 0, 1])):
        found = penalty.prox(w, 0.5)
        assert found.dtype == xp.float32
        expected = penalty.prox(np.array([1.0, -2.0, 3.0]), 0.5)
        assert_allclose(np.asarray(found), expected, rtol=1e-6)


def test_elastic_net_of_scikit_learn_agrees_on_equal_strengths():
    X, y = make_data()
    expected = SklearnElasticNet(alpha=0.3, l1_ratio=0.4, tol=1e-12, max_iter=10_000).fit(X, y)
    given = {"alpha": np.full(5, 0.3), "l1_ratio": 0.4}
    model = GDRegressor(penalty="elasticnet", **given, **TIGHT).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, atol=1e-6)
