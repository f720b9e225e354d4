"""The search over strengths, shares of l1 and learning rates that both estimators share."""

from __future__ import annotations

from itertools import product
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils.validation import check_is_fitted, indexable

from gdregress._paths.exact_scores import exact_scores, from_moments
from gdregress._paths.fits import scores_of_fits
from gdregress._paths.grid import alphas_of
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
        estimator = clone(self._default_estimator() if self.estimator is None else self.estimator)
        X, y, sample_weight, groups = indexable(X, y, sample_weight, groups)
        grid = Grid(self, estimator, X, y, sample_weight)
        splitter = check_cv(self.cv, y, classifier=is_classifier(estimator))
        splits = list(splitter.split(X, y, groups))
        data, scorer = (X, y, sample_weight), check_scoring(estimator, self.scoring)
        solve, moments = from_moments(estimator, grid, data), None
        if solve is not None:
            given = (splits, self.scoring, scorer)
            scores, moments = exact_scores(solve, estimator, grid, data, *given)
        else:
            scores = scores_of_fits(
                estimator, grid, data, splits, self.scoring, scorer, self.n_jobs
            )
        best = int(np.argmax(scores.mean(axis=1)))
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
            return getattr(self.best_estimator_, name)
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


class Grid:
    """The candidates, alphas innermost, and what a step of the grid is called.

    Parameters
    ----------
    search : GDRegressorCV or GDClassifierCV
    estimator : GDRegressor or GDClassifier
    X, y, sample_weight
        As the user gave them.

    Attributes
    ----------
    names : dict of str to str
        The estimator's parameter for "l1_ratio", "learning_rate" and "alpha", of those that vary.
    candidates : list of dict
        Parameters of the estimator.
    alphas : ndarray of shape (n_alphas,) or (n_l1_ratios, n_alphas)
    shape : tuple of int
        Of the scores, without the folds.
    """

    def __init__(self, search, estimator, X, y, sample_weight):
        self.names = _names(search, estimator)
        rates = _numbers("learning_rates", search.learning_rates, 0, np.inf)
        ratios = _numbers("l1_ratios", search.l1_ratios, 0, 1)
        self.alphas, self.candidates, alphas = None, [], []
        for ratio in ratios or [None]:
            strengths = [None]
            if "alpha" in self.names:
                share = _share_of_l1(estimator, ratio)
                strengths = alphas_of(search.alphas, clone(estimator), X, y, sample_weight, share)
                strengths = _numbers("alphas", strengths, 0, np.inf)
                alphas.append(strengths)
            for rate, alpha in product(rates or [None], strengths):
                values = {"l1_ratio": ratio, "learning_rate": rate, "alpha": alpha}
                self.candidates.append({self.names[n]: values[n] for n in self.names})
        if alphas:
            self.alphas = np.array(alphas if ratios else alphas[0])
        given = [ratios, rates, alphas[0] if alphas else None]
        self.shape = tuple(len(values) for values in given if values)

    def in_order(self):
        """Numbers of the candidates so that the strengths fall within the others."""
        name = self.names.get("alpha")
        if name is None:
            return [[i] for i in range(len(self.candidates))]
        n = self.shape[-1]
        blocks = [range(i, i + n) for i in range(0, len(self.candidates), n)]
        return [sorted(block, key=lambda i: -self.candidates[i][name]) for block in blocks]


def _names(search, estimator):
    """The estimator's parameters that vary, by their names in the search."""
    by_name = isinstance(estimator.penalty, str)
    own = {} if by_name or estimator.penalty is None else estimator.penalty.get_params(deep=False)
    names = {}
    if search.l1_ratios is not None:
        names["l1_ratio"] = "l1_ratio" if by_name else "penalty__l1_ratio"
        if not (estimator.penalty == "elasticnet" or "l1_ratio" in own):
            raise ValueError(
                "l1_ratios needs penalty='elasticnet', and the estimator has "
                f"{estimator.penalty!r}. Set it, or leave l1_ratios out."
            )
    if search.learning_rates is not None:
        names["learning_rate"] = "learning_rate"
    if by_name:
        names["alpha"] = "alpha"
    elif "alpha" in own:
        names["alpha"] = "penalty__alpha"
    elif search.learning_rates is None:
        raise ValueError(
            f"The penalty of the estimator, {estimator.penalty!r}, has no alpha, and "
            "learning_rates is None: there is nothing to choose. Set penalty='l2' or "
            "learning_rates."
        )
    return names


def _numbers(name, values, lower, upper):
    """Values of a grid as Python's numbers; ValueError for what is none."""
    if values is None:
        return None
    numbers = np.asarray(values, dtype=object).ravel().tolist()
    if not numbers:
        raise ValueError(f"{name} is empty. Give at least one number.")
    for number in numbers:
        if isinstance(number, str) and name == "learning_rates":
            continue
        if not isinstance(number, Real) or not lower <= number <= upper:
            raise ValueError(f"{name} must hold numbers from {lower} to {upper}. Got {number!r}.")
    return numbers


def _share_of_l1(estimator, ratio):
    """Share of the l1 norm in a penalty; 0 without one."""
    if ratio is not None:
        return ratio
    penalty = estimator.penalty
    if isinstance(penalty, str):
        return {"l1": 1.0, "elasticnet": estimator.l1_ratio}.get(penalty, 0.0)
    terms = penalty.kernel_terms
    l1, l2 = (0.0, 1.0) if terms is None else (np.max(terms.l1), np.max(terms.l2))
    return float(l1 / (l1 + l2)) if l1 + l2 > 0 else 0.0
