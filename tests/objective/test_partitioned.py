"""Sums over blocks of rows equal those over all rows, for any blocks."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from problems import COLUMNS, objective_of, rows_and_targets, shaped, start_of
from scipy import sparse

from gdregress._objective.curvature import Spectrum
from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress._objective.moments import moments_of
from gdregress._objective.partitioned import (
    PartitionedDesign,
    PartitionedObjective,
    PartitionedSpectrum,
)
from gdregress._objective.partitions import Block, LocalPartitions
from gdregress._objective.summary import merged, summary_of
from gdregress.losses import (
    CLASSIFICATION_LOSSES,
    LOSSES,
    Huber,
    LogLoss,
    SquaredError,
    SquaredHinge,
)
from gdregress.losses.multiclass import multiclass_loss
from gdregress.penalties import L2

# Each list says where the 23 rows are cut.
CUTS = [[], [11], [1, 2, 3, 20], list(range(1, 23))]


class Blocks(LocalPartitions):
    """Blocks in memory."""

    def __init__(self, blocks, loss, fit_intercept):
        self.given = blocks
        self.summary = self.reduce(summary_of, loss, fit_intercept, combine=merged)

    def blocks(self, rng=None, shuffle=False):
        yield from self.given


def cut(X, y, weights, loss, cuts, fit_intercept=True):
    ends = [0, *cuts, len(y)]
    blocks = [
        Block(X[a:b], y[a:b], None if weights is None else 5 * weights[a:b], a)
        for a, b in pairwise(ends)
    ]
    return Blocks(blocks, loss, fit_intercept)


def both(loss, cuts, weighted=True, as_sparse=False, columns=COLUMNS, fit_intercept=True):
    """The objective of all rows, and that of the blocks."""
    X, Y, weights = rows_and_targets()
    y = Y if loss == "squared_error" else Y[:, :1]
    X = sparse.csr_array(X) if as_sparse else X
    weights = weights if weighted else None
    whole = objective_of(X, y, weights, loss, "l2", columns, fit_intercept)
    given = X, whole.y, whole.weights
    partitions = cut(*given, whole.loss, cuts, fit_intercept)
    design = PartitionedDesign(partitions, fit_intercept, columns)
    return whole, PartitionedObjective(design, whole.loss, whole.penalty)


def test_a_model_is_whole_however_many_values_were_asked_for_since():
    _, parts = both("huber", [11])
    w = shaped(start_of("l2", 1))
    first = parts.model(w)
    for step in range(1, 8):
        parts.trial_value(w + step, w - step)
    for known, again in zip(first, parts.model(w), strict=True):
        assert again is known


@pytest.mark.parametrize("as_sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("cuts", CUTS, ids=lambda cuts: f"{len(cuts) + 1} blocks")
class TestSums:
    @pytest.mark.parametrize("loss", [name for name in LOSSES if name != "gamma"])
    def test_value_gradient_and_null_parameters(self, loss, cuts, weighted, as_sparse):
        whole, parts = both(loss, cuts, weighted, as_sparse)
        w = shaped(start_of("l2", 3 if loss == "squared_error" else 1))
        there = w + 0.1
        assert_allclose(parts.loss_value(w), whole.loss_value(w), rtol=1e-13)
        assert_allclose(parts.gradient(w), whole.gradient(w), rtol=1e-11, atol=1e-13)
        assert_allclose(parts.trial_value(w, there), whole.loss_value(w), rtol=1e-13)
        assert_allclose(parts.gradient(there), whole.gradient(there), rtol=1e-11, atol=1e-13)
        assert_allclose(parts.null_parameters(), whole.null_parameters(), rtol=1e-12)
        assert_allclose(parts.slope_size(w), whole.slope_size(w), rtol=1e-12)
        assert_allclose(parts.column_mean_squares, whole.column_mean_squares, rtol=1e-11)

    @pytest.mark.parametrize("loss", ["huber", "poisson", "log_cosh"])
    def test_second_derivatives(self, loss, cuts, weighted, as_sparse):
        whole, parts = both(loss, cuts, weighted, as_sparse)
        w = shaped(start_of("l2", 1))
        value, gradient, curved = parts.model(w)
        assert_allclose(value, whole.loss_value(w), rtol=1e-13)
        assert_allclose(gradient, whole.gradient(w), rtol=1e-11, atol=1e-13)
        assert_allclose(curved, whole.hessians(w), rtol=1e-10, atol=1e-12)
        assert_allclose(parts.largest_curvature(w), whole.largest_curvature(w), rtol=1e-9)

    def test_moments_and_spectrum(self, cuts, weighted, as_sparse):
        whole, parts = both("squared_error", cuts, weighted, as_sparse)
        design = DesignMatrix(whole.design.X, True, COLUMNS)
        known = Spectrum(design, whole.weights, whole.y)
        spectrum = PartitionedSpectrum(parts.design)
        for name in ("mean", "covariance", "target_mean", "target_covariance", "target_variance"):
            one, other = getattr(spectrum.moments, name), getattr(known.moments, name)
            assert_allclose(one, other, rtol=1e-10, atol=1e-12)
        assert_allclose(spectrum.moments.weight, known.moments.weight, rtol=1e-12)
        assert_allclose(spectrum.largest_row, known.largest_row, rtol=1e-12)
        mean = np.linspace(-1, 1, 5)
        assert_allclose(spectrum.largest_deviations(mean), known.largest_deviations(mean))
        v = np.linspace(1, 2, 6)
        times = parts.design.second_moments_times(v, None)
        assert_allclose(times, design.second_moments_times(v, whole.weights), rtol=1e-12)


def test_of_labels_and_classes():
    X, _, weights = rows_and_targets()
    classes = np.arange(23) % 3
    for y, loss in (
        (np.where(classes == 0, -1.0, 1.0), LogLoss()),
        (classes.astype(float), multiclass_loss(LogLoss(), 3)),
        (classes.astype(float), multiclass_loss(SquaredHinge(), 3)),
    ):
        whole = DataObjective(DesignMatrix(X, True, COLUMNS), y, weights, loss, L2())
        design = PartitionedDesign(cut(X, y, weights, loss, [7, 9]), True, COLUMNS)
        parts = PartitionedObjective(design, loss, L2())
        null = whole.null_parameters()
        assert_allclose(parts.null_parameters(), null, rtol=1e-12)
        assert_allclose(parts.loss_value(null), whole.loss_value(null), rtol=1e-13)
        assert_allclose(parts.gradient(null), whole.gradient(null), rtol=1e-11, atol=1e-13)
        far = np.linspace(-5, 5, null.size).reshape(null.shape)
        assert parts.all_right(far) == whole.all_right(far)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
def test_a_constant_prediction_of_labels_reads_no_row(loss, fit_intercept, monkeypatch):
    X, _, weights = rows_and_targets()
    y, loss = np.where(np.arange(23) % 3 == 0, 1.0, -1.0), CLASSIFICATION_LOSSES[loss]()
    design = DesignMatrix(X, fit_intercept, COLUMNS if fit_intercept else None)
    whole = DataObjective(design, y, weights, loss, L2())
    blocks = cut(X, y, weights, loss, [7, 9], fit_intercept)
    design = PartitionedDesign(blocks, fit_intercept, design.coordinates)
    parts = PartitionedObjective(design, loss, L2())
    constant = np.zeros(5 + fit_intercept)
    if fit_intercept:
        constant[-1] = 0.3
    monkeypatch.setattr(blocks, "blocks", None)
    assert_allclose(parts.loss_value(constant), whole.loss_value(constant), rtol=1e-13)
    assert_allclose(parts.gradient(constant), whole.gradient(constant), rtol=1e-11, atol=1e-14)
    if loss.smooth:
        known = Spectrum(whole.design, weights, y).null_curvature(loss)
        found = PartitionedSpectrum(design).null_curvature(loss)
        assert found == pytest.approx(known, rel=1e-12)


def test_moments_of_blocks_far_apart_keep_their_digits():
    # a column that grows with the rows, as a time stamp does: its mean is 1e4 spreads of a block
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2)) + 1e4 * np.repeat(np.arange(4.0), 100)[:, None]
    y = X @ [1.0, -2.0] + rng.normal(size=400)
    parts = cut(X, y, None, SquaredError(), [100, 200, 300])
    exact = np.cov(X.astype(np.longdouble).T, bias=True)
    assert_allclose(parts.summary.moments.covariance, exact.astype(float), rtol=1e-13)
    at_once = moments_of(DesignMatrix(X, True), y, None)
    assert_allclose(parts.summary.moments.target_mean, at_once.target_mean, rtol=1e-14)


def test_without_moments_there_are_means_and_variances():
    rng = np.random.default_rng(0)
    X, y = rng.normal(2, 3, size=(40, 600)), rng.normal(size=40)
    parts = cut(X, y, None, Huber(), [13, 25])
    assert parts.summary.moments is None
    assert_allclose(parts.summary.mean, X.mean(axis=0))
    assert_allclose(parts.summary.variance, X.var(axis=0))
    spectrum = PartitionedSpectrum(PartitionedDesign(parts, True))
    largest = np.max((X - 1) ** 2, axis=0)
    assert_allclose(spectrum.largest_deviations(np.ones(600)), largest)
    A = np.column_stack([X, np.ones(40)])
    assert_allclose(spectrum.largest, np.linalg.norm(A, 2) ** 2 / 40, rtol=1e-3)


def test_rows_in_blocks_are_read_by_functions_of_a_block_only():
    _, parts = both("huber", [5])
    w = shaped(start_of("l2", 1))
    for read in (parts.design.predict, parts.design.adjoint, parts.design.take):
        with pytest.raises(TypeError, match="rows lie in blocks"):
            read(w)
    with pytest.raises(TypeError, match="block by block"):
        parts.gradient(w, slice(0, 3))
