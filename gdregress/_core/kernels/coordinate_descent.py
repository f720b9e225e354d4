"""Coordinate descent on a quadratic function plus an l1 norm: `coordinate_descent`.

    Q(v) = c . v + v' H v / 2 + sum_j l1_j |v_j|

Letters
-------
H   matrix of shape (k, k), symmetric
c   gradient of the quadratic part at zero
g   c + H v, its gradient at v
l1  strength of the absolute value of each coefficient
v   coefficients
j   the coefficient that moves
h   curvature along it
i   coefficient
k   number of coefficients
"""

import cython
from cython.cimports.libc.math import fabs


def coordinate_descent(
    H: cython.const[cython.double][:, ::1],
    g: cython.double[::1],
    l1: cython.const[cython.double][::1],
    v: cython.double[::1],
    enough: cython.double,
    most: cython.Py_ssize_t,
):
    """Minimise over one coefficient after the other, in sweeps; v and g are updated in place.

    It ends after a sweep in which no change of a coefficient has changed its own entry of the
    gradient by more than `enough`, and after `most` sweeps at the latest. Returns whether it has
    converged.
    """
    k: cython.Py_ssize_t = v.shape[0]
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    _: cython.Py_ssize_t
    h: cython.double
    new: cython.double
    change: cython.double
    largest: cython.double = 0.0
    with cython.nogil:
        for _ in range(most):
            largest = 0.0
            for j in range(k):
                h = H[j, j]
                if not h > 0:
                    continue
                new = h * v[j] - g[j]
                new = (new - l1[j] if new > l1[j] else new + l1[j] if new < -l1[j] else 0.0) / h
                change = new - v[j]
                if change == 0:
                    continue
                v[j] = new
                largest = max(largest, h * fabs(change))
                for i in range(k):
                    g[i] += change * H[j, i]
            if largest <= enough:
                break
    return largest <= enough
