"""DaskGDClassifier: GDClassifier on a Dask cluster."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.metrics import accuracy_score

from gdregress._utils.arguments import available_if, explains_arguments
from gdregress._utils.types import ArrayLike, MatrixLike
from gdregress._utils.validation import keep_fitted_state
from gdregress.classifiers import GDClassifier, can_learn_in_parts, knows_probabilities
from gdregress.dask._on_cluster import OnCluster


class DaskGDClassifier(OnCluster, GDClassifier):
    """Linear classification by gradient descent on rows that lie in a Dask cluster.

    The objective, the parameters and the fitted attributes are those of `GDClassifier`. How it is
    minimised, see `DaskGDRegressor`.

    Parameters
    ----------
    loss, penalty, alpha, l1_ratio, class_weight, fit_intercept, solver, batch_size, optimizer, \
momentum, learning_rate, schedule, power_t, preconditioner, standardize, max_iter, tol, \
n_iter_no_change, early_stopping, scoring, validation_fraction, average, shuffle, warm_start, \
store_path, random_state, verbose : as of `GDClassifier`
        The same.

    See Also
    --------
    GDClassifier : The same on rows in the memory of one machine.

    Examples
    --------
    >>> import dask.array as da
    >>> from gdregress.dask import DaskGDClassifier
    >>> X = da.random.default_rng(0).normal(size=(10_000, 3), chunks=(1_000, 3))
    >>> y = X[:, 0] + X[:, 1] > 0.5
    >>> model = DaskGDClassifier(alpha=0.01, penalty="l2").fit(X, y)
    >>> round(model.score(X, y), 2)
    0.99
    """

    _local = GDClassifier

    @available_if(can_learn_in_parts)
    @explains_arguments
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Go over the rows once, partition after partition, from where the last call has ended.

        It is `GDClassifier.partial_fit`, called with each partition where that lies.

        Parameters
        ----------
        X : dask Array of shape (n_samples, n_features) or dask DataFrame
            Rows to learn from.
        y : dask Array or Series
            Their labels.
        classes : array-like of shape (n_classes,) or None
            All labels that will ever occur; may be left out after the first call.
        sample_weight : dask Array or Series, or None
            Their weights.

        Returns
        -------
        self : object
            The estimator.
        """
        with keep_fitted_state(self):
            self._learn_by_blocks(X, y, sample_weight, classes=classes)
        return self

    @explains_arguments
    def decision_function(self, X: MatrixLike) -> Any:
        """Raw predictions, ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        z : dask Array of shape (n_samples,) or (n_samples, n_classes)
            Computed when it is asked for; a NumPy array where X is none of Dask.
        """
        return self._by_rows("decision_function", X)

    @available_if(knows_probabilities)
    @explains_arguments
    def predict_proba(self, X: MatrixLike) -> Any:
        """Probability of every class, for losses that know it: "log_loss", "modified_huber".

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        probability : dask Array of shape (n_samples, n_classes)
            Computed when it is asked for; a NumPy array where X is none of Dask.
        """
        return self._by_rows("predict_proba", X)

    @available_if(knows_probabilities)
    @explains_arguments
    def predict_log_proba(self, X: MatrixLike) -> Any:
        """Logarithm of `predict_proba`; for "log_loss" finite however small that is.

        Parameters
        ----------
        X : dask Array or DataFrame, or array-like of shape (n_samples, n_features)
            Rows to predict.

        Returns
        -------
        log_probability : dask Array of shape (n_samples, n_classes)
            Computed when it is asked for; a NumPy array where X is none of Dask.
        """
        return self._by_rows("predict_log_proba", X)

    def _score_of_blocks(self, X, y, sample_weight):
        parts = self._by_blocks(_right, X, y, sample_weight)
        right, weight = (sum(column) for column in zip(*parts, strict=True))
        return right / weight


def _right(model, X, y, sample_weight):
    """Weight of the rows of a block that get their label, and of all."""
    if not len(y):
        return 0.0, 0.0
    predicted = model.predict(X)
    right = accuracy_score(y, predicted, normalize=False, sample_weight=sample_weight)
    weight = len(predicted) if sample_weight is None else np.sum(sample_weight)
    return float(right), float(weight)
