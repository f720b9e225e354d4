"""Losses of a mean exp(z): their digits, and their minima against independent solutions."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from libraries import statsmodels_api
from numpy.testing import assert_allclose
from scipy import optimize, stats
from sklearn.linear_model import TweedieRegressor
from sklearn.metrics import mean_tweedie_deviance
from twins import TWINS

from gdregress import GDRegressor
from gdregress._objective.design import DesignMatrix
from gdregress._objective.fused_pass import fused_pass
from gdregress.losses import Cauchy, Gamma, NegativeBinomial, Poisson, Tweedie

TIGHT = {"tol": 1e-8, "max_iter": 5000}
# Distances z - log y, down to where squares are lost beside 1, and across the end of the series.
SMALL = np.concatenate([np.geomspace(1e-12, 1e-2, 11), [0.099, 0.11, 0.7, 3.0]])


def make_data(loss, n=200):
    """Rows, and counts or amounts; with zeros where the loss takes them."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 4))
    mean = np.exp(X @ [0.5, -0.3, 0.0, 0.2] + 0.3)
    if isinstance(loss, NegativeBinomial):
        return X, rng.negative_binomial(2, 2 / (2 + mean)).astype(float)
    y = rng.gamma(2.0, mean / 2)
    return X, y * (rng.uniform(size=n) < 0.7) if loss.target_range == "non-negative" else y + 0.1


# Values


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("power", [1.2, 1.5, 1.99, 2.5, 3.0])
def test_tweedie_keeps_its_digits_near_the_minimum(power, sign):
    d = sign * SMALL
    with localcontext(prec=60):
        p = Decimal(power)
        means = [Decimal(r).exp() for r in d]
        rest = 1 / ((1 - p) * (2 - p))
        expected = [float(rest - m ** (1 - p) / (1 - p) + m ** (2 - p) / (2 - p)) for m in means]
    assert_allclose(Tweedie(power).value(np.ones_like(d), d), expected, rtol=1e-12)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("dispersion", [0.1, 1.0, 5.0])
def test_negative_binomial_keeps_its_digits_near_the_minimum(dispersion, sign):
    d = sign * SMALL
    with localcontext(prec=60):
        a = Decimal(dispersion)
        means = [Decimal(r).exp() for r in d]
        expected = [
            float((1 + 1 / a) * ((1 + a * m) / (1 + a)).ln() - Decimal(r))
            for m, r in zip(means, d, strict=True)
        ]
    assert_allclose(NegativeBinomial(dispersion).value(np.ones_like(d), d), expected, rtol=1e-12)


@pytest.mark.parametrize("power", [1.0, 1.3, 1.5, 2.0, 3.0])
def test_tweedie_is_half_the_deviance_of_scikit_learn(power):
    loss = Tweedie(power)
    X, y = make_data(loss)
    z = X[:, 0]
    expected = mean_tweedie_deviance(y, np.exp(z), power=power)
    assert np.mean(loss.deviance(y, z)) == pytest.approx(expected, rel=1e-12)


def test_the_ends_of_tweedie_are_poisson_and_gamma():
    rng = np.random.RandomState(0)
    y, z = rng.gamma(2.0, size=50), rng.normal(size=50)
    for power, other in ((1, Poisson()), (2, Gamma())):
        for method in ("value", "gradient", "curvature_at"):
            ours, theirs = (getattr(loss, method)(y, z) for loss in (Tweedie(power), other))
            assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dispersion", [0.3, 1.0, 4.0])
def test_negative_binomial_is_what_its_likelihood_lacks(dispersion):
    rng = np.random.RandomState(0)
    y, z = rng.poisson(3.0, size=50).astype(float), rng.normal(size=50)

    def log_likelihood(mean):
        share = 1 / (1 + dispersion * mean)
        return stats.nbinom.logpmf(y, 1 / dispersion, share)

    best = log_likelihood(np.where(y > 0, y, 1e-300))
    expected = best - log_likelihood(np.exp(z))
    assert_allclose(NegativeBinomial(dispersion).value(y, z), expected, rtol=1e-10, atol=1e-12)


def test_negative_binomial_far_out():
    y, z = np.array([3.0, 3.0, 0.0]), np.array([-800.0, 800.0, 800.0])
    loss = NegativeBinomial(0.5)
    assert_allclose(loss.gradient(y, z), [-3.0, 2.0, 2.0])
    assert np.isfinite(loss.value(y, z)).all()


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize(
    "loss", [Tweedie(1), Tweedie(1.3), Tweedie(2), Tweedie(3), NegativeBinomial(0.4), Cauchy(0.7)]
)
def test_kernels_have_the_parameter(loss, twin):
    rows = np.r_[-2.0, -SMALL, SMALL, 1.0]
    for target in (0.0, 0.3, 1.0, 7.0) if loss.target_range != "positive" else (0.3, 1.0, 7.0):
        for z in rows + (np.log(target) if target else 0.0):
            y, design = np.array([target]), DesignMatrix(np.array([[z]]), False)
            kernels = TWINS[twin]
            value, gradient = fused_pass(design, y, None, loss, np.ones(1), kernels=kernels)
            z = np.array([z])
            assert_allclose(value, loss.value(y, z)[0], rtol=1e-11, atol=1e-300)
            assert_allclose(gradient, loss.gradient(y, z) * z, rtol=1e-12, atol=1e-15)


# Minima


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("power", [1.0, 1.2, 1.5, 1.9, 2.0, 3.0])
def test_tweedie_regressor_has_the_same_minimum(power, alpha):
    X, y = make_data(Tweedie(power))
    peer = TweedieRegressor(power=power, alpha=alpha, link="log", tol=1e-10, max_iter=10_000)
    peer.fit(X, y)
    model = GDRegressor(Tweedie(power), penalty="l2", alpha=alpha, **TIGHT).fit(X, y)
    assert_allclose(model.coef_, peer.coef_, atol=1e-6)
    assert model.intercept_ == pytest.approx(peer.intercept_, abs=1e-6)
    assert model.score(X, y) == pytest.approx(peer.score(X, y), abs=1e-9)
    assert model.stop_reason_ == "tolerance"


@pytest.mark.parametrize("given", [{"solver": "mini-batch"}, {"optimizer": "nesterov"}], ids=str)
@pytest.mark.parametrize("loss", [Tweedie(1.6), NegativeBinomial(0.5), Cauchy(1.0)], ids=str)
def test_every_way_ends_at_the_same_minimum(loss, given):
    X, y = make_data(loss) if not isinstance(loss, Cauchy) else robust_data()
    expected = GDRegressor(loss, **TIGHT).fit(X, y)
    model = GDRegressor(loss, random_state=0, **TIGHT, **given).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, atol=1e-6)


@pytest.mark.parametrize("dispersion", [0.2, 1.0])
def test_statsmodels_has_the_same_negative_binomial(dispersion):
    statsmodels = statsmodels_api()
    loss = NegativeBinomial(dispersion)
    X, y = make_data(loss)
    family = statsmodels.families.NegativeBinomial(alpha=dispersion)
    peer = statsmodels.GLM(y, statsmodels.add_constant(X), family=family).fit(tol=1e-12)
    model = GDRegressor(loss, **TIGHT).fit(X, y)
    assert_allclose(np.r_[model.intercept_, model.coef_], peer.params, atol=1e-6)
    assert np.mean(loss.deviance(y, X @ model.coef_ + model.intercept_)) == pytest.approx(
        peer.deviance / len(y), rel=1e-9
    )


def robust_data():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(100, 4))
    return X, X @ [1.0, -2.0, 0.0, 0.5] + 1.0 + rng.standard_t(2, size=100)


@pytest.mark.parametrize("epsilon", [0.5, 2.385])
def test_scipy_has_the_same_minimum_of_the_cauchy_loss(epsilon):
    X, y = robust_data()
    rows = np.column_stack([X, np.ones(len(y))])

    def value(w):
        return epsilon**2 / 2 * np.log1p(((rows @ w - y) / epsilon) ** 2).mean()

    def gradient(w):
        r = rows @ w - y
        return rows.T @ (r / (1 + (r / epsilon) ** 2)) / len(y)

    start = np.linalg.lstsq(rows, y)[0]
    peer = optimize.minimize(value, start, jac=gradient, method="BFGS", options={"gtol": 1e-9})
    model = GDRegressor("cauchy", epsilon=epsilon, **TIGHT).fit(X, y)
    assert_allclose(np.r_[model.coef_, model.intercept_], peer.x, atol=1e-6)
    assert model.history_["objective"][-1] == pytest.approx(peer.fun, rel=1e-9)


def test_the_domain_depends_on_the_power():
    X, y = make_data(Tweedie(1.5))
    with pytest.raises(ValueError, match=r"Tweedie loss needs positive targets, but y\["):
        GDRegressor(Tweedie(2.5)).fit(X, y)
    with pytest.raises(ValueError, match="Tweedie loss needs non-negative targets"):
        GDRegressor("tweedie").fit(X, -y)
    with pytest.raises(ValueError, match="The 'power' parameter of Tweedie must be"):
        GDRegressor(Tweedie(0.5)).fit(X, y)
    with pytest.raises(ValueError, match="The 'dispersion' parameter of NegativeBinomial"):
        GDRegressor(NegativeBinomial(0.0)).fit(X, y)
