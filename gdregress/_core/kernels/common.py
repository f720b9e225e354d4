"""What all kernels share: the type of an index, and functions of one number."""

import cython

COMPILED = cython.compiled

# Sparse matrices come with either type of index.
index = cython.fused_type(cython.int, cython.longlong)


def clip(value, bound):
    """`value` within [-bound, bound]."""
    value = bound if value > bound else value
    return -bound if value < -bound else value


def sign(value):
    """-1, 0 or 1."""
    return 1.0 if value > 0 else (-1.0 if value < 0 else 0.0)
