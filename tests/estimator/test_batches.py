"""fit_batches: the fit of all rows, from batches that are read anew in each pass."""

import itertools
import threading
import warnings

import numpy as np
import pytest
from grids import pairwise
from libraries import needed
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import Lasso, LogisticRegression, PoissonRegressor, Ridge

from gdregress import GDClassifier, GDRegressor
from gdregress._estimator.input.batch_reader import read_ahead

CUTS = {"1 batch": [], "2 batches": [7], "many": [1, 2, *range(3, 120, 9)]}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of a few batches."""
    for name in ("BLOCK_SIZE", "SHUFFLED_SIZE"):
        monkeypatch.setattr(f"gdregress._estimator.input.batches.{name}", 100)


def make_data(n=120):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 4)) * [1, 30, 1, 1e-3] + [0, 100, 5, 0]
    z = X @ [1.0, -0.05, 0.0, 500.0]
    z -= z.mean()
    return X, z + 0.5 * rng.normal(size=n), z


def batches_of(*arrays, cuts=(13, 40, 77)):
    """A function that yields the rows of arrays, cut at some rows."""
    ends = [0, *cuts, arrays[0].shape[0]]

    def batches():
        for start, stop in itertools.pairwise(ends):
            yield tuple(array[start:stop] for array in arrays)

    return batches


def targets(X, z, name):
    """Targets for an estimator."""
    rng = np.random.RandomState(1)
    if name == "counts":
        return rng.poisson(np.exp(z / z.std()))
    noisy = z + rng.logistic(size=len(z))
    if name == "labels":
        return np.where(noisy > 0, "late", "early")
    return np.digitize(noisy, [-1, 1])


CASES = {
    "squared error": (GDRegressor, {}, "y"),
    "l2": (GDRegressor, {"penalty": "l2", "alpha": 0.1}, "y"),
    "l1": (GDRegressor, {"penalty": "l1", "alpha": 0.1}, "y"),
    "no intercept": (GDRegressor, {"fit_intercept": False}, "y"),
    "standardize": (GDRegressor, {"standardize": True, "penalty": "l2", "alpha": 0.1}, "y"),
    "huber": (GDRegressor, {"loss": "huber"}, "y"),
    "huber l1": (GDRegressor, {"loss": "huber", "penalty": "l1", "alpha": 0.05}, "y"),
    "poisson": (GDRegressor, {"loss": "poisson"}, "counts"),
    "log loss": (GDClassifier, {"alpha": 0.01}, "labels"),
    "three classes": (GDClassifier, {"alpha": 0.01}, "classes"),
    "one against the rest": (GDClassifier, {"loss": "squared_hinge", "alpha": 0.01}, "classes"),
}


@pairwise(case=CASES, weighted=[False, True])
def test_the_answer_does_not_depend_on_the_batches(case, weighted):
    estimator, given, kind = CASES[case]
    X, y, z = make_data()
    y = y if kind == "y" else targets(X, z, kind)
    weights = [np.random.RandomState(2).randint(3, size=len(y)).astype(float)] * weighted
    tol = 1e-10
    models = [
        estimator(tol=tol, **given).fit_batches(batches_of(X, y, *weights, cuts=cuts))
        for cuts in CUTS.values()
    ]
    whole = estimator(tol=tol, **given).fit(X, y, *weights)
    size = np.abs(whole.coef_).max()
    for model in models:
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, models[0].coef_, rtol=0, atol=1e-10 * size)
        assert_allclose(model.coef_, whole.coef_, rtol=0, atol=20 * tol * size)
        assert_allclose(model.intercept_, whole.intercept_, rtol=0, atol=100 * tol * size)


class TestAgainstScikitLearn:
    def test_ridge_and_lasso(self):
        X, y, _ = make_data()
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        batches, n = batches_of(X, y), len(y)
        model = GDRegressor(penalty="l2", alpha=0.1, tol=1e-10).fit_batches(batches)
        assert_allclose(model.coef_, Ridge(alpha=n * 0.1).fit(X, y).coef_, atol=1e-9)
        model = GDRegressor(penalty="l1", alpha=0.1, tol=1e-10).fit_batches(batches)
        assert_allclose(model.coef_, Lasso(alpha=0.1, tol=1e-12).fit(X, y).coef_, atol=1e-9)

    def test_logistic_regression_and_poisson(self):
        X, _, z = make_data()
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        labels, counts = targets(X, z, "labels"), targets(X, z, "counts")
        model = GDClassifier(alpha=0.01, tol=1e-9).fit_batches(batches_of(X, labels))
        known = LogisticRegression(C=1 / (len(z) * 0.01), tol=1e-10, max_iter=1000).fit(X, labels)
        assert_allclose(model.coef_, known.coef_, rtol=1e-6)
        assert_array_equal(model.predict(X), known.predict(X))
        model = GDRegressor(loss="poisson", penalty="l2", alpha=0.01, tol=1e-9)
        model.fit_batches(batches_of(X, counts))
        known = PoissonRegressor(alpha=0.01, tol=1e-10, max_iter=1000).fit(X, counts)
        assert_allclose(model.coef_, known.coef_, rtol=1e-6)


@pairwise(solver=["mini-batch", "stochastic"], optimizer=["auto", "adam", "gd"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestBatchesOfRows:
    def test_a_single_batch_is_the_fit(self, solver, optimizer):
        X, y, _ = make_data()
        given = {"solver": solver, "optimizer": optimizer, "max_iter": 4, "tol": None}
        whole = GDRegressor(random_state=0, loss="huber", **given).fit(X, y)
        model = GDRegressor(random_state=0, loss="huber", **given)
        model.fit_batches(batches_of(X, y, cuts=[]))
        assert_allclose(model.coef_, whole.coef_, rtol=1e-9)
        assert model.t_ == whole.t_ and model.n_iter_ == 4

    def test_many_end_at_the_minimum(self, solver, optimizer):
        X, y, _ = make_data()
        given = {"solver": solver, "optimizer": optimizer, "loss": "log_cosh", "max_iter": 150}
        model = GDRegressor(random_state=0, **given).fit_batches(batches_of(X, y))
        best = GDRegressor(loss="log_cosh", tol=1e-8).fit(X, y).history_["objective"][-1]
        null = model.history_["objective"][0]
        left = (model.history_["objective"][-1] - best) / (null - best)
        assert left < (1e-7 if optimizer == "auto" else 1e-3)
        assert model.converged_ or optimizer != "auto"


def test_batches_of_a_list_come_in_random_order():
    seen = []

    class Watched(list):
        def __getitem__(self, number):
            seen.append(number)
            return super().__getitem__(number)

    X, y, _ = make_data()
    batches = Watched(batches_of(X, y, cuts=range(10, 120, 10))())
    GDRegressor(solver="mini-batch", max_iter=2, tol=None, random_state=0).fit_batches(batches)
    epochs = seen[:12], seen[12:]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(12))
    assert epochs[0] != epochs[1]


def test_sparse_batches_stay_sparse_and_float32_stays():
    X, y, _ = make_data()
    X = np.where(np.abs(X) > 1, X, 0).astype(np.float32)
    dense = GDRegressor(loss="huber", tol=1e-6).fit_batches(batches_of(X, y))
    model = GDRegressor(loss="huber", tol=1e-6).fit_batches(batches_of(sparse.csr_array(X), y))
    assert model.coef_.dtype == np.float32
    assert_allclose(model.coef_, dense.coef_, rtol=1e-3)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "log_loss"])
def test_more_columns_than_have_moments(loss):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1100, 520))
    y = X[:, :3].sum(axis=1) + 0.1 * rng.normal(size=1100)
    estimator, y = (GDClassifier, y > 0) if loss == "log_loss" else (GDRegressor, y)
    given = {"loss": loss, "penalty": "l1", "alpha": 0.1, "tol": 1e-11}
    model = estimator(**given).fit_batches(batches_of(X, y, cuts=[300, 600]))
    whole = estimator(**given).fit(X, y)
    assert model.converged_ and whole.converged_
    assert_allclose(model.coef_, whole.coef_, rtol=0, atol=1e-10 * np.abs(whole.coef_).max())


def test_kinks_of_more_columns_end_without_a_proof():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(90, 520))
    y = X[:, :3].sum(axis=1) + 0.1 * rng.normal(size=90)
    with pytest.warns(ConvergenceWarning):
        model = GDRegressor("absolute_error", penalty="l1", alpha=0.1, max_iter=300)
        model.fit_batches(batches_of(X, y, cuts=[30, 60]))
    assert not model.converged_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("kind", ["labels", "classes"])
def test_the_perceptron_is_that_of_all_rows_and_ends_without_a_proof(kind):
    X, _, z = make_data()
    y = targets(X, z, kind)
    model = GDClassifier("perceptron", max_iter=300).fit_batches(batches_of(X, y))
    whole = GDClassifier("perceptron", max_iter=300).fit(X, y)
    assert model.stop_reason_ == whole.stop_reason_ in ("plateau", "max_iter")
    assert model.n_iter_ == whole.n_iter_
    assert_allclose(model.coef_, whole.coef_, rtol=0, atol=1e-10 * np.abs(whole.coef_).max())


def test_warm_start_goes_on():
    X, y, _ = make_data()
    given = {"solver": "mini-batch", "tol": None, "random_state": 0}
    whole = GDRegressor(max_iter=5, **given).fit_batches(batches_of(X, y))
    model = GDRegressor(max_iter=3, warm_start=True, **given).fit_batches(batches_of(X, y))
    model.set_params(max_iter=2).fit_batches(batches_of(X, y))
    assert_array_equal(model.coef_, whole.coef_)


def test_a_run_that_is_too_short_says_so():
    X, y, _ = make_data()
    with pytest.warns(ConvergenceWarning, match="has not converged in max_iter=2 epochs"):
        GDRegressor(solver="mini-batch", max_iter=2).fit_batches(batches_of(X, y))


def test_the_state_of_an_earlier_fit_survives():
    X, y, _ = make_data()
    model = GDRegressor().fit(X, y)
    known = model.coef_.copy()
    X[50, 2] = np.nan
    with pytest.raises(ValueError, match="Batch 2"):
        model.fit_batches(batches_of(X, y))
    assert_array_equal(model.coef_, known)


def test_labels_that_are_text_in_one_batch_and_numbers_in_another():
    X, y, _ = make_data()
    labels = (y > 0).astype(int)
    batches = [(X[:50], labels[:50]), (X[50:], labels[50:].astype(str))]
    with pytest.raises(ValueError, match=r"labels of one batch are text and .* of the type int64"):
        GDClassifier().fit_batches(batches)


def test_a_batch_with_fewer_targets_than_rows():
    X, y, _ = make_data()
    with pytest.raises(ValueError, match="Batch 1: X has 50 rows, and y has 49: there must be"):
        GDRegressor().fit_batches([(X[:50], y[:50]), (X[50:100], y[50:99])])


class TestSources:
    def test_a_data_loader(self):
        torch = needed("torch")
        X, y, _ = make_data()
        data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(y))
        loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)
        model = GDRegressor(tol=1e-9).fit_batches(loader)
        assert isinstance(model.coef_, np.ndarray)
        assert_allclose(model.coef_, GDRegressor(tol=1e-9).fit(X, y).coef_, rtol=1e-6)

    def test_a_dataset_of_hugging_face(self):
        datasets = needed("datasets")
        X, y, _ = make_data()
        data = datasets.Dataset.from_dict({"rows": X, "target": y})
        data = data.with_format("numpy", dtype=np.float64)

        def batches():
            for batch in data.iter(batch_size=50):
                yield batch["rows"], batch["target"]

        model = GDRegressor(tol=1e-9).fit_batches(batches)
        assert_allclose(model.coef_, GDRegressor(tol=1e-9).fit(X, y).coef_, rtol=1e-6)

    def test_a_parquet_file_by_pyarrow(self, tmp_path):
        needed("pyarrow")
        pandas = needed("pandas")
        from pyarrow import parquet

        X, y, _ = make_data()
        frame = pandas.DataFrame(X, columns=list("abcd")).assign(y=y)
        frame.to_parquet(tmp_path / "rows.parquet")

        def batches():
            for batch in parquet.ParquetFile(tmp_path / "rows.parquet").iter_batches(50):
                rows = batch.to_pandas()
                yield rows.drop(columns="y"), rows["y"]

        model = GDRegressor(tol=1e-9).fit_batches(batches)
        assert_array_equal(model.feature_names_in_, list("abcd"))
        assert_allclose(model.coef_, GDRegressor(tol=1e-9).fit(X, y).coef_, rtol=1e-6)

    def test_a_csv_file_by_pandas_and_a_frame_of_polars(self, tmp_path):
        pandas, polars = needed("pandas"), needed("polars")
        X, y, _ = make_data()
        frame = pandas.DataFrame(X, columns=list("abcd")).assign(y=y)
        frame.to_csv(tmp_path / "rows.csv", index=False)

        def from_file():
            for rows in pandas.read_csv(tmp_path / "rows.csv", chunksize=50):
                yield rows.drop(columns="y"), rows["y"]

        def from_frame():
            for rows in polars.from_pandas(frame).iter_slices(50):
                yield rows.drop("y"), rows["y"]

        known = GDRegressor(tol=1e-9).fit(X, y).coef_
        for batches in (from_file, from_frame):
            assert_allclose(GDRegressor(tol=1e-9).fit_batches(batches).coef_, known, rtol=1e-6)


class TestErrors:
    def fails(self, batches, message, error=ValueError, estimator=None, **given):
        with pytest.raises(error, match=message):
            (estimator or GDRegressor()).fit_batches(batches, **given)

    def test_what_is_no_source_of_batches(self):
        X, y, _ = make_data()
        self.fails(batches_of(X, y)(), "read only once.*partial_fit", TypeError)
        self.fails(5, "int, which cannot be iterated", TypeError)
        self.fails(X, "ndarray, and no iterable of batches", TypeError)
        self.fails({"X": X}, "dict, and no iterable of batches", TypeError)
        self.fails(lambda: 5, r"batches\(\) has returned a int", TypeError)
        self.fails([], "holds no row")
        self.fails(lambda: iter(()), "holds no row")

    def test_what_is_no_batch(self):
        X, y, _ = make_data()
        self.fails([(X,)], "Batch 0: it is a tuple of 1", TypeError)
        self.fails([(X, y), X], "Batch 1: it is a ndarray", TypeError)
        message = r"Batch 0: it is a dict with the keys \['X', 'y'\]"
        self.fails([{"X": X, "y": y}], message, TypeError)

    def test_rows_columns_and_types(self):
        X, y, _ = make_data()
        bad = X.copy()
        bad[3, 2] = np.inf
        self.fails([(X, y), (bad, y)], "Batch 1: .*row 3, column 2")
        self.fails([(X, y), (X[:, :3], y)], "Batch 1: .*3 features")
        self.fails([(X, y), (X, y[:-1])], "Batch 1: X has 120 rows, and y has 119")
        self.fails([(X, y), (X, np.column_stack([y, y]))], "Batch 1: y has the shape")
        self.fails([(X, y), (sparse.csr_array(X), y)], "Batch 1: X is sparse")
        self.fails([(X, y), (X, y, -y)], "Batch 1: .*Negative values")
        self.fails([(X, y, 0 * y)], "holds no row of a weight above 0")

    def test_passes_of_different_rows(self):
        X, y, _ = make_data()
        used_up = batches_of(X, y)()
        message = "0 rows .* in this pass, and 120 in the first"
        self.fails(lambda: used_up, message, estimator=HUBER)
        counts = iter([60, 61])

        def growing():
            n = next(counts)
            return [(X[:n], y[:n])]

        self.fails(growing, "61 rows .*, and 60 in the first", estimator=HUBER)

    def test_classes(self):
        X, _, z = make_data()
        y = targets(X, z, "classes")
        model = GDClassifier()
        self.fails([(X, y)], "labels that are not among", estimator=model, classes=[0, 1])
        self.fails([(X, 0 * y)], "at least 2 classes", estimator=model)

    @pytest.mark.parametrize("batches", [[], [([[1.0]], ["a"], [0.0])]], ids=["none", "no weight"])
    def test_labels_of_no_rows(self, batches):
        self.fails(batches, "holds no row of a weight above 0", estimator=GDClassifier())

    def test_what_needs_all_rows(self):
        X, y, _ = make_data()
        message = "early_stopping=True alone.*Give rows to validate on as X_val and y_val"
        self.fails([(X, y)], message, estimator=GDRegressor(early_stopping=True))
        message = "fit_batches cannot be combined with optimizer='cg'.*Use optimizer='auto'"
        self.fails([(X, y)], message, estimator=GDRegressor(optimizer="cg"))
        own = GDRegressor(loss=lambda y, z: (z - y) ** 2)
        self.fails([(X, y)], "PyTorch or JAX differentiates", estimator=own)


HUBER = GDRegressor(loss="huber")


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_batches_without_rows_are_skipped(solver):
    X, y, z = make_data()
    labels = targets(X, z, "classes")
    for of, model in ((y, GDRegressor), (labels, GDClassifier)):
        full = [(X[:60], of[:60]), (X[60:], of[60:])]
        parts = [(X[:0], of[:0]), full[0], (np.empty((0, 4)), []), full[1], ([], [])]
        given = {"solver": solver, "shuffle": False, "random_state": 0}
        given = {"solver": solver} if solver == "batch" else given
        known = model(**given).fit_batches(lambda full=full: iter(full))
        found = model(**given).fit_batches(lambda parts=parts: iter(parts))
        assert_array_equal(found.coef_, known.coef_)


@pytest.mark.parametrize("labels", [[0, 1, 2], ["a", "b", "c"]], ids=str)
def test_a_label_of_rows_without_weight_is_no_class(labels):
    X, _, z = make_data()
    y = np.array(labels)[targets(X, z, "classes")]
    weights = (y != labels[1]).astype(float)
    whole = GDClassifier().fit(X, y, weights)
    model = GDClassifier().fit_batches([(X[:50], y[:50], weights[:50]), (X, y, weights)])
    assert_array_equal(model.classes_, whole.classes_)
    assert model.coef_.shape == whole.coef_.shape


@pytest.mark.parametrize(
    ("classes", "absent"), [([0, 1, 2, 3], r"\[3\]"), ([-1, 0, 1, 2], r"\[-1\]")], ids=str
)
def test_a_class_without_rows_is_named(classes, absent):
    X, _, z = make_data()
    y = targets(X, z, "classes")
    model = GDClassifier(max_iter=2, tol=None)
    with pytest.warns(UserWarning, match=f"No row is of the classes {absent}"):
        model.fit_batches([(X, y)], classes=classes)
    with pytest.warns(UserWarning, match=r"No row is of the classes \['b'\]"):
        model.fit_batches([(X, np.full(len(X), "a"))], classes=["a", "b"])


def test_a_column_of_labels_is_warned_of_once():
    X, _, z = make_data()
    y = targets(X, z, "classes")[:, None]
    given = {"solver": "mini-batch", "max_iter": 3, "tol": None, "random_state": 0}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = GDClassifier(**given).fit_batches([(X[:60], y[:60]), (X[60:], y[60:])])
    assert sum(issubclass(one.category, DataConversionWarning) for one in caught) == 1
    known = GDClassifier(**given).fit_batches([(X[:60], y[:60, 0]), (X[60:], y[60:, 0])])
    assert_array_equal(model.coef_, known.coef_)


def test_class_weights_by_dict_and_given_classes():
    X, _, z = make_data()
    y = targets(X, z, "classes")
    given = {"class_weight": {0: 1, 1: 2, 2: 0.5}, "alpha": 0.01, "tol": 1e-6}
    whole = GDClassifier(**given).fit(X, y)
    # the first batch does not have all of the classes
    order = np.argsort(y, kind="stable")
    batches = batches_of(X[order], y[order])
    for classes in (None, [0, 1, 2]):
        model = GDClassifier(**given).fit_batches(batches, classes=classes)
        assert_array_equal(model.classes_, [0, 1, 2])
        assert_allclose(model.coef_, whole.coef_, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("labels", [[0, 1, 2], ["a", "b", "c"], [False, True, True]], ids=str)
@pytest.mark.parametrize("classes_given", [False, True])
def test_balanced_class_weights(labels, classes_given):
    X, _, z = make_data()
    y = np.array(labels)[targets(X, z, "classes")]
    weights = np.random.RandomState(2).randint(3, size=len(y)).astype(float)
    given = {"class_weight": "balanced", "alpha": 0.01, "tol": 1e-6}
    whole = GDClassifier(**given).fit(X, y, weights, X_val=X[:30], y_val=y[:30])
    classes = np.unique(y) if classes_given else None
    model = GDClassifier(**given)
    batches = batches_of(X, y, weights)
    model.fit_batches(batches, classes=classes, X_val=X[:30], y_val=y[:30])
    assert_array_equal(model.classes_, whole.classes_)
    assert_allclose(model.coef_, whole.coef_, rtol=1e-3, atol=1e-5)
    # rows to validate on count by the classes of those to train on
    assert_allclose(model.validation_scores_[-1], whole.validation_scores_[-1], rtol=1e-5)


def test_balanced_weights_of_a_class_without_rows():
    X, _, z = make_data()
    y = targets(X, z, "classes")
    given = {"class_weight": "balanced", "max_iter": 2, "tol": None}
    with pytest.warns(UserWarning, match=r"No row is of the classes \[3\]"):
        model = GDClassifier(**given).fit_batches([(X, y)], classes=[0, 1, 2, 3])
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_prefetched_batches_give_the_same_bits(solver):
    X, y, _ = make_data()
    threads = set()

    def batches():
        for batch in batches_of(X, y)():
            threads.add(threading.current_thread())
            yield batch

    given = {"solver": solver, "max_iter": 4, "tol": None, "random_state": 0}
    for source in (batches, list(batches())):
        threads.clear()
        known = GDRegressor("huber", **given).fit_batches(source)
        model = GDRegressor("huber", **given).fit_batches(source, prefetch=True)
        assert_array_equal(model.coef_, known.coef_)
    GDRegressor().fit_batches(batches, prefetch=True)
    assert threads and threading.current_thread() not in threads


def test_a_batch_is_read_while_the_last_one_is_used():
    asked = [threading.Event() for _ in range(4)]

    def items():
        for event in asked:
            event.set()
            yield event

    for number, _ in enumerate(read_ahead(items)):
        assert asked[min(number + 1, 3)].wait(5)


def test_an_error_in_the_thread_is_the_callers():
    X, y, _ = make_data()

    def batches():
        yield X[:60], y[:60]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        GDRegressor().fit_batches(batches, prefetch=True)
    with pytest.raises(TypeError, match="prefetch must be True or False"):
        GDRegressor().fit_batches([(X, y)], prefetch=2)


@pytest.mark.parametrize("prefetch", [False, True])
@pytest.mark.parametrize("estimator", [GDRegressor, GDClassifier])
def test_a_batch_that_cannot_be_read_is_named(estimator, prefetch):
    X, y, _ = make_data()

    def batches():
        yield X[:60], y[:60] > 0
        yield X[60:], y[60:] > 0
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone") as raised:
        estimator().fit_batches(batches, prefetch=prefetch)
    assert raised.value.__notes__ == ["It was raised while batch 2 was read."]


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_early_stopping_on_rows_that_are_given(solver):
    X, y, _ = make_data()
    given = {"early_stopping": True, "solver": solver, "learning_rate": 1e-4, "max_iter": 60}
    given |= {"n_iter_no_change": 2, "random_state": 0}
    rows = {"X_val": X[80:], "y_val": y[80:], "sample_weight_val": np.arange(1.0, 41.0)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        whole = GDRegressor("huber", **given).fit(X[:80], y[:80], **rows)
        model = GDRegressor("huber", **given)
        model.fit_batches([(X[:80], y[:80])], **rows)
    assert model.stop_reason_ == whole.stop_reason_
    assert_allclose(model.validation_scores_, whole.validation_scores_, rtol=1e-6)
    assert_allclose(model.coef_, whole.coef_, rtol=1e-6)


def test_rows_without_a_nonzero_are_rows():
    X, y, _ = make_data()
    X = np.where(np.abs(X) > 1, X, 0)
    X[60:] = 0
    model = GDRegressor(tol=1e-9).fit_batches(batches_of(sparse.csr_array(X), y, cuts=[60]))
    assert_allclose(model.coef_, GDRegressor(tol=1e-9).fit(X, y).coef_, rtol=1e-6)
    assert_allclose(model.intercept_, GDRegressor(tol=1e-9).fit(X, y).intercept_, rtol=1e-6)


def test_columns_that_all_but_cancel():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 3))
    X[:, 2] = X[:, 0] + X[:, 1] + 1e-7 * rng.normal(size=200)
    y = X @ [1.0, 1.0, -1.0] + 1e4 * (X[:, 2] - X[:, 0] - X[:, 1]) + rng.normal(size=200)
    model = GDRegressor(tol=1e-8).fit_batches(batches_of(X, y, cuts=[50, 130]))
    assert model.converged_
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(200)]), y, rcond=1e-14)[0][:-1]
    assert_allclose(X @ model.coef_, X @ exact, atol=1e-4)


@pytest.mark.parametrize("solver", ["batch", "mini-batch"])
def test_correlated_columns_take_as_few_epochs_as_in_memory(solver):
    rng = np.random.RandomState(0)
    X = np.cumsum(rng.normal(size=(600, 6)) * [1, 0.03, 0.03, 0.03, 0.03, 0.03], axis=1)
    z = X @ rng.normal(size=6)
    y = np.digitize(z / z.std() + 0.3 * rng.logistic(size=600), [-1, 1])
    given = {"solver": solver, "alpha": 1e-4, "random_state": 0}
    model = GDClassifier(**given).fit_batches(batches_of(X, y, cuts=[100, 350]))
    whole = GDClassifier(**given).fit(X, y)
    assert model.converged_ and model.n_iter_ < 2 * whole.n_iter_
    assert_allclose(model.history_["objective"][-1], whole.history_["objective"][-1], rtol=1e-6)
