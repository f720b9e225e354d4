cdef class Rule:
    cdef double[:, ::1] w, u, g
    cdef double[:, :, ::1] memory, means
    cdef long long[::1] counts
    cdef long long count
    cdef Py_ssize_t k, p
    cdef bint fit_intercept, evaluates_at_lookahead
    cdef public double sequence
    cdef Penalty penalty
    cdef double first_decay, second_decay, epsilon, first_power, second_power
    cdef void begin(self) noexcept nogil
    cdef void step(self, double lr) noexcept nogil
    cdef void update_means(self) noexcept nogil

cdef class GradientDescent(Rule):
    pass

cdef class Momentum(Rule):
    pass

cdef class Nesterov(Rule):
    pass

cdef class AcceleratedNesterov(Nesterov):
    @cython.locals(turn=double)
    cdef void step(self, double lr) noexcept nogil

cdef double next_of_sequence(double number) noexcept nogil

cdef class AdaGrad(Rule):
    pass

cdef class RMSProp(Rule):
    pass

cdef class Adam(Rule):
    cdef void update_moments(self, Py_ssize_t t, Py_ssize_t j) noexcept nogil
    cdef double mean_square(self, Py_ssize_t t, Py_ssize_t j) noexcept nogil
    cdef double direction(self, Py_ssize_t t, Py_ssize_t j) noexcept nogil

cdef class AMSGrad(Adam):
    pass

cdef class NAdam(Adam):
    pass

cdef double prox(Rule rule, double w, double step_size, Py_ssize_t j) noexcept nogil
cdef void move(Rule rule, Py_ssize_t t, Py_ssize_t j, double new, double step_size) noexcept nogil
