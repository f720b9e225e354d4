"""A loss given as a function: PyTorch or JAX differentiates it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import config_context
from sklearn.base import clone

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import SquaredError
from gdregress.losses.from_function import CallableLoss

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 3))
Y = X @ np.array([1.0, -2.0, 0.5]) + 1 + 0.3 * RNG.normal(size=60)


@pytest.fixture(autouse=True)
def dispatch():
    with config_context(array_api_dispatch=True):
        yield


@pytest.fixture(params=["torch", "jax"])
def library(request):
    """The array functions of a library, those of JAX in double precision."""
    module = request.getfixturevalue(request.param)
    return module if request.param == "torch" else module.numpy


def as_library(xp):
    return xp.asarray(X), xp.asarray(Y)


def log_cosh(xp):
    return lambda y, z: xp.log(xp.cosh(z - y))


@pytest.mark.parametrize("optimizer", ["gd", "nesterov", "adam"])
@pytest.mark.parametrize("solver", ["batch", "mini-batch", "stochastic"])
def test_equals_the_built_in_loss(library, solver, optimizer):
    given = {"solver": solver, "optimizer": optimizer, "learning_rate": 0.1, "penalty": "l2"}
    given |= {"max_iter": 10, "tol": None, "random_state": 0}
    expected = GDRegressor("log_cosh", **given).fit(X, Y)
    model = GDRegressor(log_cosh(library), **given).fit(*as_library(library))
    assert type(model.coef_) is type(as_library(library)[0])
    assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-10)
    assert_allclose(model.loss_curve_, expected.loss_curve_, rtol=1e-10)


def test_gradient_is_that_of_the_value(library):
    loss = CallableLoss(lambda y, z: (z - y) ** 4 / 4 + z)
    y, z = library.asarray(Y), library.asarray(Y[::-1].copy())
    assert_allclose(np.asarray(loss.gradient(y, z)), np.asarray((z - y) ** 3 + 1), rtol=1e-13)


def test_begins_at_the_best_constant(library):
    X, y = as_library(library)
    expected = GDRegressor("log_cosh").fit(*as_library(np)).history_["objective"][0]
    model = GDRegressor(log_cosh(library)).fit(X, y)
    assert model.history_["objective"][0] == pytest.approx(expected, rel=1e-4)


def test_so_it_does_for_each_of_many_classes(library):
    X, _ = as_library(library)
    codes = np.digitize(Y, [0.0, 2.0])
    one = {"max_iter": 1, "tol": None}
    expected = GDClassifier("squared_hinge", **one).fit(X, library.asarray(codes))
    own = GDClassifier(lambda y, z: library.clip(1 - y * z, 0, None) ** 2, **one)
    model = own.fit(X, library.asarray(codes))
    starts = [m.history_["objective"][0] for m in (model, expected)]
    assert starts[0] == pytest.approx(starts[1], rel=1e-4)


def test_converges_with_the_automatic_rate(library):
    model = GDRegressor(log_cosh(library), tol=1e-9).fit(*as_library(library))
    assert model.stop_reason_ == "tolerance"
    expected = GDRegressor("log_cosh", tol=1e-9).fit(X, Y)
    assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-7)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_single_precision(library, scale, request):
    """JAX knows no other unless it is told so."""
    if library.__name__ == "jax.numpy":
        request.getfixturevalue("jax").config.update("jax_enable_x64", False)
    data, target = (library.asarray(a.astype(np.float32)) for a in (X, scale * Y))
    model = GDRegressor(lambda y, z: (z - y) ** 2 / 2, max_iter=50).fit(data, target)
    assert "float32" in str(model.coef_.dtype)
    expected = GDRegressor(max_iter=50).fit(X, scale * Y)
    assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes(library, n_classes):
    """y is -1 or 1: the log loss written out, for more than two classes each against the rest."""
    y = (Y > 0).astype(int) + (Y > 2) * (n_classes == 3)
    given = {"solver": "mini-batch", "learning_rate": 0.5, "max_iter": 5, "tol": None}
    given |= {"random_state": 0, "schedule": "constant"}
    model = GDClassifier(lambda y, z: library.log1p(library.exp(-y * z)), **given)
    model.fit(library.asarray(X), library.asarray(y))
    for k in range(1 if n_classes == 2 else 3):
        labels = y == (1 if n_classes == 2 else k)
        expected = GDClassifier(**given).fit(X, labels)
        assert_allclose(np.asarray(model.coef_)[k], expected.coef_[0], rtol=1e-10)
    assert not hasattr(model, "predict_proba")


def test_weights_count(library):
    weights = np.arange(60.0) % 3
    model = GDRegressor(log_cosh(library), tol=1e-9)
    model.fit(*as_library(library), library.asarray(weights))
    expected = GDRegressor("log_cosh", tol=1e-9).fit(X, Y, weights)
    assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-7)


def test_a_shape_is_compiled_once(jax):
    """Counted by how often JAX traces the function."""
    traced = 0

    def square(y, z):
        nonlocal traced
        traced += 1
        return (z - y) ** 2 / 2

    data = as_library(jax.numpy)
    given = {"solver": "mini-batch", "batch_size": 20, "learning_rate": 0.1, "tol": None}
    GDRegressor(square, max_iter=1, **given).fit(*data)
    once = traced
    GDRegressor(square, max_iter=1, **given).fit(*data)
    per_fit = traced - once  # the check of its gradient, which is not compiled
    GDRegressor(square, max_iter=10, **given).fit(*data)
    assert traced == once + 2 * per_fit


def test_can_be_cloned():
    model = GDRegressor(log_cosh(np))
    assert clone(model).loss is model.loss


@pytest.mark.parametrize("data", [(X, Y), (X.tolist(), Y.tolist())], ids=["numpy", "lists"])
def test_numpy_is_a_clear_error(data, torch):
    with pytest.raises(TypeError, match="differentiated by PyTorch or JAX"):
        GDRegressor(log_cosh(torch)).fit(*data)


def test_a_mean_is_a_clear_error(library):
    with pytest.raises(ValueError, match="shape of z"):
        GDRegressor(lambda y, z: ((z - y) ** 2).mean()).fit(*as_library(library))


def test_a_class_is_a_clear_error():
    with pytest.raises(ValueError, match=r"must be an instance, CallableLoss\(\)"):
        GDRegressor(CallableLoss).fit(X, Y)


def test_a_loss_that_can_be_called_is_still_a_loss():
    class Callable(SquaredError):
        def __call__(self, y, z):
            return self.value(y, z)

    expected = GDRegressor().fit(X, Y)
    assert_allclose(GDRegressor(Callable()).fit(X, Y).coef_, expected.coef_, rtol=1e-3)
