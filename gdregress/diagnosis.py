"""What descent does on some data, by formulas: before a run is begun, and instead of it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from gdregress._diagnosis.diagnose import report_on
from gdregress._diagnosis.implicit import ImplicitRidge, degrees_of_freedom, ridge_of
from gdregress._diagnosis.planned import (
    planned,
    refuse_what_has_no_closed_form,
    starts_at_best_constant,
)
from gdregress._diagnosis.range_test import RangeTest, losses_at_rising_rates, steepest_of
from gdregress._diagnosis.report import Diagnosis
from gdregress._estimator.planning.start import original_units, own_generator
from gdregress._utils.arguments import check_is_one_of, explains_arguments
from gdregress._utils.array_api import to_numpy
from gdregress._utils.types import Array, ArrayLike, MatrixLike, clone
from gdregress._utils.validation import Interval, check_choices
from gdregress.classifiers import GDClassifier
from gdregress.exceptions import DivergenceWarning, warn_user
from gdregress.regressors import GDRegressor

__all__ = [
    "Diagnosis",
    "closed_form_path",
    "diagnose",
    "implicit_ridge",
    "learning_rate_range_test",
]

ESTIMATORS = (GDRegressor, GDClassifier)
# Of a range test, whose losses would have no slope otherwise.
FEWEST_UPDATES = 10


@explains_arguments
def diagnose(
    X: MatrixLike,
    y: ArrayLike,
    estimator: Any = None,
    sample_weight: ArrayLike | None = None,
) -> Diagnosis:
    r"""Report whether descent will finish on these data, after how many epochs, and why.

    Batch descent on squared error is decided by the eigenvalues :math:`\lambda_j` of the second
    derivative. With :math:`e_j` the distance from the minimum along the eigenvectors, the gap
    after k epochs is

    .. math::

        F(w_k) - F^* = \tfrac{1}{2} \sum_j \lambda_j e_{jk}^2

    and an update is a matrix for each of them, so that the epochs to the tolerance are computed
    and not run. For other smooth losses they are those of the quadratic model at the minimum,
    which is fitted. An l1 norm is left out of it. Runs that no formula describes, as those of
    batches, are tried for some epochs.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Of more than 511 columns the eigenvalues are estimated by Lanczos' process, and columns
        that determine each other are not looked for.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Their targets.
    estimator : GDRegressor, GDClassifier or None, default=None
        It is not fitted. None is ``GDRegressor()``, or ``GDClassifier()`` where y holds text or
        booleans.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Their weights.

    Returns
    -------
    diagnosis : Diagnosis
        To be printed, shown in a notebook, or read attribute by attribute.

    Raises
    ------
    ValueError
        For a loss with kinks, and as `fit`.
    TypeError
        For an estimator of another class.

    Examples
    --------
    >>> import numpy as np
    >>> from gdregress import GDRegressor, diagnose
    >>> X = np.column_stack([np.arange(100.0), np.sin(np.arange(100.0))])
    >>> model = GDRegressor(optimizer="gd", learning_rate=0.01)
    >>> diagnosis = diagnose(X, 3 * X[:, 0] + X[:, 1], model)
    >>> diagnosis.finishes
    False
    >>> diagnosis.predictions_of_columns[0].epochs
    3
    >>> print(diagnosis.recommendations[0][:60])
    preconditioner='columns': scaled columns take 3 epochs at be
    """
    if estimator is None:
        kind = getattr(np.asarray(y), "dtype", np.dtype(float)).kind
        estimator = GDClassifier() if kind in "OUSb" else GDRegressor()
    check_is_one_of("diagnose(X, y, estimator)", "estimator", estimator, *ESTIMATORS)
    return report_on(estimator, X, y, sample_weight)


@explains_arguments
def learning_rate_range_test(
    X: MatrixLike,
    y: ArrayLike,
    estimator: Any,
    sample_weight: ArrayLike | None = None,
    *,
    smallest: float = 1e-6,
    largest: float = 10.0,
    n_updates: int = 200,
) -> RangeTest:
    """Find the learning rates that work by one run whose rate rises with every update.

    The rate is multiplied by the same factor after each batch, and the loss of the batch is
    recorded before its update. So is that of up to 4,096 rows, the same ones before every update,
    in which no batch is luckier than another. Where it falls fastest the rate is about right;
    beyond the one of the least loss it is too large. The test ends where it is four times its
    least. In the coordinates of a rate that is given as a number: the user's columns, unless
    `preconditioner` says otherwise.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Their targets.
    estimator : GDRegressor or GDClassifier
        It is not fitted; its `learning_rate` and `schedule` are not used.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Their weights.
    smallest, largest : float, default=1e-6, 10.0
        First rate, and that of the last update if the test does not end before.
    n_updates : int, default=200
        How many rates are tried.

    Returns
    -------
    result : RangeTest
        A named tuple: ``learning_rates``, ``losses`` of the batches and ``sample_losses`` of the
        same rows before every update, arrays with a number for each; ``steepest``, the rate at
        which the latter have fallen fastest by the logarithm of the rate; ``least``, that at which
        they were least.

    Raises
    ------
    ValueError
        For rates that do not rise from above 0, fewer than 10 updates, and as `fit`.
    TypeError
        For an estimator of another class.

    Warns
    -----
    UserWarning
        Where the loss does not fall by more than it may by chance.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", 2017, section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdregress import GDRegressor, learning_rate_range_test
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressor(optimizer="gd", solver="mini-batch", random_state=0)
    >>> result = learning_rate_range_test(X, y, model)
    >>> bool(result.steepest < result.least < 10)
    True
    """
    call = "learning_rate_range_test(X, y, estimator)"
    check_is_one_of(call, "estimator", estimator, *ESTIMATORS)
    _check_rates(smallest=smallest, largest=largest, n_updates=n_updates)
    model = clone(estimator).set_params(learning_rate=1.0, schedule="constant", average=False)
    plan, rates = planned(model, X, y, sample_weight), np.geomspace(smallest, largest, n_updates)
    losses, sample = losses_at_rising_rates(plan, rates, own_generator(model))
    if len(losses) < 2:
        raise ValueError(f"smallest={smallest} is too large: the loss explodes at once. Lower it.")
    rates, least = rates[: len(losses)], int(np.argmin(sample.means))
    if not sample.falls():
        warn_user(
            f"The loss does not fall by more than chance in {len(losses)} updates, at no rate: "
            "what the test says of the rates is noise. Raise n_updates or batch_size, or see "
            "whether X says anything of y.",
            UserWarning,
        )
    return RangeTest(
        learning_rates=rates,
        losses=np.array(losses),
        sample_losses=np.array(sample.means),
        steepest=float(rates[steepest_of(sample.means, least)]),
        least=float(rates[least]),
    )


def _check_rates(**values):
    """Raise ValueError for arguments of a range test that make no rising rates."""
    rate = [Interval(Real, 0, None, closed="neither")]
    updates = [Interval(Integral, FEWEST_UPDATES, None, closed="left")]
    accepted = {"smallest": rate, "largest": rate, "n_updates": updates}
    check_choices("learning_rate_range_test", accepted, values)
    if not values["smallest"] < values["largest"]:
        raise ValueError(
            f"largest must be above smallest. Got largest={values['largest']!r} and "
            f"smallest={values['smallest']!r}."
        )


@explains_arguments
def closed_form_path(
    estimator: Any,
    X: MatrixLike,
    y: ArrayLike,
    epochs: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> tuple[Array, Array]:
    r"""Coefficients after any number of epochs of batch descent on squared error, by a formula.

    Along an eigenvector of curvature :math:`\lambda` plain descent from :math:`a` reaches

    .. math::

        w_k = a - \frac{1 - (1 - \eta \lambda)^k}{\lambda} \, \nabla F(a)

    after k epochs, and a constant momentum to what the k-th power of a matrix says. No epoch is
    run, whatever their number: an oracle for tests, and a curve to lay over that of a run.

    Parameters
    ----------
    estimator : GDRegressor
        With squared error over all rows, ``optimizer="gd"``, or "momentum" or "nesterov" with a
        number as momentum, a constant rate, and no penalty, or l2 without "momentum". It is not
        fitted.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Their targets.
    epochs : array-like of int of shape (n_epochs,)
        After how many epochs; 0 is the start.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Their weights.

    Returns
    -------
    coefs : ndarray of shape (n_epochs, n_features) or (n_epochs, n_targets, n_features)
    intercepts : ndarray of shape (n_epochs,) or (n_epochs, n_targets)

    Raises
    ------
    ValueError
        For a run whose epochs are no such function, with what to change; and as `fit`.
    TypeError
        For an estimator of another class.

    Warns
    -----
    DivergenceWarning
        For a rate above the largest stable one: coefficients grow without bound, until they are
        inf or NaN.

    Examples
    --------
    >>> from gdregress import GDRegressor
    >>> from gdregress import closed_form_path
    >>> model = GDRegressor(optimizer="gd", learning_rate=0.1, max_iter=50, tol=None)
    >>> X, y = [[0.0], [1.0], [3.0]], [1.0, 2.0, 1.0]
    >>> coefs, intercepts = closed_form_path(model, X, y, [50, 10**9])
    >>> model.fit(X, y).coef_.round(6), coefs.round(6).ravel()
    (array([0.001869]), array([ 0.001869, -0.071429]))
    """
    call = "closed_form_path(estimator, X, y, epochs)"
    check_is_one_of(call, "estimator", estimator, GDRegressor)
    plan = planned(estimator, X, y, sample_weight)
    refuse_what_has_no_closed_form(plan)
    counts = _checked_epochs(epochs)
    coefs, intercepts = _in_units_of_the_user(plan, _displacements(plan, counts))
    return coefs, intercepts


@explains_arguments
def implicit_ridge(
    estimator: Any,
    X: MatrixLike,
    y: ArrayLike,
    epochs: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
) -> ImplicitRidge:
    r"""What stopping after some epochs does to squared error, as if it were a ridge.

    After k epochs the predictions are :math:`z_k = S_k y`, with fewer degrees of freedom, the
    trace of :math:`S_k`, than there are coefficients. Generalised cross-validation estimates the
    error on new rows from both:

    .. math::

        \mathrm{GCV}_k = \frac{\frac{1}{n} \sum_i (y_i - z_{k,i})^2}
        {(1 - \mathrm{df}_k / n)^2}

    Parameters
    ----------
    estimator : GDRegressor
        As for `closed_form_path`, for one target.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,)
        Their targets.
    epochs : array-like of int of shape (n_epochs,)
        After which the path is asked for.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Their weights.

    Returns
    -------
    result : ImplicitRidge
        A named tuple: ``epochs``; ``degrees_of_freedom``, the intercept among them;
        ``mean_squared_error`` of the rows; ``gcv``; and ``alpha``, under which
        ``GDRegressor(penalty="l2", alpha=alpha)`` in the columns of the run has as many degrees of
        freedom: ``Ridge(alpha=n_samples * alpha)`` where these are the user's. Arrays of shape
        (n_epochs,).

    Raises
    ------
    ValueError
        As `closed_form_path`, and for several targets.
    TypeError
        For an estimator of another class.

    Warns
    -----
    DivergenceWarning
        As `closed_form_path`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdregress import GDRegressor
    >>> from gdregress import implicit_ridge
    >>> X, y = load_diabetes(return_X_y=True, scaled=False)
    >>> model = GDRegressor(optimizer="gd", preconditioner="columns")
    >>> result = implicit_ridge(model, X, y, [1, 10, 100, 1000])
    >>> result.degrees_of_freedom.round(1)
    array([ 3.5,  8.2, 10.1, 10.9])
    >>> int(result.epochs[result.gcv.argmin()])
    10
    """
    call = "implicit_ridge(estimator, X, y, epochs)"
    check_is_one_of(call, "estimator", estimator, GDRegressor)
    plan = planned(estimator, X, y, sample_weight)
    refuse_what_has_no_closed_form(plan)
    objective, counts = plan.prepared.objective, _checked_epochs(epochs)
    if objective.output_shape not in ((), (1,)):
        raise ValueError("implicit_ridge is for one target. Pass the columns of y one by one.")
    moments, descent = plan.second_moments(), plan.spectral()[0]
    factors = descent.factors(counts, plan.run.optimizer, plan.run.learning_rate)
    centred = bool(objective.design.fit_intercept)
    mean = moments[-1] if centred and starts_at_best_constant(plan) else None
    vectors = np.reshape(descent.units, (-1, 1)) * descent.vectors
    freedom = degrees_of_freedom(moments, factors, vectors, mean)
    params = plan.start.reshape(-1, 1) + _displacements(plan, counts)
    losses = [objective.loss_value(p.reshape(plan.start.shape)) for p in params]
    errors, n = 2 * np.array(losses), objective.n_samples
    p = objective.design.n_features
    columns = moments[:p, :p]
    columns = columns - np.outer(moments[-1, :p], moments[-1, :p]) if centred else columns
    eigenvalues = np.linalg.eigvalsh(columns)
    return ImplicitRidge(
        epochs=counts,
        degrees_of_freedom=freedom,
        mean_squared_error=errors,
        gcv=errors / (1 - freedom / n) ** 2,
        alpha=np.array([ridge_of(df, eigenvalues, int(centred)) for df in freedom]),
    )


def _checked_epochs(epochs):
    """The numbers of epochs; ValueError for what is none."""
    counts = np.atleast_1d(np.asarray(epochs))
    if counts.ndim != 1 or counts.dtype.kind not in "iu" or (counts < 0).any():
        raise ValueError(f"epochs must hold integers from 0 on. Got {epochs!r}.")
    return counts.astype(int)


def _displacements(plan, counts):
    """How far the parameters have gone, of shape (n_epochs, n_parameters, n_targets)."""
    rule, rate, descents = plan.run.optimizer, plan.run.learning_rate, plan.spectral()
    _warn_if_unstable(rule, rate, max(float(descent.curvature[-1]) for descent in descents))
    each = [descent.displacements(counts, rule, rate) for descent in descents]
    return np.stack(each, axis=-1)


def _warn_if_unstable(rule, rate, largest):
    """Warn of a rate above the largest stable one at a curvature."""
    limit = rule.stable_limit(largest)
    if rate > limit:
        warn_user(
            f"learning_rate={rate:.4g} is above the largest stable one, {limit:.4g}: the path "
            "grows without bound. Lower it, or set learning_rate='auto'.",
            DivergenceWarning,
        )


def _in_units_of_the_user(plan, displacements):
    """Coefficients and intercepts after each number of epochs."""
    objective, start = plan.prepared.objective, plan.start
    original = original_units(plan.prepared, plan.estimator._coef_as_rows)
    models = []
    for moved in displacements:
        params = objective.like_y(start + moved.reshape(start.shape))
        models.append([to_numpy(part) for part in original(objective.to_user(params))])
    return tuple(np.stack(parts) for parts in zip(*models, strict=True))
