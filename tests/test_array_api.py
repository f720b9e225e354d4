"""Arrays of other libraries: the same numbers, in the library and on the device of X."""

from importlib.util import find_spec

import array_api_strict
import numpy as np
import pytest
from array_api_compat import array_namespace
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDRegressor
from gdregress.losses import LOSSES
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import Box

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def strict(array, **given):
    return array_api_strict.asarray(array, **given)


def torch(array):
    import torch

    return torch.asarray(array)


LIBRARIES = [
    pytest.param(strict, id="array_api_strict"),
    pytest.param(
        torch,
        id="torch",
        marks=pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed"),
    ),
]


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


def assert_equals_numpy(library, X=None, y=None, weights=None, rtol=1e-10, **parameters):
    X, y = make_data() if X is None else (X, y)
    given = {"max_iter": 6, "tol": None, "random_state": 0, **parameters}
    expected = GDRegressor(**given).fit(X, y, weights)
    model = GDRegressor(**given)
    model.fit(library(X), library(y), None if weights is None else library(weights))
    assert_allclose(as_numpy(model.coef_), expected.coef_, rtol=rtol, atol=1e-13)
    assert_allclose(as_numpy(model.intercept_), expected.intercept_, rtol=rtol, atol=1e-13)
    assert_allclose(model.loss_curve_, expected.loss_curve_, rtol=rtol)
    assert array_namespace(model.coef_) is array_namespace(library(X))
    predicted = model.predict(library(X))
    assert array_namespace(predicted) is array_namespace(library(X))
    assert_allclose(as_numpy(predicted), expected.predict(X), rtol=rtol, atol=1e-12)
    assert_allclose(model.score(library(X), library(y)), expected.score(X, y), rtol=rtol)
    return model


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_equals_numpy(library, solver, optimizer):
    given = {"batch_size": 16} if solver == "mini-batch" else {}
    assert_equals_numpy(library, solver=solver, optimizer=optimizer, **given)


@pytest.mark.parametrize("library", LIBRARIES)
def test_stochastic_equals_numpy(library):
    assert_equals_numpy(library, solver="stochastic", max_iter=2)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_equals_numpy_for_every_loss(library, loss):
    X, y = make_data()
    y = np.exp(y / 4) if LOSSES[loss].link == "log" else y
    assert_equals_numpy(library, X, y, loss=loss)


@pytest.mark.parametrize(
    "parameters",
    [
        {"penalty": "l1", "alpha": 0.1},
        {"penalty": "l2", "alpha": 0.1},
        {"penalty": "elasticnet", "alpha": 0.1},
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
@pytest.mark.parametrize("library", LIBRARIES)
def test_equals_numpy_with_other_parameters(library, parameters):
    assert_equals_numpy(library, **parameters)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_equals_numpy_with_weights(library, solver, standardize):
    X, y = make_data()
    weights = np.arange(50.0) % 4
    assert_equals_numpy(library, X, y, weights, solver=solver, standardize=standardize)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_equals_numpy_for_several_targets(library, solver):
    X, y = make_data()
    model = assert_equals_numpy(library, X, np.column_stack([y, y**2]), solver=solver)
    assert array_namespace(model.intercept_) is array_namespace(library(X))
    assert tuple(model.coef_.shape) == (2, 3)


@pytest.mark.parametrize("library", LIBRARIES)
def test_more_columns_than_are_decomposed(library):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(30, 600))
    assert_equals_numpy(library, X, X[:, 0], rtol=1e-8)


@pytest.mark.parametrize("library", LIBRARIES)
def test_converges_like_numpy(library):
    X, y = make_data()
    expected = GDRegressor().fit(X, y)
    model = GDRegressor().fit(library(X), library(y))
    assert model.n_iter_ == expected.n_iter_
    assert model.stop_reason_ == "tolerance"
    assert_allclose(as_numpy(model.coef_), expected.coef_, rtol=1e-9)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_float32_is_kept(library, solver):
    X, y = make_data(dtype=np.float32)
    model = GDRegressor(solver=solver, max_iter=4).fit(library(X), library(y))
    assert "float32" in str(model.coef_.dtype)
    assert "float32" in str(model.predict(library(X)).dtype)


@pytest.mark.parametrize("library", LIBRARIES)
def test_numbers_about_the_fit_are_those_of_python(library):
    X, y = make_data()
    model = GDRegressor(max_iter=4).fit(library(X), library(y))
    assert type(model.intercept_) is float
    assert type(model.learning_rate_) is float
    assert type(model.score(library(X), library(y))) is float
    assert {type(value) for value in model.loss_curve_} == {float}


@pytest.mark.parametrize("library", LIBRARIES)
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
@pytest.mark.parametrize("library", LIBRARIES)
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


@pytest.mark.parametrize("library", LIBRARIES)
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


@pytest.mark.parametrize("library", LIBRARIES)
def test_in_a_pipeline(library):
    X, y = make_data()
    model = make_pipeline(StandardScaler(), GDRegressor()).fit(library(X), library(y))
    predicted = as_numpy(model.predict(library(X)))
    expected = make_pipeline(StandardScaler(), GDRegressor()).fit(X, y).predict(X)
    assert_allclose(predicted, expected, rtol=1e-9)
    assert_allclose(model.score(library(X), library(y)), r2_score(y, expected), rtol=1e-9)


@pytest.mark.parametrize("library", LIBRARIES)
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


@pytest.mark.parametrize("library", LIBRARIES)
def test_to_sklearn_is_in_numpy(library):
    X, y = make_data()
    model = GDRegressor().fit(library(X), library(y))
    linear = model.to_sklearn()
    assert isinstance(linear.coef_, np.ndarray)
    assert_allclose(linear.predict(X), as_numpy(model.predict(library(X))), rtol=1e-12)


def test_without_dispatch_everything_becomes_numpy():
    X, y = make_data()
    with config_context(array_api_dispatch=False):
        model = GDRegressor().fit(torch(X) if find_spec("torch") else X.tolist(), y)
        assert isinstance(model.coef_, np.ndarray)
        assert isinstance(model.predict(X), np.ndarray)
