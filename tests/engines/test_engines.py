"""Every engine, at every pace, gives what the plain engine gives on every run that it supports.

`Envelope` has runs of its own, see `test_envelope.py`.
"""

import numpy as np
import pytest
from components import OVER_ALL_ROWS
from grids import covering, each_once, pairwise
from harness import FORMS, assert_identical_run, assert_same_run, using
from libraries import array_functions
from scipy import sparse
from sklearn import clone, config_context

from gdregress import GDClassifier, GDRegressor, _engines
from gdregress._core import core
from gdregress._engines import (
    Ahead,
    BlocksAtOnce,
    ByBlocks,
    Compiled,
    ConjugateGradients,
    Envelope,
    Jitted,
    Moments,
    Newton,
    Overlapped,
    Plain,
    WorkingSets,
)
from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES
from gdregress.penalties import PENALTIES, Box
from gdregress.samplers import SAMPLERS
from gdregress.schedules import SCHEDULES

pytestmark = [
    pytest.mark.skipif(not core.is_compiled(), reason="needs the compiled core"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.DivergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.IgnoredParameterWarning"),
]


@pytest.fixture
def library(request):
    """Function to an array of a library in double precision, with dispatch switched on."""
    if request.param == "jax":
        request.getfixturevalue("jax")
    functions = array_functions(request.param)
    with config_context(array_api_dispatch=True):
        yield functions.asarray


STORAGES = {"dense": np.asarray, "csr": sparse.csr_array}
# A kink is met on one side or the other by rounding: its losses run for a few updates only.
EPOCHS = {True: 12, False: 2}
# Kernels keep parameters in double precision, the plain engine in that of the data.
TOLERANCE = {np.float64: 1e-9, np.float32: 2e-3}


def make_data(dtype=np.float64, n_targets=1):
    """Rows with zeros and positive targets, which suit every loss; weights far from mean 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(43, 4)) * (rng.rand(43, 4) < 0.8) * np.linspace(0.5, 1.5, 4)
    y = np.abs(X @ rng.normal(size=(4, n_targets)) + 1 + rng.normal(size=(43, n_targets))) + 0.1
    weights = rng.uniform(2, 9, size=43)
    return X.astype(dtype), (y if n_targets > 1 else y[:, 0]).astype(dtype), weights


def parameters_for(solver, optimizer, penalty, schedule, average, rate):
    """Parameters of an estimator; penalties of a size that shows."""
    given = {"solver": solver, "optimizer": optimizer, "schedule": schedule, "average": average}
    given |= {"penalty": Box(-0.2, 0.6) if penalty == "box" else penalty, "learning_rate": rate}
    if penalty in ("l1", "l2", "elasticnet"):
        given["alpha"] = 0.05
    return {**given, "batch_size": 4, "tol": None, "store_path": True, "random_state": 0}


def fits(model, X, y, weights, rtol, forms):
    """The plain fit, after every form that supports the run has been compared with it."""
    with using("plain"):
        plain = model.fit(X, y, weights)
    fast = set()
    for form in forms:
        with using(form) as log:
            other = clone(model).fit(X, y, weights)
        if log.used(Plain):
            continue
        fast.update(log.engines)
        assert_same_run(other, plain, rtol)
    return plain, fast


@covering(
    solver=SAMPLERS,
    optimizer=OVER_ALL_ROWS,
    loss=[*LOSSES, *CLASSIFICATION_LOSSES],
    penalty=[*PENALTIES, "box"],
    schedule=["auto", *SCHEDULES],
    average=[False, True, 5],
    storage=STORAGES,
    dtype=[np.float64, np.float32],
    weighted=[False, True],
    n_targets=[1, 3],
)
def test_every_engine_equals_plain(
    solver, optimizer, loss, penalty, schedule, average, storage, dtype, weighted, n_targets
):
    X, y, weights = make_data(dtype, 1 if loss in CLASSIFICATION_LOSSES else n_targets)
    estimator = GDRegressor
    if loss in CLASSIFICATION_LOSSES:
        edges = np.quantile(y, np.linspace(0, 1, max(2, n_targets) + 1)[1:-1])
        estimator, y = GDClassifier, np.digitize(y, edges)
    smooth = {**LOSSES, **CLASSIFICATION_LOSSES}[loss].smooth
    given = parameters_for(solver, optimizer, penalty, schedule, average, 0.02)
    model = estimator(loss, max_iter=EPOCHS[smooth], **given)
    X = STORAGES[storage](X)
    fits(model, X, y, weights if weighted else None, TOLERANCE[dtype], ["compiled", "interpreted"])


def test_the_engines_are_chosen_for_what_they_are_made_for():
    X, y, weights = make_data()
    for form, solver, expected in (
        ("compiled", "batch", Moments),
        ("compiled", "stochastic", Compiled),
        ("compiled", "mini-batch", Compiled),
        ("interpreted", "batch", Moments),
        ("interpreted", "mini-batch", Compiled),
    ):
        _, fast = fits(GDRegressor(solver=solver, random_state=0), X, y, weights, 1e-9, [form])
        assert len(fast) == 1 and issubclass(next(iter(fast)), expected)


# these go to the same minimum in ways of their own
OTHER_WAYS = (Envelope, ConjugateGradients, WorkingSets, Newton, ByBlocks, BlocksAtOnce)


def test_every_engine_and_pace_is_listed_once():
    assert _engines.ENGINES[-1] is Plain
    assert set(_engines.ENGINES) == {*OTHER_WAYS, Moments, Compiled, Jitted, Plain}
    assert set(_engines.PACES) == {Overlapped, Ahead}
    same_as_plain = set(_engines.ENGINES) - set(OTHER_WAYS)
    assert {engine for form in FORMS.values() for engine in form} >= same_as_plain


# Paces ------------------------------------------------------------------------------------------

ENDS = {
    "the last epoch": {"max_iter": 7, "tol": None},
    "a plateau": {"tol": 1e-2, "max_iter": 200},
    "a plateau that lowers the rate": {"schedule": "adaptive", "max_iter": 200},
    "a single epoch": {"max_iter": 1, "tol": None},
    "the validation score": {"early_stopping": True, "max_iter": 200},
    "a divergence": {"learning_rate": 500.0, "schedule": "constant", "max_iter": 200},
}


@pairwise(
    storage=STORAGES,
    solver=["stochastic", "mini-batch"],
    optimizer=["gd", "adam"],
    average=[False, True],
    end=ENDS,
)
def test_overlapped_runs_are_identical(storage, solver, optimizer, average, end):
    X, y, _ = make_data()
    X, models = STORAGES[storage](X), []
    for pace in ("overlapped", None):
        parameters = {"solver": solver, "optimizer": optimizer, "average": average}
        parameters |= {"learning_rate": 0.02, **ENDS[end]}
        model = GDRegressor("huber", warm_start=True, random_state=3, **parameters)
        with using("compiled", pace) as log:
            first = model.fit(X, y).history_
            # an epoch that was begun beyond the end has left no trace in what goes on from here
            model.set_params(max_iter=2, tol=None).fit(X, y)
        assert log.paces[0] == (Overlapped if pace and ENDS[end]["max_iter"] > 1 else None)
        models.append((model, first))
    assert_identical_run(models[0][0], models[1][0])
    for column in set(models[0][1].columns()) - {"seconds"}:
        np.testing.assert_equal(models[0][1][column], models[1][1][column])


@pairwise(
    library=["torch", "jax", "array_api_strict"],
    solver=["batch", "mini-batch"],
    optimizer=[name for name in OVER_ALL_ROWS if name != "nesterov"],
    loss=["squared_error", "huber"],
    parameters=[
        {"tol": 0.1},
        {"tol": None},
        {"average": True},
        {"average": 7},
        {"penalty": "l1", "alpha": 0.1},
        {"standardize": True},
        {"learning_rate": 30.0},
    ],
    indirect=["library"],
)
def test_runs_ahead_are_identical(library, solver, optimizer, loss, parameters):
    make, (X, y, _), models = library, make_data(), []
    for epochs_at_once in (10, 1):
        given = {"schedule": "constant", "learning_rate": 0.02, "batch_size": 16, **parameters}
        model = GDRegressor(loss, solver=solver, optimizer=optimizer, max_iter=25, **given)
        model.set_params(warm_start=True, store_path=True, random_state=0)
        with using(None, "ahead", epochs_at_once=epochs_at_once) as log:
            model.fit(make(X), make(y)).fit(make(X), make(y))
        assert log.paces[0] == (Ahead if epochs_at_once > 1 else None)
        models.append(model)
    assert_identical_run(*models)
    random = [model._state["rng"].get_state(legacy=False)["state"] for model in models]
    np.testing.assert_array_equal(random[0]["key"], random[1]["key"])
    assert random[0]["pos"] == random[1]["pos"]


JITTED = {
    "solver": ["stochastic", "mini-batch"],
    "optimizer": OVER_ALL_ROWS,
    "loss": [*LOSSES, *CLASSIFICATION_LOSSES],
    "penalty": PENALTIES,
    "weighted": [False, True, True, False],
}


def assert_jitted_equals_plain(make, solver, optimizer, loss, penalty, weighted):
    X, y, weights = make_data()
    estimator, weights = GDRegressor, weights if weighted else None
    if loss in CLASSIFICATION_LOSSES:
        estimator, y = GDClassifier, np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))
    given = parameters_for(solver, optimizer, penalty, "constant", False, 0.02)
    model = estimator(loss, max_iter=2, **given)
    with using("jitted") as log:
        jitted = model.fit(make(X), make(y), None if weights is None else make(weights))
    assert log.engines == [Jitted]
    with using("plain"):
        plain = clone(model).fit(X, y, weights)
    assert_same_run(jitted.to_numpy(), plain, 1e-9)


# JAX compiles each row anew, which takes a second
@pytest.mark.parametrize("library", ["jax"], indirect=True)
@each_once(**JITTED)
def test_jitted_epochs_equal_plain(library, solver, optimizer, loss, penalty, weighted):
    assert_jitted_equals_plain(library, solver, optimizer, loss, penalty, weighted)


@pytest.mark.full
@pytest.mark.parametrize("library", ["jax"], indirect=True)
@covering(**JITTED)
def test_jitted_epochs_equal_plain_in_all_pairs(
    library, solver, optimizer, loss, penalty, weighted
):
    assert_jitted_equals_plain(library, solver, optimizer, loss, penalty, weighted)


@pytest.mark.parametrize("library", ["jax"], indirect=True)
@pytest.mark.parametrize("estimator", [GDRegressor, GDClassifier])
@pytest.mark.parametrize("given", [{}, {"optimizer": "gd"}], ids=str)
def test_automatic_batches_are_jitted_in_their_coordinates(library, estimator, given):
    """Variance reduction by default, and a penalty of scaled columns."""
    X, y, weights = make_data()
    y = np.digitize(y, np.quantile(y, [1 / 3, 2 / 3])) if estimator is GDClassifier else y
    given = {"penalty": "l2", "alpha": 0.1, "preconditioner": "columns", **given}
    model = estimator(solver="mini-batch", max_iter=5, tol=None, random_state=0, **given)
    with using("jitted") as log:
        jitted = model.fit(library(X), library(y), library(weights))
    assert log.engines == [Jitted]
    with using("plain"):
        plain = clone(model).fit(X, y, weights)
    assert_same_run(jitted.to_numpy(), plain, 1e-9)
