"""The objective from the data themselves."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from problems import (
    COLUMNS,
    ONLY_SCALED,
    objective_of,
    rows_and_targets,
    shaped,
    start_of,
    transformed,
)
from scipy import sparse
from twins import PENALISED

from gdregress._objective.design import DesignMatrix
from gdregress._objective.from_data import DataObjective
from gdregress.losses import Huber
from gdregress.losses.multiclass import Softmax
from gdregress.penalties import L1, L2, ElasticNet, NoPenalty


class OwnHuber(Huber):
    """A loss that the core does not know, so that NumPy multiplies."""

    def value(self, y, z):
        return super().value(y, z)


def test_the_flag_of_an_invalid_product_is_no_warning():
    """BLAS raises it for finite numbers, too, now and then; infinite ones raise it always."""
    design = DesignMatrix(np.array([[np.inf, -np.inf], [1.0, 2.0]]), False)
    objective = DataObjective(design, np.zeros(2), None, OwnHuber(), NoPenalty())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(objective.loss_value(np.ones(2)))
        assert np.isnan(objective.gradient(np.ones(2))).all()


@pytest.mark.parametrize("loss", ["huber", OwnHuber()], ids=["core", "own"])
@pytest.mark.parametrize("storage", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("columns", [COLUMNS, ONLY_SCALED], ids=["centred", "scaled"])
@pytest.mark.parametrize("k", [1, 3])
def test_in_scaled_columns_it_is_the_objective_of_the_rows_scaled(k, columns, storage, loss):
    """Although the rows stay as they are; asked for the gradient first, as runs do."""
    X, Y, weights = (np.asarray(a, dtype=float) for a in rows_and_targets())
    Y, params = Y[:, :k], shaped(start_of("l2", k))
    inside = objective_of(storage(X), Y, weights, loss, NoPenalty(), columns)
    scaled = objective_of(transformed(X, columns), Y, weights, loss, NoPenalty())
    assert_allclose(inside.gradient(params), scaled.gradient(params), rtol=1e-11, atol=1e-13)
    assert inside.loss_value(params) == pytest.approx(scaled.loss_value(params), rel=1e-12)
    assert_allclose(inside.predict(params), scaled.predict(params), rtol=1e-12)
    assert_allclose(inside.column_mean_squares, scaled.column_mean_squares, rtol=1e-12)
    rows = np.array([3, 5, 8])
    assert_allclose(
        inside.gradient(params, rows), scaled.gradient(params, rows), rtol=1e-11, atol=1e-13
    )


@pytest.mark.parametrize("penalty", PENALISED)
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("columns", [None, COLUMNS], ids=["as they are", "scaled"])
def test_the_gradient_mapping_is_what_a_proximal_step_is_made_of(penalty, k, columns):
    X, Y, weights = rows_and_targets()
    given = objective_of(X, Y[:, :k], weights, "squared_error", penalty, columns)
    params, step = shaped(start_of(penalty, k)).astype(float), 0.1
    gradient = given.gradient(params)
    moved = given.prox(params - step * gradient, step)
    found = given.gradient_mapping(params, gradient, step)
    assert_allclose(found, (params - moved) / step, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("penalty", [L2(1e-30), L1(1e-30), ElasticNet(1e-30, 0.5)], ids=repr)
def test_the_gradient_mapping_keeps_its_digits_far_from_zero(penalty):
    X, Y, weights = rows_and_targets()
    given = objective_of(X, Y[:, :1], weights, "log_cosh", penalty)
    params = np.array([1e20, -1e20, 2e20, 1e20, -3e20, 1e20])
    gradient = given.gradient(params)
    assert 0 < abs(gradient).min() < 10
    assert_allclose(given.gradient_mapping(params, gradient, 0.1), gradient, rtol=1e-9)


@pytest.mark.parametrize("loss", ["log_cosh", OwnHuber(10.0)], ids=["core", "own"])
@pytest.mark.parametrize("k", [1, 3])
def test_second_derivatives_of_blocks_are_those_of_all_rows(k, loss, monkeypatch):
    X, Y, weights = (np.asarray(a, dtype=float) for a in rows_and_targets())
    params = shaped(start_of("l2", k))

    def found():
        objective = objective_of(X, Y[:, :k], weights, loss, NoPenalty(), COLUMNS)
        z = objective.predict(params)
        return (
            objective.hessians(params),
            objective.hessians(params, z),
            objective.slope_size(params),
        )

    whole = found()
    monkeypatch.setattr("gdregress._objective.from_data.PRODUCT_ROWS", 7)
    monkeypatch.setattr("gdregress._objective.evaluation.ROWS", 4)
    for one, other in zip(found(), whole, strict=True):
        assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_snapshot_of_the_null_model_of_classes_is_that_of_its_rows(fit_intercept):
    X, _, weights = (np.asarray(a, dtype=float) for a in rows_and_targets())
    y = np.arange(len(X)) % 3.0
    design = DesignMatrix(X, fit_intercept, COLUMNS if fit_intercept else None)
    objective = DataObjective(design, y, weights, Softmax(3), NoPenalty())
    params = np.zeros((X.shape[1] + fit_intercept, 3))
    params[-1] = [0.5, -0.5, 1.0] if fit_intercept else 0.0
    expected = objective.snapshot(params)
    objective.gradient(params)  # from which it knows the constant model
    known = objective.snapshot(params)
    assert_allclose(known.slopes, expected.slopes, rtol=1e-14)
    assert_allclose(known.gradient, expected.gradient, rtol=1e-14)
