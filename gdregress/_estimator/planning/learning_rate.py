"""What ``learning_rate="auto"`` and "line-search" mean for an estimator on these data.

`minimize`, which knows no rows, has rules of its own in `_minimize/minimize.py`.
"""

import math

import numpy as np

from gdregress._objective.curvature import (
    SampledSpectrum,
    loss_curvature,
    optimal_momentum,
    prediction_scale,
    smallest_curvature,
    smoothness_of_batches,
)
from gdregress._objective.moments import check_finite
from gdregress._solver.line_search import trial_by_curvature, trial_by_distance
from gdregress._utils.array_api import is_single, namespace, to_numpy
from gdregress._utils.caches import computed_once

CONSTANT_MOMENTUM = 0.9
# First step over all rows of rules whose steps fall like 1 / sqrt(t), in units of the distance.
FALLING = 3.0
# Gradients below this share of the slopes that they are the mean of are rounding.
ROUNDING, ROUNDING_SINGLE = 1e-14, 5e-7


def is_searched(estimator, components):
    """Whether the rate is found by backtracking, as the user asks or under "auto"."""
    rate = estimator.learning_rate
    return rate == "line-search" or (rate == "auto" and auto_searches(components))


def auto_searches(components):
    """Whether "auto" stands for backtracking, as it does where the curvature varies.

    Where a model fits well, the curvature is far below its bound, and a rate from the bound is
    far too small. The heavy ball takes its steps from other points than those of the line search,
    and keeps to the bound where one is known.
    """
    loss, optimizer = components.loss, components.optimizer
    varies = loss.smooth and not loss.is_quadratic
    bound_is_better = not optimizer.searched_point and loss.curvature is not None
    possible = components.sampler.takes_all_rows and not optimizer.adaptive
    return varies and possible and not bound_is_better


def learns_rate(estimator, sampler):
    """Whether "auto" stands for a rate that is learned from the objective after every epoch.

    It does for batches, from the derived rate on. `partial_fit`, which has no epochs, keeps to the
    derived rate.
    """
    return estimator.learning_rate == "auto" and not sampler.takes_all_rows


def automatic_learning_rate(objective, optimizer, sampler, spectrum, null_params):
    """The learning rate of ``learning_rate="auto"``.

    ==========================  ==========================================================
    batch                       1 / L; `first_trial` where the rate is searched
    stochastic and mini-batch   (1 - momentum) / (2 E), E the expected smoothness: with
                                momentum m a gradient acts 1 / (1 - m) times in all
    AdaGrad, RMSProp, Adam, ..  c d / sqrt(sum_j m_j) over all rows,
                                d / sum_j sqrt(m_j) / sqrt(updates per epoch) otherwise
    ==========================  ==========================================================

    The last lines: a normalised step moves each coordinate by about the learning rate, hence the
    predictions of an average row by lr sqrt(sum_j m_j) if the columns, of mean squares m_j, are
    uncorrelated, and by lr sum_j sqrt(m_j) at most. The rate is such that this is the distance d
    that the predictions have to go (`prediction_scale`). Over all rows c is 1, and 3 for AdaGrad,
    whose steps fall by themselves. In an epoch of k updates a step is d / sqrt(k) at most, as the
    noise of the updates adds up like a random walk; there the rate is learned from then on.
    """
    if optimizer.adaptive:
        squares = to_numpy(objective.column_mean_squares).astype(float)
        distance = prediction_scale(objective, null_params)
        if sampler.takes_all_rows:
            reach = math.sqrt(float(np.sum(squares)))
            distance *= FALLING if optimizer.decays_by_itself else 1.0
        else:
            updates = sampler.updates_per_epoch(objective.n_drawn)
            reach = float(np.sum(np.sqrt(squares))) * math.sqrt(updates)
        return distance / reach if reach > 0 else 1.0
    h = loss_curvature(objective, null_params)
    if sampler.takes_all_rows:
        smoothness = h * spectrum.largest
        return 1 / smoothness if smoothness > 0 else 1.0
    smoothness = h * smoothness_of_batches(objective, sampler, spectrum)
    momentum = getattr(optimizer, "momentum", 0.0)
    return (1 - momentum) / (2 * smoothness) if smoothness > 0 else 1.0


def rate_of_reduced(objective, optimizer, sampler, spectrum, null_params):
    """1 / sqrt(2 E mu k): the rate of variance reduction that gains most in an epoch.

    An epoch of k updates at a rate s leaves about 1 / (s mu k) + 2 E s of the gap, mu being the
    smallest curvature at the null parameters, and E the expected smoothness: the descent that is
    missing, and the noise of the updates. A rate above 1 / (2 E) means that noise does not matter.
    inf where mu is not known.

    E is that of the bound h of the curvature. Of coupled classes h = 1/2 is that of rows half way
    between two of them, and those shared by many have far less: the geometric mean of h and the
    mean curvature at the null parameters stands for them, an estimate and no bound, as mu is.

    References
    ----------
    Johnson and Zhang, "Accelerating stochastic gradient descent using predictive variance
    reduction", 2013, theorem 1.
    """
    if not optimizer.variance_reduced or sampler.takes_all_rows or spectrum.smallest is None:
        return math.inf
    h = loss_curvature(objective, null_params)
    mean = spectrum.null_curvature(objective.loss)
    mu = min(h, mean) * spectrum.smallest + objective.penalty.strong_convexity
    of_rows = math.sqrt(h * min(h, mean)) if objective.loss.coupled else h
    smoothness = of_rows * smoothness_of_batches(objective, sampler, spectrum)
    updates = sampler.updates_per_epoch(objective.n_drawn)
    square = 2 * smoothness * mu * updates
    return 1 / math.sqrt(square) if square > 0 else math.inf


def first_trial(objective, optimizer, null_params, start):
    """Return the first trial of a line search.

    For regression it follows from the distance between predictions and targets, most of which a
    heavy ball leaves to its momentum. For a given start, which may be close to the minimum, and
    for classes it follows from the curvature. A resumed run has its rate.
    """
    if start is not None and start.learning_rate is not None:
        return start.learning_rate
    params = null_params if start is None else start.params
    distance = prediction_scale(objective, params)
    if objective.loss.target_range in ("labels", "classes"):
        return trial_by_curvature(objective, params, distance)
    if not optimizer.searched_point:
        distance *= 1 - optimizer.momentum
    rate = trial_by_distance(objective, params, distance)
    return rate if start is None else min(rate, trial_by_curvature(objective, params, distance))


def resolved_momentum(loss, curvature, learning_rate):
    """Return the number for ``momentum="auto"`` over all rows; None for any other momentum.

    The heavy ball has the optimal constant where the smallest curvature is known. The accelerated
    sequence of Nesterov stays, but for losses with kinks: it would add up the errors of
    subgradients.

    Parameters
    ----------
    loss : Loss
    curvature : CurvatureBounds
    learning_rate : float or None
        None stands for the automatic rate, which a search is taken to find.
    """
    optimizer = curvature.optimizer
    if getattr(optimizer, "momentum", None) != "auto":
        return None
    if optimizer.restarts:
        return None if loss.smooth else CONSTANT_MOMENTUM
    mu = smallest_curvature(curvature.objective, curvature.spectrum)
    if mu is None:
        return CONSTANT_MOMENTUM
    return optimal_momentum(curvature.automatic() if learning_rate is None else learning_rate, mu)


class CurvatureBounds:
    """Learning rates from the curvature of loss, data and weights, computed when needed.

    Parameters
    ----------
    objective : Objective
    optimizer : Optimizer
        With the momentum that the automatic rate is for.
    sampler : Sampler
    spectrum : Spectrum
    null_params : array
    sample : Spectrum or None
        Of a sample of the rows, whose eigenvalues rates may be made of.
    """

    def __init__(self, objective, optimizer, sampler, spectrum, null_params, sample=None):
        self.objective = objective
        self.optimizer = optimizer
        self.sampler = sampler
        self.spectrum = spectrum
        self.null_params = null_params
        self.sample = sample
        self.of_rates = spectrum if sample is None else SampledSpectrum(spectrum, sample)
        self.of_loss = loss_curvature(objective, null_params)

    def automatic(self):
        """The automatic learning rate."""
        known = self.objective, self.optimizer, self.sampler, self.of_rates, self.null_params
        return min(automatic_learning_rate(*known), self.best_of_reduced)

    @computed_once
    def best_of_reduced(self):
        """`rate_of_reduced`."""
        known = self.objective, self.optimizer, self.sampler, self.of_rates, self.null_params
        return rate_of_reduced(*known)

    def gains_most(self):
        """Whether the automatic rate is `rate_of_reduced`."""
        return self.best_of_reduced < math.inf and self.automatic() == self.best_of_reduced

    def smoothness(self):
        """Largest curvature of the sampler's batches in expectation."""
        return self.of_loss * smoothness_of_batches(self.objective, self.sampler, self.of_rates)

    def largest(self):
        """Largest curvature over all rows, from the eigenvalue or from the trace above it."""
        if self.objective.moments is not None or self.objective.from_moments:
            return self.of_loss * self.spectrum.largest
        return self.of_loss * self._trace()

    def _trace(self):
        squares = self.objective.column_mean_squares
        total = float(namespace(squares).sum(squares))
        check_finite(total)
        return total

    def gradient_step(self):
        """Step size of the gradient mapping, which is zero at the minimum for any step size.

        It is 1 over the trace of the curvature, which is above the largest eigenvalue.
        """
        if not self.objective.penalty.active:
            return 1.0
        return 1 / (self.of_loss * self._trace() or 1.0)

    def rounding(self, threshold, null_objective):
        """Norm of a gradient that is rounding: a share of the slopes of the rows.

        The slopes of classes, and the numbers whose differences the slopes under a log link are,
        have the size of the curvature h. All other slopes are at most sqrt(2 h L) at the null
        parameters; they are computed where this bound is above the threshold.

        Parameters
        ----------
        threshold : float
            Norm that ends the run.
        null_objective : float
            The objective at the null parameters, or more.
        """
        objective, loss = self.objective, self.objective.loss
        share = ROUNDING_SINGLE if is_single(objective.y) else ROUNDING
        if loss.target_range in ("labels", "classes") or loss.link == "log":
            return share * self.of_loss
        rounding = share * math.sqrt(2 * self.of_loss * max(0.0, null_objective))
        if threshold < rounding:
            near = objective.sample or objective  # a scale need not be exact
            rounding = share * near.slope_size(self.null_params)
        return rounding
