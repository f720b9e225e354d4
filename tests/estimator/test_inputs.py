"""Accepted X and y: containers, types, orders, shapes. None of them changes the result."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from components import OVER_ALL_ROWS
from grids import pairwise
from libraries import needed
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from gdregress import GDRegressor
from gdregress.losses import LOSSES
from gdregress.samplers import SAMPLERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CONTAINERS = [
    getattr(sparse, f"{form}_{kind}")
    for form in ("csr", "csc", "coo")
    for kind in ("array", "matrix")
]
NAMES = ["height", "width", "depth"]


def make_data(n=60, p=3, dtype=float):
    """Half of the entries are zero; columns differ in mean and size."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, p)) * (1 + np.arange(p)) + 1
    X[rng.uniform(size=X.shape) < 0.5] = 0
    y = X @ np.linspace(1, -1, p) + 2 + 0.1 * rng.normal(size=n)
    return X.astype(dtype), y.astype(dtype)


def short(**parameters):
    """A model that makes a few epochs."""
    return GDRegressor(**{"max_iter": 8, "tol": None, "random_state": 0, **parameters})


def own_columns(solver):
    """What makes a model take the same steps for sparse and for dense rows.

    Batches of sparse rows are scaled, and not centred unless their means are large.
    """
    return {"solver": solver, "preconditioner": "auto" if solver == "batch" else None}


def with_indices(X, container, dtype):
    """A sparse X whose index arrays have this type."""
    X = container(X)
    if X.format == "coo":
        X.coords = tuple(index.astype(dtype) for index in X.coords)
    else:
        X.indices, X.indptr = X.indices.astype(dtype), X.indptr.astype(dtype)
    return X


class TestSparse:
    @pairwise(container=CONTAINERS, dtype=[np.int32, np.int64], solver=SAMPLERS)
    def test_every_container_equals_dense(self, container, dtype, solver, monkeypatch):
        X, y = make_data()
        dense = short(**own_columns(solver)).fit(X, y)
        filled = []

        def refuse(self, *args, **kwargs):
            filled.append(self.shape)
            raise AssertionError(f"a sparse matrix of shape {self.shape} was made dense")

        given = with_indices(X, container, dtype)
        index = given.row if given.format == "coo" else given.indices
        assert index.dtype == dtype
        for kind in CONTAINERS:
            original = kind.toarray

            def toarray(self, *args, original=original, **kwargs):
                # products such as X' X may be filled in, anything with the rows of X not
                return refuse(self) if len(X) in self.shape else original(self, *args, **kwargs)

            monkeypatch.setattr(kind, "toarray", toarray)
            monkeypatch.setattr(kind, "todense", refuse)
        model = short(**own_columns(solver)).fit(given, y)
        predicted = model.predict(given)
        assert short(solver=solver).fit(given, y).score(given, y) > 0.9
        assert not filled
        assert_allclose(model.coef_, dense.coef_, rtol=1e-10)
        assert_allclose(model.intercept_, dense.intercept_, rtol=1e-10)
        assert_allclose(predicted, dense.predict(X), rtol=1e-10)

    @pairwise(
        solver=SAMPLERS,
        optimizer=OVER_ALL_ROWS,
        penalty=[None, "l1", "l2"],
        fit_intercept=[True, False],
    )
    def test_equals_dense(self, solver, optimizer, penalty, fit_intercept):
        X, y = make_data()
        model = short(
            optimizer=optimizer,
            penalty=penalty,
            fit_intercept=fit_intercept,
            **own_columns(solver),
        )
        if penalty is not None:
            model.set_params(alpha=0.05)
        dense = model.fit(X, y).coef_
        curve = model.loss_curve_
        model.fit(sparse.csr_array(X), y)
        assert_allclose(model.coef_, dense, rtol=1e-10, atol=1e-13)
        assert_allclose(model.loss_curve_, curve, rtol=1e-10)

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_equals_dense_for_every_loss(self, solver, loss):
        X, y = make_data()
        y = np.exp(0.2 * y)
        dense = short(loss=loss, **own_columns(solver)).fit(X, y).coef_
        coef = short(loss=loss, **own_columns(solver)).fit(sparse.csr_array(X), y).coef_
        assert_allclose(coef, dense, rtol=1e-10, atol=1e-13)

    @pairwise(
        solver=SAMPLERS,
        container=[sparse.csr_array, sparse.csc_matrix],
        fit_intercept=[True, False],
        weighted=[False, True],
    )
    def test_standardize_equals_dense(self, solver, container, fit_intercept, weighted):
        X, y = make_data()
        weights = np.linspace(0.5, 2, len(y)) if weighted else None
        model = short(
            solver=solver,
            standardize=True,
            penalty="l2",
            alpha=0.1,
            fit_intercept=fit_intercept,
            max_iter=8 if solver == "batch" else 80,
        )
        dense = model.fit(X, y, weights).coef_
        intercept = model.intercept_
        model.fit(container(X), y, weights)
        # batches of sparse rows take other steps, to the same minimum
        rtol = 1e-10 if solver == "batch" else 1e-6
        assert_allclose(model.coef_, dense, rtol=rtol)
        assert_allclose(model.intercept_, intercept, rtol=rtol)

    @pytest.mark.parametrize("mean", [1.0, 10.0, 1e4])
    @pytest.mark.parametrize("penalty", [None, "l2"])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_means_far_from_zero_reach_the_optimum_of_dense_rows(self, solver, penalty, mean):
        X, y = make_data()
        X[:, 0] += mean  # a column without zeros
        model = GDRegressor(solver=solver, penalty=penalty, alpha=0.01, random_state=0)
        if penalty is None:
            model.set_params(alpha=1e-4)
        dense, curve = model.fit(X, y).coef_, model.loss_curve_
        model.fit(sparse.csr_array(X), y)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, dense, atol=1e-3)
        assert_allclose(model.loss_curve_[-1], curve[-1], rtol=1e-4)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_explicit_zeros_and_unsorted_indices(self, solver):
        X, y = make_data()
        given = sparse.csr_array(X + (X == 0))
        given.data[(X == 0).ravel()] = 0.0  # stored zeros
        for row in range(len(y)):
            part = slice(given.indptr[row], given.indptr[row + 1])
            given.indices[part] = given.indices[part][::-1].copy()
            given.data[part] = given.data[part][::-1].copy()
        given.has_sorted_indices = False
        assert_allclose(
            short(**own_columns(solver)).fit(given, y).coef_,
            short(**own_columns(solver)).fit(X, y).coef_,
            rtol=1e-10,
        )

    @pytest.mark.parametrize("standardize", [False, True])
    def test_a_matrix_too_large_to_be_dense(self, standardize):
        size = 100_000  # 80 GB if it were dense
        X = sparse.diags_array(np.linspace(1, 2, size), format="csr")
        y = np.linspace(-1, 1, size)
        model = GDRegressor(standardize=standardize, max_iter=3, tol=None)
        tracemalloc.start()
        model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 500e6
        assert model.predict(X).shape == (size,)
        assert model.loss_curve_[-1] < model.history_["objective"][0]

    @pytest.mark.parametrize("solver", ["stochastic", "mini-batch"])
    def test_wide_rows_one_by_one(self, solver):
        X = sparse.random_array((100, 100_000), density=1e-4, random_state=0, format="csr")
        y = np.asarray(X.sum(axis=1)).ravel()
        model = short(solver=solver, max_iter=2).fit(X, y)
        assert model.loss_curve_[-1] < model.history_["objective"][0]


class TestTypes:
    @pairwise(solver=SAMPLERS, optimizer=OVER_ALL_ROWS, container=[np.asarray, sparse.csr_array])
    def test_float32_is_kept(self, solver, optimizer, container):
        X, y = make_data(dtype=np.float32)
        model = short(solver=solver, optimizer=optimizer).fit(container(X), y)
        assert model.coef_.dtype == np.float32
        assert model.predict(container(X)).dtype == np.float32
        assert isinstance(model.intercept_, float)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"standardize": True},
            {"average": True},
            {"penalty": "elasticnet"},
            {"loss": "huber"},
            {"learning_rate": "line-search"},
            {"learning_rate": 0.01, "schedule": "cosine"},
            {"early_stopping": True},
            {"fit_intercept": False},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
    def test_float32_is_kept_with_other_parameters(self, container, parameters):
        X, y = make_data(dtype=np.float32)
        weights = np.linspace(1, 2, len(y))
        model = short(store_path=True, **parameters).fit(container(X), y, weights)
        assert model.coef_.dtype == np.float32
        assert model.predict(container(X)).dtype == np.float32
        assert model.history_.coef[-1].dtype == np.float32

    @pytest.mark.parametrize("loss", ["poisson", "gamma"])
    def test_float32_is_kept_under_a_log_link(self, loss):
        X, y = make_data(dtype=np.float32)
        model = short(loss=loss).fit(X, np.exp(y / 5))
        assert model.coef_.dtype == model.predict(X).dtype == np.float32

    def test_float32_is_kept_for_several_targets(self):
        X, y = make_data(dtype=np.float32)
        model = short().fit(X, np.column_stack([y, -y]))
        assert model.coef_.dtype == model.intercept_.dtype == model.predict(X).dtype == np.float32

    def test_float32_is_kept_by_partial_fit(self):
        X, y = make_data(dtype=np.float32)
        model = GDRegressor(solver="mini-batch").partial_fit(X, y).partial_fit(X, y)
        assert model.coef_.dtype == np.float32

    def test_y_follows_the_type_of_X(self):
        X, y = make_data()
        assert short().fit(X.astype(np.float32), y).coef_.dtype == np.float32
        assert short().fit(X, y.astype(np.float32)).coef_.dtype == np.float64

    @pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8, bool, np.float16])
    def test_other_numbers_become_float64(self, dtype):
        X, y = make_data()
        X = (X > 1).astype(dtype)
        model = short().fit(X, (y > 0).astype(int))
        assert model.coef_.dtype == np.float64
        assert_array_equal(model.coef_, short().fit(X.astype(float), 1.0 * (y > 0)).coef_)

    def test_lists(self):
        X, y = make_data()
        model = short().fit(X.tolist(), y.tolist(), sample_weight=[1.0, 2.0] * 30)
        expected = short().fit(X, y, sample_weight=np.array([1.0, 2.0] * 30))
        assert_array_equal(model.coef_, expected.coef_)
        assert_array_equal(model.predict(X.tolist()), expected.predict(X))


class TestMemory:
    @pytest.mark.parametrize("solver", SAMPLERS)
    @pytest.mark.parametrize("optimizer", ["nesterov", "adam"])
    def test_order_and_strides_do_not_matter(self, optimizer, solver):
        X, y = make_data()
        expected = short(solver=solver, optimizer=optimizer).fit(X, y).coef_
        wide = np.repeat(X, 2, axis=1)[:, ::2]
        long = np.repeat(X, 2, axis=0)[::2]
        backwards = X[::-1].copy()[::-1]
        for given in (np.asfortranarray(X), wide, long, backwards):
            coef = short(solver=solver, optimizer=optimizer).fit(given, y).coef_
            assert_allclose(coef, expected, rtol=1e-10)
        strided = np.repeat(y, 2)[::2]
        assert_allclose(
            short(solver=solver, optimizer=optimizer).fit(X, strided).coef_, expected, rtol=1e-10
        )

    @pairwise(
        container=[np.asarray, sparse.csr_array], optimizer=["nesterov", "adam"], solver=SAMPLERS
    )
    def test_read_only_input(self, container, optimizer, solver):
        X, y = make_data()
        weights = np.linspace(1, 2, len(y))
        expected = short(solver=solver, optimizer=optimizer).fit(container(X), y, weights)
        given = container(X.copy())
        parts = [y, weights]
        parts += [given.data, given.indices, given.indptr] if sparse.issparse(given) else [given]
        for part in parts:
            part.flags.writeable = False
        model = short(solver=solver, optimizer=optimizer).fit(given, y, weights)
        assert_array_equal(model.coef_, expected.coef_)
        model.partial_fit(given, y, weights)

    @pytest.mark.parametrize("mode", ["r", "r+", "c"])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_memory_map(self, solver, mode, tmp_path):
        X, y = make_data()
        np.save(tmp_path / "X.npy", X)
        mapped = np.load(tmp_path / "X.npy", mmap_mode=mode)
        model = short(solver=solver).fit(mapped, y)
        assert_array_equal(model.coef_, short(solver=solver).fit(X, y).coef_)
        assert_array_equal(np.load(tmp_path / "X.npy"), X)

    @pytest.mark.parametrize("container", [np.asarray, *CONTAINERS])
    @pytest.mark.parametrize("standardize", [False, True])
    def test_input_is_left_as_it_was(self, standardize, container):
        X, y = make_data()
        given, targets, weights = container(X), y.copy(), np.linspace(0, 2, len(y))
        start = np.ones(3)
        model = short(standardize=standardize)
        model.fit(given, targets, sample_weight=weights, coef_init=start)
        dense = given.toarray() if sparse.issparse(given) else given
        assert_array_equal(dense, X)
        assert_array_equal(targets, y)
        assert_array_equal(weights, np.linspace(0, 2, len(y)))
        assert_array_equal(start, np.ones(3))


class TestFrames:
    @pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_frames_equal_arrays(self, solver, frame):
        X, y = make_data()
        given = frame(dict(zip(NAMES, X.T, strict=True)))
        model = short(solver=solver).fit(given, y)
        expected = short(solver=solver).fit(X, y)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-12)
        assert_array_equal(model.feature_names_in_, NAMES)
        assert_allclose(model.predict(given), expected.predict(X), rtol=1e-12)

    @pytest.mark.parametrize("series", [pd.Series, pl.Series])
    def test_series_as_targets_and_weights(self, series):
        X, y = make_data()
        weights = np.linspace(1, 2, len(y))
        model = short().fit(X, series(y), sample_weight=series(weights))
        assert_array_equal(model.coef_, short().fit(X, y, sample_weight=weights).coef_)

    def test_a_pandas_index_is_not_an_order(self):
        X, y = make_data()
        frame = pd.DataFrame(X, columns=NAMES, index=np.random.RandomState(0).permutation(60))
        assert_allclose(short().fit(frame, y).coef_, short().fit(X, y).coef_, rtol=1e-12)

    def test_names_in_another_order_are_an_error(self):
        X, y = make_data()
        frame = pd.DataFrame(X, columns=NAMES)
        model = short().fit(frame, y)
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[NAMES[::-1]])

    def test_no_names_without_a_frame(self):
        X, y = make_data()
        assert not hasattr(short().fit(X, y), "feature_names_in_")

    def test_sparse_pandas_frame(self):
        X, y = make_data()
        frame = pd.DataFrame.sparse.from_spmatrix(sparse.csr_array(X), columns=NAMES)
        assert_allclose(short().fit(frame, y).coef_, short().fit(X, y).coef_, rtol=1e-10)


class TestShapes:
    @pytest.mark.parametrize("optimizer", OVER_ALL_ROWS)
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_one_row(self, solver, optimizer):
        model = GDRegressor(solver=solver, optimizer=optimizer, max_iter=2000, random_state=0)
        model.fit([[1.0, 2.0]], [3.0])
        assert_allclose(model.predict([[1.0, 2.0]]), [3.0], atol=0.1)

    def test_one_row_standardised(self):
        model = GDRegressor(standardize=True).fit([[1.0, 2.0]], [3.0])
        assert_allclose(model.predict([[1.0, 2.0]]), [3.0], atol=1e-3)
        assert_array_equal(model.coef_, [0.0, 0.0])

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_more_columns_than_rows(self, solver):
        rng = np.random.RandomState(0)
        X, y = rng.normal(size=(10, 40)), rng.normal(size=10)
        model = GDRegressor(solver=solver, max_iter=3000, random_state=0).fit(X, y)
        assert model.score(X, y) > 0.99

    def test_more_columns_than_rows_finds_the_smallest_coefficients(self):
        rng = np.random.RandomState(0)
        X, y = rng.normal(size=(10, 40)), rng.normal(size=10)
        model = GDRegressor(fit_intercept=False, preconditioner=None, tol=1e-10).fit(X, y)
        assert_allclose(model.coef_, np.linalg.pinv(X) @ y, atol=1e-7)

    @pytest.mark.parametrize("standardize", [False, True])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_constant_columns(self, solver, standardize):
        X, y = make_data()
        given = np.column_stack([X, np.zeros(len(y)), np.full(len(y), 3.0)])
        model = GDRegressor(solver=solver, standardize=standardize, max_iter=2000, random_state=0)
        score = model.fit(given, y).score(given, y)
        assert np.isfinite(model.coef_).all()
        assert model.coef_[3] == 0
        assert score > 0.98

    @pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_constant_columns_under_l2(self, solver, container):
        X, y = make_data()
        given = np.column_stack([X, np.full(len(y), 5.0)])
        model = GDRegressor(solver=solver, penalty="l2", alpha=0.1, random_state=0)
        expected = model.fit(X, y).coef_
        model.fit(container(given), y)
        assert model.stop_reason_ == "tolerance"
        assert_allclose(model.coef_, [*expected, 0], atol=2e-3)

    @pytest.mark.parametrize("penalty", ["l1", "l2"])
    @pytest.mark.parametrize("n", [1, 2, 60])
    def test_single_precision_ends_at_its_floor(self, n, penalty):
        X, y = make_data(dtype=np.float32)
        model = GDRegressor(
            solver="mini-batch", penalty=penalty, alpha=0.1, fit_intercept=False, random_state=0
        )
        assert model.fit(X[:n], y[:n]).stop_reason_ == "tolerance"

    @pytest.mark.parametrize("solver", SAMPLERS)
    @pytest.mark.parametrize("fit_intercept", [False, True])
    def test_nothing_but_zeros(self, fit_intercept, solver):
        _, y = make_data()
        model = GDRegressor(solver=solver, fit_intercept=fit_intercept, random_state=0)
        model.fit(np.zeros((60, 3)), y)
        assert_array_equal(model.coef_, np.zeros(3))
        assert_allclose(model.intercept_, y.mean() if fit_intercept else 0, rtol=1e-12)
        assert model.stop_reason_ == "tolerance"

    @pytest.mark.parametrize("value", [1e-8, 0.1, 1e6])
    def test_standardize_leaves_constant_columns_alone(self, value):
        X, y = make_data()
        given = np.column_stack([X, np.full(len(y), value)])
        model = GDRegressor(standardize=True, tol=1e-10)
        coef = model.fit(given, y).coef_
        assert_allclose(coef[:3], model.fit(X, y).coef_, rtol=1e-7)
        assert abs(coef[3] * value) < 1e-9

    @pairwise(value=[0.1, 7.7, 1e4 / 3], n=[50, 997, 5000], dtype=[np.float32, np.float64])
    def test_a_weighted_constant_column_is_constant(self, value, n, dtype):
        rng = np.random.RandomState(0)
        X = np.column_stack([np.full(n, value), rng.randn(n)]).astype(dtype)
        y, weights = 2 * X[:, 1] + 0.1 * rng.randn(n), rng.rand(n) + 0.01
        model = GDRegressor(standardize=True).fit(X, y, sample_weight=weights)
        assert abs(model.coef_[0] * value) < 1e-5
        assert_allclose(model.coef_[1], 2, rtol=0.02)

    @pytest.mark.parametrize("weighted", [False, True])
    @pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
    def test_standardize_tells_small_spreads_from_none_in_single_precision(
        self, container, weighted
    ):
        rng = np.random.RandomState(0)
        X = np.column_stack([2013 + 5 * rng.normal(size=40_000), rng.normal(size=40_000)])
        X, weights = X.astype(np.float32), rng.rand(40_000) + 0.5 if weighted else None
        y = 0.1 * (X[:, 0] - 2013) + X[:, 1]
        model = GDRegressor(standardize=True, penalty="l2", alpha=1.0)  # ends within tol=1e-4
        expected = model.fit(X.astype(float), y, weights).coef_
        assert_allclose(model.fit(container(X), y, weights).coef_, expected, rtol=5e-4)

    @pytest.mark.parametrize("loss", ["squared_error", "huber"])
    def test_nothing_but_zeros_and_no_intercept(self, loss):
        model = GDRegressor(
            loss, fit_intercept=False, max_iter=1, penalty="l2", alpha=1e-3, learning_rate=0.01
        )
        with pytest.warns(ConvergenceWarning):
            model.fit(np.zeros((6, 2)), [0, 1, 0, 1, 1, 0], coef_init=np.ones(2))
        assert (model.coef_ > 0).all() and (model.coef_ < 1).all()

    @pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_duplicate_columns_share_their_coefficient(self, solver, container):
        X, y = make_data()
        given = container(np.column_stack([X, X[:, 0]]))
        model = GDRegressor(solver=solver, max_iter=2000, random_state=0).fit(given, y)
        assert_allclose(model.coef_[0], model.coef_[3], rtol=1e-6)
        assert model.score(given, y) > 0.98

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_constant_target(self, solver):
        X, _ = make_data()
        model = GDRegressor(solver=solver, max_iter=3000, random_state=0)
        model.fit(X, np.full(len(X), 5.0))
        assert model.converged_
        assert_allclose(model.predict(X), 5.0, rtol=1e-12)

    @pytest.mark.parametrize("solver", SAMPLERS)
    @pytest.mark.parametrize("optimizer", OVER_ALL_ROWS)
    def test_target_of_zeros(self, optimizer, solver):
        X, _ = make_data()
        model = GDRegressor(solver=solver, optimizer=optimizer, random_state=0)
        model.fit(X, np.zeros(len(X)))
        assert_array_equal(model.coef_, np.zeros(3))
        assert model.intercept_ == 0.0
        assert model.converged_

    def test_no_columns_is_an_error(self):
        with pytest.raises(ValueError, match="0 feature"):
            GDRegressor().fit(np.empty((5, 0)), np.ones(5))


class TestSeveralTargets:
    @pairwise(
        solver=SAMPLERS,
        container=[np.asarray, sparse.csr_array],
        optimizer=["gd", "momentum", "nesterov", "adam", "adagrad"],
    )
    def test_equal_separate_fits(self, solver, container, optimizer):
        X, y = make_data()
        Y = np.column_stack([y, y**2 / 10, -y + 1])
        model = short(solver=solver, optimizer=optimizer, learning_rate=0.01, penalty="l1")
        if optimizer in ("momentum", "nesterov"):
            model.set_params(momentum=0.5)
        together = model.fit(container(X), Y)
        coef, intercept = together.coef_, together.intercept_
        predicted = together.predict(container(X))
        assert coef.shape == (3, 3) and intercept.shape == (3,)
        for target in range(3):
            alone = model.fit(container(X), Y[:, target])
            assert_allclose(coef[target], alone.coef_, rtol=1e-9, atol=1e-12)
            assert_allclose(intercept[target], alone.intercept_, rtol=1e-9)
            assert_allclose(predicted[:, target], alone.predict(container(X)), rtol=1e-9)

    def test_two_columns_reach_both_optima(self):
        X, y = make_data()
        Y = np.column_stack([y, y**2])
        model = GDRegressor(tol=1e-9).fit(X, Y)
        A = np.column_stack([X, np.ones(len(y))])
        optimum = np.linalg.lstsq(A, Y, rcond=None)[0]
        assert_allclose(model.coef_, optimum[:-1].T, rtol=1e-5, atol=1e-6)
        assert_allclose(model.intercept_, optimum[-1], rtol=1e-5)

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_one_column_keeps_its_axis(self, solver):
        X, y = make_data()
        model = short(solver=solver).fit(X, y[:, None])
        assert model.coef_.shape == (1, 3)
        assert model.intercept_.shape == (1,)
        assert model.predict(X).shape == (60, 1)
        flat = short(solver=solver).fit(X, y)
        assert_allclose(model.coef_[0], flat.coef_, rtol=1e-10)

    def test_without_an_intercept(self):
        X, y = make_data()
        model = short(fit_intercept=False).fit(X, np.column_stack([y, -y]))
        assert_array_equal(model.intercept_, [0.0, 0.0])
        assert short(fit_intercept=False).fit(X, y).intercept_ == 0.0

    def test_poisson_counts(self):
        X, y = make_data()
        Y = np.round(np.exp(np.column_stack([y, -y]) / 5))
        model = GDRegressor(loss="poisson", max_iter=3000).fit(X, Y)
        for target in range(2):
            alone = GDRegressor(loss="poisson", max_iter=3000).fit(X, Y[:, target])
            assert_allclose(model.coef_[target], alone.coef_, atol=1e-3)


class TestBatchSize:
    @pytest.mark.parametrize("fraction, rows", [(0.1, 6), (0.5, 30), (1.0, 60), (1e-9, 1)])
    def test_a_float_is_a_fraction_of_the_rows(self, fraction, rows):
        X, y = make_data()
        given = {"solver": "mini-batch", "learning_rate": 0.01}  # undone epochs count no updates
        expected = short(batch_size=rows, **given).fit(X, y)
        model = short(batch_size=fraction, **given).fit(X, y)
        assert_array_equal(model.coef_, expected.coef_)
        assert model.t_ == 8 * 60 // rows

    def test_more_rows_than_there_are(self):
        X, y = make_data()
        given = {"solver": "mini-batch", "learning_rate": 0.01}
        expected = short(batch_size=60, **given).fit(X, y)
        model = short(batch_size=1000, **given).fit(X, y)
        assert_array_equal(model.coef_, expected.coef_)
        assert model.t_ == 8

    def test_all_rows_are_batch_descent(self):
        X, y = make_data()
        given = {"optimizer": "gd", "learning_rate": 0.05, "schedule": "constant"}
        model = short(solver="mini-batch", batch_size=1.0, shuffle=False, **given).fit(X, y)
        assert_allclose(model.coef_, short(**given).fit(X, y).coef_, rtol=1e-12)

    def test_one_row_is_stochastic_descent(self):
        X, y = make_data()
        given = {"optimizer": "momentum", "learning_rate": 0.01}
        model = short(solver="mini-batch", batch_size=1, **given).fit(X, y)
        assert_allclose(
            model.coef_, short(solver="stochastic", **given).fit(X, y).coef_, rtol=1e-12
        )

    def test_the_last_short_batch_counts_by_its_rows(self):
        X, y = make_data()
        model = short(
            solver="mini-batch",
            batch_size=40,
            shuffle=False,
            optimizer="gd",
            learning_rate=0.05,
            schedule="constant",
            max_iter=1,
        ).fit(X, y)
        A, params = np.column_stack([X, np.ones(60)]), np.zeros(4)
        for rows, share in ((slice(0, 40), 1.0), (slice(40, 60), 0.5)):
            residual = A[rows] @ params - y[rows]
            params = params - 0.05 * share * A[rows].T @ residual / len(residual)
        assert_allclose(np.append(model.coef_, model.intercept_), params, rtol=1e-12)


def test_csr_of_strided_arrays():
    X = sparse.random_array(
        (30, 4), density=0.5, random_state=np.random.RandomState(0), format="csr"
    )
    doubled = np.repeat(X.data, 2)
    strided = sparse.csr_array((doubled[::2], X.indices, X.indptr), shape=X.shape)
    y = np.arange(30.0)
    kw = {"solver": "stochastic", "max_iter": 3, "tol": None, "random_state": 0}
    expected = GDRegressor(**kw).fit(X, y).coef_
    np.testing.assert_array_equal(GDRegressor(**kw).fit(strided, y).coef_, expected)


def sparse_rows():
    return sparse.random_array(
        (30, 4), density=0.5, random_state=np.random.RandomState(0), format="csr"
    )


def with_duplicates(X, index_type=np.int32):
    """The same matrix, each entry of which is the sum of two at one place, unsorted."""
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    order = np.argsort(np.r_[rows, rows], kind="stable")
    columns, values = np.r_[X.indices, X.indices][order], np.r_[3 * X.data, -2 * X.data][order]
    twice = sparse.csr_array((values, columns, 2 * X.indptr), shape=X.shape)
    twice.indptr = twice.indptr.astype(index_type)
    return twice


class TestSparseArrays:
    """What the arrays of a sparse matrix hold: checked before anything reads them."""

    @pytest.mark.parametrize("index_type", [np.int32, np.int64])
    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"standardize": True},
            {"loss": "huber", "solver": "stochastic", "preconditioner": "columns"},
            {"solver": "mini-batch", "optimizer": "adam"},
        ],
        ids=str,
    )
    def test_entries_at_one_place_are_added_up(self, parameters, index_type):
        X, y = sparse_rows(), np.arange(30.0)
        given = with_duplicates(X, index_type)
        assert not given.has_canonical_format
        model, expected = short(**parameters).fit(given, y), short(**parameters).fit(X, y)
        assert_allclose(model.coef_, expected.coef_, rtol=1e-9)
        assert_allclose(model.predict(given), expected.predict(X), rtol=1e-9)
        assert given.nnz == 2 * X.nnz  # the user's own is left as it was

    @pytest.mark.parametrize("solver", SAMPLERS)
    def test_numbers_behind_the_last_row_are_none_of_its(self, solver):
        X, y = sparse_rows(), np.arange(30.0)
        longer = X.copy()
        longer.data, longer.indices = np.r_[X.data, 1e9], np.r_[X.indices, np.int32(99)]
        expected = short(solver=solver).fit(X, y).coef_
        assert_array_equal(short(solver=solver).fit(longer, y).coef_, expected)

    DAMAGES = {
        "indptr falls": lambda X: X.indptr.__setitem__(20, 10**6),
        "indptr begins": lambda X: X.indptr.__setitem__(0, -5),
        "indptr begins with 1": lambda X: X.indptr.__setitem__(0, 1),
        "indptr has": lambda X: setattr(X, "indptr", X.indptr[:-3]),
        "indptr ends": lambda X: X.indptr.__setitem__(-1, 10**7),
        "data at": lambda X: setattr(X, "data", X.data[:-9]),
        "indices at": lambda X: setattr(X, "indices", X.indices[:-9]),
        "to 1000000": lambda X: X.indices.__setitem__(3, 10**6),
        "from -1000000": lambda X: X.indices.__setitem__(3, -(10**6)),
        "of integers": lambda X: setattr(X, "indices", X.indices.astype(float)),
    }

    @pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
    @pytest.mark.parametrize("form", ["csr", "csc", "bsr"])
    @pytest.mark.parametrize("message", DAMAGES)
    def test_damaged_ones_are_refused(self, message, form, method):
        X, y = sparse_rows(), np.arange(30.0)
        model = short().fit(X, y)
        damaged = X.asformat(form)
        if form == "csc" and message == "indptr falls":
            damaged.indptr[2] = 10**6
        else:
            self.DAMAGES[message](damaged)
        with pytest.raises(ValueError, match=f"not a valid {form.upper()} matrix: .*{message}"):
            getattr(model, method)(damaged, y)

    @pytest.mark.parametrize("axis", ["row", "col"])
    @pytest.mark.parametrize("method", ["fit", "predict"])
    def test_damaged_coordinates_are_refused(self, method, axis):
        X, y = sparse_rows(), np.arange(30.0)
        model, damaged = short().fit(X, y), X.tocoo()
        getattr(damaged, axis)[3] = 10**6
        with pytest.raises(ValueError, match="from 0 to 1000000, but only"):
            getattr(model, method)(damaged, *[y] * (method == "fit"))


def test_frames_and_series_of_dask_are_read_into_memory():
    frames = needed("dask.dataframe")
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 4.0], "b": [1.0, 0.0, 2.0, 3.0]})
    y = X["a"] + X["b"]
    parts = (frames.from_pandas(table, npartitions=2) for table in (X, y))
    assert_allclose(GDRegressor().fit(*parts).coef_, GDRegressor().fit(X, y).coef_, rtol=1e-12)
