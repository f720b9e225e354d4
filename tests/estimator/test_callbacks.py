"""scikit-learn's callbacks see every epoch, and printing is aligned."""

import pickle
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.base import BaseGD
from gdregress._solver.history import COLUMNS
from gdregress._utils import callback_tasks
from gdregress._utils.sklearn_versions import CallbackSupportMixin
from gdregress.samplers import SAMPLERS

callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=40, p=3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return X, X @ np.linspace(1, -2, p) + 1 + 0.5 * rng.normal(size=n)


class Recorder:
    """Keeps what each hook was given; may stop the fit after an epoch."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.begun, self.ended, self.models, self.events = [], [], [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y):
        self.begun.append((context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.ended.append((context.task_name, context.task_id))
        self.X, self.y, self.metadata = X, y, metadata
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


class Propagated(Recorder):
    """A recorder that meta-estimators hand down."""

    max_propagation_depth = None


class Pickler(Recorder):
    """A recorder that keeps the models as bytes."""

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.models.append(pickle.dumps(fitted_estimator))


@pytest.mark.parametrize("solver", SAMPLERS)
def test_one_task_per_epoch(solver):
    recorder = Recorder()
    model = GDRegressor(solver=solver, max_iter=6, tol=None).set_callbacks(recorder)
    model.fit(*make_data())
    epochs = [("epoch", number) for number in range(6)]
    assert recorder.begun == [("fit", 0), *epochs]
    assert recorder.ended == [*epochs, ("fit", 0)]
    assert recorder.events == ["setup", "teardown"]


def test_no_task_without_callbacks(monkeypatch):
    def refuse(self, *args, **kwargs):
        raise AssertionError("a context was opened")

    monkeypatch.setattr(GDRegressor, "_init_callback_context", refuse)
    GDRegressor(max_iter=3).fit(*make_data())


def test_hooks_get_the_data_of_the_user():
    X, y = make_data()
    recorder, weights = Recorder(), np.linspace(1, 2, len(y))
    GDRegressor(max_iter=3).set_callbacks(recorder).fit(X.tolist(), y, sample_weight=weights)
    assert X.tolist() == recorder.X
    assert recorder.y is y
    assert recorder.metadata["sample_weight"] is weights


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("average", [False, True])
def test_hooks_get_a_model_of_the_epoch_that_predicts(average, standardize, loss):
    X, y = make_data()
    y = np.exp(y / 5)
    recorder = Recorder()
    model = GDRegressor(
        loss,
        standardize=standardize,
        average=average,
        max_iter=5,
        tol=None,
        store_path=True,
    ).set_callbacks(recorder)
    model.fit(X, y)
    for epoch, fitted in enumerate(recorder.models, start=1):
        assert_array_equal(fitted.coef_, model.history_.coef[epoch])
        z = X @ model.history_.coef[epoch] + model.history_.intercept[epoch]
        assert_allclose(fitted.predict(X), np.exp(z) if loss == "poisson" else z, rtol=1e-12)
        assert np.isfinite(fitted.score(X, y))


@pytest.mark.parametrize("solver", SAMPLERS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_hook_stops_the_fit(early_stopping, solver):
    X, y = make_data()
    given = {"solver": solver, "early_stopping": early_stopping, "tol": None, "random_state": 0}
    given["preconditioner"] = "columns"  # the automatic one depends on max_iter
    model = GDRegressor(**given).set_callbacks(Recorder(stop_after=4)).fit(X, y)
    assert model.stop_reason_ == "callback"
    assert not model.converged_
    assert model.n_iter_ == 4
    assert_array_equal(model.coef_, GDRegressor(max_iter=4, **given).fit(X, y).coef_)


def test_a_stopped_fit_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GDRegressor().set_callbacks(Recorder(stop_after=2)).fit(*make_data())


def test_callbacks_change_no_result():
    X, y = make_data()
    given = {"solver": "stochastic", "max_iter": 5, "random_state": 0}
    with_callbacks = GDRegressor(**given).set_callbacks(Recorder()).fit(X, y)
    assert_array_equal(with_callbacks.coef_, GDRegressor(**given).fit(X, y).coef_)


def test_nothing_of_callbacks_is_left_in_the_model():
    model = GDRegressor(max_iter=3).fit(*make_data())
    names = set(vars(model))
    with_callbacks = GDRegressor(max_iter=3).set_callbacks(Recorder()).fit(*make_data())
    assert set(vars(with_callbacks)) - names <= {"_skl_callbacks"}


def test_models_of_epochs_have_nothing_of_an_earlier_fit():
    X, y = make_data()
    fresh, again = Recorder(), Recorder()
    GDRegressor(max_iter=3, tol=None).set_callbacks(fresh).fit(X, y)
    model = GDRegressor(early_stopping=True).fit(X, y)
    model.set_params(early_stopping=False, max_iter=3, tol=None).set_callbacks(again).fit(X, y)
    for one, other in zip(again.models, fresh.models, strict=True):
        assert vars(one).keys() == vars(other).keys()
    assert not hasattr(again.models[0], "stop_reason_")


def test_a_fit_that_a_callback_interrupts_keeps_the_last():
    class Interrupts(Recorder):
        def on_fit_task_begin(self, estimator, context):
            raise KeyboardInterrupt

    X, y = make_data()
    model = GDRegressor(max_iter=3).fit(X, y)
    coef = model.coef_
    with pytest.raises(KeyboardInterrupt):
        model.set_callbacks(Interrupts()).fit(X, y)
    assert model.coef_ is coef


def test_models_of_epochs_can_be_pickled():
    X, y = make_data()
    recorder = Pickler()
    model = GDRegressor("huber", max_iter=3, tol=None, store_path=True)
    model.set_callbacks(recorder).fit(X, y)
    for epoch, text in enumerate(recorder.models, start=1):
        assert_array_equal(pickle.loads(text).coef_, model.history_.coef[epoch])


def test_a_failed_fit_is_torn_down():
    recorder = Recorder()
    X, y = make_data()
    with pytest.raises(ValueError):
        GDRegressor("poisson").set_callbacks(recorder).fit(X, -np.abs(y))
    assert recorder.events.count("setup") == recorder.events.count("teardown")


def test_an_error_in_a_hook_reaches_the_caller_and_is_torn_down():
    class Fails(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("hook")

    recorder = Fails()
    model = GDRegressor().set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="hook"):
        model.fit(*make_data())
    assert recorder.events == ["setup", "teardown"]
    model.set_callbacks().fit(*make_data())
    assert not hasattr(model, "_callback_fit_ctx")


def test_scoring_monitor_logs_every_epoch():
    X, y = make_data()
    monitor = callback.ScoringMonitor(scoring="r2")
    model = GDRegressor(max_iter=6, tol=None, store_path=True).set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 6
    for row, coef, intercept in zip(
        rows, model.history_.coef[1:], model.history_.intercept[1:], strict=True
    ):
        residual = y - X @ coef - intercept
        expected = 1 - residual @ residual / np.sum((y - y.mean()) ** 2)
        assert_allclose(row["r2"], expected, rtol=1e-9)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_progress_bar(solver, capsys):
    model = GDRegressor(solver=solver, max_iter=5, tol=None).set_callbacks(callback.ProgressBar())
    model.fit(*make_data())
    assert model.n_iter_ == 5
    assert "GDRegressor" in capsys.readouterr().out


def test_progress_bar_on_a_pipeline_in_a_search(capsys):
    pipeline = make_pipeline(StandardScaler(), GDRegressor(max_iter=4, tol=None))
    search = GridSearchCV(pipeline, {"gdregressor__alpha": [1e-4]}, cv=2)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(*make_data())
    assert "GDRegressor" in capsys.readouterr().out


def test_a_pipeline_hands_callbacks_down():
    recorder = Propagated()
    pipeline = make_pipeline(StandardScaler(), GDRegressor(max_iter=4, tol=None))
    if not hasattr(pipeline, "set_callbacks"):
        pytest.fail("this scikit-learn's Pipeline supports no callbacks")
    pipeline.set_callbacks(recorder).fit(*make_data())
    assert sum(name == "epoch" for name, _ in recorder.ended) == 4


def test_a_search_hands_callbacks_down():
    recorder = Propagated()
    model = GDRegressor(max_iter=4, tol=None)
    search = GridSearchCV(model, {"learning_rate": [0.1, 0.2]}, cv=3)
    search.set_callbacks(recorder).fit(*make_data())
    # two candidates in three folds, and the refit
    assert sum(name == "epoch" for name, _ in recorder.ended) == 4 * (2 * 3 + 1)


def test_clone_keeps_callbacks_out_of_the_parameters():
    model = GDRegressor().set_callbacks(Recorder())
    assert clone(model).get_params() == model.get_params()


# The row of the epoch


def assert_same_row(row, other):
    """The same numbers; the gap is measured once more where a run ends."""
    assert {**row, "gap": None} == {**other, "gap": None}


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SAMPLERS)
def test_a_function_is_called_with_the_row_of_each_epoch(solver, early_stopping):
    rows = []
    model = GDRegressor(solver=solver, early_stopping=early_stopping, max_iter=7, random_state=0)
    model.set_callbacks(rows.append).fit(*make_data())
    assert len(rows) == model.n_iter_ > 1
    assert list(rows[0]) == list(COLUMNS)
    assert (rows[0]["validation_score"] is None) != early_stopping
    for number, row in enumerate(rows, start=1):
        assert_same_row(row, model.history_.full_row(number))


def test_a_function_ends_the_fit_by_returning_true():
    model = GDRegressor(tol=None).set_callbacks(lambda row: row["epoch"] == 3)
    model.fit(*make_data())
    assert (model.stop_reason_, model.n_iter_) == ("callback", 3)


def test_a_callback_has_the_history_up_to_its_epoch():
    class Lengths(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            self.ended.append((len(fitted_estimator.history_), fitted_estimator.n_iter_))

    recorder = Lengths()
    GDRegressor(max_iter=4, tol=None).set_callbacks(recorder).fit(*make_data())
    assert recorder.ended == [(n + 1, n) for n in (1, 2, 3, 4, 4)]


def test_the_task_of_the_fit_ends_with_the_fitted_model():
    class Last(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            self.models = [fitted_estimator]

    recorder = Last()
    model = GDRegressor(max_iter=9, early_stopping=True, random_state=0).set_callbacks(recorder)
    model.fit(*make_data())
    assert_array_equal(recorder.models[0].coef_, model.coef_)
    assert recorder.models[0].stop_reason_ == model.stop_reason_


def test_scoring_monitor_has_a_row_of_the_finished_fit_as_with_logistic_regression():
    X, y = make_data()
    logs = {}
    for name, model in {"ours": GDClassifier(max_iter=5), "theirs": LogisticRegression()}.items():
        monitor = callback.ScoringMonitor(scoring="accuracy")
        model.set_callbacks(monitor).fit(X, y > 0)
        logs[name] = [row for row in monitor.get_logs().data if row["task_name"] == "fit"]
        assert [row["accuracy"] for row in logs[name]] == [model.score(X, y > 0)]
    assert logs["ours"][0].keys() == logs["theirs"][0].keys()


def test_a_scorer_that_knows_no_weights():
    monitor = callback.ScoringMonitor(scoring="neg_max_error")
    GDRegressor(max_iter=3).set_callbacks(monitor).fit(*make_data())
    assert len(monitor.get_logs().data) == 4


def test_a_function_is_kept_by_clones_in_a_search():
    epochs = []
    model = GDRegressor(max_iter=4, tol=None).set_callbacks(
        lambda row: epochs.append(row["epoch"])
    )
    GridSearchCV(make_pipeline(model), {"gdregressor__learning_rate": [0.1, 0.2]}, cv=3).fit(
        *make_data()
    )
    assert epochs == [1, 2, 3, 4] * (2 * 3 + 1)


@pytest.mark.parametrize("given", ["a string", Recorder, object()])
def test_what_is_no_callback(given):
    with pytest.raises(TypeError, match="set_callbacks takes functions of the row"):
        GDRegressor().set_callbacks(given)


def test_partial_fit_calls_none():
    rows = []
    GDRegressor().set_callbacks(rows.append).partial_fit(*make_data())
    assert not rows


def test_without_the_callbacks_of_scikit_learn(monkeypatch):
    """The same hooks, models and teardown as with them."""
    X, y = make_data()
    recorders = {}
    for name in ("theirs", "ours"):
        if name == "ours":
            for method in ("set_callbacks", "_init_callback_context"):
                function = vars(callback_tasks.CallbackSupportMixin)[method]
                monkeypatch.setattr(CallbackSupportMixin, method, function)
            fit = callback_tasks.with_callbacks(BaseGD._fit.__wrapped__)
            monkeypatch.setattr(BaseGD, "_fit", fit)
        recorder, rows = Recorder(stop_after=3), []
        model = GDRegressor(tol=None).set_callbacks(recorder, rows.append).fit(X, y)
        assert (model.stop_reason_, len(rows)) == ("callback", 3)
        recorders[name] = recorder
    ours, theirs = recorders["ours"], recorders["theirs"]
    for name in ("begun", "ended", "events", "metadata"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert_array_equal([m.coef_ for m in ours.models], [m.coef_ for m in theirs.models])
    assert not hasattr(model, "_callback_fit_ctx")
    with pytest.raises(TypeError, match="on_fit_task_begin"):
        callback_tasks.CallbackSupportMixin().set_callbacks(Recorder)


class TestVerbose:
    def printed(self, capsys, **parameters):
        model = GDRegressor(max_iter=60, tol=None, **parameters).fit(*make_data())
        return model, capsys.readouterr().out.splitlines()

    def test_0_prints_nothing(self, capsys):
        assert self.printed(capsys)[1] == []

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_2_prints_a_header_and_every_epoch(self, solver, capsys):
        model, lines = self.printed(capsys, verbose=2, solver=solver)
        assert len(lines) == 1 + 60 + 1
        assert lines[-1] == "Ended by 'max_iter' after 60 epochs."
        assert [int(line.split()[0]) for line in lines[1:-1]] == list(range(1, 61))
        names = lines[0].split()
        assert names[:3] == ["epoch", "t", "objective"]
        values = dict(zip(names, lines[-2].split(), strict=True))
        assert int(values["t"]) == model.t_
        assert_allclose(float(values["objective"]), model.loss_curve_[-1], rtol=1e-6)

    def test_1_prints_some(self, capsys):
        _, lines = self.printed(capsys, verbose=1)
        assert [int(line.split()[0]) for line in lines[1:-1]] == [1, 2, 5, 10, 20, 50, 60]
        assert lines[-1] == "Ended by 'max_iter' after 60 epochs."

    @pytest.mark.parametrize("early_stopping", [False, True])
    @pytest.mark.parametrize("scale", [1e-6, 1.0, 1e12])
    def test_columns_are_aligned(self, scale, early_stopping, capsys):
        X, y = make_data()
        model = GDRegressor(
            solver="stochastic", early_stopping=early_stopping, verbose=2, max_iter=30, tol=None
        )
        model.fit(X, scale * y)
        lines = capsys.readouterr().out.splitlines()
        assert ("validation_score" in lines[0]) == early_stopping
        ends = [[match.end() for match in re.finditer(r"\S+", line)] for line in lines[:-1]]
        assert all(end == ends[0] for end in ends)
