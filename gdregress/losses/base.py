r"""Losses L(y, z): the base of all, and what every loss states about itself.

A loss is elementwise in the target `y` and the raw prediction ``z = x . w + b``, and one
formula serves NumPy, PyTorch and JAX. To add one, write a class with `value` and `gradient`,
describe it with the class attributes below, and add a line to `LOSSES` in regression.py or to
`CLASSIFICATION_LOSSES` in classification.py.

====================  ===============================================================
declaration           meaning
====================  ===============================================================
``link``              "identity" predicts z, "log" predicts exp(z)
``smooth``            whether the gradient is continuous in z
``target_range``      "real", "non-negative", "positive", "labels" (-1 and 1) or
                      "classes" (0, 1, 2, ...)
``n_outputs``         how many raw predictions go with one target; None for one each
``needs_library``     whether only the library of tensors can differentiate it
====================  ===============================================================

The facts are about the formulas. A subclass that overrides `value` or `gradient` does not
inherit them: it states its own, or is treated as a loss that states none.

====================  ===============================================================
fact                  meaning
====================  ===============================================================
``curvature``         the least upper bound of d2L/dz2, None where there is none
``curvature_at``      d2L/dz2 as a function of y and z; by differences where none is stated
``pieces``            `Pieces` of a loss of two linear pieces, which may be joined by a parabola,
                      None for all others
``tip``               the distance in z along which d2L/dz2 changes by a factor of e^2 at most
                      where L is curved next to a minimum only; None for all others
``convex``            whether L is convex in z; False where that is unknown
``convex_start``      a convex loss at whose minimum descent on this one begins where all is
                      left to "auto", for a convex loss where residuals are large beside its tip;
                      None to begin at the best constant
``is_quadratic``      whether L = (z - y)^2 / 2
``multinomial``       whether softmax is its form for more than two classes
``always_positive``   whether every finite prediction has a loss above 0, so that
                      classes that can be separated leave the objective no minimum
``kernel``            name of its class in the compiled core, None where it has none
``kernel_parameter``  name of the one parameter which that class is given
``tweedie_power``     p for which L is half the Tweedie deviance of exp(z); None where it is not
``traceable``         whether JAX may trace the formulas
``probability``       P(y = 1) as a function of z, None where the loss knows none
``deviance``          2 (L(y, z) - min L(y, .)) as a function of y and z, by which `score`
                      measures; None where the loss knows none
====================  ===============================================================
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from gdregress._utils.array_api import is_single, namespace
from gdregress._utils.facts import StatesFacts
from gdregress._utils.types import Array, BaseEstimator

if TYPE_CHECKING:
    from gdregress.losses.pieces import Pieces

TargetRange = Literal["real", "non-negative", "positive", "labels", "classes"]
# The step of a central difference in double precision: eps ** (1 / 3).
DIFFERENCE_STEP = 6e-6


class Loss(StatesFacts, BaseEstimator, ABC):
    """Base of all losses; subclass it to bring your own.

    Only `value` and `gradient` are needed. The gradient is compared with finite differences
    of the value at the first fit, and refused with the numbers if it does not match. Write
    both with operators and, where functions are needed, with those of the namespace of `z`.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> from gdregress.losses import Loss
    >>> class Quartic(Loss):
    ...     def value(self, y: Array, z: Array) -> Array:
    ...         return (z - y) ** 4 / 4
    ...     def gradient(self, y: Array, z: Array) -> Array:
    ...         return (z - y) ** 3
    >>> model = GDRegressor(loss=Quartic()).fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 3.0])
    >>> model.predict([[3.0]]).round()
    array([4.])
    """

    link: Literal["identity", "log"] = "identity"
    smooth: bool = True
    target_range: TargetRange = "real"
    n_outputs: int | None = None
    needs_library: bool = False
    curvature: float | None = None
    pieces: Pieces | None = None
    tip: float | None = None
    convex: bool = False
    convex_start: Loss | None = None
    is_quadratic: bool = False
    multinomial: bool = False
    always_positive: bool = False
    kernel: str | None = None
    kernel_parameter: str | None = None
    probability: Callable[..., Array] | None = None
    deviance: Callable[..., Array] | None = None
    tweedie_power: float | None = None
    log_probability: Callable[..., Array] | None = None
    label_probabilities: Callable[..., tuple[Array, Array]] | None = None
    formulas_of_facts: dict[str, tuple[str, ...]] = {
        "curvature": ("value", "gradient"),
        "curvature_at": ("value", "gradient"),
        "pieces": ("value", "gradient"),
        "tip": ("value", "gradient"),
        "convex": ("value", "gradient"),
        "convex_start": ("value", "gradient"),
        "is_quadratic": ("value", "gradient"),
        "multinomial": (
            "value",
            "gradient",
            "probability",
            "log_probability",
            "label_probabilities",
        ),
        "always_positive": ("value", "gradient"),
        "kernel": ("value", "gradient"),
        "traceable": ("value", "gradient"),
        "probability": ("value", "gradient"),
        "deviance": ("value", "gradient"),
        "tweedie_power": ("value", "gradient"),
        "log_probability": ("value", "gradient", "probability", "label_probabilities"),
        "label_probabilities": ("value", "gradient", "probability"),
    }
    _parameter_constraints: dict[str, list[Any]] = {}

    @abstractmethod
    def value(self, y: Array, z: Array) -> Array:
        """Loss of each prediction.

        Parameters
        ----------
        y : array
            Targets, of the shape of `z`.
        z : array
            Raw predictions.

        Returns
        -------
        array of the shape of `z`
        """

    @abstractmethod
    def gradient(self, y: Array, z: Array) -> Array:
        """Derivative dL/dz of each prediction.

        Parameters
        ----------
        y : array
            Targets, of the shape of `z`.
        z : array
            Raw predictions.

        Returns
        -------
        array of the shape of `z`
        """

    def curvature_at(self, y: Array, z: Array) -> Array:
        """Second derivative d2L/dz2 of each prediction.

        Where it jumps, one of the two limits; beside a kink 0. Of losses whose predictions are
        coupled, the diagonal of the Hessian.

        Parameters
        ----------
        y : array
            Targets, of the shape of `z`.
        z : array
            Raw predictions.

        Returns
        -------
        array of the shape of `z`
        """
        return local_curvature(self, y, z)

    def envelope(self, width: float) -> Loss | None:
        """A smooth loss that is nowhere above this one, and approaches it as the width falls.

        Parameters
        ----------
        width : float
            Width of the smooth part.

        Returns
        -------
        Loss or None
            None where the loss states no `pieces`.
        """
        from gdregress.losses.pieces import Envelope

        return None if self.pieces is None else Envelope(self, width)

    def expand_target(self, y: Array) -> Array:
        """The targets with a column for each output of a loss that has several for one of them.

        Parameters
        ----------
        y : array of shape (n_samples,) or (n_samples, n_targets)
            Targets as the user gave them.

        Returns
        -------
        y : array
        """
        return y

    def output_shape(self, y: Array) -> tuple[int, ...]:
        """Shape of the raw predictions of a row: that of its targets, or one for each class.

        Parameters
        ----------
        y : array of shape (n_samples,) or (n_samples, n_targets)
            The targets.

        Returns
        -------
        shape : tuple of int
        """
        return y.shape[1:] if self.n_outputs is None else (self.n_outputs,)

    def split_target(self, y: Array) -> tuple[Array, Array | None]:
        """The targets, and the offset of each row that stands beside them.

        Parameters
        ----------
        y : array
            The targets as the run has them.

        Returns
        -------
        targets : array
        offset : array of shape (n_samples,) or None
            Of a loss of rows with offsets.
        """
        return y, None

    @property
    def without_offset(self) -> Loss:
        """The loss that a fitted model has, whatever the offsets of the rows it was fitted to."""
        return self

    def of_target(self, target: int) -> Loss:
        """The loss of one column of the targets, the same for all but for those that expand them.

        Parameters
        ----------
        target : int
            Number of the column.

        Returns
        -------
        loss : Loss
        """
        return self

    @property
    def coupled(self) -> bool:
        """Whether the slope by one prediction of a row depends on the others."""
        return self.n_outputs is not None and self.base_loss is self

    def expanded(self, y: Array, z: Array) -> Array:
        """What the loss of each column of z is given, in an array of the shape of z.

        Parameters
        ----------
        y : array of shape (n_samples,) or (n_samples, n_targets)
            The target.
        z : array of shape (n_samples,), (n_samples, n_targets) or (n_samples, n_outputs)
            The raw prediction.

        Returns
        -------
        array
            The target itself, or the labels of one class against the rest.
        """
        return y

    @property
    def base_loss(self) -> Loss:
        """The loss of a single label behind a loss of more classes; all others are their own."""
        return self


def predict_mean(loss: Loss, z: Array) -> Array:
    """Prediction in the units of y: z, or exp(z) under a log link."""
    return namespace(z).exp(z) if loss.link == "log" else z


def raw_prediction(loss: Loss, mean: Array) -> Array:
    """Inverse of `predict_mean`: the z whose prediction is `mean`."""
    return namespace(mean).log(mean) if loss.link == "log" else mean


def local_curvature(loss: Loss, y: Array, z: Array) -> Array:
    """d2L/dz2 of each prediction, by central differences of the gradient.

    The answer for losses whose curvature has no bound, Poisson and gamma among them, or whose
    author has stated none.
    """
    step = DIFFERENCE_STEP ** (0.5 if is_single(z) else 1.0)
    return (loss.gradient(y, z + step) - loss.gradient(y, z - step)) / (2 * step)


def fact_of(name: str) -> Any:
    """A fact that a loss has from another one, its parameter ``loss``."""
    return property(attrgetter(f"loss.{name}"))
