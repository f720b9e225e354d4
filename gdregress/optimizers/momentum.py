"""Rules with one step size for all coordinates: gradient descent, with and without momentum.

Letters: w parameters, g gradient, lr learning rate, v velocity, L largest curvature.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Literal, NamedTuple

import numpy as np

from gdregress._utils.array_api import dot
from gdregress._utils.types import Array, Prox
from gdregress._utils.validation import Interval, StrOptions
from gdregress.optimizers.base import Optimizer

_MOMENTUM = [Interval(Real, 0, 1, closed="left"), StrOptions(["auto"])]


class EmptyState(NamedTuple):
    """State of a rule that remembers nothing."""


class GradientDescent(Optimizer):
    """w <- prox(w - lr g), stable up to lr = 2 / L."""

    kernel = "GradientDescent"

    def init(self, params: Array) -> EmptyState:
        return EmptyState()

    def lookahead(self, params: Array, state: EmptyState) -> Array:
        return params

    def step(
        self, params: Array, grad: Array, state: EmptyState, learning_rate: float, prox: Prox
    ) -> tuple[Array, EmptyState]:
        return prox(params - learning_rate * grad, learning_rate), state

    def stable_limit(self, curvature: float) -> float:
        return _limit(2, curvature)

    def recurrence(self, learning_rate: float, curvature: Array) -> Array | None:
        return _recurrence(1 - learning_rate * curvature, 0 * curvature)


class SVRG(GradientDescent):
    """Stochastic variance-reduced gradient: w <- prox(w - lr g), with a g that becomes exact.

    Of a batch B of rows a_i with weights s_i and slopes r_i = dL/dz_i, the loop takes

        g = mean_B s_i (r_i(w) - r_i(w_0)) a_i + mean s_i r_i(w_0) a_i,

    where w_0, the snapshot, is the point at the end of the last epoch, and the second mean, over
    all rows, is the gradient there, which every epoch ends with anyway. The expectation of g is
    the gradient at w, and its variance vanishes as w and w_0 approach the minimum: at a constant
    rate the run converges to it, at a geometric pace where the objective is strongly convex.

    For solver="stochastic" and "mini-batch" and smooth losses.

    References
    ----------
    Johnson and Zhang, "Accelerating stochastic gradient descent using predictive variance
    reduction", 2013, option I. Xiao and Zhang, "A proximal stochastic gradient method with
    progressive variance reduction", 2014, for the prox.
    """

    variance_reduced = True


class MomentumState(NamedTuple):
    """The last displacement."""

    velocity: Array


class Momentum(Optimizer):
    """Heavy ball: v <- momentum v - lr g; w' = prox(w + v); v <- w' - w.

    Parameters
    ----------
    momentum : float in [0, 1) or "auto", default=0.9
        "auto" is resolved by the estimator: the optimal constant where the smallest curvature
        is known, 0.9 otherwise.

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; for the
    stable limit 2 (1 + momentum) / L, "Introduction to optimization", 1987, section 3.2.1.
    """

    searched_point = False
    kernel, kernel_constants, kernel_memory = "Momentum", ("momentum",), ("velocity",)
    momentum: float | Literal["auto"]
    _parameter_constraints = {"momentum": _MOMENTUM}

    def __init__(self, momentum: float | Literal["auto"] = 0.9) -> None:
        self.momentum = momentum

    def init(self, params: Array) -> MomentumState:
        return MomentumState(velocity=0 * params)

    def lookahead(self, params: Array, state: MomentumState) -> Array:
        return params

    def step(
        self, params: Array, grad: Array, state: MomentumState, learning_rate: float, prox: Prox
    ) -> tuple[Array, MomentumState]:
        velocity = self.momentum * state.velocity - learning_rate * grad
        new = prox(params + velocity, learning_rate)
        return new, MomentumState(velocity=new - params)

    def stable_limit(self, curvature: float) -> float:
        momentum = 1.0 if self.momentum == "auto" else self.momentum
        return _limit(2 * (1 + momentum), curvature)

    def recurrence(self, learning_rate: float, curvature: Array) -> Array | None:
        if self.momentum == "auto":
            return None
        return _recurrence(1 - learning_rate * curvature, self.momentum + 0 * curvature)


class NesterovState(NamedTuple):
    """The last displacement, and the sequence t of the accelerated momentum."""

    velocity: Array
    t: float


class Nesterov(Optimizer):
    """Nesterov: u = w + momentum v; w' = prox(u - lr g(u)); v <- w' - w.

    With ``momentum="auto"`` the momentum of each step is (t - 1) / t', where
    t' = (1 + sqrt(1 + 4 t^2)) / 2 starts at t = 1 and starts again whenever the step turns
    against the last displacement, (u - w') . (w' - w) > 0.

    Parameters
    ----------
    momentum : float in [0, 1) or "auto", default=0.9
        A constant, or the accelerated sequence with adaptive restart.

    References
    ----------
    Sutskever et al., "On the importance of initialization and momentum", 2013, section 2.
    Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm", 2009, section 4.
    O'Donoghue and Candes, "Adaptive restart for accelerated gradient schemes", 2015, section 3.2.
    """

    restarts = True
    kernel, kernel_constants, kernel_memory = "Nesterov", ("momentum",), ("velocity",)
    momentum: float | Literal["auto"]
    _parameter_constraints = {"momentum": _MOMENTUM}

    def __init__(self, momentum: float | Literal["auto"] = 0.9) -> None:
        self.momentum = momentum

    def init(self, params: Array) -> NesterovState:
        return NesterovState(velocity=0 * params, t=1.0)

    def current_momentum(self, state: NesterovState) -> float:
        """Momentum of the next step."""
        if self.momentum != "auto":
            return self.momentum
        return (state.t - 1) / _next_t(state.t)

    def lookahead(self, params: Array, state: NesterovState) -> Array:
        momentum = self.current_momentum(state)
        return params if momentum == 0 else params + momentum * state.velocity

    def step(
        self, params: Array, grad: Array, state: NesterovState, learning_rate: float, prox: Prox
    ) -> tuple[Array, NesterovState]:
        point = self.lookahead(params, state)
        new = prox(point - learning_rate * grad, learning_rate)
        velocity = new - params
        if self.momentum != "auto":
            return new, NesterovState(velocity, state.t)
        turned = dot(point - new, velocity) > 0
        return new, NesterovState(velocity, 1.0 if turned else _next_t(state.t))

    def stable_limit(self, curvature: float) -> float:
        """(2 + 2 m) / ((1 + 2 m) L), where the accelerated sequence tends to m = 1.

        With a = lr L, a root of z^2 - (1 + m) (1 - a) z + m (1 - a) is -1 at that rate.
        """
        momentum = 1.0 if self.momentum == "auto" else self.momentum
        return _limit((2 + 2 * momentum) / (1 + 2 * momentum), curvature)

    def recurrence(self, learning_rate: float, curvature: Array) -> Array | None:
        if self.momentum == "auto":
            return None
        kept = 1 - learning_rate * curvature
        return _recurrence(kept, self.momentum * kept)


def _limit(number: float, curvature: float) -> float:
    """The rate at which rate * curvature is a number; any, where nothing is curved."""
    return number / curvature if curvature > 0 else math.inf


def _recurrence(of_position: Array, of_velocity: Array) -> Array:
    """M where w' = a w + b v and v' = w' - w."""
    rows = [[of_position, of_velocity], [of_position - 1, of_velocity]]
    return np.moveaxis(np.array(rows), -1, 0)


def _next_t(t: float) -> float:
    return (1 + (1 + 4 * t * t) ** 0.5) / 2
