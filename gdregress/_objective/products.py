"""Newton systems of curved rows: (A' D A + E) step = -gradient, D >= 0 and E diagonal.

Only rows that are curved take part. Where few of them are, or the columns are many, forming the
matrix would cost more than to multiply by it: conjugate gradients do, preconditioned by the
diagonal.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from gdregress._objective.moments import affordable, moments_of

# Added to the diagonal, relative to it: columns may depend on each other.
JITTER = 1e-13
CG_STEPS, CG_TOLERANCE = 200, 1e-8


class Products:
    """A' D A of a design matrix.

    Parameters
    ----------
    design : DesignMatrix
    row_curvature : ndarray of shape (n_samples,)
        The diagonal of D.

    Attributes
    ----------
    matrix : ndarray of shape (n_parameters, n_parameters) or None
        None where it would be too large.
    """

    def __init__(self, design, row_curvature):
        rows = np.flatnonzero(row_curvature)
        if 2 * len(rows) < design.n_samples:
            design, row_curvature = design.take(rows), row_curvature[rows]
        self.design = design
        self.row_curvature = row_curvature
        self.matrix = self._matrix() if affordable(design) else None

    def diagonal(self):
        """The diagonal of A' D A."""
        if self.matrix is not None:
            return np.diag(self.matrix)
        if len(self.row_curvature) == 0:
            return np.zeros(self.design.n_parameters)
        squares = self.design.column_mean_squares(self.row_curvature)
        if self.design.fit_intercept:
            squares[-1] = np.mean(self.row_curvature)
        return np.asarray(squares, dtype=float) * len(self.row_curvature)

    def _matrix(self):
        design, weights = self.design, self.row_curvature
        if len(weights) == 0:
            return np.zeros((design.n_parameters,) * 2)
        moments = moments_of(design, None, weights.astype(design.X.dtype))
        if design.coordinates is not None:
            moments = moments.in_coordinates(design.coordinates)
        return len(weights) * moments.matrix(design.fit_intercept)

    def times(self, v):
        """A' D A v."""
        if self.matrix is not None:
            return self.matrix @ v
        if len(self.row_curvature) == 0:
            return 0 * v
        return self.design.adjoint(self.row_curvature * self.design.predict(v))


def newton_step(products, base, extra, gradient):
    """The step -(A' D A + base + diag(extra))^-1 gradient.

    Parameters
    ----------
    products : Products
    base : ndarray
        A matrix that is added, or its diagonal where `products` has no matrix.
    extra, gradient : ndarrays of shape (n_parameters,)
    """
    if products.matrix is None:
        return _by_conjugate_gradients(products, base + extra, gradient)
    H = products.matrix + base
    H[np.diag_indices_from(H)] += extra
    size = np.sqrt(np.diag(H))
    size[size == 0] = 1.0
    H = H / np.outer(size, size)
    jitter = JITTER
    while True:
        H[np.diag_indices_from(H)] += jitter
        try:
            return -cho_solve(cho_factor(H), gradient / size) / size
        except LinAlgError:
            jitter *= 100


def _by_conjugate_gradients(products, extra, gradient):
    diagonal = products.diagonal() + extra
    diagonal[diagonal == 0] = 1.0
    shape = (len(gradient),) * 2
    system = LinearOperator(shape, matvec=lambda v: products.times(v) + extra * v, dtype=float)
    inverse = LinearOperator(shape, matvec=lambda v: v / diagonal, dtype=float)
    step, _ = cg(system, -gradient, rtol=CG_TOLERANCE, maxiter=CG_STEPS, M=inverse)
    return step
