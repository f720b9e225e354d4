"""GDRegressor: linear regression by gradient descent."""

from __future__ import annotations

import math
from numbers import Real
from os import PathLike
from typing import Literal, Self

import numpy as np
from scipy import sparse
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.linear_model import (
    GammaRegressor,
    LinearRegression,
    PoissonRegressor,
    TweedieRegressor,
)
from sklearn.utils.validation import (
    check_is_fitted,
)

from gdregress._estimator.base import BaseGD
from gdregress._estimator.docs import OUTCOME_OF_FIT, RESULTS, RUN, STRENGTH
from gdregress._estimator.export.summary import Summary, summary_of
from gdregress._estimator.export.twins import regressor_twin
from gdregress._estimator.input.offset import (
    refuse_offset_with_validation,
    target_beside_offset,
    total_offset,
)
from gdregress._estimator.input.table import (
    checked_table,
    checked_target,
    checked_weights,
    refuse_labels,
)
from gdregress._estimator.scores import explained
from gdregress._utils.arguments import available_if, explains_arguments
from gdregress._utils.array_api import as_column, input_namespace, move_to, namespace, to_numpy
from gdregress._utils.docstrings import filled_in
from gdregress._utils.neighbours import OF_CLASSES
from gdregress._utils.types import (
    Array,
    ArrayLike,
    BatchSource,
    LossFunction,
    MatrixLike,
    RandomState,
    ScheduleFunction,
    Scoring,
    SupportsProx,
    SupportsUpdate,
)
from gdregress._utils.validation import (
    Interval,
    StrOptions,
    check_partial_fit,
    check_target,
    keep_fitted_state,
)
from gdregress.losses import CLASSIFICATION_LOSSES, LOSSES, Loss
from gdregress.losses.base import predict_mean
from gdregress.optimizers import Optimizer
from gdregress.penalties import Penalty
from gdregress.schedules import Schedule


@filled_in(strength=STRENGTH, run=RUN, results=RESULTS)
class GDRegressor(MultiOutputMixin, RegressorMixin, BaseGD):
    r"""Linear regression fitted by batch, stochastic or mini-batch gradient descent.

    Minimises

    .. math::

        F(w, b) = \frac{\sum_i s_i L(y_i, x_i \cdot w + b)}{\sum_i s_i} + \alpha R(w)

    with sample weights s. Squared error is (z - y)^2 / 2, so that the minimiser is that of
    ``Ridge(alpha=n_samples * alpha)``, ``Lasso(alpha)`` and ``ElasticNet(alpha, l1_ratio)``. The
    intercept is never penalised.

    Parameters
    ----------
    loss : str, Loss or callable, default="squared_error"
        "squared_error", "huber", "absolute_error", "log_cosh", "cauchy", "quantile",
        "epsilon_insensitive", "squared_epsilon_insensitive", "poisson", "gamma", "tweedie",
        "negative_binomial", an instance such as ``Quantile(0.9)``, or a subclass of `Loss`. The
        last four names predict exp(x . w + b). A smooth function ``f(y, z)`` of PyTorch tensors or
        JAX arrays is differentiated by their library.
    epsilon : float or None, default=None
        Threshold of "huber", "cauchy" and the epsilon-insensitive losses, in the units of y; None
        is the loss's own default: 1.35, 2.385 and 0.1.
    penalty : {"l2", "l1", "elasticnet"}, None or Penalty, default=None
        Or an instance such as ``Box(lower=0)`` or ``GroupL2(groups)``, a subclass of `Penalty`, or
        any object with ``value(w)`` and ``prox(w, step_size)``.
    {strength}
    {run}

    Attributes
    ----------
    coef_ : array of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or array of shape (n_targets,)
        Intercept, 0.0 with ``fit_intercept=False``.
    {results}

    See Also
    --------
    sklearn.linear_model.SGDRegressor : Stochastic descent, one row per update.
    sklearn.linear_model.Ridge : Least squares with an l2 penalty in closed form.

    Notes
    -----
    Without a penalty, runs of squared error at an automatic rate depend neither on the units of
    the columns nor on their means, nor on those of y: they descend in scaled columns, begin at
    the best constant and measure from there. tol=1e-4 asks for all but
    1e-8 of the progress that there is to make. The relative error of the coefficients is then
    at most about `tol` times the square root of the condition number of X'X, which is that of X,
    in the columns of the run.

    Stochastic and mini-batch epochs are compiled for NumPy and CSR data and the built-in
    components; anything else takes the same steps at the speed of Python, for which larger
    batches are the cure. On sparse data an update of plain "gd" costs as much as its rows have
    nonzeros, and so does one of "momentum" and "nesterov" under no penalty but l2. The adaptive
    optimizers, averaging, and a momentum under other penalties move every coefficient in every
    update, which again larger batches make cheap.

    Passes over all rows use the threads that scikit-learn is allowed (``OMP_NUM_THREADS``,
    ``threadpoolctl``); the results do not depend on how many, but for the last bits where products
    or factors are BLAS's: losses of your own, dense rows of more than 512 columns, and the second
    moments of more than 100 columns, as squared error and ``preconditioner="moments"`` use them.

    A constant column shares the intercept: only their sum is determined. Its coefficient
    stays at zero under an automatic rate; descent at a given one splits the sum between both.
    Either is correct and changes no prediction.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from gdregress import GDRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), GDRegressor()).fit(X, y)
    >>> round(model.score(X, y), 4)
    0.5177
    """

    _losses = LOSSES
    _registries = {**BaseGD._registries, "loss": LOSSES}
    _target_ranges = ("real", "non-negative", "positive")
    _target_ranges_advice = "use GDClassifier"
    _parameter_constraints = {
        **BaseGD._parameter_constraints,
        "loss": [
            StrOptions(LOSSES, dict.fromkeys(CLASSIFICATION_LOSSES, OF_CLASSES)),
            Loss,
            callable,
        ],
        "epsilon": [Interval(Real, 0, None, closed="left"), None],
    }

    def __init__(
        self,
        loss: str | Loss | LossFunction = "squared_error",
        *,
        epsilon: float | None = None,
        penalty: str | Penalty | SupportsProx | None = None,
        alpha: ArrayLike = 1e-4,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        solver: str = "batch",
        batch_size: float = 32,
        optimizer: str | Optimizer | SupportsUpdate = "auto",
        momentum: float | Literal["auto"] = "auto",
        learning_rate: float | Literal["auto", "line-search"] = "auto",
        schedule: str | Schedule | ScheduleFunction = "auto",
        power_t: float = 0.25,
        preconditioner: str | None = "auto",
        standardize: bool = False,
        max_iter: int = 1000,
        tol: float | None = 1e-4,
        n_iter_no_change: int = 5,
        early_stopping: bool = False,
        scoring: Scoring = "loss",
        validation_fraction: float = 0.1,
        average: bool | int = False,
        shuffle: bool = True,
        warm_start: bool = False,
        store_path: bool = False,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.loss = loss
        self.epsilon = epsilon
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.momentum = momentum
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.power_t = power_t
        self.preconditioner = preconditioner
        self.standardize = standardize
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.average = average
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.store_path = store_path
        self.random_state = random_state
        self.verbose = verbose

    @filled_in(outcome=OUTCOME_OF_FIT)
    @explains_arguments
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume_from: str | PathLike[str] | None = None,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 is kept; sparse matrices are never made dense.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows: weight 2 counts as two copies, weight 0 removes the row.
        coef_init : array-like of the shape of ``coef_`` or None
            Coefficients to start from; zero without it.
        intercept_init : float or array-like of shape (n_targets,) or None
            Intercept to start from; without it that of a fit which is given no start: the best
            constant under an automatic rate, zero under a number.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features) or None
            Rows to validate on: ``history_`` has the score and the loss on them after every
            epoch. With ``early_stopping=True`` they stand for the rows that would be held out;
            without it they end nothing. In a pipeline they are transformed as X is with
            ``Pipeline(..., transform_input=["X_val"])``.
        y_val : array-like of shape (n_val,) or (n_val, n_targets)
            Their targets.
        sample_weight_val : array-like of shape (n_val,) or None
            Their weights.
        resume_from : str or Path or None
            File of a `gdregress.callbacks.Checkpoint`, from which an interrupted fit of the same
            data and parameters continues. `max_iter` counts the epochs before it as well.
        offset : array-like of shape (n_samples,) or None
            Added to the raw prediction of each row under a loss with a log link, so that a row
            predicts exp(x . w + b + offset).
        exposure : array-like of shape (n_samples,) or None
            The same as an offset of log(exposure): for how long, or for how many, a row counts.

        {outcome}
        """
        with keep_fitted_state(self):
            validation = X_val, y_val, sample_weight_val
            if X_val is not None:
                refuse_offset_with_validation(offset, exposure)
            start = coef_init, intercept_init
            offsets = offset, exposure
            self._fit(X, y, sample_weight, start, validation, resume_from, offsets)
        return self

    @explains_arguments
    def fit_batches(
        self,
        batches: BatchSource,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        prefetch: bool = False,
        resume_from: str | PathLike[str] | None = None,
    ) -> Self:
        """Fit the model to rows that come in batches, which are read anew in each pass.

        The fit of data that do not fit into memory: the objective, the parameters and what ends
        the run are those of `fit`, and the rows may lie in files of any kind. Squared error of up
        to 512 columns reads the rows once for their moments, and a few times more where digits
        near the minimum need it. Other losses of as many columns take Newton steps under
        ``optimizer="auto"``: smooth ones one pass each; those with kinks two each, along smooth
        envelopes, to a proven gap. Whatever else descends over all rows takes one pass an epoch;
        there losses with kinks end on a plateau, or after `max_iter` epochs, without a proof.
        ``solver="stochastic"`` and "mini-batch" read the batches in their order, or in random
        order where `batches` is a list, and shuffle the rows of about a million numbers of X at a
        time; a second pass measures the epoch.

        Parameters
        ----------
        batches : callable or iterable
            A function without arguments that returns an iterator of ``(X, y)`` or
            ``(X, y, sample_weight)``, such as a generator function; or an object that can be
            iterated again and again, such as a list of memory-mapped arrays or a DataLoader. Each
            pass needs the same rows. X may be an array, a frame or a sparse matrix.
        X_val, y_val, sample_weight_val : array-like or None
            Rows to validate on, in memory, as of `fit`. ``early_stopping=True`` needs them.
        prefetch : bool, default=False
            Whether a thread reads the next batch while one is used. All of a pass is read in that
            thread, and each batch needs memory of its own.
        resume_from : str or Path or None
            File of a `gdregress.callbacks.Checkpoint`, from which an interrupted fit continues.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            As in `fit`, with the number of the batch; for an iterator, which can be read only
            once; for passes of different rows; and for `early_stopping` without rows to validate
            on.

        Warns
        -----
        ConvergenceWarning, DivergenceWarning, IgnoredParameterWarning
            As in `fit`.

        Examples
        --------
        >>> import numpy as np
        >>> from gdregress import GDRegressor
        >>> X = np.random.default_rng(0).normal(size=(1000, 3))
        >>> y = X @ [1.0, 2.0, 3.0] + 4.0
        >>> def batches():
        ...     for start in range(0, 1000, 100):
        ...         yield X[start : start + 100], y[start : start + 100]
        >>> GDRegressor().fit_batches(batches).coef_.round(3)
        array([1., 2., 3.])
        """
        with keep_fitted_state(self):
            validation = X_val, y_val, sample_weight_val
            self._fit_batches(batches, validation, prefetch, resume_from)
        return self

    @available_if(check_partial_fit)
    @explains_arguments
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Self:
        """Go over the given rows once, from where the last call has ended.

        Under ``learning_rate="auto"`` the rows are learned one after the other, whatever the
        solver and the optimizer, in columns that are centred and scaled by what has been seen of
        them. Seven learners do so at rates from quick to slow, with an average of each. All
        predict the rows of a call before they are learned, and ``coef_`` is that of the slowest
        which has not been outdone: a stream that drifts is followed, and one that does not
        settles. Columns need no scaler, and no row is too large. ``history_`` has the
        objective on the rows of a call.

        Under a number it is an epoch of the solver: the optimizer's memory, the count of updates
        that the schedule sees and the averages are kept; ``solver="batch"`` makes one update.
        Calls over the batches of a `fit` in their order give the same coefficients to the bit.
        They are equal to rounding only for float32; under l2 by single rows, as the shrinkage
        is added up over the rows of a call; and for squared error over all rows, which `fit`
        descends by the moments of the columns.

        ``history_`` keeps the first row and the last 1,000 to 2,000. Calls without a positive
        target, with rows of one class only or without a row of weight above 0 are accepted.

        Not available with ``standardize`` or ``early_stopping``, which need all rows at once.
        Callbacks belong to `fit` and are not called.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.
        offset, exposure : array-like of shape (n_samples,) or None
            As in `fit`.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        AttributeError
            With ``standardize=True`` or ``early_stopping=True``, which need all rows at once.
        ValueError, TypeError
            As in `fit`; also for another number of columns than in earlier calls.
        """
        with keep_fitted_state(self):
            self._partial_fit(X, y, sample_weight, (offset, exposure))
        return self

    @explains_arguments
    def predict(
        self,
        X: MatrixLike,
        *,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> Array:
        """Predict the targets: X @ coef + intercept, or its exponential under a log link.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.
        offset, exposure : array-like of shape (n_samples,) or None
            As in `fit`; the prediction is exp(offset) or exposure times as large.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_targets)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            For other columns than those of `fit`, columns that are no numbers, NaN or infinity,
            or an array of another library than that of `fit`.
        """
        z = self._raw_prediction(X, "predict")
        if offset is not None or exposure is not None:
            o = total_offset(offset, exposure, self._loss, z)
            z = z + as_column(o, z)
        return predict_mean(self._loss, z)

    @explains_arguments
    def score(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
    ) -> float:
        """R2 of the prediction; D2, the share of deviance explained, under a log link.

        A loss of your own is scored by D2 where it states its ``deviance``, else by R2. A constant
        target, such as a fold without an event, scores 1 where it is met exactly, and 0 elsewhere.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.
        offset, exposure : array-like of shape (n_samples,) or None
            As in `fit`; the deviance is then measured from that of a constant rate.

        Returns
        -------
        score : float
            The mean over several targets. At most 1.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `predict`; also for a y of another shape, or outside of the domain of the loss.
        """
        y, z, weights = self._targets_beside(X, y, sample_weight)
        loss = self._loss_of_fit()
        if offset is not None or exposure is not None:
            loss, y = target_beside_offset(loss, y, total_offset(offset, exposure, loss, z))
        return explained(loss, y, z, weights)

    def _targets_beside(self, X, y, sample_weight, in_parts=False, method="score"):
        """Targets, raw predictions and weights of the rows of X, all checked, for a method."""
        z = self._raw_prediction(X, method)
        xp, device = input_namespace(X)
        y, weights = move_to(y, xp, device), move_to(sample_weight, xp, device)
        y = checked_target(y, z.dtype)
        y = self._loss_of_fit().expand_target(y)
        if y.shape[0] != z.shape[0] or math.prod(y.shape) != math.prod(z.shape):
            raise ValueError(f"y must have the shape {z.shape} of the prediction. Got {y.shape}.")
        if weights is not None:
            weights = checked_weights(weights, z, all_zero=in_parts)
        check_target(self._loss_of_fit(), y, in_parts=True)
        return y, z, weights

    @explains_arguments
    def summary(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        exposure: ArrayLike | None = None,
        level: float = 0.95,
    ) -> Summary:
        """Coefficients with standard errors, of a fit without a penalty to a smooth loss.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows of the fit.
        y : array-like of shape (n_samples,)
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.
        offset, exposure : array-like of shape (n_samples,) or None
            As in `fit`.
        level : float in (0, 1), default=0.95
            Of the confidence intervals.

        Returns
        -------
        summary : Summary
            Printed as a table; its arrays are attributes. The errors are those of the sandwich
            estimator, HC0 in statsmodels. They presume the minimum, which needs a small `tol`,
            independent rows, and that nothing was chosen on these rows. Weights are those of
            weighted least squares, not numbers of copies: the errors do not depend on their mean.

        Raises
        ------
        ValueError
            With a penalty, for a loss with kinks, several targets, or columns that determine each
            other.

        Warns
        -----
        UserWarning
            If the coefficients are not those of the minimum on these rows.
        """
        y, z, weights = self._targets_beside(X, y, sample_weight, method="summary")
        if offset is not None or exposure is not None:
            z = z + as_column(total_offset(offset, exposure, self._loss, z), z)
        rows = X if sparse.issparse(X) else to_numpy(X).astype(float)
        shape = z.shape if math.prod(z.shape) > z.shape[0] else (-1,)  # one column is one target
        y, z = (to_numpy(array).reshape(shape) for array in (y, z))
        return summary_of(self, rows, y, z, weights, level)

    @explains_arguments
    def to_sklearn(
        self,
    ) -> LinearRegression | TweedieRegressor | PoissonRegressor | GammaRegressor:
        """A fitted scikit-learn regressor with the same coefficients and predictions.

        Returns
        -------
        model : LinearRegression, PoissonRegressor, GammaRegressor or TweedieRegressor
            The first for all losses without a log link.

        Raises
        ------
        ValueError
            For losses with a log link that scikit-learn does not have, and for several targets of
            one.
        """
        check_is_fitted(self)
        return regressor_twin(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        loss = self.loss
        if isinstance(loss, str) and loss in self._losses:
            loss = self._losses[loss]()
        tags.target_tags.positive_only = getattr(loss, "target_range", "real") in (
            "non-negative",
            "positive",
        )
        return tags

    def _loss_of_fit(self) -> Loss:
        check_is_fitted(self)
        return self._loss

    def _check_input(self, X, y, **checks):
        y = move_to(y, *input_namespace(X))
        X, y = checked_table(self, X, y, multi_output=True, y_numeric=True, **checks)
        refuse_labels(y)
        return X, y

    def _encode_target(self, y, X, weights, loss, rows, in_parts):
        if y.dtype != X.dtype:
            xp = namespace(X)
            with np.errstate(over="ignore"):  # checked in the next line
                y = xp.astype(y, X.dtype)
            if not bool(xp.all(xp.isfinite(y))):
                raise ValueError(f"y holds values beyond the range of {X.dtype}, the type of X.")
        check_target(loss, loss.split_target(y)[0], rows, in_parts)
        return loss.expand_target(y), weights, loss

    def _validation_score(self, loss, y, z, weights):
        return explained(loss, y, z, weights)
