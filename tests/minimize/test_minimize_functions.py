"""`minimize` reaches known minima, or those that SciPy finds."""

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose
from scipy.special import expit

from gdregress import minimize


def beale(x):
    a, b = x[0], x[1]
    return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


MINIMA_OF_HIMMELBLAU = [
    [3.0, 2.0],
    [-2.805118, 3.131312],
    [-3.779310, -3.283186],
    [3.584428, -1.848126],
]


@pytest.mark.parametrize("rate", ["auto", "line-search"])
@pytest.mark.parametrize("start", [[1.0, 1.0], [0.0, 0.0], [2.0, -1.0]])
def test_beale(start, rate, jax):
    result = minimize(
        jax.jit(beale), np.array(start), jac="jax", learning_rate=rate, tol=1e-6, max_iter=20_000
    )
    assert result.success
    assert_allclose(result.x, [3.0, 0.5], atol=1e-4)


@pytest.mark.parametrize("rate", ["auto", "line-search"])
@pytest.mark.parametrize("minimum", MINIMA_OF_HIMMELBLAU)
def test_himmelblau_falls_into_the_nearest_of_four(minimum, rate, jax):
    start = 0.9 * np.array(minimum)
    result = minimize(jax.jit(himmelblau), start, jac="jax", learning_rate=rate, tol=1e-8)
    assert result.success
    assert_allclose(result.x, minimum, atol=1e-5)


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "nesterov", "momentum": "auto", "learning_rate": "line-search"},
        {"optimizer": "gd", "learning_rate": "auto"},
        {"optimizer": "nesterov", "momentum": "auto", "learning_rate": 1e-3},
    ],
    ids=str,
)
def test_quadratic_in_a_thousand_dimensions(given):
    curvatures = np.geomspace(1.0, 1e3, 1000)
    result = minimize(
        lambda x: curvatures @ (x * x) / 2 - x.sum(),
        np.zeros(1000),
        jac=lambda x: curvatures * x - 1,
        tol=1e-6,
        max_iter=10_000,
        store_path=False,
        **given,
    )
    assert result.success
    assert_allclose(result.x, 1 / curvatures, atol=1e-6)


@pytest.mark.parametrize("start", [-1e5, -50, -5, 12, 19, 20, 21, 25, 40, 60, 100])
def test_auto_does_not_jump_up_the_other_side_of_an_exponential(start):
    """Along its slope of -1 nothing bounds the rate; from 60 on the first steps are lost in x."""
    result = minimize(
        lambda x: np.exp(x).sum() - x.sum(),
        np.full(2, float(start)),
        jac=lambda x: np.exp(x) - 1,
        learning_rate="auto",
    )
    assert result.success, result.message
    assert_allclose(result.x, 0, atol=1e-7)
    assert result.nfev <= 1.2 * result.nit + 10


@pytest.mark.parametrize("rate", [0.01, "auto", "line-search"])
@pytest.mark.parametrize("optimizer", ["gd", "nesterov"])
def test_the_gradient_falls_on_where_a_large_constant_hides_the_function(optimizer, rate):
    result = minimize(
        lambda x: 1e9 + (x**2).sum(),
        np.full(2, 1e-3),
        jac=lambda x: 2 * x,
        optimizer=optimizer,
        learning_rate=rate,
        max_iter=5000,
    )
    assert result.success, result.message
    assert_allclose(result.x, 0, atol=1e-8)


def test_auto_bears_noise():
    """Its rates are of gradients alone, unless a step ends above all before."""
    rng = np.random.default_rng(0)
    result = minimize(
        lambda x: x @ x + 1e-3 * rng.uniform(),
        np.ones(2),
        jac=lambda x: 2 * x,
        learning_rate="auto",
    )
    assert_allclose(result.x, 0, atol=1e-6)
    assert result.nfev <= result.nit + 6


def logistic_regression():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 5))
    sign = np.where(X[:, 0] + rng.normal(size=300) > 0, 1.0, -1.0)

    def fun(w, batch=slice(None)):
        return np.logaddexp(0, -sign[batch] * (X[batch] @ w)).mean() + 0.005 * (w @ w)

    def jac(w, batch=slice(None)):
        slopes = -sign[batch] * expit(-sign[batch] * (X[batch] @ w))
        return X[batch].T @ slopes / len(slopes) + 0.01 * w

    return fun, jac


@pytest.mark.parametrize("method", ["CG", "L-BFGS-B"])
def test_logistic_regression_as_a_function(method):
    fun, jac = logistic_regression()
    theirs = scipy.optimize.minimize(fun, np.zeros(5), jac=jac, method=method, tol=1e-9)
    ours = minimize(fun, np.zeros(5), jac=jac, learning_rate="auto")
    assert ours.success
    assert_allclose(ours.x, theirs.x, atol=1e-5)
    assert ours.fun == pytest.approx(theirs.fun, abs=1e-10)


def test_logistic_regression_by_batches():
    fun, jac = logistic_regression()
    best = minimize(fun, np.zeros(5), jac=jac, learning_rate="auto").fun
    result = minimize(
        fun,
        np.zeros(5),
        jac=jac,
        n_samples=300,
        sampler="mini-batch",
        learning_rate=0.5,
        schedule="invscaling",
        max_iter=200,
        tol=None,
        random_state=0,
    )
    assert result.fun == pytest.approx(best, abs=1e-4)


def test_a_value_is_asked_for_once_where_a_step_ends(jax):
    """With a line search: once for each trial, once where the next step looks ahead."""
    result = minimize(
        jax.jit(beale),
        np.array([1.0, 1.0]),
        jac="jax",
        optimizer="nesterov",
        momentum="auto",
        learning_rate="line-search",
        max_iter=50,
        tol=None,
    )
    assert result.nfev <= 2.3 * result.nit
