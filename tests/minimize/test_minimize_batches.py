"""`minimize` over batches of rows equals the estimators on the same model."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gdregress import GDRegressor, minimize
from gdregress.samplers import MiniBatch, Stochastic

RNG = np.random.RandomState(0)
X = np.column_stack([RNG.normal(size=(70, 3)), np.ones(70)])
Y = X @ np.array([1.0, -2.0, 0.5, 3.0]) + 0.1 * RNG.normal(size=70)


def squared_error(w, batch):
    residual = X[batch] @ w - Y[batch]
    return residual @ residual / (2 * len(batch))


def slope(w, batch):
    return X[batch].T @ (X[batch] @ w - Y[batch]) / len(batch)


def descend(fun=squared_error, start=None, **parameters):
    given = {"jac": slope, "n_samples": 70, "learning_rate": 0.05, "max_iter": 8, "tol": None}
    start = np.zeros(4) if start is None else start
    return minimize(fun, start, **{**given, "random_state": 3, **parameters})


@pytest.mark.filterwarnings("ignore:momentum=0.9 has no effect")
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "nesterov", "adam"])
@pytest.mark.parametrize(
    ("solver", "sampler"),
    [
        ("batch", "batch"),
        ("stochastic", "stochastic"),
        ("mini-batch", "mini-batch"),
        ("mini-batch", MiniBatch(32)),
    ],
    ids=str,
)
def test_follows_the_path_of_the_regressor(solver, sampler, optimizer):
    model = GDRegressor(
        fit_intercept=False,
        solver=solver,
        optimizer=optimizer,
        momentum=0.9,
        learning_rate=0.05,
        schedule="constant",
        max_iter=8,
        tol=None,
        store_path=True,
        random_state=3,
        **({"batch_size": 32} if solver == "mini-batch" else {}),
    )
    model.fit(X, Y)
    result = descend(sampler=sampler, optimizer=optimizer)
    assert_allclose(result.path, model.history_.coef, rtol=1e-11, atol=1e-13)
    assert_allclose(result.history["objective"], model.history_["objective"], rtol=1e-10)
    assert result.history["t"] == model.history_["t"]


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_models_of_other_libraries(library, request):
    given = request.getfixturevalue(library)
    asarray = given.asarray if library == "torch" else given.numpy.asarray
    data, target, start = asarray(X), asarray(Y), asarray(np.zeros(4))

    def fun(w, batch):
        residual = data[batch] @ w - target[batch]
        return (residual**2).mean() / 2

    result = descend(fun, start, jac=None, sampler="mini-batch")
    assert type(result.x) is type(start)
    expected = descend(sampler="mini-batch")
    assert_allclose(np.asarray(result.path), expected.path, rtol=0, atol=1e-12)


@pytest.mark.parametrize("jac", [True, None])
def test_other_means_of_differentiation(jac):
    def both(w, batch):
        return squared_error(w, batch), slope(w, batch)

    result = descend(both if jac else squared_error, jac=jac, sampler="mini-batch")
    expected = descend(sampler="mini-batch")
    assert_allclose(result.path, expected.path, rtol=0, atol=1e-12 if jac else 1e-5)


def test_every_row_is_seen_once_in_an_epoch():
    seen = []

    def jac(w, batch):
        seen.append(batch)
        return slope(w, batch)

    descend(jac=jac, sampler=Stochastic(), max_iter=1)
    single = [batch for batch in seen if len(batch) == 1]
    assert_array_equal(np.sort(np.concatenate(single)), np.arange(70))
    assert {batch.dtype.kind for batch in seen} == {"i"}
    whole = [batch for batch in seen if len(batch) != 1]
    assert all(len(batch) == 70 for batch in whole)


def test_arguments_come_after_the_batch():
    result = minimize(
        lambda x, batch, shift: np.mean((x - Y[batch] - shift) ** 2),
        0.0,
        (2.0,),
        jac=lambda x, batch, shift: 2 * np.mean(x - Y[batch] - shift),
        n_samples=70,
        sampler="batch",
    )
    assert result.x == pytest.approx(Y.mean() + 2.0)


def test_random_state():
    first, second = (descend(sampler="stochastic", random_state=5).x for _ in range(2))
    assert_array_equal(first, second)
    assert not np.array_equal(first, descend(sampler="stochastic", random_state=6).x)


def test_least_squares_is_reached():
    result = descend(
        sampler="mini-batch", schedule="invscaling", learning_rate=0.2, max_iter=2000, tol=1e-3
    )
    assert result.success and result.history["gradient_norm"][-1] <= 1e-3
    assert_allclose(result.x, np.linalg.lstsq(X, Y, rcond=None)[0], atol=2e-3)


def test_noise_is_a_plateau_and_the_best_is_returned():
    result = descend(sampler="stochastic", learning_rate=0.1, max_iter=1000, tol=1e-8)
    assert result.status == 3 and not result.success
    assert "noise of the batches" in result.message
    assert result.fun == min(result.history["objective"])
    assert_array_equal(result.x, result.path[int(np.argmin(result.history["objective"]))])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_samples": None}, "n_samples"),
        ({"learning_rate": "auto"}, "sampler='batch'"),
        ({"learning_rate": "line-search"}, "sampler='batch'"),
        ({"sampler": "rows"}, "sampler"),
        ({"n_samples": 0}, "n_samples"),
        ({"sampler": MiniBatch(0)}, "batch_size"),
        ({"random_state": "seed"}, "random_state"),
    ],
)
def test_errors_name_the_parameter(parameters, message):
    with pytest.raises(ValueError, match=message):
        descend(**{"sampler": "stochastic", **parameters})
