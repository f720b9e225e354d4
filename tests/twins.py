"""Rows, penalties and fits for comparing both forms of the kernels with plain loops."""

import math

import numpy as np
import pytest
from harness import using
from reference import box_prox, elasticnet_prox, l1_prox, l2_prox
from scipy import sparse

from gdregress import GDRegressor
from gdregress._core import core
from gdregress._core.kernels import interpreted
from gdregress._engines import Compiled
from gdregress.penalties import Box, KernelTerms, Penalty

TWINS = {"compiled": core.kernels, "interpreted": interpreted}
needs_compiler = pytest.mark.skipif(not core.is_compiled(), reason="needs the compiled core")

# Rows ---------------------------------------------------------------------------------------


def strided(X):
    """The same numbers in every other row and column of a larger array."""
    larger = np.full((2 * X.shape[0], 2 * X.shape[1]), np.nan, dtype=X.dtype)
    larger[::2, ::2] = X
    return larger[::2, ::2]


def with_long_indices(X):
    X = sparse.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def with_scattered_entries(X):
    """Entries of a row in descending order, the largest as the sum of two, one of them zero."""
    rows = []
    for row in X:
        columns = np.flatnonzero(row)[::-1]
        halves = np.repeat(columns, 2)
        rows.append((halves, np.repeat(row[columns] / 2, 2)))
    indptr = np.cumsum([0, *[len(columns) for columns, _ in rows]])
    indices, data = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    parts = data.astype(X.dtype), indices.astype(np.int32), indptr.astype(np.int32)
    return sparse.csr_array(parts, shape=X.shape)


STORAGES = {"dense": np.asarray, "csr": sparse.csr_array}
LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": strided,
    "csr": sparse.csr_array,
    "csr long": with_long_indices,
    "csr scattered": with_scattered_entries,
}


def in_single(array):
    """Numbers that float32 holds exactly, so that one reference serves both types."""
    return np.asarray(array, dtype=np.float32).astype(float)


def make_params(p, k, seed, dtype=float):
    rng = np.random.RandomState(seed)
    return (0.3 * rng.normal(size=(p, k) if k > 1 else p)).astype(dtype)


# Penalties ----------------------------------------------------------------------------------

ALPHA, L1_RATIO = 0.05, 0.4
LOWER, UPPER = np.array([-0.2, 0.0, -math.inf, 0.05, -1.0]), np.array([0.1, 0.2, 0.0, 0.3, 9.0])

L1S, L2S = np.array([0.0, 0.02, 0.1, 0.3, 0.0]), np.array([0.5, 0.1, 0.0, 0.02, 0.0])


class Weighted(Penalty):
    """R(w) = sum_j l1_j |w_j| + l2_j w_j^2 / 2."""

    def __init__(self, l1, l2):
        self.l1 = l1
        self.l2 = l2

    def value(self, w):
        l1, l2 = (of_columns(strength, w) for strength in (self.l1, self.l2))
        return (l1 * abs(w) + l2 * w * w / 2).sum()

    def prox(self, w, step_size):
        l1, l2 = (of_columns(strength, w) for strength in (self.l1, self.l2))
        return (w - np.clip(w, -step_size * l1, step_size * l1)) / (1 + step_size * l2)

    @property
    def kernel_terms(self):
        return KernelTerms(self.l1, self.l2)


def of_columns(values, w):
    """Numbers of the columns, of a type and shape that suit coefficients w."""
    values = np.asarray(values, dtype=w.dtype)
    return values[:, None] if values.ndim and w.ndim == 2 else values


# Name: what the estimator is given, and the prox of one coefficient.
PENALISED = {
    None: ({"penalty": None}, lambda w, step, j: w),
    "l2": ({"penalty": "l2", "alpha": ALPHA}, lambda w, step, j: l2_prox(w, step, ALPHA)),
    "l1": ({"penalty": "l1", "alpha": ALPHA}, lambda w, step, j: l1_prox(w, step, ALPHA)),
    "elasticnet": (
        {"penalty": "elasticnet", "alpha": ALPHA, "l1_ratio": L1_RATIO},
        lambda w, step, j: elasticnet_prox(w, step, ALPHA, L1_RATIO),
    ),
    "box": ({"penalty": Box(-0.1, 0.2)}, lambda w, step, j: box_prox(w, -0.1, 0.2)),
    "weighted": (
        {"penalty": Weighted(L1S, L2S)},
        lambda w, step, j: l2_prox(l1_prox(w, step, L1S[j]), step, L2S[j]),
    ),
    "boxes": ({"penalty": Box(LOWER, UPPER)}, lambda w, step, j: box_prox(w, LOWER[j], UPPER[j])),
}

# Fits ---------------------------------------------------------------------------------------

FORMS = ("compiled", "interpreted", "plain")
# float32: kernels keep the parameters of an epoch in double precision, the plain engine in
# single; where a residual lies near a kink its slope can then be another one
TOLERANCES = {
    ("compiled", np.float64): 1e-11,
    ("interpreted", np.float64): 1e-11,
    ("plain", np.float64): 1e-11,
    ("compiled", np.float32): 1e-5,
    ("plain", np.float32): 1e-3,
}


def fit(form, X, y, weights=None, estimator=GDRegressor, **parameters):
    """Fit by batches with the engines of a form."""
    with using(form) as log:
        model = estimator(**{"tol": None, "random_state": 0, **parameters}).fit(X, y, weights)
    assert log.used(Compiled) == (form != "plain")
    return model


def parameters_of(model):
    """Coefficients and intercepts, one row for each target."""
    return np.column_stack([np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)])


def assert_near(params, expected, rtol):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(params, expected, rtol=0, atol=rtol * scale)


def assert_same(a, b, rtol):
    assert_near(parameters_of(a), parameters_of(b), rtol)
    assert a.t_ == b.t_


def assert_forms_agree(X, y, weights=None, rtol=1e-12, forms=FORMS, **parameters):
    """Every form gives what the last one gives."""
    expected = fit(forms[-1], X, y, weights, **parameters)
    for form in forms[:-1]:
        assert_same(fit(form, X, y, weights, **parameters), expected, rtol)
    return expected
