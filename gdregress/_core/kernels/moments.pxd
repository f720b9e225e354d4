cdef extern from "simd.h":
    void c_centre "gdregress_centre"(
        const void *x, const double *shift, double factor, double *out, Py_ssize_t apart,
        Py_ssize_t p) noexcept nogil
    void add_gram "chosen.add_gram"(
        const double *B, Py_ssize_t apart, double *S, Py_ssize_t width, Py_ssize_t m,
        Py_ssize_t q) noexcept nogil
