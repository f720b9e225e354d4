"""Certificates: whether F - F* is small enough to end a run.

The null parameters are those of a fit before it has learned anything: zero coefficients. The
gradient mapping, (w - prox(w - s g)) / s, is the gradient without a penalty; it is zero at the
minimum only.
"""

import math

import numpy as np

from gdregress._utils.array_api import same_numbers


class Certificate:
    """Estimates F - F* at each epoch.

    An estimate from the curvature costs a pass over the data or more. It is made where the norm
    of the gradient mapping is small enough to end the run, and otherwise at epochs that double.
    Between two estimates F - F* is taken to be proportional to the square of the norm, and it is
    unknown before the first. No gap is larger than F less a lower bound of it.

    Parameters
    ----------
    remaining : callable
        From parameters to the estimate of F - F*.
    null_objective : float
        F of the null model, or less.
    tol : float
        The run ends where the estimate is at most tol^2 (F_null - F*).
    smallest_ratio : float
        Lower bound of (F - F*) / norm^2: 1 / (2 L), L the largest curvature.
    rounding : float
        Norm of the mapping that is rounding.
    measures_end : bool
        Whether an estimate is also made at the end of the run.
    reference : float
        Norm of the gradient mapping at the null parameters.
    can_estimate : bool
        Whether the curvature has digits along all directions, without which nothing is proven.
    is_measured : bool
        Whether `smallest_ratio` has been estimated, and is more than a bound.
    least : float
        A lower bound of F.
    """

    # After an estimate that did not end the run, the norm falls by this factor before the next.
    FALL = 0.7
    FIRST = 16  # the first epoch with an estimate whatever the norm
    # Where the gradient is rounding a run ends at this tolerance, if its own is smaller; and where
    # no more is left than rounding makes of curvatures that are so far apart.
    LEAST_TOL, ALIKE = 1e-4, 100.0
    course = ("ratio", "refused", "is_blind", "asked", "next", "_known")

    def __init__(
        self,
        remaining,
        null_objective,
        tol,
        smallest_ratio,
        rounding,
        measures_end=True,
        reference=0.0,
        can_estimate=True,
        is_measured=False,
        least=-math.inf,
    ):
        self.least = least
        self.can_estimate = can_estimate
        self.remaining = remaining
        self.measures_end = measures_end
        self.null_objective = null_objective
        self.tol = tol
        self.ratio = self.smallest_ratio = smallest_ratio
        self.rounding = rounding
        self.reference = reference
        self.refused, self.is_blind = math.inf, not is_measured
        self.asked, self.next = 0, self.FIRST
        self._known = (None, None)

    def threshold(self, value):
        """Return the norm of the gradient mapping at which an estimate is worth its cost."""
        enough = self.tol * math.sqrt(max(self.null_objective - value, 0.0) / self.ratio)
        return max(min(enough, self.FALL * self.refused), self.rounding)

    def gap(self, norm, params, value):
        """Return F(params) - F*, given the norm of the mapping and about the objective."""
        if self._is_known(params):
            return self._known[1]
        self.asked += 1
        due = self.asked >= self.next
        if not (norm <= self.threshold(value) or (due and 0 < norm < math.inf)):
            # inf where the last estimate has failed, or there was none
            return self.proportion(norm, value)
        self.next *= 2 if due else 1
        gap = self.measured(params, value)
        if norm > 0 and 0 < gap < math.inf:
            self.ratio = gap / norm / norm
        if norm <= self.threshold(value) and not self.proves(norm, gap, value):
            # no estimate: the curvature here does not predict the minimum yet
            self.refused = norm if gap < math.inf else self.FALL**2 * norm
        return gap

    def _at_most(self, value, gap):
        """Return a gap that is known, but no more than there can be."""
        return gap if gap == math.inf else min(gap, max(value - self.least, 0.0))

    def proportion(self, norm, value, foreseen=0.0):
        """Return F - F* in the proportion of the last estimate; it ends no run.

        ``foreseen`` is a decrease by the next steps, and the least that is left.
        """
        gap = math.inf if self.is_blind else self.ratio * norm * norm
        return self._at_most(value, max(gap, foreseen))

    def _is_known(self, params):
        """Whether the last estimate was made at these parameters."""
        known = self._known[0]
        # arrays on an accelerator are not compared, as the host would wait for them
        return known is params or (isinstance(params, np.ndarray) and same_numbers(known, params))

    def measured(self, params, value):
        """Return F(params) - F* from the curvature there, given about the objective."""
        return self.keep(params, self._at_most(value, self.remaining(params)))

    def keep(self, params, gap):
        """Keep an estimate, which an engine may have made, and return it."""
        self._known, self.is_blind = (params, gap), gap == math.inf
        return gap

    def proves(self, norm, gap, value):
        """Whether an estimate, not a proportion, is small enough to end the run."""
        if gap != self._known[1]:
            return norm <= self.rounding
        left = max(self.null_objective - value, 0.0) + gap
        if left == 0:  # squares of tiny targets underflow, their gradient does not
            return norm <= max(self.tol * self.reference, self.rounding)
        if not left < math.inf:
            return False
        enough = self.tol**2 * left
        if norm <= self.rounding:  # what is left along a flat direction may be more than rounding
            noise = self.ALIKE * self.smallest_ratio * self.rounding**2
            enough = max(enough, self.LEAST_TOL**2 * left, noise)
        return gap <= enough


class ProvenGap:
    """The certificate of runs whose engine bounds F - F* at each epoch.

    Parameters
    ----------
    null_objective : float
        F of the null model.
    tol : float
        As for `Certificate`.
    rounding : float
        Relative rounding error of F.
    """

    # A bound of so many times the rounding error of F is small enough.
    MARGIN = 100.0

    def __init__(self, null_objective, tol, rounding):
        self.null_objective = null_objective
        self.tol = tol
        self.rounding = rounding

    def proves(self, norm, gap, value):
        """Whether the bound is small enough to end the run."""
        left = max(self.null_objective - value, 0.0) + gap
        noise = self.MARGIN * self.rounding * abs(self.null_objective)
        return gap <= max(self.tol**2 * left, noise)
