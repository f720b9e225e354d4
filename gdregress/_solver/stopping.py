"""The rules that end a run.

Every rule is scale-free: y times a constant takes as many epochs. A rule gets the row of each
epoch and returns the reason to stop, or None.

The null parameters are those of a fit before it has learned anything: zero coefficients. The
gradient mapping, (w - prox(w - s g)) / s, is the gradient without a penalty; it is zero at the
minimum only.
"""

import math
from abc import ABC, abstractmethod
from collections import deque

import numpy as np

from gdregress._utils.array_api import same_numbers

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


class Certificate:
    """Estimates F - F* at each epoch.

    An estimate from the curvature costs a pass over the data or more. It is made where the norm
    of the gradient mapping is small enough to end the run, and otherwise at epochs that double.
    Between two estimates F - F* is taken to be proportional to the square of the norm.

    Parameters
    ----------
    remaining : callable
        From parameters to the estimate of F - F*.
    null_objective : float
        F of the null model, or less.
    tol : float
        The run ends where the estimate is at most tol^2 (F_null - F*).
    smallest_ratio : float
        Lower bound of (F - F*) / norm^2: 1 / (2 L), L the largest curvature.
    rounding : float
        Norm of the mapping that is rounding.
    measures_end : bool
        Whether an estimate is also made at the end of the run.
    reference : float
        Norm of the gradient mapping at the null parameters.
    """

    # After an estimate that did not end the run, the norm falls by this factor before the next.
    FALL = 0.7
    FIRST = 16  # the first epoch with an estimate whatever the norm
    # Where the gradient is rounding a run ends at this tolerance, if its own is smaller; and where
    # no more is left than rounding makes of curvatures that are so far apart.
    LEAST_TOL, ALIKE = 1e-4, 100.0
    course = ("ratio", "refused", "is_blind", "asked", "next", "_known")

    def __init__(
        self,
        remaining,
        null_objective,
        tol,
        smallest_ratio,
        rounding,
        measures_end=True,
        reference=0.0,
    ):
        self.remaining = remaining
        self.measures_end = measures_end
        self.null_objective = null_objective
        self.tol = tol
        self.ratio = self.smallest_ratio = smallest_ratio
        self.rounding = rounding
        self.reference = reference
        self.refused, self.is_blind = math.inf, False
        self.asked, self.next = 0, self.FIRST
        self._known = (None, None)

    def threshold(self, value):
        """Return the norm of the gradient mapping at which an estimate is worth its cost."""
        enough = self.tol * math.sqrt(max(self.null_objective - value, 0.0) / self.ratio)
        return max(min(enough, self.FALL * self.refused), self.rounding)

    def gap(self, norm, params, value):
        """Return F(params) - F*, given the norm of the mapping and about the objective."""
        if self._is_known(params):
            return self._known[1]
        self.asked += 1
        due = self.asked >= self.next
        if not (norm <= self.threshold(value) or (due and 0 < norm < math.inf)):
            # inf where the last estimate has failed
            return self.proportion(norm)
        self.next *= 2 if due else 1
        gap = self.estimate(params)
        if norm > 0 and 0 < gap < math.inf:
            self.ratio = gap / norm / norm
        if norm <= self.threshold(value) and not self.proves(norm, gap, value):
            # no estimate: the curvature here does not predict the minimum yet
            self.refused = norm if gap < math.inf else self.FALL**2 * norm
        return gap

    def proportion(self, norm):
        """Return F - F* in the proportion of the last estimate; it ends no run."""
        return math.inf if self.is_blind else self.ratio * norm * norm

    def _is_known(self, params):
        """Whether the last estimate was made at these parameters."""
        known = self._known[0]
        # arrays on an accelerator are not compared, as the host would wait for them
        return known is params or (isinstance(params, np.ndarray) and same_numbers(known, params))

    def estimate(self, params):
        """Return F(params) - F* from the curvature there."""
        gap = self.remaining(params)
        self._known, self.is_blind = (params, gap), gap == math.inf
        return gap

    def proves(self, norm, gap, value):
        """Whether an estimate, not a proportion, is small enough to end the run."""
        if gap != self._known[1]:
            return norm <= self.rounding
        left = max(self.null_objective - value, 0.0) + gap
        if left == 0:  # squares of tiny targets underflow, their gradient does not
            return norm <= max(self.tol * self.reference, self.rounding)
        if not left < math.inf:
            return False
        enough = self.tol**2 * left
        if norm <= self.rounding:  # what is left along a flat direction may be more than rounding
            noise = self.ALIKE * self.smallest_ratio * self.rounding**2
            enough = max(enough, self.LEAST_TOL**2 * left, noise)
        return gap <= enough


class ProvenGap:
    """The certificate of runs whose engine bounds F - F* at each epoch.

    Parameters
    ----------
    null_objective : float
        F of the null model.
    tol : float
        As for `Certificate`.
    rounding : float
        Relative rounding error of F.
    """

    # A bound of so many times the rounding error of F is small enough.
    MARGIN = 100.0

    def __init__(self, null_objective, tol, rounding):
        self.null_objective = null_objective
        self.tol = tol
        self.rounding = rounding

    def proves(self, norm, gap, value):
        """Whether the bound is small enough to end the run."""
        left = max(self.null_objective - value, 0.0) + gap
        noise = self.MARGIN * self.rounding * abs(self.null_objective)
        return gap <= max(self.tol**2 * left, noise)


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
        half the patience ago, the run goes on.
    ceiling : float, default=inf
        Above this objective no plateau ends the run.
    """

    course = ("best", "waited", "recent")

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

    def update(self, row):
        value = row[self.column]
        if self.column == "objective":
            margin = self.tol * abs(value) + self.smallest
        else:
            value, margin = -value, self.tol
        self.waited = 0 if value < self.best - margin else self.waited + 1
        self.best = min(self.best, value)
        self.recent.append(value)
        # without it rounding would count as a fall every other time
        noise = max(margin, ROUNDING * abs(value))
        comes_back = self.swings and value < self.recent[0] - noise
        if comes_back or row["objective"] > self.ceiling:
            return None
        return "plateau" if self.waited >= self.patience else None

    def restart(self):
        """Wait anew, after the learning rate has been reduced.

        It forgets the best value so far, which the larger rate may have met by chance: compared
        with that, the smaller rate would be reduced again before it has made progress.
        """
        self.waited, self.best = 0, math.inf
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
