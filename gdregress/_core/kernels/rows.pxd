# The loops for float and double are one macro each: the type that `x` points to chooses.
cdef extern from "simd.h":
    double c_dot "gdregress_dot"(
        const void *x, const double *w, Py_ssize_t p, const void *next) noexcept nogil
    void c_add "gdregress_add"(
        double c, const void *x, double *w, Py_ssize_t p) noexcept nogil
    void c_dot_rows "gdregress_dot_rows"(
        const void *x, const double *w, double b, double *z, Py_ssize_t m,
        Py_ssize_t p) noexcept nogil
    void c_add_rows "gdregress_add_rows"(
        const double *r, const void *x, double *g, Py_ssize_t m, Py_ssize_t p) noexcept nogil
    void c_dot_four "gdregress_dot_four"(
        const void *x, const double *w, Py_ssize_t q, double *z, Py_ssize_t width,
        Py_ssize_t m, Py_ssize_t p) noexcept nogil
    void c_add_four "gdregress_add_four"(
        const double *r, Py_ssize_t width, const void *x, double *g, Py_ssize_t q,
        Py_ssize_t m, Py_ssize_t p) noexcept nogil
    double sum_of "chosen.sum_of"(const double *x, Py_ssize_t m) noexcept nogil
    void prefetch(const void *start, const void *stop) noexcept nogil
