# The type that `x` points to chooses the loop.
cdef extern from "simd.h":
    double c_dot_centred "gdregress_dot_centred"(
        const void *x, const double *mean, const double *w, Py_ssize_t p,
        const void *next) noexcept nogil
    void c_move "gdregress_move"(
        double c, const void *x, const double *mean, const double *sizes, double lr,
        const double *drift, const double *factors, double *w, Py_ssize_t p) noexcept nogil
    void c_move_clipped "gdregress_move_clipped"(
        double c, const void *x, const double *mean, const double *sizes, double lr,
        const double *drift, const double *thresholds, const double *factors,
        const double *lower, const double *upper, double *w, Py_ssize_t p) noexcept nogil


@cython.final
cdef class Steps:
    cdef const double[::1] mean, sizes, thresholds, l2s, lower, upper
    cdef const double[:, ::1] drift
    cdef double[::1] factors, logs
    cdef double rate
    cdef bint clips, shrinks, still
    cdef void set_rate(self, double lr) noexcept nogil
    cdef double prox(self, double w, Py_ssize_t j) noexcept nogil
    cdef double inside(self, double w, Py_ssize_t j) noexcept nogil
    @cython.locals(moved=double)
    cdef double step(self, double w, double g, Py_ssize_t t, Py_ssize_t j) noexcept nogil
    cdef double wait(self, double w, Py_ssize_t t, Py_ssize_t j, Py_ssize_t n) noexcept nogil
    @cython.locals(side=double, pull=double, new=double, until=Py_ssize_t)
    cdef double wait_on_sides(self, double w, Py_ssize_t t, Py_ssize_t j,
                              Py_ssize_t n) noexcept nogil
    @cython.locals(size=double)
    cdef double after(self, double w, double pull, Py_ssize_t j, Py_ssize_t n) noexcept nogil
    @cython.locals(size=double, until=double)
    cdef Py_ssize_t updates_to_zero(self, double w, double pull, Py_ssize_t j,
                                    Py_ssize_t n) noexcept nogil
