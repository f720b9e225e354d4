r"""The method of multipliers for losses of two linear pieces, for one target.

    F(w) = sum_i s_i L(u_i) + sum_j l1_j |w_j| + l2_j w_j^2 / 2,    u_i = +-(a_i . w - shift_i)

within the `Bounds` of w is the maximum of a dual function D(c, e) over slopes c of the rows, e of
the coefficients and multipliers of the bounds. With fixed centres c0, e0 of the slopes, the
augmented Lagrangian

    F_t(w) = max_c,e  sum_i s_i (c_i u_i - L*(c_i) - t (c_i - c0_i)^2 / 2) + ...

is smooth: with centres of zero it is the Moreau envelope of F of width t. Newton steps with an
exact line search minimise it; a step needs only the rows whose envelope is bent. The slopes at the
minimum are the centres of the next round, whose width is smaller: after a few rounds the minimum
of F is reached at a width that is far from zero.

The linearised slopes at the end of a Newton step satisfy the equations of the dual exactly. Scaled
into their bounds they give a lower bound of F*: the gap is proven, not estimated. If zero is not
inside the bounds (the hinge), slopes beyond the bounds are clipped; the clipped part, and the
residual of the Newton system, times a bound of the distance to the minimum are added to the gap.

Letters
-------
u, m, c  of a row: position, distance from the interval on which the loss is free, slope
e        of a coefficient: slope of |w_j|
t        width of the envelope, in the units of predictions

References
----------
Rockafellar, "Augmented Lagrangians and applications of the proximal point algorithm in convex
programming", 1976. Li, Sun and Toh, "A highly efficient semismooth Newton augmented Lagrangian
method for solving Lasso problems", 2018.
"""

import math

import numpy as np

from gdregress._engines.exact_search import zero_of_increasing
from gdregress._engines.multiplier_bounds import Bounds
from gdregress._objective.products import newton_step

# The next round begins when the error of the minimum of this one is this share of the gap.
ENOUGH = 0.3
NARROWER, LEAST_WIDTH = 4.0, 1e-12
# Damping of the Newton system, relative to A' A: the first and the smallest, and its factors after
# short and after long steps.
DAMPING, LEAST_DAMPING, MORE, LESS = 0.1, 1e-10, 4.0, 0.1
SHORT, LONG = 0.1, 0.5
# The damping is that of at least this share of the rows, also if fewer are bent.
FEW_ROWS = 1e-3
ROUNDING = 1e-15
EPS = float(np.finfo(float).eps)
# Largest gradient that is rounding, in units of the rounding error of its column.
NOISE = 16.0
# Bound of the distance to the minimum, in units of the distance from the start, a Newton step and
# the scale of the predictions together.
FAR = 100.0
_CHANGING = (
    *("params", "coef_centres", "width", "scale", "damping"),
    *("best", "best_loss", "best_params", "bound"),
)


class Multipliers:
    """The state of one target without its rows, see `Rows`.

    Parameters
    ----------
    pieces : Pieces
        The linear pieces of the loss.
    l1, l2 : ndarrays of shape (n_parameters,)
        Strengths of the penalty, zero for the intercept.
    base : ndarray
        A' S A, or its diagonal if the matrix is too large.
    params : ndarray of shape (n_parameters,)
        The parameters at the start.
    scale : float
        The root mean square of m at the start.
    flat : ndarray of bool of shape (n_parameters,)
        Parameters along which rows differ by rounding only.
    lower, upper : ndarrays of shape (n_parameters,)
        Bounds of the parameters.
    """

    def __init__(self, pieces, l1, l2, base, params, scale, flat, lower, upper):
        self.pieces = pieces
        self.l1, self.l2, self.base, self.flat = l1, l2, base, flat
        self.params, self.coef_centres = params, 0.0
        self.scale = scale or 1.0
        self.width = self.scale / (pieces.upper if pieces.rounding else 1.0)
        squares = np.where(flat, 0.0, diagonal(base))
        self.sizes, self.bounds = np.sqrt(squares), Bounds(lower, upper, squares)
        self.damping = DAMPING
        self.best, self.best_loss, self.best_params = math.inf, math.inf, params
        self.bound = 0.0  # losses and penalties are not negative
        # or is it in directions whose steps are rounding, as `hides_directions` says?
        self.has_digits = True
        self.two_sided = pieces.lower < 0 < pieces.upper

    def where(self):
        """The numbers that change from step to step, by name."""
        numbers = {name: getattr(self, name) for name in _CHANGING}
        return numbers | {"multipliers": self.bounds.centres}

    def go_to(self, where):
        """Continue from the numbers of another run."""
        vars(self).update({name: where[name] for name in _CHANGING})
        self.bounds.centres = where["multipliers"]

    @property
    def gap(self):
        """F of the best parameters - a lower bound of F*."""
        return max(0.0, self.best - self.bound)

    def aim(self, row_gradient, products):
        """Compute the gradient of F_t and the Newton step.

        Parameters
        ----------
        row_gradient : ndarray of shape (n_parameters,)
            A' `Rows.gradient`.
        products : Products or SummedProducts
            A' D A of `Rows.curvature`.
        """
        self.e = self._coef_slopes(self.params)
        row_gradient = np.where(self.flat, 0.0, row_gradient)
        self.held = self.bounds.slopes(self.params, self.width)
        self.gradient = row_gradient + self.l1 * self.e + self.l2 * self.params + self.held
        self.loose = (abs(self.e) < 1) & (self.l1 > 0)
        self.hold = self.bounds.curvature(self.held, self.width)
        extra = self.loose * self.l1 / self.width + self.l2 + self.hold
        # the same share of the rows' curvature for all columns
        total, size = float(np.sum(products.diagonal())), float(np.sum(self.sizes**2))
        of_few_rows = FEW_ROWS / (self.pieces.rounding + self.width)
        damping = self.damping * max(total / (size or 1.0), of_few_rows)
        # that of each row, where the system has it
        self.row_damping = 0.0 if products.matrix is None else damping
        system = products, damping * self.base, extra, self.gradient, self.flat
        step, residual = newton_step(*system)
        noise = NOISE * EPS * self.sizes
        self.step, self.missing = step, np.clip(abs(residual) - noise, 0, None)

    @property
    def candidate(self):
        """The parameters, with zero for loose ones, within the bounds."""
        return self.bounds.clip(np.where(self.loose, 0.0, self.params))

    @property
    def has_candidate(self):
        """Whether the candidate may differ from the parameters."""
        return self.bounds.exist or bool(self.l1.any())

    def advance(self, sums, derivative):
        """Step along the direction.

        Parameters
        ----------
        sums : Along
        derivative : callable
            The contribution of the rows to the derivative of F_t, as a function of the length.

        Returns
        -------
        length : float
        is_over : bool
            Whether this was the last step of the round.
        """
        self._offer(sums.candidate)
        value, dual_gap, missed = self._bounds(sums)
        if self.has_digits:
            self.bound = max(self.bound, value - dual_gap)
        length = self._search(derivative)
        self.params = self.params + length * self.step
        is_over = missed <= max(ENOUGH * dual_gap, ROUNDING * value)
        if is_over or length > LONG:
            self.damping = max(self.damping * LESS, LEAST_DAMPING)
        elif length < SHORT:
            self.damping = min(self.damping * MORE, 1.0)
        return length, is_over

    def begin_round(self):
        """Set the centres to the current slopes, and a smaller width."""
        self.coef_centres = self._coef_slopes(self.params)
        self.bounds.centres = self.bounds.slopes(self.params, self.width)
        self.width = max(self.width / NARROWER, LEAST_WIDTH * self.scale)

    def _coef_slopes(self, params):
        return np.clip(self.coef_centres + params / self.width, -1, 1)

    def _offer(self, loss):
        """Store the candidate with this mean loss if it is the best so far."""
        params = self.candidate
        value = loss + float(self.l1 @ abs(params) + self.l2 @ (params * params) / 2)
        if value < self.best:
            self.best, self.best_loss, self.best_params = value, loss, params

    def _bounds(self, sums):
        """F; F - D for the slopes at the end of the Newton step; F_t less its own dual."""
        t, e, sizes = self.width, self.e, abs(self.params)
        ends = e + self.loose / t * self.step
        distance = sizes + abs(self.step)
        distance += self.scale / np.where(self.sizes > 0, self.sizes, math.inf)
        cut = FAR * (float(self.missing @ distance) + sums.cut)
        scale = 1.0
        if self.two_sided:
            scale = 1 / max(1.0, sums.reach, float(np.max(abs(ends), initial=0)))
            kept = scale * ends
        else:
            kept = np.clip(ends, -1, 1)
            cut += FAR * float((self.l1 * abs(ends - kept)) @ distance)
        held, too_far = self.bounds.allowed(scale * (self.held + self.hold * self.step))
        cut += FAR * float(too_far @ distance)
        far = self.params - scale * (self.params + self.step)
        of_coefs = self.l1 @ (sizes - kept * self.params) + self.l2 @ (far * far) / 2
        gap = cut + sums.gap + (1 - scale) * sums.dual + float(of_coefs)
        gap += self.bounds.gap(held, self.params)
        steps = (kept - e) * (kept + e - 2 * self.coef_centres)
        missed = gap + t / 2 * (sums.moved_squares(scale) + float(self.l1 @ steps))
        missed -= sums.missed + float(self.l1 @ (sizes - e * self.params))
        missed -= self.bounds.gap(self.held, self.params)
        missed += self.bounds.moved_squares(held, self.held, t) / 2
        penalty = float(self.l1 @ sizes + self.l2 @ (self.params * self.params) / 2)
        return sums.loss + penalty, gap, missed

    def _search(self, of_rows):
        """The minimum of F_t along the Newton step; its derivative is piecewise linear."""
        step = self.step

        def derivative(length):
            params = self.params + length * step
            coef_slopes = self.l1 * self._coef_slopes(params) + self.l2 * params
            coef_slopes += self.bounds.slopes(params, self.width)
            return of_rows(length) + float(step @ coef_slopes)

        return zero_of_increasing(derivative, float(self.gradient @ step))


def diagonal(matrix):
    """The diagonal of a matrix, or the diagonal itself if that is given."""
    return matrix if matrix.ndim == 1 else np.diag(matrix)
