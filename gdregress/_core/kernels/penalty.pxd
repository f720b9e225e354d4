cdef extern from "simd.h":
    void shrink_all "chosen.shrink_all"(
        double *w, double threshold, double factor, Py_ssize_t p) noexcept nogil
    void shrink_each "chosen.shrink_each"(
        double *w, const double *l1s, const double *l2s, double step_size,
        Py_ssize_t p) noexcept nogil

@cython.final
cdef class Penalty:
    cdef readonly double l1, l2
    cdef double[::1] l1s, l2s, lower, upper
    cdef readonly bint varies, l2_alone
    cdef bint bounded, active
    cdef double prox(self, double w, double step_size, Py_ssize_t j) noexcept nogil
    cdef double inside(self, double w, Py_ssize_t j) noexcept nogil
    cdef void shrink(self, double[:, ::1] w, Py_ssize_t p, double step_size) noexcept nogil
