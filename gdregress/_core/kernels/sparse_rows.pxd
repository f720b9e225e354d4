# The types that `x` and `j` point to choose the loop.
cdef extern from "sparse.h":
    double c_sparse_dot "gdregress_sparse_dot"(
        const void *x, const void *j, Py_ssize_t first, Py_ssize_t m, const double *w,
        Py_ssize_t next) noexcept nogil
    void c_sparse_add "gdregress_sparse_add"(
        double c, const void *x, const void *j, Py_ssize_t first, Py_ssize_t m,
        double *w) noexcept nogil
