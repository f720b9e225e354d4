"""Arrays of other libraries: the same numbers, in the library and on the device of X."""

import pickle
from contextlib import nullcontext

import array_api_strict
import numpy as np
import pytest
from array_api_compat import array_namespace, is_jax_array
from components import OVER_ALL_ROWS
from grids import pairwise
from harness import on_an_accelerator
from libraries import array_functions, needed_version
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.components import build_components
from gdregress._estimator.input.data import read_in_place
from gdregress.losses import LOSSES
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import Box
from gdregress.schedules import SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def strict(array, **given):
    return array_api_strict.asarray(array, **given)


ALL = ["array_api_strict", "torch", "jax", "torch elsewhere", "jax elsewhere"]


@pytest.fixture(params=ALL)
def library(request):
    """Function to an array of a library; "elsewhere" as if on an accelerator."""
    name, _, elsewhere = request.param.partition(" ")
    if name == "jax":
        request.getfixturevalue("jax")  # in double precision
    functions = array_functions(name)
    with on_an_accelerator() if elsewhere else nullcontext():
        yield functions.asarray


@pytest.fixture(autouse=True)
def dispatch():
    with config_context(array_api_dispatch=True):
        yield


def make_data(n=50, p=3, dtype=float):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) + 0.5
    y = X @ np.linspace(1, -2, p) + 1 + 0.5 * rng.normal(size=n)
    return X.astype(dtype), y.astype(dtype)


def as_numpy(array):
    if isinstance(array, (float, np.ndarray)):
        return array
    return np.from_dlpack(array)


# What other libraries run as well: no metric of the moments, no envelopes.
COMMON = {"preconditioner": "columns"}
EPOCHS = 30
EPOCHS_OF_BATCHES = 10  # operation by operation, as JAX runs them


def common_rate(smooth):
    return {} if smooth else {"learning_rate": 0.1, "preconditioner": None}


def assert_equals_numpy(library, X=None, y=None, weights=None, rtol=1e-10, **parameters):
    X, y = make_data() if X is None else (X, y)
    epochs = EPOCHS if parameters.get("solver", "batch") == "batch" else EPOCHS_OF_BATCHES
    given = {"max_iter": epochs, "tol": None, "random_state": 0, **COMMON, **parameters}
    expected = GDRegressor(**given).fit(X, y, weights)
    model = GDRegressor(**given)
    model.fit(library(X), library(y), None if weights is None else library(weights))
    assert_allclose(as_numpy(model.coef_), expected.coef_, rtol=rtol, atol=1e-13)
    assert_allclose(as_numpy(model.intercept_), expected.intercept_, rtol=rtol, atol=1e-13)
    noise = 1e-13 * expected.history_["objective"][0]
    assert_allclose(model.loss_curve_, expected.loss_curve_, rtol=rtol, atol=noise)
    assert array_namespace(model.coef_) is array_namespace(library(X))
    predicted = model.predict(library(X))
    assert array_namespace(predicted) is array_namespace(library(X))
    assert_allclose(as_numpy(predicted), expected.predict(X), rtol=rtol, atol=1e-12)
    assert_allclose(model.score(library(X), library(y)), expected.score(X, y), rtol=rtol)
    return model


@pairwise(
    indirect=["library"], library=ALL, solver=["batch", "mini-batch"], optimizer=OVER_ALL_ROWS
)
def test_equals_numpy(library, solver, optimizer):
    given = {"batch_size": 16} if solver == "mini-batch" else {}
    if OPTIMIZERS[optimizer].adaptive and solver == "batch":
        given["max_iter"] = 20  # later it swings about the minimum, and rounding decides where to
    assert_equals_numpy(library, solver=solver, optimizer=optimizer, **given)


def test_stochastic_equals_numpy(library):
    assert_equals_numpy(library, solver="stochastic", max_iter=2)


@pytest.mark.parametrize("loss", LOSSES)
def test_equals_numpy_for_every_loss(library, loss):
    X, y = make_data()
    y = np.exp(y / 4) if LOSSES[loss].link == "log" else y
    assert_equals_numpy(library, X, y, loss=loss, **common_rate(LOSSES[loss].smooth))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_equals_numpy_for_every_schedule(library, schedule):
    assert_equals_numpy(library, solver="mini-batch", schedule=schedule, batch_size=16)


@pairwise(
    indirect=["library"],
    library=ALL,
    solver=["batch", "mini-batch"],
    loss=CLASSIFICATION_LOSSES,
    n_classes=[2, 3],
)
def test_classes_equal_numpy(library, solver, loss, n_classes):
    X, y = make_data()
    y = (y > 0).astype(int) + (y > 2) * (n_classes == 3)
    epochs = EPOCHS if solver == "batch" else EPOCHS_OF_BATCHES
    given = {"loss": loss, "solver": solver, "max_iter": epochs, "tol": None, "random_state": 0}
    given |= COMMON | common_rate(CLASSIFICATION_LOSSES[loss].smooth)
    expected = GDClassifier(**given).fit(X, y)
    model = GDClassifier(**given).fit(library(X), library(y))
    assert_allclose(as_numpy(model.coef_), expected.coef_, rtol=1e-8, atol=1e-10)
    assert_allclose(model.loss_curve_, expected.loss_curve_, rtol=1e-10)
    for array in (model.coef_, model.intercept_, model.classes_, model.predict(library(X))):
        assert array_namespace(array) is array_namespace(library(X))
    assert_allclose(as_numpy(model.predict(library(X))), expected.predict(X))
    if loss in ("log_loss", "modified_huber"):
        probability = as_numpy(model.predict_proba(library(X)))
        assert_allclose(probability, expected.predict_proba(X), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "parameters",
    [
        {"penalty": "l1", "alpha": 0.1, "optimizer": "nesterov"},
        {"penalty": "l2", "alpha": 0.1},
        {"penalty": "elasticnet", "alpha": 0.1, "optimizer": "nesterov"},
        {"penalty": Box(-1, [0.5, 0.5, 1.0])},
        {"standardize": True},
        {"standardize": True, "fit_intercept": False},
        {"fit_intercept": False},
        {"average": True},
        {"early_stopping": True},
        {"learning_rate": "line-search"},
        {"schedule": "cosine"},
        {"optimizer": "adam", "penalty": "l1", "alpha": 0.1},
        {"store_path": True},
    ],
    ids=str,
)
def test_equals_numpy_with_other_parameters(library, parameters):
    assert_equals_numpy(library, **parameters)


@pairwise(
    indirect=["library"], library=ALL, solver=["batch", "mini-batch"], standardize=[False, True]
)
def test_equals_numpy_with_weights(library, solver, standardize):
    X, y = make_data()
    weights = np.arange(50.0) % 4
    assert_equals_numpy(library, X, y, weights, solver=solver, standardize=standardize)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_equals_numpy_for_several_targets(library, solver):
    X, y = make_data()
    model = assert_equals_numpy(library, X, np.column_stack([y, y**2]), solver=solver)
    assert array_namespace(model.intercept_) is array_namespace(library(X))
    assert tuple(model.coef_.shape) == (2, 3)


def test_more_columns_than_are_decomposed(library):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(30, 600))
    assert_equals_numpy(library, X, X[:, 0], rtol=1e-8)


def test_converges_like_numpy(library):
    X, y = make_data()
    expected = GDRegressor().fit(X, y)
    model = GDRegressor().fit(library(X), library(y))
    assert model.n_iter_ == expected.n_iter_
    assert model.stop_reason_ == "tolerance"
    assert_allclose(as_numpy(model.coef_), expected.coef_, rtol=1e-9)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_float32_is_kept(library, solver):
    X, y = make_data(dtype=np.float32)
    model = GDRegressor(solver=solver, max_iter=4).fit(library(X), library(y))
    assert "float32" in str(model.coef_.dtype)
    assert "float32" in str(model.predict(library(X)).dtype)


def test_numbers_about_the_fit_are_those_of_python(library):
    X, y = make_data()
    model = GDRegressor(max_iter=4).fit(library(X), library(y))
    assert type(model.intercept_) is float
    assert type(model.learning_rate_) is float
    assert type(model.score(library(X), library(y))) is float
    assert {type(value) for value in model.loss_curve_} == {float}


def test_y_and_weights_follow_X(library):
    X, y = make_data()
    weights = np.arange(1.0, 51.0)
    expected = GDRegressor().fit(X, y, weights)
    model = GDRegressor().fit(library(X), y, weights)
    assert array_namespace(model.coef_) is array_namespace(library(X))
    assert_allclose(as_numpy(model.coef_), expected.coef_, rtol=1e-9)
    other = GDRegressor().fit(X, library(y), library(weights))
    assert isinstance(other.coef_, np.ndarray)
    assert_allclose(other.coef_, expected.coef_, rtol=1e-9)


@pytest.mark.parametrize("method", ["predict", "score"])
def test_another_library_at_prediction_is_a_clear_error(library, method):
    X, y = make_data()
    for fitted, given in ((library, np.asarray), (np.asarray, library)):
        model = GDRegressor().fit(fitted(X), fitted(y))
        arguments = (given(X),) if method == "predict" else (given(X), given(y))
        with pytest.raises(ValueError, match="must use the same namespace"):
            getattr(model, method)(*arguments)


def test_another_device_at_prediction_is_a_clear_error():
    X, y = make_data()
    device = array_api_strict.Device("device1")
    model = GDRegressor().fit(strict(X, device=device), strict(y, device=device))
    assert model.coef_.device == device
    assert model.predict(strict(X, device=device)).device == device
    with pytest.raises(ValueError, match="same device"):
        model.predict(strict(X))


def test_warm_start_and_partial_fit(library):
    X, y = make_data()
    given = {"learning_rate": 0.05, "optimizer": "adam", "tol": None}
    whole = GDRegressor(max_iter=6, **given).fit(library(X), library(y))
    model = GDRegressor(max_iter=3, warm_start=True, **given)
    model.fit(library(X), library(y)).fit(library(X), library(y))
    assert_allclose(as_numpy(model.coef_), as_numpy(whole.coef_), rtol=1e-14)
    model.partial_fit(library(X), library(y))
    whole = GDRegressor(max_iter=7, **given).fit(X, y)
    assert_allclose(as_numpy(model.coef_), whole.coef_, rtol=1e-10)
    model.fit(X, y)
    assert isinstance(model.coef_, np.ndarray)


def test_a_warm_start_may_change_the_library(library):
    X, y = make_data()
    model = GDRegressor(standardize=True, warm_start=True)
    params = model.fit(library(X), library(y)).coef_
    assert_allclose(model.fit(X, y).coef_, as_numpy(params), rtol=1e-4)
    model.fit(library(X), library(y))
    assert array_namespace(model.coef_) is array_namespace(library(X))


@pytest.mark.filterwarnings("error")
def test_classes_in_jax_without_double_precision(jax):
    X, y = make_data()
    with jax.enable_x64(False):
        X, y = jax.numpy.asarray(X), jax.numpy.asarray(y > 0, dtype=int)
        for classes in (2, 3):
            labels = y + (classes == 3) * (X[:, 0] > 0)
            model = GDClassifier(max_iter=2, tol=None).fit(X, labels)
            assert 0.5 < model.score(X, labels) <= 1
            assert model.coef_.dtype == "float32"


def test_in_a_pipeline(library):
    X, y = make_data()
    needed_version("scikit-learn", "1.8")  # StandardScaler takes arrays of other libraries
    # it writes into them, which those of JAX refuse
    first = FunctionTransformer() if is_jax_array(library(X)) else StandardScaler()
    model = make_pipeline(first, GDRegressor()).fit(library(X), library(y))
    predicted = as_numpy(model.predict(library(X)))
    expected = make_pipeline(clone(first), GDRegressor()).fit(X, y).predict(X)
    assert_allclose(predicted, expected, rtol=1e-9)
    assert_allclose(model.score(library(X), library(y)), r2_score(y, expected), rtol=1e-9)


def test_errors_are_those_of_numpy(library):
    X, y = make_data()
    with pytest.raises(ValueError, match=r"y\[\d+\] = "):
        GDRegressor("poisson").fit(library(X), library(y))
    X[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        GDRegressor().fit(library(X), library(y))
    X, y = make_data()
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        GDRegressor().fit(library(X), library(y), library(-np.ones(50)))


def test_to_sklearn_is_in_numpy(library):
    X, y = make_data()
    model = GDRegressor().fit(library(X), library(y))
    linear = model.to_sklearn()
    assert isinstance(linear.coef_, np.ndarray)
    assert_allclose(linear.predict(X), as_numpy(model.predict(library(X))), rtol=1e-12)


def test_without_dispatch_everything_becomes_numpy(torch):
    X, y = make_data()
    with config_context(array_api_dispatch=False):
        model = GDRegressor().fit(torch.asarray(X), y)
        assert isinstance(model.coef_, np.ndarray)
        assert isinstance(model.predict(X), np.ndarray)


def test_to_numpy_predicts_for_numpy(library):
    X, y = make_data()
    given = {"solver": "mini-batch", "optimizer": "adam", "average": True, "store_path": True}
    model = GDRegressor(max_iter=5, random_state=0, **given).fit(library(X), library(y))
    moved = model.to_numpy()
    assert isinstance(moved.coef_, np.ndarray)
    assert isinstance(moved.history_.coef[-1], np.ndarray)
    assert array_namespace(model.coef_) is array_namespace(library(X))
    assert_allclose(moved.predict(X), as_numpy(model.predict(library(X))), rtol=1e-14)
    moved.partial_fit(X, y)
    model.partial_fit(library(X), library(y))
    assert_allclose(moved.coef_, as_numpy(model.coef_), rtol=1e-10)


def test_to_numpy_of_classes(library):
    X, y = make_data()
    model = GDClassifier().fit(library(X), library((y > 0).astype(int)))
    moved = model.to_numpy()
    assert isinstance(moved.classes_, np.ndarray) and isinstance(moved.predict(X), np.ndarray)
    assert_allclose(moved.predict(X), as_numpy(model.predict(library(X))))


def test_pickles_hold_the_fit(library):
    X, y = make_data()
    if array_namespace(library(X)) is array_api_strict:
        needed_version("array-api-strict", "2.5")  # whose arrays can be pickled
    model = GDRegressor(solver="mini-batch", max_iter=3, tol=None).fit(library(X), library(y))
    loaded = pickle.loads(pickle.dumps(model))
    assert array_namespace(loaded.coef_) is array_namespace(model.coef_)
    assert_allclose(as_numpy(loaded.predict(library(X))), as_numpy(model.predict(library(X))))


def test_a_pickle_from_another_device_is_loaded_without_it():
    needed_version("array-api-strict", "2.5")  # whose arrays can be pickled
    X, y = make_data()
    device = array_api_strict.Device("device1")
    given = {"optimizer": "adam", "average": True, "store_path": True}
    model = GDRegressor(max_iter=3, tol=None, **given)
    model.fit(strict(X, device=device), strict(y, device=device))
    loaded = pickle.loads(pickle.dumps(model))
    cpu = array_api_strict.Device("CPU_DEVICE")
    assert loaded.coef_.device == loaded.history_.coef[1].device == cpu
    assert loaded._state["params"].device == loaded._state["memory"]["first_moment"].device == cpu
    assert model.coef_.device == device
    assert_allclose(as_numpy(loaded.predict(strict(X))), model.to_numpy().predict(X))


@pytest.mark.parametrize("library", ["torch", "jax"], indirect=True)
def test_the_core_reads_their_memory_in_place(library):
    X, y = (library(array) for array in make_data())
    data, _ = read_in_place((X, y, None), build_components(GDRegressor()))
    assert np.shares_memory(data[0], np.from_dlpack(X))
    assert np.shares_memory(data[1], np.from_dlpack(y))


def test_lists_beside_arrays_follow_them(library):
    X, y = make_data()
    weights = np.arange(1.0, 51.0)
    expected = GDRegressor().fit(X, y, weights)
    model = GDRegressor().fit(library(X), y.tolist(), weights.tolist())
    assert_allclose(as_numpy(model.coef_), expected.coef_, rtol=1e-9)


def test_complex_numbers_are_refused(library):
    X, y = make_data()
    with pytest.raises(ValueError, match="Complex data not supported"):
        GDRegressor().fit(library(X + 1j), library(y))


class TestTensors:
    @pytest.mark.parametrize("elsewhere", [False, True])
    def test_that_ask_for_gradients(self, elsewhere, torch):
        X, y = make_data()
        asking = [torch.asarray(array).requires_grad_() for array in (X, y, np.ones(50))]
        with on_an_accelerator() if elsewhere else nullcontext():
            model = GDRegressor().fit(*asking)
        assert not model.coef_.requires_grad
        assert not model.predict(asking[0]).requires_grad
        assert_allclose(as_numpy(model.coef_), GDRegressor().fit(X, y).coef_, rtol=1e-9)

    @pytest.mark.parametrize("solver", ["batch", "mini-batch"])
    @pytest.mark.parametrize("which", ["X", "y", "weights", "all"])
    def test_whose_change_of_sign_is_put_off(self, which, solver, torch):
        """The imaginary part of a conjugate is stored with the other sign, and a flag."""
        X, y = (torch.asarray(array) for array in make_data())
        data = {"X": X, "y": y, "weights": torch.linspace(1, 2, 50, dtype=torch.float64)}
        lazy = {k: torch.complex(a, -a).conj().imag for k, a in data.items()}
        assert all(lazy[k].is_neg() and torch.equal(lazy[k], data[k]) for k in data)
        given = lazy if which == "all" else {**data, which: lazy[which]}
        model = GDRegressor(solver=solver, random_state=0).fit(*given.values())
        expected = GDRegressor(solver=solver, random_state=0).fit(*data.values())
        assert torch.equal(model.coef_, expected.coef_)
        assert torch.equal(model.predict(given["X"]), expected.predict(X))
        assert model.score(*given.values()) == expected.score(*data.values())
        with config_context(array_api_dispatch=False):
            model = GDRegressor(solver=solver, random_state=0).fit(*given.values())
        assert_allclose(model.coef_, expected.to_numpy().coef_, rtol=1e-12)

    def test_that_are_sparse(self, torch):
        X, y = make_data()
        with pytest.raises(ValueError, match="sparse tensor"):
            GDRegressor().fit(torch.asarray(X).to_sparse(), torch.asarray(y))
