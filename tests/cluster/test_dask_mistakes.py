"""Mistakes on a cluster, as `tests/test_mistakes.py`: to be read from top to bottom."""

import numpy as np
import pytest
from mistakes import X, assert_the_last_line_answers, labels, y
from on_cluster import in_chunks

from gdregress.dask import DaskGDClassifier, DaskGDRegressor

pytestmark = pytest.mark.usefixtures("cluster")


def fit(rows=X, targets=y, **arguments):
    return DaskGDRegressor().fit(in_chunks(rows, 10), in_chunks(targets, 10), **arguments)


MISTAKES = {
    "rows of NumPy": (
        lambda: DaskGDRegressor().fit(X, y),
        "X is of type ndarray, and no Dask collection. Pass dask.array.from_array",
    ),
    "targets of NumPy": (
        lambda: DaskGDRegressor().fit(in_chunks(X, 10), y),
        "y is of type ndarray, and no Dask collection",
    ),
    "targets of other rows": (lambda: fit(targets=y[:20]), "y has 20 rows and X has 30."),
    "a gap": (
        lambda: fit(np.where(X > 2, np.nan, X)),
        "Partition 0: Input X contains NaN. The first is in row 1, column 0",
    ),
    "a masked array": (
        lambda: DaskGDRegressor().fit(in_chunks(np.ma.masked_greater(X, 1), 10), in_chunks(y, 10)),
        "X is a masked array that hides",
    ),
    "early stopping without rows to validate on": (
        lambda: DaskGDRegressor(early_stopping=True).fit(in_chunks(X, 10), in_chunks(y, 10)),
        "Give rows to validate on as X_val and y_val.",
    ),
    "the client in fit": (lambda: fit(client=None), "Set it: model.client = client."),
    "updates_per_round of the estimator": (
        lambda: DaskGDRegressor(updates_per_round=10),
        "It is an argument of fit of the estimators of gdregress.dask.",
    ),
    "an exposure": (
        lambda: fit(exposure=y),
        "is one of the target y / exposure, for 'poisson' with the weight exposure. "
        "GDRegressor.fit takes both for every log link.",
    ),
    "one class": (
        lambda: DaskGDClassifier().fit(in_chunks(X, 10), in_chunks(0 * labels, 10)),
        "all of y is of one class: 0",
    ),
    "strengths of other features": (
        lambda: DaskGDRegressor(penalty="l2", alpha=[1.0, 2.0]).fit(
            in_chunks(X, 10), in_chunks(y, 10)
        ),
        "one for each of the 3 features. Got an array of shape (2,)",
    ),
    "fewer columns at prediction": (
        lambda: fit().predict(in_chunks(X[:, :2], 10)).compute(),
        "X has 2 features, but DaskGDRegressor is expecting 3",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_last_line_answers(mistake):
    assert_the_last_line_answers(*MISTAKES[mistake])
