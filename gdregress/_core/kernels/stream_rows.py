"""Rows of a stream: several learners read them side by side, one row after the other.

The equations stand in `gdregress._stream.rows`, whose functions have the same names.

Letters
-------
X  rows in the coordinates of the learners; x is one of them
y  targets of shape (rows, targets)
w  parameters of shape (learners * predictions, features + intercept), the intercept last
v  averages of w, in its shape
z  predictions of a row, of shape (predictions, 1)
r  slopes dL/dz that a step takes, in the shape of z
q  change of a prediction by a unit of r
h  curvature of the loss
n  number of learners
i  row
m  learner
t  prediction of a row
j  coordinate
k  number of predictions for a row
p  number of features
"""

import cython
from cython.cimports.libc.math import fabs, sqrt

if not cython.compiled:
    from gdregress._core.kernels.losses import Loss
    from gdregress._core.kernels.rows import add, dot, take_targets, weight

# `gdregress._stream` has the same constants.
MEMORY = cython.declare(cython.double, 8.0)
THRESHOLD = cython.declare(cython.double, 1.5)
HALVINGS = cython.declare(cython.Py_ssize_t, 40)
LARGEST_SLOPE = cython.declare(cython.double, 1e100)


class StreamLearners:
    """The state of the learners: arrays of the caller, updated in place.

    Parameters
    ----------
    w, v : ndarrays
    rates : ndarray of shape (learners,)
    record : ndarray of shape (4, learners)
        `Learners.lead`, `.squares`, `.age` and `.wait`.
    p : int
    size, h : float
        Mean squared norm of a row, and the curvature of the loss.
    penalty : Penalty
    coupled : float
        Bound of the curvature of a loss of several coupled predictions; 0 for all others.
    scratch : ndarray of shape (3, predictions, 1)
    bounds : ndarray of shape (2, predictions)
    losses : ndarray of shape (learners + 1, rows)
        Losses of every candidate on every row, before the learners read the rows.
    targets : ndarray of shape (targets, 1)
    """

    def __init__(
        self, w, v, rates, record, p, size, h, penalty, coupled, scratch, bounds, losses, targets
    ):
        self.w, self.v, self.rates = w, v, rates
        self.lead, self.squares, self.age, self.wait = record[0], record[1], record[2], record[3]
        self.n, self.k, self.p = len(rates), w.shape[0] // len(rates), p
        self.fit_intercept = w.shape[1] > p
        self.size, self.h, self.penalty, self.coupled = size, h, penalty, coupled
        self.z, self.r, self.trial = scratch[0], scratch[1], scratch[2]
        self.low, self.high = bounds[0], bounds[1]
        self.losses, self.one, self.targets = losses, bounds[0, :1].copy(), targets

    def costs_nothing(self, loss):
        """Whether the loss of the predictions z is 0."""
        loss.values(self.targets, self.z, self.one, 1)
        return self.one[0] == 0

    def compare(self, weight, i):
        """Every learner's average with the candidate before it."""
        for m in range(self.n):
            kept = 1 - self.rates[m] / (MEMORY * self.size)
            lost = weight * (self.losses[m + 1, i] - self.losses[m, i])
            self.lead[m] = kept * self.lead[m] + lost
            self.squares[m] = kept * self.squares[m] + lost * lost
            self.age[m] += 1
            self.wait[m] -= 1
        for m in range(self.n):
            if self.wait[m] <= 0:
                self.wait[m] = self.size / self.rates[m]
                if self.is_beaten(m):
                    self.restart(m, i)

    def is_beaten(self, m):
        """Whether the losses of the previous candidate are smaller, beyond chance."""
        return self.lead[m] > THRESHOLD * sqrt(self.squares[m])

    def restart(self, m, i):
        """Start again from the parameters of the previous candidate."""
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                if m == 0:
                    self.v[t, j] = self.w[t, j]
                else:
                    self.v[m * self.k + t, j] = self.v[(m - 1) * self.k + t, j]
                    self.w[m * self.k + t, j] = self.v[(m - 1) * self.k + t, j]
        for j in range(i + 1, self.losses.shape[1]):
            self.losses[m + 1, j] = self.losses[m, j]
        if m + 1 < self.n:
            self.lead[m + 1] += self.lead[m]
            self.squares[m + 1] += self.squares[m]
        self.lead[m] = self.squares[m] = self.age[m] = 0.0

    def implicit(self, loss, q):
        """r <- slopes of the loss at z, then those after the step: r = L'(z - q r)."""
        for t in range(self.k):
            self.r[t, 0] = self.z[t, 0]
        loss.slopes(self.targets, self.r, 1)
        if self.coupled > 0:
            for t in range(self.k):
                self.r[t, 0] = bounded(self.r[t, 0]) / (1 + q * self.coupled)
            return
        if self.costs_nothing(loss):
            return  # the slope of the perceptron is not zero at a loss of zero
        for t in range(self.k):
            self.r[t, 0] = bounded(self.r[t, 0])
            far = fabs(self.z[t, 0]) + fabs(self.targets[min(t, self.targets.shape[0] - 1), 0])
            self.low[t] = 0.0
            self.high[t] = min(1.0, (far + 100) / (q * fabs(self.r[t, 0]) + 1e-300))
        for _halving in range(HALVINGS):
            for t in range(self.k):
                share = (self.low[t] + self.high[t]) / 2
                self.trial[t, 0] = self.z[t, 0] - q * share * self.r[t, 0]
            loss.slopes(self.targets, self.trial, 1)
            for t in range(self.k):
                share = (self.low[t] + self.high[t]) / 2
                slope = self.trial[t, 0] if self.r[t, 0] > 0 else -self.trial[t, 0]
                if share * fabs(self.r[t, 0]) > slope:
                    self.high[t] = share
                else:
                    self.low[t] = share
        for t in range(self.k):
            self.r[t, 0] *= (self.low[t] + self.high[t]) / 2

    def take_average(self, m):
        """Update the average v of a learner with its w."""
        before = MEMORY * self.size / self.rates[m - 1] if m > 0 else 1.0
        share = max(self.rates[m] / (MEMORY * self.size), 1 / (before + self.age[m] / 2))
        for t in range(m * self.k, (m + 1) * self.k):
            for j in range(self.w.shape[1]):
                self.v[t, j] += share * (self.w[t, j] - self.v[t, j])


def bounded(slope):
    """The slope within [-LARGEST_SLOPE, LARGEST_SLOPE]: never infinite."""
    if slope > LARGEST_SLOPE:
        return LARGEST_SLOPE
    return slope if slope > -LARGEST_SLOPE else -LARGEST_SLOPE


def stream_rows(
    X: cython.const[cython.double][:, ::1],
    y: cython.const[cython.double][:, ::1],
    weights: cython.const[cython.double][::1],
    loss: Loss,
    quadratic: cython.bint,
    learners: StreamLearners,
):
    """All learners learn from the rows in their order."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    m: cython.Py_ssize_t
    t: cython.Py_ssize_t
    p: cython.Py_ssize_t = X.shape[1]
    k: cython.Py_ssize_t = learners.k
    norm: cython.double
    rate: cython.double
    step_size: cython.double
    w: cython.double[:, ::1] = learners.w
    with cython.nogil:
        for i in range(X.shape[0]):
            take_targets(y, i, learners.targets, 0)
            norm = 1.0 if w.shape[1] > p else 0.0
            for j in range(p):
                norm += X[i, j] * X[i, j]
            learners.compare(weight(weights, i), i)
            for m in range(learners.n):
                step_size = learners.rates[m] / (learners.h * learners.size)
                rate = step_size * weight(weights, i)
                for t in range(k):
                    learners.z[t, 0] = dot(X, i, w, m * k + t, -1)
                if quadratic:
                    for t in range(k):
                        learners.r[t, 0] = (learners.z[t, 0] - y[i, t]) / (1 + rate * norm)
                else:
                    learners.implicit(loss, rate * norm)
                for t in range(k):
                    add(-rate * learners.r[t, 0], X, i, w, m * k + t)
                if learners.penalty.active:
                    learners.penalty.shrink(w[m * k : (m + 1) * k], p, step_size)
                learners.take_average(m)
