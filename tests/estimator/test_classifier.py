"""GDClassifier as a classifier of scikit-learn: labels, probabilities, weights, state, company."""

import builtins
import math
import pickle
import warnings

import array_api_strict
import numpy as np
import pandas as pd
import pytest
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from reference import best_validated
from scipy import sparse
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ScoringMonitor
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.linear_model import Perceptron as SklearnPerceptron
from sklearn.metrics import accuracy_score, hinge_loss, log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.class_weight import compute_sample_weight

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import Gamma, Loss, Poisson, SquaredError
from gdregress.losses.classification import CLASSIFICATION_LOSSES, Hinge, LogLoss, ModifiedHuber
from gdregress.losses.multiclass import Softmax
from gdregress.optimizers import OPTIMIZERS, Adam
from gdregress.samplers import SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

every_loss = pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
every_solver = pytest.mark.parametrize("solver", SOLVERS)
two_and_three = pytest.mark.parametrize("k", [2, 3])
WITH_PROBABILITIES = ("log_loss", "modified_huber")


def make_data(k=2, n=60, p=4, noise=0.7):
    """Rows of k classes that overlap, with labels 0, ..., k - 1."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    scores = 2 * X[:, :k] + noise * rng.normal(size=(n, k))
    return X, scores.argmax(axis=1)


def short(loss="log_loss", **parameters):
    """A classifier of a few epochs."""
    return GDClassifier(loss, **{"max_iter": 20, "tol": None, "random_state": 0, **parameters})


def with_coefficients(model, coef, intercept):
    """The model with other coefficients."""
    model.coef_, model.intercept_ = np.asarray(coef, float), np.asarray(intercept, float)
    return model


def as_sklearn(model, reference):
    """A classifier of scikit-learn that is given the coefficients of the model."""
    for name in ("coef_", "intercept_", "classes_", "n_features_in_"):
        setattr(reference, name, getattr(model, name))
    return reference


def reference_for(loss):
    return LogisticRegression() if loss == "log_loss" else SGDClassifier(loss=loss)


class TestShapes:
    @every_solver
    @every_loss
    def test_of_two_classes(self, loss, solver):
        X, y = make_data()
        model = short(loss, solver=solver).fit(X, y)
        assert model.coef_.shape == (1, 4)
        assert model.intercept_.shape == (1,)
        assert model.decision_function(X).shape == (60,)
        assert model.predict(X).shape == (60,)

    @every_solver
    @every_loss
    def test_of_three_classes(self, loss, solver):
        X, y = make_data(k=3)
        model = short(loss, solver=solver).fit(X, y)
        assert model.coef_.shape == (3, 4)
        assert model.intercept_.shape == (3,)
        assert model.decision_function(X).shape == (60, 3)
        assert model.predict(X).shape == (60,)

    @two_and_three
    @pytest.mark.parametrize("standardize", [False, True])
    def test_without_an_intercept(self, standardize, k):
        model = short(fit_intercept=False, standardize=standardize).fit(*make_data(k))
        assert_array_equal(model.intercept_, np.zeros(1 if k == 2 else k))

    @every_loss
    def test_the_second_class_is_where_the_decision_is_positive(self, loss):
        X = np.linspace(-1, 1, 20)[:, None]
        model = short(loss).fit(X, np.where(X[:, 0] > 0, "right", "left"))
        assert model.coef_[0, 0] > 0
        z = model.decision_function(X)
        assert_allclose(z, X[:, 0] * model.coef_[0, 0] + model.intercept_[0], rtol=1e-12)
        assert_array_equal(model.predict(X), np.where(z > 0, "right", "left"))

    @every_loss
    def test_the_class_with_the_largest_decision_is_predicted(self, loss):
        X, y = make_data(k=3)
        model = short(loss).fit(X, y)
        z = model.decision_function(X)
        assert_allclose(z, X @ model.coef_.T + model.intercept_, rtol=1e-12)
        assert_array_equal(model.predict(X), z.argmax(axis=1))
        assert model.score(X, y) > 0.7

    @every_loss
    def test_swapped_labels_swap_the_signs(self, loss):
        X, y = make_data()
        model, swapped = short(loss).fit(X, y), short(loss).fit(X, 1 - y)
        assert_array_equal(swapped.coef_, -model.coef_)
        assert_array_equal(swapped.intercept_, -model.intercept_)

    @pairwise(
        loss=CLASSIFICATION_LOSSES,
        solver=SOLVERS,
        k=[2, 3],
        container=[np.asarray, sparse.csr_array],
    )
    def test_float32_is_kept(self, loss, solver, k, container):
        X, y = make_data(k)
        X = container(X.astype(np.float32))
        model = short(loss, solver=solver, max_iter=3).fit(X, y)
        assert model.coef_.dtype == model.intercept_.dtype == np.float32
        assert model.decision_function(X).dtype == np.float32
        if loss in WITH_PROBABILITIES:
            assert model.predict_proba(X).dtype == np.float32
            assert model.predict_log_proba(X).dtype == np.float32

    @two_and_three
    @every_solver
    def test_sparse_equals_dense(self, solver, k):
        X, y = make_data(k)
        X[np.abs(X) < 0.5] = 0
        dense, model = short(solver=solver).fit(X, y), short(solver=solver)
        model.fit(sparse.csr_array(X), y)
        assert_allclose(model.coef_, dense.coef_, rtol=1e-9, atol=1e-12)
        assert_array_equal(model.predict(sparse.csc_array(X)), dense.predict(X))


LABELS = {
    "text": ["no", "yes", "maybe"],
    "boolean": [False, True],
    "minus 7 and 3": [3, -7],
    "float": [1.0, 0.0, 2.0],
    "unsigned": np.array([200, 7, 3], dtype=np.uint8),
    "object": np.array(["b", "a", "c"], dtype=object),
    "long text": ["a", "a longer label", "b"],
    "digits as text": ["10", "9", "8"],
}


class TestLabels:
    @pytest.mark.parametrize("kind", LABELS)
    def test_those_of_y_are_predicted(self, kind):
        names = np.asarray(LABELS[kind])
        X, y = make_data(k=len(names))
        model = short().fit(X, names[y])
        assert_array_equal(model.classes_, np.unique(names))
        predicted = model.predict(X)
        assert predicted.dtype == names.dtype
        assert set(predicted) <= set(names)
        assert model.score(X, names[y]) > 0.7

    @pytest.mark.parametrize("kind", LABELS)
    def test_their_names_change_no_prediction(self, kind):
        names = np.unique(LABELS[kind])
        X, y = make_data(k=len(names))
        plain = short().fit(X, y)
        model = short().fit(X, names[y])
        assert_array_equal(model.coef_, plain.coef_)
        assert_array_equal(model.predict(X), names[plain.predict(X)])

    @pytest.mark.parametrize("kind", ["list", "series", "categorical", "string"])
    def test_containers(self, kind):
        X, y = make_data()
        names = np.array(["no", "yes"])[y]
        y = {
            "list": names.tolist,
            "series": lambda: pd.Series(names),
            "categorical": lambda: pd.Series(names, dtype="category"),
            "string": lambda: pd.Series(names, dtype="string"),
        }[kind]()
        model = short().fit(X, y)
        assert_array_equal(model.predict(X), short().fit(X, names).predict(X))

    def test_of_arrays_of_another_library_are_predicted_in_it(self):
        X, y = make_data(k=3)
        with config_context(array_api_dispatch=True):
            inside = array_api_strict.asarray(X)
            model = short().fit(inside, array_api_strict.asarray(y))
            predicted = model.predict(inside)
            assert predicted.__array_namespace__() is array_api_strict
        assert_array_equal(np.asarray(predicted), short().fit(X, y).predict(X))

    def test_of_text_may_go_with_arrays_of_another_library(self):
        X, y = make_data(k=3)
        names = np.array(["a", "b", "c"])[y]
        with config_context(array_api_dispatch=True):
            model = short().fit(array_api_strict.asarray(X), names)
            predicted = model.predict(array_api_strict.asarray(X))
        assert_array_equal(predicted, short().fit(X, names).predict(X))


class TestBadLabels:
    @pytest.mark.parametrize(
        "y, message",
        [
            (np.linspace(0, 1, 60), "continuous"),
            (np.r_[np.nan, np.zeros(29), np.ones(30)], "NaN"),
            (np.array([None, *["a"] * 29, *["b"] * 30], dtype=object), "Unknown label"),
            (np.column_stack([np.zeros(60), np.ones(60)]).astype(int), r"1d|multi|shape"),
            (np.zeros(59, int), "inconsistent"),
        ],
        ids=["continuous", "nan", "none", "two columns", "too few"],
    )
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_are_errors_and_leave_the_earlier_fit(self, method, y, message):
        X, good = make_data()
        model = short().fit(X, good)
        before, predicted = dict(vars(model)), model.predict(X)
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(X, y)
        assert vars(model) == before
        assert_array_equal(model.predict(X), predicted)

    @pytest.mark.parametrize("label", ["spam", 3, True])
    def test_one_class_only_is_an_error_that_names_it(self, label):
        X, _ = make_data()
        with pytest.raises(ValueError, match=f"one class.*{label}"):
            GDClassifier().fit(X, [label] * 60)

    def test_one_class_only_leaves_the_earlier_fit(self):
        X, y = make_data(k=3)
        model = short().fit(X, y)
        predicted = model.predict(X)
        with pytest.raises(ValueError, match="one class"):
            model.fit(X[:, :2], np.ones(60))
        assert_array_equal(model.classes_, [0, 1, 2])
        assert model.n_features_in_ == 4
        assert_array_equal(model.predict(X), predicted)

    def test_a_first_fit_that_fails_leaves_nothing(self):
        X, _ = make_data()
        model = GDClassifier()
        with pytest.raises(ValueError):
            model.fit(X, np.ones(60))
        with pytest.raises(ValueError):
            model.partial_fit(X, np.ones(60), classes=[0, 2])
        assert not [name for name in vars(model) if name.endswith("_")]


class TestProbabilities:
    @every_loss
    def test_exist_only_where_the_loss_knows_them(self, loss):
        knows = loss in WITH_PROBABILITIES
        for model in (GDClassifier(loss), short(loss).fit(*make_data())):
            assert hasattr(model, "predict_proba") == knows
            assert hasattr(model, "predict_log_proba") == knows

    @pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "perceptron"])
    @pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
    def test_are_missing_with_advice(self, method, loss):
        X, y = make_data()
        with pytest.raises(AttributeError) as error:
            getattr(short(loss).fit(X, y), method)(X)
        text = f"{error.value} {error.value.__cause__}"
        assert method in text
        for advice in (loss, "log_loss", "modified_huber", "CalibratedClassifierCV"):
            assert advice in text

    @two_and_three
    @pytest.mark.parametrize("loss", WITH_PROBABILITIES)
    def test_are_those_of_scikit_learn(self, loss, k):
        X, y = make_data(k)
        model = short(loss).fit(X, y)
        expected = as_sklearn(model, reference_for(loss)).predict_proba(X)
        assert_allclose(model.predict_proba(X), expected, rtol=1e-12, atol=1e-15)

    @two_and_three
    @pytest.mark.parametrize("loss", WITH_PROBABILITIES)
    def test_sum_to_one_and_their_largest_is_predicted(self, loss, k):
        X, y = make_data(k)
        model = short(loss).fit(X, y)
        probability = model.predict_proba(3 * X)
        assert probability.shape == (60, k)
        assert probability.min() >= 0
        assert_allclose(probability.sum(axis=1), np.ones(60), rtol=1e-14)
        # several classes of the modified Huber loss may share the largest probability
        largest = probability.max(axis=1)
        assert_array_equal(probability[np.arange(60), model.predict(3 * X)], largest)

    @two_and_three
    def test_small_ones_keep_their_digits(self, k):
        model, X, z = self.of_large_margins(k)
        assert_allclose(model.predict_proba(X), softmax(z, axis=1), rtol=1e-12)

    @two_and_three
    def test_logarithms_keep_their_digits(self, k):
        model, X, z = self.of_large_margins(k)
        expected = np.empty(z.shape)
        for i, t in np.ndindex(z.shape):
            others = [math.exp(other - z[i, t]) for other in np.delete(z[i], t)]
            expected[i, t] = -math.log1p(math.fsum(others))
        assert_allclose(model.predict_log_proba(X), expected, rtol=1e-12)

    def of_large_margins(self, k):
        """A model of one feature, its rows, and raw predictions of which softmax is taken."""
        X = np.array([[-200.0], [-50.0], [-20.0], [0.3], [20.0], [50.0], [200.0]])
        y = [0, 1, 2, 0, 1, 2, 0] if k == 3 else [0, 1, 1, 0, 1, 1, 0]
        coef = np.array([[1.0]] if k == 2 else [[0.0], [1.0], [3.0]])
        model = with_coefficients(short().fit(X, y), coef, np.full(len(coef), 0.5))
        z = X @ coef.T + 0.5
        return model, X, np.column_stack([0 * z, z]) if k == 2 else z

    @two_and_three
    def test_logarithms_of_modified_huber_are_their_logarithms(self, k):
        X, y = make_data(k)
        model = short("modified_huber").fit(X, y)
        with np.errstate(divide="ignore"):
            expected = np.log(as_sklearn(model, SGDClassifier("modified_huber")).predict_proba(X))
        assert np.isinf(expected).any()
        assert_allclose(model.predict_log_proba(X), expected, rtol=1e-12, atol=1e-15)

    def test_logarithms_are_finite_at_large_margins(self):
        model = with_coefficients(short().fit(*make_data(p=2)), [[1.0, 0.0]], [0.0])
        X = np.array([[1e4, 0.0], [-1e4, 0.0]])
        assert_array_equal(model.predict_log_proba(X), [[-1e4, 0.0], [0.0, -1e4]])

    def test_logarithms_are_finite_at_large_margins_of_three_classes(self):
        model = short().fit(*make_data(k=3, p=3))
        with_coefficients(model, [[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0]], np.zeros(3))
        X = np.array([[1e4, 0.0, 0.0], [-1e4, 0.0, 0.0]])
        expected = [[0.0, -2e4, -1e4], [-2e4, 0.0, -1e4]]
        assert_array_equal(model.predict_log_proba(X), expected)


class TestLargeMargins:
    @pairwise(loss=CLASSIFICATION_LOSSES, solver=SOLVERS, k=[2, 3], dtype=[np.float64, np.float32])
    def test_warn_of_nothing(self, loss, solver, k, dtype):
        X, y = make_data(k)
        X = X.astype(dtype)
        shape = (1, 4) if k == 2 else (k, 4)
        coef = 1e4 * np.random.RandomState(1).choice([-1.0, 1.0], size=shape)
        model = short(loss, solver=solver, max_iter=2, penalty=None)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(X, y, coef_init=coef)
            with_coefficients(model, coef, np.zeros(len(coef)))
            model.coef_, model.intercept_ = model.coef_.astype(dtype), model.intercept_
            z = model.decision_function(X)
            assert np.abs(z).max() > 1e4
            assert set(model.predict(X)) <= set(range(k))
            if loss in WITH_PROBABILITIES:
                assert np.isfinite(model.predict_proba(X)).all()
                logarithms = model.predict_log_proba(X)
                assert not np.isnan(logarithms).any()
                assert loss != "log_loss" or np.isfinite(logarithms).all()

    @two_and_three
    @every_loss
    def test_a_fit_from_there_has_the_objective_of_the_plain_formula(self, loss, k):
        X, y = make_data(k)
        coef = np.full((1 if k == 2 else k, 4), 1e4) * np.arange(1, 5)
        model = short(loss, max_iter=1, penalty=None).fit(X, y, coef_init=coef)
        z = X @ coef.T
        if k == 2:
            margin = np.where(y == 1, 1, -1) * z[:, 0]
            each = {
                "log_loss": np.logaddexp(0, -margin),
                "hinge": np.maximum(0, 1 - margin),
                "squared_hinge": np.maximum(0, 1 - margin) ** 2,
                "modified_huber": np.where(
                    margin < -1, -4 * margin, np.maximum(0, 1 - margin) ** 2
                ),
                "perceptron": np.maximum(0, -margin),
            }[loss]
        else:
            margin = np.where(np.eye(3)[y] == 1, 1, -1) * z
            # all scores of a row are equal: the log loss is log 3
            each = {
                "log_loss": np.full(60, np.log(3)),
                "hinge": np.maximum(0, 1 - margin).sum(axis=1),
                "squared_hinge": (np.maximum(0, 1 - margin) ** 2).sum(axis=1),
                "modified_huber": np.where(
                    margin < -1, -4 * margin, np.maximum(0, 1 - margin) ** 2
                ).sum(axis=1),
                "perceptron": np.maximum(0, -margin).sum(axis=1),
            }[loss]
        assert_allclose(model.history_["objective"][0], each.mean(), rtol=1e-9)


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

    def test_refuses_a_loss_of_its_own(self):
        X, y = make_data()
        with pytest.raises(ValueError, match="OwnLogLoss"):
            short(OwnLogLoss()).fit(X, y).to_sklearn()


class TestClassWeight:
    @pairwise(
        loss=["log_loss", "hinge"],
        solver=SOLVERS,
        class_weight=[{"a": 5.0}, {"a": 0.2, "b": 7}, "balanced"],
        k=[2, 3],
    )
    def test_equals_the_weights_of_the_rows(self, loss, solver, class_weight, k):
        X, y = make_data(k, n=53)
        y = np.array(["a", "b", "c"])[y]
        weights = compute_sample_weight(
            dict.fromkeys("abc"[:k], 1.0) | class_weight
            if isinstance(class_weight, dict)
            else class_weight,
            y,
        )
        assert len(set(weights)) > 1
        model = short(loss, solver=solver, class_weight=class_weight).fit(X, y)
        expected = short(loss, solver=solver).fit(X, y, sample_weight=weights)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
        assert_allclose(model.intercept_, expected.intercept_, rtol=1e-10)
        assert not np.allclose(model.coef_, short(loss, solver=solver).fit(X, y).coef_)

    @two_and_three
    def test_multiplies_the_weights_of_the_rows(self, k):
        X, y = make_data(k)
        weights = np.linspace(1, 3, 60)
        model = short(class_weight={0: 4.0}).fit(X, y, sample_weight=weights)
        expected = short().fit(X, y, sample_weight=weights * np.where(y == 0, 4.0, 1.0))
        assert_allclose(model.coef_, expected.coef_, rtol=1e-12)

    @every_solver
    def test_of_zero_leaves_the_rows_out(self, solver):
        X, y = make_data(3)
        weights, given = np.array([1.0, 2.0, 0.0]), {"solver": solver, "penalty": "l2"}
        model = short(class_weight=dict(enumerate(weights)), **given)
        model.partial_fit(X, y, classes=[0, 1, 2])
        expected = short(**given).partial_fit(X, y, [0, 1, 2], sample_weight=weights[y])
        assert model.t_ == expected.t_
        assert_array_equal(model.coef_, expected.coef_)

    @two_and_three
    @pytest.mark.parametrize("class_weight", [{0: 4.0}, "balanced"], ids=str)
    def test_with_it_weight_two_counts_as_two_rows(self, class_weight, k):
        X, y = make_data(k)
        weights = np.where(np.arange(60) % 3 == 0, 2, 1)
        weights[y == 0] = 2
        model = short(class_weight=class_weight).fit(X, y, sample_weight=weights)
        copied = short(class_weight=class_weight)
        copied.fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
        assert_allclose(model.coef_, copied.coef_, rtol=1e-9)
        assert_allclose(model.intercept_, copied.intercept_, rtol=1e-9, atol=1e-12)

    def test_balanced_gives_every_class_the_same_total_weight(self):
        # constant rows: the probabilities are the shares of the weights
        X, y = np.zeros((12, 1)), np.repeat([0, 1, 2], [1, 2, 9])
        model = GDClassifier(class_weight="balanced", penalty=None).fit(X, y)
        assert_allclose(model.predict_proba(X[:1]), [[1 / 3] * 3], rtol=1e-6)
        model.set_params(class_weight=None, tol=1e-10).fit(X, y)
        assert_allclose(model.predict_proba(X[:1]), [[1 / 12, 2 / 12, 9 / 12]], rtol=1e-4)

    @pytest.mark.parametrize("kind", LABELS)
    def test_is_given_by_label_of_every_kind(self, kind):
        names = np.unique(LABELS[kind])
        X, y = make_data(k=len(names))
        given = {name: 1.0 + 3 * i for i, name in enumerate(names.tolist())}
        model = short(class_weight=given).fit(X, names[y])
        expected = short().fit(X, names[y], sample_weight=1.0 + 3 * y)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-12)

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_of_an_unknown_class_is_an_error(self, method):
        X, y = make_data()
        model = short(class_weight={0: 1.0, 2: 5.0})
        given = {"classes": [0, 1]} if method == "partial_fit" else {}
        with pytest.raises(ValueError, match="class_weight"):
            getattr(model, method)(X, y, **given)

    @pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_that_is_no_weight_is_an_error(self, method, bad):
        X, y = make_data()
        given = {"classes": [0, 1]} if method == "partial_fit" else {}
        with pytest.raises(ValueError, match="class_weight"):
            getattr(short(class_weight={0: bad}), method)(X, y, **given)

    @pytest.mark.parametrize("bad", ["equal", 2.0, [1, 2]])
    def test_of_another_kind_is_an_error(self, bad):
        with pytest.raises(ValueError, match="'class_weight' parameter"):
            GDClassifier(class_weight=bad).fit(*make_data())

    def test_that_leaves_no_weight_is_an_error(self):
        X, y = make_data()
        with pytest.raises(ValueError, match="class_weight"):
            short(class_weight={0: 0.0, 1: 0.0}).fit(X, y)

    @two_and_three
    @every_solver
    def test_zero_keeps_the_class_and_ignores_its_rows(self, solver, k):
        X, y = make_data(k)
        given = {"solver": solver, "learning_rate": 0.1, "class_weight": {0: 0.0}}
        model = short(**given).fit(X, y)
        moved = np.where((y == 0)[:, None], X + 5, X)
        assert_array_equal(model.classes_, np.arange(k))
        assert_allclose(short(**given).fit(moved, y).coef_, model.coef_, rtol=1e-12)

    def test_of_partial_fit(self):
        X, y = make_data()
        given = {"learning_rate": 0.1, "solver": "stochastic", "shuffle": False}
        model = short(class_weight={1: 3.0}, **given)
        expected = short(**given)
        for rows in (slice(0, 30), slice(30, 60)):
            model.partial_fit(X[rows], y[rows], classes=[0, 1])
            weights = np.where(y[rows] == 1, 3.0, 1.0)
            expected.partial_fit(X[rows], y[rows], classes=[0, 1], sample_weight=weights)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-12)

    def test_balanced_has_no_partial_fit(self):
        model = short(class_weight="balanced")
        assert not hasattr(model, "partial_fit")
        with pytest.raises(AttributeError) as error:
            _ = model.partial_fit
        assert "all rows at once" in str(error.value.__cause__)


class TestSampleWeight:
    @two_and_three
    @every_solver
    def test_zero_removes_the_row(self, solver, k):
        X, y = make_data(k)
        weights = np.where(np.arange(60) % 4 == 1, 0.0, 2.5)
        kept = weights > 0
        model = short(solver=solver).fit(X, y, sample_weight=weights)
        expected = short(solver=solver).fit(X[kept], y[kept])
        assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
        assert model.t_ == expected.t_

    def test_zero_for_all_rows_of_a_class_removes_the_class(self):
        X, y = make_data(k=3)
        model = short().fit(X, y, sample_weight=(y != 1).astype(float))
        assert_array_equal(model.classes_, [0, 2])
        assert_array_equal(model.coef_, short().fit(X[y != 1], y[y != 1]).coef_)

    def test_zero_for_all_rows_but_of_one_class_is_an_error(self):
        X, y = make_data()
        with pytest.raises(ValueError, match="one class"):
            short().fit(X, y, sample_weight=(y == 1).astype(float))

    def test_zero_for_a_class_that_is_weighted(self):
        X, y = make_data(k=3)
        weights = (y != 1).astype(float)
        model = short(class_weight="balanced").fit(X, y, sample_weight=weights)
        expected = short(class_weight="balanced").fit(X[y != 1], y[y != 1])
        assert_allclose(model.coef_, expected.coef_, rtol=1e-12)

    @two_and_three
    @every_loss
    def test_two_counts_as_two_rows(self, loss, k):
        X, y = make_data(k)
        weights = 1 + np.arange(60) % 3
        model = short(loss).fit(X, y, sample_weight=weights)
        copied = short(loss).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
        assert_allclose(model.coef_, copied.coef_, rtol=1e-8)

    def test_of_score(self):
        X, y = make_data(k=3)
        model, weights = short().fit(X, y), np.linspace(1, 9, 60)
        right = model.predict(X) == y
        assert_allclose(model.score(X, y, weights), weights[right].sum() / weights.sum())


class TestPartialFit:
    def test_needs_the_classes_on_the_first_call(self):
        X, y = make_data()
        model = short()
        with pytest.raises(ValueError, match=r"classes must be passed on the first call"):
            model.partial_fit(X, y)
        assert_array_equal(model.partial_fit(X, y, classes=[1, 0]).classes_, [0, 1])
        model.partial_fit(X, y)
        model.partial_fit(X, y, classes=np.array([0, 1]))

    def test_other_classes_are_an_error(self):
        X, y = make_data()
        model = short().partial_fit(X, y, classes=[0, 1])
        before = dict(vars(model))
        for other in ([0, 1, 2], [0, 2], ["0", "1"]):
            with pytest.raises(ValueError, match="classes"):
                model.partial_fit(X, y, classes=other)
        assert vars(model) == before

    def test_one_class_is_an_error(self):
        X, _ = make_data()
        with pytest.raises(ValueError, match="one class"):
            short().partial_fit(X, np.ones(60), classes=[1])

    @every_solver
    def test_a_call_may_hold_only_some_of_the_classes(self, solver):
        X, y = make_data(k=3)
        names = np.array(["a", "b", "c"])
        model = short(solver=solver)
        for _ in range(10):
            for label in range(3):
                model.partial_fit(X[y == label], names[y[y == label]], classes=names)
        assert model.coef_.shape == (3, 4)
        assert model.score(X, names[y]) > 0.7

    def test_classes_that_never_occur_are_never_likely(self):
        X, y = make_data()
        model = short()
        for _ in range(60):
            model.partial_fit(X, y, classes=[0, 1, 2])
        assert model.coef_.shape == (3, 4)
        assert model.predict_proba(X)[:, 2].max() < 0.1

    def test_a_label_that_is_not_among_the_classes_is_an_error(self):
        X, y = make_data(k=3)
        given = {"solver": "stochastic", "learning_rate": 0.1}
        model = short(**given).partial_fit(X, y, classes=[0, 1, 2])
        before, predicted = dict(vars(model)), model.predict(X)
        with pytest.raises(ValueError, match="7"):
            model.partial_fit(X, np.where(y == 2, 7, y))
        assert vars(model) == before
        assert_array_equal(model.predict(X), predicted)
        never = short(**given).partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
        assert_array_equal(model.partial_fit(X, y).coef_, never.coef_)

    @pytest.mark.parametrize(
        "other", [["0", "1"] * 30, ["a", "b"] * 30, np.array(["a", "b"] * 30, dtype=object)]
    )
    def test_labels_of_another_kind_are_an_error(self, other):
        X, y = make_data()
        model = short().partial_fit(X, y, classes=[0, 1])
        with pytest.raises(ValueError, match=r"(?i)label|class"):
            model.partial_fit(X, other)

    @two_and_three
    @pytest.mark.parametrize(
        "optimizer, average", [("gd", False), ("nesterov", True), ("adam", False)]
    )
    @pytest.mark.parametrize("solver, size", [("stochastic", 11), ("mini-batch", 16)])
    @pytest.mark.parametrize("loss", ["log_loss", "hinge"])
    def test_over_the_batches_equals_fit(self, loss, solver, size, optimizer, average, k):
        X, y = make_data(k)
        given = {
            "solver": solver,
            "optimizer": optimizer,
            "average": average,
            "learning_rate": 0.02,
            "schedule": "invscaling",
            "shuffle": False,
        }
        if solver == "mini-batch":
            given["batch_size"] = 8
        whole = GDClassifier(loss, max_iter=1, tol=None, **given).fit(X, y)
        model = GDClassifier(loss, **given)
        for start in range(0, 60, size):
            rows = slice(start, start + size)
            model.partial_fit(X[rows], y[rows], classes=range(k))
        # single rows add up the shrinkage by l2 over those of a call
        rtol = 1e-12 if solver == "stochastic" and optimizer == "gd" else 0
        assert_allclose(model.coef_, whole.coef_, rtol=rtol)
        assert_allclose(model.intercept_, whole.intercept_, rtol=rtol)
        assert model.t_ == whole.t_

    @two_and_three
    @every_solver
    @every_loss
    def test_again_and_again_equals_epochs(self, loss, solver, k):
        X, y = make_data(k)
        given = {"solver": solver, "optimizer": "adam", "schedule": "constant"}
        given |= {"learning_rate": 0.02}
        whole = short(loss, max_iter=5, **given).fit(X, y)
        model = short(loss, **given)
        for _ in range(5):
            model.partial_fit(X, y, classes=range(k))
        assert_allclose(model.coef_, whole.coef_, rtol=1e-12)
        assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=1e-12)

    def test_after_fit_knows_its_classes(self):
        X, y = make_data(k=3)
        model = short().fit(X, y)
        t = model.t_
        model.partial_fit(X[:5], y[:5])
        assert_array_equal(model.classes_, [0, 1, 2])
        assert model.t_ == t + 1
        with pytest.raises(ValueError, match="classes"):
            model.partial_fit(X, y, classes=[0, 1])

    def test_fit_after_it_forgets_its_classes(self):
        X, y = make_data()
        model = short().partial_fit(X, y, classes=[0, 1, 2]).fit(X, y)
        assert_array_equal(model.classes_, [0, 1])
        assert_array_equal(model.coef_, short().fit(X, y).coef_)

    @pytest.mark.parametrize("name", ["early_stopping", "standardize"])
    def test_is_missing_for_what_needs_all_rows(self, name):
        assert hasattr(GDClassifier(), "partial_fit")
        assert not hasattr(GDClassifier(**{name: True}), "partial_fit")


class TestWarmStart:
    @two_and_three
    @every_solver
    @every_loss
    def test_halves_equal_the_whole(self, loss, solver, k):
        X, y = make_data(k)
        given = {"solver": solver, "optimizer": "adam", "learning_rate": 0.02}
        whole = short(loss, max_iter=9, **given).fit(X, y)
        model = short(loss, max_iter=4, warm_start=True, **given).fit(X, y)
        model.set_params(max_iter=5).fit(X, y)
        assert_array_equal(model.coef_, whole.coef_)
        assert_array_equal(model.intercept_, whole.intercept_)
        assert model.t_ == whole.t_

    @every_solver
    def test_halves_of_a_perceptron_with_the_automatic_rate_equal_the_whole(self, solver):
        X, y = make_data()
        for epochs in (6, 7, 8, 9, 10):
            given = {"loss": "perceptron", "solver": solver}
            whole = short(max_iter=epochs, **given).fit(X, y)
            model = short(max_iter=epochs - 4, warm_start=True, **given).fit(X, y)
            assert_array_equal(model.set_params(max_iter=4).fit(X, y).coef_, whole.coef_)

    @pytest.mark.parametrize(
        "names", [["a", "c"], ["a", "b", "c"], [0, 1]], ids=["other", "more", "numbers"]
    )
    def test_other_classes_are_an_error_and_leave_the_earlier_fit(self, names):
        X, y = make_data(k=len(names))
        model = short(warm_start=True).fit(X, np.array(["a", "b"])[y % 2])
        before, predicted = dict(vars(model)), model.predict(X)
        with pytest.raises(ValueError, match=r"cannot be continued.*classes"):
            model.fit(X, np.array(names)[y])
        assert vars(model) == before
        assert_array_equal(model.predict(X), predicted)

    def test_without_it_other_classes_are_another_fit(self):
        X, y = make_data(k=3)
        model = short().fit(X, np.array(["a", "b"])[y % 2]).fit(X, y)
        assert_array_equal(model.coef_, short().fit(X, y).coef_)
        assert_array_equal(model.classes_, [0, 1, 2])

    def test_across_a_pickle(self):
        X, y = make_data(k=3)
        model = short(solver="stochastic", max_iter=3, warm_start=True).fit(X, y)
        copy = pickle.loads(pickle.dumps(model))
        assert_array_equal(copy.fit(X, y).coef_, model.fit(X, y).coef_)


class TestInitialCoefficients:
    @pytest.mark.parametrize("standardize", [False, True])
    @two_and_three
    @every_loss
    def test_are_where_the_run_starts(self, loss, k, standardize):
        X, y = make_data(k)
        outputs = 1 if k == 2 else k
        coef = np.arange(1.0, 4 * outputs + 1).reshape(outputs, 4)
        intercept = np.linspace(-0.5, 0.5, outputs)
        model = short(loss, store_path=True, max_iter=1, standardize=standardize)
        model.fit(X, y, coef_init=coef, intercept_init=intercept)
        assert_allclose(model.history_.coef[0], coef, rtol=1e-12)
        assert_allclose(model.history_.intercept[0], intercept, rtol=1e-12)

    def test_those_of_a_fit_are_accepted(self):
        for k in (2, 3):
            X, y = make_data(k)
            given = {"optimizer": "gd", "learning_rate": 0.1}
            half = short(max_iter=4, **given).fit(X, y)
            model = short(max_iter=6, **given)
            model.fit(X, y, coef_init=half.coef_, intercept_init=half.intercept_)
            assert_array_equal(model.coef_, short(max_iter=10, **given).fit(X, y).coef_)

    def test_those_of_a_fit_to_one_column_are_accepted(self):
        X, y = make_data(p=2)
        half = short(standardize=True, warm_start=True).fit(X[:, :1], y)
        model = short(store_path=True)
        model.fit(X[:, :1], y, coef_init=half.coef_, intercept_init=half.intercept_)
        assert_array_equal(model.history_.coef[0], half.coef_)
        assert_array_equal(model.history_.intercept[0], half.intercept_)
        half.fit(X[:40, :1], y[:40])  # begins at its own

    def test_of_two_classes_may_be_flat(self):
        X, y = make_data()
        model = short(store_path=True).fit(X, y, coef_init=np.ones(4), intercept_init=2.0)
        assert_array_equal(model.history_.coef[0], np.ones((1, 4)))
        assert_array_equal(model.history_.intercept[0], [2.0])

    @pytest.mark.parametrize(
        "k, given",
        [
            (2, {"coef_init": np.ones((2, 4))}),
            (2, {"coef_init": np.ones((1, 3))}),
            (2, {"intercept_init": np.ones(2)}),
            (3, {"coef_init": np.ones((1, 4))}),
            (3, {"coef_init": np.ones(4)}),
            (3, {"coef_init": np.ones((4, 3))}),
            (3, {"intercept_init": 1.0}),
            (3, {"coef_init": np.full((3, 4), np.nan)}),
        ],
    )
    def test_of_another_shape_are_an_error(self, k, given):
        with pytest.raises(ValueError, match=next(iter(given))):
            short().fit(*make_data(k), **given)


def unequal_data():
    """100 rows of classes 60, 30 and 10, so noisy that the fit soon gets worse."""
    rng = np.random.RandomState(2)
    y = rng.permutation(np.repeat([0, 1, 2], [60, 30, 10]))
    X = rng.normal(size=(100, 30))
    X[:, :3] += np.eye(3)[y]
    return X, y


@pytest.fixture
def held_out(monkeypatch):
    """Weights of the rows that the last fit has validated on."""
    from gdregress import classifiers

    seen, true = {}, classifiers.accuracy

    def record(y, predicted, weights=None):
        seen["weights"] = weights
        return true(y, predicted, weights)

    monkeypatch.setattr(classifiers, "accuracy", record)
    return seen


class TestEarlyStopping:
    def fit(self, held_out, X, y, **parameters):
        """The model and the numbers of the rows held out, known by their weights."""
        weights = np.linspace(1, 3, len(y))
        given = {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 200}
        model = short(**{**given, "store_path": True, **parameters})
        model.fit(X, y, sample_weight=weights)
        return model, np.flatnonzero(np.isin(weights, held_out["weights"])), weights

    @every_solver
    @two_and_three
    def test_restores_the_best_by_accuracy(self, k, solver, held_out):
        X, y = unequal_data()
        y = np.array(["a", "b", "c"])[y % k]
        model, rows, weights = self.fit(held_out, X, y, solver=solver)
        scores = model.history_["validation_score"]
        best = best_validated(model.history_)
        assert best < len(scores) - 1, "the last epoch must not be the best for the test to tell"
        assert_array_equal(model.coef_, model.history_.coef[best])
        assert_array_equal(model.intercept_, model.history_.intercept[best])
        expected = accuracy_score(y[rows], model.predict(X[rows]), sample_weight=weights[rows])
        assert_allclose(scores[best], expected, rtol=1e-12)
        assert model.validation_scores_ == scores[1:]

    def test_holds_out_a_share_of_every_class(self, held_out):
        X, y = unequal_data()
        _, rows, _ = self.fit(held_out, X, y, max_iter=2)
        assert np.bincount(y[rows]).tolist() == [12, 6, 2]

    def test_holds_out_a_share_of_both_classes(self, held_out):
        X, y = unequal_data()
        _, rows, _ = self.fit(held_out, X, (y > 1).astype(int), max_iter=2)
        assert np.bincount(y[rows] > 1).tolist() == [18, 2]

    def test_does_not_train_on_the_rows_held_out(self, held_out):
        X, y = unequal_data()
        _, rows, _ = self.fit(held_out, X, y, max_iter=2)
        moved = X.copy()
        moved[rows] += 3
        model, again, _ = self.fit(held_out, moved, y, max_iter=2)
        assert_array_equal(again, rows)
        path = self.fit(held_out, X, y, max_iter=2)[0].history_.coef
        assert_array_equal(model.history_.coef, path)

    def test_stops_on_a_plateau_of_the_accuracy(self, held_out):
        X, y = unequal_data()
        model, _, _ = self.fit(held_out, X, y, tol=1e-5, n_iter_no_change=7)
        scores = np.array(model.history_["validation_score"])
        assert model.stop_reason_ == "plateau" and model.converged_
        assert scores[-7:].max() <= scores[:-7].max() + 7e-5

    def test_the_accuracy_counts_the_classes_by_their_weight(self, held_out):
        X, y = unequal_data()
        given = {0: 1.0, 1: 2.0, 2: 6.0}
        model = short(early_stopping=True, validation_fraction=0.2, class_weight=given)
        model.fit(X, y)
        assert sorted(held_out["weights"]) == [1.0] * 12 + [2.0] * 6 + [6.0] * 2

    @pytest.mark.parametrize("names", [[0, 1], [0, 1, 2]])
    def test_a_class_with_one_row_is_an_error(self, names):
        X, _ = make_data()
        y = np.array([names[-1]] + [0] * 30 + [names[-2]] * 29)
        model = short().fit(X, y)
        predicted = model.predict(X)
        with pytest.raises(ValueError, match=r"(?i)class.*(1|one) (member|row)"):
            model.set_params(early_stopping=True).fit(X, y)
        assert_array_equal(model.predict(X), predicted)

    def test_few_rows_hold_out_as_many_as_there_are_classes(self, held_out):
        X, y = make_data(k=3, n=12)
        _, rows, _ = self.fit(held_out, X, y, validation_fraction=0.1, max_iter=2)
        assert len(y[rows]) == 3

    @two_and_three
    def test_of_arrays_of_another_library(self, k):
        X, y = make_data(k)
        expected = short(early_stopping=True).fit(X, y)
        with config_context(array_api_dispatch=True):
            inside = array_api_strict.asarray(X), array_api_strict.asarray(y)
            model = short(early_stopping=True).fit(*inside)
            assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-10)
            assert model.validation_scores_ == expected.validation_scores_


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


class Recorder:
    """Keeps the model of every epoch."""

    def __init__(self):
        self.models = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)


class Press(Recorder):
    """Presses Ctrl-C at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "epoch" and context.task_id + 1 == self.epoch:
            raise KeyboardInterrupt


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
        X, y = make_data(k)
        monitor = ScoringMonitor(scoring="neg_log_loss")
        model = short(max_iter=5, penalty=None).set_callbacks(monitor).fit(X, y)
        rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
        assert_allclose([-row["neg_log_loss"] for row in rows], model.loss_curve_, rtol=1e-9)

    def test_change_no_result(self):
        X, y = make_data(k=3)
        model = short(solver="stochastic").set_callbacks(Recorder()).fit(X, y)
        assert_array_equal(model.coef_, short(solver="stochastic").fit(X, y).coef_)


class TestInterrupt:
    @pairwise(loss=["perceptron", "log_loss"], epoch=[1, 5], solver=SOLVERS, k=[2, 3])
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


class TestPerceptron:
    @pytest.mark.parametrize("parameters", [{}, {"penalty": None}, {"standardize": True}], ids=str)
    @two_and_three
    def test_makes_no_error_where_the_classes_can_be_separated(self, k, parameters):
        x = np.random.RandomState(0).uniform(-2, 2, size=200)
        bounds = [0.3] if k == 2 else [-0.7, 0.8]
        x = x[np.abs(x[:, None] - bounds).min(axis=1) > 0.1]
        X, y = np.column_stack([x, x**2]), np.digitize(x, bounds)
        model = GDClassifier("perceptron", solver="stochastic", random_state=0, **parameters)
        assert model.fit(X, y).score(X, y) == 1.0

    @two_and_three
    def test_is_that_of_scikit_learn_row_by_row(self, k):
        X, y = make_data(k)
        model = GDClassifier(
            "perceptron",
            penalty=None,
            solver="stochastic",
            optimizer="gd",
            learning_rate=1.0,
            schedule="constant",
            shuffle=False,
            max_iter=3,
            tol=None,
        ).fit(X, y)
        expected = SklearnPerceptron(shuffle=False, max_iter=3, tol=None).fit(X, y)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
        assert_allclose(model.intercept_, expected.intercept_, rtol=1e-9)


class OwnLogLoss(Loss):
    """log(1 + exp(-y z)) of labels -1 and 1, in somebody else's words."""

    def value(self, y, z):
        return np.logaddexp(0, -y * z)

    def gradient(self, y, z):
        return -y / (1 + np.exp(y * z))

    def probability(self, z):
        return 1 / (1 + np.exp(-z))


class OwnLogLossOfLabels(OwnLogLoss):
    """The same with its curvature, and the labels that it is for."""

    curvature = 0.25
    target_range = "labels"


class WrongGradient(OwnLogLoss):
    """Its gradient has lost its sign."""

    def gradient(self, y, z):
        return y / (1 + np.exp(y * z))


class WithoutProbabilities(Loss):
    """Squared margin that is missing."""

    def value(self, y, z):
        return np.clip(1 - y * z, 0, None) ** 2

    def gradient(self, y, z):
        return -2 * y * np.clip(1 - y * z, 0, None)


class TestOwnLoss:
    @pytest.mark.parametrize("loss", [OwnLogLoss(), OwnLogLossOfLabels()], ids=str)
    def test_of_two_classes_reaches_the_optimum(self, loss):
        X, y = make_data()
        model = GDClassifier(loss, alpha=0.1, tol=1e-8).fit(X, np.array(["a", "b"])[y])
        expected = LogisticRegression(C=1 / (0.1 * 60), tol=1e-10, max_iter=1000).fit(X, y)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-5)
        assert_allclose(model.intercept_, expected.intercept_, rtol=1e-4, atol=1e-6)
        assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-4)

    @pytest.mark.parametrize("loss", [OwnLogLoss(), OwnLogLossOfLabels()], ids=str)
    def test_of_three_classes_is_one_against_the_rest(self, loss):
        X, y = make_data(k=3)
        model = GDClassifier(loss, alpha=0.1, tol=1e-8).fit(X, y)
        single = LogisticRegression(C=1 / (0.1 * 60), tol=1e-10, max_iter=1000)
        expected = OneVsRestClassifier(single).fit(X, y)
        for row, one in zip(model.coef_, expected.estimators_, strict=True):
            assert_allclose(row, one.coef_[0], rtol=1e-5, atol=1e-6)
        assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-4)

    @every_solver
    @two_and_three
    def test_needs_value_and_gradient_only(self, k, solver):
        X, y = make_data(k)
        model = short(WithoutProbabilities(), solver=solver).fit(X, y)
        assert model.score(X, y) > 0.7
        assert not hasattr(model, "predict_proba")

    @two_and_three
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_with_a_wrong_gradient_is_refused_with_the_numbers(self, method, k):
        X, y = make_data(k)
        given = {"classes": range(k)} if method == "partial_fit" else {}
        model = short(WrongGradient())
        with pytest.raises(ValueError, match=r"WrongGradient.*y = -?1, z = .* says .*\d") as error:
            getattr(model, method)(X, y, **given)
        assert "value changes by" in str(error.value)
        assert not hasattr(model, "coef_")

    def test_that_is_not_for_labels_alone_may_be_used(self):
        X, y = make_data()
        model = GDClassifier(SquaredError(), alpha=0.1, tol=1e-8).fit(X, y)
        expected = RidgeClassifier(alpha=0.1 * 60).fit(X, y)
        assert_allclose(model.coef_[0], expected.coef_, rtol=1e-5)
        assert_array_equal(model.predict(X), expected.predict(X))

    def test_parameters_of_components_can_be_set(self):
        model = GDClassifier(optimizer=Adam()).set_params(optimizer__beta_1=0.5)
        assert clone(model).optimizer.beta_1 == 0.5


class TestRefusedLosses:
    @pytest.mark.parametrize("loss", [Poisson(), Gamma()], ids=str)
    def test_of_counts_and_amounts(self, loss):
        with pytest.raises(ValueError, match=r"GDClassifier.*GDRegressor") as error:
            GDClassifier(loss).fit(*make_data())
        assert type(loss).__name__ in str(error.value)

    @pytest.mark.parametrize("loss", [Hinge(), LogLoss(), ModifiedHuber()], ids=str)
    def test_of_labels_by_the_regressor(self, loss):
        with pytest.raises(ValueError, match=r"GDRegressor.*GDClassifier") as error:
            GDRegressor(loss).fit(*make_data())
        assert type(loss).__name__ in str(error.value)

    def test_of_several_classes_are_not_for_the_user(self):
        with pytest.raises(ValueError, match="Softmax"):
            GDClassifier(Softmax(3)).fit(*make_data(k=3))

    @pytest.mark.parametrize("name", ["squared_error", "log", "softmax", "Hinge", "", None])
    def test_wrong_names_list_what_is_accepted(self, name):
        with pytest.raises(ValueError, match="'loss' parameter of GDClassifier") as error:
            GDClassifier(name).fit(*make_data())
        for accepted in CLASSIFICATION_LOSSES:
            assert accepted in str(error.value)

    @every_loss
    def test_names_of_the_classifier_by_the_regressor(self, loss):
        with pytest.raises(ValueError, match="'loss' parameter of GDRegressor"):
            GDRegressor(loss).fit(*make_data())

    @pytest.mark.parametrize("loss", ["hinge", "perceptron"])
    def test_line_search_with_kinks(self, loss):
        with pytest.raises(ValueError, match=f"line-search.*{loss}"):
            GDClassifier(loss, learning_rate="line-search").fit(*make_data())

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_a_bad_parameter_is_named_before_anything_of_the_data(self, method):
        X, y = make_data()
        with pytest.raises(ValueError, match="'alpha' parameter of GDClassifier"):
            getattr(GDClassifier(alpha=-1.0), method)(X, y)


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
    @every_loss
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

    @pairwise(optimizer=OPTIMIZERS, solver=SOLVERS, loss=CLASSIFICATION_LOSSES)
    def test_the_automatic_rate_learns_with_every_optimizer(self, optimizer, solver, loss):
        X, y = make_data(k=3)
        model = short(loss, solver=solver, optimizer=optimizer, max_iter=60).fit(X, y)
        assert model.stop_reason_ == "max_iter"
        assert model.score(X, y) > 0.6
