"""Components of the user: checks of their contracts, and errors with numbers."""

import re
from typing import NamedTuple

import numpy as np
import pytest
from hooks import EpochHook
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectFromModel
from sklearn.metrics import d2_tweedie_score, r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.utils import get_tags

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress.losses import Huber, Loss, Poisson
from gdregress.optimizers import Adam, Optimizer
from gdregress.penalties import L1, L2, Penalty
from gdregress.samplers import MiniBatch
from gdregress.schedules import Cosine, Exponential

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=60, p=4):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.linspace(1, -2, p) + 1 + 0.5 * rng.normal(size=n)


# Optimizers


class State(NamedTuple):
    velocity: np.ndarray


class HeavyBall(Optimizer):
    """A correct one."""

    def init(self, params):
        return State(0 * params)

    def lookahead(self, params, state):
        return params

    def step(self, params, grad, state, learning_rate, prox):
        velocity = 0.5 * state.velocity - learning_rate * grad
        new = prox(params + velocity, learning_rate)
        return new, State(new - params)


class WritesIntoParams(HeavyBall):
    def step(self, params, grad, state, learning_rate, prox):
        params -= learning_rate * grad
        return prox(params, learning_rate), state


class WritesIntoGradient(HeavyBall):
    def step(self, params, grad, state, learning_rate, prox):
        grad *= 0.5
        return prox(params - learning_rate * grad, learning_rate), state


class WritesIntoState(HeavyBall):
    def step(self, params, grad, state, learning_rate, prox):
        state.velocity[:] = grad
        return prox(params - learning_rate * state.velocity, learning_rate), state


class WritesAhead(HeavyBall):
    def lookahead(self, params, state):
        params += state.velocity + 1
        return params


class ForgetsProx(HeavyBall):
    def step(self, params, grad, state, learning_rate, prox):
        return params - learning_rate * grad, state


class ReturnsOne(HeavyBall):
    def step(self, params, grad, state, learning_rate, prox):
        return prox(params - learning_rate * grad, learning_rate)


class LooksNowhere(HeavyBall):
    def lookahead(self, params, state):
        return None


class DividesByZero(HeavyBall):
    def step(self, params, grad, state, learning_rate, prox):
        with np.errstate(all="ignore"):
            return prox(params - learning_rate * grad / state.velocity, 1.0), state


BROKEN = {
    WritesIntoParams: "WritesIntoParams.step writes into an array",
    WritesIntoGradient: "WritesIntoGradient.step writes into an array",
    WritesIntoState: "WritesIntoState.step writes into an array",
    WritesAhead: "WritesAhead.lookahead writes into an array",
    ForgetsProx: "ForgetsProx.step never calls the prox",
    ReturnsOne: "ReturnsOne.step must return two values",
    LooksNowhere: "LooksNowhere.lookahead must return parameters of the shape",
    DividesByZero: "DividesByZero.step returns numbers that are not finite",
}


@pytest.mark.parametrize("optimizer", BROKEN)
@pytest.mark.parametrize("given", [{}, {"solver": "mini-batch"}, {"learning_rate": 0.1}], ids=str)
def test_optimizers_that_break_their_contract_are_refused(optimizer, given):
    X, y = make_data()
    with pytest.raises(ValueError, match=BROKEN[optimizer]):
        GDRegressor(optimizer=optimizer(), penalty="l1", **given).fit(X, y)
    with pytest.raises(ValueError, match=BROKEN[optimizer]):
        minimize(lambda x: (x - 3) @ (x - 3), np.zeros(3), optimizer=optimizer(), penalty="l1")


def test_an_optimizer_without_a_penalty_needs_no_prox():
    X, y = make_data()
    model = GDRegressor(optimizer=ForgetsProx()).fit(X, y)
    assert_allclose(model.coef_, GDRegressor().fit(X, y).coef_, atol=1e-3)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("penalty", [None, "l1"])
def test_a_correct_optimizer_reaches_the_minimum(penalty, solver):
    X, y = make_data()
    penalty = penalty and L1(0.1)
    given = {"penalty": penalty, "solver": solver, "random_state": 0, "tol": 1e-7}
    model = GDRegressor(optimizer=HeavyBall(), **given).fit(X, y)
    expected = GDRegressor(penalty=penalty, tol=1e-9).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, atol=1e-2 if solver == "mini-batch" else 1e-5)


# Penalties


class Ridge(Penalty):
    """A correct one."""

    def value(self, w):
        return (w * w).sum() / 2

    def prox(self, w, step_size):
        return w / (1 + step_size)


class WrongProx(Ridge):
    def prox(self, w, step_size):
        return w / (1 + 5 * step_size)


class WeakWrongProx(Ridge):
    """Whose strength is too small to be seen at a step size of 1."""

    def value(self, w):
        return 1e-6 * (w * w).sum() / 2

    def prox(self, w, step_size):
        return w / (1 + 2e-6 * step_size)


class WritesIntoCoefficients(Ridge):
    def prox(self, w, step_size):
        w /= 1 + step_size
        return w


class ValueWrites(Ridge):
    def value(self, w):
        w *= 2
        return w @ w / 8 if w.ndim == 1 else (w * w).sum() / 8


class NoValue(Ridge):
    def value(self, w):
        return None


class ValueOfEach(Ridge):
    def value(self, w):
        return w * w / 2


class OneNumber(Ridge):
    def prox(self, w, step_size):
        return 0.0


class Group(Penalty):
    """0.3 ||w||: one step size for all coefficients."""

    def value(self, w):
        return 0.3 * np.sqrt((w * w).sum())

    def prox(self, w, step_size):
        norm = np.sqrt((w * w).sum())
        return 0 * w if norm <= 0.3 * step_size else w * (1 - 0.3 * step_size / norm)


class Sum(Penalty):
    """(sum w)^2 / 2, whose prox answers an array of step sizes, with another minimum."""

    def value(self, w):
        return w.sum() ** 2 / 2

    def prox(self, w, step_size):
        return w - step_size * w.sum() / (1 + step_size * len(w))


PENALTIES = {
    WrongProx: "WrongProx.prox does not belong to WrongProx.value",
    WeakWrongProx: "WeakWrongProx.prox does not belong to WeakWrongProx.value",
    WritesIntoCoefficients: "WritesIntoCoefficients.prox writes into the coefficients",
    OneNumber: "OneNumber.prox.* must return an array of the shape of w",
    ValueWrites: "ValueWrites.value writes into the coefficients",
    NoValue: "NoValue.value.* must return one number, .* Got None",
    ValueOfEach: "ValueOfEach.value.* must return one number, .* Got an array of shape",
}


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("targets", [1, 2])
def test_penalties_whose_prox_is_another_are_refused(penalty, targets):
    X, y = make_data()
    y = y if targets == 1 else np.column_stack([y, -y])
    model = GDRegressor(penalty=penalty())
    for fit in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=PENALTIES[penalty]):
            fit(X, y)
    with pytest.raises(ValueError, match=PENALTIES[penalty]):
        minimize(lambda x: (x - 3) @ (x - 3), np.zeros(3), penalty=penalty())


@pytest.mark.parametrize(
    "given", [{}, {"optimizer": "adam"}, {"solver": "mini-batch", "random_state": 0}], ids=str
)
def test_a_correct_penalty_is_that_of_the_package(given):
    X, y = make_data()
    model = GDRegressor(penalty=Ridge(), **given).fit(X, y)
    assert_allclose(model.coef_, GDRegressor(penalty=L2(1.0)).fit(X, y).coef_, atol=1e-3)


@pytest.mark.parametrize("penalty", [Group, Sum])
@pytest.mark.parametrize(
    "given",
    [{}, {"solver": "mini-batch", "random_state": 0}, {"loss": "huber"}, {"standardize": True}],
    ids=str,
)
def test_one_step_size_for_all_coefficients_is_enough(penalty, given):
    """Such penalties are descended in the user's own columns."""
    X, y = make_data()
    X = X - X.mean(axis=0)
    if given.get("standardize"):
        X = X / X.std(axis=0)  # which then changes nothing
    model = GDRegressor(penalty=penalty(), tol=1e-7, **given).fit(X, y)
    other = {name: given[name] for name in given if name == "loss"}
    expected = GDRegressor(penalty=penalty(), learning_rate=0.3, tol=1e-9, **other).fit(X, y)
    assert_allclose(model.coef_, expected.coef_, atol=1e-3)


@pytest.mark.parametrize("penalty", [Group, Sum])
def test_where_each_coefficient_has_a_step_size_they_say_what_they_need(penalty):
    X, y = make_data()
    needs = "has no right answer.*for an array step_size of the shape of w"
    for given in ({"optimizer": "adam"}, {"optimizer": Adam()}, {"preconditioner": "columns"}):
        with pytest.raises(ValueError, match=needs):
            GDRegressor(penalty=penalty(), **given).fit(X, y)
    with pytest.raises(ValueError, match=needs):
        GDRegressor(penalty=penalty()).partial_fit(X, y)
    GDRegressor(penalty=penalty(), learning_rate=0.1).partial_fit(X, y)
    with pytest.raises(ValueError, match="does not take an array of them"):
        minimize(lambda x: x @ x, np.ones(3), penalty=penalty(), optimizer="adam", learning_rate=1)


class Forgetful(Ridge):
    """A prox whose branch for arrays has a fault."""

    def prox(self, w, step_size):
        if np.ndim(step_size):
            return w / (1 + self.strengths * step_size)
        return super().prox(w, step_size)


class WritesUnderArrays(Ridge):
    def prox(self, w, step_size):
        writes = WritesIntoCoefficients.prox if np.ndim(step_size) else Ridge.prox
        return writes(self, w, step_size)


def test_a_fault_of_a_prox_is_not_taken_for_a_step_size_too_many():
    X, y = make_data()
    for given in ({}, {"optimizer": "adam"}, {"learning_rate": 0.1}):
        with pytest.raises(AttributeError, match="strengths"):
            GDRegressor(penalty=Forgetful(), **given).fit(X, y)
    with pytest.raises(ValueError, match=r"WritesUnderArrays\.prox writes into the coeff"):
        GDRegressor(penalty=WritesUnderArrays()).fit(X, y)
    with pytest.raises(AttributeError, match="strengths"):
        minimize(lambda x: x @ x, np.ones(3), penalty=Forgetful(), optimizer="adam")


@pytest.mark.parametrize(
    "penalty, failure",
    [(Group, "it raises ValueError: The truth value"), (Sum, "it says .* where a point beside")],
)
def test_why_a_prox_has_no_right_answer_is_said(penalty, failure):
    X, y = make_data()
    with pytest.raises(ValueError, match=failure):
        GDRegressor(penalty=penalty(), optimizer="adam").fit(X, y)


# Losses


class WritesIntoPrediction(Loss):
    def value(self, y, z):
        z -= y
        return z * z / 2

    def gradient(self, y, z):
        return z - y


class WritesIntoTarget(Loss):
    def value(self, y, z):
        return (z - y) ** 2 / 2

    def gradient(self, y, z):
        residual = z - y
        y += 0.1
        return residual


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (WritesIntoPrediction, "WritesIntoPrediction.value writes into z"),
        (WritesIntoTarget, "WritesIntoTarget.gradient writes into y"),
    ],
)
def test_losses_that_write_are_refused(loss, message):
    X, y = make_data()
    before = y.copy()
    for fit in (GDRegressor(loss()).fit, GDRegressor(loss()).partial_fit):
        with pytest.raises(ValueError, match=message):
            fit(X, y)
    assert_array_equal(y, before)


class IdentityPoisson(Loss):
    """z - y log z, defined for z > 0 only."""

    target_range = "non-negative"

    def value(self, y, z):
        return z - y * np.log(z)

    def gradient(self, y, z):
        return 1 - y / z


def test_losses_on_a_half_line_are_compared_where_they_are_defined():
    rng = np.random.RandomState(0)
    X = rng.uniform(0, 1, size=(200, 2))
    y = rng.poisson(3 + X @ [2.0, 1.0]).astype(float)
    with np.errstate(divide="ignore"):
        model = GDRegressor(IdentityPoisson(), tol=1e-8).fit(X, y)
    gradient = IdentityPoisson().gradient(y, model.predict(X))
    assert_allclose([gradient.mean(), *(X.T @ gradient / 200)], 0, atol=1e-6)

    class Wrong(IdentityPoisson):
        def gradient(self, y, z):
            return 1 + y / z

    with pytest.raises(ValueError, match="not the derivative"):
        GDRegressor(Wrong()).fit(X, y)


# Schedules

ANSWERS = {
    "None": lambda count: None,
    "array": lambda count: np.array([1.0]),
    "nan": lambda count: np.nan,
    "-1": lambda count: -1,
    "inf": lambda count: np.inf,
    "'1'": lambda count: "1",
    "1j": lambda count: 1j,
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_schedules_that_return_no_factor_are_refused(solver, answer):
    X, y = make_data()
    model = GDRegressor(schedule=ANSWERS[answer], solver=solver)
    with pytest.raises(ValueError, match=rf"At the count 0 .* returned .*{answer}"):
        model.fit(X, y)
    with pytest.raises(ValueError, match=rf"At the count 0 .* returned .*{answer}"):
        minimize(lambda x: x @ x, np.ones(3), schedule=ANSWERS[answer])


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_a_schedule_that_fails_later_is_refused_then(solver):
    X, y = make_data()
    model = GDRegressor(schedule=lambda count: 1.0 if count < 3 else np.nan, solver=solver)
    with pytest.raises(ValueError, match=r"At the count 3 .* returned nan"):
        model.fit(X, y)


def test_a_schedule_may_be_an_estimator_of_scikit_learn():
    class Halving(BaseEstimator):
        def __init__(self, every=10):
            self.every = every

        def __call__(self, count):
            return 0.5 ** (count // self.every)

    X, y = make_data()
    given = {"learning_rate": 0.1, "max_iter": 20, "tol": None}
    model = GDRegressor(schedule=Halving(5), **given).fit(X, y)
    expected = GDRegressor(schedule=lambda count: 0.5 ** (count // 5), **given).fit(X, y)
    assert_array_equal(model.coef_, expected.coef_)


# Functions


@pytest.mark.parametrize(
    "jac",
    [
        lambda x: -2 * (x - 3),
        lambda x: 0 * x,
        lambda x: 2.2 * (x - 3),
        lambda x: 2 * (x - 3) + np.array([0, 0, 1]),
    ],
    ids=["sign", "zero", "scale", "one coordinate"],
)
def test_a_jac_of_another_function_is_refused(jac):
    def fun(x):
        return (x - 3) @ (x - 3)

    with pytest.raises(ValueError, match=r"jac is not the derivative of fun: .* jac says"):
        minimize(fun, np.ones(3), jac=jac)
    with pytest.raises(ValueError, match=r"jac is not the derivative of fun: .* jac says"):
        minimize(lambda x: (fun(x), jac(x)), np.ones(3), jac=True)


def test_a_jac_that_is_not_finite_where_the_function_is():
    with pytest.raises(ValueError, match="jac returns 3 numbers like nan at x0, where fun is 12"):
        minimize(lambda x: (x - 3) @ (x - 3), np.ones(3), jac=lambda x: x * np.nan)


def test_kinks_and_noise_are_no_reason_to_refuse_a_jac():
    rng = np.random.RandomState(0)
    minimize(lambda x: abs(x).sum(), np.zeros(3), jac=lambda x: np.where(x >= 0, 1.0, -1.0))
    minimize(
        lambda x: x @ x + rng.normal(),
        np.ones(3),
        jac=lambda x: 2 * x,
        max_iter=5,
        learning_rate=1,
    )


# Classes in place of instances, and NumPy's numbers


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("loss", Huber),
        ("penalty", L1),
        ("optimizer", Adam),
        ("schedule", Cosine),
    ],
)
@pytest.mark.parametrize("estimator", [GDRegressor, GDClassifier])
def test_a_class_in_place_of_an_instance(estimator, name, given):
    X, y = make_data()
    with pytest.raises(ValueError, match=rf"{name}.* must be an instance, {given.__name__}\(\)"):
        estimator(**{name: given}).fit(X, y > 0)


@pytest.mark.parametrize(
    ("name", "given"),
    [("penalty", L1), ("optimizer", Adam), ("schedule", Cosine), ("sampler", MiniBatch)],
)
def test_a_class_in_place_of_an_instance_for_functions(name, given):
    with pytest.raises(ValueError, match=rf"{name}.* must be an instance, {given.__name__}\(\)"):
        minimize(lambda x: x @ x, np.ones(3), **{name: given})


@pytest.mark.parametrize(
    "given",
    [
        {"penalty": "l2", "alpha": np.float64(0.1)},
        {"penalty": "elasticnet", "l1_ratio": np.float64(0.5), "alpha": np.float64(0.1)},
        {"penalty": L1(np.float64(0.1))},
        {"optimizer": "momentum", "momentum": np.float64(0.5)},
        {"optimizer": Adam(beta_1=np.float64(0.8))},
        {"loss": "huber", "epsilon": np.float64(1.35)},
        {"loss": Huber(np.float64(1.35)), "optimizer": "gd"},
        {"learning_rate": np.float64(0.1), "schedule": "invscaling", "power_t": np.float64(0.3)},
        {"tol": np.float64(1e-3), "max_iter": np.int64(7)},
    ],
    ids=str,
)
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_numbers_of_numpy_leave_single_precision_as_it_is(solver, given):
    X, y = (array.astype(np.float32) for array in make_data())
    model = GDRegressor(**{"solver": solver, "max_iter": 5, **given}, random_state=0).fit(X, y)
    assert model.coef_.dtype == model.predict(X).dtype == np.float32
    assert type(model.learning_rate_) is float
    assert type(model.momentum_) in (float, str, type(None))
    value = next(iter(given.values()))
    assert model.get_params()[next(iter(given))] is value  # the user's own is left alone


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_numbers_of_numpy_go_with_tensors(penalty, torch):
    from sklearn import config_context

    X, y = (torch.asarray(array.astype(np.float32)) for array in make_data())
    given = {"penalty": penalty, "alpha": np.float64(0.1)}
    with config_context(array_api_dispatch=True):
        for optimizer in ("nesterov", "adam"):
            model = GDRegressor("huber", epsilon=np.float64(1.0), optimizer=optimizer, **given)
            assert model.fit(X, y).coef_.dtype == torch.float32


# Scores


class Counts(Loss):
    """Poisson without the terms that know y only: its minimum is not 0."""

    link, target_range = "log", "non-negative"

    def value(self, y, z):
        return np.exp(z) - y * z

    def gradient(self, y, z):
        return np.exp(z) - y


class CountsWithDeviance(Counts):
    def deviance(self, y, z):
        return Poisson().deviance(y, z)


def counts(n=200):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3))
    return X, rng.poisson(np.exp(X @ [0.5, -0.3, 0.2] + 1)).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
def test_own_losses_are_scored_by_their_deviance_or_by_the_prediction(weighted):
    X, y = counts()
    w = np.linspace(1, 3, len(y)) if weighted else None
    model = GDRegressor(Counts()).fit(X, y)
    expected = r2_score(y, model.predict(X), sample_weight=w)
    assert model.score(X, y, w) == pytest.approx(expected, rel=1e-9)
    model = GDRegressor(CountsWithDeviance()).fit(X, y)
    expected = d2_tweedie_score(y, model.predict(X), sample_weight=w, power=1)
    assert model.score(X, y, w) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("loss", [Counts(), CountsWithDeviance(), "poisson"], ids=str)
@pytest.mark.parametrize("given", [{}, {"early_stopping": True, "scoring": "score"}], ids=str)
def test_searches_choose_the_better_model(loss, given):
    X, y = counts()
    model = GDRegressor(loss, penalty="l2", random_state=0, **given)
    search = GridSearchCV(model, {"alpha": [1e4, 1e-3]}, cv=3).fit(X, y)
    assert search.best_params_ == {"alpha": 1e-3}
    assert search.best_score_ > 0.2


def test_a_deviance_is_forgotten_with_the_value_that_it_is_about():
    class Half(Poisson):
        def value(self, y, z):
            return super().value(y, z) / 2

        def gradient(self, y, z):
            return super().gradient(y, z) / 2

    assert Half().deviance is None
    assert Poisson().deviance is not None


@pytest.mark.parametrize("loss", ["poisson", Counts()], ids=str)
def test_a_fold_without_an_event_has_a_score(loss):
    X, y = counts()
    model = GDRegressor(loss).fit(X, y)
    assert model.score(X[:10], np.zeros(10)) == 0.0
    rare = np.zeros(len(y))
    rare[[0, 1, 60, 61]] = 1.0
    scores = cross_val_score(GDRegressor(loss, penalty="l2"), X, rare, cv=KFold(4))
    assert np.isfinite(scores).all()


# What scikit-learn asks


def test_l1_and_its_name_are_the_same_to_feature_selection():
    X, y = make_data()
    X = np.column_stack([X, np.random.RandomState(1).normal(size=(60, 2))])
    selected = [
        SelectFromModel(model).fit(X, y)
        for model in (GDRegressor(penalty="l1", alpha=0.1), GDRegressor(penalty=L1(0.1)))
    ]
    assert selected[0].threshold_ == selected[1].threshold_ == 1e-5
    assert_array_equal(selected[0].get_support(), selected[1].get_support())
    assert L1() != L1() and L1() != "l2" and L1() != L2()
    assert len({L1(), L1()}) == 2


@pytest.mark.parametrize(
    ("loss", "positive"),
    [("poisson", True), ("gamma", True), (Poisson(), True), ("huber", False), (Counts(), True)],
    ids=str,
)
def test_positive_targets_are_a_tag(loss, positive):
    assert get_tags(GDRegressor(loss)).target_tags.positive_only is positive


def test_an_average_of_no_updates_is_refused():
    X, y = make_data()
    with pytest.raises(ValueError, match="'average' parameter of GDRegressor"):
        GDRegressor(average=0).fit(X, y)
    GDRegressor(average=False).fit(X, y)


# Whole-data rules and parts


@pytest.mark.parametrize(
    "schedule", ["exponential", "step", "cosine", "one-cycle", Exponential(0.5)]
)
def test_partial_fit_knows_no_epochs(schedule):
    X, y = make_data()
    model = GDRegressor(schedule=schedule, learning_rate=0.01, solver="stochastic")
    with pytest.raises(AttributeError) as error:
        model.partial_fit(X, y)
    explained = str(error.value.__cause__ or error.value)
    assert re.search(r"partial_fit cannot know .*\(scale=10_000\)", explained)
    GDRegressor(schedule=schedule).partial_fit(X, y)  # rows are learned by another rule
    model.fit(X, y)


def test_automatic_schedules_of_parts_do_not_depend_on_the_size_of_a_part():
    X, y = make_data()
    given = {"learning_rate": 0.01, "solver": "stochastic", "shuffle": False}
    coefs = []
    for size in (1, 7, 60):
        model = GDRegressor(**given)
        for start in range(0, 60, size):
            model.partial_fit(X[start : start + size], y[start : start + size])
        coefs.append(model.coef_)
    assert_allclose(coefs[0], coefs[2], rtol=1e-12)
    assert_allclose(coefs[1], coefs[2], rtol=1e-12)


# Callbacks


class Writes(EpochHook):
    """Writes into all that it is handed."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            fitted_estimator.coef_[:] = 1e6
            fitted_estimator.intercept_ = -1e6
        return False


@pytest.mark.parametrize("given", [{}, {"solver": "mini-batch"}, {"learning_rate": 0.1}], ids=str)
def test_a_callback_that_writes_into_coefficients_changes_nothing(given):
    X, y = make_data()
    model = GDRegressor(random_state=0, **given).set_callbacks(Writes()).fit(X, y)
    assert_array_equal(model.coef_, GDRegressor(random_state=0, **given).fit(X, y).coef_)


class Does(Writes):
    """Calls a function with the estimator after every epoch."""

    def __init__(self, function):
        self.function = function

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch":
            self.function(estimator)


def test_a_callback_that_fits_its_estimator_is_refused():
    X, y = make_data()
    model = GDRegressor().fit(X, y)
    coef = model.coef_.copy()
    model.set_callbacks(Does(lambda estimator: estimator.fit(X[:10], y[:10])))
    with pytest.raises(RuntimeError, match="has called fit of the estimator that is being fitted"):
        model.fit(X, 2 * y)
    assert_array_equal(model.coef_, coef)
    model.set_callbacks(Does(lambda estimator: GDRegressor().fit(X[:10], y[:10])))
    assert_array_equal(model.fit(X, y).coef_, coef)


@pytest.mark.parametrize("given", [{}, {"solver": "mini-batch"}], ids=str)
def test_parameters_that_a_callback_changes_count_for_the_next_fit(given):
    X, y = make_data()
    expected = GDRegressor(random_state=0, **given).fit(X, y)
    changes = {"max_iter": 2, "alpha": 5.0, "penalty": "l2", "loss": "huber", "tol": None}
    model = GDRegressor(random_state=0, **given)
    model.set_callbacks(Does(lambda estimator: estimator.set_params(**changes))).fit(X, y)
    assert_array_equal(model.coef_, expected.coef_)
    assert model.n_iter_ == expected.n_iter_
    assert model.get_params()["alpha"] == 5.0


def test_the_advice_after_a_fit_is_of_the_parameters_that_it_had():
    X, y = make_data()

    def warnings_of(callback):
        model = GDClassifier(max_iter=3, optimizer="gd", random_state=0)
        model.set_callbacks(Does(callback))
        with pytest.warns(ConvergenceWarning) as caught:
            model.fit(X, y > 0)
        return model, [str(one.message) for one in caught]

    changes = {"fit_intercept": False, "class_weight": "balanced", "max_iter": 1}
    changed, said = warnings_of(lambda estimator: estimator.set_params(**changes))
    kept, expected = warnings_of(lambda estimator: None)
    assert said == expected
    assert_array_equal(changed.coef_, kept.coef_)
    assert {name: getattr(changed, name) for name in changes} == changes
