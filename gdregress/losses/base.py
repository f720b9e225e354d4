r"""Losses L(y, z): what one prediction costs.

A loss is elementwise in the target `y` and the raw prediction ``z = x . w + b``, and one
formula serves NumPy, PyTorch and JAX. To add one, write a class with `value` and `gradient`,
describe it with the class attributes below, and add a line to `LOSSES`. That is all; for speed
it may have twins of the same name in `_core/kernels`: in `losses.py` of one prediction, in
`losses.h` of many.

=================  ================================================================
attribute          meaning
=================  ================================================================
``link``           "identity" predicts z, "log" predicts exp(z)
``smooth``         whether the gradient is continuous in z
``curvature``      the least upper bound of d2L/dz2, None where there is none
``target_range``   "real", "non-negative", "positive", "labels" (-1 and 1) or
                   "classes" (0, 1, 2, ...)
``n_outputs``      how many raw predictions go with one target; None for one each
=================  ================================================================
"""

from abc import ABC, abstractmethod

from sklearn.base import BaseEstimator

from gdregress._utils.array_api import namespace

# The step of a central difference in double precision: eps ** (1 / 3).
DIFFERENCE_STEP = 6e-6


class Loss(BaseEstimator, ABC):
    """Base of all losses; subclass it to bring your own.

    Only `value` and `gradient` are needed. The gradient is compared with finite differences
    of the value at the first fit, and refused with the numbers if it does not match. Write
    both with operators and, where functions are needed, with those of the namespace of `z`.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> from gdregress.losses import Loss
    >>> class Quartic(Loss):
    ...     def value(self, y, z):
    ...         return (z - y) ** 4 / 4
    ...     def gradient(self, y, z):
    ...         return (z - y) ** 3
    >>> model = GDRegressor(loss=Quartic()).fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 3.0])
    >>> model.predict([[3.0]]).round()
    array([4.])
    """

    link = "identity"
    smooth = True
    curvature = None
    target_range = "real"
    n_outputs = None
    _parameter_constraints: dict = {}

    @abstractmethod
    def value(self, y, z):
        """Loss of each prediction, an array of the shape of `z`."""

    @abstractmethod
    def gradient(self, y, z):
        """Derivative dL/dz of each prediction, an array of the shape of `z`."""


def predict_mean(loss, z):
    """Prediction in the units of y: z, or exp(z) under a log link."""
    return namespace(z).exp(z) if loss.link == "log" else z


def raw_prediction(loss, mean):
    """Inverse of `predict_mean`: the z whose prediction is `mean`."""
    return namespace(mean).log(mean) if loss.link == "log" else mean


def local_curvature(loss, y, z):
    """d2L/dz2 of each prediction, by central differences of the gradient.

    The answer for losses whose curvature has no bound, Poisson and gamma among them, or whose
    author has stated none.
    """
    step = DIFFERENCE_STEP ** (0.5 if str(z.dtype).endswith("32") else 1.0)
    return (loss.gradient(y, z + step) - loss.gradient(y, z - step)) / (2 * step)
