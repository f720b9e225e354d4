@cython.final
cdef class Snapshot:
    cdef const double[:, ::1] slopes
    cdef double[:, ::1] gradient
    cdef readonly bint taken
    @cython.locals(i=Py_ssize_t)
    cdef void subtract(self, long long[::1] order, Py_ssize_t first, Py_ssize_t m,
                       double[:, ::1] z) noexcept nogil
    cdef void add(self, double[:, ::1] g) noexcept nogil
    @cython.locals(i=Py_ssize_t)
    cdef void prefetch_slopes(self, long long[::1] order, Py_ssize_t position) noexcept nogil
