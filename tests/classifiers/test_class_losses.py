"""The perceptron, losses of the user, and losses that are not for classes."""

import numpy as np
import pytest
from classes import every_loss, every_solver, make_data, short, two_and_three
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.linear_model import Perceptron as SklearnPerceptron
from sklearn.multiclass import OneVsRestClassifier

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import Gamma, Loss, Poisson, SquaredError
from gdregress.losses.classification import CLASSIFICATION_LOSSES, Hinge, LogLoss, ModifiedHuber
from gdregress.losses.multiclass import Softmax
from gdregress.optimizers import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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

    def test_is_refused_by_to_sklearn(self):
        X, y = make_data()
        with pytest.raises(ValueError, match="OwnLogLoss"):
            short(OwnLogLoss()).fit(X, y).to_sklearn()

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
