r"""The method of multipliers for losses of two linear pieces, for one target.

    F(w) = sum_i s_i L(u_i) + sum_j l1_j |w_j| + l2_j w_j^2 / 2,    u_i = +-(a_i . w - shift_i)

is the largest over slopes c of the rows and e of the coefficients of a dual function D(c, e). At
fixed centres c0, e0 of the slopes, the augmented Lagrangian

    F_t(w) = max_c,e  sum_i s_i (c_i u_i - L*(c_i) - t (c_i - c0_i)^2 / 2) + ...

is smooth: with centres of zero it is the Moreau envelope of F of width t. It is minimised by
Newton steps, each of which needs only the rows whose envelope is bent, and an exact search along
them. The slopes at its minimum are the next centres, and the next width is smaller: kinks are
reached at a width that is far from zero, after a few of such rounds.

The linearised slopes at the end of a Newton step meet the conditions of the dual exactly. Scaled
back into their bounds they give a lower bound of F*: the gap is proven, not estimated. Where zero
is not inside the bounds (the hinge) they are cut off; what is cut off, and what the Newton system
was missed by, is added to the gap times a generous distance of the minimum.

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
from gdregress._objective.products import newton_step

# The next round begins once the minimum of this one has been missed by this share of the gap.
ENOUGH = 0.3
NARROWER, LEAST_WIDTH = 4.0, 1e-12
# Damping of the Newton system, relative to A' A: at first, at least; and its changes after short
# steps and after long ones.
DAMPING, LEAST_DAMPING, MORE, LESS = 0.1, 1e-10, 4.0, 0.1
SHORT, LONG = 0.1, 0.5
# Share of the rows whose curvature is damped by where fewer are bent.
FEW_ROWS = 1e-3
ROUNDING = 1e-15
EPS = float(np.finfo(float).eps)
# Of a gradient, in units of rounding and of its column's size.
NOISE = 16.0
# How many times as far as the way so far, a Newton step and the scale of the predictions together
# the minimum may be.
FAR = 100.0
_CHANGING = (
    *("params", "coef_centres", "width", "scale", "damping"),
    *("best", "best_loss", "best_params", "bound"),
)


class Multipliers:
    """Where one target stands; its rows are elsewhere, see `Rows`.

    Parameters
    ----------
    pieces : Pieces
        Of the loss.
    l1, l2 : ndarrays of shape (n_parameters,)
        Strengths of the penalty, zero for the intercept.
    base : ndarray
        A' S A, or its diagonal where it would be too large.
    params : ndarray of shape (n_parameters,)
        Where it begins.
    scale : float
        The root of the mean square of m there.
    flat : ndarray of bool of shape (n_parameters,)
        Parameters along which no row differs but by rounding.
    """

    def __init__(self, pieces, l1, l2, base, params, scale, flat):
        self.pieces = pieces
        self.l1, self.l2, self.base, self.flat = l1, l2, base, flat
        self.params, self.coef_centres = params, 0.0
        self.width = self.scale = scale or 1.0
        self.sizes = np.sqrt(np.where(flat, 0.0, diagonal(base)))
        self.damping = DAMPING
        self.best, self.best_loss, self.best_params = math.inf, math.inf, params
        self.bound = 0.0  # no loss and no penalty is below zero
        # or is it in directions whose steps are rounding, as `hides_directions` says?
        self.has_digits = True
        self.two_sided = pieces.lower < 0 < pieces.upper

    def where(self):
        """The numbers that change from step to step, by their names."""
        return {name: getattr(self, name) for name in _CHANGING}

    def go_to(self, where):
        """Go on from where another has been."""
        vars(self).update({name: where[name] for name in _CHANGING})

    @property
    def gap(self):
        """F of the best parameters - a lower bound of F*."""
        return max(0.0, self.best - self.bound)

    def aim(self, row_gradient, products):
        """Take the gradient of F_t and the Newton step from here.

        Parameters
        ----------
        row_gradient : ndarray of shape (n_parameters,)
            A' `Rows.gradient`.
        products : Products or SummedProducts
            A' D A of `Rows.curvature`.
        """
        self.e = self._coef_slopes(self.params)
        row_gradient = np.where(self.flat, 0.0, row_gradient)
        self.gradient = row_gradient + self.l1 * self.e + self.l2 * self.params
        self.loose = (abs(self.e) < 1) & (self.l1 > 0)
        extra = self.loose * self.l1 / self.width + self.l2
        # the same share of the rows' curvature for all columns
        total, size = float(np.sum(products.diagonal())), float(np.sum(self.sizes**2))
        damping = self.damping * max(total / (size or 1.0), FEW_ROWS / self.width)
        # that of each row, where the system has it
        self.row_damping = 0.0 if products.matrix is None else damping
        system = products, damping * self.base, extra, self.gradient, self.flat
        step, residual = newton_step(*system)
        noise = NOISE * EPS * self.sizes
        self.step, self.missing = step, np.clip(abs(residual) - noise, 0, None)

    @property
    def candidate(self):
        """The parameters, those that are loose being zero."""
        return np.where(self.loose, 0.0, self.params)

    def advance(self, sums, derivative):
        """Step along the direction; the share of the Newton step that is taken.

        Parameters
        ----------
        sums : Along
        derivative : callable
            Of a length: the part of the rows in the derivative of F_t.

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
        """Take the slopes here as centres, and a smaller width."""
        self.coef_centres = self._coef_slopes(self.params)
        self.width = max(self.width / NARROWER, LEAST_WIDTH * self.scale)

    def _coef_slopes(self, params):
        return np.clip(self.coef_centres + params / self.width, -1, 1)

    def _offer(self, loss):
        """Keep the candidate, whose mean loss this is, if it is the best so far."""
        params = self.candidate
        value = loss + float(self.l1 @ abs(params) + self.l2 @ (params * params) / 2)
        if value < self.best:
            self.best, self.best_loss, self.best_params = value, loss, params

    def _bounds(self, sums):
        """F here; F - D for the slopes at the end of the Newton step; F_t less its own dual."""
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
        far = self.params - scale * (self.params + self.step)
        of_coefs = self.l1 @ (sizes - kept * self.params) + self.l2 @ (far * far) / 2
        gap = cut + sums.gap + (1 - scale) * sums.dual + float(of_coefs)
        steps = (kept - e) * (kept + e - 2 * self.coef_centres)
        missed = gap + t / 2 * (sums.moved_squares(scale) + float(self.l1 @ steps))
        missed -= sums.missed + float(self.l1 @ (sizes - e * self.params))
        penalty = float(self.l1 @ sizes + self.l2 @ (self.params * self.params) / 2)
        return sums.loss + penalty, gap, missed

    def _search(self, of_rows):
        """Where F_t is least along the Newton step: its derivative grows piecewise linearly."""
        step = self.step

        def derivative(length):
            params = self.params + length * step
            coef_slopes = self.l1 * self._coef_slopes(params) + self.l2 * params
            return of_rows(length) + float(step @ coef_slopes)

        return zero_of_increasing(derivative, float(self.gradient @ step))


def diagonal(matrix):
    """That of a matrix, which may be given by it alone."""
    return matrix if matrix.ndim == 1 else np.diag(matrix)
