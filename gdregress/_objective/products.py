"""Newton systems of curved rows: (A' D A + E) step = -gradient, D >= 0 and E diagonal.

Only rows that are curved take part. Where they are few, or the columns are many, to form the
matrix costs more than to multiply by it, and conjugate gradients solve the system, preconditioned
by the diagonal.
"""

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from gdregress._core.threads import one_thread_of_blas
from gdregress._objective.moments import affordable
from gdregress._objective.moments_inside import curved_products

# Added to the diagonal, relative to it and in units of rounding: columns may depend on each other.
JITTER, REFINEMENTS = 100, 3
# Numbers of the rows that are copied at a time.
COPIED = 1 << 20
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
    eps : float
        Rounding of the rows, relative to their size.
    """

    def __init__(self, design, row_curvature):
        is_few = 2 * np.count_nonzero(row_curvature) < design.n_samples
        rows = np.flatnonzero(row_curvature) if is_few else None
        self.eps = float(np.finfo(design.X.dtype).eps)
        if affordable(design):
            self.matrix = _matrix(design, row_curvature, rows)
            return
        self.matrix, self.design, self.row_curvature = None, design, row_curvature
        if rows is not None:
            self.design, self.row_curvature = design.take(rows), row_curvature[rows]

    def diagonal(self):
        """The diagonal of A' D A."""
        if self.matrix is not None:
            return np.diag(self.matrix)
        if len(self.row_curvature) == 0:
            return np.zeros(self.design.n_parameters)
        total = float(np.sum(self.row_curvature))
        weights = (self.row_curvature / total * len(self.row_curvature)).astype(
            self.design.X.dtype
        )
        return np.asarray(self.design.column_mean_squares(weights), dtype=float) * total

    def times(self, v):
        """A' D A v."""
        if self.matrix is not None:
            return self.matrix @ v
        if len(self.row_curvature) == 0:
            return 0 * v
        return self.design.adjoint(self.row_curvature * self.design.predict(v))


def _matrix(design, row_curvature, rows):
    """A' D A, from copies of those rows that have a curvature; `rows` is None for all."""
    if rows is None:
        return _sum_of_products(design, row_curvature)
    total, step = np.zeros((design.n_parameters,) * 2), max(1, COPIED // design.n_parameters)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        total += _sum_of_products(design.take(some), row_curvature[some])
    return total


def _sum_of_products(design, row_curvature):
    weights = np.ascontiguousarray(row_curvature, dtype=design.X.dtype)
    return len(weights) * curved_products(design, weights)


class SummedProducts:
    """A' D A of rows that lie in blocks, as it has been summed up over them.

    Parameters
    ----------
    matrix : ndarray of shape (n_parameters, n_parameters)
    eps : float
        Rounding of the rows, relative to their size.
    """

    def __init__(self, matrix, eps):
        self.matrix = matrix
        self.eps = eps

    def diagonal(self):
        """The diagonal of A' D A."""
        return np.diag(self.matrix)


def newton_step(products, base, extra, gradient, flat):
    """The step -(A' D A + base + diag(extra))^-1 gradient, as far as rounding allows.

    Parameters
    ----------
    products : Products or SummedProducts
    base : ndarray
        A matrix that is added, or its diagonal where `products` has no matrix.
    extra, gradient : ndarrays of shape (n_parameters,)
    flat : ndarray of bool of shape (n_parameters,)
        Parameters along which A and base are rounding, and count as zero.

    Returns
    -------
    step : ndarray of shape (n_parameters,)
    residual : ndarray of shape (n_parameters,)
        gradient + (A' D A + base + diag(extra)) step, without the base where it is a diagonal.
    """
    if products.matrix is None:

        def times(v):
            return np.where(flat, 0.0, products.times(np.where(flat, 0.0, v)))

        step = _by_conjugate_gradients(times, products.diagonal(), base + extra, gradient)
        return step, gradient + times(step) + extra * step
    H = products.matrix + base
    H[flat], H[:, flat] = 0.0, 0.0
    H[np.diag_indices_from(H)] += extra
    size = np.sqrt(np.diag(H))
    size[size == 0] = 1.0
    scaled, jitter = H / np.outer(size, size), JITTER * products.eps
    while True:
        scaled[np.diag_indices_from(H)] += jitter
        try:
            with one_thread_of_blas():
                factor = cho_factor(scaled)
            break
        except LinAlgError:
            jitter *= 100
    step, residual = 0 * gradient, gradient
    for _ in range(REFINEMENTS):  # as the factor is that of another matrix
        step = step - cho_solve(factor, residual / size) / size
        residual = gradient + H @ step
    return step, residual


def _by_conjugate_gradients(times, diagonal, extra, gradient):
    diagonal = diagonal + extra
    diagonal[diagonal == 0] = 1.0
    shape = (len(gradient),) * 2
    system = LinearOperator(shape, matvec=lambda v: times(v) + extra * v, dtype=float)
    inverse = LinearOperator(shape, matvec=lambda v: v / diagonal, dtype=float)
    with one_thread_of_blas():
        step, _ = cg(system, -gradient, rtol=CG_TOLERANCE, maxiter=CG_STEPS, M=inverse)
    return step
