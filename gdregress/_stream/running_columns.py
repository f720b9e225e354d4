"""The columns of a stream so far: their means and spreads, and the coordinates they make."""

import numpy as np
from scipy import sparse

from gdregress._objective.coordinates import Columns
from gdregress._objective.moments import check_finite

# Spreads below this share of the mean are the rounding of a constant column.
ROUNDING = 1e-12


class RunningColumns:
    """Weighted moments of every column, and its largest deviation from the mean.

    Parameters
    ----------
    n_features : int
    centred : bool
        Whether the coordinates are centred. Sparse columns are not, nor columns without an
        intercept: their moments are those about zero.

    References
    ----------
    Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances", 1979.
    """

    def __init__(self, n_features, centred):
        self.centred = bool(centred)
        self.weight = 0.0
        self.mean = np.zeros(n_features)
        self.squares = np.zeros(n_features)
        self.largest = np.zeros(n_features)

    def add(self, X, weights):
        """Take in the rows of a chunk.

        Parameters
        ----------
        X : ndarray or CSR matrix of doubles
        weights : ndarray of shape (n_rows,)
        """
        total = weights.sum()
        with np.errstate(over="ignore", invalid="ignore"):
            if sparse.issparse(X):
                self.squares = self.squares + weights @ X.multiply(X)
                farthest = abs(X).max(axis=0).toarray().ravel()
            else:
                mean = weights @ X / total if self.centred else self.mean
                step = mean - self.mean
                between = step**2 * (self.weight * total / (self.weight + total))
                self.squares = self.squares + (weights @ (X - mean) ** 2 + between)
                self.mean = self.mean + step * (total / (self.weight + total))
                farthest = abs(X - self.mean).max(axis=0)
            check_finite(self.squares)
        self.weight += total
        self.largest = np.maximum(self.largest, farthest)

    def scale(self):
        """s_j of the coordinates, and the mean square of every column in them.

        s_j is the geometric mean of the spread and the largest deviation. The spread alone would
        make single rows of a rare column huge, and the largest deviation alone is what a single
        outlier says. Columns that have been constant so far have scale 1 and mean square 0.
        """
        spread = np.sqrt(self.squares / (self.weight or 1.0))
        constant = spread <= ROUNDING * abs(self.mean)
        scale = np.where(constant, 1.0, np.sqrt(spread * self.largest))
        return scale, np.where(constant, 0.0, (spread / scale) ** 2)

    def coordinates(self, scale, fit_intercept):
        """The `Columns` of these means and a scale."""
        return Columns(self.mean, scale, fit_intercept)

    def to_dict(self):
        """Plain numbers and arrays."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        columns = cls(0, saved["centred"])
        vars(columns).update(saved)
        return columns
