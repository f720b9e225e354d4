"""A stream so far: the moments of its columns, and the learners."""

import numpy as np
from scipy import sparse

from gdregress._stream import core
from gdregress._stream.learners import Learners
from gdregress._stream.least_squares import LeastSquares
from gdregress._stream.race import counted, losses_before, losses_of
from gdregress._stream.rows import learn_rows
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
    rows : int
        Learned so far.
    size : float
        Mean squared norm of a row in the coordinates of the last chunk.
    least_squares : LeastSquares or None
        None where a chunk is not one of squared error.
    """

    def __init__(self, columns, learners, fit_intercept, rows=0, size=1.0, least_squares=None):
        self.columns, self.learners = columns, learners
        self.fit_intercept, self.rows, self.size = fit_intercept, rows, size
        self.least_squares = least_squares

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
        return cls(columns, Learners.at(params, rows), fit_intercept, rows)

    def moved_to(self, params):
        """The stream that goes on from given parameters: all learners are moved by as much."""
        by = params - self.learners.reported
        learners = self.learners.converted(lambda known: known + by)
        return Stream(self.columns, learners, self.fit_intercept, self.rows, self.size)

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
        self._begin_least_squares(X.shape[1], loss, penalty)
        start = 0
        while start < len(y):
            # the first rows of all are chunks of 1, 1, 2, 4, ... rows
            stop = min(len(y), start + max(1, self.rows))
            part = slice(start, stop)
            self._learn_chunk(X[part], y[part], weights[part], loss, penalty)
            self.rows += stop - start
            start = stop

    def _learn_chunk(self, X, y, weights, loss, penalty):
        """Let the candidates predict the rows, then learn them."""
        parts = [slice(i, i + ROWS_AT_ONCE) for i in range(0, len(y), ROWS_AT_ONCE)]
        each = [losses_before(self.learners, X[part], y[part], loss) for part in parts]
        losses = np.concatenate([losses for losses, _ in each], axis=1)
        slopes = np.concatenate([slopes for _, slopes in each])
        learners = self.learners
        learners.tally = counted(learners.tally, losses[learners.best], slopes)
        if self.least_squares is not None:
            self._fit_least_squares(X, y, weights, losses[learners.best], loss, penalty)
        for part in parts:
            rows, left = X[part].astype(float), losses[:, part.start :]
            self._learn(rows, y[part], weights[part], left, loss, penalty)

    def _begin_least_squares(self, n_features, loss, penalty):
        if not LeastSquares.covers(n_features, loss, penalty):
            self.least_squares = None
        elif self.least_squares is None:
            # behind what was learned from rows that it has not seen, until it predicts better
            params, unseen = self.learners.reported, self.rows
            self.least_squares = LeastSquares.at(params, self.fit_intercept, not unseen, unseen)

    def _fit_least_squares(self, X, y, weights, of_learners, loss, penalty):
        exact = self.least_squares
        if exact.is_ready:
            exact.compare(losses_of(exact.params, X, y, loss), of_learners, weights)
        for i in range(0, len(y), ROWS_AT_ONCE):
            part = slice(i, i + ROWS_AT_ONCE)
            rows = X[part].toarray() if sparse.issparse(X) else X[part]
            exact.add(rows.astype(float), y[part].reshape(len(rows), -1), weights[part])
        exact.solve(penalty.kernel_terms.l2)

    def _learn(self, X, y, weights, losses, loss, penalty):
        self.columns.add(X, weights)
        scale, squares = self.columns.scale()
        inside = self.columns.coordinates(scale, self.fit_intercept).penalty(penalty)
        learners = self.learners.converted(lambda params: self._from_user(params, scale))
        self.size = float(squares.sum()) + self.fit_intercept or 1.0
        rows = self._rows(X, np.where(squares > 0, 1 / scale, 0.0))
        learn = core.learn_rows if core.covers(rows, loss, inside) else learn_rows
        learn(learners, rows, y, weights, losses, loss, inside, self.size)
        self.learners = learners.converted(lambda params: self._to_user(params, scale))

    @property
    def learning_rate(self):
        """The rate of what is reported, in its coordinates."""
        return self.learners.rate / (self.learners.curvature * self.size)

    @property
    def params(self):
        """What is reported, of shape (n_predictions, n_parameters)."""
        exact = self.least_squares
        reported = exact is not None and exact.is_reported
        return exact.params if reported else self.learners.reported

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
        exact = None if self.least_squares is None else self.least_squares.to_dict()
        parts = {"columns": self.columns.to_dict(), "learners": self.learners.to_dict()}
        parts["least_squares"] = exact
        return {**vars(self), **parts}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        columns = RunningColumns.from_dict(saved["columns"])
        learners = Learners.from_dict(saved["learners"])
        exact = saved["least_squares"] and LeastSquares(**saved["least_squares"])
        parts = {"columns": columns, "learners": learners, "least_squares": exact}
        return cls(**{**saved, **parts})
