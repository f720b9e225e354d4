"""The rules that end a run.

Every rule is scale-free: y times a constant takes as many epochs. A rule gets the row of each
epoch and returns the reason to stop, or None.
"""

import math
from abc import ABC, abstractmethod
from collections import deque

# Relative size of a change that is rounding.
ROUNDING = 1e-15


class Stopping(ABC):
    """Base of the rules that end a run.

    ``ceiling`` is an objective above which a plateau does not count. ``course`` names the
    attributes that change from epoch to epoch.
    """

    ceiling = math.inf
    course = ()

    @abstractmethod
    def update(self, row):
        """Return the reason to stop after an epoch, or None."""

    def ends_at(self, gradient_norm, gap, value):
        """Whether a run ends at this norm of the gradient mapping, gap and objective."""
        return False

    def still_proves(self, gap, value):
        """Whether a gap that rounding of the parameters has widened is one of a minimum."""
        return True


class Never(Stopping):
    """Ends no run."""

    def update(self, row):
        return None


class SmallGradient(Stopping):
    """||gradient mapping|| <= threshold.

    Parameters
    ----------
    threshold : float
    """

    def __init__(self, threshold):
        self.threshold = threshold

    def update(self, row):
        return "tolerance" if row["gradient_norm"] <= self.threshold else None

    def ends_at(self, gradient_norm, gap, value):
        return gradient_norm <= self.threshold


class Tolerance(Stopping):
    """F - F* <= tol^2 (F_null - F*), by the estimate of a certificate.

    Near a minimum the square root of that ratio is the distance of the parameters from it, as
    the curvature measures distances, relative to that of the null model.

    Parameters
    ----------
    certificate : Certificate
    """

    # The largest share of F_null - F* that a minimum may miss.
    MINIMUM = 1e-6

    def __init__(self, certificate):
        self.certificate = certificate

    def update(self, row):
        ends = self.certificate.proves(row["gradient_norm"], row["gap"], row["objective"])
        return "tolerance" if ends else None

    def ends_at(self, gradient_norm, gap, value):
        return self.certificate.proves(gradient_norm, gap, value)

    def still_proves(self, gap, value):
        left = max(self.certificate.null_objective - value, 0.0) + gap
        return gap <= max(self.MINIMUM, self.certificate.tol**2) * left


class Plateau(Stopping):
    """A column has not improved on its best by a margin for `patience` epochs in a row.

    Epochs do not count whose steps are too short to change the objective while the learning rate
    grows.

    Parameters
    ----------
    column : str
        "objective" (smaller is better, margin relative to the value) or "validation_score"
        (greater is better, absolute margin: the score has no units).
    tol : float
    patience : int
    smallest : float, default=0.0
        Changes of the objective below this are rounding.
    swings : bool, default=False
        Whether the column may rise and fall, as under a momentum: while it is below its value
        half the patience ago, the run goes on, and while the gradient falls and rounding alone
        hides that the objective does.
    ceiling : float, default=inf
        Above this objective no plateau ends the run.
    """

    FALL = 0.99  # of the norm
    course = ("best", "waited", "recent", "rate", "norm")

    def __init__(self, column, tol, patience, smallest=0.0, swings=False, ceiling=math.inf):
        self.ceiling = ceiling
        self.column = column
        self.tol = tol
        self.patience = patience
        self.smallest = smallest
        self.best = math.inf
        self.waited = 0
        self.swings = swings
        self.recent = deque(maxlen=1 + patience // 2)
        self.rate = self.norm = math.inf

    def update(self, row):
        value, rate = row[self.column], row.get("learning_rate", math.inf)
        # steps too short to show in the objective, on the way to longer ones, are no plateau
        begins = self.column == "objective" and rate > self.rate and value == self.recent[-1]
        self.rate = rate
        if self.column == "objective":
            margin = self.tol * abs(value) + self.smallest
        else:
            value, margin = -value, self.tol
        # without it rounding would count as a fall every other time
        noise = max(margin, ROUNDING * abs(value))
        norm = row.get("gradient_norm", math.inf)
        falls = self.swings and norm < self.FALL * self.norm and value <= self.best + noise
        fell = value < self.best - margin or falls
        self.waited = 0 if fell else self.waited + (not begins)
        self.best, self.norm = min(self.best, value), min(self.norm, norm)
        self.recent.append(value)
        comes_back = self.swings and value < self.recent[0] - noise
        if comes_back or row["objective"] > self.ceiling:
            return None
        return "plateau" if self.waited >= self.patience else None

    def restart(self):
        """Wait anew, after the learning rate has been reduced.

        It forgets the best value so far, which the larger rate may have met by chance: compared
        with that, the smaller rate would be reduced again before it has made progress.
        """
        self.waited, self.best, self.rate, self.norm = 0, math.inf, math.inf, math.inf
        self.recent.clear()

    def to_dict(self):
        """Parameters and course so far, to be saved."""
        return {**vars(self), "recent": list(self.recent)}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        names = ("column", "tol", "patience", "smallest", "swings", "ceiling")
        plateau = cls(**{name: saved[name] for name in names if name in saved})
        plateau.best, plateau.waited = saved["best"], saved["waited"]
        plateau.recent.extend(saved["recent"])
        return plateau


class Stalled(Stopping):
    """Neither the least objective nor the least gradient norm has fallen for `patience` epochs.

    A fall counts where it is larger than rounding.

    Parameters
    ----------
    patience : int
    rounding : float
        Relative rounding error of the objective.
    """

    FALL = 0.99  # of the norm
    course = ("objective", "norm", "waited")

    def __init__(self, patience, rounding):
        self.patience, self.rounding = patience, rounding
        self.restart()

    def restart(self):
        """Wait anew, as the next epochs may move away from the minimum for a while."""
        self.objective = self.norm = math.inf
        self.waited = 0

    def update(self, row):
        value, norm = row["objective"], row["gradient_norm"]
        fell = norm < self.FALL * self.norm
        if value < math.inf:
            fell = fell or value < self.objective - self.rounding * abs(value)
        self.waited = 0 if fell else self.waited + 1
        self.objective, self.norm = min(self.objective, value), min(self.norm, norm)
        return "plateau" if self.waited >= self.patience else None


class LittleDecrease(Stopping):
    """An epoch has decreased the objective by a small share of all that was gained so far.

    Of steps that square what is left, the last decrease is far more than what remains.

    Parameters
    ----------
    first : float
        The objective at the start.
    share : float
    """

    course = ("before",)

    def __init__(self, first, share):
        self.first, self.before, self.share = first, first, share

    def update(self, row):
        value, before = row["objective"], self.before
        self.before = value
        return "tolerance" if before - value <= self.share * (self.first - value) else None


class NotFinite(Stopping):
    """The objective is infinite or not a number."""

    null_objective = math.inf

    def update(self, row):
        return None if math.isfinite(row["objective"]) else "diverged"


class Divergence(Stopping):
    """The objective is not finite, or has grown far above that of the null model.

    A transient above the null objective is normal for momentum at a stable learning rate, so
    growth alone decides only when it is enormous. Together with a learning rate above the stable
    limit, three rises in a row or five epochs above the null objective decide, as losses of
    bounded slope do not explode but stay above.

    Parameters
    ----------
    null_objective : float
        Objective at the null parameters or at the start, the larger one.
    above_stable_limit : callable
        ``above_stable_limit(learning_rate)``: whether the rate is beyond the largest stable one,
        and will stay there.
    has_scale : bool, default=True
        Whether the null objective is a scale of the objective. For the perceptron it is not:
        coefficients and objective are proportional to the learning rate, which changes no
        prediction. Growth is then measured from the first epoch.
    """

    ENORMOUS = 1e6
    RISES = 3
    EPOCHS_ABOVE = 5
    course = ("null_objective", "scale", "previous", "rises", "above")

    def __init__(self, null_objective, above_stable_limit, has_scale=True):
        self.null_objective = null_objective
        self.above_stable_limit = above_stable_limit
        self.has_scale = has_scale
        self.scale = abs(null_objective) if has_scale else 0.0
        self.previous = null_objective
        self.rises = 0
        self.above = 0

    def update(self, row):
        value, null = row["objective"], self.null_objective
        if not math.isfinite(value):
            return "diverged"
        self.scale = self.scale or abs(value)
        if value - null > self.ENORMOUS * self.scale:
            return "diverged"
        if not self.has_scale:
            return None
        self.rises = self.rises + 1 if value > self.previous else 0
        self.previous = value
        self.above = self.above + 1 if value > null else 0
        suspicious = value > null and (self.rises >= self.RISES or self.above >= self.EPOCHS_ABOVE)
        return "diverged" if suspicious and self.above_stable_limit(row["learning_rate"]) else None
