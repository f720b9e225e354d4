"""SVRG: its iterates against a plain loop, its minimum against scikit-learn's, its errors."""

import numpy as np
import pytest
import reference
from grids import pairwise
from harness import assert_identical_run, using
from libraries import array_functions
from scipy import sparse
from sklearn import config_context
from sklearn.linear_model import ElasticNet as SkElasticNet
from sklearn.linear_model import LogisticRegression, Ridge

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress._engines import Ahead, Overlapped
from gdregress._estimator.planning import learning_rate
from gdregress.optimizers import SVRG
from gdregress.penalties import Box

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N, P = 60, 4


@pytest.fixture
def rows():
    """Correlated columns, a target with heavy tails, weights far from mean 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, P)) @ (np.eye(P) + 0.4)
    y = X @ [1.0, -2.0, 0.0, 0.3] + 1 + rng.standard_t(3, size=N)
    return X, y, rng.uniform(2, 9, size=N)


def orders_of(n_epochs, seed):
    rng = np.random.RandomState(seed)
    return [rng.permutation(N) for _ in range(n_epochs)]


# Against the plain loop


@pairwise(
    loss=["squared_error", "huber"],
    penalty=[None, "l1", "l2", "box"],
    batch_size=[1, 7, N],
    weighted=[False, True],
)
def test_course_is_that_of_the_plain_loop(loss, penalty, batch_size, weighted, rows):
    X, y, weights = rows
    proxes = {
        None: lambda w, step, j: w,
        "l1": lambda w, step, j: reference.l1_prox(w, step, 0.05),
        "l2": lambda w, step, j: reference.l2_prox(w, step, 0.05),
        "box": lambda w, step, j: reference.box_prox(w, -0.5, 0.6),
    }
    given = {"penalty": Box(-0.5, 0.6) if penalty == "box" else penalty}
    given |= {"alpha": 0.05} if penalty in ("l1", "l2") else {}
    model = GDRegressor(
        loss, solver="mini-batch", optimizer="svrg", batch_size=batch_size, learning_rate=0.03,
        shuffle=False, max_iter=4, tol=None, store_path=True, **given,
    ).fit(X, y, weights if weighted else None)  # fmt: skip
    path = reference.variance_reduced_descent(
        X,
        y,
        weights if weighted else np.ones(N),
        reference.SLOPES[loss],
        proxes[penalty],
        0.03,
        [range(N)] * 4,
        batch_size,
    )
    found = np.column_stack([model.history_.coef, model.history_.intercept])
    np.testing.assert_allclose(found, path, rtol=1e-10, atol=1e-12)


def test_a_batch_of_all_rows_is_batch_descent(rows):
    X, y, weights = rows
    given = {"learning_rate": 0.05, "max_iter": 5, "tol": None, "schedule": "constant"}
    svrg = GDRegressor("huber", solver="mini-batch", batch_size=N, optimizer="svrg", **given)
    batch = GDRegressor("huber", optimizer="gd", **given)
    svrg.fit(X, y, weights), batch.fit(X, y, weights)
    np.testing.assert_allclose(svrg.coef_, batch.coef_, rtol=1e-12)


# Against the minimum

SOLVERS = {"stochastic": {}, "mini-batch": {"batch_size": 8}}


def svrg(estimator=GDRegressor, **given):
    given = {"solver": "mini-batch", "max_iter": 150, "tol": None, "random_state": 0, **given}
    return estimator(optimizer="svrg", **given)


@pairwise(solver=SOLVERS, penalty=["l2", "l1", "elasticnet"], weighted=[False, True])
def test_minimum_of_squared_error(solver, penalty, weighted, rows):
    X, y, weights = rows
    weights = weights if weighted else None
    total = N if weights is None else weights.sum()
    if penalty == "l2":
        theirs = Ridge(alpha=0.1 * total, tol=1e-12)
    else:
        theirs = SkElasticNet(0.1, l1_ratio=1.0 if penalty == "l1" else 0.4, tol=1e-14)
    theirs.fit(X, y, weights)
    given = {"l1_ratio": 0.4} if penalty == "elasticnet" else {}
    ours = svrg(solver=solver, penalty=penalty, alpha=0.1, **SOLVERS[solver], **given)
    ours.fit(X, y, weights)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    if penalty == "l1":
        np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array])
def test_minimum_of_several_targets(storage, rows):
    X, y, _ = rows
    Y = np.column_stack([y, 100 * X[:, 1] - y])
    ours = svrg(penalty="l2", alpha=0.1, max_iter=200).fit(storage(X), Y)
    theirs = Ridge(alpha=0.1 * N).fit(X, Y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-6)


def test_minimum_within_bounds(rows):
    X, y, _ = rows
    box = Box(-0.5, 0.6)
    ours = svrg(loss="huber", penalty=box).fit(X, y)
    batch = GDRegressor("huber", penalty=box, tol=1e-12, max_iter=5000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, batch.coef_, atol=1e-7)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_minimum_of_classes(n_classes, solver, rows):
    X, y, weights = rows
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    ours = svrg(GDClassifier, solver=solver, penalty="l2", alpha=0.01, max_iter=200)
    ours.fit(X, labels, weights)
    theirs = LogisticRegression(C=1 / (0.01 * weights.sum()), tol=1e-10, max_iter=10_000)
    theirs.fit(X, labels, weights)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_single_precision(rows):
    X, y, _ = rows
    ours = svrg(loss="huber", penalty="l2", alpha=0.1)
    single = ours.fit(X.astype(np.float32), y.astype(np.float32)).coef_
    assert single.dtype == np.float32
    double = svrg(loss="huber", penalty="l2", alpha=0.1).fit(X, y).coef_
    np.testing.assert_allclose(single, double, atol=1e-3)


@pytest.mark.parametrize("library", ["torch", "jax", "array_api_strict"])
def test_other_array_libraries(library, rows, request):
    if library == "jax":
        request.getfixturevalue("jax")
    make, (X, y, weights) = array_functions(library).asarray, rows
    given = {"loss": "huber", "penalty": "l1", "alpha": 0.05, "max_iter": 5}
    with config_context(array_api_dispatch=True), using("plain"):
        other = svrg(**given).fit(make(X), make(y), make(weights)).to_numpy()
    with using("plain"):
        ours = svrg(**given).fit(X, y, weights)
    np.testing.assert_allclose(other.coef_, ours.coef_, rtol=1e-9)
    assert other.history_["learning_rate"] == pytest.approx(ours.history_["learning_rate"])


# What it costs, and what goes on from it


def test_an_epoch_is_measured_by_its_snapshot(rows, monkeypatch):
    """Two passes an epoch: over the batches, and for the snapshot."""
    from gdregress._objective.from_data import DataObjective

    X, y, _ = rows
    passes = []
    snapshot, fused = DataObjective.snapshot, DataObjective._pass
    monkeypatch.setattr(
        DataObjective, "snapshot", lambda *a: (passes.append("snapshot"), snapshot(*a))[1]
    )
    monkeypatch.setattr(
        DataObjective, "_pass", lambda *a, **k: (passes.append("pass"), fused(*a, **k))[1]
    )
    svrg(loss="huber", max_iter=1).fit(X, y)
    first = passes.copy()
    passes.clear()
    svrg(loss="huber", max_iter=6).fit(X, y)
    assert passes == [*first, *["snapshot"] * 5]


@pairwise(solver=SOLVERS, loss=["squared_error", "huber"], learning_rate=["auto", 0.02])
def test_a_resumed_run_is_the_uninterrupted_one(solver, loss, learning_rate, rows):
    X, y, weights = rows
    given = {"solver": solver, "loss": loss, "learning_rate": learning_rate, "penalty": "l2"}
    for first in (1, 5, 9):
        whole = svrg(max_iter=20, **given).fit(X, y, weights)
        parts = svrg(max_iter=first, warm_start=True, **given).fit(X, y, weights)
        parts.set_params(max_iter=20 - first).fit(X, y, weights)
        np.testing.assert_array_equal(parts.coef_, whole.coef_)
        assert parts.intercept_ == whole.intercept_
        assert parts.history_["learning_rate"][1:] == whole.history_["learning_rate"][1 + first :]


def test_the_same_run_twice_is_the_same(rows):
    assert_identical_run(svrg().fit(*rows), svrg().fit(*rows))


@pytest.mark.parametrize("pace", [Overlapped, Ahead])
def test_no_pace_begins_an_epoch_before_its_snapshot(pace, rows):
    with using("plain", "as listed", epochs_at_once=10) as log:
        svrg(max_iter=3).fit(*rows)
    assert log.paces == [None]


# What it is not for


def test_refusals(rows):
    X, y, _ = rows
    cases = [
        ({"solver": "batch"}, "a full batch has no variance.*'nesterov' or 'gd'"),
        ({"loss": "absolute_error"}, "kinks.*slopes jump"),
        ({"average": True}, "no noise left to average"),
    ]
    for given, message in cases:
        with pytest.raises(ValueError, match=message):
            svrg(**given).fit(X, y)
    with pytest.raises(ValueError, match=r"partial_fit.*no epoch"):
        svrg().partial_fit(X, y)
    with pytest.raises(ValueError, match="no slopes of rows"):
        minimize(lambda x: x**2, 1.0, jac=lambda x: 2 * x, optimizer="svrg")
    with pytest.raises(ValueError, match="SVRG cannot be combined"):
        GDRegressor(optimizer=SVRG()).fit(X, y)


@pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
def test_many_rows_are_descended_at_the_rate_that_gains_most(solver, monkeypatch):
    """The bound 1 / (2 E) is far too large where an epoch has many updates for the condition."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(20_000, 10))
    y = X @ rng.normal(size=10) + rng.logistic(size=20_000) > 0
    settings = {"alpha": 1e-3, "solver": solver, "max_iter": 5, "tol": None, "random_state": 0}
    least = GDClassifier(alpha=1e-3, tol=1e-7).fit(X, y).history_["objective"][-1]

    def left():
        model = GDClassifier(**settings).fit(X, y)
        return model.history_["objective"][-1] - least

    best = left()
    monkeypatch.setattr(learning_rate, "rate_of_reduced", lambda *given: np.inf)
    assert best < 0.1 * left()


def test_first_rate_of_several_classes():
    """1 / sqrt(2 E mu k), E of the geometric mean of the bound and the curvature at the start."""
    rng = np.random.RandomState(0)
    n, k, alpha = 20_000, 5, 1e-3
    X = rng.normal(size=(n, 4))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = np.argmax(X @ rng.normal(size=(4, k)) + rng.gumbel(size=(n, k)), axis=1)
    settings = {"solver": "stochastic", "preconditioner": None, "max_iter": 1, "random_state": 0}
    model = GDClassifier(alpha=alpha, **settings).fit(X, y)
    p = np.bincount(y) / n
    mean = np.mean(p * (1 - p))
    A = np.c_[X, np.ones(n)]
    E = np.sqrt(0.5 * mean) * np.max(np.sum(A**2, axis=1))
    mu = mean * np.linalg.eigvalsh(A.T @ A / n)[0] + alpha
    assert model.history_["learning_rate"][0] == pytest.approx(1 / np.sqrt(2 * E * mu * n))
