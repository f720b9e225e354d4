"""Early stopping returns the best of the validated parameters."""

import tracemalloc
import warnings

import numpy as np
import pytest
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from reference import best_validated
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import d2_tweedie_score, r2_score

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.input.data import hold_out
from gdregress.exceptions import ConvergenceWarning, DivergenceWarning
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=60, p=40, noise=2.0):
    """So many columns that the fit gets worse on other rows after some epochs."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + noise * rng.normal(size=n)


@pytest.fixture
def held_out(monkeypatch):
    """Targets and weights that the last fit has validated on."""
    seen = {}

    def record(*arguments):
        rows, held_out, n_rows = hold_out(*arguments)
        seen.update(y=held_out[1], weights=held_out[2])
        return rows, held_out, n_rows

    monkeypatch.setattr("gdregress._estimator.input.validation_set.hold_out", record)
    return seen


@pairwise(solver=SAMPLERS, standardize=[False, True], average=[False, True, 20])
def test_returns_the_best_parameters_that_were_validated(solver, standardize, average, held_out):
    X, y = make_data()
    model = GDRegressor(
        solver=solver,
        early_stopping=True,
        validation_fraction=0.3,
        average=average,
        scoring="score",
        standardize=standardize,
        store_path=True,
        random_state=0,
        max_iter=200,
    ).fit(X, y)
    scores = model.history_["validation_score"]
    best = best_validated(model.history_)
    assert best < len(scores) - 1, "the last epoch must not be the best for the test to tell"
    assert_array_equal(model.coef_, model.history_.coef[best])
    assert model.intercept_ == model.history_.intercept[best]
    rows = np.flatnonzero(np.isin(y, held_out["y"]))
    assert len(rows) == 18
    assert_allclose(r2_score(y[rows], model.predict(X[rows])), scores[best], rtol=1e-9)
    assert model.validation_scores_ == scores[1:]
    assert len(model.validation_scores_) == model.n_iter_


def test_of_equal_scores_the_lower_objective_is_kept():
    """A few rows held out are soon all right, while the others have much to learn."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 2))
    y = X[:, 0] + 0.1 * rng.normal(size=60) > 0
    model = GDClassifier(optimizer="nesterov", early_stopping=True, scoring="score")
    model.set_params(store_path=True, random_state=0).fit(X, y)
    scores, objective = (model.history_[name] for name in ("validation_score", "objective"))
    equal = np.flatnonzero(np.equal(scores, max(scores)))
    assert len(equal) > 3
    best = equal[np.argmin(np.take(objective, equal))]
    assert best > equal[0]
    assert_array_equal(model.coef_, model.history_.coef[best])


@pytest.mark.parametrize("solver", SAMPLERS)
def test_does_not_train_on_the_rows_held_out(solver, held_out):
    X, y = make_data()
    model = GDRegressor(
        solver=solver, early_stopping=True, random_state=0, max_iter=5, tol=None
    ).fit(X, y)
    train = ~np.isin(y, held_out["y"])
    assert train.sum() == 54
    assert_allclose(model.history_["objective"][0], np.var(y[train]) / 2, rtol=1e-12)


def test_stops_on_the_score():
    X, y = make_data()
    model = GDRegressor(early_stopping=True, n_iter_no_change=7, random_state=0).fit(X, y)
    scores = np.array(model.history_["validation_score"])
    assert model.stop_reason_ == "plateau"
    assert not model.converged_, "which only the training objective can tell"
    assert model.n_iter_ < 1000
    assert scores[-7:].max() < scores[:-7].max() + 7e-5


def test_generalises_better_than_without():
    X, y = make_data(n=160)
    rng = np.random.RandomState(1)
    X_new = rng.normal(size=(2000, 40))
    stopped = GDRegressor(early_stopping=True, validation_fraction=0.3, random_state=0).fit(X, y)
    whole = GDRegressor().fit(X[:80], y[:80])
    assert stopped.score(X_new, X_new[:, 0]) > whole.score(X_new, X_new[:, 0])


@pytest.mark.parametrize("solver", SAMPLERS)
def test_the_start_is_restored_if_nothing_is_better(solver, held_out):
    X, _ = make_data(p=3)
    y = np.arange(60.0)
    model = GDRegressor(solver=solver, early_stopping=True, fit_intercept=False, random_state=0)
    model.fit(X, y)
    rows = held_out["y"].astype(int)
    y = X[:, 0].copy()
    y[rows] *= -1  # whatever the other rows teach is wrong on the rows held out
    model.fit(X, y)
    assert_array_equal(model.coef_, np.zeros(3))
    assert model.n_iter_ >= 5


@pytest.mark.parametrize("seed", [6, 7, 9])
def test_a_start_whose_score_is_zero_is_restored_as_well(seed):
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(40, 10)), rng.permutation(np.repeat([-1.0, 1.0], 20))
    model = GDRegressor(
        early_stopping=True, validation_fraction=0.25, fit_intercept=False, random_state=0
    ).fit(X, y)
    scores = model.history_["validation_score"]
    assert scores[0] == 0 > max(scores[1:])
    assert_array_equal(model.coef_, np.zeros(10))


def test_parameters_that_are_not_finite_are_never_the_best():
    """They predict one class, which may be right more often than a poor start is."""
    rng = np.random.RandomState(2)
    X, y = rng.normal(size=(200, 3)), np.arange(200) % 10 == 0
    model = GDClassifier(
        "squared_hinge",
        penalty=None,
        solver="mini-batch",
        optimizer="gd",
        learning_rate=1e100,
        early_stopping=True,
        scoring="score",
        max_iter=4,
        random_state=0,
    )
    with pytest.warns(DivergenceWarning):
        model.fit(X, y, coef_init=np.zeros(3), intercept_init=5.0)
    assert max(model.history_["validation_score"]) > model.history_["validation_score"][0]
    assert_array_equal(model.coef_, np.zeros((1, 3)))
    assert_array_equal(model.intercept_, [5.0])


@pytest.mark.parametrize("scale", [1.0, 1e20])
def test_scores_of_large_numbers_in_single_precision(scale):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    y = (X @ [1.0, 2.0, 3.0] * scale).astype(np.float32)
    model = GDRegressor(early_stopping=True, random_state=0).fit(X, y)
    assert_allclose(model.coef_ / scale, [1, 2, 3], rtol=1e-3)
    assert model.score(X, y) == pytest.approx(1.0)


@pytest.mark.parametrize("loss, power", [("poisson", 1), ("gamma", 2)])
def test_validates_with_the_deviance_under_a_log_link(loss, power, held_out):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 3))
    y = np.exp(X[:, 0] / 2 + 0.1 * rng.normal(size=80))
    model = GDRegressor(loss, early_stopping=True, scoring="score", random_state=0).fit(X, y)
    rows = np.flatnonzero(np.isin(y, held_out["y"]))
    expected = d2_tweedie_score(y[rows], model.predict(X[rows]), power=power)
    assert_allclose(max(model.history_["validation_score"]), expected, rtol=1e-9)


def test_weights_of_the_rows_held_out(held_out):
    X, y = make_data()
    weights = np.linspace(1, 5, len(y))
    model = GDRegressor(early_stopping=True, scoring="score", random_state=0)
    model.fit(X, y, sample_weight=weights)
    rows = np.flatnonzero(np.isin(y, held_out["y"]))
    expected = r2_score(y[rows], model.predict(X[rows]), sample_weight=weights[rows])
    assert_allclose(max(model.history_["validation_score"]), expected, rtol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_score_is_the_share_of_the_loss_that_is_gone(weighted, held_out):
    """Of the loss that the best constant of the training rows has on the rows held out."""
    X, y = make_data()
    weights = np.linspace(1, 5, len(y)) if weighted else np.ones(len(y))
    model = GDRegressor(early_stopping=True, store_path=True, random_state=0)
    model.fit(X, y, sample_weight=weights)
    rows = np.isin(y, held_out["y"])
    constant = np.average(y[~rows], weights=weights[~rows])
    null = np.average((y[rows] - constant) ** 2, weights=weights[rows])
    expected = [
        1 - np.average((X[rows] @ coef + b - y[rows]) ** 2, weights=weights[rows]) / null
        for coef, b in zip(model.history_.coef, model.history_.intercept, strict=True)
    ]
    assert_allclose(model.history_["validation_score"], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_sparse_equals_dense(solver):
    X, y = make_data()
    X[np.abs(X) < 0.5] = 0
    model = GDRegressor(solver=solver, early_stopping=True, random_state=0, max_iter=20)
    if solver != "batch":  # batches of sparse rows are not centred
        model.set_params(preconditioner=None)
    dense = model.fit(X, y)
    coef, scores = dense.coef_, dense.validation_scores_
    model.fit(sparse.csr_array(X), y)
    assert_allclose(model.coef_, coef, rtol=1e-9, atol=1e-12)
    assert_allclose(model.validation_scores_, scores, rtol=1e-9)


def test_the_same_rows_with_the_same_seed(held_out):
    X, y = make_data()
    rows = []
    for seed in (0, 0, 1):
        GDRegressor(early_stopping=True, random_state=seed, max_iter=2).fit(X, y)
        rows.append(held_out["y"].tolist())
    assert rows[0] == rows[1] != rows[2]


def test_several_targets():
    X, y = make_data()
    model = GDRegressor(early_stopping=True, random_state=0).fit(X, np.column_stack([y, X[:, 1]]))
    assert model.coef_.shape == (2, 40)
    assert max(model.validation_scores_) <= 1


def test_without_it_there_are_no_scores():
    X, y = make_data()
    model = GDRegressor(early_stopping=True, max_iter=3).fit(X, y)
    assert model.validation_scores_
    model.set_params(early_stopping=False).fit(X, y)
    assert "validation_score" not in model.history_
    assert not hasattr(model, "validation_scores_")


def test_few_rows_hold_out_two_so_that_there_is_a_score():
    X, y = make_data()
    model = GDRegressor(early_stopping=True, random_state=0).fit(X[:14], y[:14])
    assert np.isfinite(model.validation_scores_).all()
    assert np.abs(model.coef_).max() > 0


@pytest.mark.parametrize("n, fraction", [(1, 0.1), (2, 0.9)])
def test_too_few_rows_are_an_error_with_the_numbers(n, fraction):
    model = GDRegressor(early_stopping=True, validation_fraction=fraction)
    with pytest.raises(ValueError, match=rf"2 of {n} .*validation_fraction={fraction}"):
        model.fit(np.ones((n, 2)), np.arange(float(n)))


def texts_of_warnings(model, X, y):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]


@pytest.mark.parametrize("solver", SAMPLERS)
def test_ending_on_the_score_is_no_reason_to_warn(solver):
    X, y = make_data()
    model = GDRegressor(solver=solver, early_stopping=True, random_state=0)
    assert texts_of_warnings(model, X, y) == []
    assert model.stop_reason_ == "plateau" and not model.converged_


def test_the_history_says_how_far_the_objective_is_from_its_minimum(held_out):
    X, y = make_data()
    model = GDRegressor(early_stopping=True, learning_rate=0.01, random_state=0, store_path=True)
    model.fit(X, y)
    train = ~np.isin(y, held_out["y"])
    A = np.column_stack([X[train], np.ones(train.sum())])
    residuals = y[train] - A @ np.linalg.lstsq(A, y[train], rcond=None)[0]
    least = np.mean(residuals**2) / 2
    for row in (best_validated(model.history_), -1):
        gap = model.history_["objective"][row] - least
        assert_allclose(model.history_["gap"][row], gap, rtol=1e-6)


def test_a_start_that_nothing_is_better_than_is_warned_of():
    X, y = make_data(p=3)
    model = GDRegressor(early_stopping=True, learning_rate=10.0, max_iter=2, random_state=0)
    (text,) = texts_of_warnings(model, X, y)
    assert "No epoch was better than the start" in text
    assert text.splitlines()[-1].startswith("Try: GDRegressor(learning_rate=")


@pairwise(
    model=[
        GDRegressor(),
        GDRegressor(penalty="l1", alpha=0.1, optimizer="adam", average=True),
        GDRegressor("huber", standardize=True, learning_rate=0.1),
        GDRegressor("log_cosh", scoring="score", preconditioner="moments"),
        GDRegressor("poisson"),
        GDRegressor("absolute_error", optimizer="gd"),
        GDRegressor(solver="mini-batch"),
        GDRegressor(solver="stochastic", optimizer="gd", learning_rate=0.01),
        GDRegressor(solver="mini-batch", optimizer="adam", batch_size=0.1, standardize=True),
        GDClassifier(),
        GDClassifier(solver="mini-batch", shuffle=False),
        GDClassifier("squared_hinge", class_weight="balanced"),
    ],
    weighted=[False, True],
    storage=[np.asarray, np.asfortranarray, sparse.csr_array],
)
def test_large_data_are_not_copied_and_fitted_the_same(model, weighted, storage, monkeypatch):
    """Rows held out have no weight in the run, or are left out of a copy."""
    X, y = make_data(200, 5)
    y = abs(y) if model.loss == "poisson" else y
    y = np.digitize(y, [-1, 1]) if isinstance(model, GDClassifier) else y
    weights = np.linspace(1, 3, 200) if weighted else None
    model.set_params(early_stopping=True, random_state=0, max_iter=50)
    copied = clone(model).fit(storage(X), y, weights)
    monkeypatch.setattr("gdregress._estimator.input.data.LARGE", 0)
    masked = clone(model).fit(storage(X), y, weights)
    assert masked.n_iter_ == copied.n_iter_ and masked.t_ == copied.t_
    assert_allclose(masked.coef_, copied.coef_, rtol=1e-7, atol=1e-9)
    for name in ("objective", "validation_score"):
        assert_allclose(masked.history_[name], copied.history_[name], rtol=1e-8, atol=1e-10)
    for name in ("weight_total", "row_total"):
        assert masked._state[name] == pytest.approx(copied._state[name])


@pytest.mark.parametrize("solver", SAMPLERS)
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("storage", [np.ascontiguousarray, np.asfortranarray])
def test_large_data_take_a_small_part_of_their_memory_again(
    solver, early_stopping, storage, monkeypatch
):
    monkeypatch.setattr("gdregress._estimator.input.data.LARGE", 0)
    X, y = make_data(80_000, 50)
    X = storage(X)
    model = GDRegressor(solver=solver, max_iter=1, tol=None, random_state=0)
    model.set_params(early_stopping=early_stopping)
    tracemalloc.start()
    try:
        model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * X.nbytes
