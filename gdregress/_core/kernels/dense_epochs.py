"""Epochs over dense rows: `dense_descent` of plain single-row descent, `dense_epoch` of any rule.

Arrays are those of the caller and are updated in place; the caller checks that every index is
within its bounds. Parameters are double whatever the data.

Letters
-------
X   rows; x is one of them
y   targets of shape (rows, targets)
w   parameters of shape (predictions, features + intercept), the intercept last
v   w divided by a scale
u   the point at which the gradient is taken, in the user's columns
g   gradient, in the shape of w
z   predictions, then slopes dL/dz, of shape (predictions, rows of a block)
lr  learning rate
r   slope dL/dz of a row
i   row
a   place of a row in the order, or in a block
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
    from gdregress._core.kernels.losses import Loss
    from gdregress._core.kernels.penalty import Penalty
    from gdregress._core.kernels.rows import (
        PREFETCH_DISTANCE,
        add,
        add_rows,
        dot,
        dot_rows,
        long_row,
        prefetch_row,
        take_targets,
        total_of,
        weight,
    )
    from gdregress._core.kernels.rules import Rule
    from gdregress._core.kernels.snapshot import Snapshot

# Parameters are kept as scale * v; below this scale they are multiplied out.
SMALLEST_SCALE = cython.declare(cython.double, 1e-100)


def dense_descent(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """w <- prox(w - lr dL/dz x) for one row after the other.

    Under l2 alone the parameters are stored as w = scale v, so that the shrinkage is one division
    of the scale. The intercept does not shrink, so that its entry of v is divided by the factor.
    `targets` and z are scratch space as in `dense_epoch`.
    """
    n: cython.Py_ssize_t = order.shape[0]
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    next_row: cython.Py_ssize_t
    p: cython.Py_ssize_t = rule.p
    v: cython.double[:, ::1] = rule.w
    penalty: Penalty = rule.penalty
    scales: cython.bint = penalty.l2_alone and penalty.l2 > 0
    scale: cython.double = 1.0
    inverse: cython.double = 1.0
    step: cython.double
    r: cython.double
    with cython.nogil:
        for a in range(n):
            prefetch_row(X, y, order, a + PREFETCH_DISTANCE)
            next_row = long_row(X, order, a + PREFETCH_DISTANCE)
            i = order[a]
            step = -rates[a] * weight(weights, i) * inverse  # computed while the slope is
            if rule.k == 1 and y.shape[1] == 1:  # the same, without a loop over rows
                r = loss.slope(y[i, 0], scale * dot(X, i, v, 0, next_row))
                if r != 0:
                    add(step * r, X, i, v, 0)
            else:
                take_targets(y, i, targets, 0)
                for t in range(rule.k):
                    z[t, 0] = scale * dot(X, i, v, t, next_row if t == 0 else -1)
                loss.slopes(targets, z, 1)
                for t in range(rule.k):
                    if z[t, 0] != 0:
                        add(step * z[t, 0], X, i, v, t)
            if scales:
                for t in range(rule.k):
                    if rule.fit_intercept:
                        v[t, p] *= 1 + rates[a] * penalty.l2
                inverse *= 1 + rates[a] * penalty.l2
                scale = 1 / inverse
                if scale < SMALLEST_SCALE or rule.means.shape[0] > 0 or a == n - 1:
                    rescale(v, scale)
                    scale, inverse = 1.0, 1.0
            elif penalty.active:
                penalty.shrink(v, p, rates[a])
            rule.update_means()


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rescale(v: cython.double[:, ::1], scale: cython.double) -> cython.void:
    """v <- scale v, the intercepts included."""
    t: cython.Py_ssize_t
    j: cython.Py_ssize_t
    for t in range(v.shape[0]):
        for j in range(v.shape[1]):
            v[t, j] *= scale


def dense_epoch(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    columns: Columns,
    snapshot: Snapshot,
    rows: cython.double[:, ::1],
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """One step of the rule for every batch of dense rows, in the coordinates of the columns.

    Where there is a snapshot the gradients of the batches are those of variance reduction.
    `targets` and z are scratch space for the targets and predictions of a block: the rows that
    stay in the cache while both their predictions and their gradient are computed. Those of
    several predictions are copied to `rows`, side by side, as they are multiplied several times.
    """
    n: cython.Py_ssize_t = order.shape[0]
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    m: cython.Py_ssize_t
    first: cython.Py_ssize_t
    block: cython.Py_ssize_t
    u: cython.double[:, ::1] = columns.w if columns.active else rule.u
    with cython.nogil:
        for b in range(rates.shape[0]):
            m = min(batch_size, n - b * batch_size)
            rule.begin()
            if columns.active:
                columns.to_user(rule.u)
            first = b * batch_size
            while first < b * batch_size + m:
                block = min(z.shape[1], b * batch_size + m - first)
                for a in range(block):
                    prefetch_row(X, y, order, first + a + PREFETCH_DISTANCE)
                    if snapshot.taken:
                        snapshot.prefetch_slopes(order, first + a + PREFETCH_DISTANCE)
                    i = order[first + a]
                    take_targets(y, i, targets, a)
                    if rule.k == 1:
                        z[0, a] = dot(X, i, u, 0, -1)
                    else:
                        copy_row(X, i, rows, a)
                if rule.k > 1:
                    dot_rows(rows, 0, block, u, z)
                loss.slopes(targets, z, block)
                if snapshot.taken:
                    snapshot.subtract(order, first, block, z)
                for a in range(block):
                    i = order[first + a]
                    for t in range(rule.k):
                        z[t, a] *= weight(weights, i) / m
                    if rule.k == 1 and z[0, a] != 0:
                        add(z[0, a], X, i, rule.g, 0)
                if rule.k > 1:
                    add_rows(z, rows, 0, block, rule.g)
                    for t in range(rule.k):
                        if rule.fit_intercept:
                            rule.g[t, rule.p] += total_of(z, t, block)
                first += block
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
def copy_row(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    rows: cython.double[:, ::1],
    a: cython.Py_ssize_t,
) -> cython.void:
    """Row a of `rows` <- row i of X."""
    j: cython.Py_ssize_t
    for j in range(X.shape[1]):
        rows[a, j] = X[i, j]
