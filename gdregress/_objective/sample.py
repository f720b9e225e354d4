"""A sample that stands for all rows: how many it has, and its second derivatives.

The minimum of m rows is as far from that of all as estimates from them are, F - F* being about
p / (2 m) of the loss of a row for p parameters, and their second derivatives along a direction
differ from those of all rows by about sqrt(p / m).

References
----------
Bottou and Bousquet, "The tradeoffs of large scale learning", 2008. Roosta-Khorasani and Mahoney,
"Sub-sampled Newton methods", 2019.
"""

import math

import numpy as np

from gdregress._objective.coupled import CoupledSystem
from gdregress._objective.design import DesignMatrix
from gdregress._objective.evaluation import by_rows
from gdregress._objective.newton_system import SeparateSystems

# One row of so many is taken, or more where there are fewer rows for each parameter.
STEP, ROWS_OF_A_PARAMETER = 16, 100
LARGEST_STEP, MANY_ROWS_OF_A_PARAMETER = 64, 1000
# A step that is not worth it, and numbers in all rows of which a sample saves more time than it
# takes.
LEAST_STEP, LEAST_NUMBERS = 4, 1 << 22
# Share of the diagonal of all rows that a sample has at least.
LEAST_SHARE = 0.5


def step_of(design, loss, y):
    """Of how many rows in memory one is taken; 1 where all rows are too few for a sample."""
    if not isinstance(y, np.ndarray):
        return 1
    size = design.n_parameters * math.prod(loss.output_shape(y))
    return _step(design, size, STEP, ROWS_OF_A_PARAMETER)


def step_of_hessians(objective):
    """The same for second derivatives of rows in blocks, which are taken of some in each reading.

    Fewer are taken where even these are many for each parameter: a step then leaves about a
    thousandth of F - F*.
    """
    rows = objective.design, objective.zero_parameters().size
    most = _step(*rows, LARGEST_STEP, MANY_ROWS_OF_A_PARAMETER)
    return max(most, _step(*rows, STEP, ROWS_OF_A_PARAMETER))


def _step(design, n_parameters, most, rows_of_a_parameter):
    if design.size < LEAST_NUMBERS:
        return 1
    step = min(most, design.n_samples // (rows_of_a_parameter * n_parameters))
    return step if step >= LEAST_STEP else 1


def each_row(design, step):
    """The design matrix of each so many-th row, in the same coordinates."""
    X = design.X[::step]
    X = X if design.is_sparse else np.ascontiguousarray(X)
    return DesignMatrix(X, design.fit_intercept, design.coordinates)


def each_number(array, step):
    """Each so many-th of the targets or weights of rows, None where there are none."""
    return None if array is None else np.ascontiguousarray(array[::step])


def system_of_sample(objective, params, flat, eps):
    """The Newton system of all parameters with the second derivatives of the sample.

    Parameters
    ----------
    objective : DataObjective
        With a sample.
    params : ndarray
    flat : ndarray of shape (q,), or (q, 1 or n_targets)
        Strengths of l2.
    eps : float
        Rounding of gradients.
    """
    some = objective.sample
    z = some.predict(params).astype(float, copy=False)
    if some.loss.coupled:
        hessian = some.coupled_hessian(params, z)
        return CoupledSystem(hessian, flat, some.loss.n_outputs, eps)
    hessians, squares = some.hessians(params, z), objective.column_mean_squares
    bent = np.mean(by_rows(some.loss.curvature_at, some.y, z), axis=0)
    for H, h in zip(hessians, np.atleast_1d(bent), strict=True):
        hold_up(H, h * squares)
    return SeparateSystems(hessians, flat, eps)


def hold_up(H, diagonal):
    """Where a sample has next to nothing in a column, let all rows make up for it, in place.

    Parameters
    ----------
    H : ndarray of shape (q, q)
        Second derivatives of the rows of the sample.
    diagonal : ndarray of shape (q,)
        About that of the second derivatives of all rows.
    """
    H.flat[:: len(H) + 1] = np.maximum(H.diagonal(), LEAST_SHARE * diagonal)
