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
from gdregress._estimator.offset import as_rates, refuse_offset_with_validation, total_offset
from gdregress._estimator.scores import explained
from gdregress._estimator.summary import Summary, summary_of
from gdregress._estimator.table import (
    checked_table,
    checked_target,
    checked_weights,
    refuse_labels,
)
from gdregress._utils.arguments import available_if, explains_arguments
from gdregress._utils.array_api import input_namespace, move_to, namespace, to_numpy
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
    alpha : float or array-like of shape (n_features,), default=1e-4
        Strength of a penalty given by name, of all features or of each.
    l1_ratio : float in [0, 1], default=0.15
        Share of l1 in ``penalty="elasticnet"``.
    fit_intercept : bool, default=True
        Whether to fit the intercept b.
    solver : {"batch", "stochastic", "mini-batch"}, default="batch"
        Rows per update: all, one, or `batch_size`. With a smooth loss each of them ends at the
        minimum and says so, see `tol`.
    batch_size : int or float, default=32
        Rows per update of "mini-batch"; a float in (0, 1] is a fraction of all rows.
    optimizer : str, Optimizer or optax.GradientTransformation, default="auto"
        "gd", "svrg", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "amsgrad", "nadam",
        "cg", or an instance such as ``Adam(beta_1=0.8)``. "auto", at ``learning_rate="auto"`` and
        unless `average` or `momentum` is set, is "svrg" for batches of a smooth loss; over all
        rows conjugate gradients with exact steps for smooth convex losses under l2 or no penalty,
        but where squared error has its moments; Newton steps on working sets for one target of a
        smooth loss under l1, where columns are many; and Newton steps along smooth envelopes of
        the loss for "absolute_error", "quantile" and "epsilon_insensitive", under no penalty, l1,
        l2 or both. In all other cases it is "nesterov". "svrg", for batches of smooth losses,
        corrects each gradient by one over all rows and converges at a constant rate; with several
        targets, a run by "auto" that it has not ended after 100 epochs goes on over all rows where
        the columns are few enough for their moments. "cg", for ``solver="batch"`` and smooth
        convex losses under l2 or no penalty, asks for the conjugate gradients: momentum by
        conjugacy, and steps to the minimum along each direction. The
        adaptive ones add an epsilon of 1e-8 to the size of the gradient: bring y to a size well
        above it. A transformation of optax has its own learning rate; it asks for
        ``learning_rate=1.0`` and no penalty.
    momentum : float in [0, 1) or "auto", default="auto"
        For "momentum" and "nesterov". "auto" is, for solver="batch", the accelerated sequence
        with adaptive restart (nesterov) or the optimal constant where the smallest curvature is
        known (momentum); 0.9 otherwise.
    learning_rate : float, "auto" or "line-search", default="auto"
        A number is the step of the textbooks: in the user's own columns unless `preconditioner`
        says otherwise, beginning at zero coefficients, and at an intercept of zero but for losses
        with a log link. "auto" and "line-search" begin at the best constant prediction.

        "auto", over all rows: 1 / L, L the largest curvature, for squared error; backtracking for
        other smooth losses, whose curvature varies, but for the adaptive optimizers and, where
        the curvature is bounded, for heavy ball momentum. A run that diverges continues from its
        best parameters at a quarter of the rate. For batches of rows the rate begins at
        a bound of the curvature and is learned: an epoch that lowered the objective is kept and
        raises it, fourfold until one has failed and by a tenth from then on; any other is undone
        and the rate divided by 4. In `partial_fit` see there.

        "line-search" is Armijo backtracking, for solver="batch", smooth losses and optimizers
        that are not adaptive.
    schedule : str, Schedule or callable, default="auto"
        Factor of the learning rate by the count of updates: "constant", "invscaling",
        "exponential", "step", "cosine", "one-cycle", "adaptive", an instance such as
        ``Exponential(decay=0.9)``, or any function of the count. "auto" is constant where the rate
        is learned, for "svrg" and "adagrad", and over all rows; there "rmsprop", "adam" and
        "nadam", and losses with kinks, have their rate halved whenever the objective makes no
        progress. Batches at a given rate have (1 + epochs)^-0.75, where a hundred updates count
        as an epoch if it has fewer.
    power_t : float, default=0.25
        Exponent of "invscaling".
    preconditioner : {"auto", "columns", "moments"} or None, default="auto"
        Coordinates in which the run descends; objective, penalty, minimiser and everything
        reported stay in the user's units. "columns": each column centred and divided by its
        standard deviation; without an intercept by its root mean square, and not centred. For
        batches a tenth of the largest squared deviation is added to the variance, so that rare
        values do not make single rows huge. Sparse matrices are centred implicitly, those columns
        for which it pays. "moments": the metric of the second moments of the columns, in which
        few epochs are enough however the columns are correlated. It needs a smooth loss, l2 or no
        penalty, an optimizer that is not adaptive, at most 512 columns in NumPy or sparse, and
        all rows, or "svrg" with batches of at least an eighth as many rows as there are columns.
        None: the columns as they are.

        "auto" is None where `learning_rate` is a number. Otherwise it is "columns", or "moments"
        where the rows are at least twice as many as the columns and the condition number says
        that scaled columns would need more epochs than `max_iter` (squared error), than 25 (other
        losses), or than 150 (batches).
    standardize : bool, default=False
        Centre and scale the columns, and penalise the coefficients of the scaled ones: another
        objective wherever there is a penalty. ``coef_`` and ``intercept_`` are in the original
        units.
    max_iter : int, default=1000
        Most epochs, that is passes over the data.
    tol : float or None, default=1e-4
        The run ends by "tolerance" when what is left of the objective, F - F*, is at most tol^2 of
        what the best constant prediction has left, F_null - F*: by an estimate from gradient and
        curvature for smooth losses; by a duality gap, which is proven, for "absolute_error",
        "quantile" and "epsilon_insensitive" under ``optimizer="auto"`` and under no penalty, l1,
        l2 or both, whose batches are followed by epochs over all rows. Other runs of losses with
        kinks, and all with `early_stopping`, end on a plateau: when the objective has not improved
        by `tol` of itself, or the validation score by `tol`, for `n_iter_no_change` epochs. 0 asks
        for all digits, and for squared error without a penalty on up to 100,000 numbers the last
        step computes residuals in twice the precision, so that an ill-conditioned X costs none of
        them. None asks for all `max_iter` epochs.
    n_iter_no_change : int, default=5
        Epochs without improvement that make a plateau; more where the swings of a momentum last
        longer. For runs that end on one, see `tol`, and for ``schedule="adaptive"``.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the rows, or take those that `fit` is given as ``X_val``,
        stop on their score, and restore the best parameters. ``history_["gap"]`` says how far
        the objective of the rows that are trained on is from its minimum.
    scoring : {"loss", "score"}, str or callable, default="loss"
        Score of the rows to validate on: "loss" is 1 - L / L_null, the share of the mean loss
        there that the best constant has and the model has not; "score" is that of the method
        `score`: R2, or D2 under a log link. Or the name of a scorer of scikit-learn, such as
        "neg_mean_absolute_error", or a function ``scoring(model, X, y)``, larger being better.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows held out. Not used where `fit` is given ``X_val``.
    average : bool or int, default=False
        Return the average of the last half or more of the iterates, or of all after this many
        updates; objective and tolerance are measured at the average.
    shuffle : bool, default=True
        Whether each epoch takes the rows in a new random order.
    warm_start : bool, default=False
        Continue the last fit, its optimizer's memory included.
    store_path : bool, default=False
        Keep the coefficients after every epoch in ``history_``.
    random_state : int, RandomState instance or None, default=None
        Order of the rows, and the rows held out.
    verbose : int, default=0
        1 prints some epochs, 2 all of them.

    Attributes
    ----------
    coef_ : array of shape (n_features,) or (n_targets, n_features)
        Coefficients.
    intercept_ : float or array of shape (n_targets,)
        Intercept, 0.0 with ``fit_intercept=False``.
    n_iter_ : int
        Epochs run.
    t_ : int
        Updates made.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X has names that are all strings.
    learning_rate_ : float
        Learning rate before the schedule: as given, as derived, or the last one where it was
        searched or learned. In the coordinates of the run, see `preconditioner`. Steps along
        smooth envelopes have none, and leave here the one derived.
    momentum_ : float, "auto" or None
        Momentum used: a number, "auto" for the accelerated sequence, None for optimizers
        without it.
    converged_ : bool
        Whether the run ended by "tolerance". Nothing else proves that it is at the minimum.
        The coefficients have fewer digits than the objective: their relative error is at most
        about ``tol`` times the square root of the condition number of X'X. Of a loss that is
        not convex, such as "cauchy", it is a minimum that may be a local one.
    stop_reason_ : str
        "tolerance", "plateau", "max_iter", "diverged", "callback" or "interrupted". After a
        plateau, a divergence or an interrupt, and with `early_stopping`, the best parameters are
        kept, not the last.
    loss_curve_ : list of float
        Objective at the end of each epoch.
    validation_scores_ : list of float
        Score on the rows to validate on at the end of each epoch, where there are any.
    history_ : History
        One row per epoch: objective, loss, penalty, gradient norm, gap, learning rate, seconds.
        The gap is an estimate of F - F*, or a proven bound of it, see `tol`; None where nothing
        is known. It is measured at the end of the run, where it could end it, and now and then;
        in between it follows the square of the gradient norm.

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
    ``threadpoolctl``); the results do not depend on how many, but for
    the last bits of losses of your own and of dense rows of more than 512 columns, whose products
    are BLAS's.

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
            Added to the raw prediction of each row under "poisson", "gamma" or "tweedie", so that
            a row predicts exp(x . w + b + offset).
        exposure : array-like of shape (n_samples,) or None
            The same as an offset of log(exposure): for how long, or for how many, a row counts.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For a parameter, an input or a combination that is not accepted. An earlier fit
            stays usable.
        TypeError
            For an input that is no table of numbers, such as a lazy frame, an iterable of
            batches, a dict or a sparse y; for formulas of components that stand on the instance;
            and for a loss that is a function, where X is NumPy's.

        Warns
        -----
        DivergenceWarning
            The run grew and was ended; the best finite parameters are kept.
        ConvergenceWarning
            The run ended without a proof that it is at the minimum: after ``max_iter`` epochs, on
            a plateau, or where no epoch was better than the start.
        IgnoredParameterWarning
            A parameter was set that has no effect together with the others.
        """
        with keep_fitted_state(self):
            validation = X_val, y_val, sample_weight_val
            if X_val is not None:
                refuse_offset_with_validation(offset, exposure)
            start = coef_init, intercept_init
            y, weights, user_weights = as_rates(self, X, y, sample_weight, offset, exposure)
            self._fit(X, y, weights, start, validation, resume_from, user_weights)
        return self

    @explains_arguments
    def fit_batches(
        self, batches: BatchSource, *, resume_from: str | PathLike[str] | None = None
    ) -> Self:
        """Fit the model to rows that come in batches, which are read anew in each pass.

        The fit of data that do not fit into memory: the objective, the parameters and what ends
        the run are those of `fit`, and the rows may lie in files of any kind. Losses with kinks
        are the exception: their runs end near the minimum, on a plateau or after `max_iter`
        epochs, and warn that this proves no minimum. Squared error of up
        to 512 columns reads the rows once for their moments, and a few times more where digits
        near the minimum need it. Other smooth losses of as many columns take Newton steps under
        ``optimizer="auto"``, one pass each; whatever else descends over all rows takes one pass an
        epoch. ``solver="stochastic"`` and "mini-batch" read the batches in their order, or in
        random order where `batches` is a list, and shuffle the rows of about a million numbers of
        X at a time; a second pass measures the epoch.

        Parameters
        ----------
        batches : callable or iterable
            A function without arguments that returns an iterator of ``(X, y)`` or
            ``(X, y, sample_weight)``, such as a generator function; or an object that can be
            iterated again and again, such as a list of memory-mapped arrays or a DataLoader. Each
            pass needs the same rows. X may be an array, a frame or a sparse matrix.
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
            once; for passes of different rows; and for `early_stopping`, which needs all rows.

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
            self._fit_batches(batches, resume_from=resume_from)
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
            y, weights, user_weights = as_rates(self, X, y, sample_weight, offset, exposure)
            self._partial_fit(X, y, weights, user_weights)
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
            z = z + (o if z.ndim == 1 else o[:, None])
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
        y, z, weights = self._targets_beside(X, y, sample_weight, False, offset, exposure)
        return explained(self._loss_of_fit(), y, z, weights)

    def _targets_beside(
        self, X, y, sample_weight, in_parts=False, offset=None, exposure=None, method="score"
    ):
        """Targets, raw predictions and weights of the rows of X, all checked, for a method.

        The targets and weights are those that stand for the same without an offset.
        """
        z = self._raw_prediction(X, method)
        given = (y, sample_weight, offset, exposure, self._loss)
        y, sample_weight, _ = as_rates(self, X, *given)
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
        """
        offsets = offset, exposure
        y, z, weights = self._targets_beside(X, y, sample_weight, False, *offsets, "summary")
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
        model = self._twin()
        coef, intercept = to_numpy(self._dense_coef()), to_numpy(self.intercept_)
        model.coef_ = np.array(coef)
        model.intercept_ = np.array(intercept) if intercept.ndim else float(intercept)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(model, name, getattr(self, name))
        return model

    def _twin(self):
        """The regressor of scikit-learn that predicts as this one does, without coefficients."""
        loss = self._loss
        if loss.link == "identity":
            return LinearRegression(fit_intercept=self.fit_intercept)
        power = loss.tweedie_power
        if power is None or np.ndim(self.intercept_):
            which = "several targets" if np.ndim(self.intercept_) else type(loss).__name__
            raise ValueError(
                f"scikit-learn has no regressor of {which} with a log link. Keep this estimator, "
                "or convert it to ONNX."
            )
        named = {1: PoissonRegressor, 2: GammaRegressor}
        model = named[power]() if power in named else TweedieRegressor(power=power, link="log")
        model.set_params(fit_intercept=self.fit_intercept)
        vars(model)["_base_loss"] = model._get_loss()  # by which it predicts
        return model

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
        check_target(loss, y, rows, in_parts)
        return loss.expand_target(y), weights, loss

    def _validation_score(self, loss, y, z, weights):
        return explained(loss, y, z, weights)
