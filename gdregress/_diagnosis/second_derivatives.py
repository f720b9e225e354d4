"""Second derivatives of an objective, as matrices or as operators, and their eigenvalues.

For many columns no matrix is formed. Lanczos' process from the gradient g at the start finds
the Ritz values theta_i and the components of g along the Ritz vectors,

    g' p(H) g = sum_i (||g|| tau_i)^2 p(theta_i)    for polynomials p of degree < 2 m

after m products. The gap after k updates is such a polynomial of degree 2 k.

References
----------
Golub and Meurant, "Matrices, moments and quadrature with applications", 2010, chapters 4 and 6.
"""

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.sparse.linalg import LinearOperator

from gdregress._objective.moments_inside import curved_products
from gdregress._utils.array_api import asarray, namespace, to_numpy

# Most products of the process; relative norm below which a new direction is rounding error.
PRODUCTS, ROUNDING = 200, 1e-13


def second_derivatives(plan, params=None):
    """A' S D A / n + C for each target: an ndarray, or a LinearOperator of many columns.

    Parameters
    ----------
    plan : Planned
    params : array or None
        The point at which D, the second derivatives of the loss, is taken; None for squared error.
    """
    objective = plan.prepared.objective
    strengths = np.broadcast_to(objective.penalty_curvature(), plan.shape)
    forms_matrices = plan.prepared.frame.spectrum.moments is not None
    if params is None:
        matrix = plan.second_moments() if forms_matrices else None
        known = [(objective.weights, matrix)] * strengths.shape[1]
    else:
        bent = to_numpy(objective.loss.curvature_at(objective.y, objective.predict(params)))
        bent = bent.reshape(objective.n_samples, -1)
        weights = objective.weights
        bent = bent if weights is None else bent * to_numpy(weights)[:, None]
        rows = [np.ascontiguousarray(b) for b in bent.T]
        products = [curved_products(objective.design, b) if forms_matrices else None for b in rows]
        known = list(zip(rows, products, strict=True))
    each = zip(known, strengths.T, strict=True)
    return [
        _products(objective.design, rows, c) if matrix is None else matrix + np.diag(c)
        for (rows, matrix), c in each
    ]


def _products(design, weights, strengths):
    """The second derivatives as an operator, without forming the matrix."""
    xp = namespace(design.X)
    if isinstance(weights, np.ndarray):
        device = None if xp is np else design.X.device
        weights = asarray(weights, xp, device, dtype=design.X.dtype)

    def times(v):
        return design.second_moments_times(v.ravel(), weights) + strengths * v.ravel()

    return LinearOperator((len(strengths),) * 2, matvec=times, dtype=float)


def along_eigenvectors(H, slope):
    """Eigenvalues and the gradient along the eigenvectors; Ritz values for an operator.

    Parameters
    ----------
    H : ndarray or LinearOperator
    slope : ndarray of shape (n_parameters,)
    """
    if isinstance(H, np.ndarray):
        values, vectors = np.linalg.eigh(H)
        return np.maximum(values, 0.0), vectors.T @ slope
    size = float(np.linalg.norm(slope))
    start = slope / size if size else np.ones(len(slope)) / np.sqrt(len(slope))
    diagonal, beside = _lanczos(H, start)
    values, vectors = eigh_tridiagonal(diagonal, beside)
    return np.maximum(values, 0.0), size * vectors[0]


def _lanczos(H, start):
    """Diagonal and subdiagonal of H on the Krylov space of a unit vector, reorthogonalised."""
    basis, diagonal, beside = start[None], [], []
    for _ in range(min(PRODUCTS, len(start))):
        v = H @ basis[-1]
        diagonal.append(float(basis[-1] @ v))
        for _ in range(2):
            v = v - basis.T @ (basis @ v)
        size = float(np.linalg.norm(v))
        if size <= ROUNDING * max(diagonal):
            break
        beside.append(size)
        basis = np.vstack([basis, v / size])
    return np.array(diagonal), np.array(beside[: len(diagonal) - 1])
