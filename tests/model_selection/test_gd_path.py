"""Coefficients along the strengths of a penalty are those of scikit-learn's paths, and of fits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge, enet_path

from gdregress import GDClassifier, GDRegressor, gd_path


def make_data(n=120, p=6, k=None):
    rng = np.random.RandomState(1)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.4 * rng.normal(size=(p, p))) - 1
    return X, X @ rng.normal(size=p if k is None else (p, k)) + rng.normal(
        size=n if k is None else (n, k)
    )


@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
@pytest.mark.parametrize("k", [None, 2])
def test_enet_path(l1_ratio, k):
    X, y = make_data(k=k)
    model = GDRegressor(penalty="elasticnet", l1_ratio=l1_ratio)
    alphas, coefs, intercepts = gd_path(X, y, model, alphas=[0.01, 0.5, 0.1])
    assert_array_equal(alphas, [0.5, 0.1, 0.01])
    for j, target in enumerate(y.reshape(len(y), -1).T):
        centred = X - X.mean(axis=0)
        _, expected, _ = enet_path(
            centred,
            target - target.mean(),
            l1_ratio=l1_ratio,
            alphas=alphas,
            tol=1e-12,
            max_iter=100_000,
        )
        assert_allclose(coefs if k is None else coefs[j], expected, atol=1e-8)
        found = intercepts if k is None else intercepts[j]
        assert_allclose(found, target.mean() - X.mean(axis=0) @ expected, atol=1e-7)


def test_ridge_in_columns_of_any_size():
    X, y = make_data()
    X = X * np.geomspace(1e-4, 1e4, 6)
    alphas, coefs, _ = gd_path(X, y, GDRegressor(penalty="l2"), alphas=[1e-8, 1.0])
    for alpha, coef in zip(alphas, coefs.T, strict=True):
        expected = Ridge(alpha=len(y) * alpha, solver="svd").fit(X, y).coef_
        assert_allclose(coef, expected, rtol=1e-6)


def test_the_default_is_a_path_of_l1_from_zero():
    X, y = make_data()
    alphas, coefs, intercepts = gd_path(X, y)
    assert coefs.shape == (6, 100) and intercepts.shape == alphas.shape == (100,)
    assert not coefs[:, 0].any() and coefs[:, 1].any()


@pytest.mark.parametrize("classes", [2, 3])
def test_fits_of_other_losses(classes):
    X, y = make_data()
    y = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
    alphas, coefs, intercepts = gd_path(X, y, GDClassifier(penalty="l1", tol=1e-6), alphas=4)
    for i, alpha in enumerate(alphas):
        model = GDClassifier(penalty="l1", alpha=alpha, tol=1e-6).fit(X, y)
        assert_allclose(coefs[..., i], model.coef_, atol=1e-3)
        assert_allclose(intercepts[..., i], model.intercept_, atol=1e-3)


def test_weights_count_as_copies():
    X, y = make_data()
    weights = np.arange(len(y)) % 3
    one = gd_path(X, y, sample_weight=weights, alphas=5)
    other = gd_path(X.repeat(weights, axis=0), y.repeat(weights), alphas=5)
    for a, b in zip(one, other, strict=True):
        assert_allclose(a, b, atol=1e-10)


@pytest.mark.parametrize("alphas", [-3, 0, 2.5, True, None, "many"])
def test_numbers_of_alphas_that_are_refused(alphas):
    with pytest.raises(ValueError, match="'alphas' parameter of gd_path must be an array-like or"):
        gd_path(*make_data(), alphas=alphas)


def test_a_penalty_without_alpha():
    with pytest.raises(ValueError, match="has no alpha"):
        gd_path(*make_data(), GDRegressor())


@pytest.mark.parametrize("loss", ["huber", "log_cosh", "poisson", "gamma"])
@pytest.mark.parametrize("weighted", [False, True])
def test_newton_steps_of_regressions_end_where_fits_do(loss, weighted):
    X, y = make_data()
    y = np.exp(y / 4) if loss in ("poisson", "gamma") else y
    weights = np.linspace(0.2, 2, len(y)) if weighted else None
    model = GDRegressor(loss, penalty="l2", tol=1e-9)
    alphas, coefs, intercepts = gd_path(X, y, model, alphas=5, sample_weight=weights)
    for i, alpha in enumerate(alphas):
        model.set_params(alpha=alpha).fit(X, y, weights)
        assert_allclose(coefs[:, i], model.coef_, atol=1e-6)
        assert_allclose(intercepts[i], model.intercept_, atol=1e-6)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_newton_steps_of_classes_end_where_fits_do(loss, class_weight):
    X, y = make_data()
    model = GDClassifier(loss, class_weight=class_weight, tol=1e-9)
    alphas, coefs, _ = gd_path(X, y > 1, model, alphas=[1.0, 1e-2, 1e-4])
    for i, alpha in enumerate(alphas):
        model.set_params(alpha=alpha).fit(X, y > 1)
        assert_allclose(coefs[..., i], model.coef_, atol=1e-5)


def test_newton_steps_are_taken(monkeypatch):
    X, y = make_data()
    monkeypatch.setattr(GDClassifier, "fit", lambda *given: pytest.fail("a fit"))
    assert gd_path(X, y > 1, GDClassifier(), alphas=20)[1].shape == (1, 6, 20)


def test_where_newton_steps_lead_nowhere_it_is_fitted(monkeypatch):
    X, y = make_data()
    expected = gd_path(X, y > 1, GDClassifier(tol=1e-6), alphas=3)
    monkeypatch.setattr("gdregress._paths.newton.MOST_STEPS", 0)
    for a, b in zip(gd_path(X, y > 1, GDClassifier(tol=1e-6), alphas=3), expected, strict=True):
        assert_allclose(a, b, atol=1e-4)
