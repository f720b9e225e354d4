"""How many epochs batch descent takes on a quadratic function, by its eigenvalues.

L and mu are its largest and smallest curvature and kappa = L / mu; L is at least the largest
curvature on the path to the quadratic function.

=================  =====================  ==============================================
rule               best rate              best momentum
=================  =====================  ==============================================
gd                 2 / (L + mu)
momentum           4 / (sqrt L + sqrt     ((sqrt kappa - 1) / (sqrt kappa + 1))^2
                   mu)^2
nesterov           4 / (3 L + mu)         (sqrt(3 kappa + 1) - 2) / (sqrt(3 kappa + 1) + 2)
nesterov, "auto"   1 / L                  the accelerated sequence
=================  =====================  ==============================================

The gap after k epochs, sum_j lambda_j e_jk^2 / 2 with e the distance from the minimum along each
eigenvector, follows without reading the rows.

References
----------
Lessard, Recht and Packard, "Analysis and design of optimization algorithms via integral quadratic
constraints", 2016, table 1, for quadratic functions.
"""

from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

import numpy as np

from gdregress._objective.spectral import affine
from gdregress.optimizers import GradientDescent, Momentum, Nesterov, Optimizer

# Largest count of epochs that is predicted, and that an accelerated sequence is run for.
MOST, MOST_OF_SEQUENCE = 10**9, 100_000
# Curvatures below this share of the largest are rounding.
ROUNDING = 1e-14


@dataclass(frozen=True)
class Prediction:
    """The epochs of an optimizer at its best learning rate and momentum.

    Attributes
    ----------
    optimizer : str
    momentum : float, "auto" or None
    stable_rate : float
        Largest learning rate that does not diverge at this momentum.
    best_rate : float
    epochs : int or inf
        Until the gap is tol^2 times that of the best constant; inf for more than a billion, or
        more than 100,000 of the accelerated sequence.
    """

    optimizer: str
    momentum: Any
    stable_rate: float
    best_rate: float
    epochs: float


class Quadratic:
    """A quadratic function along its eigenvectors, with the slopes at the start of a descent.

    Parameters
    ----------
    curvature : ndarray of shape (n_directions,)
    slopes : ndarray of shape (n_directions,)
        Derivatives at the start.
    threshold : float
        Gap at which descent ends.
    largest_on_the_way : float, default=0.0
        Largest curvature on the path to this function, which limits the learning rate.
    """

    def __init__(self, curvature, slopes, threshold, largest_on_the_way=0.0):
        floor = ROUNDING * len(curvature) * float(curvature.max(initial=0.0))
        curved = curvature > floor
        self.curvature, self.slopes = curvature[curved], slopes[curved]
        self.threshold = threshold
        self.largest = max(float(self.curvature.max(initial=0.0)), largest_on_the_way)
        self.smallest = float(self.curvature.min(initial=self.largest))

    def gap(self, position):
        """F - F* at a displacement along each eigenvector."""
        distance = position + self.slopes / self.curvature
        return float(np.sum(self.curvature * distance**2) / 2)

    def epochs(self, rule, rate, most=MOST):
        """Epochs until the gap is at most the threshold; inf if they are more than ``most``."""
        if self.gap(0 * self.slopes) <= self.threshold:
            return 0
        if rule.recurrence(rate, self.curvature) is None:
            return self._of_sequence(rule, rate, min(most, MOST_OF_SEQUENCE))
        updates = _Powers(rule.recurrence(rate, self.curvature), rate)
        return updates.first(
            lambda factors: self.gap(-factors * self.slopes), self.threshold, most
        )

    def _of_sequence(self, rule, rate, most):
        """The same for a rule whose momentum changes, by running it along the eigenvectors."""
        position = 0 * self.slopes
        memory = rule.init(position)
        for k in range(1, most + 1):
            grad = self.slopes + self.curvature * rule.lookahead(position, memory)
            position, memory = rule.step(position, grad, memory, rate, lambda w, s: w)
            if self.gap(position) <= self.threshold:
                return k
        return inf


class _Powers:
    """Factors of `SpectralDescent` after any number of updates, from powers of two."""

    def __init__(self, recurrence, rate):
        self.squares = [affine(recurrence, rate)]

    def first(self, gap_of, threshold, most):
        """Smallest number of updates whose gap is at most a threshold; gaps have to decrease."""
        start = np.zeros((len(self.squares[0]), 3))
        start[:, 2] = 1.0
        with np.errstate(over="ignore", invalid="ignore"):
            while not gap_of(self._apply(-1, start)[:, 0]) <= threshold:
                if 2 ** len(self.squares) > most:
                    return inf
                self.squares.append(self.squares[-1] @ self.squares[-1])
            # bisection: the largest number of updates whose gap is above the threshold
            state, count = start, 0
            for i in reversed(range(len(self.squares) - 1)):
                further = self._apply(i, state)
                if gap_of(further[:, 0]) > threshold:
                    state, count = further, count + 2**i
        return count + 1

    def _apply(self, i, state):
        return np.einsum("nij,nj->ni", self.squares[i], state)


def tuned(largest, smallest):
    """Each rule with its best momentum, and its best rate: the table of this module."""
    if not largest > 0:  # a flat function: any rate stays at the start
        largest = smallest = 1.0
    kappa = largest / smallest
    root, tripled = sqrt(kappa), sqrt(3 * kappa + 1)
    heavy_ball = ((root - 1) / (root + 1)) ** 2
    nesterov = (tripled - 2) / (tripled + 2)
    rules: list[tuple[Optimizer, float]] = [
        (GradientDescent(), 2 / (largest + smallest)),
        (Momentum(heavy_ball), 4 / (sqrt(largest) + sqrt(smallest)) ** 2),
        (Nesterov(nesterov), 4 / (3 * largest + smallest)),
        (Nesterov("auto"), 1 / largest),
    ]
    return rules


def predictions(quadratic):
    """A `Prediction` for each rule.

    Parameters
    ----------
    quadratic : Quadratic
    """
    names = ("gd", "momentum", "nesterov", "nesterov")
    found = []
    for name, (rule, rate) in zip(
        names, tuned(quadratic.largest, quadratic.smallest), strict=True
    ):
        found.append(
            Prediction(
                optimizer=name,
                momentum=getattr(rule, "momentum", None),
                stable_rate=float(rule.stable_limit(quadratic.largest)),
                best_rate=rate,
                epochs=quadratic.epochs(rule, rate),
            )
        )
    return found
