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
from gdregress._objective.products import Products, newton_step

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
# Of a gradient, in units of rounding and of its column's size.
NOISE = 16.0
# How many times as far as the way so far, a Newton step and the scale of the predictions together
# the minimum may be.
FAR = 100.0
_CHANGING = (
    *("params", "u", "centres", "coef_centres", "width", "scale", "damping"),
    *("best", "best_loss", "best_params", "bound"),
)


class Multipliers:
    """Where one target stands.

    Parameters
    ----------
    pieces : Pieces
        Of the loss.
    sign : ndarray of shape (n_samples,) or 1.0
        du_i / dz_i.
    shares : ndarray of shape (n_samples,)
        s, which sum to about 1.
    l1, l2 : ndarrays of shape (n_parameters,)
        Strengths of the penalty, zero for the intercept.
    base : ndarray
        A' S A, or its diagonal where it would be too large.
    params : ndarray of shape (n_parameters,)
        Where it begins.
    u : ndarray of shape (n_samples,)
        The positions there.
    """

    def __init__(self, pieces, sign, shares, l1, l2, base, params, u):
        self.pieces = pieces
        self.sign, self.shares, self.l1, self.l2, self.base = sign, shares, l1, l2, base
        self.params, self.u = params, u
        self.centres, self.coef_centres = 0.0, 0.0
        m = pieces.beyond(u)
        self.width = self.scale = math.sqrt(float(shares @ (m * m))) or 1.0
        self.sizes = np.sqrt(_diagonal(base))
        self.damping = DAMPING
        self.best, self.best_loss, self.best_params = math.inf, math.inf, params
        self.bound = 0.0  # no loss and no penalty is below zero
        self.two_sided = pieces.lower < 0 < pieces.upper

    def where(self):
        """The numbers that change from step to step, by their names."""
        return {name: getattr(self, name) for name in _CHANGING}

    def go_to(self, where):
        """Go on from where another has been."""
        vars(self).update(where)

    @property
    def gap(self):
        """F of the best parameters - a lower bound of F*."""
        return max(0.0, self.best - self.bound)

    def slopes(self):
        """What the rows contribute to the gradient: s dL_t/dz."""
        self.c = self._row_slopes(self.u)
        return self.shares * self.c * self.sign

    def direction(self, design, row_gradient):
        """Take the gradient of F_t; the Newton step from here, and that to the sparse candidate.

        Parameters
        ----------
        design : DesignMatrix
        row_gradient : ndarray of shape (n_parameters,)
            A' `slopes`.
        """
        self.e = self._coef_slopes(self.params)
        self.gradient = row_gradient + self.l1 * self.e + self.l2 * self.params
        self.bent = self.pieces.is_bent(self.c)
        self.loose = (abs(self.e) < 1) & (self.l1 > 0)
        products = Products(design, self.bent * self.shares / self.width)
        extra = self.loose * self.l1 / self.width + self.l2
        # the same share of the rows' curvature for all columns
        total, size = float(np.sum(products.diagonal())), float(np.sum(self.sizes**2))
        self.flat = self.damping * max(total / (size or 1.0), FEW_ROWS / self.width)
        self.is_exact = products.matrix is not None
        step, residual = newton_step(products, self.flat * self.base, extra, self.gradient)
        noise = NOISE * float(np.finfo(design.X.dtype).eps) * self.sizes
        self.step, self.missing = step, np.clip(abs(residual) - noise, 0, None)
        return self.step, -self.params * self.loose

    def advance(self, dz, to_sparse):
        """Step along the direction, by what it does to the predictions."""
        du = self.sign * dz
        self._offer(self.u + self.sign * to_sparse)
        value, dual_gap, missed = self._bounds(du)
        self.bound = max(self.bound, value - dual_gap)
        length = self._search(du)
        self.params, self.u = self.params + length * self.step, self.u + length * du
        if missed <= max(ENOUGH * dual_gap, ROUNDING * value):
            self.centres = self._row_slopes(self.u)
            self.coef_centres = self._coef_slopes(self.params)
            self.width = max(self.width / NARROWER, LEAST_WIDTH * self.scale)
            self.damping = max(self.damping * LESS, LEAST_DAMPING)
        elif length > LONG:
            self.damping = max(self.damping * LESS, LEAST_DAMPING)
        elif length < SHORT:
            self.damping = min(self.damping * MORE, 1.0)
        return length

    def _row_slopes(self, u):
        return self.pieces.slope(u + self.width * self.centres, self.width)

    def _coef_slopes(self, params):
        return np.clip(self.coef_centres + params / self.width, -1, 1)

    def _offer(self, u):
        """Keep the candidate, whose loose coefficients are zero, if it is the best so far."""
        params = np.where(self.loose, 0.0, self.params)
        loss = float(self.shares @ self.pieces.value(u))
        value = loss + float(self.l1 @ abs(params) + self.l2 @ (params * params) / 2)
        if value < self.best:
            self.best, self.best_loss, self.best_params = value, loss, params

    def _bounds(self, du):
        """F here; F - D for the slopes at the end of the Newton step; F_t less its own dual."""
        pieces, s, t, u, c, e = self.pieces, self.shares, self.width, self.u, self.c, self.e
        losses, sizes = pieces.value(u), abs(self.params)
        curvature = self.bent / t + (self.flat if self.is_exact else 0.0)
        ends, coef_ends = c + curvature * du, e + self.loose / t * self.step
        distance = abs(self.params) + abs(self.step)
        distance += self.scale / np.where(self.sizes > 0, self.sizes, math.inf)
        cut = FAR * float(self.missing @ distance)
        scale, kept, coef_kept = 1.0, ends, coef_ends
        if self.two_sided:
            scale = 1 / max(1.0, _reach(ends, pieces), float(np.max(abs(coef_ends), initial=0)))
            kept, coef_kept = scale * ends, scale * coef_ends
        else:
            kept, coef_kept = np.clip(ends, pieces.lower, pieces.upper), np.clip(coef_ends, -1, 1)
            cut += FAR * float(s @ (abs(ends - kept) * (abs(u) + abs(du) + self.scale)))
            cut += FAR * float((self.l1 * abs(coef_ends - coef_kept)) @ distance)
        far = self.params - scale * (self.params + self.step)
        gap = cut + float(
            s @ (losses + pieces.conjugate(kept) - kept * u)
            + self.l1 @ (sizes - coef_kept * self.params)
            + self.l2 @ (far * far) / 2
        )
        missed = gap + t / 2 * float(
            s @ ((kept - self.centres) ** 2 - (c - self.centres) ** 2)
            + self.l1 @ ((coef_kept - self.coef_centres) ** 2 - (e - self.coef_centres) ** 2)
        )
        missed -= float(
            s @ (losses + pieces.conjugate(c) - c * u) + self.l1 @ (sizes - e * self.params)
        )
        penalty = float(self.l1 @ sizes + self.l2 @ (self.params * self.params) / 2)
        return float(s @ losses) + penalty, gap, missed

    def _search(self, du):
        """Where F_t is least along the Newton step: its derivative grows piecewise linearly."""
        step, weighted = self.step, self.shares * du

        def derivative(length):
            params = self.params + length * step
            coef_slopes = self.l1 * self._coef_slopes(params) + self.l2 * params
            return float(weighted @ self._row_slopes(self.u + length * du) + step @ coef_slopes)

        return zero_of_increasing(derivative, float(self.gradient @ step))


def _reach(slopes, pieces):
    """How many times too large slopes are for their bounds."""
    return max(float(np.max(slopes)) / pieces.upper, float(np.min(slopes)) / pieces.lower)


def _diagonal(matrix):
    return matrix if matrix.ndim == 1 else np.diag(matrix)
