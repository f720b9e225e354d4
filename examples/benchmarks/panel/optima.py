"""F* and F of the best constant by other solvers, cached in a temporary folder."""

import tempfile
from pathlib import Path

import numpy as np
from joblib import Memory
from scipy import sparse
from scipy.optimize import minimize_scalar

from panel.kinks import hinge, programme
from panel.newton import minimise
from panel.softmax import minimise_softmax

MEMORY = Memory(Path(tempfile.gettempdir()) / "gdregress_benchmarks", verbose=0)


def optimum(problem):
    """The least value of a problem's objective."""
    given = problem.table.y if problem.is_softmax else problem.columns_of_targets()
    return _least(problem.table.X, given, problem.loss, problem.alpha)


def null(problem):
    """The least value that a constant prediction has."""
    n_outputs = problem.columns_of_targets().shape[1]
    coef = np.zeros((n_outputs, problem.table.X.shape[1]))
    if problem.is_softmax:
        return problem.value(coef, np.log(np.bincount(problem.table.y) / len(problem.table.y)))
    constants = [best_constant(problem.formula, y) for y in problem.columns_of_targets().T]
    return problem.value(coef, constants)


def best_constant(formula, y):
    """The constant prediction that is best for targets, or for labels of -1 and 1."""
    if formula.range in ("counts", "positive"):
        return np.log(y.mean())
    bounds = (-20, 20) if formula.range == "labels" else (y.min(), y.max())

    def loss(z):
        return np.mean(formula.value(y, np.full(len(y), z)))

    return minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9}).x


@MEMORY.cache
def _least(X, y, loss, alpha):
    """In centred columns of size 1, in which the penalty of a coefficient is alpha / size^2."""
    from panel.formulas import FORMULAS

    A, penalty = _scaled(X, alpha)
    if y.ndim == 1:
        return minimise_softmax(A, y, penalty, int(y.max()) + 1)
    return sum(_least_of_one(loss, FORMULAS[loss], A, column, penalty) for column in y.T)


def _least_of_one(loss, formula, A, y, penalty):
    if not penalty.any():
        # the minimum is that over the span of the columns, in which near copies do no harm
        A = _orthogonal(A)
        penalty = np.zeros(A.shape[1])
    if loss == "squared_error":
        residual = A @ np.linalg.lstsq(A, y, rcond=None)[0] - y
        return residual @ residual / (2 * len(y))
    if loss == "hinge":
        return hinge(A, y, penalty)
    if not formula.is_smooth:
        return programme(loss, A, y)
    start = np.zeros(A.shape[1])
    if formula.range in ("counts", "positive"):
        start = A.sum(axis=0) / len(A) * np.log(y.mean())
    elif formula.range == "numbers":
        start = np.linalg.lstsq(A, y, rcond=None)[0]
    return minimise(formula, A, y, penalty, start)[1]


def _orthogonal(A):
    """Columns of mean square 1 with the span of those of A, of the rank that NumPy gives A."""
    U, values, _ = np.linalg.svd(A, full_matrices=False)
    least = values[0] * max(A.shape) * np.finfo(float).eps
    return U[:, values > least] * np.sqrt(len(A))


def _scaled(X, alpha):
    X = X.toarray() if sparse.issparse(X) else X
    size = X.std(axis=0)
    constant = size <= 1e-12 * np.abs(X).max(axis=0)
    size[constant] = 1.0
    A = np.column_stack([(X - X.mean(axis=0)) / size, np.ones(len(X))])
    A[:, :-1][:, constant] = 0.0
    return A, np.append(alpha / size**2, 0.0)
