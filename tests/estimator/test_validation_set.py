"""Validation rows of the user: measurements, stopping, errors."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from libraries import needed
from numpy.testing import assert_allclose, assert_array_equal
from reference import best_validated
from scipy import sparse
from sklearn.metrics import mean_absolute_error, mean_squared_error, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from gdregress import GDClassifier, GDRegressor
from gdregress.exceptions import IgnoredParameterWarning

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(n=60, p=40, noise=1.0):
    """So many columns that the fit gets worse on other rows after some epochs."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p))
    return train_test_split(X, X[:, 0] + noise * rng.normal(size=n), random_state=0)


@pytest.mark.parametrize(
    "solver, rate", [("batch", 0.02), ("stochastic", 5e-3), ("mini-batch", 0.1)]
)
def test_stops_on_these_rows_and_restores_the_best(solver, rate):
    X, X_val, y, y_val = make_data(n=90)
    model = GDRegressor(solver=solver, optimizer="gd", early_stopping=True, store_path=True)
    model.set_params(learning_rate=rate, random_state=0)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert model.stop_reason_ == "plateau"
    best = best_validated(model.history_)
    assert 0 < best < model.n_iter_
    assert_array_equal(model.coef_, model.history_.coef[best])
    losses = model.history_["validation_loss"]
    assert losses[best] == min(losses)
    assert_allclose(losses[best], mean_squared_error(y_val, model.predict(X_val)) / 2, rtol=1e-9)


def test_trains_on_all_rows():
    X, X_val, y, y_val = make_data()
    model = GDRegressor(early_stopping=True, max_iter=5, tol=None)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert_allclose(model.history_["objective"][0], np.var(y) / 2, rtol=1e-12)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_ends_nothing_without_early_stopping(solver):
    X, X_val, y, y_val = make_data(n=200)
    given = {"solver": solver, "random_state": 0, "optimizer": "gd", "preconditioner": "columns"}
    given |= {"max_iter": 30}
    alone = GDRegressor(**given).fit(X, y)
    model = GDRegressor(**given).fit(X, y, X_val=X_val, y_val=y_val)
    assert (model.stop_reason_, model.n_iter_) == (alone.stop_reason_, alone.n_iter_)
    assert_allclose(model.coef_, alone.coef_, rtol=1e-9)
    errors = mean_squared_error(y_val, model.predict(X_val))
    assert_allclose(model.history_["validation_loss"][-1], errors / 2, rtol=1e-6)
    assert len(model.validation_scores_) == model.n_iter_
    assert not hasattr(alone, "validation_scores_")


def test_weights_of_these_rows_count_as_copies():
    X, X_val, y, y_val = make_data()
    weights = np.arange(len(y_val)) % 3
    one, other = (
        GDRegressor(max_iter=4, tol=None).fit(X, y, **given).history_
        for given in (
            {"X_val": X_val, "y_val": y_val, "sample_weight_val": weights},
            {"X_val": X_val.repeat(weights, axis=0), "y_val": y_val.repeat(weights)},
        )
    )
    for name in ("validation_loss", "validation_score"):
        assert_allclose(one[name], other[name], rtol=1e-12)


def test_loss_of_classes_is_that_of_the_objective():
    X, X_val, y, y_val = make_data(n=300, p=4)
    weights = {False: 1.0, True: 3.0}
    model = GDClassifier(class_weight=weights).fit(X, y > 0, X_val=X_val, y_val=y_val > 0)
    probability = model.predict_proba(X_val)[np.arange(len(y_val)), (y_val > 0).astype(int)]
    expected = np.average(-np.log(probability), weights=np.where(y_val > 0, 3.0, 1.0))
    assert_allclose(model.history_["validation_loss"][-1], expected, rtol=1e-6)


@pytest.mark.parametrize("class_weight", [{0: 1.0, 1: 5.0}, "balanced"], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scoring", ["score", "accuracy"])
def test_accuracy_is_that_of_score(scoring, weighted, class_weight):
    X, X_val, y, y_val = make_data(n=300, p=4)
    weights = np.linspace(1, 2, len(y_val)) if weighted else None
    model = GDClassifier(class_weight=class_weight, scoring=scoring, max_iter=5, tol=None)
    given = {"X_val": X_val, "y_val": y_val > 2, "sample_weight_val": weights}
    model.fit(X, y > 2, **given)
    expected = model.score(X_val, y_val > 2, weights)
    assert_allclose(model.validation_scores_[-1], expected, rtol=1e-12)


@pytest.mark.parametrize("form", [sparse.csr_array, np.asfortranarray, np.float32])
def test_other_forms_of_the_rows(form):
    X, X_val, y, y_val = make_data(p=3)
    model = GDRegressor(max_iter=5).fit(form(X), y, X_val=form(X_val), y_val=y_val)
    expected = GDRegressor(max_iter=5).fit(X, y, X_val=X_val, y_val=y_val).history_
    assert_allclose(model.history_["validation_loss"], expected["validation_loss"], rtol=1e-5)


def test_rows_of_pytorch():
    torch = needed("torch")
    X, X_val, y, y_val = make_data(p=3)
    given = {"early_stopping": True, "scoring": "neg_mean_absolute_error"}
    model = GDRegressor(**given).fit(X, y, X_val=X_val, y_val=y_val)
    X, X_val, y, y_val = map(torch.asarray, (X, X_val, y, y_val))
    with sklearn.config_context(array_api_dispatch=True):
        of_tensors = GDRegressor(**given).fit(X, y, X_val=X_val, y_val=y_val)
    assert_array_equal(of_tensors.coef_, torch.asarray(model.coef_))


# Scores


def test_the_name_of_a_scorer():
    X, X_val, y, y_val = make_data()
    model = GDRegressor(early_stopping=True, scoring="neg_mean_absolute_error")
    model.fit(X, y, X_val=X_val, y_val=y_val)
    expected = -mean_absolute_error(y_val, model.predict(X_val))
    assert_allclose(max(model.history_["validation_score"]), expected, rtol=1e-9)


@pytest.mark.parametrize("labels", [["no", "yes"], ["a", "b", "c"]])
def test_a_scorer_gets_the_labels_of_the_user(labels):
    X, X_val, y, y_val = make_data(n=300, p=4)
    y, y_val = (np.array(labels)[np.digitize(some, [0, 1]) % len(labels)] for some in (y, y_val))
    seen = []

    def scoring(model, X, y):
        seen.append(set(y))
        return model.score(X, y)

    model = GDClassifier(scoring=scoring, early_stopping=True, max_iter=5)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert seen[0] == set(labels)
    assert_allclose(max(model.validation_scores_), model.score(X_val, y_val), rtol=1e-12)


def test_roc_auc_of_rows_held_out_of_a_frame():
    X, X_val, y, y_val = make_data(n=300, p=4)
    X, X_val = (pd.DataFrame(some, columns=list("abcd")) for some in (X, X_val))
    model = GDClassifier(scoring="roc_auc", early_stopping=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(X, y > 0, X_val=X_val, y_val=y_val > 0)
    expected = roc_auc_score(y_val > 0, model.decision_function(X_val))
    assert_allclose(max(model.validation_scores_), expected, rtol=1e-12)
    assert GDClassifier(scoring="roc_auc", early_stopping=True).fit(X, y > 0).score(X, y > 0) > 0.6


# In a pipeline


def test_a_pipeline_transforms_the_rows():
    X, X_val, y, y_val = make_data(p=5)
    with sklearn.config_context(enable_metadata_routing=True):
        model = GDRegressor(optimizer="gd", learning_rate=0.1, early_stopping=True)
        model.set_fit_request(X_val=True, y_val=True)
        pipeline = Pipeline(
            [("scaler", StandardScaler()), ("model", model)], transform_input=["X_val"]
        )
        pipeline.fit(1000 * X, y, X_val=1000 * X_val, y_val=y_val)
    scaler = StandardScaler().fit(X)
    expected = GDRegressor(optimizer="gd", learning_rate=0.1, early_stopping=True)
    expected.fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    assert_allclose(pipeline[-1].coef_, expected.coef_, rtol=1e-9)
    assert pipeline[-1].n_iter_ == expected.n_iter_


# What is refused


def fit(**validation):
    X, _, y, _ = make_data(p=3)
    return GDRegressor().fit(X, y, **validation)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X_val": [[1, 2, 3]]}, "X_val without y_val: give both"),
        ({"y_val": [1]}, "y_val without X_val: give both"),
        ({"sample_weight_val": [1]}, "sample_weight_val without X_val: give both"),
        ({"X_val": [[1, 2]], "y_val": [1]}, "X has 2 features, but GDRegressor is expecting 3"),
        ({"X_val": [[1, np.nan, 3]], "y_val": [1]}, "In X_val.* NaN.*row 0, column 1"),
        ({"X_val": [["a", 2, 3]], "y_val": [1]}, "In X_val, y_val or sample_weight_val: "),
        ({"X_val": [[1, 2, 3]], "y_val": [1, 2]}, "inconsistent numbers of samples"),
        ({"X_val": [[1, 2, 3]], "y_val": [[1, 2]]}, "y_val has the shape"),
        (
            {"X_val": [[1, 2, 3]], "y_val": [1], "sample_weight_val": [0]},
            "sample_weight_val leaves no row",
        ),
        (
            {"X_val": [[1, 2, 3]], "y_val": [1], "sample_weight_val": [-1]},
            "In X_val, y_val or sample_weight_val: ",
        ),
    ],
    ids=str,
)
def test_what_is_refused(given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        fit(**given)


def test_labels_that_the_rows_of_the_fit_do_not_have():
    X, X_val, y, y_val = make_data(p=3)
    with pytest.raises(ValueError, match=r"In .*y_val.*not among the classes: \[2\]"):
        GDClassifier().fit(X, y > 0, X_val=X_val, y_val=np.full(len(y_val), 2))


def test_targets_outside_of_the_domain_of_the_loss():
    X, X_val, y, y_val = make_data(p=3)
    with pytest.raises(ValueError, match=r"In .*y_val.*Poisson.*non-negative"):
        GDRegressor("poisson").fit(X, np.abs(y), X_val=X_val, y_val=-np.abs(y_val))


def test_arrays_of_another_library():
    torch = needed("torch")
    X, X_val, y, y_val = make_data(p=3)
    model = GDRegressor(lambda y, z: (z - y) ** 2)
    with (
        sklearn.config_context(array_api_dispatch=True),
        pytest.raises(TypeError, match=r"In X_val.*X has come as an array of numpy"),
    ):
        model.fit(torch.asarray(X), torch.asarray(y), X_val=X_val, y_val=y_val)


def test_a_failed_fit_keeps_the_last():
    model = fit()
    coef = model.coef_.copy()
    with pytest.raises(ValueError):
        model.fit(*make_data(p=3)[::2], X_val=[[1, 2]], y_val=[1])
    assert_array_equal(model.coef_, coef)


def test_a_fraction_that_is_not_held_out():
    X, X_val, y, y_val = make_data(p=3)
    model = GDRegressor(early_stopping=True, validation_fraction=0.3)
    with pytest.warns(IgnoredParameterWarning, match="X_val is given"):
        model.fit(X, y, X_val=X_val, y_val=y_val)


def test_scoring_has_an_effect_without_early_stopping():
    X, X_val, y, y_val = make_data(p=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error", IgnoredParameterWarning)
        model = GDRegressor(scoring="score").fit(X, y, X_val=X_val, y_val=y_val)
    assert_allclose(model.validation_scores_[-1], model.score(X_val, y_val), rtol=1e-4)
