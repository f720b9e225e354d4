"""scikit-learn's searches, joblib's backend and dask-ml's wrappers."""

import joblib
import numpy as np
import pytest
from libraries import needed
from on_cluster import in_chunks
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from gdregress import GDClassifier, GDRegressor
from gdregress.dask import DaskGDClassifier, DaskGDRegressor

pytestmark = pytest.mark.usefixtures("cluster")


def test_a_search_whose_fits_run_on_the_cluster(table):
    X, y, _, _ = table
    grid, folds = {"alpha": [0.01, 10.0]}, KFold(2)
    search = GridSearchCV(DaskGDRegressor(penalty="l2"), grid, cv=folds)
    search.fit(in_chunks(X, 300), in_chunks(y, 300))
    local = GridSearchCV(GDRegressor(penalty="l2"), grid, cv=folds).fit(X, y)
    assert search.best_params_ == local.best_params_
    scores = (s.cv_results_["mean_test_score"] for s in (search, local))
    np.testing.assert_allclose(*scores, rtol=1e-9)
    assert type(search.best_estimator_) is DaskGDRegressor


def test_cross_validation_of_labels(table):
    X, _, labels, _ = table
    data = in_chunks(X, 300), in_chunks(labels, 300)
    scores = cross_val_score(DaskGDClassifier(), *data, cv=KFold(2))
    np.testing.assert_allclose(scores, cross_val_score(GDClassifier(), X, labels, cv=KFold(2)))


def test_a_search_of_local_fits_as_tasks_of_the_cluster(table):
    X, y, _, _ = table
    search = GridSearchCV(GDRegressor(penalty="l2"), {"alpha": [0.01, 10.0]}, cv=2, n_jobs=-1)
    with joblib.parallel_config(backend="dask"):
        search.fit(X, y)
    assert search.best_params_ == {"alpha": 0.01}


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_incremental_of_dask_ml(table):
    wrappers = needed("dask_ml.wrappers")
    X, y, _, _ = table
    model = wrappers.Incremental(GDRegressor(), shuffle_blocks=False)
    model.fit(in_chunks(X, 300), in_chunks(y, 300))
    ours = DaskGDRegressor().partial_fit(in_chunks(X, 300), in_chunks(y, 300))
    np.testing.assert_array_equal(model.estimator_.coef_, ours.coef_)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_parallel_post_fit_of_dask_ml(table):
    wrappers = needed("dask_ml.wrappers")
    X, _, labels, _ = table
    model = wrappers.ParallelPostFit(GDClassifier()).fit(X, labels)
    probability = model.predict_proba(in_chunks(X, 300))
    np.testing.assert_array_equal(
        probability.compute(), GDClassifier().fit(X, labels).predict_proba(X)
    )
