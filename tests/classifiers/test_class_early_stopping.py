"""The held-out rows contain every class, and early stopping uses their accuracy."""

import array_api_strict
import numpy as np
import pytest
from classes import every_solver, make_data, short, two_and_three
from numpy.testing import assert_allclose, assert_array_equal
from reference import best_validated
from sklearn import config_context
from sklearn.metrics import accuracy_score

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
        given |= {"scoring": "score", "store_path": True}
        model = short(**{**given, **parameters})
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
        # equal to rounding where the metric has been renewed since
        assert_allclose(model.coef_, model.history_.coef[best], rtol=1e-10)
        assert_allclose(model.intercept_, model.history_.intercept[best], rtol=1e-10)
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
        assert model.stop_reason_ == "plateau" and not model.converged_
        assert scores[-7:].max() <= scores[:-7].max() + 7e-5

    @two_and_three
    @pytest.mark.parametrize("weighted", [False, True])
    def test_the_accuracy_counts_no_weights_of_classes(self, weighted, k, held_out):
        X, y = unequal_data()
        y, weights = y % k, np.linspace(1, 3, len(y)) if weighted else None
        model = short(early_stopping=True, validation_fraction=0.2, scoring="score")
        model.set_params(class_weight={0: 3.0, 1: 0.7}).fit(X, y, sample_weight=weights)
        if weights is None:
            assert held_out["weights"] is None
        else:
            nearest = abs(held_out["weights"][:, None] - weights).min(axis=1)
            assert_allclose(nearest, 0, atol=1e-12)

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
        """The metric of the moments is for NumPy: scaled columns are the same for all."""
        X, y = make_data(k)
        given = {"early_stopping": True, "preconditioner": "columns"}
        expected = short(**given).fit(X, y)
        with config_context(array_api_dispatch=True):
            inside = array_api_strict.asarray(X), array_api_strict.asarray(y)
            model = short(**given).fit(*inside)
            assert_allclose(np.asarray(model.coef_), expected.coef_, rtol=1e-10)
            assert_allclose(model.validation_scores_, expected.validation_scores_, rtol=1e-9)
