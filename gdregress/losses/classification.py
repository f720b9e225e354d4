r"""Losses of one label y, which is -1 or 1, and its raw prediction z = x . w + b.

All are functions of the margin m = y z, which is positive where the sign of z is that of the
label. To add one, write a class with `value` and `gradient` and a line in
`CLASSIFICATION_LOSSES`; a loss that gives the labels probabilities has `probability` as well.
"""

from __future__ import annotations

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array
from gdregress.losses.base import Loss
from gdregress.losses.pieces import Pieces


class LogLoss(Loss):
    """L = log(1 + exp(-m)), m = y z: the negative log likelihood where P(y = 1) = 1 / (1 + e^-z).

    References
    ----------
    Hastie, Tibshirani and Friedman, "The elements of statistical learning", 2nd edition,
    section 4.4.1.
    """

    multinomial = True
    always_positive = True
    convex = True
    kernel = "LogLoss"
    curvature = 0.25
    target_range = "labels"

    def value(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        margin = y * z
        # the exponent is never positive: nothing overflows
        return xp.clip(-margin, min=0.0) + xp.log1p(xp.exp(-abs(margin)))

    def gradient(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        margin = y * z
        small = xp.exp(-abs(margin))
        return -y * xp.where(margin > 0, small, xp.ones_like(small)) / (1 + small)

    def curvature_at(self, y: Array, z: Array) -> Array:
        # p (1 - p), whose digits do not cancel far out
        small = namespace(z).exp(-abs(z))
        return small / (1 + small) ** 2

    def log_probability(self, z: Array) -> Array:
        """log P(y = 1), finite however small it is."""
        xp = namespace(z)
        return xp.clip(z, max=0.0) - xp.log1p(xp.exp(-abs(z)))

    def probability(self, z: Array) -> Array:
        """P(y = 1)."""
        return self.label_probabilities(z)[1]

    def label_probabilities(self, z: Array) -> tuple[Array, Array]:
        """P(y = -1) and P(y = 1); 1 minus the other would lose the digits of a small one."""
        xp = namespace(z)
        # one of the two is 1, the other e^-|z|: no comparison, which would be guessed wrongly
        first, second = xp.exp(xp.clip(-z, max=0.0)), xp.exp(xp.clip(z, max=0.0))
        total = first + second
        return first / total, second / total


class Hinge(Loss):
    """L = max(0, 1 - m), m = y z: the linear support vector machine.

    References
    ----------
    Vapnik, "The nature of statistical learning theory", 1995, section 5.4.
    """

    convex = True
    kernel = "Hinge"
    smooth = False
    pieces = Pieces(-1.0, 0.0, 1.0, 1.0)
    target_range = "labels"

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(1 - y * z, min=0.0)

    def gradient(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(y * z < 1, -y, xp.zeros_like(z))

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).zeros_like(z)


class SquaredHinge(Loss):
    """L = max(0, 1 - m)^2, m = y z, without a factor 1/2, as in ``LinearSVC``."""

    convex = True
    kernel = "SquaredHinge"
    curvature = 2.0
    target_range = "labels"

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(1 - y * z, min=0.0) ** 2

    def gradient(self, y: Array, z: Array) -> Array:
        return -2 * y * namespace(z).clip(1 - y * z, min=0.0)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return 2 * namespace(z).astype(y * z < 1, z.dtype)


class ModifiedHuber(Loss):
    """L = max(0, 1 - m)^2 where m >= -1, -4 m beyond; m = y z: a hinge that outliers bear.

    References
    ----------
    Zhang, "Solving large scale linear prediction problems using stochastic gradient descent
    algorithms", 2004, table 1.
    """

    convex = True
    kernel = "ModifiedHuber"
    curvature = 2.0
    target_range = "labels"

    def value(self, y: Array, z: Array) -> Array:
        missing = namespace(z).clip(1 - y * z, min=0.0)
        clipped = namespace(z).clip(missing, max=2.0)
        return clipped * (2 * missing - clipped)

    def gradient(self, y: Array, z: Array) -> Array:
        return -2 * y * namespace(z).clip(1 - y * z, min=0.0, max=2.0)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return 2 * namespace(z).astype(abs(y * z) < 1, z.dtype)

    def probability(self, z: Array) -> Array:
        """P(y = 1) = (min(1, max(-1, z)) + 1) / 2: section 3 of the same source."""
        return (namespace(z).clip(z, -1.0, 1.0) + 1) / 2


class Perceptron(Loss):
    """L = max(0, -m), m = y z: descent by single rows is Rosenblatt's perceptron.

    It asks for the right side only, without a margin. Zero coefficients have no loss at all;
    descent leaves them by the slope -y, and ends at zero loss where the classes can be separated.

    References
    ----------
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization
    in the brain", 1958.
    """

    convex = True
    kernel = "Perceptron"
    smooth = False
    pieces = Pieces(-1.0, 0.0)
    target_range = "labels"

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).clip(-y * z, min=0.0)

    def gradient(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        return xp.where(y * z <= 0, -y, xp.zeros_like(z))

    def curvature_at(self, y: Array, z: Array) -> Array:
        return namespace(z).zeros_like(z)


CLASSIFICATION_LOSSES: dict[str, type[Loss]] = {
    "log_loss": LogLoss,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "modified_huber": ModifiedHuber,
    "perceptron": Perceptron,
}
