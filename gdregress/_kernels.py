# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False
"""One epoch of stochastic or mini-batch descent, compiled by Cython; the same file runs as it is.

Plain descent (``gd_*``) writes each update straight into the parameters; for sparse rows its work
is proportional to the nonzeros, the penalty of untouched coordinates being caught up exactly when
they are next needed. All other rules (``rule_*``) gather a gradient and move every coordinate.

Letters: w parameters, the intercept last; g gradient; r slopes dL/dz of a batch; lr learning rate.
A penalty is the pair l1, l2 of its prox  w -> soft(w, lr l1) / (1 + lr l2).  Arrays are those of
the caller and are updated in place; the caller checks that every index is within its bounds.
"""

import cython
from cython.cimports.libc.math import exp, fabs, sqrt, tanh

COMPILED = cython.compiled

# Sparse matrices come with either type of index.
index = cython.fused_type(cython.int, cython.longlong)

MOMENTUM = cython.declare(cython.int, 1)
NESTEROV = cython.declare(cython.int, 2)
ADAGRAD = cython.declare(cython.int, 3)
RMSPROP = cython.declare(cython.int, 4)
ADAM = cython.declare(cython.int, 5)
AMSGRAD = cython.declare(cython.int, 6)
NADAM = cython.declare(cython.int, 7)

# Rows ahead of the current one that are asked for: a random row takes longer to arrive from
# memory than to compute with.
AHEAD = cython.declare(cython.Py_ssize_t, 16)


@cython.cclass
class Slope:
    """dL/dz of a loss."""

    parameter = cython.declare(cython.double, visibility="public")

    def __init__(self, parameter: cython.double = 0.0):
        self.parameter = parameter

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return z - y


@cython.cclass
class HuberSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return clip(z - y, self.parameter)


@cython.cclass
class AbsoluteSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return sign(z - y)


@cython.cclass
class LogCoshSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return tanh(z - y)


@cython.cclass
class QuantileSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        s: cython.double = sign(z - y)
        return s / 2 + (0.5 - self.parameter) * fabs(s)


@cython.cclass
class EpsilonInsensitiveSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return sign(z - y - clip(z - y, self.parameter))


@cython.cclass
class SquaredEpsilonInsensitiveSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return 2 * (z - y - clip(z - y, self.parameter))


@cython.cclass
class PoissonSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return exp(z) - y


@cython.cclass
class GammaSlope(Slope):
    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def at(self, y: cython.double, z: cython.double) -> cython.double:
        return 1 - y * exp(-z)


def gd_dense(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    slope: Slope,
    l1: cython.double,
    l2: cython.double,
    w: cython.floating[::1],
    r: cython.double[::1],
):
    """w <- prox(w - lr g) for every batch of dense rows."""
    n: cython.Py_ssize_t = order.shape[0]
    p: cython.Py_ssize_t = X.shape[1]
    k: cython.Py_ssize_t
    a: cython.Py_ssize_t
    m: cython.Py_ssize_t
    i: cython.Py_ssize_t
    lr: cython.double
    with cython.nogil:
        for k in range(rates.shape[0]):
            m = min(batch_size, n - k * batch_size)
            lr = rates[k]
            for a in range(m):
                ask_for(X, y, order, k * batch_size + a + AHEAD)
                i = order[k * batch_size + a]
                r[a] = slope.at(y[i], predict_dense(X, i, w, p)) * weight(weights, i) / m
            for a in range(m):
                add_dense(X, order[k * batch_size + a], w, p, -lr * r[a])
            if l1 > 0 or l2 > 0:
                shrink(w, p, lr * l1, 1 + lr * l2)


def rule_dense(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    slope: Slope,
    l1: cython.double,
    l2: cython.double,
    w: cython.floating[::1],
    r: cython.double[::1],
    rule: cython.int,
    constants: cython.double[::1],
    memory: cython.floating[:, ::1],
    count: cython.longlong,
):
    """Any other rule for every batch of dense rows; `memory` holds its state, then u and g."""
    n: cython.Py_ssize_t = order.shape[0]
    p: cython.Py_ssize_t = X.shape[1]
    k: cython.Py_ssize_t
    a: cython.Py_ssize_t
    m: cython.Py_ssize_t
    i: cython.Py_ssize_t
    u: cython.floating[::1] = memory[memory.shape[0] - 2]
    g: cython.floating[::1] = memory[memory.shape[0] - 1]
    with cython.nogil:
        for k in range(rates.shape[0]):
            m = min(batch_size, n - k * batch_size)
            look_ahead(rule, constants, w, memory, u, g)
            for a in range(m):
                ask_for(X, y, order, k * batch_size + a + AHEAD)
                i = order[k * batch_size + a]
                r[a] = slope.at(y[i], predict_dense(X, i, u, p)) * weight(weights, i) / m
                add_dense(X, i, g, p, r[a])
            move(rule, constants, w, g, u, memory, rates[k], l1, l2, p, count + k + 1)


def gd_csr(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    slope: Slope,
    thresholds: cython.double[::1],
    shrinkages: cython.double[::1],
    w: cython.floating[::1],
    last: cython.longlong[::1],
    intercept: cython.bint,
    r: cython.double[::1],
):
    """w <- prox(w - lr g) for every batch of sparse rows, in time proportional to the nonzeros.

    With C_k the product of all 1 + lr l2 before update k and T_k the sum of all lr l1 C before
    it, the proxes of the updates j, ..., k - 1 in a row are

        w -> soft(C_j w, T_k - T_j) / C_k.

    ``shrinkages`` holds C and ``thresholds`` T, one longer than ``rates``; ``last[j]`` is the
    update whose prox coordinate j still awaits.
    """
    n: cython.Py_ssize_t = order.shape[0]
    p: cython.Py_ssize_t = w.shape[0] - intercept
    k: cython.Py_ssize_t
    a: cython.Py_ssize_t
    e: cython.Py_ssize_t
    j: cython.Py_ssize_t
    m: cython.Py_ssize_t
    i: cython.Py_ssize_t
    z: cython.double
    c: cython.double
    with cython.nogil:
        for k in range(rates.shape[0]):
            m = min(batch_size, n - k * batch_size)
            for a in range(m):
                i = order[k * batch_size + a]
                z = w[p] if intercept else 0.0
                for e in range(indptr[i], indptr[i + 1]):
                    j = indices[e]
                    if last[j] < k:
                        catch_up(w, j, last, k, thresholds, shrinkages)
                    z += data[e] * w[j]
                r[a] = slope.at(y[i], z) * weight(weights, i) / m
            for a in range(m):
                i = order[k * batch_size + a]
                c = -rates[k] * r[a]
                for e in range(indptr[i], indptr[i + 1]):
                    w[indices[e]] += c * data[e]
                if intercept:
                    w[p] += c
        for j in range(p):
            catch_up(w, j, last, rates.shape[0], thresholds, shrinkages)


def rule_csr(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    slope: Slope,
    l1: cython.double,
    l2: cython.double,
    w: cython.floating[::1],
    intercept: cython.bint,
    r: cython.double[::1],
    rule: cython.int,
    constants: cython.double[::1],
    memory: cython.floating[:, ::1],
    count: cython.longlong,
):
    """Any other rule for every batch of sparse rows; each update moves all coordinates."""
    n: cython.Py_ssize_t = order.shape[0]
    p: cython.Py_ssize_t = w.shape[0] - intercept
    k: cython.Py_ssize_t
    a: cython.Py_ssize_t
    e: cython.Py_ssize_t
    m: cython.Py_ssize_t
    i: cython.Py_ssize_t
    z: cython.double
    u: cython.floating[::1] = memory[memory.shape[0] - 2]
    g: cython.floating[::1] = memory[memory.shape[0] - 1]
    with cython.nogil:
        for k in range(rates.shape[0]):
            m = min(batch_size, n - k * batch_size)
            look_ahead(rule, constants, w, memory, u, g)
            for a in range(m):
                i = order[k * batch_size + a]
                z = u[p] if intercept else 0.0
                for e in range(indptr[i], indptr[i + 1]):
                    z += data[e] * u[indices[e]]
                r[a] = slope.at(y[i], z) * weight(weights, i) / m
                for e in range(indptr[i], indptr[i + 1]):
                    g[indices[e]] += r[a] * data[e]
                if intercept:
                    g[p] += r[a]
            move(rule, constants, w, g, u, memory, rates[k], l1, l2, p, count + k + 1)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def look_ahead(
    rule: cython.int,
    constants: cython.double[::1],
    w: cython.floating[::1],
    memory: cython.floating[:, ::1],
    u: cython.floating[::1],
    g: cython.floating[::1],
) -> cython.void:
    """u <- the point of the next gradient, g <- 0."""
    j: cython.Py_ssize_t
    ahead: cython.floating = constants[0] if rule == NESTEROV else 0.0
    for j in range(w.shape[0]):
        u[j] = w[j] + ahead * memory[0, j]
        g[j] = 0.0


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def move(
    rule: cython.int,
    constants: cython.double[::1],
    w: cython.floating[::1],
    g: cython.floating[::1],
    u: cython.floating[::1],
    memory: cython.floating[:, ::1],
    lr: cython.double,
    l1: cython.double,
    l2: cython.double,
    p: cython.Py_ssize_t,
    t: cython.longlong,
) -> cython.void:
    """One step of the rule, penalty included; the equations stand in optimizers.py."""
    j: cython.Py_ssize_t
    new: cython.double
    step: cython.double
    direction: cython.double
    b1: cython.double = constants[0]
    b2: cython.double = constants[1]
    epsilon: cython.double = constants[2]
    bias1: cython.double = 1 - b1**t
    bias2: cython.double = 1 - b2**t
    next_bias1: cython.double = 1 - b1 ** (t + 1)
    for j in range(w.shape[0]):
        step = lr
        if rule == MOMENTUM:
            new = w[j] + (b1 * memory[0, j] - lr * g[j])
        elif rule == NESTEROV:
            new = u[j] - lr * g[j]
        else:
            direction = g[j]
            if rule == ADAGRAD:
                memory[0, j] += g[j] * g[j]
                step = lr / (sqrt(memory[0, j]) + epsilon)
            elif rule == RMSPROP:
                memory[0, j] = b2 * memory[0, j] + (1 - b2) * (g[j] * g[j])
                step = lr / (sqrt(memory[0, j]) + epsilon)
            else:
                memory[0, j] = b1 * memory[0, j] + (1 - b1) * g[j]
                memory[1, j] = b2 * memory[1, j] + (1 - b2) * (g[j] * g[j])
                direction = memory[0, j] / bias1
                if rule == NADAM:
                    direction = b1 * memory[0, j] / next_bias1 + (1 - b1) * g[j] / bias1
                if rule == AMSGRAD:
                    memory[2, j] = max(memory[2, j], memory[1, j])
                    step = lr / (sqrt(memory[2, j] / bias2) + epsilon)
                else:
                    step = lr / (sqrt(memory[1, j] / bias2) + epsilon)
            new = w[j] - step * direction
        if j < p and (l1 > 0 or l2 > 0):
            new = (new - clip(new, step * l1)) / (1 + step * l2)
        if rule == MOMENTUM or rule == NESTEROV:
            memory[0, j] = new - w[j]
        w[j] = new


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def catch_up(
    w: cython.floating[::1],
    j: cython.Py_ssize_t,
    last: cython.longlong[::1],
    k: cython.longlong,
    thresholds: cython.double[::1],
    shrinkages: cython.double[::1],
) -> cython.void:
    """Apply the proxes that coordinate j awaits, up to update k."""
    grown: cython.double = w[j] * shrinkages[last[j]]
    grown = grown - clip(grown, thresholds[k] - thresholds[last[j]])
    w[j] = grown / shrinkages[k]
    last[j] = k


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def shrink(
    w: cython.floating[::1], p: cython.Py_ssize_t, threshold: cython.double, divisor: cython.double
) -> cython.void:
    """w <- soft(w, threshold) / divisor on the first p coordinates."""
    j: cython.Py_ssize_t
    for j in range(p):
        w[j] = (w[j] - clip(w[j], threshold)) / divisor


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def predict_dense(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    w: cython.floating[::1],
    p: cython.Py_ssize_t,
) -> cython.double:
    """x_i . w + b, in four sums so that the processor need not wait for each other's."""
    j: cython.Py_ssize_t
    s0: cython.floating = 0.0
    s1: cython.floating = 0.0
    s2: cython.floating = 0.0
    s3: cython.floating = 0.0
    blocks: cython.Py_ssize_t = p // 4
    for j in range(blocks):
        s0 += X[i, 4 * j] * w[4 * j]
        s1 += X[i, 4 * j + 1] * w[4 * j + 1]
        s2 += X[i, 4 * j + 2] * w[4 * j + 2]
        s3 += X[i, 4 * j + 3] * w[4 * j + 3]
    for j in range(4 * blocks, p):
        s0 += X[i, j] * w[j]
    if w.shape[0] > p:
        s0 += w[p]
    return (s0 + s1) + (s2 + s3)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_dense(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    w: cython.floating[::1],
    p: cython.Py_ssize_t,
    c: cython.double,
) -> cython.void:
    """w <- w + c x_i, and the intercept + c."""
    j: cython.Py_ssize_t
    factor: cython.floating = c
    for j in range(p):
        w[j] += factor * X[i, j]
    if w.shape[0] > p:
        w[p] += factor


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def ask_for(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    position: cython.Py_ssize_t,
) -> cython.void:
    """Have the row at a position of the order brought from memory; it will be needed soon."""
    if cython.compiled:
        if position < order.shape[0]:
            prefetch_row(cython.address(X[order[position], 0]), X.strides[0])
            prefetch_row(cython.address(y[order[position]]), 1)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def weight(weights: cython.const[cython.floating][::1], i: cython.Py_ssize_t) -> cython.double:
    """Weight of a row; an empty array stands for equal weights."""
    return weights[i] if weights.shape[0] > 0 else 1.0


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def clip(value: cython.double, bound: cython.double) -> cython.double:
    """`value` within [-bound, bound]."""
    return bound if value > bound else (-bound if value < -bound else value)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def sign(value: cython.double) -> cython.double:
    return 1.0 if value > 0 else (-1.0 if value < 0 else 0.0)
