@cython.final
cdef class LazyMomentum:
    cdef double[::1] rho, sigma, slow_size, fast_size, slow_inverse, fast_inverse
    cdef double momentum
    cdef Py_ssize_t length
    @cython.locals(mu=double, h=double, later=double, growth=double, delta=double)
    cdef void precompute(self, double[::1] rates, Py_ssize_t first, Py_ssize_t updates,
                         double l2) noexcept nogil
    @cython.locals(slower=double, faster=double, w=double, v=double, slow=double, fast=double)
    cdef void move(self, Rule rule, Py_ssize_t j, Py_ssize_t start,
                   Py_ssize_t stop) noexcept nogil
    @cython.locals(w=double, new=double)
    cdef void step(self, Rule rule, Py_ssize_t j, double lr, double h) noexcept nogil
