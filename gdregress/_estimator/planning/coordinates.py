"""The choice of coordinates: the columns as they are, scaled columns, or a metric."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gdregress._engines.directions import knows
from gdregress._estimator.components import refuse_columns
from gdregress._estimator.planning.method import all_is_auto
from gdregress._estimator.planning.metric import (
    first_metric,
    kind_of_last_fit,
    takes_metric,
    worth_moments,
)
from gdregress._objective.coordinates import Columns
from gdregress._objective.curvature import Spectrum
from gdregress._objective.design import DesignMatrix, column_coordinates
from gdregress._objective.moments import check_finite
from gdregress._objective.sample import each_number, each_row, step_of
from gdregress._utils.array_api import asarray, to_numpy

# Sparse columns with means larger than this in units of their spread are only scaled: to centre
# them by a later subtraction loses as many digits.
LARGEST_SHIFT = 1e8
# Under batches, those are centred whose means are larger than this in the same units: others make
# the condition number a few times as large at most, and stay sparse.
SMALLEST_SHIFT = 3.0
# Largest condition number of a sample beside which no direction of all rows is flat, or hidden by
# rounding: their smallest eigenvalue is at least a sixteenth of that of the sample.
LARGEST_CONDITION = 1e6


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """The design matrix in the coordinates of a fit, and its spectra.

    Parameters
    ----------
    design : DesignMatrix
    spectrum : Spectrum
        Of the design matrix.
    user_spectrum : Spectrum
        Of the user's own columns.
    columns : ndarray of int or None
        Numbers of the columns among the user's, see `columns_in_use`; None for all.
    sample : Frame or None
        Of a sample of the rows in the same coordinates, where it is all that the run needs to know
        of the spectrum.
    """

    design: Any
    spectrum: Spectrum
    user_spectrum: Spectrum
    columns: Any = None
    sample: Any = None

    def in_coordinates(self, coordinates):
        """The same columns in other coordinates."""
        design = self.design.in_coordinates(coordinates)
        spectrum = self.user_spectrum.in_coordinates(design)
        return replace(self, design=design, spectrum=spectrum)

    def with_sample(self, sample):
        """The same columns, along which the rows of a sample differ in all directions.

        Parameters
        ----------
        sample : Frame
            In these coordinates.
        """
        self.spectrum.hides_nothing = True
        return replace(self, sample=sample)

    @property
    def has_moments(self):
        """Whether the moments of the columns have been formed."""
        return vars(self.user_spectrum).get("moments") is not None


def choose_frame(estimator, components, X, y, weights, in_parts, moments=None):
    """Choose the coordinates of a fit.

    ``preconditioner="auto"`` is "columns" under an automatic rate and None under one that is
    given: a number is the textbook step in the user's own columns. Where the spectrum says that
    scaled columns will not finish, it is "moments", see `first_metric`.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    X, y, weights : arrays
        Of the rows to train on, the weights of mean 1 or None.
    in_parts : bool
        Whether these are part of the rows only, as in `partial_fit`.
    moments : Moments or None
        Of these rows, where they are known.
    """
    design = DesignMatrix(X, estimator.fit_intercept)
    spectrum = Spectrum(design, weights, y)
    if moments is not None:
        spectrum.moments = moments
    return frame_of(estimator, components, spectrum, y, weights, in_parts)


def frame_of(estimator, components, spectrum, y, weights, in_parts=False):
    """Choose the coordinates of a fit from the spectrum of the user's columns."""
    frame = Frame(spectrum.design, spectrum, spectrum)
    kind = preconditioner(estimator)
    if components.failure_of_prox is not None and not estimator.standardize:
        if estimator.preconditioner not in ("auto", None):
            refuse_columns(components, f"preconditioner={estimator.preconditioner!r}")
        return frame
    if in_parts or (kind is None and not estimator.standardize):
        return frame
    step = _step_of_sample(estimator, components, spectrum)
    if step > 1:
        scaled = frame.in_coordinates(_columns(estimator, components, spectrum, False))
        sample = _frame_of_sample(scaled, y, weights, step)
        if sample is not None and sample.spectrum.condition_number < LARGEST_CONDITION:
            return scaled.with_sample(sample)
    frame = frame.in_coordinates(_columns(estimator, components, spectrum))
    if kind == "moments" or (kind == "columns" and estimator.preconditioner == "auto"):
        metric = first_metric(estimator, components, frame.design, frame.spectrum, y, weights)
        if metric is not None:
            return frame.in_coordinates(metric)
    return frame


def _frame_of_sample(frame, y, weights, step):
    """The frame of each so many-th row in the same coordinates; None where it has no moments."""
    some = (each_number(array, step) for array in (weights, y))
    spectrum = Spectrum(each_row(frame.user_spectrum.design, step), *some)
    if spectrum.moments is None:
        return None
    return Frame(spectrum.design, spectrum, spectrum).in_coordinates(frame.design.coordinates)


def takes_variances(estimator, components, X):
    """Whether the coordinates of a fit certainly need the variances of all columns of X."""
    return (
        isinstance(X, np.ndarray)
        and bool(preconditioner(estimator) or estimator.standardize)
        # whose prox is known to be right; its strengths may not be numbers yet
        and type(components.penalty).kernel_terms is not None
    )


def preconditioner(estimator):
    """Return what ``preconditioner`` stands for, whatever the data."""
    if estimator.preconditioner != "auto":
        return estimator.preconditioner
    return "columns" if estimator.learning_rate in ("auto", "line-search") else None


def _step_of_sample(estimator, components, spectrum):
    """Of how many rows one is taken whose curvature stands for that of all; 1 for none.

    It does for conjugate gradients: by it their steps are those of Newton's method, which any
    coordinates suit. It does for variance reduction of dense rows, whose moments take as long to
    form as some epochs; a metric needs those of all rows.
    """
    loss, design = components.loss, spectrum.design
    in_batches = (
        components.optimizer.variance_reduced
        and not design.is_sparse
        and not takes_metric(components, design)
    )
    possible = (
        estimator.preconditioner == "auto"
        and not estimator.standardize
        and all_is_auto(estimator)
        and not estimator.average
        and (components.sampler.takes_all_rows or in_batches)
        and knows(loss)
        and not loss.is_quadratic
        and components.penalty.is_quadratic
        and worth_moments(design)
        and design.has_rows
        and kind_of_last_fit(estimator) != "Metric"
        and "moments" not in vars(spectrum)
    )
    return step_of(design, loss, spectrum.y) if possible else 1


def _columns(estimator, components, spectrum, by_moments=True):
    """Coordinates of scaled columns; damped where single rows count, see `column_coordinates`."""
    design, all_rows = spectrum.design, components.sampler.takes_all_rows
    if by_moments and worth_moments(design) and spectrum.moments is not None:
        mean = asarray(spectrum.moments.mean, np, None)
        variance = np.maximum(np.diag(spectrum.moments.covariance), 0.0)  # rounding may be below
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            mean, variance = (to_numpy(a).astype(float) for a in spectrum.mean_and_variance())
            check_finite(variance, mean**2)
    centred = np.full(mean.shape, bool(estimator.fit_intercept))
    if design.is_sparse:
        centred &= _worth_centring(mean, variance, all_rows)
    shift, largest = np.where(centred, mean, 0.0), None
    if not all_rows and not estimator.standardize:
        largest = spectrum.largest_deviations(shift)
    if estimator.standardize and estimator.fit_intercept:
        columns = column_coordinates(mean, variance, True)
    else:
        spread = np.where(centred, variance, variance + mean**2)
        columns = column_coordinates(shift, spread, True, largest)
    scale = columns.scale
    if may_be_bounded(components.penalty) and not estimator.standardize:
        # divisions by powers of two are exact: a coefficient at a bound stays at it
        scale = 2.0 ** np.round(np.log2(scale))
    columns = Columns(shift, scale, bool(estimator.fit_intercept), columns.varies)
    return columns.in_library_of(columns.mean if design.is_sparse else design.X)


def _worth_centring(mean, variance, all_rows):
    """Return which sparse columns to centre; centring makes updates over few rows dense."""
    deviation, size = np.sqrt(variance), np.abs(mean)
    # constant columns have no spread whose digits could be lost
    centred = (size <= LARGEST_SHIFT * deviation) | (variance == 0)
    return centred if all_rows else centred & (size > SMALLEST_SHIFT * deviation)


def may_be_bounded(penalty):
    """Whether a penalty may be infinite for some coefficients."""
    terms = penalty.kernel_terms
    return penalty.active and (terms is None or terms.bounds is not None)


def penalty_inside(estimator, penalty, coordinates):
    """The penalty in the coordinates of a fit.

    It acts on the user's coefficients, or on the standardised ones under ``standardize``.
    """
    if coordinates is None or (estimator.standardize and coordinates.separable):
        return penalty
    return coordinates.penalty(penalty)
