"""GDRegressorCV, GDClassifierCV and gd_path: the strength of a penalty by cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted

from gdregress._estimator.export.onnx import register_with_skl2onnx
from gdregress._estimator.input.sparse_input import check_structure
from gdregress._objective.design import DesignMatrix
from gdregress._objective.moments import moments_of
from gdregress._paths.docs import BEST, SCORES, SEARCH
from gdregress._paths.exact_scores import checked, from_moments
from gdregress._paths.fits import path_of
from gdregress._paths.grid import Grid
from gdregress._paths.search import BaseGDCV, ScoresBest
from gdregress._utils.arguments import available_if, check_is_one_of, explains_arguments
from gdregress._utils.docstrings import filled_in
from gdregress._utils.types import Array, ArrayLike, MatrixLike
from gdregress._utils.validation import check_choices
from gdregress.classifiers import GDClassifier, knows_probabilities
from gdregress.regressors import GDRegressor


@filled_in(search=SEARCH, scores=SCORES, best=BEST)
class GDRegressorCV(ScoresBest, MultiOutputMixin, RegressorMixin, BaseGDCV):
    r"""`GDRegressor` whose penalty, or learning rate, is chosen by cross-validation.

    The candidates are all combinations of `l1_ratios`, `learning_rates` and `alphas`. The best
    mean score over the folds wins, and is fitted on all rows.

    Squared error under l1, l2 or both needs the rows once: with m, C and c the means and centred
    second moments of the rows of a fold, the minimum of

    .. math::

        F(w) = \tfrac{1}{2} w' C w - c' w + \alpha R(w)

    and the score of the rows left out are functions of these numbers alone, see Notes. All other
    searches fit: along falling strengths each from where the last has ended.

    Parameters
    ----------
    estimator : GDRegressor or None, default=None
        Whose parameters are kept but for those that are searched. None is
        ``GDRegressor(penalty="l2")``.
    alphas : int or array-like of shape (n_alphas,), default=20
        Strengths of the penalty, as in ``GDRegressor(alpha=...)``. A number is that of a grid in
        equal ratios: under l1 from the smallest that makes all coefficients zero down to a
        thousandth, under l2 from ten times the mean square of the columns, times the curvature of
        the loss, down to a millionth of that.
    {search}

    Attributes
    ----------
    {scores}
    mse_path_ : ndarray of the shape of ``scores_``
        Mean squared errors, with ``scoring="neg_mean_squared_error"``.
    best_estimator_ : GDRegressor
        Fitted on all rows. Its fitted attributes, as ``coef_``, are found here as well.
    {best}

    See Also
    --------
    gd_path : All coefficients along the strengths.
    sklearn.linear_model.RidgeCV, sklearn.linear_model.ElasticNetCV : The same minima in closed
        form, and by coordinate descent; mind that ``Ridge(alpha=n_samples * alpha)``.

    Notes
    -----
    Of squared error on NumPy's or sparse data with at most 511 columns come from moments:

    - the minima under l1, l2 or both, where `solver`, `optimizer`, `momentum`, `learning_rate`,
      `schedule` and `average` of the estimator are the defaults, and `max_iter` is not less. They
      are exact where a fit ends within `tol`.
    - what `max_iter` epochs of descent come to, by eigenvalues: over all rows at given rates with
      ``tol=None``, by "gd", or "momentum" or "nesterov" with a number as momentum, under no
      penalty or l2, the latter without "momentum".

    Other smooth losses of one target under l2 go from one minimum to the next by Newton steps.
    Anything else is fitted. Scores other than R2 and "neg_mean_squared_error" read the rows that
    are left out.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdregress import GDRegressor, GDRegressorCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = GDRegressorCV(GDRegressor(penalty="l1"), alphas=50).fit(X, y)
    >>> print(f"{model.alpha_:.3f} {model.best_score_:.3f} {(model.coef_ == 0).sum()}")
    0.004 0.483 1
    """

    _parameter_constraints = {**BaseGDCV._parameter_constraints, "estimator": [GDRegressor, None]}
    _inner = GDRegressor

    def _default_estimator(self) -> Any:
        return GDRegressor(penalty="l2")


def _knows_probabilities(search: GDClassifierCV) -> bool:
    """Whether the estimator of a search does; AttributeError otherwise."""
    fitted = getattr(search, "best_estimator_", None)
    return knows_probabilities(fitted or search.estimator or search._default_estimator())


@filled_in(search=SEARCH, scores=SCORES, best=BEST)
class GDClassifierCV(ScoresBest, ClassifierMixin, BaseGDCV):
    """`GDClassifier` whose penalty, or learning rate, is chosen by cross-validation.

    The candidates are all combinations of `l1_ratios`, `learning_rates` and `alphas`. Along
    falling strengths each begins where the last has ended: smooth losses of two classes under l2
    go from one minimum to the next by Newton steps, all else is fitted. The best mean score over
    the folds wins, and is fitted on all rows.

    Parameters
    ----------
    estimator : GDClassifier or None, default=None
        Whose parameters are kept but for those that are searched. None is ``GDClassifier()``.
    alphas : int or array-like of shape (n_alphas,), default=20
        Strengths of the penalty, ``1 / (n_samples * C)`` in the terms of LogisticRegression. A
        number is that of a grid, see `GDRegressorCV`.
    {search}

    Attributes
    ----------
    {scores}
    best_estimator_ : GDClassifier
        Fitted on all rows. Its fitted attributes, as ``coef_`` and ``classes_``, are found here
        as well.
    {best}

    See Also
    --------
    sklearn.linear_model.LogisticRegressionCV : The same for the log loss.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from gdregress import GDClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = GDClassifierCV(alphas=[1e-4, 1e-2, 1.0], scoring="neg_log_loss").fit(X, y)
    >>> model.alpha_
    0.0001
    """

    _parameter_constraints = {**BaseGDCV._parameter_constraints, "estimator": [GDClassifier, None]}
    _inner = GDClassifier

    def _default_estimator(self) -> Any:
        return GDClassifier()

    def decision_function(self, X: MatrixLike) -> Array:
        """Raw predictions of the best estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        z : array of shape (n_samples,) or (n_samples, n_classes)
        """
        check_is_fitted(self)
        return self.best_estimator_.decision_function(X)

    @available_if(_knows_probabilities)
    def predict_proba(self, X: MatrixLike) -> Array:
        """Probability of every class by the best estimator, for losses that know it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probability : array of shape (n_samples, n_classes)

        Raises
        ------
        AttributeError
            For losses that know no probabilities.
        """
        check_is_fitted(self)
        return self.best_estimator_.predict_proba(X)

    @available_if(_knows_probabilities)
    def predict_log_proba(self, X: MatrixLike) -> Array:
        """Logarithm of `predict_proba`; for "log_loss" finite however small that is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_probability : array of shape (n_samples, n_classes)

        Raises
        ------
        AttributeError
            As `predict_proba`.
        """
        check_is_fitted(self)
        return self.best_estimator_.predict_log_proba(X)


register_with_skl2onnx(GDRegressorCV, GDClassifierCV)


@explains_arguments
def gd_path(
    X: MatrixLike,
    y: ArrayLike,
    estimator: Any = None,
    *,
    alphas: int | ArrayLike = 100,
    sample_weight: ArrayLike | None = None,
) -> tuple[Array, Array, Array]:
    """Coefficients along falling strengths of a penalty, each from where the last has ended.

    Squared error under l1, l2 or both is minimised from the moments of the columns, which are
    formed once, see `GDRegressorCV`; all else is fitted.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets or labels.
    estimator : GDRegressor, GDClassifier or None, default=None
        None is ``GDRegressor(penalty="l1")``.
    alphas : int or array-like of shape (n_alphas,), default=100
        Strengths, or the number of a grid, see `GDRegressorCV`.
    sample_weight : array-like of shape (n_samples,) or None, default=None
        Their weights.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        The strengths, the largest first.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        For classes as for targets, with one for two classes.
    intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)

    Raises
    ------
    ValueError
        For a penalty without an alpha, and as `fit`.
    TypeError
        For an estimator of another class.

    See Also
    --------
    sklearn.linear_model.lasso_path, sklearn.linear_model.enet_path : The same for squared error
        without an intercept.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gdregress import gd_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> alphas, coefs, intercepts = gd_path(X, y, alphas=4)
    >>> (coefs != 0).sum(axis=0)
    array([ 0,  5,  8, 10])
    """
    accepted = {"alphas": GDRegressorCV._parameter_constraints["alphas"]}
    check_choices("gd_path", accepted, {"alphas": alphas})
    check_structure(X)
    search = GDRegressorCV(alphas=alphas)
    estimator = GDRegressor(penalty="l1") if estimator is None else estimator
    check_is_one_of("gd_path(X, y, estimator)", "estimator", estimator, GDRegressor, GDClassifier)
    estimator = clone(estimator)
    grid = Grid(search, estimator, X, y, sample_weight)
    order = grid.in_order()[0]
    solve = from_moments(estimator, grid, (X, y, sample_weight))
    if solve is not None:
        X, y, weights = checked(estimator, X, y, sample_weight)
        moments = moments_of(DesignMatrix(X, estimator.fit_intercept), y, weights)
        found = zip(*solve(moments)[1:], strict=True)
        models = [(w.T, b) if y.ndim == 2 else (w[:, 0], b[0]) for w, b in found]
    else:
        path = path_of(estimator, grid, (X, y, sample_weight))
        models = [(model.coef_, model.intercept_) for _, model in path]
    coefs, intercepts = (
        np.stack([np.asarray(one) for one in parts], axis=-1)
        for parts in zip(*models, strict=True)
    )
    return np.array(grid.alphas)[order], coefs, intercepts
