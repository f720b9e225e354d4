"""More mistakes: of searches, batches, callbacks, checkpoints and what is given beside the rows.

As `test_mistakes.py`, to be read from top to bottom.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mistakes import X, assert_the_last_line_answers, counts, frame, labels, y
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold

from gdregress import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV, gd_path
from gdregress.callbacks import Checkpoint
from gdregress.losses import Quantile
from gdregress.optimizers import Optimizer
from gdregress.penalties import L2, Box, ElasticNet, GroupL2


def search(*estimator, **parameters):
    return lambda: GDRegressorCV(*estimator, **parameters).fit(X, y)


def batches(given, **arguments):
    return lambda: GDRegressor().fit_batches(given, **arguments)


def fit(rows=X, targets=y, **arguments):
    return lambda: GDRegressor().fit(rows, targets, **arguments)


def of_counts(**arguments):
    return lambda: GDRegressor("poisson").fit(X, counts, **arguments)


def regressor(rows=X, **parameters):
    return lambda: GDRegressor(**parameters).fit(rows, y)


def called(callback):
    return lambda: GDRegressor().set_callbacks(callback).fit(X, y)


def searched():
    return GDRegressorCV(alphas=[1.0]).fit(X, y)


class OfKeras:
    """A callback with the hooks of Keras."""

    def on_epoch_end(self, epoch, logs=None):
        """Does nothing."""


class Wide(Optimizer):
    """Whose steps are scaled by a scalar of NumPy, which is of double precision."""

    def init(self, params):
        return ()

    def lookahead(self, params, state):
        return params

    def step(self, params, grad, state, learning_rate, prox):
        rate = learning_rate / np.sqrt(2.0)
        return prox(params - rate * grad, rate), state


HERE = Path(__file__).parent

MISTAKES = {
    # Searches
    "the penalty in the search": (
        lambda: GDRegressorCV(penalty="l1"),
        "It belongs to the estimator: GDRegressorCV(GDRegressor(penalty=...)).",
    ),
    "the loss in the search": (
        lambda: GDClassifierCV(loss="hinge"),
        "GDClassifierCV(GDClassifier(loss=...))",
    ),
    "set_params of the search": (
        lambda: GDRegressorCV().set_params(solver="stochastic"),
        "GDRegressorCV(GDRegressor(solver=...))",
    ),
    "Cs": (lambda: GDClassifierCV(Cs=10), "alphas = 1 / (n_samples * Cs)"),
    "n_alphas": (lambda: GDRegressorCV(n_alphas=10), "Did you mean alphas?"),
    "one alpha": (search(alphas=0.1), "Did you mean [0.1]?"),
    "one l1_ratio": (
        search(GDRegressor(penalty="elasticnet"), l1_ratios=0.5),
        "Did you mean [0.5]?",
    ),
    "alphas by name": (search(alphas={"a": 1.0}), "a number for each candidate"),
    "alphas of text": (search(alphas=["1", "x"]), "alphas must hold numbers from 0 to inf"),
    "alphas of features": (
        search(alphas=[[1.0, 2.0, 3.0]]),
        "strengths of single features belong to the penalty of the estimator",
    ),
    "a negative alpha": (search(alphas=[-1.0]), "from 0 to inf. Got -1.0."),
    "no alpha": (search(alphas=[]), "Give at least one number."),
    "a rate of 0": (search(learning_rates=[0.0, 0.1]), "must hold numbers above 0. Got 0.0."),
    "shares of l1 in the penalty": (
        search(GDRegressor(penalty=ElasticNet(l1_ratio=[0.1, 0.2]))),
        "The 'l1_ratio' parameter of ElasticNet must be a float",
    ),
    "shares of l1 without any": (
        search(GDRegressor(penalty="l2"), l1_ratios=[0.5]),
        "l1_ratios needs penalty='elasticnet'",
    ),
    "nothing to search": (search(GDRegressor()), "there is nothing to choose"),
    "bounds alone": (search(GDRegressor(penalty=Box(lower=0))), "has no alpha"),
    "a class to search with": (search(GDRegressor), "must be an instance, GDRegressor()"),
    "an estimator of others": (search(Ridge()), "gdregress.regressors.GDRegressor"),
    "a loss that is wrong in the estimator": (
        search(GDRegressor("mse", penalty="l2")),
        "Did you mean 'squared_error'?",
    ),
    "folds of groups without groups": (
        search(cv=GroupKFold(3)),
        "Pass them: fit(X, y, groups=groups).",
    ),
    "groups of other rows": (
        lambda: GDRegressorCV(cv=GroupKFold(3)).fit(X, y, groups=[1, 2, 3]),
        "groups must have one value for each row of X",
    ),
    "weights of other rows": (
        lambda: GDRegressorCV().fit(X, y, np.ones(5)),
        "sample_weight must have one value for each row of X",
    ),
    "a start for a search": (
        lambda: GDRegressorCV().fit(X, y, coef_init=[0, 0, 0]),
        "It is an argument of GDRegressor.fit and GDClassifier.fit.",
    ),
    "exposures in a search": (
        lambda: GDRegressorCV(GDRegressor("poisson", penalty="l2")).fit(X, counts, exposure=y),
        "is one of the target y / exposure, for 'poisson' with the weight exposure. "
        "GDRegressor.fit takes both for every log link.",
    ),
    "best_alpha_": (lambda: searched().best_alpha_, "Did you mean alpha_?"),
    "cv_results_": (
        lambda: searched().cv_results_,
        "GDRegressorCV has no attribute 'cv_results_'. It has best_estimator_,",
    ),
    "partial_fit of a search": (
        lambda: GDRegressorCV().partial_fit(X, y),
        "a method of the estimator: after fit, model.best_estimator_.partial_fit.",
    ),
    "the estimator before the rows": (
        lambda: gd_path(GDRegressor(), X, y),
        "The order of the arguments is gd_path(X, y, estimator).",
    ),
    # Batches
    "rows and targets as batches": (
        lambda: GDRegressor().fit_batches(X, y),
        "A batch has X and y, as in fit_batches([(X, y)]); fit takes both as they are.",
    ),
    "a tuple of both": (batches((X, y)), "One batch of all rows is the list [(X, y)]"),
    "rows without targets": (batches([X, X]), "Batch 0: it is a ndarray, and no (X, y)"),
    "an array": (batches(X), "batches is a ndarray, and no iterable of batches"),
    "the name of a file": (
        batches("rows.csv"),
        "the name of a file, and nothing here opens files",
    ),
    "a generator": (
        batches((X, y) for _ in range(3)),
        "Pass the function that makes it, without calling it",
    ),
    "a function of a size": (
        batches(lambda size: iter([(X, y)])),
        "batches is a function that needs arguments",
    ),
    "a function that returns nothing": (
        batches(lambda: None),
        "batches() has returned a NoneType, which cannot be iterated",
    ),
    "weights beside batches": (
        batches([(X, y)], sample_weight=y),
        "each batch is (X, y, sample_weight)",
    ),
    "the size of batches": (batches([(X, y)], batch_size=32), "GDRegressor(batch_size=32)"),
    "rows to validate on, of batches": (
        batches([(X, y)], X_val=X),
        "give both X_val and y_val.",
    ),
    "batches of other widths": (batches([(X, y), (X[:, :2], y)]), "Batch 1: X has 2 features"),
    "a gap in a batch": (
        batches([(X, y), (X * np.nan, y)]),
        "Batch 1: Input X contains NaN. The first is in row 0, column 0",
    ),
    "no batches": (batches([]), "Check that it gives batches at all"),
    # Callbacks and checkpoints
    "a list of callbacks": (called([print]), "Pass them one by one"),
    "a class of callbacks": (called(Checkpoint), "Make an instance: Checkpoint(...)."),
    "a callback of nothing": (called(lambda: None), "It must take one argument, the row"),
    "a callback of Keras": (called(OfKeras()), "in the place of Keras' on_epoch_end"),
    "an answer of text": (called(lambda row: "stop"), "must return True to end the fit"),
    "an answer of numbers": (called(lambda row: np.ones(3)), "must return True to end the fit"),
    "a column that is not": (
        called(lambda row: row["val_loss"]),
        "'val_loss' is no column. The columns are: epoch, t, objective",
    ),
    "a checkpoint of nothing": (lambda: Checkpoint(None), "path must be a str or a Path"),
    "save_best_only": (
        lambda: Checkpoint(HERE / "model", save_best_only=True),
        "Checkpoint() has no argument 'save_best_only'. It has path, every.",
    ),
    "save_freq": (lambda: Checkpoint(HERE / "model", save_freq=2), "Did you mean every?"),
    "a checkpoint in no folder": (
        lambda: Checkpoint(HERE / "nowhere" / "model"),
        "path must be in a folder that exists",
    ),
    "no file to resume from": (fit(resume_from=HERE / "none"), "does not exist. Pass the file"),
    "a folder to resume from": (fit(resume_from=HERE), "is a folder. Pass the file"),
    "resume_from of True": (fit(resume_from=True), "must be the path of the file"),
    "the callback to resume from": (
        fit(resume_from=Checkpoint(HERE / "model")),
        f"Pass its path, {str(HERE / 'model')!r}.",
    ),
    "another file to resume from": (fit(resume_from=__file__), "is no file of a Checkpoint"),
    # Rows to validate on
    "rows and targets as one": (fit(X_val=(X, y)), "give both X_val and y_val"),
    "X_test": (fit(X_test=X), "Did you mean X_val?"),
    "eval_set": (fit(eval_set=[(X, y)]), "X_val and y_val"),
    "validation_split": (fit(validation_split=0.2), "validation_fraction=0.1"),
    "other columns": (fit(X_val=X[:, :2], y_val=y), "In X_val, y_val or sample_weight_val: X has"),
    "other rows": (fit(X_val=X, y_val=y[:4]), "inconsistent numbers of samples: [30, 4]"),
    "other targets": (fit(X_val=X, y_val=np.c_[y, y]), "Give as many targets"),
    "classes that nobody has seen": (
        lambda: GDClassifier().fit(X, labels, X_val=X, y_val=labels + 5),
        "labels that are not among the classes: [5, 6]. The classes are [0 1].",
    ),
    # Exposures
    "an offset of least squares": (fit(offset=y), "or subtract the offset from y"),
    "an exposure of 0": (of_counts(exposure=0 * y), "Exposures are above 0; remove the row."),
    "one exposure": (of_counts(exposure=2.0), "one number for each of the 30 rows. Got 2.0."),
    "exposures of other rows": (of_counts(exposure=[1.0]), "Got an array of shape (1,)."),
    "a large offset": (of_counts(offset=0 * y + 1e4), "Offsets are logarithms of exposures"),
    "an exposure of labels": (
        lambda: GDClassifier().fit(X, labels, exposure=y),
        "fit() has no argument 'exposure'",
    ),
    # Strengths of features, and groups
    "strengths of other features": (
        regressor(penalty="l2", alpha=[1.0, 2.0]),
        "one for each of the 3 features. Got an array of shape (2,)",
    ),
    "a negative strength": (
        regressor(frame, penalty="l2", alpha=[1.0, -1.0, 1.0]),
        "Got alpha[1] = -1.0, the strength of column 'size'",
    ),
    "strengths by name": (
        regressor(penalty="l2", alpha={"age": 1.0}),
        "Got a dict: pass [alpha[name] for name in X.columns].",
    ),
    "strengths in another order": (
        regressor(frame, penalty=L2(pd.Series([1.0, 2.0, 3.0], ["dose", "age", "size"]))),
        "Pass alpha[X.columns].",
    ),
    "group lasso": (regressor(penalty="group_lasso"), "penalty=GroupL2(groups)"),
    "groups by name": (regressor(penalty=GroupL2({"a": [0, 1]})), "pass list(groups.values())"),
    "groups of other features": (
        regressor(penalty=GroupL2(["a", "b"])),
        "a label for each of the 3 features. Got 2 labels",
    ),
    # Quantiles, and rules of one's own
    "percent": (regressor(loss=Quantile([10, 90])), "a number in (0, 1) or an array of such"),
    "several quantiles of several targets": (
        lambda: GDRegressor(Quantile([0.1, 0.9])).fit(X, np.c_[y, y]),
        "Several quantiles need a y of one column",
    ),
    "alpha, of QuantileRegressor": (lambda: Quantile(alpha=0.1), "Did you mean quantile?"),
    "a rule that is not called": (
        regressor(optimizer=lambda rate: rate),
        "Call it first, as in optax.adam(0.01).",
    ),
    "steps of another type": (
        lambda: GDRegressor(optimizer=Wide()).fit(X.astype(np.float32), y),
        "of the type of those that it is handed, float32. Got float64",
    ),
    # Tables
    "a masked array": (
        fit(np.ma.masked_greater(X, 1)),
        "Fill them: X.filled(numpy.nan) with SimpleImputer",
    ),
    "masked targets": (fit(X, np.ma.masked_greater(y, 1)), "y is a masked array that hides"),
    "rows of two lengths": (
        fit([[1.0, 2.0], [3.0]], [1.0, 2.0]),
        "row 0 has 2 values and row 1 has 1",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_last_line_answers(mistake):
    assert_the_last_line_answers(*MISTAKES[mistake])


def test_a_masked_array_that_hides_nothing_is_a_table():
    model = GDRegressor().fit(np.ma.masked_array(X), y)
    np.testing.assert_array_equal(model.coef_, GDRegressor().fit(X, y).coef_)


def test_strengths_by_name_in_the_order_of_the_columns_are_taken():
    alpha = [0.1, 0.2, 0.3]
    by_name = GDRegressor(penalty="l2", alpha=pd.Series(alpha, frame.columns)).fit(frame, y)
    np.testing.assert_array_equal(
        by_name.coef_, GDRegressor(penalty="l2", alpha=alpha).fit(frame, y).coef_
    )
