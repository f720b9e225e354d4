cdef extern from "simd.h":
    void c_add_squares "gdregress_add_squares"(
        const void *weights, const void *x, double *out, Py_ssize_t m, Py_ssize_t p) noexcept nogil
    void c_add_deviations "gdregress_add_deviations"(
        const void *weights, const void *x, const double *shift, double *sums, double *squares,
        Py_ssize_t m, Py_ssize_t p) noexcept nogil
    void c_square_rows "gdregress_square_rows"(
        const void *X, const double *mean, const double *factors, double *out, Py_ssize_t m,
        Py_ssize_t p) noexcept nogil
    void c_extremes "gdregress_extremes"(
        const void *X, double *low, double *high, Py_ssize_t m, Py_ssize_t p) noexcept nogil
