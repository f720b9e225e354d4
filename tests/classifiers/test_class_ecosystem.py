"""GDClassifier with scikit-learn: clones, searches, ensembles, to_sklearn."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from classes import (
    IN_SCIKIT_LEARN,
    WITH_PROBABILITIES,
    every_loss,
    make_data,
    short,
    two_and_three,
)
from components import OVER_ALL_ROWS
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from gdregress import GDClassifier
from gdregress.losses.classification import CLASSIFICATION_LOSSES, Hinge, LogLoss, ModifiedHuber
from gdregress.optimizers import Adam
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class TestToSklearn:
    @two_and_three
    @pytest.mark.parametrize("fit_intercept", [False, True])
    @every_loss
    def test_predicts_the_same(self, loss, fit_intercept, k):
        X, y = make_data(k)
        names = np.array(["a", "b", "c"])[y]
        model = short(loss, fit_intercept=fit_intercept).fit(X, names)
        other = model.to_sklearn()
        assert type(other).__module__.startswith("sklearn.")
        assert_array_equal(other.predict(X), model.predict(X))
        assert_allclose(other.decision_function(X), model.decision_function(X), rtol=1e-12)
        assert other.score(X, names) == model.score(X, names)
        assert hasattr(other, "predict_proba") == hasattr(model, "predict_proba")
        if loss in WITH_PROBABILITIES:
            assert_allclose(other.predict_proba(X), model.predict_proba(X), rtol=1e-12, atol=1e-15)

    @two_and_three
    @pytest.mark.parametrize("loss", [LogLoss(), Hinge(), ModifiedHuber()], ids=str)
    def test_of_a_loss_given_as_an_instance(self, loss, k):
        X, y = make_data(k)
        model = short(loss).fit(X, y)
        assert_array_equal(model.to_sklearn().predict(X), model.predict(X))

    def test_is_a_copy_with_names(self):
        X, y = make_data()
        frame = pd.DataFrame(X, columns=list("abcd"))
        model = short().fit(frame, y)
        other = model.to_sklearn()
        assert_array_equal(other.feature_names_in_, list("abcd"))
        other.coef_[:] = 0
        assert model.coef_.all()


class TestCompany:
    def test_is_a_classifier_with_honest_tags(self):
        tags = get_tags(GDClassifier())
        assert is_classifier(GDClassifier())
        assert tags.classifier_tags.multi_class
        assert not tags.classifier_tags.multi_label
        assert not tags.target_tags.multi_output
        assert tags.target_tags.required
        assert tags.input_tags.sparse
        assert tags.array_api_support

    def test_clone_keeps_parameters_and_forgets_the_fit(self):
        model = short(Hinge(), class_weight={"a": 2.0}, optimizer=Adam(beta_1=0.5))
        X, y = make_data()
        again = clone(model.fit(X, np.array(["a", "b"])[y]))
        assert repr(again) == repr(model)
        assert not [name for name in vars(again) if name.endswith("_")]
        assert_array_equal(again.fit(X, np.array(["a", "b"])[y]).coef_, model.coef_)

    @two_and_three
    @pytest.mark.parametrize("loss", WITH_PROBABILITIES)
    def test_pickle_predicts_the_same(self, loss, k):
        X, y = make_data(k)
        model = short(loss).fit(pd.DataFrame(X, columns=list("abcd")), np.array(list("xyz"))[y])
        again = pickle.loads(pickle.dumps(model))
        frame = pd.DataFrame(X, columns=list("abcd"))
        assert_array_equal(again.predict(frame), model.predict(frame))
        assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
        assert set(vars(again)) == set(vars(model))

    @two_and_three
    def test_search_over_a_pipeline(self, k):
        X, y = make_data(k)
        pipeline = make_pipeline(StandardScaler(), short())
        grid = {"gdclassifier__learning_rate": [1e-6, "auto"], "gdclassifier__alpha": [1e-3, 1e3]}
        search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss", error_score="raise")
        search.fit(X, np.array(["a", "b", "c"])[y])
        assert search.best_params_ == {
            "gdclassifier__learning_rate": "auto",
            "gdclassifier__alpha": 1e-3,
        }
        assert search.best_estimator_.score(X, np.array(["a", "b", "c"])[y]) > 0.8

    @two_and_three
    @pytest.mark.parametrize("loss", IN_SCIKIT_LEARN)
    def test_cross_val_score_is_that_of_scikit_learn(self, loss, k):
        X, y = make_data(k, n=90)
        own = cross_val_score(GDClassifier(loss, alpha=0.01, max_iter=200), X, y, cv=5)
        theirs = cross_val_score(SGDClassifier(loss, alpha=0.01, random_state=0), X, y, cv=5)
        assert own.mean() > theirs.mean() - 0.05

    def test_roc_auc_of_a_loss_without_probabilities(self):
        X, y = make_data()
        assert cross_val_score(short("hinge"), X, y, cv=3, scoring="roc_auc").min() > 0.8

    @two_and_three
    def test_calibration_gives_the_hinge_probabilities(self, k):
        X, y = make_data(k, n=150)
        model = CalibratedClassifierCV(short("hinge"), cv=3).fit(X, y)
        assert_allclose(model.predict_proba(X).sum(axis=1), np.ones(150))
        assert log_loss(y, model.predict_proba(X)) < 0.7 * np.log(k)

    def test_one_against_the_rest_equals_three_classes_at_once(self):
        X, y = make_data(k=3)
        given = {"loss": "squared_hinge", "alpha": 0.1, "tol": 1e-8}
        together = GDClassifier(**given).fit(X, y)
        apart = OneVsRestClassifier(GDClassifier(**given)).fit(X, y)
        for row, one in zip(together.coef_, apart.estimators_, strict=True):
            assert_allclose(row, one.coef_[0], rtol=1e-5)
        assert_array_equal(apart.predict(X), together.predict(X))

    def test_one_against_one(self):
        X, y = make_data(k=3)
        model = OneVsOneClassifier(short()).fit(X, np.array(["a", "b", "c"])[y])
        assert len(model.estimators_) == 3
        assert model.score(X, np.array(["a", "b", "c"])[y]) > 0.7

    @two_and_three
    def test_voting_of_probabilities_is_their_mean(self, k):
        X, y = make_data(k)
        members = [("log", short()), ("huber", short("modified_huber"))]
        model = VotingClassifier(members, voting="soft").fit(X, y)
        expected = np.mean([member.fit(X, y).predict_proba(X) for _, member in members], axis=0)
        assert_allclose(model.predict_proba(X), expected, rtol=1e-12)

    def test_voting_of_labels(self):
        X, y = make_data(k=3)
        names = np.array(["a", "b", "c"])[y]
        members = [(loss, short(loss)) for loss in CLASSIFICATION_LOSSES]
        assert VotingClassifier(members).fit(X, names).score(X, names) > 0.7

    def test_names_of_columns(self):
        X, y = make_data()
        frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
        model = short().fit(frame, y)
        assert_array_equal(model.feature_names_in_, ["a", "b", "c", "d"])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            predicted = model.predict(frame)
        assert_array_equal(predicted, short().fit(X, y).predict(X))
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[["d", "c", "b", "a"]])

    @pairwise(optimizer=OVER_ALL_ROWS, solver=SAMPLERS, loss=CLASSIFICATION_LOSSES)
    def test_the_automatic_rate_learns_with_every_optimizer(self, optimizer, solver, loss):
        X, y = make_data(k=3)
        model = short(loss, solver=solver, optimizer=optimizer, max_iter=60).fit(X, y)
        assert model.stop_reason_ == "max_iter"
        assert model.score(X, y) > 0.6
