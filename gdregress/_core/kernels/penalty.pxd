cdef extern from "vector.h":
    void shrink_all(double *w, double threshold, double factor, Py_ssize_t p) noexcept nogil

@cython.final
cdef class Penalty:
    cdef readonly double l1, l2
    cdef double[::1] lower, upper
    cdef bint bounded, active
    cdef double prox(self, double w, double step_size, Py_ssize_t j) noexcept nogil
    cdef double inside(self, double w, Py_ssize_t j) noexcept nogil
    cdef void shrink(self, double[:, ::1] w, Py_ssize_t p, double step_size) noexcept nogil
