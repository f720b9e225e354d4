"""Epochs over sparse rows: `csr_descent` of plain descent, `csr_epoch` of any rule.

A step of plain descent takes time proportional to the nonzeros of its rows; one of another rule
moves all coordinates, except in `lazy_momentum`. Arrays are updated in place.

Letters
-------
y   targets of shape (rows, targets)
w   parameters of shape (predictions, features + intercept), the intercept last
v   coefficients w divided by a scale; the intercept as it is
u   the point at which the gradient is taken, in the user's columns
g   gradient, in the shape of w
z   predictions, then slopes dL/dz, of shape (predictions, rows of a batch)
r   slope times weight over m: factor of a row in the gradient
c   factor of a row in the step
lr  learning rate
x   a row; x_i is row i
i   row
e   place of a nonzero in data and indices
a   row within a batch
b   number of a batch
t   target or prediction of a row
j   coordinate
k   number of predictions for a row
m   number of rows in a batch
n   number of rows in the epoch
p   number of features
l1, l2  strengths of the penalty
"""

import cython

if not cython.compiled:
    from gdregress._core.kernels.columns import Columns
    from gdregress._core.kernels.common import clip, index
    from gdregress._core.kernels.dense_epochs import SMALLEST_SCALE
    from gdregress._core.kernels.losses import Loss
    from gdregress._core.kernels.penalty import Penalty
    from gdregress._core.kernels.rows import PREFETCH_DISTANCE, take_targets, weight
    from gdregress._core.kernels.rules import Rule
    from gdregress._core.kernels.snapshot import Snapshot
    from gdregress._core.kernels.sparse_rows import prefetch_sparse_row, sparse_add, sparse_dot


def csr_descent(
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
    applied_threshold: cython.double[:, ::1],
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """w <- prox(w - lr g) for every batch of sparse rows, in time proportional to the nonzeros.

    The coefficients are stored as w = scale v, so that the shrinkage of l2 is one division of the
    scale; the intercept is not scaled. The soft thresholds of l1 are lr l1 / scale for v, and
    successive thresholds add up: `threshold` is their sum so far, `applied_threshold[t, j]` the
    part that has been applied to coefficient j; the rest is applied before the coefficient is
    used. Bounds need no scale; they are applied to the coefficients that have moved.
    `applied_threshold` is zero at first, and empty without l1; `targets` and z are scratch space
    for a batch.
    """
    n: cython.Py_ssize_t = order.shape[0]
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    next_row: cython.Py_ssize_t
    m: cython.Py_ssize_t
    scale: cython.double = 1.0
    threshold: cython.double = 0.0
    v: cython.double[:, ::1] = rule.w
    penalty: Penalty = rule.penalty
    p: cython.Py_ssize_t = rule.p
    with cython.nogil:
        for b in range(rates.shape[0]):
            m = min(batch_size, n - b * batch_size)
            for a in range(m):
                next_row = prefetch_sparse_row(indptr, y, order, b * batch_size + a)
                i = order[b * batch_size + a]
                take_targets(y, i, targets, a)
                if penalty.l1 > 0:
                    apply_to_row(indices, indptr, i, v, applied_threshold, threshold)
                predict_row(data, indices, indptr, i, v, scale, rule, next_row, a, z)
            if m == 1 and rule.k == 1 and y.shape[1] == 1:  # without a loop over rows
                z[0, 0] = loss.slope(targets[0, 0], z[0, 0])
            else:
                loss.slopes(targets, z, m)
            for a in range(m):
                i = order[b * batch_size + a]
                add_row(data, indices, indptr, weights, i, a, m, rates[b], scale, rule, z)
            if penalty.bounded:
                for a in range(m):
                    keep_inside(indices, indptr, order[b * batch_size + a], rule)
            threshold += rates[b] * penalty.l1 / scale
            scale /= 1 + rates[b] * penalty.l2
            if scale < SMALLEST_SCALE or rule.means.shape[0] > 0:
                multiply_out(v, applied_threshold, p, threshold, scale)
                scale, threshold = 1.0, 0.0
                rule.update_means()
        multiply_out(v, applied_threshold, p, threshold, scale)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_row(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    a: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    lr: cython.double,
    scale: cython.double,
    rule: Rule,
    z: cython.double[:, ::1],
) -> cython.void:
    """scale v <- scale v + c x_i, where c is the share of row i in the step of its batch."""
    t: cython.Py_ssize_t
    c: cython.double
    for t in range(rule.k):
        if z[t, a] == 0:
            continue
        c = -lr * z[t, a] * weight(weights, i) / m
        if rule.fit_intercept:
            rule.w[t, rule.p] += c
        c = c / scale
        sparse_add(c, data, indices, indptr, i, rule.w, t)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def keep_inside(
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    rule: Rule,
) -> cython.void:
    """Move the coefficients of row i into their bounds."""
    e: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t
    for t in range(rule.k):
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            rule.w[t, j] = rule.penalty.inside(rule.w[t, j], j)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def apply_threshold(
    v: cython.double[:, ::1],
    applied_threshold: cython.double[:, ::1],
    t: cython.Py_ssize_t,
    j: cython.Py_ssize_t,
    threshold: cython.double,
) -> cython.void:
    """Apply the part of the threshold that has not been applied to coefficient j."""
    v[t, j] -= clip(v[t, j], threshold - applied_threshold[t, j])
    applied_threshold[t, j] = threshold


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def apply_to_row(
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    v: cython.double[:, ::1],
    applied_threshold: cython.double[:, ::1],
    threshold: cython.double,
) -> cython.void:
    """Apply the threshold to all coefficients of row i."""
    e: cython.Py_ssize_t
    t: cython.Py_ssize_t
    for t in range(v.shape[0]):
        for e in range(indptr[i], indptr[i + 1]):
            apply_threshold(v, applied_threshold, t, indices[e], threshold)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def multiply_out(
    v: cython.double[:, ::1],
    applied_threshold: cython.double[:, ::1],
    p: cython.Py_ssize_t,
    threshold: cython.double,
    scale: cython.double,
) -> cython.void:
    """v <- w: all of the threshold applied, scale 1."""
    t: cython.Py_ssize_t
    j: cython.Py_ssize_t
    for t in range(v.shape[0]):
        for j in range(p):
            if applied_threshold.shape[0] > 0:
                apply_threshold(v, applied_threshold, t, j, threshold)
                applied_threshold[t, j] = 0.0
            v[t, j] *= scale


def csr_epoch(
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
    columns: Columns,
    snapshot: Snapshot,
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """One step of the rule for every batch of sparse rows; each moves all coordinates.

    The coordinates may be those of centred columns: the products take the rows as they are, and
    only the parameters and the gradient of a batch are transformed. Where there is a snapshot the
    gradients of the batches are those of variance reduction. `targets` and z are scratch space for
    a batch.
    """
    n: cython.Py_ssize_t = order.shape[0]
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    next_row: cython.Py_ssize_t
    m: cython.Py_ssize_t
    u: cython.double[:, ::1] = columns.w if columns.active else rule.u
    with cython.nogil:
        for b in range(rates.shape[0]):
            m = min(batch_size, n - b * batch_size)
            rule.begin()
            if columns.active:
                columns.to_user(rule.u)
            for a in range(m):
                next_row = prefetch_sparse_row(indptr, y, order, b * batch_size + a)
                if snapshot.taken:
                    snapshot.prefetch_slopes(order, b * batch_size + a + PREFETCH_DISTANCE)
                i = order[b * batch_size + a]
                take_targets(y, i, targets, a)
                predict_row(data, indices, indptr, i, u, 1.0, rule, next_row, a, z)
            loss.slopes(targets, z, m)
            if snapshot.taken:
                snapshot.subtract(order, b * batch_size, m, z)
            add_gradient(data, indices, indptr, weights, order, b * batch_size, m, rule, z)
            if columns.active:
                columns.pull_back(rule.g)
            if snapshot.taken:
                snapshot.add(rule.g)
            rule.step(rates[b])
            rule.update_means()


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def predict_row(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    u: cython.double[:, ::1],
    scale: cython.double,
    rule: Rule,
    next_row: cython.Py_ssize_t,
    a: cython.Py_ssize_t,
    z: cython.double[:, ::1],
) -> cython.void:
    """Predictions for row i, whose coefficients are scale u; `next_row` is prefetched."""
    t: cython.Py_ssize_t
    for t in range(rule.k):
        z[t, a] = scale * sparse_dot(data, indices, indptr, i, u, t, next_row if t == 0 else -1)
        z[t, a] += u[t, rule.p] if rule.fit_intercept else 0.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_gradient(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    first: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    rule: Rule,
    z: cython.double[:, ::1],
) -> cython.void:
    """g <- g + the mean over a batch, which begins at place `first` of the order."""
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    r: cython.double
    for a in range(m):
        i = order[first + a]
        for t in range(rule.k):
            r = z[t, a] * weight(weights, i) / m
            if r == 0:
                continue
            sparse_add(r, data, indices, indptr, i, rule.g, t)
            if rule.fit_intercept:
                rule.g[t, rule.p] += r
