"""The curvature of the objective: eigenvalues, smoothness of batches, the optimal momentum.

The curvature of F is at most ``h * eigenvalues(A' S A)``: h bounds the loss's second derivative,
A is the design matrix with the intercept's column, S the weights of mean 1 over n.
"""

import math

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from gdregress._core.threads import one_thread_of_blas
from gdregress._objective.base import null_parameters
from gdregress._objective.design import largest_deviations
from gdregress._objective.evaluation import at_predictions
from gdregress._objective.moments import check_finite, moments_of
from gdregress._objective.moments_inside import moments_inside
from gdregress._utils.array_api import namespace, to_numpy
from gdregress._utils.caches import computed_once
from gdregress.losses.constant import constant_of_mean, mean_of_targets

# Eigenvalues of so many times their rounding may be anything.
NO_DIGITS = 1000.0
EPS = float(np.finfo(float).eps)


class Spectrum:
    """Eigenvalues of the weighted second-moment matrix A' S A.

    Parameters
    ----------
    design : DesignMatrix
    weights : array of shape (n_samples,) or None
        Weights of mean 1.
    y : array of shape (n_samples,) or (n_samples, n_targets) or None
        Targets, whose moments come with those of the columns.

    Attributes
    ----------
    largest : float
        Upper bound of the largest eigenvalue, tight to 1e-4 or better.
    smallest : float or None
        Smallest eigenvalue; None where the matrix is too large to decompose.
    top_vector : ndarray of shape (n_parameters,)
        Eigenvector of the largest eigenvalue.
    largest_row : float
        Largest weighted squared norm of a row of A.
    hides_nothing : bool
        Whether it is known that no direction is flat but for rounding, see `hides_directions`.
    """

    hides_nothing = False

    def __init__(self, design, weights, y=None):
        self.design = design
        self.weights = weights
        self.y = y

    @computed_once
    def moments(self):
        """Moments of the columns, or None where their matrix would be too large."""
        moments = moments_of(self.design, self.y, self.weights)
        inside = self.design.coordinates
        if moments is None or inside is None:
            return moments
        return moments_inside(moments, self.design, self.y, self.weights)

    def in_coordinates(self, design):
        """The spectrum of the same rows in other coordinates, from moments that are known.

        Parameters
        ----------
        design : DesignMatrix
            In these coordinates; this spectrum is that of the user's columns.
        """
        other = Spectrum(design, self.weights, self.y)
        if "moments" in vars(self):
            known = self.moments
            possible = known is not None and design.coordinates.is_shared
            other.moments = None
            if possible:
                other.moments = moments_inside(known, design, self.y, self.weights)
        return other

    def mean_and_variance(self):
        """Weighted mean and variance of each of the user's columns."""
        return self.design.mean_and_variance(self.weights)

    def largest_deviations(self, mean):
        """Squares of the largest deviations of the user's columns from given means.

        Of rows that have a weight: those held out may have lost it.
        """
        counts = None if self.weights is None else self.weights > 0
        if counts is not None and bool(namespace(counts).all(counts)):
            counts = None
        return largest_deviations(self.design.X, mean, counts)

    def null_curvature(self, loss):
        """Weighted mean of d2L/dz2 at the null parameters; 1 where there is none."""
        if loss.is_quadratic:
            return 1.0
        if loss.target_range in ("labels", "classes") and isinstance(self.y, np.ndarray):
            shares = mean_of_targets(loss, self.y, self.weights)
            constant = constant_of_mean(loss, shares, self.y, len(self.y))
            constant = constant if self.design.fit_intercept else 0 * constant
            return mean_curvature(*null_of_classes(loss, shares, self.y.dtype, constant))
        null = null_parameters(self.design, self.y, self.weights, loss)
        bent = at_predictions(loss.curvature_at, self.design, self.y, null)
        return mean_curvature(bent, self.weights)

    @computed_once
    def matrix(self):
        """A' S A as a NumPy array, or None where it would be too large."""
        return None if self.moments is None else self.moments.matrix(self.design.fit_intercept)

    @computed_once
    def eigenvalues(self):
        """Eigenvalues in ascending order: all of them, or the largest.

        Constant columns, which add nothing to predictions once they are centred, have none.
        """
        if self.matrix is None:
            return self._largest_pair[0]
        matrix, inside = self.matrix, self.design.coordinates
        if inside is not None and inside.varies is not None:
            counts = np.ones(len(matrix), dtype=bool)
            counts[: self.design.n_features] = to_numpy(inside.varies) > 0
            matrix = matrix[np.ix_(counts, counts)] if counts.any() else [[0.0]]
        with one_thread_of_blas(len(matrix)):
            return np.linalg.eigvalsh(matrix)

    @computed_once
    def _largest_pair(self):
        pairs = [_largest_pair(design, self.weights) for design in self.design.of_targets()]
        return max(pairs, key=lambda pair: pair[0][-1])

    @property
    def largest(self):
        return float(self.eigenvalues[-1])

    @property
    def smallest(self):
        return None if self.matrix is None else max(0.0, float(self.eigenvalues[0]))

    def has_digits(self):
        """Whether all eigenvalues are known, and those of columns of size 1 above their rounding.

        The smallest of these is at least the smallest over the largest here, and the largest is
        at most their number: see `hides_directions`.
        """
        values = vars(self).get("eigenvalues")
        if values is None or self.matrix is None:
            return False
        return bool(values[0] > NO_DIGITS * len(values) ** 2 * EPS * values[-1])

    def smallest_above(self, share):
        """Smallest eigenvalue that is not below a share of the largest one."""
        values = self.eigenvalues
        return float(values[values >= share * values[-1]][0])

    @computed_once
    def top_vector(self):
        # only a warning asks for it: the values alone take half the time
        pair = self._largest_pair if self.matrix is None else np.linalg.eigh(self.matrix)
        return pair[1][:, -1]

    @computed_once
    def largest_row(self):
        norms = self.design.squared_row_norms()
        norms = norms if self.weights is None else norms * self.weights
        largest = float(namespace(norms).max(norms))
        check_finite(largest)
        return largest

    @property
    def condition_number(self):
        """Largest over smallest eigenvalue; inf if singular, None if unknown."""
        if self.smallest is None:
            return None
        rounding = self.largest * self.matrix.shape[0] * np.finfo(float).eps
        return self.largest / self.smallest if self.smallest > rounding else math.inf

    @property
    def standardised_condition_number(self):
        """What the condition number would be after standardising the columns; None if unknown."""
        if self.matrix is None or not self.design.fit_intercept:
            return None
        covariance = self.moments.covariance
        scale = np.sqrt(np.diag(covariance))
        if not (scale > 0).all():
            return None
        values = np.append(np.linalg.eigvalsh(covariance / np.outer(scale, scale)), 1.0)
        singular = values.min() <= values.max() * len(values) * np.finfo(float).eps
        return math.inf if singular else float(values.max() / values.min())


class SampledSpectrum:
    """What rates need of a spectrum, with the eigenvalues of a sample of its rows.

    Parameters
    ----------
    spectrum, sample : Spectrum
    """

    def __init__(self, spectrum, sample):
        self.largest, self.smallest = sample.largest, sample.smallest
        self.null_curvature = spectrum.null_curvature
        self._spectrum = spectrum

    @property
    def largest_row(self):  # a reading of all rows, which batches need
        return self._spectrum.largest_row


def _largest_pair(design, weights):
    """Largest eigenvalue, raised by its residual to an upper bound, and vector, by Lanczos."""

    def multiply(v):
        return design.second_moments_times(np.ascontiguousarray(v.ravel()), weights)

    size = design.n_parameters
    operator = LinearOperator((size, size), matvec=multiply, dtype=float)
    start = np.random.RandomState(0).uniform(0.5, 1.0, size)
    try:
        values, vectors = eigsh(operator, k=1, which="LA", tol=1e-4, v0=start)
    except ArpackNoConvergence:
        # the trace bounds every eigenvalue; a pair found so far may belong to a smaller one
        squares = design.column_mean_squares(weights)
        trace = float(namespace(squares).sum(squares))
        return np.array([trace]), start[:, None] / np.linalg.norm(start)
    residual = np.linalg.norm(multiply(vectors[:, 0]) - values[0] * vectors[:, 0])
    check_finite(values)
    return values + residual, vectors


def loss_curvature(objective, null_params):
    """Bound h of d2L/dz2, or the best that can be said of a loss without a bound.

    A loss with a kink is taken as smoothed over the distance that the predictions have to go,
    d = rms(y - z) at the null parameters: h = (slope) / d = 1 / d. A loss without a bound is
    measured at the null parameters, the largest over the rows.
    """
    loss = objective.loss
    if loss.curvature is not None:
        return loss.curvature
    if loss.is_quadratic:
        return 1.0
    if not loss.smooth:
        return 1 / prediction_scale(objective, null_params)
    largest = objective.largest_curvature(null_params)
    return largest if 0 < largest < math.inf else 1.0


def null_of_classes(loss, shares, dtype, constant):
    """Second derivatives where all predictions are the constant: those of one row of each class.

    Parameters
    ----------
    loss : Loss
    shares : float or ndarray of shape (n_classes,)
        `mean_of_targets`.
    dtype : numpy.dtype
        Of the targets.
    constant : number or ndarray

    Returns
    -------
    bent : ndarray of shape (n_classes,) or (n_classes, n_predictions)
    weights : ndarray of shape (n_classes,)
        Of mean 1.
    """
    if loss.target_range == "labels":
        labels, shares = np.array([-1.0, 1.0]), np.array([1 - shares, shares])
    else:
        labels = np.arange(len(shares))
    z = np.broadcast_to(constant, (len(shares), *np.shape(constant)))
    return loss.curvature_at(labels.astype(dtype), z), len(shares) * shares


def mean_curvature(bent, weights):
    """Weighted mean of second derivatives, also over several targets; 1 where there is none."""
    if weights is not None:
        bent = bent * (weights if bent.ndim == 1 else weights[:, None])
    mean = float(namespace(bent).mean(bent))
    return mean if 0 < mean < math.inf else 1.0


def prediction_scale(objective, params):
    """The distance that the raw predictions have to go: rms(y - z) at the start.

    1 under a log link, and for classes, whose margins and log odds are of that size.
    """
    loss = objective.loss
    if loss.link == "log" or loss.target_range in ("labels", "classes"):
        return 1.0
    scale = math.sqrt(objective.mean_squared_residual(params))
    return scale / math.sqrt(math.prod(objective.output_shape)) or 1.0


def expected_smoothness(largest, largest_row, n_samples, batch_size):
    """Smoothness of a batch gradient in expectation, between `largest` and `largest_row`.

    For b of n rows without replacement: n (b-1) / (b (n-1)) L + (n-b) / (b (n-1)) L_max.

    References
    ----------
    Gower, Loizou, Qian, Sailanbayev, Shulgin and Richtarik, "SGD: general analysis and improved
    rates", 2019, proposition 3.8.
    """
    n, b = n_samples, batch_size
    if n == 1:
        return largest
    return (n * (b - 1) * largest + (n - b) * largest_row) / (b * (n - 1))


def batch_smoothness(n_samples, sampler, spectrum, largest_row=None):
    """Expected smoothness of the sampler's batches, for a loss of curvature 1."""
    size, row = sampler.size(n_samples), largest_row
    row = spectrum.largest_row if row is None else row
    return expected_smoothness(spectrum.largest, row, n_samples, size)


def smoothness_of_batches(objective, sampler, spectrum):
    """The same of an objective, whose batches may be drawn from some of the rows."""
    row = spectrum.largest_row * objective.n_drawn / objective.n_samples
    return batch_smoothness(objective.n_drawn, sampler, spectrum, row)


def smallest_curvature(objective, spectrum):
    """Smallest curvature mu of a quadratic objective, or None where it is not known.

    Directions flatter than 1e-4 L, in which a thousand epochs hardly suffice to converge, are
    passed over: momentum for their sake would keep all others swinging.
    """
    if not objective.loss.is_quadratic or spectrum.smallest is None:
        return None
    mu = spectrum.smallest_above(1e-4) + objective.penalty.strong_convexity
    return min(spectrum.largest, mu) or None


def optimal_momentum(learning_rate, mu):
    """(1 - sqrt(lr mu))^2: the slowest direction of a quadratic is damped critically.

    The best constant for a given rate (Polyak, "Introduction to optimization", 1987, section
    3.2.1). Polyak's own rate, up to four times 1 / L, would halve the epochs, but lets the
    objective swing up by the condition number first.
    """
    return (1 - math.sqrt(min(1.0, learning_rate * mu))) ** 2
