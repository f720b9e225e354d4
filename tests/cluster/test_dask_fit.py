"""Fits on Dask collections equal those of the local estimators for any partitions."""

import threading

import numpy as np
import pytest
from libraries import needed
from on_cluster import far, in_chunks
from scipy import sparse
from sklearn.linear_model import LinearRegression, LogisticRegression

from gdregress import GDClassifier, GDRegressor
from gdregress.callbacks import Checkpoint
from gdregress.dask import DaskGDClassifier, DaskGDRegressor
from gdregress.dask._partitions import DaskPartitions

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.mark.parametrize(
    ("parameters", "rows"),
    [
        ({}, (1, 500, 499)),
        pytest.param({}, 12, marks=pytest.mark.full),
        ({"penalty": "l2", "alpha": 0.1}, 300),
        ({"penalty": "l1", "alpha": 0.1}, 300),
        ({"learning_rate": 1e-4, "max_iter": 30, "tol": None}, 300),
    ],
    ids=str,
)
def test_the_same_epochs_as_on_one_machine(table, parameters, rows):
    X, y, _, weights = table
    local = GDRegressor(**parameters).fit(X, y, weights)
    data = in_chunks(X, rows, 3), in_chunks(y, rows), in_chunks(weights, rows)
    model = DaskGDRegressor(**parameters).fit(*data)
    assert (model.stop_reason_, model.n_iter_) == (local.stop_reason_, local.n_iter_)
    assert far(model, local) < 1e-10
    np.testing.assert_allclose(model.intercept_, local.intercept_, rtol=1e-10)
    np.testing.assert_allclose(model.loss_curve_, local.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize(
    "parameters",
    [
        {"loss": "huber"},
        {"loss": "log_cosh", "penalty": "l1", "alpha": 0.01},
        {"loss": "squared_epsilon_insensitive", "optimizer": "nesterov"},
    ],
    ids=str,
)
def test_the_minimum_of_other_losses(table, parameters):
    X, y, _, weights = table
    local = GDRegressor(**parameters, tol=1e-8, max_iter=10_000).fit(X, y, weights)
    fits = [
        DaskGDRegressor(**parameters, tol=1e-8).fit(
            in_chunks(X, rows), in_chunks(y, rows), in_chunks(weights, rows)
        )
        for rows in (300, (1, 500, 499))
    ]
    for model in fits:
        assert model.stop_reason_ == "tolerance"
        assert far(model, local) < 1e-6
    # the trials of a line search may tell what rounding has made different
    assert far(*fits) < (1e-7 if "optimizer" in parameters else 1e-10)


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_more_columns_than_have_moments(cluster, loss):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1100, 520))
    y = X[:, :3].sum(axis=1) + 0.1 * rng.normal(size=1100)
    on_cluster, local = DaskGDRegressor, GDRegressor
    if loss == "log_loss":
        on_cluster, local, y = DaskGDClassifier, GDClassifier, y > 0
    given = {"loss": loss, "penalty": "l1", "alpha": 0.1, "tol": 1e-11}
    model = on_cluster(**given).fit(in_chunks(X, 400), in_chunks(y, 400))
    assert model.converged_
    assert far(model, local(**given).fit(X, y)) < 1e-10


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_perceptron_is_that_of_one_machine(table):
    X, _, labels, weights = table
    model = DaskGDClassifier("perceptron", max_iter=50)
    model.fit(in_chunks(X, 300), in_chunks(labels, 300), in_chunks(weights, 300))
    local = GDClassifier("perceptron", max_iter=50).fit(X, labels, weights)
    assert (model.stop_reason_, model.n_iter_) == (local.stop_reason_, local.n_iter_)
    assert far(model, local) < 1e-10


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
@pytest.mark.parametrize("loss", ["absolute_error", "hinge"])
def test_kinks_end_at_the_minimum_and_prove_it(table, loss, solver):
    X, y, labels, weights = table
    on_cluster, local = DaskGDRegressor, GDRegressor
    if loss == "hinge":
        on_cluster, local, y = DaskGDClassifier, GDClassifier, labels
    known = local(loss).fit(X, y, weights)
    model = on_cluster(loss, solver=solver, random_state=0)
    model.fit(in_chunks(X, (1, 500, 499)), in_chunks(y, 300), in_chunks(weights, 300))
    assert model.stop_reason_ == known.stop_reason_ == "tolerance"
    values, gap = model.loss_curve_, model.history_["gap"][-1]
    assert abs(values[-1] - known.loss_curve_[-1]) <= 1e-8 * known.history_["objective"][0]
    assert values[-1] - gap <= known.loss_curve_[-1] + 1e-12


def test_the_last_bit_depends_on_neither_workers_nor_places(table, cluster):
    X, y, _, weights = table
    data = [in_chunks(array, 80) for array in (X, y, weights)]
    model = DaskGDRegressor("huber").fit(*data)
    distributed = needed("distributed")
    with distributed.Client(
        processes=False,
        n_workers=2,
        threads_per_worker=2,
        dashboard_address=":0",
        set_as_default=False,
    ) as other:
        again = DaskGDRegressor("huber")
        again.client = other
        again.fit(*data)
    np.testing.assert_array_equal(again.coef_, model.coef_)
    assert again.loss_curve_ == model.loss_curve_


def test_the_constant_to_begin_with_takes_one_sum(table, monkeypatch):
    asked, reduce = [], DaskPartitions.reduce

    def counted(self, function, *args, **given):
        asked.append(function.__name__)
        return reduce(self, function, *args, **given)

    monkeypatch.setattr(DaskPartitions, "reduce", counted)
    DaskGDRegressor("huber").fit(in_chunks(table[0], 300), in_chunks(table[1], 300))
    assert asked.count("some_targets") == 0


def test_labels(table):
    X, _, labels, weights = table
    model = DaskGDClassifier(penalty="l2", alpha=1e-3, tol=1e-8)
    model.fit(in_chunks(X, 300), in_chunks(labels, 150), in_chunks(weights, 1000))
    reference = LogisticRegression(C=1 / (1e-3 * weights.sum()), tol=1e-12, max_iter=10_000)
    reference.fit((X - X.mean(axis=0)), labels, weights)
    assert model.classes_.tolist() == ["no", "yes"]
    np.testing.assert_allclose(model.coef_, reference.coef_, rtol=1e-5)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.float32, "U3", object])
def test_classes_keep_their_type(table, dtype):
    X, y, _, weights = table
    labels = (y > np.median(y)).astype(int)
    if dtype in ("U3", object):
        labels = np.array(["no", "yes", "say"])[labels]
    labels = labels.astype(dtype)
    weights = np.where(np.arange(1000) < 3, 0.0, weights)
    if dtype is not bool:
        labels[:3] = "7"  # without a weight there is no class
    model = DaskGDClassifier(max_iter=1, tol=None)
    model.fit(in_chunks(X, 500), in_chunks(labels, 500), in_chunks(weights, 500))
    local = GDClassifier(max_iter=1, tol=None).fit(X, labels, weights)
    assert model.classes_.dtype == local.classes_.dtype
    np.testing.assert_array_equal(model.classes_, local.classes_)


def test_three_classes_with_balanced_weights(table):
    X, y, _, weights = table
    labels = np.digitize(y, np.quantile(y, [0.5, 0.8]))
    parameters = {"class_weight": "balanced", "penalty": "l2", "alpha": 0.1}
    model = DaskGDClassifier(**parameters)
    model.fit(in_chunks(X, 300), in_chunks(labels, 300), in_chunks(weights, 300))
    local = GDClassifier(**parameters).fit(X, labels, weights)
    assert model.class_weight == "balanced"
    assert far(model, local) < 1e-3


def test_sparse_blocks(cluster):
    rng = np.random.default_rng(0)
    X = sparse.random(600, 20, density=0.2, format="csr", random_state=0)
    y = X @ np.arange(20.0) + rng.normal(size=600)
    blocks = in_chunks(X.toarray(), 200).map_blocks(sparse.csr_array)
    for loss in ("squared_error", "huber"):
        model = DaskGDRegressor(loss, tol=1e-7).fit(blocks, in_chunks(y, 200))
        assert far(model, GDRegressor(loss, tol=1e-7).fit(X, y)) < 1e-7


def test_chunks_of_unknown_sizes_some_of_them_empty(table):
    X, y, _, _ = table
    order = np.argsort(X[:, 0])
    X, y = X[order], y[order]
    kept = X[:, 0] > 0
    some = in_chunks(X, 200), in_chunks(y, 200), in_chunks(kept, 200)
    model = DaskGDRegressor().fit(some[0][some[2]], some[1][some[2]])
    assert far(model, GDRegressor().fit(X[kept], y[kept])) < 1e-12


def test_blocks_without_a_weight_count_as_none(table):
    X, y, _, weights = table
    weights[:300] = 0
    model = DaskGDRegressor("huber", tol=1e-8)
    model.fit(in_chunks(X, 300), in_chunks(y, 300), in_chunks(weights, 300))
    other = DaskGDRegressor("huber", tol=1e-8)
    other.fit(in_chunks(X[300:], 200), in_chunks(y[300:], 200), in_chunks(weights[300:], 200))
    assert far(model, other) < 1e-10


def test_frames(table):
    X, y, labels, _ = table
    pandas, frames = needed("pandas"), needed("dask.dataframe")
    columns = pandas.DataFrame(X, columns=list("abcd"))
    data = frames.from_pandas(columns, npartitions=3)
    target = frames.from_pandas(pandas.Series(y), npartitions=3)
    model = DaskGDRegressor().fit(data, target)
    assert model.feature_names_in_.tolist() == list("abcd")
    assert far(model, GDRegressor().fit(columns, y)) < 1e-12
    names = frames.from_pandas(pandas.Series(labels), npartitions=3)
    classifier = DaskGDClassifier().fit(data, names)
    assert far(classifier, GDClassifier().fit(columns, labels)) < 1e-3


def test_two_targets_in_single_precision(table):
    X, y, _, _ = (array.astype("float32") if array.dtype == float else array for array in table)
    Y = np.stack([y, 1 - y], axis=1)
    model = DaskGDRegressor().fit(in_chunks(X, 300, 2), in_chunks(Y, 200, 1))
    local = GDRegressor().fit(X, Y)
    assert model.coef_.dtype == np.float32
    np.testing.assert_array_equal(model.coef_, local.coef_)


def test_a_warm_start_goes_on(table):
    X, y, _, _ = table
    data = in_chunks(X, 300), in_chunks(y, 300)
    whole = DaskGDRegressor("huber", tol=1e-8).fit(*data)
    model = DaskGDRegressor("huber", tol=1e-8, warm_start=True, max_iter=2)
    with pytest.warns(UserWarning, match="max_iter=2"):
        model.fit(*data)
    model.set_params(max_iter=100).fit(*data)
    assert model.n_iter_ == whole.n_iter_ - 2
    np.testing.assert_array_equal(model.coef_, whole.coef_)


def test_given_coefficients_are_where_it_starts(table):
    X, y, _, _ = table
    least = LinearRegression().fit(X, y)
    data = in_chunks(X, 300), in_chunks(y, 300)
    model = DaskGDRegressor(learning_rate=1e-5)
    model.fit(*data, coef_init=least.coef_, intercept_init=least.intercept_)
    assert model.n_iter_ <= 2 and model.converged_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_to_validate_on(table):
    X, y, _, _ = table
    held_out = {"X_val": X[700:], "y_val": y[700:]}
    parameters = {"early_stopping": True, "learning_rate": 1e-4, "max_iter": 200}
    local = GDRegressor(**parameters).fit(X[:700], y[:700], **held_out)
    model = DaskGDRegressor(**parameters)
    model.fit(in_chunks(X[:700], 200), in_chunks(y[:700], 200), **held_out)
    assert (model.stop_reason_, model.n_iter_) == (local.stop_reason_, local.n_iter_)
    np.testing.assert_allclose(model.validation_scores_, local.validation_scores_, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_rows_to_validate_on_are_balanced_by_those_of_the_fit(table):
    X, y, _, _ = table
    labels = y > np.quantile(y, 0.8)
    held_out = {"X_val": X[700:], "y_val": np.arange(len(X) - 700) % 2 == 0}
    parameters = {"class_weight": "balanced", "learning_rate": 1e-4, "max_iter": 3}
    local = GDClassifier(**parameters).fit(X[:700], labels[:700], **held_out)
    model = DaskGDClassifier(**parameters)
    model.fit(in_chunks(X[:700], 200), in_chunks(labels[:700], 200), **held_out)
    losses = [one.history_["validation_loss"] for one in (model, local)]
    np.testing.assert_allclose(*losses, rtol=1e-9)


def test_callbacks_stay_where_they_are(table, tmp_path):
    X, y, _, _ = table
    data, lock, seen = (in_chunks(X, 300), in_chunks(y, 300)), threading.Lock(), []

    def see(row):
        with lock:  # which cannot be sent
            seen.append(row["epoch"])

    whole = DaskGDRegressor("huber").set_callbacks(see).fit(*data)
    assert seen == list(range(1, whole.n_iter_ + 1))
    whole.predict(data[0]).compute()
    path = tmp_path / "checkpoint"
    model = DaskGDRegressor("huber", max_iter=2).set_callbacks(Checkpoint(path, every=1))
    with pytest.warns(UserWarning, match="max_iter=2"):
        model.fit(*data)
    again = DaskGDRegressor("huber").fit(*data, resume_from=path)
    np.testing.assert_array_equal(again.coef_, whole.coef_)


def test_the_history_of_an_epoch_is_printed(table, capsys):
    X, y, _, _ = table
    DaskGDRegressor(verbose=1).fit(in_chunks(X, 300), in_chunks(y, 300))
    assert "Ended by 'tolerance'" in capsys.readouterr().out
