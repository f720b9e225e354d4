"""The losses without the package: value, slope and curvature in z.

Targets of numbers are y; labels are -1 and 1.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

QUANTILE = 0.8


@dataclass(frozen=True)
class Formula:
    """L(y, z) with its derivatives in z; those of a kink are not given.

    `units` says whether a threshold has the units of y, `range` of which targets it is.
    """

    value: object
    slope: object = None
    curvature: object = None
    units: bool = False
    range: str = "numbers"

    @property
    def is_smooth(self):
        return self.slope is not None


def _beyond(y, z, epsilon=0.1):
    """How far z lies outside the zone of half-width epsilon around y, with its sign."""
    return (z - y) - np.clip(z - y, -epsilon, epsilon)


def _huber(y, z, epsilon=1.35):
    clipped = np.clip(z - y, -epsilon, epsilon)
    return clipped * (z - y - clipped / 2)


def _log_cosh(y, z):
    size = np.abs(z - y)
    return size + np.log1p(np.expm1(-2 * size) / 2)


def _pinball(y, z):
    return np.maximum(QUANTILE * (y - z), (QUANTILE - 1) * (y - z))


def _missing(y, z):
    """1 - y z, cut at 0: what the margin lacks."""
    return np.maximum(1 - y * z, 0)


def _modified_huber(y, z):
    missing = _missing(y, z)
    return np.where(missing < 2, missing**2, 4 * (missing - 1))


FORMULAS = {
    "squared_error": Formula(
        lambda y, z: (z - y) ** 2 / 2, lambda y, z: z - y, lambda y, z: np.ones_like(z)
    ),
    "huber": Formula(
        _huber,
        lambda y, z: np.clip(z - y, -1.35, 1.35),
        lambda y, z: (np.abs(z - y) <= 1.35).astype(float),
        units=True,
    ),
    "log_cosh": Formula(
        _log_cosh,
        lambda y, z: np.tanh(z - y),
        lambda y, z: 1 - np.tanh(z - y) ** 2,
        units=True,
    ),
    "squared_epsilon_insensitive": Formula(
        lambda y, z: _beyond(y, z) ** 2,
        lambda y, z: 2 * _beyond(y, z),
        lambda y, z: 2.0 * (_beyond(y, z) != 0),
        units=True,
    ),
    "absolute_error": Formula(lambda y, z: np.abs(z - y)),
    "quantile": Formula(_pinball),
    "epsilon_insensitive": Formula(lambda y, z: np.abs(_beyond(y, z)), units=True),
    "poisson": Formula(
        lambda y, z: np.exp(z) - y * z,
        lambda y, z: np.exp(z) - y,
        lambda y, z: np.exp(z),
        range="counts",
    ),
    "gamma": Formula(
        lambda y, z: z + y * np.exp(-z),
        lambda y, z: 1 - y * np.exp(-z),
        lambda y, z: y * np.exp(-z),
        range="positive",
    ),
    "log_loss": Formula(
        lambda y, z: np.logaddexp(0, -y * z),
        lambda y, z: -y * expit(-y * z),
        lambda y, z: expit(z) * expit(-z),
        range="labels",
    ),
    "squared_hinge": Formula(
        lambda y, z: _missing(y, z) ** 2,
        lambda y, z: -2 * y * _missing(y, z),
        lambda y, z: 2.0 * (_missing(y, z) > 0),
        range="labels",
    ),
    "modified_huber": Formula(
        _modified_huber,
        lambda y, z: -2 * y * np.minimum(_missing(y, z), 2),
        lambda y, z: 2.0 * ((_missing(y, z) > 0) & (_missing(y, z) < 2)),
        range="labels",
    ),
    "hinge": Formula(_missing, range="labels"),
}


def suits(formula, table):
    """Whether a loss makes sense for the target of a table."""
    y = table.y
    if table.is_classes or formula.range == "labels":
        return table.is_classes and formula.range == "labels"
    if formula.range == "counts":
        return bool(np.all(y >= 0) and np.all(y == np.round(y)) and y.sum() > 0)
    return formula.range == "numbers" or bool(np.all(y > 0))
