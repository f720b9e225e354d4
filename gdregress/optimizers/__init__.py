"""Optimizers: how one gradient becomes one step.

The step receives the prox of the penalty and applies it inside, so that every rule reaches the
same minimiser; rules with a step size for each coordinate hand the prox those steps. The state of
a rule goes in and comes out, which is all that warm starts and `partial_fit` need. To add an
optimizer, write a class with `init`, `lookahead` and `step` and add a line to `OPTIMIZERS`.
"""

from gdregress.optimizers.adaptive import OPTIMIZERS, AdaGrad, Adam, AMSGrad, NAdam, RMSProp
from gdregress.optimizers.base import Optimizer
from gdregress.optimizers.from_optax import Transformation
from gdregress.optimizers.momentum import SVRG, GradientDescent, Momentum, Nesterov

__all__ = [
    "OPTIMIZERS",
    "SVRG",
    "AMSGrad",
    "AdaGrad",
    "Adam",
    "GradientDescent",
    "Momentum",
    "NAdam",
    "Nesterov",
    "Optimizer",
    "RMSProp",
    "Transformation",
]
