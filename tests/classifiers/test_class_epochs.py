"""The history of a classifier, its callbacks, and interrupts between epochs."""

import builtins

import numpy as np
import pytest
from classes import (
    WITH_PROBABILITIES,
    as_sklearn,
    every_loss,
    every_solver,
    make_data,
    reference_for,
    short,
    two_and_three,
)
from grids import pairwise
from hooks import EpochHook, Press
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import hinge_loss, log_loss

from gdregress import GDClassifier
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class TestHistory:
    @two_and_three
    @every_solver
    @every_loss
    def test_has_a_row_per_epoch_in_the_shapes_of_the_classifier(self, loss, solver, k):
        X, y = make_data(k)
        model = short(loss, solver=solver, store_path=True, max_iter=7).fit(X, y)
        assert model.n_iter_ == 7
        assert len(model.history_) == len(model.history_.coef) == 8
        assert model.loss_curve_ == model.history_["objective"][1:]
        for coef, intercept in zip(model.history_.coef, model.history_.intercept, strict=True):
            assert coef.shape == model.coef_.shape
            assert intercept.shape == model.intercept_.shape
        assert_array_equal(model.history_.coef[-1], model.coef_)
        assert_array_equal(model.history_.intercept[-1], model.intercept_)
        assert all(type(value) is float for value in model.loss_curve_)

    def test_no_path_unless_asked_for(self):
        assert short().fit(*make_data()).history_.coef == []

    @two_and_three
    @pytest.mark.parametrize("solver", ["batch", "mini-batch"])
    def test_holds_the_log_loss_of_scikit_learn(self, solver, k):
        X, y = make_data(k)
        model = short(solver=solver, alpha=0.1).fit(X, y)
        expected = log_loss(y, model.predict_proba(X)) + 0.1 * np.sum(model.coef_**2) / 2
        assert_allclose(model.loss_curve_[-1], expected, rtol=1e-10)

    def test_holds_the_hinge_loss_of_scikit_learn(self):
        X, y = make_data()
        model = short("hinge", penalty=None).fit(X, y)
        assert_allclose(model.loss_curve_[-1], hinge_loss(y, model.decision_function(X)))

    def test_holds_the_sum_of_the_hinge_losses_of_each_class_against_the_rest(self):
        X, y = make_data(k=3)
        model = short("hinge", penalty=None).fit(X, y)
        z = model.decision_function(X)
        expected = sum(hinge_loss(y == label, z[:, label]) for label in range(3))
        assert_allclose(model.loss_curve_[-1], expected)


class Recorder(EpochHook):
    """Keeps the model of every epoch."""

    def __init__(self):
        self.models = []

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)


class TestCallbacks:
    @two_and_three
    @pytest.mark.parametrize("loss", ["log_loss", "modified_huber", "hinge"])
    def test_get_a_model_of_the_epoch_that_predicts(self, loss, k):
        X, y = make_data(k)
        names = np.array(["a", "b", "c"])[y]
        recorder = Recorder()
        model = short(loss, max_iter=4, store_path=True).set_callbacks(recorder).fit(X, names)
        assert len(recorder.models) == 4
        for epoch, fitted in enumerate(recorder.models, start=1):
            assert_array_equal(fitted.coef_, model.history_.coef[epoch])
            z = X @ fitted.coef_.T + fitted.intercept_
            codes = (z[:, 0] > 0).astype(int) if k == 2 else z.argmax(axis=1)
            assert_array_equal(fitted.predict(X), np.array(["a", "b", "c"])[codes])
            assert fitted.score(X, names) == np.mean(fitted.predict(X) == names)
            if loss in WITH_PROBABILITIES:
                expected = as_sklearn(fitted, reference_for(loss)).predict_proba(X)
                assert_allclose(fitted.predict_proba(X), expected, rtol=1e-12, atol=1e-15)

    @two_and_three
    def test_scoring_monitor_logs_every_epoch(self, k):
        callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
        X, y = make_data(k)
        monitor = callback.ScoringMonitor(scoring="neg_log_loss")
        model = short(max_iter=5, penalty=None).set_callbacks(monitor).fit(X, y)
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert_allclose([-row["neg_log_loss"] for row in rows], model.loss_curve_, rtol=1e-9)

    def test_change_no_result(self):
        X, y = make_data(k=3)
        model = short(solver="stochastic").set_callbacks(Recorder()).fit(X, y)
        assert_array_equal(model.coef_, short(solver="stochastic").fit(X, y).coef_)


class TestInterrupt:
    @pairwise(loss=["perceptron", "log_loss"], epoch=[1, 5], solver=SAMPLERS, k=[2, 3])
    def test_in_a_callback_keeps_what_was_learned(self, loss, epoch, solver, k):
        X, y = make_data(k)
        model = short(loss, solver=solver).set_callbacks(Press(epoch))
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        assert model.stop_reason_ == "interrupted"
        assert model.n_iter_ == epoch
        assert model.coef_.any()
        assert model.score(X, y) > 0.6

    @pytest.mark.parametrize("loss", ["perceptron", "log_loss"])
    def test_while_printing_keeps_what_was_learned(self, loss, monkeypatch):
        X, y = make_data()
        printed = []

        def press(*words, **given):
            printed.append(words)
            if len(printed) == 4:
                raise KeyboardInterrupt

        model = short(loss, solver="stochastic", verbose=2)
        monkeypatch.setattr(builtins, "print", press)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        assert model.stop_reason_ == "interrupted"
        assert model.n_iter_ == 3
        assert model.score(X, y) > 0.6

    def test_leaves_a_model_that_can_be_continued(self):
        X, y = make_data(k=3)
        model = GDClassifier(warm_start=True, alpha=0.1).set_callbacks(Press(3))
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        model.set_callbacks().fit(X, y)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, GDClassifier(alpha=0.1).fit(X, y).coef_, atol=1e-3)
