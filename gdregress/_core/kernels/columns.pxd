@cython.final
cdef class Columns:
    cdef const double[::1] mean, inverse_scale
    cdef const double[:, ::1] basis
    cdef double[::1] total
    cdef double[:, ::1] w
    cdef readonly bint active
    cdef void to_user(self, double[:, ::1] u) noexcept nogil
    cdef void multiply(self, double[:, ::1] u, Py_ssize_t t) noexcept nogil
    @cython.locals(factor=double)
    cdef void multiply_back(self, double[:, ::1] g, Py_ssize_t t, double total) noexcept nogil
    @cython.locals(total=double)
    cdef double along_mean(self, Py_ssize_t t) noexcept nogil
    @cython.locals(total=double)
    cdef void pull_back(self, double[:, ::1] g) noexcept nogil
