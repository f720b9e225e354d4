r"""Newton systems of few rows and many columns, from the products of the rows.

With A = [A_c, 1] the design matrix, D >= 0 the second derivatives of the rows and E > 0 the
strengths of an l2 penalty, the second derivatives of the objective are

    H = [[A_c' D A_c + E, A_c' D 1], [1' D A_c, 1' D 1]]

of p + 1 rows, and K = A_c E^-1 A_c' has n. By the identity of Woodbury, with
P = (D^-1 + K)^-1 = W (1 + W K W)^-1 W, W^2 = D, and e = A_c E^-1 g for a gradient (g, g_b),

    H^-1 (g, g_b) = (E^-1 (g - A_c' c), -s),    c = P (e - s 1),    s = (1' P e - g_b) / 1' P 1.

Only K costs n^2 p operations, once. This is the dual of kernel methods, with parameters that stay
those of the columns.

References
----------
Hastie and Tibshirani, "Efficient quadratic regularization for expression arrays", 2004; Golub and
Van Loan, "Matrix computations", 2013, section 2.1.4, for the identity.
"""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from gdregress._core.threads import one_thread_of_blas
from gdregress._objective.evaluation import over_targets
from gdregress._utils.caches import computed_once

# Most rows: their products cost as much as n / 150 passes over the rows.
LARGEST = 1024
# Numbers of a block of columns, which is copied.
BLOCK = 1 << 20
# Condition numbers beyond which a solution has no six digits.
WORST_CONDITION = 1e10
# Least second derivative of a row in a step, in units of their mean. Without it a step may be as
# long as the penalty allows.
FLOOR = 1e-3


class RowSpace:
    """H^-1 of an objective at any point.

    Parameters
    ----------
    objective : DataObjective
    """

    def __init__(self, objective):
        self.objective = objective
        self.design = objective.design
        self.l2 = objective.penalty_curvature()[: self.design.n_features, 0]
        self._factors = {}

    @computed_once
    def products(self):
        """K, by blocks of columns."""
        inside, X = self.design.coordinates, self.design.X
        mean, scale = np.asarray(inside.mean), np.asarray(inside.scale) * np.sqrt(self.l2)
        K, width = np.zeros((len(X),) * 2), max(1, BLOCK // len(X))
        for start in range(0, X.shape[1], width):
            some = slice(start, start + width)
            block = X[:, some] - mean[some]
            block /= scale[some]
            K += block @ block.T
        return K

    def newton_step(self, gradient, z, floor=0.0):
        """H^-1 g where the predictions are z, of the shape of the gradient.

        Parameters
        ----------
        gradient : ndarray of shape (n_parameters,) or (n_parameters, n_targets)
        z : ndarray of shape (n_samples,) or (n_samples, n_targets)
        floor : float
            Least second derivative of a row, in units of their mean.
        """
        columns = gradient.reshape(len(gradient), -1).T
        bent = self._curvatures(z, floor)
        steps = [self._step(k, *each) for k, each in enumerate(zip(bent, columns, strict=True))]
        return np.array(steps).T.reshape(gradient.shape)

    def _curvatures(self, z, floor):
        """D of each target."""
        objective, loss = self.objective, self.objective.loss
        bent = np.asarray(loss.curvature_at(objective.y, z), dtype=float)
        if objective.weights is not None:
            bent = bent * over_targets(objective.weights, bent)
        bent = bent.reshape(len(bent), -1).T / objective.n_samples
        if floor:
            mean = np.mean(bent, axis=1, keepdims=True)
            straight = (loss.curvature or 1.0) / objective.n_samples
            bent = np.maximum(bent, floor * np.where(mean > 0, mean, straight))
        return bent

    def _step(self, target, bent, gradient):
        """H^-1 g of one target; infinite where no row is curved."""
        if not (np.isfinite(bent).all() and bent.any()):
            return np.full_like(gradient, np.inf)
        of_coef = gradient[: self.design.n_features] / self.l2
        e = self._predict(of_coef)
        inverse, s = self._inverse(target, bent), 0.0
        if self.design.fit_intercept:
            s = (inverse(e).sum() - gradient[-1]) / inverse(np.ones_like(e)).sum()
        c = inverse(e - s)
        adjoint = self.design.adjoint(c.astype(self.design.X.dtype)).astype(float)
        step = of_coef - adjoint[: self.design.n_features] / self.l2
        return np.append(step, -s) if self.design.fit_intercept else step

    def _predict(self, coef):
        params = np.append(coef, 0.0) if self.design.fit_intercept else coef
        return self.design.predict(params.astype(self.design.X.dtype)).astype(float)

    def _inverse(self, target, bent):
        """P of a target as a function of vectors; that of the last curvatures is kept."""
        known = self._factors.get(target)
        if known is None or not np.array_equal(known[0], bent):
            root = np.sqrt(bent)
            matrix = root[:, None] * self.products * root
            matrix[np.diag_indices_from(matrix)] += 1.0
            with one_thread_of_blas():
                factor = cho_factor(matrix, lower=True)
            known = self._factors[target] = bent, root, factor
        _, root, factor = known
        return lambda vector: root * cho_solve(factor, root * vector)


def suits(objective):
    """Whether the rows are so few that their products solve the Newton systems."""
    design, inside = objective.design, objective.design.coordinates
    if not (
        isinstance(design.X, np.ndarray)
        and not objective.loss.coupled
        and inside is not None
        and inside.separable
        and design.n_samples <= LARGEST
        and design.n_features >= 2 * design.n_samples
    ):
        return False
    l2 = objective.penalty_curvature()
    if l2.shape[1] > 1 or not (l2[: design.n_features] > 0).all():
        return False
    squares = objective.column_mean_squares[: design.n_features]
    bound = objective.loss.curvature or 1.0
    return bound * float(np.sum(squares / l2[: design.n_features, 0])) <= WORST_CONDITION
