cdef class StreamLearners:
    cdef double[:, ::1] w, v
    cdef double[::1] rates, lead, squares, age, wait, low, high, one
    cdef double[:, ::1] z, r, trial, targets
    cdef double[:, :] losses
    cdef Py_ssize_t n, k, p
    cdef bint fit_intercept
    cdef double size, h, coupled
    cdef Penalty penalty
    cdef bint costs_nothing(self, Loss loss) noexcept nogil
    @cython.locals(kept=double, lost=double, m=Py_ssize_t)
    cdef void compare(self, double weight, Py_ssize_t i) noexcept nogil
    cdef bint is_beaten(self, Py_ssize_t m) noexcept nogil
    @cython.locals(t=Py_ssize_t, j=Py_ssize_t)
    cdef void restart(self, Py_ssize_t m, Py_ssize_t i) noexcept nogil
    @cython.locals(far=double, share=double, slope=double, t=Py_ssize_t, _halving=Py_ssize_t)
    cdef void implicit(self, Loss loss, double q) noexcept nogil
    @cython.locals(before=double, share=double)
    cdef void take_average(self, Py_ssize_t m) noexcept nogil

cdef double bounded(double slope) noexcept nogil
