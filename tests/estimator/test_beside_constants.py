"""A constant column beside an intercept changes no run, and its coefficient stays at 0."""

import numpy as np
import pytest
from grids import covering
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from gdregress import GDClassifier, GDRegressor
from gdregress.penalties import Box

N, P = 200, 5
WEIGHTS = np.random.RandomState(1).rand(N) + 0.1


def problem(loss, n=N, p=P):
    """Rows, targets and the estimator for them."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    z = X @ rng.normal(size=p) / np.sqrt(p)
    if loss == "log_loss":
        return X, z + rng.logistic(size=n) > 0, GDClassifier
    if loss == "softmax":
        return X, np.digitize(z + rng.normal(size=n), [-0.5, 0.5]), GDClassifier
    return X, rng.poisson(np.exp(z)).astype(float) if loss == "poisson" else z + 0.1, GDRegressor


def beside(X, *constants):
    return np.column_stack([X, *(np.full(len(X), c) for c in constants)])


RUNS = {
    "batch": {},
    "stochastic": {"solver": "stochastic"},
    "mini-batch": {"solver": "mini-batch"},
    "nesterov": {"optimizer": "nesterov"},
    "adam": {"optimizer": "adam", "max_iter": 300},
    "moments": {"preconditioner": "moments"},
    "standardised": {"standardize": True},
}


def penalised(penalty):
    return {"penalty": penalty} | ({"alpha": 0.01} if isinstance(penalty, str) else {})


@covering(
    loss=["squared_error", "log_loss", "poisson", "huber", "softmax"],
    run=RUNS,
    penalty=["l2", "l1", None],
    container=[np.asarray, sparse.csr_array],
    dtype=[float, np.float32],
    weighted=[False, True],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_run_is_the_one_without_it(loss, run, penalty, container, dtype, weighted):
    if run == "moments" and penalty == "l1":
        penalty = "l2"
    X, y, estimator = problem(loss)
    name = "log_loss" if loss == "softmax" else loss
    model = estimator(name, **penalised(penalty), random_state=0, **RUNS[run])
    weights = WEIGHTS if weighted else None
    model.fit(container(X.astype(dtype)), y, sample_weight=weights)
    epochs, coef, reason = model.n_iter_, model.coef_, model.stop_reason_
    for constants in ((0.1,), (0.1, 3.3)):
        model.fit(container(beside(X, *constants).astype(dtype)), y, sample_weight=weights)
        assert abs(model.n_iter_ - epochs) <= 2 + epochs // 5
        assert model.stop_reason_ == reason
        assert_array_equal(model.coef_[..., P:], 0.0)
        assert_allclose(model.coef_[..., :P], coef, rtol=0.01, atol=2e-3 * abs(coef).max())


@pytest.mark.parametrize("loss", ["squared_error", "huber", "poisson"])
def test_more_columns_than_rows_and_no_penalty(loss):
    X, y, estimator = problem(loss, n=40, p=100)
    model = estimator(loss, penalty=None, max_iter=200, tol=1e-2)
    least = model.fit(X, y).history_["objective"][-1]
    start, *_, value = model.fit(beside(X, 0.1), y).history_["objective"]
    assert abs(value - least) <= 1e-5 * start


@pytest.mark.parametrize(
    ("penalty", "expected"), [(None, 1.5), (Box(-2, 2), 1.5), ("l1", 0.0), ("l2", 0.0)]
)
@pytest.mark.parametrize("loss", ["squared_error", "log_loss", "huber"])
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_a_coefficient_given_to_begin_with(loss, penalty, expected, solver):
    """It stays, or goes where the penalty takes it; everything else is as without it."""
    X, y, estimator = problem(loss)
    model = estimator(loss, **penalised(penalty), solver=solver, random_state=0, tol=1e-6)
    predict = model.decision_function if loss == "log_loss" else model.predict
    model.fit(X, y)
    without, given, first = predict(X), beside(X, 3.3), np.append(np.zeros(P), 1.5)
    model.fit(given, y, coef_init=first[None] if loss == "log_loss" else first)
    assert model.stop_reason_ == "tolerance"
    assert_allclose(np.ravel(model.coef_)[P], expected, atol=1e-4)
    assert expected == 0 or np.ravel(model.coef_)[P] == expected
    assert_allclose(predict(given), without, atol=1e-3)


def test_rows_in_blocks():
    X, y, estimator = problem("log_loss")
    model, more = estimator("log_loss", penalty=None), beside(X, 0.1, 3.3)
    epochs = model.fit_batches([(X[:90], y[:90]), (X[90:], y[90:])]).n_iter_
    model.fit_batches([(more[:90], y[:90]), (more[90:], y[90:])])
    assert (model.n_iter_, model.stop_reason_) == (epochs, "tolerance")
    assert_array_equal(model.coef_[:, P:], 0.0)
