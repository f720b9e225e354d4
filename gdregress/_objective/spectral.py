"""Batch descent on a quadratic function, along the eigenvectors of its matrix one by one.

    F(w) = F(a) + g . (w - a) + (w - a)' H (w - a) / 2,    H = V diag(lambda) V'

The textbook rules treat each direction by itself: with x = (displacement, velocity) along a
direction of curvature lambda, an update at a constant rate and momentum is

    x' = M(lambda) x - lr gamma (1, 1)'

where gamma is the component of g along the direction, and the rule states M
(`Optimizer.recurrence`).

The prox of an l2 penalty shrinks the result of an update, w' = D (w - lr g(w)) with a diagonal D.
In u = D^-1/2 w that is an update without a prox on another quadratic function, whose matrix is
H' = (I - D^1/2 (I - lr H) D^1/2) / lr; with a heavy ball it is none.

References
----------
O'Donoghue and Candes, "Adaptive restart for accelerated gradient schemes", 2015, section 4.
"""

import numpy as np


class SpectralDescent:
    """The parameters of a descent from a point after any number of updates.

    Parameters
    ----------
    matrix : ndarray of shape (n_parameters, n_parameters)
        H.
    gradient : ndarray of shape (n_parameters,)
        g, where descent begins.
    units : ndarray of shape (n_parameters,) or float
        D^1/2, in which the parameters of H are.
    """

    def __init__(self, matrix, gradient, units=1.0):
        self.units = units
        self.curvature, self.vectors = np.linalg.eigh(matrix)
        # rounding may have left directions that are flat a curvature below zero
        self.curvature = np.maximum(self.curvature, 0.0)
        self.slopes = self.vectors.T @ gradient

    def displacements(self, counts, optimizer, learning_rate):
        """w - a after some numbers of updates, of shape (n_counts, n_parameters).

        Parameters
        ----------
        counts : sequence of int
        optimizer : Optimizer
            Whose `recurrence` is known.
        learning_rate : float
        """
        factors = self.factors(counts, optimizer, learning_rate)
        return -self.units * ((factors * self.slopes) @ self.vectors.T)

    def factors(self, counts, optimizer, learning_rate):
        """How far each direction has gone for a slope of -1, of shape (n_counts, n_parameters).

        1 / lambda at the minimum; (1 - (1 - lr lambda)^k) / lambda after k updates of plain
        descent.
        """
        update = affine(optimizer.recurrence(learning_rate, self.curvature), learning_rate)
        state = np.zeros((len(self.curvature), 3, 1))
        state[:, 2] = 1.0
        order, last = np.argsort(counts, kind="stable"), 0
        factors = np.empty((len(counts), len(self.curvature)))
        for i in order:
            with np.errstate(over="ignore", invalid="ignore"):  # beyond the stable limit
                state = np.linalg.matrix_power(update, int(counts[i]) - last) @ state
            last, factors[i] = int(counts[i]), state[:, 0, 0]
        return factors


def shrunk(matrix, gradient, strengths, start, learning_rate):
    """The `SpectralDescent` under sum_j c_j w_j^2 / 2 as well, whose prox follows each update.

    Parameters
    ----------
    matrix : ndarray of shape (n_parameters, n_parameters)
    gradient, start : ndarrays of shape (n_parameters,)
        Of the quadratic function, where descent begins.
    strengths : ndarray of shape (n_parameters,)
        c.
    learning_rate : float
    """
    if not strengths.any():
        return SpectralDescent(matrix, gradient)
    units = 1 / np.sqrt(1 + learning_rate * strengths)
    step = np.eye(len(matrix)) - learning_rate * matrix
    inside = (np.eye(len(matrix)) - np.outer(units, units) * step) / learning_rate
    slope = (start / units - units * (start - learning_rate * gradient)) / learning_rate
    return SpectralDescent((inside + inside.T) / 2, slope, units)


def affine(recurrence, learning_rate):
    """x' = M x + lr (1, 1)' as one matrix for (x, 1)."""
    update = np.zeros((len(recurrence), 3, 3))
    update[:, :2, :2] = recurrence
    update[:, :2, 2], update[:, 2, 2] = learning_rate, 1.0
    return update
