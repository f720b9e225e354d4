"""Losses over more than two classes: one number y = 0, ..., k - 1 a row, and k raw predictions.

Their `value` maps y of shape (n_samples,) and z of shape (n_samples, k) to one loss a row, their
`gradient` to the derivatives in the shape of z.
"""

from __future__ import annotations

from gdregress._utils.array_api import namespace
from gdregress._utils.types import Array
from gdregress.losses.base import Loss, fact_of


class Softmax(Loss):
    """L = log sum_t exp(z_t) - z_y: categorical cross-entropy, P(y = t) = e^z_t / sum_s e^z_s.

    Its Hessian diag(P) - P P' has no eigenvalue above 1/2.

    Parameters
    ----------
    n_outputs : int
        Number of classes k.

    References
    ----------
    Böhning, "Multinomial logistic regression algorithm", 1992, for the bound on the Hessian.
    """

    always_positive = True
    convex = True
    kernel = "Softmax"
    curvature = 0.5
    target_range = "classes"

    def __init__(self, n_outputs: int) -> None:
        self.n_outputs = n_outputs

    def value(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        largest, others = self._split(z)
        own = xp.sum(xp.where(_is_class(y, z), z, xp.zeros_like(z)), axis=1)
        # the largest term apart, so that losses far below the rounding of 1 keep their digits
        return (largest[:, 0] - own) + xp.log1p(xp.sum(others, axis=1))

    def gradient(self, y: Array, z: Array) -> Array:
        xp = namespace(z)
        is_class = _is_class(y, z)
        wrong = xp.where(is_class, xp.zeros_like(z), self.probability(z))
        return xp.where(is_class, -xp.sum(wrong, axis=1, keepdims=True), wrong)

    def curvature_at(self, y: Array, z: Array) -> Array:
        """p (1 - p): the diagonal of diag(P) - P P', whose other entries are -p_s p_t."""
        p = self.probability(z)
        return p * (1 - p)

    def probability(self, z: Array) -> Array:
        """P(y = t) of every class, shape (n_samples, k)."""
        xp = namespace(z)
        shifted = xp.exp(z - xp.max(z, axis=1, keepdims=True))
        return shifted / xp.sum(shifted, axis=1, keepdims=True)

    def log_probability(self, z: Array) -> Array:
        """Its logarithm, finite however small it is."""
        xp = namespace(z)
        largest, others = self._split(z)
        return (z - largest) - xp.log1p(xp.sum(others, axis=1, keepdims=True))

    def _split(self, z: Array) -> tuple[Array, Array]:
        """The largest z of each row, and exp(z - largest) of all but that one."""
        xp = namespace(z)
        largest = xp.max(z, axis=1, keepdims=True)
        first = _is_class(xp.argmax(z, axis=1), z)
        return largest, xp.where(first, xp.zeros_like(z), xp.exp(z - largest))


class OneVsRest(Loss):
    """L = sum_t l(y_t, z_t), y_t = 1 for the row's own class and -1 for all others.

    Parameters
    ----------
    loss : Loss
        The loss l of one label.
    n_outputs : int
        Number of classes k.
    """

    target_range = "classes"
    smooth = fact_of("smooth")
    convex = fact_of("convex")
    curvature = fact_of("curvature")
    traceable = fact_of("traceable")

    def __init__(self, loss: Loss, n_outputs: int) -> None:
        self.loss = loss
        self.n_outputs = n_outputs

    @property
    def base_loss(self) -> Loss:
        return self.loss

    @property
    def kernel(self) -> str | None:
        return None if self.loss.kernel is None else "OneVsRest"

    def value(self, y: Array, z: Array) -> Array:
        return namespace(z).sum(self.loss.value(self.expanded(y, z), z), axis=1)

    def gradient(self, y: Array, z: Array) -> Array:
        return self.loss.gradient(self.expanded(y, z), z)

    def curvature_at(self, y: Array, z: Array) -> Array:
        return self.loss.curvature_at(self.expanded(y, z), z)

    def expanded(self, y: Array, z: Array) -> Array:
        """Labels of 1 for the row's own class and -1 for all others."""
        xp = namespace(z)
        return xp.where(_is_class(y, z), xp.ones_like(z), -xp.ones_like(z))

    def probability(self, z: Array) -> Array:
        """Of every class, what its own loss says divided by the sum; 1 / k where all say 0."""
        xp = namespace(z)
        each = self.loss.probability(z)  # pyright: ignore[reportOptionalCall]
        total = xp.sum(each, axis=1, keepdims=True)
        none = total == 0
        each = xp.where(none, xp.ones_like(each), each)
        return each / xp.where(none, 0 * total + self.n_outputs, total)


def multiclass_loss(loss: Loss, n_classes: int) -> Loss:
    """The loss for so many classes: softmax for the log loss, one against the rest for others."""
    if n_classes == 2:
        return loss
    return Softmax(n_classes) if loss.multinomial else OneVsRest(loss, n_classes)


def _is_class(y: Array, z: Array) -> Array:
    """Which column of z is that of the row's own class."""
    xp = namespace(z)
    device = {} if not hasattr(z, "device") else {"device": z.device}
    return y[:, None] == xp.arange(z.shape[1], dtype=y.dtype, **device)[None, :]
