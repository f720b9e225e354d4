"""The least value of an objective, by Newton steps in long double, written without the package.

    F(w, b) = sum_i s_i L(y_i, x_i . w + b + o_i) / sum_i s_i + R(w)

R is a sum of l1, l2, bounds and norms of groups, each with strengths of its own. What is neither
at a kink of R nor at a bound moves along a Newton step, whose damping grows where it would lead
up. Losses with kinks are followed along their Moreau envelopes to the width that is rounding.
"""

from dataclasses import dataclass, field

import numpy as np

LONG = np.longdouble
STEPS, MOST_DAMPINGS = 200, 60
ENOUGH = LONG(1e-14)


def expit(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-abs(z))), np.exp(-abs(z)) / (1 + np.exp(-abs(z))))


def beyond(u, epsilon):
    return u - np.clip(u, -epsilon, epsilon)


# of targets and predictions, or of labels -1 and 1 and predictions: value, slope, curvature
SMOOTH = {
    "squared_error": (
        lambda y, z: (z - y) ** 2 / 2,
        lambda y, z: z - y,
        lambda y, z: np.ones_like(z),
    ),
    "huber": (
        lambda y, z: np.clip(z - y, -1.35, 1.35) * (z - y - np.clip(z - y, -1.35, 1.35) / 2),
        lambda y, z: np.clip(z - y, -1.35, 1.35),
        lambda y, z: (abs(z - y) <= 1.35).astype(LONG),
    ),
    "log_cosh": (
        lambda y, z: abs(z - y) + np.log1p(np.expm1(-2 * abs(z - y)) / 2),
        lambda y, z: np.tanh(z - y),
        lambda y, z: 1 / np.cosh(np.clip(z - y, -5000, 5000)) ** 2,
    ),
    "squared_epsilon_insensitive": (
        lambda y, z: beyond(z - y, LONG(0.1)) ** 2,
        lambda y, z: 2 * beyond(z - y, LONG(0.1)),
        lambda y, z: 2 * (beyond(z - y, LONG(0.1)) != 0).astype(LONG),
    ),
    "poisson": (
        lambda y, z: np.exp(z) - y * z,
        lambda y, z: np.exp(z) - y,
        lambda y, z: np.exp(z),
    ),
    "gamma": (
        lambda y, z: z + y * np.exp(-z),
        lambda y, z: 1 - y * np.exp(-z),
        lambda y, z: y * np.exp(-z),
    ),
    "log_loss": (
        lambda y, z: np.logaddexp(LONG(0), -y * z),
        lambda y, z: -y * expit(-y * z),
        lambda y, z: expit(z) * expit(-z),
    ),
    "squared_hinge": (
        lambda y, z: np.maximum(1 - y * z, 0) ** 2,
        lambda y, z: -2 * y * np.maximum(1 - y * z, 0),
        lambda y, z: 2 * (y * z < 1).astype(LONG),
    ),
}
# slopes on both sides of a free interval of u = z - y, or of u = y z, and its ends
KINKS = {
    "absolute_error": (-1, 1, 0, 0),
    "quantile": (-0.8, 0.2, 0, 0),
    "epsilon_insensitive": (-1, 1, -0.1, 0.1),
    "hinge": (-1, 0, 1, 1),
}
LABELS = ("log_loss", "squared_hinge", "hinge")


def envelope(name, width):
    """Value, slope and curvature of the Moreau envelope of a loss with kinks; itself at 0."""
    lower, upper, low, high = (LONG(str(each)) for each in KINKS[name])

    def parts(y, z):
        sign = y if name in LABELS else LONG(1)
        u = y * z if name in LABELS else z - y
        m = u - np.clip(u, low, high)
        if width == 0:
            return sign, m, np.where(m > 0, upper, lower)
        return sign, m, np.clip(m / width, lower, upper)

    def value(y, z):
        _, m, c = parts(y, z)
        return c * m - width * c * c / 2

    def slope(y, z):
        sign, _, c = parts(y, z)
        return sign * c

    def curvature(y, z):
        _, m, c = parts(y, z)
        return ((c > lower) & (c < upper) & ((m != 0) | (low == high))).astype(LONG) / width

    return value, slope, curvature


@dataclass(frozen=True, eq=False)
class Terms:
    """The penalty: strengths of l1 and l2, bounds, and (members, strength) of each group."""

    l1: np.ndarray
    l2: np.ndarray
    low: np.ndarray
    high: np.ndarray
    groups: list = field(default_factory=list)

    @property
    def is_none(self):
        bounded = np.isfinite(self.low).any() or np.isfinite(self.high).any()
        return not (bounded or self.groups or self.l1.any() or self.l2.any())

    def value(self, w):
        norms = sum(strength * np.sqrt(np.sum(w[g] ** 2)) for g, strength in self.groups)
        return self.l1 @ abs(w) + self.l2 @ w**2 / 2 + norms


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows, targets (a column each, or the classes of softmax), weights of sum 1, offsets."""

    X: np.ndarray
    y: np.ndarray
    shares: np.ndarray
    offset: np.ndarray
    loss: str
    terms: Terms
    intercept: bool = True

    def value(self, coef, intercept):
        """F of coefficients of shape (targets, p)."""
        coef, intercept = np.atleast_2d(coef).astype(LONG), np.atleast_1d(intercept).astype(LONG)
        z = self.X @ coef.T + intercept + self.offset[:, None]
        penalty = sum(self.terms.value(w) for w in coef)
        if self.loss == "softmax":
            return self.shares @ cross_entropy(self.y, z) + penalty
        value = (SMOOTH.get(self.loss) or envelope(self.loss, LONG(0)))[0]
        return np.sum(self.shares @ value(self.y, z)) + penalty

    def minimum(self, coef, intercept):
        """The least F found from some parameters on, or from zeros if these are better."""
        best = LONG(0)
        if self.loss == "softmax":
            return _softmax(self, coef, intercept)
        coef, intercept = np.atleast_2d(coef), np.atleast_1d(intercept)
        for y, w, b in zip(self.y.T, coef, np.broadcast_to(intercept, len(coef)), strict=True):
            best += _of_target(self, y, np.append(w, b if self.intercept else 0).astype(LONG))
        return best

    def null(self):
        """F of the best constant."""
        held = Problem(
            self.X[:, :0], self.y, self.shares, self.offset, self.loss, _none(0), self.intercept
        )
        k = len(np.unique(self.y)) if self.loss == "softmax" else self.y.shape[1]
        value = held.minimum(np.zeros((k, 0)), np.zeros(k))
        w = np.clip(np.zeros(self.X.shape[1], LONG), self.terms.low, self.terms.high)
        return value if not w.any() else self.value(np.tile(w, (k, 1)), np.zeros(k))


def _none(p):
    zero, inf = np.zeros(p, LONG), np.full(p, np.inf, LONG)
    return Terms(zero, zero, -inf, inf)


def cross_entropy(codes, z):
    top = z.max(axis=1, keepdims=True)
    return np.log(np.exp(z - top).sum(axis=1)) + top[:, 0] - z[np.arange(len(z)), codes]


def solve(H, g):
    """H^-1 g by LDL' in long double, for H >= 0; what is not curved does not move."""
    size = np.sqrt(np.maximum(np.diag(H), 0))
    free = size > 0
    H, g, n = H[np.ix_(free, free)] / np.outer(size[free], size[free]), g[free] / size[free], 0
    n, L, D = len(g), np.eye(int(free.sum()), dtype=LONG), np.zeros(len(g), LONG)
    A = H.copy()
    for k in range(n):
        D[k] = A[k, k]
        if D[k] <= 4 * n * np.finfo(LONG).eps:
            D[k] = np.inf
            continue
        L[k + 1 :, k] = A[k + 1 :, k] / D[k]
        A[k + 1 :, k + 1 :] -= np.outer(L[k + 1 :, k], A[k + 1 :, k])
    x = g.copy()
    for k in range(n):
        x[k + 1 :] -= L[k + 1 :, k] * x[k]
    x = x / D
    for k in reversed(range(n)):
        x[k] -= L[k + 1 :, k] @ x[k + 1 :]
    out = np.zeros(len(free), LONG)
    out[free] = x / size[free]
    return out


def _basis(problem):
    """Columns, the map of their parameters to the user's, and the terms in the new ones.

    Without a penalty they are orthogonal, so that near copies do no harm; else of one size.
    """
    X, s, terms = problem.X, problem.shares, problem.terms
    mean = s @ X if problem.intercept else np.zeros(X.shape[1], LONG)
    A = X - mean
    size = np.sqrt(s @ A**2)
    size[size <= 1e-17 * abs(X).max(axis=0, initial=0)] = 0
    A = np.where(size > 0, A / np.where(size > 0, size, 1), 0)
    B = np.diag(1 / np.where(size > 0, size, 1)).astype(LONG)
    if terms.is_none:
        kept = []
        for k in range(A.shape[1]):
            for _ in range(2):
                for j in kept:
                    part = s @ (A[:, j] * A[:, k])
                    A[:, k] -= part * A[:, j]
                    B[:, k] -= part * B[:, j]
            length = np.sqrt(s @ A[:, k] ** 2)
            if length > 1e-17:
                A[:, k], B[:, k] = A[:, k] / length, B[:, k] / length
                kept.append(k)
        A, B = A[:, kept], B[:, kept]
    return A, B, mean


def _of_target(problem, y, start):
    """The least F of one target."""
    A, B, mean = _basis(problem)
    terms = problem.terms
    if terms.is_none:
        u = problem.shares @ (A * ((problem.X - mean) @ start[:-1])[:, None])  # the predictions'
        terms = _none(A.shape[1])
        size = np.ones(A.shape[1], LONG)
    else:
        size = np.diag(B).copy()
        u = start[:-1] / size
        terms = Terms(
            terms.l1 * size,
            terms.l2 * size**2,
            terms.low / size,
            terms.high / size,
            terms.groups,
        )
    A = np.column_stack([A, np.ones(len(A))]) if problem.intercept else A
    u = np.append(u, start[-1] + mean @ start[:-1]) if problem.intercept else u
    descent = _Descent(A, y, problem.shares, problem.offset, terms, size, problem.intercept)
    if problem.loss in SMOOTH:
        starts = [u, 0 * u]
        return min(descent.run(SMOOTH[problem.loss], each)[0] for each in starts)
    return descent.along_envelopes(problem.loss, u)


class _Descent:
    """Newton steps on what is free to move."""

    def __init__(self, A, y, s, o, terms, size, intercept):
        self.A, self.y, self.s, self.o, self.terms = A, y, s, o, terms
        self.size, self.p = size, A.shape[1] - intercept

    def penalty(self, u):
        w = u[: self.p]
        norms = sum(e * np.sqrt(np.sum((self.size * w)[g] ** 2)) for g, e in self.terms.groups)
        return self.terms.l1 @ abs(w) + self.terms.l2 @ w**2 / 2 + norms

    def objective(self, loss, u):
        with np.errstate(all="ignore"):
            value = self.s @ loss[0](self.y, self.A @ u + self.o) + self.penalty(u)
        return value if np.isfinite(value) else LONG(np.inf)

    def _model(self, loss, u):
        """Gradient, curvature, and the interval of each coordinate, on which F is smooth."""
        t, p, z = self.terms, self.p, self.A @ u + self.o
        g = self.A.T @ (self.s * loss[1](self.y, z))
        H = (self.A.T * (self.s * loss[2](self.y, z))) @ self.A
        w, low, high = u[:p], t.low.copy(), t.high.copy()
        g[:p] += t.l2 * w
        H[np.arange(p), np.arange(p)] += t.l2
        for members, strength in t.groups:
            v = self.size[members] * w[members]
            norm = np.sqrt(np.sum(v**2))
            if norm > 0:
                g[members] += strength * self.size[members] * v / norm
                bent = (np.eye(len(v), dtype=LONG) - np.outer(v, v) / norm**2) / norm
                scale = np.outer(self.size[members], self.size[members])
                H[np.ix_(members, members)] += strength * scale * bent
            elif np.sqrt(np.sum((g[members] / self.size[members]) ** 2)) <= strength:
                low[members] = high[members] = 0
        bent = t.l1 > 0
        up = bent & ((w > 0) | ((w == 0) & (g[:p] < -t.l1)))
        down = bent & ((w < 0) | ((w == 0) & (g[:p] > t.l1)))
        low[up | (bent & ~down)] = np.maximum(low, 0)[up | (bent & ~down)]
        high[down | (bent & ~up)] = np.minimum(high, 0)[down | (bent & ~up)]
        g[:p] += t.l1 * (up.astype(LONG) - down)
        rest = len(u) - p
        low, high = np.append(low, [-np.inf] * rest), np.append(high, [np.inf] * rest)
        return g, H, low, high

    def run(self, loss, u):
        """F and where it is least."""
        u = u.copy()
        u[: self.p] = np.clip(u[: self.p], self.terms.low, self.terms.high)
        value, damping, small = self.objective(loss, u), LONG(0), 0
        for _ in range(STEPS):
            g, H, low, high = self._model(loss, u)
            free = ~((u <= low) & (g >= 0) | (u >= high) & (g <= 0))
            trace = np.trace(H) / max(len(g), 1) or LONG(1)
            for _ in range(MOST_DAMPINGS):
                step = np.zeros_like(u)
                damped = H[np.ix_(free, free)] + damping * trace * np.eye(int(free.sum()))
                step[free] = solve(damped, g[free])
                tried = self._better(loss, u, step, low, high, value)
                if tried is not None:
                    break
                damping = max(damping * 10, LONG(1e-18))
            else:
                return value, u
            gain, (value, u) = value - tried[0], tried
            damping = damping / 100 if damping > 1e-18 else LONG(0)
            small = small + 1 if gain <= ENOUGH * abs(value) else 0
            if small >= 3:
                return value, u
        return value, u

    def _better(self, loss, u, step, low, high, value):
        for length in (1, LONG(0.3), LONG(0.05)):
            there = np.clip(u - length * step, low, high)
            found = self.objective(loss, there)
            if found < value:
                return found, there
        return None

    def along_envelopes(self, name, u):
        """The least F along envelopes of smaller and smaller width."""
        exact = envelope(name, LONG(0))
        best = self.objective(exact, u)
        spread = self.s @ abs(self.A @ u + self.o - (self.y if name not in LABELS else 0))
        scale = max(spread, LONG(1e-30)) if name not in LABELS else LONG(1)
        for width in scale * LONG(10) ** -np.arange(0, 12, dtype=LONG):
            _, u = self.run(envelope(name, width), u)
            best = min(best, self.objective(exact, u))
        return best


def _softmax(problem, coef, intercept):
    """The least F of the cross entropy of classes that share the rows; l2 only."""
    A, B, _ = _basis(problem)
    l2 = problem.terms.l2 * np.diag(B) ** 2 if problem.terms.l2.any() else np.zeros(A.shape[1])
    A = np.column_stack([A, np.ones(len(A))]) if problem.intercept else A
    l2, s, k = np.append(l2, [0] * problem.intercept), problem.shares, len(intercept)
    U, q = np.zeros((A.shape[1], k), LONG), A.shape[1]
    onehot = (problem.y[:, None] == np.arange(k)).astype(LONG)

    def objective(U):
        return s @ cross_entropy(problem.y, A @ U) + np.sum(l2[:, None] * U**2) / 2

    value, damping, small = objective(U), LONG(0), 0
    for _ in range(STEPS):
        z = A @ U
        P = np.exp(z - z.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        g = A.T @ (s[:, None] * (P - onehot)) + l2[:, None] * U
        H = np.zeros((k * q, k * q), LONG)
        for a in range(k):
            for b in range(k):
                bent = s * P[:, a] * ((a == b) - P[:, b])
                H[a * q : (a + 1) * q, b * q : (b + 1) * q] = (A.T * bent) @ A
        H += np.diag(np.tile(l2, k))
        for _ in range(MOST_DAMPINGS):
            step = solve(H + damping * np.eye(k * q), g.T.ravel()).reshape(k, q).T
            found = min((objective(U - t * step), t) for t in (1, LONG(0.3), LONG(0.05)))
            if found[0] < value:
                break
            damping = max(damping * 10, LONG(1e-18))
        else:
            return value
        small = small + 1 if value - found[0] <= ENOUGH * value else 0
        value, U = found[0], U - found[1] * step
        damping = damping / 100 if damping > 1e-18 else LONG(0)
        if small >= 3:
            return value
    return value
