"""Labels of any kind, and the shapes of the attributes that depend on them."""

import array_api_strict
import numpy as np
import pandas as pd
import pytest
from classes import (
    LABELS,
    WITH_PROBABILITIES,
    every_loss,
    every_solver,
    make_data,
    short,
    two_and_three,
)
from grids import pairwise
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context

from gdregress import GDClassifier
from gdregress._estimator.input.classes import weight_of_labels
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
        assert_allclose(swapped.coef_, -model.coef_, rtol=1e-5)
        assert_allclose(swapped.intercept_, -model.intercept_, rtol=1e-5)

    @pairwise(
        loss=CLASSIFICATION_LOSSES,
        solver=SAMPLERS,
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
        # at a given rate, as automatic runs of sparse batches centre fewer columns
        given = {"solver": solver, "learning_rate": 0.05}
        dense, model = short(**given).fit(X, y), short(**given)
        model.fit(sparse.csr_array(X), y)
        assert_allclose(model.coef_, dense.coef_, rtol=1e-9, atol=1e-12)
        assert_array_equal(model.predict(sparse.csc_array(X)), dense.predict(X))


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
            model = short(preconditioner="columns").fit(inside, array_api_strict.asarray(y))
            predicted = model.predict(inside)
            assert predicted.__array_namespace__() is array_api_strict
        expected = short(preconditioner="columns").fit(X, y).predict(X)
        assert_array_equal(np.asarray(predicted), expected)

    def test_of_text_may_go_with_arrays_of_another_library(self):
        X, y = make_data(k=3)
        names = np.array(["a", "b", "c"])[y]
        with config_context(array_api_dispatch=True):
            model = short(preconditioner="columns").fit(array_api_strict.asarray(X), names)
            predicted = model.predict(array_api_strict.asarray(X))
        assert_array_equal(predicted, short(preconditioner="columns").fit(X, names).predict(X))


class TestBadLabels:
    @pytest.mark.parametrize(
        "y, message",
        [
            (np.linspace(0, 1, 60), "continuous"),
            (np.r_[np.nan, np.zeros(29), np.ones(30)], "missing label"),
            (np.array([None, *["a"] * 29, *["b"] * 30], dtype=object), "missing label"),
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


def marked(mark):
    return {
        "string": pd.Series(["a", "b", None] * 4, dtype="string"),
        "category": pd.Series(["a", "b", None] * 4, dtype="category"),
        "Int64": pd.Series([0, 1, None] * 4, dtype="Int64"),
        "boolean": pd.Series([True, False, None] * 4, dtype="boolean"),
        "objects": np.array(["a", "b", None] * 4, dtype=object),
        "numbers": np.array([0.0, 1.0, np.nan] * 4),
        "list": ["a", "b", None] * 4,
    }[mark]


@pytest.mark.parametrize(
    "mark", ["string", "category", "Int64", "boolean", "objects", "numbers", "list"]
)
def test_a_missing_label_is_named(mark):
    X, y = np.arange(12.0)[:, None], marked(mark)
    text = r"y contains a missing label: y\[2\] is .*, and there are 4. Remove those rows"
    with pytest.raises(ValueError, match=f"^{text}"):
        GDClassifier().fit(X, y)
    with pytest.raises(ValueError, match=f"Batch 1: {text}"):
        GDClassifier().fit_batches([(X[:2], y[:2]), (X, y)])


@pytest.mark.parametrize("labels", [[3, 5, 9], ["a", "b", "c"]], ids=str)
def test_labels_are_looked_up_in_blocks(labels, monkeypatch):
    X, y = make_data(k=3)
    y = np.array(labels)[y.astype(int)]
    whole = GDClassifier(max_iter=3, tol=None).fit(X, y)
    monkeypatch.setattr("gdregress._estimator.input.classes.ENCODED_ROWS", 7)
    model = GDClassifier(max_iter=3, tol=None).fit(X, y)
    assert_array_equal(model.coef_, whole.coef_)
    missing = y.copy()
    missing[[20, 50]] = ["x", "z"] if y.dtype.kind == "U" else [1, 2]
    with pytest.raises(ValueError, match=r"labels that are not among.*\[('x', 'z'|1, 2)\]"):
        GDClassifier().fit_batches([(X, y), (X, missing)], classes=labels)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "labels",
    [
        np.array([-128, 127, 3, 3], np.int8),
        np.array([2**63 + 5, 2**63 + 7, 2**63 + 7], np.uint64),
        np.array([-(2**62), 2**62, 0]),
        np.array([True, False, True]),
        np.array([0.0, -1.0, 1.0, 1.0]),
        np.array([0.5, 1.0, 1.0]),
        np.array([1e300, 0.0]),
        np.array(["a", "b", "a"]),
    ],
    ids=str,
)
def test_labels_of_a_part_are_counted_as_numpy_counts_them(labels, weighted):
    weights = np.arange(1.0, 1 + len(labels)) if weighted else None
    names, codes = np.unique(labels, return_inverse=True)
    expected = dict(zip(names.tolist(), np.bincount(codes, weights).tolist(), strict=True))
    found, dtype = weight_of_labels(labels, weights)
    assert found == expected and list(map(type, found)) == [type(name) for name in expected]
    assert np.array_equal(np.sort(np.array(list(found), dtype=dtype)), names)
