r"""What conjugate gradients are preconditioned by: the curvature of F, as far as it is cheap.

The diagonal of the curvature of each parameter is

    D_jj = sum_i s_i L''(y_i, z_i) / n * mean(x_j^2) + (strength of l2).

Where rows differ in their curvature, that is most wrong along the parameters u themselves: rows
far out along u are fitted, and straight. There, and along the intercept, the curvature of the
rows needs no reading of them, as their predictions are known. With V = [(u, 0), (0, 1)],

    P^-1 = D^-1 + V ((V' H V)^-1 - (V' D V)^-1) V'

is H^-1 in the span of V and D^-1 beside it. For columns of a normal distribution whose second
moments are D, this P is H but for sampling, by Stein's lemma.

References
----------
Erdogdu, "Newton-Stein method: an optimization method for GLMs via Stein's lemma", 2016.
"""

import math

import numpy as np

from gdregress._objective.row_space import FLOOR
from gdregress._utils.array_api import namespace

# Strengths of l2 that differ by less are of about one size.
ALIKE = 100.0
# Less of the determinant of V' H V is rounding.
SINGULAR = 1e-10


class Diagonal:
    """D.

    Parameters
    ----------
    diagonal : array of the shape of the parameters
    """

    def __init__(self, diagonal):
        self.diagonal = diagonal

    def solve(self, gradient):
        """D^-1 g."""
        return gradient / self.diagonal


class Corrected(Diagonal):
    """P, see the module.

    Parameters
    ----------
    diagonal : ndarray of shape (q,) or (q, n_targets)
    params : ndarray of the same shape
        The last ones are the intercepts.
    l2 : ndarray
        Strengths of the penalty, which broadcast over the parameters.
    bent : ndarray of shape (n_samples,) or (n_samples, n_targets)
        s_i L'' / n of the rows.
    z : ndarray of the same shape
        Their predictions.
    """

    def __init__(self, diagonal, params, l2, bent, z):
        super().__init__(diagonal)
        q = len(params)
        flat = np.broadcast_to(l2, params.shape).reshape(q, -1)
        each = [array.reshape(len(array), -1).T for array in (diagonal, params, flat, bent, z)]
        self.corrections = [_correction(*target) for target in zip(*each, strict=True)]
        self.u = each[1][:, :-1]

    def solve(self, gradient):
        """P^-1 g."""
        solved = super().solve(gradient)
        columns, targets = solved.reshape(len(solved), -1), gradient.reshape(len(gradient), -1).T
        for k, (g, u, correction) in enumerate(
            zip(targets, self.u, self.corrections, strict=True)
        ):
            along, intercept = correction @ np.array([np.sum(u * g[:-1]), g[-1]])
            columns[:-1, k] += along * u
            columns[-1, k] += intercept
        return columns.reshape(solved.shape)


class FromRows:
    """All of the curvature, from the products of few rows with many columns.

    Parameters
    ----------
    rows : RowSpace
    z : array
        The predictions at the point.
    """

    def __init__(self, rows, z):
        self.rows, self.z = rows, z

    def solve(self, gradient):
        """H^-1 g."""
        return self.rows.newton_step(gradient, self.z, FLOOR)


def _correction(diagonal, params, flat, bent, z):
    """(V' H V)^-1 - (V' D V)^-1 of one target; zeros where one is singular."""
    u, beside = params[:-1], z - params[-1]
    along = np.sum(diagonal[:-1] * u * u)
    if not along > 0:
        return np.zeros((2, 2))
    bent_z = bent * beside
    H = np.array([[np.sum(bent_z * beside), np.sum(bent_z)], [np.sum(bent_z), np.sum(bent)]])
    H[0, 0] += np.sum(flat[:-1] * u * u)
    determinant = H[0, 0] * H[1, 1] - H[0, 1] ** 2
    if not SINGULAR * H[0, 0] * H[1, 1] < determinant < math.inf:
        return np.zeros((2, 2))
    inverse = np.array([[H[1, 1], -H[0, 1]], [-H[0, 1], H[0, 0]]]) / determinant
    return inverse - np.diag([1 / along, 1 / diagonal[-1]])


def diagonal_of(objective, bent, l2):
    """D, or by the bound of the curvature of a loss where it has none; ones where nothing bends.

    Parameters
    ----------
    objective : Objective
    bent : array of shape (n_samples,) or (n_samples, n_predictions)
        s_i L'' / n of the rows.
    l2 : array
        Strengths of the penalty.
    """
    xp = namespace(objective.y)
    squares = objective.column_mean_squares
    squares = squares[:, None] if len(bent.shape) == 2 else squares
    curved = xp.sum(bent, axis=0) * squares
    diagonal = _of_penalty(objective, curved, l2) if spans_rows(objective, l2) else curved + l2
    bound = (objective.loss.curvature or 1.0) * squares + l2
    diagonal = xp.where((diagonal > 0) & (diagonal < math.inf), diagonal, bound)
    return xp.where(diagonal > 0, diagonal, xp.ones_like(diagonal))


def spans_rows(objective, l2):
    """Whether there are more columns than rows, held by an l2 of about one size.

    Its strengths are D then: with them all steps stay combinations of the rows, which are few.
    """
    design = objective.design
    strengths, xp = design.coef(l2), namespace(l2)
    smallest, largest = float(xp.min(strengths)), float(xp.max(strengths))
    return design.n_features > design.n_samples and 0 < largest <= ALIKE * smallest


def _of_penalty(objective, curved, l2):
    """The strengths of l2.

    The intercept, which has none, is brought to the mean of the curvatures of these.
    """
    design, xp = objective.design, namespace(l2)
    strengths, of_loss = design.coef(l2), design.coef(curved)
    if not design.fit_intercept:
        return strengths + 0 * of_loss
    mean = 1 + xp.sum(of_loss / strengths, axis=0) / design.n_samples
    return xp.concat([strengths + 0 * of_loss, curved[-1:, ...] / mean])
