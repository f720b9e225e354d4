"""The base of all optimizers, and the facts that a rule states.

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

from abc import ABC, abstractmethod
from typing import Any

from gdregress._utils.facts import StatesFacts
from gdregress._utils.types import Array, BaseEstimator, Prox


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
