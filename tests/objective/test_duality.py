"""The duality gap is at least F - F*, and next to nothing at the minimum."""

import math

import numpy as np
import pytest

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.prepare import prepare
from gdregress._objective.duality import duality_gap
from gdregress.penalties import L1, L21, ElasticNet, GroupL2

PENALTIES = {
    "l1": L1(0.05),
    "each": L1(np.linspace(0.02, 0.2, 8)),
    "elasticnet": ElasticNet(0.1, l1_ratio=0.5),
    "groups": GroupL2(np.arange(8) // 3, 0.05),
    "rows": L21(0.1),
}
LOSSES = ["squared_error", "huber", "poisson", "gamma", "log_loss"]


def problem(loss, several=False):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 8)) @ rng.normal(size=(8, 8))
    z = X @ np.r_[0.2, -0.1, np.zeros(6)] + 0.3 * rng.normal(size=80)
    weights = rng.uniform(0.5, 2.0, size=80)
    y = {
        "poisson": rng.poisson(np.exp(z)) + 0.0,
        "gamma": rng.gamma(2.0, np.exp(z)),
        "log_loss": (z > 0).astype(int),
    }.get(loss, z)
    if several:
        y = np.column_stack([y, y[::-1], 1 + y])
    return X, y, weights


def estimator(loss, penalty, **given):
    if loss == "log_loss":
        return GDClassifier(penalty=PENALTIES[penalty], **given)
    return GDRegressor(loss, penalty=PENALTIES[penalty], **given)


@pytest.mark.parametrize("given", [{}, {"fit_intercept": False}, {"standardize": True}], ids=str)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_bounds_what_is_left(loss, penalty, given):
    several = penalty == "rows" and loss != "log_loss"
    X, y, weights = problem(loss, several)
    model = estimator(loss, penalty, **given)
    prepared = prepare(model, X, y, weights)
    objective = prepared.objective
    best = estimator(loss, penalty, tol=1e-9, max_iter=5000, **given).fit(X, y, weights)
    least = best.history_["objective"][-1]
    coef = np.atleast_2d(best.coef_).T
    end = np.vstack([coef, np.atleast_1d(best.intercept_)]) if model.fit_intercept else coef
    end = end if several else end[:, 0]
    rng = np.random.RandomState(1)
    for size in (1.0, 0.1, 1e-3):
        params = objective.design.from_user(end + size * rng.normal(size=end.shape) / 10)
        if model.fit_intercept:  # whose part is an estimate
            params[-1] = objective.design.from_user(end)[-1]
        left = objective.value(params) - least
        assert duality_gap(objective, params) >= 0.99 * left
    at_end = duality_gap(objective, objective.design.from_user(end))
    assert at_end <= 1e-6 * least


def test_is_unknown_without_a_norm_that_holds_all_coefficients():
    X, y, _ = problem("squared_error")
    for penalty in (None, "l2", L1(np.r_[0.0, np.ones(7)]), GroupL2([[0, 1], [2, 3]], 0.1)):
        objective = prepare(GDRegressor("huber", penalty=penalty), X, y, None).objective
        assert duality_gap(objective, objective.null_parameters()) == math.inf


@pytest.mark.filterwarnings("error")
def test_proves_the_minimum_of_groups_whose_columns_add_up():
    """Of one-hot columns the second derivatives of the working set are singular."""
    rng = np.random.RandomState(0)
    states, years = rng.randint(0, 48, size=816), rng.randint(0, 17, size=816)
    X = np.hstack([rng.normal(size=(816, 4)), np.eye(48)[states], np.eye(17)[years]])
    y = rng.gamma(5.0, np.exp(rng.normal(size=48)[states] + X[:, 0]) / 5.0)
    model = GDRegressor("gamma", penalty=GroupL2(np.arange(69) // 3, 0.003), tol=1e-5).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ <= 30


@pytest.mark.filterwarnings("error")
def test_proves_the_minimum_of_l1_over_copies_and_sums_of_columns():
    rng = np.random.RandomState(0)
    parts = np.round(np.exp(rng.normal(8, 1, size=(800, 3))), 2)
    total = np.round(parts.sum(axis=1) + 0.01 * rng.normal(size=800), 2)
    X = np.hstack([np.column_stack([total, parts, rng.normal(size=800)])] * 3)
    y = parts @ [1.0, 2.0, 3.0] + 1000 * rng.normal(size=800)
    model = GDRegressor(penalty="l1", alpha=10.0).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ <= 20
