"""partial_fit, warm starts and given coefficients of a classifier."""

import pickle

import numpy as np
import pytest
from classes import every_loss, every_solver, make_data, short, two_and_three
from numpy.testing import assert_allclose, assert_array_equal

from gdregress import GDClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


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
        assert model.t_ == t + 5  # row by row
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
        assert_allclose(model.history_.intercept[0], intercept, rtol=1e-12, atol=1e-14)

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
        assert_allclose(model.history_.coef[0], half.coef_, rtol=1e-12)
        assert_allclose(model.history_.intercept[0], half.intercept_, rtol=1e-12)
        half.fit(X[:40, :1], y[:40])  # begins at its own

    def test_of_two_classes_may_be_flat(self):
        X, y = make_data()
        model = short(store_path=True).fit(X, y, coef_init=np.ones(4), intercept_init=2.0)
        assert_allclose(model.history_.coef[0], np.ones((1, 4)), rtol=1e-12)
        assert_allclose(model.history_.intercept[0], [2.0], rtol=1e-12)

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
