"""Epochs of momentum over sparse rows in time proportional to the nonzeros: `csr_momentum`.

Without a gradient an update of a coefficient is a linear recursion. `LazyMomentum` applies many
such updates together when a row next needs the coefficient.

Letters
-------
y    targets of shape (rows, targets)
w    parameters of shape (predictions, features + intercept), or one coefficient
v    velocity of the coefficient
u    the point at which the gradient is taken, or one coefficient of it
g    gradient, in the shape of w
z    predictions, then slopes dL/dz, of shape (predictions, rows of a batch)
mu   momentum
lr   learning rate
l2   strength of the penalty
h    1 / (1 + lr l2), the shrinkage of an update
rho, sigma   ratios v / w of the slow solution, w / v of the fast one
S, F         sizes of the slow and of the fast solution
delta        1 - rho sigma, by how much the solutions differ
i    row
e    place of a nonzero in data and indices
a    row within a batch
b    number of an update
t    target or prediction of a row
j    coordinate
k    number of predictions for a row
m    number of rows in a batch
n    number of rows in the epoch
p    number of features
"""

import cython

if not cython.compiled:
    from gdregress._core.kernels.common import index
    from gdregress._core.kernels.losses import Loss
    from gdregress._core.kernels.rows import take_targets
    from gdregress._core.kernels.rules import Rule
    from gdregress._core.kernels.sparse_epochs import add_gradient
    from gdregress._core.kernels.sparse_rows import prefetch_nonzeros, prefetch_sparse_row


class LazyMomentum:
    """Many updates without a gradient at once, of a coefficient w and its velocity v:

        w' = h (w + mu v),    v' = w' - w,    h = 1 / (1 + lr l2).

    Any (w, v) is a slow solution (1, rho_b) S_b plus a fast one (sigma_b, 1) F_b,

        rho_{b+1} = (h - 1 + h mu rho_b) / (h (1 + mu rho_b)),  S_{b+1} = S_b h (1 + mu rho_b),
        sigma_b = h mu (sigma_{b+1} - 1) / (h + (1 - h) sigma_{b+1}),
        F_{b+1} = F_b (h mu - (1 - h) sigma_b).

    Without a penalty rho = 0, S = 1, sigma = -mu / (1 - mu) and F_b = mu^b. The recursions run in
    the directions in which their errors decay, and the two solutions are independent as long as
    the momentum is overdamped, 4 mu < h (1 + mu)^2. So many updates cost as much as one.

    Parameters
    ----------
    momentum : float in (0, 1)
    solutions : ndarray of shape (6, length + 1)
        Scratch space for rho, sigma, S, F, 1 / (delta S) and 1 / (delta F) over the most updates
        in a row, few enough that F does not underflow.
    """

    def __init__(self, momentum, solutions):
        self.momentum = momentum
        self.length = solutions.shape[1] - 1
        self.rho = solutions[0]
        self.sigma = solutions[1]
        self.slow_size = solutions[2]
        self.fast_size = solutions[3]
        self.slow_inverse = solutions[4]
        self.fast_inverse = solutions[5]

    def precompute(self, rates, first, updates, l2):
        """Both solutions over some updates from the first on."""
        mu = self.momentum
        self.sigma[updates] = -mu / (1 - mu)
        for b in range(updates - 1, -1, -1):
            h = 1 / (1 + rates[first + b] * l2)
            later = self.sigma[b + 1]
            self.sigma[b] = h * mu * (later - 1) / (h + (1 - h) * later)
        self.rho[0], self.slow_size[0], self.fast_size[0] = 0.0, 1.0, 1.0
        for b in range(updates):
            h = 1 / (1 + rates[first + b] * l2)
            growth = h * (1 + mu * self.rho[b])
            self.rho[b + 1] = (h - 1 + h * mu * self.rho[b]) / growth
            self.slow_size[b + 1] = self.slow_size[b] * growth
            self.fast_size[b + 1] = self.fast_size[b] * (h * mu - (1 - h) * self.sigma[b])
        for b in range(updates + 1):
            delta = 1 - self.rho[b] * self.sigma[b]
            self.slow_inverse[b] = 1 / (delta * self.slow_size[b])
            self.fast_inverse[b] = 1 / (delta * self.fast_size[b])

    def move(self, rule, j, start, stop):
        """Coefficient j of every target, from the update `start` to the update `stop`."""
        slower = self.slow_size[stop] * self.slow_inverse[start]
        faster = self.fast_size[stop] * self.fast_inverse[start]
        for t in range(rule.k):
            w, v = rule.w[t, j], rule.memory[0, t, j]
            slow = slower * (w - self.sigma[start] * v)
            fast = faster * (v - self.rho[start] * w)
            rule.w[t, j] = slow + self.sigma[stop] * fast
            rule.memory[0, t, j] = self.rho[stop] * slow + fast

    def step(self, rule, j, lr, h):
        """One update of coefficient j of every target with its gradient, which becomes zero."""
        for t in range(rule.k):
            w = rule.w[t, j]
            new = h * (w + self.momentum * rule.memory[0, t, j] - lr * rule.g[t, j])
            rule.w[t, j] = new
            rule.memory[0, t, j] = new - w
            rule.g[t, j] = 0.0


def csr_momentum(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    lazy: LazyMomentum,
    last_update: cython.longlong[::1],
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """Heavy ball or Nesterov for every batch of sparse rows, in time proportional to the nonzeros.

    A coefficient is updated when a row next needs it: `last_update`, all zeros at first, counts
    the updates that have been applied to each. There may be an l2 penalty, but no other and no
    means. `targets` and z are scratch space for a batch.
    """
    n: cython.Py_ssize_t = order.shape[0]
    first: cython.Py_ssize_t = 0
    updates: cython.Py_ssize_t
    place: cython.Py_ssize_t
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    next_row: cython.Py_ssize_t
    m: cython.Py_ssize_t
    lr: cython.double
    h: cython.double
    p: cython.Py_ssize_t = rule.p
    with cython.nogil:
        while first < rates.shape[0]:
            updates = min(lazy.length, rates.shape[0] - first)
            lazy.precompute(rates, first, updates, rule.penalty.l2)
            for b in range(updates):
                lr = rates[first + b]
                h = 1 / (1 + lr * rule.penalty.l2)
                place = (first + b) * batch_size
                m = min(batch_size, n - place)
                for a in range(m):
                    next_row = prefetch_sparse_row(indptr, y, order, place + a)
                    prefetch_nonzeros(data, indices, indptr, next_row)
                    i = order[place + a]
                    take_targets(y, i, targets, a)
                    predict_at_lookahead(
                        data, indices, indptr, i, a, rule, lazy, last_update, b, z
                    )
                loss.slopes(targets, z, m)
                add_gradient(data, indices, indptr, weights, order, place, m, rule, z)
                for a in range(m):
                    move_row(indices, indptr, order[place + a], rule, lazy, last_update, b, lr, h)
                if rule.fit_intercept:
                    lazy.step(rule, p, lr, 1.0)
            for j in range(p):
                if last_update[j] < updates:
                    lazy.move(rule, j, last_update[j], updates)
                last_update[j] = 0
            first += updates


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def predict_at_lookahead(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    a: cython.Py_ssize_t,
    rule: Rule,
    lazy: LazyMomentum,
    last_update: cython.longlong[::1],
    b: cython.Py_ssize_t,
    z: cython.double[:, ::1],
) -> cython.void:
    """Predictions for row i at u = w + lookahead v, its coefficients brought up to update b."""
    e: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t
    u: cython.double
    lookahead: cython.double = lazy.momentum if rule.evaluates_at_lookahead else 0.0
    for t in range(rule.k):
        z[t, a] = 0.0
        if rule.fit_intercept:
            z[t, a] = rule.w[t, rule.p] + lookahead * rule.memory[0, t, rule.p]
    for e in range(indptr[i], indptr[i + 1]):
        j = indices[e]
        if last_update[j] < b:
            lazy.move(rule, j, last_update[j], b)
            last_update[j] = b
        for t in range(rule.k):
            u = rule.w[t, j] + lookahead * rule.memory[0, t, j]
            z[t, a] += data[e] * u


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def move_row(
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    rule: Rule,
    lazy: LazyMomentum,
    last_update: cython.longlong[::1],
    b: cython.Py_ssize_t,
    lr: cython.double,
    h: cython.double,
) -> cython.void:
    """Update b of the coefficients of row i that no other row of the batch has updated."""
    e: cython.Py_ssize_t
    j: cython.Py_ssize_t
    for e in range(indptr[i], indptr[i + 1]):
        j = indices[e]
        if last_update[j] == b:
            lazy.step(rule, j, lr, h)
            last_update[j] = b + 1
