"""The saved state of a fitted estimator: arrays, numbers, strings, dicts; no private type."""

import copy
import pickle
import pickletools

import numpy as np
import pytest
from components import OVER_ALL_ROWS
from libraries import needed

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.saving.saved_state import restored, saved

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Each with a part of the state that has a form of its own.
MODELS = {
    "defaults": GDRegressor(),
    "averaged": GDRegressor(solver="mini-batch", average=True, random_state=0),
    "plateau": GDRegressor("huber", schedule="adaptive", optimizer="adam", max_iter=30),
    "standardised": GDRegressor(standardize=True, store_path=True),
    "line search": GDRegressor("poisson", optimizer="gd", max_iter=20),
    "global generator": GDRegressor(solver="stochastic", max_iter=3),
    "softmax": GDClassifier(max_iter=20),
    "one against the rest": GDClassifier("modified_huber", max_iter=20),
    "early stopping": GDRegressor(early_stopping=True, random_state=0),
    **{name: GDRegressor(optimizer=name, max_iter=20) for name in OVER_ALL_ROWS},
}
KEEP_ON = {"warm_start": True, "max_iter": 7, "tol": None}


@pytest.fixture(params=MODELS)
def fitted(request):
    model = copy.deepcopy(MODELS[request.param]).set_params(warm_start=True)
    return model.fit(*make_data(model))


def make_data(model):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 3))
    y = np.abs(X @ [0.3, -0.5, 0.2] + 1 + 0.3 * rng.normal(size=60)) + 0.1
    return X, (np.digitize(y, [0.8, 1.2]) if isinstance(model, GDClassifier) else y)


def classes_in_pickle(data):
    """Qualified names of everything that a pickle imports."""
    strings, names = [], set()
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name == "STACK_GLOBAL":
            names.add(".".join(strings[-2:]))
        elif opcode.name == "GLOBAL":
            names.add(argument.replace(" ", "."))
        if isinstance(argument, str):
            strings.append(argument)
    return names


def test_a_pickle_knows_one_type_of_the_package(fitted):
    names = classes_in_pickle(pickle.dumps(fitted, protocol=2))
    own = {name for name in names if name.startswith("gdregress")}
    assert own == {f"{type(fitted).__module__}.{type(fitted).__name__}"}


def test_skops_trusts_all_but_the_estimator(fitted):
    needed("skops")
    import skops.io as skops

    data = skops.dumps(fitted)
    unknown = skops.get_untrusted_types(data=data)
    assert unknown == [f"{type(fitted).__module__}.{type(fitted).__name__}"]
    loaded = skops.loads(data, trusted=unknown)
    X, _ = make_data(fitted)
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, through_pickle])
def test_a_saved_model_goes_on_like_the_original(fitted, duplicate):
    X, y = make_data(fitted)
    other = duplicate(fitted)
    assert repr(other.history_) == repr(fitted.history_)
    np.testing.assert_array_equal(other.predict(X), fitted.predict(X))
    for model in (fitted, other):
        model.set_params(**KEEP_ON).fit(X, y)
    np.testing.assert_array_equal(other.coef_, fitted.coef_)
    assert other.loss_curve_ == fitted.loss_curve_
    assert other.t_ == fitted.t_


def test_a_copy_goes_on_by_itself():
    X, y = make_data(GDRegressor())
    model = GDRegressor(solver="mini-batch", average=True, random_state=0, **KEEP_ON).fit(X, y)
    other = copy.copy(model)
    before = copy.deepcopy(model)
    other.fit(X, y)
    assert model.history_["epoch"][-1] == 7 and other.history_["epoch"][-1] == 14
    np.testing.assert_array_equal(model.fit(X, y).coef_, before.fit(X, y).coef_)


def test_another_optimizer_begins_with_an_empty_memory():
    X, y = make_data(GDRegressor())
    model = GDRegressor(optimizer="momentum", **KEEP_ON).fit(X, y)
    state = restored(model._state, OVER_ALL_ROWS["adam"]())
    assert type(state.memory).__name__ == "AdamState" and state.memory.count == 0
    again = restored(model._state, OVER_ALL_ROWS["momentum"]())
    np.testing.assert_array_equal(again.memory.velocity, model._state["memory"]["velocity"])
    again, before = saved(again), dict(model._state)
    assert again.pop("rng") is not before.pop("rng")
    np.testing.assert_equal(again, before)


def test_a_loss_of_the_user_is_saved_as_it_is():
    from sklearn.base import clone

    class Own(MODELS["line search"]._losses["huber"]):
        def value(self, y, z):
            return super().value(y, z)

    X, y = make_data(GDRegressor())
    model = GDRegressor(Own()).fit(X, y)
    assert isinstance(copy.deepcopy(model)._loss, Own)
    assert isinstance(clone(model).fit(X, y)._loss, Own)


def test_totals_of_the_weights_go_on_over_fits_and_parts():
    X, y = make_data(GDRegressor())
    weights = np.random.RandomState(1).uniform(2, 9, 60)
    model = GDRegressor(warm_start=True, max_iter=2, tol=None)
    model.fit(X, y, weights).fit(X, y, 10 * weights)
    assert model._state["row_total"] == 120
    assert model._state["weight_total"] == pytest.approx(11 * weights.sum())
    model.partial_fit(X, y, weights)
    assert model._state["weight_total"] == pytest.approx(12 * weights.sum())
    model.partial_fit(X.astype(np.float32), y, weights)  # goes on in another type
    assert model._state["row_total"] == 240
    model.set_params(learning_rate=1e-3).partial_fit(X, y, weights)
    assert model._state["row_total"] == 300


def test_generators_of_other_kinds_are_saved():
    X, y = make_data(GDRegressor())
    given = np.random.RandomState(np.random.PCG64(3))
    model = GDRegressor(random_state=given, **KEEP_ON).fit(X, y)
    loaded = through_pickle(model)
    np.testing.assert_array_equal(loaded.fit(X, y).coef_, model.fit(X, y).coef_)


class Pair(tuple):
    """A memory that is no NamedTuple."""


def test_other_kinds_of_memory_are_kept():
    class Own(OVER_ALL_ROWS["momentum"]):
        def init(self, params):
            return Pair([0 * params])

        def step(self, params, grad, state, learning_rate, prox):
            velocity = self.momentum * state[0] - learning_rate * grad
            new = prox(params + velocity, learning_rate)
            return new, Pair([new - params])

    X, y = make_data(GDRegressor())
    models = [
        GDRegressor(optimizer=Own(0.5), learning_rate=0.1, tol=None, warm_start=warm, max_iter=n)
        for warm, n in ((True, 5), (False, 10))
    ]
    models[0].fit(X, y).fit(X, y)
    models[1].fit(X, y)
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)


def test_what_is_saved_of_a_long_stream_is_small():
    """Numbers are saved in arrays: with skops a list takes two hundred bytes for each of them."""
    rng = np.random.RandomState(0)
    model = GDRegressor(learning_rate=0.01)
    for _ in range(600):
        X = rng.normal(size=(2, 3))
        model.partial_fit(X, X.sum(axis=1))
    assert len(pickle.dumps(model)) < 100_000
    loaded = through_pickle(model)
    assert loaded.history_ == model.history_
    assert loaded.loss_curve_ == model.loss_curve_
    assert {type(t) for t in loaded.history_["t"]} == {int}
    needed("skops")
    from skops import io

    assert len(io.dumps(model)) < 200_000


def test_a_column_with_nothing_in_some_rows_is_saved():
    X, y = make_data(GDRegressor())
    model = GDRegressor(max_iter=3, tol=None, early_stopping=True, random_state=0).fit(X, y)
    model.history_["gap"][1] = None
    loaded = through_pickle(model)
    assert loaded.history_ == model.history_
    assert loaded.validation_scores_ == model.validation_scores_
