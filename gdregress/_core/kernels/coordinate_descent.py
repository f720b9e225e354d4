"""Block coordinate descent on a quadratic function plus norms of blocks: `coordinate_descent`.

    Q(v) = c . v + v' H v / 2 + sum_b t_b ||v_b||_2

With L_b the largest eigenvalue of the block of H, a block moves to

    v_b <- (1 - t_b / ||u||)_+ u / L_b,    u = L_b v_b - g_b,

which is its minimum where it is a single coefficient, and lowers Q everywhere. A block without
curvature, L_b = 0, moves to zero if the norm is stronger than its gradient, and stays otherwise.

Letters
-------
H   matrix of shape (k, k), symmetric
c   gradient of the quadratic part at zero
g   c + H v, its gradient at v
v   coefficients
b   the block that moves
L   bound of its curvature
t   strength of its norm
u   what the block would be without the norm, times L
i   coefficient
j   coefficient of the block
k   number of coefficients

References
----------
Qin, Scheinberg and Goldfarb, "Efficient block-coordinate descent algorithms for the group lasso",
2013.
"""

import cython
import numpy as np
from cython.cimports.libc.math import fabs, sqrt


def coordinate_descent(
    H: cython.const[cython.double][:, ::1],
    g: cython.double[::1],
    ends: cython.const[cython.Py_ssize_t][::1],
    L: cython.const[cython.double][::1],
    t: cython.const[cython.double][::1],
    v: cython.double[::1],
    enough: cython.double,
    most: cython.Py_ssize_t,
):
    """Move every block of consecutive coefficients, over and over; v and g in place.

    Ends after a sweep that has moved no coefficient by more than `enough`, in units of 1 / L, at
    the latest after `most`. Returns whether it has ended before. ``ends`` are those of the blocks.
    """
    k: cython.Py_ssize_t = v.shape[0]
    b: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    _: cython.Py_ssize_t
    start: cython.Py_ssize_t
    u: cython.double
    norm: cython.double
    left: cython.double
    largest: cython.double = 0.0
    change: cython.double[::1] = np.zeros(k)
    with cython.nogil:
        for _ in range(most):
            largest = 0.0
            start = 0
            for b in range(ends.shape[0]):
                norm = 0.0
                if not L[b] > 0:
                    for j in range(start, ends[b]):
                        norm += g[j] * g[j]
                    if norm < t[b] * t[b]:
                        for j in range(start, ends[b]):
                            v[j] = 0.0
                    start = ends[b]
                    continue
                for j in range(start, ends[b]):
                    u = L[b] * v[j] - g[j]
                    norm = fabs(u) if ends[b] == start + 1 else sqrt(norm * norm + u * u)
                left = (1 - t[b] / norm) / L[b] if norm > t[b] else 0.0
                for j in range(start, ends[b]):
                    change[j] = left * (L[b] * v[j] - g[j]) - v[j]
                for j in range(start, ends[b]):
                    if change[j] != 0:
                        v[j] += change[j]
                        largest = max(largest, L[b] * fabs(change[j]))
                        for i in range(k):
                            g[i] += change[j] * H[j, i]
                start = ends[b]
            if largest <= enough:
                break
    return largest <= enough
