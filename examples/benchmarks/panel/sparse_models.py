"""The problems of the panel under l1, and how far a model can be from their minimum.

F(W, b) = mean_i L(y_i, W x_i + b) + alpha ||W||_1, summed over targets or classes. With the
smallest subgradient s of F at W and the intercepts that are best for W, convexity gives

    F - F* <= s . (w - w*) <= sum_j |s_j w_j| + max_j |s_j| ||w*||_1,
    ||w*||_1 <= (F_0 - mean_i min L(y_i, .)) / alpha,

F_0 being the value of the best constant.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from gdregress import GDClassifier, GDRegressor
from panel.optima import null
from panel.problem import Problem, problems

ALPHA = 1e-2  # in units of the target for squared error
NEWTON_STEPS = 20


@dataclass(frozen=True, eq=False)
class SparseProblem(Problem):
    """A problem under l1 in place of l2, of strength `l1`."""

    l1: float

    def estimator(self, **settings):
        kind = GDClassifier if self.table.is_classes else GDRegressor
        return kind(self.loss, penalty="l1", alpha=self.l1, random_state=0, **settings)

    def value(self, coef, intercept):
        return super().value(coef, intercept) + self.l1 * float(np.sum(np.abs(coef)))

    def bound(self, coef, intercept):
        """An upper bound of F - F* at these coefficients and the intercepts best for them."""
        coef, X, y = np.atleast_2d(coef), self.table.X, self.columns_of_targets()
        z = X @ coef.T + self._best_intercept(X @ coef.T, np.array(intercept, dtype=float), y)
        # the slopes of the best intercepts add up to zero: centred columns keep their digits
        gradient = self._slopes(y, z).T @ (X - X.mean(axis=0)) / len(y)
        held = np.sign(gradient) * np.maximum(np.abs(gradient) - self.l1, 0)
        s = np.where(coef == 0, held, gradient + self.l1 * np.sign(coef))
        largest = (null(self) - self._least_loss(y)) / self.l1
        return float(np.sum(np.abs(s * coef)) + np.max(np.abs(s)) * largest)

    def _slopes(self, y, z):
        return softmax(z, axis=1) - (y > 0) if self.is_softmax else self.formula.slope(y, z)

    def _best_intercept(self, z, b, y):
        """By Newton's method, from where a fit has left them."""
        b = np.atleast_1d(b)
        for _ in range(NEWTON_STEPS):
            slopes = self._slopes(y, z + b).mean(axis=0)
            if self.is_softmax:
                P = softmax(z + b, axis=1)
                curved = np.diag(P.mean(axis=0)) - P.T @ P / len(P)
                b = b - np.linalg.lstsq(curved, slopes)[0]
            else:
                b = b - slopes / np.maximum(self.formula.curvature(y, z + b).mean(axis=0), 1e-12)
        return b

    def _least_loss(self, y):
        if self.formula.range not in ("counts", "positive"):
            return 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            losses = self.formula.value(y, np.log(y))
        return float(np.mean(np.where(y > 0, losses, 0.0)))


def sparse_problems(table, losses=None):
    """The smooth problems of a table under l1."""
    return [
        SparseProblem(table, p.loss, 0.0, ALPHA * _unit(p))
        for p in problems(table, losses)
        if p.formula.is_smooth
    ]


def _unit(problem):
    return float(problem.targets.std()) if problem.loss == "squared_error" else 1.0
