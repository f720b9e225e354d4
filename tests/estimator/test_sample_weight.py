"""Weight k counts as k copies, weight 0 removes the row, and only ratios of weights matter."""

import numpy as np
import pytest
from components import OVER_ALL_ROWS
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics import d2_tweedie_score, r2_score

from gdregress import GDRegressor
from gdregress._objective.base import normalised_weights
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress.losses import LOSSES, SquaredError
from gdregress.penalties import PENALTIES, Box, NoPenalty
from gdregress.samplers import SAMPLERS, MiniBatch, Stochastic

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ALPHA = {"l2": 0.3, "l1": 0.1, "elasticnet": 0.2}
POSITIVE = ("poisson", "gamma", "tweedie", "negative_binomial")


def make_data(n=40, p=4, positive=False):
    """Rows, targets and whole weights from 0 to 3; the model is wrong, so weights matter."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) * [1.0, 3.0, 0.5, 1.0] + [0.0, 1.0, 0.0, -2.0]
    y = X @ [1.0, -0.5, 2.0, 0.0] + X[:, 0] ** 2 + rng.normal(size=n)
    if positive:
        y = np.exp(0.2 * y).round(1) + 0.1
    return X, y, rng.randint(0, 4, size=n).astype(float)


def copies(X, y, weights):
    repeats = weights.astype(int)
    return np.repeat(X, repeats, axis=0), np.repeat(y, repeats, axis=0)


def assert_weights_equal_copies(X, y, weights, container=np.asarray, **parameters):
    # few epochs: rules with normalised steps amplify rounding from one to the next
    model = GDRegressor(max_iter=15, tol=None, **parameters)
    X2, y2 = copies(X, y, weights)
    repeated = model.fit(container(X2), y2)
    coef, intercept = repeated.coef_, repeated.intercept_
    objective = repeated.history_["objective"]
    weighted = model.fit(container(X), y, sample_weight=weights)
    assert_allclose(weighted.coef_, coef, rtol=1e-9, atol=1e-12)
    assert_allclose(weighted.intercept_, intercept, rtol=1e-9, atol=1e-12)
    assert_allclose(weighted.history_["objective"], objective, rtol=1e-9)
    plain = model.fit(container(X), y)
    assert np.abs(plain.coef_ - coef).max() > 1e-3, "the weights must matter"


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("optimizer", OVER_ALL_ROWS)
def test_batch_weights_equal_copies(optimizer, penalty):
    given = {} if penalty is None else {"alpha": ALPHA.get(penalty, 0.1)}
    assert_weights_equal_copies(*make_data(), optimizer=optimizer, penalty=penalty, **given)


@pairwise(
    loss=[name for name in LOSSES if LOSSES[name].smooth],
    standardize=[False, True],
    container=[np.asarray, sparse.csr_array, sparse.csc_matrix],
)
def test_batch_weights_equal_copies_for_smooth_losses(loss, standardize, container):
    data = make_data(positive=loss in POSITIVE)
    assert_weights_equal_copies(*data, container=container, loss=loss, standardize=standardize)


@pytest.mark.parametrize("loss", [name for name in LOSSES if not LOSSES[name].smooth])
def test_batch_weights_equal_copies_for_losses_with_kinks(loss):
    assert_weights_equal_copies(*make_data(), loss=loss, optimizer="gd", learning_rate=0.1)


@pytest.mark.parametrize("loss", [name for name in LOSSES if not LOSSES[name].smooth])
def test_weights_equal_copies_at_the_kink(loss):
    """Envelopes are damped by the number of rows: other steps, to the same minimum."""
    X, y, weights = make_data()
    model = GDRegressor(loss, tol=1e-8)
    repeated = model.fit(*copies(X, y, weights)).coef_
    best = model.loss_curve_[-1]
    model.fit(X, y, sample_weight=weights)
    assert model.stop_reason_ == "tolerance"
    assert_allclose(model.loss_curve_[-1], best, rtol=1e-9)
    assert_allclose(model.coef_, repeated, rtol=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        {"fit_intercept": False},
        {"fit_intercept": False, "standardize": True},
        {"average": True},
        {"learning_rate": "line-search"},
        {"penalty": Box(-0.5, 1.0)},
        {"optimizer": "momentum", "momentum": 0.8},
        {"schedule": "invscaling"},
    ],
    ids=str,
)
def test_batch_weights_equal_copies_with_other_parameters(parameters):
    assert_weights_equal_copies(*make_data(), **parameters)


def test_batch_weights_equal_copies_for_several_targets():
    X, y, weights = make_data()
    assert_weights_equal_copies(X, np.column_stack([y, X[:, 0] - y]), weights)


def test_epoch_count_is_that_of_the_copies():
    X, y, weights = make_data()
    weighted = GDRegressor(standardize=True).fit(X, y, sample_weight=weights)
    repeated = GDRegressor(standardize=True).fit(*copies(X, y, weights))
    assert weighted.stop_reason_ == "tolerance"
    assert weighted.n_iter_ == repeated.n_iter_


@pytest.mark.parametrize(
    "sampler", [Stochastic(), MiniBatch(batch_size=7), MiniBatch(batch_size=0.3)], ids=str
)
def test_batch_gradients_have_the_weighted_gradient_as_their_mean(sampler):
    X, y, weights = make_data()
    weights += 1
    objective = DataObjective(
        DesignMatrix(X, True), y, normalised_weights(weights), SquaredError(), NoPenalty()
    )
    params = np.array([0.3, -0.2, 0.5, 1.0, -1.0])
    parts = [
        (share, objective.gradient(params, rows))
        for rows, share in sampler.batches(len(y), np.random.RandomState(0))
    ]
    mean = sum(share * gradient for share, gradient in parts) / sum(share for share, _ in parts)
    slopes = weights * (X @ params[:-1] + params[-1] - y) / weights.sum()
    assert_allclose(mean, np.append(X.T @ slopes, slopes.sum()), rtol=1e-12)


@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "stochastic", "learning_rate": 0.01, "max_iter": 100},
        {"solver": "mini-batch", "learning_rate": 0.05, "batch_size": 8, "max_iter": 150},
    ],
    ids=["stochastic", "mini-batch"],
)
def test_random_batches_equal_copies_in_expectation(parameters):
    X, y, weights = make_data()
    X = (X - X.mean(axis=0)) / X.std(axis=0)

    def coefficients(X, y, weights=None):
        """Mean over 24 orders of the rows, and the squared standard error of that mean."""
        model = GDRegressor(optimizer="gd", schedule="constant", tol=None, **parameters)
        fits = [model.set_params(random_state=s).fit(X, y, weights).coef_ for s in range(24)]
        return np.mean(fits, axis=0), np.var(fits, axis=0, ddof=1) / len(fits)

    weighted, variance = coefficients(X, y, weights)
    repeated, other_variance = coefficients(*copies(X, y, weights))
    error = np.sqrt(variance + other_variance)
    assert np.abs((weighted - repeated) / error).max() < 4
    plain, _ = coefficients(X, y)
    assert np.abs((plain - repeated) / error).max() > 12, "the weights must matter"


@pairwise(solver=SAMPLERS, optimizer=OVER_ALL_ROWS, early_stopping=[False, True])
def test_weight_zero_removes_the_row(solver, optimizer, early_stopping):
    X, y, weights = make_data()
    kept = weights > 0
    X[~kept] = 1e6  # a row that counts at all would be seen
    model = GDRegressor(
        solver=solver,
        optimizer=optimizer,
        penalty="l2",
        alpha=0.1,
        max_iter=5,
        early_stopping=early_stopping,
        random_state=0,
    )
    removed = model.fit(X[kept], y[kept], sample_weight=weights[kept])
    coef, intercept, t = removed.coef_, removed.intercept_, removed.t_
    zeroed = model.fit(X, y, sample_weight=weights)
    assert_array_equal(zeroed.coef_, coef)
    assert zeroed.intercept_ == intercept
    assert zeroed.t_ == t


@pytest.mark.parametrize("solver", SAMPLERS)
def test_weight_zero_removes_the_row_of_a_sparse_matrix(solver):
    X, y, weights = make_data()
    kept = weights > 0
    model = GDRegressor(solver=solver, standardize=True, max_iter=5, random_state=0)
    removed = model.fit(sparse.csr_array(X[kept]), y[kept], sample_weight=weights[kept]).coef_
    assert_array_equal(model.fit(sparse.csr_array(X), y, sample_weight=weights).coef_, removed)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_weight_zero_removes_the_row_from_partial_fit(solver):
    X, y, weights = make_data()
    kept = weights > 0
    model = GDRegressor(solver=solver, penalty="l2", learning_rate=0.01, random_state=0)
    removed = model.partial_fit(X[kept], y[kept], sample_weight=weights[kept])
    coef, t = removed.coef_, removed.t_
    zeroed = GDRegressor(solver=solver, penalty="l2", learning_rate=0.01, random_state=0)
    zeroed.partial_fit(X, y, sample_weight=weights)
    assert_array_equal(zeroed.coef_, coef)
    assert zeroed.t_ == t


@pairwise(penalty=["l2", "l1"], solver=SAMPLERS, weight=[0.25, 100.0, 1e200])
def test_equal_weights_are_no_weights(penalty, solver, weight):
    X, y, _ = make_data()
    model = GDRegressor(solver=solver, penalty=penalty, alpha=0.5, max_iter=8, random_state=0)
    plain = model.fit(X, y).coef_
    assert_array_equal(model.fit(X, y, sample_weight=np.full(len(y), weight)).coef_, plain)


@pairwise(penalty=["l2", "l1", "elasticnet"], solver=SAMPLERS, factor=[1e-3, 100.0])
def test_only_ratios_of_weights_matter(penalty, solver, factor):
    X, y, weights = make_data()
    model = GDRegressor(
        solver=solver, penalty=penalty, alpha=0.5, standardize=True, max_iter=300, random_state=0
    )
    model.fit(X, y, sample_weight=weights)
    coef, n_iter = model.coef_, model.n_iter_
    model.fit(X, y, sample_weight=factor * weights)
    assert_allclose(model.coef_, coef, rtol=1e-9, atol=1e-12)
    assert model.n_iter_ == n_iter


@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson"])
def test_history_holds_the_weighted_objective(loss):
    X, y, weights = make_data(positive=loss in POSITIVE)
    model = GDRegressor(loss=loss, penalty="l2", alpha=0.3, max_iter=20, tol=None)
    model.fit(X, y, sample_weight=weights)
    losses = LOSSES[loss]().value(y, X @ model.coef_ + model.intercept_)
    mean = np.average(losses, weights=weights)
    penalty = 0.3 * model.coef_ @ model.coef_ / 2
    assert_allclose(model.history_["loss"][-1], mean, rtol=1e-12)
    assert_allclose(model.history_["objective"][-1], mean + penalty, rtol=1e-12)
    assert_allclose(model.loss_curve_[-1], mean + penalty, rtol=1e-12)


def test_score_is_weighted():
    X, y, weights = make_data()
    model = GDRegressor(standardize=True).fit(X, y)
    expected = r2_score(y, model.predict(X), sample_weight=weights)
    assert_allclose(model.score(X, y, sample_weight=weights), expected, rtol=1e-12)
    assert abs(expected - model.score(X, y)) > 1e-3


@pytest.mark.parametrize("loss, power", [("poisson", 1), ("gamma", 2)])
def test_deviance_score_is_weighted(loss, power):
    X, y, weights = make_data(positive=True)
    model = GDRegressor(loss=loss, standardize=True).fit(X, y)
    expected = d2_tweedie_score(y, model.predict(X), sample_weight=weights, power=power)
    assert_allclose(model.score(X, y, sample_weight=weights), expected, rtol=1e-9)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_early_stopping_validates_with_weights(solver):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2))
    y = X @ [1.0, -2.0]
    wrong = np.arange(200) % 2 == 0
    y[wrong] = 100 * rng.normal(size=wrong.sum())
    model = GDRegressor(
        solver=solver, early_stopping=True, validation_fraction=0.3, max_iter=200, random_state=0
    )
    model.fit(X, y, sample_weight=np.where(wrong, 1e-9, 1.0))
    assert max(model.validation_scores_) > 0.95
    assert_allclose(model.coef_, [1.0, -2.0], atol=0.3)
    assert max(model.fit(X, y).validation_scores_) < 0.5


@pytest.mark.parametrize(
    "weights, message",
    [
        (np.r_[-1.0, np.ones(39)], "[Nn]egative"),
        (np.r_[np.nan, np.ones(39)], r"NaN.*\[0\], and there are 1. Weights are finite"),
        (np.r_[1, np.inf, np.inf, np.ones(37)], r"infinity.*\[1\], and there are 2. Weights are"),
        ([1.0, None] * 20, r"NaN.*\[1\], and there are 20. Weights are"),
        (np.zeros(40), "[Ss]ample.weight|zero"),
        (np.ones(39), "shape"),
        (np.ones((40, 2)), "1D"),
        (["a"] * 40, "could not convert"),
    ],
    ids=["negative", "nan", "infinite", "none", "all zero", "too few", "two columns", "text"],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_bad_weights_are_errors(method, weights, message):
    X, y, _ = make_data()
    if method == "partial_fit" and message.endswith("zero"):
        return  # a part of the rows may have none
    with pytest.raises(ValueError, match=message):
        getattr(GDRegressor(), method)(X, y, sample_weight=weights)
    assert not hasattr(GDRegressor(), "coef_")
