cdef extern from "simd.h":
    int loss_number(const char *name)
    void add_losses(int number, const double *y, const double *z, double *out,
                    double parameter, Py_ssize_t m) noexcept nogil
    void take_slopes(int number, const double *y, double *z,
                     double parameter, Py_ssize_t m) noexcept nogil
    void softmax_losses "chosen.softmax_losses"(
        const double *y, double *z, double *out, Py_ssize_t stride, Py_ssize_t classes,
        Py_ssize_t m) noexcept nogil
    void softmax_both "chosen.softmax_both"(
        const double *y, double *z, double *out, Py_ssize_t stride, Py_ssize_t classes,
        Py_ssize_t m) noexcept nogil
    void softmax_slopes "chosen.softmax_slopes"(
        const double *y, double *z, Py_ssize_t stride, Py_ssize_t classes,
        Py_ssize_t m) noexcept nogil


cdef class Loss:
    cdef public double parameter
    cdef int number
    cdef double value(self, double y, double z) noexcept nogil
    cdef double slope(self, double y, double z) noexcept nogil
    cdef void values(self, double[:, ::1] y, double[:, ::1] z, double[::1] out,
                     Py_ssize_t m) noexcept nogil
    cdef void slopes(self, double[:, ::1] y, double[:, ::1] z, Py_ssize_t m) noexcept nogil
    cdef void both(self, double[:, ::1] y, double[:, ::1] z, double[::1] out,
                   Py_ssize_t m) noexcept nogil

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

cdef class Cauchy(Loss):
    @cython.locals(scaled=double)
    cdef double value(self, double y, double z) noexcept nogil
    @cython.locals(scaled=double)
    cdef double slope(self, double y, double z) noexcept nogil

cdef class Tweedie(Loss):
    @cython.locals(d=double, k=double)
    cdef double value(self, double y, double z) noexcept nogil

cdef class NegativeBinomial(Loss):
    @cython.locals(dispersion=double, d=double, q=double, odds=double, softplus=double)
    cdef double value(self, double y, double z) noexcept nogil
    @cython.locals(small=double)
    cdef double slope(self, double y, double z) noexcept nogil

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

cdef class Offset(Loss):
    cdef Loss loss
    @cython.locals(last=Py_ssize_t)
    cdef void values(self, double[:, ::1] y, double[:, ::1] z, double[::1] out,
                     Py_ssize_t m) noexcept nogil
    @cython.locals(last=Py_ssize_t)
    cdef void slopes(self, double[:, ::1] y, double[:, ::1] z, Py_ssize_t m) noexcept nogil

cdef class Softmax(Loss):
    @cython.locals(top=double, own=double, others=double, tops=double)
    cdef void values(self, double[:, ::1] y, double[:, ::1] z, double[::1] out,
                     Py_ssize_t m) noexcept nogil
    @cython.locals(top=double, total=double, wrong=double)
    cdef void slopes(self, double[:, ::1] y, double[:, ::1] z, Py_ssize_t m) noexcept nogil
    cdef void both(self, double[:, ::1] y, double[:, ::1] z, double[::1] out,
                   Py_ssize_t m) noexcept nogil

@cython.locals(top=double)
cdef double largest_of(double[:, ::1] z, Py_ssize_t a) noexcept nogil
@cython.locals(series=double, term=Py_ssize_t)
cdef double exp_remainder(double d) noexcept nogil
cdef double remainder_over(double k, double d) noexcept nogil
@cython.locals(s=double, series=double, term=Py_ssize_t)
cdef double log_remainder(double u) noexcept nogil
