"""l1 on more columns than rows: the minimum of every smooth loss, and its zeros."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet as ElasticNetOfSklearn
from sklearn.linear_model import Lasso, MultiTaskLasso

from gdregress import GDClassifier, GDRegressor
from gdregress._core import core
from gdregress._core.kernels import interpreted
from gdregress._engines.quadratic_and_norms import least
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.prepare import prepare
from gdregress._objective.moments_inside import curved_products
from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES
from gdregress.penalties import L1, L21, ElasticNet, GroupL2

ALL = LOSSES | CLASSIFICATION_LOSSES
SMOOTH = [
    name for name, loss in ALL.items() if loss.smooth and loss().convex and loss.kernel is not None
]


def wide(n=60, p=150, seed=0):
    """Columns of several sizes and means, five of which matter."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-0.5, 0.5, p) + rng.normal(size=p)
    return X, X[:, :5] @ rng.normal(size=5) / 3 + 0.3 * rng.normal(size=n)


def targets_for(name, z):
    loss, rng = ALL[name], np.random.RandomState(1)
    if loss.target_range in ("labels", "classes"):
        return (z > np.median(z)).astype(int)
    if loss.link == "log":
        return rng.poisson(np.exp(z - z.mean())) + (0.5 if name == "gamma" else 0.0)
    return z


def sparse_rows(X):
    """A fifth of the entries."""
    return X * (np.random.RandomState(3).uniform(size=X.shape) < 0.2)


def estimator(name, **given):
    labels = ALL[name].target_range in ("labels", "classes")
    given = {"penalty": "l1", "alpha": 0.03} | given
    return (GDClassifier if labels else GDRegressor)(name, **given)


def method_of(model, X, y):
    prepared = prepare(model, X, y, None)
    plan = plan_run(model, prepared.components, prepared.objective, prepared.frame)
    return plan.run.method


def slopes_of(model, name, X, y, weights):
    """The gradient of the loss by the coefficients, from the fitted numbers alone."""
    loss = ALL[name]()
    given = 2.0 * y - 1 if loss.target_range == "labels" else y.astype(float)
    if name == "log_loss":
        z = X @ model.coef_[0] + model.intercept_[0]
        slopes = 1 / (1 + np.exp(-z)) - y
    else:
        slopes = loss.gradient(given, X @ np.ravel(model.coef_) + np.ravel(model.intercept_)[0])
    return X.T @ (weights * slopes) / weights.sum()


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("name", SMOOTH)
def test_meets_the_conditions_of_the_minimum(name, storage):
    """Slopes of -alpha sign(w) where w is not zero, and of at most alpha where it is."""
    X, z = wide()
    X = X if storage is np.asarray else sparse_rows(X)
    y, weights = targets_for(name, z), np.random.RandomState(2).uniform(0.5, 2.0, len(z))
    model = estimator(name, tol=1e-6)
    assert method_of(model, storage(X), y) == "working sets"
    model.fit(storage(X), y, weights)
    assert model.stop_reason_ == "tolerance"
    w, slopes = np.ravel(model.coef_), slopes_of(model, name, X, y, weights)
    assert 0 < np.count_nonzero(w) < len(w) / 2
    atol = 2e-5 * X.std(axis=0).max()
    assert_allclose(slopes[w != 0], -0.03 * np.sign(w[w != 0]), atol=atol)
    assert (abs(slopes) <= 0.03 + atol).all()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_equals_coordinate_descent(penalty, fit_intercept):
    X, y = wide()
    given = {"alpha": 0.05, "fit_intercept": fit_intercept}
    model = GDRegressor(penalty=penalty, l1_ratio=0.5, tol=1e-8, **given)
    if penalty == "l1":
        model.set_params(l1_ratio=0.15)
        exact = Lasso(tol=1e-12, max_iter=100_000, **given).fit(X, y)
    else:
        exact = ElasticNetOfSklearn(l1_ratio=0.5, tol=1e-12, max_iter=100_000, **given).fit(X, y)
    assert method_of(model, X, y) == "working sets"
    model.fit(X, y)
    assert_allclose(model.coef_, exact.coef_, atol=1e-6)
    assert_array_equal(model.coef_ != 0, exact.coef_ != 0)
    assert model.n_iter_ < 30


@pytest.mark.parametrize("name", ["huber", "log_cosh", "squared_epsilon_insensitive"])
@pytest.mark.parametrize("seed", range(4))
def test_rows_without_curvature(name, seed):
    """The model of a row that is straight where a step begins has no minimum of its own."""
    rng = np.random.RandomState(seed)
    X, weights = rng.uniform(size=(15, 30)), rng.randint(0, 5, size=15)
    y = 3.0 * rng.randint(0, 3, size=15)
    model = GDRegressor(name, penalty="l1", alpha=0.01)
    assert method_of(model, X, y) == "working sets"
    weighted = clone(model).fit(X, y, weights)
    assert weighted.stop_reason_ == "tolerance"
    values = np.array(weighted.history_["objective"])
    assert (np.diff(values) <= 1e-12 * values[0]).all()
    copies = model.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert values[-1] == pytest.approx(copies.history_["objective"][-1], rel=1e-8)
    other = GDRegressor(name, penalty="l1", alpha=0.01, optimizer="nesterov", max_iter=20_000)
    other.set_params(tol=1e-6).fit(X, y, weights)
    assert values[-1] == pytest.approx(other.history_["objective"][-1], rel=1e-7)


def test_sets_that_are_smaller_than_the_support(monkeypatch):
    X, y = wide()
    whole = GDRegressor(penalty="l1", alpha=1e-3, tol=1e-6).fit(X, y)
    monkeypatch.setattr("gdregress._engines.working_sets.LARGEST", 20)
    model = GDRegressor(penalty="l1", alpha=1e-3, tol=1e-6, max_iter=5000).fit(X, y)
    assert np.count_nonzero(whole.coef_) > 20
    assert model.stop_reason_ == "tolerance"
    assert model.history_["objective"][-1] == pytest.approx(whole.history_["objective"][-1], 1e-8)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("name, size", [("squared_error", 0.1), ("huber", 0.02)])
def test_the_model_of_squared_error_is_kept(name, size, storage, monkeypatch):
    """From epoch to epoch, and none of weights or strengths that are those of another fit."""
    rng, formed = np.random.RandomState(0), []
    X = rng.normal(size=(100, 1000)) * (rng.uniform(size=(100, 1000)) < 0.05)
    y, weights = X @ rng.normal(size=1000), rng.uniform(1, 2, 100)
    alpha = size * rng.uniform(1, 2, 1000)

    def counted(*args, **options):
        formed.append(args)
        return curved_products(*args, **options)

    monkeypatch.setattr("gdregress._engines.working_sets.curved_products", counted)
    model = GDRegressor(name, penalty="l1", alpha=alpha, tol=1e-6, warm_start=True)
    model.fit(storage(X), y, weights)
    assert (len(formed) < model.n_iter_) == (name == "squared_error")
    for given, others in ((alpha, weights[::-1]), (alpha[::-1], weights)):
        again = model.set_params(alpha=given).fit(storage(X), y, others)
        afresh = clone(model).fit(storage(X), y, others)
        assert again.stop_reason_ == "tolerance"
        expected = afresh.history_["objective"][-1]
        assert again.history_["objective"][-1] == pytest.approx(expected, rel=1e-9)
        slopes = ALL[name]().gradient(y, X @ again.coef_ + again.intercept_)
        assert (abs(X.T @ (others * slopes)) <= 1.001 * others.sum() * given).all()


def test_float32_and_one_more_epoch():
    X, y = wide()
    model = GDRegressor(penalty="l1", alpha=0.05, warm_start=True).fit(X.astype(np.float32), y)
    exact = Lasso(alpha=0.05, tol=1e-12, max_iter=100_000).fit(X, y)
    assert model.stop_reason_ == "tolerance" and model.coef_.dtype == np.float32
    assert_allclose(model.coef_, exact.coef_, atol=1e-3)
    model.fit(X.astype(np.float32), y)
    assert model.n_iter_ <= 2


@pytest.mark.parametrize("kernels", [core.kernels, interpreted], ids=["built", "interpreted"])
@pytest.mark.parametrize("k, rank", [(1, 1), (12, 12), (12, 5)])
def test_least_of_a_quadratic(kernels, k, rank):
    rng = np.random.RandomState(k + rank)
    A = rng.normal(size=(rank, k))
    H, c, l1 = A.T @ A, A.T @ rng.normal(size=rank), np.full(k, 0.3)
    l1[0] = 0.0
    v = least(H, c, l1, np.zeros(k), kernels=kernels)
    gradient = c + H @ v
    assert (abs(gradient) <= l1 + 1e-10).all()
    assert_allclose(gradient[v != 0], -(l1 * np.sign(v))[v != 0], atol=1e-10)


@pytest.mark.parametrize("sizes", [[1] * 7, [2, 1, 4]], ids=["single", "groups"])
def test_sweeps_are_the_same_compiled_and_interpreted(sizes):
    rng = np.random.RandomState(0)
    A = rng.normal(size=(20, 7))
    H, ends = A.T @ A, np.cumsum(sizes)
    t = rng.uniform(0, 20, len(sizes))
    bounds = np.full(len(sizes), np.linalg.eigvalsh(H)[-1])
    found = []
    for kernels in (core.kernels, interpreted):
        v, g = np.zeros(7), A.T @ np.arange(20.0)
        ended = kernels.coordinate_descent(H, g, ends, bounds, t, v, 1e-3, 5)
        found.append((v, g, ended))
    assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    assert_allclose(found[0][1], found[1][1], rtol=1e-9, atol=1e-11)
    assert found[0][2] == found[1][2]


@pytest.mark.parametrize("kernels", [core.kernels, interpreted], ids=["built", "interpreted"])
@pytest.mark.parametrize("rank", [30, 8])
@pytest.mark.parametrize("strength", [0.1, 3.0])
def test_least_of_a_quadratic_and_norms_of_groups(kernels, rank, strength):
    """By the conditions of the minimum: -t v / ||v||, or at zero a norm of t at most."""
    rng = np.random.RandomState(rank)
    A, sizes = (
        rng.normal(size=(rank, 12)) * 10 ** rng.uniform(-1, 1, 12),
        np.array([1, 3, 5, 2, 1]),
    )
    H, c, t = A.T @ A, A.T @ rng.normal(size=rank), strength * np.array([1.0, 2, 1, 3, 0])
    v = least(H, c, t, np.zeros(12), sizes=sizes, kernels=kernels)
    g = c + H @ v
    for block, of_block in zip(np.split(np.arange(12), np.cumsum(sizes)[:-1]), t, strict=True):
        size = np.linalg.norm(v[block])
        if size > 0:
            assert_allclose(g[block], -of_block * v[block] / size, atol=1e-9 * abs(c).max())
        else:
            assert np.linalg.norm(g[block]) <= of_block + 1e-9


def test_least_along_a_block_that_is_flat():
    """Neither sweeps, which move by t / L, nor Newton steps come from 1000 to zero there."""
    H, t = np.array([[1.0, 0, 0], [0, 1, 1], [0, 1, 1]]), np.array([1e-3, 1e-3])
    v = least(H, np.array([-1.0, -1, -1]), t, np.array([0.0, 1000, -1000]), sizes=np.array([1, 2]))
    # along (1, 1) / sqrt(2): curvature 2, slope sqrt(2)
    assert_allclose(v, [1 - 1e-3, *[0.5 - 1e-3 / 8**0.5] * 2], atol=1e-8)


@pytest.mark.parametrize("share", [1e-3, 1e-4, 1e-5])
def test_groups_that_all_but_interpolate_end_soon(share):
    """More coefficients move than there are rows: H is flat along most of their directions."""
    rng = np.random.RandomState(0)
    X, W = rng.normal(size=(25, 150)), np.zeros((150, 3))
    W[:15] = rng.normal(size=(15, 3))
    Y = X @ W + rng.normal(size=(25, 3))
    strongest = np.linalg.norm(X.T @ (Y - Y.mean(axis=0)) / 25, axis=1).max()
    model = GDRegressor(penalty=L21(share * strongest)).fit(X, Y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ <= 16
    slopes = X.T @ (model.predict(X) - Y) / 25
    sizes, w = np.linalg.norm(slopes, axis=1), model.coef_.T
    used = np.linalg.norm(w, axis=1) > 0
    assert (sizes <= share * strongest * (1 + 1e-5)).all()
    assert_allclose(sizes[used], share * strongest, rtol=1e-5)
    assert 3 * used.sum() > 3 * 25


@pytest.mark.parametrize("seed", range(2))
def test_groups_fitted_to_noise_end(seed):
    """Each of many small groups would hold a Newton step up."""
    rng = np.random.RandomState(seed)
    X, Y = rng.normal(size=(40, 300)), rng.normal(size=(40, 3))
    strongest = np.linalg.norm(X.T @ (Y - Y.mean(axis=0)) / 40, axis=1).max()
    model = GDRegressor(penalty=L21(1e-5 * strongest), max_iter=35).fit(X, Y)
    assert model.stop_reason_ == "tolerance"


GROUPS = np.random.RandomState(5).permutation(
    np.repeat(np.arange(40), [1, 2, 3, 4, 5, 5, 5, 5] * 5)
)


def group_strengths(alpha):
    return alpha * np.sqrt(np.bincount(GROUPS))


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "csr"])
@pytest.mark.parametrize("name", SMOOTH)
def test_meets_the_conditions_of_the_minimum_in_groups(name, storage):
    """Slopes of -t_g w_g / ||w_g|| where a group is not zero, and of a norm of t_g at most."""
    X, z = wide()
    X = X if storage is np.asarray else sparse_rows(X)
    y, weights = targets_for(name, z), np.random.RandomState(2).uniform(0.5, 2.0, len(z))
    model = estimator(name, tol=1e-6, alpha=1e-4, penalty=GroupL2(GROUPS, 0.03))
    assert method_of(model, storage(X), y) == "working sets"
    model.fit(storage(X), y, weights)
    assert model.stop_reason_ == "tolerance"
    w, slopes = np.ravel(model.coef_), slopes_of(model, name, X, y, weights)
    sizes, strengths = np.sqrt(np.bincount(GROUPS, w**2)), group_strengths(0.03)
    used = sizes > 0
    assert 0 < used.sum() < 40
    atol = 5e-5 * X.std(axis=0).max()
    of_used = used[GROUPS]
    expected = -(strengths / np.where(used, sizes, 1.0))[GROUPS] * w
    assert_allclose(slopes[of_used], expected[of_used], atol=atol)
    assert (np.sqrt(np.bincount(GROUPS, slopes**2)) <= strengths + atol).all()


@pytest.mark.parametrize("given", [{}, {"standardize": True}, {"fit_intercept": False}])
def test_groups_end_where_descent_ends(given):
    X, y = wide()
    model = GDRegressor(penalty=GroupL2(GROUPS, 0.05), tol=1e-7, **given)
    assert method_of(model, X, y) == "working sets"
    descent = clone(model).set_params(optimizer="nesterov", max_iter=50_000)
    model.fit(X, y)
    values = [each.history_["objective"][-1] for each in (model, descent.fit(X, y))]
    assert model.stop_reason_ == "tolerance" and model.n_iter_ < 30
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    assert_allclose(model.coef_, descent.coef_, atol=1e-5)


SEVERAL = {
    "l1": L1(0.05),
    "elasticnet": ElasticNet(0.05, l1_ratio=0.5),
    "groups": GroupL2(GROUPS, 0.03),
    "rows": L21(0.1),
}


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
@pytest.mark.parametrize("penalty", list(SEVERAL))
def test_several_targets_end_where_descent_ends(penalty, loss):
    X, y = wide()
    Y, weights = np.column_stack([y, X[:, 0] - y, X[:, 7]]), np.random.RandomState(2).rand(60)
    model = GDRegressor(loss, penalty=SEVERAL[penalty], tol=1e-6)
    assert method_of(model, X, Y) == "working sets"
    descent = clone(model).set_params(optimizer="nesterov", max_iter=50_000)
    model.fit(X, Y, weights)
    values = [each.history_["objective"][-1] for each in (model, descent.fit(X, Y, weights))]
    assert model.stop_reason_ == "tolerance" and model.n_iter_ < 40
    assert values[0] == pytest.approx(values[1], rel=1e-8)
    assert 0 < np.count_nonzero(model.coef_) < model.coef_.size / 2
    if penalty == "rows":
        used = model.coef_ != 0
        assert_array_equal(used.any(axis=0), used.all(axis=0))


def test_the_multi_task_lasso_of_wide_data():
    X, y = wide()
    Y = np.column_stack([y, X[:, 0] - y])
    model = GDRegressor(penalty=L21(0.1), tol=1e-8)
    assert method_of(model, X, Y) == "working sets"
    exact = MultiTaskLasso(alpha=0.1, tol=1e-12, max_iter=100_000).fit(X, Y)
    assert_allclose(model.fit(X, Y).coef_, exact.coef_, atol=1e-6)


def test_features_in_no_group_and_groups_larger_than_a_set(monkeypatch):
    X, y = wide()
    monkeypatch.setattr("gdregress._engines.working_sets.LARGEST", 20)
    lists = [np.flatnonzero(number == GROUPS) for number in range(1, 40)]  # not the first
    model = GDRegressor(penalty=GroupL2(lists, 0.03), tol=1e-6, max_iter=5000)
    assert method_of(model, X, y) == "working sets"
    model.fit(X, y)
    monkeypatch.undo()
    whole = clone(model).fit(X, y)
    assert model.stop_reason_ == "tolerance" and (model.coef_[GROUPS == 0] != 0).all()
    assert np.count_nonzero(whole.coef_) > 20
    assert model.history_["objective"][-1] == pytest.approx(whole.history_["objective"][-1], 1e-8)
    all_in_one = GDRegressor(penalty=GroupL2(np.zeros(150, int), 0.03))
    monkeypatch.setattr("gdregress._engines.working_sets.LARGEST", 20)
    assert method_of(all_in_one, X, y) == "updates"


def test_the_least_of_correlated_columns_whose_signs_change_on_the_way():
    """Sweeps alone take thousands; the conditions of the minimum tell whether it was reached."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(3000, 20)) @ (np.eye(20) + 0.3 * rng.normal(size=(20, 20)))
    y = X @ (rng.normal(size=20) * (rng.rand(20) < 0.5)) + 3 * rng.normal(size=3000)
    X, y = X - X.mean(axis=0), y - y.mean()
    scale = X.std(axis=0)
    X /= scale
    H, c = X.T @ X / 3000 + np.diag(8.5e-5 / scale**2), -(X.T @ y) / 3000
    l1 = 1.5e-5 / scale
    v = least(H, c, l1, np.zeros(20))
    slope = c + H @ v
    assert_allclose(slope[v != 0], -(l1 * np.sign(v))[v != 0], atol=1e-12)
    assert (abs(slope[v == 0]) <= l1[v == 0]).all()


def test_a_column_whose_rows_are_all_straight():
    """A category beyond the threshold of Huber's loss has no curvature to begin with."""
    rng = np.random.RandomState(0)
    X = np.column_stack([rng.normal(size=200), np.repeat([0.0, 1.0], [180, 20])])
    y = X[:, 0] + rng.normal(size=200) + 100 * X[:, 1]
    model = GDRegressor("huber", penalty="l1", alpha=1e-3, fit_intercept=False).fit(X, y)
    slopes = np.clip(model.predict(X) - y, -1.35, 1.35)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ < 30
    assert_allclose(X.T @ slopes / 200, -1e-3 * np.sign(model.coef_), atol=1e-7)


def test_squared_error_under_groups_takes_the_rows():
    """The moments alone would leave it to steps of first order."""
    X, y = load_diabetes(return_X_y=True)
    penalty = GroupL2(np.arange(10) // 2, alpha=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GDRegressor(penalty=penalty).fit(X, y)
    gradient = (X.T @ (model.predict(X) - y) / len(y)).reshape(5, 2)
    groups = model.coef_.reshape(5, 2)
    sizes = np.linalg.norm(groups, axis=1)
    zero, strength = sizes == 0, np.sqrt(2)
    assert model.n_iter_ < 20 and zero.any() and not zero.all()
    expected = -strength * groups[~zero] / sizes[~zero, None]
    assert_allclose(gradient[~zero], expected, atol=1e-5)
    assert (np.linalg.norm(gradient[zero], axis=1) <= strength).all()
