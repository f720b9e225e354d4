"""The objective F(w) = weighted mean loss + penalty, on any array library, dense or sparse.

    F(w, b) = sum_i s_i L(y_i, x_i . w + b) / sum_i s_i + R(w)

Several targets are summed. The intercept is never penalised.
"""

import math
from abc import ABC, abstractmethod
from functools import partial

import numpy as np

from gdregress._objective import fused_pass
from gdregress._objective.deferred import DeferredScalar
from gdregress._utils.array_api import (
    as_column,
    asarray,
    dot,
    is_single,
    namespace,
    rows_beside,
    sum_of_products,
)
from gdregress._utils.caches import computed_once
from gdregress.losses.constant import best_constant
from gdregress.samplers import ALL_ROWS

# Squares of numbers above 1e-20 keep their digits in single precision.
SMALLEST_SQUARE = 1e-20
# Residuals so many times the width of a loss's tip see two linear pieces, where the tip holds
# fewer rows than so many times the parameters.
NARROW, ROWS_IN_TIP = 10.0, 5


def _weights_in_batches(weights, drawn):
    """Weights whose mean over the rows that are drawn is 1; None where these have the same."""
    if np.count_nonzero(weights == weights.max()) == len(drawn):
        return None
    return weights * np.asarray(len(drawn) / len(weights), dtype=weights.dtype)


class Objective(ABC):
    """The base class of all forms of F.

    Parameters
    ----------
    design : DesignMatrix
    y : array of shape (n_samples,) or (n_samples, n_targets)
    weights : array of shape (n_samples,) or None
        Sample weights of mean 1; None when all are equal.
    loss : Loss
    penalty : Penalty
    drawn : ndarray of int or None
        Numbers of the rows that batches are drawn from, where the others have no weight.

    Attributes
    ----------
    moments : Moments or None
        Of the columns, where they have been formed.
    output_shape : tuple
        Of the raw predictions of one row, () for a single number.
    partitions : Partitions or None
        Where the rows are, if they lie in blocks.
    from_moments : bool
        Whether value and gradient over all rows come from the moments alone.
    keeps_gradients : bool
        Whether a gradient over all rows is kept for the next step, so that a row of the history
        is measured where its epoch ends.
    has_rows : bool
        Whether F is a mean over rows of data, which engines may read by themselves.
    sample : Objective or None
        F of some rows that stand for all in what need not be exact.
    row_space : RowSpace or None
        The second derivatives of few rows with many columns, where they are taken from the rows.
    batch_weights : array or None
        Those of rows in a batch, whose mean over the rows that are drawn is 1.
    """

    moments = None
    sample = None
    row_space = None
    partitions = None
    from_moments = False
    keeps_gradients = False
    has_rows = True
    _column_mean_squares = None

    def __init__(self, design, y, weights, loss, penalty, drawn=None):
        self.design = design
        self.y = y
        self.weights = weights
        self.loss = loss
        self.penalty = penalty
        self.n_samples = design.n_samples
        self.drawn, self.batch_weights = drawn, weights
        if drawn is not None:
            self.batch_weights = _weights_in_batches(weights, drawn)
        self.output_shape = loss.output_shape(y)

    @abstractmethod
    def loss_value(self, params, next_point=None):
        """Weighted mean loss, summed over the targets.

        Parameters
        ----------
        params : array
        next_point : array or None
            Where the next gradient over all rows will be taken: one pass may serve both.
        """

    @abstractmethod
    def deferred_loss(self, params):
        """`loss_value` as a `DeferredScalar`; the gradient there follows."""

    def recentre_for_value(self, params):
        """Prepare for values near `params`: expansions may lose digits far from their centre."""
        return None

    def recentre_for_gradient(self, params):
        """Prepare for gradients near `params`."""
        return None

    def assuming(self, assumptions):
        """Return this objective for work whose numbers are fetched later.

        Parameters
        ----------
        assumptions : list of DeferredScalar
            Grows by each number on which an answer depends.
        """
        return self

    def is_unlearned(self, value):
        """Whether the value at the null parameters is zero although they are no minimum.

        The perceptron has no loss at coefficients of zero, and a slope all the same.
        """
        return value == 0 and not self.loss.smooth

    @computed_once
    def is_narrow(self):
        """Whether a convex loss has a tip that is narrow beside the residuals.

        Too few rows are curved then, and a Newton step says nothing of where the others bend. The
        tip is that of its pieces, or of those of the loss at whose minimum a run begins.
        """
        start = self.loss if self.loss.pieces is not None else self.loss.convex_start
        pieces = None if start is None or not self.loss.convex else start.pieces
        if pieces is None or not pieces.rounding:
            return False
        of_width = pieces.rounding * pieces.upper**2 * math.prod(self.output_shape)
        with np.errstate(over="ignore", invalid="ignore"):
            null = self.loss_value(self.inside(self.null_parameters())) / of_width
        in_tip = self.n_samples / null if null > 0 else math.inf
        return null > NARROW and in_tip < ROWS_IN_TIP * self.design.n_parameters

    @property
    def rounding(self):
        """Relative rounding error of `loss_value`, a sum over the rows."""
        in_double = self.in_one_pass() and isinstance(self.y, np.ndarray)
        return 1e-6 if is_single(self.y) and not in_double else 1e-15 * math.sqrt(self.n_samples)

    def in_one_pass(self):
        """Whether a fused pass gives loss and gradient over all rows, by the core or by JAX."""
        return False

    def trial_value(self, params, next_point):
        """`loss_value` of parameters that a line search tries."""
        return self.loss_value(params, next_point)

    def zero_parameters(self):
        """Coefficients and intercept of zero."""
        return zero_parameters(self.design, self.y, self.loss)

    @abstractmethod
    def gradient(self, params, rows=ALL_ROWS):
        """Gradient of the weighted mean loss over some rows.

        Over a batch it is the mean of s_i grad L_i with weights of mean 1 over all rows, whose
        expectation is the gradient over all rows.

        Parameters
        ----------
        params : array
        rows : slice or array of int
        """

    def gradient_and_predictions(self, params):
        """The gradient over all rows, and their predictions, of one pass where that can be."""
        return self.gradient(params), self.predict(params)

    def has_hessians(self):
        """Whether `model` gives loss, gradient and second derivatives at once."""
        return False

    def snapshot(self, params):
        """The `Snapshot` of variance reduction at `params`."""
        raise NotImplementedError(f"{type(self).__name__} has no rows whose slopes it could keep.")

    def reduced_gradient(self, params, rows, snapshot):
        """mean_B s_i (r_i(w) - r_i(v)) a_i + the gradient at v, see `optimizers.SVRG`.

        Parameters
        ----------
        params : array
            w.
        rows : slice or array of int
            The batch B.
        snapshot : Snapshot
            At v.
        """
        raise NotImplementedError(f"{type(self).__name__} has no rows whose slopes could differ.")

    @property
    def n_drawn(self):
        """Number of the rows that batches are drawn from."""
        return self.n_samples if self.drawn is None else len(self.drawn)

    def batches(self, sampler, rng):
        """The batches of an epoch as `Sampler.batches` has them, numbered where the data are."""
        batches = sampler.batches(self.n_drawn, rng)
        if self.drawn is not None:
            batches = ((self.drawn[rows], share) for rows, share in batches)
        return rows_beside(self.y, batches)

    def penalty_value(self, params):
        """R of the coefficients."""
        if not self.penalty.active:
            return 0.0
        coef = self.design.coef(params)
        if isinstance(coef, np.ndarray):  # as exact as the loss, whose sums are double
            value = float(self.penalty.value(coef.astype(float)))
            if value < math.inf:
                return value
        # a bound is rounded to the type of the coefficients
        return float(self.penalty.value(coef))

    def deferred_penalty(self, params):
        """`penalty_value` as a `DeferredScalar`."""
        return DeferredScalar(self.penalty.value(self.design.coef(params)))

    def value(self, params, next_point=None):
        return self.loss_value(params, next_point) + self.penalty_value(params)

    def prox(self, params, step_size):
        """Proximal step of the penalty on the coefficients, the intercept left as it is.

        Parameters
        ----------
        params : array
        step_size : float or array of the shape of `params`
        """
        if not self.penalty.active:
            return params
        if getattr(step_size, "ndim", 0):
            step_size = self.design.coef(step_size)
        coef = self.penalty.prox(self.design.coef(params), step_size)
        return self.design.join(coef, params)

    def gradient_mapping(self, params, grad, step_size):
        """(w - prox(w - s g)) / s: the gradient, extended to penalties without a derivative.

        Zero exactly at the minimiser, for every s > 0.
        """
        if not self.penalty.active:
            return grad
        if isinstance(params, np.ndarray):
            params, grad = params.astype(float), grad.astype(float)
        terms = self.penalty.kernel_terms
        is_known = isinstance(params, np.ndarray) and terms is not None and terms.bounds is None
        w, g = self.design.coef(params), self.design.coef(grad)
        if is_known and not np.asarray(terms.l1).any():
            return self.design.join(_exact_mapping(terms, w, g, 0.0, step_size), grad)
        moved = self.prox(params - step_size * grad, step_size)
        mapping = (params - moved) / step_size
        if not is_known:
            return mapping
        u, m = self.design.coef(moved), self.design.coef(mapping)
        exact, l1 = _exact_mapping(terms, w, g, np.sign(u), step_size), _like(terms.l1, w)
        return self.design.join(np.where((u != 0) | (l1 == 0), exact, m), grad)

    def to_user(self, params):
        """Parameters by the user's own columns, as everything is reported."""
        return self.design.to_user(params)

    def penalty_curvature(self):
        """Curvature of the penalty at each parameter, where it is smooth.

        Returns
        -------
        curvature : ndarray of shape (n_parameters, n_targets)
            With one column where all targets are penalised alike.
        """
        strength = np.asarray(self.penalty.smooth_part if self.penalty.active else 0.0, float)
        strength = strength[:, None] if strength.ndim == 1 else strength
        shape = strength.shape[1:] or (1,)
        curvature = np.zeros((self.design.n_parameters, *shape))
        curvature[: self.design.n_features] = strength
        return curvature

    @property
    def column_mean_squares(self):
        """Weighted mean of the squares of each column of the design matrix."""
        if self._column_mean_squares is None:
            self._column_mean_squares = self._squared_columns()
        return self._column_mean_squares

    def _squared_columns(self):
        if self.moments is not None:
            return self.like_y(self.moments.mean_squares(self.design.fit_intercept), exact=True)
        if fused_pass.supports(self.design, self.y, self.loss):
            return fused_pass.column_mean_squares(self.design, self.weights)
        return self.design.column_mean_squares(self.weights)

    def like_y(self, values, exact=False):
        """A NumPy array in the namespace, on the device and of the type of the targets.

        ``exact`` leaves it in double precision where the namespace is NumPy.
        """
        xp = namespace(self.y)
        dtype = None if exact and xp is np else self.y.dtype
        return asarray(values, xp, None if xp is np else self.y.device, dtype=dtype)

    def column_scales(self):
        """Root mean square of each column, 1 where it is zero: the units of the gradient."""
        squares = self.column_mean_squares
        xp = namespace(squares)
        return xp.sqrt(xp.where(squares > 0, squares, xp.ones_like(squares)))

    def measuring_units(self, gradient):
        """Units by which a gradient is measured, and its norm in them.

        Each column counts in units of its root mean square, and each target, if there are more, in
        units of its own share of the gradient given, so that none hides behind a louder one.
        Classes are no targets of their own: one of them may have no gradient to begin with.
        """
        scales = self.column_scales()
        if len(gradient.shape) == 2 and self.loss.n_outputs is None:
            norms = [self.scaled_norm(gradient[:, k], scales) for k in range(gradient.shape[1])]
            largest = max(norms)
            relative = [norm / largest if norm > 0 else 1.0 for norm in norms]
            xp = namespace(scales)
            device = None if xp is np else scales.device
            scales = scales[:, None] * asarray(relative, xp, device, dtype=scales.dtype)[None, :]
        return scales, self.scaled_norm(gradient, scales)

    def inside(self, params):
        """`params`, or the nearest ones that the penalty allows."""
        return params if math.isfinite(self.penalty_value(params)) else self.prox(params, 1.0)

    def scaled_norm(self, gradient, scales):
        """Euclidean norm of a gradient measured in units of the columns' root mean squares."""
        ratio = _in_units(gradient, scales)
        return _root(ratio, dot(ratio, ratio))

    def deferred_norm(self, gradient, scales):
        """`scaled_norm` as a `DeferredScalar`."""
        ratio = _in_units(gradient, scales)
        return DeferredScalar(sum_of_products(ratio, ratio), partial(_root, ratio))


def normalised_weights(sample_weight):
    """Weights divided by their mean, or None when all are equal."""
    xp = namespace(sample_weight)
    if bool(xp.all(sample_weight == sample_weight[0])):
        return None
    relative = sample_weight / xp.max(sample_weight)  # a sum of huge weights would overflow
    return relative / xp.mean(relative)


def _exact_mapping(terms, w, g, sign, step_size):
    """(g + l2 w + l1 sign(u)) / (1 + s l2), where u, the prox of w - s g, is not held at zero.

    The difference of w and u has few digits, and none where both are large.
    """
    l1, l2 = _like(terms.l1, w), _like(terms.l2, w)
    return (g + l2 * w + l1 * sign) / (1 + step_size * l2)


def _like(strength, w):
    """A strength for all coefficients, or one for each, beside these."""
    return as_column(np.asarray(strength, dtype=float), w)


def zero_parameters(design, y, loss):
    """Coefficients and intercept of zero."""
    xp = namespace(y)
    shape = (design.n_parameters, *loss.output_shape(y))
    return xp.zeros(shape, dtype=y.dtype, device=None if xp is np else y.device)


def null_parameters(design, y, weights, loss):
    """Those of the null model: coefficients of zero, and the best constant as intercept."""
    params = zero_parameters(design, y, loss)
    if not design.fit_intercept:
        return params
    constant = best_constant(loss, y, weights)
    return namespace(y).concat([params[:-1, ...], constant[None, ...]])


def _in_units(gradient, scales):
    return gradient / (scales if scales.ndim == gradient.ndim else scales[:, None])


def _root(ratio, square):
    """Euclidean norm of an array whose square is known."""
    if SMALLEST_SQUARE < square < math.inf:
        return math.sqrt(square)
    largest = float(namespace(ratio).max(abs(ratio)))
    if not 0 < largest < math.inf:
        return largest
    ratio = ratio / largest  # the squares have underflowed, or overflowed
    return largest * math.sqrt(dot(ratio, ratio))
