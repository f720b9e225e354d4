"""The compiled epoch equals its interpreted twin and the plain loop."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

import gdregress
from gdregress import GDRegressor, compiled, core
from gdregress.losses import LOSSES
from gdregress.optimizers import OPTIMIZERS
from gdregress.penalties import PENALTIES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def interpreted_kernels():
    """_kernels.py run by Python itself."""
    path = Path(gdregress.__file__).parent / "_kernels.py"
    spec = importlib.util.spec_from_file_location("interpreted_kernels", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert not module.COMPILED
    return module


INTERPRETED = interpreted_kernels()


@pytest.fixture(scope="module")
def data():
    """Rows with zeros, an empty row, and positive targets, which suit every loss."""
    rng = np.random.RandomState(0)
    X = rng.randn(23, 5) * (rng.rand(23, 5) < 0.6)
    X[3] = 0
    return X, np.abs(X @ rng.randn(5) + 1 + rng.randn(23)) + 0.1, rng.rand(23)


def fit(engine, monkeypatch, X, y, weights, **parameters):
    """Fit with one of the engines "compiled", "interpreted" and "plain"."""
    calls = []
    kernels = {"compiled": core.kernels, "interpreted": INTERPRETED}.get(engine)
    original = compiled.compiled_epoch

    def epoch(run, state):
        calls.append(engine)
        return original(run, state, kernels)

    with monkeypatch.context() as patch:
        patch.setattr(core, "is_compiled", lambda: engine != "plain")
        patch.setattr(core, "warn_uncompiled", lambda: None)
        patch.setattr(compiled, "compiled_epoch", epoch)
        model = GDRegressor(tol=None, random_state=0, **parameters).fit(X, y, weights)
    assert bool(calls) == (engine != "plain")
    return model


def assert_same(a, b, rtol):
    scale = np.abs(b.coef_).max() + abs(b.intercept_)
    np.testing.assert_allclose(a.coef_, b.coef_, rtol=0, atol=rtol * scale)
    np.testing.assert_allclose(a.intercept_, b.intercept_, rtol=0, atol=rtol * scale)
    assert a.t_ == b.t_


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_all_engines_agree(loss, optimizer, penalty, data, monkeypatch):
    X, y, weights = data
    parameters = {"loss": loss, "optimizer": optimizer, "penalty": penalty, "alpha": 0.05}
    parameters |= {"solver": "mini-batch", "learning_rate": 0.02, "l1_ratio": 0.4}
    parameters = {
        k: v for k, v in parameters.items() if penalty == "elasticnet" or k != "l1_ratio"
    }
    parameters = {k: v for k, v in parameters.items() if penalty or k != "alpha"}
    for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-3)):
        for rows in (X.astype(dtype), sparse.csr_array(X.astype(dtype))):
            for batch_size, s in ((1, None), (4, weights)):
                kw = {**parameters, "batch_size": batch_size, "max_iter": 2}
                plain = fit("plain", monkeypatch, rows, y, s, **kw)
                assert_same(fit("compiled", monkeypatch, rows, y, s, **kw), plain, rtol)
                # the twin computes in double precision throughout
                if dtype == np.float64:
                    assert_same(fit("interpreted", monkeypatch, rows, y, s, **kw), plain, rtol)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1), (10, 33)])
@pytest.mark.parametrize("optimizer", ["gd", "adam"])
def test_odd_shapes(optimizer, shape, batch_size, monkeypatch):
    rng = np.random.RandomState(1)
    X, y = rng.randn(*shape), rng.randn(shape[0])
    for rows in (X, sparse.csr_array(X)):
        kw = {"solver": "mini-batch", "batch_size": batch_size, "optimizer": optimizer}
        kw |= {"learning_rate": 0.01, "max_iter": 3}
        plain = fit("plain", monkeypatch, rows, y, None, **kw)
        assert_same(fit("compiled", monkeypatch, rows, y, None, **kw), plain, 1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("index_type", [np.int32, np.int64])
def test_unsorted_and_duplicate_indices(index_type, fit_intercept, monkeypatch):
    indices = np.array([2, 0, 1, 1, 0], dtype=index_type)
    indptr = np.array([0, 2, 4, 5], dtype=index_type)
    X = sparse.csr_array((np.array([1.0, 2.0, 3.0, 4.0, 5.0]), indices, indptr), shape=(3, 3))
    y = np.array([1.0, -1.0, 2.0])
    kw = {"solver": "stochastic", "optimizer": "gd", "learning_rate": 0.01, "max_iter": 4}
    kw |= {"penalty": "elasticnet", "alpha": 0.1, "fit_intercept": fit_intercept}
    sparse_fit = fit("compiled", monkeypatch, X, y, None, **kw)
    assert_same(sparse_fit, fit("plain", monkeypatch, X.toarray(), y, None, **kw), 1e-12)


def test_lazy_shrinkage_over_many_magnitudes(monkeypatch):
    """A penalty so strong that the product of all shrinkages overflows within one epoch."""
    rng = np.random.RandomState(0)
    X = sparse.random_array((3000, 20), density=0.05, rng=rng, format="csr")
    y = rng.randn(3000)
    kw = {"solver": "stochastic", "optimizer": "gd", "penalty": "elasticnet", "alpha": 2.0}
    kw |= {"learning_rate": 0.5, "schedule": "constant", "max_iter": 1, "l1_ratio": 0.01}
    plain = fit("plain", monkeypatch, X, y, None, **kw)
    assert_same(fit("compiled", monkeypatch, X, y, None, **kw), plain, 1e-11)


def test_schedules_reach_every_update(monkeypatch):
    rng = np.random.RandomState(0)
    X, y = rng.randn(50, 3), rng.randn(50)
    for schedule in ("invscaling", "cosine", "one-cycle", "step", lambda count: 1 / (1 + count)):
        kw = {"solver": "stochastic", "optimizer": "gd", "learning_rate": 0.01, "max_iter": 3}
        plain = fit("plain", monkeypatch, X, y, None, schedule=schedule, **kw)
        fast = fit("compiled", monkeypatch, X, y, None, schedule=schedule, **kw)
        assert_same(fast, plain, 1e-12)
        assert fast.history_["learning_rate"] == pytest.approx(plain.history_["learning_rate"])


def test_says_once_that_it_is_not_compiled(monkeypatch):
    monkeypatch.setattr(core, "kernels", None)
    monkeypatch.setattr(core, "_warned", False)
    X, y = np.arange(10.0)[:, None] / 10, np.arange(10.0)
    model = GDRegressor(solver="stochastic", random_state=0)
    with pytest.warns(RuntimeWarning, match="without its compiled core"):
        slow = model.fit(X, y).coef_
    assert np.isfinite(slow).all()
