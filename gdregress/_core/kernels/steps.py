"""Plain descent in scaled coordinates, computed in the user's units: `Steps`, `dense_steps`.

Letters
-------
X   rows; x is one of them, x_i row i
y   targets of shape (rows, targets)
u   parameters in the coordinates, s the scales of their columns: u = s w
w   parameters of shape (predictions, features + intercept), the intercept last
d   sizes of the steps of the coefficients
e   drift
g   gradient with respect to w, of centred columns
z   predictions, then slopes dL/dz, of shape (predictions, rows of a block)
r   slope times weight: factor of a row in the gradient
c   -lr r
lr  learning rate
h   1 / (1 + lr l2), the factor of one update
i   row
a   place of a row in the order
t   target or prediction of a row
j   coordinate
k   number of predictions for a row
n   number of updates
p   number of features
l2  strength of the squares
"""

import cython
from cython.cimports.libc.math import ceil, expm1, fabs, log1p

if not cython.compiled:
    from gdregress._core.kernels.common import clip
    from gdregress._core.kernels.losses import Loss
    from gdregress._core.kernels.rows import (
        PREFETCH_DISTANCE,
        long_row,
        prefetch_row,
        take_targets,
        weight,
    )
    from gdregress._core.kernels.rules import Rule
    from gdregress._core.kernels.snapshot import Snapshot


class Steps:
    """The step u <- prox(u - lr (g_u + the snapshot's gradient)) as one of w = u / s:

        w_j <- clip(soft(w_j - lr (d_j g_j + e_j), lr threshold_j) h_j, lower_j, upper_j),

    with d = 1 / s^2, e the snapshot's gradient with respect to u over s, the threshold l1 / s, and
    the bounds over s. So the products take the rows as they are, and each step is a single loop.

    Parameters
    ----------
    mean : ndarray of shape (n_features,)
        Means of the columns; the gradient is that of the centred columns.
    sizes : ndarray of shape (n_features,)
        d.
    drift : ndarray of shape (n_predictions, n_features + intercept)
        e; for the intercept the snapshot's gradient itself.
    thresholds, l2s, lower, upper : ndarrays of shape (n_features,)

    Attributes
    ----------
    rate : float
        The learning rate for which `factors` holds h and `logs` holds -log h.
    """

    def __init__(self, mean, sizes, drift, thresholds, l2s, lower, upper):
        self.mean = mean
        self.sizes = sizes
        self.drift = drift
        self.thresholds = thresholds
        self.l2s = l2s
        self.lower = lower
        self.upper = upper
        bounded = lower.max() > float("-inf") or upper.min() < float("inf")
        self.clips = bounded or thresholds.max() > 0
        self.shrinks = l2s.max() > 0
        self.still = not (self.clips or self.shrinks or drift.any())
        self.factors = 0 * l2s + 1
        self.logs = 0 * l2s
        self.rate = 0.0

    def set_rate(self, lr):
        """Prepare for a learning rate."""
        if self.shrinks and lr != self.rate:
            for j in range(self.l2s.shape[0]):
                self.factors[j] = 1 / (1 + lr * self.l2s[j])
                self.logs[j] = log1p(lr * self.l2s[j])
        self.rate = lr

    def prox(self, w, j):
        """soft(w) h of coefficient j, without its bounds."""
        return (w - clip(w, self.rate * self.thresholds[j])) * self.factors[j]

    def inside(self, w, j):
        """The value nearest to w within the bounds of coefficient j."""
        w = self.lower[j] if w < self.lower[j] else w
        return self.upper[j] if w > self.upper[j] else w

    def step(self, w, g, t, j):
        """Coefficient j of target t after one update."""
        moved = w - self.rate * (self.sizes[j] * g + self.drift[t, j])
        return self.inside(self.prox(moved, j), j) if self.clips else moved * self.factors[j]

    def wait(self, w, t, j, n):
        """Coefficient j of target t after n updates at the same rate without rows of its own.

        Clipping once at the end equals clipping after every update, because the updates move w
        monotonically until it stays.
        """
        if not self.clips:
            return self.after(w, self.drift[t, j], j, n)
        return self.inside(self.wait_on_sides(w, t, j, n), j)

    def wait_on_sides(self, w, t, j, n):
        """The same without bounds.

        While w stays on one side of zero, say w > 0, an update is w <- h (w - lr pull) with
        pull = e + threshold, see `after`. The updates are monotone: if w is positive after all of
        them, it has never changed its sign. Otherwise it has come to zero: it stays there if
        |e| <= threshold, and crosses to the other side if not.
        """
        while n > 0:
            side = -1.0 if w < 0 or (w == 0 and self.drift[t, j] > 0) else 1.0
            pull = side * self.drift[t, j] + self.thresholds[j]
            new = self.after(side * w, pull, j, n)
            if self.thresholds[j] == 0 or not new <= 0:  # NaN stays NaN
                return side * new
            if fabs(self.drift[t, j]) <= self.thresholds[j]:
                return 0.0
            until = self.updates_to_zero(side * w, pull, j, n)
            w = side * self.after(side * w, pull, j, until - 1)
            w = self.prox(w - self.rate * self.drift[t, j], j)
            n -= until
        return w

    def after(self, w, pull, j, n):
        """w after n updates w <- h (w - lr pull), which are

        w - size (l2 w + pull),   size = (1 - h^n) / l2, or n lr without l2.
        """
        if n == 1:
            return (w - self.rate * pull) * self.factors[j]
        size = n * self.rate
        if self.l2s[j] > 0:
            size = -expm1(-n * self.logs[j]) / self.l2s[j]
        return w - size * (self.l2s[j] * w + pull)

    def updates_to_zero(self, w, pull, j, n):
        """The first of n updates after which w > 0 is not positive any more."""
        size = w / (self.l2s[j] * w + pull)
        if self.l2s[j] > 0:
            until = ceil(-log1p(-self.l2s[j] * size) / self.logs[j])
        else:
            until = ceil(size / self.rate)
        return max(1, n if until >= n else cython.cast(cython.Py_ssize_t, until))


def dense_steps(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    steps: Steps,
    snapshot: Snapshot,
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """One step of `steps` for one row after the other; w of the rule is in the user's units.

    The intercept is that of the centred columns. `targets` and z are scratch space for a row.
    """
    n: cython.Py_ssize_t = order.shape[0]
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    next_row: cython.Py_ssize_t
    p: cython.Py_ssize_t = rule.p
    r: cython.double
    w: cython.double[:, ::1] = rule.w
    with cython.nogil:
        for a in range(n):
            prefetch_row(X, y, order, a + PREFETCH_DISTANCE)
            if snapshot.taken:
                snapshot.prefetch_slopes(order, a + PREFETCH_DISTANCE)
            next_row = long_row(X, order, a + PREFETCH_DISTANCE)
            i = order[a]
            take_targets(y, i, targets, 0)
            for t in range(rule.k):
                z[t, 0] = dot_centred(X, i, steps, w, t, next_row if t == 0 else -1)
                z[t, 0] += w[t, p] if rule.fit_intercept else 0.0
            if rule.k == 1 and y.shape[1] == 1:  # the same, without a loop over rows
                z[0, 0] = loss.slope(targets[0, 0], z[0, 0])
            else:
                loss.slopes(targets, z, 1)
            if snapshot.taken:
                snapshot.subtract(order, a, 1, z)
            steps.set_rate(rates[a])
            for t in range(rule.k):
                r = z[t, 0] * weight(weights, i)
                if r == 0 and steps.still:
                    continue
                if rule.fit_intercept:
                    w[t, p] -= rates[a] * (r + steps.drift[t, p])
                move_by_row(r, X, i, steps, w, t)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def dot_centred(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    steps: Steps,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
    next_row: cython.Py_ssize_t,
) -> cython.double:
    """(x_i - mean) . w_t; meanwhile row `next_row` is prefetched, unless it is negative."""
    p: cython.Py_ssize_t = X.shape[1]
    j: cython.Py_ssize_t
    z: cython.double = 0.0
    if cython.compiled:
        x, mean, w_t = (
            cython.address(X[i, 0]),
            cython.address(steps.mean[0]),
            cython.address(w[t, 0]),
        )
        return c_dot_centred(
            x, mean, w_t, p, cython.address(X[next_row, 0]) if next_row >= 0 else cython.NULL
        )
    for j in range(p):
        z += (X[i, j] - steps.mean[j]) * w[t, j]
    return z


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def move_by_row(
    r: cython.double,
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    steps: Steps,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
) -> cython.void:
    """The step of all coefficients of target t whose gradient is r (x_i - mean)."""
    p: cython.Py_ssize_t = X.shape[1]
    j: cython.Py_ssize_t
    c: cython.double = -steps.rate * r
    if not cython.compiled:
        for j in range(p):
            w[t, j] = steps.step(w[t, j], r * (X[i, j] - steps.mean[j]), t, j)
    elif steps.clips:
        c_move_clipped(
            c,
            cython.address(X[i, 0]),
            cython.address(steps.mean[0]),
            cython.address(steps.sizes[0]),
            steps.rate,
            cython.address(steps.drift[t, 0]),
            cython.address(steps.thresholds[0]),
            cython.address(steps.factors[0]),
            cython.address(steps.lower[0]),
            cython.address(steps.upper[0]),
            cython.address(w[t, 0]),
            p,
        )
    else:
        c_move(
            c,
            cython.address(X[i, 0]),
            cython.address(steps.mean[0]),
            cython.address(steps.sizes[0]),
            steps.rate,
            cython.address(steps.drift[t, 0]),
            cython.address(steps.factors[0]),
            cython.address(w[t, 0]),
            p,
        )
