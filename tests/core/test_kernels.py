"""Compiled epochs equal the interpreted ones, the plain engine and the loops of reference.py."""

import math
import warnings

import numpy as np
import pytest
from components import with_both
from grids import pairwise
from harness import kernels, using
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from reference import SLOPES, STEPS, averaged, descent
from scipy import sparse
from sklearn import clone
from twins import (
    ALPHA,
    FORMS,
    PENALISED,
    STORAGES,
    TOLERANCES,
    assert_forms_agree,
    assert_near,
    assert_same,
    fit,
    in_single,
    needs_compiler,
    parameters_of,
)

from gdregress import GDRegressor
from gdregress._engines.kernel_choice import is_overdamped
from gdregress.losses import LOSSES
from gdregress.optimizers import OPTIMIZERS

pytestmark = [
    needs_compiler,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(scope="module")
def data():
    """Rows with zeros, an empty row, and positive targets, which suit every loss."""
    rng = np.random.RandomState(0)
    X = rng.randn(23, 5) * (rng.rand(23, 5) < 0.6)
    X[3] = 0
    y = np.abs(X @ rng.randn(5) + 1 + rng.randn(23)) + 0.1
    return in_single(X), in_single(y), in_single(rng.rand(23))


def reference_path(X, y, weights, loss, optimizer, penalty, rate, epochs, batch_size):
    """Parameters after every update by plain loops, for one target; rows in shuffled orders."""
    n, p = X.shape
    weights = np.ones(n) if weights is None else weights
    prox = PENALISED[penalty][1]
    start = np.zeros(p + 1)
    if "box" in str(penalty):
        start[:p] = [prox(0.0, 1.0, j) for j in range(p)]
    if LOSSES[loss].link == "log":
        start[-1] = math.log(np.average(y, weights=weights))
    rng = np.random.RandomState(0)
    return descent(
        X,
        y,
        weights,
        SLOPES[loss],
        STEPS[optimizer],
        prox,
        lambda count: rate,
        [rng.permutation(n) for _ in range(epochs)],
        batch_size,
        start,
    )


# Every loss, rule and penalty -------------------------------------------------------------


@pairwise(loss=with_both(LOSSES), optimizer=with_both(OPTIMIZERS), penalty=PENALISED)
def test_all_forms_equal_the_reference(loss, optimizer, penalty, data):
    X, y, weights = data
    rate = 0.02
    for batch_size, epochs, s in ((1, 1, None), (4, 2, weights)):
        path = reference_path(X, y, s, loss, optimizer, penalty, rate, epochs, batch_size)
        expected, given = path[-1][None, :], PENALISED[penalty][0]
        given = given | {"loss": loss, "optimizer": optimizer, "learning_rate": rate}
        given |= {"solver": "mini-batch", "batch_size": batch_size, "max_iter": epochs}
        given |= {"schedule": "constant"}
        for (form, dtype), rtol in TOLERANCES.items():
            # the plain engine leaves the storage to NumPy and SciPy
            for store in [np.asarray] if form == "plain" else STORAGES.values():
                model = fit(form, store(X.astype(dtype)), y.astype(dtype), s, **given)
                assert_near(parameters_of(model), expected, rtol)
                assert model.coef_.dtype == dtype


# Targets, averages, weights ---------------------------------------------------------------


@pytest.fixture(scope="module")
def targets(data):
    """Three targets of very different sizes."""
    y = data[1]
    return in_single(np.column_stack([y, 3 - 2 * y, 0.1 * y**2]))


@pairwise(
    k=[2, 3],
    optimizer=["gd", "momentum", "nesterov", "amsgrad"],
    penalty=PENALISED,
    storage=STORAGES,
    batch_size=[1, 4],
)
def test_more_targets(k, optimizer, penalty, storage, batch_size, data, targets):
    X, _, weights = data
    Y, rate, s = targets[:, :k], 0.02, weights if batch_size == 1 else None
    expected = [
        reference_path(X, Y[:, t], s, "huber", optimizer, penalty, rate, 1, batch_size)[-1]
        for t in range(k)
    ]
    given = PENALISED[penalty][0] | {"loss": "huber", "optimizer": optimizer, "max_iter": 1}
    given |= {"solver": "mini-batch", "batch_size": batch_size, "learning_rate": rate}
    for form in FORMS:
        model = fit(form, STORAGES[storage](X), Y, s, schedule="constant", **given)
        assert_near(parameters_of(model), expected, 1e-11)


@pairwise(
    average=[True, 5, 23, 1000],
    optimizer=["gd", "nesterov", "adam"],
    penalty=[None, "elasticnet", "boxes"],
    storage=STORAGES,
    k=[1, 3],
)
def test_averages(average, optimizer, penalty, storage, k, data, targets):
    X, y, weights = data
    Y, batch_size, epochs = (y, 1, 2) if k == 1 else (targets, 4, 3)
    given = PENALISED[penalty][0] | {"optimizer": optimizer, "max_iter": epochs}
    given |= {"solver": "mini-batch", "batch_size": batch_size, "average": average}
    given |= {"learning_rate": 0.02, "schedule": "constant"}
    rest = weights, "squared_error", optimizer, penalty, 0.02, epochs, batch_size
    paths = [reference_path(X, column, *rest) for column in Y.reshape(23, -1).T]
    expected = [averaged(path, average) for path in paths]
    for form in FORMS:
        model = fit(form, STORAGES[storage](X), Y, weights, **given)
        assert_near(parameters_of(model), expected, 1e-11)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("optimizer", ["gd", "adagrad"])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_rows_of_weight_zero_do_not_exist(batch_size, optimizer, storage, data):
    X, y, weights = data
    weights = np.where(np.arange(23) % 3 == 0, 0.0, weights)
    kept, store = weights > 0, STORAGES[storage]
    given = {"solver": "mini-batch", "batch_size": batch_size, "optimizer": optimizer}
    given |= {"learning_rate": 0.02, "max_iter": 2}
    all_rows = assert_forms_agree(store(X), y, weights, **given)
    for form in FORMS:
        assert_same(fit(form, store(X[kept]), y[kept], weights[kept], **given), all_rows, 1e-12)


# Shapes and indices -----------------------------------------------------------------------


@pairwise(
    optimizer=["gd", "momentum", "nesterov", "adam"],
    shape=[(1, 1), (1, 7), (9, 1), (10, 33)],
    batch_size=[1, 3, 100],
    storage=STORAGES,
)
def test_odd_shapes(optimizer, shape, batch_size, storage):
    rng = np.random.RandomState(1)
    X, y = rng.randn(*shape), rng.randn(shape[0])
    given = {"solver": "mini-batch", "batch_size": batch_size, "optimizer": optimizer}
    assert_forms_agree(STORAGES[storage](X), y, learning_rate=0.01, max_iter=3, **given)


@st.composite
def problems(draw):
    """Rows of any number and length, so that all ends of the vector loops occur."""
    n, p, k = draw(st.integers(1, 30)), draw(st.integers(1, 40)), draw(st.integers(1, 3))
    rng = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    X = rng.randn(n, p) * (rng.rand(n, p) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])))
    Y = rng.randn(n, k) + 1
    weights = rng.rand(n) + 0.01 if draw(st.booleans()) else None
    single = draw(st.booleans())
    store = STORAGES[draw(st.sampled_from(list(STORAGES)))]
    X = store(X.astype(np.float32) if single else X)
    penalty = draw(st.sampled_from([None, "l2", "l1", "elasticnet", "box"]))
    given = PENALISED[penalty][0] | {
        "loss": draw(st.sampled_from(["squared_error", "huber", "log_cosh"])),
        "optimizer": draw(st.sampled_from(with_both(OPTIMIZERS))),
        "batch_size": draw(st.integers(1, n + 1)),
        "fit_intercept": draw(st.booleans()),
        "average": draw(st.sampled_from([False, True, 3])),
        "learning_rate": 0.1 / (p + 1),
        "max_iter": 2,
        "solver": "mini-batch",
    }
    return X, Y if k > 1 else Y[:, 0], weights, given


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_any_problem(problem):
    X, y, weights, given = problem
    # the plain engine squares gradients in single precision, where a sum over rows that nearly
    # cancels has no digits left, and divides by their root
    assume(X.dtype == np.float64 or not OPTIMIZERS[given["optimizer"]].adaptive)
    rtol = 1e-9 if X.dtype == np.float64 else 1e-4
    assert_forms_agree(X, y, weights, rtol, ("compiled", "plain"), **given)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("optimizer", ["gd", "momentum"])
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_unsorted_and_duplicate_indices(index_type, optimizer, fit_intercept):
    indices = np.array([2, 0, 1, 1, 0], dtype=index_type)
    indptr = np.array([0, 2, 4, 4, 5], dtype=index_type)  # the third row is empty
    X = sparse.csr_array((np.array([1.0, 2.0, 3.0, 4.0, 5.0]), indices, indptr), shape=(4, 3))
    y = np.array([1.0, -1.0, 0.5, 2.0])
    for penalty in ("elasticnet", "box"):
        given = PENALISED[penalty][0] | {"optimizer": optimizer, "fit_intercept": fit_intercept}
        given |= {"solver": "mini-batch", "learning_rate": 0.01, "max_iter": 4}
        for batch_size in (1, 3):
            given["batch_size"] = batch_size
            dense = fit("plain", X.toarray(), y, **given)
            for form in ("compiled", "interpreted"):
                assert_same(fit(form, X, y, **given), dense, 1e-12)
        assert X.indices.dtype == index_type and X.nnz == 5


@pytest.mark.parametrize("optimizer", with_both(OPTIMIZERS))
def test_long_indices_give_the_same_to_the_bit(optimizer, data):
    X, y, weights = data
    short = sparse.csr_array(X)
    long = sparse.csr_array(X)
    long.indices, long.indptr = long.indices.astype(np.int64), long.indptr.astype(np.int64)
    given = {"solver": "mini-batch", "batch_size": 4, "optimizer": optimizer}
    given |= {"learning_rate": 0.02, "max_iter": 2, "penalty": "l1", "alpha": ALPHA}
    models = [fit("compiled", rows, y, weights, **given) for rows in (short, long)]
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)
    assert models[0].intercept_ == models[1].intercept_


@pytest.mark.parametrize("index_type", [np.int32, np.int64])
@pytest.mark.parametrize("wrong", [-1, 3, 1000])
@pytest.mark.parametrize("solver", ["batch", "stochastic", "mini-batch"])
def test_indices_out_of_range_are_refused(solver, wrong, index_type):
    X = sparse.csr_array(np.eye(3))
    X.indices, X.indptr = X.indices.astype(index_type), X.indptr.astype(index_type)
    X.indices[1] = wrong
    message = f"column indices from {min(wrong, 0)} to {max(wrong, 2)}, but only 3 columns"
    model = GDRegressor(solver=solver)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(X, np.arange(3.0))


# Sparse rows: shrinkage that waits --------------------------------------------------------


@pytest.mark.parametrize(("batch_size", "average"), [(1, False), (7, False), (7, 60)])
@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet", "weighted", "boxes"])
def test_coefficients_that_are_seldom_seen(penalty, batch_size, average):
    """Many updates, most of which do not touch a given coefficient."""
    rng = np.random.RandomState(0)
    X = sparse.random_array((700, 5), density=0.02, random_state=rng, format="csr")
    y = 5 * np.asarray(X.sum(axis=1)).ravel() + 0.1 * rng.randn(700)
    given = {"solver": "mini-batch", "batch_size": batch_size, "optimizer": "gd"}
    given |= {"learning_rate": 0.1, "max_iter": 2, "average": average}
    given |= PENALISED[penalty][0]
    given |= {"alpha": 1e-3} if "alpha" in given else {}
    expected = assert_forms_agree(X, y, None, 1e-11, ("compiled", "plain"), **given)
    assert (expected.coef_ != 0).any()


@pairwise(
    optimizer=["momentum", "nesterov"],
    momentum=[0.01, 0.5, 0.9, 0.99],
    alpha=[0.0, 1e-3, 0.1],
    batch_size=[1, 7],
    fit_intercept=[True, False],
)
def test_lazy_momentum(optimizer, momentum, alpha, batch_size, fit_intercept):
    """A coefficient without a gradient goes on moving, and is moved when it is needed."""
    rng = np.random.RandomState(0)
    X = sparse.random_array((300, 60), density=0.02, random_state=rng, format="csr")
    X = sparse.vstack([X, X[:3], sparse.csr_array((4, 60))], format="csr")  # of empty rows too
    y = rng.randn(307, 2) + 5 * np.asarray(X.sum(axis=1))[:, None]
    given = {"solver": "mini-batch", "batch_size": batch_size, "optimizer": optimizer}
    given |= {"momentum": momentum, "penalty": "l2", "alpha": alpha, "learning_rate": 0.05}
    given |= {"fit_intercept": fit_intercept, "max_iter": 2, "tol": None, "random_state": 0}
    models, lazy = [], []
    for form, cost in (("compiled", 0.1), ("interpreted", 0.1), ("compiled", math.inf)):
        with using(form, lazy_cost=cost) as log:
            models.append(GDRegressor(**given).fit(X, y))
        lazy.append("csr_momentum" in log.kernels)
    assert lazy == [is_overdamped(momentum, 0.05 * alpha)] * 2 + [False]
    for model in models[:2]:
        assert_same(model, models[2], 1e-12)


def test_lazy_shrinkage_over_many_magnitudes():
    """A penalty so strong that the product of all shrinkages overflows within one epoch."""
    rng = np.random.RandomState(0)
    X = sparse.random_array((3000, 20), density=0.05, random_state=rng, format="csr")
    y = rng.randn(3000)
    given = {"solver": "stochastic", "optimizer": "gd", "penalty": "elasticnet", "alpha": 2.0}
    given |= {"learning_rate": 0.5, "schedule": "constant", "max_iter": 1, "l1_ratio": 0.01}
    assert_forms_agree(X, y, None, 1e-11, ("compiled", "plain"), **given)


# The rest ---------------------------------------------------------------------------------


def test_a_schedule_of_ones_own_reaches_every_update():
    rng = np.random.RandomState(0)
    X, y = rng.randn(50, 3), rng.randn(50)
    given = {"solver": "stochastic", "optimizer": "gd", "learning_rate": 0.01, "max_iter": 3}
    given["schedule"] = lambda count: 1 / (1 + count)
    plain, fast = (fit(form, X, y, **given) for form in ("plain", "compiled"))
    assert_same(fast, plain, 1e-12)
    assert fast.history_["learning_rate"] == pytest.approx(plain.history_["learning_rate"])


@pytest.mark.parametrize("optimizer", with_both(OPTIMIZERS))
def test_memory_is_handed_back(optimizer, data):
    """Two calls of one epoch are one call of two."""
    X, y, weights = data
    given = {"solver": "mini-batch", "batch_size": 4, "optimizer": optimizer, "average": 3}
    given |= {"learning_rate": 0.02, "schedule": "constant"}
    for rows in (X, sparse.csr_array(X)):
        once = fit("compiled", rows, y, weights, max_iter=4, **given)
        parts = GDRegressor(tol=None, random_state=0, max_iter=2, warm_start=True, **given)
        parts.fit(rows, y, weights).fit(rows, y, weights)
        np.testing.assert_array_equal(parts.coef_, once.coef_)


def test_says_once_that_it_is_not_compiled():
    X, y = np.arange(10.0)[:, None] / 10, np.arange(10.0)
    model = GDRegressor(solver="stochastic", random_state=0)
    with kernels(None):
        with pytest.warns(RuntimeWarning, match="without its compiled core.*: "):
            slow = model.fit(X, y).coef_
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            model.fit(X, y)
    assert np.isfinite(slow).all()


@pairwise(average=[False, True, 20], penalty=PENALISED, storage=STORAGES, batch_size=[None, 4])
def test_rates_may_come_a_few_at_a_time(data, storage, penalty, batch_size, average):
    X, y, weights = data
    model = GDRegressor(
        solver="stochastic" if batch_size is None else "mini-batch",
        batch_size=batch_size or 32,
        learning_rate=0.02,
        schedule="invscaling",
        average=average,
        max_iter=3,
        tol=None,
        random_state=0,
        **PENALISED[penalty][0],
    )
    with using("compiled"):
        expected = clone(model).fit(STORAGES[storage](X), y, weights)
    with using("compiled", updates_at_once=1):
        model.fit(STORAGES[storage](X), y, weights)
    assert_same(model, expected, 1e-13)
    assert model.history_["learning_rate"] == expected.history_["learning_rate"]
