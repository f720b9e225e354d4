@cython.final
cdef class Columns:
    cdef const double[::1] mean, inverse_scale
    cdef double[:, ::1] w
    cdef readonly bint active
    cdef void to_user(self, double[:, ::1] u) noexcept nogil
    @cython.locals(total=double)
    cdef double along_mean(self, Py_ssize_t t) noexcept nogil
    @cython.locals(total=double)
    cdef void pull_back(self, double[:, ::1] g) noexcept nogil
