"""Probabilities are those of the loss, to all digits, however large the margins."""

import math
import warnings

import numpy as np
import pytest
from classes import (
    IN_SCIKIT_LEARN,
    WITH_PROBABILITIES,
    as_sklearn,
    every_loss,
    make_data,
    reference_for,
    short,
    two_and_three,
    with_coefficients,
)
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.linear_model import SGDClassifier

from gdregress import GDClassifier
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
        text = str(error.value)
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
    @pairwise(
        loss=CLASSIFICATION_LOSSES, solver=SAMPLERS, k=[2, 3], dtype=[np.float64, np.float32]
    )
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
    @pytest.mark.parametrize("loss", IN_SCIKIT_LEARN)
    def test_a_fit_from_there_has_the_objective_of_the_plain_formula(self, loss, k):
        X, y = make_data(k)
        coef = np.full((1 if k == 2 else k, 4), 1e4) * np.arange(1, 5)
        start = {"coef_init": coef, "intercept_init": np.zeros(len(coef))}
        model = short(loss, max_iter=1, penalty=None).fit(X, y, **start)
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
