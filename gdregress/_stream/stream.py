"""A stream so far: the moments of its columns, and the learners."""

import numpy as np
from scipy import sparse

from gdregress._stream import core
from gdregress._stream.learners import Learners
from gdregress._stream.rows import RowsOf, curvature, learn_rows
from gdregress._stream.running_columns import RunningColumns

# Rows whose coordinates are computed at once.
ROWS_AT_ONCE = 1024


class Stream:
    """Learns from chunks of rows, and reports parameters in the user's units.

    All numbers are NumPy's, in double precision.

    Parameters
    ----------
    columns : RunningColumns
    learners : Learners
        In the user's units between two chunks.
    fit_intercept : bool
    size : float
        Mean squared norm of a row in the coordinates of the last chunk.
    """

    def __init__(self, columns, learners, fit_intercept, size=1.0):
        self.columns, self.learners = columns, learners
        self.fit_intercept, self.size = fit_intercept, size

    @classmethod
    def at(cls, params, fit_intercept, is_sparse, rows=0):
        """A stream that begins at parameters of shape (n_predictions, n_parameters).

        Parameters
        ----------
        params : ndarray
        fit_intercept, is_sparse : bool
        rows : int
            How many rows the parameters have been learned from.
        """
        n_features = params.shape[1] - fit_intercept
        columns = RunningColumns(n_features, centred=fit_intercept and not is_sparse)
        return cls(columns, Learners.at(params, rows), fit_intercept)

    def learn(self, X, y, weights, loss, penalty):
        """Go over the rows of a chunk once.

        Parameters
        ----------
        X : ndarray or CSR matrix
        y : ndarray
        weights : ndarray of shape (n_rows,)
        loss : loss of NumPy arrays
        penalty : Penalty
            Of the user's coefficients.
        """
        for start in range(0, X.shape[0], ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            self._learn(X[part].astype(float), y[part], weights[part], loss, penalty)

    def _learn(self, X, y, weights, loss, penalty):
        self.columns.add(X, weights)
        scale, squares = self.columns.scale()
        inside = self.columns.coordinates(scale, self.fit_intercept).penalty(penalty)
        learners = self.learners.converted(lambda params: self._from_user(params, scale))
        self.size = float(squares.sum()) + self.fit_intercept or 1.0
        rows = self._rows(X, np.where(squares > 0, 1 / scale, 0.0))
        if core.covers(rows, loss, inside):
            core.learn_rows(learners, rows, y, weights, loss, inside, self.size)
        else:
            every = 1
            if sparse.issparse(rows):  # as dear as the rows between are together
                every = max(1, rows.shape[0] * rows.shape[1] // max(1, rows.nnz))
            rows = RowsOf(rows, self.fit_intercept)
            learn_rows(learners, rows, y, weights, loss, inside, self.size, every)
        self.learners = learners.converted(lambda params: self._to_user(params, scale))

    @property
    def learning_rate(self):
        """The rate of what is reported, in its coordinates."""
        return self.learners.rate / (curvature(self.learners.tally) * self.size)

    @property
    def params(self):
        """What is reported, of shape (n_predictions, n_parameters)."""
        return self.learners.reported

    def _rows(self, X, inverse):
        if sparse.issparse(X):
            if not self.columns.mean.any():
                return X.multiply(inverse).tocsr()
            X = X.toarray()  # after dense chunks: centred, a block at a time
        return np.ascontiguousarray((X - self.columns.mean) * inverse)

    def _from_user(self, params, scale):
        """Parameters (w, b) in coordinates: s w and b + m . w."""
        if not self.fit_intercept:
            return params * scale
        coef = params[..., :-1]
        intercept = params[..., -1] + coef @ self.columns.mean
        return np.concatenate([coef * scale, intercept[..., None]], axis=-1)

    def _to_user(self, params, scale):
        """The inverse of `_from_user`."""
        if not self.fit_intercept:
            return params / scale
        coef = params[..., :-1] / scale
        intercept = params[..., -1] - coef @ self.columns.mean
        return np.concatenate([coef, intercept[..., None]], axis=-1)

    def to_dict(self):
        """Plain numbers and arrays."""
        return {
            "columns": self.columns.to_dict(),
            "learners": self.learners.to_dict(),
            "fit_intercept": self.fit_intercept,
            "size": self.size,
        }

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        columns = RunningColumns.from_dict(saved["columns"])
        learners = Learners.from_dict(saved["learners"])
        return cls(columns, learners, saved["fit_intercept"], saved["size"])
