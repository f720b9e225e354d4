# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: initializedcheck=False, infer_types=True
"""The core, compiled by Cython: epochs of stochastic and mini-batch descent, passes over all rows.

The same file runs as it is, slowly: it is its own reference. ``kernels.pxd`` holds the C types
of the classes, ``vector.h`` and ``sparse.h`` the loops over the numbers of a row.

=================  =================================================================
``dense_descent``  plain descent, one dense row after the other
``csr_descent``    plain descent on sparse rows, in time proportional to the nonzeros
``csr_momentum``   the same for heavy ball and Nesterov
``dense_epoch``    any rule, dense rows: gather a gradient, move every coefficient
``csr_epoch``      the same for sparse rows
``batch_epochs``   any rule over all rows at once, where the objective is quadratic
``dense_look``     objective and gradient over a range of dense rows
``csr_look``       the same for sparse rows
``dense_squares``  squares of the columns; ``csr_squares`` for sparse rows
``dense_moments``  products of the centred columns with each other, half of which `mirror` fills
``shuffle``        a random order of the rows
``floor_epoch``    the least that an epoch can cost, for the benchmarks; ``csr_floor_epoch``
=================  =================================================================

Letters: w parameters of shape (targets, features + intercept), the intercept last; u the point
at which the gradient g is taken; z a prediction; r = dL/dz; lr learning rate. Arrays are those
of the caller and are updated in place; the caller checks that every index is within its bounds.
Parameters are double whatever the data.
"""

import cython
from cython.cimports.libc.math import exp, fabs, isfinite, log, log1p, sinh, sqrt, tanh

COMPILED = cython.compiled

# Sparse matrices come with either type of index.
index = cython.fused_type(cython.int, cython.longlong)

# A random row takes longer to arrive from memory than to compute with: this many rows ahead of
# the current one are asked for.
AHEAD = cython.declare(cython.Py_ssize_t, 12)
AHEAD_SPARSE = cython.declare(cython.Py_ssize_t, 8)
# A row longer than this is asked for a line at a time, while another one is multiplied.
LONG_ROW = cython.declare(cython.Py_ssize_t, 128)
# Sparse parameters are kept as scale * w; below this scale they are multiplied out.
SMALLEST_SCALE = cython.declare(cython.double, 1e-100)
# Constants of the splitmix64 generator, see `random_bits`.
ALL_BITS = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)
GOLDEN = cython.declare(cython.ulonglong, 0x9E3779B97F4A7C15)
FIRST_MIX = cython.declare(cython.ulonglong, 0xBF58476D1CE4E5B9)
SECOND_MIX = cython.declare(cython.ulonglong, 0x94D049BB133111EB)
LOG_2 = cython.declare(cython.double, 0.6931471805599453)
# See losses.py.
REMAINDER_NEAR = cython.declare(cython.double, 0.1)
REMAINDER_TERMS = cython.declare(cython.Py_ssize_t, 11)

# Losses ----------------------------------------------------------------------------------


class Loss:
    """L(y, z) of one prediction, and its slope dL/dz; the equations stand in the Python classes.

    Of a block of m rows, y[s, a] is target s of row a and z[t, a] its prediction number t.
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
            # a single row is waited for, and is done sooner without the preparation of vectors
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


class SquaredError(Loss):
    def value(self, y, z):
        return (z - y) * (z - y) / 2

    def slope(self, y, z):
        return z - y


class Huber(Loss):
    def value(self, y, z):
        c = clip(z - y, self.parameter)
        return c * (z - y - c / 2)

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
        s = sign(z - y)
        return s / 2 + (0.5 - self.parameter) * fabs(s)


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


class Gamma(Loss):
    def value(self, y, z):
        d = log(y) - z
        return exp_remainder(d) if fabs(d) < REMAINDER_NEAR else y * exp(-z) - 1 - d

    def slope(self, y, z):
        return 1 - y * exp(-z)


# The comparisons below are such that the loss of a prediction that is not a number is none either.


class LogLoss(Loss):
    def value(self, y, z):
        m = y * z
        return (0.0 if m > 0 else -m) + log1p(exp(-fabs(m)))

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
    """The target is the number of the row's own class, whose label is 1, and -1 all others'."""

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


class Softmax(Loss):
    """The target is the number of the row's own class."""

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


def largest_of(z, a):
    """The largest number in column a."""
    top = z[0, a]
    for t in range(1, z.shape[0]):
        top = z[t, a] if z[t, a] > top else top
    return top


def exp_remainder(d):
    """e^d - 1 - d near zero, see losses.py."""
    series = 1.0
    for k in range(REMAINDER_TERMS, 2, -1):
        series = 1 + d / k * series
    return d * d / 2 * series


def clip(value, bound):
    """`value` within [-bound, bound]."""
    value = bound if value > bound else value
    return -bound if value < -bound else value


def sign(value):
    return 1.0 if value > 0 else (-1.0 if value < 0 else 0.0)


# Penalty and rules -----------------------------------------------------------------------


class Penalty:
    """prox(w, s) = clip(soft(w, s l1) / (1 + s l2), lower, upper).

    Parameters
    ----------
    l1, l2 : float
    lower, upper : ndarray of shape (n_features,)
        Bounds of the coefficients; empty where there are none.
    """

    def __init__(self, l1, l2, lower, upper):
        self.l1 = l1
        self.l2 = l2
        self.lower = lower
        self.upper = upper
        self.bounded = len(lower) > 0
        self.active = l1 > 0 or l2 > 0 or self.bounded

    def prox(self, w, step_size, j):
        """Of one coefficient, number j."""
        w = (w - clip(w, step_size * self.l1)) / (1 + step_size * self.l2)
        return self.inside(w, j) if self.bounded else w

    def inside(self, w, j):
        """The value nearest to w within the bounds."""
        w = self.lower[j] if w < self.lower[j] else w
        return self.upper[j] if w > self.upper[j] else w

    def shrink(self, w, p, step_size):
        """The prox of all coefficients at once."""
        threshold = step_size * self.l1
        factor = 1 / (1 + step_size * self.l2)
        for t in range(w.shape[0]):
            if cython.compiled:
                shrink_all(cython.address(w[t, 0]), threshold, factor, p)
            else:
                for j in range(p):
                    w[t, j] = (w[t, j] - clip(w[t, j], threshold)) * factor
            if self.bounded:
                for j in range(p):
                    w[t, j] = self.inside(w[t, j], j)


class Rule:
    """How one gradient becomes one step; the equations stand in optimizers.py.

    Parameters
    ----------
    w : ndarray of shape (n_targets, n_features + intercept)
        Updated in place.
    p : int
        Number of features.
    penalty : Penalty
    constants : ndarray of shape (3,)
        Decays and epsilon of the rule.
    memory : ndarray of shape (arrays, *w.shape)
        State of the optimizer, updated in place.
    count : int
        Updates before this epoch.
    means : ndarray of shape (n_means, *w.shape)
        Means of the parameters, which take in those after each update.
    taken : ndarray of shape (n_means,)
        How many parameters each mean has taken in.

    Attributes
    ----------
    t : float
        The sequence of the accelerated momentum, 1 for rules without one.
    """

    def __init__(self, w, p, penalty, constants, memory, count, means, taken):
        self.w = w
        self.k = w.shape[0]
        self.p = p
        self.fit_intercept = w.shape[1] > p
        self.penalty = penalty
        self.first_decay = constants[0]
        self.second_decay = constants[1]
        self.epsilon = constants[2]
        self.memory = memory
        self.means = means
        self.taken = taken
        self.count = count
        self.t = 1.0
        self.g = 0 * w
        self.u = w
        self.looks_ahead = False

    def begin(self):
        """g <- 0, u <- the point of the next gradient."""
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                self.g[t, j] = 0.0

    def step(self, lr):
        """One update of w."""

    def finish(self):
        """The means take in the new parameters."""
        for a in range(self.means.shape[0]):
            self.taken[a] += 1
            for t in range(self.k):
                for j in range(self.w.shape[1]):
                    step = self.w[t, j] - self.means[a, t, j]
                    self.means[a, t, j] += step / self.taken[a]


def prox(rule, w, step_size, j):
    """Of one parameter, number j; that of the intercept leaves it as it is."""
    return rule.penalty.prox(w, step_size, j) if j < rule.p else w


def move(rule, t, j, new, step_size):
    """w_j <- prox(new)."""
    rule.w[t, j] = prox(rule, new, step_size, j)


class GradientDescent(Rule):
    def step(self, lr):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                self.w[t, j] -= lr * self.g[t, j]
        if self.penalty.active:
            self.penalty.shrink(self.w, self.p, lr)


class Momentum(Rule):
    def step(self, lr):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                old = self.w[t, j]
                velocity = self.first_decay * self.memory[0, t, j] - lr * self.g[t, j]
                move(self, t, j, old + velocity, lr)
                self.memory[0, t, j] = self.w[t, j] - old


class Nesterov(Rule):
    def __init__(self, w, p, penalty, constants, memory, count, means, taken):
        Rule.__init__(self, w, p, penalty, constants, memory, count, means, taken)
        self.u = 0 * w
        self.looks_ahead = True

    def begin(self):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                self.u[t, j] = self.w[t, j] + self.first_decay * self.memory[0, t, j]
                self.g[t, j] = 0.0

    def step(self, lr):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                old = self.w[t, j]
                move(self, t, j, self.u[t, j] - lr * self.g[t, j], lr)
                self.memory[0, t, j] = self.w[t, j] - old


class AcceleratedNesterov(Nesterov):
    """Nesterov with ``momentum="auto"``."""

    def begin(self):
        self.first_decay = (self.t - 1) / next_t(self.t)
        Nesterov.begin(self)

    def step(self, lr):
        Nesterov.step(self, lr)
        turn = 0.0
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                turn += (self.u[t, j] - self.w[t, j]) * self.memory[0, t, j]
        self.t = 1.0 if turn > 0 else next_t(self.t)


def next_t(t):
    return (1 + sqrt(1 + 4 * t * t)) / 2


class AdaGrad(Rule):
    def step(self, lr):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                g = self.g[t, j]
                self.memory[0, t, j] += g * g
                s = lr / (sqrt(self.memory[0, t, j]) + self.epsilon)
                move(self, t, j, self.w[t, j] - s * g, s)


class RMSProp(Rule):
    def step(self, lr):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                g = self.g[t, j]
                decayed = self.second_decay * self.memory[0, t, j]
                self.memory[0, t, j] = decayed + (1 - self.second_decay) * (g * g)
                s = lr / (sqrt(self.memory[0, t, j]) + self.epsilon)
                move(self, t, j, self.w[t, j] - s * g, s)


class Adam(Rule):
    def step(self, lr):
        self.count += 1
        self.first_power = self.first_decay**self.count
        self.second_power = self.second_decay**self.count
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                self.remember(t, j)
                s = lr / (sqrt(self.size(t, j) / (1 - self.second_power)) + self.epsilon)
                move(self, t, j, self.w[t, j] - s * self.direction(t, j), s)

    def remember(self, t, j):
        """m <- beta_1 m + (1 - beta_1) g;  n <- beta_2 n + (1 - beta_2) g^2."""
        g, a, b = self.g[t, j], self.first_decay, self.second_decay
        self.memory[0, t, j] = a * self.memory[0, t, j] + (1 - a) * g
        self.memory[1, t, j] = b * self.memory[1, t, j] + (1 - b) * (g * g)

    def size(self, t, j):
        """The mean square by which a coordinate is scaled, before its bias is removed."""
        return self.memory[1, t, j]

    def direction(self, t, j):
        """The mean gradient along which a coordinate moves."""
        return self.memory[0, t, j] / (1 - self.first_power)


class AMSGrad(Adam):
    def size(self, t, j):
        if self.memory[1, t, j] > self.memory[2, t, j]:
            self.memory[2, t, j] = self.memory[1, t, j]
        return self.memory[2, t, j]


class NAdam(Adam):
    def direction(self, t, j):
        ahead = self.first_decay * self.memory[0, t, j]
        ahead = ahead / (1 - self.first_power * self.first_decay)
        return ahead + (1 - self.first_decay) * self.g[t, j] / (1 - self.first_power)


# Epochs ----------------------------------------------------------------------------------


def shuffle(order: cython.int[::1], ends: cython.longlong[::1], seed: cython.ulonglong):
    """Fill `order` with a random permutation: rows dealt to piles, each shuffled on its own.

    Every permutation is equally likely, as a random pile and a random place in it are a random
    place (Rao, "Generation of random permutations of given number of elements using random
    sampling numbers", 1961). A pile fits into the cache, which the whole order would not.
    `ends` holds one zero more than there are piles, 256.
    """
    n: cython.Py_ssize_t = order.shape[0]
    i: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    first: cython.Py_ssize_t = 0
    row: cython.int
    with cython.nogil:
        for i in range(n):
            ends[1 + (random_bits(seed, i) >> 56)] += 1
        for a in range(256):
            ends[a + 1] += ends[a]
        for i in range(n):
            a = random_bits(seed, i) >> 56
            order[ends[a]] = i
            ends[a] += 1
        for a in range(256):
            for i in range(ends[a] - 1, first, -1):
                b = first + random_below(i - first + 1, seed, n + i)
                row = order[i]
                order[i] = order[b]
                order[b] = row
            first = ends[a]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def random_bits(seed: cython.ulonglong, i: cython.ulonglong) -> cython.ulonglong:
    """Number i of a stream of 64 random bits each.

    The splitmix64 generator (Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators", 2014, figure 13), entered at any place.
    """
    z: cython.ulonglong = (seed + (i + 1) * GOLDEN) & ALL_BITS
    z = ((z ^ (z >> 30)) * FIRST_MIX) & ALL_BITS
    z = ((z ^ (z >> 27)) * SECOND_MIX) & ALL_BITS
    return z ^ (z >> 31)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def random_below(
    n: cython.Py_ssize_t, seed: cython.ulonglong, i: cython.ulonglong
) -> cython.Py_ssize_t:
    """A random integer in [0, n) for n below 2^24, uniform to n 2^-40."""
    bits: cython.ulonglong = random_bits(seed, i) >> 24
    return cython.cast(cython.Py_ssize_t, (bits * n) >> 40)


def dense_descent(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    s: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """w <- prox(w - lr r x) for one row after the other; scratch space as in `dense_epoch`.

    Under l2 alone the parameters are kept as w = scale v, so that the shrinkage is one division
    of the scale. The intercept, which does not shrink, grows by as much in v.
    """
    n: cython.Py_ssize_t = order.shape[0]
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    soon: cython.Py_ssize_t
    p: cython.Py_ssize_t = rule.p
    v: cython.double[:, ::1] = rule.w
    penalty: Penalty = rule.penalty
    l2_alone: cython.bint = penalty.l2 > 0 and penalty.l1 == 0 and not penalty.bounded
    scale: cython.double = 1.0
    inverse: cython.double = 1.0
    with cython.nogil:
        for a in range(n):
            ask_for(X, y, order, a + AHEAD)
            soon = long_row(X, order, a + AHEAD)
            i = order[a]
            if rule.k == 1:  # the same without a detour
                z[0, 0] = loss.slope(y[i, 0], scale * dot(X, i, v, 0, soon))
            else:
                take_targets(y, i, s, 0)
                for t in range(rule.k):
                    z[t, 0] = scale * dot(X, i, v, t, soon if t == 0 else -1)
                loss.slopes(s, z, 1)
            for t in range(rule.k):
                if z[t, 0] != 0:
                    add(-rates[a] * z[t, 0] * weight(weights, i) * inverse, X, i, v, t)
            if l2_alone:
                for t in range(rule.k):
                    if rule.fit_intercept:
                        v[t, p] *= 1 + rates[a] * penalty.l2
                inverse *= 1 + rates[a] * penalty.l2
                scale = 1 / inverse
                if scale < SMALLEST_SCALE or rule.means.shape[0] > 0 or a == n - 1:
                    rescale(v, scale)
                    scale, inverse = 1.0, 1.0
            elif penalty.active:
                penalty.shrink(v, p, rates[a])
            rule.finish()


def dense_epoch(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    s: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """One step of the rule for every batch of dense rows.

    s and z are scratch space for the targets and predictions of the rows that are to stay in
    the cache while both their predictions and their gradient are computed.
    """
    n: cython.Py_ssize_t = order.shape[0]
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    m: cython.Py_ssize_t
    first: cython.Py_ssize_t
    some: cython.Py_ssize_t
    with cython.nogil:
        for b in range(rates.shape[0]):
            m = min(batch_size, n - b * batch_size)
            rule.begin()
            first = b * batch_size
            while first < b * batch_size + m:
                some = min(z.shape[1], b * batch_size + m - first)
                for a in range(some):
                    ask_for(X, y, order, first + a + AHEAD)
                    i = order[first + a]
                    take_targets(y, i, s, a)
                    for t in range(rule.k):
                        z[t, a] = dot(X, i, rule.u, t, -1)
                loss.slopes(s, z, some)
                for a in range(some):
                    i = order[first + a]
                    for t in range(rule.k):
                        if z[t, a] != 0:
                            add(z[t, a] * weight(weights, i) / m, X, i, rule.g, t)
                first += some
            rule.step(rates[b])
            rule.finish()


def csr_descent(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    seen: cython.double[:, ::1],
    s: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """w <- prox(w - lr g) for every batch of sparse rows, in time proportional to the nonzeros.

    The coefficients are kept as w = scale v, so that the shrinkage of l2 is one division of the
    scale. In units of v the soft thresholds of l1 are lr l1 / scale; T is their sum so far, and
    a coefficient that was last looked at when the sum was ``seen[j]`` is owed T - seen[j], which
    it is given before it is used: thresholds in a row add up. Bounds need no scale, and are
    kept by the coefficients that have moved. s and z are scratch space for a batch's targets and
    predictions.
    """
    n: cython.Py_ssize_t = order.shape[0]
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    e: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    soon: cython.Py_ssize_t
    m: cython.Py_ssize_t
    c: cython.double
    scale: cython.double = 1.0
    T: cython.double = 0.0
    w: cython.double[:, ::1] = rule.w
    penalty: Penalty = rule.penalty
    p: cython.Py_ssize_t = rule.p
    with cython.nogil:
        for b in range(rates.shape[0]):
            m = min(batch_size, n - b * batch_size)
            for a in range(m):
                soon = ask_for_sparse(indptr, y, order, b * batch_size + a)
                i = order[b * batch_size + a]
                take_targets(y, i, s, a)
                for t in range(rule.k):
                    if penalty.l1 > 0:
                        for e in range(indptr[i], indptr[i + 1]):
                            catch_up(w, seen, t, indices[e], T)
                    z[t, a] = scale * sparse_dot(
                        data, indices, indptr, i, w, t, soon if t == 0 else -1
                    )
                    z[t, a] += w[t, p] if rule.fit_intercept else 0.0
            if m == 1 and rule.k == 1:  # the same without a detour
                z[0, 0] = loss.slope(s[0, 0], z[0, 0])
            else:
                loss.slopes(s, z, m)
            for a in range(m):
                i = order[b * batch_size + a]
                for t in range(rule.k):
                    if z[t, a] == 0:
                        continue
                    c = -rates[b] * z[t, a] * weight(weights, i) / m
                    if rule.fit_intercept:
                        w[t, p] += c
                    c = c / scale
                    sparse_add(c, data, indices, indptr, i, w, t)
            if penalty.bounded:
                for a in range(m):
                    i = order[b * batch_size + a]
                    for t in range(rule.k):
                        for e in range(indptr[i], indptr[i + 1]):
                            w[t, indices[e]] = penalty.inside(w[t, indices[e]], indices[e])
            T += rates[b] * penalty.l1 / scale
            scale /= 1 + rates[b] * penalty.l2
            if scale < SMALLEST_SCALE or rule.means.shape[0] > 0:
                multiply_out(w, seen, p, T, scale)
                scale, T = 1.0, 0.0
                rule.finish()
        multiply_out(w, seen, p, T, scale)


def csr_epoch(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    s: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """One step of the rule for every batch of sparse rows; each moves all coordinates.

    s and z are scratch space for a batch's targets and predictions.
    """
    n: cython.Py_ssize_t = order.shape[0]
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    soon: cython.Py_ssize_t
    m: cython.Py_ssize_t
    r: cython.double
    p: cython.Py_ssize_t = rule.p
    with cython.nogil:
        for b in range(rates.shape[0]):
            m = min(batch_size, n - b * batch_size)
            rule.begin()
            for a in range(m):
                soon = ask_for_sparse(indptr, y, order, b * batch_size + a)
                i = order[b * batch_size + a]
                take_targets(y, i, s, a)
                for t in range(rule.k):
                    z[t, a] = sparse_dot(
                        data, indices, indptr, i, rule.u, t, soon if t == 0 else -1
                    )
                    z[t, a] += rule.u[t, p] if rule.fit_intercept else 0.0
            loss.slopes(s, z, m)
            for a in range(m):
                i = order[b * batch_size + a]
                for t in range(rule.k):
                    r = z[t, a] * weight(weights, i) / m
                    if r == 0:
                        continue
                    sparse_add(r, data, indices, indptr, i, rule.g, t)
                    if rule.fit_intercept:
                        rule.g[t, p] += r
            rule.step(rates[b])
            rule.finish()


class Coasting:
    """What updates without a gradient make of a coefficient w and its velocity v:

        w' = a (w + m v),    v' = w' - w,    a = 1 / (1 + lr l2).

    Any (w, v) is a slow solution (1, rho_i) S_i plus a fast one (sigma_i, 1) F_i,

        rho_{i+1} = (a - 1 + a m rho_i) / (a (1 + m rho_i)),  S_{i+1} = S_i a (1 + m rho_i),
        sigma_i = a m (sigma_{i+1} - 1) / (a + (1 - a) sigma_{i+1}),
        F_{i+1} = F_i (a m - (1 - a) sigma_i).

    Without a penalty rho = 0, S = 1, sigma = -m / (1 - m) and F_i = m^i. The recursions run in
    the directions in which they forget their errors, and the two stay apart as long as the
    momentum is overdamped, 4 m < a (1 + m)^2. So many updates at once cost as much as one.

    Parameters
    ----------
    momentum : float in (0, 1)
    solutions : ndarray of shape (6, length + 1)
        Scratch space for rho, sigma, S, F, 1 / (d S) and 1 / (d F), with d = 1 - rho sigma, over
        the most updates in a row, few enough that F does not underflow.
    """

    def __init__(self, momentum, solutions):
        self.momentum = momentum
        self.length = solutions.shape[1] - 1
        self.slow = solutions[0]
        self.fast = solutions[1]
        self.slow_growth = solutions[2]
        self.fast_growth = solutions[3]
        self.slow_inverse = solutions[4]
        self.fast_inverse = solutions[5]

    def foresee(self, rates, first, some, l2):
        """Both solutions over some updates from the first on."""
        m = self.momentum
        self.fast[some] = -m / (1 - m)
        for i in range(some - 1, -1, -1):
            a = 1 / (1 + rates[first + i] * l2)
            later = self.fast[i + 1]
            self.fast[i] = a * m * (later - 1) / (a + (1 - a) * later)
        self.slow[0], self.slow_growth[0], self.fast_growth[0] = 0.0, 1.0, 1.0
        for i in range(some):
            a = 1 / (1 + rates[first + i] * l2)
            growth = a * (1 + m * self.slow[i])
            self.slow[i + 1] = (a - 1 + a * m * self.slow[i]) / growth
            self.slow_growth[i + 1] = self.slow_growth[i] * growth
            self.fast_growth[i + 1] = self.fast_growth[i] * (a * m - (1 - a) * self.fast[i])
        for i in range(some + 1):
            apart = 1 - self.slow[i] * self.fast[i]
            self.slow_inverse[i] = 1 / (apart * self.slow_growth[i])
            self.fast_inverse[i] = 1 / (apart * self.fast_growth[i])

    def move(self, rule, j, start, stop):
        """Coefficient j of every target, from the update `start` to the update `stop`."""
        slower = self.slow_growth[stop] * self.slow_inverse[start]
        faster = self.fast_growth[stop] * self.fast_inverse[start]
        for t in range(rule.k):
            w, v = rule.w[t, j], rule.memory[0, t, j]
            slow = slower * (w - self.fast[start] * v)
            fast = faster * (v - self.slow[start] * w)
            rule.w[t, j] = slow + self.fast[stop] * fast
            rule.memory[0, t, j] = self.slow[stop] * slow + fast

    def step(self, rule, j, lr, shrink):
        """One update of coefficient j of every target, whose gradient is used up."""
        for t in range(rule.k):
            w = rule.w[t, j]
            new = shrink * (w + self.momentum * rule.memory[0, t, j] - lr * rule.g[t, j])
            rule.w[t, j] = new
            rule.memory[0, t, j] = new - w
            rule.g[t, j] = 0.0


def csr_momentum(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    order: cython.longlong[::1],
    batch_size: cython.Py_ssize_t,
    rates: cython.double[::1],
    loss: Loss,
    rule: Rule,
    coasting: Coasting,
    seen: cython.longlong[::1],
    s: cython.double[:, ::1],
    z: cython.double[:, ::1],
):
    """Heavy ball or Nesterov for every batch of sparse rows, in time proportional to the nonzeros.

    A coefficient is moved when it is next needed: seen, all zeros at first, counts the updates
    that each has had. There may be an l2 penalty, but no other and no means. s and z are scratch
    space for a batch's targets and predictions.
    """
    n: cython.Py_ssize_t = order.shape[0]
    first: cython.Py_ssize_t = 0
    some: cython.Py_ssize_t
    start: cython.Py_ssize_t
    b: cython.Py_ssize_t
    a: cython.Py_ssize_t
    e: cython.Py_ssize_t
    end: cython.Py_ssize_t
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t
    soon: cython.Py_ssize_t
    m: cython.Py_ssize_t
    r: cython.double
    lr: cython.double
    shrink: cython.double
    p: cython.Py_ssize_t = rule.p
    ahead: cython.double = coasting.momentum if rule.looks_ahead else 0.0
    with cython.nogil:
        while first < rates.shape[0]:
            some = min(coasting.length, rates.shape[0] - first)
            coasting.foresee(rates, first, some, rule.penalty.l2)
            for b in range(some):
                lr = rates[first + b]
                shrink = 1 / (1 + lr * rule.penalty.l2)
                start = (first + b) * batch_size
                m = min(batch_size, n - start)
                for a in range(m):
                    soon = ask_for_sparse(indptr, y, order, start + a)
                    i = order[start + a]
                    if soon >= 0 and cython.compiled:
                        e, end = indptr[soon], indptr[soon + 1]
                        prefetch(cython.address(data[e]), cython.address(data[end]))
                        prefetch(cython.address(indices[e]), cython.address(indices[end]))
                    take_targets(y, i, s, a)
                    for t in range(rule.k):
                        z[t, a] = 0.0
                        if rule.fit_intercept:
                            z[t, a] = rule.w[t, p] + ahead * rule.memory[0, t, p]
                    for e in range(indptr[i], indptr[i + 1]):
                        j = indices[e]
                        if seen[j] < b:
                            coasting.move(rule, j, seen[j], b)
                            seen[j] = b
                        for t in range(rule.k):
                            z[t, a] += data[e] * (rule.w[t, j] + ahead * rule.memory[0, t, j])
                loss.slopes(s, z, m)
                for a in range(m):
                    i = order[start + a]
                    for t in range(rule.k):
                        r = z[t, a] * weight(weights, i) / m
                        if r == 0:
                            continue
                        sparse_add(r, data, indices, indptr, i, rule.g, t)
                        if rule.fit_intercept:
                            rule.g[t, p] += r
                for a in range(m):
                    i = order[start + a]
                    for e in range(indptr[i], indptr[i + 1]):
                        j = indices[e]
                        if seen[j] == b:  # another row of the batch may have moved it
                            coasting.step(rule, j, lr, shrink)
                            seen[j] = b + 1
                if rule.fit_intercept:
                    coasting.step(rule, p, lr, 1.0)
            for j in range(p):
                if seen[j] < some:
                    coasting.move(rule, j, seen[j], some)
                seen[j] = 0
            first += some


def floor_epoch(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    learning_rate: cython.double,
    w: cython.double[:, ::1],
):
    """The least that an epoch of squared error can cost, to measure the others against.

    A learning rate of 0 leaves the updates out: the intercept takes in the sum of the residuals,
    and what is left is the time that the rows take to arrive.
    """
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    soon: cython.Py_ssize_t
    residual: cython.double
    with cython.nogil:
        for a in range(order.shape[0]):
            ask_for(X, y, order, a + AHEAD)
            i = order[a]
            soon = long_row(X, order, a + AHEAD)
            residual = dot(X, i, w, 0, soon) - y[i, 0]
            if learning_rate == 0:
                w[0, X.shape[1]] += residual
            else:
                add(-learning_rate * residual, X, i, w, 0)


def csr_floor_epoch(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    learning_rate: cython.double,
    w: cython.double[:, ::1],
):
    """`floor_epoch` of sparse rows."""
    a: cython.Py_ssize_t
    i: cython.Py_ssize_t
    soon: cython.Py_ssize_t
    residual: cython.double
    p: cython.Py_ssize_t = w.shape[1] - 1
    with cython.nogil:
        for a in range(order.shape[0]):
            soon = ask_for_sparse(indptr, y, order, a)
            i = order[a]
            residual = w[0, p] + sparse_dot(data, indices, indptr, i, w, 0, soon) - y[i, 0]
            if learning_rate == 0:
                w[0, p] += residual
            else:
                sparse_add(-learning_rate * residual, data, indices, indptr, i, w, 0)
                w[0, p] -= learning_rate * residual


# Batch descent on a quadratic objective ----------------------------------------------------


class Quadratic:
    """F(w) = F(a) + g(a) . d + d' (C + m m') d / 2 with d = w - a, summed over the targets.

    Parameters
    ----------
    centred : ndarray of shape (q, q)
        C, with q = features + intercept.
    mean : ndarray of shape (q,)
        m.
    anchor, gradient : ndarrays of shape (n_targets, q)
        a and g(a).
    value : float
        F(a).
    """

    def __init__(self, centred, mean, anchor, gradient, value):
        self.centred = centred
        self.mean = mean
        self.anchor = anchor
        self.gradient = gradient
        self.value = value
        self.step = 0 * anchor
        self.curved = 0 * anchor

    def look(self, w, g):
        """g <- the gradient at w; returns F(w)."""
        q = self.mean.shape[0]
        change = 0.0
        for t in range(w.shape[0]):
            for j in range(q):
                self.step[t, j] = w[t, j] - self.anchor[t, j]
        dot_rows(self.centred, 0, q, self.step, self.curved)
        for t in range(w.shape[0]):
            along = 0.0
            for j in range(q):
                along += self.mean[j] * self.step[t, j]
            for j in range(q):
                curved = self.curved[t, j] + self.mean[j] * along
                change += self.step[t, j] * (self.gradient[t, j] + curved / 2)
                g[t, j] = self.gradient[t, j] + curved
        return self.value + change


class MappingNorm:
    """Norm of the gradient mapping (u - prox(u - s g)) / s in units of each of its numbers.

    Parameters
    ----------
    units : ndarray of shape (n_targets, features + intercept)
    step_size : float
        s.
    """

    def __init__(self, units, step_size):
        self.units = units
        self.step_size = step_size
        self.ratio = 0 * units

    def of(self, rule):
        """At the rule's u and g."""
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


def batch_epochs(
    quadratic: Quadratic,
    norm: MappingNorm,
    rule: Rule,
    rates: cython.double[::1],
    limits: cython.double[::1],
    path: cython.double[:, :, :, ::1],
    numbers: cython.double[:, ::1],
):
    """One step of the rule on the whole objective for every rate; returns how many were taken.

    After each, path takes in w and the memory of the rule, and numbers F(w), the norm of the
    gradient mapping at u and the rule's t. It ends before a step after which F(w) is not above
    its limit or not finite, or at whose u that holds for the square of the gradient or the norm.
    """
    k: cython.Py_ssize_t = rule.w.shape[0]
    q: cython.Py_ssize_t = rule.w.shape[1]
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    t: cython.Py_ssize_t
    j: cython.Py_ssize_t
    taken: cython.Py_ssize_t = 0
    value: cython.double
    square: cython.double
    length: cython.double
    with cython.nogil:
        quadratic.look(rule.w, rule.g)
        for a in range(rates.shape[0]):
            if rule.looks_ahead:
                rule.begin()
                quadratic.look(rule.u, rule.g)
            square = 0.0
            for t in range(k):
                for j in range(q):
                    square += rule.g[t, j] * rule.g[t, j]
            length = norm.of(rule)
            if not (above(square, limits[1]) and above(length, limits[2])):
                break
            rule.step(rates[a])
            # g is then the next gradient, unless the rule looks ahead
            value = quadratic.look(rule.w, rule.g)
            if not above(value, limits[0]):
                break
            numbers[a, 0] = value
            numbers[a, 1] = length
            numbers[a, 2] = rule.t
            for t in range(k):
                for j in range(q):
                    path[a, 0, t, j] = rule.w[t, j]
                    for b in range(rule.memory.shape[0]):
                        path[a, b + 1, t, j] = rule.memory[b, t, j]
            taken += 1
    return taken


def above(value, limit):
    """Whether a number is finite and above a limit."""
    return value > limit and isfinite(value)


# Looks -----------------------------------------------------------------------------------


def dense_look(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    loss: Loss,
    w: cython.double[:, ::1],
    u: cython.double[:, ::1],
    g: cython.double[:, ::1],
    s: cython.double[:, ::1],
    z: cython.double[:, ::1],
    out: cython.double[::1],
    values: cython.double[::1],
    squares: cython.double[::1],
):
    """Add the weighted losses at w over a range of rows to values, and their gradient at u to g.

    An empty g asks for no gradient; an empty u stands for w, and each row is multiplied once. A
    second place in values asks for the losses at u. squares takes in those of the columns unless
    it is empty.
    s, z and out are scratch space for the targets, predictions and losses of the rows of a block
    that is to stay in the cache.
    """
    i: cython.Py_ssize_t = start
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    m: cython.Py_ssize_t
    p: cython.Py_ssize_t = X.shape[1]
    with cython.nogil:
        while i < stop:
            m = min(z.shape[1], stop - i)
            for t in range(y.shape[1]):
                for a in range(m):
                    s[t, a] = y[i + a, t]
            dot_rows(X, i, m, w, z)
            loss.values(s, z, out, m)
            values[0] += weighted_sum(weights, i, out, m)
            if g.shape[0] > 0:
                if u.shape[0] > 0:
                    dot_rows(X, i, m, u, z)
                    if values.shape[0] > 1:
                        loss.values(s, z, out, m)
                        values[1] += weighted_sum(weights, i, out, m)
                loss.slopes(s, z, m)
                if weights.shape[0] > 0:
                    for t in range(w.shape[0]):
                        for a in range(m):
                            z[t, a] *= weights[i + a]
                add_rows(z, X, i, m, g)
                for t in range(w.shape[0]):
                    if g.shape[1] > p:
                        g[t, p] += total_of(z, t, m)
            if squares.shape[0] > 0:
                add_squares(X, weights, i, m, squares)
            i += m


def csr_look(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    fit_intercept: cython.bint,
    loss: Loss,
    w: cython.double[:, ::1],
    u: cython.double[:, ::1],
    g: cython.double[:, ::1],
    s: cython.double[:, ::1],
    z: cython.double[:, ::1],
    out: cython.double[::1],
    values: cython.double[::1],
    squares: cython.double[::1],
):
    """As `dense_look`, for sparse rows."""
    i: cython.Py_ssize_t = start
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t
    m: cython.Py_ssize_t
    r: cython.double
    p: cython.Py_ssize_t = w.shape[1] - fit_intercept
    with cython.nogil:
        while i < stop:
            m = min(z.shape[1], stop - i)
            for a in range(m):
                take_targets(y, i + a, s, a)
                for t in range(w.shape[0]):
                    z[t, a] = sparse_dot(data, indices, indptr, i + a, w, t, -1)
                    z[t, a] += w[t, p] if fit_intercept else 0.0
            loss.values(s, z, out, m)
            values[0] += weighted_sum(weights, i, out, m)
            if g.shape[0] > 0:
                if u.shape[0] > 0:
                    for a in range(m):
                        for t in range(w.shape[0]):
                            z[t, a] = sparse_dot(data, indices, indptr, i + a, u, t, -1)
                            z[t, a] += u[t, p] if fit_intercept else 0.0
                    if values.shape[0] > 1:
                        loss.values(s, z, out, m)
                        values[1] += weighted_sum(weights, i, out, m)
                loss.slopes(s, z, m)
                for a in range(m):
                    for t in range(w.shape[0]):
                        r = z[t, a] * weight(weights, i + a)
                        sparse_add(r, data, indices, indptr, i + a, g, t)
                        if fit_intercept:
                            g[t, p] += r
            if squares.shape[0] > 0:
                for a in range(m):
                    add_squares_of_entries(data, indices, indptr, weights, i + a, squares)
            i += m


def dense_squares(
    X: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    squares: cython.double[::1],
):
    """Add the weighted squares of every column."""
    with cython.nogil:
        add_squares(X, weights, 0, X.shape[0], squares)


def csr_squares(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    squares: cython.double[::1],
):
    """The same for a range of sparse rows."""
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(start, stop):
            add_squares_of_entries(data, indices, indptr, weights, i, squares)


def dense_moments(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    start: cython.Py_ssize_t,
    stop: cython.Py_ssize_t,
    shift_x: cython.const[cython.double][::1],
    shift_y: cython.const[cython.double][::1],
    B: cython.double[:, ::1],
    S: cython.double[:, ::1],
):
    """S <- S + sum_i s_i a_i a_i' on and above the diagonal, a = [x - shift_x, y - shift_y, 1].

    B is scratch space for a few rows, whose columns beyond those of a are zero; like S it has
    a multiple of eight columns.
    """
    p: cython.Py_ssize_t = X.shape[1]
    k: cython.Py_ssize_t = y.shape[1]
    i: cython.Py_ssize_t = start
    m: cython.Py_ssize_t
    a: cython.Py_ssize_t
    b: cython.Py_ssize_t
    j: cython.Py_ssize_t
    root: cython.double
    with cython.nogil:
        while i < stop:
            m = min(B.shape[0], stop - i)
            for a in range(m):
                root = sqrt(weight(weights, i + a))
                centre(X, i + a, shift_x, root, B, a)
                for j in range(k):
                    B[a, p + j] = (y[i + a, j] - shift_y[j]) * root
                B[a, p + k] = root
            if cython.compiled:
                add_gram(cython.address(B[0, 0]), cython.address(S[0, 0]), m, S.shape[1])
            else:
                for a in range(m):
                    for b in range(S.shape[1]):
                        for j in range(b, S.shape[1]):
                            S[b, j] += B[a, b] * B[a, j]
            i += m


def mirror(S: cython.double[:, ::1]):
    """Below the diagonal becomes what is above it."""
    i: cython.Py_ssize_t
    j: cython.Py_ssize_t
    for i in range(S.shape[0]):
        for j in range(i):
            S[i, j] = S[j, i]


# Rows ------------------------------------------------------------------------------------


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def take_targets(
    y: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    s: cython.double[:, ::1],
    a: cython.Py_ssize_t,
) -> cython.void:
    """Column a of s <- the targets of row i."""
    t: cython.Py_ssize_t
    for t in range(y.shape[1]):
        s[t, a] = y[i, t]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def dot(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
    soon: cython.Py_ssize_t,
) -> cython.double:
    """x_i . w_t + b_t; the intercept b is there where w has one column more than X.

    Meanwhile row `soon` is asked for, unless it is negative.
    """
    p: cython.Py_ssize_t = X.shape[1]
    j: cython.Py_ssize_t
    z: cython.double = w[t, p] if w.shape[1] > p else 0.0
    if cython.compiled:
        if cython.floating is cython.float:
            z += dot_float(
                cython.address(X[i, 0]),
                cython.address(w[t, 0]),
                p,
                cython.address(X[soon, 0]) if soon >= 0 else cython.NULL,
            )
        else:
            z += dot_double(
                cython.address(X[i, 0]),
                cython.address(w[t, 0]),
                p,
                cython.address(X[soon, 0]) if soon >= 0 else cython.NULL,
            )
    else:
        for j in range(p):
            z += X[i, j] * w[t, j]
    return z


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add(
    c: cython.double,
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
) -> cython.void:
    """w_t <- w_t + c x_i, and b_t + c."""
    p: cython.Py_ssize_t = X.shape[1]
    j: cython.Py_ssize_t
    if cython.compiled:
        if cython.floating is cython.float:
            add_float(c, cython.address(X[i, 0]), cython.address(w[t, 0]), p)
        else:
            add_double(c, cython.address(X[i, 0]), cython.address(w[t, 0]), p)
    else:
        for j in range(p):
            w[t, j] += c * X[i, j]
    if w.shape[1] > p:
        w[t, p] += c


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def dot_rows(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    z: cython.double[:, ::1],
) -> cython.void:
    """z_t <- x . w_t + b_t for m rows from row i on, four targets at a time."""
    a: cython.Py_ssize_t
    t: cython.Py_ssize_t = 0
    p: cython.Py_ssize_t = X.shape[1]
    q: cython.Py_ssize_t = w.shape[1]
    n: cython.Py_ssize_t = z.shape[1]
    b: cython.double
    if cython.compiled:
        while t + 4 <= w.shape[0]:
            if cython.floating is cython.float:
                dot_four_float(
                    cython.address(X[i, 0]),
                    cython.address(w[t, 0]),
                    q,
                    cython.address(z[t, 0]),
                    n,
                    m,
                    p,
                )
            else:
                dot_four_double(
                    cython.address(X[i, 0]),
                    cython.address(w[t, 0]),
                    q,
                    cython.address(z[t, 0]),
                    n,
                    m,
                    p,
                )
            t += 4
    while t < w.shape[0]:
        b = w[t, p] if q > p else 0.0
        if cython.compiled:
            if cython.floating is cython.float:
                dot_rows_float(
                    cython.address(X[i, 0]),
                    cython.address(w[t, 0]),
                    b,
                    cython.address(z[t, 0]),
                    m,
                    p,
                )
            else:
                dot_rows_double(
                    cython.address(X[i, 0]),
                    cython.address(w[t, 0]),
                    b,
                    cython.address(z[t, 0]),
                    m,
                    p,
                )
        else:
            for a in range(m):
                z[t, a] = dot(X, i + a, w, t, -1)
        t += 1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_rows(
    r: cython.double[:, ::1],
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    g: cython.double[:, ::1],
) -> cython.void:
    """g_t <- g_t + sum of r_t x over m rows from row i on, the intercept left as it is."""
    a: cython.Py_ssize_t
    j: cython.Py_ssize_t
    t: cython.Py_ssize_t = 0
    p: cython.Py_ssize_t = X.shape[1]
    q: cython.Py_ssize_t = g.shape[1]
    n: cython.Py_ssize_t = r.shape[1]
    if cython.compiled:
        while t + 4 <= g.shape[0]:
            if cython.floating is cython.float:
                add_four_float(
                    cython.address(r[t, 0]),
                    n,
                    cython.address(X[i, 0]),
                    cython.address(g[t, 0]),
                    q,
                    m,
                    p,
                )
            else:
                add_four_double(
                    cython.address(r[t, 0]),
                    n,
                    cython.address(X[i, 0]),
                    cython.address(g[t, 0]),
                    q,
                    m,
                    p,
                )
            t += 4
    while t < g.shape[0]:
        if cython.compiled:
            if cython.floating is cython.float:
                add_rows_float(
                    cython.address(r[t, 0]), cython.address(X[i, 0]), cython.address(g[t, 0]), m, p
                )
            else:
                add_rows_double(
                    cython.address(r[t, 0]), cython.address(X[i, 0]), cython.address(g[t, 0]), m, p
                )
        else:
            for a in range(m):
                for j in range(p):
                    g[t, j] += r[t, a] * X[i + a, j]
        t += 1


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def add_squares(
    X: cython.const[cython.floating][:, ::1],
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    m: cython.Py_ssize_t,
    squares: cython.double[::1],
) -> cython.void:
    """squares_j <- squares_j + sum of s x_j^2 over m rows from row i on."""
    a: cython.Py_ssize_t
    j: cython.Py_ssize_t
    p: cython.Py_ssize_t = X.shape[1]
    if not cython.compiled:
        for a in range(i, i + m):
            for j in range(p):
                squares[j] += weight(weights, a) * X[a, j] * X[a, j]
    elif m > 0 and p > 0:
        given = cython.address(weights[i]) if weights.shape[0] > 0 else cython.NULL
        if cython.floating is cython.float:
            add_squares_float(given, cython.address(X[i, 0]), cython.address(squares[0]), m, p)
        else:
            add_squares_double(given, cython.address(X[i, 0]), cython.address(squares[0]), m, p)


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def add_squares_of_entries(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    squares: cython.double[::1],
) -> cython.void:
    """The same for the sparse row i."""
    e: cython.Py_ssize_t
    s: cython.double = weight(weights, i)
    for e in range(indptr[i], indptr[i + 1]):
        squares[indices[e]] += s * data[e] * data[e]


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def centre(
    X: cython.const[cython.floating][:, ::1],
    i: cython.Py_ssize_t,
    shift: cython.const[cython.double][::1],
    factor: cython.double,
    B: cython.double[:, ::1],
    a: cython.Py_ssize_t,
) -> cython.void:
    """Row a of B <- (x_i - shift) factor."""
    j: cython.Py_ssize_t
    if cython.compiled:
        if cython.floating is cython.float:
            centre_float(
                cython.address(X[i, 0]),
                cython.address(shift[0]),
                factor,
                cython.address(B[a, 0]),
                X.shape[1],
            )
        else:
            centre_double(
                cython.address(X[i, 0]),
                cython.address(shift[0]),
                factor,
                cython.address(B[a, 0]),
                X.shape[1],
            )
    else:
        for j in range(X.shape[1]):
            B[a, j] = (X[i, j] - shift[j]) * factor


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def sparse_dot(
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
    soon: cython.Py_ssize_t,
) -> cython.double:
    """x_i . w_t; meanwhile the nonzeros of row `soon` are asked for, unless it is negative."""
    first: cython.Py_ssize_t = indptr[i]
    m: cython.Py_ssize_t = indptr[i + 1] - first
    ahead: cython.Py_ssize_t = indptr[soon] if soon >= 0 else -1
    e: cython.Py_ssize_t
    z: cython.double = 0.0
    if not cython.compiled:
        for e in range(first, first + m):
            z += data[e] * w[t, indices[e]]
        return z
    # the address of the first nonzero of all may not exist, and is not read then
    if cython.floating is cython.float:
        if index is cython.int:
            return sparse_dot_float_int(
                cython.address(data[0]),
                cython.address(indices[0]),
                first,
                m,
                cython.address(w[t, 0]),
                ahead,
            )
        return sparse_dot_float_long(
            cython.address(data[0]),
            cython.address(indices[0]),
            first,
            m,
            cython.address(w[t, 0]),
            ahead,
        )
    if index is cython.int:
        return sparse_dot_double_int(
            cython.address(data[0]),
            cython.address(indices[0]),
            first,
            m,
            cython.address(w[t, 0]),
            ahead,
        )
    return sparse_dot_double_long(
        cython.address(data[0]),
        cython.address(indices[0]),
        first,
        m,
        cython.address(w[t, 0]),
        ahead,
    )


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def sparse_add(
    c: cython.double,
    data: cython.const[cython.floating][::1],
    indices: cython.const[index][::1],
    indptr: cython.const[index][::1],
    i: cython.Py_ssize_t,
    w: cython.double[:, ::1],
    t: cython.Py_ssize_t,
) -> cython.void:
    """w_t <- w_t + c x_i."""
    first: cython.Py_ssize_t = indptr[i]
    m: cython.Py_ssize_t = indptr[i + 1] - first
    e: cython.Py_ssize_t
    if not cython.compiled:
        for e in range(first, first + m):
            w[t, indices[e]] += c * data[e]
    elif cython.floating is cython.float:
        if index is cython.int:
            sparse_add_float_int(
                c,
                cython.address(data[0]),
                cython.address(indices[0]),
                first,
                m,
                cython.address(w[t, 0]),
            )
        else:
            sparse_add_float_long(
                c,
                cython.address(data[0]),
                cython.address(indices[0]),
                first,
                m,
                cython.address(w[t, 0]),
            )
    elif index is cython.int:
        sparse_add_double_int(
            c,
            cython.address(data[0]),
            cython.address(indices[0]),
            first,
            m,
            cython.address(w[t, 0]),
        )
    else:
        sparse_add_double_long(
            c,
            cython.address(data[0]),
            cython.address(indices[0]),
            first,
            m,
            cython.address(w[t, 0]),
        )


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def catch_up(
    w: cython.double[:, ::1],
    seen: cython.double[:, ::1],
    t: cython.Py_ssize_t,
    j: cython.Py_ssize_t,
    T: cython.double,
) -> cython.void:
    """Give coefficient j the thresholds that it is owed."""
    w[t, j] -= clip(w[t, j], T - seen[t, j])
    seen[t, j] = T


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def multiply_out(
    w: cython.double[:, ::1],
    seen: cython.double[:, ::1],
    p: cython.Py_ssize_t,
    T: cython.double,
    scale: cython.double,
) -> cython.void:
    """All coefficients as they are: nothing owed, scale 1."""
    t: cython.Py_ssize_t
    j: cython.Py_ssize_t
    for t in range(w.shape[0]):
        for j in range(p):
            if seen.shape[0] > 0:
                catch_up(w, seen, t, j, T)
                seen[t, j] = 0.0
            w[t, j] *= scale


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def rescale(w: cython.double[:, ::1], scale: cython.double) -> cython.void:
    """w <- scale w, the intercepts included."""
    t: cython.Py_ssize_t
    j: cython.Py_ssize_t
    for t in range(w.shape[0]):
        for j in range(w.shape[1]):
            w[t, j] *= scale


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def ask_for(
    X: cython.const[cython.floating][:, ::1],
    y: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    position: cython.Py_ssize_t,
) -> cython.void:
    """Have the row at a position of the order brought from memory; it will be needed soon."""
    i: cython.Py_ssize_t
    if cython.compiled:
        if position < order.shape[0]:
            i = order[position]
            prefetch(cython.address(X[i, 0]), cython.address(X[i, X.shape[1]]))
            prefetch(cython.address(y[i, 0]), cython.address(y[i, y.shape[1]]))


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def long_row(
    X: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    position: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """The row at a position of the order if it is a long one, for `dot` to ask for; or -1."""
    if position < order.shape[0] and X.shape[1] > LONG_ROW:
        return order[position]
    return -1


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def ask_for_sparse(
    indptr: cython.const[index][::1],
    y: cython.const[cython.floating][:, ::1],
    order: cython.longlong[::1],
    a: cython.Py_ssize_t,
) -> cython.Py_ssize_t:
    """The row a few places on, whose nonzeros `sparse_dot` is to ask for, or -1.

    Its target is asked for here, and before that where its nonzeros lie.
    """
    i: cython.Py_ssize_t
    if not cython.compiled or a + AHEAD_SPARSE >= order.shape[0]:
        return -1
    if a + 2 * AHEAD_SPARSE < order.shape[0]:
        i = order[a + 2 * AHEAD_SPARSE]
        prefetch(cython.address(indptr[i]), cython.address(indptr[i + 2]))
    i = order[a + AHEAD_SPARSE]
    prefetch(cython.address(y[i, 0]), cython.address(y[i, y.shape[1]]))
    return i


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
def weighted_sum(
    weights: cython.const[cython.floating][::1],
    i: cython.Py_ssize_t,
    out: cython.double[::1],
    m: cython.Py_ssize_t,
) -> cython.double:
    """Sum of what m rows from row i on have come to, in whose place their products may be."""
    a: cython.Py_ssize_t
    total: cython.double = 0.0
    if weights.shape[0] > 0:
        for a in range(m):
            out[a] *= weights[i + a]
    if cython.compiled:
        return sum_of(cython.address(out[0]), m)
    for a in range(m):
        total += out[a]
    return total


@cython.cfunc
@cython.nogil
@cython.inline
@cython.exceptval(check=False)
def total_of(
    z: cython.double[:, ::1], t: cython.Py_ssize_t, m: cython.Py_ssize_t
) -> cython.double:
    """The sum of the first m numbers of row t."""
    a: cython.Py_ssize_t
    total: cython.double = 0.0
    if cython.compiled:
        return sum_of(cython.address(z[t, 0]), m)
    for a in range(m):
        total += z[t, a]
    return total
