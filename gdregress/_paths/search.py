"""The search over strengths, shares of l1 and learning rates that both estimators share."""

from __future__ import annotations

from difflib import get_close_matches
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, indexable

from gdregress._estimator.input.sparse_input import check_structure
from gdregress._paths.exact_scores import exact_scores, from_moments
from gdregress._paths.fits import scores_of_fits
from gdregress._paths.folds import Splits, SplitsInOrder
from gdregress._paths.grid import Grid
from gdregress._utils.arguments import NamesParameters, explains_arguments
from gdregress._utils.types import Array, ArrayLike, BaseEstimator, MatrixLike, Scoring
from gdregress._utils.validation import Interval, ScorerName, check_parameters


class ScoresBest:
    """The score of a search, before that of scikit-learn's mixins, which know no `scoring`."""

    best_estimator_: Any
    scorer_: Any

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Score of the best estimator by ``scoring``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : array-like
            Their targets.
        sample_weight : array-like of shape (n_samples,) or None
            Their weights.

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.scorer_(self.best_estimator_, X, y, **weights))


class BaseGDCV(MetaEstimatorMixin, NamesParameters, BaseEstimator):
    """Everything that GDRegressorCV and GDClassifierCV share."""

    _parameter_constraints: dict[str, list[Any]] = {
        "alphas": ["array-like", Interval(Integral, 1, None, closed="left")],
        "l1_ratios": ["array-like", None],
        "learning_rates": ["array-like", None],
        "cv": ["cv_object"],
        "scoring": [ScorerName([]), callable, None],
        "n_jobs": [Integral, None],
    }

    best_estimator_: Any
    best_params_: dict[str, Any]
    best_score_: float
    best_index_: int
    n_splits_: int
    alphas_: Array
    scores_: Array

    def __init__(
        self,
        estimator: Any = None,
        *,
        alphas: int | ArrayLike = 20,
        l1_ratios: ArrayLike | None = None,
        learning_rates: ArrayLike | None = None,
        cv: Any = None,
        scoring: Scoring | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.alphas = alphas
        self.l1_ratios = l1_ratios
        self.learning_rates = learning_rates
        self.cv = cv
        self.scoring = scoring
        self.n_jobs = n_jobs

    def _default_estimator(self) -> Any:
        raise NotImplementedError

    @explains_arguments
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Score all candidates in all folds, and fit the best on all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets or labels.
        sample_weight : array-like of shape (n_samples,) or None
            Weights of the rows, in fits and scores.
        groups : array-like of shape (n_samples,) or None
            Handed to ``cv``.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For a parameter that is not accepted, or that the estimator does not have.
        """
        check_parameters(self)
        check_structure(X)
        estimator = clone(self._default_estimator() if self.estimator is None else self.estimator)
        check_parameters(estimator)
        for name, rows in (("sample_weight", sample_weight), ("groups", groups)):
            _check_length(name, rows, X)
        X, y, sample_weight, groups = indexable(X, y, sample_weight, groups)
        grid = Grid(self, estimator, X, y, sample_weight)
        splits = _splits(self.cv, is_classifier(estimator), X, y, groups)
        # other scores count rows of classes that a fold has not seen as wrong
        of_classes = is_classifier(estimator) and self.scoring in (None, "neg_log_loss")
        _check_folds(splits, y if of_classes else None, sample_weight)
        data, scorer = (X, y, sample_weight), check_scoring(estimator, self.scoring)
        solve, moments = from_moments(estimator, grid, data), None
        if solve is not None:
            given = (splits, self.scoring, scorer)
            scores, moments = exact_scores(solve, estimator, grid, data, *given)
        else:
            scores = scores_of_fits(
                estimator, grid, data, splits, self.scoring, scorer, self.n_jobs
            )
        best = _best(scores, self.scoring)
        self.best_estimator_ = estimator.set_params(**grid.candidates[best])
        if moments is None:
            self.best_estimator_.fit(X, y, sample_weight)
        else:
            self.best_estimator_._fit(X, y, sample_weight, moments=moments)
        self._set_results(grid, scores, best, scorer)
        return self

    def _set_results(self, grid, scores, best, scorer):
        self.scorer_ = scorer
        self.best_index_, self.best_params_ = best, grid.candidates[best]
        self.best_score_ = float(scores.mean(axis=1)[best])
        self.scores_ = scores.reshape(*grid.shape, scores.shape[1])
        self.n_splits_ = scores.shape[1]
        vars(self).pop("mse_path_", None)
        if self.scoring == "neg_mean_squared_error":
            self.mse_path_ = -self.scores_
        self.alphas_ = grid.alphas
        for name in ("alpha", "l1_ratio", "learning_rate"):
            vars(self).pop(f"{name}_", None)
            if name in grid.names:
                setattr(self, f"{name}_", self.best_params_[grid.names[name]])

    def __getattr__(self, name: str) -> Any:
        """Fitted attributes that are not of the search are those of the best estimator."""
        fitted = name.endswith("_") and not name.startswith("_")
        if fitted and "best_estimator_" in vars(self):
            if hasattr(self.best_estimator_, name):
                return getattr(self.best_estimator_, name)
            raise AttributeError(_no_attribute(self, name))
        if callable(getattr(self._inner, name, None)) and not hasattr(type(self), name):
            raise AttributeError(
                f"{type(self).__name__} has no {name}, which is a method of the estimator: after "
                f"fit, model.best_estimator_.{name}."
            )
        return object.__getattribute__(self, name)  # raises the error with its reason

    def predict(self, X: MatrixLike) -> Array:
        """Predict by the best estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : array
        """
        check_is_fitted(self)
        return self.best_estimator_.predict(X)

    def __sklearn_is_fitted__(self) -> bool:
        return "best_estimator_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = self._default_estimator() if self.estimator is None else self.estimator
        own = inner.__sklearn_tags__()
        tags.input_tags, tags.target_tags = own.input_tags, own.target_tags
        tags.array_api_support = False
        return tags


def _check_length(name, rows, X):
    """Raise ValueError for an array that does not go with the rows of X."""
    try:
        check_consistent_length(X, rows)
    except ValueError as error:
        raise ValueError(f"{name} must have one value for each row of X. {error}.") from error


def _splits(cv, classifier, X, y, groups):
    """The folds; ValueError with what to pass where they are made of groups."""
    splitter = check_cv(cv, y, classifier=classifier)
    is_number = cv is None or isinstance(cv, Integral)
    if is_number and not classifier and splitter.n_splits <= len(y):
        return SplitsInOrder(len(y), splitter.n_splits)
    try:
        return Splits(splitter.split(X, y, groups))
    except ValueError as error:
        if groups is not None or "groups" not in str(error):
            raise
        raise ValueError(
            f"cv={type(splitter).__name__} splits by groups. Pass them: fit(X, y, groups=groups)."
        ) from error


def _check_folds(splits, labels, sample_weight):
    """Raise ValueError for a fold without rows of weight, or that scores classes it has not seen.

    Parameters
    ----------
    splits : Splits or SplitsInOrder
    labels, sample_weight : array-like or None
    """
    if labels is None and sample_weight is None:
        return
    weights = None if sample_weight is None else np.asarray(sample_weight)
    if labels is not None:
        check_classification_targets(labels)
        labels = np.asarray(labels)
    for k, fold in enumerate(splits):
        for rows, what in zip(fold, ("trained on", "scored"), strict=True):
            if weights is not None and weights.shape and not np.any(weights[rows]):
                raise ValueError(
                    f"Fold {k} of cv: the weights of all {len(rows)} rows that are {what} are "
                    "zero. Remove the rows without weight first, or shuffle: "
                    "cv=KFold(5, shuffle=True)."
                )
        unseen = [] if labels is None else np.setdiff1d(labels[fold[1]], labels[fold[0]])
        if len(unseen):
            raise ValueError(
                f"Fold {k} of cv scores labels of {unseen[0]!r}, and none is among the rows that "
                "it trains on. A number, such as cv=5, gives each fold rows of all classes that "
                "have as many; remove a class of a single row."
            )


def _best(scores, scoring):
    """Number of the best candidate; ValueError where the score of a fold is undefined."""
    means = scores.mean(axis=1)
    if not np.isfinite(means).any():
        fold = int(np.argmin(np.isfinite(scores).all(axis=0)))
        raise ValueError(
            f"scoring={scoring!r} has no number for fold {fold} of cv, so that no candidate is "
            "the best. R2 needs two rows or more: use larger folds, or "
            "scoring='neg_mean_squared_error'."
        )
    return int(np.nanargmax(means))


def _no_attribute(search, name):
    """What is said of a fitted attribute that neither a search nor its estimator has."""
    fitted = [*vars(search), *vars(search.best_estimator_)]
    known = [one for one in fitted if one.endswith("_") and not one.startswith("_")]
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    hint = f" Did you mean {close[0]}?" if close else f" It has {', '.join(known)}."
    return f"{type(search).__name__} has no attribute {name!r}.{hint}"
