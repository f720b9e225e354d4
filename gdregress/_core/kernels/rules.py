"""Rules: how each optimizer turns one gradient into one step.

The equations stand in `gdregress.optimizers`: a class there names its class here as `kernel`.
`AcceleratedNesterov` is `Nesterov` with momentum="auto".

Letters
-------
w   parameters of shape (targets, features + intercept), the intercept last
u   the point at which the gradient is taken
g   gradient at u
t   target
j   coordinate
k   number of targets
p   number of features
lr  learning rate
"""

from cython.cimports.libc.math import sqrt


class Rule:
    """Base of all rules.

    Parameters
    ----------
    w : ndarray of shape (n_targets, n_features + intercept)
        Updated in place.
    p : int
    penalty : Penalty
    constants : ndarray of shape (3,)
        Decays and epsilon of the rule.
    memory : ndarray of shape (arrays, *w.shape)
        State of the optimizer, updated in place.
    count : int
        Updates before this epoch.
    means : ndarray of shape (n_means, *w.shape)
        Means of the parameters after each update.
    counts : ndarray of shape (n_means,)
        Number of parameters in each mean.

    Attributes
    ----------
    sequence : float
        The t of ``momentum="auto"`` after the last update; 1 for all other rules.
    evaluates_at_lookahead : bool
        Whether u differs from w.
    """

    def __init__(self, w, p, penalty, constants, memory, count, means, counts):
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
        self.counts = counts
        self.count = count
        self.sequence = 1.0
        self.g = 0 * w
        self.u = w
        self.evaluates_at_lookahead = False

    def begin(self):
        """g <- 0, u <- the point of the next gradient."""
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                self.g[t, j] = 0.0

    def step(self, lr):
        """One update of w."""

    def update_means(self):
        """Add the new parameters to the means."""
        for mean in range(self.means.shape[0]):
            self.counts[mean] += 1
            for t in range(self.k):
                for j in range(self.w.shape[1]):
                    step = self.w[t, j] - self.means[mean, t, j]
                    self.means[mean, t, j] += step / self.counts[mean]


def prox(rule, w, step_size, j):
    """The prox of parameter j, which leaves the intercept as it is."""
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
    def __init__(self, w, p, penalty, constants, memory, count, means, counts):
        Rule.__init__(self, w, p, penalty, constants, memory, count, means, counts)
        self.u = 0 * w
        self.evaluates_at_lookahead = True

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
        self.first_decay = (self.sequence - 1) / next_of_sequence(self.sequence)
        Nesterov.begin(self)

    def step(self, lr):
        Nesterov.step(self, lr)
        turn = 0.0
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                turn += (self.u[t, j] - self.w[t, j]) * self.memory[0, t, j]
        self.sequence = 1.0 if turn > 0 else next_of_sequence(self.sequence)


def next_of_sequence(number):
    """The number after this one."""
    return (1 + sqrt(1 + 4 * number * number)) / 2


class AdaGrad(Rule):
    def step(self, lr):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                g = self.g[t, j]
                self.memory[0, t, j] += g * g
                step_size = lr / (sqrt(self.memory[0, t, j]) + self.epsilon)
                move(self, t, j, self.w[t, j] - step_size * g, step_size)


class RMSProp(Rule):
    def step(self, lr):
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                g = self.g[t, j]
                decayed = self.second_decay * self.memory[0, t, j]
                self.memory[0, t, j] = decayed + (1 - self.second_decay) * (g * g)
                step_size = lr / (sqrt(self.memory[0, t, j]) + self.epsilon)
                move(self, t, j, self.w[t, j] - step_size * g, step_size)


class Adam(Rule):
    def step(self, lr):
        self.count += 1
        self.first_power = self.first_decay**self.count
        self.second_power = self.second_decay**self.count
        for t in range(self.k):
            for j in range(self.w.shape[1]):
                self.update_moments(t, j)
                root = sqrt(self.mean_square(t, j) / (1 - self.second_power))
                step_size = lr / (root + self.epsilon)
                move(self, t, j, self.w[t, j] - step_size * self.direction(t, j), step_size)

    def update_moments(self, t, j):
        """Update both moments with g and its square."""
        g, first, second = self.g[t, j], self.first_decay, self.second_decay
        self.memory[0, t, j] = first * self.memory[0, t, j] + (1 - first) * g
        self.memory[1, t, j] = second * self.memory[1, t, j] + (1 - second) * (g * g)

    def mean_square(self, t, j):
        """The mean square by which a coordinate is scaled, before its bias is removed."""
        return self.memory[1, t, j]

    def direction(self, t, j):
        """The mean gradient along which a coordinate moves."""
        return self.memory[0, t, j] / (1 - self.first_power)


class AMSGrad(Adam):
    def mean_square(self, t, j):
        if self.memory[1, t, j] > self.memory[2, t, j]:
            self.memory[2, t, j] = self.memory[1, t, j]
        return self.memory[2, t, j]


class NAdam(Adam):
    def direction(self, t, j):
        next_moment = self.first_decay * self.memory[0, t, j]
        next_moment = next_moment / (1 - self.first_power * self.first_decay)
        return next_moment + (1 - self.first_decay) * self.g[t, j] / (1 - self.first_power)
