"""Mistakes of users and the answers they get: to be read from top to bottom.

Each line is a mistake, made by people who know scikit-learn, Keras, PyTorch or a textbook, and a
part of the last line of the traceback that answers it.
"""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from mistakes import X, assert_the_last_line_answers, frame, labels, y
from scipy import sparse
from sklearn.model_selection import GridSearchCV

from gdregress import (
    DivergenceWarning,
    GDClassifier,
    GDRegressor,
    GDRegressorCV,
    IgnoredParameterWarning,
    minimize,
)
from gdregress.losses import Hinge, Huber, Quantile
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.losses.regression import LOSSES
from gdregress.optimizers import Adam, Momentum
from gdregress.penalties import L2, PENALTIES, Box
from gdregress.samplers import MiniBatch

days = pd.date_range("2020-01-01", periods=30)


class Loader:
    """Hands out batches, as PyTorch's DataLoader does."""

    def __iter__(self):
        yield X, y


class Dataset:
    """Hands out rows by their numbers, as PyTorch's Dataset does."""

    def __getitem__(self, row):
        return X[row], y[row]


def regressor(**parameters):
    return lambda: GDRegressor(**parameters).fit(X, y)


def classifier(**parameters):
    return lambda: GDClassifier(**parameters).fit(X, labels)


def parabola(**arguments):
    return lambda: minimize(lambda x: (x - 3) ** 2, 10.0, **arguments)


def fit(table, targets=y, **arguments):
    return lambda: GDRegressor().fit(table, targets, **arguments)


fitted = GDRegressor().fit(frame, y)

MISTAKES = {
    # Names of parameters that others have
    "eta0, of SGDRegressor": (regressor(eta0=0.1), "Did you mean learning_rate?"),
    "lr, of PyTorch": (regressor(lr=0.1), "Did you mean learning_rate?"),
    "C, of LogisticRegression": (classifier(C=1.0), "alpha = 1 / (n_samples * C)"),
    "n_jobs": (regressor(n_jobs=2), "OMP_NUM_THREADS"),
    "epochs, of Keras": (regressor(epochs=10), "Did you mean max_iter?"),
    "weight_decay": (regressor(weight_decay=0.1), "Did you mean alpha?"),
    "seed": (regressor(seed=0), "Did you mean random_state?"),
    "patience": (regressor(patience=3), "Did you mean n_iter_no_change?"),
    "validation_split": (regressor(validation_split=0.1), "Did you mean validation_fraction?"),
    "criterion": (regressor(criterion="huber"), "Did you mean loss?"),
    "normalize": (regressor(normalize=True), "Did you mean standardize?"),
    "positive": (regressor(positive=True), "penalty=Box(lower=0)"),
    "nesterov": (regressor(nesterov=True), "optimizer='nesterov'"),
    "quantile": (regressor(quantile=0.9), "loss=Quantile(0.9)"),
    "class_weights": (classifier(class_weights="balanced"), "Did you mean class_weight?"),
    "multi_class": (classifier(multi_class="ovr"), "softmax"),
    "a slip of the pen": (regressor(max_itr=10), "Did you mean max_iter?"),
    "a word of nobody": (regressor(flux=1), "GDRegressor has no parameter 'flux'. It has loss, "),
    "by position": (
        lambda: GDRegressor("huber", 0.1),
        "no more than: loss. Got 2 values. Name the others, as in ",
    ),
    "set_params": (lambda: GDRegressor().set_params(eta0=1), "Did you mean learning_rate?"),
    "a grid": (
        lambda: GridSearchCV(GDRegressor(), {"eta0": [1]}).fit(X, y),
        "Did you mean learning_rate?",
    ),
    "a parameter of a name": (
        lambda: GDRegressor(optimizer="adam").set_params(optimizer__beta_1=0.5),
        "Set optimizer to an instance before, Adam() for 'adam'; beta_1 is then its own.",
    ),
    "scoring of a search": (
        lambda: GDRegressorCV(GDRegressor(penalty="l1"), scoring="nope").fit(X, y),
        "must be one of sklearn.metrics.get_scorer_names(), a callable or None.",
    ),
    "a parameter of a loss by its name": (
        lambda: GDRegressor("quantile").set_params(loss__quantile=0.9),
        "Set loss to an instance before, Quantile() for 'quantile'; quantile is then its own.",
    ),
    "a parameter of nothing": (
        lambda: GDRegressor(penalty=None).set_params(penalty__alpha=0.9),
        "Set penalty to an instance before",
    ),
    "lr, of Adam": (lambda: Adam(lr=0.1), "belongs to the estimator"),
    "betas": (lambda: Adam(betas=(0.9, 0.99)), "beta_1 and beta_2"),
    "beta1": (lambda: Adam(beta1=0.9), "Did you mean beta_1?"),
    "too much of Adam": (lambda: Adam(1, 2, 3, 4), "Adam takes by position no more than: beta_1"),
    "delta, of Huber": (lambda: Huber(delta=1.0), "Did you mean epsilon?"),
    "tau": (lambda: Quantile(tau=0.9), "Did you mean quantile?"),
    "C, of a penalty": (lambda: L2(C=1.0), "alpha = 1 / (n_samples * C)"),
    # Names of values
    "mse": (regressor(loss="mse"), "Did you mean 'squared_error'?"),
    "mae": (regressor(loss="mae"), "Did you mean 'absolute_error'?"),
    "SquaredError": (regressor(loss="SquaredError"), "Did you mean 'squared_error'?"),
    "a loss misspelt": (regressor(loss="hubber"), "Did you mean 'huber'?"),
    "pinball": (regressor(loss="pinball"), "Did you mean 'quantile'?"),
    "log_loss of numbers": (regressor(loss="log_loss"), "It is a loss of classes"),
    "squared_error of labels": (classifier(loss="squared_error"), "It is a loss of numbers"),
    "cross_entropy": (classifier(loss="cross_entropy"), "Did you mean 'log_loss'?"),
    "logistic": (classifier(loss="logistic"), "Did you mean 'log_loss'?"),
    "svm": (classifier(loss="svm"), "Did you mean 'hinge'?"),
    "a class of losses": (regressor(loss=Huber), "must be an instance, Huber()"),
    "the loss of the other": (regressor(loss=Hinge()), "use GDClassifier"),
    "sgd": (regressor(optimizer="sgd"), "Did you mean 'gd'?"),
    "Adam": (regressor(optimizer="Adam"), "Did you mean 'adam'?"),
    "adamw": (regressor(optimizer="adamw"), "Did you mean 'adam'?"),
    "lbfgs": (regressor(optimizer="lbfgs"), "takes first-order steps"),
    "sparse_cg": (regressor(optimizer="sparse_cg"), "Did you mean 'cg'?"),
    "cg of batches": (regressor(optimizer="cg", solver="stochastic"), "use solver='batch'"),
    "minibatch": (regressor(solver="minibatch"), "Did you mean 'mini-batch'?"),
    "mini_batch": (regressor(solver="mini_batch"), "Did you mean 'mini-batch'?"),
    "sgd, the solver": (regressor(solver="sgd"), "Did you mean 'stochastic'?"),
    "saga": (regressor(solver="saga"), "how many rows an update sees"),
    "adam, the solver": (regressor(solver="adam"), "It is an optimizer."),
    "L2": (regressor(penalty="L2"), "Did you mean 'l2'?"),
    "ridge": (regressor(penalty="ridge"), "Did you mean 'l2'?"),
    "elastic_net": (regressor(penalty="elastic_net"), "Did you mean 'elasticnet'?"),
    "none": (regressor(penalty="none"), "Did you mean None?"),
    "optimal": (regressor(learning_rate="optimal"), "Did you mean 'auto'?"),
    "constant": (regressor(learning_rate="constant"), "schedule='constant'"),
    "invscaling": (regressor(learning_rate="invscaling"), "schedule='invscaling'"),
    "a rate in quotes": (regressor(learning_rate="0.1"), "Did you mean 0.1?"),
    "CosineAnnealingLR": (regressor(schedule="CosineAnnealingLR"), "Did you mean 'cosine'?"),
    "d2": (regressor(scoring="d2"), "Did you mean 'score'?"),
    "mse as a score": (regressor(scoring="mse"), "Did you mean 'neg_mean_squared_error'?"),
    "a list of class weights": (classifier(class_weight=[1, 2]), "{0: 1.0, 1: 2.0}"),
    # Values of the wrong kind
    "a rate of True": (regressor(learning_rate=True), "Got True instead. Did you mean 'auto'?"),
    "a tolerance of False": (regressor(tol=False), "Got False instead. Did you mean None?"),
    "True epochs": (regressor(max_iter=True), "must be an int"),
    "alpha of True": (regressor(penalty="l2", alpha=True), "must be a float"),
    "a momentum of True": (regressor(optimizer=Momentum(True)), "must be a float"),
    "100.0 epochs": (regressor(max_iter=100.0), "Did you mean 100?"),
    "an intercept of 1": (regressor(fit_intercept=1), "Did you mean True?"),
    "no tolerance": (regressor(tol=-1.0), "[0.0, inf)"),
    "a generator": (regressor(random_state=np.random.default_rng(0)), "give a whole number"),
    "bounds of another length": (regressor(penalty=Box(lower=[0, 0])), "each of the 3 features"),
    "a negative schedule": (regressor(schedule=lambda count: -1.0), "finite factors >= 0"),
    # Arguments
    "epochs in fit": (fit(X, epochs=3), "belongs to the estimator: GDRegressor(max_iter=100)"),
    "validation data of Keras": (fit(X, validation_data=(X, y)), "X_val and y_val"),
    "validation rows without targets": (fit(X, X_val=X), "give both X_val and y_val"),
    "weights in fit": (fit(X, weights=y), "fit() has no argument 'weights'. Did you mean sample"),
    "fit without y": (lambda: GDRegressor().fit(X), "missing 1 required positional argument: 'y'"),
    "too much for to_numpy": (
        lambda: fitted.to_numpy(1),
        "to_numpy() takes by position no more than: nothing",
    ),
    "coefficients that are NaN": (
        fit(X, coef_init=[np.nan] * 3),
        "finite numbers. Got 3 like",
    ),
    "coefficients of text": (fit(X, coef_init=["a"] * 3), "coef_init must hold numbers"),
    "coefficients of a wrong shape": (
        fit(X, coef_init=[1.0]),
        "must have the shape (3,). Got",
    ),
    # Methods that are not to be had
    "partial_fit, early stopping": (
        lambda: GDRegressor(early_stopping=True).partial_fit(X, y),
        "partial_fit cannot be combined with early_stopping=True, which needs all rows at once",
    ),
    "partial_fit, standardize": (
        lambda: GDRegressor(standardize=True).partial_fit(X, y),
        "Set standardize=False and scale the rows before.",
    ),
    "partial_fit, balanced": (
        lambda: GDClassifier(class_weight="balanced").partial_fit(X, labels, [0, 1]),
        "partial_fit cannot be combined with class_weight='balanced'",
    ),
    "partial_fit without classes": (
        lambda: GDClassifier().partial_fit(X, labels),
        "classes=np.unique(y)",
    ),
    "probabilities of a hinge": (
        lambda: GDClassifier("hinge").fit(X, labels).predict_proba(X),
        "Use 'log_loss' or 'modified_huber', or CalibratedClassifierCV",
    ),
    "predict before fit": (lambda: GDRegressor().predict(X), "is not fitted yet"),
    # Tables
    "a column of text": (
        fit(frame.assign(city="Paris")),
        "column 'city': row 0 of column 'city' is 'Paris'. Leave it out, or encode text and "
        "categories, for instance with make_column_transformer((OneHotEncoder(), ['city'])",
    ),
    "a column of categories": (
        fit(frame.assign(kind=pd.Categorical(["a", "b"] * 15))),
        "OneHotEncoder(), ['kind']",
    ),
    "a column of text, in polars": (
        fit(pl.DataFrame({"a": X[:, 0], "s": ["x"] * 30})),
        "row 0 of column 's' is 'x'",
    ),
    "text in a list": (fit([[1.0, "a"]] * 30), "row 0 of column 1 is 'a'"),
    "text at prediction": (
        lambda: fitted.predict(frame.assign(age="old")),
        "row 0 of column 'age' is 'old'",
    ),
    "a column of dates": (fit(frame.assign(day=days)), "dates or durations in column 'day'"),
    "dates alone": (fit(pd.DataFrame({"day": days})), "days since the first of them"),
    "dates in an array": (fit(np.array([days, days]).T), "X holds dates or durations"),
    "dates in polars": (
        fit(pl.DataFrame({"a": X[:, 0]}).with_columns(day=pl.date(2020, 1, 1))),
        "column 'day'",
    ),
    "durations": (fit(frame.assign(age=days - days[0])), "dates or durations in column 'age'"),
    "a lazy frame": (fit(pl.DataFrame({"a": X[:, 0]}).lazy()), "Pass X.collect()"),
    "a loader of batches": (fit(Loader()), "X is a Loader, which hands out rows or batches"),
    "a generator of batches": (
        fit(batch for batch in [X]),
        "pass the function that makes it to fit_batches",
    ),
    "a loader without targets": (
        lambda: GDRegressor().fit(Loader()),
        "fit() takes X and y. X is a Loader, which hands out rows or batches, and no table. Pass "
        "arrays, or pass it to fit_batches",
    ),
    "a function that makes batches": (
        lambda: GDRegressor().fit(lambda: iter([(X, y)])),
        "or pass it to fit_batches",
    ),
    "a list of batches": (
        lambda: GDClassifier().fit([(X, y), (X, y)]),
        "X is a list of batches, and no table. Pass arrays, or pass it to fit_batches",
    ),
    "a dataset without targets": (
        lambda: GDRegressor().partial_fit(Dataset()),
        "pass torch.utils.data.DataLoader(X, batch_size=4096) to fit_batches",
    ),
    "a dict of columns": (fit({"age": X[:, 0]}), "pandas.DataFrame(X)"),
    "the name of a file": (fit("data.csv"), "pandas.read_csv"),
    "nothing": (fit(None), "X is None"),
    "complex numbers": (fit(X + 1j), "Complex data not supported: X is of complex128"),
    "a single column": (fit(X[:, 0]), "Reshape your data"),
    "a gap": (
        fit(frame.reindex([0, 1, 2, 3, 99]), y[:5]),
        "The first is in row 4, column 'age'; 1 of 5 rows have one.",
    ),
    "a gap at prediction": (
        lambda: fitted.predict(frame.reindex([0, 1, 2, 3, 99])),
        "The first is in row 4, column 'age'",
    ),
    "other columns at prediction": (
        lambda: fitted.predict(frame.rename(columns={"age": "Age"})),
        "Pass the columns of fit, in their order: X[model.feature_names_in_].",
    ),
    "numbers too large": (fit(1e200 * X), "StandardScaler"),
    "numbers too small": (fit(1e-200 * X), "The squares of X underflow"),
    "numbers of no variance": (fit(1e-145 * X), "The squares of X underflow"),
    "gradients too small for float32": (
        lambda: GDRegressor(preconditioner=None).fit((1e-30 * X).astype(np.float32), 1e-15 * y),
        "The gradient along column 1, about 2e-30 times the 1e-14 of the targets, underflows",
    ),
    "coefficients beyond float32": (
        fit((1e-30 * X).astype(np.float32), 1e20 * y),
        "leave the range of float32",
    ),
    # Targets and weights
    "targets of text": (fit(X, ["a"] * 30), "y[0] is 'a'. Use GDClassifier for labels."),
    "targets that are dates": (fit(X, days), "y holds dates or durations"),
    "sparse targets": (fit(X, sparse.csr_array(y[:, None])), "Pass y.toarray().ravel()"),
    "sparse labels": (
        lambda: GDClassifier().fit(X, sparse.csr_array(labels[:, None])),
        "Pass y.toarray().ravel()",
    ),
    "a gap in the targets": (
        fit(X, np.where(y > y[3], y, np.where(y == y[3], np.nan, y))),
        "Input y contains NaN. The first is y[3], and there are 1.",
    ),
    "numbers as labels": (lambda: GDClassifier().fit(X, y), "Unknown label type: continuous"),
    "one class": (lambda: GDClassifier().fit(X, 0 * labels), "all of y is of one class: 0"),
    "negative counts": (
        lambda: GDRegressor("poisson").fit(X, y),
        "Remove or correct those rows, or use a loss for any real target",
    ),
    "negative weights": (fit(X, sample_weight=-np.ones(30)), "sample_weight[0] = -1.0"),
    "weights of text": (fit(X, sample_weight=["a"] * 30), "sample_weight must be numbers"),
    "weights of other rows": (fit(X, sample_weight=np.ones(5)), "each of the 30 rows"),
    "weights of zero": (fit(X, sample_weight=np.zeros(30)), "at least one non-zero number"),
    # minimize
    "minimize with lr": (parabola(lr=0.1), "minimize() has no argument 'lr'. Did you mean learn"),
    "minimize with maxiter": (parabola(maxiter=9), "Did you mean max_iter?"),
    "minimize by sgd": (parabola(optimizer="sgd"), "Did you mean 'gd'?"),
    "minimize by cg": (parabola(optimizer="cg"), "scipy.optimize.minimize(method='CG')"),
    "minimize with bounds": (parabola(bounds=[(0, 1)]), "penalty=Box(lower, upper)"),
    "minimize by rows it does not know": (parabola(sampler="mini-batch"), "give n_samples"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_last_line_answers(mistake):
    assert_the_last_line_answers(*MISTAKES[mistake])


def test_names_are_told_in_the_order_of_the_documents():
    with pytest.raises(ValueError) as caught:
        GDRegressor(penalty="l3").fit(X, y)
    names = ", ".join(repr(name) for name in PENALTIES if name)
    assert f"among {{{names}}}" in str(caught.value)
    assert names.startswith("'l2', 'l1', 'elasticnet'")


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_numbers_are_known_to_the_classifier(name):
    with pytest.raises(ValueError, match="use GDRegressor"):
        GDClassifier(name).fit(X, labels)


@pytest.mark.parametrize("name", CLASSIFICATION_LOSSES)
def test_losses_of_classes_are_known_to_the_regressor(name):
    with pytest.raises(ValueError, match="use GDClassifier"):
        GDRegressor(name).fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_batch_larger_than_the_data_is_said_to_be():
    with pytest.warns(IgnoredParameterWarning, match="beyond the 30 rows"):
        GDRegressor(solver="mini-batch", batch_size=1000, max_iter=2).fit(X, y)
    with pytest.warns(IgnoredParameterWarning, match="beyond the 30 rows"):
        minimize(
            lambda x, rows: ((x - y[rows]) ** 2).mean(),
            0.0,
            jac=lambda x, rows: 2 * (x - y[rows]).mean(),
            n_samples=30,
            sampler=MiniBatch(batch_size=64),
            max_iter=2,
        )


@pytest.mark.parametrize(
    "arguments",
    [
        {"learning_rate": 1.1},
        {"learning_rate": 1.1, "tol": None, "max_iter": 300},
        {"learning_rate": 1.01, "tol": None},
        {"learning_rate": 1.5, "tol": None, "max_iter": 5},
        {"learning_rate": 3.0, "schedule": "invscaling", "max_iter": 5},
        {"learning_rate": 1e3},
    ],
    ids=str,
)
def test_a_descent_that_grows_has_diverged(arguments):
    result = minimize(lambda x: (x - 3) ** 2, 10.0, jac=lambda x: 2 * (x - 3), **arguments)
    assert result.status == 2 and not result.success
    assert "diverged" in result.message
    assert f"than {arguments['learning_rate']:.3g}" in result.message
    if result.nit < arguments.get("max_iter", 1000):
        assert result.x == 10.0, "the best of them; after max_iter it is the last"


def test_a_descent_that_swings_back_has_not_diverged():
    result = minimize(
        lambda x: (x - 3) ** 2,
        10.0,
        jac=lambda x: 2 * (x - 3),
        optimizer="momentum",
        momentum=0.99,
        max_iter=40,
    )
    assert result.status == 1


def test_a_diverged_run_under_a_schedule_names_the_users_own_rate():
    model = GDRegressor(learning_rate=10.0, schedule="invscaling", optimizer="gd")
    with pytest.warns(DivergenceWarning, match=r"was 7\.071, 10 times the schedule's 0\.71; the"):
        model.fit(X, y)


def test_the_classifier_documents_its_own_fit():
    assert "Labels" in GDClassifier.fit.__doc__
    assert "n_targets" not in GDClassifier.fit.__doc__
    for method in (GDRegressor.fit, GDRegressor.partial_fit, GDRegressor.predict):
        assert "Raises" in method.__doc__ and "TypeError" in method.__doc__
