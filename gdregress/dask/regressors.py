"""DaskGDRegressor: GDRegressor on a Dask cluster."""

from __future__ import annotations

from functools import reduce
from typing import Self

from gdregress._estimator.scores import (
    TargetSums,
    loss_sums,
    share_explained,
    target_sums,
    undefined,
)
from gdregress._utils.arguments import available_if, explains_arguments
from gdregress._utils.types import ArrayLike, MatrixLike
from gdregress._utils.validation import check_partial_fit, keep_fitted_state
from gdregress.dask._on_cluster import OnCluster
from gdregress.regressors import GDRegressor


class DaskGDRegressor(OnCluster, GDRegressor):
    """Linear regression by gradient descent on rows that lie in a Dask cluster.

    The objective, the parameters and the fitted attributes are those of `GDRegressor`. The rows
    stay where they are. For ``solver="batch"`` every worker sums up over its own rows what an
    epoch needs, so that the result is that of `GDRegressor` on all rows, to rounding, however
    they are cut into partitions and however many workers there are. For the other solvers every
    worker goes over its own rows, all beginning at the same parameters, and the average of where
    they end is where the next round begins [1]_; under the variance reduction of "svrg" [2]_
    that ends at the minimum [3]_. Losses with kinks end at the minimum with a proven gap, as in
    `GDRegressor`, where there are at most 512 columns.

    Parameters
    ----------
    loss, epsilon, penalty, alpha, l1_ratio, fit_intercept, solver, batch_size, optimizer, \
momentum, learning_rate, schedule, power_t, preconditioner, standardize, max_iter, tol, \
n_iter_no_change, early_stopping, scoring, validation_fraction, average, shuffle, warm_start, \
store_path, random_state, verbose : as of `GDRegressor`
        The same.

    See Also
    --------
    GDRegressor : The same on rows in the memory of one machine.

    References
    ----------
    .. [1] Stich, "Local SGD converges fast and communicates little", 2019.
    .. [2] Johnson and Zhang, "Accelerating stochastic gradient descent using predictive variance
       reduction", 2013.
    .. [3] Cen, Zhang, Chi, Chen and Liu, "Convergence of distributed stochastic variance reduced
       methods without sampling extra data", 2020.

    Examples
    --------
    >>> import dask.array as da
    >>> from gdregress.dask import DaskGDRegressor
    >>> X = da.random.default_rng(0).normal(size=(10_000, 3), chunks=(1_000, 3))
    >>> y = X @ [1.0, 2.0, 3.0] + 4
    >>> model = DaskGDRegressor().fit(X, y)
    >>> model.coef_.round(3)
    array([1., 2., 3.])
    >>> model.predict(X)
    dask.array<...
    """

    _local = GDRegressor

    @available_if(check_partial_fit)
    @explains_arguments
    def partial_fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Go over the rows once, partition after partition, from where the last call has ended.

        It is `GDRegressor.partial_fit`, called with each partition where that lies.

        Parameters
        ----------
        X : dask Array of shape (n_samples, n_features) or dask DataFrame
            Rows to learn from.
        y : dask Array, Series or DataFrame
            Their targets.
        sample_weight : dask Array or Series, or None
            Their weights.

        Returns
        -------
        self : object
            The estimator.
        """
        with keep_fitted_state(self):
            self._learn_by_blocks(X, y, sample_weight)
        return self

    def _score_of_blocks(self, X, y, sample_weight):
        found = [part for part in self._by_blocks(_targets, X, y, sample_weight) if part]
        if sum(rows for rows, _ in found) < 2:
            return undefined()
        sums = reduce(TargetSums.merged, (part for _, part in found))
        left, total = zip(*self._by_blocks(_losses, X, y, sample_weight, sums), strict=True)
        return share_explained(sum(left), sum(total))


def _targets(model, X, y, sample_weight):
    """Number of rows of a block and their `TargetSums`; None where there are none."""
    if not len(y):
        return None
    y, _, weights = model._targets_beside(X, y, sample_weight, in_parts=True)
    return len(y), target_sums(y, weights)


def _losses(model, X, y, sample_weight, sums):
    """The `loss_sums` of a block."""
    if not len(y):
        return 0 * sums.low, 0 * sums.low
    y, z, weights = model._targets_beside(X, y, sample_weight, in_parts=True)
    return loss_sums(model._loss_of_fit(), y, z, weights, sums)
