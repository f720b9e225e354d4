"""The searches score as GridSearchCV does, whether from moments or by fits."""

import numpy as np
import pandas as pd
import pytest
from grids import pairwise
from libraries import needed_version
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LassoCV, LogisticRegressionCV
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LeaveOneOut,
    ShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.utils.estimator_checks import parametrize_with_checks

from gdregress import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV, gd_path
from gdregress._paths import exact_scores, search
from gdregress._paths.folds import SplitsInOrder
from gdregress.penalties import Box, ElasticNet
from gdregress.samplers import SAMPLERS

ALPHAS = [1e-3, 1.0, 0.03]
FORMS = [np.asarray, sparse.csr_array, pd.DataFrame, np.asfortranarray]
CVS = {
    "kfold": 3,
    "shuffled": KFold(4, shuffle=True, random_state=0),
    "random": ShuffleSplit(3, random_state=0),
    "time": TimeSeriesSplit(3),
}


def make_data(n=150, p=5, k=None):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p))) + 2
    noise = rng.normal(size=n if k is None else (n, k))
    return X, X @ rng.normal(size=p if k is None else (p, k)) + noise + 5


def scores_of_grid_search(estimator, grid, X, y, **given):
    results = GridSearchCV(estimator, grid, **given).fit(X, y).cv_results_
    splits = [name for name in results if name.startswith("split")]
    return np.column_stack([results[name] for name in splits])


@pytest.fixture
def by_moments(monkeypatch):
    """How often scores have come from moments."""
    asked = []

    def counted(*given):
        asked.append(True)
        return exact_scores.exact_scores(*given)

    monkeypatch.setattr(search, "exact_scores", counted)
    return asked


@pytest.mark.parametrize("n, n_splits", [(100, 5), (103, 5), (7, 7), (11, 3)])
def test_splits_in_order_are_those_of_kfold(n, n_splits):
    found = SplitsInOrder(n, n_splits)
    assert len(found) == n_splits
    for pair, expected in zip(found, KFold(n_splits).split(np.zeros(n)), strict=True):
        for rows, numbers in zip(pair, expected, strict=True):
            assert_array_equal(rows, numbers)


# Squared error, from moments


@pairwise(
    penalty=["l1", "l2", "elasticnet"],
    standardize=[False, True],
    fit_intercept=[True, False],
    targets=[None, 2],
    cv=list(CVS),
)
def test_from_moments(penalty, standardize, fit_intercept, targets, cv, by_moments):
    X, y = make_data(k=targets)
    form = FORMS[list(CVS).index(cv)]
    X, y = form(X), y if targets is None or cv != "time" else y[:, :1]
    model = GDRegressor(penalty=penalty, standardize=standardize, fit_intercept=fit_intercept)
    model.set_params(tol=1e-11)
    found = GDRegressorCV(model, alphas=ALPHAS, cv=CVS[cv]).fit(X, y)
    expected = scores_of_grid_search(model, {"alpha": ALPHAS}, X, y, cv=CVS[cv])
    assert by_moments
    assert_allclose(found.scores_, expected, rtol=0, atol=1e-10)
    best = GridSearchCV(model, {"alpha": ALPHAS}, cv=CVS[cv]).fit(X, y)
    assert found.alpha_ == best.best_params_["alpha"]
    assert_allclose(found.coef_, best.best_estimator_.coef_, rtol=1e-12)


def test_shares_of_l1(by_moments):
    X, y = make_data()
    model = GDRegressor(penalty=ElasticNet(), tol=1e-10)
    found = GDRegressorCV(model, alphas=ALPHAS, l1_ratios=[0.1, 0.9]).fit(X, y)
    grid = {"penalty__l1_ratio": [0.1, 0.9], "penalty__alpha": ALPHAS}
    expected = GridSearchCV(model, grid).fit(X, y)
    assert by_moments
    assert found.scores_.shape == (2, 3, 5)
    assert found.alpha_ == expected.best_params_["penalty__alpha"]
    assert found.l1_ratio_ == expected.best_params_["penalty__l1_ratio"]
    assert_allclose(found.best_score_, expected.best_score_, atol=1e-10)


@pytest.mark.parametrize("scoring", ["neg_mean_squared_error", "neg_mean_absolute_error", "r2"])
def test_scores(scoring, by_moments):
    X, y = make_data()
    model = GDRegressor(penalty="l2", tol=1e-10)
    found = GDRegressorCV(model, alphas=ALPHAS, scoring=scoring).fit(X, y)
    expected = scores_of_grid_search(model, {"alpha": ALPHAS}, X, y, scoring=scoring)
    assert by_moments
    assert_allclose(found.scores_, expected, rtol=1e-9)


def test_a_target_that_is_met_to_the_last_digits(by_moments):
    X, _ = make_data()
    y = X @ np.arange(5.0) + 1e-8 * np.arange(150) % 7
    model = GDRegressor(penalty="l2", tol=1e-12)
    found = GDRegressorCV(model, alphas=[1e-9], scoring="neg_mean_squared_error").fit(X, y)
    errors = [
        np.square(
            y[r]
            - model.set_params(alpha=1e-9).fit(np.delete(X, r, 0), np.delete(y, r)).predict(X[r])
        ).mean()
        for r in np.split(np.arange(150), 5)
    ]
    assert by_moments
    assert_allclose(found.mse_path_[0], errors, rtol=1e-3)


@pytest.mark.parametrize("scoring", [None, "r2", "neg_mean_squared_error"])
@pytest.mark.parametrize("targets", [None, 2])
def test_a_target_that_is_constant_in_folds(targets, scoring, by_moments):
    X, y = make_data(k=targets)
    y[:60] = 2.1
    model, cv = GDRegressor(penalty="l2", tol=1e-10), KFold(5)
    found = GDRegressorCV(model, alphas=ALPHAS, cv=cv, scoring=scoring).fit(X, y)
    expected = GridSearchCV(model, {"alpha": ALPHAS}, cv=cv, scoring=scoring).fit(X, y)
    given = {"cv": cv, "scoring": scoring}
    scores = scores_of_grid_search(model, {"alpha": ALPHAS}, X, y, **given)
    assert by_moments
    assert_allclose(found.scores_, scores, atol=1e-8)
    assert found.alpha_ == expected.best_params_["alpha"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_single_row_has_no_r2(by_moments):
    X, y = make_data(n=12, p=2)
    model = GDRegressorCV(alphas=ALPHAS, cv=LeaveOneOut())
    with pytest.raises(ValueError, match=r"no number for fold 0 of cv.*neg_mean_squared_error"):
        model.fit(X, y)
    assert by_moments
    assert model.set_params(scoring="neg_mean_squared_error").fit(X, y).alpha_ in ALPHAS


def test_the_errors_of_lasso_cv():
    X, y = make_data()
    theirs = LassoCV(alphas=ALPHAS, tol=1e-12, max_iter=100_000).fit(X, y)
    model = GDRegressorCV(
        GDRegressor(penalty="l1"), alphas=theirs.alphas_, scoring="neg_mean_squared_error"
    ).fit(X, y)
    assert_allclose(model.mse_path_, theirs.mse_path_, rtol=1e-9)
    assert model.alpha_ == theirs.alpha_


def test_weights_count_as_copies(by_moments):
    X, y = make_data()
    weights = np.arange(150) % 3
    rows = np.repeat(np.arange(150), weights)
    splits = list(KFold(3).split(X))
    of_copies = [tuple(np.flatnonzero(np.isin(rows, part)) for part in pair) for pair in splits]
    for penalty in ("l1", "l2"):
        model = GDRegressor(penalty=penalty)
        one = GDRegressorCV(model, alphas=ALPHAS, cv=splits).fit(X, y, weights)
        other = GDRegressorCV(model, alphas=ALPHAS, cv=of_copies).fit(X[rows], y[rows])
        assert_allclose(one.scores_, other.scores_, atol=1e-12)
    assert len(by_moments) == 4


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_single_precision(penalty, by_moments):
    X, y = make_data()
    model = GDRegressorCV(GDRegressor(penalty=penalty), alphas=ALPHAS)
    expected = model.fit(X, y).scores_
    found = model.fit(X.astype(np.float32), y)
    assert_allclose(found.scores_, expected, atol=1e-5)
    assert found.coef_.dtype == np.float32


# Everything else, by fits


@pytest.mark.parametrize(
    "given",
    [
        {"loss": "huber"},
        {"solver": "mini-batch", "random_state": 0},
        {"penalty": Box(lower=0), "learning_rate": "auto"},
        {"max_iter": 3},
        {"early_stopping": True, "random_state": 0},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fits_that_moments_do_not_know(given, by_moments):
    X, y = make_data()
    model = GDRegressor(**{"penalty": "l2", **given})
    grid = {"alpha": ALPHAS}
    rates = None
    if "learning_rate" in given:
        grid, rates = {"learning_rate": ["auto"]}, ["auto"]
    found = GDRegressorCV(model, alphas=ALPHAS, learning_rates=rates).fit(X, y)
    expected = scores_of_grid_search(model, grid, X, y)
    assert not by_moments
    same_course = model.early_stopping or model.max_iter == 3
    assert_allclose(found.scores_, expected, atol=0 if same_course else 1e-4)


@pairwise(
    optimizer=["gd", "momentum", "nesterov"],
    targets=[None, 2],
    fit_intercept=[True, False],
    cv=list(CVS),
    penalised=[False, True],
)
def test_descents(optimizer, targets, fit_intercept, cv, penalised, by_moments):
    X, y = make_data(k=targets)
    rates = [1e-3, 1e-2]
    model = GDRegressor(optimizer=optimizer, fit_intercept=fit_intercept, max_iter=20, tol=None)
    model.set_params(**({} if optimizer == "gd" else {"momentum": 0.5}))
    if penalised and optimizer != "momentum":
        model.set_params(penalty="l2", alpha=0.1)
    found = GDRegressorCV(model, learning_rates=rates, alphas=[0.1], cv=CVS[cv]).fit(X, y)
    expected = scores_of_grid_search(model, {"learning_rate": rates}, X, y, cv=CVS[cv])
    assert by_moments
    assert_allclose(found.scores_.reshape(2, -1), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_learning_rates_are_those_of_the_textbooks():
    X, y = make_data()
    X = X - X.mean(axis=0)
    model = GDRegressor(penalty="l2", optimizer="adam", max_iter=20, tol=None)
    grid = {"learning_rate": [0.01, 0.1], "alpha": ALPHAS}
    found = GDRegressorCV(model, alphas=ALPHAS, learning_rates=[0.01, 0.1]).fit(X, y)
    expected = GridSearchCV(model, {name: grid[name] for name in grid}).fit(X, y)
    assert found.scores_.shape == (2, 3, 5)
    by_rate = expected.cv_results_["mean_test_score"].reshape(3, 2)
    assert_array_equal(np.sort(found.scores_.mean(axis=2), None), np.sort(by_rate, None))
    assert found.learning_rate_ == expected.best_params_["learning_rate"]
    assert found.best_score_ == expected.best_score_


@pytest.mark.parametrize("labels", [2, 3])
def test_scores_of_logistic_regression_cv(labels):
    needed_version("scikit-learn", "1.8")  # whose attributes have the axes of today
    X, y = make_data(n=300)
    y = np.digitize(y, np.quantile(y, np.arange(1, labels) / labels))
    alphas = [1e-3, 1e-2, 1e-1]
    n = 240  # that are trained on
    theirs = LogisticRegressionCV(
        Cs=[1 / (n * a) for a in alphas],
        scoring="neg_log_loss",
        tol=1e-8,
        cv=5,
        use_legacy_attributes=False,
        l1_ratios=(0,),
        max_iter=1000,
    ).fit(X, y)
    ours = GDClassifierCV(alphas=alphas, scoring="neg_log_loss", n_jobs=2).fit(X, y)
    assert_allclose(ours.scores_.T, np.squeeze(theirs.scores_), atol=1e-4)
    assert_array_equal(ours.classes_, np.arange(labels))
    assert_allclose(ours.predict_proba(X).sum(axis=1), 1)
    assert ours.decision_function(X).shape == ((300,) if labels == 2 else (300, 3))


def test_probabilities_are_there_where_the_loss_knows_them():
    X, y = make_data()
    search = GDClassifierCV(alphas=ALPHAS, cv=2)
    assert hasattr(search, "predict_proba") and hasattr(search, "predict_log_proba")
    search.fit(X, y > 5)
    assert_array_equal(search.predict_log_proba(X), search.best_estimator_.predict_log_proba(X))
    assert_allclose(np.exp(search.predict_log_proba(X)), search.predict_proba(X))
    hinge = GDClassifierCV(GDClassifier("hinge"), alphas=ALPHAS, cv=2)
    for model in (hinge, clone(hinge).fit(X, y > 5)):
        for name in ("predict_proba", "predict_log_proba"):
            with pytest.raises(AttributeError, match="loss='hinge' does not"):
                getattr(model, name)


@pytest.mark.parametrize("solver", SAMPLERS)
def test_classes_score_as_in_a_grid_search(solver):
    X, y = make_data()
    model = GDClassifier(solver=solver, random_state=0)
    found = GDClassifierCV(model, alphas=ALPHAS, cv=3, scoring="neg_log_loss").fit(X, y > 5)
    given = {"cv": 3, "scoring": "neg_log_loss"}
    expected = scores_of_grid_search(model, {"alpha": ALPHAS}, X, y > 5, **given)
    assert_allclose(found.scores_, expected, atol=1e-4)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss", "roc_auc"])
def test_class_weights_are_of_the_fit_and_not_of_the_score(class_weight, scoring):
    X, y = make_data()
    model = GDClassifier(class_weight=class_weight, tol=1e-7)
    found = GDClassifierCV(model, alphas=ALPHAS, cv=3, scoring=scoring).fit(X, y > 8)
    given = {"cv": 3, "scoring": scoring}
    expected = scores_of_grid_search(model, {"alpha": ALPHAS}, X, y > 8, **given)
    assert_allclose(found.scores_, expected, atol=1e-6)


# The grid


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_the_largest_strength_leaves_no_coefficient(penalty, loss):
    X, y = make_data()
    y = np.abs(y)
    model = GDRegressorCV(GDRegressor(loss, penalty=penalty), alphas=5).fit(X, y)
    largest = model.alphas_[0]
    assert_allclose(model.alphas_, largest * np.geomspace(1, 1e-3, 5))
    model = GDRegressor(loss, penalty=penalty, tol=1e-8)
    assert not model.set_params(alpha=1.0001 * largest).fit(X, y).coef_.any()
    assert model.set_params(alpha=0.99 * largest).fit(X, y).coef_.any()


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "nesterov", "momentum": 0.5},
        {"schedule": "invscaling", "power_t": 0.5, "learning_rate": 0.1},
        {"schedule": "adaptive", "n_iter_no_change": 3},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("error::gdregress.exceptions.IgnoredParameterWarning")
def test_the_grid_warns_of_no_parameter_that_the_fits_use(given):
    X, y = make_data()
    model = GDRegressor("huber", penalty="l2", max_iter=3, **given)
    assert len(GDRegressorCV(model, alphas=2, cv=2).fit(X, y).alphas_) == 2


def test_the_grid_of_l2_follows_the_units():
    X, y = make_data()
    one, other = (GDRegressorCV(alphas=6).fit(s * X, y) for s in (1, 1000))
    assert_allclose(other.alphas_, 1e6 * one.alphas_)
    assert_allclose(other.scores_, one.scores_, atol=1e-12)


def test_groups_go_to_the_splitter():
    from sklearn.model_selection import LeaveOneGroupOut

    X, y = make_data()
    model = GDRegressorCV(alphas=ALPHAS, cv=LeaveOneGroupOut())
    model.fit(X, y, groups=np.arange(150) // 50)
    assert_allclose(model.scores_, GDRegressorCV(alphas=ALPHAS, cv=3).fit(X, y).scores_)


# Errors


@pytest.mark.parametrize(
    ("search", "message"),
    [
        (GDRegressorCV(GDClassifier()), "instance of 'gdregress.regressors.GDRegressor'"),
        (GDClassifierCV(GDRegressor()), "instance of 'gdregress.classifiers.GDClassifier'"),
        (GDRegressorCV(GDRegressor()), "has no alpha, and learning_rates is None"),
        (GDRegressorCV(l1_ratios=[0.5]), "l1_ratios needs penalty='elasticnet'"),
        (GDRegressorCV(alphas=[-1.0]), "alphas must hold numbers from 0"),
        (GDRegressorCV(alphas=[]), "alphas is empty"),
        (GDRegressorCV(alphas=0), "'alphas' parameter"),
        (GDRegressorCV(learning_rates=["fast"]), "'fast'"),
        (GDRegressorCV(scoring="loss"), "'scoring' parameter"),
    ],
    ids=str,
)
def test_what_is_refused(search, message):
    with pytest.raises((TypeError, ValueError), match=message):
        search.fit(*make_data())


def test_mse_path_is_of_one_scoring():
    model = GDRegressorCV(alphas=ALPHAS, scoring="neg_mean_squared_error").fit(*make_data())
    assert_array_equal(model.mse_path_, -model.scores_)
    assert not hasattr(model.set_params(scoring=None).fit(*make_data()), "mse_path_")


def test_names_of_columns():
    X, y = make_data()
    frame = pd.DataFrame(X, columns=list("abcde"))
    model = GDRegressorCV(alphas=ALPHAS, scoring="neg_mean_absolute_error").fit(frame, y)
    assert list(model.feature_names_in_) == list("abcde")
    assert_array_equal(model.predict(frame), model.best_estimator_.predict(frame))
    assert model.score(frame, y) < 0


@parametrize_with_checks(
    [
        GDRegressorCV(GDRegressor(penalty="l2", tol=1e-8), alphas=2, cv=2),
        GDClassifierCV(GDClassifier(tol=1e-8), alphas=[1.0, 0.1], cv=2),
    ],
)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.full
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("damage", ["data", "indices", "indptr"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda X, y: GDRegressorCV(alphas=ALPHAS, cv=3).fit(X, y),
        lambda X, y: GDRegressorCV(GDRegressor("huber", penalty="l2"), cv=3).fit(X, y),
        lambda X, y: GDClassifierCV(alphas=ALPHAS, cv=3).fit(X, y > y.mean()),
        lambda X, y: gd_path(X, y, alphas=3),
    ],
    ids=["moments", "fits", "classes", "path"],
)
def test_damaged_sparse_rows_are_refused_before_any_is_taken(ask, damage):
    X, y = make_data()
    rows = sparse.csr_array(X)
    setattr(rows, damage, getattr(rows, damage)[:-3])
    with pytest.raises(ValueError, match="not a valid CSR matrix"):
        ask(rows, y)


def test_says_which_fold_has_no_weight():
    X, y = load_diabetes(return_X_y=True)
    weights = np.r_[np.zeros(148), np.ones(294)]
    with pytest.raises(ValueError, match="of cv: the weights of all 148 rows that are scored"):
        GDRegressorCV(cv=KFold(3)).fit(X, y, weights)


def test_says_which_fold_has_not_seen_a_class():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    with pytest.raises(ValueError, match=r"Fold 0 of cv scores .*'setosa'.*such as cv=5"):
        GDClassifierCV(alphas=2, cv=KFold(3)).fit(X, names)
