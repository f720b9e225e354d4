"""The estimator with pickles, pipelines and searches."""

import copy
import pickle
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_val_score, learning_curve
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr, get_tags

import gdregress
from gdregress import GDRegressor
from gdregress._core import core
from gdregress.losses import Huber, Quantile
from gdregress.optimizers import Adam
from gdregress.penalties import L1, Box
from gdregress.samplers import SAMPLERS
from gdregress.schedules import Exponential

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=60, p=3):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) + 1
    return X, X @ np.linspace(1, -2, p) + 1 + 0.5 * rng.normal(size=n)


class TestPickle:
    @pytest.mark.parametrize("copied", [pickle.dumps, joblib.dump, copy.deepcopy])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_predicts_the_same(self, solver, copied, tmp_path):
        X, y = make_data()
        model = GDRegressor(
            solver=solver, loss=Huber(), penalty=L1(), optimizer=Adam(), average=True, max_iter=5
        ).fit(pd.DataFrame(X, columns=["a", "b", "c"]), y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if copied is joblib.dump:
                joblib.dump(model, tmp_path / "model.joblib")
                again = joblib.load(tmp_path / "model.joblib")
            elif copied is pickle.dumps:
                again = pickle.loads(pickle.dumps(model))
            else:
                again = copy.deepcopy(model)
        frame = pd.DataFrame(X, columns=["a", "b", "c"])
        assert_array_equal(again.predict(frame), model.predict(frame))
        assert again.loss_curve_ == model.loss_curve_
        assert repr(again.history_) == repr(model.history_)
        assert again.score(frame, y) == model.score(frame, y)
        assert set(vars(again)) == set(vars(model))

    def test_before_fit(self):
        model = pickle.loads(pickle.dumps(GDRegressor(alpha=0.5)))
        assert model.alpha == 0.5
        model.set_params(alpha=1e-4).fit(*make_data())

    def test_another_version_is_a_warning(self, monkeypatch):
        model = GDRegressor().fit(*make_data())
        for name, module in list(sys.modules.items()):
            if name.startswith("gdregress.") and hasattr(module, "__version__"):
                monkeypatch.setattr(module, "__version__", "0.0.1")
        saved = pickle.dumps(model)
        monkeypatch.undo()
        with pytest.warns(
            UserWarning, match=f"saved by gdregress 0.0.1 .* {gdregress.__version__}"
        ):
            again = pickle.loads(saved)
        assert_array_equal(again.coef_, model.coef_)

    def test_is_small(self):
        X, y = make_data(n=5000)
        model = GDRegressor(max_iter=3, tol=None).fit(X, y)
        assert len(pickle.dumps(model)) < 20_000, "the data must not travel with the model"


class TestClone:
    def test_keeps_parameters_and_forgets_the_fit(self):
        model = GDRegressor(
            loss=Quantile(0.9),
            penalty=Box(lower=0),
            optimizer=Adam(beta_1=0.5),
            schedule=Exponential(decay=0.5),
        ).fit(*make_data())
        again = clone(model)
        assert not hasattr(again, "coef_")
        assert not hasattr(again, "_state")
        assert again.optimizer.beta_1 == 0.5
        assert again.optimizer is not model.optimizer
        assert repr(again) == repr(model)

    def test_fits_the_same(self):
        X, y = make_data()
        model = GDRegressor(optimizer=Adam(), solver="mini-batch", random_state=0).fit(X, y)
        assert_array_equal(clone(model).fit(X, y).coef_, model.coef_)

    def test_parameters_of_components_can_be_set(self):
        model = GDRegressor(optimizer=Adam(), loss=Huber(), penalty=L1())
        model.set_params(optimizer__beta_1=0.1, loss__epsilon=3.0, penalty__alpha=0.7)
        assert model.optimizer.beta_1 == 0.1
        assert model.loss.epsilon == 3.0
        assert model.penalty.alpha == 0.7
        assert {"optimizer__beta_2", "loss__epsilon", "penalty__alpha"} <= set(model.get_params())

    def test_a_component_may_be_shared(self):
        X, y = make_data()
        adam = Adam()
        first, second = GDRegressor(optimizer=adam), GDRegressor(optimizer=adam)
        first.fit(X, y)
        assert_array_equal(second.fit(X, y).coef_, first.coef_)
        assert adam.get_params() == Adam().get_params()


class TestSearch:
    def test_over_parameters_of_a_component(self):
        X, y = make_data()
        grid = {"optimizer__beta_1": [0.5, 0.9], "optimizer__beta_2": [0.99, 0.999]}
        search = GridSearchCV(GDRegressor(optimizer=Adam(), max_iter=50), grid, cv=3)
        search.fit(X, y)
        scores = search.cv_results_["mean_test_score"]
        assert np.isfinite(scores).all()
        assert len(set(scores)) == 4
        assert search.best_estimator_.optimizer.beta_1 == search.best_params_["optimizer__beta_1"]

    def test_over_names_and_instances(self):
        X, y = make_data()
        grid = {"optimizer": ["gd", Adam(0.5)], "loss": ["huber", Quantile(0.5)]}
        search = GridSearchCV(GDRegressor(max_iter=50), grid, cv=2, error_score="raise").fit(X, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()

    def test_in_two_processes_equals_one(self):
        X, y = make_data()
        model = GDRegressor(solver="mini-batch", random_state=0, max_iter=20)
        pipeline = make_pipeline(StandardScaler(), model)
        grid = {"gdregressor__learning_rate": [0.01, "auto"]}
        scores = [
            GridSearchCV(pipeline, grid, cv=2, n_jobs=n_jobs, error_score="raise")
            .fit(X, y)
            .cv_results_["mean_test_score"]
            for n_jobs in (1, 2)
        ]
        assert_array_equal(scores[0], scores[1])

    def test_cross_val_score_and_learning_curve(self):
        X, y = make_data()
        assert cross_val_score(GDRegressor(), X, y, cv=3).min() > 0.5
        _, _, scores = learning_curve(GDRegressor(), X, y, cv=3, train_sizes=[0.5, 1.0])
        assert np.isfinite(scores).all()

    def test_incremental_learning_curve(self):
        X, y = make_data()
        _, _, scores = learning_curve(
            GDRegressor(solver="stochastic", random_state=0),
            X,
            y,
            cv=3,
            train_sizes=[0.3, 1.0],
            exploit_incremental_learning=True,
        )
        assert np.isfinite(scores).all()


class TestMetadataRouting:
    @pytest.fixture(autouse=True)
    def routing(self):
        with sklearn.config_context(enable_metadata_routing=True):
            yield

    def weights(self, y):
        return np.where(y > np.median(y), 5.0, 0.1)

    def test_of_weights_through_a_pipeline(self):
        X, y = make_data()
        y = y + X[:, 0] ** 2
        weights = self.weights(y)
        model = GDRegressor().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model).fit(X, y, sample_weight=weights)
        scaled = StandardScaler().fit_transform(X)
        expected = GDRegressor().fit(scaled, y, sample_weight=weights).coef_
        assert_array_equal(pipeline[-1].coef_, expected)
        assert not np.allclose(expected, GDRegressor().fit(scaled, y).coef_, rtol=1e-2)

    def test_of_weights_through_a_search_to_fit_and_score(self):
        X, y = make_data()
        y = y + X[:, 0] ** 2
        weights = self.weights(y)
        model = GDRegressor().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, {"fit_intercept": [True, False]}, cv=2)
        search.fit(X, y, sample_weight=weights)
        expected = GDRegressor(**search.best_params_).fit(X, y, sample_weight=weights)
        assert_array_equal(search.best_estimator_.coef_, expected.coef_)
        half = GDRegressor().fit(X[30:], y[30:], sample_weight=weights[30:])
        assert_allclose(
            search.cv_results_["split0_test_score"][0],
            half.score(X[:30], y[:30], sample_weight=weights[:30]),
        )

    def test_a_weight_that_nobody_asked_for_is_an_error(self):
        X, y = make_data()
        pipeline = make_pipeline(StandardScaler(), GDRegressor())
        with pytest.raises(ValueError, match="sample_weight"):
            pipeline.fit(X, y, sample_weight=np.ones(len(y)))

    def test_of_partial_fit_can_be_requested(self):
        model = GDRegressor().set_partial_fit_request(sample_weight=True)
        assert model.get_metadata_routing().partial_fit.requests["sample_weight"] is True


def test_weights_through_a_pipeline_without_routing():
    X, y = make_data()
    weights = np.linspace(0.1, 3, len(y))
    pipeline = make_pipeline(StandardScaler(), GDRegressor())
    pipeline.fit(X, y, gdregressor__sample_weight=weights)
    scaled = StandardScaler().fit_transform(X)
    expected = GDRegressor().fit(scaled, y, sample_weight=weights).coef_
    assert_array_equal(pipeline[-1].coef_, expected)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_of_a_pipeline_gives_names(container):
    X, y = make_data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    pipeline = make_pipeline(StandardScaler(), GDRegressor()).set_output(transform=container)
    pipeline.fit(frame, y)
    assert_array_equal(pipeline[-1].feature_names_in_, ["a", "b", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline.predict(frame)


class TestMetaEstimators:
    def test_select_from_model(self):
        X, y = make_data()
        X = np.column_stack([X, np.random.RandomState(1).normal(size=(60, 3))])
        model = GDRegressor(penalty="l1", alpha=0.3)
        chosen = SelectFromModel(model).fit(X, y).get_support()
        assert chosen.tolist() == (model.fit(X, y).coef_ != 0).tolist()
        assert 0 < chosen.sum() < 6

    def test_transformed_target(self):
        X, y = make_data()
        model = TransformedTargetRegressor(GDRegressor(), transformer=StandardScaler())
        assert_allclose(
            model.fit(X, y).score(X, y), GDRegressor().fit(X, y).score(X, y), atol=1e-6
        )

    def test_bagging(self):
        X, y = make_data()
        model = BaggingRegressor(GDRegressor(), n_estimators=3, random_state=0).fit(X, y)
        assert model.score(X, y) > 0.8

    def test_multi_output_regressor_equals_several_targets(self):
        X, y = make_data()
        Y = np.column_stack([y, -2 * y])
        given = {"optimizer": "gd", "tol": 1e-9}
        together = GDRegressor(**given).fit(X, Y)
        apart = MultiOutputRegressor(GDRegressor(**given)).fit(X, Y)
        assert_allclose(together.predict(X), apart.predict(X), rtol=1e-6)


def test_is_a_regressor_with_honest_tags():
    tags = get_tags(GDRegressor())
    assert is_regressor(GDRegressor())
    assert tags.input_tags.sparse
    assert tags.target_tags.multi_output
    assert tags.target_tags.required
    assert tags.array_api_support
    assert not tags.non_deterministic
    assert not tags.regressor_tags.poor_score


def test_repr_shows_what_was_changed():
    assert repr(GDRegressor(alpha=0.5)) == "GDRegressor(alpha=0.5)"
    assert "GDRegressor" in estimator_html_repr(GDRegressor().fit(*make_data()))


def test_show_versions(capsys):
    gdregress.show_versions()
    printed = {line[:18].rstrip(): line[18:] for line in capsys.readouterr().out.splitlines()}
    assert printed["gdregress"] == gdregress.__version__
    compiled = core.is_compiled()
    assert printed["compiled core"] == (core.kernels.compiler() if compiled else "none")
    assert printed["instruction set"] == (core.instruction_set if compiled else "none")
    assert printed["numpy"] == np.__version__
    assert printed["scikit-learn"] == sklearn.__version__
    assert printed["python"] == sys.version.split()[0]


def test_public_names_exist():
    assert len(set(gdregress.__all__)) == len(gdregress.__all__)
    for name in gdregress.__all__:
        assert getattr(gdregress, name)
