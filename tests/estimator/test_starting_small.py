"""Runs over many rows begin at the minimum of some of them, and end at that of all."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import clone

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.planning import metric
from gdregress._objective import curvature, newton_system, sample
from gdregress._objective.curvature import Spectrum
from gdregress._solver.between_epochs import EpochNewton

# At least 100 rows of the sample for each parameter, the intercept included.
ROWS, COLUMNS = 16 * 100 * 5, 4


@pytest.fixture
def few_are_worth_it(monkeypatch):
    take_samples(monkeypatch)


def take_samples(monkeypatch):
    monkeypatch.setattr(sample, "LEAST_NUMBERS", 1)
    monkeypatch.setattr(newton_system, "FEW_OPERATIONS", 0)  # as of many rows
    monkeypatch.setattr(metric, "FEW_OPERATIONS", 0)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(ROWS, COLUMNS)) * [1, 2, 3, 0.1] + [0, 1, 50, 0]
    z = (X - X.mean(axis=0)) @ [0.5, -0.2, 0.1, 3.0]
    return X, z


def targets(loss, z):
    rng = np.random.default_rng(1)
    if loss == "poisson":
        return rng.poisson(np.exp(z)).astype(float)
    if loss == "gamma":
        return rng.gamma(2.0, np.exp(z) / 2)
    if loss == "huber":
        return z + rng.standard_t(2, size=len(z))
    return (z + rng.logistic(size=len(z)) > 0).astype(int)


def model_of(loss, **parameters):
    kind = GDClassifier if loss in ("log_loss", "squared_hinge") else GDRegressor
    return kind(loss, **{"penalty": "l2", "alpha": 1e-3, "tol": 1e-6, **parameters})


def far(model, other):
    """The largest difference of coefficients and intercept."""
    pairs = zip((model.coef_, model.intercept_), (other.coef_, other.intercept_), strict=True)
    return max(float(np.max(abs(np.subtract(*pair)))) for pair in pairs)


LOSSES = ("poisson", "gamma", "huber", "log_loss", "squared_hinge")


@pytest.mark.parametrize("loss", LOSSES)
def test_it_ends_at_the_minimum_of_all_rows(rows, loss, monkeypatch):
    X, z = rows
    y, weights = targets(loss, z), np.linspace(0.1, 3, ROWS)
    tight = {"penalty": "l2", "tol": 1e-8}
    monkeypatch.setattr(newton_system, "FEW_OPERATIONS", 0)
    best = model_of(loss, **tight).fit(X, y, sample_weight=weights)
    take_samples(monkeypatch)
    model = model_of(loss, **tight).fit(X, y, sample_weight=weights)
    assert model.stop_reason_ == "tolerance"
    assert far(model, best) < 1e-6
    # it has begun where little was left, and the curvature of the sample leaves less at each step
    least = best.history_["objective"][-1]
    left, of_null = (np.array(m.history_["objective"]) - least for m in (model, best))
    assert left[0] < 0.1 * of_null[0]
    falls = left[1:] / np.maximum(left[:-1], 1e-13)
    assert falls.max() < 0.2


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize("of_library", [sparse.csr_array, np.asfortranarray, np.float32])
def test_rows_may_be_sparse_by_columns_or_of_single_precision(rows, of_library, monkeypatch):
    X, z = rows
    y = targets("log_loss", z)
    model = model_of("log_loss").fit(of_library(X), y)
    monkeypatch.undo()
    best = model_of("log_loss").fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert far(model, best) < (1e-3 if of_library is np.float32 else 1e-5)


@pytest.mark.usefixtures("few_are_worth_it")
def test_it_begins_near_the_minimum_of_each_16th_row(rows):
    X, z = rows
    y = targets("poisson", z)
    some = model_of("poisson", tol=1e-8).fit(X[::16], y[::16])
    z = X @ some.coef_ + some.intercept_
    with np.errstate(divide="ignore", invalid="ignore"):
        losses = np.exp(z) - y - np.where(y > 0, y * (z - np.log(y)), 0.0)
    objective = losses.mean() + 1e-3 * some.coef_ @ some.coef_ / 2
    model = model_of("poisson").fit(X, y)
    assert_allclose(model.history_["objective"][0], objective, rtol=1e-3)
    assert model.history_["objective"][0] > model.history_["objective"][-1]


@pytest.mark.usefixtures("few_are_worth_it")
def test_rows_that_mislead_are_not_followed(rows, monkeypatch):
    X, z = rows
    y = targets("huber", z)
    y[::16] *= -100
    model = model_of("huber").fit(X, y)
    monkeypatch.undo()
    from_null = model_of("huber").fit(X, y)
    assert_allclose(model.history_["objective"][0], from_null.history_["objective"][0], rtol=1e-12)
    assert model.stop_reason_ == "tolerance"
    assert far(model, from_null) < 1e-5


@pytest.mark.usefixtures("few_are_worth_it")
def test_a_column_that_the_sample_has_nothing_of_is_fitted_as_well(rows):
    X, z = rows
    X = X.copy()
    X[:, 3] = 0.0
    X[1::16, 3] = 1.0
    y = targets("log_loss", z + 2 * X[:, 3])
    model = model_of("log_loss", alpha=1e-9).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ < 12
    slopes = 1 / (1 + np.exp(-(X @ model.coef_[0] + model.intercept_[0]))) - y
    assert_allclose(X.T @ slopes / ROWS, 0.0, atol=1e-5)


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize("spread", [1.0, 1e-5], ids=["round", "flat"])
def test_moments_of_all_rows_are_taken_where_columns_all_but_add_up(rows, spread, monkeypatch):
    """Otherwise a sample tells that no direction is flat, and all rows are read for variances."""
    X, z = rows
    X = np.c_[X, X[:, 0] + spread * np.random.default_rng(2).normal(size=ROWS)]
    seen, moments_of = [], curvature.moments_of

    def watched(design, *args):
        seen.append(design.n_samples)
        return moments_of(design, *args)

    monkeypatch.setattr(curvature, "moments_of", watched)
    model = model_of("poisson", alpha=1e-12).fit(X, targets("poisson", z))
    assert model.stop_reason_ == "tolerance"
    assert (ROWS in seen) == (spread < 1)


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("first", [1, 2, 4])
def test_a_resumed_run_is_the_same_to_the_bit(rows, loss, first):
    X, z = rows
    y = targets(loss, z)
    whole = model_of(loss, max_iter=7, tol=None).fit(X, y)
    parts = model_of(loss, max_iter=first, tol=None, warm_start=True).fit(X, y)
    parts.set_params(max_iter=7 - first).fit(X, y)
    assert_array_equal(parts.coef_, whole.coef_)
    assert_array_equal(parts.intercept_, whole.intercept_)


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize(
    "parameters",
    [
        {"store_path": True},
        {"early_stopping": True},
        {"solver": "mini-batch", "random_state": 0, "optimizer": "svrg"},
        {"learning_rate": "line-search"},
    ],
    ids=str,
)
def test_other_runs_begin_at_the_best_constant(rows, parameters, monkeypatch):
    X, z = rows
    y = targets("log_loss", z)
    found = []
    for _ in range(2):
        model = model_of("log_loss", max_iter=2, tol=None, **parameters).fit(X, y)
        found.append(model.history_["objective"][0])
        monkeypatch.undo()
    assert_allclose(*found, rtol=1e-12)


@pytest.mark.usefixtures("few_are_worth_it")
def test_given_coefficients_come_first(rows):
    X, z = rows
    y = targets("log_loss", z)
    start = {"coef_init": np.ones((1, COLUMNS)), "intercept_init": [0.5]}
    model = model_of("log_loss").fit(X, y, **start)
    z = X.sum(axis=1) + 0.5
    losses = np.logaddexp(0, z) - y * z
    assert_allclose(model.history_["objective"][0], losses.mean() + 2e-3, rtol=1e-9)


# Batches of rows


@pytest.mark.parametrize("in_metric", [True, False])
@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
@pytest.mark.parametrize("loss", LOSSES)
def test_batches_end_at_the_minimum_in_fewer_epochs(rows, loss, solver, in_metric, monkeypatch):
    X, z = rows
    y, weights = targets(loss, z), np.linspace(0.1, 3, ROWS)
    batches = {"solver": solver, "random_state": 0}
    best = model_of(loss, tol=1e-8).fit(X, y, sample_weight=weights)
    from_null = model_of(loss, **batches).fit(X, y, sample_weight=weights)
    take_samples(monkeypatch)
    if in_metric:
        monkeypatch.setattr(metric, "FEW_OPERATIONS", 1e9)
    model = model_of(loss, **batches).fit(X, y, sample_weight=weights)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ <= from_null.n_iter_
    least = best.history_["objective"][-1]
    of_null = best.history_["objective"][0] - least
    left = np.array(model.history_["objective"]) - least
    assert left[0] < 0.1 * of_null
    assert left[-1] < 1e-9 * of_null


@pytest.mark.usefixtures("few_are_worth_it")
def test_batches_form_no_moments_of_all_rows(rows, monkeypatch):
    X, z = rows
    y = targets("log_loss", z)
    formed = []
    moments = vars(Spectrum)["moments"].method

    def watched(spectrum):
        formed.append(spectrum.design.n_samples)
        return moments(spectrum)

    monkeypatch.setattr(vars(Spectrum)["moments"], "method", watched)
    model = model_of("log_loss", solver="stochastic", random_state=0).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert set(formed) == {ROWS // 16}


@pytest.mark.usefixtures("few_are_worth_it")
def test_batches_of_columns_that_a_sample_has_nothing_of(rows):
    X, z = rows
    X = np.column_stack([X, np.ones(ROWS), np.zeros(ROWS), X[:, 0]])
    X[1::160, 5] = 1.0
    X[1::160, 6] += 1.0  # otherwise the same as the first
    y = targets("log_loss", z + X[:, 5])
    model = model_of("log_loss", solver="stochastic", random_state=0, alpha=1e-5).fit(X, y)
    best = model_of("log_loss", tol=1e-8, alpha=1e-5).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    fell = best.history_["objective"][0] - best.history_["objective"][-1]
    assert model.history_["objective"][-1] - best.history_["objective"][-1] < 1e-6 * fell


@pytest.mark.usefixtures("few_are_worth_it")
@pytest.mark.parametrize("of_library", [sparse.csr_array, np.asfortranarray, np.float32])
def test_batches_of_rows_of_other_kinds(rows, of_library):
    X, z = rows
    y = targets("log_loss", z)
    model = model_of("log_loss", solver="mini-batch", random_state=0).fit(of_library(X), y)
    best = model_of("log_loss").fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert far(model, best) < (1e-2 if of_library is np.float32 else 1e-4)


@pytest.mark.usefixtures("few_are_worth_it")
def test_batches_of_several_classes(rows):
    X, z = rows
    X = np.repeat(X, 3, axis=0)
    z = np.repeat(z, 3)
    y = np.digitize(z + np.random.default_rng(0).logistic(size=len(z)), [-1, 1])
    model = model_of("log_loss", solver="mini-batch", random_state=0).fit(X, y)
    best = model_of("log_loss").fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert far(model, best) < 1e-3


@pytest.mark.usefixtures("few_are_worth_it")
def test_a_batch_run_that_goes_on_is_the_same_to_the_bit(rows):
    X, z = rows
    y = targets("log_loss", z)
    model = model_of("log_loss", solver="stochastic", random_state=0, tol=None, warm_start=True)
    at_once = clone(model).set_params(max_iter=4).fit(X, y)
    in_parts = clone(model).set_params(max_iter=2).fit(X, y).fit(X, y)
    assert (at_once.coef_ == in_parts.coef_).all()
    assert at_once.intercept_ == in_parts.intercept_


@pytest.fixture
def newton(rows, monkeypatch):
    """The step between epochs on these rows, and the state of a run near the minimum."""
    X, z = rows
    take_samples(monkeypatch)
    begun = []
    begin_epoch = EpochNewton.begin_epoch

    def watched(self, state):
        before = state.params
        begin_epoch(self, state)
        begun.append((self, before, state.params, state))

    monkeypatch.setattr(EpochNewton, "begin_epoch", watched)
    y = targets("log_loss", z)
    model = model_of("log_loss", solver="mini-batch", random_state=0, tol=None, max_iter=1)
    model.fit(X, y)
    return begun[-1]


def test_an_epoch_begins_with_the_newton_step_of_a_sample(newton):
    between, before, after, _ = newton
    objective, some = between.objective, between.objective.sample
    l2 = objective.penalty_curvature()[:, 0]
    gradient = objective.gradient(before) + l2 * before
    A = some.design.predict(np.eye(len(before)))
    p = 1 / (1 + np.exp(-A @ before))
    H = (A.T * (p * (1 - p))) @ A / len(A) + np.diag(l2)
    assert_allclose(before - after, np.linalg.solve(H, gradient), rtol=1e-6)


def test_the_step_is_left_out_once_an_epoch_has_been_undone_and_where_it_is_long(newton):
    between, before, after, state = newton
    state.snapshot = between.objective.snapshot(before)
    state.params, state.rate_has_failed = before, True
    between.begin_epoch(state)
    assert_allclose(state.params, before)
    state.rate_has_failed = False
    between.begin_epoch(state)
    assert_allclose(state.params, after)
    # where nearly all rows are fitted, they are next to straight; further on they are not
    state.params = 5 * before / np.linalg.norm(before) * np.sign(-before)
    state.snapshot = between.objective.snapshot(state.params)
    far_away = state.params
    between.begin_epoch(state)
    assert_allclose(state.params, far_away)
