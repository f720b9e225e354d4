"""Losses: L(y, z) of one prediction and its slope dL/dz, and both for blocks of rows.

The equations stand in `gdregress.losses`, whose classes have the same names. losses.h holds the
compiled loops over many rows.

Letters
-------
y  target; y[t, a] for target t of row a
z  prediction; z[t, a] for prediction t of row a: one per target, or one per class
a  row of a block
m  number of rows in the block
t  target, or class
d  difference between the prediction and log y, at which the loss is zero
k  exponent
q  share of y in y + 1 / dispersion
s  u / (2 + u), in whose powers log(1 + u) is expanded
u  argument of a logarithm, less 1
"""

import cython
from cython.cimports.libc.math import exp, expm1, fabs, log, log1p, pow, sinh, tanh

if not cython.compiled:
    from gdregress._core.kernels.common import clip, sign

LOG_2 = cython.declare(cython.double, 0.6931471805599453)
# See gdregress.losses.
REMAINDER_NEAR = cython.declare(cython.double, 0.1)
REMAINDER_TERMS = cython.declare(cython.Py_ssize_t, 11)
LOG_TERMS = cython.declare(cython.Py_ssize_t, 7)


class Loss:
    """Base of all losses.

    Parameters
    ----------
    parameter : float
        Of the losses that have one, such as epsilon of the Huber loss.
    """

    def __init__(self, parameter=0.0):
        self.parameter = parameter
        if cython.compiled:
            self.number = loss_number(type(self).__name__.encode())

    def value(self, y, z):
        return 0.0

    def slope(self, y, z):
        return 0.0

    def values(self, y, z, out, m):
        """out becomes the loss of each row, summed over its predictions."""
        for a in range(m):
            out[a] = 0.0
        for t in range(z.shape[0]):
            if cython.compiled and self.number >= 0:
                add_losses(
                    self.number,
                    cython.address(y[t, 0]),
                    cython.address(z[t, 0]),
                    cython.address(out[0]),
                    self.parameter,
                    m,
                )
            else:
                for a in range(m):
                    out[a] += self.value(y[t, a], z[t, a])

    def slopes(self, y, z, m):
        """z becomes the slopes."""
        for t in range(z.shape[0]):
            # a single row is faster without the preparation of vectors
            if cython.compiled and self.number >= 0 and m > 1:
                take_slopes(
                    self.number,
                    cython.address(y[t, 0]),
                    cython.address(z[t, 0]),
                    self.parameter,
                    m,
                )
            else:
                for a in range(m):
                    z[t, a] = self.slope(y[t, a], z[t, a])

    def both(self, y, z, out, m):
        """out becomes the losses and z the slopes."""
        self.values(y, z, out, m)
        self.slopes(y, z, m)


class SquaredError(Loss):
    def value(self, y, z):
        return (z - y) * (z - y) / 2

    def slope(self, y, z):
        return z - y


class Huber(Loss):
    def value(self, y, z):
        clipped = clip(z - y, self.parameter)
        return clipped * (z - y - clipped / 2)

    def slope(self, y, z):
        return clip(z - y, self.parameter)


class AbsoluteError(Loss):
    def value(self, y, z):
        return fabs(z - y)

    def slope(self, y, z):
        return sign(z - y)


class LogCosh(Loss):
    def value(self, y, z):
        size = fabs(z - y)
        near = sinh(min(size, 1.0))
        return log1p(near * near) / 2 if size < 1 else size + log1p(exp(-2 * size)) - LOG_2

    def slope(self, y, z):
        return tanh(z - y)


class Quantile(Loss):
    def value(self, y, z):
        return fabs(z - y) / 2 + (0.5 - self.parameter) * (z - y)

    def slope(self, y, z):
        side = sign(z - y)
        return side / 2 + (0.5 - self.parameter) * fabs(side)


class EpsilonInsensitive(Loss):
    def value(self, y, z):
        return fabs(z - y - clip(z - y, self.parameter))

    def slope(self, y, z):
        return sign(z - y - clip(z - y, self.parameter))


class SquaredEpsilonInsensitive(Loss):
    def value(self, y, z):
        beyond = z - y - clip(z - y, self.parameter)
        return beyond * beyond

    def slope(self, y, z):
        return 2 * (z - y - clip(z - y, self.parameter))


class Poisson(Loss):
    def value(self, y, z):
        d = z - (log(y) if y > 0 else 0.0)
        if y > 0 and fabs(d) < REMAINDER_NEAR:
            return y * exp_remainder(d)
        return exp(z) - y - y * d

    def slope(self, y, z):
        return exp(z) - y


class Cauchy(Loss):
    def value(self, y, z):
        scaled = (z - y) / self.parameter
        return self.parameter * self.parameter / 2 * log1p(scaled * scaled)

    def slope(self, y, z):
        scaled = (z - y) / self.parameter
        return (z - y) / (1 + scaled * scaled)


class Tweedie(Loss):
    """Its parameter is the power p."""

    def value(self, y, z):
        if y <= 0:
            return exp((2 - self.parameter) * z) / (2 - self.parameter)
        d, k = z - log(y), 2 - self.parameter
        return pow(y, k) * (remainder_over(k, d) - remainder_over(k - 1, d))

    def slope(self, y, z):
        return exp((2 - self.parameter) * z) - y * exp((1 - self.parameter) * z)


class NegativeBinomial(Loss):
    """Its parameter is the dispersion."""

    def value(self, y, z):
        dispersion = self.parameter
        d = z - (log(y) if y > 0 else 0.0)
        if y > 0 and fabs(d) < REMAINDER_NEAR:
            q = dispersion * y / (1 + dispersion * y)
            return (y + 1 / dispersion) * (q * exp_remainder(d) - log_remainder(q * expm1(d)))
        odds = z + log(dispersion)
        softplus = (odds if odds > 0 else 0.0) + log1p(exp(-fabs(odds)))
        return (y + 1 / dispersion) * (softplus - log1p(dispersion * y)) - y * d

    def slope(self, y, z):
        small = exp(-fabs(z))
        if z > 0:
            return (1 - y * small) / (small + self.parameter)
        return (small - y) / (1 + self.parameter * small)


class Gamma(Loss):
    def value(self, y, z):
        d = log(y) - z
        return exp_remainder(d) if fabs(d) < REMAINDER_NEAR else y * exp(-z) - 1 - d

    def slope(self, y, z):
        return 1 - y * exp(-z)


# The comparisons below return NaN for a prediction that is NaN.


class LogLoss(Loss):
    def value(self, y, z):
        margin = y * z
        return (0.0 if margin > 0 else -margin) + log1p(exp(-fabs(margin)))

    def slope(self, y, z):
        small = exp(-fabs(z))
        return -y * (small if y * z > 0 else 1.0) / (1 + small)


class Hinge(Loss):
    def value(self, y, z):
        return 0.0 if y * z >= 1 else 1 - y * z

    def slope(self, y, z):
        return -y if y * z < 1 else 0.0


class SquaredHinge(Loss):
    def value(self, y, z):
        return 0.0 if y * z >= 1 else (1 - y * z) * (1 - y * z)

    def slope(self, y, z):
        return 0.0 if y * z >= 1 else -2 * y * (1 - y * z)


class ModifiedHuber(Loss):
    def value(self, y, z):
        missing = 0.0 if y * z >= 1 else 1 - y * z
        clipped = clip(missing, 2.0)
        return clipped * (2 * missing - clipped)

    def slope(self, y, z):
        return 0.0 if y * z >= 1 else -2 * y * clip(1 - y * z, 2.0)


class Perceptron(Loss):
    def value(self, y, z):
        return 0.0 if y * z >= 0 else -y * z

    def slope(self, y, z):
        return -y if y * z <= 0 else 0.0


class OneVsRest(Loss):
    """The target is the number of the row's class, whose label is 1; all others have -1."""

    def __init__(self, loss):
        self.loss = loss

    def values(self, y, z, out, m):
        for a in range(m):
            total = 0.0
            for t in range(z.shape[0]):
                total += self.loss.value(1.0 if t == y[0, a] else -1.0, z[t, a])
            out[a] = total

    def slopes(self, y, z, m):
        for t in range(z.shape[0]):
            for a in range(m):
                z[t, a] = self.loss.slope(1.0 if t == y[0, a] else -1.0, z[t, a])


class Offset(Loss):
    """The last target of a row is added to its predictions."""

    def __init__(self, loss):
        self.loss = loss

    def values(self, y, z, out, m):
        last = y.shape[0] - 1
        for a in range(m):
            out[a] = 0.0
            for t in range(z.shape[0]):
                out[a] += self.loss.value(y[t, a], z[t, a] + y[last, a])

    def slopes(self, y, z, m):
        last = y.shape[0] - 1
        for t in range(z.shape[0]):
            for a in range(m):
                z[t, a] = self.loss.slope(y[t, a], z[t, a] + y[last, a])


class Softmax(Loss):
    """The target is the number of the row's class."""

    def values(self, y, z, out, m):
        if cython.compiled:
            softmax_losses(
                cython.address(y[0, 0]),
                cython.address(z[0, 0]),
                cython.address(out[0]),
                z.shape[1],
                z.shape[0],
                m,
            )
        else:
            for a in range(m):
                top, own, others, tops = largest_of(z, a), 0.0, 0.0, 0
                for t in range(z.shape[0]):
                    own += z[t, a] if t == y[0, a] else 0.0
                    others += 0.0 if z[t, a] >= top else exp(z[t, a] - top)
                    tops += z[t, a] >= top
                out[a] = top - own + log1p(others + (tops - 1))

    def slopes(self, y, z, m):
        if cython.compiled:
            softmax_slopes(
                cython.address(y[0, 0]), cython.address(z[0, 0]), z.shape[1], z.shape[0], m
            )
        else:
            for a in range(m):
                top, total, wrong = largest_of(z, a), 0.0, 0.0
                for t in range(z.shape[0]):
                    z[t, a] = exp(z[t, a] - top)
                    total += z[t, a]
                    wrong += 0.0 if t == y[0, a] else z[t, a]
                for t in range(z.shape[0]):
                    z[t, a] = (-wrong if t == y[0, a] else z[t, a]) / total

    def both(self, y, z, out, m):
        if cython.compiled:
            softmax_both(
                cython.address(y[0, 0]),
                cython.address(z[0, 0]),
                cython.address(out[0]),
                z.shape[1],
                z.shape[0],
                m,
            )
        else:
            Loss.both(self, y, z, out, m)


def largest_of(z, a):
    """The largest number in column a."""
    top = z[0, a]
    for t in range(1, z.shape[0]):
        top = z[t, a] if z[t, a] > top else top
    return top


def exp_remainder(d):
    """e^d - 1 - d near zero, see gdregress.losses."""
    series = 1.0
    for term in range(REMAINDER_TERMS, 2, -1):
        series = 1 + d / term * series
    return d * d / 2 * series


def remainder_over(k, d):
    """(e^(k d) - 1 - k d) / k, and its limit 0 for k = 0."""
    if k == 0:
        return 0.0
    if fabs(k * d) < REMAINDER_NEAR:
        return exp_remainder(k * d) / k
    return (expm1(k * d) - k * d) / k


def log_remainder(u):
    """u - log(1 + u) near zero, see gdregress.losses."""
    s, series = u / (2 + u), 0.0
    for term in range(LOG_TERMS, 0, -1):
        series = 1.0 / (2 * term + 1) + s * s * series
    return u * s - 2 * s * s * s * series
