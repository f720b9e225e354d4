"""GDClassifier: linear classification by gradient descent."""

from __future__ import annotations

from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.base import BaseGD
from gdregress._estimator.docs import OUTCOME_OF_FIT, RESULTS, RUN, STRENGTH
from gdregress._estimator.export.summary import Summary, summary_of
from gdregress._estimator.export.twins import classifier_twin
from gdregress._estimator.input.classes import (
    balanced_weights,
    check_classes,
    classes_of,
    encode,
    given_classes,
    refuse_missing_labels,
    weighted_by_class,
    without_class_weights,
)
from gdregress._estimator.input.table import checked_table, checked_weights
from gdregress._estimator.scores import accuracy
from gdregress._utils.arguments import available_if, explains_arguments
from gdregress._utils.array_api import asarray, index_type, namespace, to_numpy
from gdregress._utils.docstrings import filled_in
from gdregress._utils.neighbours import OF_NUMBERS
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
    StrOptions,
    check_parameters,
    check_partial_fit,
    keep_fitted_state,
)
from gdregress.losses import LOSSES, Loss
from gdregress.losses.classification import CLASSIFICATION_LOSSES
from gdregress.losses.multiclass import multiclass_loss
from gdregress.optimizers import Optimizer
from gdregress.penalties import Penalty
from gdregress.schedules import Schedule


def knows_probabilities(estimator: GDClassifier) -> bool:
    """Whether the loss says how likely the classes are; AttributeError otherwise.

    That of the last fit, or what the parameter stands for before the first.
    """
    loss = estimator.loss
    if hasattr(estimator, "_loss"):
        loss = estimator._loss.base_loss
    elif isinstance(loss, str):
        loss = CLASSIFICATION_LOSSES.get(loss)
    if getattr(loss, "probability", None) is None:
        raise AttributeError(
            "predict_proba and predict_log_proba need a loss that knows probabilities, which "
            f"loss={estimator.loss!r} does not. Use 'log_loss' or 'modified_huber', or "
            "CalibratedClassifierCV around this estimator."
        )
    return True


def can_learn_in_parts(estimator: GDClassifier) -> bool:
    """AttributeError for what needs all rows at once; True otherwise."""
    if isinstance(estimator.class_weight, str):
        raise AttributeError(
            "partial_fit cannot be combined with class_weight='balanced', which needs all rows at "
            "once. Pass a dict, for instance of the weights that "
            "sklearn.utils.class_weight.compute_class_weight finds on a sample."
        )
    return check_partial_fit(estimator)


@filled_in(strength=STRENGTH, run=RUN, results=RESULTS)
class GDClassifier(ClassifierMixin, BaseGD):
    r"""Linear classification fitted by batch, stochastic or mini-batch gradient descent.

    Minimises

    .. math::

        F(w, b) = \frac{\sum_i s_i L(y_i, x_i \cdot w + b)}{\sum_i s_i} + \alpha R(w)

    with weights s, those of the samples times those of their classes. The minimiser of the log
    loss with l2 is that of ``LogisticRegression(C=1 / (alpha * sum(s)))``. The intercept is never
    penalised.

    With two classes, y is -1 for the first and 1 for the second of ``classes_``, and one vector
    of coefficients is fitted. With more, there is one for each class: "log_loss" is the
    categorical cross-entropy of the softmax, all other losses are summed over one problem for
    each class, its rows against the rest.

    Parameters
    ----------
    loss : str, Loss or callable, default="log_loss"
        "log_loss", "hinge", "squared_hinge", "modified_huber", "perceptron", or an instance of
        a loss of a label y in {-1, 1}, such as a subclass of `Loss`. A smooth function
        ``f(y, z)`` of PyTorch tensors or JAX arrays is differentiated by their library.
    penalty : {"l2", "l1", "elasticnet"}, None or Penalty, default="l2"
        Or an instance such as ``Box(lower=0)`` or ``GroupL2(groups)``, a subclass of `Penalty`, or
        any object with ``value(w)`` and ``prox(w, step_size)``.
    {strength}
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, by its label; 1 for those not named. "balanced" gives every class
        the same total weight; not for `partial_fit`.
    {run}

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, sorted.
    coef_ : array of shape (1, n_features) or (n_classes, n_features)
        Coefficients.
    intercept_ : array of shape (1,) or (n_classes,)
        Intercepts, 0 with ``fit_intercept=False``.
    {results}

    See Also
    --------
    sklearn.linear_model.SGDClassifier : Stochastic descent, one row per update.
    sklearn.linear_model.LogisticRegression : The log loss by second-order and other solvers.
    GDRegressor : The same descent for numbers.

    Notes
    -----
    What the Notes of `GDRegressor` say of compiled epochs, sparse data and threads holds here.

    Where the classes can be separated and nothing is penalised, the log loss has no minimum:
    larger coefficients always fit better. The run then ends by its tolerance or by `max_iter`,
    and says so in the latter case.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from gdregress import GDClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), GDClassifier(alpha=0.01)).fit(X, y)
    >>> round(model.score(X, y), 3)
    0.986
    """

    classes_: Array

    _losses = CLASSIFICATION_LOSSES
    _registries = {**BaseGD._registries, "loss": CLASSIFICATION_LOSSES}
    _target_ranges = ("real", "labels")
    _target_ranges_advice = "use GDRegressor, or a loss of labels -1 and 1"
    _coef_as_rows = True
    _parameter_constraints = {
        **BaseGD._parameter_constraints,
        "loss": [
            StrOptions(CLASSIFICATION_LOSSES, dict.fromkeys(LOSSES, OF_NUMBERS)),
            Loss,
            callable,
        ],
        "class_weight": [StrOptions(["balanced"]), dict, None],
    }

    def __init__(
        self,
        loss: str | Loss | LossFunction = "log_loss",
        *,
        penalty: str | Penalty | SupportsProx | None = "l2",
        alpha: ArrayLike = 1e-4,
        l1_ratio: float = 0.15,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
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
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.class_weight = class_weight
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

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy of the prediction: the share of the rows that get their label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.

        Returns
        -------
        score : float
            At most 1.
        """
        return super().score(X, y, sample_weight)

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
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 is kept; sparse matrices are never made dense.
        y : array-like of shape (n_samples,)
            Labels: numbers or text, at least two of them.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, times those of their classes: weight 2 counts as two copies,
            weight 0 removes the row.
        coef_init : array-like of the shape of ``coef_`` or None
            Coefficients to start from, for two classes also of shape (n_features,); zero without
            it.
        intercept_init : array-like of the shape of ``intercept_`` or None
            Intercepts to start from; without them those of a fit which is given no start: the
            best constant under an automatic rate, zero under a number.

        X_val : {array-like, sparse matrix} of shape (n_val, n_features) or None
            Rows to validate on: ``history_`` has the score and the loss on them after every
            epoch. With ``early_stopping=True`` they stand for the rows that would be held out;
            without it they end nothing. In a pipeline they are transformed as X is with
            ``Pipeline(..., transform_input=["X_val"])``.
        y_val : array-like of shape (n_val,)
            Their labels, all among those of y.
        sample_weight_val : array-like of shape (n_val,) or None
            Their weights.
        resume_from : str or Path or None
            File of a `gdregress.callbacks.Checkpoint`, from which an interrupted fit of the same
            data and parameters continues. `max_iter` counts the epochs before it as well.

        {outcome}
        """
        with keep_fitted_state(self):
            validation = X_val, y_val, sample_weight_val
            start = coef_init, intercept_init
            self._fit(X, y, sample_weight, start, validation, resume_from)
        return self

    @explains_arguments
    def fit_batches(
        self,
        batches: BatchSource,
        *,
        classes: ArrayLike | None = None,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        prefetch: bool = False,
        resume_from: str | PathLike[str] | None = None,
    ) -> Self:
        """Fit the model to rows that come in batches, which are read anew in each pass.

        As `GDRegressor.fit_batches`, but for the classes. Of the losses with kinks "hinge" ends
        with a proven gap, "perceptron" without a proof of the minimum.

        Parameters
        ----------
        batches : callable or iterable
            A function without arguments that returns an iterator of ``(X, y)`` or
            ``(X, y, sample_weight)``, such as a generator function; or an object that can be
            iterated again and again, such as a list of memory-mapped arrays or a DataLoader. Each
            pass needs the same rows.
        classes : array-like of shape (n_classes,) or None
            All labels; None looks for them in a pass of its own, which counts them as well:
            ``class_weight="balanced"`` makes it in any case.
        X_val, y_val, sample_weight_val : array-like or None
            Rows to validate on, in memory, as of `fit`. ``early_stopping=True`` needs them.
        prefetch : bool, default=False
            As of `GDRegressor.fit_batches`.
        resume_from : str or Path or None
            File of a `gdregress.callbacks.Checkpoint`, from which an interrupted fit continues.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError, TypeError
            As `GDRegressor.fit_batches`; also for labels that are not among `classes`.

        Warns
        -----
        ConvergenceWarning, DivergenceWarning, IgnoredParameterWarning
            As in `fit`.
        UserWarning
            For classes that are given and have no row.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from gdregress import GDClassifier
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> batches = [(X[:300], y[:300]), (X[300:], y[300:])]
        >>> model = GDClassifier(alpha=0.01).fit_batches(batches)
        >>> model.converged_
        True
        """
        with keep_fitted_state(self):
            validation = X_val, y_val, sample_weight_val
            self._fit_batches(batches, validation, prefetch, resume_from, classes)
        return self

    @available_if(can_learn_in_parts)
    @explains_arguments
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Go over the given rows once, from where the last call has ended.

        As `GDRegressor.partial_fit`, but for the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to learn from.
        y : array-like of shape (n_samples,)
            Their labels.
        classes : array-like of shape (n_classes,) or None
            All labels that will ever occur; may be left out after the first call.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        AttributeError
            With ``standardize=True`` or ``early_stopping=True``, which need all rows at once,
            or ``class_weight="balanced"``.
        ValueError, TypeError
            As in `fit`; also for another number of columns than in earlier calls, or other
            classes.
        """
        with keep_fitted_state(self):
            check_parameters(self)
            self.classes_ = given_classes(classes, getattr(self, "classes_", None))
            self._partial_fit(X, y, sample_weight)
        return self

    @explains_arguments
    def decision_function(self, X: MatrixLike) -> Array:
        """Raw predictions, ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        z : array of shape (n_samples,) or (n_samples, n_classes)
            With two classes, positive where the second is predicted.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `predict`.
        """
        return self._raw_prediction(X, "decision_function")

    @explains_arguments
    def predict(self, X: MatrixLike) -> Array:
        """The label of each row: the class with the largest raw prediction.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        y : array of shape (n_samples,)

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError, TypeError
            For other columns than those of `fit`, columns that are no numbers, NaN or infinity,
            or an array of another library than that of `fit`.
        """
        z = self._raw_prediction(X, "predict")
        codes, xp = _predicted(z), namespace(z)
        if namespace(self.classes_) is xp:
            return xp.take(self.classes_, codes, axis=0)
        labels = to_numpy(self.classes_)[to_numpy(codes)]
        return labels if labels.dtype.kind in "OUS" else asarray(labels, xp, z.device)

    @available_if(knows_probabilities)
    @explains_arguments
    def predict_proba(self, X: MatrixLike) -> Array:
        """Probability of every class, for losses that know it: "log_loss", "modified_huber".

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probability : array of shape (n_samples, n_classes)
            In the order of ``classes_``.

        Raises
        ------
        AttributeError
            For losses that know no probabilities.
        NotFittedError, ValueError, TypeError
            As `predict`.
        """
        z = self._raw_prediction(X, "predict_proba")
        if z.ndim == 2:
            return self._loss.probability(z)
        if self._loss.label_probabilities is not None:
            first, second = self._loss.label_probabilities(z)
        else:
            second = self._loss.probability(z)
            first = 1 - second
        return namespace(z).stack([first, second], axis=1)

    @available_if(knows_probabilities)
    @explains_arguments
    def predict_log_proba(self, X: MatrixLike) -> Array:
        """Logarithm of `predict_proba`; for "log_loss" finite however small that is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        log_probability : array of shape (n_samples, n_classes)

        Raises
        ------
        AttributeError, NotFittedError, ValueError, TypeError
            As `predict_proba`.
        """
        z = self._raw_prediction(X, "predict_log_proba")
        xp = namespace(z)
        log_probability = self._loss.log_probability
        if log_probability is not None and z.ndim == 2:
            return log_probability(z)
        if log_probability is not None:
            return xp.stack([log_probability(-z), log_probability(z)], axis=1)
        with np.errstate(divide="ignore"):
            return xp.log(self.predict_proba(X))

    @explains_arguments
    def summary(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        level: float = 0.95,
    ) -> Summary:
        """Coefficients with standard errors, of a fit without a penalty to two classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows of the fit.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.
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
            With a penalty, which is the default, for a loss with kinks, more than two classes, or
            columns that determine each other.

        Warns
        -----
        UserWarning
            If the coefficients are not those of the minimum on these rows.
        """
        z = to_numpy(self._raw_prediction(X, "summary"))
        rows = X if sparse.issparse(X) else to_numpy(X).astype(float)
        y = column_or_1d(y)
        if y.shape[0] != z.shape[0]:
            raise ValueError(
                f"y must have one label for each of the {z.shape[0]} rows of X. Got {y.shape[0]}."
            )
        labels = encode(y, self.classes_, z)
        weights = None if sample_weight is None else checked_weights(sample_weight, z)
        class_weight = self.class_weight
        if isinstance(class_weight, str):
            class_weight = balanced_weights(self.classes_, y, weights)
        weights = weighted_by_class(class_weight, self.classes_, y, z, weights)
        return summary_of(self, rows, labels, z, weights, level)

    @explains_arguments
    def to_sklearn(self) -> LogisticRegression | SGDClassifier:
        """A fitted scikit-learn classifier with the same coefficients and predictions.

        Returns
        -------
        model : LogisticRegression or SGDClassifier
            The former for the log loss.

        Raises
        ------
        ValueError
            For a loss that scikit-learn does not have.
        """
        check_is_fitted(self)
        return classifier_twin(self)

    def _raw_prediction(self, X, method):
        z = super()._raw_prediction(X, method)
        return z[:, 0] if z.shape[1] == 1 else z

    def _check_input(self, X, y, **checks):
        refuse_missing_labels(y)
        return checked_table(self, X, y, **checks)

    def _encode_target(self, y, X, weights, loss, rows, in_parts):
        # whole numbers and strings are always classes, which scikit-learn takes long to say
        plain = getattr(y.dtype, "kind", "O") in "biuU"
        if not plain:
            check_classification_targets(y)
        if not in_parts:
            self._set_classes(classes_of(y))
            if plain and 2 * len(self.classes_) > y.shape[0]:
                check_classification_targets(y)  # which warns of so many
        encoded, class_weight = encode(y, self.classes_, X), self.class_weight
        if isinstance(class_weight, str):
            if not in_parts:
                self._balanced = balanced_weights(self.classes_, y, weights)
            class_weight = self._balanced  # rows to validate on count by those to train on
        weights = weighted_by_class(class_weight, self.classes_, y, X, weights, in_parts)
        return encoded, weights, multiclass_loss(loss, self.classes_.shape[0])

    def _set_classes(self, classes):
        """Take the classes of a fit; those of a run that is continued must be the same."""
        known = getattr(self, "classes_", classes)
        continued = self.warm_start and hasattr(self, "_state")
        if continued and not np.array_equal(to_numpy(known), to_numpy(classes)):
            raise ValueError(
                f"The earlier fit cannot be continued: its classes are {to_numpy(known)}, those "
                f"of y are {to_numpy(classes)}. Set warm_start=False."
            )
        self.classes_ = check_classes(classes)

    def _score_weights(self, y, weights):
        class_weight = self.class_weight
        class_weight = self._balanced if isinstance(class_weight, str) else class_weight
        return without_class_weights(class_weight, self.classes_, y, weights)

    def _validation_score(self, loss, y, z, weights):
        predicted = namespace(z).astype(_predicted(z), y.dtype)
        return accuracy(y, 2 * predicted - 1 if z.ndim == 1 else predicted, weights)


def _predicted(z):
    """Number of the predicted class of each row, from raw predictions."""
    xp = namespace(z)
    return xp.astype(z > 0, index_type(z)) if z.ndim == 1 else xp.argmax(z, axis=1)
