"""Penalties of groups: the prox against a search, minima against their conditions and peers."""

import numpy as np
import pytest
from libraries import array_functions, needed
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn import config_context
from sklearn.datasets import load_digits
from sklearn.linear_model import Lasso, MultiTaskLasso
from sklearn.model_selection import GridSearchCV

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress.penalties import L1, L21, GroupL2, groups

TIGHT = {"tol": 1e-8, "max_iter": 5000, "random_state": 0}
LABELS = ["size", "size", "place", "place", "place", "age"]
LISTS = [[0, 1], [2, 3, 4], [5]]
# What each optimizer needs to end at the minimum.
DESCENTS = {
    "auto": {},
    "batches": {"solver": "mini-batch"},
    "gd": {"optimizer": "gd"},
    "momentum": {"optimizer": "momentum"},
    "nesterov": {"optimizer": "nesterov", "tol": 1e-9},
    "adam": {"optimizer": "adam", "learning_rate": 0.02, "tol": 1e-7},
    "adagrad": {"optimizer": "adagrad", "learning_rate": 1.0, "preconditioner": "columns"},
}
BY_DEFAULT = ("auto", "batches", "adagrad")
every_descent = pytest.mark.parametrize(
    "descent",
    [
        name if name in BY_DEFAULT else pytest.param(name, marks=pytest.mark.full)
        for name in DESCENTS
    ],
)


def make_data(n=60):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 6)) * [1.0, 30.0, 1.0, 0.2, 1.0, 1.0]
    W = rng.normal(size=(6, 3)) / [[1.0], [30.0], [5.0], [1.0], [5.0], [1.0]]
    return X, X @ W + 0.5 * rng.normal(size=(n, 3)) * [1.0, 1.0, 3.0]


def misses_of_minimum(X, y, coef, alpha, groups=LISTS):
    """How far the conditions of the group lasso's minimum are from being met."""
    slopes = (X - X.mean(axis=0)).T @ (y - y.mean() - (X - X.mean(axis=0)) @ coef) / len(y)
    misses = []
    for group in groups:
        w, strength = coef[group], alpha * np.sqrt(len(group))
        if w.any():
            misses.append(abs(slopes[group] - strength * w / np.linalg.norm(w)).max())
        else:
            misses.append(max(0.0, np.linalg.norm(slopes[group]) - strength))
    return max(misses)


# Prox


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("equal", [True, False])
def test_the_prox_of_a_group_is_its_minimiser(equal, seed):
    """u_j = w_j r / (r + s_j t) with the norm r that a search finds best."""
    rng = np.random.RandomState(seed)
    w, steps = rng.normal(size=6), 10 ** rng.uniform(-3, 1, size=6)
    steps = np.full(6, 0.3) if equal else steps
    found = GroupL2(LISTS, alpha=0.7).prox(w, steps)
    for group in LISTS:
        t, v, s = 0.7 * np.sqrt(len(group)), w[group], steps[group]

        def of_norm(r, t=t, v=v, s=s):
            return v * r / (r + s * t)

        def cost(u, t=t, v=v, s=s):
            return t * np.linalg.norm(u) + ((u - v) ** 2 / (2 * s)).sum()

        searched = minimize_scalar(
            lambda r: cost(of_norm(r)), bounds=(0, 10), method="bounded", options={"xatol": 1e-12}
        )
        best = min(cost(of_norm(searched.x)), cost(0 * v))
        assert cost(found[group]) <= best + 1e-12
    if equal:
        assert_allclose(GroupL2(LISTS, alpha=0.7).prox(w, 0.3), found, rtol=1e-14)


def test_extreme_sizes_leave_the_prox_exact():
    for size in (1e-200, 1e200):
        w = size * np.array([3.0, 4.0])
        assert_allclose(GroupL2([0, 0], 1.0).prox(w, size / np.sqrt(2)), 0.8 * w)
        steps = size / np.sqrt(2) * np.ones(2)
        assert_allclose(GroupL2([0, 0], 1.0).prox(w, steps), 0.8 * w)
    assert_array_equal(GroupL2([0, 0]).prox(np.zeros(2), np.ones(2)), np.zeros(2))
    assert_array_equal(GroupL2([0, 0], 0.0).prox(w, np.ones(2)), w)


def test_groups_by_label_and_by_number_are_the_same():
    rng = np.random.RandomState(0)
    for w in (rng.normal(size=6), rng.normal(size=(6, 3))):
        by_label, by_number = GroupL2(LABELS, 0.2), GroupL2(LISTS, 0.2)
        assert_array_equal(by_label.prox(w, 0.3), by_number.prox(w, 0.3))
        norms = [np.sqrt(len(g)) * np.linalg.norm(w[g], axis=0).sum() for g in LISTS]
        assert by_label.value(w) == pytest.approx(0.2 * sum(norms))


def test_features_in_no_group_are_free():
    w = np.array([1.0, 2.0, 3.0])
    penalty = GroupL2([[2]], 0.5)
    assert_allclose(penalty.prox(w, 1.0), [1.0, 2.0, 2.5])
    assert penalty.value(w) == pytest.approx(1.5)


@pytest.mark.parametrize("library", ["torch", "array_api_strict"])
def test_other_array_libraries_have_the_same_prox(library):
    xp = array_functions(library)
    w, steps = np.array([[1.0, -2.0], [0.3, 0.1]]), np.array([[0.1, 0.4], [2.0, 3.0]])
    for penalty in (L21(0.4), GroupL2([0, 0], 0.4), GroupL2([[1]], 0.4)):
        for step in (0.7, steps):
            there = step if step is not steps else xp.asarray(steps.tolist(), dtype=xp.float64)
            found = penalty.prox(xp.asarray(w.tolist(), dtype=xp.float64), there)
            assert_allclose(np.asarray(found), penalty.prox(w, step), rtol=1e-12)


# Minima


@every_descent
@pytest.mark.parametrize("alpha", [0.05, 0.5])
def test_the_group_lasso(alpha, descent):
    X, Y = make_data()
    y = Y[:, 2]
    model = GDRegressor(penalty=GroupL2(LABELS, alpha), **{**TIGHT, **DESCENTS[descent]})
    coef = model.fit(X, y).coef_
    assert misses_of_minimum(X, y, coef, alpha) < 1e-5 * abs(X.T @ y / len(y)).max()


@every_descent
def test_the_multi_task_lasso(descent):
    X, Y = make_data()
    expected = MultiTaskLasso(alpha=1.0, tol=1e-14, max_iter=100_000).fit(X, Y).coef_
    model = GDRegressor(penalty=L21(1.0), **{**TIGHT, **DESCENTS[descent]}).fit(X, Y)
    assert_allclose(model.coef_ * X.std(axis=0), expected * X.std(axis=0), atol=1e-6)
    assert_array_equal((model.coef_ == 0).all(axis=0), (expected == 0).all(axis=0))


@pytest.mark.parametrize("spread", [0, 2, 6])
def test_the_prox_takes_few_newton_steps(spread, monkeypatch):
    rng, steps = np.random.RandomState(0), []

    def counted(most):
        for step in range(most):
            steps.append(step)
            yield step

    monkeypatch.setattr(groups, "range", counted, raising=False)
    w, step_size = rng.normal(size=(2, 50, 10)) * 10 ** rng.uniform(0, spread, size=(2, 50, 10))
    strength = 10 ** rng.uniform(-3, 3, size=(50, 1))  # which makes some groups zero
    groups.shrink_norms(w, abs(step_size), strength, axis=1)
    assert 1 <= len(steps) <= 15


@pytest.mark.full
@pytest.mark.parametrize("alpha", [0.05, 0.5])
def test_skglm_has_the_same_group_lasso(alpha):
    needed("skglm")
    from skglm import GroupLasso

    X, Y = make_data()
    y = Y[:, 2]
    weights = np.sqrt([len(group) for group in LISTS])
    peer = GroupLasso(LISTS, alpha=alpha, weights=weights, tol=1e-12).fit(X, y)
    model = GDRegressor(penalty=GroupL2(LISTS, alpha), **TIGHT).fit(X, y)
    assert_allclose(model.coef_ * X.std(axis=0), peer.coef_ * X.std(axis=0), atol=1e-6)


def test_sparse_rows_several_targets_and_another_loss():
    X, Y = make_data()
    given = {"loss": "huber", "epsilon": 2.0, "penalty": GroupL2(LISTS, 0.2), **TIGHT}
    dense = GDRegressor(**given).fit(X, Y)
    assert_allclose(GDRegressor(**given).fit(sparse.csr_array(X), Y).coef_, dense.coef_, atol=1e-6)
    for target, coef in zip(Y.T, dense.coef_, strict=True):
        assert_allclose(GDRegressor(**given).fit(X, target).coef_, coef, atol=1e-5)


def test_groups_of_one_are_the_lasso_and_so_is_one_target():
    X, Y = make_data()
    expected = Lasso(alpha=0.5, tol=1e-14, max_iter=100_000).fit(X, Y[:, 2]).coef_
    for penalty in (GroupL2(range(6), 0.5), L21(0.5), L1(0.5)):
        coef = GDRegressor(penalty=penalty, **TIGHT).fit(X, Y[:, 2]).coef_
        assert_allclose(coef * X.std(axis=0), expected * X.std(axis=0), atol=1e-6)


def test_pixels_are_used_for_all_classes_or_for_none():
    X, y = load_digits(return_X_y=True)
    model = GDClassifier(penalty=L21(0.02), tol=1e-3).fit(X / 16, y)
    used = model.coef_ != 0
    assert_array_equal(used.any(axis=0), used.all(axis=0))
    assert 0 < used.any(axis=0).sum() < 64


def test_tensors(torch):
    X, Y = make_data()
    expected = GDRegressor(penalty=L21(1.0), **TIGHT).fit(X, Y).coef_
    with config_context(array_api_dispatch=True):
        model = GDRegressor(penalty=L21(1.0), **TIGHT).fit(torch.asarray(X), torch.asarray(Y))
    assert_allclose(model.coef_.numpy(), expected, atol=1e-6)


def test_minimize_and_parts():
    found = minimize(
        lambda x: ((x - [3.0, 4.0, 0.1]) ** 2).sum() / 2,
        np.zeros(3),
        jac=lambda x: x - [3.0, 4.0, 0.1],
        penalty=GroupL2([0, 0, 1], alpha=1 / np.sqrt(2)),
        learning_rate=1.0,
    )
    assert_allclose(found.x, [2.4, 3.2, 0.0], atol=1e-12)
    X, Y = make_data()
    model = GDRegressor(penalty=GroupL2(LISTS, 100.0), learning_rate=1e-4)
    model.partial_fit(X, Y).partial_fit(X, Y)
    assert not model.coef_[:, :5].any()


def test_a_search_over_groups():
    X, Y = make_data()
    grid = {"penalty__alpha": [1e-3, 100.0], "penalty__groups": [LABELS, LISTS]}
    search = GridSearchCV(GDRegressor(penalty=GroupL2(LABELS)), grid, error_score="raise")
    search.fit(X, Y[:, 0])
    assert search.best_params_["penalty__alpha"] == 1e-3
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0, 0, 1], "a label for each of the 6 features. Got 3 labels"),
        ([[0, 1], [1, 2]], "feature 1 2 times"),
        ([[0, 6]], r"from 0 to 5.*Got the list \[0, 6\]"),
        ([[0, -1]], r"Got the list \[0, -1\]"),
        ([[]], "none of them empty"),
        ([[0.5]], "lists of the features' numbers"),
        ("size", "The 'groups' parameter of GroupL2 must be an array-like"),
    ],
)
def test_groups_that_are_refused(groups, message):
    X, Y = make_data()
    with pytest.raises(ValueError, match=message):
        GDRegressor(penalty=GroupL2(groups)).fit(X, Y)


# Objects that are no Penalty


class Ridge:
    """alpha ||w||^2 / 2, by no class of this package."""

    def __init__(self, alpha):
        self.alpha = alpha

    def value(self, w):
        return self.alpha * (w**2).sum() / 2

    def prox(self, w, step_size):
        return w / (1 + step_size * self.alpha)


class WrongProx(Ridge):
    def prox(self, w, step_size):
        return w / (1 + 2 * step_size * self.alpha)


def test_any_object_with_value_and_prox_is_a_penalty():
    X, Y = make_data()
    for given in ({}, {"solver": "mini-batch"}):
        model = GDRegressor(penalty=Ridge(0.3), **TIGHT, **given).fit(X, Y[:, 0])
        expected = GDRegressor(penalty="l2", alpha=0.3, **TIGHT, **given).fit(X, Y[:, 0])
        assert_allclose(model.coef_, expected.coef_, atol=1e-6)
    found = minimize(
        lambda x: (x - 1) ** 2 / 2, 0.0, jac=lambda x: x - 1, penalty=Ridge(1.0), learning_rate=0.5
    )
    assert found.x == pytest.approx(0.5, abs=1e-6)


def test_its_prox_is_compared_with_its_value():
    X, Y = make_data()
    with pytest.raises(ValueError, match=r"WrongProx\.prox does not belong to"):
        GDRegressor(penalty=WrongProx(1.0)).fit(X, Y)
    with pytest.raises(ValueError, match="an object implementing 'value' and 'prox'"):
        GDRegressor(penalty=object()).fit(X, Y)
