"""Sparse rows: their products with the parameters, and prefetching them.

sparse.h holds the compiled loops over the nonzeros of a row. The rows of a CSR matrix are given
as (data, indices, indptr); the nonzeros of row i are those from indptr[i] to indptr[i + 1].

Letters
-------
x  row; x_i is row i
y  targets of shape (rows, targets)
w  parameters of shape (predictions, features + intercept); the intercept is not touched
z  a prediction, without intercept
c  factor of a row that is added to w
e  place of a nonzero in data and indices
i  row
j  indices of a row, features
t  number of a prediction
m  number of nonzeros in a row
"""

import cython

if not cython.compiled:
    from gdregress._core.kernels.common import index

# Rows between the current one and the one whose nonzeros are prefetched.
SPARSE_PREFETCH_DISTANCE = cython.declare(cython.Py_ssize_t, 8)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def sparse_dot(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
    next_row: cython.Py_ssize_t,
) -> cython.double:
    """x_i . w_t; meanwhile the nonzeros of `next_row` are prefetched, unless it is negative."""
    first: cython.Py_ssize_t = indptr[i]
    m: cython.Py_ssize_t = indptr[i + 1] - first
    next_first: cython.Py_ssize_t = indptr[next_row] if next_row >= 0 else -1
    e: cython.Py_ssize_t
    z: cython.double = 0.0
    if cython.compiled:
        # the address of the first nonzero of all may not exist, and is not read then
        x, j, w_t = cython.address(data[0]), cython.address(indices[0]), cython.address(w[t, 0])
        return c_sparse_dot(x, j, first, m, w_t, next_first)
    for e in range(first, first + m):
        z += data[e] * w[t, indices[e]]
    return z


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def sparse_add(
    c: cython.double,
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
) -> cython.void:
    """w_t <- w_t + c x_i."""
    first: cython.Py_ssize_t = indptr[i]
    m: cython.Py_ssize_t = indptr[i + 1] - first
    e: cython.Py_ssize_t
    if cython.compiled:
        x, j, w_t = cython.address(data[0]), cython.address(indices[0]), cython.address(w[t, 0])
        c_sparse_add(c, x, j, first, m, w_t)
    else:
        for e in range(first, first + m):
            w[t, indices[e]] += c * data[e]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def prefetch_sparse_row(
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    position: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """The row a few places on, whose nonzeros `sparse_dot` is to prefetch, or -1.

    Its target is prefetched here, and before that the place where its nonzeros lie.
    """
    i: cython.Py_ssize_t
    if not cython.compiled or position + SPARSE_PREFETCH_DISTANCE >= order.shape[0]:
        return -1
    if position + 2 * SPARSE_PREFETCH_DISTANCE < order.shape[0]:
        i = order[position + 2 * SPARSE_PREFETCH_DISTANCE]
        prefetch(cython.address(indptr[i]), cython.address(indptr[i + 2]))
    i = order[position + SPARSE_PREFETCH_DISTANCE]
    prefetch(cython.address(y[i, 0]), cython.address(y[i, y.shape[1]]))
    return i


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def prefetch_nonzeros(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
) -> cython.void:
    """Prefetch the nonzeros of row i, unless it is negative."""
    if cython.compiled:
        if i >= 0:
            first, stop = indptr[i], indptr[i + 1]
            prefetch(cython.address(data[first]), cython.address(data[stop]))
            prefetch(cython.address(indices[first]), cython.address(indices[stop]))
