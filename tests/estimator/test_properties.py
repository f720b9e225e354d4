"""Properties that hold for any data, on data from hypothesis."""

import warnings

import numpy as np
from components import OVER_ALL_ROWS
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy import sparse

from gdregress import DivergenceWarning, GDRegressor
from gdregress.losses import LOSSES
from gdregress.penalties import PENALTIES
from gdregress.samplers import SAMPLERS

SMOOTH = [name for name in LOSSES if LOSSES[name].smooth and LOSSES[name].link == "identity"]
RULES = ["gd", "momentum", "nesterov"]
run = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
numbers = st.floats(-10, 10, allow_subnormal=False, width=32).map(lambda v: round(v, 3))


@st.composite
def data(draw, most_rows=15, most_columns=4):
    """A matrix with zeros and a target that is not constant."""
    n = draw(st.integers(3, most_rows))
    p = draw(st.integers(1, most_columns))
    X = draw(arrays(float, (n, p), elements=st.one_of(st.just(0.0), numbers)))
    y = draw(arrays(float, n, elements=numbers))
    assume(np.ptp(y) > 0.1 and np.abs(X).max() > 0.1)
    return X, y


@st.composite
def settings_of_a_model(draw, losses=tuple(LOSSES), optimizers=tuple(OVER_ALL_ROWS)):
    penalty = draw(st.sampled_from(list(PENALTIES)))
    return {
        "loss": draw(st.sampled_from(losses)),
        "optimizer": draw(st.sampled_from(optimizers)),
        "penalty": penalty,
        "fit_intercept": draw(st.booleans()),
        "max_iter": draw(st.integers(1, 8)),
        "tol": None,
        **({} if penalty is None else {"alpha": draw(st.floats(1e-3, 1))}),
    }


def fit(X, y, *args, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GDRegressor(**{"random_state": 0, **parameters}).fit(X, y, *args)


def close(actual, expected, rtol, scale=1.0):
    assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale)


@run
@given(data(), settings_of_a_model(SMOOTH, RULES), st.sampled_from(list(SAMPLERS)), st.booleans())
def test_sparse_equals_dense(data, parameters, solver, standardize):
    X, y = data
    parameters |= {"solver": solver, "standardize": standardize}
    if solver != "batch":  # batches of sparse rows are scaled, and not centred
        parameters |= {"preconditioner": None, "standardize": False}
    dense = fit(X, y, **parameters)
    model = fit(sparse.csr_array(X), y, **parameters)
    size = 1 + np.abs(dense.coef_).max()
    close(model.coef_, dense.coef_, 1e-8, size)
    close(model.intercept_, dense.intercept_, 1e-8, size)


@run
@given(data(), settings_of_a_model(SMOOTH, RULES), st.data())
def test_weights_equal_copies(data, parameters, more):
    X, y = data
    weights = more.draw(arrays(int, len(y), elements=st.integers(0, 3)))
    assume(weights.sum() > 1)
    parameters["preconditioner"] = "columns"  # a metric is taken where there are rows enough
    copies = fit(np.repeat(X, weights, axis=0), np.repeat(y, weights), **parameters)
    weighted = fit(X, y, weights.astype(float), **parameters)
    size = 1 + np.abs(copies.coef_).max()
    close(weighted.coef_, copies.coef_, 1e-6, size)
    close(weighted.intercept_, copies.intercept_, 1e-6, size)


@run
@given(data(), settings_of_a_model(SMOOTH, RULES), st.sampled_from(list(SAMPLERS)), st.data())
def test_permuting_columns_permutes_coefficients(data, parameters, solver, more):
    X, y = data
    order = more.draw(st.permutations(range(X.shape[1])))
    coef = fit(X, y, solver=solver, **parameters).coef_
    permuted = fit(np.ascontiguousarray(X[:, order]), y, solver=solver, **parameters).coef_
    close(permuted, coef[order], 1e-8, 1 + np.abs(coef).max())


@run
@given(
    data(),
    st.sampled_from(RULES),
    st.sampled_from(list(SAMPLERS)),
    st.integers(-8, 8).map(lambda power: 10.0**power),
)
def test_scaling_y_scales_coefficients_and_no_epoch_count(data, optimizer, solver, scale):
    X, y = data
    parameters = {"optimizer": optimizer, "solver": solver, "max_iter": 60, "tol": 1e-3}
    model = fit(X, y, **parameters)
    scaled = fit(X, scale * y, **parameters)
    assert scaled.n_iter_ == model.n_iter_
    assert scaled.stop_reason_ == model.stop_reason_
    close(scaled.coef_, scale * model.coef_, 1e-7, scale * (1 + np.abs(model.coef_).max()))


@run
@given(data(), settings_of_a_model(SMOOTH, RULES), st.sampled_from(list(SAMPLERS)), st.booleans())
def test_float32_is_near_float64(data, parameters, solver, standardize):
    X, y = data
    parameters |= {"solver": solver, "standardize": standardize}
    X, y = X.astype(np.float32), y.astype(np.float32)
    single = fit(X, y, **parameters)
    double = fit(X.astype(float), y.astype(float), **parameters)
    assert single.coef_.dtype == np.float32
    prediction = double.predict(X.astype(float))
    close(single.predict(X), prediction, 2e-3, np.abs(prediction).max() + np.abs(y).max())


extreme = st.floats(-1e30, 1e30, allow_nan=False, allow_infinity=False)


@settings(run, max_examples=150)
@given(st.data(), settings_of_a_model(), st.sampled_from(list(SAMPLERS)), st.booleans())
def test_any_finite_input_gives_finite_coefficients_or_a_clear_error(
    more, parameters, solver, standardize
):
    n, p = more.draw(st.integers(1, 8)), more.draw(st.integers(1, 3))
    elements = st.one_of(numbers, extreme, st.just(0.0))
    X = more.draw(arrays(float, (n, p), elements=elements))
    y = more.draw(arrays(float, n, elements=elements))
    parameters |= {"solver": solver, "standardize": standardize}
    try:
        model = fit(X, y, **parameters)
    except ValueError as error:
        known = "targets", "every target is 0", "too large", "too small", "overflow", "outside"
        known = *known, "leave the range"
        assert any(word in str(error) for word in known)
        return
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_)


@settings(run, max_examples=100)
@given(
    data(),
    st.sampled_from(list(LOSSES)),
    st.sampled_from(list(OVER_ALL_ROWS)),
    st.sampled_from(list(SAMPLERS)),
    st.lists(st.integers(-6, 6), min_size=4, max_size=4),
)
def test_the_automatic_rate_never_diverges(data, loss, optimizer, solver, powers):
    X, y = data
    X = X * 10.0 ** np.array(powers[: X.shape[1]])
    y = np.exp(y / 5) if LOSSES[loss].link == "log" else y
    model = GDRegressor(loss, optimizer=optimizer, solver=solver, max_iter=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DivergenceWarning)
        model.fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert model.stop_reason_ != "diverged"


@run
@given(data(), st.sampled_from(list(LOSSES)), st.integers(1, 6))
def test_a_continued_run_equals_the_whole(data, loss, first):
    X, y = data
    y = np.exp(y / 5) if LOSSES[loss].link == "log" else y
    # a rate of one's own: under "auto" a run that ends above the null objective is put back
    parameters = {"loss": loss, "solver": "stochastic", "tol": None, "optimizer": "adam"}
    parameters["learning_rate"] = 0.05
    whole = fit(X, y, max_iter=7, **parameters)
    model = fit(X, y, max_iter=first, warm_start=True, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.set_params(max_iter=7 - first or 1).fit(X, y)
    if first < 7:
        assert model.coef_.tolist() == whole.coef_.tolist()
