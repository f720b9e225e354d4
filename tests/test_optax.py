"""Transformations of optax as optimizers: the same steps as optax by itself."""

import numpy as np
import pytest
from harness import using
from libraries import needed
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import clone

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress._engines import Jitted


@pytest.fixture
def optax(jax):
    return needed("optax")


def make_data(n=40):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3))
    return X, X @ [1.0, -2.0, 0.5] + 3.0 + 0.1 * rng.normal(size=n)


def by_optax(optax, transformation, gradient, x, steps):
    state = transformation.init(x)
    for _ in range(steps):
        update, state = transformation.update(gradient(x), state, x)
        x = optax.apply_updates(x, update)
    return x


@pytest.mark.full
def test_minimize_takes_the_steps_of_optax(optax, jax):
    def fun(x):
        return ((x - jax.numpy.arange(3.0)) ** 4).sum()

    for rule in (optax.adam(0.05), optax.chain(optax.clip(0.5), optax.sgd(0.1, momentum=0.9))):
        start = jax.numpy.full(3, 4.0)
        found = minimize(
            fun, start, optimizer=rule, learning_rate=1.0, max_iter=30, tol=None, store_path=False
        )
        expected = by_optax(optax, rule, jax.grad(fun), start, 30)
        assert_allclose(np.asarray(found.x), np.asarray(expected), rtol=1e-10)


def test_a_fit_takes_the_steps_of_optax(optax, jax):
    X, y = make_data()
    rows = np.column_stack([X, np.ones(len(y))])

    def gradient(w):
        return rows.T @ (rows @ w - y) / len(y)

    expected = by_optax(optax, optax.adam(0.1), gradient, jax.numpy.zeros(4), 25)
    given = {"optimizer": optax.adam(0.1), "learning_rate": 1.0, "max_iter": 25, "tol": None}
    model = clone(GDRegressor(**given, schedule="constant")).fit(X, y)
    assert_allclose(np.r_[model.coef_, model.intercept_], expected, rtol=1e-9)
    assert isinstance(model.coef_, np.ndarray)


@pytest.mark.full
def test_tensors_of_jax_are_descended_in_one_scan(optax, jax):
    X, y = map(jax.numpy.asarray, make_data())
    given = {"optimizer": optax.adamw(0.05), "learning_rate": 1.0, "solver": "mini-batch"}
    with using("jitted") as log, config_context(array_api_dispatch=True):
        model = GDRegressor(**given, batch_size=10, max_iter=300, random_state=0).fit(X, y)
        assert log.used(Jitted)
        assert model.score(X, y) > 0.99


@pytest.mark.full
def test_classes(optax):
    X, y = make_data()
    given = {"optimizer": optax.adam(0.1), "learning_rate": 1.0, "max_iter": 200}
    with pytest.warns(match="max_iter|plateau"):
        model = GDClassifier(penalty=None, tol=1e-6, **given).fit(X, np.digitize(y, [2.0, 4.0]))
    assert model.score(X, np.digitize(y, [2.0, 4.0])) > 0.9


def test_rates_and_penalties_of_its_own(optax):
    X, y = make_data()
    for rate in ("auto", 0.1):
        with pytest.raises(ValueError, match="has a learning rate of its own: set learning_rate"):
            GDRegressor(optimizer=optax.sgd(0.1), learning_rate=rate).fit(X, y)
    with pytest.raises(ValueError, match="knows no prox, without which L2 has no effect"):
        GDRegressor(optimizer=optax.sgd(0.1), learning_rate=1.0, penalty="l2").fit(X, y)
    with pytest.raises(ValueError, match="has a learning rate of its own"):
        minimize(lambda x: x**2, 1.0, jac=lambda x: 2 * x, optimizer=optax.sgd(0.1))
