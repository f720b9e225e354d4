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
    Cauchy,
    EpsilonInsensitive,
    Gamma,
    Huber,
    LogCosh,
    NegativeBinomial,
    Poisson,
    Quantile,
    SquaredEpsilonInsensitive,
    SquaredError,
    Tweedie,
)

__all__ = [
    "CLASSIFICATION_LOSSES",
    "LOSSES",
    "AbsoluteError",
    "CallableLoss",
    "Cauchy",
    "EpsilonInsensitive",
    "Gamma",
    "Hinge",
    "Huber",
    "LogCosh",
    "LogLoss",
    "Loss",
    "ModifiedHuber",
    "NegativeBinomial",
    "OneVsRest",
    "Perceptron",
    "Poisson",
    "Quantile",
    "Softmax",
    "SquaredEpsilonInsensitive",
    "SquaredError",
    "SquaredHinge",
    "Tweedie",
]
