cdef extern from "vector.h":
    void c_centre "gdregress_centre"(
        const void *x, const double *shift, double factor, double *out, Py_ssize_t p) noexcept nogil
    void add_gram(const double *B, double *S, Py_ssize_t m, Py_ssize_t width) noexcept nogil
