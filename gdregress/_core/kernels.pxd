# C types of the classes of kernels.py, and the vector loops that only its compiled form has.
cimport cython


cdef extern from "vector.h":
    double dot_double(const double *x, const double *w, Py_ssize_t p, const double *soon) noexcept nogil
    double dot_float(const float *x, const double *w, Py_ssize_t p, const float *soon) noexcept nogil
    void add_double(double c, const double *x, double *w, Py_ssize_t p) noexcept nogil
    void add_float(double c, const float *x, double *w, Py_ssize_t p) noexcept nogil
    void dot_rows_double(const double *X, const double *w, double b, double *z, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void dot_rows_float(const float *X, const double *w, double b, double *z, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void add_rows_double(const double *r, const double *X, double *g, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void add_rows_float(const double *r, const float *X, double *g, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void dot_four_double(const double *X, const double *w, Py_ssize_t width, double *z, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void dot_four_float(const float *X, const double *w, Py_ssize_t width, double *z, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void add_four_double(const double *r, Py_ssize_t stride, const double *X, double *g, Py_ssize_t width, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void add_four_float(const double *r, Py_ssize_t stride, const float *X, double *g, Py_ssize_t width, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void shrink_all(double *w, double threshold, double factor, Py_ssize_t p) noexcept nogil
    void centre_double(const double *x, const double *shift, double factor, double *out, Py_ssize_t p) noexcept nogil
    void centre_float(const float *x, const double *shift, double factor, double *out, Py_ssize_t p) noexcept nogil
    void add_gram(const double *B, double *S, Py_ssize_t rows, Py_ssize_t q) noexcept nogil
    double sum_of(const double *x, Py_ssize_t m) noexcept nogil
    void add_squares_double(const double *weights, const double *X, double *out, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void add_squares_float(const float *weights, const float *X, double *out, Py_ssize_t rows, Py_ssize_t p) noexcept nogil
    void prefetch(const void *start, const void *stop) noexcept nogil

cdef extern from "sparse.h":
    double sparse_dot_double_int(const double *data, const int *indices, Py_ssize_t first, Py_ssize_t m, const double *w, Py_ssize_t soon) noexcept nogil
    void sparse_add_double_int(double c, const double *data, const int *indices, Py_ssize_t first, Py_ssize_t m, double *w) noexcept nogil
    double sparse_dot_double_long(const double *data, const long long *indices, Py_ssize_t first, Py_ssize_t m, const double *w, Py_ssize_t soon) noexcept nogil
    void sparse_add_double_long(double c, const double *data, const long long *indices, Py_ssize_t first, Py_ssize_t m, double *w) noexcept nogil
    double sparse_dot_float_int(const float *data, const int *indices, Py_ssize_t first, Py_ssize_t m, const double *w, Py_ssize_t soon) noexcept nogil
    void sparse_add_float_int(double c, const float *data, const int *indices, Py_ssize_t first, Py_ssize_t m, double *w) noexcept nogil
    double sparse_dot_float_long(const float *data, const long long *indices, Py_ssize_t first, Py_ssize_t m, const double *w, Py_ssize_t soon) noexcept nogil
    void sparse_add_float_long(double c, const float *data, const long long *indices, Py_ssize_t first, Py_ssize_t m, double *w) noexcept nogil

cdef extern from "losses.h":
    int loss_number(const char *name)
    void add_losses(int number, const double *y, const double *z, double *out, double parameter, Py_ssize_t m) noexcept nogil
    void take_slopes(int number, const double *y, double *z, double parameter, Py_ssize_t m) noexcept nogil
    void softmax_losses(const double *y, const double *z, double *out, Py_ssize_t stride, Py_ssize_t k, Py_ssize_t m) noexcept nogil
    void softmax_slopes(const double *y, double *z, Py_ssize_t stride, Py_ssize_t k, Py_ssize_t m) noexcept nogil


cdef class Loss:
    cdef public double parameter
    cdef int number
    cdef double value(self, double y, double z) noexcept nogil
    cdef double slope(self, double y, double z) noexcept nogil
    cdef void values(self, double[:, ::1] y, double[:, ::1] z, double[::1] out, Py_ssize_t m) noexcept nogil
    cdef void slopes(self, double[:, ::1] y, double[:, ::1] z, Py_ssize_t m) noexcept nogil

cdef class SquaredError(Loss):
    pass

cdef class Huber(Loss):
    pass

cdef class AbsoluteError(Loss):
    pass

cdef class LogCosh(Loss):
    @cython.locals(size=double, near=double)
    cdef double value(self, double y, double z) noexcept nogil

cdef class Quantile(Loss):
    pass

cdef class EpsilonInsensitive(Loss):
    pass

cdef class SquaredEpsilonInsensitive(Loss):
    pass

cdef class Poisson(Loss):
    @cython.locals(d=double)
    cdef double value(self, double y, double z) noexcept nogil

cdef class Gamma(Loss):
    @cython.locals(d=double)
    cdef double value(self, double y, double z) noexcept nogil

cdef class LogLoss(Loss):
    pass

cdef class Hinge(Loss):
    pass

cdef class SquaredHinge(Loss):
    pass

cdef class ModifiedHuber(Loss):
    pass

cdef class Perceptron(Loss):
    pass

cdef class OneVsRest(Loss):
    cdef Loss loss

cdef class Softmax(Loss):
    @cython.locals(top=double, own=double, others=double, tops=double)
    cdef void values(self, double[:, ::1] y, double[:, ::1] z, double[::1] out, Py_ssize_t m) noexcept nogil
    @cython.locals(top=double, total=double, wrong=double)
    cdef void slopes(self, double[:, ::1] y, double[:, ::1] z, Py_ssize_t m) noexcept nogil

@cython.locals(top=double)
cdef double largest_of(double[:, ::1] z, Py_ssize_t a) noexcept nogil
@cython.locals(series=double, k=Py_ssize_t)
cdef double exp_remainder(double d) noexcept nogil
cdef double clip(double value, double bound) noexcept nogil
cdef double sign(double value) noexcept nogil


@cython.final
cdef class Penalty:
    cdef readonly double l1, l2
    cdef double[::1] lower, upper
    cdef bint bounded, active
    cdef double prox(self, double w, double step_size, Py_ssize_t j) noexcept nogil
    cdef double inside(self, double w, Py_ssize_t j) noexcept nogil
    cdef void shrink(self, double[:, ::1] w, Py_ssize_t p, double step_size) noexcept nogil


cdef class Rule:
    cdef double[:, ::1] w, u, g
    cdef double[:, :, ::1] memory, means
    cdef long long[::1] taken
    cdef long long count
    cdef Py_ssize_t k, p
    cdef bint fit_intercept, looks_ahead
    cdef public double t
    cdef Penalty penalty
    cdef double first_decay, second_decay, epsilon, first_power, second_power
    cdef void begin(self) noexcept nogil
    cdef void step(self, double lr) noexcept nogil
    cdef void finish(self) noexcept nogil

cdef class GradientDescent(Rule):
    pass

cdef class Momentum(Rule):
    pass

cdef class Nesterov(Rule):
    pass

cdef class AcceleratedNesterov(Nesterov):
    @cython.locals(turn=double)
    cdef void step(self, double lr) noexcept nogil

cdef double next_t(double t) noexcept nogil

cdef class AdaGrad(Rule):
    pass

cdef class RMSProp(Rule):
    pass

cdef class Adam(Rule):
    cdef void remember(self, Py_ssize_t t, Py_ssize_t j) noexcept nogil
    cdef double size(self, Py_ssize_t t, Py_ssize_t j) noexcept nogil
    cdef double direction(self, Py_ssize_t t, Py_ssize_t j) noexcept nogil

cdef class AMSGrad(Adam):
    pass

cdef class NAdam(Adam):
    pass

cdef double prox(Rule rule, double w, double step_size, Py_ssize_t j) noexcept nogil
cdef void move(Rule rule, Py_ssize_t t, Py_ssize_t j, double new, double step_size) noexcept nogil


@cython.final
cdef class Coasting:
    cdef double[::1] slow, fast, slow_growth, fast_growth, slow_inverse, fast_inverse
    cdef double momentum
    cdef Py_ssize_t length
    @cython.locals(m=double, a=double, later=double, growth=double, apart=double)
    cdef void foresee(self, double[::1] rates, Py_ssize_t first, Py_ssize_t some, double l2) noexcept nogil
    @cython.locals(slower=double, faster=double, w=double, v=double, slow=double, fast=double)
    cdef void move(self, Rule rule, Py_ssize_t j, Py_ssize_t start, Py_ssize_t stop) noexcept nogil
    @cython.locals(w=double, new=double)
    cdef void step(self, Rule rule, Py_ssize_t j, double lr, double shrink) noexcept nogil


@cython.final
cdef class Quadratic:
    cdef const double[:, ::1] centred
    cdef const double[::1] mean
    cdef double[:, ::1] anchor, gradient, step, curved
    cdef double value
    @cython.locals(change=double, along=double, curved=double)
    cdef double look(self, double[:, ::1] w, double[:, ::1] g) noexcept nogil

@cython.final
cdef class MappingNorm:
    cdef double[:, ::1] units, ratio
    cdef double step_size
    @cython.locals(largest=double, total=double, mapped=double, moved=double)
    cdef double of(self, Rule rule) noexcept nogil

cdef bint above(double value, double limit) noexcept nogil
