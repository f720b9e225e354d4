"""The preconditioner is the inverse curvature along the parameters and the intercept."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gdregress import GDClassifier
from gdregress._engines.class_preconditioner import CorrectedClasses
from gdregress._engines.preconditioner import Corrected, Diagonal
from gdregress.losses import Softmax

N, P = 60, 4


def problem(k=0):
    rng = np.random.RandomState(0)
    A = np.c_[rng.normal(size=(N, P)) + 0.3, np.ones(N)]
    params = rng.normal(size=(P + 1, k) if k else P + 1)
    z = A @ params
    bent = rng.uniform(0, 1, z.shape) / N
    l2 = np.append(np.full(P, 0.1), 0.0)
    squares = (A**2).mean(axis=0)
    diagonal = bent.sum(axis=0) * (squares[:, None] if k else squares)
    l2 = l2[:, None] if k else l2
    return A, params, z, bent, l2, diagonal + l2


@pytest.mark.parametrize("k", [0, 2])
def test_it_inverts_the_curvature_along_the_parameters(k):
    A, params, z, bent, l2, diagonal = problem(k)
    P_ = Corrected(diagonal, params, l2, bent, z)
    intercept, along = np.zeros_like(params), params.copy()
    intercept[-1], along[-1] = 1.0, 0.0

    def curvature(v):
        return A.T @ (bent * (A @ v)) + l2 * v

    for v in (intercept, along):
        beside = P_.solve(curvature(v)) - v  # has no part in the span, as the diagonal measures it
        for w in (intercept, along):
            assert_allclose(np.sum(w * diagonal * beside, axis=0), 0.0, atol=1e-12)


def test_without_coefficients_it_is_the_diagonal():
    _, params, z, bent, l2, diagonal = problem()
    params[:-1], z = 0.0, 0 * z + params[-1]
    g = np.arange(P + 1.0)
    assert_allclose(Corrected(diagonal, params, l2, bent, z).solve(g), Diagonal(diagonal).solve(g))


def test_large_margins_of_normal_columns_take_few_steps():
    """Rows far out are straight; the mean curvature alone takes twice as many."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(4000, 20))
    y = X @ rng.normal(size=20) * 2 + rng.logistic(size=4000) > 0
    model = GDClassifier(alpha=1e-4).fit(X, y)
    assert model.stop_reason_ == "tolerance"
    assert model.n_iter_ <= 8


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("strength", [0.0, 0.1])
def test_of_several_classes(fit_intercept, strength):
    """It inverts the curvature in the span of coefficients and intercepts, and is positive."""
    rng, k = np.random.RandomState(1), 3
    A = np.c_[rng.normal(size=(N, P)), np.ones(N)][:, : P + fit_intercept]
    params = rng.normal(size=(A.shape[1], k))
    params -= params.mean(axis=1, keepdims=True)
    l2 = np.full((A.shape[1], 1), strength)
    l2[P:] = 0.0
    weights = rng.uniform(0.5, 2.0, N)
    weights /= weights.mean()
    z = A @ params
    probabilities = Softmax(k).probability(z)
    squares = weights @ A**2 / N
    found = CorrectedClasses(params, fit_intercept, squares, l2, Softmax(k), z, weights)

    def curvature(v):
        dz = A @ v
        change = probabilities * (dz - np.sum(probabilities * dz, axis=1, keepdims=True))
        return A.T @ (weights[:, None] * change) / N + l2 * v

    span = []
    for c in range(k):
        own = np.eye(k)[c] - 1 / k
        along = params[:, [c]] * own
        along[P:] = 0.0
        span += [along] + ([np.eye(P + 1)[:, [P]] * own] if fit_intercept else [])
    M = np.diag(weights @ probabilities / N)
    M -= probabilities.T @ (weights[:, None] * probabilities) / N
    for v in span:
        beside = found.solve(curvature(v)) - v
        for w in span:
            of_columns = squares[:, None] * (w @ M) + l2 * w
            assert abs(np.sum(of_columns * beside)) < 1e-12
    inverse = np.array([found.solve(e.reshape(params.shape)).ravel() for e in np.eye(params.size)])
    assert_allclose(inverse, inverse.T, atol=1e-10 * np.abs(inverse).max())
    assert np.linalg.eigvalsh((inverse + inverse.T) / 2)[0] > 0
