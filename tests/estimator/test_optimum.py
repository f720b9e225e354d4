"""Every optimizer with every penalty and loss reaches the minimum that other solvers find.

The minimum is scikit-learn's where it minimises the same objective, and otherwise the one that
SciPy's L-BFGS-B or linear programming finds. Stated tolerances, as measured with margin:

===========================  ====================================================
all rows, smooth loss        objective 1e-8 above the minimum, coefficients 1e-4
all rows, loss with kinks    objective 1e-4 above the minimum
stochastic and mini-batches  1 % of the objective at the start above the minimum
===========================  ====================================================
"""

from functools import cache

import numpy as np
import pytest
from components import OVER_ALL_ROWS
from grids import each_once, pairwise
from reference import elasticnet_value, mean_loss
from scipy.optimize import linprog, minimize
from scipy.special import huber
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LinearRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
)

from gdregress import GDRegressor
from gdregress.losses import EpsilonInsensitive, Quantile
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import PENALTIES, Box

N, P = 100, 5
ALPHA, L1_RATIO = 0.1, 0.4
# the smooth losses whose formulas are written here again
SMOOTH = ["squared_error", "huber", "log_cosh", "squared_epsilon_insensitive", "poisson", "gamma"]
SHARE_OF_L1 = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": L1_RATIO}

every_optimizer = pytest.mark.parametrize("optimizer", OVER_ALL_ROWS)
every_penalty = pytest.mark.parametrize("penalty", PENALTIES)


@cache
def data(loss="squared_error"):
    """Rows and targets with heavy tails, or counts or amounts for the losses that need them."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, P))
    z = X @ [1.0, -2.0, 0.0, 0.5, 0.0] + 1.0
    if loss == "poisson":
        return X, rng.poisson(np.exp(0.3 * z)).astype(float)
    if loss == "gamma":
        return X, rng.gamma(2.0, np.exp(0.3 * z) / 2.0)
    return X, z + rng.standard_t(3, size=N)


@cache
def weights():
    return np.random.RandomState(1).uniform(0.1, 5.0, size=N)


def alpha_of(penalty):
    return 0.0 if penalty is None else ALPHA


def objective(loss, penalty, coef, intercept, y=None, sample_weight=None):
    """Weighted mean loss + penalty, by the plain formulas."""
    X = data(loss)[0]
    y = data(loss)[1] if y is None else y
    mean = mean_loss(loss, y, X @ coef + intercept, sample_weight)
    return mean + elasticnet_value(coef, alpha_of(penalty), SHARE_OF_L1[penalty])


def assert_minimum(model, loss, penalty, minimum, sample_weight=None):
    """The objective within 1e-8 of that of the minimum, the coefficients within 1e-4."""
    coef, intercept = minimum
    least = objective(loss, penalty, coef, intercept, sample_weight=sample_weight)
    found = objective(loss, penalty, model.coef_, model.intercept_, sample_weight=sample_weight)
    assert found - least <= 1e-8 * least
    np.testing.assert_allclose(model.coef_, coef, atol=1e-4)
    assert model.intercept_ == pytest.approx(intercept, abs=1e-4)


def fit(loss, penalty, optimizer, **parameters):
    """The model fitted with all rows per update, to a narrow tolerance."""
    if penalty is not None:
        parameters["alpha"] = ALPHA
    if penalty == "elasticnet":
        parameters["l1_ratio"] = L1_RATIO
    settings = {"max_iter": 6000, "tol": 1e-8, **parameters}
    return GDRegressor(loss, penalty=penalty, optimizer=optimizer, **settings)


# The minimum by SciPy


def slope_and_loss(loss, y, z):
    """dL/dz and L of each row, written for arrays."""
    r = z - y
    return {
        "squared_error": lambda: (r, r**2 / 2),
        "huber": lambda: (np.clip(r, -1.35, 1.35), huber(1.35, r)),
        "log_cosh": lambda: (np.tanh(r), np.log(np.cosh(r))),
        "squared_epsilon_insensitive": lambda: (
            2 * np.sign(r) * np.maximum(abs(r) - 0.1, 0),
            np.maximum(abs(r) - 0.1, 0) ** 2,
        ),
        "poisson": lambda: (np.exp(z) - y, np.exp(z) - y * z),
        "gamma": lambda: (1 - y * np.exp(-z), z + y * np.exp(-z)),
    }[loss]()


@cache
def minimum_by_scipy(loss, penalty, weighted=False):
    """Coefficients and intercept by L-BFGS-B, w split into a positive and a negative part."""
    X, y = data(loss)
    s = weights() / weights().sum() if weighted else np.full(N, 1 / N)
    l1 = alpha_of(penalty) * SHARE_OF_L1[penalty]
    l2 = alpha_of(penalty) * (1 - SHARE_OF_L1[penalty])

    def cost(u):
        w = u[:P] - u[P:-1]
        slope, losses = slope_and_loss(loss, y, X @ w + u[-1])
        gradient = X.T @ (s * slope) + l2 * w
        value = s @ losses + l1 * u[:-1].sum() + l2 * w @ w / 2
        return value, np.concatenate([gradient + l1, l1 - gradient, [s @ slope]])

    result = minimize(
        cost,
        np.zeros(2 * P + 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * P) + [(None, None)],
        options={"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-16, "gtol": 1e-11},
    )
    return result.x[:P] - result.x[P:-1], result.x[-1]


# All rows per update, smooth losses


@pairwise(loss=SMOOTH, penalty=SHARE_OF_L1, optimizer=OVER_ALL_ROWS)
def test_minimum(loss, penalty, optimizer):
    model = fit(loss, penalty, optimizer).fit(*data(loss))
    assert_minimum(model, loss, penalty, minimum_by_scipy(loss, penalty))
    # steps that keep their length may be out of progress just before the tolerance
    assert model.converged_ or model.history_["gap"][-1] < 1e-12


TIGHT = {"tol": 1e-10, "max_iter": 100_000}
IN_SCIKIT_LEARN = {
    ("squared_error", None): LinearRegression(),
    ("squared_error", "l2"): Ridge(alpha=N * ALPHA),
    ("squared_error", "l1"): Lasso(alpha=ALPHA, **TIGHT),
    ("squared_error", "elasticnet"): ElasticNet(alpha=ALPHA, l1_ratio=L1_RATIO, **TIGHT),
    ("poisson", None): PoissonRegressor(alpha=0, **TIGHT),
    ("poisson", "l2"): PoissonRegressor(alpha=ALPHA, **TIGHT),
    ("gamma", None): GammaRegressor(alpha=0, **TIGHT),
    ("gamma", "l2"): GammaRegressor(alpha=ALPHA, **TIGHT),
}


@pytest.mark.parametrize(("loss", "penalty"), IN_SCIKIT_LEARN)
def test_minimum_of_scikit_learn(loss, penalty):
    """It is SciPy's as well, by which `test_minimum` judges every optimizer."""
    theirs = IN_SCIKIT_LEARN[loss, penalty].fit(*data(loss))
    ours = fit(loss, penalty, "nesterov").fit(*data(loss))
    assert_minimum(ours, loss, penalty, (theirs.coef_, theirs.intercept_))
    coef, intercept = minimum_by_scipy(loss, penalty)
    np.testing.assert_allclose(coef, theirs.coef_, atol=1e-5)
    assert intercept == pytest.approx(theirs.intercept_, abs=1e-5)


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@every_optimizer
def test_zeros_are_those_of_lasso(penalty, optimizer):
    theirs = IN_SCIKIT_LEARN["squared_error", penalty].fit(*data())
    ours = fit("squared_error", penalty, optimizer).fit(*data())
    assert 0 < (theirs.coef_ == 0).sum() < P
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@pairwise(loss=SMOOTH, penalty=[None, "elasticnet"], optimizer=["gd", "nesterov", "adam"])
def test_weighted_minimum(loss, penalty, optimizer):
    model = fit(loss, penalty, optimizer).fit(*data(loss), sample_weight=weights())
    minimum = minimum_by_scipy(loss, penalty, weighted=True)
    assert_minimum(model, loss, penalty, minimum, sample_weight=weights())


@every_penalty
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov", "adam"])
def test_two_targets_are_two_fits(penalty, optimizer):
    X, y = data()
    both = fit("squared_error", penalty, optimizer).fit(X, np.column_stack([y, y[::-1] * 3]))
    assert both.coef_.shape == (2, P)
    for target, coef, intercept in zip((y, y[::-1] * 3), both.coef_, both.intercept_, strict=True):
        alone = fit("squared_error", penalty, "nesterov", tol=1e-12).fit(X, target)
        np.testing.assert_allclose(coef, alone.coef_, atol=1e-4)
        assert intercept == pytest.approx(alone.intercept_, abs=1e-4)


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov"])
@pytest.mark.parametrize("loss", SMOOTH)
def test_minimum_by_line_search(loss, optimizer):
    model = fit(loss, "l1", optimizer, learning_rate="line-search").fit(*data(loss))
    assert_minimum(model, loss, "l1", minimum_by_scipy(loss, "l1"))


@every_optimizer
def test_minimum_with_non_negative_coefficients(optimizer):
    X, y = data()
    y = y + X[:, 2]  # well away from the bound: two coefficients at zero, three positive
    model = fit("squared_error", None, optimizer).set_params(penalty=Box(lower=0.0)).fit(X, y)
    theirs = LinearRegression(positive=True).fit(X, y)
    np.testing.assert_allclose(model.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_array_equal(model.coef_ == 0, [False, True, False, False, True])
    assert model.intercept_ == pytest.approx(theirs.intercept_, abs=1e-4)


@every_optimizer
def test_minimum_of_badly_scaled_columns(optimizer):
    """Least squares does not depend on the units of the columns, if standardised inside."""
    X, y = data()
    sizes, shifts = np.array([1e-3, 1.0, 1e3, 10.0, 0.1]), np.array([0.0, 5.0, 1e3, 0.0, -1.0])
    model = fit("squared_error", None, optimizer, standardize=True).fit(X * sizes + shifts, y)
    theirs = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.coef_ * sizes, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(model.predict(X * sizes + shifts), theirs.predict(X), atol=1e-3)


# All rows per update, losses with kinks


@cache
def quantile_of_scikit_learn(quantile, alpha):
    return QuantileRegressor(quantile=quantile, alpha=alpha).fit(*data())


@pairwise(quantile=[0.1, 0.5, 0.9], penalty=[None, "l1"], optimizer=OVER_ALL_ROWS)
def test_quantile(quantile, penalty, optimizer):
    X, y = data()
    theirs = quantile_of_scikit_learn(quantile, alpha_of(penalty))
    ours = fit(Quantile(quantile), penalty, optimizer).fit(X, y)

    def cost(model):
        losses = Quantile(quantile).value(y, model.predict(X))
        return losses.mean() + alpha_of(penalty) * abs(model.coef_).sum()

    assert cost(ours) - cost(theirs) <= 1e-4 * cost(theirs)


# both penalties with every optimizer: above
@each_once(penalty=[None, "l1"], optimizer=OVER_ALL_ROWS)
def test_absolute_error(penalty, optimizer):
    """Twice the pinball loss at 1/2, hence half the penalty there."""
    theirs = quantile_of_scikit_learn(0.5, alpha_of(penalty) / 2)
    ours = fit("absolute_error", penalty, optimizer).fit(*data())
    least = objective("absolute_error", penalty, theirs.coef_, theirs.intercept_)
    found = objective("absolute_error", penalty, ours.coef_, ours.intercept_)
    assert found - least <= 1e-4 * least


@cache
def least_epsilon_insensitive(epsilon):
    """Smallest mean of t_i >= 0 with |x_i . w + b - y_i| - epsilon <= t_i."""
    X, y = data()
    A, identity = np.column_stack([X, np.ones(N)]), np.eye(N)
    result = linprog(
        np.concatenate([np.zeros(P + 1), np.full(N, 1 / N)]),
        A_ub=np.block([[A, -identity], [-A, -identity]]),
        b_ub=np.concatenate([y + epsilon, epsilon - y]),
        bounds=[(None, None)] * (P + 1) + [(0, None)] * N,
    )
    return result.fun


@each_once(epsilon=[0.1, 1.0], optimizer=OVER_ALL_ROWS)
def test_epsilon_insensitive(epsilon, optimizer):
    X, y = data()
    model = fit(EpsilonInsensitive(epsilon), None, optimizer).fit(X, y)
    found = np.maximum(abs(model.predict(X) - y) - epsilon, 0).mean()
    least = least_epsilon_insensitive(epsilon)
    assert found - least <= 1e-4 * least


# Stochastic and mini-batches

EPOCHS = {"stochastic": {"max_iter": 200}, "mini-batch": {"max_iter": 400, "batch_size": 16}}


@pairwise(
    loss=["squared_error", "huber", "poisson"],
    penalty=[None, "elasticnet"],
    optimizer=OPTIMIZERS,
    solver=EPOCHS,
)
def test_minimum_by_batches(loss, penalty, optimizer, solver):
    settings = {"tol": None, "random_state": 0, **EPOCHS[solver]}
    model = fit(loss, penalty, optimizer, solver=solver, **settings).fit(*data(loss))
    least = objective(loss, penalty, *minimum_by_scipy(loss, penalty))
    start = model.history_["objective"][0]
    found = objective(loss, penalty, model.coef_, model.intercept_)
    assert start - least > 0.1 * start  # there is a way to go
    assert found - least <= 0.01 * start
