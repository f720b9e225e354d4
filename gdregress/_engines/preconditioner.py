r"""The preconditioner of conjugate gradients: an approximation of the curvature of F.

The diagonal of the curvature of each parameter is

    D_jj = sum_i s_i L''(y_i, z_i) / n * mean(x_j^2) + (strength of l2).

If the curvature differs among rows, the error of D is largest along the parameters u: rows with
large predictions are fitted, so that their loss is straight. The curvature along u and along the
intercept follows from the known predictions, without reading the rows. With V = [(u, 0), (0, 1)],

    P^-1 = D^-1 + V ((V' H V)^-1 - (V' D V)^-1) V'

is H^-1 in the span of V and D^-1 on the complement. If the rows are a sample of a normal
distribution whose second moments are D, the expectation of H is P, by Stein's lemma.

References
----------
Erdogdu, "Newton-Stein method: an optimization method for GLMs via Stein's lemma", 2016.
"""

import math
from functools import partial

from gdregress._objective.evaluation import sum_by_rows
from gdregress._objective.row_space import FLOOR
from gdregress._utils.array_api import namespace

# Strengths of l2 whose ratio is smaller count as equal.
ALIKE = 100.0
# A smaller share of the determinant of V' H V is rounding.
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
    """P, see the module docstring.

    Parameters
    ----------
    diagonal : ndarray of shape (q,) or (q, n_targets)
    params : ndarray of the same shape
        The parameters; the last row holds the intercepts.
    l2 : ndarray
        Strengths of the penalty, which broadcast over the parameters.
    bent : ndarray of shape (n_samples,) or (n_samples, n_targets)
        s_i L'' / n of the rows.
    z : ndarray of the same shape
        Predictions of the rows.
    """

    def __init__(self, diagonal, params, l2, bent, z):
        super().__init__(diagonal)
        xp = namespace(diagonal)
        self.u, flat = params[:-1, ...], (0 * params + l2)[:-1, ...]
        sums = partial(_curvatures, params[-1, ...])
        of_u, mixed, of_intercept = sum_by_rows(sums, bent, z)
        of_u = of_u + xp.sum(flat * self.u * self.u, axis=0)
        along = xp.sum(diagonal[:-1, ...] * self.u * self.u, axis=0)
        determinant = of_u * of_intercept - mixed * mixed
        known = (along > 0) & (determinant > SINGULAR * of_u * of_intercept)
        known = known & (determinant < math.inf)
        one = xp.ones_like(along)
        along, determinant = (xp.where(known, a, one) for a in (along, determinant))
        parts = (
            of_intercept / determinant - 1 / along,
            -mixed / determinant,
            of_u / determinant - 1 / diagonal[-1, ...],
        )
        self.parts = [xp.where(known, part, 0 * one) for part in parts]

    def solve(self, gradient):
        """P^-1 g."""
        solved, (first, mixed, last) = super().solve(gradient), self.parts
        xp, own = namespace(gradient), gradient[-1, ...]
        along = xp.sum(self.u * gradient[:-1, ...], axis=0)
        coef = solved[:-1, ...] + self.u * (first * along + mixed * own)
        intercept = solved[-1:, ...] + (mixed * along + last * own)[None, ...]
        return xp.concat([coef, intercept])


def _curvatures(intercept, bent, z):
    """V' H V without the penalty: along u, mixed, and along the intercept."""
    xp, beside = namespace(z), z - intercept
    bent_z = bent * beside
    return xp.stack([xp.sum(array, axis=0) for array in (bent_z * beside, bent_z, bent)])


class FromRows:
    """The matrix of second derivatives of few rows with many columns.

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


def diagonal_of(objective, bent, l2):
    """D, by the bound of the curvature for losses without second derivative; ones where D is 0.

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
    """Whether there are more columns than rows, under about equal strengths of l2.

    D is then the strength of l2, so that all steps are linear combinations of the few rows.
    """
    design = objective.design
    strengths, xp = design.coef(l2), namespace(l2)
    smallest, largest = float(xp.min(strengths)), float(xp.max(strengths))
    return design.n_features > design.n_samples and 0 < largest <= ALIKE * smallest


def _of_penalty(objective, curved, l2):
    """The strengths of l2.

    The intercept has none and gets the mean of the others.
    """
    design, xp = objective.design, namespace(l2)
    strengths, of_loss = design.coef(l2), design.coef(curved)
    if not design.fit_intercept:
        return strengths + 0 * of_loss
    mean = 1 + xp.sum(of_loss / strengths, axis=0) / design.n_samples
    return xp.concat([strengths + 0 * of_loss, curved[-1:, ...] / mean])
