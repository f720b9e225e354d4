"""Newton systems from the products of the rows, against the matrix of all columns."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.prepare import prepare
from gdregress._objective import row_space
from gdregress.penalties import L2

ALPHA = 0.02


def wide(n=30, p=80, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-1, 1, p) + 5 * rng.normal(size=p)
    return X, (X / X.std(axis=0)) @ rng.normal(size=p) / p**0.5 + rng.normal(size=n)


def objective_of(model, X, y, weights=None):
    prepared = prepare(model, X, y, weights)
    plan = plan_run(model, prepared.components, prepared.objective, prepared.frame)
    return plan.run.objective


def hessian(objective, z):
    """A' D A + E of one target, by columns that are written down."""
    design = objective.design
    rows = np.column_stack([design.predict(e) for e in np.eye(design.n_parameters)])
    shares = 1.0 if objective.weights is None else objective.weights
    bent = shares * objective.loss.curvature_at(objective.y, z) / len(z)
    return rows.T @ (bent[:, None] * rows) + np.diag(objective.penalty_curvature()[:, 0])


@pytest.mark.parametrize("block", [1 << 20, 200])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", ["squared_error", "log_cosh", "huber"])
def test_steps_are_those_of_the_matrix(loss, fit_intercept, weighted, block, monkeypatch):
    monkeypatch.setattr(row_space, "BLOCK", block)
    X, y = wide()
    rng = np.random.RandomState(1)
    weights = rng.uniform(0.5, 2.0, len(y)) if weighted else None
    model = GDRegressor(loss, penalty="l2", alpha=ALPHA, fit_intercept=fit_intercept)
    objective = objective_of(model, X, y, weights)
    z, g = y + rng.normal(size=len(y)), rng.normal(size=X.shape[1] + fit_intercept)
    step = objective.row_space.newton_step(g, z)
    assert_allclose(step, np.linalg.solve(hessian(objective, z), g), rtol=1e-8, atol=1e-10)


def test_every_target_has_its_own_curvature():
    X, y = wide()
    model = GDRegressor("log_cosh", penalty="l2", alpha=ALPHA)
    Y = np.column_stack([y, 3 * y[::-1]])
    both, rng = objective_of(model, X, Y), np.random.RandomState(0)
    z, g = Y + rng.normal(size=Y.shape), rng.normal(size=(X.shape[1] + 1, 2))
    steps = both.row_space.newton_step(g, z)
    for k in range(2):
        alone = objective_of(model, X, Y[:, k]).row_space
        assert_allclose(steps[:, k], alone.newton_step(g[:, k], z[:, k]), rtol=1e-9)


def test_rows_without_curvature_keep_a_share_of_it_in_a_step():
    X, y = wide()
    rows = objective_of(GDRegressor("huber", penalty="l2", alpha=ALPHA), X, y).row_space
    g = np.random.RandomState(0).normal(size=X.shape[1] + 1)
    assert np.isfinite(rows.newton_step(g, y + 1e6, floor=1e-3)).all()
    # all rows are curved alike at y: a thousandth of it is a thousandth
    curved = rows._curvatures(y, 1e-3)
    assert_allclose(rows._curvatures(y + 1e6, 1e-3), 1e-3 * curved)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("standardize", [False, True])
def test_one_epoch_of_squared_error_is_ridge(weighted, standardize):
    X, y = wide()
    weights = np.random.RandomState(1).uniform(0.5, 2.0, len(y)) if weighted else np.ones(len(y))
    model = GDRegressor(penalty="l2", alpha=ALPHA, standardize=standardize).fit(X, y, weights)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ == 1
    size = 1.0
    if standardize:
        mean = np.average(X, axis=0, weights=weights)
        size = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))
    ridge = Ridge(alpha=ALPHA * weights.sum(), solver="svd").fit(X / size, y, weights)
    assert_allclose(model.coef_ * size, ridge.coef_, rtol=1e-7, atol=1e-9)
    assert_allclose(model.intercept_, ridge.intercept_, rtol=1e-7)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_labels_end_at_the_minimum_in_few_epochs(loss):
    X, z = wide(60, 300)
    y = (z > np.median(z)).astype(int)
    model = GDClassifier(loss, alpha=1e-2).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    plain = GDClassifier(loss, alpha=1e-2, tol=1e-7, max_iter=20_000, preconditioner="columns")
    best = plain.fit(X, y).history_["objective"][-1]
    values = model.history_["objective"]
    assert values[-1] - best <= 1e-7 * (values[0] - best)
    assert 2 * model.n_iter_ <= plain.n_iter_


def test_strengths_of_single_columns():
    X, y = wide()
    strengths = ALPHA * np.linspace(0.5, 2.0, X.shape[1])
    model = GDRegressor(penalty=L2(alpha=strengths)).fit(X, y)
    assert model.n_iter_ == 1
    root = np.sqrt(strengths)
    ridge = Ridge(alpha=len(y), solver="svd").fit(X / root, y)
    assert_allclose(model.coef_, ridge.coef_ / root, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "given",
    [
        {"penalty": None},
        {"alpha": 1e-20},
        {"preconditioner": "columns"},
        {"optimizer": "cg"},
        {"average": True},
        {"solver": "mini-batch"},
        {"learning_rate": 1e-3},
    ],
)
def test_others_go_without(given):
    X, y = wide()
    strength = {} if "penalty" in given else {"penalty": "l2", "alpha": ALPHA}
    model = GDRegressor(**strength | given)
    assert objective_of(model, X, y).row_space is None
    assert objective_of(GDRegressor(penalty="l2", alpha=ALPHA), X, y).row_space is not None


def test_many_rows_go_without(monkeypatch):
    X, y = wide()
    monkeypatch.setattr(row_space, "LARGEST", len(X) - 1)
    assert objective_of(GDRegressor(penalty="l2", alpha=ALPHA), X, y).row_space is None
    assert objective_of(GDRegressor(penalty="l2", alpha=ALPHA), *wide(50, 80)).row_space is None


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_next_to_no_rows(n, loss):
    X, y = (part[:n] for part in wide(30, 20))
    model = GDRegressor(loss, penalty="l2", alpha=ALPHA, tol=1e-7).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    if loss == "squared_error":
        ridge = Ridge(alpha=ALPHA * n, solver="svd").fit(X, y)
        assert_allclose(model.coef_, ridge.coef_, rtol=1e-7, atol=1e-9)


def test_a_gap_is_refused_where_no_row_is_curved():
    X, y = wide()
    model = GDRegressor("huber", penalty="l2", alpha=ALPHA)
    prepared = prepare(model, X, y, None)
    run = plan_run(model, prepared.components, prepared.objective, prepared.frame).run
    far = np.append(np.zeros(X.shape[1]), 1e6)
    assert run.certificate.measured(far, np.inf) == np.inf


def test_classes_that_are_coupled_have_other_second_derivatives():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(15, 40)), np.arange(15) % 3
    weights = rng.randint(1, 4, size=15)
    repeated = GDClassifier().fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    weighted = GDClassifier().fit(X, y, weights)
    assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-6)
