"""Facts about formulas are not inherited past an override of one of them."""

import numpy as np
import pytest
from components import OVER_ALL_ROWS
from sklearn import clone

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.base import BaseGD
from gdregress._utils.facts import StatesFacts
from gdregress.losses import (
    CLASSIFICATION_LOSSES,
    LOSSES,
    CallableLoss,
    Huber,
    LogLoss,
    Loss,
    SquaredError,
)
from gdregress.optimizers import OPTIMIZERS, Adam, Optimizer
from gdregress.penalties import L2, PENALTIES, Box, Penalty
from gdregress.samplers import SAMPLERS, MiniBatch, Sampler
from gdregress.schedules import SCHEDULES, Constant, Schedule

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.IgnoredParameterWarning"),
]

ALL_LOSSES = {**LOSSES, **CLASSIFICATION_LOSSES}
ALL_PENALTIES = {**PENALTIES, "box": Box}
BASES = {Loss: ALL_LOSSES, Penalty: ALL_PENALTIES, Optimizer: OPTIMIZERS, Sampler: SAMPLERS}


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 3))
    return X, np.abs(X @ [0.3, -0.5, 0.2] + 1 + 0.3 * rng.normal(size=60)) + 0.1


def overriding(component_class, formula):
    """A subclass with one formula overridden, by one that gives the same numbers."""

    def override(self, *args, **kwargs):
        return getattr(component_class, formula)(self, *args, **kwargs)

    return type("Overriding", (component_class,), {formula: override})


def assert_same_fit(one, other, *data):
    one.fit(*data)
    other.fit(*data)
    assert (one.stop_reason_, one.n_iter_) == (other.stop_reason_, other.n_iter_)
    np.testing.assert_array_equal(one.coef_, other.coef_)
    assert one.loss_curve_ == other.loss_curve_


# The mechanism ----------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [Loss, Penalty, Optimizer, Sampler, Schedule])
def test_each_formula_of_each_class_takes_the_facts_about_it_back(base):
    registered = {**BASES, Schedule: SCHEDULES}[base].values()
    for component_class in registered:
        for formula in {f for formulas in base.formulas_of_facts.values() for f in formulas}:
            if getattr(component_class, formula, None) is None:
                continue
            derived = overriding(component_class, formula)
            assert not derived.is_builtin
            for fact, formulas in base.formulas_of_facts.items():
                if formula in formulas:
                    assert getattr(derived, fact) is getattr(base, fact)
                elif fact != formula:
                    assert getattr(derived, fact) is getattr(component_class, fact)


def test_a_fact_is_kept_where_its_formulas_are():
    class Renamed(Huber):
        def describe(self):
            return "nothing of the formulas is touched"

    assert Renamed.curvature == 1.0 and Renamed.kernel == "Huber" and Renamed.is_builtin


def test_a_fact_may_be_stated_anew_with_the_override():
    class Doubled(SquaredError):
        curvature = 2.0

        def gradient(self, y, z):
            return 2 * (z - y)

    assert Doubled.curvature == 2.0
    assert not Doubled.is_quadratic and Doubled.kernel is None

    class Derived(Doubled):
        pass

    assert Derived.curvature == 2.0 and not Derived.is_quadratic


def test_a_formula_that_comes_from_a_mixin_is_an_override():
    class Clipped:
        def step(self, params, grad, state, learning_rate, prox):
            return super().step(params, np.clip(grad, -1, 1), state, learning_rate, prox)

    class ClippedAdam(Clipped, Adam):
        pass

    assert ClippedAdam.kernel is None and not ClippedAdam.keeps_step_length
    assert not ClippedAdam.is_builtin and Adam.is_builtin


def test_every_component_of_the_package_states_facts():
    for base, registry in BASES.items():
        assert issubclass(base, StatesFacts)
        assert all(component.is_builtin for component in registry.values())


# Fits -------------------------------------------------------------------------------------------


def test_an_asymmetric_squared_error_is_not_fitted_as_the_squared_error():
    """The expectile of weight 9 to 1, whose minimum by L-BFGS-B has the intercept 3.2315."""

    def expectile(base):
        class Expectile(base):
            def weight(self, y, z):
                return 1 + 8 * (z < y)

            def value(self, y, z):
                return self.weight(y, z) * (z - y) ** 2 / 2

            def gradient(self, y, z):
                return self.weight(y, z) * (z - y)

        return Expectile()

    rng = np.random.RandomState(0)
    X = rng.randn(500, 2)
    y = X @ [1.0, 2.0] + rng.gamma(2, 1, 500)
    for base in (SquaredError, Loss):
        model = GDRegressor(expectile(base)).fit(X, y)
        assert model.stop_reason_ == "tolerance"
        assert model.intercept_ == pytest.approx(3.2315, abs=1e-3)
        assert model.loss_curve_[-1] == pytest.approx(3.0488, abs=1e-4)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("formula", ["value", "gradient"])
@pytest.mark.parametrize("name", ALL_LOSSES)
def test_overridden_losses_are_losses_of_their_own(name, formula, solver, data):
    loss_class = ALL_LOSSES[name]

    class Own(Loss):
        link, smooth = loss_class.link, loss_class.smooth
        target_range = loss_class().target_range

        def value(self, y, z):
            return loss_class().value(y, z)

        def gradient(self, y, z):
            return loss_class().gradient(y, z)

    X, y = data
    estimator = GDRegressor if name in LOSSES else GDClassifier
    y = y if name in LOSSES else (y > np.median(y))
    given = {"solver": solver, "max_iter": 30, "random_state": 0}
    models = [estimator(loss, **given) for loss in (overriding(loss_class, formula)(), Own())]
    assert_same_fit(*models, X, y)
    if name in CLASSIFICATION_LOSSES:
        assert not any(hasattr(model, "predict_proba") for model in models)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("formula", ["value", "prox"])
@pytest.mark.parametrize("name", ALL_PENALTIES)
def test_overridden_penalties_are_penalties_of_their_own(name, formula, solver, data):
    penalty_class = ALL_PENALTIES[name]

    class Own(Penalty):
        def value(self, w):
            return penalty_class().value(w)

        def prox(self, w, step_size):
            return penalty_class().prox(w, step_size)

    given = {"solver": solver, "max_iter": 30, "random_state": 0}
    models = [
        GDRegressor(penalty=penalty, **given)
        for penalty in (overriding(penalty_class, formula)(), Own())
    ]
    assert_same_fit(*models, *data)


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("formula", ["init", "lookahead", "step"])
@pytest.mark.parametrize("name", OVER_ALL_ROWS)
def test_overridden_optimizers_are_optimizers_of_their_own(name, formula, solver, loss, data):
    rule = OPTIMIZERS[name]()

    class Own(Optimizer):
        adaptive = rule.adaptive

        def init(self, params):
            return rule.init(params)

        def lookahead(self, params, state):
            return rule.lookahead(params, state)

        def step(self, *args):
            return rule.step(*args)

    for parameter, value in rule.get_params().items():
        setattr(Own, parameter, value)
    given = {"solver": solver, "max_iter": 30, "random_state": 0}
    models = [
        GDRegressor(loss, optimizer=optimizer, **given)
        for optimizer in (overriding(type(rule), formula)(), Own())
    ]
    assert_same_fit(*models, *data)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "adaptive"])
def test_overridden_schedules_are_functions_of_the_count(name, data):
    class Own(SCHEDULES[name]):
        def __call__(self, count):
            assert isinstance(count, int)
            return super().__call__(count)

    given = {"solver": "mini-batch", "max_iter": 5, "random_state": 0, "tol": None}
    models = [GDRegressor(schedule=schedule, **given) for schedule in (name, Own())]
    for model in models:
        model.fit(*data)
    np.testing.assert_allclose(models[0].coef_, models[1].coef_, rtol=1e-12)
    assert not Own().takes_arrays and Constant().takes_arrays


@pytest.mark.parametrize("base", [Sampler, MiniBatch])
def test_a_sampler_is_asked_for_its_batches(base, data, monkeypatch):
    """Twice the first half of the rows: no engine may cut batches of its own instead."""

    class FirstHalf(base):
        def __init__(self, batch_size=32, shuffle=True):
            self.batch_size = batch_size
            self.shuffle = shuffle

        def size(self, n_samples):
            return n_samples // 2

        def batches(self, n_samples, rng):
            for _ in range(2):
                yield slice(0, n_samples // 2), 1.0

    monkeypatch.setitem(SAMPLERS, "first half", FirstHalf)
    monkeypatch.setitem(BaseGD._parameter_constraints, "solver", [str])
    X, y = data
    y = np.where(np.arange(60) < 30, y, 100.0)
    given = {"optimizer": "gd", "learning_rate": 0.1, "schedule": "constant", "tol": None}
    model = GDRegressor(solver="first half", max_iter=200, **given)
    model._parameter_constraints = {**GDRegressor._parameter_constraints, "solver": [str]}
    model.fit(X, y)
    expected = GDRegressor(max_iter=400, **given).fit(X[:30], y[:30])
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-9)


def test_strong_convexity_is_not_inherited():
    class Halved(L2):
        def value(self, w):
            return super().value(w) / 2

        def prox(self, w, step_size):
            return super().prox(w, step_size / 2)

    assert L2(0.1).strong_convexity == 0.1
    assert Halved(0.1).strong_convexity == 0.0


# Probabilities ----------------------------------------------------------------------------------


class Calibrated(LogLoss):
    """The log loss, with probabilities that a temperature pulls to one half."""

    def probability(self, z):
        return 1 / (1 + np.exp(-z / 10))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_those_of_the_loss(n_classes, data):
    X, y = data
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    model = GDClassifier(Calibrated(), max_iter=20).fit(X, labels)
    z = model.decision_function(X)
    expected = Calibrated().probability(z)
    if n_classes == 2:
        expected = np.column_stack([1 - expected, expected])
    else:
        expected = expected / expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(expected))


def test_cloned_components_keep_their_facts():
    for component in (Huber(2.0), Adam(), L2(0.3), MiniBatch(7)):
        copied = clone(component)
        for fact in type(component).formulas_of_facts:
            if not callable(getattr(component, fact)):
                assert getattr(copied, fact) == getattr(component, fact)


# What a class is given later --------------------------------------------------------------------


def test_formulas_that_a_class_is_given_later_count(data):
    class Later(Huber):
        pass

    Later.value = lambda self, y, z: (z - y) ** 2 / 2
    Later.gradient = lambda self, y, z: z - y
    model = GDRegressor(Later(epsilon=1e-3)).fit(*data)
    expected = GDRegressor(tol=1e-9).fit(*data)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-3)
    assert Later.kernel is None and Later.curvature is None


def test_formulas_on_an_instance_are_refused(data):
    class OnInstance(Huber):
        def __init__(self, epsilon=1.35):
            super().__init__(epsilon)
            self.gradient = lambda y, z: z - y

    with pytest.raises(TypeError, match=r"\['gradient'\] on the instance. Define it in the class"):
        GDRegressor(OnInstance()).fit(*data)


def test_parts_of_formulas_count_as_formulas(data):
    class Shifted(Box):
        def _bounds(self, w):
            return [bound + 0.1 for bound in super()._bounds(w)]

    assert Box(0, 1).kernel_terms is not None and Shifted(0, 1).kernel_terms is None
    model = GDRegressor(penalty=Shifted(0.0, 1.0)).fit(*data)
    expected = GDRegressor(penalty=Box(0.1, 1.1)).fit(*data)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-4)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_a_perceptron_with_formulas_of_its_own_learns(solver, data):
    class Own(CLASSIFICATION_LOSSES["perceptron"]):
        def gradient(self, y, z):
            return super().gradient(y, z)

    X, _ = data
    y = X @ [1.0, -2.0, 0.5] > 0.2
    model = GDClassifier(Own(), solver=solver, max_iter=200, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


def test_a_quadratic_loss_need_not_state_its_curvature(data):
    class Own(Loss):
        is_quadratic = True

        def value(self, y, z):
            return (z - y) ** 2 / 2

        def gradient(self, y, z):
            return z - y

    for solver in SAMPLERS:
        models = [
            GDRegressor(loss, solver=solver, random_state=0).fit(*data)
            for loss in (Own(), SquaredError())
        ]
        np.testing.assert_allclose(models[0].coef_, models[1].coef_, rtol=1e-6)


def test_a_schedule_that_states_that_it_takes_arrays_is_checked(data):
    class Negative(Schedule):
        takes_arrays = True

        def __call__(self, count):
            return -np.ones_like(count, dtype=float)

    with pytest.raises(ValueError, match="finite factors >= 0"):
        GDRegressor(schedule=Negative()).fit(*data)


def test_a_subclass_of_what_is_not_built_in_is_not_either():
    class Derived(CallableLoss):
        pass

    assert not Derived.is_builtin and Derived.traceable

    class Other(CallableLoss):
        def value(self, y, z):
            return super().value(y, z)

    assert not Other.is_builtin and not Other(None).traceable
