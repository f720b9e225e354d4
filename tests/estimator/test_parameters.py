"""Errors and warnings for parameters that are wrong, incompatible or without effect."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from gdregress import GDRegressor, IgnoredParameterWarning
from gdregress.losses import LOSSES, EpsilonInsensitive, Huber, Loss, Quantile
from gdregress.optimizers import AdaGrad, Adam, Momentum, Nesterov, RMSProp
from gdregress.penalties import L1, L2, Box, ElasticNet
from gdregress.samplers import SAMPLERS
from gdregress.schedules import Adaptive, Cosine, Exponential, InverseScaling, OneCycle, Step

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BAD_VALUES = {
    "loss": ["absolute", None, Huber, 1],
    "penalty": ["l3", "none", L2, 0.1],
    "alpha": [-1.0, "small", None, np.nan],
    "l1_ratio": [-0.1, 1.1, None],
    "fit_intercept": ["yes", None, 2.0],
    "solver": ["sgd", None, 1],
    "batch_size": [0, -1, 0.0, 1.5, "auto", None],
    "optimizer": ["sgd", None, Adam, 1],
    "momentum": [-0.1, 1.0, "optimal", None],
    "learning_rate": [0.0, -1.0, "constant", None, np.nan],
    "schedule": ["optimal", None, 1],
    "power_t": [-1.0, "a", None],
    "epsilon": [-0.1, "a"],
    "preconditioner": ["scaled", 1],
    "standardize": ["yes", None],
    "max_iter": [0, -1, 1.5, None],
    "tol": [-1e-3, "a", np.nan],
    "n_iter_no_change": [0, 1.5, None],
    "early_stopping": ["yes", None],
    "validation_fraction": [0.0, 1.0, -0.1, None],
    "scoring": ["acuracy", None],
    "average": [-1, 1.5, "yes", None],
    "shuffle": ["yes", None],
    "warm_start": ["yes", None],
    "store_path": ["yes", None],
    "random_state": ["seed", -1, 1.5],
    "verbose": [-1, "yes", None],
}
BAD_COMPONENTS = {
    "loss": [
        (Huber(epsilon=0), "epsilon"),
        (Quantile(1.0), "quantile"),
        (EpsilonInsensitive(-1), "epsilon"),
    ],
    "penalty": [
        (L1(alpha=-1), "alpha"),
        (L2(alpha="a"), "alpha"),
        (ElasticNet(l1_ratio=2), "l1_ratio"),
        (Box(lower="a"), "lower"),
        (Box(lower=2, upper=1), "lower"),
        (Box(lower=[0, 1]), "lower"),
        (Box(upper=np.nan), "upper"),
    ],
    "optimizer": [
        (Adam(beta_1=2), "beta_1"),
        (Adam(beta_2=1.0), "beta_2"),
        (Adam(epsilon=0), "epsilon"),
        (RMSProp(rho=-0.5), "rho"),
        (AdaGrad(epsilon=-1), "epsilon"),
        (Momentum(momentum=1.0), "momentum"),
        (Nesterov(momentum="best"), "momentum"),
    ],
    "schedule": [
        (InverseScaling(power_t=-1), "power_t"),
        (Exponential(decay=1.5), "decay"),
        (Step(every=0), "every"),
        (Cosine(final=-1), "final"),
        (OneCycle(warmup=1.0), "warmup"),
        (Adaptive(divisor=1.0), "divisor"),
    ],
}


def make_data(n=30, p=3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.arange(1.0, p + 1) + rng.normal(size=n)


def test_every_parameter_has_bad_values_here():
    assert set(BAD_VALUES) == set(GDRegressor().get_params())


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    "name, value",
    [(name, value) for name, values in BAD_VALUES.items() for value in values],
    ids=str,
)
def test_a_bad_value_is_named(name, value, method):
    model = GDRegressor(**{name: value})
    with pytest.raises(ValueError) as error:
        getattr(model, method)(*make_data())
    message = str(error.value)
    assert f"'{name}' parameter of GDRegressor must be" in message, "it names the parameter"
    assert f"Got {value!r} instead" in message, "and says what came"


@pytest.mark.parametrize(
    "role, component, name",
    [
        (role, component, name)
        for role, cases in BAD_COMPONENTS.items()
        for component, name in cases
    ],
    ids=str,
)
def test_a_bad_value_of_a_component_is_named(role, component, name):
    model = GDRegressor(**{role: component})
    with pytest.raises(ValueError) as error:
        model.fit(*make_data())
    assert name in str(error.value)
    assert type(component).__name__ in str(error.value)


def test_parameters_are_not_checked_or_changed_by_init():
    model = GDRegressor(alpha=-1)
    assert model.alpha == -1


@pytest.mark.parametrize("solver", SAMPLERS)
def test_fit_leaves_parameters_as_they_were(solver):
    model = GDRegressor(
        solver=solver,
        loss=Huber(),
        penalty=L1(),
        optimizer=Momentum(momentum="auto"),
        schedule=Cosine(),
        max_iter=3,
    )
    before = {name: repr(value) for name, value in model.get_params().items()}
    model.fit(*make_data())
    assert {name: repr(value) for name, value in model.get_params().items()} == before


@pytest.mark.parametrize(
    "parameters, named",
    [
        ({"solver": "stochastic"}, "solver='stochastic'"),
        ({"solver": "mini-batch"}, "solver='mini-batch'"),
        ({"optimizer": "adam"}, "optimizer='adam'"),
        ({"optimizer": "adagrad"}, "optimizer='adagrad'"),
        ({"optimizer": RMSProp()}, "optimizer=RMSProp"),
        ({"loss": "absolute_error"}, "loss='absolute_error'"),
        ({"loss": Quantile(0.9)}, "loss=Quantile"),
        ({"schedule": "cosine"}, "schedule='cosine'"),
        ({"schedule": lambda count: 1.0}, "schedule="),
    ],
    ids=[
        "stochastic",
        "mini-batch",
        "adam",
        "adagrad",
        "rmsprop",
        "kink",
        "quantile",
        "cosine",
        "f",
    ],
)
def test_line_search_says_with_what_it_cannot_be_combined(parameters, named):
    with pytest.raises(ValueError) as error:
        GDRegressor(learning_rate="line-search", **parameters).fit(*make_data())
    assert "line-search" in str(error.value)
    assert named in str(error.value)
    assert "use" in str(error.value)


@pytest.mark.parametrize("name", ["early_stopping", "standardize"])
def test_partial_fit_says_what_needs_all_rows(name):
    model = GDRegressor(**{name: True})
    with pytest.raises((ValueError, AttributeError)) as error:
        model.partial_fit(*make_data())
    assert f"{name}=True" in str(error.value)
    assert not hasattr(model, "coef_")


class TestData:
    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_not_a_number_in_X(self, method, bad):
        X, y = make_data()
        X[3, 1] = bad
        with pytest.raises(ValueError, match="Input X contains"):
            getattr(GDRegressor(), method)(X, y)

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    @pytest.mark.parametrize("n_targets", [1, 2])
    def test_not_a_number_in_y(self, n_targets, method, bad):
        X, y = make_data()
        y[3] = bad
        y = y if n_targets == 1 else np.column_stack([X[:, 0], y])
        with pytest.raises(ValueError, match="Input y contains"):
            getattr(GDRegressor(), method)(X, y)

    @pytest.mark.parametrize("method", ["predict", "score"])
    def test_not_a_number_at_prediction(self, method):
        X, y = make_data()
        model = GDRegressor().fit(X, y)
        X[3, 1] = np.nan
        with pytest.raises(ValueError, match="Input X contains NaN"):
            getattr(model, method)(*((X,) if method == "predict" else (X, y)))

    @pytest.mark.parametrize(
        "X, y, message",
        [
            (np.ones(5), np.ones(5), "2D array"),
            (np.ones((5, 2, 2)), np.ones(5), "dim 3|3D|dimensions"),
            (np.ones((5, 2)), np.ones(4), "inconsistent numbers of samples"),
            (np.ones((5, 2)), np.ones((5, 2, 2)), "dim 3|3D|dimensions"),
            (np.ones((0, 2)), np.ones(0), "0 sample"),
            (np.ones((5, 2)), None, "y"),
            (np.ones((5, 2)), list("abcde"), r"y\[0\] is 'a'. Use GDClassifier"),
            (np.ones((5, 2), dtype=complex), np.ones(5), "[Cc]omplex"),
            ([["a", "b"]] * 5, np.ones(5), "OneHotEncoder"),
        ],
        ids=["1-D", "3-D", "short y", "3-D y", "empty", "no y", "text y", "complex", "text X"],
    )
    def test_wrong_shapes_and_types(self, X, y, message):
        with pytest.raises(ValueError, match=message):
            GDRegressor().fit(X, y)

    def test_wrong_number_of_features_at_prediction(self):
        X, y = make_data()
        model = GDRegressor().fit(X, y)
        with pytest.raises(ValueError, match=r"X has 2 features.*expecting 3"):
            model.predict(X[:, :2])

    def test_wrong_shape_of_y_at_score(self):
        X, y = make_data()
        with pytest.raises(ValueError, match="shape"):
            GDRegressor().fit(X, y).score(X, np.column_stack([y, y]))

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    @pytest.mark.parametrize("loss, value", [("poisson", -0.5), ("gamma", 0.0), ("gamma", -2.0)])
    def test_targets_outside_the_domain_name_the_row(self, loss, value, method):
        X, y = make_data()
        y = np.abs(y) + 1
        y[[7, 12]] = value
        with pytest.raises(ValueError) as error:
            getattr(GDRegressor(loss=loss), method)(X, y)
        assert f"y[7] = {value}" in str(error.value)
        assert "2 of 30" in str(error.value)
        assert LOSSES[loss].target_range in str(error.value)

    def test_targets_outside_the_domain_at_score(self):
        X, y = make_data()
        model = GDRegressor(loss="gamma").fit(X, np.abs(y) + 1)
        with pytest.raises(ValueError, match="positive"):
            model.score(X, y)

    def test_row_outside_the_domain_among_several_targets(self):
        X, y = make_data()
        Y = np.column_stack([np.abs(y), np.abs(y)])
        Y[5, 1] = -1
        with pytest.raises(ValueError, match=r"y\[5\]"):
            GDRegressor(loss="poisson").fit(X, Y)

    def test_row_outside_the_domain_is_counted_in_the_rows_given(self):
        X, y = make_data()
        y = np.abs(y) + 1
        y[7] = -1
        weights = np.ones(30)
        weights[:3] = 0
        with pytest.raises(ValueError, match=r"y\[7\]"):
            GDRegressor(loss="gamma").fit(X, y, sample_weight=weights)

    def test_poisson_without_any_count(self):
        X, _ = make_data()
        with pytest.raises(ValueError, match="every target is 0"):
            GDRegressor(loss="poisson").fit(X, np.zeros(30))

    def test_box_with_another_number_of_features(self):
        with pytest.raises(ValueError, match="3 features"):
            GDRegressor(penalty=Box(lower=[0.0, 0.0])).fit(*make_data())

    def test_numbers_that_overflow(self):
        X, y = make_data()
        with pytest.raises(ValueError, match=r"too large|overflow"):
            GDRegressor().fit(1e200 * X, y)
        with pytest.raises(ValueError, match=r"too large|overflow"):
            GDRegressor().fit(X, 1e200 * y)


class WrongGradient(Loss):
    """A loss whose gradient has the wrong sign."""

    def value(self, y, z):
        return (z - y) ** 2 / 2

    def gradient(self, y, z):
        return y - z


class WrongShape(Loss):
    """A loss that returns its mean."""

    def value(self, y, z):
        return ((z - y) ** 2 / 2).mean()

    def gradient(self, y, z):
        return z - y


def test_a_wrong_gradient_is_refused_with_the_numbers():
    with pytest.raises(ValueError, match=r"WrongGradient.gradient .* y = .* z = .* says .* while"):
        GDRegressor(loss=WrongGradient()).fit(*make_data())


def test_a_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"WrongShape.value\(y, z\) must return .* shape"):
        GDRegressor(loss=WrongShape()).fit(*make_data())


@pytest.mark.parametrize(
    "name, value",
    [
        ("coef_init", [1.0, 2.0]),
        ("coef_init", [1.0, 2.0, np.nan]),
        ("intercept_init", [1.0, 2.0]),
        ("intercept_init", np.inf),
    ],
)
def test_bad_initial_coefficients(name, value):
    with pytest.raises(ValueError, match=name):
        GDRegressor().fit(*make_data(), **{name: value})


class TestWithoutEffect:
    @pytest.mark.parametrize(
        "name, parameters",
        [
            ("epsilon", {"epsilon": 0.5}),
            ("epsilon", {"epsilon": 0.5, "loss": Huber()}),
            ("alpha", {"alpha": 0.5}),
            ("alpha", {"alpha": 0.5, "penalty": Box()}),
            ("alpha", {"alpha": 0.5, "penalty": L1(alpha=0.1)}),
            ("alpha", {"alpha": 0, "penalty": L1(alpha=0.1)}),
            ("l1_ratio", {"l1_ratio": 0.5, "penalty": "l2"}),
            ("l1_ratio", {"l1_ratio": 0.5, "penalty": "l1"}),
            ("momentum", {"momentum": 0.5, "optimizer": "gd"}),
            ("momentum", {"momentum": 0.5, "optimizer": "adam"}),
            ("momentum", {"momentum": 0.5, "optimizer": Nesterov(0.9)}),
            ("batch_size", {"batch_size": 8}),
            ("batch_size", {"batch_size": 8, "solver": "stochastic"}),
            ("shuffle", {"shuffle": False}),
            ("power_t", {"power_t": 0.5}),
            ("power_t", {"power_t": 0.5, "schedule": "cosine"}),
            ("power_t", {"power_t": 0.5, "schedule": InverseScaling()}),
            ("validation_fraction", {"validation_fraction": 0.2}),
            ("n_iter_no_change", {"n_iter_no_change": 50}),
            ("n_iter_no_change", {"n_iter_no_change": 50, "solver": "stochastic"}),
            ("n_iter_no_change", {"n_iter_no_change": 50, "loss": "huber", "tol": None}),
            ("scoring", {"scoring": "score"}),
        ],
        ids=str,
    )
    def test_is_a_warning_that_names_it(self, name, parameters):
        with pytest.warns(IgnoredParameterWarning, match=f"{name}=.* has no effect: "):
            GDRegressor(max_iter=3, **parameters).fit(*make_data())

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"epsilon": 0.5, "loss": "huber"},
            {"epsilon": 0.5, "loss": "squared_epsilon_insensitive"},
            {"alpha": 0.5, "penalty": "l2"},
            {"alpha": 0, "penalty": None},
            {"alpha": 0.5, "l1_ratio": 0.5, "penalty": "elasticnet"},
            {"momentum": 0.5, "optimizer": "momentum"},
            {"momentum": 0.5},
            {"batch_size": 8, "shuffle": False, "solver": "mini-batch"},
            {"shuffle": False, "solver": "stochastic"},
            {"power_t": 0.5, "schedule": "invscaling"},
            {"validation_fraction": 0.2, "early_stopping": True},
            {"n_iter_no_change": 50, "early_stopping": True},
            {"n_iter_no_change": 50, "solver": "stochastic", "loss": "absolute_error"},
            {"scoring": "score", "early_stopping": True},
            {"n_iter_no_change": 50, "schedule": "adaptive"},
        ],
        ids=str,
    )
    def test_no_warning_where_it_has_one(self, parameters, recwarn):
        GDRegressor(max_iter=3, **parameters).fit(*make_data())
        assert not [w for w in recwarn if issubclass(w.category, IgnoredParameterWarning)]

    def test_the_warning_points_at_the_line_of_the_caller(self):
        with pytest.warns(IgnoredParameterWarning) as caught:
            GDRegressor(alpha=0.5).fit(*make_data())
        assert caught[0].filename == __file__


class BreaksLater(Loss):
    """Squared error that fails after some epochs."""

    curvature = 1.0

    def __init__(self, calls=10):
        self.calls = calls

    def value(self, y, z):
        return (z - y) ** 2 / 2

    def gradient(self, y, z):
        counter["calls"] += 1
        if counter["calls"] > self.calls:
            raise ValueError("broken")
        return z - y


class InterruptedAtOnce(Loss):
    """A loss during whose first value somebody presses Ctrl-C."""

    def value(self, y, z):
        raise KeyboardInterrupt

    def gradient(self, y, z):
        return z - y


counter = {"calls": 0}


def named(X):
    return pd.DataFrame(X, columns=["a", "b", "c"])


class TestFailedRefit:
    def failures(self):
        """Name, parameters and data of fits that fail."""
        X, y = make_data()
        with_nan = X.copy()
        with_nan[0, 0] = np.nan
        return {
            "parameter": ({"alpha": -1}, X, y),
            "component": ({"optimizer": Adam(beta_1=2)}, X, y),
            "combination": ({"learning_rate": "line-search", "solver": "stochastic"}, X, y),
            "nan": ({}, with_nan, y),
            "y": ({}, X[:, :2], np.r_[np.nan, y[1:]]),
            "lengths": ({}, X[:, :2], y[:-1]),
            "weights": ({}, X[:, :2], y),
            "domain": ({"loss": "poisson"}, X[:, :2], y),
            "box": ({"penalty": Box(lower=[0.0])}, X[:, :2], y),
            "overflow": ({}, 1e200 * X[:, :2], y),
            "later": ({"loss": BreaksLater()}, X, y),
        }

    @pytest.mark.parametrize(
        "failure",
        [
            "parameter",
            "component",
            "combination",
            "nan",
            "y",
            "lengths",
            "weights",
            "domain",
            "box",
            "overflow",
            "later",
        ],
    )
    @pytest.mark.parametrize("warm_start", [False, True])
    def test_leaves_the_earlier_fit_usable(self, warm_start, failure):
        X, y = make_data()
        counter["calls"] = 0
        model = GDRegressor(warm_start=warm_start, max_iter=4, tol=None).fit(named(X), y)
        parameters, before = model.get_params(), dict(vars(model))
        coef, predicted, score = model.coef_.copy(), model.predict(named(X)), model.score(X, y)
        bad, X2, y2 = self.failures()[failure]
        weights = -np.ones(len(y2)) if failure == "weights" else None
        with pytest.raises(ValueError):
            model.set_params(**bad).fit(X2, y2, sample_weight=weights)
        model.set_params(**parameters)
        assert set(vars(model)) == set(before)
        assert_array_equal(model.coef_, coef)
        assert_array_equal(model.predict(named(X)), predicted)
        assert model.score(named(X), y) == score
        assert model.n_features_in_ == 3
        assert_array_equal(model.feature_names_in_, ["a", "b", "c"])
        model.set_params(warm_start=True).fit(named(X), y)
        whole = GDRegressor(max_iter=8, tol=None).fit(named(X), y)
        assert_array_equal(model.coef_, whole.coef_)
        assert model.t_ == whole.t_

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_of_partial_fit_too(self, solver):
        X, y = make_data()
        model = GDRegressor(solver=solver, random_state=0, learning_rate=0.01)
        once = model.partial_fit(X, y).coef_.copy()
        for bad in (X[:, :2], np.full_like(X, np.nan)):
            with pytest.raises(ValueError):
                model.partial_fit(bad, y)
        assert_array_equal(model.coef_, once)
        whole = GDRegressor(solver=solver, random_state=0, learning_rate=0.01)
        assert_array_equal(
            model.partial_fit(X, y).coef_, whole.partial_fit(X, y).partial_fit(X, y).coef_
        )

    def test_of_a_first_fit_leaves_nothing(self):
        X, y = make_data()
        model = GDRegressor(loss="poisson")
        with pytest.raises(ValueError):
            model.fit(named(X), y)
        assert not [name for name in vars(model) if name.endswith("_")]

    @pytest.mark.parametrize("shape", ["features", "targets", "intercept"])
    def test_warm_start_of_another_shape_is_an_error(self, shape):
        X, y = make_data()
        model = GDRegressor(warm_start=True, max_iter=4).fit(X, y)
        coef = model.coef_.copy()
        X2 = X[:, :2] if shape == "features" else X
        y2 = np.column_stack([y, y]) if shape == "targets" else y
        model.set_params(fit_intercept=shape != "intercept")
        with pytest.raises(ValueError, match=r"cannot be continued.*shape"):
            model.fit(X2, y2)
        assert_array_equal(model.coef_, coef)
        assert model.n_features_in_ == 3

    def test_an_interrupt_before_the_first_epoch_leaves_the_earlier_fit(self):
        X, y = make_data()
        model = GDRegressor(max_iter=4).fit(named(X), y)
        predicted = model.predict(named(X))
        with pytest.raises(KeyboardInterrupt):
            model.set_params(loss=InterruptedAtOnce()).fit(X[:, :2], y)
        assert_array_equal(model.predict(named(X)), predicted)
        assert_array_equal(model.feature_names_in_, ["a", "b", "c"])
