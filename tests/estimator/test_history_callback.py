"""The callback `History` keeps the rows of all fits that it has seen."""

import pickle

import numpy as np
import pytest
from libraries import needed_version
from sklearn.model_selection import cross_val_score

from gdregress import GDClassifier, GDRegressor
from gdregress.callbacks import History

THREE = {"max_iter": 3, "tol": None}


def test_it_has_the_rows_of_the_epochs_of_all_fits(small_data):
    X, y = small_data
    history = History()
    model = GDRegressor(**THREE).set_callbacks(history).fit(X, y)
    first = model.history_.copy()
    assert history == {name: column[1:] for name, column in first.items()}
    model.fit(X[:20], y[:20], X_val=X[20:], y_val=y[20:])
    assert history["epoch"] == [1, 2, 3, 1, 2, 3]
    assert history["objective"] == first["objective"][1:] + model.loss_curve_
    assert history["validation_score"] == [None] * 3 + model.validation_scores_
    assert repr(history).startswith("History of 6 epochs, gradient_norm")
    assert type(model.history_) is not History and not callable(model.history_)


def test_it_has_the_rows_of_a_fit_that_an_error_has_ended(small_data):
    def fail(row):
        if row["epoch"] == 2:
            raise RuntimeError

    history = History()
    model = GDRegressor(**THREE).set_callbacks(history, fail)
    with pytest.raises(RuntimeError):
        model.fit(*small_data)
    assert history["epoch"] == [1, 2]


def test_it_has_the_rows_of_a_cross_validation(small_data):
    needed_version("scikit-learn", "1.9")  # whose clones have the callbacks of their originals
    history = History()
    cross_val_score(GDRegressor(**THREE).set_callbacks(history), *small_data, cv=4)
    assert history["epoch"] == 4 * [1, 2, 3]


def test_rows_of_partial_fit_are_added_by_hand(small_data):
    X, y = small_data
    history, model = History(), GDClassifier()
    for _ in range(3):
        model.partial_fit(X, y > np.median(y), classes=[False, True])
        history.append(model.history_.row(-1))
    assert history["t"] == model.history_["t"][1:]


def test_it_is_saved_with_the_model(small_data):
    model = GDRegressor(**THREE).set_callbacks(History()).fit(*small_data)
    loaded = pickle.loads(pickle.dumps(model)).fit(*small_data)
    (callback,) = loaded._skl_callbacks
    assert callback.function["epoch"] == [1, 2, 3, 1, 2, 3]
    assert callback.function.to_frame().index.tolist() == [1, 2, 3, 1, 2, 3]
