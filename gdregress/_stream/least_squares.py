"""Least squares on all rows so far, from their moments: one more candidate for squared error.

With M and c the weighted moments of the columns with each other and with the targets, about
their means, and s the total weight,

    (M + s l2) w = c,    b = mean(y) - w . mean(x)

No learner that sees a row once and has the size of its step to choose is better on rows that
follow one law (Plackett, "Some theorems in least squares", 1950).
"""

from dataclasses import dataclass

import numpy as np

from gdregress._objective.moments import check_finite

# Columns up to which it costs little beside the rest of a call.
LARGEST_WIDTH = 128
# Rows for each coefficient before there is anything to believe.
ROWS_PER_COEFFICIENT = 2
# Share of the rows that may come before the system is solved again.
STALE = 1 / 64
# Share of the rows so far over which it is compared with the learners.
STRETCH = 1 / 8
# Standard errors by which the learners must have been better to be reported, and those by which
# they must have been better for all rows so far to be forgotten.
DOUBT, DRIFT = 1.5, 3.0
# Added to correlations, so that columns that are copies of others have a solution.
ROUNDING = 1e-10


@dataclass(eq=False, repr=False)
class LeastSquares:
    """Moments of the rows since the last drift, their solution, and how well it has predicted.

    It is reported from the first rows on, until the learners have predicted better over a recent
    stretch; then again once it has been better than they. Where it has been far worse the law of
    the rows has changed: the moments are forgotten.

    Parameters
    ----------
    params : ndarray of shape (n_predictions, n_parameters)
        In the user's units, the intercept last.
    centred : bool
        Whether there is an intercept.
    believed : bool
        Whether it is reported.
    mean, target_mean, moments, products : ndarrays
        m_j, mean of each target, M and c.
    unseen : float
        Rows that the learners know of and the moments do not, those of an earlier fit: with
        fewer rows than these it is not compared.
    weight, rows, solved : float
        Total weight and number of rows, and that number when the system was last solved.
    lead, squares : float
        By how much the learners have been better, discounted; the sum of squared differences.
    """

    params: np.ndarray
    centred: bool
    believed: bool
    mean: np.ndarray
    target_mean: np.ndarray
    moments: np.ndarray
    products: np.ndarray
    unseen: float = 0.0
    weight: float = 0.0
    rows: float = 0.0
    solved: float = 0.0
    lead: float = 0.0
    squares: float = 0.0

    @classmethod
    def at(cls, params, centred, believed, unseen=0):
        """Without a row so far."""
        k, p = len(params), params.shape[1] - centred
        zeros = np.zeros(p), np.zeros(k), np.zeros((p, p)), np.zeros((p, k))
        return cls(np.array(params), bool(centred), bool(believed), *zeros, unseen)

    @staticmethod
    def covers(n_features, loss, penalty):
        """Whether the minimum of this loss and penalty solves a linear system of small size."""
        terms = penalty.kernel_terms
        solvable = terms is not None and terms.bounds is None and not np.any(terms.l1)
        return loss.is_quadratic and solvable and n_features <= LARGEST_WIDTH

    @property
    def is_ready(self):
        """Whether there are rows enough for a solution that can be believed."""
        return self.solved >= max(ROWS_PER_COEFFICIENT * self.params.shape[1], self.unseen)

    @property
    def is_reported(self):
        """Whether its parameters are those to report."""
        return self.believed and self.is_ready

    def compare(self, losses, of_learners, weights):
        """Compare it with the learners on the rows of a chunk that both have predicted.

        Parameters
        ----------
        losses, of_learners, weights : ndarrays of shape (n_rows,)
        """
        if not self.is_ready:
            return
        kept = (1 - 1 / (1 + STRETCH * self.rows)) ** np.arange(len(losses), -1.0, -1.0)
        lost = weights * (losses - of_learners)
        self.lead = float(kept[0] * self.lead + kept[1:] @ lost)
        self.squares = float(kept[0] * self.squares + kept[1:] @ lost**2)
        error = np.sqrt(self.squares)
        if self.believed:
            self.believed = bool(self.lead <= DOUBT * error)
        else:
            self.believed = bool(self.lead < 0)
        if self.lead > DRIFT * error:
            vars(self).update(vars(self.at(self.params, self.centred, False)))

    def add(self, X, y, weights):
        """Take in the rows of a chunk.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features)
        y : ndarray of shape (n_rows, n_targets)
        weights : ndarray of shape (n_rows,)
        """
        total = weights.sum()
        mean, target_mean = self.mean, self.target_mean
        if self.centred:
            mean, target_mean = weights @ X / total, weights @ y / total
        X, y = X - mean, y - target_mean
        step, target_step = mean - self.mean, target_mean - self.target_mean
        between = step * (self.weight * total / (self.weight + total))
        weighted = weights[:, None] * X
        with np.errstate(over="ignore", invalid="ignore"):
            moments = self.moments + (weighted.T @ X + np.outer(between, step))
        check_finite(moments)
        self.moments = moments
        self.products = self.products + (weighted.T @ y + np.outer(between, target_step))
        share = total / (self.weight + total)
        self.mean = self.mean + step * share
        self.target_mean = self.target_mean + target_step * share
        self.weight += float(total)
        self.rows += len(X)

    def solve(self, l2):
        """The parameters of least loss plus l2 |w|^2 / 2, if enough rows have come since."""
        stale = self.rows - self.solved >= max(1.0, STALE * self.rows)
        if not stale or self.rows < ROWS_PER_COEFFICIENT * self.params.shape[1]:
            return
        variances = np.diagonal(self.moments)
        scale = np.sqrt(np.where(variances > 0, variances, 1.0))
        system = self.moments / scale / scale[:, None]
        system.flat[:: len(scale) + 1] += ROUNDING + l2 * self.weight / scale**2
        coef = (np.linalg.solve(system, self.products / scale[:, None]) / scale[:, None]).T
        self.params = coef
        if self.centred:
            intercept = self.target_mean - coef @ self.mean
            self.params = np.concatenate([coef, intercept[:, None]], axis=1)
        self.solved = self.rows

    def to_dict(self):
        """Plain numbers and arrays."""
        return dict(vars(self))
