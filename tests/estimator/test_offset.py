"""Offsets and exposures under a log link equal explicit targets and weights."""

import pickle

import numpy as np
import pytest
from harness import using
from libraries import statsmodels_api
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.optimize import minimize
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import PoissonRegressor
from sklearn.model_selection import cross_val_score

from gdregress import GDRegressor, GDRegressorCV
from gdregress._estimator import base, prepare
from gdregress._stream import stream
from gdregress.dask import DaskGDRegressor
from gdregress.losses import Gamma, Loss, NegativeBinomial, Poisson, Tweedie
from gdregress.losses.constant import best_constant
from gdregress.losses.offset import Offset

TIGHT = {"tol": 1e-8, "max_iter": 5000, "random_state": 0}
LOSSES = {
    "poisson": Poisson(),
    "gamma": Gamma(),
    "tweedie": Tweedie(1.6),
    "negative_binomial": NegativeBinomial(0.7),
}


def make_data(n=200):
    rng = np.random.RandomState(0)
    X, years = rng.normal(size=(n, 3)), rng.uniform(0.1, 5.0, size=n)
    mean = years * np.exp(X @ [0.5, -0.3, 0.2] + 0.3)
    return X, {"poisson": rng.poisson(mean) + 0.0, "gamma": rng.gamma(2.0, mean / 2)}, years


def target_for(name, targets):
    both = targets["gamma"] * (targets["poisson"] > 0)
    return {**targets, "tweedie": both, "negative_binomial": np.round(both)}[name]


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("alpha", [0.0, 0.2])
@pytest.mark.parametrize("name", LOSSES)
def test_the_objective_with_the_offset_in_it(name, alpha, solver):
    """F = sum_i s_i L(y_i, x_i . w + b + o_i) / sum_i s_i + alpha ||w||^2 / 2, by SciPy."""
    X, targets, years = make_data()
    y, loss = target_for(name, targets), LOSSES[name]
    weights = np.random.RandomState(1).uniform(0.5, 2.0, size=len(y))
    rows = np.column_stack([X, np.ones(len(y))])

    def objective(params):
        z = rows @ params + np.log(years)
        slopes = weights * loss.gradient(y, z) / weights.sum()
        coef = np.r_[params[:-1], 0.0]
        value = weights @ loss.value(y, z) / weights.sum() + alpha * coef @ coef / 2
        return value, rows.T @ slopes + alpha * coef

    best = minimize(objective, np.zeros(4), jac=True, tol=1e-12)
    model = GDRegressor(loss, penalty="l2", alpha=alpha, solver=solver, **TIGHT)
    model.fit(X, y, weights, exposure=years)
    assert_allclose(np.r_[model.coef_, model.intercept_], best.x, atol=1e-6)
    assert model.history_["objective"][-1] == pytest.approx(best.fun, rel=1e-9)
    assert_allclose(model.predict(X, exposure=years), years * np.exp(rows @ best.x), rtol=1e-5)
    assert model.stop_reason_ == "tolerance"


@pytest.mark.parametrize("name", LOSSES)
def test_statsmodels_has_the_same_fit(name):
    statsmodels = statsmodels_api()
    X, targets, years = make_data()
    y, log = target_for(name, targets), statsmodels.families.links.Log()
    family = {
        "poisson": statsmodels.families.Poisson(),
        "gamma": statsmodels.families.Gamma(log),
        "tweedie": statsmodels.families.Tweedie(log, var_power=1.6),
        "negative_binomial": statsmodels.families.NegativeBinomial(log, alpha=0.7),
    }[name]
    rows = statsmodels.add_constant(X)
    peer = statsmodels.GLM(y, rows, family=family, offset=np.log(years))
    peer = peer.fit(tol=1e-13, maxiter=500)
    model = GDRegressor(LOSSES[name], **TIGHT).fit(X, y, offset=np.log(years))
    assert_allclose(np.r_[model.intercept_, model.coef_], peer.params, atol=1e-6)
    predicted = peer.predict(rows, offset=np.log(years))
    assert_allclose(model.predict(X, offset=np.log(years)), predicted, rtol=1e-5)
    share = 1 - peer.deviance / peer.null_deviance
    assert model.score(X, y, exposure=years) == pytest.approx(share, abs=1e-8)


def test_rates_weighted_by_exposure_are_the_same_for_scikit_learn():
    X, targets, years = make_data()
    y = targets["poisson"]
    # scikit-learn divides by the sum of the exposures, and so weakens the penalty
    peer = PoissonRegressor(alpha=0.2 / years.mean(), tol=1e-10, max_iter=1000)
    peer.fit(X, y / years, sample_weight=years)
    model = GDRegressor("poisson", penalty="l2", alpha=0.2, **TIGHT).fit(X, y, exposure=years)
    assert_allclose(model.coef_, peer.coef_, atol=1e-6)


def test_units_of_the_exposure_move_the_intercept_only():
    X, targets, years = make_data()
    given = {"penalty": "l1", "alpha": 0.1, **TIGHT}
    by_year, by_day = (
        GDRegressor("poisson", **given).fit(X, targets["poisson"], exposure=unit * years)
        for unit in (1.0, 365.0)
    )
    assert_allclose(by_day.coef_, by_year.coef_, atol=1e-7)
    assert by_day.intercept_ == pytest.approx(by_year.intercept_ - np.log(365), abs=1e-6)


def test_offset_and_exposure_add_up_and_nothing_is_none():
    X, targets, years = make_data()
    y, shift = targets["poisson"], X[:, 0] / 10
    both = GDRegressor("poisson", **TIGHT).fit(X, y, offset=shift, exposure=years)
    one = GDRegressor("poisson", **TIGHT).fit(X, y, offset=shift + np.log(years))
    assert_allclose(both.coef_, one.coef_, rtol=1e-9)
    plain = GDRegressor("poisson", **TIGHT).fit(X, y)
    ones = GDRegressor("poisson", **TIGHT).fit(X, y, exposure=np.ones(len(y)))
    assert_allclose(ones.coef_, plain.coef_, rtol=1e-9)
    assert ones.score(X, y, exposure=np.ones(len(y))) == pytest.approx(plain.score(X, y))


@pytest.mark.parametrize("solver", ["batch", "mini-batch", "stochastic"])
@pytest.mark.parametrize("loss", [Poisson(), NegativeBinomial(0.7)], ids=str)
def test_several_targets_sparse_rows_and_tensors(torch, loss, solver):
    X, targets, years = make_data()
    Y = np.column_stack([targets["poisson"], 1 + targets["poisson"]])
    given = {"solver": solver, **TIGHT}
    dense = GDRegressor(loss, **given).fit(X, Y, exposure=years)
    for k in range(2):
        alone = GDRegressor(loss, **TIGHT).fit(X, Y[:, k], exposure=years)
        assert_allclose(dense.coef_[k], alone.coef_, atol=1e-6)
        column = GDRegressor(loss, **given).fit(X, Y[:, [k]], exposure=years)
        assert column.coef_.shape == (1, 3)
        assert_allclose(column.coef_[0], alone.coef_, atol=1e-6)
    by_sparse = GDRegressor(loss, **given).fit(sparse.csr_array(X), Y, exposure=years)
    assert_allclose(by_sparse.coef_, dense.coef_, atol=1e-6)
    with config_context(array_api_dispatch=True):
        there = [torch.asarray(a) for a in (X, Y, years)]
        model = GDRegressor(loss, **given).fit(*there[:2], exposure=there[2])
        predicted = model.predict(there[0], exposure=there[2])
        score = model.score(there[0], there[1], exposure=there[2])
    assert_allclose(model.coef_.numpy(), dense.coef_, atol=1e-6)
    assert_allclose(predicted.numpy(), dense.predict(X, exposure=years), rtol=1e-5)
    assert score == pytest.approx(dense.score(X, Y, exposure=years))


@pytest.mark.parametrize("loss", [Poisson(), NegativeBinomial(0.7)], ids=str)
@pytest.mark.parametrize("given", [{}, {"learning_rate": 0.05, "solver": "mini-batch"}], ids=str)
def test_parts_learn_what_a_fit_learns(given, loss):
    X, targets, years = make_data(2000)
    y = targets["poisson"]
    model = GDRegressor(loss, penalty="l2", alpha=0.2, random_state=0, **given)
    for _ in range(10):
        for part in np.array_split(np.arange(len(y)), 10):
            model.partial_fit(X[part], y[part], exposure=years[part])
    whole = GDRegressor(loss, penalty="l2", alpha=0.2, **TIGHT).fit(X, y, exposure=years)
    assert_allclose(model.coef_, whole.coef_, atol=0.03)


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_held_out_do_not_count_in_the_objective(weighted, monkeypatch):
    X, targets, years = make_data()
    y = targets["poisson"]
    weights = np.arange(len(y)) % 3 + 0.0 if weighted else np.ones(len(y))
    seen = []

    def prepared(*args, **given):
        seen.append(prepare.prepare(*args, **given))
        return seen[-1]

    monkeypatch.setattr(base, "prepare", prepared)
    model = GDRegressor("poisson", penalty="l2", alpha=0.2, early_stopping=True, random_state=0)
    model.set_params(scoring="score").fit(X, y, weights, exposure=years)
    rows = np.isin(X[:, 0], seen[0].rows[0][:, 0])
    assert 0 < (rows == (weights > 0)).mean() < 1
    weights = weights * rows
    mean = weights @ y / (weights @ years)
    null = weights @ Poisson().value(y, np.log(mean * years)) / weights.sum()
    assert_allclose(model.history_["objective"][0], null, rtol=1e-10)
    assert seen[0].weight_total == weights.sum()


def test_early_stopping_and_metadata_routing():
    X, targets, years = make_data()
    y = targets["poisson"]
    model = GDRegressor("poisson", early_stopping=True, random_state=0)
    model.fit(X, y, exposure=years)
    assert max(model.validation_scores_) > 0
    with config_context(enable_metadata_routing=True):
        routed = GDRegressor("poisson").set_fit_request(exposure=True)
        routed.set_score_request(exposure=True)
        scores = cross_val_score(clone(routed), X, y, params={"exposure": years})
    assert scores.mean() > cross_val_score(GDRegressor("poisson"), X, y).mean() + 0.1


class Counts(Loss):
    """Poisson by its formulas alone."""

    link = "log"
    target_range = "non-negative"

    def value(self, y, z):
        return Poisson().value(y, z)

    def gradient(self, y, z):
        return np.exp(z) - y


def test_a_loss_of_ones_own_needs_no_more_than_a_log_link():
    X, targets, years = make_data()
    y = targets["poisson"]
    own = GDRegressor(Counts(), tol=1e-7, max_iter=5000).fit(X, y, exposure=years)
    expected = GDRegressor("poisson", **TIGHT).fit(X, y, exposure=years)
    assert_allclose(own.coef_, expected.coef_, atol=1e-5)


def test_rows_to_validate_on_have_no_offset():
    X, targets, years = make_data()
    y = targets["poisson"]
    with pytest.raises(ValueError, match="those of X_val are not known"):
        GDRegressor("poisson").fit(X, y, exposure=years, X_val=X, y_val=y)
    rates = {"X_val": X, "y_val": y / years, "sample_weight_val": years}
    by_rates = GDRegressor("poisson").fit(X, y / years, years, **rates)
    assert_allclose(by_rates.coef_, GDRegressor("poisson").fit(X, y, exposure=years).coef_, 1e-3)


@pytest.mark.parametrize("store", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("penalty", [None, "l2", "l1"])
@pytest.mark.parametrize("solver", ["batch", "mini-batch", "stochastic"])
@pytest.mark.parametrize("form", ["compiled", "interpreted"])
def test_kernels_descend_as_the_plain_engine(form, solver, penalty, store):
    X, targets, years = make_data(60)
    y, given = target_for("negative_binomial", targets), {"solver": solver, "penalty": penalty}
    given |= {"learning_rate": 0.01, "max_iter": 3, "tol": None, "random_state": 0}
    given |= {"alpha": 0.1} if penalty else {}
    for columns in (y, np.column_stack([y, 1 + y])):
        model = GDRegressor(NegativeBinomial(0.7), **given)
        with using(form):
            fast = clone(model).fit(store(X), columns, exposure=years)
        with using("plain"):
            plain = clone(model).fit(store(X), columns, exposure=years)
        assert_allclose(fast.coef_, plain.coef_, rtol=1e-9, atol=1e-12)
        assert_allclose(fast.history_["objective"], plain.history_["objective"], rtol=1e-12)


def test_streams_of_the_core_learn_as_those_of_numpy(monkeypatch):
    X, targets, years = make_data(300)
    y = target_for("negative_binomial", targets)
    fast, plain = (GDRegressor(NegativeBinomial(0.7), random_state=0) for _ in range(2))
    fast.partial_fit(X, y, exposure=years)
    monkeypatch.setattr(stream.core, "covers", lambda *data: False)
    plain.partial_fit(X, y, exposure=years)
    assert_allclose(fast.coef_, plain.coef_, rtol=1e-9)


def test_the_best_constant_beside_offsets():
    _, targets, years = make_data()
    for name, loss in LOSSES.items():
        y = target_for(name, targets)
        both = np.column_stack([y, y + 1, np.log(years)])
        found = best_constant(Offset(loss, 2), both, None)
        for k in range(2):
            slopes = loss.gradient(both[:, k], found[k] + np.log(years))
            assert abs(slopes.sum()) < 1e-9 * abs(slopes).sum()


@pytest.mark.parametrize("scoring", ["loss", "score", "neg_mean_poisson_deviance"])
def test_rows_held_out_are_scored_beside_their_offsets(scoring):
    X, targets, years = make_data(2000)
    y = targets["poisson"]
    given = {"early_stopping": True, "scoring": scoring, **TIGHT}
    model = GDRegressor("poisson", **given).fit(X, y, exposure=years)
    without = GDRegressor("poisson", **given).fit(X, y)
    assert max(model.validation_scores_) > max(without.validation_scores_) + 0.1


def test_scores_of_callbacks_know_the_exposures():
    callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
    X, targets, years = make_data()
    monitor = callback.ScoringMonitor(scoring={"score": GDRegressor.score})
    model = GDRegressor("poisson", **TIGHT).set_callbacks(monitor)
    model.fit(X, targets["poisson"], exposure=years)
    scores = [row["score"] for row in monitor.get_logs().data if "score" in row]
    expected = model.score(X, targets["poisson"], exposure=years)
    assert scores[-1] == pytest.approx(expected, abs=1e-6)


def test_a_fit_is_exported_without_the_offsets():
    X, targets, years = make_data()
    model = GDRegressor(NegativeBinomial(0.7)).fit(X, targets["poisson"], exposure=years)
    again = pickle.loads(pickle.dumps(model))
    assert again._loss.get_params() == {"dispersion": 0.7}
    assert_allclose(again.predict(X, exposure=years), years * model.predict(X))


@pytest.mark.parametrize(
    ("loss", "given", "message"),
    [
        ("squared_error", {"offset": np.zeros(200)}, "SquaredError is none.*subtract the offset"),
        ("huber", {"exposure": np.ones(200)}, "exposure needs a loss with a log link"),
        ("poisson", {"offset": np.zeros(3)}, r"offset must have one number for each of the 200"),
        ("poisson", {"offset": 1.0}, "must have one number for each of the 200"),
        ("poisson", {"exposure": np.r_[np.ones(199), 0.0]}, r"exposure\[199\] = 0.0"),
        ("poisson", {"exposure": np.r_[np.nan, np.ones(199)]}, r"exposure\[0\] = nan"),
        ("poisson", {"offset": np.full(200, 400.0)}, r"offset\[0\] = 400.0"),
        ("poisson", {"offset": ["long"] * 200}, "offset must have one number"),
    ],
)
def test_offsets_that_are_refused(loss, given, message):
    X, targets, _ = make_data()
    model = GDRegressor(loss)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(X, targets["poisson"], **given)
    model.fit(X, targets["poisson"])
    with pytest.raises(ValueError, match=message):
        model.predict(X, **given)
    with pytest.raises(ValueError, match=message):
        model.score(X, targets["poisson"], **given)


def test_what_has_no_offsets_says_so():
    X, targets, _ = make_data()
    y, offset = targets["poisson"], np.zeros(200)
    with pytest.raises(TypeError, match=r"has no argument 'offset'.*of the target y / exposure"):
        GDRegressor("poisson").fit_batches([(X, y)], offset=offset)
    with pytest.raises(TypeError, match="has no argument 'offset'"):
        GDRegressorCV(GDRegressor("poisson", penalty="l2")).fit(X, y, offset=offset)
    with pytest.raises(TypeError, match="has no argument 'exposure'"):
        DaskGDRegressor("poisson").fit(X, y, exposure=offset + 1)
