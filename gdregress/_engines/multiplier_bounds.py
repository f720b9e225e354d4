"""Bounds of the coefficients in the method of multipliers, for one target.

lower <= w <= upper is the penalty g(w) = max_e e w - g*(e), g*(e) = max(lower e, upper e), where e
is the multiplier of the bound. With its centre e0 and a width v = t / q,

    g_t(w) = max_e e w - g*(e) - v (e - e0)^2 / 2,    e = (p - clip(p, lower, upper)) / v,
                                                      p = w + v e0

q is the mean square of the column, so that a coefficient beyond its bound is curved as all of the
rows are together.

References
----------
Rockafellar, "Augmented Lagrangians and applications of the proximal point algorithm in convex
programming", 1976, section 4.
"""

import numpy as np


class Bounds:
    """The bounds of the coefficients, and the centres of their multipliers.

    Parameters
    ----------
    lower, upper : ndarrays of shape (n_parameters,)
        Infinite where there is none.
    squares : ndarray of shape (n_parameters,)
        q.
    """

    def __init__(self, lower, upper, squares):
        self.lower, self.upper = lower, upper
        self.squares = np.where(squares > 0, squares, 1.0)
        self.exist = bool((np.isfinite(lower) | np.isfinite(upper)).any())
        self.centres = np.zeros(len(lower))

    def slopes(self, params, width):
        """e."""
        if not self.exist:
            return self.centres
        v = width / self.squares
        p = params + v * self.centres
        return (p - self.clip(p)) / v

    def curvature(self, slopes, width):
        """de/dw, zero where the multiplier is."""
        return (slopes != 0) * self.squares / width

    def clip(self, params):
        """The parameters within the bounds."""
        return np.clip(params, self.lower, self.upper) if self.exist else params

    def allowed(self, slopes):
        """The nearest slopes for which g* is finite, and how far they are."""
        if not self.exist:
            return slopes, 0 * slopes
        least, most = (
            np.where(np.isinf(bound), 0.0, np.inf) for bound in (self.lower, self.upper)
        )
        kept = np.clip(slopes, -least, most)
        return kept, abs(slopes - kept)

    def gap(self, slopes, params):
        """The sum of g*(e) - e w of allowed slopes, without cancellation."""
        bound = np.where(slopes > 0, self.upper, self.lower)
        some = slopes != 0
        return float(slopes[some] @ (bound - params)[some])

    def moved_squares(self, slopes, start, width):
        """The sum of v ((e - e0)^2 - (start - e0)^2), without cancellation."""
        steps = (slopes - start) * (slopes + start - 2 * self.centres)
        return float(np.sum(width / self.squares * steps))
