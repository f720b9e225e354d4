"""What Keras, PyTorch, XGBoost, statsmodels and pandas call otherwise, and what is told of it.

As `test_mistakes.py`, to be read from top to bottom.
"""

import pickle

import numpy as np
import pandas as pd
import pytest
from mistakes import X, assert_the_last_line_answers, frame, labels, y

from gdregress import GDClassifier, GDRegressor, minimize
from gdregress.losses import Tweedie
from gdregress.optimizers import Adam, RMSProp


def regressor(**parameters):
    return lambda: GDRegressor(**parameters).fit(X, y)


def classifier(**parameters):
    return lambda: GDClassifier(**parameters).fit(X, labels)


def fit(table=X, targets=y, **arguments):
    return lambda: GDRegressor().fit(table, targets, **arguments)


def attribute(name):
    return lambda: getattr(fitted, name)


fitted = GDRegressor().fit(frame, y)
structured = np.zeros(30, dtype=[("age", "f8"), ("size", "f8")])

MISTAKES = {
    # Keras
    "compile": (attribute("compile"), "loss and optimizer are parameters of the estimator"),
    "evaluate": (attribute("evaluate"), "Use score(X, y)."),
    "get_weights": (attribute("get_weights"), "The coefficients are coef_"),
    "set_weights": (attribute("set_weights"), "Assign coef_ and intercept_"),
    "save": (attribute("save"), "joblib.dump(model, path)"),
    "history of the model": (attribute("history"), "The course of a fit is history_"),
    "history.history": (lambda: fitted.history_.history, "history_['objective']"),
    "loss of the history": (lambda: fitted.history_.loss, "Columns are items: history_['loss']"),
    "val_loss": (lambda: fitted.history_["val_loss"], "fit(X, y, X_val=X_val, y_val=y_val)"),
    "train_loss": (lambda: fitted.history_["train_loss"], "Did you mean 'loss'?"),
    "verbose in fit": (fit(verbose=1), "GDRegressor(verbose=...)"),
    "shuffle in fit": (fit(shuffle=False), "GDRegressor(shuffle=...)"),
    "activation": (classifier(activation="sigmoid"), "It belongs to the loss"),
    "metrics": (regressor(metrics=["mae"]), "Did you mean scoring?"),
    "monitor": (regressor(monitor="val_loss"), "Did you mean scoring?"),
    "min_delta": (regressor(min_delta=1e-3), "Did you mean tol?"),
    "restore_best_weights": (regressor(restore_best_weights=True), "the best epoch are kept"),
    "clipnorm": (regressor(clipnorm=1.0), "Steps are not clipped"),
    "learning_rate of Adam": (lambda: Adam(learning_rate=0.1), "belongs to the estimator"),
    "learning_rate of a part": (
        lambda: GDRegressor().partial_fit(X, y, learning_rate=0.1),
        "GDRegressor(learning_rate=0.1)",
    ),
    "amsgrad of Adam": (lambda: Adam(amsgrad=True), "optimizer='amsgrad'"),
    "sparse_categorical_crossentropy": (
        classifier(loss="sparse_categorical_crossentropy"),
        "Did you mean 'log_loss'?",
    ),
    "one-hot labels": (
        lambda: GDClassifier().fit(X, np.eye(2)[labels]),
        "pass y.argmax(axis=1)",
    ),
    # PyTorch
    "forward": (attribute("forward"), "Use predict(X)."),
    "parameters": (attribute("parameters"), "The coefficients are coef_"),
    "state_dict": (attribute("state_dict"), "The coefficients are coef_"),
    "train": (attribute("train"), "fit does the rest"),
    "zero_grad": (attribute("zero_grad"), "fit takes all epochs"),
    "to": (attribute("to"), "tensors are fitted where they lie"),
    "device": (regressor(device="cuda"), "tensors are fitted where they lie"),
    "dtype": (regressor(dtype="float32"), "X.astype(numpy.float32)"),
    "max_grad_norm": (regressor(max_grad_norm=1.0), "Steps are not clipped"),
    "gamma": (regressor(schedule="exponential", gamma=0.9), "schedule=Exponential(decay=0.95)"),
    "alpha of RMSprop": (lambda: RMSProp(alpha=0.9), "Did you mean rho?"),
    "BCEWithLogitsLoss": (classifier(loss="BCEWithLogitsLoss"), "Did you mean 'log_loss'?"),
    "SmoothL1Loss": (regressor(loss="SmoothL1Loss"), "Did you mean 'huber'?"),
    "PoissonNLLLoss": (regressor(loss="PoissonNLLLoss"), "Did you mean 'poisson'?"),
    # XGBoost
    "n_estimators": (regressor(n_estimators=100), "Did you mean max_iter?"),
    "early_stopping_rounds": (regressor(early_stopping_rounds=9), "mean n_iter_no_change?"),
    "early_stopping_rounds in fit": (
        fit(early_stopping_rounds=9),
        "GDRegressor(n_iter_no_change=...)",
    ),
    "eval_metric": (regressor(eval_metric="rmse"), "Did you mean scoring?"),
    "rmse": (regressor(scoring="rmse"), "Did you mean 'neg_root_mean_squared_error'?"),
    "mae": (regressor(scoring="mae"), "Did you mean 'neg_mean_absolute_error'?"),
    "auc": (classifier(scoring="auc"), "Did you mean 'roc_auc'?"),
    "logloss": (classifier(scoring="logloss"), "Did you mean 'neg_log_loss'?"),
    "subsample": (regressor(subsample=0.5), "solver='mini-batch', batch_size=0.5"),
    "nthread": (regressor(nthread=4), "OMP_NUM_THREADS"),
    "base_score": (regressor(base_score=0.5), "intercept_init=..."),
    "multi:softmax": (classifier(loss="multi:softmax"), "Did you mean 'log_loss'?"),
    "reg:quantileerror": (regressor(loss="reg:quantileerror"), "Did you mean 'quantile'?"),
    "reg:pseudohubererror": (regressor(loss="reg:pseudohubererror"), "Did you mean 'huber'?"),
    "count:poisson of labels": (classifier(loss="count:poisson"), "use GDRegressor"),
    "tweedie_variance_power": (
        lambda: Tweedie(tweedie_variance_power=1.2),
        "Did you mean power?",
    ),
    "label": (lambda: GDRegressor().fit(X, label=y), "Did you mean y?"),
    "feature_importances_": (attribute("feature_importances_"), "The coefficients are coef_"),
    "best_iteration_": (attribute("best_iteration_"), "The number of epochs is n_iter_."),
    "evals_result": (attribute("evals_result"), "The course of a fit is history_"),
    # statsmodels
    "params": (attribute("params"), "The coefficients are coef_"),
    "pvalues": (attribute("pvalues"), "model.summary(X, y)"),
    "bse": (attribute("bse"), "model.summary(X, y)"),
    "conf_int": (attribute("conf_int"), "model.summary(X, y)"),
    "rsquared": (attribute("rsquared"), "Use score(X, y)."),
    "resid": (attribute("resid"), "y - predict(X)"),
    "family": (regressor(family="poisson"), "Did you mean loss?"),
    "link": (regressor(link="log"), "It belongs to the loss"),
    "cov_type": (regressor(cov_type="HC3"), "model.summary(X, y)"),
    "freq_weights": (fit(freq_weights=y), "Did you mean sample_weight?"),
    "endog before exog": (
        lambda: GDRegressor().fit(y, X),
        "The order of the arguments is (X, y), X being the table.",
    ),
    # scikit-learn
    "coef_ before fit": (lambda: GDRegressor().coef_, "It is set by fit."),
    "history_ before fit": (lambda: GDClassifier().history_, "It is set by fit."),
    "best_params_": (attribute("best_params_"), "It belongs to searches"),
    "loss_": (attribute("loss_"), "history_['objective'][-1]"),
    # pandas and NumPy
    "the name of the target": (fit(frame, "dose"), "pass its values, X['dose'], and X without"),
    "a set of targets": (fit(X, set(range(30))), "y is a set, and no targets in the order"),
    "a dict of targets": (fit(X, dict(enumerate(y))), "y is a dict, and no targets"),
    "a generator of targets": (fit(X, (value for value in y)), "Pass a list or an array"),
    "targets of None": (fit(X, [None, *y[1:]]), "The first is y[0], and there are 1."),
    "targets of pandas.NA": (
        fit(X, pd.Series([*y[:-1], pd.NA], dtype=object)),
        "The first is y[29], and there are 1.",
    ),
    "objects that are NaN": (
        fit(X, np.array([*y[:-1], np.nan], dtype=object)),
        "The first is y[29], and there are 1.",
    ),
    "a structured array": (fit(structured), "the fields age, size. Pass pandas.DataFrame(X)."),
    "a column of intervals": (
        fit(frame.assign(part=pd.cut(frame["age"], 3))),
        "row 0 of column 'part' is Interval(",
    ),
    "a column of lists": (fit(frame.assign(pair=[[1, 2]] * 30)), "column 'pair' is [1, 2]"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_last_line_answers(mistake):
    assert_the_last_line_answers(*MISTAKES[mistake])


def of_torch(torch):
    """Mistakes with objects of PyTorch."""
    weight = torch.zeros(1, requires_grad=True)
    tensor = torch.asarray(X)
    return {
        "a class of optimizers": (regressor(optimizer=torch.optim.Adam), "Did you mean 'adam'?"),
        "an optimizer": (regressor(optimizer=torch.optim.Adam([weight])), "one of optax"),
        "a class of schedules": (
            regressor(schedule=torch.optim.lr_scheduler.StepLR),
            "Did you mean 'step'?",
        ),
        "bfloat16": (fit(tensor.bfloat16()), "Pass X.float()."),
    }


def test_objects_of_torch_are_named_too(torch):
    for do, answer in of_torch(torch).values():
        assert_the_last_line_answers(do, answer)


def test_a_value_of_many_lines_is_shown_in_one():
    with pytest.raises(ValueError) as caught:
        GDRegressor(tol=np.arange(100.0)).fit(X, y)
    assert "\n" not in str(caught.value)


def test_answers_take_no_attribute_away():
    """Only names that are missing are answered, and none is there for those who ask."""
    for name in ("params", "train", "best_score_", "transform", "predict_proba"):
        assert not hasattr(fitted, name)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.coef_, fitted.coef_)
    assert again.history_ == fitted.history_


def test_a_history_of_a_function_answers_too():
    history = minimize(lambda x: (x - 3) ** 2, 10.0, max_iter=2, tol=None).history
    assert_the_last_line_answers(lambda: history.objective, "history_['objective']")
