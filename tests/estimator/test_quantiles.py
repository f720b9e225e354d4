"""Several quantiles at once: each equals the quantile regression of that quantile alone."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import QuantileRegressor
from sklearn.model_selection import GridSearchCV

from gdregress import GDRegressor
from gdregress.losses import Quantile

LEVELS = [0.1, 0.5, 0.9]
TIGHT = {"tol": 1e-7, "max_iter": 2000, "random_state": 0}


def make_data(n=300):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3))
    noise = rng.standard_t(3, size=n) * (1 + 0.3 * abs(X[:, 0]))
    return X, X @ [0.5, -0.3, 0.0] + 0.3 + noise


@pytest.mark.parametrize("given", [{}, {"penalty": "l1", "alpha": 0.03}], ids=str)
def test_each_is_that_of_scikit_learn(given):
    X, y = make_data()
    model = GDRegressor(Quantile(LEVELS), **given, **TIGHT).fit(X, y)
    for level, coef, intercept in zip(LEVELS, model.coef_, model.intercept_, strict=True):
        peer = QuantileRegressor(quantile=level, alpha=given.get("alpha", 0.0)).fit(X, y)
        assert_allclose(coef, peer.coef_, atol=1e-6)
        assert intercept == pytest.approx(peer.intercept_, abs=1e-6)
    assert model.predict(X).shape == (len(y), 3)
    assert_allclose((y[:, None] < model.predict(X)).mean(axis=0), LEVELS, atol=0.03)
    assert model.converged_


def test_weights_sparse_rows_pickles_and_clones():
    X, y = make_data()
    weights = np.random.RandomState(1).uniform(0.5, 2.0, size=len(y))
    model = GDRegressor(Quantile(np.array(LEVELS)), **TIGHT)
    coef = model.fit(X, y, weights).coef_
    peer = QuantileRegressor(quantile=0.9, alpha=0).fit(X, y, weights)
    assert_allclose(coef[2], peer.coef_, atol=1e-6)
    assert_allclose(clone(model).fit(sparse.csr_array(X), y, weights).coef_, coef, atol=1e-6)
    loaded = pickle.loads(pickle.dumps(model))
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.score(X, y) == model.score(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("given", [{"solver": "mini-batch"}, {"optimizer": "adam"}], ids=str)
def test_other_descents_come_near(given):
    X, y = make_data()
    expected = GDRegressor(Quantile(LEVELS), **TIGHT).fit(X, y)
    model = GDRegressor(Quantile(LEVELS), max_iter=200, random_state=0, **given)
    model.fit(X, y)
    assert model.loss_curve_[-1] < 1.001 * expected.loss_curve_[-1]


def test_parts():
    X, y = make_data(200)
    expected = GDRegressor(Quantile(LEVELS), **TIGHT).fit(X, y)
    model = GDRegressor(Quantile(LEVELS))
    for part in np.array_split(np.arange(len(y)), 4):
        model.partial_fit(X[part], y[part])
    assert_allclose(model.intercept_, expected.intercept_, atol=0.6)
    assert_array_equal(np.sort(model.intercept_), model.intercept_)


def test_tensors(torch):
    X, y = make_data()
    expected = GDRegressor(Quantile(LEVELS), **TIGHT).fit(X, y)
    with config_context(array_api_dispatch=True):
        model = GDRegressor(Quantile(LEVELS), **TIGHT).fit(torch.asarray(X), torch.asarray(y))
        score = model.score(torch.asarray(X), torch.asarray(y))
    assert_allclose(model.coef_.numpy(), expected.coef_, atol=1e-6)
    assert score == pytest.approx(expected.score(X, y))


def test_a_search():
    X, y = make_data()
    grid = {"alpha": [1e-3, 10.0]}
    search = GridSearchCV(GDRegressor(Quantile([0.4, 0.6]), penalty="l1"), grid)
    assert search.fit(X, y).best_params_ == {"alpha": 1e-3}


@pytest.mark.parametrize("levels", [[0.1, 1.2], [], [[0.5]], ["half"], [0.5, np.nan], [0, 1]])
def test_quantiles_that_are_refused(levels):
    with pytest.raises(ValueError, match="The 'quantile' parameter of Quantile must be"):
        GDRegressor(Quantile(levels)).fit(*make_data())


def test_several_targets_are_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="Several quantiles need a y of one column"):
        GDRegressor(Quantile(LEVELS)).fit(X, np.column_stack([y, y]))
