"""Rows: their targets and weights, and the products of dense rows with the parameters.

dense_loops.h holds the compiled loops over the numbers of a row. To load a random row from memory
takes longer than to compute with it, so that a few rows after the current one are prefetched.

Letters
-------
X  rows; x is one of them, x_i row i
y  targets of shape (rows, targets)
w  parameters of shape (predictions, features + intercept), the intercept last
z  predictions of shape (predictions, rows of a block)
r  slopes dL/dz times weights, in the shape of z
g  gradient, in the shape of w
c  factor of a row that is added to w
b  intercept
i  row
a  row within a block
t  number of a target or prediction
j  feature
m  number of rows in a block
p  number of features
q  number of features + intercept
"""

import cython

# Rows between the current one and the one that is prefetched.
PREFETCH_DISTANCE = cython.declare(cython.Py_ssize_t, 12)
# A row longer than this is prefetched a cache line at a time, while another one is multiplied.
LONG_ROW = cython.declare(cython.Py_ssize_t, 128)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def weight(weights: cython.const[cython.floating][::1], i: cython.Py_ssize_t) -> cython.double:
    """Weight of a row; an empty array stands for equal weights."""
    return weights[i] if weights.shape[0] > 0 else 1.0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def weighted_sum(
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    out: cython.double[::1],
    m: cython.Py_ssize_t,
) -> cython.double:
    """Sum of the losses `out` of m rows from row i on, which are replaced by weighted ones."""
    a: cython.Py_ssize_t
    total: cython.double = 0.0
    if weights.shape[0] > 0:
        for a in range(m):
            out[a] *= weights[i + a]
    if cython.compiled:
        return sum_of(cython.address(out[0]), m)
    for a in range(m):
        total += out[a]
    return total


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def total_of(
    z: cython.double[:, ::1], t: cython.Py_ssize_t, m: cython.Py_ssize_t
) -> cython.double:
    """The sum of the first m numbers of row t."""
    a: cython.Py_ssize_t
    total: cython.double = 0.0
    if cython.compiled:
        return sum_of(cython.address(z[t, 0]), m)
    for a in range(m):
        total += z[t, a]
    return total


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_targets(
    y: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    targets: cython.double[:, ::1],
    a: cython.Py_ssize_t,
) -> cython.void:
    """Column a of `targets` <- the targets of row i."""
    t: cython.Py_ssize_t
    for t in range(y.shape[1]):
        targets[t, a] = y[i, t]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def prefetch_row(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    position: cython.Py_ssize_t,
) -> cython.void:
    """Prefetch the row at a position of the order, and its targets."""
    i: cython.Py_ssize_t
    if cython.compiled:
        if position < order.shape[0]:
            i = order[position]
            prefetch(cython.address(X[i, 0]), cython.address(X[i, X.shape[1]]))
            prefetch(cython.address(y[i, 0]), cython.address(y[i, y.shape[1]]))


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def long_row(
    X: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    position: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """The row at a position of the order if it is a long one, for `dot` to prefetch; or -1."""
    if position < order.shape[0] and X.shape[1] > LONG_ROW:
        return order[position]
    return -1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def dot(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
    next_row: cython.Py_ssize_t,
) -> cython.double:
    """x_i . w_t + b_t; the intercept b is there where w has one column more than X.

    Meanwhile row `next_row` is prefetched, unless it is negative.
    """
    p: cython.Py_ssize_t = X.shape[1]
    j: cython.Py_ssize_t
    z: cython.double = w[t, p] if w.shape[1] > p else 0.0
    if cython.compiled:
        z += c_dot(
            cython.address(X[i, 0]),
            cython.address(w[t, 0]),
            p,
            cython.address(X[next_row, 0]) if next_row >= 0 else cython.NULL,
        )
    else:
        for j in range(p):
            z += X[i, j] * w[t, j]
    return z


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add(
    c: cython.double,
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
) -> cython.void:
    """w_t <- w_t + c x_i, and b_t + c."""
    p: cython.Py_ssize_t = X.shape[1]
    j: cython.Py_ssize_t
    if cython.compiled:
        c_add(c, cython.address(X[i, 0]), cython.address(w[t, 0]), p)
    else:
        for j in range(p):
            w[t, j] += c * X[i, j]
    if w.shape[1] > p:
        w[t, p] += c


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def dot_rows(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    z: cython.double[:, ::1],
) -> cython.void:
    """z_t <- x . w_t + b_t for m rows from row i on, four predictions at a time."""
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t = 0
    p: cython.Py_ssize_t = X.shape[1]
    q: cython.Py_ssize_t = w.shape[1]
    width: cython.Py_ssize_t = z.shape[1]
    b: cython.double
    if cython.compiled:
        while t + 4 <= w.shape[0]:
            x, w_t, z_t = cython.address(X[i, 0]), cython.address(w[t, 0]), cython.address(z[t, 0])
            c_dot_four(x, w_t, q, z_t, width, m, p)
            t += 4
    while t < w.shape[0]:
        b = w[t, p] if q > p else 0.0
        if cython.compiled:
            x, w_t, z_t = cython.address(X[i, 0]), cython.address(w[t, 0]), cython.address(z[t, 0])
            c_dot_rows(x, w_t, b, z_t, m, p)
        else:
            for a in range(m):
                z[t, a] = dot(X, i + a, w, t, -1)
        t += 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_rows(
    r: cython.double[:, ::1],
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    g: cython.double[:, ::1],
) -> cython.void:
    """g_t <- g_t + sum of r_t x over m rows from row i on, the intercept left as it is."""
    a: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t = 0
    p: cython.Py_ssize_t = X.shape[1]
    q: cython.Py_ssize_t = g.shape[1]
    width: cython.Py_ssize_t = r.shape[1]
    if cython.compiled:
        while t + 4 <= g.shape[0]:
            r_t, x, g_t = cython.address(r[t, 0]), cython.address(X[i, 0]), cython.address(g[t, 0])
            c_add_four(r_t, width, x, g_t, q, m, p)
            t += 4
    while t < g.shape[0]:
        if cython.compiled:
            r_t, x, g_t = cython.address(r[t, 0]), cython.address(X[i, 0]), cython.address(g[t, 0])
            c_add_rows(r_t, x, g_t, m, p)
        else:
            for a in range(m):
                for j in range(p):
                    g[t, j] += r[t, a] * X[i + a, j]
        t += 1
