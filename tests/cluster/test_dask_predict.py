"""Predictions are lazy, block by block; a fitted model works without Dask."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from libraries import needed
from on_cluster import in_chunks
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.export import html
from gdregress.dask import DaskGDClassifier, DaskGDRegressor

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def regressor(table):
    X, y, _, _ = table
    return DaskGDRegressor().fit(in_chunks(X, 300), in_chunks(y, 300))


@pytest.fixture
def classifier(table):
    X, _, labels, _ = table
    return DaskGDClassifier().fit(in_chunks(X, 300), in_chunks(labels, 300))


def test_a_prediction_is_computed_when_it_is_asked_for(table, regressor):
    X = table[0]
    predicted = regressor.predict(in_chunks(X, 300, 2))
    assert type(predicted).__module__.startswith("dask")
    assert predicted.chunks == ((300, 300, 300, 100),)
    np.testing.assert_array_equal(predicted.compute(), regressor.to_local().predict(X))


@pytest.mark.parametrize(
    "method", ["predict", "decision_function", "predict_proba", "predict_log_proba"]
)
def test_each_method_of_a_classifier(table, classifier, method):
    X = table[0]
    answer = getattr(classifier, method)(in_chunks(X, 300))
    expected = getattr(classifier.to_local(), method)(X)
    assert (answer.shape, answer.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(answer.compute(), expected)
    np.testing.assert_array_equal(getattr(classifier, method)(X), expected)


def test_frames_and_blocks_without_rows(table):
    X, y, _, _ = table
    pandas, frames = needed("pandas"), needed("dask.dataframe")
    columns = pandas.DataFrame(X, columns=list("abcd")).sort_values("a", ignore_index=True)
    data = frames.from_pandas(columns, npartitions=4)
    target = frames.from_pandas(pandas.Series(y), npartitions=4)
    model = DaskGDRegressor().fit(data, target)
    some = data[data["a"] > 0]
    expected = model.to_local().predict(columns[columns["a"] > 0])
    np.testing.assert_array_equal(model.predict(some).compute(), expected)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(data.rename(columns={"a": "z"}))


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_scores_are_those_of_all_rows(table, loss):
    X, y, labels, weights = table
    X = X / [1, 2, 50, 0.1]
    y = np.round(np.exp(X @ [0.1, 0.2, 0.3, 0.1])) if loss == "poisson" else y
    data = in_chunks(X, 300), in_chunks(y, 200), in_chunks(weights, 100)
    model = DaskGDRegressor(loss).fit(*data)
    score = model.score(*data)
    assert isinstance(score, float)
    assert score == pytest.approx(model.to_local().score(X, y, weights), rel=1e-12)
    assert model.score(X, y, weights) == pytest.approx(score, rel=1e-12)
    classifier = DaskGDClassifier().fit(data[0], in_chunks(labels, 300))
    given = in_chunks(labels, 300), data[2]
    expected = classifier.to_local().score(X, labels, weights)
    assert classifier.score(data[0], *given) == pytest.approx(expected)


def test_scores_of_targets_that_do_not_fit(regressor, table):
    X, y, _, _ = table
    with pytest.raises(ValueError, match=r"Partition 1: .*NaN"):
        regressor.score(
            in_chunks(X, 300), in_chunks(np.where(np.arange(1000) == 400, np.nan, y), 300)
        )


def test_to_local(regressor, classifier):
    local = regressor.to_local()
    assert type(local) is GDRegressor
    assert local.get_params() == regressor.get_params()
    local.coef_[:] = 0  # it shares nothing
    assert regressor.coef_.all()
    assert type(classifier.to_local()) is GDClassifier
    assert not hasattr(DaskGDRegressor().to_local(), "coef_")


WITHOUT_DASK = """
import pickle, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name in {"dask", "distributed"}:
            raise ImportError(name)

sys.meta_path.insert(0, Blocked())
model, X = pickle.load(sys.stdin.buffer)
print(repr(model.predict(X).tolist()))
try:
    type(model)().fit(X, X)
except ImportError as error:
    print(error)
"""


def test_a_pickle_predicts_without_dask(regressor, table):
    X = table[0][:3]
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_DASK],
        input=pickle.dumps((regressor, X)),
        capture_output=True,
        check=True,
    )
    predicted, message = result.stdout.decode().splitlines()
    assert eval(predicted) == regressor.to_local().predict(X).tolist()
    assert "pip install" in message


def test_a_client_of_ones_own_is_neither_a_parameter_nor_pickled(regressor, cluster):
    regressor.client = cluster
    assert regressor.client is cluster
    assert "client" not in regressor.get_params()
    assert clone(regressor)._client is None
    assert pickle.loads(pickle.dumps(regressor))._client is None


def test_the_link_to_its_page(monkeypatch):
    monkeypatch.setattr(html, "documentation_url", lambda: "https://example.org")
    assert DaskGDRegressor()._get_doc_link().endswith("gdregress.dask.DaskGDRegressor.html")


def test_before_fit(table):
    with pytest.raises(NotFittedError):
        DaskGDRegressor().predict(in_chunks(table[0], 300))


def test_partial_fit_goes_from_partition_to_partition(table):
    X, y, labels, weights = table
    data = in_chunks(X, 300), in_chunks(y, 100), in_chunks(weights, 1000)
    model, local = DaskGDRegressor(), GDRegressor()
    for _ in range(2):
        model.partial_fit(*data)
        for start in range(0, 1000, 300):
            rows = slice(start, start + 300)
            local.partial_fit(X[rows], y[rows], weights[rows])
    np.testing.assert_array_equal(model.coef_, local.coef_)
    classifier = DaskGDClassifier().partial_fit(data[0], in_chunks(labels, 300), ["no", "yes"])
    assert classifier.score(X, labels) > 0.7
