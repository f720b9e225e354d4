"""Newton steps end at the minimum, whatever the start and the penalty."""

import warnings

import in_blocks
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import xlogy
from sklearn.datasets import load_wine
from sklearn.linear_model import Lasso, LogisticRegression

from gdregress import GDClassifier, GDRegressor


def make_data(n=200, p=4):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.linspace(1, -1, p), rng


def fitted(model, X, y, **given):
    """A fit whose epochs are Newton steps."""
    half = len(y) // 2
    return model.fit_batches([(X[:half], y[:half]), (X[half:], y[half:])], **given)


def test_log_loss_takes_few_passes_and_ends_at_the_minimum_of_scipy():
    X, z, rng = make_data()
    y = z + rng.logistic(size=len(z)) > 0
    model = fitted(GDClassifier(penalty="l2", alpha=0.01, tol=1e-10), X, y)

    def objective(params):
        margin = np.where(y, 1, -1) * (X @ params[:-1] + params[-1])
        return np.logaddexp(0, -margin).mean() + 0.005 * params[:-1] @ params[:-1]

    best = minimize(objective, np.zeros(5), tol=1e-14).x
    assert model.n_iter_ < 9
    assert_allclose(model.coef_[0], best[:-1], atol=1e-6)


@pytest.mark.parametrize("loss", ["huber", "poisson"])
def test_no_step_follows_one_after_which_the_gap_is_small_enough(loss):
    X, z, rng = make_data(2000)
    y = rng.poisson(np.exp(z)).astype(float)
    model = fitted(GDRegressor(loss, tol=1e-4), X, y)
    objective = np.array(model.history_["objective"])
    least = fitted(GDRegressor(loss, tol=1e-10), X, y).history_["objective"][-1]
    enough = 1e-8 * (objective[0] - least)
    assert model.stop_reason_ == "tolerance"
    assert objective[-1] - least <= enough < objective[-2] - least


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_the_last_step_needs_no_second_derivatives(penalty):
    X, z, rng = make_data(4000)
    y = z + rng.logistic(size=4000) > 0
    given = {"penalty": penalty, "alpha": 0.01}

    def model_and_objective(tol):
        model = GDClassifier(**given, tol=tol)
        model.classes_ = np.array([False, True])
        model = in_blocks.fit(model, X, np.where(y, 1.0, -1.0), (1000, 3000))
        return model, model.history_["objective"][-1]

    (model, value), (_, least) = (model_and_objective(tol) for tol in (1e-3, 1e-9))
    assert model.stop_reason_ == "tolerance"
    assert model.calls["_model"] == model.n_iter_ and model.calls["_pass_of"] == 1
    assert model.history_["gap"][-1] == pytest.approx(value - least, rel=0.5)


def test_l1_meets_the_conditions_of_the_minimum():
    X, z, rng = make_data()
    y = rng.poisson(np.exp(z))
    model = fitted(GDRegressor(loss="poisson", penalty="l1", alpha=0.5, tol=1e-10), X, y)
    slopes = np.exp(X @ model.coef_ + model.intercept_) - y
    gradient, zero = X.T @ slopes / len(y), model.coef_ == 0
    assert 0 < zero.sum() < 4
    assert (abs(gradient[zero]) <= 0.5).all()
    assert_allclose(gradient[~zero], -0.5 * np.sign(model.coef_[~zero]), atol=1e-8)
    assert abs(slopes.mean()) < 1e-8


def three_classes(n=300):
    X, z, rng = make_data(n)
    return X, np.argmax(np.outer(z, [1.0, 0.0, -1.0]) + rng.gumbel(size=(n, 3)), axis=1)


@pytest.mark.parametrize("weighted", [False, True])
def test_softmax_takes_few_passes_and_ends_at_the_minimum_of_scikit_learn(weighted):
    X, y = three_classes()
    weights = np.random.RandomState(1).randint(1, 4, size=300) if weighted else np.ones(300)
    model, halves = GDClassifier(alpha=0.01, tol=1e-9), (slice(150), slice(150, 300))
    model.fit_batches([(X[rows], y[rows], weights[rows]) for rows in halves])
    known = LogisticRegression(C=1 / (0.01 * weights.sum()), tol=1e-10, max_iter=1000)
    known.fit(X, y, weights)
    assert model.n_iter_ < 9 and model.stop_reason_ == "tolerance"
    assert_allclose(model.coef_, known.coef_, atol=1e-6)
    assert_allclose(model.predict_proba(X), known.predict_proba(X), atol=1e-6)


def test_softmax_with_l1_meets_the_conditions_of_the_minimum():
    X, y = three_classes()
    model = fitted(GDClassifier(penalty="l1", alpha=0.05, tol=1e-9), X, y)
    slopes = model.predict_proba(X) - (y[:, None] == np.arange(3))
    gradient, zero = slopes.T @ X / len(y), model.coef_ == 0
    assert 0 < zero.sum() < 12 and model.n_iter_ < 15
    assert (abs(gradient[zero]) <= 0.05 + 1e-9).all()
    assert_allclose(gradient[~zero], -0.05 * np.sign(model.coef_[~zero]), atol=1e-7)
    assert_allclose(slopes.mean(axis=0), 0, atol=1e-7)


def test_what_changes_no_probability_stays_where_it_is():
    X, y = three_classes()
    model = fitted(GDClassifier(penalty=None, tol=1e-8), X, y)
    assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-12)
    assert model.n_iter_ < 12


def test_more_parameters_than_have_second_derivatives():
    """Softmax of many classes takes steps of first order, and ends at the same minimum."""
    X, _, rng = make_data(400, 30)
    y = np.argmax(X[:, :12] + rng.gumbel(size=(400, 12)), axis=1)
    model = fitted(GDClassifier(alpha=0.05, tol=1e-6), X, y)
    known = GDClassifier(alpha=0.05, tol=1e-6).fit(X, y)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ > 12
    assert_allclose(model.coef_, known.coef_, atol=1e-4)


def test_several_targets_and_classes():
    X, z, rng = make_data()
    Y = np.column_stack([z + rng.normal(size=len(z)), 100 * rng.standard_cauchy(len(z))])
    both = fitted(GDRegressor(loss="huber", penalty="l2", alpha=0.1, tol=1e-9), X, Y)
    for k in (0, 1):
        one = fitted(GDRegressor(loss="huber", penalty="l2", alpha=0.1, tol=1e-9), X, Y[:, k])
        assert_allclose(both.coef_[k], one.coef_, rtol=1e-5, atol=1e-8)


def test_steps_that_are_too_long_are_damped():
    # far from the minimum the curvature of exp(z) is far too small
    X, z, rng = make_data()
    y = np.exp(3 * z + rng.normal(size=len(z)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(GDRegressor(loss="poisson", tol=1e-8), X, y)
    falls = np.diff(model.history_["objective"])
    assert model.converged_ and (falls <= 1e-12 * abs(model.loss_curve_[0])).all()
    assert model._state["damping"] is not None
    mean = np.exp(X @ model.coef_ + model.intercept_)
    assert_allclose(X.T @ (mean - y) / y.sum(), 0, atol=1e-8)
    assert np.isfinite(xlogy(y, mean)).all()


@pytest.mark.parametrize("loss", ["huber", "log_cosh"])
@pytest.mark.parametrize(
    "given", [{}, {"fit_intercept": False}, {"penalty": "l2", "alpha": 0.01}], ids=str
)
@pytest.mark.parametrize("scale", [1, 100])
def test_where_few_rows_or_none_are_curved(loss, given, scale):
    # at first all residuals are far beyond epsilon, where the loss is all but straight
    X, z, rng = make_data()
    X, y = X + 1, scale * (50 + 10 * z + 10 * rng.standard_t(2, size=len(z)))
    given = {"loss": loss, "tol": 1e-7, **given}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = fitted(GDRegressor(**given), X, y)
    whole = GDRegressor(**given).fit(X, y)
    assert model.converged_ and model.n_iter_ < 120
    assert (np.diff(model.history_["objective"]) <= 1e-13 * model.history_["objective"][0]).all()
    assert_allclose(model.loss_curve_[-1], whole.loss_curve_[-1], rtol=1e-9)


def test_l1_where_few_rows_are_curved():
    X, z, rng = make_data()
    y = 1000 * (z + rng.standard_t(2, size=len(z)))
    model = fitted(GDRegressor("huber", penalty="l1", alpha=0.5, tol=1e-7), X, y)
    slopes = np.clip(model.predict(X) - y, -1.35, 1.35)
    gradient, zero = X.T @ slopes / len(y), model.coef_ == 0
    assert model.converged_ and zero.any() and not zero.all()
    assert (abs(gradient[zero]) <= 0.5).all()
    assert_allclose(gradient[~zero], -0.5 * np.sign(model.coef_[~zero]), atol=1e-3)


def test_targets_of_other_sizes_are_damped_each_by_itself():
    X, z, rng = make_data()
    y = 5 + z + rng.standard_t(2, size=len(z))
    given = {"loss": "huber", "penalty": None, "tol": 1e-6}
    both = fitted(GDRegressor(**given), X, np.column_stack([y, 1000 * y]))
    for k, one in enumerate([y, 1000 * y]):
        alone = GDRegressor(**given).fit(X, one)
        assert_allclose(both.coef_[k], alone.coef_, rtol=1e-3)


def test_a_trial_whose_curvature_overflows_is_refused():
    X, z, rng = make_data()
    y = np.exp(6 * z + rng.normal(size=len(z)))
    model = fitted(GDRegressor(loss="gamma", penalty=None, tol=1e-8), X, y)
    ratio = y / model.predict(X)
    assert model.converged_
    assert_allclose(X.T @ (1 - ratio) / len(y), 0, atol=1e-6)


def test_columns_that_depend_on_each_other():
    X, z, rng = make_data()
    y = z + rng.normal(size=len(z)) > 0
    twice = np.column_stack([X, X[:, :2], np.full(len(z), 7.0)])
    model = fitted(GDClassifier(penalty=None, tol=1e-8), twice, y)
    known = fitted(GDClassifier(penalty=None, tol=1e-8), X, y)
    assert model.converged_
    z_known = X @ known.coef_[0] + known.intercept_
    assert_allclose(model.decision_function(twice), z_known, rtol=1e-5, atol=1e-5)


def test_separable_classes_are_said_to_be():
    X, z, _ = make_data()
    with pytest.warns(UserWarning, match="the classes can be separated"):
        fitted(GDClassifier(penalty=None, tol=1e-12, max_iter=12), X, z > 0)


def largest_violation(gradient, coef, alpha):
    """How far a minimum of loss + alpha |w| is from its conditions."""
    return np.max(
        np.where(coef == 0, abs(gradient) - alpha, abs(gradient + alpha * np.sign(coef)))
    )


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_l1_for_classes_of_a_raw_table(loss, solver):
    """Columns that depend on each other: steps of first order do not end in a thousand epochs."""
    X, y = load_wine(return_X_y=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = GDClassifier(loss, penalty="l1", alpha=1e-3, solver=solver, random_state=0)
        model.fit(X, y)
    size, signs = X.std(axis=0), np.where(y[:, None] == np.arange(3), 1.0, -1.0)
    if loss == "log_loss":
        slopes = model.predict_proba(X) - (signs > 0)
    else:
        slopes = -2 * signs * np.maximum(0, 1 - signs * model.decision_function(X))
    gradient = slopes.T @ X / len(y)
    assert model.n_iter_ < 150 and (model.coef_ == 0).any()
    assert largest_violation(gradient / size, model.coef_, 1e-3 / size) < 1e-4
    assert_allclose(slopes.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("n_targets", [1, 3])
def test_squared_error_under_l1_ends_at_the_minimum_of_lasso(n_targets):
    X, _ = load_wine(return_X_y=True)
    Y = X @ np.random.RandomState(0).normal(size=(13, n_targets)) + X[:, :1] ** 2
    Y = Y[:, 0] if n_targets == 1 else Y
    model = GDRegressor(penalty="l1", alpha=0.1, tol=1e-9).fit(X, Y)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ < 10
    for k, y in enumerate(Y.reshape(len(Y), -1).T):
        known = Lasso(alpha=0.1, tol=1e-12, max_iter=10**6).fit(X, y)
        assert_allclose(np.atleast_2d(model.coef_)[k], known.coef_, rtol=1e-5, atol=1e-8)


def test_each_target_is_damped_by_itself():
    """One target's steps are too long at first; the other ends as it does alone."""
    X, z, rng = make_data()
    easy, hard = np.exp(z / 3), np.exp(3 * z + rng.normal(size=len(z)))
    both = GDRegressor("poisson", penalty="l1", alpha=1e-3, tol=1e-9)
    both = fitted(both, X, np.column_stack([easy, hard]))
    damping = np.asarray(both._state["damping"])
    assert (damping > 0).tolist() == [False, True]
    for k, y in enumerate([easy, hard]):
        one = fitted(GDRegressor("poisson", penalty="l1", alpha=1e-3, tol=1e-9), X, y)
        assert_allclose(both.coef_[k], one.coef_, rtol=1e-6, atol=1e-9)
