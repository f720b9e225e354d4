"""Why a run ends.

Every rule is scale-free: multiplying y by a constant changes no count of epochs. A rule is given
the row of each epoch and answers with the reason to stop, or None. Whether the estimator then
calls itself converged, `BaseGD` decides.

The null parameters are those of a fit before it has learned anything: zero coefficients. The
gradient mapping, (w - prox(w - s g)) / s, is the gradient where there is no penalty; it is zero
at the minimum only.
"""

import math
from abc import ABC, abstractmethod
from collections import deque


class Stopping(ABC):
    """Base of the rules that end a run.

    ``threshold`` is the norm of the gradient mapping at which a run ends; -1 is never reached.
    """

    threshold = -1.0

    @abstractmethod
    def update(self, row):
        """The reason to stop after an epoch, or None."""

    def ends_at(self, gradient_norm):
        """Whether this norm of the gradient mapping ends the run."""
        return gradient_norm <= self.threshold


class Never(Stopping):
    """All epochs are run."""

    def update(self, row):
        return None


class Tolerance(Stopping):
    """||gradient mapping|| <= tol * its value at the null parameters.

    Parameters
    ----------
    tol : float
    reference : float
        Norm at the parameters where a fit without warm start begins.
    rounding : float, default=0.0
        Norm that rounding alone makes. A run that starts at the minimum has no other.
    """

    def __init__(self, tol, reference, rounding=0.0):
        self.threshold = max(tol * reference, rounding)

    def update(self, row):
        return "tolerance" if self.ends_at(row["gradient_norm"]) else None


class Plateau(Stopping):
    """No value of a column better than the best by a margin, for `patience` epochs in a row.

    Parameters
    ----------
    column : str
        "objective" (smaller is better, margin relative to the value) or "validation_score"
        (greater is better, absolute margin: the score has no units).
    tol : float
    patience : int
    smallest : float, default=0.0
        Objective below which all is rounding: changes smaller than it are none.
    swings : bool, default=False
        Whether the column may rise above its best and come back, as it does under a momentum: as
        long as it is below what it was half the patience ago, it is waited for.
    """

    def __init__(self, column, tol, patience, smallest=0.0, swings=False):
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
        comes_back = self.swings and value < self.recent[0]
        return "plateau" if self.waited >= self.patience and not comes_back else None

    def restart(self):
        """Wait anew, after the learning rate has been reduced.

        The best value so far is forgotten. The larger rate may have come by it by chance; compared
        with it the smaller rate would be reduced again before it has made progress.
        """
        self.waited, self.best = 0, math.inf
        self.recent.clear()

    def to_dict(self):
        """Parameters and course so far, to be saved."""
        return {**vars(self), "recent": list(self.recent)}

    @classmethod
    def from_dict(cls, saved):
        """The inverse of `to_dict`."""
        names = ("column", "tol", "patience", "smallest", "swings")
        plateau = cls(**{name: saved[name] for name in names})
        plateau.best, plateau.waited = saved["best"], saved["waited"]
        plateau.recent.extend(saved["recent"])
        return plateau


class NotFinite(Stopping):
    """The objective is infinite or not a number."""

    null_objective = math.inf

    def update(self, row):
        return None if math.isfinite(row["objective"]) else "diverged"


class Divergence(Stopping):
    """The objective is not finite, or has grown beyond where the model knows nothing.

    A transient above the null objective is normal for momentum at a stable learning rate, so
    growth alone decides only when it is enormous. Together with a learning rate above the stable
    limit, three rises in a row or five epochs above the null objective decide: losses of bounded
    slope do not explode, they stay above.

    Parameters
    ----------
    null_objective : float
        Objective at the null parameters or at the start, the larger one.
    above_stable_limit : callable
        ``above_stable_limit(learning_rate)``: whether the rate is beyond the largest stable one.
    """

    ENORMOUS = 1e6
    RISES = 3
    EPOCHS_ABOVE = 5

    def __init__(self, null_objective, above_stable_limit):
        self.null_objective = null_objective
        self.above_stable_limit = above_stable_limit
        self.previous = null_objective
        self.rises = 0
        self.above = 0

    def update(self, row):
        value, null = row["objective"], self.null_objective
        if not math.isfinite(value) or value - null > self.ENORMOUS * abs(null) + (null == 0):
            return "diverged"
        self.rises = self.rises + 1 if value > self.previous else 0
        self.previous = value
        self.above = self.above + 1 if value > null else 0
        suspicious = value > null and (self.rises >= self.RISES or self.above >= self.EPOCHS_ABOVE)
        return "diverged" if suspicious and self.above_stable_limit(row["learning_rate"]) else None
