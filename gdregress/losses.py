r"""Losses L(y, z): what one prediction costs.

A loss is elementwise in the target `y` and the raw prediction ``z = x . w + b``, and one
formula serves NumPy, PyTorch and JAX. To add one, write a class with `value` and `gradient`,
describe it with the class attributes below, and add a line to `LOSSES`. That is all; for speed
it may have twins of the same name: in `_kernels.py` of one prediction, in `_losses.h` of many.

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
from numbers import Real

from sklearn.base import BaseEstimator

from gdregress._array_api import namespace
from gdregress._validation import Interval

# The step of a central difference in double precision: eps ** (1 / 3).
DIFFERENCE_STEP = 6e-6
# Up to this |d| the series of `exp_remainder` is exact with so many terms; _kernels.py has both.
REMAINDER_NEAR, REMAINDER_TERMS = 0.1, 11


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


class SquaredError(Loss):
    """L = (z - y)^2 / 2."""

    curvature = 1.0

    def value(self, y, z):
        residual = z - y
        return residual * residual / 2

    def gradient(self, y, z):
        return z - y


class Huber(Loss):
    """L = r^2 / 2 where |r| <= epsilon, epsilon |r| - epsilon^2 / 2 beyond; r = z - y.

    Parameters
    ----------
    epsilon : float, default=1.35
        Residual, in the units of y, from which the loss grows linearly.

    References
    ----------
    Huber, "Robust estimation of a location parameter", 1964.
    """

    curvature = 1.0
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="neither")]}

    def __init__(self, epsilon=1.35):
        self.epsilon = epsilon

    def value(self, y, z):
        residual = z - y
        # c (r - c / 2) with c = clip(r): r^2 / 2 inside, epsilon |r| - epsilon^2 / 2 outside
        clipped = namespace(z).clip(residual, -self.epsilon, self.epsilon)
        return clipped * (residual - clipped / 2)

    def gradient(self, y, z):
        return namespace(z).clip(z - y, -self.epsilon, self.epsilon)


class AbsoluteError(Loss):
    """L = |z - y|, whose minimiser is the median."""

    smooth = False

    def value(self, y, z):
        return abs(z - y)

    def gradient(self, y, z):
        return namespace(z).sign(z - y)


class LogCosh(Loss):
    """L = log cosh(z - y): squared error near zero, absolute error far out.

    Near zero log(1 + sinh^2(z - y)) / 2, whose digits are not lost beside those of log 2.
    """

    curvature = 1.0

    def value(self, y, z):
        xp = namespace(z)
        size = abs(z - y)
        near = xp.log1p(xp.sinh(xp.clip(size, max=1.0)) ** 2) / 2
        far = size + xp.log1p(xp.exp(-2 * size)) - 0.6931471805599453
        return xp.where(size < 1, near, far)

    def gradient(self, y, z):
        return namespace(z).tanh(z - y)


class Quantile(Loss):
    """L = q (y - z) where y > z, (1 - q) (z - y) elsewhere: the pinball loss.

    Parameters
    ----------
    quantile : float in (0, 1), default=0.5
        The quantile q that the model predicts.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", 1978.
    """

    smooth = False
    _parameter_constraints = {"quantile": [Interval(Real, 0, 1, closed="neither")]}

    def __init__(self, quantile=0.5):
        self.quantile = quantile

    def value(self, y, z):
        residual = z - y
        return abs(residual) / 2 + (0.5 - self.quantile) * residual

    def gradient(self, y, z):
        residual = z - y
        sign = namespace(z).sign(residual)
        return sign / 2 + (0.5 - self.quantile) * abs(sign)


class EpsilonInsensitive(Loss):
    """L = max(0, |z - y| - epsilon): errors up to epsilon are free.

    Parameters
    ----------
    epsilon : float, default=0.1
        Half-width of the free zone, in the units of y.

    References
    ----------
    Vapnik, "The nature of statistical learning theory", 1995.
    """

    smooth = False
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, epsilon=0.1):
        self.epsilon = epsilon

    def value(self, y, z):
        return namespace(z).clip(abs(z - y) - self.epsilon, min=0)

    def gradient(self, y, z):
        xp = namespace(z)
        residual = z - y
        return xp.sign(residual - xp.clip(residual, -self.epsilon, self.epsilon))


class SquaredEpsilonInsensitive(Loss):
    """L = max(0, |z - y| - epsilon)^2, without a factor 1/2, as scikit-learn defines it.

    Parameters
    ----------
    epsilon : float, default=0.1
        Half-width of the free zone, in the units of y.
    """

    curvature = 2.0
    _parameter_constraints = {"epsilon": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, epsilon=0.1):
        self.epsilon = epsilon

    def value(self, y, z):
        return namespace(z).clip(abs(z - y) - self.epsilon, min=0) ** 2

    def gradient(self, y, z):
        residual = z - y
        return 2 * (residual - namespace(z).clip(residual, -self.epsilon, self.epsilon))


class Poisson(Loss):
    """L = exp(z) - y - y (z - log y): half the Poisson deviance, for counts and rates y >= 0.

    Near its minimum y (e^d - 1 - d), d = z - log y, whose digits do not cancel.

    References
    ----------
    McCullagh and Nelder, "Generalized linear models", 2nd edition, section 2.3.
    """

    link = "log"
    target_range = "non-negative"

    def value(self, y, z):
        xp = namespace(z)
        log_y = xp.log(xp.where(y > 0, y, xp.ones_like(y)))
        d = z - log_y
        is_near = (abs(d) < REMAINDER_NEAR) & (y > 0)
        return xp.where(is_near, y * exp_remainder(d), xp.exp(z) - y - y * d)

    def gradient(self, y, z):
        return namespace(z).exp(z) - y


class Gamma(Loss):
    """L = z - log y + y exp(-z) - 1: half the gamma deviance, for amounts y > 0.

    Near its minimum e^d - 1 - d, d = log y - z, whose digits do not cancel.

    References
    ----------
    McCullagh and Nelder, "Generalized linear models", 2nd edition, section 8.3.
    """

    link = "log"
    target_range = "positive"

    def value(self, y, z):
        xp = namespace(z)
        d = xp.log(y) - z
        return xp.where(abs(d) < REMAINDER_NEAR, exp_remainder(d), y * xp.exp(-z) - 1 - d)

    def gradient(self, y, z):
        return 1 - y * namespace(z).exp(-z)


def exp_remainder(d):
    """e^d - 1 - d = d^2 / 2 (1 + d / 3 (1 + d / 4 (...))) for d near zero, to the last digit."""
    d = namespace(d).clip(d, -REMAINDER_NEAR, REMAINDER_NEAR)
    series = 1.0
    for k in range(REMAINDER_TERMS, 2, -1):
        series = 1 + d / k * series
    return d * d / 2 * series


LOSSES = {
    "squared_error": SquaredError,
    "huber": Huber,
    "absolute_error": AbsoluteError,
    "log_cosh": LogCosh,
    "quantile": Quantile,
    "epsilon_insensitive": EpsilonInsensitive,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
    "poisson": Poisson,
    "gamma": Gamma,
}


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
