@cython.final
cdef class Quadratic:
    cdef const double[:, ::1] centred
    cdef const double[::1] mean
    cdef double[:, ::1] anchor, gradient, d, curved
    cdef double value
    @cython.locals(change=double, along=double, curved=double)
    cdef double evaluate(self, double[:, ::1] w, double[:, ::1] g) noexcept nogil

@cython.final
cdef class MappingNorm:
    cdef double[:, ::1] units, ratio
    cdef double step_size
    @cython.locals(largest=double, total=double, mapped=double, moved=double)
    cdef double evaluate(self, Rule rule) noexcept nogil

cdef bint above(double value, double limit) noexcept nogil
