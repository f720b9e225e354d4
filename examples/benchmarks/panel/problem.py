"""One objective on one table, as the package defines it and as this benchmark computes it.

F(w, b) = mean_i L(y_i, x_i . w + b) + alpha ||w||^2 / 2
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from gdregress import GDClassifier, GDRegressor
from gdregress.losses import Quantile
from panel.formulas import FORMULAS, QUANTILE, suits
from panel.tables import Table

ALPHA = 1e-4  # GDClassifier's default; GDRegressor has no penalty


@dataclass(frozen=True, eq=False)
class Problem:
    """A table, the name of a loss, and the strength of l2."""

    table: Table
    loss: str
    alpha: float

    @property
    def formula(self):
        return FORMULAS[self.loss]

    @property
    def is_softmax(self):
        return self.loss == "log_loss" and self.n_classes > 2

    @property
    def n_classes(self):
        return int(self.table.y.max()) + 1 if self.table.is_classes else 0

    @property
    def targets(self):
        """What a fit is given: numbers, those of a loss with a threshold of size 1, or classes."""
        y = self.table.y
        return y / y.std() if self.formula.units else y

    def columns_of_targets(self):
        """What the formula is given, shape (n, 1) or (n, n_classes): numbers or labels -1, 1."""
        y = self.targets
        if not self.table.is_classes:
            return y[:, None]
        if self.n_classes == 2:
            return (2.0 * y - 1)[:, None]
        return np.where(y[:, None] == np.arange(self.n_classes), 1.0, -1.0)

    def estimator(self, **settings):
        """The package's estimator of this objective."""
        loss = Quantile(QUANTILE) if self.loss == "quantile" else self.loss
        if not self.table.is_classes:
            return GDRegressor(loss, random_state=0, **settings)
        return GDClassifier(loss, alpha=self.alpha, random_state=0, **settings)

    def value(self, coef, intercept):
        """F(w, b), in double precision and by the formulas of this benchmark."""
        coef = np.atleast_2d(np.asarray(coef, dtype=float))
        with np.errstate(over="ignore", invalid="ignore"):
            z = self.table.X @ coef.T + np.asarray(intercept, dtype=float)
            if self.is_softmax:
                losses = logsumexp(z, axis=1) - z[np.arange(len(z)), self.table.y]
            else:
                losses = self.formula.value(self.columns_of_targets(), z).sum(axis=1)
            value = float(losses.mean() + self.alpha / 2 * np.sum(coef**2))
        return value if np.isfinite(value) else np.inf


def problems(table, losses=None):
    """The problems of a table: one for each loss that suits its target, or for those named."""
    return [
        Problem(table, name, ALPHA if table.is_classes else 0.0)
        for name, formula in FORMULAS.items()
        if suits(formula, table) and (losses is None or name in losses)
    ]
