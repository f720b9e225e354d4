"""Conjugate gradients over all rows: those of linear algebra, and the minimum of every loss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, cg
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info, threadpool_limits

from gdregress import GDClassifier, GDRegressor
from gdregress._engines import class_preconditioner
from gdregress._estimator.planning.plan import plan_run
from gdregress._estimator.prepare import prepare
from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES, Loss
from gdregress.penalties import Box

ALPHA = 1e-3
ALL = LOSSES | CLASSIFICATION_LOSSES


def wide(n=40, p=100, seed=0):
    """Fewer rows than columns, whose moments are not formed; columns of many sizes."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.uniform(-1, 1, p) + rng.normal(size=p)
    return X, (X / X.std(axis=0)) @ rng.normal(size=p) / p**0.5 + rng.normal(size=n)


def narrow(n=300, p=6, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, p)) * 10.0 ** np.arange(-2, p - 2) + 3.0
    return X, (X - X.mean(axis=0)) / X.std(axis=0) @ rng.normal(size=p) / 2


def targets_for(name, z):
    """Targets that a loss can have, around raw predictions."""
    rng = np.random.RandomState(1)
    loss = ALL[name]
    if loss.target_range in ("labels", "classes"):
        return (z + rng.logistic(size=len(z)) > 0).astype(int)
    if loss.link == "log":
        return rng.poisson(np.exp(z)) + (0.5 if loss.target_range == "positive" else 0.0)
    return z + rng.standard_t(3, size=len(z))


def estimator(name, **given):
    labels = ALL[name].target_range in ("labels", "classes")
    given = {"penalty": "l2", "alpha": ALPHA, "preconditioner": "columns"} | given
    return (GDClassifier if labels else GDRegressor)(name, **given)


def method_of(model, X, y):
    prepared = prepare(model, X, y, None)
    plan = plan_run(model, prepared.components, prepared.objective, prepared.frame)
    return plan.run.method


def least(name, X, y, weights=None, fit_intercept=True):
    """The least objective by L-BFGS-B in standardised columns."""
    loss, labels = ALL[name](), 2.0 * y - 1
    mean, size = (X.mean(axis=0), X.std(axis=0)) if fit_intercept else (0.0, X.std(axis=0))
    A, given = (X - mean) / size, y.astype(float)
    s = np.full(len(y), 1 / len(y)) if weights is None else weights / weights.sum()
    if loss.target_range == "labels":
        given = labels

    def objective(u):
        z = A @ u[:-1] + u[-1] * fit_intercept
        slopes = s * loss.gradient(given, z)
        gradient = np.append(A.T @ slopes + ALPHA * u[:-1] / size**2, slopes.sum() * fit_intercept)
        return s @ loss.value(given, z) + ALPHA / 2 * np.sum((u[:-1] / size) ** 2), gradient

    start = np.zeros(X.shape[1] + 1)
    if loss.link == "log" and fit_intercept:
        start[-1] = np.log(s @ y)
    options = {"ftol": 1e-16, "gtol": 1e-12, "maxiter": 20_000, "maxfun": 20_000, "maxcor": 50}
    return minimize(objective, start, jac=True, method="L-BFGS-B", options=options).fun


SMOOTH = [
    name
    for name, loss in ALL.items()
    if loss.smooth and loss().convex and loss.kernel is not None and name != "squared_error"
]


@pytest.mark.parametrize("preconditioner", ["columns", "moments"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", SMOOTH)
def test_ends_at_the_minimum(name, fit_intercept, preconditioner):
    X, z = narrow()
    y, weights = targets_for(name, z), np.random.RandomState(2).uniform(0.2, 2.0, len(z))
    model = estimator(name, tol=1e-6, fit_intercept=fit_intercept)
    model.set_params(preconditioner=preconditioner)
    best = least(name, X, y, weights, fit_intercept)
    for data in (X, sparse.csr_array(X)):
        assert method_of(model, data, y) == "conjugate gradients"
        history = model.fit(data, y, weights).history_
        assert model.stop_reason_ == "tolerance"
        values = history["objective"]
        assert values[-1] - best <= 1e-10 * (values[0] - best)
        assert all(np.diff(values) <= 1e-14 * abs(values[0]))


def three_classes(n=300, p=4):
    """Classes that overlap, columns of many sizes."""
    X, _ = narrow(n, p)
    rng = np.random.RandomState(3)
    scores = (X - X.mean(axis=0)) / X.std(axis=0) @ rng.normal(size=(p, 3))
    return X, np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)


@pytest.mark.parametrize("penalty", ["l2", None])
@pytest.mark.parametrize("preconditioner", ["columns", "moments"])
def test_softmax_ends_at_the_minimum(penalty, preconditioner):
    X, y = three_classes()
    weights = np.random.RandomState(2).uniform(0.2, 2.0, len(y))
    strength = ALPHA if penalty else 0.0
    exact = LogisticRegression(C=1 / (weights.sum() * strength or 1e-12), tol=1e-12, max_iter=999)
    for fit_intercept in (True, False):
        exact.set_params(fit_intercept=fit_intercept, solver="newton-cg")
        exact.fit(X / X.std(axis=0), y, weights)
        model = GDClassifier(penalty=penalty, alpha=ALPHA if penalty else 1e-4, tol=1e-6)
        model.set_params(fit_intercept=fit_intercept, preconditioner=preconditioner)
        for data in (X, sparse.csr_array(X)):
            assert method_of(model, data / X.std(axis=0), y) == "conjugate gradients"
            model.fit(data / X.std(axis=0), y, weights)
            assert model.stop_reason_ == "tolerance"
            assert model.n_iter_ < 30
            assert_allclose(
                model.predict_proba(data / X.std(axis=0)),
                exact.predict_proba(X / X.std(axis=0)),
                atol=1e-5,
            )


def test_softmax_of_classes_that_nearly_can_be_separated():
    """Far from the start the curvature is another: it is taken anew, and the steps stay few."""
    X, y = load_iris(return_X_y=True)
    model = GDClassifier(penalty=None).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ < 50


@pytest.mark.parametrize("optimizer", ["auto", "cg"])
@pytest.mark.parametrize("name", [*SMOOTH, "softmax"])
def test_columns_that_say_nothing_change_nothing(name, optimizer):
    """A constant one, one of zeros, a copy: along them nothing is curved."""
    X, z = narrow()
    given = ("log_loss", three_classes()[1]) if name == "softmax" else (name, targets_for(name, z))
    model = estimator(given[0], penalty=None, alpha=1e-4, preconditioner="auto")
    model.set_params(optimizer=optimizer)
    least = model.fit(X, given[1]).history_["objective"][-1]
    more = np.c_[np.ones(len(X)), X, X[:, 0], np.zeros(len(X))]
    for data in (more, sparse.csr_array(more)):
        model.fit(data, given[1])
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.history_["objective"][-1], least, rtol=1e-7)


@pytest.mark.parametrize("name", [*SMOOTH, "softmax"])
def test_weights_in_single_precision(name):
    X, z = narrow()
    given = ("log_loss", three_classes()[1]) if name == "softmax" else (name, targets_for(name, z))
    weights = np.random.RandomState(2).uniform(0.2, 2.0, len(X))
    model = estimator(given[0]).fit(X, given[1], weights)
    expected = model.predict(X)
    single = model.fit(X.astype(np.float32), given[1], weights).predict(X.astype(np.float32))
    assert model.stop_reason_ == "tolerance"
    assert_allclose(single, expected, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
def test_single_precision_does_not_follow_rounding(loss):
    """Along what no row differs in, gradients are rounding, and so would be the coefficients."""
    rng = np.random.RandomState(0)
    X, y = np.repeat(rng.normal(size=(6, 60)), 2, axis=1), np.array([0, 1, 2, 1, 0, 2])
    model = GDClassifier(loss, penalty=None)
    size = np.abs(model.fit(X, y).coef_).max()
    assert np.abs(model.fit(X.astype(np.float32), y).coef_).max() < 10 * size
    assert model.stop_reason_ == "tolerance"
    assert model.score(X.astype(np.float32), y) == 1.0


@pytest.mark.parametrize("first", [1, 2, 4, 7])
def test_softmax_is_resumed_to_the_bit(first):
    X, y = three_classes()
    settings = {"alpha": ALPHA, "tol": None}
    for dtype in (np.float32, float):
        whole = GDClassifier(max_iter=9, **settings).fit(X.astype(dtype), y)
        parts = GDClassifier(max_iter=first, warm_start=True, **settings).fit(X.astype(dtype), y)
        parts.set_params(max_iter=9 - first).fit(X.astype(dtype), y)
        assert_array_equal(parts.coef_, whole.coef_)
        assert_array_equal(parts.intercept_, whole.intercept_)


def test_small_systems_of_classes_take_one_thread_of_blas(monkeypatch):
    """Where cores are shared, two that wait for each other's products take many times as long."""
    seen, factor = set(), class_preconditioner.cho_factor

    def watched(matrix):
        libraries = [one for one in threadpool_info() if one["user_api"] == "blas"]
        seen.update(one["num_threads"] for one in libraries)
        return factor(matrix)

    monkeypatch.setattr(class_preconditioner, "cho_factor", watched)
    X = np.random.default_rng(0).normal(size=(200, 5))
    with threadpool_limits(2, user_api="blas"):
        GDClassifier(max_iter=3, tol=None).fit(X, np.arange(200) % 30)
    assert seen == {1}


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_many_classes_ask_for_it_by_name(loss):
    X, y = three_classes()
    one, other = (
        GDClassifier(loss, optimizer=name, alpha=ALPHA).fit(X, y) for name in ("cg", "auto")
    )
    assert_array_equal(one.coef_, other.coef_)


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_squared_error_takes_the_steps_of_linear_algebra(steps, alike):
    X, y = wide()
    size = X.std(axis=0)
    A = (X - X.mean(axis=0)) / size
    extra, loss = ALPHA / size**2, 1.0
    if alike:  # of l2 of about one size, for which the rows span all steps
        X, size = X / size, np.ones(X.shape[1])
        extra, loss = np.full(X.shape[1], ALPHA), 0.0
    system = LinearOperator((100, 100), lambda v: A.T @ (A @ v) / len(y) + extra * v)
    inverse = LinearOperator((100, 100), lambda v: v / (loss + extra))
    given = {"preconditioner": "columns", "max_iter": steps, "tol": None}
    model = GDRegressor(penalty="l2", alpha=ALPHA, **given).fit(X, y)
    u, _ = cg(system, A.T @ (y - y.mean()) / len(y), rtol=0.0, maxiter=steps, M=inverse)
    assert_allclose(model.coef_, u / size, rtol=1e-8, atol=1e-12 * np.abs(u / size).max())
    assert model.intercept_ == pytest.approx(y.mean() - X.mean(axis=0) @ model.coef_, rel=1e-9)


@pytest.mark.parametrize("penalty", [None, "l2"])
def test_wide_data(penalty):
    X, y = wide()
    model = GDRegressor(penalty=penalty, alpha=ALPHA if penalty else 1e-4).fit(X, y)
    assert method_of(model, X, y) == "conjugate gradients"
    assert model.stop_reason_ == "tolerance"
    accelerated = GDRegressor(optimizer="nesterov", max_iter=2 * model.n_iter_, tol=None)
    accelerated.set_params(penalty=penalty, alpha=model.alpha).fit(X, y)
    assert model.history_["objective"][-1] < accelerated.history_["objective"][-1]


@pytest.mark.parametrize(
    ("name", "method"), [("huber", "envelope"), ("log_cosh", "conjugate gradients")]
)
def test_several_targets_of_many_sizes(name, method):
    X, z = narrow()
    Y = np.column_stack([z, 3 - z**2, np.abs(z)]) * [1.0, 100.0, 0.01]
    Y += np.random.RandomState(0).standard_t(2, size=Y.shape) * [1.0, 100.0, 0.01]
    both = GDRegressor(name, tol=1e-6)
    assert method_of(both, X, Y) == method
    both.fit(X, Y)
    assert both.stop_reason_ == "tolerance"
    for k in range(3):
        alone = GDRegressor(name, tol=1e-7).fit(X, Y[:, k])
        size = np.abs(alone.coef_ * X.std(axis=0)).max()
        assert_allclose(
            both.coef_[k] * X.std(axis=0), alone.coef_ * X.std(axis=0), atol=1e-4 * size
        )


def test_float32_ends_by_itself():
    X, z = narrow()
    y = targets_for("log_loss", z)
    model = GDClassifier(alpha=ALPHA).fit(X.astype(np.float32), y)
    exact = GDClassifier(alpha=ALPHA, tol=1e-7).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.coef_.dtype == np.float32
    assert model.history_["objective"][-1] == pytest.approx(exact.history_["objective"][-1], 1e-5)


@pytest.mark.parametrize("first", [1, 3, 20])
def test_a_resumed_run_goes_on_as_if_it_had_not_ended(first):
    X, z = narrow()
    y = targets_for("log_loss", z)
    whole = GDClassifier(alpha=ALPHA, max_iter=25, tol=None).fit(X, y)
    parts = GDClassifier(alpha=ALPHA, max_iter=first, tol=None, warm_start=True).fit(X, y)
    parts.set_params(max_iter=25 - first).fit(X, y)
    assert_array_equal(parts.coef_, whole.coef_)


def test_on_other_data_directions_start_anew():
    X, z = narrow()
    y = targets_for("log_loss", z)
    model = GDClassifier(alpha=ALPHA, max_iter=3, tol=None, warm_start=True).fit(X, y)
    with pytest.warns(ConvergenceWarning):
        model.set_params(max_iter=1, tol=1e-4).fit(X, 1 - y)
    assert model.history_["objective"][1] < model.history_["objective"][0]


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "nesterov"},
        {"learning_rate": 0.1},
        {"momentum": 0.5},
        {"schedule": "constant"},
        {"average": True},
        {"solver": "mini-batch"},
    ],
)
def test_a_rule_that_is_chosen_is_followed(given):
    X, z = narrow()
    assert method_of(GDClassifier(**given), X, targets_for("log_loss", z)) == "updates"


def test_the_users_own_columns():
    X, z = narrow()
    y = targets_for("log_loss", z)
    model = GDClassifier(alpha=ALPHA, preconditioner=None, max_iter=1, tol=None).fit(X, y)
    slopes = y.mean() - y
    assert_array_equal(np.sign(model.coef_[0]), -np.sign(X.T @ slopes))
    assert_allclose(model.coef_[0] / (X.T @ slopes), (model.coef_[0] / (X.T @ slopes))[0])


class OwnLoss(Loss):
    """Squared error by its formulas alone."""

    def value(self, y, z):
        return (z - y) ** 2 / 2

    def gradient(self, y, z):
        return z - y


class TestAskedFor:
    """optimizer="cg", where "auto" would choose something else as well."""

    @pytest.mark.parametrize("penalty", [None, "l2"])
    @pytest.mark.parametrize("data", [narrow, wide])
    def test_squared_error(self, data, penalty):
        X, y = data()
        model = GDRegressor(optimizer="cg", penalty=penalty, alpha=ALPHA if penalty else 1e-4)
        assert method_of(model, X, y) == "conjugate gradients"
        model.fit(X, y)
        assert model.stop_reason_ == "tolerance"
        A = np.c_[X - X.mean(axis=0), np.ones(len(y))]
        extra = len(y) * model.alpha * np.eye(X.shape[1] + 1) if penalty else 0 * A.T @ A
        extra[-1, -1] = 0
        best = A @ np.linalg.lstsq(A.T @ A + extra, A.T @ y, rcond=None)[0]
        if penalty is None and data is wide:
            best = y
        assert_allclose(model.predict(X), best, atol=1e-4 * np.std(y))

    @pytest.mark.parametrize("preconditioner, steps", [(None, 4), ("columns", 3), ("moments", 1)])
    def test_squared_error_takes_a_step_for_each_parameter(self, preconditioner, steps):
        """The intercept is one of them unless columns are centred; the metric makes all one."""
        X, z = narrow(p=3)
        y = targets_for("squared_error", z)
        model = GDRegressor(optimizer="cg", penalty=None, preconditioner=preconditioner).fit(X, y)
        values = dict(zip(model.history_["epoch"], model.history_["objective"], strict=True))
        A = np.c_[X, np.ones(len(y))]
        least = np.mean((A @ np.linalg.lstsq(A, y, rcond=None)[0] - y) ** 2) / 2
        assert min(epoch for epoch in values if values[epoch] <= least * (1 + 1e-9)) == steps

    def test_it_is_what_auto_is_for_other_losses(self):
        X, z = narrow()
        y = targets_for("huber", z)
        one, other = (GDRegressor("huber", optimizer=name).fit(X, y) for name in ("cg", "auto"))
        assert_array_equal(one.coef_, other.coef_)
        assert one.history_["objective"] == other.history_["objective"]

    def test_early_stopping_and_warm_starts(self):
        X, y = narrow()
        GDRegressor(optimizer="cg", early_stopping=True, random_state=0).fit(X, y)
        parts = GDRegressor("huber", optimizer="cg", warm_start=True, max_iter=2, tol=None)
        parts.fit(X, y).fit(X, y)
        whole = GDRegressor("huber", optimizer="cg", max_iter=4, tol=None).fit(X, y)
        assert_array_equal(parts.coef_, whole.coef_)

    @pytest.mark.parametrize(
        "given, reason",
        [
            ({"solver": "mini-batch"}, "solver='mini-batch', .*solver='batch'"),
            ({"loss": "absolute_error"}, "loss='absolute_error', .*optimizer='auto'"),
            ({"penalty": "l1"}, "penalty='l1', .*optimizer='auto'"),
            ({"penalty": Box(lower=0)}, "penalty=Box, .*optimizer='auto'"),
            ({"learning_rate": 0.1}, "learning_rate=0.1, .*learning_rate='auto'"),
            ({"learning_rate": "line-search"}, "learning_rate='line-search', .*'auto'"),
            ({"momentum": 0.5}, "momentum=0.5, .*momentum='auto'"),
            ({"schedule": "invscaling"}, "schedule='invscaling', .*schedule='auto'"),
            ({"average": True}, "average=True, .*average=False"),
        ],
        ids=str,
    )
    def test_what_it_does_not_go_with_is_refused(self, given, reason):
        X, y = narrow()
        with pytest.raises(ValueError, match=f"optimizer='cg' cannot be combined with {reason}"):
            GDRegressor(**{"optimizer": "cg"} | given).fit(X, y)

    def test_own_losses_and_parts_are_refused(self):
        X, y = narrow()
        with pytest.raises(ValueError, match="'cg' cannot be combined with loss=OwnLoss, "):
            GDRegressor(OwnLoss(), optimizer="cg").fit(X, y)
        with pytest.raises(ValueError, match="'cg' cannot be combined with partial_fit: "):
            GDRegressor(optimizer="cg").partial_fit(X, y)


class TestSeveralTargets:
    """They are as many problems, which share their passes."""

    def test_each_goes_its_own_way(self):
        X, z = narrow()
        Y = np.column_stack([z, 100 * np.abs(z), np.sign(z)])
        given = {"optimizer": "cg", "preconditioner": None, "max_iter": 5, "tol": None}
        together = GDRegressor("huber", **given).fit(X, Y)
        for k, coef in enumerate(together.coef_):
            alone = GDRegressor("huber", **given).fit(X, Y[:, k])
            assert_allclose(coef, alone.coef_, rtol=1e-8)

    @pytest.mark.parametrize("loss", ["squared_hinge", "modified_huber"])
    def test_classes_take_as_long_as_the_hardest_of_them(self, loss):
        X, y = load_wine(return_X_y=True)
        alone = [GDClassifier(loss).fit(X, y == k) for k in range(3)]
        together = GDClassifier(loss).fit(X, y)
        assert together.stop_reason_ == "tolerance"
        assert together.n_iter_ <= max(model.n_iter_ for model in alone)
        least = sum(model.history_["objective"][-1] for model in alone)
        assert_allclose(together.history_["objective"][-1], least, rtol=1e-4)
