"""Code as users write it, annotated: `test_types.py` runs it and has pyright check it strictly."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gdregress import (
    GDClassifier,
    GDClassifierCV,
    GDRegressor,
    GDRegressorCV,
    closed_form_path,
    diagnose,
    gd_path,
    implicit_ridge,
    learning_rate_range_test,
    minimize,
    show_versions,
)
from gdregress.callbacks import History
from gdregress.losses import Loss, Quantile
from gdregress.optimizers import Adam, Optimizer
from gdregress.penalties import Box, Penalty
from gdregress.plotting import (
    CoefficientPathDisplay,
    DescentPathDisplay,
    FitDisplay,
    LearningRateDisplay,
    LivePlot,
    LossCurveDisplay,
    LossSurfaceDisplay,
    OverviewDisplay,
    RegularizationPathDisplay,
)
from gdregress.samplers import MiniBatch, Sampler
from gdregress.schedules import Exponential, Schedule

Floats = npt.NDArray[np.float64]
X = np.random.default_rng(0).normal(size=(20, 2))
y = X @ np.array([1.0, -2.0]) + 0.5
labels = np.where(y > 0.5, "a", "b")


class Quartic(Loss):
    smooth = True
    traceable = True

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def value(self, y: Floats, z: Floats) -> Floats:
        return self.scale * (z - y) ** 4 / 4

    def gradient(self, y: Floats, z: Floats) -> Floats:
        return self.scale * (z - y) ** 3


class Logistic(Loss):
    curvature = 0.25
    target_range = "labels"

    def value(self, y: Floats, z: Floats) -> Floats:
        return np.logaddexp(0.0, -y * z)

    def gradient(self, y: Floats, z: Floats) -> Floats:
        return -y / (1 + np.exp(y * z))

    def probability(self, z: Floats) -> Floats:
        return 1 / (1 + np.exp(-z))


class SignState(NamedTuple):
    last: Floats


class SignDescent(Optimizer):
    keeps_step_length = True

    def init(self, params: Floats) -> SignState:
        return SignState(0 * params)

    def lookahead(self, params: Floats, state: SignState) -> Floats:
        return params

    def step(
        self,
        params: Floats,
        grad: Floats,
        state: SignState,
        learning_rate: float,
        prox: Callable[[Floats, Any], Floats],
    ) -> tuple[Floats, SignState]:
        return prox(params - learning_rate * np.sign(grad), learning_rate), SignState(grad)


class HalfSquares(Penalty):
    def value(self, w: Floats) -> float:
        return float((w * w).sum()) / 2

    def prox(self, w: Floats, step_size: float | Floats) -> Floats:
        return w / (1 + step_size)

    @property
    def strong_convexity(self) -> float:
        return 1.0


class Halving(Schedule):
    takes_arrays = True

    def __call__(self, count: int) -> float:
        return 0.5**count


class Backwards(Sampler):
    def size(self, n_samples: int) -> int:
        return 1

    def batches(self, n_samples: int, rng: np.random.RandomState) -> Iterable[tuple[slice, float]]:
        for row in reversed(range(n_samples)):
            yield slice(row, row + 1), 1.0


def parameters() -> None:
    GDRegressor(learning_rate=0.1)
    GDRegressor(learning_rate="line-search", momentum=0.5, tol=None)
    GDRegressor(loss=Quantile(0.9), optimizer=Adam(beta_1=0.8), penalty=Box(0.0, [1.0, 2.0]))
    GDRegressor(loss="huber", epsilon=1.0, schedule=Exponential(0.9), batch_size=0.5)
    GDRegressor(schedule=lambda count: 1 / (1 + count), random_state=np.random.RandomState(0))
    GDClassifier(average=10, class_weight={"a": 2.0})


def regressor() -> None:
    model = GDRegressor(max_iter=20, tol=None, store_path=True).fit(X, y, sample_weight=abs(y))
    print(model.coef_ + 1, model.intercept_, model.n_iter_ + 1, model.t_ + 1, model.momentum_)
    print(model.learning_rate_ / 2, sum(model.loss_curve_), model.converged_, model.stop_reason_)
    print(model.predict(X).mean(), model.score(X, y) ** 2, model.n_features_in_)
    print(model.partial_fit(X, y).to_numpy().to_sklearn(), model.get_params()["tol"])
    print(model.set_params(tol=1e-3, max_iter=1000).fit(X, y, coef_init=[1.0, 2.0]).n_iter_)
    batches: list[tuple[Floats, Floats]] = [(X[:12], y[:12]), (X[12:], y[12:])]
    print(model.fit_batches(batches).fit_batches(lambda: iter(batches)).coef_)
    history = model.history_
    objective: list[float] = history["objective"]
    epochs: list[int] = history["epoch"]
    scores = [score for score in history.get("validation_score", []) if score is not None]
    print(min(objective), epochs[-1], scores, len(history), history.coef[0], history.columns())
    print(history.row(-1)["t"], history.header(), history.line(-1, ["epoch"]))


def classifier() -> None:
    model = GDClassifier(max_iter=50, tol=None, early_stopping=False).fit(X, labels)
    print(model.predict_proba(X), model.predict_log_proba(X), model.decision_function(X))
    print(model.predict(X)[0], model.classes_, model.score(X, labels) ** 2, model.to_sklearn())
    print(model.partial_fit(X, labels, classes=["a", "b"]).history_["loss"])
    print(model.fit_batches([(X, labels)], classes=["a", "b"]).converged_)


def components() -> None:
    own = GDRegressor(
        Quartic(2.0),
        optimizer=SignDescent(),
        penalty=HalfSquares(),
        schedule=Halving(),
        learning_rate=0.1,
        max_iter=5,
        tol=None,
    )
    print(own.fit(X, y).coef_, GDClassifier(Logistic()).fit(X, labels).predict_proba(X))
    print(Quartic().link == "log", Quartic().curvature, SignDescent().stable_limit(1.0))
    print(minimize(lambda x, rows: x**2, 1.0, n_samples=20, sampler=Backwards(), max_iter=2).x)


def functions() -> None:
    result = minimize(lambda x: x**2, 10.0, jac=lambda x: 2 * x, momentum="auto")
    print(result.x, result.fun / 2, result.nit + 1, result.success, result.message.upper())
    print(result.path[0], result.history["objective"][0], result.jac)
    minimize(lambda x: (x**2).sum(), np.ones(3), learning_rate="auto", max_iter=5)
    minimize(lambda x: (x["w"] ** 2).sum() + x["b"] ** 2, {"w": np.ones(2), "b": 1.0})

    def distance(x: float, batch: npt.NDArray[np.intp], scale: float, shift: float) -> float:
        return scale * float(np.mean((x - shift - y[batch]) ** 2))

    minimize(distance, 0.0, (2.0, 1.0), n_samples=20, sampler=MiniBatch(5), max_iter=2)
    history = History()
    minimize(lambda x: x**2, 3.0, callback=history, max_iter=2)
    print(history["objective"][-1], GDRegressor().set_callbacks(history))
    show_versions()


def displays() -> None:
    model = GDRegressor(max_iter=20, tol=None, store_path=True).fit(X, y)
    LossCurveDisplay.from_estimators({"one": model}, y="gap")
    print(LossCurveDisplay.from_estimator(model).ax_, CoefficientPathDisplay.from_estimator(model))
    LossSurfaceDisplay.from_estimators({"one": model}, X, y)
    OverviewDisplay.from_estimators({"one": model}, X, y).animate(frames=2)
    GDRegressor(max_iter=3, tol=None).set_callbacks(LivePlot(("loss", "gap"))).fit(X, y)
    LearningRateDisplay.from_estimator(model, X, y, learning_rates=[0.1, 1.0])
    FitDisplay.from_estimator(GDRegressor().fit(X[:, :1], y), X[:, :1], y)
    DescentPathDisplay.from_function(lambda x: x**2, path=minimize(lambda x: x**2, 3.0))
    bowl = minimize(lambda x: (x**2).sum(), np.array([1.0, 2.0]))
    LossSurfaceDisplay.from_function(lambda a, b: a**2 + b**2, path=bowl)


def choosing() -> None:
    objectives: list[float] = []

    def log(row: dict[str, Any]) -> bool:
        objectives.append(row["objective"])
        return row["seconds"] > 60

    model = GDRegressor(penalty="l2", early_stopping=True, scoring="r2").set_callbacks(log)
    model.fit(X[:15], y[:15], X_val=X[15:], y_val=y[15:])
    print(max(model.validation_scores_), model.history_["validation_loss"][-1])
    search = GDRegressorCV(GDRegressor(penalty="l1"), alphas=3, cv=2).fit(X, y)
    print(search.best_score_, search.predict(X), search.score(X, y), search.best_params_)
    RegularizationPathDisplay.from_estimator(search, X, y)
    GDClassifierCV(alphas=[0.1, 1.0], cv=2, scoring="accuracy").fit(X, labels).predict_proba(X)
    alphas, coefs, intercepts = gd_path(X, y, alphas=3)
    plain = GDRegressor(optimizer="gd", learning_rate=0.1)
    coefs, intercepts = closed_form_path(plain, X, y, [1, 10])
    print(alphas, coefs, intercepts, implicit_ridge(plain, X, y, [1, 10]).gcv)
    diagnosis = diagnose(X, y, plain)
    print(diagnosis.finishes, diagnosis.epochs, diagnosis.columns.duplicates)
    print(learning_rate_range_test(X, y, plain).steepest)


def mistakes() -> None:
    """Not run: pyright must reveal each line, or it calls the comment unnecessary."""
    GDRegressor(learning_rate="fast")  # pyright: ignore[reportArgumentType]
    GDRegressor(loss=Quantile("median"))  # pyright: ignore[reportArgumentType]
    GDRegressor(rate=0.1)  # pyright: ignore[reportCallIssue]
    GDClassifier(class_weight="equal")  # pyright: ignore[reportArgumentType]
    minimize(lambda x: x**2, 1.0, jac="numpy")  # pyright: ignore[reportArgumentType]
    model = GDRegressor().fit(X, y)
    print(model.stop_reason_ == "done")  # pyright: ignore[reportUnnecessaryComparison]
    print(model.history_["epoch"][0].upper())  # pyright: ignore
    print(model.history)  # pyright: ignore
