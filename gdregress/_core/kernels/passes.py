"""Passes over all rows: `dense_pass` and `csr_pass` are fused ones, value and gradient at once.

Each adds the sums over a range of rows to arrays of the caller, so that threads share the rows.
`dense_squares` and `csr_squares` sum the squares of the columns alone, `dense_deviations` their
deviations from given numbers as well; `dense_row_norms` are the squared norms of rows, and
`dense_extremes` the ends of columns.

Letters
-------
X  rows
y  targets of shape (rows, targets)
w  parameters of shape (predictions, features + intercept), where the value is taken
u  parameters where the gradient is taken
g  sum of the weighted gradients, in the shape of w
z  predictions, then slopes dL/dz, of shape (predictions, rows of a block)
r  slope times weight: factor of a row in the gradient
e  place of a nonzero in data and indices
i  row
a  row within a block
t  target or prediction of a row
j  feature
d  deviation of a number
m  number of rows in a block
p  number of features
"""

import cython

if not cython.compiled:
    from gdregress._core.kernels.common import index
    from gdregress._core.kernels.losses import Loss
    from gdregress._core.kernels.rows import (
        add_rows,
        dot_rows,
        take_targets,
        total_of,
        weight,
        weighted_sum,
    )
    from gdregress._core.kernels.sparse_rows import sparse_add, sparse_dot


def dense_pass(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    loss: Loss,
    w: cython.double[:, ::1],
    u: cython.double[:, ::1],
    g: cython.double[:, ::1],
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
    losses: cython.double[::1],
    values: cython.double[::1],
    squares: cython.double[::1],
    slopes: cython.double[:, ::1],
    predictions: cython.double[:, ::1],
):
    """Add the weighted losses at w over a range of rows to values, and their gradient at u to g.

    With an empty g no gradient is computed. An empty u stands for w, and each row is multiplied
    once. The losses at u are computed if values has a second place. The squares of the columns are
    added to `squares` unless it is empty. The slopes dL/dz of each row at the point of the
    gradient, and its predictions there, are written to arrays of shape (rows, predictions) unless
    these are empty. `targets`, z and `losses` are scratch space for a block: rows that stay in the
    cache until everything about them is computed.
    """
    i: cython.Py_ssize_t = start
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    m: cython.Py_ssize_t
    p: cython.Py_ssize_t = X.shape[1]
    with cython.nogil:
        while i < stop:
            m = min(z.shape[1], stop - i)
            for t in range(y.shape[1]):
                for a in range(m):
                    targets[t, a] = y[i + a, t]
            dot_rows(X, i, m, w, z)
            if g.shape[0] == 0 or u.shape[0] > 0:
                loss.values(targets, z, losses, m)
                values[0] += weighted_sum(weights, i, losses, m)
            if g.shape[0] > 0:
                if u.shape[0] > 0:
                    dot_rows(X, i, m, u, z)
                keep_rows(z, i, m, predictions)
                add_slopes(targets, weights, i, m, loss, u, z, losses, values)
                keep_rows(z, i, m, slopes)
                if weights.shape[0] > 0:
                    for t in range(w.shape[0]):
                        for a in range(m):
                            z[t, a] *= weights[i + a]
                add_rows(z, X, i, m, g)
                for t in range(w.shape[0]):
                    if g.shape[1] > p:
                        g[t, p] += total_of(z, t, m)
            if squares.shape[0] > 0:
                add_squares(X, weights, i, m, squares)
            i += m


def csr_pass(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    fit_intercept: cython.bint,
    loss: Loss,
    w: cython.double[:, ::1],
    u: cython.double[:, ::1],
    g: cython.double[:, ::1],
    targets: cython.double[:, ::1],
    z: cython.double[:, ::1],
    losses: cython.double[::1],
    values: cython.double[::1],
    squares: cython.double[::1],
    slopes: cython.double[:, ::1],
    predictions: cython.double[:, ::1],
):
    """As `dense_pass`, for sparse rows."""
    i: cython.Py_ssize_t = start
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    m: cython.Py_ssize_t
    r: cython.double
    p: cython.Py_ssize_t = w.shape[1] - fit_intercept
    with cython.nogil:
        while i < stop:
            m = min(z.shape[1], stop - i)
            for a in range(m):
                take_targets(y, i + a, targets, a)
            predict_sparse(data, indices, indptr, i, m, fit_intercept, w, z)
            if g.shape[0] == 0 or u.shape[0] > 0:
                loss.values(targets, z, losses, m)
                values[0] += weighted_sum(weights, i, losses, m)
            if g.shape[0] > 0:
                if u.shape[0] > 0:
                    predict_sparse(data, indices, indptr, i, m, fit_intercept, u, z)
                keep_rows(z, i, m, predictions)
                add_slopes(targets, weights, i, m, loss, u, z, losses, values)
                keep_rows(z, i, m, slopes)
                for a in range(m):
                    for t in range(w.shape[0]):
                        r = z[t, a] * weight(weights, i + a)
                        sparse_add(r, data, indices, indptr, i + a, g, t)
                        if fit_intercept:
                            g[t, p] += r
            if squares.shape[0] > 0:
                for a in range(m):
                    add_sparse_squares(data, indices, indptr, weights, i + a, squares)
            i += m


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def predict_sparse(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    fit_intercept: cython.bint,
    w: cython.double[:, ::1],
    z: cython.double[:, ::1],
) -> cython.void:
    """z <- predictions for m rows from row i on."""
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    p: cython.Py_ssize_t = w.shape[1] - fit_intercept
    for a in range(m):
        for t in range(w.shape[0]):
            z[t, a] = sparse_dot(data, indices, indptr, i + a, w, t, -1)
            z[t, a] += w[t, p] if fit_intercept else 0.0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_slopes(
    targets: cython.double[:, ::1],
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    loss: Loss,
    u: cython.double[:, ::1],
    z: cython.double[:, ::1],
    losses: cython.double[::1],
    values: cython.double[::1],
) -> cython.void:
    """z <- slopes at the point of the gradient, whose losses are added where they are wanted."""
    if u.shape[0] > 0 and values.shape[0] == 1:
        loss.slopes(targets, z, m)
        return
    loss.both(targets, z, losses, m)
    values[values.shape[0] - 1] += weighted_sum(weights, i, losses, m)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def keep_rows(
    z: cython.double[:, ::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    kept: cython.double[:, ::1],
) -> cython.void:
    """Write z of m rows from row i on to `kept`, unless it is empty."""
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    if kept.shape[0] > 0:
        for a in range(m):
            for t in range(z.shape[0]):
                kept[i + a, t] = z[t, a]


def line_pass(
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    z: cython.const[cython.double][:, ::1],
    dz: cython.const[cython.double][:, ::1],
    length: cython.double,
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    loss: Loss,
    targets: cython.double[:, ::1],
    slopes: cython.double[:, ::1],
    total: cython.double[::1],
):
    """Add sum_i s_i dL/dz (z_i + length dz_i) . dz_i over a range of rows to total[0].

    `targets` and `slopes` are scratch space for a block of rows.
    """
    i: cython.Py_ssize_t = start
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    m: cython.Py_ssize_t
    along: cython.double
    with cython.nogil:
        while i < stop:
            m = min(slopes.shape[1], stop - i)
            for t in range(y.shape[1]):
                for a in range(m):
                    targets[t, a] = y[i + a, t]
            for t in range(z.shape[1]):
                for a in range(m):
                    slopes[t, a] = z[i + a, t] + length * dz[i + a, t]
            loss.slopes(targets, slopes, m)
            for a in range(m):
                along = 0.0
                for t in range(z.shape[1]):
                    along += slopes[t, a] * dz[i + a, t]
                total[0] += weight(weights, i + a) * along
            i += m


def dense_squares(
    X: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    squares: cython.double[::1],
):
    """Add the weighted squares of every column of dense rows."""
    with cython.nogil:
        add_squares(X, weights, 0, X.shape[0], squares)


def dense_row_norms(
    X: cython.const[cython.floating][:, ::1],
    mean: cython.const[cython.double][::1],
    factors: cython.const[cython.double][::1],
    norms: cython.double[::1],
):
    """norms[i] <- sum_j factors_j (x_ij - mean_j)^2."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    m: cython.Py_ssize_t = X.shape[0]
    p: cython.Py_ssize_t = X.shape[1]
    with cython.nogil:
        if not cython.compiled:
            for i in range(m):
                norms[i] = 0.0
                for j in range(p):
                    norms[i] += factors[j] * (X[i, j] - mean[j]) * (X[i, j] - mean[j])
        elif m > 0 and p > 0:
            c_square_rows(
                cython.address(X[0, 0]),
                cython.address(mean[0]),
                cython.address(factors[0]),
                cython.address(norms[0]),
                m,
                p,
            )


def dense_deviations(
    X: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    shift: cython.const[cython.double][::1],
    sums: cython.double[::1],
    squares: cython.double[::1],
):
    """Add the weighted deviations from `shift` in all columns of dense rows, and their squares."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    p: cython.Py_ssize_t = X.shape[1]
    d: cython.double
    if not cython.compiled:
        for i in range(X.shape[0]):
            for j in range(p):
                d = X[i, j] - shift[j]
                sums[j] += weight(weights, i) * d
                squares[j] += weight(weights, i) * d * d
    elif X.shape[0] > 0 and p > 0:
        with cython.nogil:
            c_add_deviations(
                cython.address(weights[0]) if weights.shape[0] > 0 else cython.NULL,
                cython.address(X[0, 0]),
                cython.address(shift[0]),
                cython.address(sums[0]),
                cython.address(squares[0]),
                X.shape[0],
                p,
            )


def dense_extremes(
    X: cython.const[cython.floating][:, ::1], low: cython.double[::1], high: cython.double[::1]
):
    """Lower `low` and raise `high` to the smallest and largest number of each column."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    m: cython.Py_ssize_t = X.shape[0]
    p: cython.Py_ssize_t = X.shape[1]
    with cython.nogil:
        if not cython.compiled:
            for i in range(m):
                for j in range(p):
                    low[j] = min(low[j], X[i, j])
                    high[j] = max(high[j], X[i, j])
        elif m > 0 and p > 0:
            ends = cython.address(low[0]), cython.address(high[0])
            c_extremes(cython.address(X[0, 0]), ends[0], ends[1], m, p)


def csr_squares(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    squares: cython.double[::1],
):
    """Add the weighted squares of every column over a range of sparse rows."""
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(start, stop):
            add_sparse_squares(data, indices, indptr, weights, i, squares)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_squares(
    X: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    squares: cython.double[::1],
) -> cython.void:
    """Add the weighted squares of m rows from row i on."""
    a: cython.Py_ssize_t
    j: cython.Py_ssize_t
    p: cython.Py_ssize_t = X.shape[1]
    if not cython.compiled:
        for a in range(m):
            for j in range(p):
                squares[j] += weight(weights, i + a) * X[i + a, j] * X[i + a, j]
    elif m > 0 and p > 0:
        given = cython.address(weights[i]) if weights.shape[0] > 0 else cython.NULL
        c_add_squares(given, cython.address(X[i, 0]), cython.address(squares[0]), m, p)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_sparse_squares(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    squares: cython.double[::1],
) -> cython.void:
    """Add the weighted squares of the sparse row i."""
    e: cython.Py_ssize_t
    factor: cython.double = weight(weights, i)
    for e in range(indptr[i], indptr[i + 1]):
        squares[indices[e]] += factor * data[e] * data[e]
