"""Losses L(y, z): what one prediction costs."""

from gdregress.losses.base import Loss
from gdregress.losses.classification import (
    CLASSIFICATION_LOSSES,
    Hinge,
    LogLoss,
    ModifiedHuber,
    Perceptron,
    SquaredHinge,
)
from gdregress.losses.from_function import CallableLoss
from gdregress.losses.multiclass import OneVsRest, Softmax
from gdregress.losses.regression import (
    LOSSES,
    AbsoluteError,
    EpsilonInsensitive,
    Gamma,
    Huber,
    LogCosh,
    Poisson,
    Quantile,
    SquaredEpsilonInsensitive,
    SquaredError,
)

__all__ = [
    "CLASSIFICATION_LOSSES",
    "LOSSES",
    "AbsoluteError",
    "CallableLoss",
    "EpsilonInsensitive",
    "Gamma",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogLoss",
    "Loss",
    "ModifiedHuber",
    "OneVsRest",
    "Perceptron",
    "Poisson",
    "Quantile",
    "Softmax",
    "SquaredEpsilonInsensitive",
    "SquaredError",
    "SquaredHinge",
]
