"""Variance reduction: slopes and gradient of all rows at the point of the last full gradient.

Letters
-------
w  parameters; w_0 those at which the snapshot was taken
g  gradient of shape (targets, features + intercept), the intercept last
r  slope dL/dz of a row; s its weight, x the row itself
z  slopes dL/dz of shape (predictions, rows of a block)
i  row
a  row of a block
t  target or prediction of a row
j  coordinate
m  number of rows in a block
"""

import cython


class Snapshot:
    """The slopes r_i(w_0) of all rows at a point w_0, and the gradient of their mean loss there.

    The gradient of a batch at w becomes mean s_i (r_i(w) - r_i(w_0)) x_i + the gradient at w_0. It
    has the same expectation and a variance that vanishes with w - w_0 (Johnson and Zhang,
    "Accelerating stochastic gradient descent using predictive variance reduction", 2013).

    Parameters
    ----------
    slopes : ndarray of shape (n_samples, n_predictions)
        Without weights; empty where there is no snapshot.
    gradient : ndarray of shape (n_predictions, n_features + intercept)
        With respect to the parameters in the coordinates of the run.
    """

    def __init__(self, slopes, gradient):
        self.slopes = slopes
        self.gradient = gradient
        self.taken = len(slopes) > 0

    def subtract(self, order, first, m, z):
        """z <- z - the slopes of m rows from a place of the order on."""
        for a in range(m):
            i = order[first + a]
            for t in range(z.shape[0]):
                z[t, a] -= self.slopes[i, t]

    def add(self, g):
        """g <- g + the gradient."""
        for t in range(g.shape[0]):
            for j in range(g.shape[1]):
                g[t, j] += self.gradient[t, j]

    def prefetch_slopes(self, order, position):
        """Prefetch the slopes of the row at a position of the order."""
        if cython.compiled:
            if position < order.shape[0]:
                i = order[position]
                prefetch(
                    cython.address(self.slopes[i, 0]),
                    cython.address(self.slopes[i, self.slopes.shape[1]]),
                )
