"""Learning rates by backtracking, or from the curvature along the path."""

import math

from gdregress._utils.array_api import dot, is_single, namespace

# Length of the step that measures a curvature, as a share of the distance to go.
SHORT_STEP = 1e-3
# Least and most share of a rate that a failed trial leaves, and how often one may fail.
LEAST_LEFT, MOST_LEFT = 0.1, 0.5
MOST_TRIES = 60


def trial_by_distance(objective, params, distance):
    """Return the rate whose step moves the raw predictions by the distance they have to go.

    A step lr g changes them by lr sqrt(sum_j m_j g_j^2) in the mean, if the columns, of mean
    squares m_j, are uncorrelated.

    Parameters
    ----------
    objective : Objective
    params : array
    distance : float
        How far the raw predictions have to go.
    """
    reach = _reach(objective, objective.gradient(params))
    return distance / reach if 0 < reach < math.inf else 1.0


def trial_by_curvature(objective, params, distance):
    """Return the rate that minimises along the gradient if the curvature there is constant.

    The curvature along g is g' (g(w) - g(w - e g)) / (e ||g||^2), for a short step e. Without
    curvature the rate is that of `trial_by_distance`.

    Parameters
    ----------
    objective, params, distance
        As for `trial_by_distance`.
    """
    grad = objective.gradient(params)
    far = trial_by_distance(objective, params, distance)
    short = SHORT_STEP * far
    along = dot(grad, grad - objective.gradient(params - short * grad))
    rate = short * (dot(grad, grad) / along) if along > 0 else far
    return rate if 0 < rate < math.inf else far


def _reach(objective, grad):
    """Return the change of predictions by a step of rate 1, see `trial_by_distance`."""
    return objective.scaled_norm(grad, 1 / objective.column_scales())


class LineSearch:
    """The first rate tried whose step from u satisfies the sufficient decrease

        f(u+) <= f(u) + g . (u+ - u) + h ||u+ - u||^2 / (2 lr),    u+ = prox(u - lr g),

    which without a penalty is Armijo's f(u+) <= f(u) - c lr ||g||^2 with c = 1 - h / 2. A rate of
    up to h over the curvature then holds: h = 1.2 stays below the 4/3 up to which Nesterov's
    sequence is stable, and h = 1 would refuse every other rate that is 1 over the curvature but
    for some digits. Every search begins a little above the last rate, so that the rate follows
    the curvature both ways, but not above what the curvature just passed allows,

        s . y / ||y||^2,    s = u - u',  y = g - g',

    u' and g' being the point and the gradient of the search before, nor below half the last rate:
    near a saddle s . y is small whatever the curvature. A rate that does not hold is
    followed by the one that would, if the curvature along its step was the same everywhere,

        ||u+ - u||^2 / (2 (f(u+) - f(u) - g . (u+ - u))),

    kept between a tenth and a half of it. Where the decrease is less than the rounding of f can
    show, any step will do that does not let f rise by more than that.

    Parameters
    ----------
    rate : float
        First rate tried.

    Attributes
    ----------
    last : tuple of (point, gradient) or None
        Of the search before.

    References
    ----------
    Armijo, "Minimization of functions having Lipschitz continuous first partial derivatives",
    1966. Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009, section 4.
    Barzilai and Borwein, "Two-point step size gradient methods", 1988, equation 6. Nocedal and
    Wright, "Numerical optimization", 2006, section 3.5.
    """

    CURVATURE = 1.2  # times the rate, the h above
    GROW = 1.1
    # Least share of the last rate that a curvature leaves.
    FALL = 0.5
    course = ("rate", "last")
    # Falls of the function are judged where they are so many times its rounding error.
    JUDGED = 10

    def __init__(self, rate):
        self.rate = rate
        self.last = None

    def search(self, objective, point, grad, next_point):
        """Rate for a step from `point`.

        Parameters
        ----------
        objective : Objective
        point : array
        grad : array
            Gradient of the smooth part.
        next_point : callable
            ``next_point(rate)``: where the gradient after a step at this rate will be taken.
        """
        objective.recentre_for_value(point)
        start = objective.loss_value(point)
        slack = objective.rounding * abs(start) + _lost_digits(point, grad)
        # the fall of f at the last rate; where rounding hides it, a trial can only show a rise
        judged = self.rate * dot(grad, grad) > self.JUDGED * slack
        rate = self._first(point, grad) if judged else self.rate
        allowed = slack if judged else self.JUDGED * slack
        for _ in range(MOST_TRIES):
            new = objective.prox(point - rate * grad, rate)
            step = new - point
            bound = dot(grad, step) + self.CURVATURE * dot(step, step) / (2 * rate)
            objective.recentre_for_value(new)
            value = objective.trial_value(new, next_point(rate))
            if math.isfinite(value) and value <= start + bound + allowed:
                break
            excess = value - start - dot(grad, step)
            rate = _fitting(rate, dot(step, step), excess)
        self.rate, self.last = rate, (point, grad)
        return rate

    def _first(self, point, grad):
        """The first rate to try."""
        rate = self.rate * self.GROW
        if self.last is None:
            return rate
        step, change = point - self.last[0], grad - self.last[1]
        along, square = dot(step, change), dot(change, change)
        info = namespace(grad).finfo(grad.dtype)
        if not float(info.smallest_normal) / float(info.eps) < min(along, square) < math.inf:
            return rate  # without curvature, or without digits
        return min(rate, max(along / square, self.FALL * self.rate))


def _fitting(rate, square, excess):
    """The rate after one that did not hold, whose step ended `excess` above the tangent."""
    fitting = square / (2 * excess) if math.isfinite(excess) and excess > 0 else 0.0
    return min(max(fitting, LEAST_LEFT * rate), MOST_LEFT * rate)


def _lost_digits(point, grad):
    """Return the change of the function by the rounding of a point to its type."""
    eps = 1e-7 if is_single(point) else 1e-16
    return eps * math.sqrt(dot(grad, grad) * dot(point, point))


class LocalCurvature:
    """Rates from the curvature along the path:

        lr = min(sqrt(1 + lr' / lr'') lr', ||u - u'|| / (2 ||g - g'||)),

    u and g being the point and its gradient, u' and g' those of the step before, lr' its rate
    and lr'' the one before that. Descent converges for every smooth convex function.

    Along a slope without curvature the rate grows until a step may end far up the other side. A
    step of gradient descent is shortened while it ends above all values so far, which noise does
    not, and higher than a curvature of 10 / lr along it would allow, five times what a stable rate
    has. The values are those of the history. Other steps are not shortened, as a heavy ball may
    rise by its velocity, and Nesterov's sequence is not measured where it takes its gradients.

    Parameters
    ----------
    share : float, default=1.0
        Of the rate, what a momentum leaves.
    shortens : bool, default=False
        Whether steps that end far up are shortened.

    References
    ----------
    Malitsky and Mishchenko, "Adaptive gradient descent without descent", 2020, algorithm 1.
    """

    FIRST = 1e-6
    CURVATURE = 10.0  # times the rate
    course = ("rate", "growth", "last", "highest")

    def __init__(self, share=1.0, shortens=False):
        self.share, self.shortens = share, shortens
        self.rate = self.FIRST
        self.growth, self.highest = math.inf, -math.inf
        self.last = None

    def search(self, objective, point, grad, next_point):
        """As `LineSearch.search`."""
        rate = self.rate
        if self.last is not None:
            step, change = point - self.last[0], grad - self.last[1]
            moved, turned = math.sqrt(dot(step, step)), math.sqrt(dot(change, change))
            largest = math.sqrt(1 + self.growth) * self.rate / self.share
            rate = self.share * min(largest, moved / (2 * turned) if turned > 0 else math.inf)
            if not 0 < rate < math.inf:
                rate = self.rate
        if self.shortens:
            rate = self._shortened(rate, objective, point, grad, next_point)
        if self.last is not None:
            self.growth = rate / self.rate
        self.last, self.rate = (point, grad), rate
        return rate

    def _shortened(self, rate, objective, point, grad, next_point):
        """The rate, or a smaller one whose step does not end far up."""
        start = objective.loss_value(point)
        if not math.isfinite(start):
            return rate
        self.highest = max(self.highest, start)
        shorter, least = rate, math.inf
        for _ in range(MOST_TRIES):
            end = next_point(shorter)
            value = objective.trial_value(end, end)
            if value <= self.highest:
                return shorter
            step = end - point
            square, excess = dot(step, step), value - start - dot(grad, step)
            slack = objective.rounding * abs(start) + _lost_digits(point, grad)
            if excess <= self.CURVATURE * square / (2 * shorter) + slack:
                return shorter
            if least <= excess < math.inf:
                break  # it is noise, which no shorter step takes away
            least = min(least, excess)
            shorter = _fitting(shorter, square, excess)
        return rate
