"""Moments: products of the centred columns with each other, `dense_moments` and `csr_moments`.

`mirror` copies those above the diagonal below it.

Letters
-------
X  rows; x is one of them, x_i row i
y  targets of shape (rows, targets)
B  block of centred and weighted rows [x - shift_x, y - shift_y, 1], padded with zeros, in panels:
   of shape (panels, rows, columns of a panel)
S  sum of the products of the columns
x  in a sparse row, its nonzeros, centred
c  a nonzero times the weight of its row
e  another such place
i  row
a  row of B; place of a nonzero in its row
j  column of X, y, B or S
h  column of S
m  number of rows in the block, or of nonzeros in a row
p  number of features
k  number of targets
t  target
"""

import cython
from cython.cimports.libc.math import sqrt

if not cython.compiled:
    from gdregress._core.kernels.common import index
    from gdregress._core.kernels.rows import weight


def dense_moments(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    shift_x: cython.const[cython.double][::1],
    shift_y: cython.const[cython.double][::1],
    B: cython.double[:, :, ::1],
    S: cython.double[:, ::1],
):
    """Add the products over a range of rows to S, on and above the diagonal.

    B is scratch space for a block, whose padding is zero; it has as many columns as S.
    """
    p: cython.Py_ssize_t = X.shape[1]
    k: cython.Py_ssize_t = y.shape[1]
    i: cython.Py_ssize_t = start
    m: cython.Py_ssize_t
    a: cython.Py_ssize_t
    j: cython.Py_ssize_t
    h: cython.Py_ssize_t
    width: cython.Py_ssize_t = B.shape[2]
    root: cython.double
    with cython.nogil:
        while i < stop:
            m = min(B.shape[1], stop - i)
            h = (p + k) // width
            for a in range(m):
                root = sqrt(weight(weights, i + a))
                centre(X, i + a, shift_x, root, B, a)
                B[h, a, p + k - h * width] = root
            for j in range(k):
                centre_target(y, i, m, j, shift_y, B, p)
            if cython.compiled:
                block, sums = cython.address(B[0, 0, 0]), cython.address(S[0, 0])
                add_gram(block, B.shape[1] * width, sums, S.shape[1], m, p + k + 1)
            else:
                for a in range(m):
                    for h in range(S.shape[1]):
                        for j in range(h, S.shape[1]):
                            S[h, j] += B[h // width, a, h % width] * B[j // width, a, j % width]
            i += m


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def centre_target(
    y: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    j: cython.Py_ssize_t,
    shift_y: cython.const[cython.double][::1],
    B: cython.double[:, :, ::1],
    p: cython.Py_ssize_t,
) -> cython.void:
    """Column p + j of B <- target j of m rows from row i on, times the last column."""
    width: cython.Py_ssize_t = B.shape[2]
    h: cython.Py_ssize_t = (p + j) // width
    last: cython.Py_ssize_t = (p + y.shape[1]) // width
    a: cython.Py_ssize_t
    for a in range(m):
        B[h, a, p + j - h * width] = (y[i + a, j] - shift_y[j]) * B[
            last, a, p + y.shape[1] - last * width
        ]


def csr_moments(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    shift_x: cython.const[cython.double][::1],
    shift_y: cython.const[cython.double][::1],
    x: cython.double[::1],
    S: cython.double[:, ::1],
    squares: cython.double[::1],
    sums: cython.double[::1],
    with_targets: cython.double[:, ::1],
):
    """Add the products over a range of sparse rows: of each two nonzeros once to S, on either side
    of the diagonal, and their squares, sums and products with the targets to the others.

    Only columns without zeros have a shift. x is scratch space for the nonzeros of a row.
    """
    i: cython.Py_ssize_t
    e: cython.Py_ssize_t
    first: cython.Py_ssize_t
    m: cython.Py_ssize_t
    a: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t
    c: cython.double
    with cython.nogil:
        for i in range(start, stop):
            first = indptr[i]
            m = indptr[i + 1] - first
            for a in range(m):
                x[a] = data[first + a] - shift_x[indices[first + a]]
            for a in range(m):
                j = indices[first + a]
                c = weight(weights, i) * x[a]
                sums[j] += c
                squares[j] += c * x[a]
                for t in range(y.shape[1]):
                    with_targets[j, t] += c * (y[i, t] - shift_y[t])
                for e in range(a + 1, m):
                    S[j, indices[first + e]] += c * x[e]


def mirror(S: cython.double[:, ::1]):
    """Copy what is above the diagonal below it."""
    j: cython.Py_ssize_t
    h: cython.Py_ssize_t
    for j in range(S.shape[0]):
        for h in range(j):
            S[j, h] = S[h, j]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def centre(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    shift_x: cython.const[cython.double][::1],
    factor: cython.double,
    B: cython.double[:, :, ::1],
    a: cython.Py_ssize_t,
) -> cython.void:
    """Row a of B <- (x_i - shift_x) factor."""
    j: cython.Py_ssize_t
    width: cython.Py_ssize_t = B.shape[2]
    if cython.compiled:
        x, out = cython.address(X[i, 0]), cython.address(B[0, a, 0])
        c_centre(x, cython.address(shift_x[0]), factor, out, B.shape[1] * width, X.shape[1])
    else:
        for j in range(X.shape[1]):
            B[j // width, a, j % width] = (X[i, j] - shift_x[j]) * factor
