"""Weights of classes and of rows."""

import numpy as np
import pytest
from classes import LABELS, every_loss, every_solver, make_data, short, two_and_three
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_sample_weight

from gdregress import GDClassifier
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class TestClassWeight:
    @pairwise(
        loss=["log_loss", "hinge"],
        solver=SAMPLERS,
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
        assert "all rows at once" in str(error.value)


class TestRowsToValidateOn:
    """They are weighted by the classes of the rows to train on."""

    def losses(self, class_weight, y_val, weights=None):
        X, y = make_data(k=3)
        model = short(class_weight=class_weight)
        model.fit(X, y, weights, X_val=X[: len(y_val)] + 0.1, y_val=y_val)
        return model.history_["validation_loss"]

    @pytest.mark.parametrize("y_val", [[0, 0, 0, 1, 2, 2], [0, 0, 1]], ids=str)
    @pytest.mark.parametrize("weights", [None, np.linspace(1, 3, 60)], ids=["equal", "unequal"])
    def test_balanced_is_what_the_same_weights_by_label_are(self, y_val, weights):
        y = make_data(k=3)[1]
        total = [(y == c).sum() if weights is None else weights[y == c].sum() for c in range(3)]
        of_class = sum(total) / (3 * np.array(total))
        by_label = self.losses(dict(enumerate(of_class)), y_val, weights)
        assert_allclose(self.losses("balanced", y_val, weights), by_label, rtol=1e-12)

    @pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0}], ids=str)
    def test_of_an_unknown_class_is_an_error(self, class_weight):
        with pytest.raises(ValueError, match=r"In .*y_val.*not among the classes: \[9\]"):
            self.losses(class_weight, [0, 1, 9])


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
        # what rounding has made of them on the way, where the curvature jumps
        assert_allclose(model.coef_, copied.coef_, rtol=1e-6)

    def test_of_score(self):
        X, y = make_data(k=3)
        model, weights = short().fit(X, y), np.linspace(1, 9, 60)
        right = model.predict(X) == y
        assert_allclose(model.score(X, y, weights), weights[right].sum() / weights.sum())
