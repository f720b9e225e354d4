"""Sandwich standard errors against statsmodels, and against their formula by differences."""

import warnings

import numpy as np
import pandas as pd
import pytest
from libraries import statsmodels_api
from numpy.testing import assert_allclose
from scipy import sparse

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import Tweedie

TIGHT = {"tol": 1e-10, "max_iter": 5000}


def make_data(n=150):
    rng = np.random.RandomState(0)
    X = rng.normal([0.5, 20.0, 0.0], [1.0, 5.0, 1.0], size=(n, 3))
    z = X @ [0.5, 0.05, -0.3] - 1
    return X, z + rng.normal(size=n) * (0.5 + abs(X[:, 0]))


def assert_same(summary, peer, rtol=1e-6):
    """statsmodels has the constant first."""
    last_first = np.roll(np.arange(len(summary.coef)), 1)
    for ours, theirs in (
        (summary.coef, peer.params),
        (summary.standard_error, peer.bse),
        (summary.z, peer.tvalues),
        (summary.lower, peer.conf_int()[:, 0]),
        (summary.upper, peer.conf_int()[:, 1]),
    ):
        assert_allclose(ours[last_first], theirs, rtol=rtol, atol=1e-8)
    assert_allclose(summary.p_value[last_first], peer.pvalues, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_least_squares(weighted):
    statsmodels = statsmodels_api()
    X, y = make_data()
    rows = statsmodels.add_constant(X)
    weights = np.random.RandomState(1).uniform(0.5, 2.0, size=len(y)) if weighted else None
    peer = statsmodels.WLS(y, rows, weights=1.0 if weights is None else weights)
    peer = peer.fit(cov_type="HC0")
    summary = GDRegressor(**TIGHT).fit(X, y, weights).summary(X, y, weights)
    assert_same(summary, peer)


def test_weights_are_no_numbers_of_copies():
    X, y = make_data()
    once = GDRegressor(**TIGHT).fit(X, y).summary(X, y).standard_error
    doubled = np.full(len(y), 2.0)
    weighted = GDRegressor(**TIGHT).fit(X, y, doubled).summary(X, y, doubled).standard_error
    twice = np.vstack([X, X]), np.append(y, y)
    copied = GDRegressor(**TIGHT).fit(*twice).summary(*twice).standard_error
    assert_allclose(weighted, once, rtol=1e-8)
    assert_allclose(copied, once / np.sqrt(2), rtol=1e-8)


def test_poisson_with_exposure():
    statsmodels = statsmodels_api()
    X, z = make_data()
    rng = np.random.RandomState(1)
    years = rng.uniform(0.2, 3.0, size=len(z))
    y = rng.poisson(years * np.exp(0.3 * z)).astype(float)
    rows = statsmodels.add_constant(X)
    peer = statsmodels.GLM(y, rows, family=statsmodels.families.Poisson(), exposure=years)
    peer = peer.fit(cov_type="HC0", tol=1e-14)
    model = GDRegressor("poisson", **TIGHT).fit(X, y, exposure=years)
    assert_same(model.summary(X, y, exposure=years), peer)


def test_log_loss():
    statsmodels = statsmodels_api()
    X, z = make_data()
    labels = np.where(z + np.random.RandomState(1).logistic(size=len(z)) > 0, "yes", "no")
    peer = statsmodels.Logit((labels == "yes") * 1.0, statsmodels.add_constant(X))
    peer = peer.fit(cov_type="HC0", disp=0, tol=1e-14)
    model = GDClassifier(penalty=None, **TIGHT).fit(X, labels)
    assert_same(model.summary(X, labels), peer)


@pytest.mark.parametrize("loss", ["huber", "log_cosh", Tweedie(1.5), "negative_binomial"])
def test_the_formula_by_differences(loss):
    X, z = make_data()
    y = z if isinstance(loss, str) and loss != "negative_binomial" else np.exp(z).round(1)
    model = GDRegressor(loss, **TIGHT).fit(X, y)
    rows, params = np.column_stack([X, np.ones(len(y))]), np.r_[model.coef_, model.intercept_]

    def scores(params):
        return model._loss.gradient(y, rows @ params)[:, None] * rows

    moves = 1e-5 * np.eye(4)
    H = np.array([(scores(params + m) - scores(params - m)).sum(axis=0) / 2e-5 for m in moves])
    inverse = np.linalg.inv(H)
    expected = inverse @ (scores(params).T @ scores(params)) @ inverse
    assert_allclose(model.summary(X, y).covariance, expected, rtol=1e-4, atol=1e-7)


def test_sparse_rows_names_and_the_table():
    X, y = make_data()
    frame = pd.DataFrame(X, columns=["age", "size", "rooms"])
    model = GDRegressor(**TIGHT).fit(frame, y)
    summary = model.summary(frame, y, level=0.9)
    assert summary.names == ["age", "size", "rooms", "intercept"]
    by_sparse = GDRegressor(**TIGHT).fit(sparse.csr_array(X), y)
    assert_allclose(
        by_sparse.summary(sparse.csr_array(X), y).standard_error,
        summary.standard_error,
        rtol=1e-6,
    )
    lines = str(summary).splitlines()
    assert lines[0].split()[-2:] == ["5.0%", "95.0%"]
    assert lines[1].startswith("age") and f"{summary.coef[0]:.4g}" in lines[1]
    assert "HC0" in lines[5]
    with pytest.warns(match="max_iter"):
        unfinished = GDRegressor(max_iter=1, optimizer="gd", learning_rate=1e-4).fit(X, y)
    with pytest.warns(UserWarning, match="'intercept' is .* standard errors from"):
        assert "no coefficients of the minimum" in str(unfinished.summary(X, y))


def test_without_an_intercept():
    X, y = make_data()
    summary = GDRegressor(fit_intercept=False, **TIGHT).fit(X, y).summary(X, y)
    assert summary.names == ["x0", "x1", "x2"]
    residuals = y - X @ summary.coef
    inverse = np.linalg.inv(X.T @ X)
    expected = inverse @ (X.T * residuals**2) @ X @ inverse
    assert_allclose(summary.covariance, expected, rtol=1e-5, atol=1e-9)


def test_what_has_no_standard_errors():
    X, y = make_data()
    labels = np.digitize(y, [0.0, 1.0])
    for fit, message in (
        (lambda: GDRegressor(penalty="l2").fit(X, y).summary(X, y), "has a penalty"),
        (lambda: GDRegressor("absolute_error").fit(X, y).summary(X, y), "has kinks"),
        (lambda: GDRegressor().fit(X, np.c_[y, y]).summary(X, np.c_[y, y]), "several targets"),
        (lambda: GDClassifier(penalty=None).fit(X, labels).summary(X, labels), "two classes"),
    ):
        with pytest.raises(ValueError, match=f"There are no standard errors: .*{message}"):
            fit()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_the_penalty_and_the_intercept_are_those_of_the_fit(method):
    X, y = make_data()
    penalized = getattr(GDRegressor(penalty="l2"), method)(X, y).set_params(penalty=None)
    with pytest.raises(ValueError, match="has a penalty"):
        penalized.summary(X, y)
    model = getattr(GDRegressor(), method)(X, y)
    expected = model.summary(X, y).covariance
    model.set_params(penalty="l2", fit_intercept=False)
    assert_allclose(model.summary(X, y).covariance, expected, rtol=1e-12)


@pytest.mark.parametrize("given", [{}, {"exposure": np.linspace(0.5, 2, 150)}], ids=["", "rates"])
def test_targets_in_a_column(given):
    X, y = make_data()
    model = GDRegressor("poisson", **TIGHT)
    expected = model.fit(X, np.exp(y), **given).summary(X, np.exp(y), **given)
    y = np.exp(y)[:, None]
    found = model.fit(X, y, **given).summary(X, y, **given)
    assert_allclose(found.covariance, expected.covariance, rtol=1e-6)
    assert_allclose(found.coef, expected.coef, rtol=1e-6)


@pytest.mark.parametrize("level", [95, 0.0, 1, np.nan, "a", None])
def test_levels_that_are_refused(level):
    X, y = make_data()
    with pytest.raises(ValueError, match=r"'level' parameter of summary must be .* \(0"):
        GDRegressor().fit(X, y).summary(X, y, level=level)


@pytest.mark.parametrize("model", [GDRegressor(), GDClassifier(penalty=None)], ids=str)
@pytest.mark.parametrize("rows", [149, 1])
def test_as_many_targets_as_rows(model, rows):
    X, y = make_data()
    y = np.arange(150.0) % 2
    with pytest.raises(ValueError, match=f"y must have .*150.*{rows}"):
        model.fit(X, y).summary(X, y[:rows])


def test_columns_that_determine_each_other_are_named():
    X, y = make_data()
    frame = pd.DataFrame(X, columns=["age", "size", "rooms"])
    frame["double"] = 2 * frame["rooms"]
    model = GDRegressor().fit(frame, y)
    with pytest.raises(ValueError, match=r"column '(rooms|double)' is a sum of multiples"):
        model.summary(frame, y)
    frame["double"] = 0.0
    model = GDRegressor().fit(frame, y)
    with pytest.raises(ValueError, match="column 'double' has no weight or no value but 0"):
        model.summary(frame, y)


@pytest.mark.parametrize("given", ["no exposure", "other rows", "not the minimum"])
def test_coefficients_that_are_not_those_of_these_rows(given):
    X, z = make_data()
    rng = np.random.RandomState(1)
    years = rng.uniform(0.2, 3.0, size=len(z))
    y = rng.poisson(years * np.exp(0.3 * z)).astype(float)
    short = {"max_iter": 1, "tol": None} if given == "not the minimum" else TIGHT
    model = GDRegressor("poisson", **short).fit(X, y, exposure=years)
    told = {"X": X, "y": y[::-1] if given == "other rows" else y}
    told |= {} if given == "no exposure" else {"exposure": years}
    with pytest.warns(UserWarning, match=r"standard errors from where the loss is least"):
        model.summary(**told)


def test_no_warning_under_the_default_tolerance():
    X, y = make_data(n=5000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GDRegressor().fit(X, y).summary(X, y)
