"""Second derivatives of few rows, from A itself, are those of the moments."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress._objective import design as design_module
from gdregress._objective.coordinates import Columns
from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments_inside import curved_products


def columns_of(X, fit_intercept):
    return Columns(X.mean(axis=0) * fit_intercept, X.std(axis=0), fit_intercept)


@pytest.mark.parametrize("signs", [1, -1], ids=["convex", "not convex"])
@pytest.mark.parametrize("dtype", [float, np.float32])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_few_rows_and_moments_agree(fit_intercept, scaled, dtype, signs, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(3.0, 2.0, (60, 4)).astype(dtype)
    bent = rng.uniform(0.1, 1.0, 60).astype(dtype)
    bent[::3] *= signs
    inside = columns_of(X, fit_intercept) if scaled else None
    design = DesignMatrix(X, fit_intercept, inside)
    A = design.predict(np.eye(design.n_parameters))
    few = curved_products(design, bent)
    assert_allclose(few, A.T @ (bent[:, None] * A) / 60, rtol=1e-12 if dtype is float else 1e-6)
    monkeypatch.setattr(design_module, "FEW_OPERATIONS", 0)
    many = DesignMatrix(X, fit_intercept, inside)
    assert many.few_rows is None
    assert_allclose(few, curved_products(many, bent), rtol=1e-9 if dtype is float else 1e-6)


def test_curvatures_too_large_for_digits():
    design = DesignMatrix(np.ones((3, 2)), True)
    assert np.isinf(curved_products(design, np.array([1.0, 1e31, 0.0]))).all()
    assert not curved_products(design, np.zeros(3)).any()
