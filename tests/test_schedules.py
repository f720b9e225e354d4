"""Each schedule against its formula, and in a fit."""

import math

import numpy as np
import pytest

from gdregress import GDRegressor
from gdregress.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    Exponential,
    InverseScaling,
    OneCycle,
    Step,
    fill_horizon,
)

READY = {
    **{name: fill_horizon(schedule(), 10, 10) for name, schedule in SCHEDULES.items()},
    "invscaling": InverseScaling(power_t=0.5, scale=10.0),
    "exponential": Exponential(decay=0.9, scale=10),
    "step": Step(decay=0.5, every=3, scale=10),
    "cosine": Cosine(final=0.1, scale=100),
    "one-cycle": OneCycle(start=0.1, final=0.01, warmup=0.25, scale=100),
}
every_schedule = pytest.mark.parametrize("schedule", READY.values(), ids=READY)
COUNTS = np.arange(0, 130)


# Formulas


def test_constant():
    assert Constant()(0) == Constant()(10**9) == 1.0


@pytest.mark.parametrize("count", [0, 1, 9, 1000])
def test_inverse_scaling(count):
    assert InverseScaling(0.5, 10.0)(count) == pytest.approx(1 / math.sqrt(1 + count / 10))


@pytest.mark.parametrize("count", [0, 1, 9, 1000])
def test_inverse_scaling_is_by_default_that_of_scikit_learn(count):
    """eta0 / t^0.25, where the first update has t = 1."""
    assert InverseScaling()(count) == pytest.approx(1 / (count + 1) ** 0.25)


@pytest.mark.parametrize(("count", "factor"), [(0, 1.0), (5, 0.9**0.5), (10, 0.9), (30, 0.729)])
def test_exponential(count, factor):
    assert Exponential(0.9, 10)(count) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("count", "factor"), [(0, 1.0), (29, 1.0), (30, 0.5), (59, 0.5), (60, 0.25)]
)
def test_step(count, factor):
    assert Step(0.5, every=3, scale=10)(count) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("count", "factor"), [(0, 1.0), (50, 0.55), (100, 0.1), (101, 0.1), (10**6, 0.1)]
)
def test_cosine(count, factor):
    assert Cosine(0.1, scale=100)(count) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("count", "factor"),
    [(0, 0.1), (12.5, 0.55), (25, 1.0), (62.5, 0.505), (100, 0.01), (10**6, 0.01)],
)
def test_one_cycle(count, factor):
    schedule = OneCycle(start=0.1, final=0.01, warmup=0.25, scale=100)
    assert schedule(count) == pytest.approx(factor)


# Properties


@every_schedule
def test_an_array_of_counts_gives_an_array_of_factors(schedule):
    factors = schedule(COUNTS)
    assert factors.dtype == float
    np.testing.assert_allclose(factors, [schedule(int(count)) for count in COUNTS], rtol=1e-14)


@every_schedule
def test_factors_lie_between_0_and_1(schedule):
    factors = schedule(COUNTS)
    assert factors.min() >= 0
    assert factors.max() == 1.0


@pytest.mark.parametrize("name", [name for name in READY if name != "one-cycle"])
def test_factors_never_rise(name):
    assert np.diff(READY[name](COUNTS)).max() <= 0


def test_one_cycle_rises_once_and_falls_once():
    changes = np.sign(np.diff(READY["one-cycle"](np.arange(101))))
    assert (changes[:25] > 0).all()
    assert (changes[25:] < 0).all()


@pytest.mark.parametrize(
    ("schedule", "scale"),
    [
        (InverseScaling(scale=None), 7),
        (Exponential(), 7),
        (Step(), 7),
        (Cosine(), 700),
        (OneCycle(), 700),
    ],
    ids=str,
)
def test_horizon_is_an_epoch_or_the_run(schedule, scale):
    filled = fill_horizon(schedule, updates_per_epoch=7, max_iter=100)
    assert filled.scale == scale


def test_a_given_horizon_stays():
    assert fill_horizon(Cosine(scale=12), updates_per_epoch=7, max_iter=100).scale == 12
    assert fill_horizon(InverseScaling(), updates_per_epoch=7, max_iter=100).scale == 1.0


# In a fit


def learning_rates(X, y, schedule, solver="mini-batch", **parameters):
    """Rates of the last update of every epoch: counts 4, 9, 14, ... with 5 batches of 5 rows."""
    model = GDRegressor(
        optimizer="gd",
        solver=solver,
        learning_rate=0.01,
        schedule=schedule,
        max_iter=20,
        tol=None,
        random_state=0,
        **({"batch_size": 5} if solver == "mini-batch" else {}),
        **parameters,
    ).fit(X, y)
    return np.array(model.history_["learning_rate"][1:])


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("constant", Constant()),
        ("invscaling", InverseScaling(0.25)),
        ("exponential", Exponential(scale=5)),
        ("step", Step(scale=5)),
        ("cosine", Cosine(scale=100)),
        ("one-cycle", OneCycle(scale=100)),
        ("adaptive", Constant()),  # it makes progress all the time
    ],
)
def test_rates_of_a_fit_are_those_of_the_schedule(small_data, name, schedule):
    last_counts = np.arange(4, 100, 5)
    np.testing.assert_allclose(
        learning_rates(*small_data, name), 0.01 * schedule(last_counts), rtol=1e-12
    )


def test_any_function_of_the_count_is_a_schedule(small_data):
    rates = learning_rates(*small_data, lambda count: 1 / (1 + count))
    np.testing.assert_allclose(rates, 0.01 / np.arange(5, 101, 5), rtol=1e-12)


def test_a_function_does_the_same_as_the_schedule_it_equals(small_data):
    X, y = small_data
    parameters = {"solver": "stochastic", "random_state": 0, "max_iter": 5, "tol": None}
    named = GDRegressor(schedule="invscaling", power_t=0.6, **parameters).fit(X, y)
    own = GDRegressor(schedule=lambda count: (1 + count) ** -0.6, **parameters).fit(X, y)
    np.testing.assert_allclose(own.coef_, named.coef_, rtol=1e-12)


def test_adaptive_divides_on_every_plateau_and_ends(small_data):
    """Stochastic descent at a constant rate comes to a standstill, again and again."""
    X, y = small_data
    model = GDRegressor(
        optimizer="gd",
        solver="stochastic",
        learning_rate=0.1,
        schedule=Adaptive(divisor=10.0, smallest=1e-3),
        max_iter=2000,
        tol=1e-3,
        random_state=0,
    ).fit(X, y)
    rates = model.history_["learning_rate"][1:]
    np.testing.assert_allclose(sorted(set(rates)), [1e-4, 1e-3, 1e-2, 1e-1], rtol=1e-12)
    assert rates == sorted(rates, reverse=True)
    assert model.stop_reason_ == "plateau"
