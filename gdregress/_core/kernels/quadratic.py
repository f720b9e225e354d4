"""Batch epochs of any rule where the objective is quadratic: `quadratic_epochs`.

`Quadratic` is the objective from its moments, `MappingNorm` the norm that stopping measures.

Letters
-------
F  objective
w  parameters of shape (targets, features + intercept), the intercept last
u  the point at which the gradient is taken
g  gradient
C, c  matrix and vector of the quadratic form
d  w - anchor
t  target
j  coordinate
k  number of targets
q  number of features + intercept
"""

import cython
from cython.cimports.libc.math import fabs, isfinite, sqrt

if not cython.compiled:
    from gdregress._core.kernels.rows import dot_rows
    from gdregress._core.kernels.rules import Rule, prox


class Quadratic:
    """F(w) = F(anchor) + g(anchor) . d + d' (C + c c') d / 2, summed over the targets.

    Parameters
    ----------
    centred : ndarray of shape (q, q)
        C.
    mean : ndarray of shape (q,)
        c.
    anchor, gradient : ndarrays of shape (n_targets, q)
        The anchor and g(anchor).
    value : float
        F(anchor).
    """

    def __init__(self, centred, mean, anchor, gradient, value):
        self.centred = centred
        self.mean = mean
        self.anchor = anchor
        self.gradient = gradient
        self.value = value
        self.d = 0 * anchor
        self.curved = 0 * anchor

    def evaluate(self, w, g):
        """g <- the gradient at w; returns F(w)."""
        q = self.mean.shape[0]
        change = 0.0
        for t in range(w.shape[0]):
            for j in range(q):
                self.d[t, j] = w[t, j] - self.anchor[t, j]
        dot_rows(self.centred, 0, q, self.d, self.curved)
        for t in range(w.shape[0]):
            along = 0.0
            for j in range(q):
                along += self.mean[j] * self.d[t, j]
            for j in range(q):
                curved = self.curved[t, j] + self.mean[j] * along
                change += self.d[t, j] * (self.gradient[t, j] + curved / 2)
                g[t, j] = self.gradient[t, j] + curved
        return self.value + change


class MappingNorm:
    """Norm of the gradient mapping (u - prox(u - step_size g)) / step_size, each in its unit.

    Parameters
    ----------
    units : ndarray of shape (n_targets, q)
    step_size : float
    """

    def __init__(self, units, step_size):
        self.units = units
        self.step_size = step_size
        self.ratio = 0 * units

    def evaluate(self, rule):
        """The norm at the rule's u and g."""
        largest, total = 0.0, 0.0
        for t in range(self.ratio.shape[0]):
            for j in range(self.ratio.shape[1]):
                mapped = rule.g[t, j]
                if rule.penalty.active:
                    moved = prox(rule, rule.u[t, j] - self.step_size * mapped, self.step_size, j)
                    mapped = (rule.u[t, j] - moved) / self.step_size
                self.ratio[t, j] = fabs(mapped / self.units[t, j])
                largest = max(largest, self.ratio[t, j])
        if largest == 0 or not isfinite(largest):
            return largest
        for t in range(self.ratio.shape[0]):
            for j in range(self.ratio.shape[1]):
                total += (self.ratio[t, j] / largest) ** 2
        return largest * sqrt(total)


def quadratic_epochs(
    quadratic: Quadratic,
    norm: MappingNorm,
    rule: Rule,
    rates: cython.double[::1],
    limits: cython.double[::1],
    path: cython.double[:, :, :, ::1],
    numbers: cython.double[:, ::1],
):
    """One step of the rule on all rows for every rate; returns how many were made.

    After each, w and the memory of the rule are written to `path`, and to `numbers` F(w), the
    norm of the gradient mapping at u and the rule's sequence. Each step is tried first, and the
    epochs end before it in three cases: F(w) after it is not above limits[0], the square of the
    gradient at u is not above limits[1], or the norm at u is not above limits[2]. A number that
    is not finite counts as not above.
    """
    k: cython.Py_ssize_t = rule.w.shape[0]
    q: cython.Py_ssize_t = rule.w.shape[1]
    update: cython.Py_ssize_t
    array: cython.Py_ssize_t
    t: cython.Py_ssize_t
    j: cython.Py_ssize_t
    made: cython.Py_ssize_t = 0
    value: cython.double
    square: cython.double
    length: cython.double
    with cython.nogil:
        quadratic.evaluate(rule.w, rule.g)
        for update in range(rates.shape[0]):
            if rule.evaluates_at_lookahead:
                rule.begin()
                quadratic.evaluate(rule.u, rule.g)
            square = 0.0
            for t in range(k):
                for j in range(q):
                    square += rule.g[t, j] * rule.g[t, j]
            length = norm.evaluate(rule)
            if not (above(square, limits[1]) and above(length, limits[2])):
                break
            rule.step(rates[update])
            # g is then the next gradient, unless u differs from w
            value = quadratic.evaluate(rule.w, rule.g)
            if not above(value, limits[0]):
                break
            numbers[update, 0] = value
            numbers[update, 1] = length
            numbers[update, 2] = rule.sequence
            for t in range(k):
                for j in range(q):
                    path[update, 0, t, j] = rule.w[t, j]
                    for array in range(rule.memory.shape[0]):
                        path[update, array + 1, t, j] = rule.memory[array, t, j]
            made += 1
    return made


def above(value, limit):
    """Whether a number is finite and above a limit."""
    return value > limit and isfinite(value)
