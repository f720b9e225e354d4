"""Adaptive rules: past gradients scale the step size of each coordinate.

Letters: w parameters, g gradient, lr learning rate, s step sizes, G sum of g^2, m and n decaying
means of g and g^2, t count of steps.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array, Prox
from gdregress._utils.validation import Interval
from gdregress.optimizers.base import Optimizer
from gdregress.optimizers.momentum import SVRG, GradientDescent, Momentum, Nesterov

_DECAY = [Interval(Real, 0, 1, closed="left")]
_POSITIVE = [Interval(Real, 0, None, closed="neither")]


class AdaGradState(NamedTuple):
    """Sum of the squared gradients."""

    total: Array


class AdaGrad(Optimizer):
    """G <- G + g^2; s = lr / (sqrt(G) + epsilon); w <- prox_s(w - s g).

    Parameters
    ----------
    epsilon : float, default=1e-10
        Keeps the division defined, in the units of the gradient.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 2011, figure 1.
    """

    adaptive = True
    decays_by_itself = True
    kernel, kernel_constants = "AdaGrad", (None, None, "epsilon")
    kernel_memory = ("total",)
    _parameter_constraints = {"epsilon": _POSITIVE}

    def __init__(self, epsilon: float = 1e-10) -> None:
        self.epsilon = epsilon

    def init(self, params: Array) -> AdaGradState:
        return AdaGradState(total=0 * params)

    def lookahead(self, params: Array, state: AdaGradState) -> Array:
        return params

    def step(
        self, params: Array, grad: Array, state: AdaGradState, learning_rate: float, prox: Prox
    ) -> tuple[Array, AdaGradState]:
        total = state.total + grad * grad
        step_size = learning_rate / (_sqrt(total) + self.epsilon)
        return prox(params - step_size * grad, step_size), AdaGradState(total)


class RMSPropState(NamedTuple):
    """Decaying mean of the squared gradients."""

    second_moment: Array


class RMSProp(Optimizer):
    """n <- rho n + (1 - rho) g^2; s = lr / (sqrt(n) + epsilon); w <- prox_s(w - s g).

    Parameters
    ----------
    rho : float in [0, 1), default=0.9
        Decay of the mean of squared gradients.
    epsilon : float, default=1e-8
        Keeps the division defined, in the units of the gradient.

    References
    ----------
    Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5, 2012.
    """

    adaptive = True
    keeps_step_length = True
    kernel, kernel_constants = "RMSProp", (None, "rho", "epsilon")
    kernel_memory = ("second_moment",)
    _parameter_constraints = {"rho": _DECAY, "epsilon": _POSITIVE}

    def __init__(self, rho: float = 0.9, epsilon: float = 1e-8) -> None:
        self.rho = rho
        self.epsilon = epsilon

    def init(self, params: Array) -> RMSPropState:
        return RMSPropState(second_moment=0 * params)

    def lookahead(self, params: Array, state: RMSPropState) -> Array:
        return params

    def step(
        self, params: Array, grad: Array, state: RMSPropState, learning_rate: float, prox: Prox
    ) -> tuple[Array, RMSPropState]:
        second_moment = self.rho * state.second_moment + (1 - self.rho) * (grad * grad)
        step_size = learning_rate / (_sqrt(second_moment) + self.epsilon)
        return prox(params - step_size * grad, step_size), RMSPropState(second_moment)


class AdamState(NamedTuple):
    """Decaying means of the gradients and of their squares, and the number of steps."""

    first_moment: Array
    second_moment: Array
    count: int


class _AdamFamily(Optimizer):
    """The moments shared by Adam, AMSGrad and NAdam, with bias correction.

    m <- beta_1 m + (1 - beta_1) g;  n <- beta_2 n + (1 - beta_2) g^2.
    """

    adaptive = True
    kernel_constants = ("beta_1", "beta_2", "epsilon")
    kernel_memory = ("first_moment", "second_moment")
    _parameter_constraints = {"beta_1": _DECAY, "beta_2": _DECAY, "epsilon": _POSITIVE}

    def __init__(self, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def lookahead(self, params: Array, state: Any) -> Array:
        return params

    def _moments(self, grad: Array, state: Any) -> tuple[Array, Array, int]:
        first = self.beta_1 * state.first_moment + (1 - self.beta_1) * grad
        second = self.beta_2 * state.second_moment + (1 - self.beta_2) * (grad * grad)
        return first, second, state.count + 1

    def _move(
        self,
        params: Array,
        direction: Array,
        second: Array,
        count: int,
        learning_rate: float,
        prox: Prox,
    ) -> Array:
        """w <- prox_s(w - s direction) with s = lr / (sqrt(n / (1 - beta_2^t)) + epsilon)."""
        scale = _sqrt(second / (1 - self.beta_2**count)) + self.epsilon
        step_size = learning_rate / scale
        return prox(params - step_size * direction, step_size)


class Adam(_AdamFamily):
    """w <- prox_s(w - s m / (1 - beta_1^t)), s = lr / (sqrt(n / (1 - beta_2^t)) + epsilon).

    m and n are decaying means of g and g^2. The penalty acts through the prox with the same
    steps s, so that the minimiser is that of the penalised objective, which decoupled weight
    decay does not keep.

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay of the means.
    epsilon : float, default=1e-8
        Keeps the division defined, in the units of the gradient.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
    """

    keeps_step_length = True
    kernel = "Adam"

    def init(self, params: Array) -> AdamState:
        return AdamState(0 * params, 0 * params, 0)

    def step(
        self, params: Array, grad: Array, state: AdamState, learning_rate: float, prox: Prox
    ) -> tuple[Array, AdamState]:
        first, second, count = self._moments(grad, state)
        direction = first / (1 - self.beta_1**count)
        new = self._move(params, direction, second, count, learning_rate, prox)
        return new, AdamState(first, second, count)


class AMSGradState(NamedTuple):
    """The moments of Adam and the largest second moment so far."""

    first_moment: Array
    second_moment: Array
    largest: Array
    count: int


class AMSGrad(_AdamFamily):
    """Adam with the largest n so far in place of n, so that steps never grow back.

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay of the means.
    epsilon : float, default=1e-8
        Keeps the division defined, in the units of the gradient.

    References
    ----------
    Reddi, Kale and Kumar, "On the convergence of Adam and beyond", 2018, algorithm 2; with
    Adam's bias correction, as in PyTorch.
    """

    kernel = "AMSGrad"
    kernel_memory = ("first_moment", "second_moment", "largest")

    def init(self, params: Array) -> AMSGradState:
        return AMSGradState(0 * params, 0 * params, 0 * params, 0)

    def step(
        self, params: Array, grad: Array, state: AMSGradState, learning_rate: float, prox: Prox
    ) -> tuple[Array, AMSGradState]:
        first, second, count = self._moments(grad, state)
        largest = namespace(params).maximum(state.largest, second)
        direction = first / (1 - self.beta_1**count)
        new = self._move(params, direction, largest, count, learning_rate, prox)
        return new, AMSGradState(first, second, largest, count)


class NAdam(_AdamFamily):
    """Adam with Nesterov's momentum in its direction.

    w <- prox_s(w - s (beta_1 m / (1 - beta_1^(t+1)) + (1 - beta_1) g / (1 - beta_1^t))).

    Parameters
    ----------
    beta_1, beta_2 : float in [0, 1), default=0.9 and 0.999
        Decay of the means.
    epsilon : float, default=1e-8
        Keeps the division defined, in the units of the gradient.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", 2016, algorithm 2.
    """

    keeps_step_length = True
    kernel = "NAdam"

    def init(self, params: Array) -> AdamState:
        return AdamState(0 * params, 0 * params, 0)

    def step(
        self, params: Array, grad: Array, state: AdamState, learning_rate: float, prox: Prox
    ) -> tuple[Array, AdamState]:
        first, second, count = self._moments(grad, state)
        nesterov_term = self.beta_1 * first / (1 - self.beta_1 ** (count + 1))
        direction = nesterov_term + (1 - self.beta_1) * grad / (1 - self.beta_1**count)
        new = self._move(params, direction, second, count, learning_rate, prox)
        return new, AdamState(first, second, count)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "gd": GradientDescent,
    "svrg": SVRG,
    "momentum": Momentum,
    "nesterov": Nesterov,
    "adagrad": AdaGrad,
    "rmsprop": RMSProp,
    "adam": Adam,
    "amsgrad": AMSGrad,
    "nadam": NAdam,
}


def _sqrt(array: Array) -> Array:
    return namespace(array).sqrt(array)
