"""Errors name the partition, the row and the remedy; an earlier fit is kept."""

import warnings

import numpy as np
import pytest
from libraries import needed
from on_cluster import in_chunks
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from gdregress.dask import DaskGDClassifier, DaskGDRegressor
from gdregress.dask._errors import clear_errors
from gdregress.exceptions import IgnoredParameterWarning

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def data(table):
    return in_chunks(table[0], 300), in_chunks(table[1], 300)


def spoiled(array, row, value):
    array = array.copy()
    array[row] = value
    return array


def test_nan_in_a_partition(table, data):
    model = DaskGDRegressor().fit(*data)
    before = dict(vars(model))
    X = in_chunks(spoiled(table[0], (700, 3), np.nan), 300)
    with pytest.raises(ValueError, match=r"Partition 2: .* first is in row 100, column 3; 1 of"):
        model.fit(X, data[1])
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


@pytest.mark.parametrize("as_frame", [False, True], ids=["array", "frame"])
def test_nan_in_a_partition_to_predict(table, data, as_frame):
    X = spoiled(table[0], (700, 3), np.nan)
    if as_frame:
        names = list("abcd")
        pandas, frames = needed("pandas"), needed("dask.dataframe")
        X = frames.from_pandas(pandas.DataFrame(X, columns=names), chunksize=300)
        known = frames.from_pandas(pandas.DataFrame(table[0], columns=names), chunksize=300)
    else:
        X, known = in_chunks(X, 300), data[0]
    model = DaskGDRegressor().fit(known, data[1])
    with pytest.raises(ValueError, match=r"Partition 2: .* in row 100.* DaskGDRegressor needs"):
        model.predict(X).compute()
    assert model.predict(known).name == model.predict(known).name


def test_blocks_of_other_kinds(data):
    X = needed("dask.array").concatenate(
        [data[0][:300], data[0][300:].map_blocks(sparse.csr_array)]
    )
    with pytest.raises(ValueError, match=r"Partition 1: X is sparse, .* first partition dense"):
        DaskGDRegressor().fit(X, data[1])


def test_a_column_of_text(table):
    pandas, frames = needed("pandas"), needed("dask.dataframe")
    columns = pandas.DataFrame(table[0], columns=list("abcd")).assign(b="x")
    target = frames.from_pandas(pandas.Series(table[1]), npartitions=2)
    with pytest.raises(ValueError, match="Partition 0: X holds what is no number in column 'b'"):
        DaskGDRegressor().fit(frames.from_pandas(columns, npartitions=2), target)


def test_a_target_outside_of_the_domain_of_the_loss(table, data):
    y = in_chunks(spoiled(abs(table[1]), 950, -1.0), 300)
    with pytest.raises(ValueError, match=r"Partition 3: Poisson loss needs .* y\[50\] = -1"):
        DaskGDRegressor("poisson").fit(data[0], y)


def test_negative_weights(table, data):
    weights = in_chunks(spoiled(table[3], 400, -1.0), 300)
    with pytest.raises(ValueError, match=r"Partition 1: .* sample_weight\[100\] = -1"):
        DaskGDRegressor().fit(*data, weights)


def test_weights_of_zero(data):
    with pytest.raises(ValueError, match="No partition has a row of a weight above 0"):
        DaskGDRegressor().fit(*data, in_chunks(np.zeros(1000), 300))


def test_rows_that_do_not_pair(data):
    X, y = data
    with pytest.raises(ValueError, match="y has 500 rows and X has 1000"):
        DaskGDRegressor().fit(X, y[:500])
    with pytest.raises(ValueError, match=r"y has 2 partitions and X has 4, .*compute_chunk_sizes"):
        DaskGDRegressor().fit(X[X[:, 0] > 0], y[:500][y[:500] > 0])
    with pytest.raises(ValueError, match=r"Partition 0: X has 133 rows, and y has 300: .* cut"):
        DaskGDRegressor().fit(X[X[:, 0] > 0], y[y > 0])


@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_what_is_no_collection(table, data, name):
    delayed = {"X": data[0], "y": data[1], name: needed("dask").delayed(table[1])}
    with pytest.raises(TypeError, match=f"{name} is of type Delayed.*, and no Dask collection"):
        DaskGDRegressor().fit(**delayed)
    given = {"X": data[0], "y": data[1], "sample_weight": None, name: table[1]}
    with pytest.raises(TypeError, match=f"{name} is of type ndarray, and no Dask collection"):
        DaskGDRegressor().fit(**given)


def test_labels_of_one_class(data):
    with pytest.raises(ValueError, match="at least 2 classes"):
        DaskGDClassifier().fit(data[0], in_chunks(np.zeros(1000, int), 300))


def test_parameters(data):
    with pytest.raises(ValueError, match="'alpha' parameter of DaskGDRegressor must be"):
        DaskGDRegressor(alpha=-1).fit(*data)
    with pytest.raises(ValueError, match=r"DaskGDRegressor cannot .*early_stopping.*X_val"):
        DaskGDRegressor(early_stopping=True).fit(*data)
    with pytest.raises(ValueError, match="cannot be combined with optimizer='cg'"):
        DaskGDRegressor(optimizer="cg").fit(*data)
    with pytest.raises(ValueError, match=r"updates_per_round must be an int .* Got 0"):
        DaskGDRegressor().fit(*data, updates_per_round=0)
    with pytest.raises(TypeError, match="no parameter 'client'"):
        DaskGDRegressor(client=None)


def test_workers_that_die_again_and_again(cluster):
    distributed = needed("distributed")
    with pytest.raises(RuntimeError, match="into smaller partitions"), clear_errors(cluster):
        raise distributed.KilledWorker("pass_of-0", distributed.scheduler.WorkerState, 3)


def test_rows_that_cannot_be_computed(data):
    def broken(block, block_info=None):
        if block_info and block_info[0]["chunk-location"][0] == 2:
            raise OSError("the file is truncated")
        return block

    X, y = data
    with pytest.raises(OSError, match="the file is truncated") as raised:
        DaskGDRegressor().fit(X.map_blocks(broken, dtype=float, meta=np.empty((0, 0))), y)
    assert raised.value.__notes__ == ["It was raised while partition 2 was computed."]


def test_a_client_that_is_closed(data):
    model = DaskGDRegressor()
    with needed("distributed").Client(
        processes=False, n_workers=1, dashboard_address=":0", set_as_default=False
    ) as client:
        model.client = client
    with pytest.raises(RuntimeError, match=r"the client was closed .* fit again"):
        model.fit(*data)


def test_other_columns_than_those_of_the_fit(data):
    model = DaskGDRegressor().fit(*data)
    message = "3 features, but DaskGDRegressor is expecting 4 features"
    with pytest.raises(ValueError, match=message):
        model.predict(data[0][:, :3])
    with pytest.raises(ValueError, match=message):
        model.score(data[0][:, :3], data[1])


def test_a_gap_in_the_targets_of_score(table, data):
    X, y, _, _ = table
    bad = y.copy()
    bad[307] = np.nan
    model = DaskGDRegressor().fit(*data)
    with pytest.raises(ValueError, match=r"Partition 1: .*The first is y\[7\]"):
        model.score(data[0], in_chunks(bad, 300))
    with pytest.raises(ValueError, match=r"Input y contains NaN. The first is y\[307\]"):
        model.to_local().score(X, bad)


def test_updates_per_round_of_a_batch_solver(data):
    with pytest.warns(IgnoredParameterWarning, match="updates_per_round=5 has no effect"):
        DaskGDRegressor().fit(*data, updates_per_round=5)


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_a_column_of_labels_is_warned_of_once(table, fit):
    X, _, labels, _ = table
    given = {} if fit == "fit" else {"classes": ["no", "yes"]}
    column = in_chunks(labels[:, None], 300)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = getattr(DaskGDClassifier(), fit)(in_chunks(X, 300), column, **given)
    assert sum(issubclass(one.category, DataConversionWarning) for one in caught) == 1
    known = getattr(DaskGDClassifier(), fit)(in_chunks(X, 300), in_chunks(labels, 300), **given)
    np.testing.assert_array_equal(model.coef_, known.coef_)


@pytest.mark.parametrize("dtype", ["string", "object"])
def test_a_missing_label(table, dtype):
    pandas, frames = needed("pandas"), needed("dask.dataframe")
    labels = pandas.Series(spoiled(table[2].astype(object), 700, None), dtype=dtype)
    X = frames.from_pandas(pandas.DataFrame(table[0], columns=list("abcd")), npartitions=2)
    y = frames.from_pandas(labels, npartitions=2)
    with pytest.raises(ValueError, match=r"Partition 1: y contains a missing label: y\[200\]"):
        DaskGDClassifier().fit(X, y)


def test_labels_that_are_text_in_one_partition_and_numbers_in_another(table, data):
    def text_but_for_the_first(y, block_id=None):
        return y.astype(str) if block_id[0] else y

    labels = in_chunks((table[1] > np.median(table[1])).astype(int), 300)
    mixed = labels.map_blocks(text_but_for_the_first, dtype=int)
    with pytest.raises(ValueError, match=r"labels of one partition are text .* type int64\. All"):
        DaskGDClassifier().fit(data[0], mixed)


def test_a_partition_with_fewer_targets_than_rows(data):
    short = data[1].map_blocks(lambda y: y[1:], dtype=float, chunks=((float("nan"),) * 4,))
    X = data[0].map_blocks(lambda X: X, chunks=((float("nan"),) * 4, (4,)), dtype=float)
    with pytest.raises(ValueError, match=r"Partition 0: X has 300 rows, and y has 299: .* cut"):
        DaskGDRegressor().fit(X, short)
