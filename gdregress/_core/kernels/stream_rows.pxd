cdef class StreamLearners:
    cdef double[:, ::1] w, v
    cdef double[::1] rates, lead, squares, age, wait, tally, low, high, losses, one
    cdef double[:, ::1] z, r, trial, targets
    cdef Py_ssize_t n, k, p
    cdef bint fit_intercept
    cdef double size, coupled
    cdef Penalty penalty
    cdef double loss_of(self, Loss loss) noexcept nogil
    @cython.locals(value=double, square=double, slope=double, t=Py_ssize_t)
    cdef void count(self, Loss loss) noexcept nogil
    @cython.locals(kept=double, lost=double, best=Py_ssize_t, l=Py_ssize_t)
    cdef void compare(self, double weight) noexcept nogil
    cdef bint is_beaten(self, Py_ssize_t l) noexcept nogil
    cdef void restart(self, Py_ssize_t l) noexcept nogil
    @cython.locals(far=double, share=double, slope=double, t=Py_ssize_t, halving=Py_ssize_t)
    cdef void implicit(self, Loss loss, double q) noexcept nogil
    @cython.locals(before=double, share=double)
    cdef void take_average(self, Py_ssize_t l) noexcept nogil

cdef double bounded(double slope) noexcept nogil
