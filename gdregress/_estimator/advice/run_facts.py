"""Facts of a run beyond its history."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(eq=False, repr=False)
class RunDiagnostics:
    """Facts of a run that its warnings need, computed when asked for.

    Parameters
    ----------
    name : str
        Of the estimator.
    spectrum, user_spectrum : Spectrum
        Of the columns that the run descends in, and of the user's own.
    smoothness, automatic_rate, feature_names : callable
    searched : bool
        Whether an automatic rate is found by trying.
    optimizer : Optimizer
    tol : float or None
    null_objective : float
        The objective of the null model.
    by_gradient : bool
        Whether the run is ended by a certificate.
    has_scale : bool
        Whether the null objective says how large objectives are, see `Divergence`.
    curvature_is_exact, curvature_is_bounded : bool
    """

    name: str
    spectrum: Any
    user_spectrum: Any
    smoothness: Callable[[], float]
    automatic_rate: Callable[[], float]
    searched: bool
    optimizer: Any
    feature_names: Callable[[], Sequence[str]]
    tol: float | None
    null_objective: float
    by_gradient: bool
    has_scale: bool
    is_batch: bool
    strong_convexity: float
    curvature_is_exact: bool
    curvature_is_bounded: bool

    def condition_number(self):
        """Of A'A plus the penalty's curvature, A the columns of the run; None if not known."""
        spectrum, mu = self.spectrum, self.strong_convexity
        if spectrum.smallest is None or not mu > 0:
            return spectrum.condition_number
        of_loss = 1.0
        if self.is_batch and spectrum.largest > 0:
            of_loss = self.smoothness() / spectrum.largest
        return (of_loss * spectrum.largest + mu) / (of_loss * spectrum.smallest + mu)

    def condition_number_of_columns(self):
        """The condition number of X'X, None if not known, and of which columns it is.

        In the metric of the moments it is that of standardised columns: the metric makes it 1,
        and the coefficients no better known.
        """
        coordinates = self.spectrum.design.coordinates
        if coordinates is None:
            return self.condition_number(), ""
        if coordinates.separable:
            return self.condition_number(), ", its columns centred and scaled,"
        return self.user_spectrum.standardised_condition_number, ", its columns standardised,"

    def is_above_stable_limit(self, learning_rate):
        limit = self.stable_limit()
        return limit is not None and learning_rate > limit

    def stable_limit(self):
        """Largest learning rate that is stable on these data, or None where there is none."""
        smoothness = self.smoothness() if self.has_scale else 0.0
        return self.optimizer.stable_limit(smoothness) if smoothness else None

    def share_missing(self, gap, value):
        """(F - F*) / (F_null - F*), of a point with this gap and objective; None if unknown."""
        whole = self.null_objective - value + (gap or 0.0)
        if gap is None or not math.isfinite(gap) or not whole > 0:
            return None
        return gap / whole
