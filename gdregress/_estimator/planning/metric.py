"""The metric of the moments for a fit: where it pays, at the start and in renewals."""

import math
from functools import partial

import numpy as np

from gdregress._core.threads import one_thread_of_blas
from gdregress._objective.coordinates import Columns, metric_for_each, metric_of
from gdregress._objective.curvature import batch_smoothness, mean_curvature
from gdregress._objective.design import DesignMatrix, column_coordinates
from gdregress._objective.moments import affordable, moments_of
from gdregress._objective.moments_inside import row_products
from gdregress._utils.array_api import namespace, to_numpy

# Epochs that a run in the metric of the moments takes, whatever the data.
EPOCHS_IN_METRIC = 25
# Epochs of batches below which scaled columns are preferred: a metric costs each update p^2.
EPOCHS_OF_BATCHES = 150
# Eigenvalues below so many times their rounding have no digits.
NO_DIGITS = 1000.0
# An epoch of fewer operations takes no noticeable time.
FEW_OPERATIONS = 1e8


def first_metric(estimator, components, design, spectrum, y, weights):
    """The metric of the moments if it is asked for, or if scaled columns would not finish.

    It serves runs over all rows under l2 or no penalty, whose prox it keeps simple: for squared
    error the runs that would not end within ``max_iter`` epochs otherwise; for other smooth losses
    those that it saves passes; for losses with kinks, whose Newton steps suit any coordinates,
    those whose scaled columns all but cancel along some direction, where the steps have no digits.
    """
    loss, penalty = components.loss, components.penalty
    asked = estimator.preconditioner == "moments"
    strength = l2_strength(penalty)
    possible = (
        (loss.smooth or (not asked and _follows_envelopes(estimator, loss)))
        and takes_metric(components, design)
        and strength is not None
        and affordable(design)
        and (asked or worth_moments(design))
        and namespace(design.X) is np
    )
    if not possible or spectrum.moments is None:
        if asked:
            _refuse_metric(loss, components, strength)
        return None
    h = spectrum.null_curvature(loss)
    moments = spectrum.moments
    covariance = moments.covariance
    if not estimator.fit_intercept:
        covariance = covariance + np.outer(moments.mean, moments.mean)
    extra = _strengths(estimator, strength, design.coordinates) / h
    some = design.coordinates.varying
    if not len(some):
        return None
    values = _eigenvalues(spectrum, covariance[some[:, None], some], extra[some])
    known = _of_last_fit(estimator)
    pays = known == "Metric" if known else _saves_epochs(estimator, components, spectrum, values)
    if not (asked or pays):
        return None
    columns = design.coordinates
    if estimator.fit_intercept:  # a dense map may as well centre what the columns have left
        mean = to_numpy(columns.mean) + to_numpy(columns.scale) * moments.mean
        columns = Columns(mean, columns.scale, True, columns.varies)
    products = partial(_products, design.in_coordinates(columns), weights)
    return metric_of(columns, covariance, h, h * extra, products, design.n_samples)


def _eigenvalues(spectrum, curved, extra):
    """Of the curvature beside that of an l2 penalty, in ascending order.

    Without one they are those of the spectrum, which may hold the 1 of an intercept as well.
    """
    if not extra.any():
        return spectrum.eigenvalues
    with one_thread_of_blas(len(extra)):
        return np.linalg.eigvalsh(curved + np.diag(extra))


def _follows_envelopes(estimator, loss):
    """Whether a loss with kinks descends by Newton steps along envelopes, see `Envelope`."""
    left_to_us = estimator.learning_rate == "auto" and estimator.optimizer == "auto"
    return loss.base_loss.pieces is not None and left_to_us and not estimator.average


def _saves_epochs(estimator, components, spectrum, values):
    """Whether a run would take too long in scaled columns.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    components : Components
    spectrum : Spectrum
        In scaled columns.
    values : ndarray
        Eigenvalues of the curvature there, in ascending order.
    """
    loss, sampler = components.loss, components.sampler
    condition, n_samples = _condition(values), spectrum.design.n_samples
    if not sampler.takes_all_rows:
        # an epoch of variance reduction is as good as one update where its updates are many
        size = batch_smoothness(n_samples, sampler, spectrum)
        updates = sampler.updates_per_epoch(n_samples)
        condition = 1 + condition * max(1.0, size / (spectrum.largest or 1.0)) / updates
        return epochs_at(condition, estimator.tol) > EPOCHS_OF_BATCHES
    if values[0] <= NO_DIGITS * _rounding(values):
        return True
    most = estimator.max_iter if loss.is_quadratic else EPOCHS_IN_METRIC
    needed = epochs_at(condition, estimator.tol, is_accelerated(components.optimizer))
    return loss.smooth and needed > most


def _of_last_fit(estimator):
    """Return the kind of coordinates of the last fit, which a warm start keeps."""
    if not (estimator.warm_start and hasattr(estimator, "_state")):
        return None
    known = estimator._state["coordinates"]
    return None if known is None else known["type"]


def takes_metric(components, design):
    """Whether updates are worth a product with the metric, of p^2 operations each.

    Updates over all rows are, and so are those of variance reduction on small data, whose epochs
    are cheap.
    """
    cheap = design.n_samples * design.n_features**2 <= FEW_OPERATIONS
    reduced = components.optimizer.variance_reduced
    return components.sampler.takes_all_rows or (reduced and cheap)


def worth_moments(design):
    """Whether the moments of the columns are worth their price of about 1 + p / 50 passes.

    Fewer rows than twice the columns are used as they are.
    """
    return affordable(design) and design.n_samples >= 2 * design.n_parameters


def metric_at(estimator, prepared, objective, params):
    """The metric of the second derivatives at some parameters.

    None where nothing is curved there.

    Parameters
    ----------
    estimator : GDRegressor or GDClassifier
    prepared : Prepared
    objective : DataObjective
        Of the run so far, in whose coordinates `params` are.
    params : array
    """
    loss, y = objective.loss, objective.y
    # where a loss is not convex, rows that bend downwards have no share in the metric
    bent = np.maximum(loss.curvature_at(y, objective.predict(params)), 0.0)
    if bent.ndim == 2 and loss.coupled:
        bent = np.mean(bent, axis=1)  # of classes that share their rows
    each = [
        _metric_of_rows(estimator, prepared, objective, np.ascontiguousarray(column))
        for column in bent.reshape(len(bent), -1).T
    ]
    if None in each:
        return None
    return each[0] if len(each) == 1 else metric_for_each(each)


def _metric_of_rows(estimator, prepared, objective, bent):
    """The metric of the rows weighted by their second derivatives; None where all are zero."""
    weights, frame = objective.weights, prepared.frame
    h = mean_curvature(bent, weights)
    rows = bent if weights is None else bent * weights
    if not float(np.max(rows)) > 0:
        return None
    user = DesignMatrix(objective.design.X, estimator.fit_intercept)
    moments = moments_of(user, None, np.asarray(rows, dtype=objective.y.dtype))
    size = np.diag(frame.user_spectrum.moments.covariance)
    columns = column_coordinates(moments.mean, size, estimator.fit_intercept)
    inside = moments.in_coordinates(columns)
    covariance = inside.covariance
    if not estimator.fit_intercept:
        covariance = covariance + np.outer(inside.mean, inside.mean)
    strengths = _strengths(estimator, l2_strength(prepared.components.penalty), columns)
    products = partial(_products, DesignMatrix(user.X, estimator.fit_intercept, columns), rows)
    return metric_of(columns, covariance, h, strengths, products, user.n_samples)


def _products(design, weights, directions):
    """Return C V and V' C V for directions V, from the rows."""
    exact = row_products(design, directions, None, weights)
    return exact.columns, exact.square


def _strengths(estimator, strength, columns):
    """Return the strengths of the l2 penalty on scaled columns."""
    if estimator.standardize:
        return np.full(len(columns.scale), strength)
    return strength / columns.scale**2


def l2_strength(penalty):
    """c if R(w) = sum_j c_j w_j^2 / 2, 0 without a penalty, None for all others."""
    if not penalty.active:
        return 0.0
    return penalty.kernel_terms.l2 if penalty.is_quadratic else None


def _condition(values):
    """Condition number in scaled columns, an intercept included, from their eigenvalues.

    Directions that rounding alone keeps from being flat are passed over.
    """
    curved = values[values > _rounding(values)]
    return max(curved[-1], 1.0) / min(curved[0], 1.0) if len(curved) else 1.0


def _rounding(values):
    """Of eigenvalues in ascending order."""
    return values[-1] * len(values) * np.finfo(float).eps


def epochs_at(condition, tol, accelerated=True):
    """Epochs that descent over all rows takes to bring the gap to tol^2 of itself.

    It falls by 1 - 1 / sqrt(condition) an epoch (Nesterov, "Introductory lectures on convex
    optimization", 2004, theorem 2.2.2), without momentum by (1 - 1 / condition)^2 (section 2.1.5).
    """
    to_go = math.log(1 / max(tol or 0.0, 1e-8))
    return 2 * math.sqrt(condition) * to_go if accelerated else condition * to_go


def is_accelerated(optimizer):
    """Whether an optimizer has a momentum."""
    return getattr(optimizer, "momentum", None) == "auto" or optimizer.gradient_memory > 1


def _refuse_metric(loss, components, strength):
    """Raise ValueError where the metric of the moments was asked for and cannot be had."""
    problems = {
        f"loss={type(loss).__name__}, which has kinks": not loss.smooth,
        "batches of rows; use solver='batch'": not components.sampler.takes_all_rows,
        f"penalty={type(components.penalty).__name__}; use 'l2' or None": strength is None,
    }
    for problem, present in problems.items():
        if present:
            raise ValueError(f"preconditioner='moments' cannot be combined with {problem}.")
    raise ValueError(
        "preconditioner='moments' needs NumPy or sparse data of at most 512 columns. "
        "Use 'columns'."
    )
