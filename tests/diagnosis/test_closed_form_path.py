"""The closed form gives the iterates of a run, and the degrees of freedom of early stopping."""

import numpy as np
import pytest
from grids import pairwise
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from gdregress import GDRegressor
from gdregress.diagnosis import closed_form_path, implicit_ridge
from gdregress.exceptions import DivergenceWarning
from gdregress.optimizers import OPTIMIZERS, GradientDescent, Momentum, Nesterov

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RULES = {"gd": {}, "momentum": {"momentum": 0.8}, "nesterov": {"momentum": 0.7}}


def make_data(n=60, k=None):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3)) * [1, 2, 0.3] + 1
    shape = (3,) if k is None else (3, k)
    return X, X @ rng.normal(size=shape) + rng.normal(size=(n, *shape[1:])) + 4


@pairwise(
    optimizer=list(RULES),
    k=[None, 2],
    learning_rate=[0.05, "auto"],
    preconditioner=["auto", "columns", "moments"],
    fit_intercept=[True, False],
    penalty=[None, "l2"],
)
def test_equals_the_run(optimizer, k, learning_rate, preconditioner, fit_intercept, penalty):
    X, y = make_data(k=k)
    weights, standardize = np.linspace(0, 2, len(X)) if k else None, not fit_intercept
    given = {"learning_rate": learning_rate, "preconditioner": preconditioner}
    given |= {"standardize": standardize, "fit_intercept": fit_intercept, **RULES[optimizer]}
    penalised = penalty is not None and optimizer != "momentum"
    given |= {"penalty": "l2", "alpha": 0.3} if penalised else {}
    model = GDRegressor(optimizer=optimizer, max_iter=30, tol=None, store_path=True, **given)
    model.fit(X, y, weights)
    coefs, intercepts = closed_form_path(model, X, y, range(31), sample_weight=weights)
    size = np.abs(model.coef_).max()
    assert_allclose(coefs, model.history_.coef, atol=1e-9 * size)
    assert_allclose(intercepts, model.history_.intercept, atol=1e-9 * size)


@pytest.mark.parametrize("optimizer", RULES)
def test_after_many_epochs_it_is_at_the_minimum(optimizer):
    X, y = make_data()
    model = GDRegressor(optimizer=optimizer, learning_rate=0.05, **RULES[optimizer])
    coefs, intercepts = closed_form_path(model, X, y, [10**9, 0])
    expected = Ridge(alpha=0).fit(X, y)
    assert_allclose(coefs[0], expected.coef_, rtol=1e-9)
    assert_allclose(intercepts[0], expected.intercept_, rtol=1e-9)
    assert not coefs[1].any() and intercepts[1] == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": "huber"}, "loss=Huber, which is not quadratic"),
        ({"solver": "stochastic"}, "solver='stochastic'"),
        ({"optimizer": "adam"}, "optimizer=Adam"),
        ({"optimizer": "nesterov", "momentum": "auto"}, "optimizer=Nesterov with momentum='auto'"),
        ({"schedule": "invscaling"}, "a schedule that changes the rate"),
        ({"penalty": "l1"}, "penalty=L1"),
        (
            {"optimizer": "momentum", "momentum": 0.5, "penalty": "l2"},
            "a heavy ball and a penalty",
        ),
        ({"average": True}, "average=True"),
        ({"learning_rate": "line-search"}, "learning_rate='line-search'"),
    ],
    ids=str,
)
def test_what_has_no_closed_form(given, message):
    model = GDRegressor(**{"optimizer": "gd", "learning_rate": 0.1, **given})
    with pytest.raises(ValueError, match=message):
        closed_form_path(model, *make_data(), [1])


@pytest.mark.parametrize("optimizer", RULES)
def test_a_rate_above_the_stable_limit_is_warned_of(optimizer):
    X, y = make_data()
    A = np.column_stack([X, np.ones(len(X))])
    rule = OPTIMIZERS[optimizer](**RULES[optimizer])
    limit = rule.stable_limit(np.linalg.eigvalsh(A.T @ A / len(A))[-1])
    stable = GDRegressor(optimizer=optimizer, learning_rate=0.999 * limit, **RULES[optimizer])
    coefs, _ = closed_form_path(stable, X, y, [10**9])
    assert np.isfinite(coefs).all()
    unstable = stable.set_params(learning_rate=1.001 * limit)
    with pytest.warns(DivergenceWarning, match=f"largest stable one, {limit:.4g}"):
        closed_form_path(unstable, X, y, [10**9])
    with pytest.warns(DivergenceWarning, match="largest stable one"):
        implicit_ridge(unstable, X, y, [10])


def test_columns_of_zeros_have_no_limit():
    model = GDRegressor(optimizer="gd", learning_rate=9.0, fit_intercept=False)
    coefs, _ = closed_form_path(model, np.zeros((3, 2)), [1.0, 2.0, 3.0], [10])
    assert not coefs.any()


@pytest.mark.parametrize("epochs", [[-1], [0.5], [[1]], "all"])
def test_epochs_that_are_none(epochs):
    with pytest.raises(ValueError, match="epochs must hold integers"):
        closed_form_path(GDRegressor(optimizer="gd"), *make_data(), epochs)


@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(0.6), Nesterov(0.6)], ids=str)
def test_the_matrix_of_an_update_is_the_update(rule):
    curvature, state = np.array([0.5, 3.0]), (np.array([1.0, -2.0]), np.array([0.3, 0.1]))
    memory = rule.init(state[0])
    memory = memory._replace(velocity=state[1]) if memory else memory
    grad = curvature * rule.lookahead(state[0], memory)
    new, _ = rule.step(state[0], grad, memory, 0.2, lambda w, s: w)
    found = np.einsum("nij,jn->ni", rule.recurrence(0.2, curvature), np.array(state))
    assert_allclose(found[:, 0], new)
    assert_allclose(found[:, 1], new - state[0])


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"gd", "svrg", "momentum", "nesterov"}))
def test_no_other_rule_is_a_matrix(name):
    assert OPTIMIZERS[name]().recurrence(0.1, np.ones(2)) is None


# Early stopping as ridge


@pairwise(
    optimizer=list(RULES),
    learning_rate=[0.05, "auto"],
    fit_intercept=[True, False],
    penalty=[None, "l2"],
)
def test_degrees_of_freedom_are_the_trace_of_the_hat_matrix(
    optimizer, learning_rate, fit_intercept, penalty
):
    """Predictions are linear in y, so that fits to unit vectors have the columns of the matrix."""
    X, _ = make_data(n=15)
    given = {"learning_rate": learning_rate, "fit_intercept": fit_intercept, **RULES[optimizer]}
    if optimizer != "momentum":
        given |= {"penalty": penalty, "alpha": 0.3 if penalty else 1e-4}
    model = GDRegressor(optimizer=optimizer, max_iter=7, tol=None, preconditioner=None, **given)
    trace = sum(model.fit(X, unit).predict(X)[i] for i, unit in enumerate(np.eye(15)))
    y = X @ [1, 2, 3] + np.arange(15)
    found = implicit_ridge(model, X, y, [7])
    assert_allclose(found.degrees_of_freedom, trace, rtol=1e-9)
    error = np.mean((y - model.fit(X, y).predict(X)) ** 2)
    assert_allclose(found.mean_squared_error, error, rtol=1e-9)
    assert_allclose(found.gcv, error / (1 - trace / 15) ** 2, rtol=1e-9)


def test_the_ridge_has_as_many_degrees_of_freedom():
    X, y = make_data()
    model = GDRegressor(optimizer="gd", learning_rate=0.05)
    found = implicit_ridge(model, X, y, [20, 200])
    for freedom, alpha in zip(found.degrees_of_freedom, found.alpha, strict=True):
        ridge = Ridge(alpha=len(y) * alpha)
        trace = sum(ridge.fit(X, unit).predict(X)[i] for i, unit in enumerate(np.eye(len(y))))
        assert_allclose(trace, freedom, rtol=1e-6)
    assert found.alpha[1] < found.alpha[0]


def test_the_ends_of_the_ridge():
    X, y = make_data()
    found = implicit_ridge(GDRegressor(optimizer="gd", learning_rate="auto"), X, y, [0, 10**9])
    assert found.alpha[0] == np.inf and found.alpha[1] == 0
    assert_allclose(found.degrees_of_freedom, [1, 4])


def test_several_targets():
    with pytest.raises(ValueError, match="one target"):
        implicit_ridge(GDRegressor(optimizer="gd"), *make_data(k=2), [1])
