"""Optimizers: how one gradient becomes one step, the simplest first.

Letters: w parameters, g gradient, lr learning rate, v velocity, m and n decaying means of g and
g^2. The step receives the prox of the penalty and applies it inside, so that every rule reaches
the same minimiser; rules with a step size per coordinate hand the prox those steps. State goes
in and comes out, which is all that warm starts and `partial_fit` need. To add an optimizer,
write a class with `init`, `lookahead` and `step` and add a line to `OPTIMIZERS`.

A rule declares ``adaptive``: whether past gradients scale its step size per coordinate. The facts
are about its formulas; a subclass that overrides one of them states its own.

======================  ===============================================================
fact                    meaning
======================  ===============================================================
``stable_limit``        method: largest stable rate on a quadratic, None where unknown
``recurrence``          method: an update along one direction of a quadratic as a matrix,
                        None where there is none
``keeps_step_length``   whether steps keep their length while gradients shrink
``decays_by_itself``    whether steps fall like 1 / sqrt(t) at a constant rate
``searched_point``      whether the step starts at the point of the gradient, as a
                        line search takes it to
``restarts``            whether each step decides on the sequence of its momentum
``variance_reduced``    whether the loop corrects the gradients of batches by the full
                        gradient at the end of the last epoch, see `SVRG`
``has_own_rate``        whether the rule has a learning rate of its own and knows no prox
``kernel``              name of its class in the compiled core, None where it has none
``kernel_constants``    parameters which that class is given: decay of the gradient,
                        decay of its square, epsilon; None where there is none
``kernel_memory``       names of the arrays in the state
``traceable``           whether JAX may trace the formulas
======================  ===============================================================
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Real
from typing import Any, Literal, NamedTuple

import numpy as np

from gdregress._utils.array_api import array_like, dot, namespace
from gdregress._utils.facts import StatesFacts
from gdregress._utils.types import Array, BaseEstimator, Prox
from gdregress._utils.validation import Interval, StrOptions

_DECAY = [Interval(Real, 0, 1, closed="left")]
_POSITIVE = [Interval(Real, 0, None, closed="neither")]
_MOMENTUM = [Interval(Real, 0, 1, closed="left"), StrOptions(["auto"])]


class Optimizer(StatesFacts, BaseEstimator, ABC):
    """Base of all optimizers; subclass it to bring your own.

    1. `init` returns what the rule remembers before its first step: a NamedTuple of arrays and
       numbers, empty if it remembers nothing.
    2. `lookahead` returns the point at which the next gradient is taken, mostly the parameters.
    3. `step` returns the new parameters and the new state, and applies ``prox`` to the point that
       it has reached, with the step size that has led there: one number, or an array with one for
       each parameter.

    All three are functions: what they are handed belongs to the run and is never written to. The
    first fit makes a few steps with random gradients, and refuses a rule that breaks this.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> from gdregress import GDRegressor
    >>> from gdregress.optimizers import Optimizer
    >>> class Memory(NamedTuple):
    ...     velocity: Array
    >>> class HeavyBall(Optimizer):
    ...     def __init__(self, momentum: float = 0.5) -> None:
    ...         self.momentum = momentum
    ...     def init(self, params):
    ...         return Memory(velocity=0 * params)
    ...     def lookahead(self, params, state):
    ...         return params
    ...     def step(self, params, grad, state, learning_rate, prox):
    ...         velocity = self.momentum * state.velocity - learning_rate * grad
    ...         new = prox(params + velocity, learning_rate)
    ...         return new, Memory(velocity=new - params)
    >>> model = GDRegressor(optimizer=HeavyBall(0.3)).fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.predict([[3.0]]).round(3)
    array([7.])
    """

    adaptive: bool = False
    keeps_step_length: bool = False
    decays_by_itself: bool = False
    searched_point: bool = True
    restarts: bool = False
    variance_reduced: bool = False
    has_own_rate: bool = False
    kernel: str | None = None
    kernel_constants: tuple[str | None, ...] = ()
    kernel_memory: tuple[str, ...] = ()
    _parameter_constraints: dict[str, list[Any]] = {}
    formulas_of_facts: dict[str, tuple[str, ...]] = dict.fromkeys(
        (
            "stable_limit",
            "recurrence",
            "keeps_step_length",
            "decays_by_itself",
            "searched_point",
            "restarts",
            "variance_reduced",
            "has_own_rate",
            "kernel",
            "traceable",
        ),
        ("init", "lookahead", "step", "current_momentum"),
    )

    @abstractmethod
    def init(self, params: Array) -> Any:
        """State before the first step.

        Parameters
        ----------
        params : array
            The parameters, whose shape and type arrays of the state take.

        Returns
        -------
        NamedTuple
        """

    @abstractmethod
    def lookahead(self, params: Array, state: Any) -> Array:
        """The point at which the next gradient is to be taken.

        Parameters
        ----------
        params : array
            The parameters.
        state : NamedTuple
            What `init` or the last step has returned.

        Returns
        -------
        array of the shape of `params`
        """

    @abstractmethod
    def step(
        self, params: Array, grad: Array, state: Any, learning_rate: float, prox: Prox
    ) -> tuple[Array, Any]:
        """New parameters and new state.

        Parameters
        ----------
        params : array
            The parameters.
        grad : array of the shape of `params`
            The gradient at `lookahead`.
        state : NamedTuple
            What `init` or the last step has returned.
        learning_rate : float
            The rate of this step.
        prox : callable
            ``prox(params, step_size)`` of the penalty.

        Returns
        -------
        params : array
        state : NamedTuple
        """

    def stable_limit(self, curvature: float) -> float | None:
        """Largest rate that does not diverge on a quadratic of this largest eigenvalue L > 0.

        Parameters
        ----------
        curvature : float
            L.

        Returns
        -------
        float or None
            None where it is not known, or where there is none as each coordinate is scaled.
        """
        return None

    def recurrence(self, learning_rate: float, curvature: Array) -> Array | None:
        """An update along directions of a quadratic, each a matrix M for (w, v).

        v is the last displacement, and w is measured from the minimum: (w', v') = M (w, v). The
        largest absolute eigenvalue of M is the factor by which the direction converges.

        Parameters
        ----------
        learning_rate : float
            The constant rate of the update.
        curvature : ndarray of shape (n,)
            Along each direction.

        Returns
        -------
        ndarray of shape (n, 2, 2) or None
            None where updates are not linear, or change from one to the next.
        """
        return None

    @property
    def gradient_memory(self) -> float:
        """Number of updates over which gradients are averaged: 1 / (1 - decay)."""
        decay = getattr(self, "momentum", getattr(self, "beta_1", 0.0))
        return 1.0 if decay == "auto" else 1 / (1 - decay)


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


def _limit(number: float, curvature: float) -> float:
    """The rate at which rate * curvature is a number; any, where nothing is curved."""
    return number / curvature if curvature > 0 else math.inf


def _recurrence(of_position: Array, of_velocity: Array) -> Array:
    """M where w' = a w + b v and v' = w' - w."""
    rows = [[of_position, of_velocity], [of_position - 1, of_velocity]]
    return np.moveaxis(np.array(rows), -1, 0)


class SVRG(GradientDescent):
    """Stochastic variance-reduced gradient: w <- prox(w - lr g), with a g that becomes exact.

    Of a batch B of rows a_i with weights s_i and slopes r_i = dL/dz_i, the loop takes

        g = mean_B s_i (r_i(w) - r_i(v)) a_i + mean s_i r_i(v) a_i,

    where v, the snapshot, is the point at the end of the last epoch and the second mean, over all
    rows, is the gradient there, which every epoch ends with anyway. The expectation of g is the
    gradient at w, and its variance vanishes as w and v approach the minimum: at a constant rate
    the run converges to it, at a geometric pace where the objective is strongly convex.

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


class TransformationState(NamedTuple):
    """The arrays of the state of an optax transformation."""

    parts: tuple[Array, ...]


class Transformation(Optimizer):
    """w <- w + u, where u is the update of a ``GradientTransformation`` of optax.

    It is made of whatever has ``init`` and ``update``, and stands wherever an optimizer does. Its
    learning rate and the schedule of it are its own, so that ``learning_rate=1.0`` is asked for;
    it knows no prox, and there may be no penalty. It computes in the precision of JAX, which is
    single unless ``jax_enable_x64`` is set.

    Parameters
    ----------
    transformation : optax.GradientTransformation
        Such as ``optax.adam(0.1)``.
    """

    adaptive = True
    keeps_step_length = True
    has_own_rate = True
    is_builtin = False
    traceable = True

    def __init__(self, transformation: Any) -> None:
        self.transformation = transformation

    def init(self, params: Array) -> TransformationState:
        import jax

        return TransformationState(tuple(jax.tree.leaves(self.transformation.init(params))))

    def lookahead(self, params: Array, state: TransformationState) -> Array:
        return params

    def step(
        self,
        params: Array,
        grad: Array,
        state: TransformationState,
        learning_rate: float,
        prox: Prox,
    ) -> tuple[Array, TransformationState]:
        import jax

        form = jax.tree.structure(jax.eval_shape(self.transformation.init, params))
        before = jax.tree.unflatten(form, state.parts)
        update, after = self.transformation.update(grad, before, params)
        moved = params + learning_rate * array_like(update, params)
        return moved, TransformationState(tuple(jax.tree.leaves(after)))


def as_optimizer(choice: Any) -> Any:
    """The choice, where it is a name or an optimizer; a `Transformation` of other objects."""
    if isinstance(choice, str) or hasattr(choice, "formulas_of_facts"):
        return choice
    return Transformation(choice)


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


def _next_t(t: float) -> float:
    return (1 + (1 + 4 * t * t) ** 0.5) / 2


def _sqrt(array: Array) -> Array:
    return namespace(array).sqrt(array)
