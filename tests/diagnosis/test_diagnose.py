"""Predicted epochs are right within a factor of 2, and faulty columns are named."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import (
    GDClassifier,
    GDRegressor,
    GDRegressorCV,
    closed_form_path,
    diagnose,
    gd_path,
    implicit_ridge,
    learning_rate_range_test,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::gdregress.exceptions.IgnoredParameterWarning"),
]


def make_data(n=300, p=4, spread=1.0):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p)))
    X = X * np.geomspace(1, spread, p) + 0.5
    return X, X @ (rng.normal(size=p) / np.geomspace(1, spread, p)) + 0.5 * rng.normal(size=n)


def assert_within_a_factor_of_2(found, predicted):
    assert predicted / 2 - 1 <= found <= 2 * predicted + 1, (found, predicted)


def assert_runs_as_predicted(predictions, model, X, y, preconditioner):
    for one in predictions:
        if one.epochs > 10_000:
            continue  # would take long to see
        momentum = {} if one.momentum is None else {"momentum": one.momentum}
        model.set_params(optimizer=one.optimizer, learning_rate=one.best_rate, **momentum)
        model.set_params(preconditioner=preconditioner, max_iter=20_000).fit(X, y)
        assert model.stop_reason_ == "tolerance"
        assert_within_a_factor_of_2(model.n_iter_, one.epochs)


@pytest.mark.parametrize("spread", [1.0, 4.0])
@pytest.mark.parametrize("penalty", [{}, {"penalty": "l2", "alpha": 0.01}], ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_squared_error_takes_the_epochs_predicted(spread, penalty, fit_intercept):
    X, y = make_data(spread=spread)
    model = GDRegressor(fit_intercept=fit_intercept, **penalty)
    found = diagnose(X, y, model)
    assert_runs_as_predicted(found.predictions, model, X, y, None)
    assert_runs_as_predicted(found.predictions_of_columns, model, X, y, "columns")


def test_classes_take_the_epochs_predicted():
    X, y = make_data()
    model = GDClassifier(alpha=0.01)
    found = diagnose(X, y > 0, model)
    assert_runs_as_predicted(found.predictions_of_columns[:1], model, X, y > 0, "columns")


@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_rate_is_too_large_on_the_way_to_separated_classes(loss, n_classes):
    X, y = make_data()
    labels = np.digitize(y, np.quantile(y, np.arange(1, n_classes) / n_classes))
    model = GDClassifier(loss, alpha=0.01)
    found = diagnose(X, labels, model)
    assert "stable wherever descent may come" in str(found)
    assert_runs_as_predicted(found.predictions_of_columns[::3], model, X, labels, "columns")


@pytest.mark.parametrize("loss", ["huber", "cauchy"])
def test_no_rate_is_too_large_near_outliers(loss):
    X, y = make_data()
    y[:100] *= 10
    model = GDRegressor(loss)
    found = diagnose(X, y, model)
    assert_runs_as_predicted(found.predictions_of_columns[::3], model, X, y, "columns")


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_without_a_bound_of_the_curvature_the_report_says_so(loss):
    X, y = make_data()
    model = GDRegressor(loss)
    found = diagnose(X, np.exp(y / 4), model)
    assert "has no bound of its curvature" in found.theory
    one = found.predictions_of_columns[:1]
    assert_runs_as_predicted(one, model, X, np.exp(y / 4), "columns")


def test_other_losses_and_weights_take_the_epochs_predicted():
    X, y = make_data()
    weights = np.linspace(0.1, 2, len(y))
    model = GDRegressor("log_cosh", optimizer="gd", preconditioner="columns", max_iter=5000)
    one = diagnose(X, y, model, sample_weight=weights).predictions_of_columns[0]
    model.set_params(learning_rate=one.best_rate).fit(X, y, weights)
    assert_within_a_factor_of_2(model.n_iter_, one.epochs)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"optimizer": "gd"},
        {"optimizer": "nesterov"},
        {"optimizer": "gd", "learning_rate": 0.3},
        {"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.1},
        {"loss": "huber"},
        {"solver": "mini-batch", "random_state": 0},
        {"penalty": "l1", "alpha": 0.1},
        {"preconditioner": "moments"},
    ],
    ids=str,
)
def test_the_estimators_own_run(given):
    X, y = make_data()
    model = GDRegressor(**given, max_iter=10_000)
    found = diagnose(X, y, model)
    model.fit(X, y)
    assert found.finishes
    assert model.stop_reason_ == "tolerance"
    assert_within_a_factor_of_2(model.n_iter_, found.epochs)


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_a_run_by_moments_is_tried_to_its_end(penalty):
    X, y = make_data()
    X[:, 1] = X[:, 0] + 0.01 * X[:, 1]
    model = GDRegressor(penalty=penalty, alpha=1e-6, preconditioner="columns")
    model.set_params(max_iter=100_000, optimizer="nesterov")
    found = diagnose(X, y, model)
    model.fit(X, y)
    assert model.stop_reason_ == "tolerance" and model.n_iter_ > 200
    assert (found.finishes, found.epochs) == (True, model.n_iter_)


def test_a_run_that_does_not_finish():
    X, y = make_data()
    model = GDRegressor(optimizer="gd", learning_rate=1e-3, max_iter=100)
    found = diagnose(X, y, model)
    assert not found.finishes and found.epochs > 100
    assert (
        str(found).splitlines()[1].startswith(f"  No, it would end after {found.epochs:,} epoch")
    )
    assert any("learning_rate='auto'" in one for one in found.recommendations)


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "gd", "learning_rate": 0.3},
        {"optimizer": "nesterov"},
        {"loss": "huber"},
        {"solver": "mini-batch", "random_state": 0},
    ],
    ids=str,
)
def test_without_a_tolerance_a_run_takes_all_epochs(given):
    X, y = make_data()
    model = GDRegressor(**given, tol=None, max_iter=200)
    found = diagnose(X, y, model)
    model.fit(X, y)
    assert (found.finishes, found.epochs) == (False, model.n_iter_)
    assert model.stop_reason_ == "max_iter"
    assert "No, it would end after 200 epochs, all of max_iter, which tol=None" in str(found)
    assert not any("learning_rate='auto': a rate" in one for one in found.recommendations)


def test_without_a_tolerance_a_rate_diverges_all_the_same():
    X, y = make_data()
    found = diagnose(X, y, GDRegressor(optimizer="gd", learning_rate=10.0, tol=None))
    assert (found.finishes, found.epochs) == (False, None)
    assert any("learning_rate='auto': a rate" in one for one in found.recommendations)


def test_what_ends_by_rounding_only_is_not_predicted():
    X, y = make_data()
    found = diagnose(X, y, GDRegressor(optimizer="gd", learning_rate=0.01, tol=0.0))
    assert (found.finishes, found.epochs) == (None, None)


def test_a_rate_that_diverges():
    X, y = make_data()
    found = diagnose(X, y, GDRegressor(optimizer="gd", learning_rate=10.0))
    assert found.finishes is False and found.epochs is None
    assert "above the largest stable one" in str(found)


def test_the_conditions_are_those_of_the_columns():
    X, y = make_data(spread=100.0)
    found = diagnose(X, y)
    A = np.column_stack([X, np.ones(len(X))])
    assert_allclose(found.condition_number, np.linalg.cond(A), rtol=1e-9)
    A[:, :-1] = (X - X.mean(axis=0)) / X.std(axis=0)
    assert_allclose(found.condition_number_of_columns, np.linalg.cond(A), rtol=1e-9)
    eigenvalues = np.linalg.eigvalsh(A.T @ A / len(A))
    assert_allclose(found.eigenvalues_of_columns, eigenvalues[[0, -1]], rtol=1e-9)
    row = np.max(np.sum(A**2, axis=1))
    assert_allclose(found.critical_batch_size, row / eigenvalues[-1], rtol=1e-9)


def test_columns_at_fault_have_names():
    rng = np.random.RandomState(0)
    n = 200
    kind = rng.randint(3, size=n)
    frame = pd.DataFrame(
        {
            "metres": rng.normal(size=n),
            "kilometres": 1e-3 * rng.normal(size=n),
            "one": np.full(n, 7.0),
            "year": 2000 + rng.normal(size=n),
            "red": (kind == 0) * 1.0,
            "green": (kind == 1) * 1.0,
            "blue": (kind == 2) * 1.0,
        }
    )
    frame["again"] = frame["metres"] + 1e-3 * rng.normal(size=n)
    found = diagnose(frame, frame["metres"] + rng.normal(size=n))
    columns = found.columns
    assert columns.smallest == "kilometres" and 500 < columns.ratio < 2000
    assert columns.constant == ["one"] and columns.off_centre == ["year"]
    assert [pair[:2] for pair in columns.duplicates] == [("metres", "again")]
    assert columns.one_hot == [["red", "green", "blue"]]
    assert found.condition_number == np.inf
    text = str(found)
    for name in frame.columns:
        assert name in text
    assert "Drop one column of each set" in text


def test_nothing_is_at_fault_with_good_columns():
    found = diagnose(*make_data())
    assert found.columns.sentences() == []
    assert "No column is at fault." in str(found)


def test_a_closed_form_is_recommended_with_the_same_minimum():
    X, y = make_data()
    text = str(diagnose(X, y, GDRegressor(optimizer="gd", learning_rate=1e-3)))
    assert "A closed form is faster here: LinearRegression()" in text
    model = GDRegressor(penalty="l2", alpha=0.5, optimizer="gd", learning_rate=1e-3)
    assert "Ridge(alpha=150)" in str(diagnose(X, y, model))
    assert "closed form" not in str(diagnose(X, y > 0, GDClassifier()))


def test_sparse_rows_have_the_same_report():
    X, y = make_data()
    assert str(diagnose(sparse.csr_array(X), y)) == str(diagnose(X, y))


def test_the_notebook_shows_the_same_sentences():
    found = diagnose(*make_data(spread=1000.0))
    html = found._repr_html_()
    assert "Will it finish?" in html and found.columns.sentences()[0] in html


def test_the_default_is_a_classifier_for_labels():
    X, y = make_data()
    assert str(diagnose(X, np.where(y > 0, "a", "b"))) == str(diagnose(X, y > 0, GDClassifier()))


def test_the_estimator_is_left_alone():
    X, y = make_data()
    model = GDRegressor(warm_start=True)
    before = model.get_params()
    diagnose(X, y, model)
    assert model.get_params() == before and not hasattr(model, "coef_")


@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
def test_a_loss_with_kinks_is_refused(loss):
    with pytest.raises(ValueError, match="has kinks"):
        diagnose(*make_data(), GDRegressor(loss))


@pytest.mark.parametrize(
    ("model", "shape", "form"),
    [
        (GDRegressor(penalty="l2", alpha=0.1), (200, 600), sparse.csr_array),
        (GDRegressor("huber", penalty="l2", alpha=0.1), (200, 600), np.asarray),
        (GDRegressor(penalty="l2", alpha=1e-3), (1500, 520), np.asarray),
        (GDClassifier(alpha=0.1), (1000, 520), np.asarray),
    ],
    ids=str,
)
def test_many_columns_take_the_epochs_predicted(model, shape, form):
    X, y = make_data(*shape)
    X, y = form(X), (y > 0 if isinstance(model, GDClassifier) else y)
    found = diagnose(X, y, model)
    assert "200 products" in found.theory
    assert_runs_as_predicted(found.predictions_of_columns[::3], model, X, y, "columns")


def test_many_columns_have_the_eigenvalues_of_the_matrix():
    X, y = make_data(900, 520)
    found = diagnose(X, y)
    A = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(X))])
    largest = np.linalg.eigvalsh(A.T @ A / len(A))[-1]
    assert_allclose(found.eigenvalues_of_columns[1], largest, rtol=1e-6)
    assert np.isnan(found.condition_number) and "is not known" in str(found)


def test_many_columns_at_fault_have_names():
    X, y = make_data(100, 600)
    X[:, 3], X[:, 5] = 7.0, 1e6 * X[:, 5]
    found = diagnose(X, y)
    assert found.columns.constant == ["x3"] and found.columns.largest == "x5"
    assert found.condition_number == np.inf


@pytest.mark.parametrize(
    "call",
    [
        lambda X, y: diagnose(X, y, GDRegressorCV()),
        lambda X, y: diagnose(GDRegressor(), X, y),
        lambda X, y: gd_path(GDRegressor(), X, y),
        lambda X, y: learning_rate_range_test(GDRegressor(), X, y),
        lambda X, y: closed_form_path(X, y, GDRegressor(), [1]),
        lambda X, y: implicit_ridge(X, y, GDRegressor(), [1]),
    ],
)
def test_what_is_no_estimator_is_said_to_be_none(call):
    X, y = np.zeros((5, 2)), np.arange(5.0)
    with pytest.raises(TypeError, match=r"^estimator must be a GDRegressor") as error:
        call(X, y)
    assert "The order of the arguments is" in str(error.value)
    assert "[" not in str(error.value)


def test_numbers_of_epochs_are_sentences():
    X = np.array([[-1.0], [0.0], [1.0]])

    def verdict(y, **given):
        return diagnose(X, y, GDRegressor(**given)).sections()["Will it finish?"]

    assert verdict(X[:, 0]) == ["Yes, after 1 epoch, of max_iter=1,000, as tried."]
    assert verdict(np.ones(3), optimizer="gd") == ["Yes, at once, by its eigenvalues."]
    (text,) = verdict(X[:, 0], optimizer="gd", learning_rate=0.1)
    assert text.startswith("Yes, after ") and " epochs, of max_iter=1,000, by" in text


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_a_function_that_is_flat_is_stable_at_any_rate(loss):
    model = GDRegressor(loss, fit_intercept=False)
    found = diagnose(np.zeros((5, 2)), np.arange(5.0), model)
    assert all(one.stable_rate == np.inf for one in found.predictions)
    assert all(one.epochs <= 1 for one in found.predictions)
    assert "Will it finish?" in str(found)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (make_pipeline(StandardScaler(), GDRegressor()), r"of type Pipeline\. Pass its last step"),
        (GDRegressorCV(), r"of type GDRegressorCV\. Pass its estimator"),
        (GDRegressor, r"the class GDRegressor\. Make an instance: GDRegressor\(\)"),
        ("l2", r"of type str\. The order of the arguments is diagnose\(X, y, estimator\)"),
    ],
)
def test_says_what_to_pass_instead_of_another_object(estimator, message):
    with pytest.raises(TypeError, match=message):
        diagnose(*make_data(), estimator)
