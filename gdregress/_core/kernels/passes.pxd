cdef extern from "simd.h":
    void c_add_squares "gdregress_add_squares"(
        const void *weights, const void *x, double *out, Py_ssize_t m, Py_ssize_t p) noexcept nogil
