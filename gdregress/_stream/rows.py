r"""Learning from one row after the other, for every loss and penalty.

A learner at rate c takes the implicit step, whose slope is that at the end of the step:

    w <- prox(w - eta s r a),  r = L'(y, a . w - eta s |a|^2 r),  eta = c / (h E)

for a row a of weight s in coordinates in which a row has the mean squared norm E. No step goes
beyond the row's own minimum, whatever the rate and however large the row. The curvature h of the
loss is measured: L'^2 <= 2 h L for a loss whose curvature is at most h and whose minimum is 0.

References
----------
Kulis and Bartlett, "Implicit online learning", 2010. Karampatziakis and Langford, "Online
importance weight aware updates", 2011. Toulis and Airoldi, "Asymptotic and finite-sample
properties of estimators based on stochastic gradients", 2017.
"""

import numpy as np
from scipy import sparse

from gdregress._stream.learners import MEMORY, RATES, THRESHOLD

# Rows over which the curvature is measured.
WINDOW = 1000
# Halvings of the interval of an implicit step.
HALVINGS = 40
# What is beyond is no number that a sum can hold.
LARGEST_LOSS, LARGEST_SLOPE = 1e200, 1e100


def learn_rows(learners, rows, y, weights, loss, penalty, size, every=1):
    """All learners learn from the rows in their order.

    Parameters
    ----------
    learners : Learners
        In the coordinates of the rows; changed in place.
    rows : RowsOf
    y : ndarray
    weights : ndarray of shape (n_rows,)
    loss : loss of NumPy arrays
    penalty : Penalty
        In these coordinates.
    size : float
        E.
    every : int
        Rows after which averages and prox are caught up on, as both move all coefficients.
    """
    w, v = learners.iterates, learners.averages
    behind = 0
    for i, (places, a) in enumerate(rows):
        row = _Row(loss, y[i], w.shape[1])
        candidates = np.concatenate([w[:1, :, places], v[:, :, places]]) @ a
        losses = row.losses(candidates)
        _count(learners.tally, row, candidates, losses)
        _compare(learners, losses, weights[i], size)
        eta = RATES / (curvature(learners.tally) * size)
        step_sizes = eta * weights[i]
        slopes = row.implicit(w[:, :, places] @ a, step_sizes * (a @ a))
        w[:, :, places] -= (step_sizes[:, None] * slopes)[:, :, None] * a
        behind += 1
        if behind == every or i == len(y) - 1:
            if penalty.active:
                _shrink(w, penalty, behind * eta, rows.n_features)
            left = (1 - _shares(learners, size)) ** behind
            v += (1 - left)[:, None, None] * (w - v)
            behind = 0


class RowsOf:
    """The rows of a chunk, each as its places and values in the coordinates of the learners.

    Parameters
    ----------
    X : ndarray or CSR matrix
        In the coordinates.
    fit_intercept : bool
        Whether every row ends with a 1.
    """

    def __init__(self, X, fit_intercept):
        self.X, self.fit_intercept = X, fit_intercept
        self.n_features = X.shape[1]

    def __iter__(self):
        if not sparse.issparse(self.X):
            ones = np.ones((len(self.X), 1 if self.fit_intercept else 0))
            yield from ((slice(None), a) for a in np.hstack([self.X, ones]))
            return
        last = [self.n_features] if self.fit_intercept else []
        for start, stop in zip(self.X.indptr, self.X.indptr[1:]):
            places = np.append(self.X.indices[start:stop], last).astype(np.intp)
            yield places, np.append(self.X.data[start:stop], [1.0] * len(last))


class _Row:
    """The loss of a row for many predictions z of shape (n_learners, n_predictions)."""

    def __init__(self, loss, y, n_predictions):
        self.loss, self.y, self.n = loss, np.asarray(y), n_predictions
        self.single = loss.n_outputs is None and self.y.ndim == 0

    def losses(self, z):
        """Losses of shape (n_learners,), finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.asarray(self.loss.value(*self._shaped(z)))
        values = values.reshape(len(z), -1).sum(axis=1)
        return np.where(values < LARGEST_LOSS, values, LARGEST_LOSS)

    def slopes(self, z):
        """dL/dz in the shape of z, finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            slopes = np.asarray(self.loss.gradient(*self._shaped(z))).reshape(z.shape)
        return np.clip(slopes, -LARGEST_SLOPE, LARGEST_SLOPE)

    def implicit(self, z, q):
        """r = L'(z - q r), by halving an interval: L' rises with z."""
        slopes, q = self.slopes(z), q[:, None]
        if self.loss.is_quadratic:
            return slopes / (1 + q)
        if self.loss.n_outputs is not None and self.loss.base_loss is self.loss:
            return slopes / (1 + q * self.loss.curvature)
        far = abs(z) + np.max(abs(self.y)) + 100
        low = np.zeros_like(z)
        high = np.minimum(1.0, far / (q * abs(slopes) + 1e-300))
        for _ in range(HALVINGS):
            share = (low + high) / 2
            beyond = share * abs(slopes) > np.sign(slopes) * self.slopes(z - q * share * slopes)
            low, high = np.where(beyond, low, share), np.where(beyond, share, high)
        # of the perceptron, whose slope leaves a row that costs nothing yet
        unlearned = self.losses(z)[:, None] == 0
        return slopes * np.where(unlearned, 1.0, (low + high) / 2)

    def _shaped(self, z):
        y = np.broadcast_to(self.y, (len(z), *self.y.shape))
        return (y, z[:, 0]) if self.single else (y, z)


def _count(tally, row, candidates, losses):
    """Add slope and loss of the reported candidate to the tally."""
    best = int(tally[3])
    tally[2] = min(tally[2] + 1, WINDOW)
    square = np.sum(row.slopes(candidates[best : best + 1]) ** 2)
    tally[0] += (square - tally[0]) / tally[2]
    tally[1] += (losses[best] - tally[1]) / tally[2]


def curvature(tally):
    """h of the loss; 1 where nothing has been measured."""
    return tally[0] / (2 * tally[1]) if tally[0] > 0 and tally[1] > 0 else 1.0


def _compare(learners, losses, weight, size):
    """Every learner's average with the candidate before it."""
    lead, squares, age, wait = learners.record
    kept, lost = 1 - RATES / (MEMORY * size), weight * np.diff(losses)
    lead[:], squares[:] = kept * lead + lost, kept * squares + lost**2
    age += 1
    wait -= 1
    for k in np.flatnonzero(wait <= 0):
        wait[k] = size / RATES[k]
        if lead[k] > THRESHOLD * np.sqrt(squares[k]):
            _restart(learners, k)
    beaten = np.flatnonzero(lead > THRESHOLD * np.sqrt(squares))
    learners.tally[3] = beaten[0] if len(beaten) else len(RATES)


def _restart(learners, k):
    """Begin again where the candidate before has arrived."""
    lead, squares, age, _ = learners.record
    if k == 0:
        learners.averages[0] = learners.iterates[0]
    else:
        learners.averages[k] = learners.iterates[k] = learners.averages[k - 1]
    if k + 1 < len(RATES):
        lead[k + 1] += lead[k]
        squares[k + 1] += squares[k]
    lead[k] = squares[k] = age[k] = 0.0


def _shares(learners, size):
    """Share of the iterates in their averages: at first the mean of all, then a memory."""
    memory = MEMORY * size / RATES
    before = np.append(1.0, memory[:-1])
    return np.maximum(1 / memory, 1 / (before + learners.record[2] / 2))


def _shrink(w, penalty, step_sizes, n_features):
    """The prox of every learner's coefficients, those of a single target as a vector."""
    for of_learner, step_size in zip(w, step_sizes, strict=True):
        coef = of_learner[:, :n_features].T
        coef = coef[:, 0] if coef.shape[1] == 1 else coef
        of_learner[:, :n_features] = penalty.prox(coef, step_size).T
